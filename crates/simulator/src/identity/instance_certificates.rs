//! The certificates of compute instances: an authority, its intermediate, and the instance's own,
//! which the metadata service hands out and the federation service verifies.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;
use rsa::sha2::{Digest, Sha256};
use sha1::Sha1;
use x509_cert::Certificate;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder};
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::asn1::Utf8StringRef;
use x509_cert::der::{Decode, DecodePem, Encode, EncodePem};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};

use super::directory::AssertionKey;
use super::keys::{KeyError, PrivateKey, PublicKey};

/// How long certificates are good for.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// How far back they are good already, for clocks that are behind.
const BACKDATED: Duration = Duration::from_secs(3600);
/// `sha256WithRSAEncryption`.
const SHA256_WITH_RSA: &str = "1.2.840.113549.1.1.11";
/// The part of a subject that names the tenancy.
const TENANT_PREFIX: &str = "opc-tenant:";
/// The part of a subject that names the instance.
const INSTANCE_PREFIX: &str = "opc-instance:";

fn failed(error: impl std::fmt::Display) -> KeyError {
    KeyError(error.to_string())
}

/// What a certificate is to say.
struct Profile {
    subject: Name,
    issuer: Name,
    authority: bool,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _key: SubjectPublicKeyInfoRef<'_>,
        _issuer_key: SubjectPublicKeyInfoRef<'_>,
        certificate: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let constraints = BasicConstraints { ca: self.authority, path_len_constraint: None };
        let usage = if self.authority {
            KeyUsages::KeyCertSign | KeyUsages::CRLSign
        } else {
            KeyUsages::DigitalSignature.into()
        };
        let subject = certificate.subject();
        Ok(vec![
            constraints.to_extension(subject, &[])?,
            KeyUsage(usage).to_extension(subject, &[])?,
        ])
    }
}

/// When a certificate is good.
#[derive(Clone, Copy, Debug)]
struct Period {
    from: SystemTime,
    until: SystemTime,
}

fn certificate(
    subject: &str,
    issuer: &str,
    authority: bool,
    period: Period,
    key: &PublicKey,
    issuer_key: &PrivateKey,
) -> Result<Certificate, KeyError> {
    let profile = Profile {
        subject: Name::from_str(subject).map_err(failed)?,
        issuer: Name::from_str(issuer).map_err(failed)?,
        authority,
    };
    let mut serial = [0; 15];
    getrandom::fill(&mut serial).map_err(failed)?;
    // A serial number is a positive integer.
    let serial = SerialNumber::new(&[&[0x01], &serial[..]].concat()).map_err(failed)?;
    let time = |time| Time::try_from(time).map_err(failed);
    let validity = Validity::new(time(period.from)?, time(period.until)?);
    let key = SubjectPublicKeyInfoOwned::from_der(&key.to_spki_der()).map_err(failed)?;
    let builder = CertificateBuilder::new(profile, serial, validity, key).map_err(failed)?;
    builder.build::<_, rsa::pkcs1v15::Signature>(&issuer_key.signer()).map_err(failed)
}

/// A self-signed certificate of an application.
///
/// # Errors
/// When it cannot be encoded.
pub(crate) fn self_signed(
    name: &str,
    key: &PrivateKey,
    now: SystemTime,
) -> Result<Certificate, KeyError> {
    let subject = format!("CN={name}");
    let period = Period { from: now - BACKDATED, until: now + LIFETIME };
    certificate(&subject, &subject, false, period, &key.public_key(), key)
}

/// How a client assertion names this certificate, and the key that it is signed with.
///
/// # Errors
/// When the certificate has no RSA key.
pub(crate) fn assertion_key(certificate: &Certificate) -> Result<AssertionKey, KeyError> {
    let der = certificate.to_der().map_err(failed)?;
    let key = public_key(certificate);
    Ok(AssertionKey {
        sha1_thumbprint: URL_SAFE_NO_PAD.encode(Sha1::digest(&der)),
        sha256_thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(&der)),
        key: key.ok_or_else(|| KeyError("the certificate has no RSA key".to_owned()))?,
    })
}

/// The certificates of one instance.
#[derive(Clone, Debug)]
pub struct InstanceCertificates {
    root: Certificate,
    intermediate: Certificate,
    leaf: Certificate,
    expired: Certificate,
    key: PrivateKey,
}

