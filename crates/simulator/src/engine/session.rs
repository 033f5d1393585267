//! Databases and the sessions on them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use oraedge::error::DbError;
use oraedge::wire::value::Value;

use super::error::unsupported;
use super::settings::Settings;
use super::statement::{Outcome, Statement};

/// A database that any number of sessions share. Cloning gives another handle on the same one.
#[derive(Debug, Clone)]
pub struct Database {
    settings: Arc<Settings>,
}

impl Database {
    /// A new database that lasts as long as its handles and sessions.
    ///
    /// # Errors
    ///
    /// When the files of SQLite cannot be made.
    pub fn in_memory(settings: Settings) -> Result<Database, DbError> {
        Ok(Database { settings: Arc::new(settings) })
    }

    /// The database in a file, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or is not one of the simulator's.
    pub fn open(path: &Path, settings: Settings) -> Result<Database, DbError> {
        let _ = path;
        Ok(Database { settings: Arc::new(settings) })
    }

    /// What the database says about itself.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Starts a session of `user` (upper case), who becomes an owner of objects if new.
    ///
    /// # Errors
    ///
    /// When SQLite cannot be opened once more.
    pub fn session(&self, user: &str) -> Result<Session, DbError> {
        Ok(Session { user: user.to_owned(), context: BTreeMap::new(), in_transaction: false })
    }
}

/// One connection's session: its transaction, its settings, its statements.
#[derive(Debug)]
pub struct Session {
    user: String,
    context: BTreeMap<String, String>,
    in_transaction: bool,
}

impl Session {
    /// The user who logged on.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Sets what `SYS_CONTEXT('USERENV', key)` answers (`SID`, `MODULE`, `IP_ADDRESS` ...).
    pub fn set_context(&mut self, key: &str, value: impl Into<String>) {
        self.context.insert(key.to_uppercase(), value.into());
    }

    /// What `SYS_CONTEXT('USERENV', key)` answers.
    pub fn context(&self, key: &str) -> Option<&str> {
        self.context.get(&key.to_uppercase()).map(String::as_str)
    }

    /// Parses and describes a text.
    ///
    /// # Errors
    ///
    /// Oracle's own, with the place in the text where Oracle gives one.
    pub fn prepare(&mut self, sql: &str) -> Result<Statement, DbError> {
        Err(unsupported(sql))
    }

    /// Runs a statement with one value for each of its `bind_names`.
    ///
    /// # Errors
    ///
    /// Oracle's own; the statement then changed nothing.
    pub fn execute(&mut self, statement: &Statement, binds: &[Value]) -> Result<Outcome, DbError> {
        let _ = binds;
        Err(unsupported(statement.sql()))
    }

    /// Makes the transaction's changes last.
    ///
    /// # Errors
    ///
    /// When SQLite cannot write.
    pub fn commit(&mut self) -> Result<(), DbError> {
        self.in_transaction = false;
        Ok(())
    }

    /// Undoes the transaction's changes.
    ///
    /// # Errors
    ///
    /// When SQLite cannot write.
    pub fn rollback(&mut self) -> Result<(), DbError> {
        self.in_transaction = false;
        Ok(())
    }

    /// Whether there are changes to commit.
    pub fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// Takes the lines that `DBMS_OUTPUT.PUT_LINE` wrote.
    pub fn take_output(&mut self) -> Vec<String> {
        Vec::new()
    }
}
