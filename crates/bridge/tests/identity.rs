//! Identity requests: what is relayed, to whom, and what a page is told where nothing is.

mod support;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oraedge_bridge::{Bridge, Builder, Limits, RunningBridge};
use serde_json::{Value, json};
use support::*;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

const SCOPED: &str = "/v1/actions/generateScopedAccessToken";

/// An identity service that answers everything alike and keeps what it was sent.
#[derive(Clone)]
struct Service {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Service {
    async fn start(tls: Option<TlsAcceptor>, answer: &'static str) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let address = target(move |tcp| {
            let (tls, log) = (tls.clone(), Arc::clone(&log));
            async move {
                match tls {
                    None => serve(tcp, &log, answer).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(tcp).await {
                            serve(stream, &log, answer).await;
                        }
                    }
                }
            }
        })
        .await;
        Service { address, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    log: &Mutex<Vec<String>>,
    answer: &str,
) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !complete(&request) {
        match stream.read(&mut buffer).await {
            Ok(n @ 1..) => request.extend(&buffer[..n]),
            _ => return,
        }
    }
    log.lock().unwrap().push(String::from_utf8(request).unwrap());
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.flush().await;
    if answer.is_empty() {
        // Neither answers nor hangs up.
        std::future::pending::<()>().await;
    }
    let _ = stream.shutdown().await;
}

/// Whether the head is there, and as much body as it announces.
fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

/// What the bridge answered.
struct Answered {
    status: u16,
    head: String,
    body: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}\n{}", self.head, self.body))
    }

    fn refused(&self, status: u16, code: &str) -> Value {
        let json = self.json();
        assert_eq!((self.status, json["code"].as_str()), (status, Some(code)), "{json}");
        assert_eq!(json["type"], "refused");
        json
    }
}

async fn send(bridge: &RunningBridge, request: &str) -> Answered {
    let mut tcp = TcpStream::connect(bridge.addr()).await.unwrap();
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, tcp.read_to_string(&mut answer)).await.unwrap().unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answered { status, head: head.to_owned(), body: body.to_owned() }
}

