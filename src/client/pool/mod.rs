//! A pool of connections: opened as they are wanted, handed out first come first served, given
//! back clean.
//!
//! The rules are in `state`, which knows neither sockets nor clocks; this carries them out.

mod options;
pub(crate) mod state;

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};

use super::connection::Connection;
use super::transport::{BoxFuture, MaybeSend, MaybeSync, Runtime};
use crate::error::{Error, Result};
use crate::time::{Timestamp, UnixTime};

pub use options::PoolOptions;
pub use state::PoolStatistics;
use state::{Command, Id, PoolState, Ticket};

/// Opens the connections of a pool. `oraedge_native::ConnectOptions` is one.
pub trait Connector: MaybeSend + MaybeSync + 'static {
    /// Connects and logs on.
    ///
    /// # Errors
    /// As [`Connection::connect`].
    fn connect(&self) -> BoxFuture<'_, Result<Connection>>;
}

/// A pool of connections. Clones share it.
///
/// ```no_run
/// # async fn example(pool: oraedge::client::Pool) -> oraedge::Result<()> {
/// let connection = pool.acquire().await?;
/// connection.execute("insert into dept (deptno) values (:1)", (50,)).await?;
/// connection.commit().await?;
/// connection.release().await; // what was not committed is rolled back
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    inner: Mutex<Inner>,
    connector: Box<dyn Connector>,
    runtime: Arc<dyn Runtime>,
}

struct Inner {
    state: PoolState,
    connections: HashMap<Id, Connection>,
    waiting: HashMap<Ticket, oneshot::Sender<Result<Given>>>,
    /// When the next look at idle connections is due; it sleeps until then.
    tidying: Option<Timestamp>,
    drained: Vec<oneshot::Sender<()>>,
}

/// What a waiter gets.
struct Given {
    lease: PooledConnection,
    ping: bool,
}

/// A connection of a pool, and its way back: [`PooledConnection::release`], or dropping it.
pub struct PooledConnection {
    connection: Connection,
    id: Id,
    /// `None` once it was given back.
    pool: Option<Arc<Shared>>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pool").field(&self.statistics()).finish()
    }
}

impl std::fmt::Debug for PooledConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PooledConnection").field(&self.connection).finish()
    }
}

impl Pool {
    /// A pool, which begins to open its least number of connections at once. One that fails to
    /// open is told to who asks for one.
    ///
    /// # Errors
    /// [`Error::Misuse`] for sizes that contradict each other.
    pub fn new(
        connector: impl Connector,
        runtime: Arc<dyn Runtime>,
        options: PoolOptions,
    ) -> Result<Pool> {
        options.check()?;
        let inner = Inner {
            state: PoolState::new(options),
            connections: HashMap::new(),
            waiting: HashMap::new(),
            tidying: None,
            drained: Vec::new(),
        };
        let pool = Pool {
            shared: Arc::new(Shared {
                inner: Mutex::new(inner),
                connector: Box::new(connector),
                runtime,
            }),
        };
        let commands = pool.shared.lock().state.fill();
        pool.shared.obey(commands);
        Ok(pool)
    }

    /// A connection, when one is there: those that ask first get one first.
    ///
    /// # Errors
    /// Why a connection could not be opened; [`Error::Misuse`] if too many wait already;
    /// [`Error::TimedOut`] if it took too long; [`Error::Closed`] if the pool is being closed.
    pub async fn acquire(&self) -> Result<PooledConnection> {
        let shared = &self.shared;
        let now = shared.runtime.now();
        let (mut place, commands) = {
            let mut inner = shared.lock();
            let (ticket, commands) = inner.state.request(now);
            (Place::take(shared, ticket, &mut inner), commands)
        };
        shared.obey(commands);
        let limit = shared.lock().state.options().queue_timeout;
        loop {
            let Given { lease, ping } = place.wait(now, limit).await?;
            if !ping || lease.is_alive().await {
                lease.begin_request().await;
                return Ok(lease);
            }
            let id = lease.forget();
            let commands = {
                let mut inner = shared.lock();
                place.take_again(&mut inner);
                inner.state.found_dead(shared.runtime.now(), id, place.ticket)
            };
            shared.obey(commands);
        }
    }

