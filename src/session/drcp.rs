//! Database resident connection pooling (DRCP): which session of the server's pool is wanted, and
//! giving it back.
//!
//! A connection whose descriptor says `SERVER=POOLED` has a session of the server's pool from its
//! log-on until [`Session::release_to_server_pool`]. The next call gets one again, perhaps another
//! one: until the server has told which (SESSION_RETURN), cursors of the one before are not used.

use super::machine::Session;
use super::options::SessionOptions;
use crate::connect_string::{Description, PoolPurity, ServerType};
use crate::error::Result;
use crate::wire::ttc::auth::KeyValue;
use crate::wire::ttc::session_release::{self, DEAUTHENTICATE};

/// The class of the sessions that are wanted, if the options or the connect string name one.
fn connection_class<'a>(
    options: &'a SessionOptions,
    description: &'a Description,
) -> Option<&'a str> {
    let described = description.connect_data.pool_connection_class.as_deref();
    options.connection_class.as_deref().or(described)
}

fn is_pooled(description: &Description) -> bool {
    description.connect_data.server_type == Some(ServerType::Pooled)
}

/// The pairs of a log-on that say which session is wanted (python-oracledb thin/messages/auth.pyx):
/// where nobody chose, one without state for a connection of its own, and one of the pool's class
/// for a connection of a pool.
pub(super) fn pairs(options: &SessionOptions, description: &Description) -> Vec<KeyValue> {
    let class = connection_class(options, description);
    let mut pairs: Vec<KeyValue> =
        class.map(|class| KeyValue::new("AUTH_KPPL_CONN_CLASS", class, 0)).into_iter().collect();
    let purity = match (options.purity, description.connect_data.pool_purity) {
        (PoolPurity::Default, described) => described,
        (chosen, _) => chosen,
    };
    let purity = match purity {
        PoolPurity::New => "1",
        PoolPurity::Reuse => "2",
        PoolPurity::Default if !is_pooled(description) => return pairs,
        PoolPurity::Default if options.pooled => "2",
        PoolPurity::Default => "1",
    };
    pairs.push(KeyValue::new("AUTH_KPPL_PURITY", purity, 1));
    pairs
}

impl Session {
    /// Whether the server's end is a session of its pool (`SERVER=POOLED`).
    pub fn uses_server_pool(&self) -> bool {
        self.trying.as_ref().is_some_and(|trying| is_pooled(&trying.target.description))
    }

    /// Gives the session back to the server's pool, without a round trip; the next call gets one
    /// again. What is not committed must be rolled back before. Does nothing where the server's end
    /// is none of its pool's.
    ///
    /// # Errors
    /// If a call is under way.
    pub fn release_to_server_pool(&mut self) -> Result<()> {
        if !self.uses_server_pool() || self.cache.is_between_sessions() {
            return Ok(());
        }
        self.check_ready()?;
        // A connection of its own is over with this: its session forgets whose it was.
        let mode = if self.options.pooled { 0 } else { DEAUTHENTICATE };
        let mut message = self.connection.writer();
        let version = self.connection.caps.field_version;
        session_release::write(&mut message, &mut self.connection.sequence, version, mode);
        self.connection.send_one_way(message);
        self.cache.leave_session();
        self.collect_output();
        Ok(())
    }
}
