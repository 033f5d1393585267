//! The machine: what happened goes in, what to do comes out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::execute::{CursorHandle, ExecuteOutcome, Running};
use super::log_on::{LogOnStep, SessionInfo};
use super::options::{SessionEntropy, SessionOptions};
use super::outcome;
use super::pipeline::{Pipeline, PipelineOutcome};
use super::sessionless::{self, Sessionless};
use super::statement_cache::{Statement, StatementCache};
use super::transactions::TpcChange;
use crate::auth::o5logon::ComboKey;
use crate::connect_string::{Address, ConnectPlan, Description};
use crate::error::{Error, Result};
use crate::protocol::{Connection, Finished, LastRow, Response, RowBatch};
use crate::time::Timestamp;
use crate::wire::capabilities::Capabilities;
use crate::wire::ttc::piggyback::{EndToEnd, REQUEST_BEGIN, REQUEST_END};

/// Where a stream shall lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectTarget {
    /// The address.
    pub address: Address,
    /// The description that it belongs to: TLS, time-outs, service.
    pub description: Arc<Description>,
}

/// What happened. `Debug` shows how many bytes there are, not which.
pub enum Input<'a> {
    /// The stream that [`Output::Connect`] asked for is there.
    Connected,
    /// It could not be had.
    ConnectFailed(Error),
    /// Bytes came.
    Received(&'a [u8]),
    /// The stream ended; with an error, if it did not end well.
    Ended(Option<Error>),
    /// The TLS that [`Output::RestartTls`] asked for is there.
    TlsRestarted,
    /// The signature that [`Output::Sign`] asked for, or why there is none.
    Signed(Result<Vec<u8>>),
    /// The time that [`Output::Timeout`] named has come, or may have.
    Tick,
}

/// What to do. `Debug` shows how many bytes there are, not which: a token may be among them.
pub enum Output {
    /// Open a stream, after dropping the one that may be open.
    Connect(Box<ConnectTarget>),
    /// Send bytes.
    Transmit(Vec<u8>),
    /// Begin TLS anew on the same stream.
    RestartTls,
    /// Sign these bytes with the private key of the session's token (RSASSA-PKCS1-v1_5 with
    /// SHA-256).
    Sign(Vec<u8>),
    /// Close the stream.
    Disconnect,
    /// Something came to its end.
    Event(Event),
    /// Nothing more for now; wait for input, or until the time given.
    Timeout(Option<Timestamp>),
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Input::Connected => f.write_str("Connected"),
            Input::ConnectFailed(error) => f.debug_tuple("ConnectFailed").field(error).finish(),
            Input::Received(bytes) => write!(f, "Received({} bytes)", bytes.len()),
            Input::Ended(error) => f.debug_tuple("Ended").field(error).finish(),
            Input::TlsRestarted => f.write_str("TlsRestarted"),
            Input::Signed(Ok(signature)) => write!(f, "Signed({} bytes)", signature.len()),
            Input::Signed(Err(error)) => f.debug_tuple("Signed").field(error).finish(),
            Input::Tick => f.write_str("Tick"),
        }
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Output::Connect(target) => f.debug_tuple("Connect").field(target).finish(),
            Output::Transmit(bytes) => write!(f, "Transmit({} bytes)", bytes.len()),
            Output::RestartTls => f.write_str("RestartTls"),
            Output::Sign(message) => write!(f, "Sign({} bytes)", message.len()),
            Output::Disconnect => f.write_str("Disconnect"),
            Output::Event(event) => f.debug_tuple("Event").field(event).finish(),
            Output::Timeout(when) => f.debug_tuple("Timeout").field(when).finish(),
        }
    }
}

/// Something that came to its end.
#[derive(Debug)]
pub enum Event {
    /// The session is logged on.
    LoggedOn,
    /// A statement was run.
    Executed(Box<ExecuteOutcome>),
    /// Rows were fetched.
    Fetched {
        /// The rows.
        batch: RowBatch,
        /// The cursor may have more.
        more_rows: bool,
    },
    /// A pipeline is over: what each operation gave.
    Pipelined(Vec<Result<PipelineOutcome>>),
    /// A distributed transaction got where it was to get.
    TransactionChanged {
        /// It is prepared, and has to be committed or rolled back.
        needs_commit: bool,
    },
    /// Any other call is done.
    Done,
    /// The session is logged off.
    LoggedOff,
    /// What was under way failed. [`Error::is_fatal`] tells whether the session goes on.
    Failed(Error),
}

