//! What stands between a program and a database, step by step: the connect string, the wallet, the
//! name look-up, TCP, TLS with the certificates that the server shows, the listener's answer, the
//! log-on. Each step passed, failed or was not reached, and says what to do where it failed.
//!
//! Nothing is sent to a server that is not trusted: the certificates are read from a handshake that
//! is given up, and what follows goes over one that was verified.

mod certificates;
mod listener;
mod report;
mod steps;

pub use certificates::to_pem;
pub use report::{Report, State, Step};
pub use steps::{Patient, diagnose};
