//! JSON Web Tokens signed with RS256 (RFC 7519), as the identity services issue them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::keys::{PrivateKey, PublicKey};

/// The longest token that is looked at, in bytes.
const MAX_LENGTH: usize = 64 * 1024;

/// Signs `claims`.
pub fn issue(key: &PrivateKey, key_id: &str, claims: &Value) -> String {
    issue_with_header(key, &json!({"typ": "JWT", "alg": "RS256", "kid": key_id}), claims)
}

/// Signs `claims` under this header.
pub fn issue_with_header(key: &PrivateKey, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// A token taken apart; nothing is known about its signature until [`Token::is_signed_by`].
#[derive(Clone, Debug)]
pub struct Token {
    /// The header: `alg`, `kid`.
    pub header: Value,
    /// What it says.
    pub claims: Value,
    signed: String,
    signature: Vec<u8>,
}

impl Token {
    /// Takes a token apart; `None` if it is none.
    pub fn parse(text: &str) -> Option<Token> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let json = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
            serde_json::from_slice::<Value>(&bytes).ok().filter(Value::is_object)
        };
        Some(Token {
            header: json(header)?,
            claims: json(claims)?,
            signed: signed.to_owned(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// Whether it is RS256 or PS256 and signed by the private half of `key`.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        match self.header.get("alg").and_then(Value::as_str) {
            Some("RS256") => key.verify(self.signed.as_bytes(), &self.signature),
            Some("PS256") => key.verify_pss(self.signed.as_bytes(), &self.signature),
            _ => false,
        }
    }

    /// A claim that is a string.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// A claim that is a time: seconds since 1970, maybe with a fraction.
    pub fn time(&self, claim: &str) -> Option<SystemTime> {
        let seconds = self.claims.get(claim).and_then(Value::as_f64)?;
        UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
    }

    /// The key whose owner may use the token: claim `jwk`, which OCI writes as a string of JSON.
    pub fn proof_key(&self) -> Option<PublicKey> {
        let jwk = match self.claims.get("jwk")? {
            Value::String(text) => serde_json::from_str(text).ok()?,
            value => value.clone(),
        };
        PublicKey::from_jwk(&jwk).ok()
    }
}

/// Seconds since 1970, as claims have them.
pub fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::testing;

    #[test]
    fn a_token_is_verified_by_the_key_that_signed_it() {
        let (key, other) = (testing::key(0), testing::key(1));
        let jwk = other.public_key().to_jwk("pop").to_string();
        let text = issue(&key, "k1", &json!({"sub": "me", "exp": 1_800_000_000, "jwk": jwk}));
        let token = Token::parse(&text).expect("a token");
        assert_eq!(token.header["kid"], "k1");
        assert_eq!(token.text("sub"), Some("me"));
        assert_eq!(token.time("exp").map(seconds), Some(1_800_000_000));
        assert_eq!(token.proof_key(), Some(other.public_key()));
        assert!(token.is_signed_by(&key.public_key()));
        assert!(!token.is_signed_by(&other.public_key()));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let unsigned = issue_with_header(&testing::key(0), &json!({"alg": "none"}), &json!({}));
        let unsigned = Token::parse(&unsigned).expect("well-formed");
        assert!(!unsigned.is_signed_by(&testing::key(0).public_key()));
        let long = "a".repeat(MAX_LENGTH + 1);
        for text in ["", "a.b", "a.b.c", "e30.W10.AA", "e30.e30.=", &long] {
            assert!(Token::parse(text).is_none(), "{text}");
        }
    }
}
