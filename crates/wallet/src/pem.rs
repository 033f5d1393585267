//! PEM as wallets have it: certificates, and a private key that may be encrypted in PKCS#8's way or in
//! OpenSSL's older one, which names its cipher in a `DEK-Info` line (RFC 1421).

use base64ct::{Base64, Encoding};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use md5::{Digest, Md5};
use oraedge::auth::Secret;
use zeroize::{Zeroize, Zeroizing};

use crate::contents::Contents;
use crate::error::Fault;
use crate::key;
use crate::pbe::Password;

/// How many bytes of the initial vector are the salt as well.
const SALT: usize = 8;

/// Reads a PEM text. What is around the blocks is ignored, as OpenSSL does: `openssl pkcs12` writes bag
/// attributes there.
pub(crate) fn read(text: &str, password: Option<&Secret>) -> Result<Contents, Fault> {
    let mut contents = Contents::default();
    for block in blocks(text)? {
        match block.label {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                contents.certificates.push(block.decoded()?.to_vec());
            }
            "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {
                let der = block.decrypted(password)?;
                contents.add_key(key::to_pkcs8(block.label, &der)?);
            }
            "ENCRYPTED PRIVATE KEY" => {
                let der = block.decoded()?;
                contents.add_key(key::decrypt(&der, &Password::new(given(password)?))?);
            }
            _ => {}
        }
    }
    Ok(contents)
}

/// The password, which an encrypted key needs. An empty one is none, as for the official drivers.
pub(crate) fn given(password: Option<&Secret>) -> Result<&Secret, Fault> {
    password.filter(|password| !password.is_empty()).ok_or(Fault::PasswordNeeded)
}

/// What stands between one BEGIN line and its END line.
struct Block<'a> {
    label: &'a str,
    /// Lines with a colon in front of the base64 text.
    headers: Vec<(&'a str, &'a str)>,
    base64: &'a str,
}

fn blocks(text: &str) -> Result<Vec<Block<'_>>, Fault> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        // What stands there is not shown: it may be the key.
        let (label, after) = after
            .split_once("-----")
            .filter(|(label, _)| is_label(label))
            .ok_or_else(|| Fault::Damaged("a line -----BEGIN ...----- cannot be read".into()))?;
        let end = format!("-----END {label}-----");
        let (body, after) = after.split_once(&end).ok_or_else(|| {
            Fault::Damaged(format!("it has the line -----BEGIN {label}-----, but not {end}"))
        })?;
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

    fn decoded(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let mut text = Zeroizing::new(String::with_capacity(self.base64.len()));
        text.extend(self.base64.chars().filter(|character| !character.is_whitespace()));
        Base64::decode_vec(&text).map(Zeroizing::new).map_err(|_| {
            Fault::Damaged(format!(
                "what stands behind -----BEGIN {}----- is not base64",
                self.label
            ))
        })
    }

    fn decrypted(&self, password: Option<&Secret>) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let bytes = self.decoded()?;
        match self.header("Proc-Type") {
            Some(kind) if kind.contains("ENCRYPTED") => {
                let info = self.header("DEK-Info").unwrap_or_default();
                decrypt_dek(info, &bytes, given(password)?)
            }
            _ => Ok(bytes),
        }
    }
}

fn decrypt_dek(info: &str, bytes: &[u8], password: &Secret) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let (cipher, iv) = info.split_once(',').unwrap_or((info, ""));
    let damaged = || Fault::Damaged("the key's DEK-Info line cannot be read".into());
    let iv = base16ct::mixed::decode_vec(iv.trim()).map_err(|_| damaged())?;
    let salt = iv.get(..SALT).ok_or_else(damaged)?;
    match cipher.trim() {
        "AES-128-CBC" => decrypt_cbc::<aes::Aes128>(&derive(password, salt, 16), &iv, bytes),
        "AES-192-CBC" => decrypt_cbc::<aes::Aes192>(&derive(password, salt, 24), &iv, bytes),
        "AES-256-CBC" => decrypt_cbc::<aes::Aes256>(&derive(password, salt, 32), &iv, bytes),
        "DES-EDE3-CBC" => decrypt_cbc::<des::TdesEde3>(&derive(password, salt, 24), &iv, bytes),
        other => Err(Fault::Unsupported(
            other.chars().take(32).filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect(),
        )),
    }
}

/// OpenSSL's EVP_BytesToKey with MD5 and one round: each block is the hash of the block before it, the
/// password and the salt.
fn derive(password: &Secret, salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(length + Md5::output_size()));
    let mut block = md5::digest::Output::<Md5>::default();
    while key.len() < length {
        let mut hash = Md5::new();
        if !key.is_empty() {
            hash.update(block);
        }
        hash.update(password.expose());
        hash.update(salt);
        block = hash.finalize();
        key.extend_from_slice(&block);
    }
    block.as_mut_slice().zeroize();
    key.truncate(length);
    key
}

/// Decrypts; padding that is not right means a wrong password.
pub(crate) fn decrypt_cbc<C: BlockCipherDecrypt + KeyInit>(
    key: &[u8],
    iv: &[u8],
    bytes: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    Decryptor::<C>::new_from_slices(key, iv)
        .ok()
        .and_then(|cipher| cipher.decrypt_padded_vec::<Pkcs7>(bytes).ok())
        .map(Zeroizing::new)
        .ok_or(Fault::WrongPassword)
}

/// Words of capital letters and digits, such as `X509 CERTIFICATE`.
fn is_label(text: &str) -> bool {
    const LONGEST: usize = 64;
    let is_known =
        |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b" -".contains(&byte);
    text.len() <= LONGEST && text.bytes().all(is_known)
}
