//! Encrypted private keys as files.

use aes::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use rsa::pkcs8::{LineEnding, PrivateKeyInfoRef, pkcs5::pbes2};
use x509_cert::der::{Decode, pem};

use super::keys::{KeyError, PrivateKey};

/// Rounds of PBKDF2, as OpenSSL 3 does by default.
const ROUNDS: u32 = 2048;
/// Characters in a line of PEM.
const LINE: usize = 64;

fn failed(error: impl std::fmt::Display) -> KeyError {
    KeyError(error.to_string())
}

/// PKCS#8, encrypted with AES-256 by PBKDF2 with SHA-256, as `oci setup keys` and OpenSSL write it.
///
/// # Errors
/// When there are no random bytes.
pub(crate) fn encrypted_pkcs8_pem(key: &PrivateKey, pass_phrase: &str) -> Result<String, KeyError> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    getrandom::fill(&mut salt).map_err(failed)?;
    getrandom::fill(&mut iv).map_err(failed)?;
    let parameters =
        pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, iv).map_err(failed)?;
    let der = key.to_pkcs8_der()?;
    let info = PrivateKeyInfoRef::from_der(&der).map_err(failed)?;
    let encrypted = info.encrypt_with_params(parameters, pass_phrase).map_err(failed)?;
    pem::encode_string("ENCRYPTED PRIVATE KEY", LineEnding::LF, encrypted.as_bytes())
        .map_err(failed)
}

/// PKCS#1 with the encryption of PEM itself (`DEK-Info: AES-256-CBC`), as OpenSSL before 1.1 wrote it.
///
/// # Errors
/// When there are no random bytes.
pub(crate) fn encrypted_pkcs1_pem(key: &PrivateKey, pass_phrase: &str) -> Result<String, KeyError> {
    let mut iv = [0; 16];
    getrandom::fill(&mut iv).map_err(failed)?;
    let (salt, _) = iv.split_at(8);
    // EVP_BytesToKey: MD5 of the last digest, the pass phrase and the salt, as often as is needed.
    let first = Md5::digest([pass_phrase.as_bytes(), salt].concat());
    let second = Md5::digest([&first[..], pass_phrase.as_bytes(), salt].concat());
    let secret: [u8; 32] = [&first[..], &second[..]]
        .concat()
        .try_into()
        .map_err(|_| KeyError("two digests of MD5 are a key of AES-256".to_owned()))?;
    let cipher = cbc::Encryptor::<aes::Aes256>::new(&secret.into(), &iv.into());
    let encrypted = cipher.encrypt_padded_vec::<Pkcs7>(&key.to_pkcs1_der()?);
    let iv: String = iv.iter().map(|byte| format!("{byte:02X}")).collect();
    let mut text = format!(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,{iv}\n\n"
    );
    let base64: Vec<char> = STANDARD.encode(encrypted).chars().collect();
    for line in base64.chunks(LINE) {
        text.extend(line);
        text.push('\n');
    }
    text.push_str("-----END RSA PRIVATE KEY-----\n");
    Ok(text)
}
