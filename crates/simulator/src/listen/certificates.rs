//! The certificate authority, the server's certificate, and a client's wallet.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rsa::pkcs8::pkcs5::pbes2;
use rsa::pkcs8::{LineEnding, PrivateKeyInfoRef};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use x509_cert::der::DecodePem;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::identity::sample::HOSTS;

/// The names that the certificate is good for, besides [`HOSTS`].
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The authority's certificate: what clients have to trust.
const CA_FILE: &str = "ca.pem";
/// The same under the name that thin drivers look for in `wallet_location`.
const WALLET_FILE: &str = "ewallet.pem";
/// The server's certificate.
const CERTIFICATE_FILE: &str = "server.pem";
/// The server's key.
const KEY_FILE: &str = "server-key.pem";
/// The folder of the wallet with the client's certificate.
const CLIENT_WALLET: &str = "wallet";
/// The client's certificate.
const CLIENT_CERTIFICATE_FILE: &str = "client.pem";
/// The client's key, not encrypted: for programs that take it by itself.
const CLIENT_KEY_FILE: &str = "client-key.pem";

/// The password of the key in the client's wallet.
pub const WALLET_PASSWORD: &str = "Wallet_Password_1";
/// The subject of the client's certificate.
const CLIENT_NAME: &str = "oraedge simulator client";
/// Rounds of PBKDF2-HMAC-SHA-256 over the wallet's password: what OpenSSL takes by default.
const WALLET_KEY_ROUNDS: u32 = 2048;

/// A server's certificate and the authority that signed it, in PEM.
#[derive(Clone)]
pub struct Certificates {
    ca: String,
    certificate: String,
    key: String,
    client_certificate: String,
    client_key: String,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates").field("ca", &self.ca).finish_non_exhaustive()
    }
}

impl Certificates {
    /// Makes an authority, a certificate for `localhost`, `127.0.0.1`, `::1` and the hosts of the
    /// identity services, and one for a client. The authority's key is dropped, so that it signs nothing else.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn generate() -> Result<Certificates, rcgen::Error> {
        let mut ca = CertificateParams::new(Vec::new())?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.distinguished_name.push(DnType::CommonName, "oraedge simulator authority");
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate()?)?;
        let sign = |names: &[&str], common_name: &str, usage: ExtendedKeyUsagePurpose| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            let mut params = CertificateParams::new(names)?;
            params.distinguished_name.push(DnType::CommonName, common_name);
            params.extended_key_usages = vec![usage];
            params.use_authority_key_identifier_extension = true;
            let key = KeyPair::generate()?;
            Ok::<_, rcgen::Error>((params.signed_by(&key, &ca)?.pem(), key.serialize_pem()))
        };
        let names = [&NAMES[..], &HOSTS].concat();
        let (certificate, key) = sign(&names, "localhost", ExtendedKeyUsagePurpose::ServerAuth)?;
        let (client_certificate, client_key) =
            sign(&[], CLIENT_NAME, ExtendedKeyUsagePurpose::ClientAuth)?;
        Ok(Certificates { ca: ca.pem(), certificate, key, client_certificate, client_key })
    }

    /// Takes what is in `folder`, or makes it and puts it there. The client's wallet is in its
    /// folder `wallet`, with [`WALLET_PASSWORD`].
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn load_or_generate(folder: &Path) -> io::Result<Certificates> {
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).ok();
        let files = [CA_FILE, CERTIFICATE_FILE, KEY_FILE, CLIENT_CERTIFICATE_FILE, CLIENT_KEY_FILE];
        if let [Some(ca), Some(certificate), Some(key), Some(client_certificate), Some(client_key)] =
            files.map(read)
            && names_all_hosts(&certificate)
        {
            return Ok(Certificates { ca, certificate, key, client_certificate, client_key });
        }
        let made = Certificates::generate().map_err(io::Error::other)?;
        let wallet = folder.join(CLIENT_WALLET);
        std::fs::create_dir_all(&wallet)?;
        std::fs::write(wallet.join(WALLET_FILE), made.client_wallet(WALLET_PASSWORD)?)?;
        std::fs::write(folder.join(CLIENT_KEY_FILE), &made.client_key)?;
        std::fs::write(folder.join(CLIENT_CERTIFICATE_FILE), &made.client_certificate)?;
        std::fs::write(folder.join(KEY_FILE), &made.key)?;
        std::fs::write(folder.join(CERTIFICATE_FILE), &made.certificate)?;
        std::fs::write(folder.join(WALLET_FILE), &made.ca)?;
        std::fs::write(folder.join(CA_FILE), &made.ca)?;
        Ok(made)
    }

    /// An `ewallet.pem` as Autonomous Database hands it out for mutual TLS: the client's key,
    /// encrypted by `password` (PBES2), its certificate, and the authority to trust.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn client_wallet(&self, password: &str) -> io::Result<String> {
        wallet_pem(&self.client_key, &self.client_certificate, &self.ca, password)
    }

    /// The client's certificate and its key, not encrypted, in PEM.
    pub fn client_identity_pem(&self) -> (&str, &str) {
        (&self.client_certificate, &self.client_key)
    }

    /// The authority's certificate in DER.
    pub(super) fn ca_der(&self) -> io::Result<CertificateDer<'static>> {
        CertificateDer::from_pem_slice(self.ca.as_bytes()).map_err(io::Error::other)
    }

    /// The authority's certificate, in PEM: what clients have to trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca
    }

    /// What a TLS server needs. With `require_client`, it hangs up on clients that have no
    /// certificate of this authority (mutual TLS).
    pub(super) fn server_config(
        &self,
        require_client: bool,
    ) -> io::Result<Arc<rustls::ServerConfig>> {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes());
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes());
        let chain = vec![certificate.map_err(io::Error::other)?];
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = if require_client {
            let ca = CertificateDer::from_pem_slice(self.ca.as_bytes());
            let mut roots = rustls::RootCertStore::empty();
            roots.add(ca.map_err(io::Error::other)?).map_err(io::Error::other)?;
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(io::Error::other)?
        } else {
            WebPkiClientVerifier::no_client_auth()
        };
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                let key = key.map_err(|error| rustls::Error::General(error.to_string()))?;
                builder.with_client_cert_verifier(clients).with_single_cert(chain, key)
            })
            .map_err(io::Error::other)?;
        Ok(Arc::new(config))
    }
}

