//! The transports against servers made here: what works, and what each failure says.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use futures::io::{AsyncReadExt, AsyncWriteExt};
use oraedge::Error;
use oraedge::connect_string::TlsVersion;
use oraedge_native::{Endpoint, NativeStream, NativeTransport, ServerName, TlsTarget, Trust};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// An authority that exists for one test.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    roots: RootCertStore,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        Authority { pem: certificate.pem(), issuer: Issuer::new(params, key), roots }
    }

    fn trust(&self) -> Trust {
        Trust::only_pem(self.pem.as_bytes()).unwrap()
    }
}

/// A certificate with these DNS names, and a subject of this common name and `O=Example`.
fn params(common_name: &str, dns_names: &[&str]) -> CertificateParams {
    let names: Vec<String> = dns_names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.distinguished_name.push(DnType::OrganizationName, "Example");
    params
}

fn localhost() -> CertificateParams {
    params("localhost", &["localhost"])
}

fn server_config(authority: &Authority, params: CertificateParams) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap()
}

/// Serves echoes on an own port until the test ends.
async fn tls_echo(config: ServerConfig) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    let (mut read, mut write) = tokio::io::split(stream);
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                    let _ = write.shutdown().await;
                }
            });
        }
    });
    port
}

async fn tcp_echo() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
                let _ = write.shutdown().await;
            });
        }
    });
    port
}

/// Sends more than a TLS record and more than one socket buffer, and expects it back.
async fn assert_echoes(stream: NativeStream) {
    let sent: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    let (mut read, mut write) = stream.split();
    let writing = async {
        write.write_all(&sent).await.unwrap();
        write.flush().await.unwrap();
        write.close().await.unwrap();
    };
    let mut received = Vec::new();
    let reading = async { read.read_to_end(&mut received).await.unwrap() };
    futures::join!(writing, reading);
    assert!(received == sent, "{} of {} bytes came back", received.len(), sent.len());
}

fn endpoint(port: u16) -> Endpoint {
    Endpoint { connect_timeout: Duration::from_secs(5), ..Endpoint::tcps("localhost", port) }
}

fn named(port: u16, name: ServerName) -> Endpoint {
    Endpoint { tls: Some(TlsTarget::new(name)), ..endpoint(port) }
}

async fn refused(trust: Trust, endpoint: &Endpoint) -> String {
    let error = NativeTransport::new(trust).open(endpoint).await.unwrap_err();
    assert!(matches!(error, Error::Transport { .. }), "{error:?}");
    error.to_string()
}

#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[tokio::test]
async fn tcp_carries_bytes_both_ways() {
    let port = tcp_echo().await;
    for host in ["localhost", "127.0.0.1"] {
        let endpoint =
            Endpoint { keep_alive: Some(Duration::from_secs(120)), ..Endpoint::tcp(host, port) };
        let stream = NativeTransport::default().open(&endpoint).await.unwrap();
        assert!(!stream.is_tls());
        assert_echoes(stream).await;
    }
}

#[tokio::test]
async fn tcps_carries_bytes_if_the_authority_is_trusted() {
    let authority = Authority::new("Test Authority");
    let port = tls_echo(server_config(&authority, localhost())).await;
    let transport = NativeTransport::new(Trust::public().and(authority.trust()));
    for version in [None, Some(TlsVersion::V1_2), Some(TlsVersion::V1_3)] {
        let mut endpoint = endpoint(port);
        endpoint.tls.as_mut().unwrap().version = version;
        // The second connection may resume the session of the first.
        for _ in 0..2 {
            let stream = transport.open(&endpoint).await.unwrap();
            assert!(stream.is_tls());
            assert_echoes(stream).await;
        }
    }
}

#[tokio::test]
async fn an_unknown_authority_is_named() {
    let authority = Authority::new("Test Authority");
    let port = tls_echo(server_config(&authority, localhost())).await;
    for trust in [Trust::public(), Authority::new("Another Authority").trust()] {
        let message = refused(trust, &endpoint(port)).await;
        assert_says(
            &message,
            &[
                &format!("TLS handshake with localhost:{port}"),
                "CN=localhost, O=Example",
                "Test Authority",
                "not trusted",
                "`ca`",
            ],
        );
    }
}

#[tokio::test]
async fn an_expired_certificate_is_named_with_its_date() {
    let authority = Authority::new("Test Authority");
    let mut params = localhost();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2021, 2, 3);
    let port = tls_echo(server_config(&authority, params)).await;
    let message = refused(authority.trust(), &endpoint(port)).await;
    assert_says(&message, &["expired at 2021-02-03 00:00:00 UTC", "now it is 2", "clock"]);
}

#[tokio::test]
async fn a_certificate_of_the_future_is_named_with_its_date() {
    let authority = Authority::new("Test Authority");
    let mut params = localhost();
    params.not_before = rcgen::date_time_ymd(4020, 1, 1);
    params.not_after = rcgen::date_time_ymd(4021, 2, 3);
    let port = tls_echo(server_config(&authority, params)).await;
    let message = refused(authority.trust(), &endpoint(port)).await;
    assert_says(&message, &["not valid before 4020-01-01", "clock"]);
}

