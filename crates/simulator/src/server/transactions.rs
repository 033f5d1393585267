//! Transactions that leave the session they were begun in: sessionless ones, and the branches of
//! distributed ones.
//!
//! A detached transaction is a whole engine session put aside: with its changes, its locks, and
//! the time when it is rolled back. The session that it leaves goes on with a new one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oraedge::error::DbError;
use oraedge::time::Timestamp;

use super::session::{Activity, Next, Session, db_error};
use crate::engine;
use crate::generation::Generation;
use crate::ttc::outcome::EndOfCall;
use crate::ttc::transaction::{
    ABORT, COMMIT, DETACH, FLAG_PROMOTE, FLAG_RESUME, FLAG_SESSIONLESS, FORGET, POST_DETACH,
    PREPARE, START, STATE_ABORTED, STATE_COMMITTED, STATE_FORGOTTEN, STATE_READ_ONLY,
    STATE_REQUIRES_COMMIT, TransactionChange, TransactionSwitch, Xid, put_changed, put_switched,
};

/// How often a session looks whether the transaction that it waits for is detached.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A notice's bits: a transaction is attached, because the client asked for it.
const SET_BY_CLIENT: u8 = 0x42;
/// A transaction is detached, because the client asked for it.
const UNSET_BY_CLIENT: u8 = 0x82;
/// A transaction has ended (recorded: `pyo4-sessionless#0020`).
const UNSET_BY_END: u8 = 0x83;

/// Where a transaction is.
#[derive(Debug)]
enum Place {
    /// On a session.
    Attached,
    /// Aside, until it is rolled back; prepared ones stay.
    Detached { engine: Box<engine::Session>, until: Option<Timestamp> },
}

/// The transactions of a database that have names.
#[derive(Debug, Clone, Default)]
pub(super) struct Transactions {
    places: Arc<Mutex<HashMap<Xid, Place>>>,
}

/// The named transaction that a session is attached to.
#[derive(Debug, Clone)]
pub(super) struct Attached {
    xid: Xid,
    sessionless: bool,
    /// How long it may stay detached, in seconds; 0 for ever.
    timeout: u32,
    /// The engine's count of ended transactions when it was attached.
    ended_before: u64,
    prepared: bool,
}

/// What a session has to do with named transactions.
#[derive(Debug, Default)]
pub(super) struct Switching {
    pub(super) attached: Option<Attached>,
    /// Detach behind the call that is under way, if it succeeds.
    post_detach: bool,
    /// Why the switch in front of the call failed.
    failed: Option<DbError>,
    /// A switch that waits for a transaction of another session, and until when.
    waiting: Option<(TransactionSwitch, Timestamp)>,
}

impl Transactions {
    fn lock(&self) -> MutexGuard<'_, HashMap<Xid, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rolls back what was detached for too long. Nobody can tell when, but by looking.
    fn expire(&self, now: Timestamp) {
        self.lock().retain(|_, place| {
            !matches!(place, Place::Detached { until: Some(until), .. } if *until <= now)
        });
    }

