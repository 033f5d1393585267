//! RSA keys in wasm memory.

use wasm_bindgen::prelude::*;

use super::random::Random;
use crate::auth::Secret;
use crate::auth::oci::key::ApiKey;
use crate::wasm::errors::to_js;

/// A private key that signs with RSASSA-PKCS1-v1_5 and SHA-256.
#[wasm_bindgen]
pub struct RsaKey(ApiKey);

#[wasm_bindgen]
impl RsaKey {
    /// Reads PEM: PKCS#8 or PKCS#1, in the clear or with a pass phrase.
    #[wasm_bindgen(js_name = fromPem)]
    pub fn from_pem(pem: &str, pass_phrase: Option<String>) -> Result<RsaKey, JsValue> {
        let pass_phrase = pass_phrase.map(Secret::from);
        ApiKey::from_pem(pem, pass_phrase.as_ref()).map(RsaKey).map_err(|error| to_js(&error))
    }

    /// Makes a key of so many bits; takes seconds.
    pub fn generate(bits: u32) -> Result<RsaKey, JsValue> {
        ApiKey::generate(&mut Random, bits).map(RsaKey).map_err(|error| to_js(&error))
    }

    /// The public half in DER (SubjectPublicKeyInfo).
    #[wasm_bindgen(js_name = publicKey)]
    pub fn public_key(&self) -> Vec<u8> {
        self.0.spki_der().to_vec()
    }

    /// The signature of a message.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JsValue> {
        self.0.sign_sha256(message).map_err(|error| to_js(&error))
    }
}
