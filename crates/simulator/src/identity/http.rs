//! Requests and responses without sockets.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// In capitals.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// What follows the headers.
    pub body: Vec<u8>,
}

impl Request {
    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query, without the question mark.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The values of a header (its name in lower case), joined with commas; `None` if it is not there.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<_> = self
            .headers
            .iter()
            .filter(|(candidate, _)| candidate == name)
            .map(|(_, value)| value.trim())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// The body as a JSON object.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice::<Value>(&self.body).ok().filter(Value::is_object)
    }

    /// The first value of a field of a form in the body.
    pub fn form_field(&self, name: &str) -> Option<String> {
        let body = std::str::from_utf8(&self.body).ok()?;
        let mut fields = body.split('&').filter_map(|field| field.split_once('='));
        let (_, value) = fields.find(|(candidate, _)| percent_decoded(candidate) == name)?;
        Some(percent_decoded(value))
    }
}

/// Undoes the encoding of forms: `+` is a space, `%41` a byte.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let escaped = match (first, tail.get(..2)) {
            (b'%', Some(digits)) => std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
            _ => None,
        };
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => bytes.push(if first == b'+' { b' ' } else { first }),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers other than the length.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A body of JSON.
    pub fn json(status: u16, body: &Value) -> Response {
        Response {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    /// A body of plain text.
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Response {
        Response {
            status,
            headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
            body: body.into(),
        }
    }

    /// An error of OCI's services.
    pub fn error(status: u16, code: &str, message: &str) -> Response {
        Response::json(status, &json!({"code": code, "message": message}))
    }

    /// Adds a header.
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Response {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(candidate, _)| candidate.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// How a response is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// As it is.
    Whole(Response),
    /// With all of its length announced and half of it sent.
    Truncated(Response),
    /// After this time.
    Late(Response, Duration),
    /// Not at all: the connection is closed.
    Dropped,
}

/// `401 NotAuthenticated` as OCI's services say it.
pub(crate) fn not_authenticated() -> Response {
    Response::error(
        401,
        "NotAuthenticated",
        "The required information to complete authentication was not provided or was incorrect.",
    )
}

/// `401 NotAuthenticated` for a request of another time.
pub(crate) fn clock_skew(date: SystemTime, now: SystemTime, allowed: Duration) -> Response {
    // The service writes UTC, and takes part of a second more at the end.
    let text = |time| httpdate::fmt_http_date(time).replace("GMT", "UTC");
    let message = format!(
        "Date '{}' is not within allowed clock skew. Current '{}', valid datetime range: ['{}', '{}']",
        text(date),
        text(now),
        text(now - allowed),
        text(now + allowed + Duration::from_secs(1)),
    );
    Response::error(401, "NotAuthenticated", &message)
}

/// `404 NotAuthorizedOrNotFound` as OCI's services say it.
pub(crate) fn not_found() -> Response {
    Response::error(
        404,
        "NotAuthorizedOrNotFound",
        "Authorization failed or requested resource not found.",
    )
}

/// `400 InvalidParameter` as OCI's services say it.
pub(crate) fn invalid_parameter(message: &str) -> Response {
    Response::error(400, "InvalidParameter", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded() {
        let request = Request {
            body: b"scope=https%3A%2F%2Fa%2F.default&client_secret=a%2bb+c%zz&empty=".to_vec(),
            ..Request::default()
        };
        assert_eq!(request.form_field("scope").as_deref(), Some("https://a/.default"));
        assert_eq!(request.form_field("client_secret").as_deref(), Some("a+b c%zz"));
        assert_eq!(request.form_field("empty").as_deref(), Some(""));
        assert_eq!(request.form_field("none"), None);
    }

    #[test]
    fn headers_with_several_values_are_joined() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let request = Request {
            target: "/path?a=b".to_owned(),
            headers: vec![header("a", " 1 "), header("b", "2"), header("a", "3")],
            ..Request::default()
        };
        assert_eq!(request.header("a").as_deref(), Some("1, 3"));
        assert_eq!(request.header("c"), None);
        assert_eq!((request.path(), request.query()), ("/path", "a=b"));
    }
}
