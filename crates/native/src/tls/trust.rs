//! Whom to trust: lists of certification authorities.

use std::path::Path;
use std::sync::Arc;

use oraedge::{Error, Result};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

/// The certificates that make a server's certificate good.
#[derive(Debug, Clone)]
pub struct Trust {
    roots: Arc<RootCertStore>,
    /// The certificates that the caller gave, for one that is the server's own and not an
    /// authority's.
    given: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// The authorities that Mozilla trusts, compiled in. Enough for a cloud database without a
    /// wallet.
    pub fn public() -> Self {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Trust { roots: Arc::new(roots), given: Vec::new() }
    }

    /// The authorities that this machine's operating system trusts.
    ///
    /// # Errors
    /// [`Error::Misuse`] if it has none, with what was found out on the way.
    pub fn system() -> Result<Self> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
            return Err(Error::misuse(
                format!("this system has no usable certificates of authorities {errors:?}"),
                "install them (package ca-certificates) or give them with `ca`",
            ));
        }
        Ok(Trust { roots: Arc::new(roots), given: Vec::new() })
    }

    /// These authorities and no others, in PEM. A server's own certificate may be among them: it
    /// is then trusted as it is, whoever issued it, until it expires.
    ///
    /// # Errors
    /// [`Error::Misuse`] if there is no certificate in it, or one that cannot be read.
    pub fn only_pem(pem: &[u8]) -> Result<Self> {
        Ok(Trust::of(certificates(pem)?))
    }

    /// [`only_pem`](Self::only_pem) for certificates in DER; of none, nobody is trusted.
    pub fn only_der(certificates: &[Vec<u8>]) -> Self {
        Trust::of(certificates.iter().cloned().map(CertificateDer::from).collect())
    }

    fn of(given: Vec<CertificateDer<'static>>) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in &given {
            // What cannot be an authority may still be the server's own certificate.
            let _ = roots.add(certificate.clone());
        }
        Trust { roots: Arc::new(roots), given }
    }

    /// [`only_pem`](Self::only_pem) with the contents of a file.
    ///
    /// # Errors
    /// [`Error::Misuse`] if it cannot be read, and those of [`only_pem`](Self::only_pem).
    pub fn only_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let pem = std::fs::read(path).map_err(|error| {
            Error::misuse(
                format!("cannot read the certificates in {}: {error}", path.display()),
                "check the path of the CA file",
            )
        })?;
        Trust::only_pem(&pem)
    }

    /// Both lists together.
    pub fn and(mut self, other: Trust) -> Self {
        Arc::make_mut(&mut self.roots).roots.extend(other.roots.roots.iter().cloned());
        self.given.extend(other.given);
        self
    }

    pub(crate) fn roots(&self) -> &Arc<RootCertStore> {
        &self.roots
    }

    /// Whether the caller gave this very certificate.
    pub(super) fn has(&self, certificate: &CertificateDer<'_>) -> bool {
        self.given.iter().any(|given| given == certificate)
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => Err(Error::misuse(
            "there is no certificate in the CA text",
            "expected PEM: -----BEGIN CERTIFICATE----- ...",
        )),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(Error::misuse(
            format!("the CA text is not PEM: {error}"),
            "expected PEM: -----BEGIN CERTIFICATE----- ...",
        )),
    }
}
