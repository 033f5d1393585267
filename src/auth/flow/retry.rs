//! Sending a request until there is an answer worth having.
//!
//! As Oracle's SDK does (`oci/retry`): another attempt after a failure of the network, a timeout,
//! 429, any 5xx but 501, and 409 with `IncorrectState` or `LockConflict`; exponentially growing
//! pauses up to 30 seconds. A network that stays silent gets fewer attempts than there. The jitter is full, and a `Retry-After` of the service is heeded. Unlike
//! there, the time for all of it is that of the flow, so that a log-on ends in time.

use std::time::Duration;

use super::driver::Host;
use super::service_error;
use crate::auth::http::{HttpRequest, HttpResponse};
use crate::error::{Error, Result};
use crate::time::UnixTime;

/// The pause before the second attempt; it doubles with each further one.
const BASE_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that is chosen here.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Attempts without any answer. What is wrong then is mostly a name, a proxy or a firewall, which does
/// not pass, and the user should hear of it within seconds.
const ATTEMPTS_UNANSWERED: u32 = 3;
/// OCI refuses requests whose date is further off than this.
const ALLOWED_SKEW: Duration = Duration::from_secs(300);

/// How often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    /// Attempts in all.
    attempts: u32,
}

impl RetryPolicy {
    /// Oracle's `DEFAULT_RETRY_STRATEGY`.
    pub(crate) const SERVICE: RetryPolicy = RetryPolicy { attempts: 8 };
    /// Oracle's `DEFAULT_FEDERATION_CLIENT_RETRY_STRATEGY`, with 429 added.
    pub(crate) const FEDERATION: RetryPolicy = RetryPolicy { attempts: 3 };
    /// For an instance's metadata service. Oracle's SDK makes eight attempts there; where there is
    /// none, each takes as long as its timeout, so it is three here.
    pub(crate) const METADATA: RetryPolicy = RetryPolicy { attempts: 3 };
}

/// Whether an answer of this kind may be another one next time.
fn may_pass(response: &HttpResponse) -> bool {
    match response.status {
        409 => {
            let code = service_error::code_of(response);
            matches!(code.as_deref(), Some("IncorrectState" | "LockConflict"))
        }
        429 => true,
        501 => false,
        status => status >= 500,
    }
}

/// An answer, and what it took to get it.
pub(crate) struct Answer {
    pub(crate) response: HttpResponse,
    /// The request's method and URL without its query, for messages.
    pub(crate) asked: String,
    /// How many attempts were made.
    pub(crate) attempts: u32,
}

/// Who signs a request, if anybody. It is asked anew for each attempt, because the signature holds
/// the time.
pub(crate) trait Authenticate {
    /// The request as it is sent at `now`.
    fn authenticate(
        &self,
        host: &Host,
        request: &HttpRequest,
        now: UnixTime,
    ) -> impl Future<Output = Result<HttpRequest>> + Send;
}

/// Nobody signs: the request is complete as it is.
pub(crate) struct Unsigned;

impl Authenticate for Unsigned {
    async fn authenticate(
        &self,
        _host: &Host,
        request: &HttpRequest,
        _now: UnixTime,
    ) -> Result<HttpRequest> {
        Ok(request.clone())
    }
}

/// Sends `request` until the answer is final, whatever its status; `doing` names the purpose in
/// messages (`asking for a database token`).
///
/// # Errors
///
/// No answer in the time and attempts that there were.
pub(crate) async fn send<A: Authenticate + Sync>(
    host: &Host,
    doing: &str,
    request: &HttpRequest,
    signer: &A,
    policy: RetryPolicy,
) -> Result<Answer> {
    let asked = asked(request);
    let mut attempts = 0;
    let mut unanswered = 0;
    // How far the service's clock is ahead of ours, once that is known.
    let mut clock: Option<Clock> = None;
    loop {
        attempts += 1;
        let now = clock.map_or_else(|| host.now(), |clock| clock.time(host.now()));
        let signed = signer.authenticate(host, request, now).await?;
        let outcome = host.send(signed, doing).await?;
        if let Ok(response) = &outcome
            && response.status == 401
            && clock.is_none()
            && let Some(theirs) = Clock::of(response, host.now())
        {
            host.note(format!(
                "{doing}: this computer's clock says {}, that of the service says {}; the request is \
                 signed again with the service's time. Set the clock (NTP), or the database will \
                 refuse the log-on as well",
                host.now(),
                theirs.time(host.now()),
            ));
            clock = Some(theirs);
            continue;
        }
        let pause = match &outcome {
            Ok(response) if !may_pass(response) => {
                let response = response.clone();
                return Ok(Answer { response, asked, attempts });
            }
            Ok(response) => retry_after(response, host.now()).unwrap_or(Duration::ZERO),
            Err(_) => {
                unanswered += 1;
                Duration::ZERO
            }
        };
        let pause = pause.max(jittered(attempts, host.random()));
        let exhausted = attempts >= policy.attempts || unanswered >= ATTEMPTS_UNANSWERED;
        if exhausted || pause >= host.time_left() {
            return match outcome {
                Ok(response) => Ok(Answer { response, asked, attempts }),
                Err(reason) => Err(no_answer(&format!("{doing}: {asked}"), &reason, attempts)),
            };
        }
        let came = match &outcome {
            Ok(response) => format!("status {}", response.status),
            Err(reason) => service_error::quoted(reason),
        };
        host.note(format!("{doing}: {came}; next attempt in {} ms", pause.as_millis()));
        host.wait(pause).await;
    }
}

/// The method and the URL without its query.
pub(crate) fn asked(request: &HttpRequest) -> String {
    let url = request.url.split(['?', '#']).next().unwrap_or_default();
    format!("{} {url}", request.method)
}

fn no_answer(doing: &str, reason: &str, attempts: u32) -> Error {
    let reason = service_error::quoted(reason);
    let times = if attempts == 1 { String::new() } else { format!(" ({attempts} attempts)") };
    Error::transport(
        doing,
        format!("no answer{times}: {reason}"),
        "check that this host can be reached from here (network, proxy, region in its name)",
    )
}

/// The clock of a service, as its `Date` header told it.
#[derive(Clone, Copy)]
struct Clock {
    ahead: Duration,
    behind: Duration,
}

impl Clock {
    /// The service's clock if it is so far from ours that it refused the request for it.
    fn of(response: &HttpResponse, ours: UnixTime) -> Option<Clock> {
        let theirs = UnixTime::parse_http_date(response.header("date")?)?;
        let clock = Clock { ahead: theirs.since(ours), behind: ours.since(theirs) };
        (clock.ahead > ALLOWED_SKEW || clock.behind > ALLOWED_SKEW).then_some(clock)
    }

    fn time(self, ours: UnixTime) -> UnixTime {
        ours + self.ahead - self.behind
    }
}

/// What the service asks to wait: seconds or a date.
fn retry_after(response: &HttpResponse, now: UnixTime) -> Option<Duration> {
    let text = response.header("retry-after")?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(UnixTime::parse_http_date(text)?.since(now)),
    }
}

/// A random part of the pause that is due after so many attempts, in whole milliseconds.
pub(crate) fn jittered(attempts: u32, random: [u8; 32]) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let pause = BASE_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    let [a, b, ..] = random;
    let share = u32::from(u16::from_be_bytes([a, b])) + 1;
    let millis = (pause * share / 0x1_0000).as_millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}
