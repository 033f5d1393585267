//! Bearer tickets: signed statements that let whoever holds one reach certain targets for a while.
//!
//! A ticket is a JSON Web Token (RFC 7519), signed with HS256 (a secret that issuer and bridge
//! share) or EdDSA (the bridge knows the public key alone). The claims are in `README.md`.

use std::fmt;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::{Deserialize, Serialize};

use crate::policy::{ConfigError, Origin, Target};
use crate::refusal::{Code, Refusal};

/// RFC 7518, 3.2: a key for HS256 has at least as many bits as the hash.
const SECRET_MIN: usize = 32;

/// Seconds by which the clocks of issuer and bridge may differ.
const LEEWAY: u64 = 30;

/// The audience of tickets unless the operator names another.
pub const DEFAULT_AUDIENCE: &str = "oraedge-bridge";

/// What a ticket says.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// The bridge, or group of bridges, that it is for.
    pub audience: String,
    /// What may be reached with it; the bridge's own list holds besides.
    pub targets: Vec<Target>,
    /// Until when, in seconds since 1970.
    pub expires_at: u64,
    /// The one page that it is for, if it is for one.
    pub origin: Option<Origin>,
    /// Whom it was given to; shown in the bridge's log.
    pub subject: Option<String>,
}

impl Ticket {
    /// The ticket as text.
    ///
    /// # Errors
    /// It has no target, or the key cannot sign.
    pub fn sign(&self, key: &SigningKey) -> Result<String, ConfigError> {
        if self.targets.is_empty() {
            return Err(ConfigError::new("a ticket is for one target at least"));
        }
        let claims = Claims {
            aud: Some(self.audience.clone()),
            target: self.targets.iter().map(Target::to_string).collect::<Vec<_>>().into(),
            exp: self.expires_at,
            origin: self.origin.as_ref().map(Origin::to_string),
            sub: self.subject.clone(),
        };
        encode(&Header::new(key.algorithm), &claims, &key.key)
            .map_err(|error| ConfigError::new(format!("the ticket cannot be signed: {error}")))
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Claims {
    // The library has compared it; an array of them is allowed there, and read past here.
    #[serde(default, skip_deserializing, skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    target: OneOrMany,
    exp: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<Vec<String>> for OneOrMany {
    fn from(mut all: Vec<String>) -> Self {
        if all.len() == 1 { OneOrMany::One(all.remove(0)) } else { OneOrMany::Many(all) }
    }
}

impl OneOrMany {
    fn as_slice(&self) -> &[String] {
        match self {
            OneOrMany::One(one) => std::slice::from_ref(one),
            OneOrMany::Many(all) => all,
        }
    }
}

/// The key that tickets are signed with.
pub struct SigningKey {
    algorithm: Algorithm,
    key: EncodingKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?}, ..)", self.algorithm)
    }
}

impl SigningKey {
    /// From a key file: a PEM private key (PKCS#8, Ed25519) for EdDSA, or a secret of 32 bytes or
    /// more for HS256.
    ///
    /// # Errors
    /// The file holds neither.
    pub fn from_file(contents: &[u8]) -> Result<Self, ConfigError> {
        match KeyFile::of(contents)? {
            KeyFile::Secret(secret) => Ok(SigningKey {
                algorithm: Algorithm::HS256,
                key: EncodingKey::from_secret(secret),
            }),
            KeyFile::PrivatePem(pem) => {
                EncodingKey::from_ed_pem(pem)
                    .map(|key| SigningKey { algorithm: Algorithm::EdDSA, key })
                    .map_err(|_| ConfigError::new("the private key is not an Ed25519 key in PKCS#8; make one with: openssl genpkey -algorithm ed25519"))
            }
            KeyFile::PublicPem(_) => Err(ConfigError::new(
                "a public key cannot sign; give the private key to whoever makes tickets",
            )),
        }
    }
}

