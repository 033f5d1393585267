//! The server without sockets and clocks: bytes in, bytes out.
//!
//! ```text
//! connection.handle_input(now, bytes);
//! loop { match connection.poll_output(now) {
//!     Output::Transmit(bytes) => ..,        // send all of it before asking again
//!     Output::Timeout(when) => break,       // wait for bytes, or until then for `handle_timeout`
//!     Output::RestartTls => ..,             // on listeners that want it
//!     Output::Close => ..,
//! } }
//! ```
//!
//! Rows are made while they are sent: `poll_output` gives out at most a few packets at a time, so
//! that a slow client holds up its own query and nothing piles up in memory.

mod accounts;
mod calls;
mod config;
mod connection;
mod cursors;
mod dml;
mod lobs;
mod logon;
mod negotiation;
mod reply;
mod session;
#[cfg(test)]
mod tests;
mod token;
mod transactions;

pub use accounts::{Account, AccountState, VerifierKind};
pub use config::{Entropy, ServerConfig};
pub use connection::{Output, ServerConnection};
