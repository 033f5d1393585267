//! The machine around the methods.
//!
//! A method is written as straight code (`async fn`) that asks its [`Host`] for one thing after the
//! other; what it awaits is never a socket or a timer but the caller's next
//! [`FlowInput`]. Asking puts the request into a mailbox and suspends; [`TokenFlow::handle_input`]
//! puts the answer in and goes on to the next request. No executor is involved, and no waker: the
//! code is resumed exactly once per input.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::redaction::Redaction;
use super::{
    AuthParams, DatabaseToken, Environment, FlowInput, FlowOutput, Key, KeyId, MAX_RESPONSE_BYTES,
};
use crate::auth::http::{HttpRequest, HttpResponse};
use crate::error::{Error, Result};
use crate::time::UnixTime;

/// How long a whole flow may take unless `token_timeout_ms` says otherwise. A log-on should not hang
/// for the ten minutes that Oracle's SDK would go on trying.
const DEFAULT_FLOW_TIME: Duration = Duration::from_secs(60);

/// How long one request may take unless `token_request_timeout_ms` says otherwise; node-oracledb's
/// default.
const DEFAULT_REQUEST_TIME: Duration = Duration::from_secs(30);

/// The most that a file may be long; a configuration with hundreds of profiles is the longest.
const MAX_FILE_BYTES: usize = 1 << 20;

type Steps = Pin<Box<dyn Future<Output = Result<DatabaseToken>> + Send>>;

/// One way to one database token; see the [module](super).
pub struct TokenFlow {
    steps: Option<Steps>,
    mailbox: Arc<Mutex<Mailbox>>,
    time: Duration,
}

impl std::fmt::Debug for TokenFlow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenFlow").field("finished", &self.steps.is_none()).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Mailbox {
    now: UnixTime,
    deadline: UnixTime,
    started: bool,
    /// The kind of input that is waited for.
    expected: Option<&'static str>,
    input: Option<FlowInput>,
    outputs: VecDeque<FlowOutput>,
    /// How many random numbers were drawn.
    draws: u64,
    /// What must not be told.
    secrets: Redaction,
}

impl TokenFlow {
    /// A flow that begins with [`FlowInput::Start`].
    pub fn new(params: AuthParams, environment: Environment) -> TokenFlow {
        let secrets = Redaction::of(&params);
        let mailbox = Arc::new(Mutex::new(Mailbox { secrets, ..Mailbox::default() }));
        let time = params.millis(Key::TokenTimeout).unwrap_or(DEFAULT_FLOW_TIME);
        let host = Host {
            mailbox: Arc::clone(&mailbox),
            request_time: params.millis(Key::TokenRequestTimeout).unwrap_or(DEFAULT_REQUEST_TIME),
            time,
            environment: Arc::new(environment),
        };
        TokenFlow { steps: Some(Box::pin(super::run(host, params))), mailbox, time }
    }

    /// Tells what happened, and when. After [`FlowOutput::Done`] and [`FlowOutput::Failed`] nothing
    /// has an effect any more.
    pub fn handle_input(&mut self, now: UnixTime, input: FlowInput) {
        if self.steps.is_none() {
            return;
        }
        {
            let mut mailbox = lock(&self.mailbox);
            mailbox.now = now;
            let kind = input.kind();
            let fits = match &input {
                FlowInput::Start => !mailbox.started,
                FlowInput::KeyPairFailed(_) => mailbox.expected == Some("KeyPair"),
                _ => mailbox.expected == Some(kind),
            };
            if !fits {
                let expected = mailbox.expected.unwrap_or("Start");
                let error = Error::misuse(
                    format!(
                        "a token flow was given the input {kind} while it waits for {expected}"
                    ),
                    "answer each output of the flow with the input that its documentation names",
                );
                mailbox.outputs.push_back(FlowOutput::Failed(error));
                drop(mailbox);
                self.steps = None;
                return;
            }
            mailbox.expected = None;
            if let FlowInput::Start = input {
                mailbox.started = true;
                mailbox.deadline = now + self.time;
            } else {
                mailbox.input = Some(input);
            }
        }
        let Some(steps) = self.steps.as_mut() else { return };
        if let Poll::Ready(result) = steps.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            self.steps = None;
            let mut mailbox = lock(&self.mailbox);
            let last = match result {
                Ok(token) => FlowOutput::Done(token),
                Err(error) => FlowOutput::Failed(mailbox.secrets.clean_error(error)),
            };
            mailbox.outputs.push_back(last);
        }
    }

    /// What the flow needs next; [`FlowOutput::Idle`] until the next input.
    pub fn poll_output(&mut self) -> FlowOutput {
        lock(&self.mailbox).outputs.pop_front().unwrap_or(FlowOutput::Idle)
    }
}

/// A panic while the lock was held leaves nothing half done in here.
fn lock(mailbox: &Mutex<Mailbox>) -> MutexGuard<'_, Mailbox> {
    mailbox.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the code of a method asks for things.
#[derive(Clone)]
pub(crate) struct Host {
    mailbox: Arc<Mutex<Mailbox>>,
    environment: Arc<Environment>,
    request_time: Duration,
    time: Duration,
}

impl Host {
    /// The time of the last input.
    pub(crate) fn now(&self) -> UnixTime {
        lock(&self.mailbox).now
    }

