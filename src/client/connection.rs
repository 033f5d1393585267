//! A connection: a cloneable handle whose methods take `&self`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::driver::{CancelSignal, Driver};
use super::result_set::ResultSet;
use super::to_sql::IntoBinds;
use super::token::{self, Signer, TokenSource};
use super::transport::{Runtime, Transport};
use crate::auth::Secret;
use crate::connect_string::Description;
use crate::error::{BatchError, DbError, Error, Result};
use crate::protocol::OutBind;
use crate::session::{
    CursorHandle, DEFAULT_ARRAY_SIZE, Event, ExecuteOptions, ExecuteOutcome, ExecuteRequest,
    Session, SessionEntropy, SessionInfo, SessionOptions, SessionToken,
};
use crate::time::UnixTime;
use crate::wire::ttc::execute::StatementKind;
use crate::wire::ttc::piggyback::EndToEnd;
use crate::wire::value::Rowid;

/// A connection to a database. Clones share it; calls made at the same time wait for each other.
///
/// ```no_run
/// # async fn example(connection: oraedge::Connection) -> oraedge::Result<()> {
/// let mut rows = connection.query("select ename, sal from emp where deptno = :1", (30,)).await?;
/// while let Some(row) = rows.next().await? {
///     let (name, salary): (String, f64) = (row.get(0)?, row.get(1)?);
///     println!("{name} {salary}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connection {
    pub(super) shared: Arc<Shared>,
}

/// What a connection's handles and result sets share.
pub(super) struct Shared {
    driver: futures::lock::Mutex<Driver>,
    cancel: Arc<CancelSignal>,
    /// Cursors of result sets that were dropped, to be closed with the next call.
    released: Mutex<Vec<CursorHandle>>,
    info: SessionInfo,
    /// Microseconds; 0 for no limit.
    call_timeout: AtomicU64,
    /// The sessionless transaction that was begun or resumed last, and how many seconds it may stay
    /// suspended.
    sessionless_timeout: Mutex<(Vec<u8>, Option<u32>)>,
}

/// What running a statement gave.
#[derive(Debug)]
pub struct ExecuteResult {
    /// The rows of a query.
    pub result_set: Option<ResultSet>,
    /// Rows that DML changed.
    pub rows_affected: u64,
    /// The last row that DML changed.
    pub last_rowid: Option<Rowid>,
    /// It worked, but.
    pub warning: Option<DbError>,
    /// What came out of binds.
    pub out_binds: Vec<OutBind>,
    /// Rows of binds that failed, if [`ExecuteOptions::batch_errors`] was set.
    pub batch_errors: Vec<BatchError>,
    /// Rows changed by each row of binds, if [`ExecuteOptions::dml_row_counts`] was set.
    pub dml_row_counts: Vec<u64>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("session_id", &self.shared.info.session_id)
            .field("version", &self.shared.info.version_text())
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects and logs on, trying the connect string's addresses in their order.
    ///
    /// # Errors
    /// The last address's failure, or all of them if there were several;
    /// [`Error::Database`] if the server does not let the user in (ORA-01017).
    pub async fn connect(
        transport: Arc<dyn Transport>,
        runtime: Arc<dyn Runtime>,
        options: SessionOptions,
    ) -> Result<Connection> {
        Connection::open(transport, runtime, options, None).await
    }

    /// Connects and logs on with an access token instead of a password, which works over TCPS
    /// only. The source is asked first; asking it, too, may take no longer than the options'
    /// limit on each step.
    ///
    /// # Errors
    /// [`Error::Auth`] if the token has expired, and for an address without TLS, before anything
    /// is sent to it; what the source says; else as [`Connection::connect`]. A refusal of the
    /// token by the database says in words what may be wrong.
    pub async fn connect_with_token(
        transport: Arc<dyn Transport>,
        runtime: Arc<dyn Runtime>,
        mut options: SessionOptions,
        source: &dyn TokenSource,
    ) -> Result<Connection> {
        let limit = token_limit(&options);
        let token = token::current(source, runtime.as_ref(), limit).await?;
        options.token = Some(SessionToken {
            access: token.token.clone(),
            proof: token.signer.is_some(),
            made_at: runtime.unix_time(),
        });
        let opened = Connection::open(transport, runtime, options, token.signer.clone()).await;
        if opened.as_ref().is_err_and(token::is_refusal) {
            source.refused(&token);
        }
        opened
    }

