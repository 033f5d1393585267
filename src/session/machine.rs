//! The machine: what happened goes in, what to do comes out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::execute::{CursorHandle, ExecuteOutcome, ExecuteRequest, Progress, Running};
use super::log_on::{self, LogOnStep, SessionInfo};
use super::options::{SessionEntropy, SessionOptions};
use super::refused;
use super::statement_cache::{Statement, StatementCache};
use crate::connect_string::{Address, Attempt, ConnectPlan, Description, Redirect, Step};
use crate::error::{Error, Result};
use crate::protocol::{Connection, Expect, Finished, LastRow, OpeningEvent, Response, RowBatch};
use crate::time::Timestamp;
use crate::wire::Writer;
use crate::wire::capabilities::{Capabilities, TNS_VERSION_MIN_ACCEPTED};
use crate::wire::connect::Connect;
use crate::wire::packet::packet_flag;
use crate::wire::ttc::codes::{call_status, error_number, function};
use crate::wire::ttc::execute::write_fetch;
use crate::wire::ttc::function::write_call;
use crate::wire::ttc::piggyback::{EndToEnd, write_close_cursors, write_current_schema};
use crate::wire::ttc::server_piggyback::SessionChange;

/// A server that redirects more often than this is going round in circles.
const MAX_REDIRECTS: u32 = 10;
/// A server that wants CONNECT again more often than this will never have enough.
const MAX_RESENDS: u32 = 5;

/// Where a stream shall lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectTarget {
    /// The address.
    pub address: Address,
    /// The description that it belongs to: TLS, time-outs, service.
    pub description: Arc<Description>,
}

/// What happened.
#[derive(Debug)]
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
    /// The time that [`Output::Timeout`] named has come, or may have.
    Tick,
}

/// What to do.
#[derive(Debug)]
pub enum Output {
    /// Open a stream, after dropping the one that may be open.
    Connect(Box<ConnectTarget>),
    /// Send bytes.
    Transmit(Vec<u8>),
    /// Begin TLS anew on the same stream.
    RestartTls,
    /// Close the stream.
    Disconnect,
    /// Something came to its end.
    Event(Event),
    /// Nothing more for now; wait for input, or until the time given.
    Timeout(Option<Timestamp>),
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
    /// Any other call is done.
    Done,
    /// The session is logged off.
    LoggedOff,
    /// What was under way failed. [`Error::is_fatal`] tells whether the session goes on.
    Failed(Error),
}

#[derive(Debug)]
enum Stage {
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
enum Purpose {
    Execute(Box<Running>),
    Fetch(CursorHandle),
    Simple,
    LogOff,
}

/// Why a call is being broken off.
#[derive(Debug)]
enum Broken {
    /// It took too long.
    TimedOut(Duration),
    /// The caller wants it to end.
    Cancelled,
}

#[derive(Debug)]
struct OpenCursor {
    statement: Statement,
    last: LastRow,
}

/// The address that is being tried.
#[derive(Debug)]
struct Trying {
    target: ConnectTarget,
    connect_data: String,
    redirects: u32,
    resends: u32,
}

/// One session with a database.
#[derive(Debug)]
pub struct Session {
    options: SessionOptions,
    entropy: SessionEntropy,
    plan: ConnectPlan,
    trying: Option<Trying>,
    failures: Vec<String>,
    stage: Stage,
    connection: Connection,
    cache: StatementCache,
    open: BTreeMap<CursorHandle, OpenCursor>,
    next_handle: u64,
    outputs: VecDeque<Output>,
    info: SessionInfo,
    banner: String,
    pending: Pending,
    current_schema: Option<String>,
    deadline: Option<Timestamp>,
    call_timeout: Option<Duration>,
    broken: Option<Broken>,
    in_transaction: bool,
    round_trips: u64,
}

/// What rides in front of the next call.
#[derive(Debug, Default)]
struct Pending {
    schema: Option<String>,
    end_to_end: EndToEnd,
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

