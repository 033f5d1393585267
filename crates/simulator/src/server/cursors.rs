//! A session's open cursors, and fetching from them.

use std::collections::BTreeMap;

use oraedge::error::DbError;
use oraedge::wire::Writer;
use oraedge::wire::value::{DbType, Value};

use super::lobs::Lobs;
use crate::engine::{Column, RowSource, Statement, StatementKind};
use crate::ttc::binds::Declared;
use crate::ttc::describe::ColumnInfo;
use crate::ttc::message;
use crate::ttc::outcome::sql_type;
use crate::ttc::rows::{Cell, put_cell};

/// A statement that a client keeps open.
#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) statement: Statement,
    /// One of [`sql_type`].
    pub(super) sql_type: u32,
    /// The binds as they were last declared.
    pub(super) declared: Vec<Declared>,
    /// Positions of binds whose values are not sent: those that only return values.
    pub(super) skipped: Vec<usize>,
    /// The columns as they were last described to the client.
    pub(super) described: Option<Vec<ColumnInfo>>,
    /// What the client wants the columns to be sent as, if it ever said so.
    pub(super) defines: Option<Vec<Declared>>,
    /// The rows that are being fetched.
    pub(super) rows: Option<OpenRows>,
}

impl Cursor {
    pub(super) fn new(statement: Statement) -> Cursor {
        let skipped = match statement.kind {
            StatementKind::PlSql => Vec::new(),
            _ => statement.out_binds.clone(),
        };
        let sql_type = sql_type_of(&statement);
        Cursor {
            statement,
            sql_type,
            declared: Vec::new(),
            skipped,
            described: None,
            defines: None,
            rows: None,
        }
    }

    /// Sends columns as the client wants them, from now on; `None` leaves it at what it said last.
    pub(super) fn define(&mut self, defines: Option<Vec<Declared>>) {
        if defines.is_some() {
            self.defines = defines;
        }
        if let (Some(defines), Some(rows)) = (&self.defines, &mut self.rows) {
            rows.define(defines);
        }
    }

    pub(super) fn is_query(&self) -> bool {
        self.statement.kind == StatementKind::Query
    }
}

fn sql_type_of(statement: &Statement) -> u32 {
    let first = statement.sql().split_whitespace().next().unwrap_or_default().to_uppercase();
    match (statement.kind, first.as_str()) {
        (StatementKind::Query, _) => sql_type::SELECT,
        (StatementKind::PlSql, _) => sql_type::PLSQL,
        (StatementKind::TransactionControl, _) => sql_type::COMMIT,
        (_, "UPDATE") => sql_type::UPDATE,
        (_, "DELETE") => sql_type::DELETE,
        (_, "MERGE") => sql_type::MERGE,
        (_, "DROP") => sql_type::DROP,
        (StatementKind::Dml, _) => sql_type::INSERT,
        (StatementKind::Ddl, _) => sql_type::DDL,
    }
}

/// Rows of an executed query.
#[derive(Debug)]
pub(super) struct OpenRows {
    source: RowSource,
    cells: Vec<Cell>,
    row: Vec<Value>,
    previous: Vec<Value>,
    sent: Vec<bool>,
    scratch: Vec<u8>,
    /// How many rows were fetched so far.
    pub(super) fetched: u64,
    /// Whether the client was told that there are no more.
    pub(super) exhausted: bool,
}

impl OpenRows {
    pub(super) fn new(source: RowSource) -> OpenRows {
        let cells: Vec<Cell> = source
            .columns()
            .iter()
            .map(|column| Cell { db_type: column.db_type, absent: is_absent(column) })
            .collect();
        OpenRows {
            source,
            sent: vec![true; cells.len()],
            cells,
            row: Vec::new(),
            previous: Vec::new(),
            scratch: Vec::new(),
            fetched: 0,
            exhausted: false,
        }
    }

    pub(super) fn columns(&self) -> Vec<ColumnInfo> {
        self.source.columns().iter().map(column_info).collect()
    }

    /// Whether there are columns of LOBs.
    pub(super) fn has_lobs(&self) -> bool {
        self.source.columns().iter().any(|column| is_lob(column.db_type))
    }

