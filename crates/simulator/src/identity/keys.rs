//! RSA keys: the signatures (RSASSA-PKCS1-v1_5 with SHA-256) and the forms in which keys travel.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use md5::Md5;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs1v15;
use rsa::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding,
};
use rsa::sha2::{Digest, Sha256};
use rsa::signature::{SignatureEncoding, Signer, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, pss};
use serde_json::{Value, json};

/// The smallest modulus that the services accept, in bits.
pub const MIN_BITS: usize = 2048;
/// The largest one; what is longer only costs time.
const MAX_BITS: usize = 8192;

/// Why a key was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError(pub String);

impl std::fmt::Display for KeyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}

fn key_error(error: impl std::fmt::Display) -> KeyError {
    KeyError(error.to_string())
}

/// A private key.
#[derive(Clone)]
pub struct PrivateKey {
    key: rsa::PrivateKey,
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({})", self.public_key().fingerprint())
    }
}

impl PrivateKey {
    /// Makes one of 2048 bits.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate() -> Result<PrivateKey, KeyError> {
        let key = rsa::PrivateKey::new(&mut getrandom::SysRng, MIN_BITS).map_err(key_error)?;
        Ok(PrivateKey { key })
    }

    /// Reads an unencrypted PKCS#8 key.
    ///
    /// # Errors
    /// [`KeyError`] when it is not one.
    pub fn from_pkcs8_pem(pem: &str) -> Result<PrivateKey, KeyError> {
        rsa::PrivateKey::from_pkcs8_pem(pem).map(|key| PrivateKey { key }).map_err(key_error)
    }

    /// Signs `message`: RSASSA-PKCS1-v1_5 with SHA-256.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.signer().sign(message).to_vec()
    }

    /// The key as what signs certificates.
    pub(crate) fn signer(&self) -> pkcs1v15::SigningKey<Sha256> {
        pkcs1v15::SigningKey::new(self.key.clone())
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        PublicKey { key: self.key.to_public_key() }
    }

    /// As PEM, PKCS#8 (`BEGIN PRIVATE KEY`).
    ///
    /// # Errors
    /// When the key cannot be encoded.
    pub fn to_pkcs8_pem(&self) -> Result<String, KeyError> {
        self.key.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.to_string()).map_err(key_error)
    }

    /// As PEM, PKCS#1 (`BEGIN RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// When the key cannot be encoded.
    pub fn to_pkcs1_pem(&self) -> Result<String, KeyError> {
        self.key.to_pkcs1_pem(LineEnding::LF).map(|pem| pem.to_string()).map_err(key_error)
    }

    /// As DER, PKCS#1.
    ///
    /// # Errors
    /// When the key cannot be encoded.
    pub fn to_pkcs1_der(&self) -> Result<Vec<u8>, KeyError> {
        self.key.to_pkcs1_der().map(|der| der.as_bytes().to_vec()).map_err(key_error)
    }

    /// As DER, PKCS#8.
    ///
    /// # Errors
    /// When the key cannot be encoded.
    pub fn to_pkcs8_der(&self) -> Result<Vec<u8>, KeyError> {
        self.key.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).map_err(key_error)
    }
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    key: rsa::PublicKey,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` in PEM, or only its base64 as the SDKs send it.
    ///
    /// # Errors
    /// [`KeyError`] when it is no RSA key of at least [`MIN_BITS`].
    pub fn from_pem(pem: &str) -> Result<PublicKey, KeyError> {
        let base64: String =
            pem.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
        let der = base64::engine::general_purpose::STANDARD.decode(base64).map_err(key_error)?;
        PublicKey::from_spki_der(&der)
    }

    /// Reads a `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// [`KeyError`] when it is no RSA key of at least [`MIN_BITS`].
    pub fn from_spki_der(der: &[u8]) -> Result<PublicKey, KeyError> {
        PublicKey::checked(rsa::PublicKey::from_public_key_der(der).map_err(key_error)?)
    }

    /// Reads a JSON Web Key (RFC 7517).
    ///
    /// # Errors
    /// [`KeyError`] when it is no RSA key of at least [`MIN_BITS`].
    pub fn from_jwk(jwk: &Value) -> Result<PublicKey, KeyError> {
        let number = |name: &str| {
            let text = jwk.get(name).and_then(Value::as_str);
            let text = text.ok_or_else(|| KeyError(format!("the JWK has no {name:?}")))?;
            let bytes = URL_SAFE_NO_PAD.decode(text).map_err(key_error)?;
            Ok(BoxedUint::from_be_slice_vartime(&bytes))
        };
        let key = rsa::PublicKey::new(number("n")?, number("e")?).map_err(key_error)?;
        PublicKey::checked(key)
    }

    fn checked(key: rsa::PublicKey) -> Result<PublicKey, KeyError> {
        let bits = key.size() * 8;
        if !(MIN_BITS..=MAX_BITS).contains(&bits) {
            return Err(KeyError(format!("an RSA key of {bits} bits is not accepted")));
        }
        Ok(PublicKey { key })
    }

    /// Whether `signature` is one of `message` by the private half.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        pkcs1v15::Signature::try_from(signature).is_ok_and(|signature| {
            pkcs1v15::VerifyingKey::<Sha256>::new(self.key.clone())
                .verify(message, &signature)
                .is_ok()
        })
    }

    /// Whether `signature` is one of `message` by the private half: RSASSA-PSS with SHA-256 (PS256).
    pub fn verify_pss(&self, message: &[u8], signature: &[u8]) -> bool {
        pss::Signature::try_from(signature).is_ok_and(|signature| {
            pss::VerifyingKey::<Sha256>::new(self.key.clone()).verify(message, &signature).is_ok()
        })
    }

    /// As a JSON Web Key, with this key id.
    pub fn to_jwk(&self, key_id: &str) -> Value {
        json!({
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": key_id,
            "n": URL_SAFE_NO_PAD.encode(self.key.n_bytes()),
            "e": URL_SAFE_NO_PAD.encode(self.key.e_bytes()),
        })
    }

    /// As DER, `SubjectPublicKeyInfo`.
    pub fn to_spki_der(&self) -> Vec<u8> {
        self.key.to_public_key_der().map(|der| der.as_bytes().to_vec()).unwrap_or_default()
    }

    /// As PEM, `SubjectPublicKeyInfo`.
    pub fn to_pem(&self) -> String {
        self.key.to_public_key_pem(LineEnding::LF).unwrap_or_default()
    }

    /// The fingerprint of an API key: MD5 of the DER form, pairs of digits with colons.
    pub fn fingerprint(&self) -> String {
        let pairs: Vec<_> =
            Md5::digest(self.to_spki_der()).iter().map(|b| format!("{b:02x}")).collect();
        pairs.join(":")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::testing;

    #[test]
    fn what_a_key_signs_only_it_verifies() {
        let (key, other) = (testing::key(0), testing::key(1));
        let signature = key.sign(b"text");
        assert!(key.public_key().verify(b"text", &signature));
        assert!(!key.public_key().verify(b"Text", &signature));
        assert!(!other.public_key().verify(b"text", &signature));
        assert!(!key.public_key().verify(b"text", b"short"));
    }

    #[test]
    fn a_public_key_travels_as_pem_base64_and_jwk() {
        let key = testing::key(0).public_key();
        assert_eq!(PublicKey::from_pem(&key.to_pem()).as_ref(), Ok(&key));
        let lines = key.to_pem();
        let base64: String = lines.lines().filter(|line| !line.starts_with('-')).collect();
        assert_eq!(PublicKey::from_pem(&base64).as_ref(), Ok(&key));
        assert_eq!(PublicKey::from_jwk(&key.to_jwk("k")).as_ref(), Ok(&key));
    }

    #[test]
    fn small_keys_are_not_taken() {
        let jwk = json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode([0xF1; 128]), "e": "AQAB"});
        let error = PublicKey::from_jwk(&jwk).expect_err("1024 bits");
        assert!(error.0.contains("1024"), "{error}");
    }
}
