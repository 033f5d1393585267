//! Calls on a session that is logged on, and what their answers mean.

use super::execute::{CursorHandle, ExecuteRequest, Progress, Running};
use super::machine::{Broken, CANCEL_TIMEOUT, Event, OpenCursor, Purpose, Session, Stage};
use super::pipeline::PipelineOutcome;
use super::statement_cache::StatementCache;
use super::user::UserName;
use crate::auth::{Secret, mode, o5logon};
use crate::error::{Error, Result};
use crate::protocol::{Connection, Expect, LastRow, Response};
use crate::time::Timestamp;
use crate::wire::Writer;
use crate::wire::ttc::auth::{AuthPhase, KeyValue, write_auth};
use crate::wire::ttc::codes::{call_status, error_number, function};
use crate::wire::ttc::execute::write_fetch;
use crate::wire::ttc::function::write_call;
use crate::wire::ttc::piggyback::{write_close_cursors, write_current_schema, write_session_state};
use crate::wire::ttc::server_piggyback::SessionChange;

impl Session {
    /// Runs a statement; ends with [`Event::Executed`] or [`Event::Failed`].
    ///
    /// # Errors
    /// If a call cannot begin now, or the binds do not fit the statement; nothing was sent then.
    pub fn execute(&mut self, now: Timestamp, request: ExecuteRequest) -> Result<()> {
        self.check_ready()?;
        let mut running = self.prepare_execute(request)?;
        self.prepare_front();
        running.send(&mut self.connection, &mut self.cache);
        self.begin(now, Purpose::Execute(Box::new(running)));
        Ok(())
    }

    /// Checks a request before anything of it is sent.
    pub(super) fn prepare_execute(&mut self, request: ExecuteRequest) -> Result<Running> {
        let suspend = request.options.suspend_on_success;
        let running = Running::prepare(request, &mut self.cache)?;
        if suspend && let Err(error) = self.sessionless.suspend_on_success() {
            running.give_back(&mut self.cache);
            return Err(error);
        }
        Ok(running)
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
        self.simple(now, function::COMMIT, Purpose::Commit)
    }

    /// Rolls back; ends with [`Event::Done`] or [`Event::Failed`].
    ///
    /// # Errors
    /// If a call cannot begin now.
    pub fn rollback(&mut self, now: Timestamp) -> Result<()> {
        self.simple(now, function::ROLLBACK, Purpose::Rollback)
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
        if self.uses_server_pool() {
            // The session is the server's: it is given back, and only the connection ends.
            self.release_to_server_pool()?;
            self.logged_off();
            return Ok(());
        }
        self.simple(now, function::LOGOFF, Purpose::LogOff)
    }

    /// Changes the password of the user who logged on; ends with [`Event::Done`] or
    /// [`Event::Failed`]. `salt` is new random bytes.
    ///
    /// # Errors
    /// If a call cannot begin now, or the session was not logged on with a password.
    pub fn change_password(
        &mut self,
        now: Timestamp,
        old: &Secret,
        new: &Secret,
        salt: &[u8; 16],
    ) -> Result<()> {
        self.check_ready()?;
        let Some(combo_key) = &self.combo_key else {
            return Err(Error::misuse(
                "this connection was not logged on with a password, so there is none to change",
                "",
            ));
        };
        let changed = o5logon::change_password(combo_key, old, new, salt)?;
        let pairs = [
            KeyValue::new("AUTH_PASSWORD", changed.password, 0),
            KeyValue::new("AUTH_NEWPASSWORD", changed.new_password, 0),
        ];
        let mut message = self.front();
        write_auth(
            &mut message,
            AuthPhase::Two,
            &mut self.connection.sequence,
            self.connection.caps.field_version,
            UserName::split(&self.options.user).name,
            mode::WITH_PASSWORD | mode::CHANGE_PASSWORD,
            &pairs,
        );
        self.connection.call(message, Expect::Auth, LastRow::default());
        self.begin(now, Purpose::Simple);
        Ok(())
    }

    /// Asks the server to end the call that is under way, which then fails with ORA-01013.
    pub fn cancel(&mut self, now: Timestamp) {
        if matches!(self.stage, Stage::Calling(_)) && self.broken.is_none() {
            self.broken = Some(Broken::Cancelled);
            // A pipeline cannot be broken off: its end is waited for.
            if !matches!(self.stage, Stage::Calling(Purpose::Pipeline(_))) {
                self.connection.interrupt();
            }
            // A server that does not heed the break must not hold the caller for ever.
            self.deadline = Some(now + self.call_timeout.unwrap_or(CANCEL_TIMEOUT));
            self.collect_output();
        }
    }

    pub(super) fn simple(&mut self, now: Timestamp, function: u8, purpose: Purpose) -> Result<()> {
        self.check_ready()?;
        let mut message = self.front();
        let version = self.connection.caps.field_version;
        write_call(&mut message, function, &mut self.connection.sequence, version);
        self.connection.call(message, Expect::Plain, LastRow::default());
        self.begin(now, purpose);
        Ok(())
    }

