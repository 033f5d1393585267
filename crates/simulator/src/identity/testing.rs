//! Keys for tests: made once a process, since making one takes long.

use std::sync::OnceLock;

use super::directory::{Directory, IssuerKeys};
use super::keys::PrivateKey;
use super::sample;

/// How many different ones there are.
const KEYS: usize = 3;

/// The `index`th key of this process.
pub(crate) fn key(index: usize) -> PrivateKey {
    static KEYS_MADE: [OnceLock<PrivateKey>; KEYS] = [const { OnceLock::new() }; KEYS];
    KEYS_MADE[index].get_or_init(|| PrivateKey::generate().expect("random bytes")).clone()
}

/// The sample directory.
pub(crate) fn directory() -> Directory {
    let keys = IssuerKeys { oci: key(2), azure: key(2), domain: key(2) };
    let directory = Directory::with_keys(sample::database(), keys);
    sample::fill(&directory).expect("random bytes");
    directory
}
