//! Certificate chains with a defect each, and clients' certificates with one.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose,
    NameConstraints, date_time_ymd,
};
use rsa::pkcs8::DecodePrivateKey;
use rsa::sha2::Sha256;
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::crypto::ring::sign::any_supported_type;
use tokio_rustls::rustls::sign::{Signer, SigningKey};
use tokio_rustls::rustls::{Error as TlsError, SignatureAlgorithm, SignatureScheme};

use super::certificates::wallet_pem;
use super::defects::{ClientDefect, TlsDefect};

/// The organization in the subjects of leaves.
pub const LEAF_ORGANIZATION: &str = "oraedge simulator";

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// What a server shows, and what its clients have to trust.
pub(super) struct Chain {
    /// In the order in which they are sent.
    pub(super) sent: Vec<CertificateDer<'static>>,
    pub(super) key: Arc<dyn SigningKey>,
    /// In PEM.
    pub(super) root: String,
}

/// The authorities of the defective chains. They live as long as the simulator: one root is enough to trust
/// most of them.
pub(super) struct Authorities {
    root: Issuer,
    intermediate: Issuer,
    stranger: Issuer,
}

impl std::fmt::Debug for Authorities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorities").field("root", &self.root.pem()).finish_non_exhaustive()
    }
}

fn issuer_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

fn leaf_params(common_name: &str, names: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.distinguished_name.push(DnType::OrganizationName, LEAF_ORGANIZATION);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// The leaf that nothing is wrong with.
fn localhost() -> Result<CertificateParams, rcgen::Error> {
    leaf_params("localhost", &["localhost", "127.0.0.1", "::1"])
}

fn expired(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 2, 3);
}

fn future(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(4020, 1, 1);
    params.not_after = date_time_ymd(4021, 2, 3);
}

fn root(name: &str, change: fn(&mut CertificateParams)) -> Result<Issuer, rcgen::Error> {
    let mut params = issuer_params(name);
    change(&mut params);
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn below(
    issuer: &Issuer,
    name: &str,
    change: impl FnOnce(&mut CertificateParams),
) -> Result<Issuer, rcgen::Error> {
    let mut params = issuer_params(name);
    change(&mut params);
    CertifiedIssuer::signed_by(params, KeyPair::generate()?, issuer)
}

fn signing_key(key: &KeyPair) -> io::Result<Arc<dyn SigningKey>> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
    any_supported_type(&key).map_err(io::Error::other)
}

const ROOT_NAME: &str = "oraedge simulator root";
const INTERMEDIATE_NAME: &str = "oraedge simulator intermediate";
const SECOND_INTERMEDIATE_NAME: &str = "oraedge simulator second intermediate";

/// An unassigned arc below that of private enterprises.
const UNKNOWN_EXTENSION: &[u64] = &[1, 3, 6, 1, 4, 1, 99_999, 1];

impl Authorities {
    pub(super) fn generate() -> Result<Authorities, rcgen::Error> {
        let root = root(ROOT_NAME, |_| {})?;
        let intermediate = below(&root, INTERMEDIATE_NAME, |_| {})?;
        let stranger = self::root("oraedge simulator stranger", |_| {})?;
        Ok(Authorities { root, intermediate, stranger })
    }

    /// The root of most chains, in PEM.
    pub(super) fn root_pem(&self) -> String {
        self.root.pem()
    }

