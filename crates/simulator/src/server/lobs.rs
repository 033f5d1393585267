//! LOBs that a session knows: values of columns that were fetched, and temporary ones.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use oraedge::error::DbError;
use oraedge::wire::Writer;
use oraedge::wire::value::Value;

use super::session::{Session, db_error};
use crate::ttc::lob::{
    CHUNK_SIZE, LOCATOR_LENGTH, LobCall, LobOperation, lob_number, locator, put_lob_column,
    put_lob_data, put_lob_results,
};
use crate::ttc::outcome::EndOfCall;

/// How much of fetched LOBs is kept, in bytes; beyond it the oldest ones are forgotten, as a client
/// has long read them.
const MAX_FETCHED: usize = 256 << 20;
/// The number of the type BLOB.
const ORA_TYPE_BLOB: u64 = 113;

/// What a LOB holds. Text is in UTF-16, whose units are what Oracle counts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Text(Vec<u16>),
    Bytes(Vec<u8>),
}

#[derive(Debug)]
struct Lob {
    content: Content,
    temporary: bool,
    open: bool,
}

impl Lob {
    fn length(&self) -> usize {
        match &self.content {
            Content::Text(units) => units.len(),
            Content::Bytes(bytes) => bytes.len(),
        }
    }

    fn is_text(&self) -> bool {
        matches!(self.content, Content::Text(_))
    }

    fn size(&self) -> usize {
        match &self.content {
            Content::Text(units) => units.len() * 2,
            Content::Bytes(bytes) => bytes.len(),
        }
    }

    fn read(&self, from: usize, count: usize) -> Vec<u8> {
        let end = from.saturating_add(count).min(self.length());
        match &self.content {
            Content::Text(units) => units
                .get(from..end)
                .unwrap_or_default()
                .iter()
                .flat_map(|unit| unit.to_be_bytes())
                .collect(),
            Content::Bytes(bytes) => bytes.get(from..end).unwrap_or_default().to_vec(),
        }
    }

    /// Writes over what is there, behind as many blanks or zeros as are missing.
    fn write(&mut self, from: usize, data: &[u8]) {
        fn overwrite<T: Copy>(old: &mut Vec<T>, from: usize, new: &[T], filler: T) {
            if old.len() < from {
                old.resize(from, filler);
            }
            let kept = old.get(from + new.len()..).map(<[T]>::to_vec).unwrap_or_default();
            old.truncate(from);
            old.extend_from_slice(new);
            old.extend(kept);
        }
        match &mut self.content {
            Content::Text(units) => {
                let new = data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                overwrite(units, from, &new.collect::<Vec<_>>(), u16::from(b' '));
            }
            Content::Bytes(bytes) => overwrite(bytes, from, data, 0),
        }
    }

    fn trim(&mut self, length: usize) {
        match &mut self.content {
            Content::Text(units) => units.truncate(length),
            Content::Bytes(bytes) => bytes.truncate(length),
        }
    }
}

/// A session's LOBs by their numbers.
#[derive(Debug, Default)]
pub(super) struct Lobs {
    known: BTreeMap<u32, Lob>,
    last: u32,
    fetched: usize,
}

impl Lobs {
    fn add(&mut self, content: Content, temporary: bool) -> u32 {
        let lob = Lob { content, temporary, open: false };
        if !temporary {
            self.fetched += lob.size();
        }
        self.last += 1;
        self.known.insert(self.last, lob);
        while self.fetched > MAX_FETCHED {
            let oldest = self.known.iter().find(|(_, lob)| !lob.temporary);
            let Some(number) = oldest.map(|(number, _)| *number) else { break };
            if number == self.last {
                break;
            }
            self.forget(number);
        }
        self.last
    }

    fn forget(&mut self, number: u32) {
        if let Entry::Occupied(entry) = self.known.entry(number) {
            let lob = entry.remove();
            if !lob.temporary {
                self.fetched -= lob.size();
            }
        }
    }

