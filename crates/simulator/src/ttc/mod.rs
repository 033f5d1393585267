//! TTC as a server speaks it: what clients send is read, what servers send is written.
//!
//! This codec is independent of the client's in the root crate, so that a misreading on one side
//! does not hide behind the same misreading on the other. Facts come from the sources of the
//! official thin drivers and from bytes that real servers sent.

pub mod binds;
pub mod describe;
pub mod execute;
pub mod incoming;
pub mod lob;
pub mod logon;
pub mod negotiate;
pub mod notices;
pub mod outcome;
pub mod piggyback;
pub mod put;
pub mod rows;
pub mod transaction;

use oraedge::wire::Reader;
use oraedge::wire::reader::Decoded;

use crate::generation::field_version;

/// Message types, as in python-oracledb's `TNS_MSG_TYPE_*`.
pub mod message {
    /// Protocol negotiation.
    pub const PROTOCOL: u8 = 1;
    /// Data types and capabilities.
    pub const DATA_TYPES: u8 = 2;
    /// A call.
    pub const FUNCTION: u8 = 3;
    /// An error, or the end of a call without one.
    pub const ERROR: u8 = 4;
    /// What follows are rows.
    pub const ROW_HEADER: u8 = 6;
    /// One row.
    pub const ROW_DATA: u8 = 7;
    /// A call's results besides rows.
    pub const PARAMETER: u8 = 8;
    /// The end of a call that has no results.
    pub const STATUS: u8 = 9;
    /// Directions of binds.
    pub const IO_VECTOR: u8 = 11;
    /// Data of a LOB.
    pub const LOB_DATA: u8 = 14;
    /// What is no error yet.
    pub const WARNING: u8 = 15;
    /// Columns of a query.
    pub const DESCRIBE_INFO: u8 = 16;
    /// A call without an answer of its own, in front of another one.
    pub const PIGGYBACK: u8 = 17;
    /// Which columns of the next row differ from the row before.
    pub const BIT_VECTOR: u8 = 21;
    /// A notice of the server in front of its answer.
    pub const SERVER_SIDE_PIGGYBACK: u8 = 23;
    /// The end of an answer.
    pub const END_OF_RESPONSE: u8 = 29;
    /// Which call of a pipeline an answer belongs to.
    pub const TOKEN: u8 = 33;
    /// Protocol, data types and log-on in one.
    pub const FAST_AUTH: u8 = 34;
    /// The first four bytes of native network encryption's negotiation.
    pub const NETWORK_SERVICES: u8 = 0xde;
}

/// Function codes, as in python-oracledb's `TNS_FUNC_*`.
pub mod function {
    /// Executes a statement that was executed before.
    pub const REEXECUTE: u8 = 4;
    /// Fetches rows.
    pub const FETCH: u8 = 5;
    /// Ends the session.
    pub const LOGOFF: u8 = 9;
    /// Commits.
    pub const COMMIT: u8 = 14;
    /// Rolls back.
    pub const ROLLBACK: u8 = 15;
    /// Executes a query that was executed before, and fetches.
    pub const REEXECUTE_AND_FETCH: u8 = 78;
    /// Parses, executes, fetches.
    pub const EXECUTE: u8 = 94;
    /// Works on a LOB.
    pub const LOB_OP: u8 = 96;
    /// Begins or leaves a distributed or sessionless transaction.
    pub const TPC_SWITCH: u8 = 103;
    /// Prepares, commits, rolls back or forgets a distributed transaction.
    pub const TPC_CHANGE: u8 = 104;
    /// Closes cursors.
    pub const CLOSE_CURSORS: u8 = 105;
    /// Second step of a log-on.
    pub const AUTH_PHASE_TWO: u8 = 115;
    /// First step of a log-on.
    pub const AUTH_PHASE_ONE: u8 = 118;
    /// Gives up the rest of queries without closing their cursors
    /// (node-oracledb: `TNS_FUNC_CANCEL_CURSORS`).
    pub const CANCEL_CURSORS: u8 = 120;
    /// Sets client identifier, module, action and so on.
    pub const SET_END_TO_END: u8 = 135;
    /// Asks whether the server is there.
    pub const PING: u8 = 147;
    /// Sets the current schema.
    pub const SET_SCHEMA: u8 = 152;
    /// Sets keys and values of an application context.
    pub const SET_KEY_VALUE: u8 = 154;
    /// Marks the borders of a request.
    pub const SESSION_STATE: u8 = 176;
    /// Begins a pipeline.
    pub const PIPELINE_BEGIN: u8 = 199;
    /// Ends a pipeline.
    pub const PIPELINE_END: u8 = 200;
}

/// What both sides agreed on, as far as it decides how messages are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The lower field version of client and server.
    pub field_version: u8,
    /// Whether answers end with their own message and data flag.
    pub end_of_response: bool,
    /// The longest string that stays in line with the others in a row of binds, in bytes.
    pub max_string_size: u32,
}

impl Layout {
    /// Whether the agreed field version is `version` or later.
    pub fn since(self, version: u8) -> bool {
        self.field_version >= version
    }
}

/// The head of a call or a piggyback, behind the message type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallHead {
    /// One of [`function`].
    pub function: u8,
    /// The client's count of calls.
    pub sequence: u8,
    /// Which call of a pipeline this is; zero outside of one.
    pub token: u64,
}

impl CallHead {
    /// Reads the head of a call.
    pub fn decode(reader: &mut Reader<'_>, layout: Layout) -> Decoded<CallHead> {
        let function = reader.u8("call: function")?;
        let sequence = reader.u8("call: sequence number")?;
        let token = if layout.since(field_version::V23_1_EXT1) {
            reader.ub8("call: token number")?
        } else {
            0
        };
        Ok(CallHead { function, sequence, token })
    }
}
