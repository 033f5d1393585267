//! Ports with a [`TlsDefect`].

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rsa::sha2::{Digest, Sha256};
use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use super::chains::{Authorities, Chain};
use super::connection::{Socket, TlsRestart, serve_tls};
use super::defects::TlsDefect;
use super::faults::{Direction, Fault, FaultKind, FaultyStream};
use crate::server::ServerConnection;

/// How many bytes of the handshake arrive where it is broken off: into the ServerHello.
const BROKEN_OFF_AT: u64 = 100;
/// A byte of the server's key share.
const CORRUPTED_AT: u64 = 120;
/// Longest silence before a connection is given up.
const PATIENCE: Duration = Duration::from_secs(600);

/// TLS alerts (RFC 8446, section 6.2).
const ACCESS_DENIED: u8 = 49;
const PROTOCOL_VERSION: u8 = 70;
const INTERNAL_ERROR: u8 = 80;
const UNRECOGNIZED_NAME: u8 = 112;

/// A REFUSE as listeners send it to what is no CONNECT.
const TNS_REFUSE: &[u8] = &[0, 12, 0, 0, 4, 0, 0, 0, 34, 0, 0, 0];
const HTTP_REFUSAL: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html\r\n\
    Content-Length: 19\r\nConnection: close\r\n\r\n<h1>400</h1>\r\n<hr>\r\n";
const SSH_BANNER: &[u8] = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
const GARBAGE: &[u8] = b"\x8f\x02\xc9\x11\x5e\xd0\x07\x33\xa4\x90\xee\x1d\x42\x77\xb8\x6a";

/// A port with a defect that is open.
#[derive(Clone, Debug)]
pub struct DefectivePort {
    /// Its defect.
    pub defect: TlsDefect,
    /// Where it is.
    pub address: SocketAddr,
    /// What clients would have to trust, in PEM.
    pub ca_pem: String,
    /// SHA-256 of the certificate that the server shows first, in hexadecimal digits; none if it shows none.
    pub fingerprint: Option<String>,
}

/// What a port does with connections.
#[derive(Clone)]
pub(super) enum Behaviour {
    /// Serves them as far as the defect allows.
    Tls(Box<Tls>),
    /// Does not speak TLS.
    Impostor(TlsDefect),
}

#[derive(Clone)]
pub(super) struct Tls {
    config: Arc<ServerConfig>,
    restart: TlsRestart,
    fault: Option<Fault>,
    behind: Behind,
}

/// What follows a handshake.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    Service,
    Silence,
    Cut,
    CloseNotify,
    PlainText,
}

/// A behaviour, and what clients are told about it.
pub(super) struct Defective {
    pub(super) behaviour: Behaviour,
    pub(super) ca_pem: String,
    pub(super) fingerprint: Option<String>,
}

