//! The listening side: `/healthz`, plain HTTP, its own TLS, slow clients, going down.

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use oraedge_bridge::{Limits, RunningBridge, SUBPROTOCOL};
use serde_json::{Value, json};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Sends a request by hand and returns the whole answer.
async fn http(address: std::net::SocketAddr, request: &str) -> String {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, tcp.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn healthz_tells_the_state() {
    let target = target(echo).await;
    let bridge = start(builder(&[target])).await;
    let _client = connected(&bridge, target).await;
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = http(bridge.addr(), request).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!((&body["status"], &body["connections"]), (&json!("ok"), &json!(1)), "{body}");
    assert!(!answer.contains(&target.port().to_string()), "targets are nobody's business");
}

#[tokio::test]
async fn what_is_not_a_websocket_is_told_what_is_expected() {
    let bridge = start(builder(&[])).await;
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "426"),
        ("POST /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405"),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nOrigin: http://page.example\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: oraedge.v1\r\n\r\n",
            "400",
        ),
        ("garbage\r\n\r\n", "400"),
    ] {
        let answer = http(bridge.addr(), request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
    }
}

#[tokio::test]
async fn a_request_that_trickles_in_is_cut_off() {
    let limits = Limits { handshake: Duration::from_millis(300), ..limits() };
    let bridge = start(builder(&[]).limits(limits)).await;
    let whole = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    for sent in ["", "GET / HTTP/1.1\r\n", whole] {
        let mut tcp = TcpStream::connect(bridge.addr()).await.unwrap();
        let begin = Instant::now();
        let mut answer = Vec::new();
        tcp.write_all(sent.as_bytes()).await.unwrap();
        let _ = timeout(PATIENCE, tcp.read_to_end(&mut answer)).await.unwrap();
        assert!(begin.elapsed() < Duration::from_secs(5), "{sent:?}: {:?}", begin.elapsed());
    }
}

#[tokio::test]
async fn the_bridge_itself_may_speak_tls() {
    let ca = Authority::new("Bridge Root");
    let identity = ca.issue(&["localhost"], |_| {});
    let target = target(echo).await;
    let bridge =
        start(builder(&[target]).listen_tls(identity.pem.as_str(), identity.key.serialize_pem()))
            .await;
    assert!(bridge.url().starts_with("wss://"));

    let tls = tls_to(&bridge, &ca).await;
    let mut request = "wss://localhost/some/path".into_client_request().unwrap();
    request.headers_mut().insert("origin", ORIGIN.parse().unwrap());
    request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
    let (ws, _) = tokio_tungstenite::client_async(request, tls).await.unwrap();
    let mut client = Client { ws };
    client.connect(target, json!({"protocol": "tcp"})).await;
    assert_eq!(client.control().await["type"], "connected");
    client.bytes("hello").await;
    assert_eq!(client.read(5).await, b"hello");
}

/// TLS with the bridge, trusting `ca` alone.
async fn tls_to(bridge: &RunningBridge, ca: &Authority) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(rustls_pem(&ca.pem)).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(bridge.addr()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap()
}

#[tokio::test]
async fn a_renewed_certificate_is_used_without_a_new_start() {
    let ca = Authority::new("Bridge Root");
    let path = |name: &str| {
        std::env::temp_dir().join(format!("oraedge-service-{}-{name}", std::process::id()))
    };
    let (chain, key) = (path("chain.pem"), path("key.pem"));
    let write = |identity: &Identity| {
        std::fs::write(&chain, &identity.pem).unwrap();
        std::fs::write(&key, identity.key.serialize_pem()).unwrap();
    };
    let [old, new] = [0, 1].map(|_| ca.issue(&["localhost"], |_| {}));
    write(&old);
    let bridge = start(builder(&[]).listen_tls_files(&chain, &key)).await;
    let shown =
        |tls: &TlsStream<TcpStream>| tls.get_ref().1.peer_certificates().unwrap()[0].clone();
    let mut open = tls_to(&bridge, &ca).await;
    assert_eq!(shown(&open), old.certificate);

    // Half of the pair is new: the old pair stays.
    std::fs::write(&chain, &new.pem).unwrap();
    bridge.reload();
    assert_eq!(shown(&tls_to(&bridge, &ca).await), old.certificate);
    write(&new);
    // The files are looked at by and by, without being told.
    let begin = Instant::now();
    while shown(&tls_to(&bridge, &ca).await) != new.certificate {
        assert!(begin.elapsed() < PATIENCE, "the new certificate is not used");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    open.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, open.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "the connection from before goes on");
    for file in [chain, key] {
        std::fs::remove_file(file).unwrap();
    }
}

fn rustls_pem(pem: &str) -> tokio_rustls::rustls::pki_types::CertificateDer<'static> {
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    tokio_rustls::rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

#[tokio::test]
async fn a_shutdown_waits_for_those_who_end_and_closes_those_who_do_not() {
    let target = target(echo).await;
    let limits = Limits { drain: Duration::from_millis(1500), ..limits() };
    let bridge = start(builder(&[target]).limits(limits)).await;
    let address = bridge.addr();
    let mut ends = connected(&bridge, target).await;
    let mut stays = connected(&bridge, target).await;
    let begin = Instant::now();
    let down = tokio::spawn(bridge.shutdown());

    for client in [&mut ends, &mut stays] {
        assert_eq!(client.control().await, json!({"type": "draining", "closesInMs": 1500}));
        client.bytes("still works").await;
        assert_eq!(client.read(11).await, b"still works");
    }
    assert!(TcpStream::connect(address).await.is_err(), "nobody new is let in");
    ends.text(json!({"type": "eof"})).await;
    assert_eq!(ends.frame().await, Frame::Control(json!({"type": "eof"})));
    assert_eq!(ends.frame().await, Frame::Close(1000, String::new()));
    drop(ends);
    stays.end("error", "SHUTTING_DOWN", 4503).await;
    assert!(begin.elapsed() >= Duration::from_millis(1500));
    drop(stays);
    timeout(PATIENCE, down).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_shutdown_without_connections_is_quick() {
    let bridge = start(builder(&[]).limits(Limits::default())).await;
    let mut idle = TcpStream::connect(bridge.addr()).await.unwrap();
    let begin = Instant::now();
    timeout(PATIENCE, bridge.shutdown()).await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, idle.read_to_end(&mut rest)).await.unwrap();
}

#[tokio::test]
async fn dropping_the_bridge_closes_everything() {
    let target = target(echo).await;
    let bridge = start(builder(&[target])).await;
    let mut client = connected(&bridge, target).await;
    drop(bridge);
    loop {
        match client.frame().await {
            Frame::Control(frame) if frame["type"] == "draining" => {}
            Frame::Control(frame) => break assert_eq!(frame["code"], "SHUTTING_DOWN"),
            other => panic!("{other:?}"),
        }
    }
}