    async fn open(
        transport: Arc<dyn Transport>,
        runtime: Arc<dyn Runtime>,
        options: SessionOptions,
        signer: Option<Arc<dyn Signer>>,
    ) -> Result<Connection> {
        let mut failed = None;
        let entropy = SessionEntropy::draw(&mut |bytes| {
            if let Err(error) = runtime.random(bytes) {
                failed = Some(error);
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        let session = Session::new(runtime.now(), options, entropy);
        let cancel = Arc::new(CancelSignal::default());
        let mut driver = Driver::new(session, transport, runtime, cancel.clone());
        driver.signer = signer;
        driver.run().await?;
        let info = driver.session.info().clone();
        Ok(Connection {
            shared: Arc::new(Shared {
                driver: futures::lock::Mutex::new(driver),
                cancel,
                released: Mutex::new(Vec::new()),
                info,
                call_timeout: AtomicU64::new(0),
                sessionless_timeout: Mutex::default(),
            }),
        })
    }

    /// What the server said of itself at log-on: version, session, parameters.
    pub fn info(&self) -> &SessionInfo {
        &self.shared.info
    }

    /// When the token expires that the connection was logged on with; `None` for a log-on with a
    /// password. The connection itself goes on after that; a new one needs a new token.
    pub fn token_expires_at(&self) -> Option<UnixTime> {
        self.shared.info.token_expires_at
    }

    /// Limits how long each call may take; `None` for no limit. A call that takes longer fails
    /// with [`Error::TimedOut`], and the connection goes on working if the server heeds the break.
    pub fn set_call_timeout(&self, timeout: Option<Duration>) {
        let micros = timeout
            .map_or(0, |timeout| u64::try_from(timeout.as_micros()).unwrap_or(u64::MAX).max(1));
        self.shared.call_timeout.store(micros, Ordering::Relaxed);
    }

    /// Ends the call that is under way, which then fails with ORA-01013. Does nothing if none is.
    pub fn cancel(&self) {
        self.shared.cancel.raise();
    }

    /// Runs a statement. `binds` may be a tuple of values by position (`(30, "CLERK")`), a slice of
    /// them (`&[&dyn ToSql]`), [`super::Named`] values, or a prepared
    /// [`crate::wire::ttc::binds::BindBatch`]; `()` if there are none.
    ///
    /// # Errors
    /// [`Error::Database`] with the server's code, text and offset, after which the connection
    /// goes on working; [`Error::Misuse`] if the binds do not fit; see also [`Error::is_fatal`].
    pub fn execute<B: IntoBinds>(
        &self,
        sql: &str,
        binds: B,
    ) -> impl Future<Output = Result<ExecuteResult>> + use<'_, B> {
        self.execute_with(sql, binds, ExecuteOptions::default())
    }

    /// [`Connection::execute`] with options.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub fn execute_with<B: IntoBinds>(
        &self,
        sql: &str,
        binds: B,
        options: ExecuteOptions,
    ) -> impl Future<Output = Result<ExecuteResult>> + use<'_, B> {
        // The binds are read at once: the future keeps nothing of them, and can go to another
        // thread whatever they are.
        let request =
            binds.into_binds(sql).map(|binds| ExecuteRequest { sql: sql.into(), binds, options });
        async move {
            let request = request?;
            let event = self.shared.call(|session, now| session.execute(now, request)).await?;
            let Event::Executed(outcome) = event else { return Err(unexpected()) };
            Ok(self.result(*outcome))
        }
    }

    pub(super) fn result(&self, outcome: ExecuteOutcome) -> ExecuteResult {
        let result_set = match (outcome.kind, outcome.columns) {
            (StatementKind::Query, Some(columns)) => Some(ResultSet::new(
                self.shared.clone(),
                columns,
                outcome.cursor,
                outcome.batch,
                DEFAULT_ARRAY_SIZE,
            )),
            _ => None,
        };
        ExecuteResult {
            result_set,
            rows_affected: outcome.rows_affected,
            last_rowid: outcome.last_rowid,
            warning: outcome.warning,
            out_binds: outcome.out_binds,
            batch_errors: outcome.batch_errors,
            dml_row_counts: outcome.dml_row_counts,
        }
    }

