//! TLS, one-way and mutual: whom to trust, whom to be, the handshake, and errors that help.

mod certificate;
pub(crate) mod explain;
mod names;
mod trust;
mod verifier;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use oraedge::auth::Secret;
use oraedge::connect_string::TlsVersion;
use oraedge::{Error, Result};
use oraedge_wallet::Wallet;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName as SniName,
};
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::endpoint::{Endpoint, TlsTarget};
use crate::wallet::open_wallet;
pub use trust::Trust;
use verifier::ServerVerifier;

/// Most configurations that are kept for the next connection to the same target.
const MAX_KEPT: usize = 64;

/// Makes TLS sessions. Connections to the same target share one configuration and with it the
/// tickets of the server, so that a reconnect saves most of the handshake.
#[derive(Debug)]
pub(crate) struct Connector {
    trust: Arc<Trust>,
    /// The wallet of the connection's options.
    wallet: Option<Wallet>,
    /// For a wallet that the connect string names.
    wallet_password: Option<Secret>,
    kept: Mutex<HashMap<TlsTarget, Arc<ClientConfig>>>,
}

impl Connector {
    pub(crate) fn new(trust: Trust) -> Self {
        Connector {
            trust: Arc::new(trust),
            wallet: None,
            wallet_password: None,
            kept: Mutex::default(),
        }
    }

    /// With a wallet: its authorities are trusted as well, and its certificate is shown to servers
    /// that ask for one. A wallet that a connect string names comes before it.
    pub(crate) fn with_wallet(self, wallet: Option<Wallet>, password: Option<Secret>) -> Self {
        Connector { wallet, wallet_password: password, ..self }
    }

    /// Shakes hands over a connection that is open.
    ///
    /// # Errors
    /// [`Error::Transport`] with what the peer or its certificate did wrong; [`Error::TimedOut`];
    /// [`Error::Misuse`] for an SNI that is not a host name, or a wallet that cannot be read.
    pub(crate) async fn connect(
        &self,
        endpoint: &Endpoint,
        target: &TlsTarget,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>> {
        let doing = format!("TLS handshake with {}", endpoint.authority());
        let config = self.config(target)?;
        let connector = TlsConnector::from(config);
        let sni = sni(endpoint, target)?;
        match timeout(endpoint.connect_timeout, connector.connect(sni, stream)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(explain::in_handshake(doing, &error)),
            Err(_) => Err(Error::TimedOut { doing, after: endpoint.connect_timeout }),
        }
    }

    fn config(&self, target: &TlsTarget) -> Result<Arc<ClientConfig>> {
        let mut kept = self.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(config) = kept.get(target) {
            return Ok(config.clone());
        }
        let provider = Arc::new(ring::default_provider());
        let versions: &[_] = match target.version {
            None => &[&TLS13, &TLS12],
            Some(TlsVersion::V1_2) => &[&TLS12],
            Some(TlsVersion::V1_3) => &[&TLS13],
        };
        let named = match &target.wallet {
            None => None,
            Some(location) => Some(open_wallet(location, self.wallet_password.as_ref())?),
        };
        let wallet = named.as_ref().or(self.wallet.as_ref());
        let trust = match wallet {
            None => self.trust.clone(),
            Some(wallet) => Arc::new(Trust::clone(&self.trust).and(Trust::only_der(&wallet.roots))),
        };
        let verifier = ServerVerifier::new(trust, target.name.clone(), &provider);
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| Error::misuse(format!("TLS cannot be set up: {error}"), ""))?
            // Not weaker than rustls's own: it checks the chain with the same function, and names
            // as Oracle does, which rustls cannot (common names, distinguished names).
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match wallet.and_then(identity) {
            None => config.with_no_client_auth(),
            Some((chain, key)) => config.with_client_auth_cert(chain, key).map_err(|error| {
                Error::misuse(
                    format!("the certificate of the wallet cannot be used: {error}"),
                    "TLS needs a key of RSA (2048 bits or more), P-256, P-384 or Ed25519",
                )
            })?,
        };
        config.enable_sni = target.sni.is_some();
        let config = Arc::new(config);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(target.clone(), config.clone());
        Ok(config)
    }
}

/// The client's certificates and its key.
fn identity(wallet: &Wallet) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let key = PrivatePkcs8KeyDer::from(wallet.key.as_ref()?.expose().to_vec());
    let chain = wallet.chain.iter().cloned().map(CertificateDer::from).collect();
    Some((chain, key.into()))
}

/// The name for rustls: the SNI, and the key of its tickets. The certificate is not held against
/// it.
fn sni(endpoint: &Endpoint, target: &TlsTarget) -> Result<SniName<'static>> {
    let name = target.sni.as_ref().unwrap_or(&endpoint.host);
    match SniName::try_from(name.clone()) {
        Ok(name) => Ok(name),
        // A host name with characters that DNS does not have, and no SNI that would need them: the
        // configuration is this target's own, so any name serves as the key.
        Err(_) if target.sni.is_none() => {
            Ok(SniName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into()))
        }
        Err(_) => Err(Error::misuse(
            format!("{name:?} cannot be sent as the server name of TLS"),
            "leave USE_SNI out of the connect string",
        )),
    }
}