    fn define(&mut self, defines: &[Declared]) {
        for (cell, define) in self.cells.iter_mut().zip(defines) {
            // Only a LOB can be had as something else: as a LONG, whole.
            if let Some(db_type) = define.db_type()
                && is_lob(cell.db_type)
                && (is_lob(db_type) || is_long(db_type))
            {
                cell.db_type = db_type;
            }
        }
    }

    /// How many columns there are.
    pub(super) fn width(&self) -> usize {
        self.cells.len()
    }

    /// Goes to the next row; false if there is none.
    pub(super) fn advance(&mut self) -> Result<bool, DbError> {
        std::mem::swap(&mut self.row, &mut self.previous);
        if !self.source.next_row(&mut self.row)? {
            return Ok(false);
        }
        self.fetched += 1;
        self.sent.fill(true);
        Ok(true)
    }

    /// Which columns of the row differ from the row before; the others are not sent.
    pub(super) fn leave_out_repeated(&mut self) -> &[bool] {
        let pairs = self.row.iter().zip(&self.previous).zip(&self.cells);
        for (sent, ((new, old), cell)) in self.sent.iter_mut().zip(pairs) {
            *sent = new != old || is_long(cell.db_type) || is_lob(cell.db_type);
        }
        &self.sent
    }

    /// Writes the row.
    pub(super) fn put_row(&mut self, writer: &mut Writer, lobs: &mut Lobs) -> Result<(), DbError> {
        writer.u8(message::ROW_DATA);
        for ((value, cell), sent) in self.row.iter().zip(&self.cells).zip(&self.sent) {
            if *sent && is_lob(cell.db_type) {
                lobs.put_column(writer, value);
            } else if *sent {
                put_cell(writer, *cell, value, &mut self.scratch).map_err(internal_error)?;
            }
        }
        Ok(())
    }
}

/// LONGs are sent each time, with their indicators.
fn is_long(db_type: DbType) -> bool {
    matches!(db_type, DbType::Long | DbType::LongNvarchar | DbType::LongRaw)
}

/// LOBs are sent as locators.
fn is_lob(db_type: DbType) -> bool {
    matches!(db_type, DbType::Clob | DbType::Nclob | DbType::Blob)
}

/// Whether the column is described with size zero, so that clients expect no value
/// (python-oracledb: "column is null by describe").
fn is_absent(column: &Column) -> bool {
    column.max_size == 0
        && !is_long(column.db_type)
        && !is_lob(column.db_type)
        && column.db_type != DbType::Urowid
}

pub(super) fn column_info(column: &Column) -> ColumnInfo {
    let db_type = column.db_type;
    ColumnInfo {
        name: column.name.clone(),
        ora_type: db_type.ora_type(),
        csfrm: db_type.csfrm(),
        precision: column.precision,
        scale: column.scale,
        buffer_size: match db_type {
            // Recorded sizes of these types are 1 (pyo4-fetch-df#0016).
            DbType::Date | DbType::BinaryFloat | DbType::BinaryDouble => 1,
            db_type if is_long(db_type) => 0,
            // Recorded for every LOB column: the longest locator.
            db_type if is_lob(db_type) => 4000,
            _ => column.max_size,
        },
        max_chars: column.max_chars,
        nullable: column.nullable,
    }
}

/// What cannot be, said as the database says it.
pub(super) fn internal_error(error: oraedge::Error) -> DbError {
    DbError {
        number: 600,
        message: format!("ORA-00600: internal error code, arguments: [{error}]"),
        ..DbError::default()
    }
}

/// Open cursors by their numbers.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    open: BTreeMap<u32, Cursor>,
}

impl Cursors {
    /// Opens a cursor; its number is the lowest that is free.
    pub(super) fn open(&mut self, cursor: Cursor) -> u32 {
        let taken = self.open.keys().zip(1..).take_while(|(id, free)| *id == free).count();
        let id = u32::try_from(taken).unwrap_or(u32::MAX) + 1;
        self.open.insert(id, cursor);
        id
    }

    pub(super) fn replace(&mut self, id: u32, cursor: Cursor) {
        self.open.insert(id, cursor);
    }

    pub(super) fn get(&mut self, id: u32) -> Option<&mut Cursor> {
        self.open.get_mut(&id)
    }

    pub(super) fn close(&mut self, id: u32) {
        self.open.remove(&id);
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }
}
