//! A handle to the token of one set of parameters, which is kept fresh while the handle lives.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use oraedge::Result;
use oraedge::auth::flow::policy;
use oraedge::client::{BoxFuture, LogOnToken, TokenSource};
use oraedge::time::UnixTime;
use tokio::task::AbortHandle;

use super::cache::{Fetcher, Slot};

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

    fn refused(&self, token: &LogOnToken) {
        self.slot.forget(token);
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

    fn refused(&self, token: &LogOnToken) {
        self.source.refused(token);
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
        let now = (source.fetcher.clock)();
        let wait = match when.map(|when| when.max(not_before)) {
            Some(when) if when <= now => {
                not_before = now + MIN_PAUSE;
                failed_at = match source.token(true).await {
                    Ok(_) => None,
                    Err(error) => {
                        (source.fetcher.notes)(&format!("the token was not renewed: {error}"));
                        Some((source.fetcher.clock)())
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use tokio::time::sleep;

    use super::super::cache::tests::{Service, text};
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn provider(service: &Service, life: u64) -> TokenProvider {
        TokenProvider::new(CachedSource { slot: Arc::default(), fetcher: service.fetcher(life) })
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_renewed_before_it_expires_while_the_provider_lives() {
        let service = Service::default();
        let provider = provider(&service, 3600);
        sleep(60 * MINUTE).await;
        assert_eq!(service.asked(), 0, "nobody has asked for a token yet");
        assert_eq!(text(&provider.token(false).await.unwrap()), "token 1");
        sleep(47 * MINUTE).await;
        assert_eq!(service.asked(), 1);
        sleep(2 * MINUTE).await;
        assert_eq!(service.asked(), 2, "four fifths of an hour are over");
        assert_eq!(text(&provider.token(false).await.unwrap()), "token 2");
        sleep(500 * MINUTE).await;
        assert_eq!(service.asked(), 12);
        drop(provider);
        sleep(500 * MINUTE).await;
        assert_eq!(service.asked(), 12);
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_that_fails_disturbs_nobody_and_is_tried_again() {
        let service = Service::default();
        let provider = provider(&service, 3600);
        provider.token(false).await.unwrap();
        service.failing.store(true, Ordering::Relaxed);
        sleep(55 * MINUTE).await;
        let tried = service.asked();
        assert!((3..20).contains(&tried), "{tried}");
        assert_eq!(text(&provider.token(false).await.unwrap()), "token 1");
        assert!(service.notes.lock().unwrap()[0].contains("not renewed: refusal 2"));
        sleep(20 * MINUTE).await;
        let error = provider.token(false).await.unwrap_err().to_string();
        assert!(error.starts_with("refusal"), "{error}");
        service.failing.store(false, Ordering::Relaxed);
        provider.token(false).await.unwrap();
        let asked = service.asked();
        sleep(49 * MINUTE).await;
        assert_eq!(service.asked(), asked + 1, "renewed again as at first");
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_that_live_for_moments_do_not_keep_the_service_busy() {
        let service = Service::default();
        let provider = provider(&service, 61);
        provider.token(false).await.unwrap();
        sleep(10 * MINUTE).await;
        let asked = service.asked();
        assert!(asked <= 121, "{asked} requests in ten minutes");
    }
}
