//! A small Oracle for tests, demos and offline work: an Oracle-dialect SQL engine on SQLite, and
//! the server that speaks TNS and TTC in front of it.

pub mod engine;
pub mod generation;
pub mod identity;
pub mod listen;
pub mod net;
pub mod server;
pub mod ttc;

#[cfg(test)]
mod testing;
