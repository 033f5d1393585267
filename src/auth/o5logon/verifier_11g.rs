//! The 11G verifier: SHA-1 over the password and a salt (`S:` in SYS.USER$.SPARE4).

use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

/// Length of the stored hash, in bytes.
pub const HASH_LENGTH: usize = 20;

/// Length of the salt that real servers store behind the hash, in bytes.
pub const SALT_LENGTH: usize = 10;

/// The hash that the database stores for a password (in UTF-8, case counts).
pub fn hash(password: &[u8], salt: &[u8]) -> Zeroizing<[u8; HASH_LENGTH]> {
    let mut sha1 = Sha1::new();
    sha1.update(password);
    sha1.update(salt);
    Zeroizing::new(sha1.finalize().into())
}

/// The AES-192 key that encrypts the halves of the session key: the hash and four zeros.
pub(super) fn session_cipher_key(hash: &[u8; HASH_LENGTH]) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(24));
    key.extend_from_slice(hash);
    key.resize(24, 0);
    key
}
