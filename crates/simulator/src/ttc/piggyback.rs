//! Calls that ride in front of another call and have no answer of their own.

use oraedge::wire::Reader;
use oraedge::wire::reader::Decoded;

use super::transaction::TransactionSwitch;
use super::{CallHead, Layout, function};

/// End-to-end bit: the action was changed (python-oracledb: `TNS_END_TO_END_ACTION`).
const END_TO_END_ACTION: u32 = 0x0010;
/// End-to-end bit: the client identifier was changed.
const END_TO_END_CLIENT_IDENTIFIER: u32 = 0x0001;
/// End-to-end bit: the client information was changed.
const END_TO_END_CLIENT_INFO: u32 = 0x0100;
/// End-to-end bit: the module was changed.
const END_TO_END_MODULE: u32 = 0x0008;
/// End-to-end bit: the database operation was changed.
const END_TO_END_DBOP: u32 = 0x0200;
/// The most cursors or keys that one piggyback may bring.
const MAX_ELEMENTS: u32 = 100_000;

/// An attribute of the session that a client may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndToEnd {
    /// `CLIENT_IDENTIFIER` of `SYS_CONTEXT('USERENV')`.
    ClientIdentifier,
    /// `MODULE`.
    Module,
    /// `ACTION`.
    Action,
    /// `CLIENT_INFO`.
    ClientInfo,
    /// `DBOP_NAME`.
    DatabaseOperation,
}

/// A call in front of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piggyback {
    /// Close these cursors.
    CloseCursors(Vec<u32>),
    /// Give up the rest of the rows of these cursors, and keep them open.
    CancelCursors(Vec<u32>),
    /// Set these attributes; `None` clears one.
    SetEndToEnd(Vec<(EndToEnd, Option<String>)>),
    /// Set the current schema.
    SetSchema(String),
    /// The borders of a request.
    SessionState(u64),
    /// Keys and values of the application context `namespace`.
    SetKeyValues {
        /// The context.
        namespace: String,
        /// Keys and values.
        pairs: Vec<(String, String)>,
    },
    /// Free these temporary LOBs, all locators in a row.
    FreeTemporaryLobs(Vec<u8>),
    /// Start or attach a transaction, or detach it behind the call that follows.
    SwitchTransaction(TransactionSwitch),
    /// A pipeline begins; whether it goes on after an error.
    BeginPipeline {
        /// Whether calls behind one that failed are done.
        go_on: bool,
    },
}

impl Piggyback {
    /// Reads a piggyback behind its message type. The error names a function that is not known.
    pub fn decode(reader: &mut Reader<'_>, layout: Layout) -> Decoded<Piggyback> {
        let head = CallHead::decode(reader, layout)?;
        Ok(match head.function {
            function::CLOSE_CURSORS => Piggyback::CloseCursors(cursors(reader)?),
            function::CANCEL_CURSORS => Piggyback::CancelCursors(cursors(reader)?),
            function::SET_END_TO_END => Piggyback::SetEndToEnd(end_to_end(reader)?),
            function::SET_SCHEMA => {
                reader.u8("set schema: pointer")?;
                let schema = reader.text_with_length("set schema: name")?;
                Piggyback::SetSchema(schema.unwrap_or_default())
            }
            function::SESSION_STATE => Piggyback::SessionState(reader.ub8("session state: bits")?),
            function::SET_KEY_VALUE => key_values(reader)?,
            function::LOB_OP => free_lobs(reader)?,
            function::TPC_SWITCH => {
                Piggyback::SwitchTransaction(TransactionSwitch::decode(reader)?)
            }
            function::PIPELINE_BEGIN => {
                reader.ub2("begin pipeline: error set")?;
                reader.u8("begin pipeline: error set mode")?;
                // python-oracledb: TNS_PIPELINE_MODE_CONTINUE_ON_ERROR is 1, ABORT_ON_ERROR is 2.
                let go_on = reader.u8("begin pipeline: mode")? != 2;
                Piggyback::BeginPipeline { go_on }
            }
            other => {
                return Err(reader.malformed("piggyback: function", format!("{other} came")));
            }
        })
    }
}