    pub(super) fn root_der(&self) -> CertificateDer<'static> {
        self.root.der().clone()
    }

    /// The chain of a server with this defect; the sound one for a defect that is not the chain's.
    pub(super) fn chain(&self, defect: TlsDefect) -> io::Result<Chain> {
        match openssl_chain(defect) {
            Some(chain) => chain,
            None => self.generated_chain(defect),
        }
    }

    fn generated_chain(&self, defect: TlsDefect) -> io::Result<Chain> {
        use TlsDefect as D;
        let made = |error: rcgen::Error| io::Error::other(error);
        let sound = || localhost().map_err(made);
        match defect {
            D::SelfSignedLeaf | D::SelfSignedAuthority => {
                let mut params = sound()?;
                params.use_authority_key_identifier_extension = false;
                if defect == D::SelfSignedAuthority {
                    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                    params.extended_key_usages.clear();
                }
                let key = KeyPair::generate().map_err(made)?;
                let certificate = params.self_signed(&key).map_err(made)?;
                let sent = vec![certificate.der().clone()];
                return Ok(Chain { sent, key: signing_key(&key)?, root: certificate.pem() });
            }
            D::ExpiredRoot | D::FutureRoot | D::RenewedRoot => {
                let change = match defect {
                    D::ExpiredRoot => expired,
                    D::FutureRoot => future,
                    _ => |_: &mut CertificateParams| {},
                };
                let root = root(ROOT_NAME, change).map_err(made)?;
                let intermediate = below(&root, INTERMEDIATE_NAME, |_| {}).map_err(made)?;
                let mut chain = self.issue(&[&intermediate], sound()?)?;
                // Of a renewed root the client has the old one.
                chain.root = if defect == D::RenewedRoot { self.root.pem() } else { root.pem() };
                return Ok(chain);
            }
            D::PathTooLong | D::ShuffledChain => {
                let first = below(&self.root, INTERMEDIATE_NAME, |params| {
                    if defect == D::PathTooLong {
                        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
                    }
                });
                let first = first.map_err(made)?;
                let second = below(&first, SECOND_INTERMEDIATE_NAME, |_| {}).map_err(made)?;
                let mut chain = self.issue(&[&second, &first], sound()?)?;
                if defect == D::ShuffledChain {
                    chain.sent.swap(1, 2);
                }
                return Ok(chain);
            }
            _ => {}
        }
        let intermediate = self.defective_intermediate(defect).map_err(made)?;
        let mut chain = self.issue(
            &[intermediate.as_ref().unwrap_or(&self.intermediate)],
            defective_leaf(defect).map_err(made)?,
        )?;
        match defect {
            D::RootInChain => chain.sent.push(self.root_der()),
            D::MissingIntermediate => chain.sent.truncate(1),
            D::LeafLast => chain.sent.reverse(),
            D::ExtraCertificates => {
                chain.sent.push(self.stranger.der().clone());
                let other = below(&self.stranger, "oraedge simulator bystander", |_| {});
                chain.sent.push(other.map_err(made)?.der().clone());
            }
            // The impostor issued the leaf; what the server sends is the true intermediate.
            D::ForgedSignature => chain.sent[1] = self.intermediate.der().clone(),
            D::GarbledLeaf => chain.sent[0] = CertificateDer::from(vec![0x30, 0x03, 1, 2, 3]),
            D::NoCertificate => chain.sent.clear(),
            D::KeyMismatch => chain.key = signing_key(&KeyPair::generate().map_err(made)?)?,
            _ => {}
        }
        Ok(chain)
    }

    /// The intermediate, where the defect is in it.
    fn defective_intermediate(&self, defect: TlsDefect) -> Result<Option<Issuer>, rcgen::Error> {
        let change: fn(&mut CertificateParams) = match defect {
            TlsDefect::ExpiredIntermediate => expired,
            TlsDefect::FutureIntermediate => future,
            TlsDefect::IntermediateIsNoAuthority => |params| params.is_ca = IsCa::ExplicitNoCa,
            TlsDefect::IntermediateNoServerAuth => |params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            },
            TlsDefect::IntermediateMaySignNothing => |params| {
                params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            },
            TlsDefect::NameConstraints => |params| {
                params.name_constraints = Some(NameConstraints {
                    permitted_subtrees: vec![GeneralSubtree::DnsName("example.com".to_owned())],
                    excluded_subtrees: Vec::new(),
                });
            },
            TlsDefect::ForgedSignature => |_| {},
            _ => return Ok(None),
        };
        below(&self.root, INTERMEDIATE_NAME, change).map(Some)
    }

    /// A leaf, below issuers of which the last is below the root.
    fn issue(&self, issuers: &[&Issuer], leaf: CertificateParams) -> io::Result<Chain> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let issuer = issuers.first().copied().unwrap_or(&self.root);
        let leaf = leaf.signed_by(&key, issuer).map_err(io::Error::other)?;
        let mut sent = vec![leaf.der().clone()];
        sent.extend(issuers.iter().map(|issuer| issuer.der().clone()));
        Ok(Chain { sent, key: signing_key(&key)?, root: self.root.pem() })
    }

    /// An `ewallet.pem` with a client's certificate of this defect, its key encrypted by `password`.
    pub(super) fn client_wallet(&self, defect: ClientDefect, password: &str) -> io::Result<String> {
        let made = |error: rcgen::Error| io::Error::other(error);
        let mut params = leaf_params("oraedge simulator client", &[]).map_err(made)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        match defect {
            ClientDefect::Expired => expired(&mut params),
            ClientDefect::Future => future(&mut params),
            ClientDefect::WrongPurpose => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }
            ClientDefect::Stranger | ClientDefect::OtherKey => {}
        }
        let issuer = if defect == ClientDefect::Stranger { &self.stranger } else { &self.root };
        let key = KeyPair::generate().map_err(made)?;
        let certificate = params.signed_by(&key, issuer).map_err(made)?.pem();
        let key = match defect {
            ClientDefect::OtherKey => KeyPair::generate().map_err(made)?,
            _ => key,
        };
        wallet_pem(&key.serialize_pem(), &certificate, &self.root.pem(), password)
    }
}

