//! What a service answered instead of a token, in words.
//!
//! OCI answers `{"code": ..., "message": ...}`, OAuth2 services `{"error": ...,
//! "error_description": ...}`. Both are quoted, with the id of the request that support asks for.

use serde_json::Value;

use super::retry::Answer;
use crate::auth::http::HttpResponse;
use crate::error::Error;

/// How much of a service's text is quoted, in characters.
const QUOTE_LIMIT: usize = 400;

/// Headers that name a request: OCI's, Entra ID's, a generic one.
const REQUEST_IDS: [&str; 3] = ["opc-request-id", "x-ms-request-id", "x-request-id"];

/// The error for an answer that is not the wanted one; `remedy` is what to do about it.
pub(crate) fn refused(doing: &str, answer: &Answer, remedy: &str) -> Error {
    let remedy = if remedy.is_empty() { general_remedy(answer.response.status) } else { remedy };
    Error::auth(format!("{doing}: {}", describe(answer)), remedy)
}

/// `POST https://.../x was answered with 404 NotAuthorizedOrNotFound: ... (opc-request-id ...)`.
pub(crate) fn describe(answer: &Answer) -> String {
    let Answer { response, asked, attempts } = answer;
    let status = response.status;
    let mut text = format!("{asked} was answered with status {status}");
    match (code_of(response), message_of(response)) {
        (Some(code), Some(message)) => text += &format!(" {}: {}", quoted(&code), quoted(&message)),
        (Some(code), None) => text += &format!(" {}", quoted(&code)),
        (None, Some(message)) => text += &format!(": {}", quoted(&message)),
        (None, None) => text += &unreadable(response),
    }
    for name in REQUEST_IDS {
        if let Some(id) = response.header(name) {
            text += &format!(" ({name} {})", quoted(id));
            break;
        }
    }
    if *attempts > 1 {
        text += &format!(" after {attempts} attempts");
    }
    text
}

/// The service's code for what is wrong.
pub(crate) fn code_of(response: &HttpResponse) -> Option<String> {
    let body: Value = serde_json::from_slice(&response.body).ok()?;
    ["code", "error"].iter().find_map(|name| body.get(name)?.as_str().map(str::to_owned))
}

/// The service's text about what is wrong.
pub(crate) fn message_of(response: &HttpResponse) -> Option<String> {
    let body: Value = serde_json::from_slice(&response.body).ok()?;
    ["message", "error_description", "errorMessage"]
        .iter()
        .find_map(|name| body.get(name)?.as_str().map(str::to_owned))
}

/// What is said of a body that is no JSON: not its text, which may be a proxy's page of any kind.
fn unreadable(response: &HttpResponse) -> String {
    let kind = response.header("content-type").map(quoted);
    match (response.body.len(), kind) {
        (0, _) => " and no body".to_owned(),
        (length, Some(kind)) => format!(" and {length} bytes of {kind}"),
        (length, None) => format!(" and {length} bytes"),
    }
}

/// What helps if nothing more is known.
fn general_remedy(status: u16) -> &'static str {
    match status {
        300..=399 => "redirects are not followed; give the address that it leads to",
        401 => {
            "the service does not know this key or token, or the clock of this computer is wrong: \
             compare fingerprint, user and tenancy with the console, and check the clock"
        }
        404 => "check the address, and the policies of the principal",
        408 | 504 => "the service took too long; try again",
        429 => {
            "the service is asked too often from here; try again later, and let connections share \
                a token (a pool does)"
        }
        500..=599 => {
            "the service has a fault; try again later, and see the status page of the cloud"
        }
        _ => "",
    }
}

/// Foreign text as it may stand in a message: one line, not endless, without anything that looks
/// like a token or a key.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty())
    {
        if length > 0 {
            out.push(' ');
        }
        let word = if looks_secret(word) { "[redacted]" } else { word };
        for c in word.chars() {
            if length == QUOTE_LIMIT {
                out.push_str("...");
                return out;
            }
            out.push(c);
            length += 1;
        }
    }
    out
}

/// A JWT begins with `{"` in base64url; PEM data has lines of 64 characters and more without a dot.
fn looks_secret(word: &str) -> bool {
    const LONG: usize = 48;
    word.contains("eyJ")
        || word.contains("-----BEGIN")
        || (word.len() >= LONG
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b)))
}
