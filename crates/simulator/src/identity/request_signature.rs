//! Signatures of requests: version 1 of OCI's, after draft-cavage-http-signatures-08.
//!
//! The header is `Authorization: Signature version="1",keyId="..",algorithm="rsa-sha256",
//! headers="..",signature=".."`. What is signed is a line for each of the headers in that list.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::sha2::{Digest, Sha256};

use super::http::{Request, Response, clock_skew, not_authenticated};
use super::keys::PublicKey;

/// How far the date of a request may be from the service's clock.
pub const DATE_TOLERANCE: Duration = Duration::from_secs(300);
/// The pseudo header: method, path and query.
const REQUEST_TARGET: &str = "(request-target)";
/// The headers that every request has to sign besides its date.
const REQUIRED: [&str; 2] = [REQUEST_TARGET, "host"];
/// The headers that a request with a body has to sign as well.
const REQUIRED_WITH_BODY: [&str; 3] = ["content-length", "content-type", "x-content-sha256"];

/// A request's signature, taken apart; nothing is verified but what [`RequestSignature::parse`] says.
#[derive(Clone, Debug)]
pub struct RequestSignature {
    /// Whose key signed.
    pub key_id: String,
    headers: Vec<String>,
    signature: Vec<u8>,
}

impl RequestSignature {
    /// Reads the header `Authorization`; checks version and algorithm.
    ///
    /// # Errors
    /// The response to give when it is missing or not one.
    pub fn parse(request: &Request) -> Result<RequestSignature, Response> {
        let header = request.header("authorization").ok_or_else(not_authenticated)?;
        let (scheme, parameters) = header.split_once(' ').ok_or_else(not_authenticated)?;
        if !scheme.eq_ignore_ascii_case("signature") {
            return Err(not_authenticated());
        }
        let parameters = parse_parameters(parameters).ok_or_else(not_authenticated)?;
        let parameter = |name: &str| {
            let mut found = parameters.iter().filter(|(candidate, _)| candidate == name);
            match (found.next(), found.next()) {
                (Some((_, value)), None) => Ok(value.clone()),
                _ => Err(not_authenticated()),
            }
        };
        if parameter("version")? != "1" || parameter("algorithm")? != "rsa-sha256" {
            return Err(not_authenticated());
        }
        let signature = STANDARD.decode(parameter("signature")?);
        Ok(RequestSignature {
            key_id: parameter("keyid")?,
            headers: parameter("headers")?.split(' ').map(str::to_ascii_lowercase).collect(),
            signature: signature.map_err(|_| not_authenticated())?,
        })
    }

    /// Verifies that the signature covers what it has to, that the body is the one that was signed,
    /// that the request is of now, and that `key` signed it. `with_host` is whether `host` has to be
    /// signed (the federation of instance principals does not).
    ///
    /// # Errors
    /// The response to give.
    pub fn verify(
        &self,
        request: &Request,
        key: &PublicKey,
        now: SystemTime,
        with_host: bool,
    ) -> Result<(), Response> {
        let signed = |name: &str| self.headers.iter().any(|header| header == name);
        let has_body = matches!(request.method.as_str(), "POST" | "PUT" | "PATCH");
        let required = REQUIRED.iter().filter(|name| with_host || **name != "host");
        let body = REQUIRED_WITH_BODY.iter().filter(|_| has_body);
        if !required.chain(body).all(|name| signed(name)) {
            return Err(not_authenticated());
        }
        let date = ["x-date", "date"].into_iter().find(|name| signed(name));
        let date = date.and_then(|name| request.header(name)).ok_or_else(not_authenticated)?;
        let date = httpdate::parse_http_date(&date).map_err(|_| not_authenticated())?;
        let distance = now.duration_since(date).or_else(|_| date.duration_since(now));
        if distance.unwrap_or_default() > DATE_TOLERANCE {
            return Err(clock_skew(date, now, DATE_TOLERANCE));
        }
        if has_body {
            let length = request.header("content-length");
            let digest = STANDARD.encode(Sha256::digest(&request.body));
            if length != Some(request.body.len().to_string())
                || request.header("x-content-sha256") != Some(digest)
            {
                return Err(not_authenticated());
            }
        }
        let text = self.signing_string(request).ok_or_else(not_authenticated)?;
        if key.verify(text.as_bytes(), &self.signature) { Ok(()) } else { Err(not_authenticated()) }
    }

