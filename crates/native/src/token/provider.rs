//! A handle to the token of one set of parameters, which is kept fresh while the handle lives.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use oraedge::Result;
use oraedge::auth::flow::policy;
use oraedge::client::{BoxFuture, LogOnToken, TokenSource};
use oraedge::time::UnixTime;
use tokio::task::AbortHandle;

use super::cache::{Fetcher, Slot};
use crate::environment::unix_time;

/// Between two renewals lies at least this much, however short tokens live.
const MIN_PAUSE: Duration = Duration::from_secs(5);
/// The clock of the day may be set, and a machine may sleep: look at it this often.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Gives the token of one set of parameters out of the cache, and fetches it where there is none.
pub(crate) struct CachedSource {
    pub(crate) slot: Arc<Slot>,
    pub(crate) fetcher: Fetcher,
}

impl TokenSource for CachedSource {
    fn token<'a>(&'a self, refresh: bool) -> BoxFuture<'a, Result<LogOnToken>> {
        Box::pin(self.slot.get(&self.fetcher, refresh))
    }
}

/// Keeps a token fresh for as long as it lives; made by
/// [`ConnectOptions::token_provider`](crate::ConnectOptions::token_provider), for whoever makes
/// connections over hours, such as a pool.
///
/// Once a first token was asked for, the next one is fetched in the background after 80 % of its
/// life. When that fails nobody notices: the old one is used on, and the renewal tried again, until
/// a minute before it expires. Dropping the provider ends the renewal; the token stays in the
/// cache.
pub struct TokenProvider {
    source: Arc<CachedSource>,
    renewal: OnceLock<AbortHandle>,
}

impl std::fmt::Debug for TokenProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenProvider")
            .field("params", &self.source.fetcher.params)
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}

impl TokenProvider {
    pub(crate) fn new(source: CachedSource) -> TokenProvider {
        TokenProvider { source: Arc::new(source), renewal: OnceLock::new() }
    }

    /// When the token expires that is kept at the moment.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.source.slot.times().map(|(_, expires_at)| expires_at)
    }
}

impl TokenSource for TokenProvider {
    fn token<'a>(&'a self, refresh: bool) -> BoxFuture<'a, Result<LogOnToken>> {
        self.renewal.get_or_init(|| tokio::spawn(renew(self.source.clone())).abort_handle());
        self.source.token(refresh)
    }
}

impl Drop for TokenProvider {
    fn drop(&mut self) {
        if let Some(renewal) = self.renewal.get() {
            renewal.abort();
        }
    }
}

async fn renew(source: Arc<CachedSource>) {
    let mut tokens = source.slot.watch();
    let mut failed_at = None;
    let mut not_before = UnixTime::default();
    loop {
        tokens.mark_unchanged();
        let when = source.slot.times().and_then(|(obtained_at, expires_at)| match failed_at {
            None => policy::renew_at(obtained_at, expires_at),
            Some(failed_at) => policy::retry_renewal_at(failed_at, expires_at),
        });
        let now = unix_time();
        let wait = match when.map(|when| when.max(not_before)) {
            Some(when) if when <= now => {
                not_before = now + MIN_PAUSE;
                failed_at = match source.token(true).await {
                    Ok(_) => None,
                    Err(error) => {
                        (source.fetcher.notes)(&format!("the token was not renewed: {error}"));
                        Some(unix_time())
                    }
                };
                continue;
            }
            Some(when) => when.since(now).min(LOOK_AGAIN),
            None => LOOK_AGAIN,
        };
        if let Ok(changed) = tokio::time::timeout(wait, tokens.changed()).await {
            if changed.is_err() {
                return;
            }
            failed_at = None;
        }
    }
}
