//! An answer, parsed once, wherever its packets end.
//!
//! Every message (a row is one) is a save point: what was decoded stays decoded, and when bytes
//! run out in the middle of a message, decoding goes on at that message once more have arrived.
//! So an answer of any length costs time in proportion to its length, with and without the marker
//! for its end that 23ai introduced.

use std::sync::Arc;

use super::rows::{LastRow, RowBatch, Rows};
use crate::error::{DbError, Error, Result};
use crate::wire::capabilities::Capabilities;
use crate::wire::reader::{DecodeError, Decoded, Reader};
use crate::wire::ttc::auth::{KeyValue, decode_pairs};
use crate::wire::ttc::codes::message;
use crate::wire::ttc::describe::{self, ColumnInfo};
use crate::wire::ttc::error_info::{ErrorInfo, decode_warning};
use crate::wire::ttc::io_vector::{self, DIRECTION_IN};
use crate::wire::ttc::negotiation::{ServerProtocol, skip_data_types};
use crate::wire::ttc::return_parameters::ReturnParameters;
use crate::wire::ttc::row::{CellLayout, decode_bit_vector, decode_row_header};
use crate::wire::ttc::server_piggyback::{self, SessionChange};
use crate::wire::ttc::transaction;

/// Cells are addressed with 32 bits; an answer that long is a mistake or an attack.
const MAX_RESPONSE_LENGTH: usize = 0x7fff_ffff;

/// One value that came out of a bind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutBind {
    /// Index of the bind, from 0.
    pub bind: usize,
    /// The bare bytes of each value: one for a PL/SQL bind, one a row for RETURNING.
    pub values: Vec<Option<Vec<u8>>>,
}

/// What kind of answer is awaited: some messages look different after different calls.
#[derive(Debug, Clone, Default)]
pub enum Expect {
    /// No rows and no parameters of its own: ping, commit, log-off.
    #[default]
    Plain,
    /// Protocol negotiation alone, which has no message for its end.
    Protocol,
    /// Data types alone, which have no message for their end.
    DataTypes,
    /// Log-on, with or without negotiation in front.
    Auth,
    /// A transaction is started, attached or detached.
    TransactionSwitch,
    /// A distributed transaction's state changes.
    TransactionChange,
    /// An execute or a fetch.
    Execute {
        /// The columns, if they are known already.
        columns: Option<Arc<[ColumnInfo]>>,
        /// Oracle's type number of each bind.
        bind_types: Vec<u8>,
        /// The directions that the server told at the last execute; empty at the first.
        directions: Vec<u8>,
        /// The statement has RETURNING ... INTO: the directions are known beforehand, and each
        /// bind that comes out has a value for each row.
        returning: bool,
        /// The rows changed by each iteration were asked for.
        dml_row_counts: bool,
    },
}

/// Everything that an answer said.
#[derive(Debug, Default)]
pub struct Response {
    /// The server's half of protocol negotiation.
    pub protocol: Option<ServerProtocol>,
    /// The pairs of a log-on step.
    pub auth: Vec<KeyValue>,
    /// What an execute returned.
    pub returned: ReturnParameters,
    /// What changed in the session.
    pub changes: Vec<SessionChange>,
    /// The columns, if the answer described them anew.
    pub described: Option<Arc<[ColumnInfo]>>,
    /// The rows; `None` if the call was no query.
    pub rows: Option<RowBatch>,
    /// The directions of the binds, if the answer told them.
    pub directions: Option<Vec<u8>>,
    /// What came out of binds.
    pub out_binds: Vec<OutBind>,
    /// How the call ended; `None` if it ended with a mere status.
    pub error: Option<ErrorInfo>,
    /// Bits of [`crate::wire::ttc::codes::call_status`].
    pub call_status: u32,
    /// A warning.
    pub warning: Option<DbError>,
    /// The client must ask for the OUT binds before they come.
    pub flush_out_binds: bool,
    /// The data of a LOB.
    pub lob_data: Option<Vec<u8>>,
    /// How many result sets a PL/SQL block returned by itself.
    pub implicit_results: u32,
    /// What names a transaction that was started or attached, in later calls.
    pub transaction_context: Option<Vec<u8>>,
    /// Where a distributed transaction got: one of [`transaction::state`].
    pub transaction_state: Option<u32>,
}

