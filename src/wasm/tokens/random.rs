//! The runtime's random source.

use rsa::rand_core::{TryCryptoRng, TryRng};
use wasm_bindgen::prelude::*;

use crate::wasm::errors::message;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues, catch)]
    fn get_random_values(bytes: &mut [u8]) -> Result<JsValue, JsValue>;
}

/// The most bytes that `getRandomValues` gives at a time.
const QUOTA: usize = 65_536;

/// `crypto.getRandomValues`, which is there in insecure contexts as well.
pub(super) struct Random;

/// What it threw.
#[derive(Debug, thiserror::Error)]
#[error("crypto.getRandomValues failed: {0}")]
pub(super) struct NoRandomness(String);

impl TryRng for Random {
    type Error = NoRandomness;

    fn try_next_u32(&mut self) -> Result<u32, NoRandomness> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoRandomness> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        for part in bytes.chunks_mut(QUOTA) {
            get_random_values(part).map_err(|thrown| NoRandomness(message(&thrown)))?;
        }
        Ok(())
    }
}

impl TryCryptoRng for Random {}
