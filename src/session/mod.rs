//! A session: from an address to a log-on, then statements, cursors and transactions.
//!
//! No I/O, no clock, no random source: [`Session`] is told what happened and says what to do.
//!
//! ```text
//! session.handle_input(now, Input::Received(bytes))?;
//! loop { match session.poll_output() {
//!     Output::Connect(target) => ..,   Output::Transmit(bytes) => ..,
//!     Output::RestartTls => ..,        Output::Disconnect => ..,
//!     Output::Sign(message) => ..,     // only on log-on by token
//!     Output::Event(event) => ..,      Output::Timeout(when) => break,
//! } }
//! ```
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

mod calls;
mod drcp;
mod execute;
mod log_on;
mod machine;
mod opening;
mod options;
mod outcome;
mod pipeline;
mod refused;
pub mod sessionless;
pub mod sql;
mod statement_cache;
mod token;
mod transactions;
mod user;

pub use execute::{
    CursorHandle, DEFAULT_ARRAY_SIZE, ExecuteOptions, ExecuteOutcome, ExecuteRequest,
};
pub use log_on::SessionInfo;
pub use machine::{ConnectTarget, Event, Input, Output, Session};
pub use options::{AppContext, DEFAULT_STATEMENT_CACHE_SIZE, SessionEntropy, SessionOptions};
pub use pipeline::{PipelineOperation, PipelineOutcome};
pub use token::SessionToken;
pub use transactions::{Start, TpcChange};