impl Defective {
    /// The port's behaviour. `client_roots` are the authorities whose clients are let in where a certificate
    /// is wanted, besides those of `authorities`.
    pub(super) fn new(
        defect: TlsDefect,
        authorities: &Authorities,
        client_roots: &[CertificateDer<'static>],
    ) -> io::Result<Defective> {
        let chain = authorities.chain(defect)?;
        let fingerprint = chain.sent.first().map(|leaf| fingerprint(leaf));
        let ca_pem = chain.root.clone();
        if is_impostor(defect) {
            let behaviour = Behaviour::Impostor(defect);
            return Ok(Defective { behaviour, ca_pem, fingerprint: None });
        }
        let clients = (defect == TlsDefect::WantsCertificate).then(|| {
            let mut roots = client_roots.to_vec();
            roots.push(authorities.root_der());
            roots
        });
        let config = server_config(defect, chain, clients)?;
        let restart = match defect {
            TlsDefect::RestartsTls => TlsRestart::With(Arc::clone(&config)),
            TlsDefect::RestartsTlsExpired => {
                let expired = TlsDefect::ExpiredLeaf;
                TlsRestart::With(server_config(expired, authorities.chain(expired)?, None)?)
            }
            TlsDefect::RestartsTlsPlain => TlsRestart::Plain,
            TlsDefect::RestartsTlsSilent => TlsRestart::Silent,
            _ => TlsRestart::No,
        };
        let to_client = |kind, byte| Fault { kind, direction: Direction::ToClient, byte };
        let fault = match defect {
            TlsDefect::StallsInHandshake => Some(to_client(FaultKind::Stall, BROKEN_OFF_AT)),
            TlsDefect::CutsInHandshake => Some(to_client(FaultKind::Cut, BROKEN_OFF_AT)),
            TlsDefect::CorruptsHandshake => Some(to_client(FaultKind::Corrupt, CORRUPTED_AT)),
            _ => None,
        };
        let behind = match defect {
            TlsDefect::StallsBehindHandshake => Behind::Silence,
            TlsDefect::CutsBehindHandshake => Behind::Cut,
            TlsDefect::ClosesBehindHandshake => Behind::CloseNotify,
            TlsDefect::PlainBehindHandshake => Behind::PlainText,
            _ => Behind::Service,
        };
        let behaviour = Behaviour::Tls(Box::new(Tls { config, restart, fault, behind }));
        Ok(Defective { behaviour, ca_pem, fingerprint })
    }
}

fn fingerprint(certificate: &[u8]) -> String {
    Sha256::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn server_config(
    defect: TlsDefect,
    chain: Chain,
    client_roots: Option<Vec<CertificateDer<'static>>>,
) -> io::Result<Arc<ServerConfig>> {
    let mut provider = ring::default_provider();
    if defect == TlsDefect::NoCommonCipher {
        // The leaf's key is of a curve.
        provider.cipher_suites = vec![ring::cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    }
    let provider: Arc<CryptoProvider> = Arc::new(provider);
    let versions: &[&SupportedProtocolVersion] = match defect {
        TlsDefect::Tls12Only | TlsDefect::NoCommonCipher => &[&TLS12],
        TlsDefect::Tls13Only => &[&TLS13],
        _ => &[&TLS13, &TLS12],
    };
    let clients = match client_roots {
        None => WebPkiClientVerifier::no_client_auth(),
        Some(certificates) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates {
                roots.add(certificate).map_err(io::Error::other)?;
            }
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(io::Error::other)?
        }
    };
    // The certificate is not held against the key, as `with_single_cert` would.
    let shown = SingleCertAndKey::from(CertifiedKey::new(chain.sent, chain.key));
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(io::Error::other)?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(Arc::new(shown));
    Ok(Arc::new(config))
}

impl Behaviour {
    /// Deals with a connection until it ends; says why it did.
    pub(super) async fn handle(
        self,
        stream: TcpStream,
        connection: ServerConnection,
        started: Instant,
    ) -> io::Result<String> {
        match self {
            Behaviour::Impostor(defect) => pretend(defect, stream).await,
            Behaviour::Tls(tls) => tls.handle(stream, connection, started).await,
        }
    }
}

impl Tls {
    async fn handle(
        self,
        stream: TcpStream,
        connection: ServerConnection,
        started: Instant,
    ) -> io::Result<String> {
        let socket: Socket = match self.fault {
            Some(fault) => Box::new(FaultyStream::new(stream, fault)),
            None => Box::new(stream),
        };
        if self.behind == Behind::Service {
            return serve_tls(socket, self.config, self.restart, connection, started).await;
        }
        let mut stream = TlsAcceptor::from(self.config).accept(socket).await?;
        match self.behind {
            Behind::CloseNotify => stream.shutdown().await?,
            Behind::Cut => {
                // The client is to be there first: it says something.
                let _ = stream.read(&mut [0; 1]).await;
                stream.get_mut().0.shutdown().await?;
            }
            Behind::PlainText => {
                let socket = stream.get_mut().0;
                socket.write_all(TNS_REFUSE).await?;
                socket.flush().await?;
                wait_for_end(socket).await;
            }
            Behind::Silence | Behind::Service => wait_for_end(&mut stream).await,
        }
        Ok("as the port's defect has it".to_owned())
    }
}

fn is_impostor(defect: TlsDefect) -> bool {
    use TlsDefect as D;
    matches!(
        defect,
        D::Tls11Only
            | D::AlertProtocolVersion
            | D::AlertUnrecognizedName
            | D::AlertAccessDenied
            | D::AlertInternalError
            | D::PlainTns
            | D::Http
            | D::Ssh
            | D::Garbage
            | D::Silent
            | D::Closes
            | D::ClosesOnHello
            | D::Resets
    )
}

/// Plays a server that does not speak TLS, or none that the client knows.
async fn pretend(defect: TlsDefect, mut stream: TcpStream) -> io::Result<String> {
    let speaks_first = matches!(defect, TlsDefect::Ssh | TlsDefect::Closes);
    if !speaks_first {
        // A hello is sent at once and read at once.
        let _ = stream.read(&mut [0; 16 * 1024]).await?;
    }
    let answer = match defect {
        TlsDefect::Tls11Only => server_hello_of_tls11(),
        TlsDefect::AlertProtocolVersion => alert(PROTOCOL_VERSION),
        TlsDefect::AlertUnrecognizedName => alert(UNRECOGNIZED_NAME),
        TlsDefect::AlertAccessDenied => alert(ACCESS_DENIED),
        TlsDefect::AlertInternalError => alert(INTERNAL_ERROR),
        TlsDefect::PlainTns => TNS_REFUSE.to_vec(),
        TlsDefect::Http => HTTP_REFUSAL.to_vec(),
        TlsDefect::Ssh => SSH_BANNER.to_vec(),
        TlsDefect::Garbage => GARBAGE.to_vec(),
        _ => Vec::new(),
    };
    stream.write_all(&answer).await?;
    match defect {
        TlsDefect::Silent => wait_for_end(&mut stream).await,
        TlsDefect::Resets => stream.set_zero_linger()?,
        _ => {
            stream.shutdown().await?;
            // Closed with something unread it would be reset.
            wait_for_end(&mut stream).await;
        }
    }
    Ok("as the port's defect has it".to_owned())
}

/// Reads on until the client is gone.
pub(super) async fn wait_for_end(stream: &mut (impl tokio::io::AsyncRead + Unpin)) {
    let mut sink = [0; 1024];
    let reading = async { while matches!(stream.read(&mut sink).await, Ok(count) if count > 0) {} };
    let _ = tokio::time::timeout(PATIENCE, reading).await;
}

/// A fatal alert in a record of its own.
fn alert(description: u8) -> Vec<u8> {
    const FATAL: u8 = 2;
    vec![21, 3, 3, 0, 2, FATAL, description]
}

/// A ServerHello of TLS 1.1: no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression (RFC 4346, section
/// 7.4.1.3).
fn server_hello_of_tls11() -> Vec<u8> {
    const VERSION: [u8; 2] = [3, 2];
    let mut hello = vec![2, 0, 0, 38];
    hello.extend_from_slice(&VERSION);
    hello.extend_from_slice(&[0x5a; 32]);
    hello.extend_from_slice(&[0, 0x00, 0x2f, 0]);
    let mut record = vec![22, VERSION[0], VERSION[1], 0, 42];
    record.extend_from_slice(&hello);
    record
}