#[tokio::test]
async fn a_wrong_name_is_told_with_the_names_that_are_there() {
    let authority = Authority::new("Test Authority");
    let mut params = params("db", &["db.example.com", "*.db.example.com"]);
    params.subject_alt_names.push(SanType::IpAddress(IpAddr::from([10, 0, 0, 7])));
    let port = tls_echo(server_config(&authority, params)).await;
    let message = refused(authority.trust(), &endpoint(port)).await;
    assert_says(
        &message,
        &["db.example.com, *.db.example.com, 10.0.0.7", "\"localhost\"", "SSL_SERVER_CERT_DN"],
    );
    // Any name will do where the connect string says so; but not any authority.
    let any = named(port, ServerName::Any);
    NativeTransport::new(authority.trust()).open(&any).await.unwrap();
    assert_says(&refused(Trust::public(), &any).await, &["not trusted"]);
}

#[tokio::test]
async fn a_common_name_is_enough_where_there_is_no_other() {
    let authority = Authority::new("Test Authority");
    let port = tls_echo(server_config(&authority, params("localhost", &[]))).await;
    NativeTransport::new(authority.trust()).open(&endpoint(port)).await.unwrap();
    let other = named(port, ServerName::Host("db.example.com".to_owned()));
    assert_says(&refused(authority.trust(), &other).await, &["is for localhost", "db.example.com"]);
}

#[tokio::test]
async fn a_distinguished_name_replaces_the_host_name() {
    let authority = Authority::new("Test Authority");
    let port = tls_echo(server_config(&authority, params("db", &["db.example.com"]))).await;
    let name = |text: &str| named(port, ServerName::DistinguishedName(text.to_owned()));
    let transport = NativeTransport::new(authority.trust());
    transport.open(&name("O=Example, CN=db")).await.unwrap();
    let message = refused(authority.trust(), &name("CN=other,O=Example")).await;
    assert_says(&message, &["CN=db, O=Example", "CN=other,O=Example", "SSL_SERVER_CERT_DN"]);
}

#[tokio::test]
async fn the_servers_own_certificate_can_be_trusted_as_it_is() {
    let mut params = localhost();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let port = tls_echo(config).await;
    let trust = Trust::only_pem(certificate.pem().as_bytes()).unwrap();
    NativeTransport::new(trust).open(&endpoint(port)).await.unwrap();
}

#[tokio::test]
async fn tls_to_a_plain_port_says_so() {
    // A listener that answers the ClientHello in its own language, and one that hangs up.
    for answer in [&b"\x00\x0c\x00\x00\x04\x00\x00\x00\x22\x00\x00\x00"[..], b""] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut hello = [0; 4096];
            let _ = stream.read(&mut hello).await;
            let _ = stream.write_all(answer).await;
        });
        let message = refused(Trust::public(), &endpoint(port)).await;
        assert_says(&message, &["TLS handshake", "plain TCP", "PROTOCOL=tcp"]);
    }
}

#[tokio::test]
async fn plain_tns_to_a_tls_port_says_so() {
    let authority = Authority::new("Test Authority");
    let port = tls_echo(server_config(&authority, localhost())).await;
    let endpoint = Endpoint::tcp("localhost", port);
    let mut stream = NativeTransport::default().open(&endpoint).await.unwrap();
    let connect = [0, 74, 0, 0, 1, 0, 0, 0, 1, 63, 1, 44, 0, 0];
    stream.write_all(&connect).await.unwrap();
    let error = stream.read(&mut [0; 100]).await.unwrap_err();
    assert_says(&error.to_string(), &["this port speaks TLS", "tcps"]);
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_is_understood() {
    let authority = Authority::new("Test Authority");
    let key = KeyPair::generate().unwrap();
    let certificate = localhost().signed_by(&key, &authority.issuer).unwrap();
    let verifier =
        WebPkiClientVerifier::builder(Arc::new(authority.roots.clone())).build().unwrap();
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let port = tls_echo(config).await;
    // TLS 1.3 tells it after the handshake, TLS 1.2 in it.
    let transport = NativeTransport::new(authority.trust());
    let mut stream = transport.open(&endpoint(port)).await.unwrap();
    let error = stream.read(&mut [0; 10]).await.unwrap_err();
    assert_says(&error.to_string(), &["wants a certificate of the client", "one-way TLS"]);
    let mut old = endpoint(port);
    old.tls.as_mut().unwrap().version = Some(TlsVersion::V1_2);
    let message = refused(authority.trust(), &old).await;
    assert_says(&message, &["TLS handshake with"]);
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_named() {
    let endpoint = Endpoint::tcp("db.example.invalid", 1521);
    let message = refused(Trust::public(), &endpoint).await;
    assert_says(&message, &["looking up the host name \"db.example.invalid\"", "connect string"]);
}

#[tokio::test]
async fn a_port_where_nothing_listens_is_named() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let message = refused(Trust::public(), &Endpoint::tcp("localhost", port)).await;
    assert_says(&message, &[&format!("connecting to localhost:{port} (127.0.0.1)"), "listener"]);
}

#[tokio::test]
async fn a_server_that_stalls_in_the_handshake_runs_into_the_limit() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let endpoint = Endpoint { connect_timeout: Duration::from_millis(200), ..endpoint(port) };
    let error = NativeTransport::default().open(&endpoint).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
    assert_says(&error.to_string(), &["TLS handshake with localhost", "200 ms"]);
}

