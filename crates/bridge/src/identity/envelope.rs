//! The envelope of an identity request: what a page asks for, read and checked as far as that goes
//! without the bridge's lists.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode, Uri};
use serde::{Deserialize, Serialize};

use crate::identity::hosts::{HTTP_PORT, HTTPS_PORT, IdentityHost};
use crate::policy::Target;
use crate::refusal::{Code, Refusal};

/// The longest envelope, in bytes. An X.509 federation request, the largest of all, carries three
/// certificates: some 10 kB.
pub(crate) const ENVELOPE_MAX: usize = 256 * 1024;

/// The time for a request that names none.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);

/// The longest tenant that is looked at; Microsoft's are UUIDs or domain names.
const TENANT_MAX: usize = 253;

/// Headers that a request may have, besides `host` and `content-length`.
const REQUEST_HEADERS: [&str; 11] = [
    "accept",
    "authorization",
    "client-request-id",
    "content-type",
    "date",
    "opc-client-info",
    "opc-client-retries",
    "opc-request-id",
    "user-agent",
    "x-content-sha256",
    "x-date",
];

/// Headers of the service's answer that the page gets.
const ANSWER_HEADERS: [&str; 7] = [
    "client-request-id",
    "content-type",
    "date",
    "opc-request-id",
    "retry-after",
    "www-authenticate",
    "x-ms-request-id",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope {
    method: EnvelopeMethod,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum EnvelopeMethod {
    Get,
    Post,
}

/// A request for an identity service, whose path and headers are such as token flows need.
pub(crate) struct IdentityRequest {
    pub(crate) method: Method,
    pub(crate) host: IdentityHost,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) timeout: Duration,
}

/// No header value and no byte of the body.
impl fmt::Debug for IdentityRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("IdentityRequest")
            .field("method", &self.method)
            .field("host", &self.host.to_string())
            .field("path", &self.path)
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

impl IdentityRequest {
    /// Reads an envelope. A refusal never quotes a header value or the body.
    pub(crate) fn parse(envelope: &[u8]) -> Result<Self, Refusal> {
        let envelope: Envelope = serde_json::from_slice(envelope).map_err(|error| {
            // The error's own text may quote what it did not expect.
            bad(format!(
                "not an identity request: the JSON is broken, or has a field that is unknown, missing or of another type, at line {} column {}",
                error.line(),
                error.column()
            ))
        })?;
        let method = match envelope.method {
            EnvelopeMethod::Get => Method::GET,
            EnvelopeMethod::Post => Method::POST,
        };
        let (host, path) = split_url(&envelope.url)?;
        check_path(&method, &path)?;
        let body = match &envelope.body {
            None => Bytes::new(),
            Some(_) if method == Method::GET => return Err(bad("a GET request has no body")),
            Some(text) => STANDARD.decode(text).map_err(|_| bad("body is not base64"))?.into(),
        };
        let mut headers = checked_headers(envelope.headers, &host, body.len())?;
        if method == Method::GET {
            headers.remove(CONTENT_LENGTH);
        }
        let timeout = envelope.timeout_ms.map_or(TIMEOUT_DEFAULT, Duration::from_millis);
        Ok(IdentityRequest { method, host, path, headers, body, timeout })
    }
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::new(
        Code::BadRequest,
        message,
        "see PROTOCOL.md of oraedge-bridge, \"Identity requests\"",
    )
}

/// Host and path of a URL that has nothing else.
fn split_url(url: &str) -> Result<(IdentityHost, String), Refusal> {
    let uri: Uri = url.parse().map_err(|_| bad("url is not a URL"))?;
    let https = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(bad("url must begin with https://")),
    };
    let authority = uri.authority().ok_or_else(|| bad("url has no host"))?;
    // `Uri` drops a fragment without a word.
    if authority.as_str().contains('@') || uri.query().is_some() || url.contains('#') {
        return Err(bad(
            "url must be scheme, host, port and path, without user, query and fragment",
        ));
    }
    let port = match authority.as_str().rsplit_once(':') {
        Some((_, port)) if !port.contains(']') => authority
            .port_u16()
            .filter(|port| *port > 0)
            .ok_or_else(|| bad("the port of url is not a number from 1 to 65535"))?,
        _ if https => HTTPS_PORT,
        _ => HTTP_PORT,
    };
    let target = Target::new(authority.host(), port);
    Ok((IdentityHost { https, target }, uri.path().to_owned()))
}

/// Only what token flows need.
fn check_path(method: &Method, path: &str) -> Result<(), Refusal> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let needed = match parts.as_slice() {
        ["v1", "actions", "generateScopedAccessToken"]
        | ["v1", "x509"]
        | ["oauth2", "v1", "token"] => Method::POST,
        [tenant, "oauth2", "v2.0", "token"] if is_tenant(tenant) => Method::POST,
        [".well-known", "openid-configuration"] => Method::GET,
        [tenant, ".well-known", "openid-configuration"]
        | [tenant, "v2.0", ".well-known", "openid-configuration"]
            if is_tenant(tenant) =>
        {
            Method::GET
        }
        _ => {
            return Err(Refusal::new(
                Code::PathNotAllowed,
                "the path of url is none that a token is asked for at",
                "the bridge relays token requests and nothing else; PROTOCOL.md of oraedge-bridge lists the paths",
            ));
        }
    };
    if *method == needed {
        return Ok(());
    }
    Err(Refusal::new(
        Code::PathNotAllowed,
        format!("the path of url takes {needed}, not {method}"),
        "",
    ))
}