    /// Runs a statement; ends with [`Event::Executed`] or [`Event::Failed`].
    ///
    /// # Errors
    /// If a call cannot begin now, or the binds do not fit the statement; nothing was sent then.
    pub fn execute(&mut self, now: Timestamp, request: ExecuteRequest) -> Result<()> {
        self.check_ready()?;
        self.prepare_front();
        let running = Running::start(request, &mut self.connection, &mut self.cache)?;
        self.begin(now, Purpose::Execute(Box::new(running)));
        Ok(())
    }

    /// Fetches up to `rows` more rows; ends with [`Event::Fetched`] or [`Event::Failed`].
    ///
    /// # Errors
    /// If a call cannot begin now, or the cursor is not open.
    pub fn fetch(&mut self, now: Timestamp, cursor: CursorHandle, rows: u32) -> Result<()> {
        self.check_ready()?;
        let Some(OpenCursor { statement, last }) = self.open.get_mut(&cursor) else {
            return Err(Error::misuse("the cursor is not open", "run the query again"));
        };
        let expect = Expect::Execute {
            columns: statement.columns.clone(),
            bind_types: Vec::new(),
            directions: Vec::new(),
            returning: false,
            dml_row_counts: false,
        };
        let (cursor_id, last) = (statement.cursor_id, std::mem::take(last));
        let mut message = self.front();
        let version = self.connection.caps.field_version;
        let sequence = &mut self.connection.sequence;
        write_fetch(&mut message, sequence, version, cursor_id, rows.max(1));
        self.connection.call(message, expect, last);
        self.begin(now, Purpose::Fetch(cursor));
        Ok(())
    }

    /// Closes a cursor. Costs nothing: the server hears of it with the next call.
    pub fn close_cursor(&mut self, cursor: CursorHandle) {
        if let Some(OpenCursor { statement, .. }) = self.open.remove(&cursor) {
            self.cache.give_back(statement);
        }
    }

    /// Commits; ends with [`Event::Done`] or [`Event::Failed`].
    ///
    /// # Errors
    /// If a call cannot begin now.
    pub fn commit(&mut self, now: Timestamp) -> Result<()> {
        self.simple(now, function::COMMIT, Purpose::Simple)
    }

    /// Rolls back; ends with [`Event::Done`] or [`Event::Failed`].
    ///
    /// # Errors
    /// If a call cannot begin now.
    pub fn rollback(&mut self, now: Timestamp) -> Result<()> {
        self.simple(now, function::ROLLBACK, Purpose::Simple)
    }

    /// Asks whether the server is there; ends with [`Event::Done`] or [`Event::Failed`].
    ///
    /// # Errors
    /// If a call cannot begin now.
    pub fn ping(&mut self, now: Timestamp) -> Result<()> {
        self.simple(now, function::PING, Purpose::Simple)
    }

    /// Logs off; ends with [`Event::LoggedOff`] or [`Event::Failed`]. The server rolls back what
    /// was not committed.
    ///
    /// # Errors
    /// If a call cannot begin now.
    pub fn log_off(&mut self, now: Timestamp) -> Result<()> {
        self.simple(now, function::LOGOFF, Purpose::LogOff)
    }

    /// Asks the server to end the call that is under way, which then fails with ORA-01013.
    pub fn cancel(&mut self, now: Timestamp) {
        if matches!(self.stage, Stage::Calling(_)) && self.broken.is_none() {
            self.broken = Some(Broken::Cancelled);
            self.connection.interrupt();
            // A server that does not heed the break must not hold the caller for ever.
            self.deadline = Some(now + self.call_timeout.unwrap_or(CANCEL_TIMEOUT));
            self.collect_output();
        }
    }

    fn simple(&mut self, now: Timestamp, function: u8, purpose: Purpose) -> Result<()> {
        self.check_ready()?;
        let mut message = self.front();
        let version = self.connection.caps.field_version;
        write_call(&mut message, function, &mut self.connection.sequence, version);
        self.connection.call(message, Expect::Plain, LastRow::default());
        self.begin(now, purpose);
        Ok(())
    }

