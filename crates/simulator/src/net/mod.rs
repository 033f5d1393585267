//! TNS packets as a server sees them: frames out of a stream, and packets into one.

pub mod connect;
pub mod packet;
pub mod services;
