//! Oracle Database from a browser tab, an edge worker, Node or Rust, in Oracle's own wire
//! protocol (TNS / TTC, "thin"): no Oracle client library, no REST service.
//!
//! The layers, each of which knows only those to its left:
//!
//! ```text
//! wire <- protocol <- session <- client <- wasm, and the crate oraedge-native
//! ```
//!
//! [`wire`] turns bytes into typed values and back; [`protocol`] is one connection's packet
//! machine; [`session`] logs on and runs statements; [`client`] is what programs call. All but the
//! last know no I/O, no clock and no random source. [`auth`] and [`connect_string`] stand beside.

// There is one thread on wasm; the same code is shared between threads everywhere else.
#![cfg_attr(target_arch = "wasm32", allow(clippy::arc_with_non_send_sync))]

pub mod auth;
pub mod client;
pub mod connect_string;
pub mod error;
pub mod protocol;
pub mod session;
pub mod time;
#[cfg(any(
    all(target_arch = "wasm32", any(feature = "wasm-client", feature = "wasm-tokens")),
    test
))]
mod wasm;
pub mod wire;

pub use client::{Connection, ExecuteResult, Named, ResultSet, Row};
pub use error::{DbError, Error, Result};
