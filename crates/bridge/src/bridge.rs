//! Putting a bridge together and running it.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;

use crate::admission::Admission;
use crate::policy::{ConfigError, Policy};
use crate::server::{Limits, Shared, accept, listen};
use crate::tls::Trust;
use crate::token::Token;

/// A bridge that is being put together: nothing is allowed until it is listed.
#[derive(Debug, Default)]
pub struct Builder {
    policy: Policy,
    limits: Limits,
    ca_pems: Vec<Vec<u8>>,
    ca_only: bool,
    tls: Option<(Vec<u8>, Vec<u8>)>,
}

/// Entry point; see [`Bridge::builder`].
#[derive(Debug)]
pub struct Bridge;

impl Bridge {
    /// A bridge without targets and Origins.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    /// Lets clients be connected to `host:port`, exactly as they name it.
    ///
    /// # Errors
    /// The text is not a host and a port.
    pub fn allow(mut self, target: &str) -> Result<Self, ConfigError> {
        self.policy.targets.insert(target.parse()?);
        Ok(self)
    }

    /// Lets pages of this Origin in (`https://console.example`).
    ///
    /// # Errors
    /// The text is not an Origin.
    pub fn allow_origin(mut self, origin: &str) -> Result<Self, ConfigError> {
        self.policy.origins.insert(origin.parse()?);
        Ok(self)
    }

    /// Whether to let clients without an Origin header in: programs, not pages.
    pub fn allow_no_origin(mut self, allow: bool) -> Self {
        self.policy.no_origin = allow;
        self
    }

    /// Lets identity requests be relayed to this host; the forms are those of [`IdentityHost`].
    ///
    /// # Errors
    /// The text is not a host, or one that is never relayed to.
    pub fn allow_identity(mut self, host: &str) -> Result<Self, ConfigError> {
        self.policy.identity_hosts.insert(host.parse()?);
        Ok(self)
    }

    /// Lets names lead to addresses of this network (`10.0.0.0/8`), which is not public.
    ///
    /// # Errors
    /// The text is not a network or an address.
    pub fn allow_network(mut self, network: &str) -> Result<Self, ConfigError> {
        self.policy.networks.allow(network)?;
        Ok(self)
    }

    /// Serves only clients that send this token in their `connect` frame.
    ///
    /// # Errors
    /// The token is empty.
    pub fn token(mut self, token: &str) -> Result<Self, ConfigError> {
        let token = Token::new(token).ok_or_else(|| ConfigError::new("the token is empty"))?;
        self.policy.token = Some(token);
        Ok(self)
    }

    /// Trusts the certificates of this PEM text as roots, beside Mozilla's. May be called again.
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_pems.push(pem.into());
        self
    }

    /// Whether to trust the roots of [`ca_pem`](Self::ca_pem) alone, and not Mozilla's.
    pub fn ca_only(mut self, only: bool) -> Self {
        self.ca_only = only;
        self
    }

    /// Listens for TLS (`wss`) with this certificate chain and private key, both PEM.
    pub fn listen_tls(mut self, chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.tls = Some((chain.into(), key.into()));
        self
    }

    /// Other limits than [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Listens on `address` (`127.0.0.1:8521`, port 0 for any free one) and serves from now on, on
    /// the current tokio runtime.
    ///
    /// # Errors
    /// A certificate or key cannot be read, a limit cannot be, or the address cannot be bound.
    pub async fn bind(self, address: &str) -> Result<RunningBridge, StartError> {
        check_limits(&self.limits)?;
        let trust = Trust::new(&self.ca_pems, self.ca_only)?;
        let tls = self.tls.map(|(chain, key)| acceptor(&chain, &key)).transpose()?;
        let listener = listen(address).await?;
        let address = listener.local_addr()?;
        let scheme = if tls.is_some() { "wss" } else { "ws" };
        let shared = Arc::new(Shared {
            admission: Admission::new(
                self.limits.max_connections,
                self.limits.max_connections_per_address,
            ),
            policy: self.policy,
            trust,
            limits: self.limits,
            draining: CancellationToken::new(),
            kill: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        info!(
            %address,
            scheme,
            targets = shared.policy.targets.len(),
            origins = shared.policy.origins.len(),
            identity_hosts = shared.policy.identity_hosts.len(),
            no_origin = shared.policy.no_origin,
            "listening"
        );
        tokio::spawn(accept(listener, tls, Arc::clone(&shared)));
        Ok(RunningBridge { address, scheme, shared })
    }
}

/// Why a bridge did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Something in its configuration cannot be.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its address cannot be bound.
    #[error(transparent)]
    Listen(#[from] std::io::Error),
}

/// A bridge that serves. Dropping it closes every connection at once; [`shutdown`](Self::shutdown)
/// lets them end.
#[derive(Debug)]
pub struct RunningBridge {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
}

impl RunningBridge {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Its URL for clients on this machine: `ws://127.0.0.1:8521/`.
    pub fn url(&self) -> String {
        format!("{}://{}/", self.scheme, self.address)
    }

    /// How many connections it carries.
    pub fn connections(&self) -> usize {
        self.shared.admission.current()
    }

    /// Takes no one new, tells everyone, waits up to the drain time, and closes what is left.
    pub async fn shutdown(self) {
        self.shared.shut_down().await;
    }
}

impl Drop for RunningBridge {
    fn drop(&mut self) {
        self.shared.draining.cancel();
        self.shared.kill.cancel();
    }
}

fn check_limits(limits: &Limits) -> Result<(), ConfigError> {
    let zero = [
        (limits.max_connections == 0, "max-connections"),
        (limits.max_connections_per_address == 0, "max-connections-per-address"),
        (limits.max_message_bytes == 0, "max-message-bytes"),
        (limits.handshake.is_zero(), "handshake-timeout"),
        (limits.connect.is_zero(), "connect-timeout"),
        (limits.identity.is_zero(), "identity-timeout"),
        (limits.ping_interval.is_zero(), "ping-interval"),
    ];
    match zero.iter().find(|(is_zero, _)| *is_zero) {
        Some((_, name)) => Err(ConfigError::new(format!("{name} must be more than 0"))),
        None => Ok(()),
    }
}

fn acceptor(chain: &[u8], key: &[u8]) -> Result<TlsAcceptor, ConfigError> {
    let certificates = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| ConfigError::new(format!("the TLS certificate is broken: {error}")))?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|error| ConfigError::new(format!("the TLS key cannot be read: {error}")))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::new(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| {
            ConfigError::new(format!("TLS certificate and key cannot be used: {error}"))
        })?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
