//! Bytes to typed values and back. No state, no I/O, no policy.
//!
//! Every type here has both directions, since the simulator under `crates/simulator` speaks the
//! other side with the same code.

pub mod reader;
pub mod value;
pub mod writer;

pub use reader::{DecodeError, Reader};
pub use writer::Writer;
