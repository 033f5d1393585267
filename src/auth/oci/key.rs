//! The private key that signs requests and log-ons: RSA, from PEM.

use md5::{Digest, Md5};
use pkcs8::spki::EncodePublicKey;
use pkcs8::{EncodePrivateKey, LineEnding, ObjectIdentifier, PrivateKeyInfoRef};
use rsa::PrivateKey;
use rsa::pkcs1::RsaPrivateKeyRef;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::rand_core::TryCryptoRng;
use rsa::traits::PublicKeyParts;
use sha2::Sha256;

use super::pem;
use crate::auth::Secret;
use crate::error::{Error, Result};

/// The shortest key that OCI takes, in bits.
pub const MIN_BITS: u32 = 2048;

/// The longest key that can be used here, in bits. OCI's console takes 4096.
pub const MAX_BITS: u32 = 8192;

/// `rsaEncryption` (RFC 8017), the only algorithm of keys that OCI knows.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// How to make a key that OCI takes.
const MAKE: &str = "make an RSA key with: oci setup keys, or openssl genrsa -out KEY.pem 2048";

/// A private RSA key. `Debug` shows its size and its fingerprint; it is zeroed when dropped.
pub struct ApiKey {
    key: PrivateKey,
    spki: Vec<u8>,
}

impl ApiKey {
    /// Reads a private key in PEM: PKCS#1 and PKCS#8, either one plain or encrypted. A pass phrase that
    /// the key does not need is ignored (a profile inherits it from DEFAULT).
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] or [`Error::Unsupported`] with what the text is instead, and what to do.
    pub fn from_pem(pem: &str, pass_phrase: Option<&Secret>) -> Result<Self> {
        let blocks = pem::blocks(pem)?;
        for block in &blocks {
            match block.label {
                "RSA PRIVATE KEY" => return Self::from_pkcs1(&block.bytes(pass_phrase)?),
                "PRIVATE KEY" => return Self::from_pkcs8(&block.bytes(pass_phrase)?),
                "ENCRYPTED PRIVATE KEY" => {
                    let encrypted = block.bytes(pass_phrase)?;
                    return Self::from_pkcs8(&pem::decrypt_pkcs8(&encrypted, pass_phrase)?);
                }
                _ => {}
            }
        }
        Err(no_private_key(pem, blocks.first().map(|block| block.label)))
    }

    /// Reads a file that holds a key in PEM, in UTF-8 with or without a byte order mark.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem), and [`Error::Auth`] for DER and for UTF-16.
    pub fn from_file(bytes: &[u8], pass_phrase: Option<&Secret>) -> Result<Self> {
        let text = std::str::from_utf8(bytes).map_err(|_| match bytes {
            [0x30, ..] => Error::auth(
                "the key file is in DER, not in PEM",
                "convert it with: openssl pkey -inform DER -in KEY.der -out KEY.pem",
            ),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Error::auth(
                "the key file is in UTF-16, not in PEM",
                "save it as plain text (ASCII or UTF-8)",
            ),
            _ => Error::auth("the key file is binary, not in PEM", MAKE),
        })?;
        Self::from_pem(text, pass_phrase)
    }

    /// A new key of `bits` bits, from the random source that is handed in.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for a size that OCI does not take, [`Error::Auth`] where the random source
    /// fails.
    pub fn generate<R: TryCryptoRng + ?Sized>(random: &mut R, bits: u32) -> Result<Self> {
        check_size(bits)?;
        let size = usize::try_from(bits).unwrap_or_default();
        let key = PrivateKey::new(random, size)
            .map_err(|error| Error::auth(format!("no key could be made: {error}"), ""))?;
        Self::new(key)
    }

    /// The private half in PKCS#8 DER, as WebCrypto's `importKey` takes it.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] if the key cannot be written.
    pub fn to_pkcs8_der(&self) -> Result<Secret> {
        let document = self.key.to_pkcs8_der().map_err(|_| unwritable())?;
        Ok(Secret::new(document.as_bytes().to_vec()))
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self> {
        let parts = RsaPrivateKeyRef::try_from(der).map_err(|_| damaged())?;
        let modulus = parts.modulus.as_bytes();
        let spare = modulus.first().map_or(0, |byte| byte.leading_zeros());
        let bits = u32::try_from(modulus.len()).unwrap_or(u32::MAX).saturating_mul(8);
        check_size(bits.saturating_sub(spare))?;
        Self::new(PrivateKey::try_from(parts).map_err(|_| damaged())?)
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self> {
        let info = PrivateKeyInfoRef::try_from(der).map_err(|_| damaged())?;
        if info.algorithm.oid != RSA {
            return Err(Error::unsupported(
                format!("a private key of the algorithm {}", algorithm(info.algorithm.oid)),
                MAKE,
            ));
        }
        Self::from_pkcs1(info.private_key.as_bytes())
    }

    fn new(key: PrivateKey) -> Result<Self> {
        let spki = key.as_public_key().to_public_key_der().map_err(|_| unwritable())?.into_vec();
        Ok(ApiKey { key, spki })
    }

    /// The size in bits.
    pub fn bits(&self) -> u32 {
        self.key.n().bit_width()
    }

    /// The public half in DER (SubjectPublicKeyInfo, as WebCrypto's `spki`).
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The public half in PEM, with a line break at its end.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] if the key cannot be written.
    pub fn public_key_pem(&self) -> Result<String> {
        self.key.as_public_key().to_public_key_pem(LineEnding::LF).map_err(|_| unwritable())
    }

    /// The fingerprint as OCI's console shows it: MD5 of the public half in DER, in hexadecimal
    /// with colons.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.spki)
    }

    /// Checks that a configured fingerprint is this key's, so that the wrong one of two keys is
    /// told before any request (a service answers no more than 401).
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] with both.
    pub fn check_fingerprint(&self, configured: &str) -> Result<()> {
        let computed = self.fingerprint();
        if configured.trim().eq_ignore_ascii_case(&computed) {
            return Ok(());
        }
        // Something else that was put there by mistake is not shown.
        let shown: &str = match configured.trim() {
            text if is_fingerprint(&text.to_ascii_lowercase()) => text,
            _ => "something that is no fingerprint",
        };
        Err(Error::auth(
            format!(
                "the private key is not the one of the configured fingerprint: the key's is \
                 {computed}, the configuration says {shown}"
            ),
            "give the key file that belongs to the fingerprint, or the fingerprint of the key \
             as the console lists it (User settings, API keys)",
        ))
    }

    /// The signature of a message: RSASSA-PKCS1-v1_5 with SHA-256, as long as the modulus.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] if the key's own parts do not fit each other.
    pub fn sign_sha256(&self, message: &[u8]) -> Result<Vec<u8>> {
        self.key
            .sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message))
            .map_err(|error| Error::auth(format!("the private key cannot sign: {error}"), MAKE))
    }
}

