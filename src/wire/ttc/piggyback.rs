//! Calls that ride in front of another and have no answer of their own.

use super::codes::function;
use super::function::{Sequence, write_piggyback};
use crate::wire::Writer;

/// A request begins here (session state piggyback).
pub const REQUEST_BEGIN: u64 = 0x04;
/// A request ends here.
pub const REQUEST_END: u64 = 0x08;
/// The client marks its requests itself.
const EXPLICIT_BOUNDARY: u64 = 0x40;

/// Closes cursors.
pub fn write_close_cursors(
    writer: &mut Writer,
    sequence: &mut Sequence,
    version: u8,
    cursor_ids: &[u16],
) {
    write_piggyback(writer, function::CLOSE_CURSORS, sequence, version);
    writer.u8(1); // pointer
    writer.ub8(cursor_ids.len() as u64);
    for id in cursor_ids {
        writer.ub4(u32::from(*id));
    }
}

/// Marks where requests begin and end, so that the server may reset the session in between.
pub fn write_session_state(writer: &mut Writer, sequence: &mut Sequence, version: u8, state: u64) {
    write_piggyback(writer, function::SESSION_STATE, sequence, version);
    writer.ub8(state | EXPLICIT_BOUNDARY);
}

/// How a pipeline goes on behind an operation that fails (`TNS_PIPELINE_MODE_*`).
const CONTINUE_ON_ERROR: u8 = 1;
/// As above.
const ABORT_ON_ERROR: u8 = 2;

/// Begins a pipeline: the calls up to PIPELINE_END are sent without waiting for answers.
pub fn write_pipeline_begin(
    writer: &mut Writer,
    sequence: &mut Sequence,
    version: u8,
    continue_on_error: bool,
) {
    write_piggyback(writer, function::PIPELINE_BEGIN, sequence, version);
    writer.ub4(0); // error set
    writer.u8(0); // its mode
    writer.u8(if continue_on_error { CONTINUE_ON_ERROR } else { ABORT_ON_ERROR });
}

/// Changes the current schema.
pub fn write_current_schema(
    writer: &mut Writer,
    sequence: &mut Sequence,
    version: u8,
    schema: &str,
) {
    write_piggyback(writer, function::SET_SCHEMA, sequence, version);
    writer.u8(1); // pointer
    writer.bytes_with_length(schema.as_bytes());
}

/// What the server's monitoring shows of a session. `None` leaves a value as it is, an empty text
/// clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndToEnd {
    /// The user behind a pooled connection.
    pub client_identifier: Option<String>,
    /// The program's module.
    pub module: Option<String>,
    /// What the module does.
    pub action: Option<String>,
    /// Anything else.
    pub client_info: Option<String>,
    /// The database operation that is being monitored.
    pub dbop: Option<String>,
}

/// Which values an end-to-end piggyback sets (`TNS_END_TO_END_*`).
mod end_to_end_flag {
    pub(super) const CLIENT_IDENTIFIER: u32 = 0x0001;
    pub(super) const MODULE: u32 = 0x0008;
    pub(super) const ACTION: u32 = 0x0010;
    pub(super) const CLIENT_INFO: u32 = 0x0100;
    pub(super) const DBOP: u32 = 0x0200;
}

impl EndToEnd {
    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        *self == EndToEnd::default()
    }

    /// Writes the piggyback.
    pub fn encode(&self, writer: &mut Writer, sequence: &mut Sequence, version: u8) {
        let flag = |value: &Option<String>, bit: u32| if value.is_some() { bit } else { 0 };
        write_piggyback(writer, function::SET_END_TO_END, sequence, version);
        writer.u8(0); // pointer: name
        writer.u8(0); // pointer: serial number
        writer.ub4(
            flag(&self.client_identifier, end_to_end_flag::CLIENT_IDENTIFIER)
                | flag(&self.module, end_to_end_flag::MODULE)
                | flag(&self.action, end_to_end_flag::ACTION)
                | flag(&self.client_info, end_to_end_flag::CLIENT_INFO)
                | flag(&self.dbop, end_to_end_flag::DBOP),
        );
        let head = |writer: &mut Writer, value: &Option<String>| {
            writer.u8(u8::from(value.is_some())); // pointer
            writer.ub8(value.as_ref().map_or(0, |text| text.len() as u64));
        };
        head(writer, &self.client_identifier);
        head(writer, &self.module);
        head(writer, &self.action);
        writer.u8(0); // pointer: execution context
        writer.ub4(0); // its length
        writer.u8(0); // collect times
        writer.ub4(0); // sequence
        head(writer, &self.client_info);
        writer.u8(0); // pointer: key stack
        writer.ub4(0); // its length
        writer.u8(0); // pointer: key target
        writer.ub4(0); // its length
        head(writer, &self.dbop);
        for text in
            [&self.client_identifier, &self.module, &self.action, &self.client_info, &self.dbop]
                .into_iter()
                .flatten()
        {
            writer.bytes(text.as_bytes());
        }
    }
}
