//! AES-CBC as the log-on uses it: zero IV, key size by the verifier; and the combo key.

use aes::{Aes192, Aes256};
use cbc::cipher::block_padding::{NoPadding, Padding, Pkcs7};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, InvalidLength, KeyIvInit};
use cbc::{Decryptor, Encryptor};
use md5::{Digest, Md5};
use sha2::Sha512;
use zeroize::Zeroizing;

use super::challenge::{Challenge, VerifierType};
use crate::{Error, Result};

/// Block and IV length of AES, in bytes.
pub(super) const BLOCK: usize = 16;

/// Length of a half of the session key that announces the MD5 derivation (Oracle 11.2): 40 random
/// bytes and 8 bytes of padding.
pub(super) const MD5_SESSION_KEY: usize = 48;

/// Length of a half of the session key that announces the PBKDF2 derivation (Oracle 12.1).
pub(super) const PBKDF2_SESSION_KEY: usize = 32;

const ZERO_IV: [u8; BLOCK] = [0; BLOCK];

/// Encrypts and pads (PKCS #7: a text that fills its blocks gets one more).
pub(super) fn encrypt(key: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    encrypt_padded::<Pkcs7>(key, plain)
}

/// Encrypts whole blocks.
pub(super) fn encrypt_blocks(key: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    if !plain.len().is_multiple_of(BLOCK) {
        return Err(Error::auth(
            format!("cannot encrypt {} bytes: not a multiple of {BLOCK}", plain.len()),
            "",
        ));
    }
    encrypt_padded::<NoPadding>(key, plain)
}

fn encrypt_padded<P: Padding>(key: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let encrypted = match key.len() {
        24 => Encryptor::<Aes192>::new_from_slices(key, &ZERO_IV)
            .map(|cipher| cipher.encrypt_padded_vec::<P>(plain)),
        _ => Encryptor::<Aes256>::new_from_slices(key, &ZERO_IV)
            .map(|cipher| cipher.encrypt_padded_vec::<P>(plain)),
    };
    encrypted.map_err(|_: InvalidLength| wrong_key_length(key))
}

/// Decrypts whole blocks and leaves any padding where it is.
pub(super) fn decrypt_blocks(key: &[u8], encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    decrypt_padded::<NoPadding>(key, encrypted)
}

/// Decrypts and takes the padding off; an error if there is none, as after a wrong key.
pub(super) fn decrypt(key: &[u8], encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    decrypt_padded::<Pkcs7>(key, encrypted)
}

fn decrypt_padded<P: Padding>(key: &[u8], encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let decrypted = match key.len() {
        24 => Decryptor::<Aes192>::new_from_slices(key, &ZERO_IV)
            .map(|cipher| cipher.decrypt_padded_vec::<P>(encrypted)),
        _ => Decryptor::<Aes256>::new_from_slices(key, &ZERO_IV)
            .map(|cipher| cipher.decrypt_padded_vec::<P>(encrypted)),
    };
    decrypted.map_err(|_: InvalidLength| wrong_key_length(key))?.map(Zeroizing::new).map_err(|_| {
        Error::auth(
            format!(
                "cannot decrypt {} bytes: wrong padding, or not a multiple of {BLOCK}",
                encrypted.len()
            ),
            "",
        )
    })
}

fn wrong_key_length(key: &[u8]) -> Error {
    Error::auth(format!("a key of {} bytes where AES takes 24 or 32", key.len()), "")
}

/// The key that both sides derive from the two halves of the session key. It encrypts the password
/// and the server's proof, and a later change of the password on the same connection.
#[derive(Clone)]
pub struct ComboKey(Zeroizing<Vec<u8>>);

impl ComboKey {
    /// Takes over a key that was derived before (24 bytes for 11G, 32 for 12C).
    ///
    /// # Errors
    /// [`Error::Auth`] for any other length.
    pub fn new(bytes: Vec<u8>) -> Result<Self> {
        match bytes.len() {
            24 | 32 => Ok(ComboKey(Zeroizing::new(bytes))),
            _ => Err(wrong_key_length(&bytes)),
        }
    }

    /// The bytes of the key.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Derives the key. The length of the halves decides how, as in python-oracledb: 48 bytes are
    /// mixed with MD5 (Oracle 11.2), others with PBKDF2 (12.1 and later), whatever the verifier.
    pub(super) fn derive(challenge: &Challenge, server: &[u8], client: &[u8]) -> Result<Self> {
        let length = challenge.verifier_type.key_length();
        if server.len() == MD5_SESSION_KEY {
            return Ok(ComboKey(mix_with_md5(server, client, length)));
        }
        let salt = challenge
            .combo_salt
            .as_deref()
            .ok_or_else(|| Error::misbehaved("the log-on challenge has no AUTH_PBKDF2_CSK_SALT"))?;
        let mut halves = Zeroizing::new(Vec::with_capacity(length * 2));
        halves.extend(client.iter().take(length));
        halves.extend(server.iter().take(length));
        let text = Zeroizing::new(base16ct::upper::encode_string(&halves));
        let mut key = Zeroizing::new(vec![0; length]);
        pbkdf2::pbkdf2_hmac::<Sha512>(text.as_bytes(), salt, challenge.combo_iterations, &mut key);
        Ok(ComboKey(key))
    }
}

impl std::fmt::Debug for ComboKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ComboKey(redacted)")
    }
}

/// MD5 over bytes 16 to 31 and over bytes 32 to 39 of the halves' XOR, one after the other.
fn mix_with_md5(server: &[u8], client: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mixed = Zeroizing::new(
        server.iter().zip(client).map(|(a, b)| a ^ b).skip(16).take(24).collect::<Vec<u8>>(),
    );
    let (first, second) = mixed.split_at_checked(16).unwrap_or((&mixed, &[]));
    let mut key = Zeroizing::new(Vec::with_capacity(32));
    key.extend_from_slice(&Md5::digest(first));
    key.extend_from_slice(&Md5::digest(second));
    key.truncate(length);
    key
}

impl VerifierType {
    /// Key length of the cipher, in bytes.
    pub(super) fn key_length(self) -> usize {
        match self {
            VerifierType::Oracle11g | VerifierType::Oracle11gAlternate => 24,
            VerifierType::Oracle12c => 32,
        }
    }
}