    /// Runs a query.
    ///
    /// # Errors
    /// As [`Connection::execute`]; [`Error::Misuse`] if the statement is no query.
    pub fn query<B: IntoBinds>(
        &self,
        sql: &str,
        binds: B,
    ) -> impl Future<Output = Result<ResultSet>> + use<'_, B> {
        let executing = self.execute(sql, binds);
        async move {
            executing.await?.result_set.ok_or_else(|| {
                Error::misuse("the statement is not a query", "run it with execute() instead")
            })
        }
    }

    /// Commits.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn commit(&self) -> Result<()> {
        self.shared.call(Session::commit).await.map(|_| ())
    }

    /// Rolls back.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn rollback(&self) -> Result<()> {
        self.shared.call(Session::rollback).await.map(|_| ())
    }

    /// Makes a round trip to see whether the server is there.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn ping(&self) -> Result<()> {
        self.shared.call(Session::ping).await.map(|_| ())
    }

    /// Logs off and closes the stream. The server rolls back what was not committed. Closing a
    /// connection that is closed already is no error.
    ///
    /// # Errors
    /// If the stream broke before the server had answered.
    pub async fn close(&self) -> Result<()> {
        let mut driver = self.shared.driver.lock().await;
        driver.settle().await;
        if driver.session.over().is_some() {
            return Ok(());
        }
        let now = driver.now();
        if driver.session.uses_server_pool() && driver.session.in_transaction() {
            driver.session.rollback(now)?;
            driver.run().await?;
        }
        driver.session.log_off(now)?;
        driver.run().await.map(|_| ())
    }

    /// Changes the password of the user who logged on.
    ///
    /// # Errors
    /// ORA-28008 if the old one is wrong, and what the server thinks of the new one (ORA-28003);
    /// [`Error::Misuse`] if the connection was not logged on with a password.
    pub async fn change_password(&self, old: &Secret, new: &Secret) -> Result<()> {
        let mut salt = [0; 16];
        self.shared.driver.lock().await.random(&mut salt)?;
        let change = |session: &mut Session, now| session.change_password(now, old, new, &salt);
        self.shared.call(change).await.map(|_| ())
    }

    /// What the server warned of at the log-on: ORA-28002, the password expires soon.
    pub fn warning(&self) -> Option<&DbError> {
        self.shared.info.warning.as_ref()
    }

    /// Whether a transaction is open, as far as the server's last answer told.
    pub async fn in_transaction(&self) -> bool {
        self.shared.driver.lock().await.session.in_transaction()
    }

    /// How many round trips were made so far, log-on and all.
    pub async fn round_trips(&self) -> u64 {
        self.shared.driver.lock().await.session.round_trips()
    }

    /// Changes the schema that names without one are looked up in, with the next call.
    pub async fn set_current_schema(&self, schema: &str) {
        self.shared.driver.lock().await.session.set_current_schema(schema);
    }

    /// Tells the server's monitoring about the session, with the next call.
    pub async fn set_end_to_end(&self, changes: EndToEnd) {
        self.shared.driver.lock().await.session.set_end_to_end(changes);
    }

    /// Marks the beginning of a request with the next call, as a pool does when it hands a
    /// connection out ([`Session::begin_request`]).
    pub async fn begin_request(&self) {
        self.shared.driver.lock().await.session.begin_request();
    }

    /// Marks the end of a request with the next call, as a pool does when it takes a connection
    /// back.
    pub async fn end_request(&self) {
        self.shared.driver.lock().await.session.end_request();
    }

    /// Why the connection is of no more use, if that is known.
    pub async fn closed(&self) -> Option<Error> {
        self.shared.driver.lock().await.session.over().cloned()
    }
}

impl Shared {
    /// The driver, when no other call has it.
    pub(super) async fn driver(&self) -> futures::lock::MutexGuard<'_, Driver> {
        self.driver.lock().await
    }

    /// Makes one call and waits for its end.
    pub(super) async fn call(
        &self,
        begin: impl FnOnce(&mut Session, crate::time::Timestamp) -> Result<()>,
    ) -> Result<Event> {
        let mut driver = self.driver.lock().await;
        driver.settle().await;
        for cursor in self.take_released() {
            driver.session.close_cursor(cursor);
        }
        let micros = self.call_timeout.load(Ordering::Relaxed);
        driver.session.set_call_timeout((micros > 0).then(|| Duration::from_micros(micros)));
        let now = driver.now();
        begin(&mut driver.session, now)?;
        driver.run().await
    }

    /// How long the transaction may stay suspended, if it was begun here or resumed by a handle.
    pub(super) fn sessionless_timeout(&self, id: &[u8]) -> Option<u32> {
        let remembered = self.sessionless_timeout.lock().ok()?;
        if remembered.0 == id { remembered.1 } else { None }
    }

    pub(super) fn remember_sessionless(&self, id: &[u8], timeout: Option<u32>) {
        if let Ok(mut remembered) = self.sessionless_timeout.lock() {
            *remembered = (id.to_vec(), timeout);
        }
    }

    /// A result set is done with this cursor.
    pub(super) fn release(&self, cursor: CursorHandle) {
        if let Ok(mut released) = self.released.lock() {
            released.push(cursor);
        }
    }

    fn take_released(&self) -> Vec<CursorHandle> {
        self.released.lock().map(|mut released| std::mem::take(&mut *released)).unwrap_or_default()
    }
}

/// How long a token source may take: as long as a step of the log-on, and no longer than the whole
/// attempt.
fn token_limit(options: &SessionOptions) -> Option<Duration> {
    let whole = options.descriptor.descriptions.iter().filter_map(Description::connect_timeout);
    whole.chain(options.log_on_timeout).min()
}

pub(super) fn unexpected() -> Error {
    Error::misbehaved("the answer does not belong to the call")
}
