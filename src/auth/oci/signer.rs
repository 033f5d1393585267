//! Signed requests (draft-cavage-http-signatures as OCI uses it, version "1"): from a request, a key
//! id, a key and the time to the headers that the service wants.
//!
//! Signed are `date`, `(request-target)` and `host`, and for POST, PUT and PATCH `content-length`,
//! `content-type` and `x-content-sha256` as well, in this order. [`string_to_sign`] and
//! [`authorization`] are the two halves, so that a key that is kept elsewhere (WebCrypto) can sign
//! between them; [`sign_request`] is both with an [`ApiKey`].

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};

use super::key::ApiKey;
use crate::auth::http::{HttpRequest, Method};
use crate::error::{Error, Result};
use crate::time::UnixTime;

/// The version of the scheme that the `Authorization` header names.
const VERSION: &str = "1";

/// What a request with a body is sent as, if it does not say.
const DEFAULT_CONTENT_TYPE: &str = "application/json";

/// The pseudo header for method, path and query.
const REQUEST_TARGET: &str = "(request-target)";

/// The key id of a user's API key: `tenancy/user/fingerprint`.
pub fn api_key_id(tenancy: &str, user: &str, fingerprint: &str) -> String {
    format!("{tenancy}/{user}/{fingerprint}")
}

/// The key id of a session token or a token of a principal: `ST$token`. It is as secret as the
/// token.
pub fn token_key_id(token: &str) -> String {
    format!("ST${token}")
}

/// The text to sign, and the headers that it is about, in the order in which they are signed. Each of
/// them must be on the request that is sent, as it is here. What the request has already of `date`,
/// `content-type` and `x-content-sha256` is kept.
///
/// # Errors
///
/// [`Error::Misuse`] for a URL that has no host, or that no client would send as it is (spaces,
/// other than ASCII, a user in it), and for a header of several lines.
pub fn string_to_sign(
    request: &HttpRequest,
    now: UnixTime,
) -> Result<(String, Vec<(String, String)>)> {
    let (host, target) = destination(request)?;
    let date = request.header("date").map_or_else(|| now.http_date(), str::to_owned);
    let mut headers = vec![("date".to_owned(), date), ("host".to_owned(), host)];
    if matches!(request.method, Method::Post | Method::Put | Method::Patch) {
        let body = request.body.as_deref().unwrap_or_default();
        let kind = request.header("content-type").unwrap_or(DEFAULT_CONTENT_TYPE).to_owned();
        let hash = request
            .header("x-content-sha256")
            .map_or_else(|| Base64::encode_string(&Sha256::digest(body)), str::to_owned);
        headers.push(("content-length".to_owned(), body.len().to_string()));
        headers.push(("content-type".to_owned(), kind));
        headers.push(("x-content-sha256".to_owned(), hash));
    }
    let mut lines = Vec::with_capacity(headers.len() + 1);
    for (name, value) in &headers {
        if !value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return Err(Error::misuse(
                format!("the header {name} cannot be signed: it is not one line of ASCII"),
                "",
            ));
        }
        lines.push(format!("{name}: {value}"));
        if name == "date" {
            let method = request.method.as_str().to_ascii_lowercase();
            lines.push(format!("{REQUEST_TARGET}: {method} {target}"));
        }
    }
    Ok((lines.join("\n"), headers))
}

/// The value of the `Authorization` header, from the headers that [`string_to_sign`] gave and the
/// signature of its text.
pub fn authorization(key_id: &str, headers: &[(String, String)], signature: &[u8]) -> String {
    let mut names = Vec::with_capacity(headers.len() + 1);
    for (name, _) in headers {
        names.push(name.as_str());
        if name == "date" {
            names.push(REQUEST_TARGET);
        }
    }
    let names = names.join(" ");
    let signature = Base64::encode_string(signature);
    format!(
        "Signature algorithm=\"rsa-sha256\",headers=\"{names}\",keyId=\"{key_id}\",\
         signature=\"{signature}\",version=\"{VERSION}\""
    )
}

/// Puts the signed headers and the `authorization` on a request; a header that it has already is
/// replaced.
pub fn apply(request: &mut HttpRequest, headers: Vec<(String, String)>, authorization: String) {
    let signed = headers.into_iter().chain([("authorization".to_owned(), authorization)]);
    for (name, value) in signed {
        request.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
        request.headers.push((name, value));
    }
}

/// Signs a request with a key that is here.
///
/// # Errors
///
/// As [`string_to_sign`] and [`ApiKey::sign_sha256`].
pub fn sign_request(
    request: &mut HttpRequest,
    key_id: &str,
    key: &ApiKey,
    now: UnixTime,
) -> Result<()> {
    let (text, headers) = string_to_sign(request, now)?;
    let signature = key.sign_sha256(text.as_bytes())?;
    let authorization = authorization(key_id, &headers, &signature);
    apply(request, headers, authorization);
    Ok(())
}

/// Host and target of a request, if they go over the wire as they are.
fn destination(request: &HttpRequest) -> Result<(String, String)> {
    let bad = |what: &str| {
        Error::misuse(
            format!("the URL {} cannot be signed: {what}", request.shown_url()),
            "give https://HOST/PATH, percent-encoded",
        )
    };
    let host = request.authority().ok_or_else(|| bad("it has no host"))?;
    let target = request.target().ok_or_else(|| bad("it has no host"))?;
    if request.has_userinfo() {
        // Not shown: it may hold a password.
        return Err(Error::misuse(
            format!("the URL of {host} cannot be signed: it has a user in it"),
            "give https://HOST/PATH",
        ));
    }
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_plain(host) || !is_plain(&target) {
        return Err(bad("it has spaces or other than ASCII"));
    }
    Ok((host.to_owned(), target))
}