#[derive(Debug)]
pub(super) enum Stage {
    /// Waits before the addresses are tried again.
    Waiting(Timestamp),
    /// A stream is being opened.
    Connecting,
    /// CONNECT was sent.
    Opening,
    /// Logging on.
    LoggingOn(LogOnStep),
    /// Nothing is under way.
    Ready,
    /// A call is under way.
    Calling(Purpose),
    /// It is over, and why.
    Over(Error),
}

#[derive(Debug)]
pub(super) enum Purpose {
    Execute(Box<Running>),
    Fetch(CursorHandle),
    Simple,
    Commit,
    Rollback,
    /// A transaction is started, attached or detached.
    Switch,
    /// A distributed transaction changes its state.
    Change(TpcChange),
    Pipeline(Box<Pipeline>),
    LogOff,
}

/// Why a call is being broken off.
#[derive(Debug)]
pub(super) enum Broken {
    /// It took too long.
    TimedOut(Duration),
    /// The caller wants it to end.
    Cancelled,
}

#[derive(Debug)]
pub(super) struct OpenCursor {
    pub(super) statement: Statement,
    pub(super) last: LastRow,
}

/// The address that is being tried.
#[derive(Debug)]
pub(super) struct Trying {
    pub(super) target: ConnectTarget,
    pub(super) connect_data: String,
    /// CONNECT_TIMEOUT: the attempt, log-on and all, must be over by then.
    pub(super) until: Option<Timestamp>,
    pub(super) redirects: u32,
    pub(super) resends: u32,
}

/// One session with a database.
#[derive(Debug)]
pub struct Session {
    pub(super) options: SessionOptions,
    pub(super) entropy: SessionEntropy,
    /// When the session was made.
    pub(super) made: Timestamp,
    pub(super) plan: ConnectPlan,
    pub(super) trying: Option<Trying>,
    pub(super) failures: Vec<String>,
    pub(super) stage: Stage,
    pub(super) connection: Connection,
    pub(super) cache: StatementCache,
    pub(super) open: BTreeMap<CursorHandle, OpenCursor>,
    pub(super) next_handle: u64,
    pub(super) outputs: VecDeque<Output>,
    pub(super) info: SessionInfo,
    pub(super) banner: String,
    pub(super) pending: Pending,
    pub(super) current_schema: Option<String>,
    pub(super) deadline: Option<Timestamp>,
    pub(super) call_timeout: Option<Duration>,
    pub(super) broken: Option<Broken>,
    pub(super) in_transaction: bool,
    pub(super) sessionless: Sessionless,
    /// What names the distributed transaction that is attached.
    pub(super) transaction_context: Option<Vec<u8>>,
    /// What a new password would be encrypted with.
    pub(super) combo_key: Option<ComboKey>,
    pub(super) round_trips: u64,
}

/// What rides in front of the next call.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) schema: Option<String>,
    pub(super) end_to_end: EndToEnd,
    /// Bits of the session state piggyback: a request begins, a request ends.
    pub(super) session_state: u64,
}

impl Session {
    /// A session that wants to be opened; [`Session::poll_output`] begins with
    /// [`Output::Connect`].
    pub fn new(now: Timestamp, options: SessionOptions, entropy: SessionEntropy) -> Session {
        let plan = options.descriptor.plan(entropy.plan_seed);
        let cache = StatementCache::new(options.statement_cache_size);
        let mut session = Session {
            options,
            entropy,
            made: now,
            plan,
            trying: None,
            failures: Vec::new(),
            stage: Stage::Connecting,
            connection: Connection::new(),
            cache,
            open: BTreeMap::new(),
            next_handle: 1,
            outputs: VecDeque::new(),
            info: SessionInfo::default(),
            banner: String::new(),
            pending: Pending::default(),
            current_schema: None,
            deadline: None,
            call_timeout: None,
            broken: None,
            in_transaction: false,
            sessionless: Sessionless::default(),
            transaction_context: None,
            combo_key: None,
            round_trips: 0,
        };
        session.try_next(now, None);
        session
    }

    /// What the server said of itself at log-on.
    pub fn info(&self) -> &SessionInfo {
        &self.info
    }

