//! Transactions that outlive a call or a connection: sessionless ones, and two-phase commit.

use super::connection::{Connection, unexpected};
use crate::error::Result;
use crate::session::sessionless::DEFAULT_SESSIONLESS_TIMEOUT;
use crate::session::{Event, Start, TpcChange};
use crate::wire::ttc::transaction::Xid;
use crate::wire::value::Number;

/// How to begin or resume a sessionless transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionlessOptions {
    /// In seconds. Beginning: how long the transaction may stay suspended before it is rolled
    /// back. Resuming: how long to wait while another connection has it. 60 by default.
    pub timeout: u32,
    /// Send nothing now: it travels with the next call, in the same round trip.
    pub defer_round_trip: bool,
}

impl Default for SessionlessOptions {
    fn default() -> Self {
        SessionlessOptions { timeout: DEFAULT_SESSIONLESS_TIMEOUT, defer_round_trip: false }
    }
}

impl Connection {
    /// Begins a sessionless transaction (Oracle Database 23.6 and later) and gives its
    /// identifier, with which any connection can resume it once it is suspended.
    ///
    /// `transaction_id` has 1 to 64 bytes; `None` makes a random UUID, as text.
    ///
    /// ```no_run
    /// # async fn example(connection: oraedge::Connection) -> oraedge::Result<()> {
    /// let id = connection.begin_sessionless_transaction(None, Default::default()).await?;
    /// connection.execute("insert into emp (empno) values (:1)", (1,)).await?;
    /// connection.suspend_sessionless_transaction().await?;
    /// // Later, on any connection:
    /// connection.resume_sessionless_transaction(&id, Default::default()).await?;
    /// connection.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::Misuse`] if one is active on this connection already,
    /// [`crate::Error::Unsupported`] if the server knows none; else as [`Connection::execute`].
    pub async fn begin_sessionless_transaction(
        &self,
        transaction_id: Option<&[u8]>,
        options: SessionlessOptions,
    ) -> Result<Vec<u8>> {
        let id = match transaction_id {
            Some(id) => id.to_vec(),
            None => self.random_uuid().await?.into_bytes(),
        };
        self.start(Start::Begin, &id, &options).await?;
        self.shared.remember_sessionless(&id, Some(options.timeout));
        Ok(id)
    }

    /// Resumes a sessionless transaction that was suspended, here or on any other connection.
    ///
    /// # Errors
    /// As [`Connection::begin_sessionless_transaction`]. The server's own: ORA-26218 if there is no
    /// such transaction (any more), ORA-25351 if another connection did not suspend it in time.
    pub async fn resume_sessionless_transaction(
        &self,
        transaction_id: &[u8],
        options: SessionlessOptions,
    ) -> Result<()> {
        self.start(Start::Resume, transaction_id, &options).await?;
        // The time-out of a resume is how long to wait for it.
        if self.shared.sessionless_timeout(transaction_id).is_none() {
            self.shared.remember_sessionless(transaction_id, None);
        }
        Ok(())
    }

    /// Suspends the sessionless transaction that is active on this connection.
    /// [`crate::session::ExecuteOptions::suspend_on_success`] does it in the same round trip as a
    /// statement.
    ///
    /// # Errors
    /// [`crate::Error::Misuse`] if none is active, or it was begun by a procedure on the server.
    pub async fn suspend_sessionless_transaction(&self) -> Result<()> {
        self.shared.call(crate::session::Session::suspend_sessionless).await.map(|_| ())
    }

    /// The identifier of the sessionless transaction that is active on this connection.
    pub async fn sessionless_transaction_id(&self) -> Option<Vec<u8>> {
        self.shared.driver().await.session.sessionless_id().map(<[u8]>::to_vec)
    }

    /// Whoever has the connection next has nothing to do with the transaction that was suspended
    /// on it.
    pub(super) async fn forget_suspended(&self) {
        self.shared.driver().await.session.forget_suspended_sessionless();
    }