fn is_tenant(text: &str) -> bool {
    let sound = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
    !text.is_empty()
        && text.len() <= TENANT_MAX
        && text.bytes().all(sound)
        && text.bytes().any(|b| b.is_ascii_alphanumeric())
}

/// The headers to send. One that is not on the list is refused and not dropped: a signature that
/// covers it would not hold.
fn checked_headers(
    list: Vec<(String, String)>,
    host: &IdentityHost,
    body: usize,
) -> Result<HeaderMap, Refusal> {
    let authority = host.authority();
    let mut headers = HeaderMap::new();
    for (name, value) in list {
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "host" if value.eq_ignore_ascii_case(&authority) => continue,
            "host" => return Err(bad(format!("the header host must be that of url, {authority}"))),
            "content-length" if value.parse() == Ok(body) => continue,
            "content-length" => {
                return Err(bad(format!("the header content-length must be that of body, {body}")));
            }
            known if REQUEST_HEADERS.contains(&known) => {}
            _ => {
                let shown: String = name.escape_default().take(64).collect();
                return Err(Refusal::new(
                    Code::BadRequest,
                    format!("the header {shown} is none that a token request needs"),
                    "PROTOCOL.md of oraedge-bridge lists the headers that are relayed",
                ));
            }
        }
        let unreadable =
            || bad(format!("the value of the header {lower} holds a control character"));
        let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| unreadable())?;
        value.set_sensitive(true);
        let known = HeaderName::from_bytes(lower.as_bytes()).map_err(|_| unreadable())?;
        if headers.insert(known, value).is_some() {
            return Err(bad(format!("the header {lower} comes twice")));
        }
    }
    headers.insert(HOST, HeaderValue::from_str(&authority).map_err(|_| bad("url has no host"))?);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body));
    Ok(headers)
}

