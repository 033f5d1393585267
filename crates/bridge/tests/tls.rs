//! TLS to the target: what is trusted, what is not, and what the client is told.

mod support;

use oraedge_bridge::{Bridge, RunningBridge};
use rcgen::{DnType, date_time_ymd};
use serde_json::{Value, json};
use std::net::SocketAddr;
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::rustls::version::{TLS12, TLS13};

async fn bridge_to(target: SocketAddr, ca: &Authority) -> RunningBridge {
    start(builder(&[target]).ca_pem(ca.pem.as_str())).await
}

async fn tcps(bridge: &RunningBridge, target: SocketAddr, mut fields: Value) -> Client {
    fields["protocol"] = "tcps".into();
    let mut client = page(bridge).await;
    client.connect(target, fields).await;
    client
}

async fn assert_echoes(client: &mut Client) -> Value {
    let frame = client.control().await;
    assert_eq!(frame["type"], "connected", "{frame}");
    client.bytes(vec![9; 200_000]).await;
    assert_eq!(client.read(200_000).await, vec![9; 200_000]);
    frame
}

#[tokio::test]
async fn a_certificate_of_a_given_root_is_trusted() {
    let ca = Authority::new("Test Root");
    let target = tls_echo(&ca.issue(&["127.0.0.1"], |_| {})).await;
    let bridge = bridge_to(target, &ca).await;
    let mut client = tcps(&bridge, target, json!({})).await;
    let frame = assert_echoes(&mut client).await;
    assert_eq!(frame["tls"]["protocol"], "TLSv1.3");
    assert!(frame["tls"]["cipherSuite"].as_str().unwrap().starts_with("TLS13_"));
    client.text(json!({"type": "eof"})).await;
    assert_eq!(client.frame().await, Frame::Control(json!({"type": "eof"})));
    assert_eq!(client.frame().await, Frame::Close(1000, String::new()));
}

#[tokio::test]
async fn what_is_not_trusted_is_refused_with_the_certificate_and_the_reason() {
    let ca = Authority::new("Test Root");
    let other = Authority::new("Other Root");
    let cases = [
        ("unknown issuer", other.issue(&["127.0.0.1"], |_| {}), json!({}), "CN=Other Root", "--ca"),
        (
            "unknown issuer, without DN match",
            other.issue(&["127.0.0.1"], |_| {}),
            json!({"dnMatch": false}),
            "CN=Other Root",
            "--ca",
        ),
        (
            "expired",
            ca.issue(&["127.0.0.1"], |params| {
                params.not_before = date_time_ymd(2019, 1, 1);
                params.not_after = date_time_ymd(2020, 2, 3);
            }),
            json!({}),
            "2020",
            "renewed",
        ),
        (
            "not valid yet",
            ca.issue(&["127.0.0.1"], |params| {
                params.not_before = date_time_ymd(2090, 1, 1);
                params.not_after = date_time_ymd(2091, 1, 1);
            }),
            json!({}),
            "2090",
            "clock",
        ),
        ("another name", ca.issue(&["db.example"], |_| {}), json!({}), "db.example", "serverName"),
        (
            "another server name",
            ca.issue(&["127.0.0.1"], |_| {}),
            json!({"serverName": "db.example"}),
            "not for db.example",
            "serverName",
        ),
        (
            "another DN",
            ca.issue(&["127.0.0.1"], |_| {}),
            json!({"sslServerCertDn": "CN=another database"}),
            "CN=the database",
            "SSL_SERVER_CERT_DN",
        ),
    ];
    for (case, identity, fields, says, remedy) in cases {
        let target = tls_echo(&identity).await;
        let bridge = bridge_to(target, &ca).await;
        let mut client = tcps(&bridge, target, fields).await;
        let frame = client.end("refused", "TLS_UNTRUSTED", 4526).await;
        let message = frame["message"].as_str().unwrap();
        assert!(message.contains(says) && message.contains(&target.to_string()), "{case}: {frame}");
        assert!(frame["remedy"].as_str().unwrap().contains(remedy), "{case}: {frame}");
    }
}