    /// Begins, joins or resumes a branch of a distributed transaction (XA, two-phase commit).
    ///
    /// `flags` are bits of [`crate::wire::ttc::transaction::switch_flag`]: `NEW`, `JOIN`,
    /// `RESUME` or `PROMOTE`. `timeout`, in seconds: of a new one how long it may stay detached, of
    /// a detached one how long to wait for it.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn tpc_begin(&self, xid: Xid, flags: u32, timeout: u32) -> Result<()> {
        let begin = |session: &mut crate::session::Session, now| {
            session.tpc_begin(now, xid, flags, timeout)
        };
        self.shared.call(begin).await.map(|_| ())
    }

    /// Detaches the connection from its branch, which another one can then resume or complete.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn tpc_end(&self, xid: Option<Xid>, flags: u32) -> Result<()> {
        self.shared.call(|session, now| session.tpc_end(now, xid, flags)).await.map(|_| ())
    }

    /// The first phase of a commit. Gives whether the branch has to be committed or rolled back
    /// afterwards; if not, it changed nothing and is at its end.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn tpc_prepare(&self, xid: Option<Xid>) -> Result<bool> {
        self.tpc_change(xid, TpcChange::Prepare).await
    }

    /// Commits a branch: the second phase of two, or the only one.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn tpc_commit(&self, xid: Option<Xid>, one_phase: bool) -> Result<()> {
        let to = if one_phase { TpcChange::CommitOnePhase } else { TpcChange::Commit };
        self.tpc_change(xid, to).await.map(|_| ())
    }

    /// Rolls a branch back.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn tpc_rollback(&self, xid: Option<Xid>) -> Result<()> {
        self.tpc_change(xid, TpcChange::Rollback).await.map(|_| ())
    }

    /// Makes the server forget a branch that was completed by heuristics.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn tpc_forget(&self, xid: Xid) -> Result<()> {
        self.tpc_change(Some(xid), TpcChange::Forget).await.map(|_| ())
    }

    /// The branches that are prepared and wait for the second phase. Needs the privilege to read
    /// DBA_PENDING_TRANSACTIONS.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn tpc_recover(&self) -> Result<Vec<Xid>> {
        let sql = "select formatid, globalid, branchid from dba_pending_transactions";
        let mut rows = self.query(sql, ()).await?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().await? {
            let format: Number = row.get(0)?;
            found.push(Xid {
                format_id: format.to_i64().and_then(|id| u32::try_from(id).ok()).unwrap_or(0),
                global_transaction_id: row.get(1)?,
                branch_qualifier: row.get(2)?,
            });
        }
        Ok(found)
    }

    async fn tpc_change(&self, xid: Option<Xid>, to: TpcChange) -> Result<bool> {
        match self.shared.call(|session, now| session.tpc_change(now, xid, to)).await? {
            Event::TransactionChanged { needs_commit } => Ok(needs_commit),
            _ => Err(unexpected()),
        }
    }

    async fn start(&self, start: Start, id: &[u8], options: &SessionlessOptions) -> Result<()> {
        if options.defer_round_trip {
            let mut driver = self.shared.driver().await;
            driver.settle().await;
            return driver.session.defer_sessionless(start, id, options.timeout);
        }
        let timeout = options.timeout;
        let call = |session: &mut crate::session::Session, now| {
            session.start_sessionless(now, start, id, timeout)
        };
        self.shared.call(call).await.map(|_| ())
    }

    /// A random UUID (RFC 9562, version 4) as text.
    async fn random_uuid(&self) -> Result<String> {
        let mut bytes = [0_u8; 16];
        self.shared.driver().await.random(&mut bytes)?;
        let mut bits = u128::from_be_bytes(bytes);
        bits = bits & !(0xf << 76) | 0x4 << 76; // version
        bits = bits & !(0x3 << 62) | 0x2 << 62; // variant
        let hex = format!("{bits:032x}");
        let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
        let parts = parts.map(|(from, to)| hex.get(from..to).unwrap_or_default());
        Ok(parts.join("-"))
    }
}
