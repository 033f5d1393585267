//! LOBs: locators, and the calls that work on them.

use oraedge::wire::reader::{Decoded, LONG_LENGTH_INDICATOR};
use oraedge::wire::writer::CHUNK_LENGTH;
use oraedge::wire::{Reader, Writer};

use super::message;
use super::negotiate::CHARSET_AL32UTF8;
use super::put::ServerWriter;

/// Operations, as in python-oracledb's `TNS_LOB_OP_*`.
mod operation {
    pub(super) const GET_LENGTH: u32 = 0x0001;
    pub(super) const READ: u32 = 0x0002;
    pub(super) const TRIM: u32 = 0x0020;
    pub(super) const WRITE: u32 = 0x0040;
    pub(super) const CREATE_TEMPORARY: u32 = 0x0110;
    pub(super) const FREE_TEMPORARY: u32 = 0x0111;
    pub(super) const GET_CHUNK_SIZE: u32 = 0x4000;
    pub(super) const OPEN: u32 = 0x8000;
    pub(super) const CLOSE: u32 = 0x1_0000;
    pub(super) const IS_OPEN: u32 = 0x1_1000;
}

/// How long a locator is; clients send as many zeros when they create a LOB.
pub const LOCATOR_LENGTH: usize = 40;
/// How much a client had best read or write at once, in characters or bytes: recorded servers say
/// 8132 for blocks of 8 KiB.
pub const CHUNK_SIZE: u32 = 8132;

/// What a client wants done with a LOB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LobOperation {
    /// How long is it?
    GetLength,
    /// Send a part of it.
    Read,
    /// Cut it off.
    Trim,
    /// Change a part of it.
    Write,
    /// Make an empty one that lasts as long as the session.
    CreateTemporary,
    /// Forget it.
    FreeTemporary,
    /// How much is best read at once?
    GetChunkSize,
    /// Open it.
    Open,
    /// Close it.
    Close,
    /// Is it open?
    IsOpen,
}

impl LobOperation {
    fn from_number(number: u32) -> Option<LobOperation> {
        Some(match number {
            operation::GET_LENGTH => LobOperation::GetLength,
            operation::READ => LobOperation::Read,
            operation::TRIM => LobOperation::Trim,
            operation::WRITE => LobOperation::Write,
            operation::CREATE_TEMPORARY => LobOperation::CreateTemporary,
            operation::FREE_TEMPORARY => LobOperation::FreeTemporary,
            operation::GET_CHUNK_SIZE => LobOperation::GetChunkSize,
            operation::OPEN => LobOperation::Open,
            operation::CLOSE => LobOperation::Close,
            operation::IS_OPEN => LobOperation::IsOpen,
            _ => return None,
        })
    }
}

/// A call that works on a LOB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LobCall {
    /// What to do; `None` for what is not known here.
    pub operation: Option<LobOperation>,
    /// The LOB.
    pub locator: Vec<u8>,
    /// Where to begin, from 1; for a new LOB, its character set form.
    pub offset: u64,
    /// For a new LOB, the number of its type.
    pub ora_type: u64,
    /// What to write.
    pub data: Vec<u8>,
    /// How much, if the operation says so.
    pub amount: Option<u64>,
}

impl LobCall {
    /// Reads what follows the head of the call.
    pub fn decode(reader: &mut Reader<'_>) -> Decoded<LobCall> {
        let has_source = reader.u8("LOB: source pointer")? != 0;
        let source_length = reader.ub4("LOB: source length")?;
        reader.u8("LOB: destination pointer")?;
        for _ in 0..3 {
            reader.ub4("LOB: destination length and short offsets")?;
        }
        let has_charset = reader.u8("LOB: character set pointer")? != 0;
        reader.skip(2, "LOB: pointers")?;
        let number = reader.ub4("LOB: operation")?;
        reader.skip(2, "LOB: SCN")?;
        let offset = reader.ub8("LOB: source offset")?;
        let ora_type = reader.ub8("LOB: destination offset")?;
        let has_amount = reader.u8("LOB: amount pointer")? != 0;
        reader.skip(6, "LOB: arrays")?;
        let mut locator = Vec::new();
        if has_source {
            let length = usize::try_from(source_length).unwrap_or(usize::MAX);
            locator = reader.raw(length, "LOB: locator")?.to_vec();
        }
        if has_charset {
            reader.ub4("LOB: character set")?;
        }
        let operation = LobOperation::from_number(number);
        let mut data = Vec::new();
        if operation == Some(LobOperation::Write) {
            let message_type = reader.u8("LOB: message type")?;
            if message_type != message::LOB_DATA {
                return Err(reader.malformed(
                    "LOB: message type",
                    format!("LOB data ({}) was expected, {message_type} came", message::LOB_DATA),
                ));
            }
            data = reader.bytes("LOB: data")?.unwrap_or_default().into_owned();
        }
        let amount = has_amount.then(|| reader.ub8("LOB: amount")).transpose()?;
        Ok(LobCall { operation, locator, offset, ora_type, data, amount })
    }
}

