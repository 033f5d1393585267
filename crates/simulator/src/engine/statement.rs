//! What goes between the engine and the server in front of it.

use std::sync::Arc;
use std::time::Duration;

use oraedge::wire::value::{DbType, Rowid, Value};

use super::cursor::RowSource;
use super::prepare::Prepared;

/// What a statement does, as far as the protocol distinguishes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// SELECT, WITH: has columns and rows.
    Query,
    /// INSERT, UPDATE, DELETE, MERGE.
    Dml,
    /// CREATE, ALTER, DROP and the like: commits.
    Ddl,
    /// BEGIN, DECLARE, CALL.
    PlSql,
    /// COMMIT, ROLLBACK, SAVEPOINT, SET TRANSACTION.
    TransactionControl,
}

/// A column of a query, as describe tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name or alias; upper case unless it was quoted.
    pub name: String,
    /// Its data type.
    pub db_type: DbType,
    /// Precision of NUMBER (0: none given), leading-field precision of intervals.
    pub precision: i8,
    /// Scale of NUMBER (-127: floating), fractional-second precision of timestamps and intervals.
    pub scale: i8,
    /// Longest value, in bytes, as Oracle announces it (22 for NUMBER, 7 for DATE ...).
    pub max_size: u32,
    /// Longest value of a character type, in characters; else 0.
    pub max_chars: u32,
    /// Whether it can hold NULL.
    pub nullable: bool,
}

/// A statement that was parsed and described.
#[derive(Debug, Clone)]
pub struct Statement {
    pub(super) sql: Arc<str>,
    /// What it does.
    pub kind: StatementKind,
    /// Its columns if it is a query. Columns that are made of binds alone have their final type
    /// only when the binds are known: see [`RowSource::columns`].
    pub columns: Vec<Column>,
    /// Names of its binds without the colon, upper case unless quoted: one entry for each
    /// occurrence in SQL, one for each name in PL/SQL, as Oracle numbers them.
    pub bind_names: Vec<String>,
    /// Positions in `bind_names` that only return values (`RETURNING ... INTO :x`).
    pub out_binds: Vec<usize>,
    pub(super) prepared: Arc<Prepared>,
}

impl Statement {
    /// The text that was prepared.
    pub fn sql(&self) -> &str {
        &self.sql
    }
}

/// What running a statement gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The rows of a query.
    pub rows: Option<RowSource>,
    /// Rows that DML changed.
    pub rows_affected: u64,
    /// ROWID of the last row that DML changed.
    pub last_rowid: Option<Rowid>,
    /// Values that came back: position in `bind_names`, and one value for each row changed
    /// (RETURNING), or exactly one (PL/SQL).
    pub out_binds: Vec<(usize, Vec<Value>)>,
    /// How long the call has to last before its answer is sent (`DBMS_SESSION.SLEEP`). The engine
    /// does not wait itself, so that a simulated clock can.
    pub sleep: Duration,
}
