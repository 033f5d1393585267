//! Where a token for a log-on comes from, and who signs with its key.

use std::sync::Arc;
use std::time::Duration;

use super::transport::{BoxFuture, MaybeSend, MaybeSync, Runtime};
use crate::auth::AccessToken;
use crate::error::{Error, Result};
use crate::time::UnixTime;

/// Signs with the private key that a token is bound to. The key itself may be out of reach: in
/// WebCrypto, in a security module.
pub trait Signer: MaybeSend + MaybeSync + 'static {
    /// The signature of a message by RSASSA-PKCS1-v1_5 with SHA-256, as raw bytes.
    ///
    /// # Errors
    /// [`Error::Auth`] with what the key's owner said.
    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>>;
}

/// A token, and the key that it is bound to.
#[derive(Clone)]
pub struct LogOnToken {
    /// The token.
    pub token: AccessToken,
    /// Signs with the token's key; `None` for a bearer token.
    pub signer: Option<Arc<dyn Signer>>,
}

impl LogOnToken {
    /// A token that is enough by itself (OAuth 2.0, Microsoft Entra ID).
    pub fn bearer(token: AccessToken) -> Self {
        LogOnToken { token, signer: None }
    }

    /// A token that is bound to a key (OCI IAM).
    pub fn with_key(token: AccessToken, signer: Arc<dyn Signer>) -> Self {
        LogOnToken { token, signer: Some(signer) }
    }
}

impl std::fmt::Debug for LogOnToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogOnToken")
            .field("token", &self.token)
            .field("proof_of_possession", &self.signer.is_some())
            .finish()
    }
}

/// Gives tokens, new ones when the old ones have expired.
pub trait TokenSource: MaybeSend + MaybeSync + 'static {
    /// A token. `refresh` tells that the last one was expired, so that one from a cache must not
    /// be given again.
    ///
    /// # Errors
    /// Why there is none.
    fn token<'a>(&'a self, refresh: bool) -> BoxFuture<'a, Result<LogOnToken>>;

    /// Hears that a database did not take a token, so that it is not kept for the next log-on.
    fn refused(&self, token: &LogOnToken) {
        let _ = token;
    }
}

/// A token that the caller had already; there will be no other.
impl TokenSource for LogOnToken {
    fn token<'a>(&'a self, _refresh: bool) -> BoxFuture<'a, Result<LogOnToken>> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

/// Whether an error is the database's refusal of a token: who logs on, or the token itself.
pub(super) fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Database(error) if matches!(error.number, 1017 | 25700..=25799))
}

/// A token that is good now. The source is asked again, once, if the first one is not.
pub(super) async fn current(
    source: &dyn TokenSource,
    runtime: &dyn Runtime,
    limit: Option<Duration>,
) -> Result<LogOnToken> {
    let first = ask(source, false, runtime, limit).await?;
    if !first.token.is_expired(runtime.unix_time()) {
        return Ok(first);
    }
    let second = ask(source, true, runtime, limit).await?;
    let now = runtime.unix_time();
    if second.token.is_expired(now) {
        return Err(expired(&first.token, &second.token, now));
    }
    Ok(second)
}

async fn ask(
    source: &dyn TokenSource,
    refresh: bool,
    runtime: &dyn Runtime,
    limit: Option<Duration>,
) -> Result<LogOnToken> {
    let asking = source.token(refresh);
    let Some(limit) = limit else { return asking.await };
    match futures::future::select(asking, runtime.sleep(limit)).await {
        futures::future::Either::Left((token, _)) => token,
        futures::future::Either::Right(((), _)) => {
            Err(Error::TimedOut { doing: "getting an access token".to_owned(), after: limit })
        }
    }
}

fn expired(first: &AccessToken, second: &AccessToken, now: UnixTime) -> Error {
    let date = |token: &AccessToken| token.expires_at.unwrap_or_default().http_date();
    let now = now.http_date();
    if first.expires_at == second.expires_at {
        return Error::auth(
            format!("the access token expired at {}, and it is {now} now", date(second)),
            "get a new token, or give a callback that gets one; if the token should still be \
             good, set this machine's clock",
        );
    }
    Error::auth(
        format!(
            "the access token expired at {}, and the one that was got in its place at {}; it is \
             {now} now",
            date(first),
            date(second)
        ),
        "let the callback ask for a new token when it is called with refresh set, instead of \
         giving one that it kept; if the tokens should still be good, set this machine's clock",
    )
}
