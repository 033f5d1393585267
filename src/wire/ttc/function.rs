//! The front of every call, and the calls that are nothing but a front.

use super::codes::message;
use crate::wire::Writer;
use crate::wire::capabilities::field_version;

/// Numbers the calls of a connection: 1 to 255, then 1 again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sequence {
    last: u8,
    token: u64,
}

impl Sequence {
    /// The next call's number.
    pub fn next_number(&mut self) -> u8 {
        self.last = self.last.checked_add(1).unwrap_or(1);
        self.last
    }

    /// Marks what is written from here on as belonging to the operation of a pipeline with this
    /// number, from 1; 0 outside of pipelines.
    pub fn set_token(&mut self, token: u64) {
        self.token = token;
    }
}

/// Writes the front of a call: message type, function, number, and from 23.1 on the token that a
/// pipeline would tell its answers apart by (0 outside of one).
pub fn write_call(writer: &mut Writer, function: u8, sequence: &mut Sequence, version: u8) {
    write_front(writer, message::FUNCTION, function, sequence, version);
}

/// [`write_call`] for a call that rides in front of another and has no answer of its own.
pub fn write_piggyback(writer: &mut Writer, function: u8, sequence: &mut Sequence, version: u8) {
    write_front(writer, message::PIGGYBACK, function, sequence, version);
}

pub(super) fn write_front(
    writer: &mut Writer,
    message_type: u8,
    function: u8,
    sequence: &mut Sequence,
    version: u8,
) {
    writer.u8(message_type);
    writer.u8(function);
    writer.u8(sequence.next_number());
    if version >= field_version::V23_1_EXT1 {
        writer.ub8(sequence.token);
    }
}