    fn check_ready(&mut self) -> Result<()> {
        match &self.stage {
            Stage::Ready => {}
            Stage::Over(error) => return Err(as_closed(error)),
            _ => {
                return Err(Error::misuse(
                    "another call is under way on this session",
                    "wait for its end",
                ));
            }
        }
        if let Some(number) = self.connection.notification() {
            let error = Error::closed(format!("the server sent ORA-{number:05} between calls"));
            self.end(error.clone());
            return Err(error);
        }
        Ok(())
    }

    /// What [`Running`] cannot know of rides in front: write it now.
    fn prepare_front(&mut self) {
        let mut front = std::mem::take(&mut self.pending);
        if front.schema.is_none() && front.end_to_end.is_empty() {
            return;
        }
        let mut message = Writer::new();
        let version = self.connection.caps.field_version;
        let sequence = &mut self.connection.sequence;
        if let Some(schema) = front.schema.take() {
            write_current_schema(&mut message, sequence, version, &schema);
        }
        if !front.end_to_end.is_empty() {
            front.end_to_end.encode(&mut message, sequence, version);
        }
        self.connection.set_front(message);
    }

    /// A message with everything that rides in front of the next call.
    fn front(&mut self) -> Writer {
        self.prepare_front();
        let mut message = self.connection.writer();
        write_piggybacks(&mut self.connection, &mut message, &mut self.cache);
        message
    }