/// Parses one answer while it arrives. `Debug` shows how far it is, and nothing of the answer.
pub struct ResponseParser {
    expect: Expect,
    bytes: Vec<u8>,
    /// The next message begins here.
    position: usize,
    /// Nothing more can be decoded before this many bytes have arrived.
    wanted: usize,
    /// The server marks the end of this answer.
    marked_end: bool,
    /// The number of the pipeline's operation that this answers; 0 outside of pipelines.
    token: u64,
    /// The packet that arrived last said that the answer ends with it.
    last_packet: bool,
    rows: Rows,
    response: Response,
    /// A message came that says how the call ended.
    told_end: bool,
    done: bool,
}

impl std::fmt::Debug for ResponseParser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseParser")
            .field("expect", &self.expect)
            .field("bytes", &self.bytes.len())
            .field("position", &self.position)
            .field("wanted", &self.wanted)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

impl ResponseParser {
    /// Waits for an answer. `last` is the last row of the batch before, if there is one;
    /// `marked_end` tells whether the server marks where this answer ends.
    pub(crate) fn new(expect: Expect, last: LastRow, marked_end: bool, token: u64) -> Self {
        let columns = match &expect {
            Expect::Execute { columns, .. } => columns.clone(),
            _ => None,
        };
        let mut last = last;
        let bytes = std::mem::take(&mut last.bytes);
        ResponseParser {
            expect,
            position: bytes.len(),
            wanted: 0,
            bytes,
            marked_end,
            token,
            last_packet: false,
            rows: Rows::new(columns, last),
            response: Response::default(),
            told_end: false,
            done: false,
        }
    }

    /// Waits for an answer to a call that nothing is known of beforehand.
    pub fn plain(expect: Expect, marked_end: bool) -> Self {
        ResponseParser::new(expect, LastRow::default(), marked_end, 0)
    }

    /// Takes the payload of one DATA packet (behind its data flags) and decodes what it can.
    /// Returns whether the answer is complete.
    pub fn handle_data(
        &mut self,
        payload: &[u8],
        last_packet: bool,
        caps: &mut Capabilities,
    ) -> Result<bool> {
        if self.bytes.len() + payload.len() > MAX_RESPONSE_LENGTH {
            return Err(Error::misbehaved("an answer of more than 2 GiB came"));
        }
        self.bytes.extend_from_slice(payload);
        self.last_packet |= last_packet;
        if !self.done && (self.bytes.len() >= self.wanted || self.last_packet) {
            self.decode_messages(caps)?;
        }
        Ok(self.done)
    }

    /// The complete answer.
    pub fn finish(mut self) -> Response {
        if self.rows.is_described() {
            self.response.rows = self.rows.finish(self.bytes);
        }
        self.response
    }

    fn decode_messages(&mut self, caps: &mut Capabilities) -> Result<()> {
        let bytes = std::mem::take(&mut self.bytes);
        let result = self.decode_from(&bytes, caps);
        self.bytes = bytes;
        result
    }