    /// Writes a LOB column's value: a locator of what `value` holds.
    pub(super) fn put_column(&mut self, writer: &mut Writer, value: &Value) {
        let content = match value {
            Value::Null => return writer.u8(0),
            Value::Bytes(bytes) => Content::Bytes(bytes.clone()),
            text => Content::Text(text.to_string().encode_utf16().collect()),
        };
        let is_text = matches!(content, Content::Text(_));
        let number = self.add(content, false);
        let length = self.known.get(&number).map_or(0, Lob::length);
        put_lob_column(writer, &locator(number, is_text, false), length as u64);
    }

    /// What the LOB holds, as a bind.
    pub(super) fn value(&self, locator: &[u8]) -> Result<Value, DbError> {
        let lob = lob_number(locator).and_then(|number| self.known.get(&number));
        match &lob.ok_or_else(unknown_lob)?.content {
            Content::Text(units) => Ok(Value::Text(String::from_utf16_lossy(units))),
            Content::Bytes(bytes) => Ok(Value::Bytes(bytes.clone())),
        }
    }

    /// Forgets the temporary LOBs whose locators stand in a row.
    pub(super) fn free(&mut self, locators: &[u8]) {
        for locator in locators.chunks(LOCATOR_LENGTH) {
            if let Some(number) = lob_number(locator) {
                self.forget(number);
            }
        }
    }

    fn get(&mut self, locator: &[u8]) -> Result<&mut Lob, DbError> {
        let lob = lob_number(locator).and_then(|number| self.known.get_mut(&number));
        lob.ok_or_else(unknown_lob)
    }
}

/// `ORA-22922`.
fn unknown_lob() -> DbError {
    db_error(22922, "nonexistent LOB value")
}

impl Session {
    /// Works on a LOB.
    pub(super) fn lob_call(&mut self, call: &LobCall) -> Result<(), DbError> {
        let Some(user) = &mut self.user else { return Ok(()) };
        let lobs = &mut user.lobs;
        let writer = &mut self.reply.writer;
        let operation = call.operation.ok_or_else(|| {
            db_error(3001, "unimplemented feature: this operation of the protocol on a LOB")
        })?;
        if operation == LobOperation::CreateTemporary {
            let is_text = call.ora_type != ORA_TYPE_BLOB;
            let content = if is_text { Content::Text(vec![]) } else { Content::Bytes(vec![]) };
            let number = lobs.add(content, true);
            put_lob_results(writer, call, &locator(number, is_text, true), 0, false);
        } else {
            let lob = lobs.get(&call.locator)?;
            let from = usize::try_from(call.offset.saturating_sub(1)).unwrap_or(usize::MAX);
            let amount = call.amount.unwrap_or_default();
            let count = usize::try_from(amount).unwrap_or(usize::MAX);
            let mut result = amount;
            match operation {
                LobOperation::GetLength => result = lob.length() as u64,
                LobOperation::GetChunkSize => result = u64::from(CHUNK_SIZE),
                LobOperation::Read => {
                    let data = lob.read(from, count);
                    result = (data.len() / if lob.is_text() { 2 } else { 1 }) as u64;
                    if !data.is_empty() {
                        put_lob_data(writer, &data);
                    }
                }
                LobOperation::Write => {
                    /// Beyond it memory would be filled with blanks.
                    const MAX_LOB: usize = 1 << 30;
                    if from.saturating_add(call.data.len()) > MAX_LOB {
                        return Err(db_error(22993, "specified input amount is greater than MAX"));
                    }
                    lob.write(from, &call.data);
                }
                LobOperation::Trim => lob.trim(count),
                LobOperation::Open if lob.open => {
                    return Err(db_error(22293, "LOB already opened in the same transaction"));
                }
                LobOperation::Open => lob.open = true,
                LobOperation::Close => lob.open = false,
                _ => {}
            }
            let is_open = lob.open;
            if operation == LobOperation::FreeTemporary {
                lobs.free(&call.locator);
            }
            put_lob_results(writer, call, &call.locator, result, is_open);
        }
        let status = self.call_status();
        self.reply.end_call(EndOfCall { status, ..EndOfCall::default() });
        Ok(())
    }
}
