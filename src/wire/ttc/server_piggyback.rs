//! SERVER_SIDE_PIGGYBACK: news from the server that no call asked for.

use crate::wire::reader::{Decoded, Reader};

/// What a piggyback is about (python-oracledb thin/constants.pxi, `TNS_SERVER_PIGGYBACK_*`).
mod opcode {
    pub(super) const QUERY_CACHE_INVALIDATION: u8 = 1;
    pub(super) const OS_PID_MTS: u8 = 2;
    pub(super) const TRACE_EVENT: u8 = 3;
    pub(super) const SESSION_RETURN: u8 = 4;
    pub(super) const SYNC: u8 = 5;
    pub(super) const LTXID: u8 = 7;
    pub(super) const AC_REPLAY_CONTEXT: u8 = 8;
    pub(super) const EXT_SYNC: u8 = 9;
    pub(super) const SESSION_SIGNATURE: u8 = 10;
}

/// Which property a key/value pair changes.
mod keyword {
    pub(super) const CURRENT_SCHEMA: u16 = 168;
    pub(super) const EDITION: u16 = 172;
    pub(super) const TRANSACTION_ID: u16 = 201;
}

/// The session behind the connection is another one; its cursors are gone.
const SESSION_CHANGED: u32 = 4;

/// Something that changed in the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionChange {
    /// The current schema.
    CurrentSchema(String),
    /// The edition.
    Edition(String),
    /// A sessionless transaction began, was resumed, suspended or ended: identifier, state, version.
    TransactionId(Vec<u8>),
    /// The logical transaction identifier, for the outcome of a commit that got lost.
    LogicalTransactionId(Vec<u8>),
    /// The server behind the connection: session, serial number, whether its cursors are gone.
    Session {
        /// Session identifier.
        session_id: u32,
        /// Serial number.
        serial_number: u16,
        /// It is not the one that was there before.
        changed: bool,
    },
    /// Anything else.
    Other(u16),
}

/// Reads what follows the message type.
pub fn decode(reader: &mut Reader<'_>) -> Decoded<Vec<SessionChange>> {
    let code = reader.u8("server piggyback: code")?;
    match code {
        opcode::QUERY_CACHE_INVALIDATION | opcode::TRACE_EVENT => Ok(Vec::new()),
        opcode::LTXID => {
            let id = reader.bytes_with_length("server piggyback: LTXID")?;
            Ok(id
                .map(|id| SessionChange::LogicalTransactionId(id.into_owned()))
                .into_iter()
                .collect())
        }
        opcode::OS_PID_MTS => {
            reader.ub2("server piggyback: process length")?;
            reader.span("server piggyback: process")?;
            Ok(Vec::new())
        }
        opcode::SYNC => {
            reader.ub2("server piggyback: types")?;
            reader.u8("server piggyback: length of types")?;
            let pairs = reader.ub2("server piggyback: number of pairs")?;
            reader.u8("server piggyback: length")?;
            let changes = decode_changes(reader, pairs)?;
            reader.ub4("server piggyback: flags")?;
            Ok(changes)
        }
        opcode::EXT_SYNC => {
            reader.ub2("server piggyback: types")?;
            reader.u8("server piggyback: length of types")?;
            Ok(Vec::new())
        }
        opcode::AC_REPLAY_CONTEXT => {
            reader.ub2("server piggyback: types")?;
            reader.u8("server piggyback: length of types")?;
            reader.ub4("server piggyback: flags")?;
            reader.ub4("server piggyback: error")?;
            reader.u8("server piggyback: queue")?;
            reader.bytes_with_length("server piggyback: replay context")?;
            Ok(Vec::new())
        }
        opcode::SESSION_RETURN => decode_session_return(reader),
        opcode::SESSION_SIGNATURE => {
            reader.ub2("server piggyback: types")?;
            reader.u8("server piggyback: length of types")?;
            reader.ub8("server piggyback: signature flags")?;
            reader.ub8("server piggyback: client signature")?;
            reader.ub8("server piggyback: server signature")?;
            Ok(Vec::new())
        }
        _ => Err(reader.malformed("server piggyback: code", format!("{code} is not known"))),
    }
}

fn decode_session_return(reader: &mut Reader<'_>) -> Decoded<Vec<SessionChange>> {
    reader.ub2("session return: types")?;
    reader.u8("session return: length of types")?;
    let pairs = reader.ub2("session return: number of pairs")?;
    if pairs > 0 {
        reader.u8("session return: length")?;
        for _ in 0..pairs {
            if reader.ub2("session return: key length")? > 0 {
                reader.span("session return: key")?;
            }
            if reader.ub2("session return: value length")? > 0 {
                reader.span("session return: value")?;
            }
            reader.ub2("session return: flags")?;
        }
    }
    let flags = reader.ub4("session return: session flags")?;
    Ok(vec![SessionChange::Session {
        session_id: reader.ub4("session return: session")?,
        serial_number: reader.ub2("session return: serial number")?,
        changed: flags & SESSION_CHANGED != 0,
    }])
}

/// Reads key/value pairs: a text, bytes, and which property they change.
pub(super) fn decode_changes(reader: &mut Reader<'_>, pairs: u16) -> Decoded<Vec<SessionChange>> {
    let mut changes = Vec::new();
    for _ in 0..pairs {
        let mut text = None;
        if reader.ub2("session change: text length")? > 0 {
            text = reader.text("session change: text")?;
        }
        let mut binary = None;
        if reader.ub2("session change: length")? > 0 {
            binary = reader.bytes("session change: bytes")?;
        }
        let property = reader.ub2("session change: property")?;
        changes.push(match (property, text, binary) {
            (keyword::CURRENT_SCHEMA, Some(schema), _) => SessionChange::CurrentSchema(schema),
            (keyword::EDITION, Some(edition), _) => SessionChange::Edition(edition),
            (keyword::TRANSACTION_ID, _, Some(id)) => SessionChange::TransactionId(id.into_owned()),
            _ => SessionChange::Other(property),
        });
    }
    Ok(changes)
}
