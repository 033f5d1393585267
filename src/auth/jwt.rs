//! The claims of a JSON Web Token (RFC 7519), read without verifying: the service that gave it and
//! the one that takes it do that. They are read to know when a token ends and whose it is, so
//! nothing here may be the ground of a decision about trust.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::time::UnixTime;

/// The longest token that is looked into, in bytes. A database token has about 3 kB.
pub const MAX_TOKEN: usize = 256 * 1024;

/// The claims of a token. `Debug` shows their names only: they say who somebody is.
#[derive(Clone, PartialEq, Eq)]
pub struct Claims {
    claims: Map<String, Value>,
}

impl Claims {
    /// Reads the claims of `header.claims.signature`; a longer JWE or an opaque token is an error.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] says what is wrong with the token's form, without showing any of it.
    pub fn parse(token: &str) -> Result<Self> {
        let bad = |what: String| Error::auth(format!("the token is not a JWT: {what}"), "");
        if token.len() > MAX_TOKEN {
            let length = token.len();
            return Err(bad(format!("{length} bytes, more than {MAX_TOKEN}")));
        }
        let token = token.trim();
        let parts: Vec<&str> = token.splitn(4, '.').collect();
        let &[_, claims, _] = parts.as_slice() else {
            let dots = token.matches('.').count();
            return Err(bad(format!("expected three parts with a dot between, got {}", dots + 1)));
        };
        let claims = Base64UrlUnpadded::decode_vec(claims.trim_end_matches('='))
            .map_err(|_| bad("its claims are not base64url".to_owned()))?;
        // The error's text would show a part of the token.
        match serde_json::from_slice(&claims) {
            Ok(Value::Object(claims)) => Ok(Claims { claims }),
            Ok(_) => Err(bad("its claims are no JSON object".to_owned())),
            Err(error) => Err(bad(format!(
                "its claims are no JSON (line {}, column {})",
                error.line(),
                error.column()
            ))),
        }
    }

    /// A claim as it stands in the token.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// A claim that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// Whose the token is (`sub`).
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// When the token ends (`exp`); `None` if it does not say.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] for an `exp` that is no number of seconds since 1970.
    pub fn expires_at(&self) -> Result<Option<UnixTime>> {
        self.date("exp")
    }

    /// When the token was issued (`iat`); `None` if it does not say.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] for an `iat` that is no number of seconds since 1970.
    pub fn issued_at(&self) -> Result<Option<UnixTime>> {
        self.date("iat")
    }

    /// A claim that is a NumericDate: seconds since 1970, perhaps with a fraction.
    fn date(&self, name: &str) -> Result<Option<UnixTime>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let time = match (value.as_u64(), value.as_f64()) {
            (Some(secs), _) if secs <= MAX_DATE => Some(UnixTime::from_secs(secs)),
            (None, Some(secs)) if (0.0..=MAX_DATE as f64).contains(&secs) => {
                let time = std::time::Duration::from_secs_f64(secs);
                Some(UnixTime::default() + time)
            }
            _ => None,
        };
        time.map(Some).ok_or_else(|| {
            let kind = match value {
                Value::Number(_) => "a number out of range",
                Value::String(_) => "a text",
                Value::Null => "null",
                _ => "neither number nor text",
            };
            Error::auth(
                format!("the claim `{name}` of the token is {kind}, not seconds since 1970"),
                "get a new token, or ask the one who issues it",
            )
        })
    }
}

/// The end of the year 9999 in seconds since 1970. What is later was meant in other units.
const MAX_DATE: u64 = 253_402_300_799;

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whether the map keeps the claims' order is decided by another crate's features.
        let names: std::collections::BTreeSet<_> = self.claims.keys().collect();
        f.debug_tuple("Claims").field(&names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        let claims = Base64UrlUnpadded::encode_string(claims.as_bytes());
        format!("eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJl")
    }

    #[test]
    fn claims_are_read() {
        let text = r#"{"sub":"ocid1.user.oc1..a","exp":1388957500,"iat":1388953900.5,
            "jwk":"{\"kty\":\"RSA\"}"}"#;
        let claims = Claims::parse(&token(text)).unwrap();
        assert_eq!(claims.subject(), Some("ocid1.user.oc1..a"));
        assert_eq!(claims.expires_at().unwrap(), Some(UnixTime::from_secs(1_388_957_500)));
        assert_eq!(claims.issued_at().unwrap(), Some(UnixTime::from_millis(1_388_953_900_500)));
        assert_eq!(claims.text("jwk"), Some(r#"{"kty":"RSA"}"#));
        assert_eq!(Claims::parse(&token("{}")).unwrap().expires_at().unwrap(), None);
        assert_eq!(format!("{claims:?}"), r#"Claims({"exp", "iat", "jwk", "sub"})"#);
    }

    #[test]
    fn broken_tokens_are_told_without_showing_them() {
        for (token, what) in [
            ("hunter2".to_owned(), "got 1"),
            ("a.hunter2.c.d.e".to_owned(), "got 5"),
            ("a.hun*ter2.c".to_owned(), "not base64url"),
            (token("hunter2"), "no JSON (line 1"),
            (token("[\"hunter2\"]"), "no JSON object"),
            (token("{\"exp\":1,"), "no JSON (line 1"),
            ("x".repeat(MAX_TOKEN + 1), "more than"),
        ] {
            let error = Claims::parse(&token).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn broken_dates_are_told() {
        for exp in ["\"1388957500\"", "null", "-1", "1e300", "1388957500000", "{}"] {
            let claims = Claims::parse(&token(&format!("{{\"exp\":{exp}}}"))).unwrap();
            let error = claims.expires_at().unwrap_err().to_string();
            assert!(error.contains("`exp`"), "{exp}: {error}");
        }
    }
}