    /// The session that a transaction was attached to is gone, and the transaction with it.
    pub(super) fn forget(&self, attached: &Attached) {
        self.lock().remove(&attached.xid);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn exists_already(xid: &Xid, sessionless: bool) -> DbError {
    if sessionless {
        let text =
            format!("sessionless transaction with GTRID {} already exists.", hex(&xid.global));
        return db_error(26217, &text);
    }
    db_error(24757, "duplicate transaction identifier")
}

fn does_not_exist(xid: &Xid, sessionless: bool) -> DbError {
    if sessionless {
        let text =
            format!("sessionless transaction with GTRID {} does not exist.", hex(&xid.global));
        return db_error(26218, &text);
    }
    db_error(24756, "transaction does not exist")
}

impl Session {
    /// A call that starts, attaches or detaches.
    pub(super) fn switch_transaction(&mut self, switch: TransactionSwitch) -> Result<(), DbError> {
        match self.do_switch(&switch) {
            Ok(true) => {
                self.end_switch();
                Ok(())
            }
            Ok(false) => {
                let until = self.now + Duration::from_secs(u64::from(switch.timeout));
                self.switching.waiting = Some((switch, until));
                self.look_again();
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// The same in front of another call, which answers for it.
    pub(super) fn switch_in_front(&mut self, switch: &TransactionSwitch) {
        let started = match switch.operation & START {
            0 => Ok(true),
            _ => self.do_switch(switch),
        };
        match started {
            Ok(true) => self.switching.post_detach = switch.operation & POST_DETACH != 0,
            // In front of a call nothing is waited for.
            Ok(false) => self.switching.failed = Some(in_use()),
            Err(error) => self.switching.failed = Some(error),
        }
    }

    /// Why the call that came must not be done.
    pub(super) fn take_failed_switch(&mut self) -> Option<DbError> {
        self.switching.failed.take()
    }

    fn end_switch(&mut self) {
        let xid = self.switching.attached.as_ref().map(|attached| attached.xid.clone());
        put_switched(&mut self.reply.writer, xid.as_ref());
        let status = self.call_status();
        self.reply.end_status(status);
    }

    fn look_again(&mut self) {
        self.activity = Activity::Sleeping(self.now + LOOK_AGAIN, Next::Switch);
    }

    /// Looks whether the transaction that is waited for can be had now.
    pub(super) fn retry_switch(&mut self) {
        let Some((switch, until)) = self.switching.waiting.take() else { return };
        match self.do_switch(&switch) {
            Ok(true) => self.end_switch(),
            Ok(false) if self.now < until => {
                self.switching.waiting = Some((switch, until));
                self.look_again();
            }
            Ok(false) => self.raise(in_use(), EndOfCall::default()),
            Err(error) => self.raise(error, EndOfCall::default()),
        }
    }

    /// Gives whether it is done; if not, another session has the transaction.
    fn do_switch(&mut self, switch: &TransactionSwitch) -> Result<bool, DbError> {
        self.transactions.expire(self.now);
        let sessionless = switch.flags & FLAG_SESSIONLESS != 0;
        if sessionless && self.config.generation < Generation::V23ai {
            return Err(db_error(3001, "unimplemented feature: sessionless transactions"));
        }
        if switch.operation & (START | DETACH) == DETACH {
            return self.detach(sessionless).map(|()| true);
        }
        let Some(xid) = &switch.xid else {
            return Err(db_error(24756, "transaction does not exist"));
        };
        if let Some(attached) = &self.switching.attached {
            return Err(if attached.sessionless && sessionless {
                db_error(26216, "A sessionless transaction is already active in this session.")
            } else {
                db_error(24776, "Cannot start or resume the transaction due to an existing one.")
            });
        }
        let local = self.user.as_ref().is_some_and(|user| user.engine.in_transaction());
        if local && switch.flags & FLAG_PROMOTE == 0 {
            return Err(db_error(
                24776,
                "Cannot start or resume the transaction due to the existing local transaction.",
            ));
        }
        if switch.flags & FLAG_RESUME != 0 {
            return self.resume(xid, sessionless, switch);
        }
        {
            let mut places = self.transactions.lock();
            if places.contains_key(xid) {
                return Err(exists_already(xid, sessionless));
            }
            places.insert(xid.clone(), Place::Attached);
        }
        self.attach(xid, sessionless, switch.timeout);
        Ok(true)
    }

    fn attach(&mut self, xid: &Xid, sessionless: bool, timeout: u32) {
        let ended_before = self.user.as_ref().map_or(0, |user| user.engine.transactions_ended());
        self.switching.attached = Some(Attached {
            xid: xid.clone(),
            sessionless,
            timeout,
            ended_before,
            prepared: false,
        });
        if sessionless {
            self.reply.notice = Some((xid.global.clone(), SET_BY_CLIENT));
        }
    }

    fn resume(
        &mut self,
        xid: &Xid,
        sessionless: bool,
        switch: &TransactionSwitch,
    ) -> Result<bool, DbError> {
        let parked = {
            let mut places = self.transactions.lock();
            match places.get(xid) {
                None => return Err(does_not_exist(xid, sessionless)),
                Some(Place::Attached) => return Ok(false),
                Some(Place::Detached { .. }) => places.insert(xid.clone(), Place::Attached),
            }
        };
        if let (Some(Place::Detached { mut engine, .. }), Some(user)) = (parked, &mut self.user) {
            engine.take_settings(&user.engine);
            user.engine = *engine;
        }
        self.attach(xid, sessionless, switch.timeout);
        Ok(true)
    }

    /// Puts the transaction aside.
    fn detach(&mut self, sessionless: bool) -> Result<(), DbError> {
        let Some(attached) = self.switching.attached.clone() else {
            return Err(if sessionless {
                db_error(26202, "No sessionless transaction is active in this session.")
            } else {
                db_error(24756, "transaction does not exist")
            });
        };
        let Some(user) = &mut self.user else { return Ok(()) };
        let fresh = user.engine.sibling()?;
        let engine = Box::new(std::mem::replace(&mut user.engine, fresh));
        let until = (attached.timeout > 0 && !attached.prepared)
            .then(|| self.now + Duration::from_secs(u64::from(attached.timeout)));
        self.transactions.lock().insert(attached.xid, Place::Detached { engine, until });
        self.switching.attached = None;
        if attached.sessionless {
            self.reply.notice = Some((Vec::new(), UNSET_BY_CLIENT));
        }
        Ok(())
    }

    /// The session ends: what is attached ends with it.
    pub(super) fn leave_transaction(&mut self) {
        if let Some(attached) = self.switching.attached.take() {
            self.transactions.forget(&attached);
        }
    }

    /// What a call did to the transaction, told in front of its end. Gives the error that a
    /// detachment behind a call that succeeded ran into.
    pub(super) fn settle_transaction(&mut self, succeeded: bool) -> Result<(), DbError> {
        let post_detach = std::mem::take(&mut self.switching.post_detach);
        let ended = self.user.as_ref().map_or(0, |user| user.engine.transactions_ended());
        if let Some(attached) = &self.switching.attached
            && ended != attached.ended_before
        {
            if attached.sessionless {
                self.reply.notice = Some((Vec::new(), UNSET_BY_END));
            }
            self.transactions.forget(attached);
            self.switching.attached = None;
        }
        if post_detach && succeeded && self.switching.attached.is_some() {
            self.detach(true)?;
        }
        Ok(())
    }

    /// A call of two-phase commit.
    pub(super) fn change_transaction(&mut self, call: &TransactionChange) -> Result<(), DbError> {
        self.transactions.expire(self.now);
        let attached_here = match (&call.xid, &self.switching.attached) {
            (None, Some(_)) => true,
            (Some(xid), Some(attached)) => *xid == attached.xid,
            (_, None) => false,
        };
        let state = if attached_here {
            self.change_attached(call)?
        } else {
            let Some(xid) = &call.xid else {
                return Err(db_error(24756, "transaction does not exist"));
            };
            self.change_detached(xid, call)?
        };
        put_changed(&mut self.reply.writer, state);
        let status = self.call_status();
        self.reply.end_status(status);
        Ok(())
    }

    fn change_attached(&mut self, call: &TransactionChange) -> Result<u32, DbError> {
        let (Some(user), Some(attached)) = (&mut self.user, &mut self.switching.attached) else {
            return Err(db_error(24756, "transaction does not exist"));
        };
        let state = match call.operation {
            PREPARE if user.engine.in_transaction() => {
                attached.prepared = true;
                return Ok(STATE_REQUIRES_COMMIT);
            }
            PREPARE => STATE_READ_ONLY,
            _ => finish(&mut user.engine, call)?,
        };
        if let Some(attached) = self.switching.attached.take() {
            self.transactions.forget(&attached);
        }
        Ok(state)
    }

    fn change_detached(&mut self, xid: &Xid, call: &TransactionChange) -> Result<u32, DbError> {
        let mut places = self.transactions.lock();
        let Some(Place::Detached { engine, until }) = places.get_mut(xid) else {
            return Err(match places.get(xid) {
                Some(_) => in_use(),
                None => does_not_exist(xid, false),
            });
        };
        let state = match call.operation {
            PREPARE if engine.in_transaction() => {
                *until = None;
                return Ok(STATE_REQUIRES_COMMIT);
            }
            PREPARE => STATE_READ_ONLY,
            _ => finish(engine, call)?,
        };
        places.remove(xid);
        Ok(state)
    }
}

/// Ends a transaction; gives the state that the client expects then.
fn finish(engine: &mut engine::Session, call: &TransactionChange) -> Result<u32, DbError> {
    match call.operation {
        COMMIT => {
            engine.commit()?;
            Ok(if call.state == STATE_READ_ONLY { STATE_COMMITTED } else { STATE_FORGOTTEN })
        }
        ABORT => {
            engine.rollback()?;
            Ok(STATE_ABORTED)
        }
        FORGET => {
            engine.rollback()?;
            Ok(STATE_FORGOTTEN)
        }
        other => Err(db_error(3001, &format!("unimplemented feature: transaction change {other}"))),
    }
}

fn in_use() -> DbError {
    db_error(25351, "transaction is currently in use")
}
