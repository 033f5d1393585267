//! HTTP requests and answers as plain values: a token flow gives out a request and takes the answer,
//! and whoever runs it sends it with what the place has (`fetch`, hyper).

use std::fmt;
use std::time::Duration;

/// The methods that the identity services use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl Method {
    /// The name on the wire: `GET`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How long a request may take when the flow that made it does not say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// A request to send. Redirects are not to be followed: a signature is for one host and path.
///
/// Headers and body carry tokens and secrets, so `Debug` shows the headers' names and the body's
/// size only, and the URL as [`shown_url`](Self::shown_url).
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The whole URL, in the form in which it is sent: what it holds is percent-encoded already.
    pub url: String,
    /// Names and values, in the order in which they are sent. `host` and `content-length` are among
    /// those of a signed request; a `fetch` that sets them itself drops them.
    pub headers: Vec<(String, String)>,
    /// The body; `None` sends none.
    pub body: Option<Vec<u8>>,
    /// How long to wait for the whole answer.
    pub timeout: Duration,
    /// Certificates in PEM form that alone are trusted for this request (the API of a Kubernetes
    /// cluster has an authority of its own); `None` for those that are trusted anyway.
    pub ca_pem: Option<String>,
}

impl HttpRequest {
    /// A request without headers and body, with the [`DEFAULT_TIMEOUT`].
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        HttpRequest {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: None,
            timeout: DEFAULT_TIMEOUT,
            ca_pem: None,
        }
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url)
    }

    /// A POST with a body of the given content type.
    pub fn post(url: impl Into<String>, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut request = Self::new(Method::Post, url).with_header("content-type", content_type);
        request.body = Some(body.into());
        request
    }

    /// The request with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The request with another limit of time.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find_header(&self.headers, name)
    }

    /// Host and port as the URL writes them (`auth.example:8443`), without user and password;
    /// `None` if the URL has no host.
    pub fn authority(&self) -> Option<&str> {
        let (authority, _) = self.split()?;
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        (!host.is_empty()).then_some(host)
    }

    /// Whether the URL has a user, and perhaps a password, in front of its host.
    pub fn has_userinfo(&self) -> bool {
        self.split().is_some_and(|(authority, _)| authority.contains('@'))
    }

    /// Host and port, user and password included, then path and query.
    fn split(&self) -> Option<(&str, &str)> {
        let (_, rest) = self.url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        rest.split_at_checked(end)
    }

    /// The URL for a message: without query and fragment, and without a user and a password.
    pub fn shown_url(&self) -> String {
        let shown = || {
            let (scheme, _) = self.url.split_once("://")?;
            let (_, rest) = self.split()?;
            let path = rest.split(['?', '#']).next()?;
            Some(format!("{scheme}://{}{path}", self.authority().unwrap_or_default()))
        };
        shown().unwrap_or_else(|| "(not a URL)".to_owned())
    }

    /// What the request's first line asks for: path and query, `/` for an empty path, without the
    /// fragment. `None` if the URL has no host.
    pub fn target(&self) -> Option<String> {
        let (_, rest) = self.split()?;
        let rest = rest.split('#').next().unwrap_or_default();
        Some(if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") })
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &self.shown_url())
            .field("headers", &header_names(&self.headers))
            .field("body_bytes", &self.body.as_ref().map(Vec::len))
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// The answer to an [`HttpRequest`], whatever its status. `Debug` shows no values.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status: 200.
    pub status: u16,
    /// Names and values, as they came.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find_header(&self.headers, name)
    }

    /// Whether the status is one of 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("headers", &header_names(&self.headers))
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

fn find_header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
}

fn header_names(headers: &[(String, String)]) -> Vec<&str> {
    headers.iter().map(|(name, _)| &**name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_header_values_and_no_body() {
        let request = HttpRequest::post("https://auth.example/v1/x", "text/plain", "hunter2")
            .with_header("authorization", "Bearer hunter2");
        let response = HttpResponse {
            status: 200,
            headers: vec![("set-cookie".into(), "hunter2".into())],
            body: b"hunter2".to_vec(),
        };
        let text = format!("{request:?} {request:#?} {response:?} {response:#?}");
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("authorization") && text.contains("Post"), "{text}");
        for url in ["https://user:hunter2@h/v1?x=hunter2#hunter2", "https://hunter2@hunter2@h/v1"] {
            let text = format!("{:?}", HttpRequest::get(url));
            assert!(!text.contains("hunter2") && text.contains("https://h/v1"), "{text}");
        }
    }

    #[test]
    fn header_names_have_no_case() {
        let request = HttpRequest::get("https://h/").with_header("X-Content-SHA256", "1");
        assert_eq!(request.header("x-content-sha256"), Some("1"));
        assert_eq!(request.header("date"), None);
    }

    #[test]
    fn urls_split_into_authority_and_target() {
        for (url, authority, target) in [
            ("https://auth.example", Some("auth.example"), Some("/")),
            (
                "https://auth.example:8443/v1/a%20b?c=d",
                Some("auth.example:8443"),
                Some("/v1/a%20b?c=d"),
            ),
            ("https://auth.example?c=d/e#f", Some("auth.example"), Some("/?c=d/e")),
            ("https://user:pass@[::1]:80/#f", Some("[::1]:80"), Some("/")),
            ("https:///path", None, Some("/path")),
            ("auth.example/path", None, None),
        ] {
            let request = HttpRequest::get(url);
            assert_eq!(request.authority(), authority, "{url}");
            assert_eq!(request.target().as_deref(), target, "{url}");
        }
    }
}
