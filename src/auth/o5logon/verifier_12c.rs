//! The 12C verifier: SHA-512 over a PBKDF2 key of the password and a salt (`T:` in
//! SYS.USER$.SPARE4).

use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

/// Length of the key that PBKDF2 makes of the password, in bytes.
pub const KEY_LENGTH: usize = 64;

/// Length of the stored hash, in bytes.
pub const HASH_LENGTH: usize = 64;

/// Length of the salt that real servers store behind the hash, in bytes.
pub const SALT_LENGTH: usize = 16;

/// The iterations behind every stored verifier (`AUTH_PBKDF2_VGEN_COUNT` of real servers).
pub const ITERATIONS: u32 = 4096;

/// The iterations for the combo key (`AUTH_PBKDF2_SDER_COUNT` of real servers).
pub const COMBO_ITERATIONS: u32 = 3;

/// What follows the salt of the account in the salt of PBKDF2.
const SALT_TAIL: &[u8] = b"AUTH_PBKDF2_SPEEDY_KEY";

/// The slow part: 4096 rounds of HMAC-SHA512 on a real server, some milliseconds.
pub fn password_key(password: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<[u8; KEY_LENGTH]> {
    let mut salt = salt.to_vec();
    salt.extend_from_slice(SALT_TAIL);
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    pbkdf2::pbkdf2_hmac::<Sha512>(password, &salt, iterations, key.as_mut_slice());
    key
}

/// The hash that the database stores for a password key.
pub fn hash(password_key: &[u8; KEY_LENGTH], salt: &[u8]) -> Zeroizing<[u8; HASH_LENGTH]> {
    let mut sha512 = Sha512::new();
    sha512.update(password_key);
    sha512.update(salt);
    Zeroizing::new(sha512.finalize().into())
}

/// The AES-256 key that encrypts the halves of the session key: the front half of the hash.
pub(super) fn session_cipher_key(hash: &[u8; HASH_LENGTH]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(hash.iter().copied().take(32).collect())
}
