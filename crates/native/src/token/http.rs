//! Requests to identity services.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use oraedge::auth::http::{HttpRequest, HttpResponse, Method};
use oraedge::{Error, Result};
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;

use crate::tls::Trust;

/// The longest answer that is read; a flow refuses a longer one anyway.
const MAX_BODY: usize = oraedge::auth::flow::MAX_RESPONSE_BYTES;
/// How long a connection to a service may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends requests. Clones share their connections.
///
/// Redirects are not followed: a signature is for one host and path, and a token must not go where
/// somebody else sends it. `http://` is for this machine and its link-local services only (the
/// metadata service of a cloud instance).
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    trust: Trust,
    /// Made at the first request: many programs never send one.
    clients: Arc<Mutex<Clients>>,
}

/// One that uses the proxies of the environment, and one for what is near and must not.
#[derive(Debug, Default)]
struct Clients {
    far: Option<reqwest::Client>,
    near: Option<reqwest::Client>,
}

impl HttpClient {
    /// Services must have a certificate that this trusts.
    pub(crate) fn new(trust: Trust) -> HttpClient {
        HttpClient { trust, clients: Arc::default() }
    }

    /// Sends a request, and reads the whole answer within the request's time.
    ///
    /// # Errors
    /// Why there is no answer, in a sentence without secrets.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, String> {
        let timeout = request.timeout;
        match tokio::time::timeout(timeout, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer came within {} ms", timeout.as_millis())),
        }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, String> {
        let url = reqwest::Url::parse(&request.url).map_err(|error| format!("the URL: {error}"))?;
        let near = is_near(&url);
        match url.scheme() {
            "https" => {}
            "http" if near => {}
            "http" => {
                return Err("http:// is for this machine and link-local addresses only, since \
                            whoever is on the way could read the credentials; write https://"
                    .to_owned());
            }
            other => return Err(format!("{other}:// is not an address of a service")),
        }
        let client = self.client(near, request.ca_pem.as_deref()).map_err(|e| e.to_string())?;
        let mut building = client.request(method(request.method), url).headers(headers(&request)?);
        if let Some(body) = request.body {
            building = building.body(body);
        }
        let mut response = building.send().await.map_err(|error| reason(&error))?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| {
            format!("the answer (status {status}) broke off: {}", reason(&error))
        })? {
            if body.len() + piece.len() > MAX_BODY {
                return Err(format!(
                    "the answer (status {status}) is longer than {MAX_BODY} bytes"
                ));
            }
            body.extend_from_slice(&piece);
        }
        Ok(HttpResponse { status, headers, body })
    }

    fn client(&self, near: bool, ca_pem: Option<&str>) -> Result<reqwest::Client> {
        if let Some(pem) = ca_pem {
            // The API of a cluster, asked once an hour: not worth keeping.
            return build(&Trust::only_pem(pem.as_bytes())?, near);
        }
        let mut clients = self.clients.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let kept = if near { &mut clients.near } else { &mut clients.far };
        if let Some(client) = kept {
            return Ok(client.clone());
        }
        let client = build(&self.trust, near)?;
        *kept = Some(client.clone());
        Ok(client)
    }
}

fn build(trust: &Trust, near: bool) -> Result<reqwest::Client> {
    let cannot = |error: &dyn std::fmt::Display| {
        Error::misuse(format!("requests to identity services cannot be set up: {error}"), "")
    };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| cannot(&error))?
        .with_root_certificates(trust.roots().clone())
        .with_no_client_auth();
    let mut building = reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("oraedge/", env!("CARGO_PKG_VERSION")));
    if near {
        building = building.no_proxy();
    }
    building.build().map_err(|error| cannot(&error))
}

/// Whether a URL is of this machine, or of what only this machine can reach.
fn is_near(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    match host.trim_matches(['[', ']']).parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(ip)) => ip.is_loopback() || ip.is_link_local(),
        // fd00:c1::a9fe:a9fe is the metadata service of OCI on IPv6.
        Ok(std::net::IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unique_local()
        }
        Err(_) => false,
    }
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

fn headers(request: &HttpRequest) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| "a header's name is none that HTTP knows".to_owned())?;
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| format!("the header {name} has a character that HTTP does not take"))?;
        value.set_sensitive(true);
        // The body says how long it is.
        if name != CONTENT_LENGTH {
            headers.append(name, value);
        }
    }
    Ok(headers)
}

/// The innermost reason: reqwest's own sentence says only that something failed, and has the URL.
fn reason(error: &reqwest::Error) -> String {
    let mut reasons = Vec::new();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        reasons.push(inner.to_string());
        // What rustls says of this is a link to its manual.
        let io = inner.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::UnexpectedEof) {
            return "the connection ended before the answer was there".to_owned();
        }
        source = inner.source();
    }
    match (reasons.pop(), error.is_timeout()) {
        (_, true) => "the connection could not be opened in time".to_owned(),
        (Some(innermost), false) => innermost,
        (None, false) => "it could not be sent".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn credentials_do_not_go_over_plain_http_but_to_what_is_near() {
        let client = HttpClient::new(Trust::public());
        for url in
            ["http://auth.us-phoenix-1.oraclecloud.com/v1/x509", "http://10.0.0.1/", "ftp://h/"]
        {
            let error = client.send(HttpRequest::get(url)).await.unwrap_err();
            assert!(error.contains("://"), "{error}");
        }
        for (url, near) in [
            ("http://localhost:1/", true),
            ("http://127.0.0.1/", true),
            ("http://[::1]/", true),
            ("http://169.254.169.254/opc/v2/", true),
            ("http://[fd00:c1::a9fe:a9fe]/opc/v2/", true),
            ("http://localhost.example.com/", false),
            ("http://8.8.8.8/", false),
        ] {
            assert_eq!(is_near(&url.parse().unwrap()), near, "{url}");
        }
    }

    #[tokio::test]
    async fn a_refused_connection_is_told() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/secret", listener.local_addr().unwrap());
        drop(listener);
        let client = HttpClient::new(Trust::public());
        let error = client.send(HttpRequest::get(url)).await.unwrap_err();
        assert!(error.contains("refused") && !error.contains("secret"), "{error}");
    }
}
