//! The operating system's clock and random bytes, which the core takes as inputs.

use std::time::Instant;

use oraedge::time::Timestamp;
use oraedge::{Error, Result};

/// A clock that only moves forward; its origin is its making.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock(Instant);

impl SystemClock {
    /// Starts at zero now.
    pub fn new() -> Self {
        SystemClock(Instant::now())
    }

    /// The time since it was made.
    pub fn now(&self) -> Timestamp {
        Timestamp::ZERO + self.0.elapsed()
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock::new()
    }
}

/// Fills the buffer with bytes that nobody can predict.
///
/// # Errors
/// [`Error::Misuse`] if the operating system has none to give.
pub fn fill_random(buffer: &mut [u8]) -> Result<()> {
    getrandom::fill(buffer).map_err(|error| {
        Error::misuse(
            format!("the operating system gave no random bytes: {error}"),
            "a log-on needs them; check the sandbox that this program runs in",
        )
    })
}
