//! An access token for a log-on, and the text whose signature proves possession of its key.
//!
//! There are two kinds. A token of OCI IAM names a public key in it: whoever logs on with it signs
//! [`proof_header`] with the private half, so a token that was overheard is of no use by itself. A
//! bearer token (OAuth 2.0, Microsoft Entra ID) is all that it takes.

use super::Secret;
use super::jwt::Claims;
use crate::error::{Error, Result};
use crate::time::UnixTime;

/// An access token, and until when it is good.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The token as it was issued: a JWT.
    pub token: Secret,
    /// Its `exp` claim.
    pub expires_at: Option<UnixTime>,
}

impl AccessToken {
    /// Reads the expiry time from a token. Its signature is the database's business.
    ///
    /// # Errors
    /// [`Error::Auth`] if it is no JWT, or does not say when it expires; no driver and no database
    /// takes such a token. The text shows nothing of it.
    pub fn new(token: impl Into<Secret>) -> Result<AccessToken> {
        let token = token.into();
        let text = token.expose_text().ok_or_else(|| unusable("it is not text"))?;
        if text.trim() != text {
            return Err(unusable("there is white space around it"));
        }
        let expires_at = Claims::parse(text)?.expires_at()?;
        if expires_at.is_none() {
            return Err(unusable("it does not say when it expires (claim `exp`)"));
        }
        Ok(AccessToken { token, expires_at })
    }

    /// Whether it is good no more.
    pub fn is_expired(&self, now: UnixTime) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }
}

fn unusable(why: &str) -> Error {
    Error::auth(
        format!("the access token cannot be used: {why}"),
        "give the token as it was issued: three pieces of base64url with dots between them",
    )
}

/// What is signed, and sent as `AUTH_HEADER` in front of its `AUTH_SIGNATURE`: when, which service,
/// and where the client believes that it is connected to.
///
/// Layout: python-oracledb `impl/thin/messages/auth.pyx`, node-oracledb
/// `lib/thin/protocol/messages/auth.js`.
pub fn proof_header(now: UnixTime, service_name: &str, host: &str, port: u16) -> String {
    let date = now.http_date();
    format!("date: {date}\n(request-target): {service_name}\nhost: {host}:{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token with these claims.
    fn token(claims: &str) -> String {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut text = String::new();
        for chunk in claims.as_bytes().chunks(3) {
            let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
            let group = byte(0) << 16 | byte(1) << 8 | byte(2);
            let digits = (0..=chunk.len()).map(|at| DIGITS[(group >> (18 - 6 * at) & 63) as usize]);
            text.extend(digits.map(char::from));
        }
        format!("eyJhbGciOiJSUzI1NiJ9.{text}.c2lnbmF0dXJl")
    }

    #[test]
    fn the_expiry_time_is_read_from_the_token() {
        let read = AccessToken::new(token(r#"{"sub":"ocid1","exp":1767614400}"#)).unwrap();
        let at = |secs| UnixTime::from_secs(secs);
        assert_eq!(read.expires_at, Some(at(1_767_614_400)));
        assert!(!read.is_expired(at(1_767_614_399)));
        assert!(read.is_expired(at(1_767_614_400)));
    }

    #[test]
    fn what_is_no_token_is_refused_without_showing_it() {
        for (text, why) in [
            ("verysecret".to_owned(), "three parts"),
            ("verysecret.{}.x".to_owned(), "base64url"),
            (token("verysecret"), "JSON"),
            (token(r#"{"sub":"verysecret"}"#), "does not say when it expires"),
            (token(r#"{"sub":"verysecret","exp":"tomorrow"}"#), "`exp`"),
            (token(r#"{"sub":"verysecret","exp":-5}"#), "`exp`"),
            (token(r#"{"sub":"verysecret","exp":1e300}"#), "`exp`"),
            (format!("{}\n", token(r#"{"exp":1767614400}"#)), "white space"),
        ] {
            let error = AccessToken::new(text.clone()).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert!(!format!("{error:?}").contains(&text[..9]), "{error:?}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
    }

    #[test]
    fn the_proof_has_the_lines_that_the_official_drivers_sign() {
        assert_eq!(
            proof_header(UnixTime::from_secs(1_767_614_400), "sales.example", "10.0.0.7", 2484),
            "date: Mon, 05 Jan 2026 12:00:00 GMT\n(request-target): sales.example\n\
             host: 10.0.0.7:2484"
        );
    }
}
