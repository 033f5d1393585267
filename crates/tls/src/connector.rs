//! What TLS sessions have in common: whom to trust, whom to be, and what is kept from one session
//! to the next.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures::io::{AsyncRead, AsyncWrite};
use oraedge::connect_string::TlsVersion;
use oraedge::{Error, Result};
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SignatureScheme};

use crate::failure::TlsFailure;
use crate::identity::ClientIdentity;
use crate::policy::ServerPolicy;
use crate::remedy::Words;
use crate::session::TlsSession;
use crate::stream::TlsStream;
use crate::trust::{Pins, Trust};
use crate::verifier::ServerVerifier;

/// Most configurations that are kept for the next connection to the same target.
const MAX_KEPT: usize = 64;

/// Whom to trust, and whom to be.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// The authorities that are trusted.
    pub trust: Trust,
    /// The server certificates to insist on, if any.
    pub pins: Pins,
    /// The client's own certificate, for mutual TLS.
    pub identity: Option<ClientIdentity>,
    /// The API whose words errors speak.
    pub words: Words,
}

/// Makes TLS sessions. Sessions with the same target share one configuration and with it the
/// tickets of the server, so that a reconnect saves most of the handshake.
#[derive(Debug)]
pub struct Connector {
    options: TlsOptions,
    kept: Mutex<HashMap<ServerPolicy, Kept>>,
}

/// What sessions with one target share.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) words: Words,
}

impl Connector {
    /// Sessions with these options.
    pub fn new(options: TlsOptions) -> Self {
        Connector { options, kept: Mutex::default() }
    }

    /// What it was made with.
    pub fn options(&self) -> &TlsOptions {
        &self.options
    }

    /// A session with a server at `host`, which has not said anything yet.
    ///
    /// # Errors
    /// [`Error::Misuse`] for an SNI that cannot be sent.
    pub fn session(&self, policy: &ServerPolicy, host: &str) -> Result<TlsSession> {
        TlsSession::new(self.kept(policy)?, policy, host)
    }

    /// Shakes hands over a stream that is open, with a server at `host`. There is no limit on the
    /// time that it takes: drop the future.
    ///
    /// # Errors
    /// [`Error::Transport`] with what the peer or its certificate did wrong; [`Error::Misuse`] for
    /// an SNI that cannot be sent.
    pub async fn connect<S>(
        &self,
        policy: &ServerPolicy,
        host: &str,
        stream: S,
    ) -> Result<TlsStream<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        Ok(TlsStream::handshake(self.session(policy, host)?, stream).await?)
    }

    fn kept(&self, policy: &ServerPolicy) -> Result<Kept> {
        let mut all = self.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(kept) = all.get(policy) {
            return Ok(kept.clone());
        }
        let provider = Arc::new(ring::default_provider());
        let versions: &[_] = match policy.version {
            None => &[&TLS13, &TLS12],
            Some(TlsVersion::V1_2) => &[&TLS12],
            Some(TlsVersion::V1_3) => &[&TLS13],
        };
        let TlsOptions { trust, pins, identity, words } = self.options.clone();
        let verifier =
            ServerVerifier::new(trust, pins, policy.name.clone(), words, provider.as_ref());
        let credentials = Arc::new(Credentials { identity, asked: AtomicBool::new(false) });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| Error::misuse(format!("TLS cannot be set up: {error}"), ""))?
            // Not weaker than rustls's own: it checks the chain with the same function, and names
            // as Oracle does, which rustls cannot (common names, distinguished names).
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(credentials.clone());
        config.enable_sni = policy.sni.is_some();
        let kept = Kept { config: Arc::new(config), credentials, words };
        if all.len() >= MAX_KEPT {
            all.clear();
        }
        all.insert(policy.clone(), kept.clone());
        Ok(kept)
    }
}

/// Why there is no session.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConnectError {
    /// The server or something on the way.
    #[error(transparent)]
    Failed(#[from] TlsFailure),
    /// The options.
    #[error(transparent)]
    Misuse(#[from] Error),
}

impl ConnectError {
    /// As an error of the client: what was being done is the handshake with `peer`
    /// (`db.example:2484`).
    pub fn into_error(self, peer: &str) -> Error {
        match self {
            ConnectError::Failed(failure) => failure.into_error(peer),
            ConnectError::Misuse(error) => error,
        }
    }
}

/// The client's certificate, if there is one, and whether servers of this target ask for it.
#[derive(Debug)]
pub(crate) struct Credentials {
    identity: Option<ClientIdentity>,
    asked: AtomicBool,
}

impl Credentials {
    /// Whether the server asked for a certificate that there is not.
    pub(crate) fn are_missing(&self) -> bool {
        self.identity.is_none() && self.asked.load(Ordering::Relaxed)
    }

    /// The certificate that servers are shown.
    pub(crate) fn identity(&self) -> Option<&ClientIdentity> {
        self.identity.as_ref()
    }
}

impl ResolvesClientCert for Credentials {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.identity.as_ref().map(ClientIdentity::key)
    }

    fn has_certs(&self) -> bool {
        true
    }
}