    /// Changes how the pool behaves from now on. Connections that are too many are closed when
    /// they are idle or come back.
    ///
    /// # Errors
    /// [`Error::Misuse`] for sizes that contradict each other.
    pub fn reconfigure(&self, options: PoolOptions) -> Result<()> {
        options.check()?;
        let now = self.shared.runtime.now();
        let commands = self.shared.lock().state.reconfigure(now, options);
        self.shared.obey(commands);
        self.shared.tidy_later();
        Ok(())
    }

    pub(super) fn unix_time(&self) -> UnixTime {
        self.shared.runtime.unix_time()
    }

    /// How the pool is doing.
    pub fn statistics(&self) -> PoolStatistics {
        self.shared.lock().state.statistics()
    }

    /// Ends the pool: who waits is told so, idle connections are closed now, those in use when
    /// they come back. Ends when all are closed.
    pub async fn close(&self) {
        let (done, commands) = {
            let mut inner = self.shared.lock();
            let (sender, receiver) = oneshot::channel();
            inner.drained.push(sender);
            (receiver, inner.state.drain())
        };
        self.shared.obey(commands);
        let _ = done.await;
    }
}

/// A place in the queue. Giving it up is dropping it.
struct Place<'a> {
    shared: &'a Arc<Shared>,
    ticket: Ticket,
    receiver: oneshot::Receiver<Result<Given>>,
}

impl<'a> Place<'a> {
    fn take(shared: &'a Arc<Shared>, ticket: Ticket, inner: &mut Inner) -> Place<'a> {
        let (sender, receiver) = oneshot::channel();
        inner.waiting.insert(ticket, sender);
        Place { shared, ticket, receiver }
    }

    fn take_again(&mut self, inner: &mut Inner) {
        let (sender, receiver) = oneshot::channel();
        inner.waiting.insert(self.ticket, sender);
        self.receiver = receiver;
    }

    /// Waits no longer than `limit` from `since` on.
    async fn wait(&mut self, since: Timestamp, limit: Option<Duration>) -> Result<Given> {
        let Some(limit) = limit else {
            return (&mut self.receiver).await.unwrap_or_else(|_| Err(gone()));
        };
        let runtime = &self.shared.runtime;
        let left = (since + limit).since(runtime.now());
        match select(&mut self.receiver, runtime.sleep(left)).await {
            Either::Left((given, _)) => given.unwrap_or_else(|_| Err(gone())),
            Either::Right(((), _)) => Err(Error::TimedOut {
                doing: "waiting for a connection of the pool".to_owned(),
                after: limit,
            }),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut inner = self.shared.lock();
        inner.waiting.remove(&self.ticket);
        inner.state.give_up(self.ticket);
        // A connection that arrived meanwhile lies in the receiver, and goes back when that drops.
    }
}

fn gone() -> Error {
    Error::closed("the pool is gone")
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries commands out. The lock must not be held: what is handed out to nobody comes back.
    fn obey(self: &Arc<Self>, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Open(id) => self.spawn_open(id),
                Command::Give { ticket, id, ping } => self.give(ticket, id, ping),
                Command::Refuse(ticket, refusal) => {
                    let sender = self.lock().waiting.remove(&ticket);
                    if let Some(sender) = sender {
                        let _ = sender.send(Err(refusal.into_error()));
                    }
                }
                Command::Close(id) => {
                    let connection = self.lock().connections.remove(&id);
                    if let Some(connection) = connection {
                        self.runtime.spawn(Box::pin(async move {
                            let _ = connection.close().await;
                        }));
                    }
                }
            }
        }
        let mut inner = self.lock();
        if inner.state.is_drained() {
            for done in std::mem::take(&mut inner.drained) {
                let _ = done.send(());
            }
        }
    }

