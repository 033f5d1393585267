//! One connection's packet machine: opening it, one call and its answer at a time, break and reset.
//!
//! No I/O and no clock: bytes are handed in and taken out.
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

mod break_reset;
mod connection;
mod opening;
mod response;
mod rows;

pub use connection::{Connection, Finished};
pub use opening::{Opening, OpeningEvent};
pub use response::{Expect, OutBind, Response, ResponseParser};
pub use rows::{Cell, LastRow, RowBatch};
