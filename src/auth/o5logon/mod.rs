//! The password log-on (O5LOGON), client and server side.
//!
//! Neither side sends the password or a hash of it in the clear. In phase one the server sends a
//! [`Challenge`]: the salt of the account's verifier and half of a session key, encrypted with the
//! verifier's hash. The client derives the same hash from the password, decrypts that half, adds
//! its own half, and both derive the [`ComboKey`] from the two. In phase two the client sends its
//! half and the password encrypted with the combo key ([`Answer`]); the server shows that it got
//! there as well with `AUTH_SVR_RESPONSE` ([`verify_server_proof`]).
//!
//! | verifier | password hash | cipher | combo key |
//! | --- | --- | --- | --- |
//! | [11G](verifier_11g) | SHA-1 | AES-192-CBC | MD5 of the halves' XOR, or PBKDF2 |
//! | [12C](verifier_12c) | PBKDF2-HMAC-SHA512, SHA-512 | AES-256-CBC | PBKDF2 of the halves |
//!
//! Facts from python-oracledb (thin/messages/auth.pyx, thin/crypto.pyx), checked against recorded
//! log-ons by `tests/auth_vectors.rs`.

mod challenge;
mod cipher;
mod client;
pub mod server;
pub mod verifier_11g;
pub mod verifier_12c;

pub use challenge::{Challenge, MAX_ITERATIONS, VerifierType};
pub use cipher::ComboKey;
pub use client::{
    Answer, ChangedPassword, ClientEntropy, PasswordKey, PasswordKeyCache, answer, answer_with_key,
    change_password, verify_server_proof,
};

/// What the decrypted `AUTH_SVR_RESPONSE` holds behind 16 random bytes.
pub(crate) const SERVER_PROOF: &[u8; 16] = b"SERVER_TO_CLIENT";
