//! The exported surface of the wasm modules: handles for `src/js`, which is what users call. The
//! client is one module (feature `wasm-client`), the way to a token another (`wasm-tokens`).
//!
//! Handles have `&self` methods and share what they work on, so that calls may overlap. Rows, binds
//! and descriptions cross the border in the layouts of [`border`]; everything is built without
//! `wasm-bindgen` except what talks to JavaScript, so that it is tested natively.

#[cfg(any(feature = "wasm-client", test))]
mod binds;
#[cfg(any(feature = "wasm-client", test))]
mod border;
#[cfg(all(target_arch = "wasm32", feature = "wasm-client"))]
mod client;
#[cfg(any(feature = "wasm-client", test))]
mod columns;
#[cfg(all(target_arch = "wasm32", any(feature = "wasm-client", feature = "wasm-tokens")))]
mod errors;
#[cfg(all(target_arch = "wasm32", feature = "wasm-client"))]
mod options;
#[cfg(all(target_arch = "wasm32", feature = "wasm-client"))]
mod outcome;
#[cfg(all(target_arch = "wasm32", feature = "wasm-client"))]
mod runtime;
#[cfg(all(target_arch = "wasm32", feature = "wasm-client"))]
mod sign;
#[cfg(all(target_arch = "wasm32", feature = "wasm-tokens"))]
mod tokens;
#[cfg(all(target_arch = "wasm32", feature = "wasm-client"))]
mod transport;
