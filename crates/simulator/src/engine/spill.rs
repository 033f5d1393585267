//! Rows of a result that must be complete before it is read (the session has changes of its own
//! that must not show up half-way): in memory while they are few, else in a temporary file.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use oraedge::wire::value::Value;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::error::{Result, ora};
use super::storage::read_value;
use super::types::Kind;

const IN_MEMORY: usize = 10_000;
const NULL: u8 = 0;
const INTEGER: u8 = 1;
const REAL: u8 = 2;
const TEXT: u8 = 3;
const BLOB: u8 = 4;

fn io(error: std::io::Error) -> oraedge::error::DbError {
    ora(1116, format!("error in opening database file: {error}"))
}

/// Takes rows.
#[derive(Debug, Default)]
pub(crate) struct SpillWriter {
    rows: Vec<Vec<Value>>,
    file: Option<BufWriter<File>>,
    count: u64,
}

impl SpillWriter {
    pub(crate) fn push(&mut self, row: &Row<'_>, kinds: &[Kind]) -> Result<()> {
        if self.file.is_none() && self.rows.len() < IN_MEMORY {
            let mut values = Vec::with_capacity(kinds.len());
            for (at, kind) in kinds.iter().enumerate() {
                values.push(read_value(*kind, row.get_ref_unwrap(at))?);
            }
            self.rows.push(values);
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(BufWriter::new(tempfile::tempfile().map_err(io)?)),
        };
        for at in 0..kinds.len() {
            match row.get_ref_unwrap(at) {
                ValueRef::Null => file.write_all(&[NULL]).map_err(io)?,
                ValueRef::Integer(value) => {
                    file.write_all(&[INTEGER]).map_err(io)?;
                    file.write_all(&value.to_le_bytes()).map_err(io)?;
                }
                ValueRef::Real(value) => {
                    file.write_all(&[REAL]).map_err(io)?;
                    file.write_all(&value.to_le_bytes()).map_err(io)?;
                }
                ValueRef::Text(bytes) => put(file, TEXT, bytes)?,
                ValueRef::Blob(bytes) => put(file, BLOB, bytes)?,
            }
        }
        self.count += 1;
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<SpillReader> {
        let file = match self.file {
            Some(file) => {
                let mut file = file.into_inner().map_err(|e| io(e.into_error()))?;
                file.seek(SeekFrom::Start(0)).map_err(io)?;
                Some(BufReader::new(file))
            }
            None => None,
        };
        Ok(SpillReader { rows: self.rows.into_iter(), file, left: self.count, scratch: Vec::new() })
    }
}

fn put(file: &mut BufWriter<File>, tag: u8, bytes: &[u8]) -> Result<()> {
    file.write_all(&[tag]).map_err(io)?;
    file.write_all(&(bytes.len() as u64).to_le_bytes()).map_err(io)?;
    file.write_all(bytes).map_err(io)
}

/// Gives them back.
#[derive(Debug)]
pub(crate) struct SpillReader {
    rows: std::vec::IntoIter<Vec<Value>>,
    file: Option<BufReader<File>>,
    left: u64,
    scratch: Vec<u8>,
}

impl SpillReader {
    pub(crate) fn next(&mut self, kinds: &[Kind], row: &mut Vec<Value>) -> Result<bool> {
        if let Some(next) = self.rows.next() {
            *row = next;
            return Ok(true);
        }
        let Some(file) = self.file.as_mut().filter(|_| self.left > 0) else { return Ok(false) };
        self.left -= 1;
        for kind in kinds {
            let mut tag = [0u8];
            file.read_exact(&mut tag).map_err(io)?;
            let mut word = [0u8; 8];
            if tag[0] != NULL {
                file.read_exact(&mut word).map_err(io)?;
            }
            let value = match tag[0] {
                NULL => ValueRef::Null,
                INTEGER => ValueRef::Integer(i64::from_le_bytes(word)),
                REAL => ValueRef::Real(f64::from_le_bytes(word)),
                tag => {
                    self.scratch.resize(u64::from_le_bytes(word) as usize, 0);
                    file.read_exact(&mut self.scratch).map_err(io)?;
                    if tag == TEXT {
                        ValueRef::Text(&self.scratch)
                    } else {
                        ValueRef::Blob(&self.scratch)
                    }
                }
            };
            row.push(read_value(*kind, value)?);
        }
        Ok(true)
    }
}
