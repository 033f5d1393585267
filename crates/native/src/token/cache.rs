//! Tokens that methods fetched, kept for the next connection: by parameters, until a minute before
//! they expire, and never fetched twice at the same time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use oraedge::auth::flow::{AuthParams, policy};
use oraedge::client::LogOnToken;
use oraedge::time::UnixTime;
use oraedge::{Error, Result};
use tokio::sync::watch;

use super::fetch::{Notes, environment, fetch, process_environment};
use super::http::HttpClient;
use crate::environment::unix_time;

/// More sets of parameters than this are a sign that they are made anew each time; then those
/// whose token is of no more use are forgotten.
const MANY: usize = 256;

/// What it takes to fetch a token.
#[derive(Clone)]
pub(crate) struct Fetcher {
    /// Begins to fetch.
    run: Arc<dyn Fn() -> BoxFuture<'static, Result<LogOnToken>> + Send + Sync>,
    /// Hears what nobody waits for.
    pub(super) notes: Notes,
    /// The time of day.
    pub(super) clock: fn() -> UnixTime,
}

impl Fetcher {
    /// Runs the method of `params`. The environment is that of the process, as it is then, unless
    /// variables are given.
    pub(crate) fn of_method(
        params: AuthParams,
        variables: Option<Arc<BTreeMap<String, String>>>,
        http: HttpClient,
        notes: Notes,
    ) -> Fetcher {
        let noted = notes.clone();
        let run = move || {
            let environment = match &variables {
                Some(variables) => environment(variables.as_ref().clone()),
                None => process_environment(),
            };
            let (params, http, notes) = (params.clone(), http.clone(), notes.clone());
            async move { fetch(params, environment, &http, &notes).await }.boxed()
        };
        Fetcher { run: Arc::new(run), notes: noted, clock: unix_time }
    }
}

/// Tokens by the parameters that they were fetched with.
#[derive(Default)]
pub(crate) struct TokenCache {
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

impl TokenCache {
    /// The one of this process.
    pub(crate) fn shared() -> Arc<TokenCache> {
        static SHARED: LazyLock<Arc<TokenCache>> = LazyLock::new(Arc::default);
        SHARED.clone()
    }

    /// The place of one set of parameters.
    pub(crate) fn slot(&self, params: &AuthParams) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        if slots.len() >= MANY {
            slots.retain(|_, slot| slot.is_of_use());
        }
        slots.entry(params.cache_key()).or_default().clone()
    }
}

/// The token of one set of parameters.
#[derive(Default)]
pub(crate) struct Slot {
    state: Mutex<State>,
    /// Counts the tokens that came.
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    flight: Option<Flight>,
}

struct Kept {
    token: LogOnToken,
    obtained_at: UnixTime,
}

/// A request that is under way; whoever wants a token waits for it. `None` comes out of it if the
/// runtime that it was on ended.
type Flight = Shared<BoxFuture<'static, Option<Result<LogOnToken>>>>;

impl Slot {
    /// The kept token, or what the request gives that is under way, or a new request. `refresh`
    /// passes the kept one over.
    pub(crate) async fn get(
        self: &Arc<Self>,
        fetcher: &Fetcher,
        refresh: bool,
    ) -> Result<LogOnToken> {
        loop {
            let flight = {
                let mut state = lock(&self.state);
                if let Some(kept) = state.kept.as_ref().filter(|_| !refresh)
                    && policy::is_usable(kept.token.token.expires_at, (fetcher.clock)())
                {
                    return Ok(kept.token.clone());
                }
                state.flight.get_or_insert_with(|| self.take_off(fetcher.clone())).clone()
            };
            if let Some(landed) = flight.clone().await {
                return landed;
            }
            let mut state = lock(&self.state);
            if state.flight.as_ref().is_some_and(|other| other.ptr_eq(&flight)) {
                state.flight = None;
            }
        }
    }

    /// A task of its own, so that whoever gives up waiting takes it away from nobody else.
    fn take_off(self: &Arc<Self>, fetcher: Fetcher) -> Flight {
        let slot = self.clone();
        let task = tokio::spawn(async move {
            let landed = (fetcher.run)().await;
            slot.land(&landed, (fetcher.clock)());
            landed
        });
        let landed = async move {
            match task.await {
                Ok(landed) => Some(landed),
                Err(error) if error.is_cancelled() => None,
                Err(_) => Some(Err(Error::auth(
                    "fetching an access token ended in a panic",
                    "please report it",
                ))),
            }
        };
        landed.boxed().shared()
    }

    fn land(&self, landed: &Result<LogOnToken>, now: UnixTime) {
        let mut state = lock(&self.state);
        state.flight = None;
        if let Ok(token) = landed {
            state.kept = Some(Kept { token: token.clone(), obtained_at: now });
            drop(state);
            self.changed.send_modify(|tokens| *tokens += 1);
        }
    }

    /// Keeps this token no longer: a database did not take it.
    pub(super) fn forget(&self, token: &LogOnToken) {
        let mut state = lock(&self.state);
        let same = |kept: &Kept| kept.token.token.token.expose() == token.token.token.expose();
        if state.kept.as_ref().is_some_and(same) {
            state.kept = None;
        }
    }

    /// When the kept token came and when it expires.
    pub(super) fn times(&self) -> Option<(UnixTime, UnixTime)> {
        let state = lock(&self.state);
        let kept = state.kept.as_ref()?;
        Some((kept.obtained_at, kept.token.token.expires_at?))
    }

    /// Tells when another token came.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn is_of_use(&self) -> bool {
        let state = lock(&self.state);
        let kept = state.kept.as_ref().and_then(|kept| kept.token.token.expires_at);
        state.flight.is_some() || policy::is_usable(kept, unix_time())
    }
}

