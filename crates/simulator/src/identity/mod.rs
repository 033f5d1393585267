//! Identity services: OCI IAM, Entra ID and an identity domain, as far as logging on to a database
//! without a password needs them.
//!
//! They verify what the real ones verify, with code that shares nothing with the client's signer: a
//! mistake there is not repeated in what tests it.

pub mod control;
pub mod database_token;
pub mod directory;
pub mod entra;
pub mod folder;
pub mod http;
mod identity_domain;
pub mod instance_certificates;
pub mod jwt;
mod key_files;
pub mod keys;
pub(crate) mod listen;
pub mod metadata;
mod oci_services;
pub mod request_signature;
pub mod sample;
pub mod scope;
pub mod services;
pub mod session_token;
pub(crate) mod shape;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod world;

use std::time::SystemTime;

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

/// A new identifier of a request to Entra ID.
pub(crate) fn random_uuid() -> String {
    let digits = random_id().to_lowercase();
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// A time as `2026-11-25T01:02:03Z`.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let time = x509_cert::der::DateTime::from_system_time(time);
    time.map_or_else(|_| String::new(), |time| time.to_string())
}

/// A new client secret.
pub(crate) fn random_secret() -> Result<String, KeyError> {
    let mut bytes = [0; 30];
    getrandom::fill(&mut bytes).map_err(|error| KeyError(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
