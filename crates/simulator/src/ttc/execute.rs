//! Calls that run statements and fetch rows.

use oraedge::wire::Reader;
use oraedge::wire::reader::Decoded;

use super::Layout;
use super::binds::Declared;
use crate::generation::field_version;

/// Execute option bits, as in python-oracledb's `TNS_EXEC_OPTION_*`.
mod option {
    pub(super) const PARSE: u32 = 0x01;
    pub(super) const DEFINE: u32 = 0x10;
    pub(super) const EXECUTE: u32 = 0x20;
    pub(super) const FETCH: u32 = 0x40;
    pub(super) const COMMIT: u32 = 0x100;
    pub(super) const DESCRIBE: u32 = 0x2_0000;
    pub(super) const BATCH_ERRORS: u32 = 0x8_0000;
    /// In the second options of a re-execute.
    pub(super) const COMMIT_REEXECUTE: u32 = 0x01;
}

/// Execute flag: count the rows of each element of an array DML
/// (python-oracledb: `TNS_EXEC_FLAGS_DML_ROWCOUNTS`).
const FLAG_DML_ROW_COUNTS: u32 = 0x4000;
/// Execute flag: the client scrolls (python-oracledb: `TNS_EXEC_FLAGS_SCROLLABLE`).
const FLAG_SCROLLABLE: u32 = 0x02;
/// The most columns of a table, and so the most defines.
const MAX_DEFINES: u32 = 4096;
/// Thin clients send 13 numbers in the vector; more are passed over.
const MAX_VECTOR: u32 = 64;
/// The most binds of a statement.
const MAX_BINDS: u32 = 65535;

/// A statement to run; its binds' values follow row by row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Execute {
    /// The cursor; zero for a new one.
    pub cursor: u32,
    /// The statement's text, if it is to be parsed.
    pub sql: Option<String>,
    /// Whether it is to be parsed.
    pub parse: bool,
    /// Whether it is to be run.
    pub execute: bool,
    /// Whether rows are to be fetched with it.
    pub fetch: bool,
    /// Whether it is only to be described.
    pub describe: bool,
    /// Whether to commit when it succeeded.
    pub commit: bool,
    /// Whether an error of one element of an array DML lets the others go on.
    pub batch_errors: bool,
    /// Whether each element's row count is wanted.
    pub row_counts: bool,
    /// Whether the client scrolls.
    pub scrollable: bool,
    /// How many rows are to be fetched with it.
    pub prefetch: u32,
    /// How often it is to be run.
    pub iterations: u32,
    /// The binds, if they were declared with this call.
    pub binds: Option<Vec<Declared>>,
    /// What the client wants columns to be sent as, if it says so.
    pub defines: Option<Vec<Declared>>,
}

impl Execute {
    /// Reads what follows the head of the call, up to the values of the binds.
    pub fn decode(reader: &mut Reader<'_>, layout: Layout) -> Decoded<Execute> {
        let options = reader.ub4("execute: options")?;
        let cursor = reader.ub4("execute: cursor")?;
        let has_sql = reader.u8("execute: SQL pointer")? != 0;
        reader.ub4("execute: SQL length")?;
        reader.u8("execute: vector pointer")?;
        let vector_length = limited(reader, MAX_VECTOR, "execute: vector length")?;
        reader.skip(2, "execute: result pointers")?;
        reader.ub4("execute: prefetch buffer")?;
        let prefetch = reader.ub4("execute: prefetch rows")?;
        reader.ub4("execute: longest LONG")?;
        let has_binds = reader.u8("execute: bind pointer")? != 0;
        let bind_count = limited(reader, MAX_BINDS, "execute: number of binds")?;
        reader.skip(5, "execute: pointers")?;
        let has_defines = reader.u8("execute: define pointer")? != 0;
        let define_count = limited(reader, MAX_DEFINES, "execute: number of defines")?;
        reader.ub4("execute: registration")?;
        reader.skip(3, "execute: pointers")?;
        reader.ub4("execute: bind vector length")?;
        reader.u8("execute: name pointer")?;
        reader.ub4("execute: name length")?;
        reader.ub4("execute: registration")?;
        reader.u8("execute: row counts pointer")?;
        reader.ub4("execute: row counts length")?;
        reader.u8("execute: row counts pointer")?;
        if layout.since(field_version::V12_2) {
            reader.u8("execute: signature pointer")?;
            reader.ub4("execute: signature length")?;
            reader.u8("execute: SQL id pointer")?;
            reader.ub4("execute: SQL id length")?;
            reader.u8("execute: SQL id pointer")?;
        }
        if layout.since(field_version::V12_2_EXT1) {
            reader.u8("execute: chunk pointer")?;
            reader.ub4("execute: number of chunks")?;
        }
        let mut sql = None;
        if has_sql {
            sql = Some(reader.text("execute: SQL")?.unwrap_or_default());
        }
        let mut vector = [0; 13];
        for index in 0..vector_length as usize {
            let value = reader.ub4("execute: vector")?;
            if let Some(slot) = vector.get_mut(index) {
                *slot = value;
            }
        }
        let flags = vector[9];
        let defines = has_defines.then(|| declared(reader, define_count, layout)).transpose()?;
        let binds = (defines.is_none() && has_binds)
            .then(|| declared(reader, bind_count, layout))
            .transpose()?;
        Ok(Execute {
            cursor,
            sql,
            parse: options & option::PARSE != 0,
            execute: options & option::EXECUTE != 0,
            fetch: options & option::FETCH != 0,
            describe: options & option::DESCRIBE != 0,
            commit: options & option::COMMIT != 0,
            batch_errors: options & option::BATCH_ERRORS != 0,
            row_counts: flags & FLAG_DML_ROW_COUNTS != 0,
            scrollable: flags & FLAG_SCROLLABLE != 0,
            prefetch,
            iterations: vector[1],
            binds,
            defines: defines.filter(|_| options & option::DEFINE != 0),
        })
    }
}

fn declared(reader: &mut Reader<'_>, count: u32, layout: Layout) -> Decoded<Vec<Declared>> {
    (0..count).map(|_| Declared::decode(reader, layout)).collect()
}

fn limited(reader: &mut Reader<'_>, limit: u32, field: &'static str) -> Decoded<u32> {
    let count = reader.ub4(field)?;
    if count > limit {
        return Err(reader.malformed(field, format!("at most {limit} were expected, {count} came")));
    }
    Ok(count)
}

/// A statement to run once more; its binds' values follow row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reexecute {
    /// The cursor.
    pub cursor: u32,
    /// How often it is to be run; for a query, how many rows are to be fetched with it.
    pub iterations: u32,
    /// Whether to commit when it succeeded.
    pub commit: bool,
}

impl Reexecute {
    /// Reads what follows the head of the call, up to the values of the binds.
    pub fn decode(reader: &mut Reader<'_>) -> Decoded<Reexecute> {
        let cursor = reader.ub4("re-execute: cursor")?;
        let iterations = reader.ub4("re-execute: iterations")?;
        reader.ub4("re-execute: options")?;
        let options = reader.ub4("re-execute: options")?;
        let commit = options & option::COMMIT_REEXECUTE != 0;
        Ok(Reexecute { cursor, iterations, commit })
    }
}

/// Rows to fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetch {
    /// The cursor.
    pub cursor: u32,
    /// How many.
    pub rows: u32,
}

impl Fetch {
    /// Reads what follows the head of the call.
    pub fn decode(reader: &mut Reader<'_>) -> Decoded<Fetch> {
        Ok(Fetch { cursor: reader.ub4("fetch: cursor")?, rows: reader.ub4("fetch: rows")? })
    }
}