    /// An environment variable; one that is set to nothing but blanks counts as not set, as it does
    /// for Oracle's SDK.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.variables.get(name).map(String::as_str).filter(|v| !v.trim().is_empty())
    }

    /// The whole environment.
    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Tells the user something.
    pub(crate) fn note(&self, text: impl Into<String>) {
        let mut mailbox = lock(&self.mailbox);
        let text = mailbox.secrets.clean(text.into());
        mailbox.outputs.push_back(FlowOutput::Note(text));
    }

    /// What is left of the time for the whole flow.
    pub(crate) fn time_left(&self) -> Duration {
        let mailbox = lock(&self.mailbox);
        let left = mailbox.deadline.as_millis().saturating_sub(mailbox.now.as_millis());
        Duration::from_millis(left)
    }

    /// The error for a flow whose time is over.
    pub(crate) fn out_of_time(&self, doing: &str) -> Error {
        Error::TimedOut { doing: doing.to_owned(), after: self.time }
    }

    /// Sends a request with the time that is left for it; the inner error says why no response came.
    pub(crate) async fn send(
        &self,
        mut request: HttpRequest,
        doing: &str,
    ) -> Result<Result<HttpResponse, String>> {
        let left = self.time_left();
        if left.is_zero() {
            return Err(self.out_of_time(doing));
        }
        request.timeout = request.timeout.min(self.request_time).min(left);
        lock(&self.mailbox).secrets.add_request(&request);
        let response = match self.ask(FlowOutput::Http(request), "Http").await {
            FlowInput::Http(response) => response,
            _ => Err("no response".to_owned()),
        };
        if let Ok(response) = &response
            && response.body.len() > MAX_RESPONSE_BYTES
        {
            return Err(Error::auth(
                format!(
                    "{doing}: the response is {} bytes long, more than the {MAX_RESPONSE_BYTES} that \
                     an identity service could need",
                    response.body.len()
                ),
                "check that the address is that of the identity service and not of a proxy's page",
            ));
        }
        Ok(response)
    }

    /// Reads a file, `~` expanded.
    pub(crate) async fn read_file(&self, path: &str, what: &str) -> Result<Vec<u8>> {
        let path = self.expand(path)?;
        let content = match self.ask(FlowOutput::ReadFile(path.clone()), "File").await {
            FlowInput::File(content) => content,
            _ => Err("no content".to_owned()),
        };
        let content = content.map_err(|reason| {
            Error::auth(
                format!("{what} cannot be read from {path}: {reason}"),
                "check the path, and that the program's user may read the file",
            )
        })?;
        if content.len() > MAX_FILE_BYTES {
            return Err(Error::auth(
                format!("{what}, {path}, is {} bytes long", content.len()),
                format!("at most {MAX_FILE_BYTES} bytes are read; check the path"),
            ));
        }
        Ok(content)
    }

    /// Reads a file that must be text.
    pub(crate) async fn read_text(&self, path: &str, what: &str) -> Result<String> {
        let content = self.read_file(path, what).await?;
        String::from_utf8(content).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Error::auth(
                format!("{what}, {path}, is not UTF-8 text (byte {at})"),
                "check the path; keys and certificates are expected in PEM form",
            )
        })
    }

    /// A path with a leading `~` replaced by the home folder.
    pub(crate) fn expand(&self, path: &str) -> Result<String> {
        let Some(rest) =
            path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\']))
        else {
            return Ok(path.to_owned());
        };
        match &self.environment.home {
            Some(home) => Ok(format!("{}{rest}", home.trim_end_matches(['/', '\\']))),
            None => Err(Error::misuse(
                format!("the path {path} begins with `~`, and no home folder is known here"),
                "give an absolute path, or the content as text",
            )),
        }
    }

    /// Has a key pair made; gives its name and the DER of the public half.
    pub(crate) async fn generate_key_pair(&self, bits: u32) -> Result<(KeyId, Vec<u8>)> {
        match self.ask(FlowOutput::GenerateKeyPair { bits }, "KeyPair").await {
            FlowInput::KeyPair { key, public_key } => Ok((key, public_key)),
            FlowInput::KeyPairFailed(reason) => Err(Error::auth(
                format!("an RSA key pair of {bits} bits could not be made: {reason}"),
                "",
            )),
            _ => Err(Error::auth("no RSA key pair was made", "")),
        }
    }

    /// Has a message signed by a key that the host made.
    pub(crate) async fn sign(&self, key: KeyId, message: Vec<u8>) -> Result<Vec<u8>> {
        let reason = match self.ask(FlowOutput::Sign { key, message }, "Signed").await {
            FlowInput::Signed(Ok(signature)) => return Ok(signature),
            FlowInput::Signed(Err(reason)) => reason,
            _ => "no signature".to_owned(),
        };
        Err(Error::auth(format!("a request could not be signed: {reason}"), ""))
    }

    /// Lets time pass.
    pub(crate) async fn wait(&self, time: Duration) {
        self.ask(FlowOutput::Wait(time), "Waited").await;
    }

    /// The next 32 random bytes: those of the [`Environment`], stretched.
    pub(crate) fn random(&self) -> [u8; 32] {
        let mut mailbox = lock(&self.mailbox);
        mailbox.draws = mailbox.draws.wrapping_add(1);
        let mut hash = Sha256::new();
        hash.update(&self.environment.entropy);
        hash.update(mailbox.draws.to_be_bytes());
        hash.update(mailbox.now.as_millis().to_be_bytes());
        hash.finalize().into()
    }

    async fn ask(&self, output: FlowOutput, expected: &'static str) -> FlowInput {
        {
            let mut mailbox = lock(&self.mailbox);
            mailbox.expected = Some(expected);
            mailbox.outputs.push_back(output);
        }
        std::future::poll_fn(|_| match lock(&self.mailbox).input.take() {
            Some(input) => Poll::Ready(input),
            None => Poll::Pending,
        })
        .await
    }
}
