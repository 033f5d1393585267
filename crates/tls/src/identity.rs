//! Who the client is, where a server wants to know: a certificate and its private key.

use std::fmt;
use std::sync::Arc;

use oraedge::{Error, Result};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::chain::Certificate;

/// A client's certificate, those of its issuers, and its private key.
#[derive(Clone)]
pub struct ClientIdentity {
    key: Arc<CertifiedKey>,
}

impl ClientIdentity {
    /// A chain in DER, the client's own certificate first, and its key: PKCS#8, PKCS#1 or SEC1.
    ///
    /// # Errors
    /// [`Error::Misuse`] without a certificate, for a key of a kind that TLS cannot use, or one
    /// that is another certificate's.
    pub fn new(chain: Vec<Vec<u8>>, key: PrivateKeyDer<'static>) -> Result<Self> {
        let chain: Vec<_> = chain.into_iter().map(CertificateDer::from).collect();
        let Some(own) = chain.first() else {
            return Err(Error::misuse(
                "the client's private key comes without a certificate",
                "give the certificate that belongs to it, and those of its issuers",
            ));
        };
        let subject = Certificate::read(own).map(|own| own.subject.to_string());
        let subject = subject.unwrap_or_else(|| "unreadable".to_owned());
        let signer = any_supported_type(&key).map_err(|_| {
            Error::misuse(
                format!("the private key of the client's certificate ({subject}) cannot be used"),
                "TLS needs a key of RSA (2048 bits or more), P-256, P-384, P-521 or Ed25519",
            )
        })?;
        let key = CertifiedKey::new(chain, signer);
        match key.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
                Ok(ClientIdentity { key: Arc::new(key) })
            }
            Err(_) => Err(Error::misuse(
                format!("the private key is not that of the client's certificate ({subject})"),
                "certificate and key must come from the same wallet or request",
            )),
        }
    }

    /// Certificates and an unencrypted key in PEM, as `openssl` writes them.
    ///
    /// # Errors
    /// [`Error::Misuse`] without a key, and those of [`new`](Self::new).
    pub fn from_pem(pem: &[u8]) -> Result<Self> {
        let chain: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(pem)
            .filter_map(|certificate| certificate.ok().map(|der| der.to_vec()))
            .collect();
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
            Error::misuse(
                "there is no unencrypted private key in the client's PEM",
                "expected -----BEGIN PRIVATE KEY-----; an encrypted one needs the wallet's password",
            )
        })?;
        ClientIdentity::new(chain, key)
    }

    /// The client's own certificate.
    pub fn certificate(&self) -> Option<Certificate> {
        self.key.cert.first().and_then(|own| Certificate::read(own))
    }

    pub(crate) fn key(&self) -> Arc<CertifiedKey> {
        self.key.clone()
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.certificate().map(|own| own.subject.to_string());
        f.debug_struct("ClientIdentity").field("subject", &own).finish_non_exhaustive()
    }
}