    /// What client and server agreed on.
    pub fn capabilities(&self) -> &Capabilities {
        &self.connection.caps
    }

    /// Whether a transaction is open, as far as the server's last answer told.
    pub fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// The schema that names without one are looked up in, if the server told a change.
    pub fn current_schema(&self) -> Option<&str> {
        self.current_schema.as_deref()
    }

    /// How many calls were sent since the session was made, log-on and all.
    pub fn round_trips(&self) -> u64 {
        self.round_trips
    }

    /// How long each call may take; `None` for no limit.
    pub fn set_call_timeout(&mut self, timeout: Option<Duration>) {
        self.call_timeout = timeout.filter(|timeout| !timeout.is_zero());
    }

    /// The limit that [`Session::set_call_timeout`] set.
    pub fn call_timeout(&self) -> Option<Duration> {
        self.call_timeout
    }

    /// Changes the current schema with the next call.
    pub fn set_current_schema(&mut self, schema: &str) {
        self.pending.schema = Some(schema.to_owned());
        self.current_schema = Some(schema.to_owned());
    }

    /// Tells the server's monitoring about the session, with the next call.
    pub fn set_end_to_end(&mut self, changes: EndToEnd) {
        let pending = &mut self.pending.end_to_end;
        let set = |slot: &mut Option<String>, value: Option<String>| {
            if value.is_some() {
                *slot = value;
            }
        };
        set(&mut pending.client_identifier, changes.client_identifier);
        set(&mut pending.module, changes.module);
        set(&mut pending.action, changes.action);
        set(&mut pending.client_info, changes.client_info);
        set(&mut pending.dbop, changes.dbop);
    }

    /// Marks the beginning of a request, with the next call: the database may then replay what
    /// follows elsewhere, or move the session, and resets what a request before left behind.
    ///
    /// Servers before 12.2 do not understand this and hear nothing of it.
    pub fn begin_request(&mut self) {
        self.mark_request(REQUEST_BEGIN);
    }

    /// Marks the end of a request, with the next call.
    pub fn end_request(&mut self) {
        self.mark_request(REQUEST_END);
    }

    fn mark_request(&mut self, mark: u64) {
        if self.connection.caps.request_boundaries {
            self.pending.session_state |= mark;
        }
    }