/// The service's answer, as the page gets it.
#[derive(Serialize)]
#[serde(tag = "type", rename = "answer")]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, all: &HeaderMap, body: &[u8]) -> Self {
        let headers = ANSWER_HEADERS
            .iter()
            .flat_map(|name| all.get_all(*name).into_iter().map(move |value| (*name, value)))
            .map(|(name, value)| (name, String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        Answer { status: status.as_u16(), headers, body: STANDARD.encode(body) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const SCOPED: &str = "https://auth.example/v1/actions/generateScopedAccessToken";

    fn parse(envelope: &Value) -> Result<IdentityRequest, Refusal> {
        IdentityRequest::parse(envelope.to_string().as_bytes())
    }

    #[test]
    fn a_signed_request_comes_through_as_it_was_signed() {
        let request = parse(&json!({
            "method": "POST",
            "url": "https://Auth.example:443/v1/actions/generateScopedAccessToken",
            "headers": [["Date", "Thu, 05 Jan 2014 21:31:40 GMT"], ["Host", "auth.example"],
                        ["authorization", "Signature x"], ["content-length", "2"],
                        ["x-content-sha256", "abc"]],
            "body": "e30=", "timeoutMs": 1500
        }))
        .unwrap();
        assert_eq!(request.host.to_string(), "https://auth.example");
        assert_eq!(request.body, "{}");
        assert_eq!(request.timeout, Duration::from_millis(1500));
        for (name, value) in [
            ("date", "Thu, 05 Jan 2014 21:31:40 GMT"),
            ("host", "auth.example"),
            ("content-length", "2"),
            ("authorization", "Signature x"),
            ("x-content-sha256", "abc"),
        ] {
            assert_eq!(request.headers[name], value, "{name}");
        }
        assert_eq!(request.headers.len(), 5);
        let shown = format!("{request:?}");
        assert!(!shown.contains("Signature") && !shown.contains("abc"), "{shown}");
    }

    #[test]
    fn only_the_paths_of_token_flows_are_relayed() {
        let tenant = "8e5c3a7e-1111-2222-3333-444455556666";
        for (method, path, allowed) in [
            ("POST", "/v1/actions/generateScopedAccessToken", true),
            ("POST", "/v1/x509", true),
            ("POST", "/oauth2/v1/token", true),
            ("POST", &format!("/{tenant}/oauth2/v2.0/token"), true),
            ("POST", "/contoso.onmicrosoft.com/oauth2/v2.0/token", true),
            ("GET", "/.well-known/openid-configuration", true),
            ("GET", &format!("/{tenant}/v2.0/.well-known/openid-configuration"), true),
            ("GET", "/common/.well-known/openid-configuration", true),
            ("GET", "/v1/x509", false),
            ("GET", "/v1/actions/generateScopedAccessToken", false),
            ("POST", "/.well-known/openid-configuration", false),
            ("POST", "/", false),
            ("POST", "/v1/x509/", false),
            ("POST", "//v1/x509", false),
            ("POST", "/v1/X509", false),
            ("POST", "/v1/../v1/x509", false),
            ("POST", "/%761/x509", false),
            ("POST", "/../oauth2/v2.0/token", false),
            ("POST", "/a%2Fb/oauth2/v2.0/token", false),
            ("POST", "/20160918/users", false),
            ("POST", "/admin/v1/Users", false),
            ("GET", "/opc/v2/instance", false),
        ] {
            let envelope = json!({"method": method, "url": format!("https://auth.example{path}")});
            match parse(&envelope) {
                Ok(_) => assert!(allowed, "{method} {path}"),
                Err(refusal) => {
                    assert!(!allowed, "{method} {path}: {refusal}");
                    assert_eq!(refusal.code, Code::PathNotAllowed, "{method} {path}");
                }
            }
        }
    }

    #[test]
    fn what_is_wrong_with_an_envelope_is_named_and_never_quoted() {
        let with = |field: &str, value: Value| {
            let mut envelope = json!({"method": "POST", "url": SCOPED});
            envelope[field] = value;
            envelope
        };
        for (envelope, says) in [
            (json!("geheim"), "JSON"),
            (json!({"method": "POST"}), "missing"),
            (with("geheim", json!(1)), "unknown"),
            (with("method", json!("DELETE")), "another type"),
            (with("headers", json!({"geheim": "geheim"})), "another type"),
            (with("timeoutMs", json!("geheim")), "another type"),
            (with("body", json!("geheim!")), "base64"),
            (with("url", json!("geheim")), "https://"),
            (with("url", json!("https://auth.example/v1/x509?geheim=1")), "query"),
            (with("url", json!("https://auth.example/v1/x509#geheim")), "fragment"),
            (with("url", json!("https://geheim@auth.example/v1/x509")), "user"),
            (with("url", json!("https://auth.example:0/v1/x509")), "port"),
            (with("url", json!("https://auth.example:99999/v1/x509")), "port"),
            (with("url", json!("https:///v1/x509")), "URL"),
            (with("url", json!("file:///geheim")), "URL"),
            (with("headers", json!([["cookie", "geheim"]])), "cookie"),
            (with("headers", json!([["transfer-encoding", "geheim"]])), "transfer-encoding"),
            (with("headers", json!([["host", "geheim"]])), "auth.example"),
            (with("headers", json!([["content-length", "7"]])), "content-length"),
            (with("headers", json!([["date", "geheim\r\nx: y"]])), "control character"),
            (with("headers", json!([["date", "geheim"], ["Date", "geheim"]])), "twice"),
        ] {
            let refusal = parse(&envelope).unwrap_err();
            assert_eq!(refusal.code, Code::BadRequest, "{envelope}");
            assert!(refusal.message.contains(says), "{envelope}: {refusal}");
            assert!(!refusal.to_string().contains("geheim"), "{refusal}");
        }
        let get = json!({"method": "GET", "body": "e30=",
                         "url": "https://auth.example/.well-known/openid-configuration"});
        assert!(parse(&get).unwrap_err().message.contains("no body"));
    }

    #[test]
    fn of_the_answers_headers_only_the_listed_ones_come_through() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", "application/json"),
            ("set-cookie", "geheim"),
            ("opc-request-id", "r"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        let answer = Answer::new(StatusCode::UNAUTHORIZED, &headers, b"{}");
        assert_eq!(
            serde_json::to_value(&answer).unwrap(),
            json!({"type": "answer", "status": 401, "body": "e30=",
                   "headers": [["content-type", "application/json"], ["opc-request-id", "r"]]})
        );
    }

    /// Whatever comes through is within the lists.
    fn assert_within_the_lists(request: &IdentityRequest) {
        assert!(check_path(&request.method, &request.path).is_ok());
        assert!(request.path.parse::<Uri>().is_ok());
        assert_eq!(request.headers[HOST], request.host.authority());
        for name in request.headers.keys() {
            let known = REQUEST_HEADERS.contains(&name.as_str());
            assert!(known || [HOST, CONTENT_LENGTH].contains(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(request) = IdentityRequest::parse(&bytes) {
                assert_within_the_lists(&request);
            }
        }

        #[test]
        fn no_url_leads_elsewhere(
            scheme in "https?", host in "[a-z0-9.@:\\[\\]-]{1,20}",
            path in "(/[a-zA-Z0-9._%-]{0,12}){0,3}(/v1/x509|/oauth2/v1/token|/oauth2/v2.0/token)?",
            name in "(date|host|x-[a-z]{1,4}|authorization)", value in any::<String>(),
        ) {
            let envelope = json!({"method": "POST", "url": format!("{scheme}://{host}{path}"),
                                  "headers": [[name, value]]});
            if let Ok(request) = parse(&envelope) {
                assert_within_the_lists(&request);
                prop_assert!(!host.contains('@'));
                prop_assert_eq!(request.path, path);
            }
        }
    }
}