/// A panic while the lock was held leaves nothing half done in here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use oraedge::auth::{AccessToken, Secret};
    use tokio::time::{Instant, sleep};

    use super::*;

    /// The time of day by tokio's clock, which a test stops.
    pub(in crate::token) fn clock() -> UnixTime {
        static START: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
        let since = Instant::now().into_std().saturating_duration_since(*START);
        UnixTime::from_secs(1_767_614_400) + since
    }

    /// Gives tokens that live so many seconds, each after a second, and counts them; fails while
    /// `failing` is set.
    #[derive(Clone, Default)]
    pub(in crate::token) struct Service {
        pub(in crate::token) asked: Arc<AtomicUsize>,
        pub(in crate::token) failing: Arc<std::sync::atomic::AtomicBool>,
        pub(in crate::token) notes: Arc<Mutex<Vec<String>>>,
    }

    impl Service {
        pub(in crate::token) fn fetcher(&self, life: u64) -> Fetcher {
            let (asked, failing, notes) =
                (self.asked.clone(), self.failing.clone(), self.notes.clone());
            let run = move || {
                let number = asked.fetch_add(1, Ordering::Relaxed) + 1;
                let failing = failing.load(Ordering::Relaxed);
                async move {
                    sleep(Duration::from_secs(1)).await;
                    if failing {
                        return Err(Error::auth(format!("refusal {number}"), ""));
                    }
                    let expires_at = Some(clock() + Duration::from_secs(life));
                    let token = Secret::from(format!("token {number}"));
                    Ok(LogOnToken::bearer(AccessToken { token, expires_at }))
                }
                .boxed()
            };
            Fetcher {
                run: Arc::new(run),
                notes: Arc::new(move |note| lock(&notes).push(note.to_owned())),
                clock,
            }
        }

        pub(in crate::token) fn asked(&self) -> usize {
            self.asked.load(Ordering::Relaxed)
        }
    }

    pub(in crate::token) fn text(token: &LogOnToken) -> String {
        token.token.token.expose_text().unwrap().to_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn fifty_connections_make_one_request() {
        let service = Service::default();
        let fetcher = service.fetcher(3600);
        let slot = Arc::new(Slot::default());
        let tokens = futures::future::join_all((0..50).map(|_| slot.get(&fetcher, false))).await;
        assert!(tokens.into_iter().all(|token| text(&token.unwrap()) == "token 1"));
        assert_eq!(service.asked(), 1);
        // Until a minute before it expires the same one is given.
        sleep(Duration::from_secs(3600 - 62)).await;
        assert_eq!(text(&slot.get(&fetcher, false).await.unwrap()), "token 1");
        sleep(Duration::from_secs(3)).await;
        assert_eq!(text(&slot.get(&fetcher, false).await.unwrap()), "token 2");
        let third = slot.get(&fetcher, true).await.unwrap();
        assert_eq!(text(&third), "token 3");
        assert_eq!(service.asked(), 3);
        // One that a database did not take is not given again.
        slot.forget(&third);
        assert_eq!(text(&slot.get(&fetcher, false).await.unwrap()), "token 4");
        slot.forget(&third);
        assert_eq!(text(&slot.get(&fetcher, false).await.unwrap()), "token 4");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_told_to_all_who_wait_and_not_kept() {
        let service = Service::default();
        let fetcher = service.fetcher(3600);
        let slot = Arc::new(Slot::default());
        service.failing.store(true, Ordering::Relaxed);
        let results = futures::future::join_all((0..9).map(|_| slot.get(&fetcher, false))).await;
        assert!(results.into_iter().all(|it| it.unwrap_err().to_string() == "refusal 1"));
        service.failing.store(false, Ordering::Relaxed);
        assert_eq!(text(&slot.get(&fetcher, false).await.unwrap()), "token 2");
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_takes_the_token_away_from_nobody() {
        let service = Service::default();
        let fetcher = service.fetcher(3600);
        let slot = Arc::new(Slot::default());
        let impatient = tokio::time::timeout(Duration::from_millis(10), slot.get(&fetcher, false));
        assert!(impatient.await.is_err());
        assert_eq!(text(&slot.get(&fetcher, false).await.unwrap()), "token 1");
        assert_eq!(service.asked(), 1);
    }

    #[test]
    fn a_runtime_that_ends_in_the_middle_is_survived() {
        let service = Service::default();
        let fetcher = service.fetcher(3600);
        let slot = Arc::new(Slot::default());
        let run = |wait: Duration| {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async { tokio::time::timeout(wait, slot.get(&fetcher, false)).await })
        };
        assert!(run(Duration::from_millis(10)).is_err());
        assert_eq!(text(&run(Duration::from_secs(60)).unwrap().unwrap()), "token 2");
    }

    #[test]
    fn equal_parameters_share_a_place_and_others_do_not() {
        let cache = TokenCache::default();
        let params = |profile: &str| {
            let pairs = [("auth_type", "ConfigFileAuthentication"), ("profile", profile)];
            AuthParams::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value.into())))
        };
        let one = cache.slot(&params("ONE").unwrap());
        assert!(Arc::ptr_eq(&one, &cache.slot(&params("ONE").unwrap())));
        assert!(!Arc::ptr_eq(&one, &cache.slot(&params("TWO").unwrap())));
        // What is of no use goes when there are many.
        for number in 0..3 * MANY {
            cache.slot(&params(&number.to_string()).unwrap());
        }
        assert!(lock(&cache.slots).len() <= MANY);
    }
}