/// What a key file holds.
enum KeyFile<'a> {
    Secret(&'a [u8]),
    PublicPem(&'a [u8]),
    PrivatePem(&'a [u8]),
}

impl<'a> KeyFile<'a> {
    fn of(contents: &'a [u8]) -> Result<Self, ConfigError> {
        let text = contents.trim_ascii();
        if text.starts_with(b"-----BEGIN PUBLIC KEY") {
            Ok(KeyFile::PublicPem(text))
        } else if text.starts_with(b"-----BEGIN PRIVATE KEY") {
            Ok(KeyFile::PrivatePem(text))
        } else if text.starts_with(b"-----BEGIN ") {
            Err(ConfigError::new(
                "the ticket key must be an Ed25519 key (BEGIN PUBLIC KEY, BEGIN PRIVATE KEY) or a secret",
            ))
        } else if text.len() < SECRET_MIN {
            Err(ConfigError::new(format!(
                "the ticket key is too short: a secret has at least {SECRET_MIN} bytes, for instance of: openssl rand -base64 48"
            )))
        } else {
            Ok(KeyFile::Secret(text))
        }
    }
}

/// Checks tickets.
pub(crate) struct TicketVerifier {
    keys: Vec<(Algorithm, DecodingKey)>,
    audience: String,
}

impl TicketVerifier {
    /// One file a key; more than one while keys change.
    pub(crate) fn new(files: &[Vec<u8>], audience: &str) -> Result<Self, ConfigError> {
        let keys = files.iter().map(|contents| match KeyFile::of(contents)? {
            KeyFile::Secret(secret) => Ok((Algorithm::HS256, DecodingKey::from_secret(secret))),
            KeyFile::PublicPem(pem) => DecodingKey::from_ed_pem(pem)
                .map(|key| (Algorithm::EdDSA, key))
                .map_err(|_| ConfigError::new("the public key for tickets is not an Ed25519 key")),
            KeyFile::PrivatePem(_) => Err(ConfigError::new(
                "the bridge needs the public key for tickets alone, not the private one; make it with: openssl pkey -pubout",
            )),
        });
        Ok(TicketVerifier { keys: keys.collect::<Result<_, _>>()?, audience: audience.to_owned() })
    }

    /// What the ticket grants, if it is one that holds now.
    pub(crate) fn verify(&self, ticket: &str) -> Result<TicketGrant, Refusal> {
        let header = decode_header(ticket)
            .map_err(|_| refused("this bridge asks for a ticket, and what came is none"))?;
        for (algorithm, key) in &self.keys {
            if header.alg != *algorithm {
                continue;
            }
            let mut validation = Validation::new(*algorithm);
            validation.leeway = LEEWAY;
            validation.validate_nbf = true;
            validation.set_audience(&[&self.audience]);
            validation.set_required_spec_claims(&["exp", "aud"]);
            match decode::<Claims>(ticket, key, &validation) {
                Ok(data) => return Ok(TicketGrant { claims: data.claims }),
                Err(error) => match error.kind() {
                    ErrorKind::InvalidSignature => {}
                    kind => return Err(refused(self.why(kind))),
                },
            }
        }
        Err(refused("the ticket's signature is of none of this bridge's keys"))
    }

    /// Said only about tickets whose signature holds.
    fn why(&self, kind: &ErrorKind) -> String {
        match kind {
            ErrorKind::ExpiredSignature => "the ticket has expired".to_owned(),
            ErrorKind::ImmatureSignature => "the ticket is not valid yet (nbf)".to_owned(),
            ErrorKind::InvalidAudience => {
                format!("the ticket is for another audience than {}", self.audience)
            }
            ErrorKind::MissingRequiredClaim(name) => format!("the ticket has no claim {name}"),
            _ => "the ticket's claims are not those of a ticket: target is a text or a list of texts, exp a number".to_owned(),
        }
    }
}

fn refused(message: impl Into<String>) -> Refusal {
    Refusal::new(
        Code::Unauthorized,
        message,
        "get a new ticket; oraedge-bridge ticket makes them, README.md lists the claims",
    )
}

/// What a ticket that holds lets its bearer do.
#[derive(Debug)]
pub(crate) struct TicketGrant {
    claims: Claims,
}

impl TicketGrant {
    /// Whom the ticket was given to.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.claims.sub.as_deref()
    }

    /// Whether it is for this target and this page.
    pub(crate) fn check(&self, target: &Target, origin: Option<&str>) -> Result<(), Refusal> {
        if let Some(expected) = &self.claims.origin {
            let is = |origin: &str| Origin::same(origin, expected);
            if !origin.is_some_and(is) {
                let has = origin.unwrap_or("a client without an Origin");
                return Err(refused(format!(
                    "the ticket is for pages from {expected}, not for {has}"
                )));
            }
        }
        let targets = self.claims.target.as_slice();
        if targets.iter().any(|text| text.parse::<Target>().is_ok_and(|one| one == *target)) {
            return Ok(());
        }
        Err(refused(format!("the ticket is for {}, not for {target}", targets.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef\n";
    const OTHER: &[u8] = b"another secret of more than 32 bytes";
    const FAR: u64 = 4_000_000_000;

    /// RFC 8410, 10.3 and 10.1: an example key pair.
    const PRIVATE: &[u8] = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    const PUBLIC: &[u8] = b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

    fn verifier(files: &[&[u8]]) -> TicketVerifier {
        let files: Vec<Vec<u8>> = files.iter().map(|file| file.to_vec()).collect();
        TicketVerifier::new(&files, "b1").unwrap()
    }

    fn ticket() -> Ticket {
        Ticket {
            audience: "b1".into(),
            targets: vec!["db.example:1521".parse().unwrap(), "[::1]:2484".parse().unwrap()],
            expires_at: FAR,
            origin: Some("https://console.example".parse().unwrap()),
            subject: Some("anna".into()),
        }
    }

    /// A token with whatever claims.
    fn raw(claims: &Value, key: &[u8], algorithm: Algorithm) -> String {
        let key = EncodingKey::from_secret(key.trim_ascii());
        encode(&Header::new(algorithm), claims, &key).unwrap()
    }

    #[test]
    fn a_ticket_is_good_for_its_targets_and_its_page() {
        for (signing, verifying) in [(SECRET, SECRET), (PRIVATE, PUBLIC)] {
            let text = ticket().sign(&SigningKey::from_file(signing).unwrap()).unwrap();
            let grant = verifier(&[OTHER, verifying]).verify(&text).unwrap();
            assert_eq!(grant.subject(), Some("anna"));
            for (host, port, origin, says) in [
                ("DB.example", 1521, Some("https://console.example:443"), ""),
                ("::1", 2484, Some("https://Console.example"), ""),
                ("db.example", 1522, Some("https://console.example"), "not for db.example:1522"),
                ("db.example", 1521, Some("https://evil.example"), "not for https://evil.example"),
                ("db.example", 1521, None, "without an Origin"),
            ] {
                match grant.check(&Target::new(host, port), origin) {
                    Ok(()) => assert_eq!(says, "", "{host}:{port} {origin:?}"),
                    Err(refusal) => {
                        assert!(!says.is_empty() && refusal.message.contains(says), "{refusal}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_ticket_or_holds_no_longer_is_refused_with_the_reason() {
        let good = json!({"aud": "b1", "target": "db:1", "exp": FAR});
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            raw(&claims, SECRET, Algorithm::HS256)
        };
        let without = |name: &str| {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().remove(name);
            raw(&claims, SECRET, Algorithm::HS256)
        };
        let verifier = verifier(&[SECRET, PUBLIC]);
        assert!(verifier.verify(&raw(&good, SECRET, Algorithm::HS256)).is_ok());
        assert!(verifier.verify(&with("aud", json!(["b0", "b1"]))).is_ok());
        let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJhdWQiOiJiMSJ9.";
        for (text, says) in [
            ("geheim".to_owned(), "is none"),
            (String::new(), "is none"),
            ("a.b.c".to_owned(), "is none"),
            (unsigned.to_owned(), "is none"),
            (raw(&good, OTHER, Algorithm::HS256), "signature"),
            (raw(&good, SECRET, Algorithm::HS384), "signature"),
            // The public key's text as a secret: no way to confuse the algorithms.
            (raw(&good, PUBLIC, Algorithm::HS256), "signature"),
            (with("exp", json!(1_000_000_000)), "expired"),
            (with("exp", json!("soon")), "claims"),
            (without("exp"), "exp"),
            (with("nbf", json!(FAR - 1)), "not valid yet"),
            (with("aud", json!("b2")), "audience"),
            (without("aud"), "aud"),
            (without("target"), "claims"),
            (with("target", json!(7)), "claims"),
        ] {
            let refusal = verifier.verify(&text).unwrap_err();
            assert_eq!(refusal.code, Code::Unauthorized, "{text}");
            assert!(refusal.message.contains(says), "{says}: {refusal}");
        }
        let whole = raw(&good, SECRET, Algorithm::HS256);
        for cut in 0..whole.len() {
            assert!(verifier.verify(&whole[..cut]).is_err(), "{cut}");
        }
        let empty = raw(&json!({"aud": "b1", "target": [], "exp": FAR}), SECRET, Algorithm::HS256);
        let grant = verifier.verify(&empty).unwrap();
        assert!(grant.check(&Target::new("db", 1), None).is_err());
    }

    #[test]
    fn a_key_file_that_cannot_be_used_is_told_apart() {
        for (file, says) in [
            (&b"short"[..], "too short"),
            (PRIVATE, "public key"),
            (b"-----BEGIN RSA PRIVATE KEY-----\n", "Ed25519"),
            (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "not an Ed25519"),
        ] {
            let error = TicketVerifier::new(&[file.to_vec()], "b1").err().unwrap().to_string();
            assert!(error.contains(says), "{error}");
        }
        assert!(SigningKey::from_file(PUBLIC).unwrap_err().to_string().contains("cannot sign"));
        assert!(!format!("{:?}", SigningKey::from_file(SECRET)).contains("0123"));
    }
}
