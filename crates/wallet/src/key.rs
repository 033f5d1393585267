//! Private keys: to PKCS#8 whatever they came as, and the public half that a certificate can be held
//! against.

use der::asn1::{BitStringRef, ObjectIdentifier, OctetStringRef};
use der::{AnyRef, Decode, Encode, Sequence, Tag, TagNumber};
use oraedge::auth::Secret;
use zeroize::Zeroizing;

use crate::error::Fault;
use crate::pbe::{Algorithm, Password};

/// rsaEncryption (RFC 8017).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// id-ecPublicKey (RFC 5480).
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// EncryptedPrivateKeyInfo (RFC 5958).
#[derive(Sequence)]
struct EncryptedKey<'a> {
    algorithm: Algorithm<'a>,
    data: &'a OctetStringRef,
}

/// PrivateKeyInfo (RFC 5958), up to its key. Attributes and a public key may follow.
struct PlainKey<'a> {
    algorithm: Algorithm<'a>,
    key: &'a [u8],
}

impl<'a> PlainKey<'a> {
    fn read(der: &'a [u8]) -> der::Result<Self> {
        let parts = Vec::<AnyRef<'a>>::from_der(der)?;
        match parts.as_slice() {
            [version, algorithm, key, ..] => {
                version.decode_as::<u8>()?;
                let algorithm = algorithm.decode_as()?;
                Ok(PlainKey { algorithm, key: key.decode_as::<&OctetStringRef>()?.as_bytes() })
            }
            _ => {
                Err(der::ErrorKind::Incomplete { expected_len: 3u8.into(), actual_len: 0u8.into() }
                    .into())
            }
        }
    }
}

/// RSAPrivateKey (RFC 8017) up to its public half: modulus and exponent.
#[derive(Sequence)]
struct RsaPublic<'a> {
    modulus: der::asn1::UintRef<'a>,
    exponent: der::asn1::UintRef<'a>,
}

/// PrivateKeyInfo as it is written.
#[derive(Sequence)]
struct Written<'a> {
    version: u8,
    algorithm: Algorithm<'a>,
    key: &'a OctetStringRef,
}

/// Takes what a PEM block with this label holds.
pub(crate) fn to_pkcs8(label: &str, der: &[u8]) -> Result<Secret, Fault> {
    let wrap = |oid, parameters| -> der::Result<Secret> {
        let algorithm = Algorithm { oid, parameters: Some(parameters) };
        Written { version: 0, algorithm, key: OctetStringRef::new(der)? }.to_der().map(Secret::new)
    };
    let wrapped = match label {
        "RSA PRIVATE KEY" => wrap(RSA, AnyRef::NULL),
        "EC PRIVATE KEY" => curve(der).and_then(|curve| wrap(EC, curve)),
        _ => Ok(Secret::new(der.to_vec())),
    };
    let key = wrapped.map_err(|_| unreadable())?;
    // A key that was decrypted with a wrong password and happens to end in what looks like padding.
    PlainKey::read(key.expose()).map_err(|_| unreadable())?;
    Ok(key)
}

/// Decrypts an EncryptedPrivateKeyInfo.
pub(crate) fn decrypt(der: &[u8], password: &Password<'_>) -> Result<Secret, Fault> {
    let EncryptedKey { algorithm, data } = EncryptedKey::from_der(der).map_err(|_| unreadable())?;
    let plain = password.decrypt(&algorithm, data.as_bytes())?;
    PlainKey::read(&plain).map_err(|_| Fault::WrongPassword)?;
    Ok(Secret::new(plain.to_vec()))
}

/// What a certificate for this key has as its public key, in the form of its BIT STRING. `None` where
/// it would have to be computed: the key is taken for the right one then.
pub(crate) fn public_half(pkcs8: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    let plain = PlainKey::read(pkcs8.expose()).ok()?;
    match plain.algorithm.oid {
        RSA => {
            let parts = Vec::<AnyRef<'_>>::from_der(plain.key).ok()?;
            let [_, modulus, exponent, ..] = parts.as_slice() else { return None };
            let public = RsaPublic {
                modulus: modulus.decode_as().ok()?,
                exponent: exponent.decode_as().ok()?,
            };
            public.to_der().ok().map(Zeroizing::new)
        }
        EC => {
            let parts = Vec::<AnyRef<'_>>::from_der(plain.key).ok()?;
            let public = field(&parts, EC_PUBLIC_KEY)?;
            let bits = public.decode_as::<BitStringRef<'_>>().ok()?;
            Some(Zeroizing::new(bits.raw_bytes().to_vec()))
        }
        _ => None,
    }
}

/// Number of the field with the curve in ECPrivateKey (RFC 5915).
const EC_CURVE: TagNumber = TagNumber(0);
/// Number of the field with the public key in ECPrivateKey.
const EC_PUBLIC_KEY: TagNumber = TagNumber(1);

fn curve(der: &[u8]) -> der::Result<AnyRef<'_>> {
    let parts = Vec::<AnyRef<'_>>::from_der(der)?;
    field(&parts, EC_CURVE).ok_or_else(|| Tag::ObjectIdentifier.value_error().into())
}

/// The content of an explicitly tagged field.
fn field<'a>(parts: &[AnyRef<'a>], number: TagNumber) -> Option<AnyRef<'a>> {
    let tag = Tag::ContextSpecific { constructed: true, number };
    let part = parts.iter().find(|part| der::Tagged::tag(*part) == tag)?;
    AnyRef::from_der(part.value()).ok()
}

fn unreadable() -> Fault {
    Fault::Damaged("its private key cannot be read".into())
}
