//! How a pool behaves, key by key.

use std::time::Duration;

use crate::error::{Error, Result};

/// How a pool behaves. The names and the defaults are those of node-oracledb's `createPool()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolOptions {
    /// Connections that are opened at once and kept (`poolMin`, 0).
    pub min: usize,
    /// The most connections at a time (`poolMax`, 4).
    pub max: usize,
    /// How many are opened together when one is wanted and none is idle (`poolIncrement`, 1).
    pub increment: usize,
    /// Connections beyond `min` that were idle for so long are closed (`poolTimeout`, 60 s);
    /// `None` to keep them.
    pub idle_timeout: Option<Duration>,
    /// A connection is closed when it comes back, or lies idle, at this age
    /// (`maxLifetimeSession`); `None` for no limit, the default.
    pub max_lifetime: Option<Duration>,
    /// A connection that was idle for longer is asked whether it lives before it is handed out
    /// (`poolPingInterval`, 60 s); zero asks each time, `None` never.
    pub ping_interval: Option<Duration>,
    /// How long that may take (`poolPingTimeout`, 5 s).
    pub ping_timeout: Duration,
    /// How many may wait for a connection (`queueMax`, 500); `None` for any number.
    pub queue_max: Option<usize>,
    /// How long each may wait (`queueTimeout`, 60 s); `None` for ever.
    pub queue_timeout: Option<Duration>,
}

impl Default for PoolOptions {
    fn default() -> Self {
        PoolOptions {
            min: 0,
            max: 4,
            increment: 1,
            idle_timeout: Some(Duration::from_secs(60)),
            max_lifetime: None,
            ping_interval: Some(Duration::from_secs(60)),
            ping_timeout: Duration::from_secs(5),
            queue_max: Some(500),
            queue_timeout: Some(Duration::from_secs(60)),
        }
    }
}

impl PoolOptions {
    pub(crate) fn check(&self) -> Result<()> {
        if self.max == 0 || self.increment == 0 {
            return Err(Error::misuse(
                "a pool's max and increment must be at least 1",
                "with max 1 the users of a pool take turns",
            ));
        }
        if self.min > self.max {
            return Err(Error::misuse(
                format!("a pool's min ({}) is greater than its max ({})", self.min, self.max),
                "raise max or lower min",
            ));
        }
        Ok(())
    }
}