async fn post_with(bridge: &RunningBridge, headers: &str, envelope: &Value) -> Answered {
    let body = envelope.to_string();
    let request = format!(
        "POST /identity HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    send(bridge, &request).await
}

/// As a page of [`ORIGIN`] sends it.
async fn post(bridge: &RunningBridge, envelope: &Value) -> Answered {
    let headers = format!("Origin: {ORIGIN}\r\nContent-Type: application/json\r\n");
    post_with(bridge, &headers, envelope).await
}

fn envelope(url: impl std::fmt::Display) -> Value {
    json!({
        "method": "POST", "url": url.to_string(), "body": "e30=",
        "headers": [["date", "Thu, 05 Jan 2014 21:31:40 GMT"], ["authorization", "Signature geheim"],
                    ["content-type", "application/json"]]
    })
}

/// A bridge that relays to `service` over plain HTTP.
async fn bridge_to(service: &Service) -> RunningBridge {
    start(builder(&[]).allow_identity(&format!("http://{}", service.address)).unwrap()).await
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nset-cookie: a=b\r\nopc-request-id: r1\r\ncontent-length: 13\r\n\r\n{\"token\":\"t\"}";

#[tokio::test]
async fn a_token_request_goes_out_over_https_and_the_answer_comes_back() {
    let ca = Authority::new("Identity Root");
    let acceptor = ca.issue(&["localhost"], |_| {}).acceptor();
    let service = Service::start(Some(acceptor), OK).await;
    let host = format!("localhost:{}", service.address.port());
    let bridge = start(builder(&[]).ca_pem(ca.pem.as_str()).allow_identity(&host).unwrap()).await;

    let answered = post(&bridge, &envelope(format!("https://{host}{SCOPED}"))).await;
    assert_eq!(
        answered.json(),
        json!({"type": "answer", "status": 200, "body": "eyJ0b2tlbiI6InQifQ==",
               "headers": [["content-type", "application/json"], ["opc-request-id", "r1"]]})
    );
    assert_eq!(answered.status, 200);
    let head = answered.head.to_lowercase();
    assert!(head.contains(&format!("access-control-allow-origin: {ORIGIN}")), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    assert!(!head.contains("set-cookie"), "{head}");

    let [seen] = &service.seen()[..] else { panic!("{:?}", service.seen()) };
    assert!(seen.starts_with(&format!("POST {SCOPED} HTTP/1.1\r\n")), "{seen}");
    for line in [
        &format!("host: {host}"),
        "date: Thu, 05 Jan 2014 21:31:40 GMT",
        "authorization: Signature geheim",
        "content-length: 2",
    ] {
        assert!(seen.contains(&format!("\r\n{line}\r\n")), "{line}: {seen}");
    }
    assert!(!seen.to_lowercase().contains("origin"), "{seen}");
    assert!(seen.ends_with("\r\n\r\n{}"), "{seen}");
}

#[tokio::test]
async fn what_the_service_says_comes_back_whatever_it_is_and_redirects_are_not_followed() {
    for (answer, status) in [
        ("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", 401),
        ("HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n", 429),
        ("HTTP/1.1 503 Service Unavailable\r\n\r\nbusy", 503),
        ("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", 302),
    ] {
        let service = Service::start(None, answer).await;
        let bridge = bridge_to(&service).await;
        let url = format!("http://{}{SCOPED}", service.address);
        let answered = post(&bridge, &envelope(url)).await;
        assert_eq!((answered.status, &answered.json()["status"]), (200, &json!(status)));
        assert_eq!(service.seen().len(), 1);
        if status == 429 {
            assert_eq!(answered.json()["headers"], json!([["retry-after", "7"]]));
        }
    }
}

#[tokio::test]
async fn only_listed_hosts_are_relayed_to_and_none_is_listed_by_default() {
    let service = Service::start(None, OK).await;
    let port = service.address.port();
    let unlisted = start(builder(&[service.address])).await;
    let listed = bridge_to(&service).await;
    for (bridge, url) in [
        (&unlisted, format!("http://127.0.0.1:{port}{SCOPED}")),
        (&unlisted, format!("https://auth.us-phoenix-1.oraclecloud.com{SCOPED}")),
        (&listed, format!("https://127.0.0.1:{port}{SCOPED}")),
        (&listed, format!("http://localhost:{port}{SCOPED}")),
        (&listed, format!("http://127.0.0.1{SCOPED}")),
        (&listed, format!("http://169.254.169.254{SCOPED}")),
        (&listed, format!("http://[::ffff:127.0.0.1]:{port}{SCOPED}")),
    ] {
        let refused = post(bridge, &envelope(&url)).await.refused(403, "TARGET_NOT_ALLOWED");
        assert!(refused["remedy"].as_str().unwrap().contains("--allow-identity"), "{refused}");
    }
    assert!(service.seen().is_empty());
}

#[tokio::test]
async fn only_the_paths_and_methods_of_token_flows_are_relayed() {
    let service = Service::start(None, OK).await;
    let bridge = bridge_to(&service).await;
    for (method, path) in
        [("POST", "/20160918/users"), ("POST", "/opc/v2/instance"), ("GET", SCOPED)]
    {
        let mut envelope = json!({"method": method, "url": ""});
        envelope["url"] = format!("http://{}{path}", service.address).into();
        post(&bridge, &envelope).await.refused(403, "PATH_NOT_ALLOWED");
    }
    let url = format!("http://{}/.well-known/openid-configuration", service.address);
    assert_eq!(post(&bridge, &json!({"method": "GET", "url": url})).await.status, 200);
    let [seen] = &service.seen()[..] else { panic!("{:?}", service.seen()) };
    assert!(seen.starts_with("GET /.well-known/openid-configuration HTTP/1.1\r\n"), "{seen}");
}

#[tokio::test]
async fn a_page_must_be_of_a_listed_origin() {
    let service = Service::start(None, OK).await;
    let bridge = bridge_to(&service).await;
    let envelope = envelope(format!("http://{}{SCOPED}", service.address));
    for origin in ["Origin: http://evil.example\r\n", "Origin: null\r\n", ""] {
        let headers = format!("{origin}Content-Type: application/json\r\n");
        let answered = post_with(&bridge, &headers, &envelope).await;
        answered.refused(403, "ORIGIN_NOT_ALLOWED");
        assert!(!answered.head.to_lowercase().contains("access-control"), "{}", answered.head);
    }
    assert!(service.seen().is_empty());

    let programs = builder(&[]).allow_no_origin(true);
    let host = format!("http://{}", service.address);
    let programs = start(programs.allow_identity(&host).unwrap()).await;
    let answered = post_with(&programs, "Content-Type: application/json\r\n", &envelope).await;
    assert_eq!(answered.status, 200);
    assert!(!answered.head.to_lowercase().contains("access-control"), "{}", answered.head);
}

#[tokio::test]
async fn a_preflight_request_is_answered_for_listed_origins_alone() {
    let bridge = start(builder(&[])).await;
    let preflight = |origin: &str| {
        format!(
            "OPTIONS /identity HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,content-type\r\n\r\n"
        )
    };
    let answered = send(&bridge, &preflight(ORIGIN)).await;
    assert_eq!(answered.status, 204);
    let head = answered.head.to_lowercase();
    for line in [
        &format!("access-control-allow-origin: {ORIGIN}"),
        "access-control-allow-methods: post",
        "access-control-allow-headers: authorization, content-type",
        "vary: origin",
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
    assert!(!head.contains("allow-credentials"), "{head}");

    let answered = send(&bridge, &preflight("http://evil.example")).await;
    assert_eq!(answered.status, 403);
    assert!(!answered.head.to_lowercase().contains("access-control"), "{}", answered.head);
}

#[tokio::test]
async fn the_bearer_token_is_asked_for_here_as_well() {
    let service = Service::start(None, OK).await;
    let host = format!("http://{}", service.address);
    let builder = builder(&[]).token("geheim").unwrap().allow_identity(&host).unwrap();
    let bridge = start(builder).await;
    let envelope = envelope(format!("{host}{SCOPED}"));
    let base = format!("Origin: {ORIGIN}\r\nContent-Type: application/json\r\n");
    for header in ["", "Authorization: Bearer falsch\r\n", "Authorization: Basic geheim\r\n"] {
        let answered = post_with(&bridge, &format!("{base}{header}"), &envelope).await;
        answered.refused(401, "UNAUTHORIZED");
    }
    assert!(service.seen().is_empty());
    let header = format!("{base}Authorization: Bearer geheim\r\n");
    assert_eq!(post_with(&bridge, &header, &envelope).await.status, 200);
    assert!(!service.seen()[0].contains("Bearer"), "the bridge's token is not the service's");
}

#[tokio::test]
async fn what_is_no_identity_request_is_refused_with_the_reason() {
    let service = Service::start(None, OK).await;
    let bridge = bridge_to(&service).await;
    let good = envelope(format!("http://{}{SCOPED}", service.address));

    let headers = format!("Origin: {ORIGIN}\r\nContent-Type: text/plain\r\n");
    let refused = post_with(&bridge, &headers, &good).await.refused(400, "BAD_REQUEST");
    assert!(refused["message"].as_str().unwrap().contains("application/json"));

    let mut cookie = good.clone();
    cookie["headers"] = json!([["cookie", "geheim"]]);
    let refused = post(&bridge, &cookie).await.refused(400, "BAD_REQUEST");
    assert!(refused["message"].as_str().unwrap().contains("cookie"));
    assert!(!refused.to_string().contains("geheim"));

    let mut huge = good.clone();
    huge["body"] = "A".repeat(300_000).into();
    post(&bridge, &huge).await.refused(413, "MESSAGE_TOO_BIG");

    let get = format!(
        "GET /identity HTTP/1.1\r\nHost: b\r\nConnection: close\r\nOrigin: {ORIGIN}\r\n\r\n"
    );
    send(&bridge, &get).await.refused(405, "METHOD_NOT_ALLOWED");
    assert!(service.seen().is_empty());
}

#[tokio::test]
async fn time_and_places_are_limited() {
    let silent = Service::start(None, "").await;
    let limits = Limits {
        handshake: Duration::from_millis(300),
        identity: Duration::from_millis(400),
        max_connections: 1,
        ..limits()
    };
    let host = format!("http://{}", silent.address);
    let bridge = start(builder(&[]).limits(limits).allow_identity(&host).unwrap()).await;
    let mut envelope = envelope(format!("{host}{SCOPED}"));
    let late = post(&bridge, &envelope).await.refused(504, "CONNECTION_TIMED_OUT");
    assert!(late["message"].as_str().unwrap().contains("400 ms"), "{late}");
    envelope["timeoutMs"] = 50.into();
    let late = post(&bridge, &envelope).await.refused(504, "CONNECTION_TIMED_OUT");
    assert!(late["message"].as_str().unwrap().contains("50 ms"), "{late}");

    // A body that does not come.
    let stuck = format!(
        "POST /identity HTTP/1.1\r\nHost: b\r\nConnection: close\r\nOrigin: {ORIGIN}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    send(&bridge, &stuck).await.refused(408, "HANDSHAKE_TIMEOUT");

    envelope["timeoutMs"] = 400.into();
    let (one, two) = tokio::join!(post(&bridge, &envelope), post(&bridge, &envelope));
    let mut codes = [one.status, two.status];
    codes.sort_unstable();
    assert_eq!(codes, [429, 504]);
    eventually("the place is free", || bridge.connections() == 0).await;
}

#[tokio::test]
async fn an_answer_that_is_none_is_told_apart() {
    for (answer, says) in [
        ("SSH-2.0-OpenSSH_9.2\r\n", "did not answer in HTTP"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort", "broke off"),
    ] {
        let service = Service::start(None, answer).await;
        let bridge = bridge_to(&service).await;
        let envelope = envelope(format!("http://{}{SCOPED}", service.address));
        let refused = post(&bridge, &envelope).await.refused(502, "BAD_ANSWER");
        assert!(refused["message"].as_str().unwrap().contains(says), "{refused}");
    }
    let long: &'static str = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(300_000)).leak();
    let service = Service::start(None, long).await;
    let bridge = bridge_to(&service).await;
    let envelope = envelope(format!("http://{}{SCOPED}", service.address));
    let refused = post(&bridge, &envelope).await.refused(502, "BAD_ANSWER");
    assert!(refused["message"].as_str().unwrap().contains("more than"), "{refused}");
}

#[tokio::test]
async fn a_service_that_is_not_trusted_or_not_there_is_refused() {
    let other = Authority::new("Other Root");
    let ca = Authority::new("Identity Root");
    let untrusted = Service::start(Some(other.issue(&["localhost"], |_| {}).acceptor()), OK).await;
    let misnamed = Service::start(Some(ca.issue(&["auth.example"], |_| {}).acceptor()), OK).await;
    let plain = target(|mut tcp| async move {
        let _ = tcp.read(&mut [0; 512]).await;
        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let dead = dead_port().await;
    let with = |builder: Builder, port: u16| builder.allow_identity(&format!("localhost:{port}"));
    let mut builder = builder(&[]).ca_pem(ca.pem.as_str());
    let ports = [untrusted.address, misnamed.address, plain].map(|address| address.port());
    for port in ports.into_iter().chain([dead.port()]) {
        builder = with(builder, port).unwrap();
    }
    let bridge = start(builder).await;
    for (port, status, code, says) in [
        (ports[0], 526, "TLS_UNTRUSTED", "Other Root"),
        (ports[1], 526, "TLS_UNTRUSTED", "auth.example"),
        (ports[2], 525, "TLS_FAILED", "not TLS"),
        (dead.port(), 502, "CONNECTION_REFUSED", "refused"),
    ] {
        let url = format!("https://localhost:{port}{SCOPED}");
        let refused = post(&bridge, &envelope(url)).await.refused(status, code);
        assert!(refused["message"].as_str().unwrap().contains(says), "{refused}");
    }
    for service in [&untrusted, &misnamed] {
        assert!(
            service.seen().iter().all(|seen| !seen.contains("geheim")),
            "sent to the wrong one"
        );
    }
}

#[tokio::test]
async fn a_listed_name_that_leads_into_the_private_network_is_not_connected_to() {
    // Forms of 127.0.0.1 that only name look-up understands, as a rebound name would be.
    let service = Service::start(None, OK).await;
    let port = service.address.port();
    let builder = Bridge::builder().limits(limits()).allow_origin(ORIGIN).unwrap();
    let bridge = start(builder.allow_identity(&format!("127.1:{port}")).unwrap()).await;
    let url = format!("https://127.1:{port}{SCOPED}");
    let refused = post(&bridge, &envelope(url)).await.refused(403, "ADDRESS_NOT_ALLOWED");
    assert!(refused["message"].as_str().unwrap().contains("127.0.0.1, a loopback"), "{refused}");
    assert!(service.seen().is_empty());
}