impl InstanceCertificates {
    /// Makes an authority, and under it the certificates of `instance`: one that is good, and one
    /// that was until an hour ago.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn generate(
        keys: [PrivateKey; 3],
        instance: &str,
        tenancy: &str,
        compartment: &str,
        now: SystemTime,
    ) -> Result<InstanceCertificates, KeyError> {
        let [root_key, intermediate_key, key] = keys;
        let root_name = "CN=PKISVC Simulator Root";
        let intermediate_name = "CN=PKISVC Simulator Intermediate,OU=opc-certtype:intermediate";
        let leaf_name = format!(
            "CN={instance},OU=opc-certtype:instance,OU=opc-compartment:{compartment},\
             OU={INSTANCE_PREFIX}{instance},OU={TENANT_PREFIX}{tenancy}"
        );
        let current = Period { from: now - BACKDATED, until: now + LIFETIME };
        let past = Period { from: now - 2 * BACKDATED, until: now - BACKDATED };
        let leaf = |period| {
            let public = key.public_key();
            certificate(&leaf_name, intermediate_name, false, period, &public, &intermediate_key)
        };
        let root_public = root_key.public_key();
        let intermediate_public = intermediate_key.public_key();
        Ok(InstanceCertificates {
            root: certificate(root_name, root_name, true, current, &root_public, &root_key)?,
            intermediate: certificate(
                intermediate_name,
                root_name,
                true,
                current,
                &intermediate_public,
                &root_key,
            )?,
            leaf: leaf(current)?,
            expired: leaf(past)?,
            key,
        })
    }

    /// The instance's certificate, or the one that expired.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn leaf_pem(&self, expired: bool) -> Result<String, KeyError> {
        pem(if expired { &self.expired } else { &self.leaf })
    }

    /// The certificate between the instance's and the authority's.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn intermediate_pem(&self) -> Result<String, KeyError> {
        pem(&self.intermediate)
    }

    /// The instance's key, PKCS#1.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn key_pem(&self) -> Result<String, KeyError> {
        self.key.to_pkcs1_pem()
    }

    /// Verifies a chain that ends at this authority: names, signatures, who may sign, and times.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify(
        &self,
        leaf: &str,
        intermediates: &[String],
        now: SystemTime,
    ) -> Result<VerifiedInstance, ChainError> {
        let leaf = parse(leaf).ok_or(ChainError::Malformed)?;
        let mut chain = vec![leaf.clone()];
        for intermediate in intermediates {
            chain.push(parse(intermediate).ok_or(ChainError::Malformed)?);
        }
        chain.push(self.root.clone());
        for (subject, issuer) in chain.iter().zip(chain.iter().skip(1)) {
            let (signed, authority) = (subject.tbs_certificate(), issuer.tbs_certificate());
            if signed.issuer() != authority.subject() {
                return Err(ChainError::NotIssuedBy);
            }
            if !may_sign(issuer) || !is_signed_by(subject, issuer) {
                return Err(ChainError::BadSignature);
            }
        }
        for certificate in &chain {
            let validity = certificate.tbs_certificate().validity();
            if now < validity.not_before.to_system_time() {
                return Err(ChainError::NotYetValid);
            }
            if now >= validity.not_after.to_system_time() {
                return Err(ChainError::Expired);
            }
        }
        VerifiedInstance::of(&leaf).ok_or(ChainError::NoInstance)
    }
}

/// What a verified chain says.
#[derive(Clone, Debug)]
pub struct VerifiedInstance {
    /// The OCID of the instance.
    pub instance: String,
    /// The OCID of its tenancy.
    pub tenancy: String,
    /// The key of the instance's certificate.
    pub key: PublicKey,
    der: Vec<u8>,
}

impl VerifiedInstance {
    fn of(leaf: &Certificate) -> Option<VerifiedInstance> {
        let subject = leaf.tbs_certificate().subject();
        let part = |prefix: &str| {
            subject.iter().find_map(|attribute| {
                let text: Utf8StringRef<'_> = attribute.value.decode_as().ok()?;
                text.as_str().strip_prefix(prefix).map(str::to_owned)
            })
        };
        Some(VerifiedInstance {
            instance: part(INSTANCE_PREFIX)?,
            tenancy: part(TENANT_PREFIX)?,
            key: public_key(leaf)?,
            der: leaf.to_der().ok()?,
        })
    }

