//! The server on sockets: TCP and TCPS listeners, one task a connection.

mod builder;
mod certificates;
mod chains;
mod connection;
mod defective;
mod defects;
mod faults;

pub use builder::{Builder, Identity, Simulator, StartError};
pub use certificates::{Certificates, WALLET_PASSWORD};
pub use chains::LEAF_ORGANIZATION;
pub use defective::DefectivePort;
pub use defects::{ClientDefect, TlsDefect};
pub use faults::{Arrived, Direction, Fault, FaultKind, Line};
