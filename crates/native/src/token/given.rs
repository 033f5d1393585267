//! Tokens that the program brings itself.

use std::future::Future;
use std::sync::Arc;

use oraedge::Result;
use oraedge::auth::{AccessToken, Secret};
use oraedge::client::{BoxFuture, LogOnToken, TokenSource};
use tokio::sync::Mutex;

use super::keys::KeySigner;
use crate::environment::unix_time;

/// A token from somewhere: what a callback gives.
#[derive(Debug, Clone)]
pub enum GivenToken {
    /// A bearer token.
    Bearer(Secret),
    /// A token and the private key in PEM that it is bound to.
    WithKey(Secret, Secret),
}

impl GivenToken {
    /// # Errors
    /// [`oraedge::Error::Auth`] for a token or a key that cannot be read.
    pub(crate) fn read(self) -> Result<LogOnToken> {
        match self {
            GivenToken::Bearer(token) => Ok(LogOnToken::bearer(AccessToken::new(token)?)),
            GivenToken::WithKey(token, key) => {
                let token = AccessToken::new(token)?;
                Ok(LogOnToken::with_key(token, Arc::new(KeySigner::from_pem(&key)?)))
            }
        }
    }
}

impl From<String> for GivenToken {
    fn from(token: String) -> Self {
        GivenToken::Bearer(token.into())
    }
}

impl From<&str> for GivenToken {
    fn from(token: &str) -> Self {
        GivenToken::Bearer(token.into())
    }
}

impl<T: Into<Secret>, K: Into<Secret>> From<(T, K)> for GivenToken {
    fn from((token, key): (T, K)) -> Self {
        GivenToken::WithKey(token.into(), key.into())
    }
}

/// A function that gives tokens. The last one is kept while it is good, as python-oracledb's pool
/// does it: the function is called first with `refresh` off, and with `refresh` on when what it
/// gave has expired.
pub(crate) struct Callback<F> {
    function: F,
    last: Mutex<Option<LogOnToken>>,
}

impl<F> Callback<F> {
    pub(crate) fn new(function: F) -> Self {
        Callback { function, last: Mutex::new(None) }
    }
}

impl<F, G, T> TokenSource for Callback<F>
where
    F: Fn(bool) -> G + Send + Sync + 'static,
    G: Future<Output = Result<T>> + Send + 'static,
    T: Into<GivenToken>,
{
    fn token<'a>(&'a self, refresh: bool) -> BoxFuture<'a, Result<LogOnToken>> {
        Box::pin(async move {
            // Whoever comes meanwhile waits, and gets the same token.
            let mut last = self.last.lock().await;
            let mut expired = refresh;
            if let Some(token) = &*last {
                if !token.token.is_expired(unix_time()) {
                    return Ok(token.clone());
                }
                expired = true;
            }
            let asked = (self.function)(expired);
            let token = asked.await?.into().read()?;
            *last = Some(token.clone());
            Ok(token)
        })
    }

    fn refused(&self, _token: &LogOnToken) {
        // While somebody asks for a token the last one is on its way out anyway.
        if let Ok(mut last) = self.last.try_lock() {
            *last = None;
        }
    }
}
