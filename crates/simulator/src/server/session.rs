//! What happens on a connection once it is accepted: messages in, answers out.

use std::sync::Arc;

use oraedge::error::DbError;
use oraedge::time::Timestamp;
use oraedge::wire::reader::{DecodeError, Reader};

use super::calls::BindRows;
use super::config::{Entropy, ServerConfig};
use super::cursors::Cursors;
use super::lobs::Lobs;
use super::logon::LogonState;
use super::reply::Reply;
use super::transactions::{Switching, Transactions};
use crate::engine;
use crate::net::packet::{
    DATA_FLAG_END_OF_FILE, MARKER_BREAK, MARKER_INTERRUPT, MARKER_RESET, Packetizer, write_marker,
};
use crate::net::services::ServicesRequest;
use crate::ttc::Layout;
use crate::ttc::incoming::{Call, Incoming};
use crate::ttc::outcome::{EndOfCall, STATUS_IDLE, STATUS_IN_TRANSACTION};
use crate::ttc::piggyback::{EndToEnd, Piggyback};

/// The most bytes of one request that wait for the rest of it.
const MAX_REQUEST: usize = 1 << 30;
/// How much is made of an answer before it has to be sent.
const TRANSMIT_SIZE: usize = 64 * 1024;

/// What the session is busy with.
#[derive(Debug)]
pub(super) enum Activity {
    /// The next request can be taken.
    Idle,
    /// Rows of binds are coming in.
    BindRows(Box<BindRows>),
    /// The answer is ready, but the call lasts until then.
    Sleeping(Timestamp, Next),
    /// Rows are being sent.
    Fetching(Fetching),
    /// The client was told of an error's coming and has to reset.
    AwaitingReset(Box<EndOfCall>),
}

/// How an answer goes on.
#[derive(Debug)]
pub(super) enum Next {
    /// With the end of the call.
    End(Box<EndOfCall>),
    /// With rows.
    Fetch(Fetching),
    /// With a look whether a transaction can be attached now.
    Switch,
}

/// Rows that are being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fetching {
    pub(super) cursor: u32,
    /// How many rows the client asked for.
    pub(super) asked: u32,
    pub(super) sent: u32,
    /// Whether results follow behind the rows, as they do for an execute.
    pub(super) with_parameters: bool,
}

/// Whoever logged on, and what is open.
#[derive(Debug)]
pub(super) struct LoggedOn {
    pub(super) engine: engine::Session,
    pub(super) cursors: Cursors,
    pub(super) lobs: Lobs,
    /// The current schema, as far as the client knows.
    pub(super) told_schema: String,
}

impl Drop for LoggedOn {
    /// A client that goes away without a word leaves no transaction behind.
    fn drop(&mut self) {
        if self.engine.in_transaction() {
            // There is nobody left to tell.
            let _ = self.engine.rollback();
        }
    }
}

/// Where a connection comes from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// The client's address.
    pub(super) peer: String,
    /// Whether it came over TLS.
    pub(super) encrypted: bool,
}

pub(super) struct Session {
    pub(super) config: Arc<ServerConfig>,
    pub(super) entropy: Entropy,
    pub(super) origin: Origin,
    pub(super) service: String,
    pub(super) now: Timestamp,
    pub(super) reply: Reply,
    pub(super) activity: Activity,
    pub(super) logon: LogonState,
    pub(super) user: Option<LoggedOn>,
    pub(super) transactions: Transactions,
    pub(super) switching: Switching,
    /// Whether the connection ends once everything is sent.
    pub(super) ending: bool,
    /// TTC bytes that came in and were not taken yet.
    inbox: Vec<u8>,
}

impl Drop for Session {
    /// What is attached to a session ends with it.
    fn drop(&mut self) {
        self.leave_transaction();
    }
}

impl Session {
    pub(super) fn new(
        config: Arc<ServerConfig>,
        mut entropy: Entropy,
        origin: Origin,
        service: String,
        packetizer: Packetizer,
        end_of_response: bool,
    ) -> Session {
        let layout = Layout {
            field_version: config.generation.field_version(),
            end_of_response,
            max_string_size: config.generation.max_string_size(),
        };
        let mut sequence = [0; 2];
        entropy(&mut sequence);
        let sequence = u16::from_be_bytes(sequence) >> 4;
        let transactions = config.transactions().clone();
        Session {
            config,
            entropy,
            origin,
            service,
            now: Timestamp::ZERO,
            reply: Reply::new(packetizer, layout, sequence),
            activity: Activity::Idle,
            logon: LogonState::default(),
            user: None,
            transactions,
            switching: Switching::default(),
            ending: false,
            inbox: Vec::new(),
        }
    }

