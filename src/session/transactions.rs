//! Calls that move transactions: sessionless ones, and those of two-phase commit.

use super::machine::{Event, Purpose, Session};
use super::sessionless::{self, State, check_transaction_id};
use crate::error::{Error, Result};
use crate::protocol::{Expect, LastRow};
use crate::time::Timestamp;
use crate::wire::capabilities::Capabilities;
use crate::wire::ttc::transaction::{
    MAX_XID_PART, TransactionChange, TransactionSwitch, Xid, change, operation, state,
};

/// Whether a sessionless transaction is begun or resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A new one.
    Begin,
    /// One that was suspended.
    Resume,
}

impl Session {
    /// Where this session is with sessionless transactions.
    pub fn sessionless_state(&self) -> State {
        self.sessionless.state()
    }

    /// The identifier of the sessionless transaction that is attached, or will be with the next
    /// call.
    pub fn sessionless_id(&self) -> Option<&[u8]> {
        self.sessionless.id()
    }

    /// The identifier of the sessionless transaction that was suspended last on this session, if
    /// nothing happened to it here since.
    pub fn suspended_sessionless_id(&self) -> Option<&[u8]> {
        self.sessionless.suspended_id()
    }

    /// Forgets a transaction that was suspended or has ended, as a pool does between two users.
    pub fn forget_suspended_sessionless(&mut self) {
        self.sessionless.forget_suspended();
    }

    /// Begins or resumes a sessionless transaction; ends with [`Event::Done`] or
    /// [`Event::Failed`].
    ///
    /// `timeout` is in seconds: of a new one how long it may stay suspended, of a suspended one
    /// how long to wait for it while another session has it.
    ///
    /// # Errors
    /// If a call cannot begin now, one is active already, or the server knows no such
    /// transactions; nothing was sent then.
    pub fn start_sessionless(
        &mut self,
        now: Timestamp,
        start: Start,
        id: &[u8],
        timeout: u32,
    ) -> Result<()> {
        self.defer_sessionless(start, id, timeout)?;
        let Some(switch) = self.sessionless.take_pending() else {
            return Err(Error::misuse("there is no transaction to start", ""));
        };
        self.switch(now, &switch);
        Ok(())
    }

    /// As [`Session::start_sessionless`], but in the same round trip as the next call: nothing is
    /// sent now, and no event comes.
    ///
    /// # Errors
    /// As there.
    pub fn defer_sessionless(&mut self, start: Start, id: &[u8], timeout: u32) -> Result<()> {
        self.check_ready()?;
        check_sessionless(&self.connection.caps)?;
        self.sessionless.start(start == Start::Resume, id, timeout)
    }

    /// Suspends the sessionless transaction that is active; ends with [`Event::Done`] or
    /// [`Event::Failed`].
    ///
    /// # Errors
    /// If a call cannot begin now, none is active, or it was begun by a procedure on the server.
    pub fn suspend_sessionless(&mut self, now: Timestamp) -> Result<()> {
        self.check_ready()?;
        let switch = self.sessionless.suspend()?;
        self.switch(now, &switch);
        Ok(())
    }

    /// Begins, joins or resumes a branch of a distributed transaction; ends with [`Event::Done`]
    /// or [`Event::Failed`].
    ///
    /// `flags` are bits of [`crate::wire::ttc::transaction::switch_flag`]. `timeout` is in seconds.
    ///
    /// # Errors
    /// If a call cannot begin now, or a part of the identifier is longer than 64 bytes.
    pub fn tpc_begin(&mut self, now: Timestamp, xid: Xid, flags: u32, timeout: u32) -> Result<()> {
        self.check_ready()?;
        check_xid(&xid)?;
        let switch = TransactionSwitch {
            operation: operation::START,
            flags,
            timeout,
            xid: Some(xid),
            context: None,
        };
        self.switch(now, &switch);
        Ok(())
    }

    /// Detaches the session from its branch; ends with [`Event::Done`] or [`Event::Failed`].
    ///
    /// # Errors
    /// As [`Session::tpc_begin`].
    pub fn tpc_end(&mut self, now: Timestamp, xid: Option<Xid>, flags: u32) -> Result<()> {
        self.check_ready()?;
        xid.as_ref().map_or(Ok(()), check_xid)?;
        let context = self.transaction_context.take();
        let switch =
            TransactionSwitch { operation: operation::DETACH, flags, timeout: 0, xid, context };
        self.switch(now, &switch);
        Ok(())
    }