#[tokio::test]
async fn a_server_that_closes_without_a_word_in_tls_just_ends_the_stream() {
    let authority = Authority::new("Test Authority");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(server_config(&authority, localhost())));
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(socket).await.unwrap();
        stream.write_all(b"bye").await.unwrap();
        stream.flush().await.unwrap();
        stream.into_inner().0.shutdown().await.unwrap();
    });
    let transport = NativeTransport::new(authority.trust());
    let mut stream = transport.open(&endpoint(port)).await.unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.unwrap();
    assert_eq!(received, b"bye");
}

#[tokio::test]
async fn tls_can_be_started_anew_on_the_same_socket() {
    let authority = Authority::new("Test Authority");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(server_config(&authority, localhost())));
    let server = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut first = acceptor.accept(socket).await.unwrap();
        first.write_all(b"again").await.unwrap();
        first.flush().await.unwrap();
        let socket = first.into_inner().0;
        let mut second = acceptor.accept(socket).await.unwrap();
        second.write_all(b"ready").await.unwrap();
        second.flush().await.unwrap();
        second
    });
    let endpoint = endpoint(port);
    let transport = NativeTransport::new(authority.trust());
    let mut stream = transport.open(&endpoint).await.unwrap();
    let mut word = [0; 5];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"again");
    let mut stream = transport.restart_tls(stream, &endpoint).await.unwrap();
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"ready");
    server.await.unwrap();
}

#[tokio::test]
async fn a_wallets_authorities_are_trusted_beside_the_others() {
    let authority = Authority::new("Test Authority");
    let port = tls_echo(server_config(&authority, localhost())).await;
    let folder = std::env::temp_dir().join(format!("oraedge-wallet-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut endpoint = endpoint(port);
    endpoint.tls.as_mut().unwrap().wallet = Some(folder.clone());
    let error = NativeTransport::default().open(&endpoint).await.unwrap_err();
    assert!(matches!(error, Error::Misuse { .. }));
    assert_says(&error.to_string(), &["ewallet.pem"]);
    std::fs::write(folder.join("ewallet.pem"), &authority.pem).unwrap();
    let stream = NativeTransport::default().open(&endpoint).await;
    std::fs::remove_dir_all(&folder).unwrap();
    assert_echoes(stream.unwrap()).await;
}

/// An HTTP proxy that answers with this status line, and tunnels if it is a good one.
async fn proxy(status: &'static str) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let target = head.split(' ').nth(1).unwrap().to_owned();
        assert!(head.starts_with("CONNECT ") && head.contains(&format!("Host: {target}\r\n")));
        client.write_all(format!("{status}\r\nVia: x\r\n\r\n").as_bytes()).await.unwrap();
        if status.contains(" 200 ") {
            let mut server = tokio::net::TcpStream::connect(target).await.unwrap();
            tokio::io::copy_bidirectional(&mut client, &mut server).await.unwrap();
        }
    });
    port
}

#[tokio::test]
async fn a_proxy_on_the_way_is_asked_for_a_tunnel() {
    let authority = Authority::new("Test Authority");
    let port = tls_echo(server_config(&authority, localhost())).await;
    let through =
        |port, proxy| Endpoint { proxy: Some(("localhost".to_owned(), proxy)), ..endpoint(port) };
    let good = through(port, proxy("HTTP/1.1 200 Connection established").await);
    let transport = NativeTransport::new(authority.trust());
    assert_echoes(transport.open(&good).await.unwrap()).await;
    let bad = through(port, proxy("HTTP/1.1 403 Forbidden").await);
    let message = refused(authority.trust(), &bad).await;
    assert_says(
        &message,
        &["asking the proxy localhost:", "HTTP/1.1 403 Forbidden", "HTTPS_PROXY"],
    );
}

#[test]
fn ca_text_without_a_certificate_is_refused() {
    for text in ["", "not PEM", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        let error = Trust::only_pem(text.as_bytes()).unwrap_err().to_string();
        assert_says(&error, &["certificate", "PEM"]);
    }
    let error = Trust::only_file("/nonexistent/ca.pem").unwrap_err().to_string();
    assert_says(&error, &["/nonexistent/ca.pem"]);
}
