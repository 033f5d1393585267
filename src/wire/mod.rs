//! Bytes to typed values and back. No state, no I/O, no policy.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::cast_possible_truncation
    )
)]

pub mod capabilities;
pub mod connect;
pub mod packet;
pub mod reader;
pub mod ttc;
pub mod value;
pub mod writer;

pub use reader::{DecodeError, Reader};
pub use writer::Writer;