    /// Prepares, commits, rolls back or forgets a branch; ends with
    /// [`Event::TransactionChanged`], where it got, or [`Event::Failed`].
    ///
    /// # Errors
    /// As [`Session::tpc_begin`].
    pub fn tpc_change(&mut self, now: Timestamp, xid: Option<Xid>, to: TpcChange) -> Result<()> {
        self.check_ready()?;
        xid.as_ref().map_or(Ok(()), check_xid)?;
        let (operation, state) = match to {
            TpcChange::Prepare => (change::PREPARE, state::PREPARE),
            TpcChange::CommitOnePhase => (change::COMMIT, state::READ_ONLY),
            TpcChange::Commit => (change::COMMIT, state::COMMITTED),
            TpcChange::Rollback => (change::ABORT, state::ABORTED),
            TpcChange::Forget => (change::FORGET, state::FORGOTTEN),
        };
        let context = match to {
            TpcChange::Prepare => self.transaction_context.clone(),
            _ => self.transaction_context.take(),
        };
        let call = TransactionChange { operation, state, xid, context };
        let mut message = self.front();
        let version = self.connection.caps.field_version;
        call.encode(&mut message, &mut self.connection.sequence, version);
        self.connection.call(message, Expect::TransactionChange, LastRow::default());
        self.begin(now, Purpose::Change(to));
        Ok(())
    }

    fn switch(&mut self, now: Timestamp, switch: &TransactionSwitch) {
        let mut message = self.front();
        let version = self.connection.caps.field_version;
        switch.encode(&mut message, &mut self.connection.sequence, version);
        self.connection.call(message, Expect::TransactionSwitch, LastRow::default());
        self.begin(now, Purpose::Switch);
    }

    /// Puts a sessionless transaction's switch in front of the call that is being written.
    pub(super) fn write_pending_switch(&mut self, message: &mut crate::wire::Writer) {
        if let Some(switch) = self.sessionless.take_pending() {
            let version = self.connection.caps.field_version;
            switch.encode_piggyback(message, &mut self.connection.sequence, version);
        }
    }

    /// How a call went, for the sessionless transaction that it may have moved. The server's
    /// notices, which came with the answer, were taken in before.
    pub(super) fn note_call_for_sessionless(&mut self, failed: bool, finished: bool) {
        self.sessionless.note(match (failed, finished) {
            // A statement that fails behind a begin or resume in front of it leaves that in place.
            (true, _) if self.in_transaction => sessionless::Event::Answered,
            (true, _) => sessionless::Event::Failed,
            (false, true) => sessionless::Event::Finished,
            (false, false) => sessionless::Event::Answered,
        });
    }
}

/// What to do with a branch of a distributed transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TpcChange {
    /// The first phase of a commit.
    Prepare,
    /// A commit without a first phase.
    CommitOnePhase,
    /// The second phase of a commit.
    Commit,
    /// A rollback.
    Rollback,
    /// Forget a branch that was completed by heuristics.
    Forget,
}

impl TpcChange {
    /// Checks where the branch got against where it should be; python-oracledb's
    /// `ERR_UNKNOWN_TRANSACTION_STATE` otherwise.
    pub(super) fn check(self, reached: u32) -> Result<Event> {
        let fits = match self {
            TpcChange::Prepare => matches!(reached, state::REQUIRES_COMMIT | state::READ_ONLY),
            TpcChange::CommitOnePhase => matches!(reached, state::READ_ONLY | state::COMMITTED),
            TpcChange::Commit | TpcChange::Forget => reached == state::FORGOTTEN,
            TpcChange::Rollback => reached == state::ABORTED,
        };
        if !fits {
            return Err(Error::misbehaved(format!(
                "a transaction is in state {reached} behind {self:?}"
            )));
        }
        Ok(Event::TransactionChanged { needs_commit: reached == state::REQUIRES_COMMIT })
    }
}

fn check_sessionless(caps: &Capabilities) -> Result<()> {
    if caps.sessionless_transactions {
        return Ok(());
    }
    Err(Error::unsupported(
        "a sessionless transaction on this server",
        "use Oracle Database 23.6 or later",
    ))
}

fn check_xid(xid: &Xid) -> Result<()> {
    for (what, part) in [
        ("global transaction identifier", &xid.global_transaction_id),
        ("branch qualifier", &xid.branch_qualifier),
    ] {
        if part.len() > MAX_XID_PART {
            return Err(Error::misuse(
                format!("a {what} has up to {MAX_XID_PART} bytes, and this one has {}", part.len()),
                "",
            ));
        }
    }
    check_transaction_id(&xid.global_transaction_id)
}
