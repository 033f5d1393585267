//! Everything that a client can send, sorted.

use oraedge::wire::Reader;
use oraedge::wire::reader::Decoded;

use super::execute::{Execute, Fetch, Reexecute};
use super::lob::LobCall;
use super::logon::LogonRequest;
use super::negotiate::{DataTypesRequest, ProtocolRequest};
use super::piggyback::Piggyback;
use super::transaction::{TransactionChange, TransactionSwitch};
use super::{CallHead, Layout, function, message};

/// One message of a client. The values of an execute's binds are not part of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    /// Protocol negotiation.
    Protocol(ProtocolRequest),
    /// Data types and capabilities.
    DataTypes(DataTypesRequest),
    /// Both of them and the first step of the log-on.
    FastAuth {
        /// Protocol negotiation.
        protocol: ProtocolRequest,
        /// Data types and capabilities.
        data_types: DataTypesRequest,
        /// The head of the call.
        head: CallHead,
        /// The step of the log-on.
        logon: LogonRequest,
    },
    /// A call that rides in front of another one.
    Piggyback(Piggyback),
    /// A call.
    Call(CallHead, Call),
}

/// A call and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// A step of a log-on; which one, the head says.
    Logon(LogonRequest),
    /// Parse, execute, fetch.
    Execute(Box<Execute>),
    /// Execute once more.
    Reexecute(Reexecute),
    /// Fetch.
    Fetch(Fetch),
    /// Work on a LOB.
    Lob(Box<LobCall>),
    /// Commit.
    Commit,
    /// Roll back.
    Rollback,
    /// Is the server there?
    Ping,
    /// End the session.
    Logoff,
    /// End a pipeline.
    PipelineEnd,
    /// Start, attach or detach a transaction.
    SwitchTransaction(TransactionSwitch),
    /// Work on a distributed transaction.
    ChangeTransaction(TransactionChange),
    /// One that is not known here, so that where its arguments end is not known either.
    Unknown,
}

impl Incoming {
    /// Reads one message.
    pub fn decode(reader: &mut Reader<'_>, layout: Layout) -> Decoded<Incoming> {
        let start = reader.position();
        match reader.u8("message type")? {
            message::PROTOCOL => Ok(Incoming::Protocol(ProtocolRequest::decode(reader)?)),
            message::DATA_TYPES => Ok(Incoming::DataTypes(DataTypesRequest::decode(reader)?)),
            message::FAST_AUTH => fast_auth(reader),
            message::PIGGYBACK => Ok(Incoming::Piggyback(Piggyback::decode(reader, layout)?)),
            message::FUNCTION => {
                let head = CallHead::decode(reader, layout)?;
                let call = Call::decode(reader, head.function, layout)?;
                Ok(Incoming::Call(head, call))
            }
            other => Err(oraedge::wire::DecodeError::malformed(
                "message type",
                start,
                format!("a call was expected, message type {other} came"),
            )),
        }
    }
}

impl Call {
    fn decode(reader: &mut Reader<'_>, function: u8, layout: Layout) -> Decoded<Call> {
        Ok(match function {
            function::AUTH_PHASE_ONE | function::AUTH_PHASE_TWO => {
                Call::Logon(LogonRequest::decode(reader)?)
            }
            function::EXECUTE => Call::Execute(Box::new(Execute::decode(reader, layout)?)),
            function::REEXECUTE | function::REEXECUTE_AND_FETCH => {
                Call::Reexecute(Reexecute::decode(reader)?)
            }
            function::FETCH => Call::Fetch(Fetch::decode(reader)?),
            function::LOB_OP => Call::Lob(Box::new(LobCall::decode(reader)?)),
            function::COMMIT => Call::Commit,
            function::ROLLBACK => Call::Rollback,
            function::PING => Call::Ping,
            function::LOGOFF => Call::Logoff,
            function::PIPELINE_END => {
                reader.ub4("end pipeline: pipeline")?;
                Call::PipelineEnd
            }
            function::TPC_SWITCH => Call::SwitchTransaction(TransactionSwitch::decode(reader)?),
            function::TPC_CHANGE => Call::ChangeTransaction(TransactionChange::decode(reader)?),
            _ => Call::Unknown,
        })
    }
}

fn fast_auth(reader: &mut Reader<'_>) -> Decoded<Incoming> {
    reader.skip(3, "fast authentication: version and flags")?;
    expect(reader, message::PROTOCOL)?;
    let protocol = ProtocolRequest::decode(reader)?;
    reader.skip(5, "fast authentication: character sets")?;
    // The client does not know the server's field version yet: it says which one it used.
    let field_version = reader.u8("fast authentication: field version")?;
    let layout = Layout { field_version, end_of_response: true, max_string_size: 0 };
    expect(reader, message::DATA_TYPES)?;
    let data_types = DataTypesRequest::decode(reader)?;
    expect(reader, message::FUNCTION)?;
    let head = CallHead::decode(reader, layout)?;
    if !matches!(head.function, function::AUTH_PHASE_ONE | function::AUTH_PHASE_TWO) {
        return Err(reader.malformed(
            "fast authentication: function",
            format!("a log-on was expected, function {} came", head.function),
        ));
    }
    let logon = LogonRequest::decode(reader)?;
    Ok(Incoming::FastAuth { protocol, data_types, head, logon })
}

fn expect(reader: &mut Reader<'_>, message_type: u8) -> Decoded<()> {
    let came = reader.u8("fast authentication: message type")?;
    if came == message_type {
        return Ok(());
    }
    Err(reader.malformed(
        "fast authentication: message type",
        format!("{message_type} was expected, {came} came"),
    ))
}
