//! Oracle Database from a browser tab, an edge worker, Node or Rust, in Oracle's own wire
//! protocol (TNS / TTC, "thin"): no Oracle client library, no REST service.

pub mod auth;
pub mod connect_string;
pub mod error;
pub mod protocol;
pub mod session;
pub mod time;
pub mod wire;

pub use error::{DbError, Error, Result};