    /// Whether `fingerprint` (pairs of digits with colons) is that of the certificate: SHA-1, or
    /// SHA-256 with `sha256`.
    pub fn has_fingerprint(&self, fingerprint: &str, sha256: bool) -> bool {
        let digest = if sha256 {
            Sha256::digest(&self.der).to_vec()
        } else {
            Sha1::digest(&self.der).to_vec()
        };
        let pairs: Vec<_> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":").eq_ignore_ascii_case(fingerprint)
    }
}

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainError {
    /// A certificate is none.
    Malformed,
    /// A certificate names another issuer than the next one.
    NotIssuedBy,
    /// A certificate is not signed by the next one, or that one must not sign.
    BadSignature,
    /// A certificate is not good yet.
    NotYetValid,
    /// A certificate is good no more.
    Expired,
    /// The certificate is not one of an instance.
    NoInstance,
}

pub(crate) fn pem(certificate: &Certificate) -> Result<String, KeyError> {
    certificate.to_pem(x509_cert::der::pem::LineEnding::LF).map_err(failed)
}

/// Reads PEM, or only its base64 as the SDKs send it.
fn parse(text: &str) -> Option<Certificate> {
    if text.contains("-----BEGIN") {
        return Certificate::from_pem(text).ok();
    }
    let base64: String = text.split_ascii_whitespace().collect();
    Certificate::from_der(&STANDARD.decode(base64).ok()?).ok()
}

fn public_key(certificate: &Certificate) -> Option<PublicKey> {
    let key = certificate.tbs_certificate().subject_public_key_info();
    PublicKey::from_spki_der(&key.to_der().ok()?).ok()
}

fn may_sign(issuer: &Certificate) -> bool {
    let constraints = issuer.tbs_certificate().get_extension::<BasicConstraints>();
    constraints.is_ok_and(|found| found.is_some_and(|(_, constraints)| constraints.ca))
}

fn is_signed_by(subject: &Certificate, issuer: &Certificate) -> bool {
    let signed = subject.tbs_certificate().to_der();
    let signature = subject.signature().as_bytes();
    match (signed, signature, public_key(issuer)) {
        (Ok(signed), Some(signature), Some(key)) => {
            subject.signature_algorithm().oid.to_string() == SHA256_WITH_RSA
                && key.verify(&signed, signature)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::testing;

    fn generate(now: SystemTime) -> InstanceCertificates {
        let keys = [testing::key(0), testing::key(1), testing::key(2)];
        InstanceCertificates::generate(keys, "ocid1.instance.x", "ocid1.tenancy.y", "c", now)
            .expect("certificates")
    }

    #[test]
    fn a_chain_is_verified_up_to_the_authority() {
        let now = SystemTime::now();
        let ours = generate(now);
        let leaf = ours.leaf_pem(false).expect("PEM");
        let intermediate = vec![ours.intermediate_pem().expect("PEM")];
        let found = ours.verify(&leaf, &intermediate, now).expect("a good chain");
        assert_eq!(found.instance, "ocid1.instance.x");
        assert_eq!(found.tenancy, "ocid1.tenancy.y");
        assert_eq!(found.key, testing::key(2).public_key());
        let base64: String = leaf.lines().filter(|line| !line.starts_with('-')).collect();
        assert!(ours.verify(&base64, &intermediate, now).is_ok());
    }

    #[test]
    fn broken_chains_are_refused() {
        let now = SystemTime::now();
        let ours = generate(now);
        let keys = [testing::key(1), testing::key(0), testing::key(2)];
        let theirs =
            InstanceCertificates::generate(keys, "ocid1.instance.x", "ocid1.tenancy.y", "c", now)
                .expect("certificates");
        let leaf = |of: &InstanceCertificates| of.leaf_pem(false).expect("PEM");
        let middle = |of: &InstanceCertificates| vec![of.intermediate_pem().expect("PEM")];
        let expired = ours.leaf_pem(true).expect("PEM");
        for (leaf, intermediates, at, error) in [
            (&leaf(&ours), vec![], now, ChainError::NotIssuedBy),
            (&leaf(&theirs), middle(&ours), now, ChainError::BadSignature),
            (&leaf(&theirs), middle(&theirs), now, ChainError::BadSignature),
            (&expired, middle(&ours), now, ChainError::Expired),
            (&leaf(&ours), middle(&ours), now + 2 * LIFETIME, ChainError::Expired),
            (&leaf(&ours), middle(&ours), now - 2 * LIFETIME, ChainError::NotYetValid),
            (&"rubbish".to_owned(), middle(&ours), now, ChainError::Malformed),
            (&middle(&ours).remove(0), vec![], now, ChainError::NoInstance),
        ] {
            assert_eq!(ours.verify(leaf, &intermediates, at).err(), Some(error), "{error:?}");
        }
    }
}
