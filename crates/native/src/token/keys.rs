//! Private keys: made here, or given as PEM. All work with them is done on threads that may block.

use std::sync::Arc;

use oraedge::auth::Secret;
use oraedge::auth::oci::key::ApiKey;
use oraedge::client::{BoxFuture, Signer};
use oraedge::{Error, Result};

/// Signs with a private key that is held in memory.
#[derive(Clone)]
pub(crate) struct KeySigner {
    key: Arc<ApiKey>,
}

impl KeySigner {
    pub(crate) fn new(key: ApiKey) -> KeySigner {
        KeySigner { key: Arc::new(key) }
    }

    /// A key in PEM. What stands between the lines `BEGIN PRIVATE KEY` and `END PRIVATE KEY` is
    /// enough, as node-oracledb takes it.
    ///
    /// # Errors
    /// Those of [`ApiKey::from_pem`].
    pub(crate) fn from_pem(pem: &Secret) -> Result<KeySigner> {
        let text = pem.expose_text().ok_or_else(|| {
            Error::auth("the private key of the access token is not text", "give it in PEM form")
        })?;
        if text.contains("-----BEGIN") {
            return ApiKey::from_pem(text, None).map(KeySigner::new);
        }
        let framed = Secret::from(format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            text.trim()
        ));
        ApiKey::from_pem(framed.expose_text().unwrap_or_default(), None).map(KeySigner::new)
    }

    /// Makes a key. It takes a tenth of a second in a release build, at times several.
    ///
    /// # Errors
    /// Those of [`ApiKey::generate`].
    pub(crate) async fn generate(bits: u32) -> Result<KeySigner> {
        blocking(move || ApiKey::generate(&mut getrandom::SysRng, bits)).await.map(KeySigner::new)
    }

    /// The public half as DER of its SubjectPublicKeyInfo.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        self.key.spki_der().to_vec()
    }
}

impl Signer for KeySigner {
    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>> {
        let (key, message) = (self.key.clone(), message.to_vec());
        Box::pin(blocking(move || key.sign_sha256(&message)))
    }
}

/// Runs what takes a processor for long on a thread that may be taken for it.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        // Only at the end of the runtime: the work itself does not panic.
        Err(Error::auth(format!("the private key was not used: {error}"), ""))
    })
}
