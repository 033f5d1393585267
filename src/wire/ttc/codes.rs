//! The numbers that name TTC messages and functions (python-oracledb thin/constants.pxi).

/// The first byte of a message.
pub mod message {
    /// Protocol negotiation.
    pub const PROTOCOL: u8 = 1;
    /// Data types negotiation.
    pub const DATA_TYPES: u8 = 2;
    /// A call of a function.
    pub const FUNCTION: u8 = 3;
    /// The end of a call, with or without an error.
    pub const ERROR: u8 = 4;
    /// Rows follow.
    pub const ROW_HEADER: u8 = 6;
    /// One row.
    pub const ROW_DATA: u8 = 7;
    /// A function's return parameters.
    pub const PARAMETER: u8 = 8;
    /// The end of a call that has nothing more to say.
    pub const STATUS: u8 = 9;
    /// Directions of a PL/SQL block's binds.
    pub const IO_VECTOR: u8 = 11;
    /// A LOB's data.
    pub const LOB_DATA: u8 = 14;
    /// A warning.
    pub const WARNING: u8 = 15;
    /// Columns of a query.
    pub const DESCRIBE_INFO: u8 = 16;
    /// A call that rides in front of another.
    pub const PIGGYBACK: u8 = 17;
    /// The client must ask for the OUT binds.
    pub const FLUSH_OUT_BINDS: u8 = 19;
    /// Which columns of the next row are sent; the others repeat.
    pub const BIT_VECTOR: u8 = 21;
    /// News from the server that no call asked for.
    pub const SERVER_SIDE_PIGGYBACK: u8 = 23;
    /// A call of a function that has no answer.
    pub const ONE_WAY_FUNCTION: u8 = 26;
    /// Result sets that a PL/SQL block returned by itself.
    pub const IMPLICIT_RESULTSET: u8 = 27;
    /// Nothing more of this answer follows.
    pub const END_OF_RESPONSE: u8 = 29;
    /// Which call of a pipeline this answers.
    pub const TOKEN: u8 = 33;
    /// Protocol, data types and log-on in one.
    pub const FAST_AUTH: u8 = 34;
}

/// The second byte of a FUNCTION or PIGGYBACK message.
pub mod function {
    /// Execute an open cursor again.
    pub const REEXECUTE: u8 = 4;
    /// Fetch rows.
    pub const FETCH: u8 = 5;
    /// Log off.
    pub const LOGOFF: u8 = 9;
    /// Commit.
    pub const COMMIT: u8 = 14;
    /// Roll back.
    pub const ROLLBACK: u8 = 15;
    /// Execute an open query again and fetch.
    pub const REEXECUTE_AND_FETCH: u8 = 78;
    /// Parse, bind, define, execute, fetch.
    pub const EXECUTE: u8 = 94;
    /// Start, attach or detach a transaction.
    pub const TRANSACTION_SWITCH: u8 = 103;
    /// Prepare, commit, roll back or forget a distributed transaction.
    pub const TRANSACTION_CHANGE_STATE: u8 = 104;
    /// Close cursors.
    pub const CLOSE_CURSORS: u8 = 105;
    /// Second step of a log-on.
    pub const AUTH_PHASE_TWO: u8 = 115;
    /// First step of a log-on.
    pub const AUTH_PHASE_ONE: u8 = 118;
    /// Module, action, client identifier and the like.
    pub const SET_END_TO_END: u8 = 135;
    /// Is anybody there?
    pub const PING: u8 = 147;
    /// Change the current schema.
    pub const SET_SCHEMA: u8 = 152;
    /// Give the session back to the server's pool.
    pub const SESSION_RELEASE: u8 = 163;
    /// A request begins or ends.
    pub const SESSION_STATE: u8 = 176;
    /// A pipeline begins.
    pub const PIPELINE_BEGIN: u8 = 199;
    /// A pipeline ends.
    pub const PIPELINE_END: u8 = 200;
}

/// Error numbers that mean something to the protocol.
pub mod error_number {
    /// A query has no more rows.
    pub const NO_DATA_FOUND: u32 = 1403;
    /// A select list's types have changed since the cursor was parsed.
    pub const VAR_NOT_IN_SELECT_LIST: u32 = 1007;
    /// As above.
    pub const INCONSISTENT_DATA_TYPES: u32 = 932;
    /// Some rows of an array DML failed.
    pub const ARRAY_DML_ERRORS: u32 = 24381;
    /// The call was cancelled.
    pub const USER_CANCELLED: u32 = 1013;
}

/// Bits of a call's status.
pub mod call_status {
    /// A transaction is open.
    pub const TRANSACTION_IN_PROGRESS: u32 = 0x0002;
    /// The session was given back to its pool; its cursors are gone.
    pub const SESSION_RELEASED: u32 = 0x8000;
}
