//! The calls that run statements and fetch rows.

use super::binds::{BindBatch, BindColumn};
use super::codes::function;
use super::function::{Sequence, write_call};
use crate::wire::Writer;
use crate::wire::capabilities::{Capabilities, field_version};

/// What an execute shall do (python-oracledb thin/constants.pxi, `TNS_EXEC_OPTION_*`).
mod option {
    pub(super) const PARSE: u32 = 0x01;
    pub(super) const BIND: u32 = 0x08;
    pub(super) const DEFINE: u32 = 0x10;
    pub(super) const EXECUTE: u32 = 0x20;
    pub(super) const FETCH: u32 = 0x40;
    pub(super) const COMMIT: u32 = 0x100;
    pub(super) const PLSQL_BIND: u32 = 0x400;
    pub(super) const NOT_PLSQL: u32 = 0x8000;
    pub(super) const DESCRIBE: u32 = 0x20000;
    pub(super) const BATCH_ERRORS: u32 = 0x80000;
    /// In the second option word of a re-execute.
    pub(super) const COMMIT_REEXECUTE: u32 = 0x1;
}

/// How an execute shall do it (`TNS_EXEC_FLAGS_*`).
mod flag {
    pub(super) const DML_ROWCOUNTS: u32 = 0x4000;
    pub(super) const IMPLICIT_RESULTSET: u32 = 0x8000;
}

/// The longest LONG that the client takes, in bytes.
const MAX_LONG_LENGTH: u32 = 0x7fff_ffff;
/// Numbers in the vector that ends an execute's fixed part.
const AL8I4_LENGTH: u32 = 13;

/// What sort of statement a text is, as far as the wire cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// SELECT or WITH.
    Query,
    /// INSERT, UPDATE, DELETE, MERGE.
    Dml,
    /// CREATE, ALTER, DROP and their like.
    Ddl,
    /// DECLARE, BEGIN, CALL.
    PlSql,
    /// Anything else.
    Other,
}

/// A full execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execute<'a> {
    /// The statement's text, sent if the cursor is not open yet or the statement is DDL.
    pub sql: &'a str,
    /// Its kind.
    pub kind: StatementKind,
    /// The open cursor; 0 for a new one.
    pub cursor_id: u16,
    /// Rows that the answer shall bring along, for a query.
    pub prefetch: u32,
    /// Values to bind.
    pub binds: &'a BindBatch,
    /// How the binds are declared: as wide as the cursor's or wider.
    pub declared: &'a [BindColumn],
    /// How the columns shall be sent, where that differs from the describe.
    pub define: Option<&'a [BindColumn]>,
    /// Only parse, and describe if it is a query.
    pub parse_only: bool,
    /// Commit if all goes well.
    pub auto_commit: bool,
    /// Go on behind a row that fails, and report it at the end.
    pub batch_errors: bool,
    /// Report the rows changed by each iteration.
    pub dml_row_counts: bool,
}