    /// What was signed; `None` if a header of the list is not there.
    fn signing_string(&self, request: &Request) -> Option<String> {
        let mut lines = Vec::with_capacity(self.headers.len());
        for name in &self.headers {
            lines.push(if name == REQUEST_TARGET {
                let method = request.method.to_ascii_lowercase();
                format!("{REQUEST_TARGET}: {method} {}", request.target)
            } else {
                format!("{name}: {}", request.header(name)?)
            });
        }
        Some(lines.join("\n"))
    }
}

/// Reads `name="value",...`; names come in lower case.
fn parse_parameters(text: &str) -> Option<Vec<(String, String)>> {
    let mut parameters = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, tail) = rest.split_once('=')?;
        let (value, tail) = tail.strip_prefix('"')?.split_once('"')?;
        parameters.push((name.trim().to_ascii_lowercase(), value.to_owned()));
        let tail = tail.trim_start();
        rest = match tail.strip_prefix(',') {
            Some(tail) if !tail.trim().is_empty() => tail.trim_start(),
            None if tail.is_empty() => tail,
            _ => return None,
        };
    }
    Some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::testing::{self, SignedRequest};

    fn verified(request: &Request, now: SystemTime) -> Result<(), Response> {
        let signature = RequestSignature::parse(request)?;
        signature.verify(request, &testing::key(0).public_key(), now, true)
    }

    #[test]
    fn a_signed_request_is_verified() {
        let now = SystemTime::now();
        for request in [
            SignedRequest::post("/v1/x?a=b", b"{}"),
            SignedRequest::get("/v1/x"),
            SignedRequest::post("/v1/x", b""),
        ] {
            let request = request.sign("id", &testing::key(0), now);
            assert_eq!(verified(&request, now), Ok(()));
        }
    }

    #[test]
    fn what_was_tampered_with_is_refused() {
        let now = SystemTime::now();
        let signed =
            || SignedRequest::post("/v1/x", b"{\"a\":1}").sign("id", &testing::key(0), now);
        type Tamper = fn(&mut Request);
        let cases: [(&str, Tamper); 12] = [
            ("body", |request| request.body = b"{\"a\":2}".to_vec()),
            ("target", |request| request.target = "/v1/y".to_owned()),
            ("method", |request| request.method = "PUT".to_owned()),
            ("host", |request| testing::set_header(request, "host", "elsewhere")),
            ("date", |request| {
                testing::set_header(request, "date", "Thu, 05 Jan 2034 21:31:40 GMT");
            }),
            ("no digest", |request| request.headers.retain(|(name, _)| name != "x-content-sha256")),
            ("no authorization", |request| {
                request.headers.retain(|(name, _)| name != "authorization");
            }),
            ("algorithm", |request| testing::edit_authorization(request, "rsa-sha256", "rsa-sha1")),
            ("version", |request| {
                testing::edit_authorization(request, "version=\"1\"", "version=\"2\"");
            }),
            ("list", |request| testing::edit_authorization(request, " host", "")),
            ("list of the body", |request| {
                testing::edit_authorization(request, " x-content-sha256", "");
            }),
            ("scheme", |request| testing::edit_authorization(request, "Signature", "Bearer")),
        ];
        for (what, tamper) in cases {
            let mut request = signed();
            assert_eq!(verified(&request, now), Ok(()));
            tamper(&mut request);
            let refused = verified(&request, now).expect_err(what);
            assert_eq!(refused.status, 401, "{what}");
        }
    }

    #[test]
    fn a_date_that_is_off_is_named() {
        let now = SystemTime::now();
        for (seconds, taken) in [(-301, false), (-298, true), (298, true), (302, false)] {
            let distance = Duration::from_secs(i64::unsigned_abs(seconds));
            let date = if seconds < 0 { now - distance } else { now + distance };
            let request = SignedRequest::get("/v1/x").sign("id", &testing::key(0), date);
            match verified(&request, now) {
                Ok(()) => assert!(taken, "{seconds}"),
                Err(refused) => {
                    assert!(!taken, "{seconds}");
                    let body = String::from_utf8_lossy(&refused.body).into_owned();
                    assert!(body.contains("not within allowed clock skew"), "{body}");
                }
            }
        }
    }

    #[test]
    fn parameters_are_read_to_the_letter() {
        let read = |text: &str| parse_parameters(text).map(|parameters| parameters.len());
        assert_eq!(read("a=\"1\",b=\"2\""), Some(2));
        assert_eq!(read("a=\"1\", b=\"x,y=z\""), Some(2));
        for text in ["a", "a=1", "a=\"1\"b=\"2\"", "a=\"1\",", "a=\"1"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