    /// Whether nothing is under way and a call may begin.
    pub fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready)
    }

    /// Why the session is over, if it is.
    pub fn over(&self) -> Option<&Error> {
        match &self.stage {
            Stage::Over(error) => Some(error),
            _ => None,
        }
    }

    /// When what is under way will have taken too long: what [`Output::Timeout`] tells.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    /// Takes what happened.
    pub fn handle_input(&mut self, now: Timestamp, input: Input<'_>) {
        if let Stage::Over(_) = self.stage {
            return;
        }
        let result = match input {
            Input::Connected => self.handle_connected(now),
            Input::ConnectFailed(error) => {
                self.try_next(now, Some(error));
                Ok(())
            }
            Input::TlsRestarted => {
                self.send_connect(now, 0);
                Ok(())
            }
            Input::Signed(signature) => self.handle_signed(now, signature),
            Input::Received(bytes) => self.handle_bytes(now, bytes),
            Input::Ended(error) => self.handle_end(now, error),
            Input::Tick => self.handle_tick(now),
        };
        match result {
            Ok(()) => {}
            // A listener that talks nonsense is no better than one that is not there.
            Err(error @ (Error::Malformed(_) | Error::PeerMisbehaved { .. }))
                if matches!(self.stage, Stage::Opening) =>
            {
                self.connection.take_output();
                self.try_next(now, Some(error));
            }
            Err(error) => self.end(error),
        }
        self.collect_output();
    }

    /// What to do next. Ends with [`Output::Timeout`].
    pub fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or(Output::Timeout(match self.stage {
            Stage::Waiting(until) => Some(until),
            _ => self.deadline,
        }))
    }

    pub(super) fn collect_output(&mut self) {
        if let Some(bytes) = self.connection.take_output() {
            self.outputs.push_back(Output::Transmit(bytes));
        }
    }

    pub(super) fn event(&mut self, event: Event) {
        self.deadline = None;
        self.broken = None;
        self.collect_output();
        self.outputs.push_back(Output::Event(event));
    }

    pub(super) fn handle_bytes(&mut self, now: Timestamp, bytes: &[u8]) -> Result<()> {
        self.connection.handle_input(bytes)?;
        while let Some(finished) = self.connection.take_finished() {
            match finished {
                Finished::Opening(event) => self.handle_opening(now, event)?,
                Finished::Call(response) => self.handle_response(now, *response)?,
            }
        }
        if self.connection.is_at_end() && self.connection.is_busy() {
            return Err(Error::closed("the server ended the session in the middle of a call"));
        }
        Ok(())
    }

    pub(super) fn handle_end(&mut self, now: Timestamp, error: Option<Error>) -> Result<()> {
        let midway = if self.connection.is_midway() { " in the middle of a packet" } else { "" };
        let error =
            error.unwrap_or_else(|| Error::closed(format!("the server closed the stream{midway}")));
        if matches!(self.stage, Stage::Opening | Stage::Connecting) {
            // Some listeners hang up instead of refusing: try the next address.
            self.try_next(now, Some(error));
            return Ok(());
        }
        if matches!(self.stage, Stage::Calling(Purpose::LogOff)) {
            self.logged_off();
            return Ok(());
        }
        Err(error)
    }

    pub(super) fn handle_tick(&mut self, now: Timestamp) -> Result<()> {
        if let Stage::Waiting(until) = self.stage {
            if now >= until {
                self.try_next(now, None);
            }
            return Ok(());
        }
        let Some(deadline) = self.deadline.filter(|deadline| now >= *deadline) else {
            return Ok(());
        };
        self.deadline = None;
        match &self.stage {
            Stage::Opening => {
                let error = self.log_on_timed_out("waiting for the listener's answer");
                self.try_next(now, Some(error));
                Ok(())
            }
            Stage::LoggingOn(LogOnStep::Signature(_)) => {
                Err(self.log_on_timed_out("waiting for the signature that goes with the token"))
            }
            Stage::LoggingOn(_) => Err(self.log_on_timed_out("logging on")),
            Stage::Calling(Purpose::Pipeline(_)) => Err(Error::closed(
                "the pipeline took longer than the call timeout, and cannot be broken off",
            )),
            Stage::Calling(_) if self.broken.is_none() => {
                let timeout = self.call_timeout.unwrap_or(CANCEL_TIMEOUT);
                self.broken = Some(Broken::TimedOut(timeout));
                self.connection.interrupt();
                self.deadline = Some(deadline + timeout.max(MIN_BREAK_TIMEOUT));
                Ok(())
            }
            Stage::Calling(_) => Err(Error::closed(match &self.broken {
                Some(Broken::TimedOut(after)) => format!(
                    "call timeout of {} ms exceeded, and the server did not heed the break in \
                     time",
                    after.as_millis()
                ),
                _ => "the server did not heed the break in time".to_owned(),
            })),
            _ => Ok(()),
        }
    }

    pub(super) fn handle_response(&mut self, now: Timestamp, response: Response) -> Result<()> {
        let outcome = self.outcome_if_lost();
        self.note_changes(&response);
        let result = match std::mem::replace(&mut self.stage, Stage::Ready) {
            Stage::LoggingOn(step) => self.advance_log_on(now, step, response),
            Stage::Calling(purpose) => self.finish_call(purpose, response),
            other => {
                self.stage = other;
                Err(Error::misbehaved("an answer came although nothing was asked"))
            }
        };
        result.map_err(|error| outcome::with_outcome(error, outcome))
    }

    pub(super) fn logged_off(&mut self) {
        self.connection.send_end_of_stream();
        self.event(Event::LoggedOff);
        self.outputs.push_back(Output::Disconnect);
        self.stage = Stage::Over(Error::closed("it was closed by the caller"));
    }

    /// Something failed that was not an answer to a statement.
    pub(super) fn end(&mut self, error: Error) {
        let error = outcome::with_outcome(error, self.outcome_if_lost());
        self.event(Event::Failed(error.clone()));
        self.outputs.push_back(Output::Disconnect);
        self.stage = Stage::Over(error);
        self.open.clear();
        self.sessionless.note(sessionless::Event::Lost);
    }
}

/// Grace for a server to answer a break when the caller set no limit of its own.
pub(super) const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);
/// Even where calls may take only moments, a break may take this long.
pub(super) const MIN_BREAK_TIMEOUT: Duration = Duration::from_secs(1);