impl Execute<'_> {
    /// Writes the call.
    pub fn encode(&self, writer: &mut Writer, sequence: &mut Sequence, caps: &Capabilities) {
        let version = caps.field_version;
        let parse = self.cursor_id == 0 || self.kind == StatementKind::Ddl;
        let is_query = self.kind == StatementKind::Query;
        let defining = self.define.is_some();
        let binding = !self.binds.is_empty() && !defining && !self.parse_only;
        let iterations = if is_query && !self.parse_only { self.prefetch } else { 1 };
        let executions = u32::try_from(self.binds.rows().max(1)).unwrap_or(u32::MAX);

        write_call(writer, function::EXECUTE, sequence, version);
        writer.ub4(self.options(parse, binding));
        writer.ub4(u32::from(self.cursor_id));
        writer.u8(u8::from(parse)); // pointer: text
        writer.ub8(if parse { self.sql.len() as u64 } else { 0 });
        writer.u8(1); // pointer: vector
        writer.ub4(AL8I4_LENGTH);
        writer.u8(0); // pointer: al8o4
        writer.u8(0); // pointer: its length
        writer.ub4(0); // prefetch memory
        writer.ub4(iterations);
        writer.ub4(MAX_LONG_LENGTH);
        writer.u8(u8::from(binding)); // pointer: binds
        writer.ub8(if binding { self.declared.len() as u64 } else { 0 });
        writer.raw(&[0; 5]); // pointers: application, transaction, its length, pairs, their number
        writer.u8(u8::from(defining)); // pointer: defines
        writer.ub8(self.define.map_or(0, |columns| columns.len() as u64));
        writer.ub4(0); // registration, low half
        writer.u8(0); // pointer: objects
        writer.u8(1); // pointer: length of objects
        writer.u8(0); // pointer: al8blv
        writer.ub4(0); // its length
        writer.u8(0); // pointer: domain name
        writer.ub4(0); // its length
        writer.ub4(0); // registration, high half
        writer.u8(u8::from(self.dml_row_counts)); // pointer: row counts
        writer.ub4(if self.dml_row_counts { executions } else { 0 });
        writer.u8(u8::from(self.dml_row_counts)); // pointer: number of row counts
        if version >= field_version::V12_2 {
            writer.u8(0); // pointer: SQL signature
            writer.ub4(0); // its length
            writer.u8(0); // pointer: SQL identifier
            writer.ub4(0); // its room
            writer.u8(0); // pointer: its length
            if version >= field_version::V12_2_EXT1 {
                writer.u8(0); // pointer: chunk identifiers
                writer.ub4(0); // their number
            }
        }
        if parse {
            writer.bytes(self.sql.as_bytes());
        }
        writer.ub4(u32::from(parse)); // vector 0: parse
        writer.ub4(match (is_query, self.cursor_id) {
            (true, 0) => 0,
            (true, _) => iterations,
            (false, _) => executions,
        }); // vector 1: executions
        writer.raw(&[0; 5]); // vector 2 to 6: reserved, SCN
        writer.ub4(u32::from(is_query)); // vector 7: is it a query
        writer.ub4(0); // vector 8
        writer.ub4(self.flags()); // vector 9: flags
        writer.raw(&[0; 3]); // vector 10 to 12: orientation and position of a scrolling fetch
        if let Some(columns) = self.define {
            BindBatch::write_declarations(writer, columns, version);
        } else if binding {
            BindBatch::write_declarations(writer, self.declared, version);
            let longs_last = longs_last(self.kind, caps);
            self.binds.write_rows(writer, 0..self.binds.rows(), self.declared, longs_last);
        }
    }

    fn options(&self, parse: bool, binding: bool) -> u32 {
        let mut options = 0;
        if self.define.is_some() {
            options |= option::DEFINE;
        } else if !self.parse_only {
            options |= option::EXECUTE;
        }
        if parse {
            options |= option::PARSE;
        }
        if self.kind == StatementKind::Query {
            if self.parse_only {
                options |= option::DESCRIBE;
            } else if self.prefetch > 0 {
                options |= option::FETCH;
            }
        }
        if self.kind != StatementKind::PlSql && !self.parse_only {
            options |= option::NOT_PLSQL;
        } else if self.kind == StatementKind::PlSql && binding {
            options |= option::PLSQL_BIND;
        }
        if binding {
            options |= option::BIND;
        }
        if self.batch_errors {
            options |= option::BATCH_ERRORS;
        }
        if self.auto_commit && !self.parse_only {
            options |= option::COMMIT;
        }
        options
    }

    fn flags(&self) -> u32 {
        let mut flags = 0;
        if !self.parse_only && self.define.is_none() {
            flags |= flag::IMPLICIT_RESULTSET;
        }
        if self.dml_row_counts {
            flags |= flag::DML_ROWCOUNTS;
        }
        flags
    }
}

/// Values longer than this come last in their row; PL/SQL takes them in order.
fn longs_last(kind: StatementKind, caps: &Capabilities) -> Option<usize> {
    (kind != StatementKind::PlSql).then_some(caps.max_string_size)
}

/// Executes an open cursor again whose binds are declared already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reexecute<'a> {
    /// The open cursor.
    pub cursor_id: u16,
    /// The statement's kind.
    pub kind: StatementKind,
    /// Rows that the answer shall bring along, for a query.
    pub prefetch: u32,
    /// Values to bind.
    pub binds: &'a BindBatch,
    /// How the cursor's binds are declared.
    pub declared: &'a [BindColumn],
    /// Commit if all goes well.
    pub auto_commit: bool,
}

impl Reexecute<'_> {
    /// Writes the call.
    pub fn encode(&self, writer: &mut Writer, sequence: &mut Sequence, caps: &Capabilities) {
        let fetching = self.kind == StatementKind::Query && self.prefetch > 0;
        let executions = u32::try_from(self.binds.rows().max(1)).unwrap_or(u32::MAX);
        let (function, iterations, first, second) = if fetching {
            (function::REEXECUTE_AND_FETCH, self.prefetch, option::EXECUTE, 0)
        } else {
            let commit = if self.auto_commit { option::COMMIT_REEXECUTE } else { 0 };
            (function::REEXECUTE, executions, 0, commit)
        };
        write_call(writer, function, sequence, caps.field_version);
        writer.ub4(u32::from(self.cursor_id));
        writer.ub4(iterations);
        writer.ub4(first);
        writer.ub4(second);
        let longs_last = longs_last(self.kind, caps);
        self.binds.write_rows(writer, 0..self.binds.rows(), self.declared, longs_last);
    }
}

/// Writes a call for the next `rows` rows of a query.
pub fn write_fetch(
    writer: &mut Writer,
    sequence: &mut Sequence,
    version: u8,
    cursor_id: u16,
    rows: u32,
) {
    write_call(writer, function::FETCH, sequence, version);
    writer.ub4(u32::from(cursor_id));
    writer.ub4(rows);
}