    /// Takes a DATA packet's body. The error says why the connection has to end.
    pub(super) fn handle_data(&mut self, now: Timestamp, body: &[u8]) -> Result<(), String> {
        self.now = now;
        let Some((flags, payload)) = body.split_first_chunk::<2>() else {
            return Err("a DATA packet without flags came".to_owned());
        };
        if u16::from_be_bytes(*flags) & DATA_FLAG_END_OF_FILE != 0 {
            self.ending = true;
            return Ok(());
        }
        if matches!(self.activity, Activity::AwaitingReset(_)) {
            return Ok(());
        }
        if self.inbox.len() + payload.len() > MAX_REQUEST {
            return Err(format!("a request of more than {MAX_REQUEST} bytes came"));
        }
        self.inbox.extend_from_slice(payload);
        self.run()
    }

    /// Takes a marker.
    pub(super) fn handle_marker(&mut self, now: Timestamp, kind: u8) -> Result<(), String> {
        self.now = now;
        match (kind, &self.activity) {
            (MARKER_BREAK | MARKER_INTERRUPT, Activity::AwaitingReset(_)) => Ok(()),
            (MARKER_BREAK | MARKER_INTERRUPT, _) => {
                self.raise(cancelled(), EndOfCall::default());
                Ok(())
            }
            (MARKER_RESET, Activity::AwaitingReset(_)) => {
                let activity = std::mem::replace(&mut self.activity, Activity::Idle);
                if let Activity::AwaitingReset(end) = activity {
                    self.reply.end_call(*end);
                }
                self.run()
            }
            (MARKER_RESET, _) => {
                write_marker(&mut self.reply.out, self.reply.packetizer.large, MARKER_RESET);
                Ok(())
            }
            _ => Err(format!("a marker of the unknown kind {kind} came")),
        }
    }

    /// Lets time pass.
    pub(super) fn handle_timeout(&mut self, now: Timestamp) -> Result<(), String> {
        self.now = now;
        self.wake();
        self.run()
    }

    /// When [`Session::handle_timeout`] has something to do.
    pub(super) fn timeout(&self) -> Option<Timestamp> {
        match self.activity {
            Activity::Sleeping(until, _) => Some(until),
            _ => None,
        }
    }

    /// What is to be sent now; empty if nothing is.
    pub(super) fn poll_transmit(&mut self) -> Result<Vec<u8>, String> {
        loop {
            while matches!(self.activity, Activity::Fetching(_))
                && self.reply.out.len() < TRANSMIT_SIZE
            {
                self.put_rows();
            }
            if !self.reply.out.is_empty() {
                return Ok(std::mem::take(&mut self.reply.out));
            }
            if self.inbox.is_empty() || !matches!(self.activity, Activity::Idle) {
                return Ok(Vec::new());
            }
            let before = self.inbox.len();
            self.run()?;
            if self.inbox.len() == before {
                return Ok(Vec::new());
            }
        }
    }

    /// Works on what came in until it ends, or an answer has to be sent first.
    fn run(&mut self) -> Result<(), String> {
        loop {
            if self.ending || self.inbox.is_empty() {
                return Ok(());
            }
            let result = match self.activity {
                Activity::Idle => self.take_message(),
                Activity::BindRows(_) => self.take_bind_rows(),
                _ => return Ok(()),
            };
            match result {
                Ok(()) => {}
                Err(DecodeError::Short { .. }) => return Ok(()),
                Err(error @ DecodeError::Malformed(_)) => {
                    return Err(oraedge::Error::from(error).to_string());
                }
            }
        }
    }

    fn take_message(&mut self) -> Result<(), DecodeError> {
        let mut reader = Reader::new(&self.inbox);
        if self.user.is_none() && ServicesRequest::is_next(&self.inbox) {
            let request = ServicesRequest::decode(&mut reader)?;
            let taken = reader.position();
            self.inbox.drain(..taken);
            self.answer_services(&request);
            return Ok(());
        }
        let incoming = Incoming::decode(&mut reader, self.reply.layout)?;
        let taken = reader.position();
        self.inbox.drain(..taken);
        self.handle_message(incoming);
        Ok(())
    }

    fn take_bind_rows(&mut self) -> Result<(), DecodeError> {
        let Activity::BindRows(bind_rows) = &mut self.activity else { return Ok(()) };
        bind_rows.scan(&self.inbox)?;
        let activity = std::mem::replace(&mut self.activity, Activity::Idle);
        if let Activity::BindRows(bind_rows) = activity {
            let rest = self.inbox.split_off(bind_rows.length());
            let rows = std::mem::replace(&mut self.inbox, rest);
            self.execute_with_rows(*bind_rows, &rows);
        }
        Ok(())
    }

