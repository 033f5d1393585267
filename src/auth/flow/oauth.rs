//! OAuth2 (RFC 6749) as the identity services of Oracle and Microsoft have it: a form is posted, a
//! bearer token comes back.

use std::time::Duration;

use serde_json::Value;

use super::driver::Host;
use super::retry::{Answer, RetryPolicy, Unsigned, send};
use super::{DatabaseToken, service_error};
use crate::auth::Secret;
use crate::auth::http::HttpRequest;
use crate::auth::jwt::Claims;
use crate::error::{Error, Result};
use crate::time::UnixTime;

/// A form as `application/x-www-form-urlencoded`.
#[derive(Default)]
pub(crate) struct Form(String);

impl Form {
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        form_encode(&mut self.0, name);
        self.0.push('=');
        form_encode(&mut self.0, value);
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

/// The encoding of forms (WHATWG URL, section 5.2).
pub(crate) fn form_encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// Posts a form to a token endpoint and reads the bearer token. `remedy` finds what to do about an
/// error from the service's `error` and `error_description`.
pub(crate) async fn request_token(
    host: &Host,
    doing: &str,
    request: HttpRequest,
    remedy: fn(&Answer) -> String,
) -> Result<DatabaseToken> {
    let answer = send(host, doing, &request, &Unsigned, RetryPolicy::SERVICE).await?;
    if !answer.response.is_success() {
        return Err(service_error::refused(doing, &answer, &remedy(&answer)));
    }
    let body = json_object(doing, &answer)?;
    // A service that answers 200 with an error would be against RFC 6749, and there are such.
    let Some(token) =
        body.get("access_token").and_then(Value::as_str).filter(|t| !t.trim().is_empty())
    else {
        return Err(service_error::refused(
            doing,
            &answer,
            "the answer has no access_token; check that the address is that of a token endpoint",
        ));
    };
    let told = lifetime(&body).map(|lifetime| host.now() + lifetime);
    bearer(host, doing, token, told)
}

/// `expires_in`, a number of seconds; some services write it as text.
fn lifetime(body: &Value) -> Option<Duration> {
    let value = body.get("expires_in")?;
    let seconds = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    // What would be longer than a year is not meant.
    const YEAR: u64 = 366 * 86_400;
    Some(Duration::from_secs(seconds.min(YEAR)))
}

fn bearer(host: &Host, doing: &str, token: &str, told: Option<UnixTime>) -> Result<DatabaseToken> {
    let claimed = match Claims::parse(token) {
        Ok(claims) => expiry(doing, &claims)?,
        // An opaque token is for the database to judge.
        Err(_) => None,
    };
    let expires_at = claimed.or(told);
    refuse_expired(host, doing, expires_at)?;
    Ok(DatabaseToken { token: Secret::from(token), expires_at, key: None })
}

/// The `exp` of a token that a service just made.
pub(crate) fn expiry(doing: &str, claims: &Claims) -> Result<Option<UnixTime>> {
    claims.expires_at().map_err(|error| {
        let (what, remedy) = match error {
            Error::Auth { what, remedy } => (what, remedy),
            other => (other.to_string(), String::new()),
        };
        Error::auth(format!("{doing}: the service gave a token that is broken: {what}"), remedy)
    })
}

/// A new token that is expired already: one of the two clocks is wrong.
pub(crate) fn refuse_expired(host: &Host, doing: &str, expires_at: Option<UnixTime>) -> Result<()> {
    match expires_at {
        Some(at) if at <= host.now() => Err(Error::auth(
            format!(
                "{doing}: the service gave a token that expired at {at}, and this computer's clock \
                 says {}",
                host.now()
            ),
            "set this computer's clock (NTP)",
        )),
        _ => Ok(()),
    }
}

/// The body of a successful answer, a JSON object.
pub(crate) fn json_object(doing: &str, answer: &Answer) -> Result<Value> {
    let broken = |why: String| {
        let length = answer.response.body.len();
        Error::auth(
            format!(
                "{doing}: {} was answered with status {} and {length} bytes that are no JSON object: \
                 {why}",
                answer.asked, answer.response.status
            ),
            "something between here and the service cut or replaced the answer (a proxy, a captive \
             portal); try again, and check the address",
        )
    };
    match serde_json::from_slice::<Value>(&answer.response.body) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) => Err(broken("another kind of JSON value".to_owned())),
        // The parser's own text would quote nothing, but its kind and place say all.
        Err(error) => Err(broken(if error.is_eof() {
            format!("it ends too early (line {}, column {})", error.line(), error.column())
        } else {
            format!("line {}, column {}", error.line(), error.column())
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_encoded_as_browsers_do() {
        let mut form = Form::default();
        form.add("grant_type", "client_credentials");
        form.add("scope", "https://x/.default a&b=c+d~é");
        assert_eq!(
            String::from_utf8(form.into_bytes()).unwrap(),
            "grant_type=client_credentials&scope=https%3A%2F%2Fx%2F.default+a%26b%3Dc%2Bd%7E%C3%A9"
        );
    }
}
