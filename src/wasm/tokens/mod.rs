//! The exported surface of the second wasm module: the flow from a method's parameters to a token,
//! and RSA for where WebCrypto has none or cannot read the key. `src/js/tokens` is what uses it.

mod flow;
mod key;
mod random;