    fn decode_from(&mut self, bytes: &[u8], caps: &mut Capabilities) -> Result<()> {
        let mut reader = Reader::at(bytes, self.position);
        while !self.done {
            if reader.is_empty() {
                self.wanted = bytes.len() + 1;
                if self.last_packet {
                    self.finish_marked(&reader)?;
                }
                return Ok(());
            }
            match self.decode_message(&mut reader, caps) {
                Ok(()) => self.position = reader.position(),
                Err(DecodeError::Short { needed, field, offset }) => {
                    if self.last_packet {
                        return Err(DecodeError::Short { field, offset, needed }.into());
                    }
                    self.wanted = bytes.len() + needed.max(1);
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    #[inline]
    fn decode_message(&mut self, reader: &mut Reader<'_>, caps: &mut Capabilities) -> Decoded<()> {
        let version = caps.field_version;
        let message_type = reader.u8("message type")?;
        if message_type == message::ROW_DATA {
            return self.decode_row_data(reader, version);
        }
        match message_type {
            message::ROW_HEADER => {
                if let Some(vector) = decode_row_header(reader)? {
                    self.rows.set_bit_vector(vector);
                }
            }
            message::BIT_VECTOR => {
                let vector = decode_bit_vector(reader, self.rows.width())?;
                self.rows.set_bit_vector(vector);
            }
            message::DESCRIBE_INFO => {
                let columns: Arc<[ColumnInfo]> = describe::decode_message(reader, version)?.into();
                self.rows.describe(columns.clone());
                self.response.described = Some(columns);
            }
            message::PARAMETER => self.decode_parameter(reader)?,
            message::ERROR => {
                let info = ErrorInfo::decode(reader, version)?;
                self.response.call_status = info.call_status;
                self.response.error = Some(info);
                self.end_unless_marked();
            }
            message::STATUS => {
                self.response.call_status = reader.ub4("status: call status")?;
                reader.ub2("status: end to end sequence")?;
                self.end_unless_marked();
            }
            message::WARNING => {
                if let Some(warning) = decode_warning(reader)? {
                    self.response.warning = Some(warning);
                }
            }
            message::SERVER_SIDE_PIGGYBACK => {
                let changes = server_piggyback::decode(reader)?;
                self.response.changes.extend(changes);
            }
            message::IO_VECTOR => {
                let directions = io_vector::decode(reader)?.to_vec();
                self.response.directions = Some(directions);
            }
            message::FLUSH_OUT_BINDS => {
                self.response.flush_out_binds = true;
                self.done = true;
            }
            message::END_OF_RESPONSE => self.finish_marked(reader)?,
            message::PROTOCOL => {
                let protocol = ServerProtocol::decode(reader)?;
                caps.charset_id = protocol.charset_id;
                caps.ncharset_id = protocol.ncharset_id;
                caps.negotiate(&protocol.compile_caps, &protocol.runtime_caps);
                self.response.protocol = Some(protocol);
                self.done = matches!(self.expect, Expect::Protocol) && !self.marked_end;
            }
            message::DATA_TYPES => {
                skip_data_types(reader)?;
                self.done = matches!(self.expect, Expect::DataTypes) && !self.marked_end;
            }
            message::TOKEN => {
                let token = reader.ub8("token")?;
                if token != self.token {
                    let detail = format!("{} was expected, {token} came", self.token);
                    return Err(reader.malformed("token", detail));
                }
            }
            message::LOB_DATA => {
                let data = reader.bytes("LOB data")?;
                self.response.lob_data = Some(data.unwrap_or_default().into_owned());
            }
            message::IMPLICIT_RESULTSET => {
                self.response.implicit_results = decode_implicit_results(reader, version)?;
            }
            _ => {
                return Err(DecodeError::malformed(
                    "message type",
                    reader.position().saturating_sub(1),
                    format!("{message_type} is not known"),
                ));
            }
        }
        Ok(())
    }

    fn end_unless_marked(&mut self) {
        self.told_end = true;
        self.done = !self.marked_end;
    }

    /// The server says that the answer ends here. A call of which it has not said how it went has
    /// not succeeded.
    fn finish_marked(&mut self, reader: &Reader<'_>) -> Decoded<()> {
        let negotiates = matches!(self.expect, Expect::Protocol | Expect::DataTypes | Expect::Auth);
        if !negotiates && !self.told_end {
            return Err(reader.malformed("answer", "it ended before it said how the call went"));
        }
        self.done = true;
        Ok(())
    }

    fn decode_parameter(&mut self, reader: &mut Reader<'_>) -> Decoded<()> {
        match &self.expect {
            Expect::Auth => self.response.auth.extend(decode_pairs(reader)?),
            Expect::TransactionSwitch => {
                self.response.transaction_context = Some(transaction::decode_switched(reader)?);
            }
            Expect::TransactionChange => {
                self.response.transaction_state = Some(transaction::decode_changed(reader)?);
            }
            Expect::Execute { dml_row_counts, .. } => {
                self.response.returned = ReturnParameters::decode(reader, *dml_row_counts)?;
            }
            _ => self.response.returned = ReturnParameters::decode(reader, false)?,
        }
        Ok(())
    }

    #[inline]
    fn decode_row_data(&mut self, reader: &mut Reader<'_>, version: u8) -> Decoded<()> {
        if self.rows.is_described() {
            return self.rows.take_row(reader, version);
        }
        let out_binds = self.decode_out_binds(reader, version)?;
        self.response.out_binds.extend(out_binds);
        Ok(())
    }

    /// What comes out of binds: values in the order of the binds, each with its true length
    /// behind it; for RETURNING, a number of rows in front.
    fn decode_out_binds(&self, reader: &mut Reader<'_>, version: u8) -> Decoded<Vec<OutBind>> {
        let Expect::Execute { bind_types, directions, returning, .. } = &self.expect else {
            return Err(reader.malformed("row", "a row came, but no query was sent"));
        };
        let directions = self.response.directions.as_ref().unwrap_or(directions);
        let mut out_binds = Vec::new();
        for (bind, direction) in directions.iter().enumerate() {
            if *direction == DIRECTION_IN {
                continue;
            }
            let ora_type = bind_types.get(bind).copied().unwrap_or_default();
            let layout = CellLayout::of_bind(ora_type);
            let count = if *returning { reader.ub4("row: returned rows")? } else { 1 };
            let mut values = Vec::new();
            for _ in 0..count {
                let span = layout.take(reader, version)?;
                let value = crate::wire::reader::span_bytes(reader.whole(), span);
                values.push(value.map(std::borrow::Cow::into_owned));
                reader.sb4("row: true length")?;
            }
            out_binds.push(OutBind { bind, values });
        }
        if out_binds.is_empty() {
            return Err(reader.malformed("row", "a row came, but nothing was to come"));
        }
        Ok(out_binds)
    }
}

fn decode_implicit_results(reader: &mut Reader<'_>, version: u8) -> Decoded<u32> {
    let count = reader.ub4("implicit results: number")?;
    for _ in 0..count {
        let length = reader.u8("implicit result: length")?;
        reader.skip(usize::from(length), "implicit result: signature")?;
        describe::decode_columns(reader, version)?;
        reader.ub2("implicit result: cursor")?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_is_decoded_once_however_many_packets_it_takes() {
        let column = ColumnInfo { ora_type: 1, csfrm: 1, buffer_size: 400, ..Default::default() };
        let expect = Expect::Execute {
            columns: Some(vec![column].into()),
            bind_types: Vec::new(),
            directions: Vec::new(),
            returning: false,
            dml_row_counts: false,
        };
        let row = [&[message::ROW_DATA, 100][..], &[b'x'; 100]].concat();
        let answer = row.repeat(10_000);
        let mut caps = Capabilities::default();
        // 19c: nothing marks the end, so nothing can be left for later.
        let mut parser = ResponseParser::plain(expect, false);
        for (packet, payload) in answer.chunks(997).enumerate() {
            assert!(!parser.handle_data(payload, false, &mut caps).expect("rows"));
            let (arrived, done) = (parser.bytes.len(), parser.position);
            assert!(arrived - done < row.len(), "packet {packet}: {done} of {arrived} are done");
        }
    }
}
