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
    pub(crate) params: AuthParams,
    /// The environment variables; `None` for the process's own, as they are then.
    pub(crate) variables: Option<Arc<BTreeMap<String, String>>>,
    pub(crate) http: HttpClient,
    pub(crate) notes: Notes,
}

impl Fetcher {
    async fn fetch(self) -> Result<LogOnToken> {
        let environment = match &self.variables {
            Some(variables) => environment(variables.as_ref().clone()),
            None => process_environment(),
        };
        fetch(self.params, environment, &self.http, &self.notes).await
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
                    && policy::is_usable(kept.token.token.expires_at, unix_time())
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
            let landed = fetcher.fetch().await;
            slot.land(&landed);
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

    fn land(&self, landed: &Result<LogOnToken>) {
        let mut state = lock(&self.state);
        state.flight = None;
        if let Ok(token) = landed {
            state.kept = Some(Kept { token: token.clone(), obtained_at: unix_time() });
            drop(state);
            self.changed.send_modify(|tokens| *tokens += 1);
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
