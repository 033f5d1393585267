//! The exported surface of the wasm module: handles for `src/js`, which is what users call.
//!
//! Handles have `&self` methods and share what they work on, so that calls may overlap. Rows, binds
//! and descriptions cross the border in the layouts of [`border`]; everything is built without
//! `wasm-bindgen` except what talks to JavaScript, so that it is tested natively.

mod binds;
mod border;
#[cfg(target_arch = "wasm32")]
mod client;
mod columns;
#[cfg(target_arch = "wasm32")]
mod errors;
#[cfg(target_arch = "wasm32")]
mod options;
#[cfg(target_arch = "wasm32")]
mod outcome;
#[cfg(target_arch = "wasm32")]
mod runtime;
#[cfg(target_arch = "wasm32")]
mod sign;
#[cfg(target_arch = "wasm32")]
mod transport;
