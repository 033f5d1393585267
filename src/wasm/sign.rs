//! Signatures that JavaScript makes, usually with a key in WebCrypto that nobody can read.

use js_sys::{ArrayBuffer, Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::errors::message;
use crate::client::{BoxFuture, Signer};
use crate::error::{Error, Result};

/// Signs with a function of JavaScript's.
pub(super) struct JsSigner {
    sign: Function,
}

impl JsSigner {
    pub(super) fn new(sign: Function) -> JsSigner {
        JsSigner { sign }
    }
}

impl Signer for JsSigner {
    fn sign<'a>(&'a self, text: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(async move {
            let called = self.sign.call1(&JsValue::UNDEFINED, &Uint8Array::from(text));
            let signature = match called {
                Ok(value) => JsFuture::from(Promise::resolve(&value)).await,
                Err(thrown) => Err(thrown),
            };
            let signature = signature.map_err(|thrown| failed(message(&thrown)))?;
            match signature.dyn_into::<Uint8Array>() {
                Ok(bytes) => Ok(bytes.to_vec()),
                Err(other) => match other.dyn_into::<ArrayBuffer>() {
                    Ok(buffer) => Ok(Uint8Array::new(&buffer).to_vec()),
                    Err(_) => Err(failed("it gave neither a Uint8Array nor an ArrayBuffer")),
                },
            }
        })
    }
}

fn failed(why: impl std::fmt::Display) -> Error {
    Error::auth(
        format!("the private key of the access token did not sign: {why}"),
        "check that the key is an RSA key for RSASSA-PKCS1-v1_5 with SHA-256 that may sign",
    )
}