    fn handle_message(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Protocol(_) => self.answer_protocol(),
            Incoming::DataTypes(request) => self.answer_data_types(&request),
            Incoming::FastAuth { data_types, head, logon, .. } => {
                self.put_negotiation(&data_types);
                self.reply.begin(&self.config, 0, head.sequence);
                self.handle_logon(head.function, &logon);
            }
            Incoming::Piggyback(piggyback) => self.handle_piggyback(piggyback),
            Incoming::Call(head, call) => {
                self.reply.begin(&self.config, head.token, head.sequence);
                match call {
                    Call::Logon(logon) => self.handle_logon(head.function, &logon),
                    Call::Logoff => self.log_off(),
                    _ if self.user.is_none() => self.raise(not_logged_on(), EndOfCall::default()),
                    call => match self.take_failed_switch() {
                        Some(error) => self.raise(error, EndOfCall::default()),
                        None => self.handle_call(head, call),
                    },
                }
            }
        }
    }

    fn handle_piggyback(&mut self, piggyback: Piggyback) {
        if let Piggyback::SwitchTransaction(switch) = &piggyback {
            return self.switch_in_front(switch);
        }
        let Some(user) = &mut self.user else { return };
        match piggyback {
            Piggyback::CloseCursors(ids) => ids.iter().for_each(|id| user.cursors.close(*id)),
            Piggyback::CancelCursors(ids) => {
                for id in ids {
                    if let Some(cursor) = user.cursors.get(id) {
                        cursor.rows = None;
                    }
                }
            }
            Piggyback::SetEndToEnd(changes) => {
                for (attribute, text) in changes {
                    let key = match attribute {
                        EndToEnd::ClientIdentifier => "CLIENT_IDENTIFIER",
                        EndToEnd::Module => "MODULE",
                        EndToEnd::Action => "ACTION",
                        EndToEnd::ClientInfo => "CLIENT_INFO",
                        EndToEnd::DatabaseOperation => "DBOP_NAME",
                    };
                    user.engine.set_context(key, text.unwrap_or_default());
                }
            }
            Piggyback::SetSchema(schema) => {
                let quoted = schema.replace('"', "");
                let sql = format!("ALTER SESSION SET CURRENT_SCHEMA = \"{quoted}\"");
                // A schema that does not exist makes the next statements fail, not the piggyback.
                let _ = user.engine.prepare(&sql).and_then(|sql| user.engine.execute(&sql, &[]));
                user.told_schema = user.engine.current_schema();
            }
            Piggyback::FreeTemporaryLobs(locators) => user.lobs.free(&locators),
            Piggyback::SwitchTransaction(_)
            | Piggyback::SessionState(_)
            | Piggyback::SetKeyValues { .. }
            | Piggyback::BeginPipeline { .. } => {}
        }
    }

    /// Answers a call with an error.
    pub(super) fn raise(&mut self, error: DbError, end: EndOfCall) {
        // A call that fails detaches nothing.
        let _ = self.settle_transaction(false);
        let end = EndOfCall {
            status: self.call_status(),
            number: error.number,
            message: error.message,
            offset: error.offset.unwrap_or_default(),
            rows: end.rows.max(error.rows_affected),
            ..end
        };
        self.reply.break_off();
        if self.reply.in_pipeline() {
            self.activity = Activity::Idle;
            self.reply.end_call(end);
        } else {
            // What else belongs to the failed request is of no use.
            self.inbox.clear();
            self.activity = Activity::AwaitingReset(Box::new(end));
        }
    }

    /// Answers a call that succeeded, and does what was to be done behind it.
    pub(super) fn end_call(&mut self, mut end: EndOfCall) {
        match self.settle_transaction(true) {
            Ok(()) => {
                end.status = self.call_status();
                self.reply.end_call(end);
            }
            Err(error) => self.raise(error, end),
        }
    }

    /// Lets the call last for `duration` more, and then go on.
    pub(super) fn go_on_after(&mut self, duration: std::time::Duration, next: Next) {
        self.activity = Activity::Sleeping(self.now + duration, next);
        self.wake();
    }

    fn wake(&mut self) {
        match &self.activity {
            Activity::Sleeping(until, _) if *until <= self.now => {}
            _ => return,
        }
        let activity = std::mem::replace(&mut self.activity, Activity::Idle);
        match activity {
            Activity::Sleeping(_, Next::End(end)) => self.end_call(*end),
            Activity::Sleeping(_, Next::Switch) => self.retry_switch(),
            Activity::Sleeping(_, Next::Fetch(fetching)) => self.begin_fetch(fetching),
            _ => {}
        }
    }

    /// The call status: whether a transaction is open.
    pub(super) fn call_status(&self) -> u32 {
        match &self.user {
            Some(user) if user.engine.in_transaction() => STATUS_IN_TRANSACTION,
            _ => STATUS_IDLE,
        }
    }

    fn log_off(&mut self) {
        self.leave_transaction();
        self.user = None;
        self.reply.end_status(STATUS_IDLE);
    }
}

/// `ORA-01013`.
fn cancelled() -> DbError {
    db_error(1013, "user requested cancel of current operation")
}

/// `ORA-01012`.
fn not_logged_on() -> DbError {
    db_error(1012, "not logged on")
}

/// An error with the text that users search for.
pub(super) fn db_error(number: u32, text: &str) -> DbError {
    DbError { number, message: format!("ORA-{number:05}: {text}"), ..DbError::default() }
}
