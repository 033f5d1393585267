//! Time that is handed in. `std::time::Instant::now` panics on `wasm32-unknown-unknown`, and a
//! recorded session must replay to the byte, so nothing in the core reads a clock.

use std::time::Duration;

/// A moment on a clock that only moves forward, in microseconds since an origin that the caller
/// chose (a process start, `performance.timeOrigin`, zero in a test).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    micros: u64,
}

impl Timestamp {
    /// The origin of the caller's clock.
    pub const ZERO: Timestamp = Timestamp { micros: 0 };

    /// A moment `micros` microseconds after the origin.
    pub const fn from_micros(micros: u64) -> Self {
        Timestamp { micros }
    }

    /// Microseconds since the origin.
    pub const fn as_micros(self) -> u64 {
        self.micros
    }

    /// How long after `earlier` this moment is; zero if it is not after it.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(self.micros.saturating_sub(earlier.micros))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, rhs: Duration) -> Timestamp {
        let micros = u64::try_from(rhs.as_micros()).unwrap_or(u64::MAX);
        Timestamp { micros: self.micros.saturating_add(micros) }
    }
}
