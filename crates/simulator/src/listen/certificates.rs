//! The certificate authority and the server's certificate.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls;

/// The names that the certificate is good for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The authority's certificate: what clients have to trust.
const CA_FILE: &str = "ca.pem";
/// The same under the name that thin drivers look for in `wallet_location`.
const WALLET_FILE: &str = "ewallet.pem";
/// The server's certificate.
const CERTIFICATE_FILE: &str = "server.pem";
/// The server's key.
const KEY_FILE: &str = "server-key.pem";

/// A server's certificate and the authority that signed it, in PEM.
#[derive(Clone)]
pub struct Certificates {
    ca: String,
    certificate: String,
    key: String,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates").field("ca", &self.ca).finish_non_exhaustive()
    }
}

impl Certificates {
    /// Makes an authority and a certificate for `localhost`, `127.0.0.1` and `::1`. The authority's
    /// key is dropped, so that it signs nothing else.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn generate() -> Result<Certificates, rcgen::Error> {
        let mut ca = CertificateParams::new(Vec::new())?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.distinguished_name.push(DnType::CommonName, "oraedge simulator authority");
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate()?)?;
        let mut server = CertificateParams::new(NAMES.map(str::to_owned).to_vec())?;
        server.distinguished_name.push(DnType::CommonName, "localhost");
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &ca)?;
        Ok(Certificates { ca: ca.pem(), certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// Takes what is in `folder`, or makes it and puts it there.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn load_or_generate(folder: &Path) -> io::Result<Certificates> {
        let read = |file: &str| std::fs::read_to_string(folder.join(file));
        if let (Ok(ca), Ok(certificate), Ok(key)) =
            (read(CA_FILE), read(CERTIFICATE_FILE), read(KEY_FILE))
        {
            return Ok(Certificates { ca, certificate, key });
        }
        let made = Certificates::generate().map_err(io::Error::other)?;
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join(KEY_FILE), &made.key)?;
        std::fs::write(folder.join(CERTIFICATE_FILE), &made.certificate)?;
        std::fs::write(folder.join(WALLET_FILE), &made.ca)?;
        std::fs::write(folder.join(CA_FILE), &made.ca)?;
        Ok(made)
    }

    /// The authority's certificate, in PEM: what clients have to trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca
    }

    /// What a TLS server needs.
    pub(super) fn server_config(&self) -> io::Result<Arc<rustls::ServerConfig>> {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes());
        let chain = vec![certificate.map_err(io::Error::other)?];
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                let key = key.map_err(|error| rustls::Error::General(error.to_string()))?;
                builder.with_no_client_auth().with_single_cert(chain, key)
            })
            .map_err(io::Error::other)?;
        Ok(Arc::new(config))
    }
}
