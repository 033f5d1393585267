//! What all connections of a server share.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::accounts::{Account, Accounts};
use super::transactions::Transactions;
use crate::engine::Database;
use crate::generation::Generation;
use crate::identity::{DatabaseIdentity, Directory};
use crate::ttc::describe::DateBytes;

/// Where random bytes come from.
pub type Entropy = Box<dyn FnMut(&mut [u8]) + Send>;

/// What all connections of a server share: the database, who may log on, and how the server
/// behaves.
#[derive(Debug)]
pub struct ServerConfig {
    /// The release that the server passes for.
    pub generation: Generation,
    /// The database behind it.
    pub database: Database,
    /// Names of services, in any case.
    pub services: Vec<String>,
    /// Names of SIDs, in any case.
    pub sids: Vec<String>,
    /// The largest packet that the server takes part in, in bytes.
    pub sdu: u32,
    /// How many cursors a session may have open (`OPEN_CURSORS`).
    pub open_cursors: u32,
    /// Where clients are sent instead of being served: an address such as
    /// `(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT=1522))`.
    pub redirect: Option<String>,
    /// Whether each answer begins with the notice of a shared server.
    pub shared_server: bool,
    /// Whether the first row of a fetch leaves out what it has in common with the last row of the
    /// answer before. Official drivers expect it, but for the Rust driver (26.0.0-beta.5).
    pub repeat_across_answers: bool,
    /// Who may log on with a token or a password of IAM; nobody if there is none.
    pub directory: Option<Directory>,
    /// Which database tokens have to be for, if it is not the directory's.
    pub database_identity: Option<DatabaseIdentity>,
    /// Takes what clients must not be told: why a log-on was refused.
    pub notes: Option<fn(&str)>,
    /// How long a client may take to log on.
    pub log_on_timeout: Duration,
    accounts: Accounts,
    transactions: Transactions,
    next_session: AtomicU32,
    scn: AtomicU64,
    now: fn() -> DateBytes,
}

impl ServerConfig {
    /// A server for `database`. `random` makes the salts of the accounts' verifiers.
    pub fn new(
        generation: Generation,
        database: Database,
        accounts: Vec<Account>,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> ServerConfig {
        ServerConfig {
            generation,
            database,
            services: vec!["FREEPDB1".to_owned()],
            sids: vec!["FREE".to_owned()],
            sdu: 8192,
            open_cursors: 300,
            redirect: None,
            shared_server: false,
            repeat_across_answers: false,
            directory: None,
            database_identity: None,
            notes: None,
            log_on_timeout: Duration::from_secs(60),
            accounts: Accounts::new(accounts, random),
            transactions: Transactions::default(),
            next_session: AtomicU32::new(101),
            scn: AtomicU64::new(2_273_732),
            now: || [120, 126, 1, 1, 1, 1, 1],
        }
    }

    /// Sets where the date comes from: year divided by 100, year modulo 100 (each plus 100), month,
    /// day, hour, minute, second (each plus 1).
    pub fn set_clock(&mut self, now: fn() -> DateBytes) {
        self.now = now;
    }

    pub(super) fn transactions(&self) -> &Transactions {
        &self.transactions
    }

    pub(super) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    pub(super) fn now(&self) -> DateBytes {
        (self.now)()
    }

    pub(super) fn new_session_id(&self) -> u32 {
        self.next_session.fetch_add(1, Ordering::Relaxed)
    }

    /// The system change number, which only grows.
    pub(super) fn new_scn(&self) -> u64 {
        self.scn.fetch_add(1, Ordering::Relaxed)
    }
}