    fn begin(&mut self, now: Timestamp, purpose: Purpose) {
        self.stage = Stage::Calling(purpose);
        self.broken = None;
        self.deadline = self.call_timeout.map(|timeout| now + timeout);
        self.collect_output();
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
            Input::Received(bytes) => self.handle_bytes(now, bytes),
            Input::Ended(error) => self.handle_end(now, error),
            Input::Tick => self.handle_tick(now),
        };
        if let Err(error) = result {
            self.end(error);
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

    fn collect_output(&mut self) {
        if let Some(bytes) = self.connection.take_output() {
            self.outputs.push_back(Output::Transmit(bytes));
        }
    }

    fn event(&mut self, event: Event) {
        self.deadline = None;
        self.broken = None;
        self.collect_output();
        self.outputs.push_back(Output::Event(event));
    }

    // ---- from an address to ACCEPT

    fn try_next(&mut self, now: Timestamp, failure: Option<Error>) {
        self.deadline = None;
        if let (Some(error), Some(trying)) = (&failure, &self.trying) {
            self.failures.push(format!("{}: {error}", trying.target.address.authority()));
        }
        match self.plan.next() {
            Some(Step::Attempt(Attempt { description, address })) => {
                let connection_id = self.connection_id();
                let connect_data = description.connect_data(&self.options.client, &connection_id);
                let target = ConnectTarget { address, description };
                self.trying =
                    Some(Trying { target: target.clone(), connect_data, redirects: 0, resends: 0 });
                self.stage = Stage::Connecting;
                self.outputs.push_back(Output::Connect(Box::new(target)));
            }
            Some(Step::Wait(delay)) => {
                self.outputs.push_back(Output::Disconnect);
                self.stage = Stage::Waiting(now + delay);
            }
            None => {
                let error = self.all_failed(failure);
                self.end(error);
            }
        }
    }

    /// One failure is told as it is; of several, each is told.
    fn all_failed(&mut self, last: Option<Error>) -> Error {
        let failures = std::mem::take(&mut self.failures);
        match (failures.len(), last) {
            (0 | 1, Some(error)) => error,
            (0, None) => Error::misuse("the connect string has no address", ""),
            (_, last) => Error::transport(
                format!("connecting ({} attempts)", failures.len()),
                failures.join("; "),
                match last {
                    Some(Error::Database(error)) => format!("the last was {}", error.code()),
                    _ => String::new(),
                },
            ),
        }
    }

    fn connection_id(&self) -> String {
        base64(&self.entropy.connection_id)
    }

    fn handle_connected(&mut self, now: Timestamp) -> Result<()> {
        if !matches!(self.stage, Stage::Connecting) {
            return Err(Error::misuse("a stream came that was not asked for", ""));
        }
        self.connection = Connection::new();
        let flags = match &self.trying {
            Some(trying) if trying.redirects > 0 => packet_flag::REDIRECT,
            _ => 0,
        };
        self.send_connect(now, flags);
        Ok(())
    }

    fn send_connect(&mut self, now: Timestamp, packet_flags: u8) {
        let Some(trying) = &self.trying else { return };
        let sdu = trying.target.description.sdu;
        self.connection.open(&Connect { data: &trying.connect_data, sdu, packet_flags });
        self.round_trips += 1;
        self.stage = Stage::Opening;
        self.await_log_on(now);
    }

    fn await_log_on(&mut self, now: Timestamp) {
        self.deadline = self.options.log_on_timeout.map(|timeout| now + timeout);
    }

    fn handle_opening(&mut self, now: Timestamp, event: OpeningEvent) -> Result<()> {
        let Some(trying) = &mut self.trying else {
            return Err(Error::misbehaved("an answer to a CONNECT that was not sent"));
        };
        match event {
            OpeningEvent::Accepted(accept) => {
                if accept.protocol_version < TNS_VERSION_MIN_ACCEPTED {
                    return Err(log_on::server_too_old());
                }
                if accept.native_encryption_required {
                    return Err(Error::unsupported(
                        "native network encryption and integrity, which this server requires,",
                        "connect with TLS (protocol tcps), or set SQLNET.ENCRYPTION_SERVER and \
                         SQLNET.CRYPTO_CHECKSUM_SERVER to ACCEPTED in the server's sqlnet.ora",
                    ));
                }
                let step = log_on::begin(&mut self.connection, &self.options);
                self.round_trips += 1;
                self.stage = Stage::LoggingOn(step);
                self.await_log_on(now);
            }
            OpeningEvent::Refused(refuse) => {
                let error =
                    refused::error(&refuse, &trying.target.description, &trying.target.address);
                self.try_next(now, Some(error));
            }
            OpeningEvent::Resend { restart_tls } => {
                trying.resends += 1;
                if trying.resends > MAX_RESENDS {
                    return Err(Error::misbehaved(format!(
                        "the listener asked for CONNECT {MAX_RESENDS} times"
                    )));
                }
                if restart_tls {
                    self.outputs.push_back(Output::RestartTls);
                } else {
                    self.send_connect(now, 0);
                }
            }
            OpeningEvent::Redirected { text } => {
                trying.redirects += 1;
                if trying.redirects > MAX_REDIRECTS {
                    return Err(Error::misbehaved(format!(
                        "the listener redirected {MAX_REDIRECTS} times"
                    )));
                }
                let redirect = Redirect::parse(&text, &trying.target.address)?;
                trying.target.address = redirect.address;
                if let Some(connect_data) = redirect.connect_data {
                    trying.connect_data = connect_data;
                }
                let target = Box::new(trying.target.clone());
                self.stage = Stage::Connecting;
                self.deadline = None;
                self.outputs.push_back(Output::Connect(target));
            }
        }
        Ok(())
    }

    // ---- bytes, ends and times

    fn handle_bytes(&mut self, now: Timestamp, bytes: &[u8]) -> Result<()> {
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

    fn handle_end(&mut self, now: Timestamp, error: Option<Error>) -> Result<()> {
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

    fn handle_tick(&mut self, now: Timestamp) -> Result<()> {
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
            Stage::LoggingOn(_) => Err(self.log_on_timed_out("logging on")),
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

    fn log_on_timed_out(&self, doing: &str) -> Error {
        let address = self.trying.as_ref().map(|trying| trying.target.address.authority());
        Error::TimedOut {
            doing: format!("{doing} ({})", address.unwrap_or_default()),
            after: self.options.log_on_timeout.unwrap_or_default(),
        }
    }

    // ---- answers

    fn handle_response(&mut self, now: Timestamp, response: Response) -> Result<()> {
        self.note_changes(&response);
        match std::mem::replace(&mut self.stage, Stage::Ready) {
            Stage::LoggingOn(step) => self.advance_log_on(now, step, response),
            Stage::Calling(purpose) => self.finish_call(purpose, response),
            other => {
                self.stage = other;
                Err(Error::misbehaved("an answer came although nothing was asked"))
            }
        }
    }

    fn advance_log_on(
        &mut self,
        now: Timestamp,
        step: LogOnStep,
        response: Response,
    ) -> Result<()> {
        let connect_string = self
            .trying
            .as_ref()
            .map(|trying| trying.target.description.log_on_text(&self.connection_id()))
            .unwrap_or_default();
        let next = log_on::advance(
            step,
            response,
            &mut self.connection,
            &self.options,
            &self.entropy,
            &connect_string,
            &mut self.banner,
        )?;
        match next {
            Ok(step) => {
                self.round_trips += 1;
                self.stage = Stage::LoggingOn(step);
                self.await_log_on(now);
            }
            Err(info) => {
                self.info = info;
                self.stage = Stage::Ready;
                self.failures.clear();
                self.event(Event::LoggedOn);
            }
        }
        Ok(())
    }

    /// The stage is already [`Stage::Ready`]: an error from here on leaves the session usable,
    /// unless it is fatal.
    fn finish_call(&mut self, purpose: Purpose, response: Response) -> Result<()> {
        self.round_trips += 1;
        let broken = self.broken.take();
        let result = match purpose {
            Purpose::Execute(running) => self.finish_execute(*running, response),
            Purpose::Fetch(cursor) => self.finish_fetch(cursor, response),
            Purpose::Simple => check(&response).map(|()| Some(Event::Done)),
            Purpose::LogOff => {
                self.logged_off();
                return Ok(());
            }
        };
        match (result, broken) {
            (Ok(Some(event)), None) => self.event(event),
            (Ok(Some(event)), Some(broken)) => {
                self.discard(event);
                self.event(Event::Failed(why(&broken)));
            }
            (Ok(None), broken) => self.broken = broken,
            (Err(Error::Database(error)), Some(Broken::TimedOut(after)))
                if error.number == error_number::USER_CANCELLED =>
            {
                self.event(Event::Failed(why(&Broken::TimedOut(after))));
            }
            (Err(error), _) if error.is_fatal() => return Err(error),
            (Err(error), _) => self.event(Event::Failed(error)),
        }
        Ok(())
    }

    fn finish_execute(&mut self, running: Running, response: Response) -> Result<Option<Event>> {
        match running.advance(response, &mut self.connection, &mut self.cache)? {
            Progress::Again(running) => {
                self.stage = Stage::Calling(Purpose::Execute(running));
                Ok(None)
            }
            Progress::Done(done) => {
                let (statement, mut outcome, more_rows) = *done;
                if more_rows {
                    let handle = CursorHandle(self.next_handle);
                    self.next_handle += 1;
                    let last = outcome.batch.as_ref().map(RowBatch::last_row).unwrap_or_default();
                    self.open.insert(handle, OpenCursor { statement, last });
                    outcome.cursor = Some(handle);
                } else {
                    self.cache.give_back(statement);
                }
                Ok(Some(Event::Executed(Box::new(outcome))))
            }
        }
    }

    fn finish_fetch(
        &mut self,
        cursor: CursorHandle,
        mut response: Response,
    ) -> Result<Option<Event>> {
        let number = response.error.as_ref().map_or(0, |error| error.number);
        let Some(mut open) = self.open.remove(&cursor) else {
            return Err(Error::misuse("the cursor was closed while rows were fetched", ""));
        };
        if number != 0 && number != error_number::NO_DATA_FOUND {
            self.cache.close(open.statement.forget_cursor());
            self.cache.give_back(open.statement);
            return check(&response).map(|()| None);
        }
        let Some(batch) = response.rows.take() else {
            self.cache.give_back(open.statement);
            return Err(Error::misbehaved("the answer to a fetch has no rows in it"));
        };
        let more_rows = number == 0;
        if more_rows {
            if !batch.is_empty() {
                open.last = batch.last_row();
            }
            self.open.insert(cursor, open);
        } else {
            self.cache.give_back(open.statement);
        }
        Ok(Some(Event::Fetched { batch, more_rows }))
    }

    /// A call that was broken off came to its end all the same; nobody waits for what it gave.
    fn discard(&mut self, event: Event) {
        if let Event::Executed(outcome) = event
            && let Some(cursor) = outcome.cursor
        {
            self.close_cursor(cursor);
        }
    }

    fn note_changes(&mut self, response: &Response) {
        if response.call_status != 0 || response.error.is_some() {
            self.in_transaction = response.call_status & call_status::TRANSACTION_IN_PROGRESS != 0;
        }
        let mut cursors_gone = response.call_status & call_status::SESSION_RELEASED != 0;
        for change in response.changes.iter().chain(&response.returned.changes) {
            match change {
                SessionChange::CurrentSchema(schema) => self.current_schema = Some(schema.clone()),
                SessionChange::Session { changed: true, .. } => cursors_gone = true,
                _ => {}
            }
        }
        if cursors_gone {
            self.cache.forget_all_cursors();
            for open in self.open.values_mut() {
                open.statement.forget_cursor();
            }
        }
    }

    // ---- ends

    fn logged_off(&mut self) {
        self.connection.send_end_of_stream();
        self.event(Event::LoggedOff);
        self.outputs.push_back(Output::Disconnect);
        self.stage = Stage::Over(Error::closed("it was closed by the caller"));
    }

    /// Something failed that was not an answer to a statement.
    fn end(&mut self, error: Error) {
        self.event(Event::Failed(error.clone()));
        self.outputs.push_back(Output::Disconnect);
        self.stage = Stage::Over(error);
        self.open.clear();
    }
}

/// Grace for a server to answer a break when the caller set no limit of its own.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);
/// Even where calls may take only moments, a break may take this long.
const MIN_BREAK_TIMEOUT: Duration = Duration::from_secs(1);

fn why(broken: &Broken) -> Error {
    match broken {
        Broken::TimedOut(after) => Error::TimedOut { doing: "call".to_owned(), after: *after },
        Broken::Cancelled => Error::Cancelled,
    }
}

/// What a call on a session that is over gets.
fn as_closed(error: &Error) -> Error {
    match error {
        Error::Closed { .. } => error.clone(),
        other => Error::closed(format!("it ended before: {other}")),
    }
}

fn check(response: &Response) -> Result<()> {
    match response.error.as_ref().filter(|error| error.number != 0) {
        Some(error) => Err(error.to_db_error().into()),
        None => Ok(()),
    }
}

/// Writes everything that rides in front of a call.
pub(super) fn write_piggybacks(
    connection: &mut Connection,
    message: &mut Writer,
    cache: &mut StatementCache,
) {
    connection.take_front(message);
    let cursors = cache.take_cursors_to_close();
    if !cursors.is_empty() {
        let version = connection.caps.field_version;
        write_close_cursors(message, &mut connection.sequence, version, &cursors);
    }
}

/// Base64 with padding, for the connection's identifier.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit > chunk.len() {
                text.push('=');
                continue;
            }
            let index = usize::try_from(group >> (18 - 6 * digit) & 63).unwrap_or(0);
            text.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'A')));
        }
    }
    text
}