/// The locator of the LOB with this number.
///
/// Its flags are recorded ones (`cassette-free23-lob`, `seer-21c-temp-lob-locator`): text is held
/// in UTF-16, as in every database with a character set of varying width.
pub fn locator(number: u32, is_text: bool, temporary: bool) -> [u8; LOCATOR_LENGTH] {
    const VERSION: u8 = 1;
    const KIND_BLOB: u8 = 0x81;
    const KIND_CLOB: u8 = 0x82;
    const INITIALIZED: u8 = 0x08;
    const VARYING_WIDTH: u8 = 0x80;
    let mut locator = [0; LOCATOR_LENGTH];
    locator[1] = LOCATOR_LENGTH as u8 - 2;
    locator[3] = VERSION;
    locator[4] = if is_text { KIND_CLOB } else { KIND_BLOB };
    locator[5] = INITIALIZED;
    locator[6] = VARYING_WIDTH;
    locator[7] = u8::from(temporary);
    locator[20..24].copy_from_slice(&number.to_be_bytes());
    locator
}

/// The number of the LOB that a locator names.
pub fn lob_number(locator: &[u8]) -> Option<u32> {
    let number = locator.get(20..24)?;
    Some(u32::from_be_bytes(number.try_into().ok()?))
}

/// Writes the value of a LOB column: the locator with the LOB's length in front, in characters or
/// bytes.
pub fn put_lob_column(writer: &mut Writer, locator: &[u8], length: u64) {
    writer.uint(locator.len() as u64);
    writer.uint(length);
    writer.uint(u64::from(CHUNK_SIZE));
    writer.value(locator);
}

/// Writes the message with a part of a LOB. Recorded: in pieces however short it is.
pub fn put_lob_data(writer: &mut Writer, data: &[u8]) {
    writer.u8(message::LOB_DATA);
    if data.is_empty() {
        writer.u8(0);
        return;
    }
    writer.u8(LONG_LENGTH_INDICATOR);
    for piece in data.chunks(CHUNK_LENGTH) {
        writer.uint(piece.len() as u64);
        writer.raw(piece);
    }
    writer.zeros(1);
}

/// Writes the results of a LOB call.
pub fn put_lob_results(writer: &mut Writer, call: &LobCall, locator: &[u8], amount: u64, is: bool) {
    writer.u8(message::PARAMETER);
    writer.raw(locator);
    if call.operation == Some(LobOperation::CreateTemporary) {
        writer.uint(u64::from(CHARSET_AL32UTF8));
        writer.zeros(1);
    } else if call.amount.is_some() {
        writer.uint(amount);
    }
    if call.operation == Some(LobOperation::IsOpen) {
        writer.u8(u8::from(is));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recordings;
    use crate::ttc::{CallHead, Layout};

    const LAYOUT: Layout =
        Layout { field_version: 24, end_of_response: true, max_string_size: 32767 };

    fn recorded_call(recordings: &Recordings, number: usize) -> LobCall {
        let packet = recordings.packet("cassette-free23-lob", number);
        let mut reader = Reader::new(&packet[11..]);
        CallHead::decode(&mut reader, LAYOUT).unwrap();
        let call = LobCall::decode(&mut reader).unwrap();
        reader.finish("LOB call").unwrap();
        call
    }

    #[test]
    fn recorded_calls_are_read_to_their_ends() {
        let Some(recordings) = Recordings::open() else { return };
        let create = recorded_call(&recordings, 0);
        assert_eq!(create.operation, Some(LobOperation::CreateTemporary));
        assert_eq!((create.ora_type, create.locator.len()), (113, LOCATOR_LENGTH));
        let write = recorded_call(&recordings, 2);
        assert_eq!(write.operation, Some(LobOperation::Write));
        assert_eq!((write.offset, write.data.len()), (1, 35));
        let read = recorded_call(&recordings, 4);
        assert_eq!(read.operation, Some(LobOperation::Read));
        assert_eq!(read.amount, Some(4000));
    }

    #[test]
    fn results_are_the_recorded_ones() {
        let Some(recordings) = Recordings::open() else { return };
        let write = recorded_call(&recordings, 2);
        for (request, reply, amount) in [(0, 1, 0), (2, 3, 0), (4, 5, 35)] {
            let call = recorded_call(&recordings, request);
            let packet = recordings.packet("cassette-free23-lob", reply);
            let mut writer = Writer::new();
            if call.operation == Some(LobOperation::Read) {
                put_lob_data(&mut writer, &write.data);
            }
            put_lob_results(&mut writer, &call, &write.locator, amount, false);
            assert_eq!(writer.as_slice(), &packet[10..10 + writer.len()], "reply {reply}");
        }
    }

    #[test]
    fn a_locator_names_its_lob() {
        assert_eq!(lob_number(&locator(77, true, true)), Some(77));
        assert_eq!(lob_number(&[0; 10]), None);
    }
}
