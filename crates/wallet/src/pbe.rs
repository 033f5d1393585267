//! Encryption by password in PKCS#8 and PKCS#12: PBES2 (RFC 8018), and the older PBES1 of PKCS#12 with
//! SHA-1 and 3DES or RC2 (RFC 7292, appendices B and C), which orapki and older OpenSSL write.

use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{AnyRef, Decode, Encode, Sequence};
use hmac::digest::block_api::BlockSizeUser;
use hmac::digest::{Digest, FixedOutputReset};
use oraedge::auth::Secret;
use pkcs5::pbes2;
use sha1::Sha1;
use zeroize::Zeroizing;

use crate::error::Fault;
use crate::pem::decrypt_cbc;

/// The most rounds that a wallet may ask for. orapki asks for 10,000, OpenSSL for 2,048, Java for 10,000.
pub(crate) const MAX_ROUNDS: u32 = 2_000_000;

/// The most memory that scrypt may write in all, in bytes. OpenSSL asks for 16 MiB.
const MAX_SCRYPT_WORK: u64 = 128 * 1024 * 1024;

/// PBES2 (RFC 8018).
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
/// pbeWithSHAAnd3-KeyTripleDES-CBC (RFC 7292).
const SHA1_3DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
/// pbeWithSHAAnd2-KeyTripleDES-CBC (RFC 7292).
const SHA1_2DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.4");
/// pbeWithSHAAnd128BitRC2-CBC (RFC 7292).
const SHA1_RC2_128: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.5");
/// pbewithSHAAnd40BitRC2-CBC (RFC 7292).
const SHA1_RC2_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6");

/// An algorithm and its parameters.
#[derive(Clone, Copy, Sequence)]
pub(crate) struct Algorithm<'a> {
    pub(crate) oid: ObjectIdentifier,
    pub(crate) parameters: Option<AnyRef<'a>>,
}

/// Parameters of PBES1.
#[derive(Sequence)]
struct Pbes1<'a> {
    salt: &'a OctetStringRef,
    rounds: u32,
}

/// What a key of PKCS#12's derivation is for (RFC 7292, appendix B.3).
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// A password in the two forms that the algorithms take.
pub(crate) struct Password<'a> {
    bytes: &'a [u8],
    /// UTF-16, big-endian, with two zero bytes behind it.
    wide: Zeroizing<Vec<u8>>,
}

impl<'a> Password<'a> {
    /// Text that a person typed; bytes that are no UTF-8 count as Latin-1, one a character.
    pub(crate) fn new(secret: &'a Secret) -> Self {
        let bytes = secret.expose();
        let mut wide = Zeroizing::new(Vec::with_capacity(bytes.len() * 2 + 2));
        match secret.expose_text() {
            Some(text) => text.encode_utf16().for_each(|unit| wide.extend(unit.to_be_bytes())),
            None => bytes.iter().for_each(|byte| wide.extend([0, *byte])),
        }
        wide.extend([0, 0]);
        Password { bytes, wide }
    }

