//! PEM, and the two ways in which a pass phrase protects a key in it: PKCS#8's own encryption, and
//! the older one of OpenSSL that names its cipher in a `DEK-Info` line (RFC 1421).
//!
//! As OpenSSL does, this reads what stands between a BEGIN and an END line and ignores what is around it:
//! OCI's console puts the line `OCI_API_KEY` behind the key.

use base64ct::{Base64, Encoding};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use md5::{Digest, Md5};
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;
use zeroize::{Zeroize, Zeroizing};

use crate::auth::Secret;
use crate::error::{Error, Result};

/// The most text that is looked into, in bytes. A key of 8192 bits has 6.4 kB.
pub(super) const MAX_PEM: usize = 64 * 1024;

/// The most work that a pass phrase may ask for: rounds of PBKDF2. OpenSSL writes 2048.
const MAX_ROUNDS: u32 = 2_000_000;

/// The most memory that scrypt may write in all, in bytes. OpenSSL asks for 16 MiB.
const MAX_SCRYPT_WORK: u64 = 128 * 1024 * 1024;

/// How to get a form of encryption that every reader knows.
const CONVERT: &str =
    "convert it with: openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.pem -out NEW.pem";

/// What stands between one BEGIN line and its END line.
pub(super) struct Block<'a> {
    /// The words of the BEGIN line: `RSA PRIVATE KEY`.
    pub(super) label: &'a str,
    /// Lines with a colon in front of the base64 text.
    headers: Vec<(&'a str, &'a str)>,
    /// The base64 text with its line breaks.
    base64: &'a str,
}

/// The blocks of a text, whole ones only.
///
/// # Errors
///
/// [`Error::Auth`] where a BEGIN line has no END line.
pub(super) fn blocks(text: &str) -> Result<Vec<Block<'_>>> {
    if text.len() > MAX_PEM {
        return Err(Error::auth(
            format!("the key has {} bytes, more than {MAX_PEM}", text.len()),
            "give the private key alone",
        ));
    }
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let label = after.split_once("-----").filter(|(label, _)| is_label(label));
        let Some((label, after)) = label else {
            // What stands there is not shown: it may be the key.
            return Err(Error::auth(
                "the key is damaged: its line -----BEGIN ...----- cannot be read",
                "copy the file again as it is",
            ));
        };
        let end = format!("-----END {label}-----");
        let Some((body, after)) = after.split_once(&end) else {
            return Err(Error::auth(
                format!(
                    "the key is cut short: it has the line -----BEGIN {label}-----, but not {end}"
                ),
                "copy the whole file, with its first and its last line",
            ));
        };
        blocks.push(Block::new(label, body));
        rest = after;
    }
    Ok(blocks)
}

impl<'a> Block<'a> {
    fn new(label: &'a str, body: &'a str) -> Self {
        let mut headers = Vec::new();
        let mut base64 = body.trim_start();
        while let Some((line, rest)) = base64.split_once('\n') {
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.trim(), value.trim()));
            base64 = rest;
        }
        Block { label, headers, base64 }
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }

    /// The bytes, decrypted if the block says that they are encrypted in OpenSSL's older way.
    pub(super) fn bytes(&self, pass_phrase: Option<&Secret>) -> Result<Zeroizing<Vec<u8>>> {
        let mut text = Zeroizing::new(String::with_capacity(self.base64.len()));
        text.extend(self.base64.chars().filter(|character| !character.is_whitespace()));
        let bytes = Base64::decode_vec(&text).map(Zeroizing::new).map_err(|_| {
            let remedy = if self.base64.contains("\\n") {
                "it has \\n as two characters: give real line breaks"
            } else {
                "copy the file again as it is"
            };
            Error::auth("the key is damaged: its text is not base64", remedy)
        })?;
        match self.header("Proc-Type") {
            Some(kind) if kind.contains("ENCRYPTED") => {
                let info = self.header("DEK-Info").unwrap_or_default();
                decrypt_dek(info, &bytes, needed(pass_phrase)?)
            }
            _ => Ok(bytes),
        }
    }
}

/// The pass phrase that an encrypted key needs; the driver's convention takes an empty one for none.
fn needed(pass_phrase: Option<&Secret>) -> Result<&Secret> {
    pass_phrase.filter(|secret| !secret.is_empty()).ok_or_else(|| {
        Error::auth(
            "the private key is encrypted, and no pass phrase was given",
            "give the pass phrase (pass_phrase in the configuration file), or a key without one",
        )
    })
}

