//! One-way TLS: whom to trust, the handshake, and errors that help.

mod certificate;
pub(crate) mod explain;
mod names;
mod trust;
mod verifier;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use oraedge::connect_string::TlsVersion;
use oraedge::{Error, Result};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName as SniName;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::endpoint::{Endpoint, TlsTarget};
pub use trust::Trust;
use verifier::ServerVerifier;

/// Most configurations that are kept for the next connection to the same target.
const MAX_KEPT: usize = 64;

/// The file of a wallet that a thin driver reads.
const WALLET_FILE: &str = "ewallet.pem";

/// Makes TLS sessions. Connections to the same target share one configuration and with it the
/// tickets of the server, so that a reconnect saves most of the handshake.
#[derive(Debug)]
pub(crate) struct Connector {
    trust: Arc<Trust>,
    kept: Mutex<HashMap<TlsTarget, Arc<ClientConfig>>>,
}

impl Connector {
    pub(crate) fn new(trust: Trust) -> Self {
        Connector { trust: Arc::new(trust), kept: Mutex::default() }
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
        let trust = match &target.wallet {
            None => self.trust.clone(),
            Some(folder) => {
                let wallet = Trust::only_file(folder.join(WALLET_FILE))?;
                Arc::new(Trust::clone(&self.trust).and(wallet))
            }
        };
        let verifier = ServerVerifier::new(trust, target.name.clone(), &provider);
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| Error::misuse(format!("TLS cannot be set up: {error}"), ""))?
            // Not weaker than rustls's own: it checks the chain with the same function, and names
            // as Oracle does, which rustls cannot (common names, distinguished names).
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.enable_sni = target.sni.is_some();
        let config = Arc::new(config);
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(target.clone(), config.clone());
        Ok(config)
    }
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