/// An `ewallet.pem`: `key` encrypted by `password` (PBES2), its certificate, and what to trust.
pub(super) fn wallet_pem(
    key: &str,
    certificate: &str,
    ca: &str,
    password: &str,
) -> io::Result<String> {
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(io::Error::other)?;
    let key = PrivateKeyInfoRef::try_from(key.secret_der()).map_err(io::Error::other)?;
    let mut salt = [0; 16];
    let mut iv = [0; 16];
    getrandom::fill(&mut salt).map_err(io::Error::other)?;
    getrandom::fill(&mut iv).map_err(io::Error::other)?;
    let encryption =
        pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(WALLET_KEY_ROUNDS, &salt, iv);
    let encrypted = encryption
        .map_err(|error| io::Error::other(error.to_string()))
        .and_then(|by| key.encrypt_with_params(by, password).map_err(io::Error::other))?;
    let key =
        encrypted.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).map_err(io::Error::other)?;
    Ok(format!("{}{certificate}{ca}", key.as_str()))
}

/// Whether a certificate names all [`HOSTS`]: one that an older simulator left behind may not.
fn names_all_hosts(pem: &str) -> bool {
    let Ok(certificate) = x509_cert::Certificate::from_pem(pem) else { return false };
    let Ok(Some((_, names))) = certificate.tbs_certificate().get_extension::<SubjectAltName>()
    else {
        return false;
    };
    let named = |host: &str| {
        names
            .0
            .iter()
            .any(|name| matches!(name, GeneralName::DnsName(name) if name.as_str() == host))
    };
    HOSTS.into_iter().all(named)
}

#[cfg(test)]
mod tests {
    use rsa::pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};

    use super::*;

    #[test]
    fn the_key_in_the_wallet_opens_with_its_password_alone() {
        let certificates = Certificates::generate().unwrap();
        let wallet = certificates.client_wallet("right").unwrap();
        let end = "-----END ENCRYPTED PRIVATE KEY-----\n";
        let (key, rest) = wallet.split_at(wallet.find(end).unwrap() + end.len());
        assert_eq!(rest.matches("BEGIN CERTIFICATE").count(), 2);
        let (_, key) = SecretDocument::from_pem(key).unwrap();
        let key = EncryptedPrivateKeyInfoRef::try_from(key.as_bytes()).unwrap();
        assert!(key.decrypt("wrong").is_err());
        let (_, plain) = certificates.client_identity_pem();
        let plain = PrivateKeyDer::from_pem_slice(plain.as_bytes()).unwrap();
        assert_eq!(key.decrypt("right").unwrap().as_bytes(), plain.secret_der());
    }

    #[test]
    fn a_folder_keeps_what_was_made_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let made = Certificates::load_or_generate(folder.path()).unwrap();
        let loaded = Certificates::load_or_generate(folder.path()).unwrap();
        assert_eq!(made.ca_pem(), loaded.ca_pem());
        assert_eq!(made.client_identity_pem(), loaded.client_identity_pem());
        let wallet = std::fs::read_to_string(folder.path().join("wallet/ewallet.pem")).unwrap();
        assert!(wallet.ends_with(made.ca_pem()));
    }
}