    /// Decrypts with the algorithm that the file names. Padding that is not right means a wrong password.
    pub(crate) fn decrypt(
        &self,
        algorithm: &Algorithm<'_>,
        data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        if algorithm.oid == PBES2 {
            return self.decrypt_pbes2(algorithm, data);
        }
        let parameters = algorithm
            .parameters
            .and_then(|parameters| parameters.decode_as::<Pbes1<'_>>().ok())
            .ok_or_else(|| Fault::Unsupported(algorithm.oid.to_string()))?;
        check_rounds(parameters.rounds)?;
        let salt = parameters.salt.as_bytes();
        let derive =
            |purpose, length| self.derive::<Sha1>(salt, purpose, parameters.rounds, length);
        let iv = derive(Purpose::Iv, 8);
        match algorithm.oid {
            SHA1_3DES => decrypt_cbc::<des::TdesEde3>(&derive(Purpose::Key, 24), &iv, data),
            SHA1_2DES => decrypt_cbc::<des::TdesEde2>(&derive(Purpose::Key, 16), &iv, data),
            SHA1_RC2_128 => decrypt_cbc::<rc2::Rc2>(&derive(Purpose::Key, 16), &iv, data),
            SHA1_RC2_40 => decrypt_cbc::<rc2::Rc2>(&derive(Purpose::Key, 5), &iv, data),
            other => Err(Fault::Unsupported(other.to_string())),
        }
    }

    fn decrypt_pbes2(
        &self,
        algorithm: &Algorithm<'_>,
        data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let unknown = || Fault::Unsupported("a form of PBES2".to_owned());
        let der = algorithm.parameters.and_then(|any| any.to_der().ok()).ok_or_else(unknown)?;
        let parameters = pbes2::Parameters::from_der(&der).map_err(|_| unknown())?;
        match &parameters.kdf {
            pbes2::Kdf::Pbkdf2(kdf) => check_rounds(kdf.iteration_count)?,
            pbes2::Kdf::Scrypt(kdf) => {
                let block = 128 * u64::from(kdf.block_size);
                let work = block
                    .saturating_mul(kdf.cost_parameter)
                    .saturating_mul(u64::from(kdf.parallelization));
                if work > MAX_SCRYPT_WORK {
                    return Err(Fault::Unsupported("scrypt that takes this much memory".into()));
                }
            }
            _ => return Err(unknown()),
        }
        match parameters.decrypt(self.bytes, data) {
            Ok(plain) => Ok(Zeroizing::new(plain)),
            Err(pkcs5::Error::DecryptFailed) => Err(Fault::WrongPassword),
            Err(_) => Err(unknown()),
        }
    }

    /// The derivation of RFC 7292, appendix B.2. The salt is limited by the file's size.
    pub(crate) fn derive<D>(
        &self,
        salt: &[u8],
        purpose: Purpose,
        rounds: u32,
        length: usize,
    ) -> Zeroizing<Vec<u8>>
    where
        D: Digest + FixedOutputReset + BlockSizeUser,
    {
        let block = D::block_size();
        let filled = |bytes: &[u8]| -> Vec<u8> {
            let whole = bytes.len().div_ceil(block) * block;
            bytes.iter().copied().cycle().take(whole).collect()
        };
        let mut input = Zeroizing::new([filled(salt), filled(&self.wide)].concat());
        let mut key = Zeroizing::new(Vec::with_capacity(length + block));
        let mut hash = D::new();
        while key.len() < length {
            Digest::update(&mut hash, vec![purpose as u8; block]);
            Digest::update(&mut hash, &input[..]);
            let mut output = hash.finalize_reset();
            for _ in 1..rounds {
                Digest::update(&mut hash, &output);
                output = hash.finalize_reset();
            }
            key.extend_from_slice(&output);
            let addend: Vec<u8> = output.iter().copied().cycle().take(block).collect();
            for chunk in input.chunks_mut(block) {
                add_with_one(chunk, &addend);
            }
        }
        key.truncate(length);
        key
    }
}

/// `number += addend + 1`, both big-endian and of one length; what carries over at the top is dropped.
fn add_with_one(number: &mut [u8], addend: &[u8]) {
    let mut carry = 1u16;
    for (digit, other) in number.iter_mut().zip(addend).rev() {
        carry += u16::from(*digit) + u16::from(*other);
        let [high, low] = carry.to_be_bytes();
        *digit = low;
        carry = u16::from(high);
    }
}

/// Refuses what would keep this machine busy for long.
pub(crate) fn check_rounds(rounds: u32) -> Result<(), Fault> {
    if rounds == 0 || rounds > MAX_ROUNDS {
        return Err(Fault::Unsupported(format!("{rounds} rounds of key derivation")));
    }
    Ok(())
}
