//! The parts of the command `oraedge-bridge`.

pub(crate) mod settings;
pub(crate) mod signals;
pub(crate) mod ticket;
