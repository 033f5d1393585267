//! ERROR: how a call ended, well or not; and WARNING.

use super::row::skip_rowid;
use crate::error::{BatchError, DbError};
use crate::wire::capabilities::field_version;
use crate::wire::reader::{Decoded, LONG_LENGTH_INDICATOR, Reader};

/// Flag: the statement was compiled with errors.
const FLAG_COMPILATION_ERROR: u8 = 0x20;
/// The server never reports more failed rows than one execute can have.
const MAX_BATCH_ERRORS: u32 = 65535;

/// How a call ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorInfo {
    /// Bits of [`super::codes::call_status`].
    pub call_status: u32,
    /// The number after `ORA-`; 0 if all went well.
    pub number: u32,
    /// The cursor that the call used.
    pub cursor_id: u16,
    /// Where in the statement, in bytes; only above 0 does it mean something.
    pub position: i16,
    /// Rows fetched so far, or changed.
    pub row_count: u64,
    /// The last row changed, as the five parts of a rowid.
    pub rowid: Vec<u8>,
    /// A PL/SQL object was created, but does not compile.
    pub compilation_error: bool,
    /// Errors of single rows.
    pub batch_errors: Vec<BatchError>,
    /// The text, without the newline at its end; empty if all went well.
    pub message: String,
}

impl ErrorInfo {
    /// Reads what follows the message type.
    pub fn decode(reader: &mut Reader<'_>, version: u8) -> Decoded<ErrorInfo> {
        let mut info =
            ErrorInfo { call_status: reader.ub4("error: call status")?, ..ErrorInfo::default() };
        reader.ub2("error: end to end sequence")?;
        reader.ub4("error: row")?;
        reader.ub2("error: short number")?;
        reader.ub2("error: array element")?;
        reader.ub2("error: array element")?;
        info.cursor_id = reader.ub2("error: cursor")?;
        info.position = reader.sb2("error: position")?;
        reader.skip(5, "error: type, fatal, flags, options, parameter")?;
        info.compilation_error = reader.u8("error: flags")? & FLAG_COMPILATION_ERROR != 0;
        let rowid_start = reader.rest();
        let before = reader.position();
        skip_rowid(reader)?;
        info.rowid = rowid_start.get(..reader.position() - before).unwrap_or_default().to_vec();
        reader.ub4("error: operating system")?;
        reader.u8("error: statement")?;
        reader.u8("error: call")?;
        reader.ub2("error: padding")?;
        reader.ub4("error: iterations done")?;
        reader.bytes_with_length("error: logical rowid")?;
        info.batch_errors = decode_batch_errors(reader)?;
        info.number = reader.ub4("error: number")?;
        info.row_count = reader.ub8("error: row count")?;
        if version >= field_version::V20_1 {
            reader.ub4("error: statement type")?;
            reader.ub4("error: checksum")?;
        }
        if info.number != 0 {
            info.message = trimmed(reader.text("error: text")?);
        }
        Ok(info)
    }

    /// The error that the caller sees.
    pub fn to_db_error(&self) -> DbError {
        DbError {
            number: self.number,
            message: if self.message.is_empty() {
                format!("ORA-{:05}: the server sent no text", self.number)
            } else {
                self.message.clone()
            },
            offset: u32::try_from(self.position).ok().filter(|position| *position > 0),
            rows_affected: 0,
            batch_errors: self.batch_errors.clone(),
        }
    }
}

fn trimmed(text: Option<String>) -> String {
    let mut text = text.unwrap_or_default();
    text.truncate(text.trim_end().len());
    text
}

/// Three arrays, one behind the other: numbers, rows, texts.
fn decode_batch_errors(reader: &mut Reader<'_>) -> Decoded<Vec<BatchError>> {
    let mut errors = Vec::new();
    let count = reader.ub2("batch errors: number")?;
    if count > 0 {
        let first = reader.u8("batch errors: length")?;
        for _ in 0..count {
            skip_chunk_length(reader, first)?;
            let number = u32::from(reader.ub2("batch error: number")?);
            errors.push(BatchError { number, ..BatchError::default() });
        }
        skip_chunk_end(reader, first)?;
    }
    let offsets = reader.ub4("batch errors: number of rows")?;
    if offsets > MAX_BATCH_ERRORS {
        return Err(reader.malformed("batch errors: number of rows", format!("{offsets} came")));
    }
    if offsets > 0 {
        let first = reader.u8("batch errors: length of rows")?;
        for at in 0..usize::try_from(offsets).unwrap_or(usize::MAX) {
            skip_chunk_length(reader, first)?;
            let row = reader.ub4("batch error: row")?;
            if let Some(error) = errors.get_mut(at) {
                error.row = row;
            }
        }
        skip_chunk_end(reader, first)?;
    }
    let texts = reader.ub2("batch errors: number of texts")?;
    if texts > 0 {
        reader.u8("batch errors: packed size")?;
        for at in 0..usize::from(texts) {
            reader.ub2("batch error: length")?;
            let message = trimmed(reader.text("batch error: text")?);
            if let Some(error) = errors.get_mut(at) {
                error.message = message;
            }
            reader.skip(2, "batch error: end")?;
        }
    }
    Ok(errors)
}

/// A long array comes in pieces, one element a piece.
fn skip_chunk_length(reader: &mut Reader<'_>, first: u8) -> Decoded<()> {
    if first == LONG_LENGTH_INDICATOR {
        reader.ub4("batch errors: piece")?;
    }
    Ok(())
}

fn skip_chunk_end(reader: &mut Reader<'_>, first: u8) -> Decoded<()> {
    if first == LONG_LENGTH_INDICATOR {
        reader.u8("batch errors: end of pieces")?;
    }
    Ok(())
}

/// Reads a WARNING behind its message type: number and text, if it has both.
pub fn decode_warning(reader: &mut Reader<'_>) -> Decoded<Option<DbError>> {
    let number = u32::from(reader.ub2("warning: number")?);
    let length = reader.ub2("warning: length")?;
    reader.ub2("warning: flags")?;
    if number == 0 || length == 0 {
        return Ok(None);
    }
    let message = trimmed(reader.text("warning: text")?);
    Ok(Some(DbError { number, message, ..DbError::default() }))
}
