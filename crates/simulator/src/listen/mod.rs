//! The server on sockets: TCP and TCPS listeners, one task a connection.

mod builder;
mod certificates;
mod connection;

pub use builder::{Builder, Identity, Simulator, StartError};
pub use certificates::{Certificates, WALLET_PASSWORD};