fn cursors(reader: &mut Reader<'_>) -> Decoded<Vec<u32>> {
    reader.u8("cursors: pointer")?;
    let count = limited(reader, "cursors: count")?;
    (0..count).map(|_| reader.ub4("cursors: id")).collect()
}

fn limited(reader: &mut Reader<'_>, field: &'static str) -> Decoded<u32> {
    let count = reader.ub4(field)?;
    if count > MAX_ELEMENTS {
        return Err(reader.malformed(field, format!("{count} came")));
    }
    Ok(count)
}

fn end_to_end(reader: &mut Reader<'_>) -> Decoded<Vec<(EndToEnd, Option<String>)>> {
    reader.skip(2, "end to end: pointers")?;
    let bits = reader.ub4("end to end: bits")?;
    let slot = |reader: &mut Reader<'_>| -> Decoded<u32> {
        reader.u8("end to end: pointer")?;
        reader.ub4("end to end: length")
    };
    let client_identifier = slot(reader)?;
    let module = slot(reader)?;
    let action = slot(reader)?;
    let context_identifier = slot(reader)?;
    reader.u8("end to end: context count")?;
    reader.ub4("end to end: context sequence")?;
    let client_info = slot(reader)?;
    slot(reader)?;
    slot(reader)?;
    let operation = slot(reader)?;
    let mut changed = Vec::new();
    let fields = [
        (Some(EndToEnd::ClientIdentifier), END_TO_END_CLIENT_IDENTIFIER, client_identifier),
        (Some(EndToEnd::Module), END_TO_END_MODULE, module),
        (Some(EndToEnd::Action), END_TO_END_ACTION, action),
        (None, 0, context_identifier),
        (Some(EndToEnd::ClientInfo), END_TO_END_CLIENT_INFO, client_info),
        (Some(EndToEnd::DatabaseOperation), END_TO_END_DBOP, operation),
    ];
    for (attribute, bit, length) in fields {
        let mut text = None;
        if length > 0 {
            text = reader.text("end to end: text")?;
        }
        if let Some(attribute) = attribute
            && (bits & bit != 0 || text.is_some())
        {
            changed.push((attribute, text));
        }
    }
    Ok(changed)
}

fn key_values(reader: &mut Reader<'_>) -> Decoded<Piggyback> {
    reader.u8("key values: namespace pointer")?;
    let length = reader.ub4("key values: namespace length")?;
    reader.u8("key values: pointer")?;
    let count = limited(reader, "key values: count")?;
    reader.ub2("key values: flags")?;
    reader.u8("key values: result pointer")?;
    let mut namespace = String::new();
    if length > 0 {
        namespace = reader.text("key values: namespace")?.unwrap_or_default();
    }
    let mut pairs = Vec::new();
    for _ in 0..count {
        let key = reader.text_with_length("key values: key")?.unwrap_or_default();
        let value = reader.text_with_length("key values: value")?.unwrap_or_default();
        reader.ub4("key values: flags")?;
        pairs.push((key, value));
    }
    Ok(Piggyback::SetKeyValues { namespace, pairs })
}

fn free_lobs(reader: &mut Reader<'_>) -> Decoded<Piggyback> {
    let has_locators = reader.u8("free LOBs: pointer")? != 0;
    let length = reader.ub4("free LOBs: length")?;
    reader.u8("free LOBs: destination")?;
    for _ in 0..3 {
        reader.ub4("free LOBs: lengths")?;
    }
    reader.skip(3, "free LOBs: pointers")?;
    reader.ub4("free LOBs: operation")?;
    reader.u8("free LOBs: SCN pointer")?;
    reader.ub4("free LOBs: SCN")?;
    reader.ub8("free LOBs: SCN length")?;
    reader.ub8("free LOBs: amount")?;
    reader.u8("free LOBs: amount pointer")?;
    for _ in 0..3 {
        reader.u8("free LOBs: array pointer")?;
        reader.ub4("free LOBs: array length")?;
    }
    let mut locators = Vec::new();
    if has_locators {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        locators = reader.raw(length, "free LOBs: locators")?.to_vec();
    }
    Ok(Piggyback::FreeTemporaryLobs(locators))
}
