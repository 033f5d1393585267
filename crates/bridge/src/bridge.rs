//! Putting a bridge together and running it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;

use crate::admin;
use crate::admission::Admission;
use crate::credentials::Credentials;
use crate::metrics::Metrics;
use crate::policy::{ConfigError, Policy};
use crate::reload::{Reloaded, Source, watch};
use crate::server::{Limits, Shared, accept, listen};
use crate::ticket::DEFAULT_AUDIENCE;
use crate::tls::Trust;
use crate::token::Token;

/// A bridge that is being put together: nothing is allowed until it is listed.
///
/// What is given as a file is read again when the file changes; what cannot be used then leaves the
/// old in place.
#[derive(Debug)]
pub struct Builder {
    policy: Policy,
    limits: Limits,
    token: Option<Source>,
    ticket_keys: Vec<Source>,
    ticket_audience: String,
    cas: Vec<Source>,
    ca_only: bool,
    tls: Option<[Source; 2]>,
    admin: Option<String>,
}

impl Default for Builder {
    fn default() -> Self {
        Builder {
            policy: Policy::default(),
            limits: Limits::default(),
            token: None,
            ticket_keys: Vec::new(),
            ticket_audience: DEFAULT_AUDIENCE.to_owned(),
            cas: Vec::new(),
            ca_only: false,
            tls: None,
            admin: None,
        }
    }
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

    /// Connects Oracle's own clients of SQL*Net over WebSocket to this target: `HOST:PORT`, with
    /// `tcp://` (the default) or `tcps://` in front.
    ///
    /// # Errors
    /// The text is not a target.
    pub fn sqlnet(mut self, target: &str) -> Result<Self, ConfigError> {
        self.policy.sqlnet = Some(target.parse()?);
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

    /// Serves only clients that send this token in their `connect` frame, or a ticket where there
    /// are ticket keys.
    ///
    /// # Errors
    /// The token is empty.
    pub fn token(mut self, token: &str) -> Result<Self, ConfigError> {
        Token::new(token).ok_or_else(|| ConfigError::new("the token is empty"))?;
        self.token = Some(Source::Given(token.as_bytes().to_vec()));
        Ok(self)
    }

    /// Like [`token`](Self::token), from a file.
    pub fn token_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.token = Some(Source::File(file.into()));
        self
    }

    /// Serves only clients with a ticket that this key signed, or with the token where there is one.
    /// The file holds an Ed25519 public key (PEM) or a secret of 32 bytes or more. May be called
    /// again: either key will do.
    pub fn ticket_key_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.ticket_keys.push(Source::File(file.into()));
        self
    }

    /// The audience that tickets must name; [`DEFAULT_AUDIENCE`] unless set.
    pub fn ticket_audience(mut self, audience: impl Into<String>) -> Self {
        self.ticket_audience = audience.into();
        self
    }

    /// Trusts the certificates of this PEM text as roots, beside Mozilla's. May be called again.
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.cas.push(Source::Given(pem.into()));
        self
    }

    /// Like [`ca_pem`](Self::ca_pem), from a file.
    pub fn ca_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.cas.push(Source::File(file.into()));
        self
    }

    /// Whether to trust the roots of [`ca_pem`](Self::ca_pem) alone, and not Mozilla's.
    pub fn ca_only(mut self, only: bool) -> Self {
        self.ca_only = only;
        self
    }

    /// Listens for TLS (`wss`) with this certificate chain and private key, both PEM.
    pub fn listen_tls(mut self, chain: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.tls = Some([Source::Given(chain.into()), Source::Given(key.into())]);
        self
    }

    /// Like [`listen_tls`](Self::listen_tls), from files. New connections get the certificate that
    /// is in the files when they come.
    pub fn listen_tls_files(mut self, chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.tls = Some([Source::File(chain.into()), Source::File(key.into())]);
        self
    }

    /// Serves figures for Prometheus (`/metrics`) and `/healthz` on this address, plain HTTP.
    pub fn admin(mut self, address: impl Into<String>) -> Self {
        self.admin = Some(address.into());
        self
    }

    /// Other limits than [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Reads every file and checks everything that can be checked without listening.
    ///
    /// # Errors
    /// A file cannot be read or used, or a limit cannot be.
    pub fn check(self) -> Result<(), ConfigError> {
        self.into_shared().map(|_| ())
    }

    /// Listens on `address` (`127.0.0.1:8521`, port 0 for any free one) and serves from now on, on
    /// the current tokio runtime.
    ///
    /// # Errors
    /// A certificate or key cannot be read, a limit cannot be, or the address cannot be bound.
    pub async fn bind(mut self, address: &str) -> Result<RunningBridge, StartError> {
        let admin = self.admin.take();
        let shared = Arc::new(self.into_shared()?);
        let listener = listen(address).await?;
        let address = listener.local_addr()?;
        let admin = match admin {
            Some(address) => Some(listen(&address).await?),
            None => None,
        };
        let admin_address = admin.as_ref().map(|listener| listener.local_addr()).transpose()?;
        let scheme = if shared.tls.is_some() { "wss" } else { "ws" };
        info!(
            %address,
            scheme,
            targets = shared.policy.targets.len(),
            origins = shared.policy.origins.len(),
            identity_hosts = shared.policy.identity_hosts.len(),
            no_origin = shared.policy.no_origin,
            "listening"
        );
        tokio::spawn(watch(shared.files(), shared.kill.clone()));
        if let Some(listener) = admin {
            tokio::spawn(admin::serve(listener, Arc::clone(&shared)));
        }
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(RunningBridge { address, admin_address, scheme, shared })
    }

    fn into_shared(self) -> Result<Shared, ConfigError> {
        check_limits(&self.limits)?;
        let tls = self.tls.map(|pair| Reloaded::new("TLS certificate", pair.into(), acceptor));
        let credentials = Credentials::load(self.token, self.ticket_keys, self.ticket_audience)?;
        Ok(Shared {
            admission: Admission::new(
                self.limits.max_connections,
                self.limits.max_connections_per_address,
            ),
            metrics: Metrics::new(),
            policy: self.policy,
            credentials: Arc::new(credentials),
            trust: Arc::new(Trust::load(self.cas, self.ca_only)?),
            tls: tls.transpose()?.map(Arc::new),
            limits: self.limits,
            draining: CancellationToken::new(),
            kill: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
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
    admin_address: Option<SocketAddr>,
    scheme: &'static str,
    shared: Arc<Shared>,
}

impl RunningBridge {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Where [`admin`](Builder::admin) listens.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// Its URL for clients on this machine: `ws://127.0.0.1:8521/`.
    pub fn url(&self) -> String {
        format!("{}://{}/", self.scheme, self.address)
    }

    /// How many connections it carries.
    pub fn connections(&self) -> usize {
        self.shared.admission.current()
    }

    /// Reads every file anew: token, ticket keys, certificates, roots. They are looked at every few
    /// seconds as well.
    pub fn reload(&self) {
        for file in self.shared.files() {
            file.reload();
        }
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
        (limits.stall.is_zero(), "stall-timeout"),
        (limits.ping_interval.is_zero(), "ping-interval"),
    ];
    match zero.iter().find(|(is_zero, _)| *is_zero) {
        Some((_, name)) => Err(ConfigError::new(format!("{name} must be more than 0"))),
        None => Ok(()),
    }
}

/// From certificate chain and private key.
fn acceptor(pair: &[Vec<u8>]) -> Result<TlsAcceptor, ConfigError> {
    let [chain, key] = pair else {
        return Err(ConfigError::new("TLS needs a certificate chain and a key"));
    };
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