/// The leaf, sound or with the defect that is in it.
fn defective_leaf(defect: TlsDefect) -> Result<CertificateParams, rcgen::Error> {
    let mut params = match defect {
        TlsDefect::WrongHost => {
            leaf_params("db.example.com", &["db.example.com", "standby.example.com", "192.0.2.7"])?
        }
        TlsDefect::Wildcard => leaf_params("*.db.example.com", &["*.db.example.com"])?,
        TlsDefect::CommonNameOnly => leaf_params("localhost", &[])?,
        TlsDefect::WrongCommonName => leaf_params("db.example.com", &[])?,
        TlsDefect::AddressOnly => leaf_params("database", &["127.0.0.1"])?,
        TlsDefect::ServiceName => leaf_params("FREEPDB1", &["FREEPDB1"])?,
        _ => localhost()?,
    };
    match defect {
        TlsDefect::ExpiredLeaf => expired(&mut params),
        TlsDefect::FutureLeaf => future(&mut params),
        TlsDefect::NoName => {
            params.distinguished_name = DistinguishedName::new();
            params.subject_alt_names.clear();
        }
        TlsDefect::LeafIsAuthority => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        TlsDefect::NoServerAuth => {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }
        TlsDefect::UnknownCriticalExtension => {
            let mut extension =
                CustomExtension::from_oid_content(UNKNOWN_EXTENSION, vec![0x05, 0x00]);
            extension.set_criticality(true);
            params.custom_extensions.push(extension);
        }
        _ => {}
    }
    Ok(params)
}

/// The chains that OpenSSL made, since rcgen and ring cannot (`openssl/make.sh`).
fn openssl_chain(defect: TlsDefect) -> Option<io::Result<Chain>> {
    macro_rules! files {
        ($key:literal $($file:literal)*) => {
            (
                include_str!(concat!("openssl/", $key, ".key")),
                concat!($(include_str!(concat!("openssl/", $file, ".pem"))),*),
            )
        };
    }
    let (key, sent) = match defect {
        TlsDefect::Sha1Signature => files!("sha1-leaf" "sha1-leaf"),
        TlsDefect::Rsa1024Leaf => files!("rsa1024-leaf" "rsa1024-leaf"),
        TlsDefect::Rsa1024Intermediate => {
            files!("below-rsa1024" "below-rsa1024" "rsa1024-intermediate")
        }
        TlsDefect::P521Intermediate => files!("below-p521" "below-p521" "p521-intermediate"),
        TlsDefect::Version1Leaf => files!("version1-leaf" "version1-leaf"),
        _ => return None,
    };
    let read = || {
        let key: Arc<dyn SigningKey> = if defect == TlsDefect::Rsa1024Leaf {
            Arc::new(SmallRsaKey(Arc::new(
                rsa::PrivateKey::from_pkcs8_pem(key).map_err(io::Error::other)?,
            )))
        } else {
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(io::Error::other)?;
            any_supported_type(&key).map_err(io::Error::other)?
        };
        let sent: Result<_, _> = CertificateDer::pem_slice_iter(sent.as_bytes()).collect();
        let root = include_str!("openssl/root.pem").to_owned();
        Ok(Chain { sent: sent.map_err(io::Error::other)?, key, root })
    };
    Some(read())
}

/// An RSA key that is too small for ring.
#[derive(Clone)]
struct SmallRsaKey(Arc<rsa::PrivateKey>);

impl std::fmt::Debug for SmallRsaKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmallRsaKey")
    }
}

impl SigningKey for SmallRsaKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&SignatureScheme::RSA_PSS_SHA256).then(|| Box::new(self.clone()) as _)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

impl Signer for SmallRsaKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, TlsError> {
        let key = rsa::pss::SigningKey::<Sha256>::new(self.0.as_ref().clone());
        key.try_sign_with_rng(&mut getrandom::SysRng, message)
            .map(|signature| signature.to_vec())
            .map_err(|error| TlsError::General(error.to_string()))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::RSA_PSS_SHA256
    }
}