    fn give(self: &Arc<Self>, ticket: Ticket, id: Id, ping: bool) {
        let (sender, connection) = {
            let mut inner = self.lock();
            (inner.waiting.remove(&ticket), inner.connections.get(&id).cloned())
        };
        let Some(connection) = connection else { return };
        let lease = PooledConnection { connection, id, pool: Some(self.clone()) };
        // Where nobody waits any more, the lease goes back by being dropped.
        if let Some(sender) = sender {
            let _ = sender.send(Ok(Given { lease, ping }));
        }
    }

    fn spawn_open(self: &Arc<Self>, id: Id) {
        let shared = self.clone();
        self.runtime.spawn(Box::pin(async move {
            let opened = shared.connector.connect().await;
            let commands = {
                let mut inner = shared.lock();
                match opened {
                    Ok(connection) => {
                        inner.connections.insert(id, connection);
                        inner.state.opened(shared.runtime.now(), id)
                    }
                    Err(error) => inner.state.open_failed(error),
                }
            };
            shared.obey(commands);
            shared.tidy_later();
        }));
    }

    fn take_back(self: &Arc<Self>, id: Id, usable: bool) {
        let commands = self.lock().state.released(self.runtime.now(), id, usable);
        self.obey(commands);
        self.tidy_later();
    }

    /// Sees to it that idle connections are looked at when the next one is due.
    fn tidy_later(self: &Arc<Self>) {
        let now = self.runtime.now();
        let (commands, next) = {
            let mut inner = self.lock();
            let (commands, next) = inner.state.tidy(now);
            let sooner = next.filter(|next| inner.tidying.is_none_or(|due| due > *next));
            if sooner.is_some() {
                inner.tidying = sooner;
            }
            (commands, sooner)
        };
        self.obey(commands);
        let Some(next) = next else { return };
        let (pool, sleep) = (Arc::downgrade(self), self.runtime.sleep(next.since(now)));
        self.runtime.spawn(Box::pin(async move {
            sleep.await;
            if let Some(shared) = Weak::upgrade(&pool) {
                shared.lock().tidying = None;
                shared.tidy_later();
            }
        }));
    }
}

impl PooledConnection {
    /// Gives the connection back: rolls back what was not committed, and ends the request.
    /// Dropping does the same in the background.
    pub async fn release(mut self) {
        if let Some(pool) = self.pool.take() {
            let usable = clean(&self.connection).await;
            pool.take_back(self.id, usable);
        }
    }

    async fn is_alive(&self) -> bool {
        let Some(pool) = &self.pool else { return false };
        let limit = pool.lock().state.options().ping_timeout;
        is_alive(&self.connection, pool.runtime.as_ref(), limit).await
    }

    /// Lets go without giving back.
    fn forget(mut self) -> Id {
        self.pool = None;
        self.id
    }
}

/// Asks the server, for as long as that may take.
pub(crate) async fn is_alive(
    connection: &Connection,
    runtime: &dyn Runtime,
    limit: Duration,
) -> bool {
    if connection.closed().await.is_some() {
        return false;
    }
    let ping = Box::pin(connection.ping());
    match select(ping, runtime.sleep(limit)).await {
        Either::Left((answer, _)) => answer.is_ok(),
        Either::Right(_) => false,
    }
}

/// Makes a connection fit for who comes next; `false` if it is of no more use.
pub(crate) async fn clean(connection: &Connection) -> bool {
    if connection.closed().await.is_some() {
        return false;
    }
    connection.set_call_timeout(None);
    connection.forget_suspended().await;
    if connection.in_transaction().await && connection.rollback().await.is_err() {
        return false;
    }
    connection.end_request().await;
    connection.closed().await.is_none()
}

impl Deref for PooledConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some(pool) = self.pool.take() else { return };
        let (connection, id) = (self.connection.clone(), self.id);
        pool.runtime.clone().spawn(Box::pin(async move {
            let usable = clean(&connection).await;
            pool.take_back(id, usable);
        }));
    }
}
