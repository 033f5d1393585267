//! Identity services: OCI IAM, Entra ID and an identity domain, as far as logging on to a database
//! without a password needs them.
//!
//! They verify what the real ones verify, with code that shares nothing with the client's signer: a
//! mistake there is not repeated in what tests it.

pub mod database_token;
pub mod directory;
pub mod entra;
pub mod jwt;
pub mod keys;
pub mod sample;
pub mod scope;
#[cfg(test)]
pub(crate) mod testing;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use database_token::TokenRefusal;
pub use directory::{DatabaseIdentity, Directory, Principal, PrincipalKind};
use keys::{KeyError, PrivateKey};

/// Makes keys, each on a thread of its own: it takes long.
pub(crate) fn make_keys<const COUNT: usize>() -> Result<[PrivateKey; COUNT], KeyError> {
    let threads = [(); COUNT].map(|()| std::thread::spawn(PrivateKey::generate));
    let mut made = Vec::with_capacity(COUNT);
    for thread in threads {
        let key = thread.join().map_err(|_| KeyError("making a key panicked".to_owned()))?;
        made.push(key?);
    }
    made.try_into().map_err(|_| KeyError("a key is missing".to_owned()))
}

/// A new identifier of a request or token.
pub(crate) fn random_id() -> String {
    let mut bytes = [0; 16];
    // An identifier that is not unique does no harm.
    let _ = getrandom::fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// A new client secret.
pub(crate) fn random_secret() -> Result<String, KeyError> {
    let mut bytes = [0; 30];
    getrandom::fill(&mut bytes).map_err(|error| KeyError(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
