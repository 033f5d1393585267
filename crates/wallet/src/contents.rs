//! What a file of a wallet holds, before it is sorted out.

use oraedge::auth::Secret;

/// Certificates and keys, in the order in which they stand in the file.
#[derive(Default)]
pub(crate) struct Contents {
    /// X.509, in DER.
    pub(crate) certificates: Vec<Vec<u8>>,
    /// The private key in PKCS#8 (DER). Where there are several, the first.
    pub(crate) key: Option<Secret>,
}

impl Contents {
    pub(crate) fn add_key(&mut self, key: Secret) {
        self.key.get_or_insert(key);
    }
}