/// The fingerprint of a public key in DER (SubjectPublicKeyInfo): MD5, in hexadecimal with colons.
pub fn fingerprint(spki: &[u8]) -> String {
    colons(&Md5::digest(spki))
}

/// Sixteen pairs of hexadecimal digits in lower case, with colons between.
pub(super) fn is_fingerprint(text: &str) -> bool {
    let is_pair = |pair: &str| {
        pair.len() == 2 && pair.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    text.split(':').count() == 16 && text.split(':').all(is_pair)
}

fn colons(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey")
            .field("bits", &self.bits())
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

fn check_size(bits: u32) -> Result<()> {
    if (MIN_BITS..=MAX_BITS).contains(&bits) {
        return Ok(());
    }
    Err(Error::auth(
        format!(
            "the RSA key has {bits} bits; OCI takes {MIN_BITS} and more, up to {MAX_BITS} here"
        ),
        MAKE,
    ))
}

fn damaged() -> Error {
    Error::auth(
        "the private key is damaged, or its pass phrase is wrong",
        "try it with: openssl pkey -in KEY.pem -check -noout",
    )
}

fn unwritable() -> Error {
    Error::auth("the key cannot be written in DER", "")
}

/// Names of the algorithms that a key may have instead of RSA.
fn algorithm(oid: ObjectIdentifier) -> String {
    match oid.to_string().as_str() {
        "1.2.840.10045.2.1" => "EC".to_owned(),
        "1.2.840.10040.4.1" => "DSA".to_owned(),
        "1.2.840.113549.1.1.10" => "RSASSA-PSS".to_owned(),
        "1.3.101.112" => "Ed25519".to_owned(),
        other => other.to_owned(),
    }
}

/// What the text is, if it holds no private RSA key.
fn no_private_key(text: &str, label: Option<&str>) -> Error {
    let private = "give the private key that belongs to it";
    match label {
        Some("PUBLIC KEY" | "RSA PUBLIC KEY") => {
            Error::auth("a private key is needed, and this is a public key", private)
        }
        Some("CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE") => {
            Error::auth("a private key is needed, and this is a certificate", private)
        }
        Some("EC PRIVATE KEY" | "EC PARAMETERS") => {
            Error::unsupported("a private key of the algorithm EC", MAKE)
        }
        Some("DSA PRIVATE KEY") => Error::unsupported("a private key of the algorithm DSA", MAKE),
        Some("OPENSSH PRIVATE KEY") => Error::unsupported(
            "a private key in OpenSSH's own form",
            "convert a copy of it with: ssh-keygen -p -m PEM -f COPY",
        ),
        Some(label) => Error::auth(format!("a private key is needed, and this is: {label}"), MAKE),
        None if text.trim_start().starts_with("ssh-") => {
            Error::auth("a private key is needed, and this is a public key of SSH", private)
        }
        None if text.trim().is_empty() => Error::auth("the private key is empty", MAKE),
        None => Error::auth(
            "the private key is not in PEM: it has no line -----BEGIN ... PRIVATE KEY-----",
            MAKE,
        ),
    }
}
