//! Calls that move a transaction: started on, detached from and attached to a session, and the two
//! phases of a distributed commit.
//!
//! Layouts: python-oracledb thin/messages/tpc_switch.pyx and tpc_change_state.pyx; the calls of
//! sessionless transactions are checked against the recording `pyo4-sessionless`.

use super::codes::function;
use super::function::{Sequence, write_call, write_piggyback};
use crate::wire::Writer;
use crate::wire::reader::{Decoded, Reader};

/// The longest global transaction identifier, and the longest branch qualifier, in bytes (X/Open XA).
pub const MAX_XID_PART: usize = 64;

/// The format of the identifiers of sessionless transactions.
pub const SESSIONLESS_FORMAT: u32 = 0x004e_5c3e;

/// An identifier takes this many bytes on the wire, whatever its length.
const XID_LENGTH: usize = 2 * MAX_XID_PART;

/// What a transaction switch does (`TNS_TPC_TXN_*`); bits.
pub mod operation {
    /// Starts a transaction, or attaches the session to one that is detached.
    pub const START: u32 = 0x01;
    /// Detaches the session from its transaction.
    pub const DETACH: u32 = 0x02;
    /// Detaches it behind the call that this one rides in front of, if that succeeds.
    pub const POST_DETACH: u32 = 0x04;
}

/// How a transaction switch does it (`TPC_TXN_FLAGS_*`); bits.
pub mod switch_flag {
    /// The transaction is a new one.
    pub const NEW: u32 = 0x0000_0001;
    /// Join a transaction that is attached elsewhere.
    pub const JOIN: u32 = 0x0000_0002;
    /// Attach to a detached transaction.
    pub const RESUME: u32 = 0x0000_0004;
    /// Make the session's local transaction a global one.
    pub const PROMOTE: u32 = 0x0000_0008;
    /// The transaction belongs to no session.
    pub const SESSIONLESS: u32 = 0x0000_0010;
    /// The transaction is suspended, and may only be resumed where it was begun.
    pub const SUSPEND: u32 = 0x0010_0000;
}

/// What a change of state does (`TNS_TPC_TXN_*`).
pub mod change {
    /// Commits: in one phase, or the second of two.
    pub const COMMIT: u32 = 1;
    /// Rolls back.
    pub const ABORT: u32 = 2;
    /// The first phase: can it be committed?
    pub const PREPARE: u32 = 3;
    /// Forgets a transaction that was completed by heuristics.
    pub const FORGET: u32 = 4;
}

/// The state of a distributed transaction (`TNS_TPC_TXN_STATE_*`).
pub mod state {
    /// It is being prepared.
    pub const PREPARE: u32 = 0;
    /// It is prepared, and has to be committed or rolled back.
    pub const REQUIRES_COMMIT: u32 = 1;
    /// It is committed.
    pub const COMMITTED: u32 = 2;
    /// It is rolled back.
    pub const ABORTED: u32 = 3;
    /// It changed nothing; there is nothing to commit.
    pub const READ_ONLY: u32 = 4;
    /// The server has forgotten it, as it should after a commit in two phases.
    pub const FORGOTTEN: u32 = 5;
}

/// The identifier of a global transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Xid {
    /// Says how the two parts are to be read; agreed among those who use it.
    pub format_id: u32,
    /// Which transaction; up to [`MAX_XID_PART`] bytes.
    pub global_transaction_id: Vec<u8>,
    /// Which branch of it; up to [`MAX_XID_PART`] bytes.
    pub branch_qualifier: Vec<u8>,
}

impl Xid {
    fn encode(&self, writer: &mut Writer) {
        let mut bytes = [&self.global_transaction_id[..], &self.branch_qualifier[..]].concat();
        bytes.resize(XID_LENGTH, 0);
        writer.raw(&bytes);
    }
}

/// Writes the head of an optional part: a pointer and a length.
fn write_head(writer: &mut Writer, length: Option<usize>) {
    writer.u8(u8::from(length.is_some()));
    writer.ub8(length.unwrap_or(0) as u64);
}

/// Writes the context's and the identifier's heads, which both calls have in front.
fn write_heads(writer: &mut Writer, context: Option<&[u8]>, xid: Option<&Xid>) {
    write_head(writer, context.map(<[u8]>::len));
    writer.ub4(xid.map_or(0, |xid| xid.format_id));
    writer.ub8(xid.map_or(0, |xid| xid.global_transaction_id.len() as u64));
    writer.ub8(xid.map_or(0, |xid| xid.branch_qualifier.len() as u64));
    write_head(writer, xid.map(|_| XID_LENGTH));
}