#[tokio::test]
async fn what_the_client_asks_of_the_name_decides() {
    let ca = Authority::new("Test Root");
    let identity = ca.issue(&["*.db.example"], |params| {
        params.distinguished_name.push(DnType::OrganizationName, "A, B");
    });
    let target = tls_echo(&identity).await;
    let bridge = bridge_to(target, &ca).await;
    for fields in [
        json!({"serverName": "one.DB.example"}),
        json!({"serverName": "the database"}), // its common name
        json!({"dnMatch": false}),
        json!({"sslServerCertDn": r#"O="A, B", cn=the database"#}),
        json!({"serverName": "one.db.example", "sni": "one.db.example"}),
    ] {
        let mut client = tcps(&bridge, target, fields).await;
        assert_echoes(&mut client).await;
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_as_a_root_only_if_it_is_one() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "alone");
    let certificate = params.self_signed(&key).unwrap();
    let identity = Identity { certificate: certificate.der().clone(), key, pem: certificate.pem() };
    let target = tls_echo(&identity).await;
    let bridge = bridge_to(target, &Authority::new("Test Root")).await;
    let mut client = tcps(&bridge, target, json!({})).await;
    let frame = client.end("refused", "TLS_UNTRUSTED", 4526).await;
    assert!(frame["message"].as_str().unwrap().contains("self-signed"), "{frame}");
}

#[tokio::test]
async fn a_port_that_does_not_speak_tls_is_named_as_such() {
    let ca = Authority::new("Test Root");
    let refusing = target(|mut tcp| async move {
        let mut buffer = [0; 100];
        let _ = tcp.read(&mut buffer).await;
        // A TNS REFUSE packet, as a plain listener may answer.
        let _ = tcp.write_all(&[0, 12, 0, 0, 4, 0, 0, 0, 34, 0, 0, 0]).await;
        let _ = tcp.read(&mut buffer).await;
    })
    .await;
    let hanging_up = target(|mut tcp| async move {
        let mut buffer = [0; 2000];
        let _ = tcp.read(&mut buffer).await;
    })
    .await;
    for target in [refusing, hanging_up] {
        let bridge = bridge_to(target, &ca).await;
        let mut client = tcps(&bridge, target, json!({})).await;
        let frame = client.end("refused", "TLS_FAILED", 4525).await;
        assert!(frame["remedy"].as_str().unwrap().contains("TCPS port"), "{frame}");
    }
}

#[tokio::test]
async fn in_relay_mode_the_bridge_carries_what_it_cannot_read() {
    let ca = Authority::new("Test Root");
    let identity = ca.issue(&["127.0.0.1"], |_| {});
    let target = tls_echo(&identity).await;
    // This bridge trusts nobody who could have signed the target's certificate.
    let bridge = start(builder(&[target])).await;
    let mut client = tcps(&bridge, target, json!({"tls": "relay"})).await;
    assert_eq!(client.control().await["tls"], json!(null));
    // Half a TLS record header: a TLS server keeps quiet, an echo would come back.
    client.bytes(b"hello\n".to_vec()).await;
    match client.frame().await {
        // A TLS alert record (type 21), which shows that the target saw the raw bytes.
        Frame::Bytes(bytes) => assert_eq!(bytes[0], 21),
        Frame::Control(frame) => assert_ne!(frame["type"], "connected"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn tls_starts_anew_on_the_same_socket() {
    let ca = Authority::new("Test Root");
    let acceptor = ca.issue(&["127.0.0.1"], |_| {}).acceptor();
    let target = target(move |tcp: TcpStream| {
        let acceptor = acceptor.clone();
        async move {
            let mut first = acceptor.accept(tcp).await.unwrap();
            let mut word = [0; 5];
            first.read_exact(&mut word).await.unwrap();
            first.write_all(b"resend").await.unwrap();
            first.flush().await.unwrap();
            let (tcp, _) = first.into_inner();
            let second = acceptor.accept(tcp).await.unwrap();
            echo(second).await;
        }
    })
    .await;
    let bridge = bridge_to(target, &ca).await;
    let mut client = tcps(&bridge, target, json!({})).await;
    assert_eq!(client.control().await["type"], "connected");
    client.bytes("hello").await;
    assert_eq!(client.read(6).await, b"resend");
    client.text(json!({"type": "restart_tls"})).await;
    let frame = client.control().await;
    assert_eq!(frame["type"], "tls_restarted", "{frame}");
    assert_eq!(frame["tls"]["protocol"], "TLSv1.3");
    client.bytes("again").await;
    assert_eq!(client.read(5).await, b"again");
}

#[tokio::test]
async fn a_target_with_tls_1_2_alone_is_served() {
    let ca = Authority::new("Test Root");
    let acceptor = ca.issue(&["127.0.0.1"], |_| {}).acceptor_of(&[&TLS12], None);
    let target = tls_echo_by(acceptor).await;
    let bridge = bridge_to(target, &ca).await;
    let mut client = tcps(&bridge, target, json!({})).await;
    let frame = assert_echoes(&mut client).await;
    assert_eq!(frame["tls"]["protocol"], "TLSv1.2");
}

#[tokio::test]
async fn a_target_that_demands_a_client_certificate_is_named_as_such() {
    let ca = Authority::new("Test Root");
    for versions in [&[&TLS12][..], &[&TLS13]] {
        let acceptor = ca.issue(&["127.0.0.1"], |_| {}).acceptor_of(versions, Some(&ca));
        let target = tls_echo_by(acceptor).await;
        let bridge = bridge_to(target, &ca).await;
        let mut client = tcps(&bridge, target, json!({})).await;
        // In TLS 1.3 the server says so only after the client's side of the handshake is done.
        let frame = match client.control().await {
            frame if frame["type"] == "connected" => {
                client.end("error", "CONNECTION_LOST", 4502).await
            }
            frame => frame,
        };
        assert!(frame["remedy"].as_str().unwrap().contains("mTLS"), "{frame}");
    }
}

#[tokio::test]
async fn a_ca_file_without_certificates_stops_the_start() {
    let error = Bridge::builder().ca_pem("no pem").bind("127.0.0.1:0").await.unwrap_err();
    assert!(error.to_string().contains("BEGIN CERTIFICATE"), "{error}");
    let error = Bridge::builder().ca_only(true).bind("127.0.0.1:0").await.unwrap_err();
    assert!(error.to_string().contains("no TLS target"), "{error}");
}
