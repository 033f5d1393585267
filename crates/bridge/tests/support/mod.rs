//! What every test of the bridge needs: targets that answer, and a client that shows each frame.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use oraedge_bridge::{Bridge, Builder, Limits, RunningBridge};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ALL_VERSIONS, RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

/// Nothing in these tests takes this long unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// The page that the test bridges let in.
pub const ORIGIN: &str = "http://page.example";

/// Limits short enough for a test.
pub fn limits() -> Limits {
    Limits {
        handshake: Duration::from_secs(5),
        connect: Duration::from_secs(5),
        drain: Duration::from_millis(500),
        ..Limits::default()
    }
}

/// A bridge that allows these targets to pages of [`ORIGIN`].
pub fn builder(targets: &[SocketAddr]) -> Builder {
    let mut builder = Bridge::builder().limits(limits()).allow_origin(ORIGIN).unwrap();
    for target in targets {
        builder = builder.allow(&target.to_string()).unwrap();
    }
    builder
}

pub async fn start(builder: Builder) -> RunningBridge {
    builder.bind("127.0.0.1:0").await.unwrap()
}

/// A server that runs `serve` on each connection.
pub async fn target<F, R>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            tokio::spawn(serve(tcp));
        }
    });
    address
}

/// Sends back what comes until the other side ends, then ends as well.
pub async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..n]).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
    let _ = stream.shutdown().await;
}

/// A port on which nothing listens.
pub async fn dead_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// A certificate authority of the test's own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// A server certificate for these names, with changes by `change`.
    pub fn issue(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "the database");
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { certificate: certificate.der().clone(), key, pem: certificate.pem() }
    }
}

/// A server's certificate and key.
pub struct Identity {
    pub certificate: CertificateDer<'static>,
    pub key: KeyPair,
    pub pem: String,
}

impl Identity {
    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor_of(ALL_VERSIONS, None)
    }

    /// An acceptor of these TLS versions, which demands a client certificate of `clients`.
    pub fn acceptor_of(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        clients: Option<&Authority>,
    ) -> TlsAcceptor {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .unwrap();
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(clients.pem.as_bytes()).unwrap()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                config.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let config = config.with_single_cert(vec![self.certificate.clone()], key).unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// An echo server behind TLS.
pub async fn tls_echo(identity: &Identity) -> SocketAddr {
    tls_echo_by(identity.acceptor()).await
}

/// An echo server behind this acceptor.
pub async fn tls_echo_by(acceptor: TlsAcceptor) -> SocketAddr {
    target(move |tcp| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(tcp).await {
                echo(stream).await;
            }
        }
    })
    .await
}

/// A client's WebSocket that reads frames as the protocol sorts them.
pub struct Client<S = TcpStream> {
    pub ws: WebSocketStream<S>,
}

/// A frame from the bridge.
#[derive(Debug, PartialEq)]
pub enum Frame {
    Control(Value),
    Bytes(Vec<u8>),
    Close(u16, String),
    /// The end without a close frame.
    Gone,
}

pub async fn open(
    bridge: &RunningBridge,
    origin: Option<&str>,
    protocol: Option<&str>,
) -> Result<Client, WsError> {
    open_at(bridge.addr(), origin, protocol).await
}

/// An open WebSocket of an allowed page with the bridge at this address.
pub async fn page_at(address: SocketAddr) -> Client {
    open_at(address, Some(ORIGIN), Some(oraedge_bridge::SUBPROTOCOL)).await.unwrap()
}

async fn open_at(
    address: SocketAddr,
    origin: Option<&str>,
    protocol: Option<&str>,
) -> Result<Client, WsError> {
    let tcp = TcpStream::connect(address).await.unwrap();
    let mut request = format!("ws://{address}/").into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    if let Some(protocol) = protocol {
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
    }
    let (ws, _) =
        timeout(PATIENCE, tokio_tungstenite::client_async(request, tcp)).await.unwrap()?;
    Ok(Client { ws })
}

/// An open WebSocket of an allowed page, before its `connect` frame.
pub async fn page(bridge: &RunningBridge) -> Client {
    open(bridge, Some(ORIGIN), Some(oraedge_bridge::SUBPROTOCOL)).await.unwrap()
}

/// An allowed page, connected to `target` over TCP.
pub async fn connected(bridge: &RunningBridge, target: SocketAddr) -> Client {
    let mut client = page(bridge).await;
    client.connect(target, json!({"protocol": "tcp"})).await;
    let frame = client.control().await;
    assert_eq!(frame["type"], "connected", "{frame}");
    client
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub async fn send(&mut self, message: Message) {
        timeout(PATIENCE, self.ws.send(message)).await.unwrap().unwrap();
    }

    pub async fn text(&mut self, frame: Value) {
        self.send(Message::text(frame.to_string())).await;
    }

    pub async fn bytes(&mut self, bytes: impl Into<Vec<u8>>) {
        self.send(Message::binary(bytes.into())).await;
    }

    /// Sends `connect` for `target` with the other `fields`.
    pub async fn connect(&mut self, target: SocketAddr, mut fields: Value) {
        fields["type"] = "connect".into();
        if fields.get("host").is_none() {
            fields["host"] = target.ip().to_string().into();
        }
        fields["port"] = target.port().into();
        self.text(fields).await;
    }

    pub async fn frame(&mut self) -> Frame {
        loop {
            let next = timeout(PATIENCE, self.ws.next()).await.expect("the bridge went silent");
            return match next {
                Some(Ok(Message::Text(text))) => {
                    Frame::Control(serde_json::from_str(&text).unwrap())
                }
                Some(Ok(Message::Binary(bytes))) => Frame::Bytes(bytes.to_vec()),
                Some(Ok(Message::Close(Some(close)))) => {
                    Frame::Close(close.code.into(), close.reason.to_string())
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(_) | Err(_)) | None => Frame::Gone,
            };
        }
    }

    pub async fn control(&mut self) -> Value {
        match self.frame().await {
            Frame::Control(frame) => frame,
            other => panic!("a control frame was expected, not {other:?}"),
        }
    }

    /// Reads exactly `count` bytes.
    pub async fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            match self.frame().await {
                Frame::Bytes(more) => bytes.extend(more),
                other => panic!("bytes were expected, not {other:?}"),
            }
        }
        assert_eq!(bytes.len(), count);
        bytes
    }

    /// Expects the last frame with this code, and the close frame that goes with it.
    pub async fn end(&mut self, kind: &str, code: &str, close: u16) -> Value {
        let frame = self.control().await;
        assert_eq!(
            (frame["type"].as_str(), frame["code"].as_str()),
            (Some(kind), Some(code)),
            "{frame}"
        );
        assert!(!frame["message"].as_str().unwrap().is_empty());
        match self.frame().await {
            Frame::Close(number, reason) => {
                assert_eq!(number, close, "{reason}");
                assert!(reason.starts_with(code), "{reason}");
                assert!(reason.len() <= 123);
            }
            other => panic!("a close frame was expected, not {other:?}"),
        }
        frame
    }
}

/// Waits until `condition` holds.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let waited = timeout(PATIENCE, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("it never came true that {what}"));
}