    pub(super) fn check_ready(&mut self) -> Result<()> {
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
    pub(super) fn prepare_front(&mut self) {
        let mut front = std::mem::take(&mut self.pending);
        let state = front.session_state;
        let mut message = Writer::new();
        let version = self.connection.caps.field_version;
        let sequence = &mut self.connection.sequence;
        if let Some(schema) = front.schema.take() {
            write_current_schema(&mut message, sequence, version, &schema);
        }
        if !front.end_to_end.is_empty() {
            front.end_to_end.encode(&mut message, sequence, version);
        }
        if state != 0 {
            write_session_state(&mut message, sequence, version, state);
        }
        self.write_pending_switch(&mut message);
        self.connection.set_front(message);
    }

    /// A message with everything that rides in front of the next call.
    pub(super) fn front(&mut self) -> Writer {
        self.prepare_front();
        let mut message = self.connection.writer();
        write_piggybacks(&mut self.connection, &mut message, &mut self.cache);
        message
    }

    pub(super) fn begin(&mut self, now: Timestamp, purpose: Purpose) {
        self.stage = Stage::Calling(purpose);
        self.broken = None;
        self.deadline = self.call_timeout.map(|timeout| now + timeout);
        self.collect_output();
    }

    /// The stage is already [`Stage::Ready`]: an error from here on leaves the session usable,
    /// unless it is fatal.
    pub(super) fn finish_call(&mut self, purpose: Purpose, response: Response) -> Result<()> {
        if let Purpose::Pipeline(pipeline) = purpose {
            return self.advance_pipeline(*pipeline, response);
        }
        self.round_trips += 1;
        let broken = self.broken.take();
        let finishes = match &purpose {
            Purpose::Commit | Purpose::Rollback => true,
            Purpose::Execute(running) => running.ends_transaction(),
            _ => false,
        };
        let result = match purpose {
            Purpose::Execute(running) => self.finish_execute(*running, response),
            Purpose::Fetch(cursor) => self.finish_fetch(cursor, response),
            Purpose::Simple | Purpose::Commit | Purpose::Rollback => {
                check(&response).map(|()| Some(Event::Done))
            }
            Purpose::Switch => check(&response).map(|()| {
                self.transaction_context = response.transaction_context;
                Some(Event::Done)
            }),
            Purpose::Change(to) => check(&response)
                .and_then(|()| to.check(response.transaction_state.unwrap_or_default()).map(Some)),
            Purpose::LogOff => {
                self.logged_off();
                return Ok(());
            }
            Purpose::Pipeline(_) => Ok(None),
        };
        if !matches!(result, Ok(None)) {
            self.note_call_for_sessionless(result.is_err(), finishes);
        }
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

    pub(super) fn finish_execute(
        &mut self,
        running: Running,
        response: Response,
    ) -> Result<Option<Event>> {
        match running.advance(response, &mut self.connection, &mut self.cache)? {
            Progress::Again(running) => {
                self.stage = Stage::Calling(Purpose::Execute(running));
                Ok(None)
            }
            Progress::Later(_) => Err(Error::misuse("a pipeline's statement is run by itself", "")),
            Progress::Done(done) => {
                let outcome = self.finish_statement(*done);
                Ok(Some(Event::Executed(Box::new(outcome))))
            }
        }
    }

    pub(super) fn finish_fetch(
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

    /// Closes the cursors that an event brings, when nobody waits for it any more.
    pub fn discard(&mut self, event: Event) {
        let outcomes = match event {
            Event::Executed(outcome) => vec![outcome],
            Event::Pipelined(results) => results
                .into_iter()
                .filter_map(|result| match result {
                    Ok(PipelineOutcome::Executed(outcome)) => Some(outcome),
                    _ => None,
                })
                .collect(),
            _ => return,
        };
        for cursor in outcomes.into_iter().filter_map(|outcome| outcome.cursor) {
            self.close_cursor(cursor);
        }
    }

    pub(super) fn note_changes(&mut self, response: &Response) {
        if response.call_status != 0 || response.error.is_some() {
            self.in_transaction = response.call_status & call_status::TRANSACTION_IN_PROGRESS != 0;
        }
        let mut cursors_gone = response.call_status & call_status::SESSION_RELEASED != 0;
        for change in response.changes.iter().chain(&response.returned.changes) {
            match change {
                SessionChange::CurrentSchema(schema) => self.current_schema = Some(schema.clone()),
                SessionChange::Session { session_id, serial_number, changed } => {
                    self.info.session_id = *session_id;
                    self.info.serial_number = u32::from(*serial_number);
                    self.cache.enter_session(*changed);
                    cursors_gone |= changed;
                }
                SessionChange::TransactionId(notice) => self.sessionless.note_notice(notice),
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
}

pub(super) fn why(broken: &Broken) -> Error {
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

pub(super) fn check(response: &Response) -> Result<()> {
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