/// A call that starts, attaches or detaches a transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransactionSwitch {
    /// Bits of [`operation`].
    pub operation: u32,
    /// Bits of [`switch_flag`].
    pub flags: u32,
    /// In seconds: how long the transaction may stay detached, or how long to wait until it is.
    pub timeout: u32,
    /// Which transaction; none to detach the one that is attached.
    pub xid: Option<Xid>,
    /// What the server gave when the transaction was started.
    pub context: Option<Vec<u8>>,
}

impl TransactionSwitch {
    /// Writes the call.
    pub fn encode(&self, writer: &mut Writer, sequence: &mut Sequence, version: u8) {
        write_call(writer, function::TRANSACTION_SWITCH, sequence, version);
        self.encode_body(writer);
    }

    /// Writes it to ride in front of another call, which then answers for both.
    pub fn encode_piggyback(&self, writer: &mut Writer, sequence: &mut Sequence, version: u8) {
        write_piggyback(writer, function::TRANSACTION_SWITCH, sequence, version);
        self.encode_body(writer);
    }

    fn encode_body(&self, writer: &mut Writer) {
        writer.ub4(self.operation);
        write_heads(writer, self.context.as_deref(), self.xid.as_ref());
        writer.ub4(self.flags);
        writer.ub4(self.timeout);
        writer.u8(1); // pointer: application value
        writer.u8(1); // pointer: context that is returned
        writer.u8(1); // pointer: its length
        write_head(writer, None); // internal name
        write_head(writer, None); // external name
        if let Some(context) = &self.context {
            writer.raw(context);
        }
        if let Some(xid) = &self.xid {
            xid.encode(writer);
        }
        writer.ub4(0); // application value
    }
}

/// A call that takes a distributed transaction to its end, or towards it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionChange {
    /// One of [`change`].
    pub operation: u32,
    /// One of [`state`]: where the transaction is to get, as the caller sees it.
    pub state: u32,
    /// Which transaction; none for the one that is attached.
    pub xid: Option<Xid>,
    /// What the server gave when the transaction was started.
    pub context: Option<Vec<u8>>,
}

impl TransactionChange {
    /// Writes the call.
    pub fn encode(&self, writer: &mut Writer, sequence: &mut Sequence, version: u8) {
        write_call(writer, function::TRANSACTION_CHANGE_STATE, sequence, version);
        writer.ub4(self.operation);
        write_heads(writer, self.context.as_deref(), self.xid.as_ref());
        writer.ub4(0); // timeout
        writer.ub4(self.state);
        writer.u8(1); // pointer: state that is returned
        writer.ub4(0); // flags
        if let Some(context) = &self.context {
            writer.raw(context);
        }
        if let Some(xid) = &self.xid {
            xid.encode(writer);
        }
    }
}

/// Reads what a switch returns behind the message type PARAMETER: the transaction's context.
pub fn decode_switched(reader: &mut Reader<'_>) -> Decoded<Vec<u8>> {
    reader.ub4("transaction: application value")?;
    let length = reader.ub2("transaction: context length")?;
    Ok(reader.raw(usize::from(length), "transaction: context")?.to_vec())
}

/// Reads what a change returns behind the message type PARAMETER: one of [`state`].
pub fn decode_changed(reader: &mut Reader<'_>) -> Decoded<u32> {
    reader.ub4("transaction: state")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::capabilities::field_version;

    fn xid() -> Xid {
        Xid {
            format_id: 3900,
            global_transaction_id: b"txn100".to_vec(),
            branch_qualifier: b"branchId".to_vec(),
        }
    }

    #[test]
    fn a_change_of_state_names_transaction_and_context() {
        let mut writer = Writer::new();
        let change = TransactionChange {
            operation: change::COMMIT,
            state: state::READ_ONLY,
            xid: Some(xid()),
            context: Some(vec![0xaa, 0xbb]),
        };
        change.encode(&mut writer, &mut Sequence::default(), field_version::V19_1);
        let bytes = writer.into_vec();
        let head = [
            3, 104, 1, // function, its number
            1, 1, // commit
            1, 1, 2, // context
            2, 0x0f, 0x3c, 1, 6, 1, 8, 1, 1, 128, // format, lengths, identifier
            0, 1, 4, 1, 0, // timeout, state, pointer, flags
            0xaa, 0xbb,
        ];
        assert_eq!(bytes[..head.len()], head);
        assert_eq!(&bytes[head.len()..head.len() + 14], b"txn100branchId");
        assert_eq!(bytes.len(), head.len() + XID_LENGTH);
    }

    #[test]
    fn what_a_switch_returns_is_checked_against_what_is_there() {
        let whole = [0, 1, 3, 7, 8, 9];
        assert_eq!(decode_switched(&mut Reader::new(&whole)).expect("whole"), [7, 8, 9]);
        for end in 0..whole.len() {
            assert!(decode_switched(&mut Reader::new(&whole[..end])).is_err(), "{end}");
        }
    }
}