fn wrong_pass_phrase() -> Error {
    Error::auth(
        "the private key cannot be decrypted: the pass phrase is wrong, or the file is damaged",
        "try it with: openssl pkey -in KEY.pem -noout",
    )
}

/// Decrypts what OpenSSL encrypted in its older way: `DEK-Info: AES-256-CBC,<initial vector>`.
fn decrypt_dek(info: &str, bytes: &[u8], pass_phrase: &Secret) -> Result<Zeroizing<Vec<u8>>> {
    let (cipher, iv) = info.split_once(',').unwrap_or((info, ""));
    let damaged = || Error::auth("the key is damaged: its DEK-Info line cannot be read", CONVERT);
    let iv = base16ct::mixed::decode_vec(iv.trim()).map_err(|_| damaged())?;
    let salt = iv.get(..SALT).ok_or_else(damaged)?;
    match cipher.trim() {
        "AES-128-CBC" => decrypt_cbc::<aes::Aes128>(&derive(pass_phrase, salt, 16), &iv, bytes),
        "AES-192-CBC" => decrypt_cbc::<aes::Aes192>(&derive(pass_phrase, salt, 24), &iv, bytes),
        "AES-256-CBC" => decrypt_cbc::<aes::Aes256>(&derive(pass_phrase, salt, 32), &iv, bytes),
        "DES-EDE3-CBC" => decrypt_cbc::<des::TdesEde3>(&derive(pass_phrase, salt, 24), &iv, bytes),
        _ => Err(Error::unsupported(
            format!("a private key that is encrypted with {}", printable(cipher)),
            CONVERT,
        )),
    }
}

/// How many bytes of the initial vector are the salt as well.
const SALT: usize = 8;

/// OpenSSL's EVP_BytesToKey with MD5 and one round: each block is the hash of the block before it,
/// the pass phrase and the salt.
fn derive(pass_phrase: &Secret, salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + Md5::output_size()));
    let mut block = md5::digest::Output::<Md5>::default();
    while key.len() < length {
        let mut hash = Md5::new();
        if !key.is_empty() {
            hash.update(block);
        }
        hash.update(pass_phrase.expose());
        hash.update(salt);
        block = hash.finalize();
        key.extend_from_slice(&block);
    }
    block.as_mut_slice().zeroize();
    key.truncate(length);
    key
}

fn decrypt_cbc<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    bytes: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    Decryptor::<C>::new_from_slices(key, iv)
        .ok()
        .and_then(|cipher| cipher.decrypt_padded_vec::<Pkcs7>(bytes).ok())
        .map(Zeroizing::new)
        .ok_or_else(wrong_pass_phrase)
}

/// Decrypts an `ENCRYPTED PRIVATE KEY` (PKCS#8 with PBES2).
pub(super) fn decrypt_pkcs8(
    der: &[u8],
    pass_phrase: Option<&Secret>,
) -> Result<Zeroizing<Vec<u8>>> {
    let pass_phrase = needed(pass_phrase)?;
    let unknown = || Error::unsupported("the encryption of this private key", CONVERT);
    let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| unknown())?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(unknown());
    };
    let too_much = match &parameters.kdf {
        Kdf::Pbkdf2(kdf) => kdf.iteration_count > MAX_ROUNDS,
        Kdf::Scrypt(kdf) => {
            let lanes = u64::from(kdf.parallelization);
            let block = 128 * u64::from(kdf.block_size);
            block.saturating_mul(kdf.cost_parameter).saturating_mul(lanes) > MAX_SCRYPT_WORK
        }
        _ => return Err(unknown()),
    };
    if too_much {
        return Err(Error::unsupported(
            "a private key whose pass phrase takes that much time or memory to check",
            CONVERT,
        ));
    }
    let document = info.decrypt(pass_phrase.expose()).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed)
        | pkcs8::Error::Asn1(_) => wrong_pass_phrase(),
        _ => unknown(),
    })?;
    Ok(Zeroizing::new(document.as_bytes().to_vec()))
}

/// Words of capital letters and digits, such as `X509 CERTIFICATE`.
fn is_label(text: &str) -> bool {
    const LONGEST: usize = 64;
    let is_known =
        |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b" -".contains(&byte);
    text.len() <= LONGEST && text.bytes().all(is_known)
}

/// A name from the file, for an error: letters, digits and `-` only, and not much of it.
fn printable(name: &str) -> String {
    name.chars().take(32).filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}
