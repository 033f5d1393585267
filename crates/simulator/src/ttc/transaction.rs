//! Calls that start, suspend and resume transactions, and those of two-phase commit.

use oraedge::wire::Writer;
use oraedge::wire::reader::{Decoded, Reader};

use super::message;
use super::put::ServerWriter;

/// Start, or attach to (python-oracledb: `TNS_TPC_TXN_START`).
pub const START: u32 = 0x01;
/// Detach.
pub const DETACH: u32 = 0x02;
/// Detach behind the call that follows.
pub const POST_DETACH: u32 = 0x04;

/// A new transaction (`TPC_TXN_FLAGS_NEW`).
pub const FLAG_NEW: u32 = 0x01;
/// One that is detached.
pub const FLAG_RESUME: u32 = 0x04;
/// The session's local transaction becomes a global one.
pub const FLAG_PROMOTE: u32 = 0x08;
/// It belongs to no session.
pub const FLAG_SESSIONLESS: u32 = 0x10;

/// Commit (`TNS_TPC_TXN_COMMIT`).
pub const COMMIT: u32 = 1;
/// Roll back.
pub const ABORT: u32 = 2;
/// First phase of a commit.
pub const PREPARE: u32 = 3;
/// Forget what was completed by heuristics.
pub const FORGET: u32 = 4;

/// It has to be committed or rolled back (`TNS_TPC_TXN_STATE_REQUIRES_COMMIT`).
pub const STATE_REQUIRES_COMMIT: u32 = 1;
/// It is committed.
pub const STATE_COMMITTED: u32 = 2;
/// It is rolled back.
pub const STATE_ABORTED: u32 = 3;
/// It changed nothing.
pub const STATE_READ_ONLY: u32 = 4;
/// It is forgotten, as it should be behind the second phase.
pub const STATE_FORGOTTEN: u32 = 5;

/// How long both parts of an identifier are together on the wire.
const XID_LENGTH: usize = 128;
/// The context of a transaction, as recorded in `pyo4-sessionless#0010`, in bytes.
const CONTEXT_LENGTH: usize = 168;

/// Which transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Xid {
    /// The format's number.
    pub format: u32,
    /// The global transaction.
    pub global: Vec<u8>,
    /// Its branch.
    pub branch: Vec<u8>,
}

/// Starts, attaches or detaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionSwitch {
    /// Bits: [`START`], [`DETACH`], [`POST_DETACH`].
    pub operation: u32,
    /// Bits: `FLAG_*`.
    pub flags: u32,
    /// Seconds.
    pub timeout: u32,
    /// Which one; without it the one that is attached.
    pub xid: Option<Xid>,
}

/// Prepares, commits, rolls back or forgets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionChange {
    /// [`COMMIT`] and so on.
    pub operation: u32,
    /// What the client wants: [`STATE_READ_ONLY`] is a commit in one phase.
    pub state: u32,
    /// Which one; without it the one that is attached.
    pub xid: Option<Xid>,
}

/// What both calls have in front: lengths of the context and the identifier.
struct Heads {
    context: usize,
    format: u32,
    global: usize,
    branch: usize,
    has_xid: bool,
}

impl Heads {
    fn decode(reader: &mut Reader<'_>) -> Decoded<Heads> {
        reader.u8("transaction: context pointer")?;
        let context = reader.ub4("transaction: context length")? as usize;
        let format = reader.ub4("transaction: format")?;
        let global = reader.ub4("transaction: global length")? as usize;
        let branch = reader.ub4("transaction: branch length")? as usize;
        let has_xid = reader.u8("transaction: identifier pointer")? != 0;
        let length = reader.ub4("transaction: identifier length")? as usize;
        if global + branch > XID_LENGTH || has_xid && length != XID_LENGTH {
            let detail = format!("lengths {global}, {branch}, {length} came");
            return Err(reader.malformed("transaction: identifier", detail));
        }
        Ok(Heads { context, format, global, branch, has_xid })
    }

    fn values(&self, reader: &mut Reader<'_>) -> Decoded<Option<Xid>> {
        reader.skip(self.context, "transaction: context")?;
        if !self.has_xid {
            return Ok(None);
        }
        let bytes = reader.raw(XID_LENGTH, "transaction: identifier")?;
        let (global, rest) = bytes.split_at(self.global);
        let branch = rest[..self.branch].to_vec();
        Ok(Some(Xid { format: self.format, global: global.to_vec(), branch }))
    }
}

impl TransactionSwitch {
    /// Reads what follows the call's head.
    pub fn decode(reader: &mut Reader<'_>) -> Decoded<TransactionSwitch> {
        let operation = reader.ub4("transaction: operation")?;
        let heads = Heads::decode(reader)?;
        let flags = reader.ub4("transaction: flags")?;
        let timeout = reader.ub4("transaction: timeout")?;
        reader.skip(3, "transaction: pointers")?;
        let mut names = 0;
        for _ in 0..2 {
            reader.u8("transaction: name pointer")?;
            names += reader.ub4("transaction: name length")? as usize;
        }
        let xid = heads.values(reader)?;
        reader.ub4("transaction: application value")?;
        reader.skip(names, "transaction: names")?;
        Ok(TransactionSwitch { operation, flags, timeout, xid })
    }
}

impl TransactionChange {
    /// Reads what follows the call's head.
    pub fn decode(reader: &mut Reader<'_>) -> Decoded<TransactionChange> {
        let operation = reader.ub4("transaction: operation")?;
        let heads = Heads::decode(reader)?;
        reader.ub4("transaction: timeout")?;
        let state = reader.ub4("transaction: state")?;
        reader.u8("transaction: state pointer")?;
        reader.ub4("transaction: flags")?;
        let xid = heads.values(reader)?;
        Ok(TransactionChange { operation, state, xid })
    }
}

/// Writes what a switch returns: an application value and the transaction's context, which holds
/// its identifier (recorded: `pyo4-sessionless#0010`).
pub fn put_switched(writer: &mut Writer, xid: Option<&Xid>) {
    /// What stands in the place of the branch's length there.
    const RECORDED_BRANCH: u64 = 4;
    /// The last eight bytes there.
    const RECORDED_END: u64 = 0x77;
    writer.u8(message::PARAMETER);
    writer.uint(0);
    writer.uint(CONTEXT_LENGTH as u64);
    let mut context = Vec::with_capacity(CONTEXT_LENGTH);
    let (format, global) = xid.map_or((0, &[][..]), |xid| (xid.format, &xid.global));
    for number in [0, u64::from(format), global.len() as u64, RECORDED_BRANCH] {
        context.extend_from_slice(&number.to_le_bytes());
    }
    context.extend_from_slice(global);
    context.resize(4 * 8 + XID_LENGTH, 0);
    context.extend_from_slice(&RECORDED_END.to_le_bytes());
    writer.raw(&context);
}

/// Writes what a change returns.
pub fn put_changed(writer: &mut Writer, state: u32) {
    writer.u8(message::PARAMETER);
    writer.uint(u64::from(state));
}
