//! Sessionless transactions, as one session sees them: a table of states and events.
//!
//! A sessionless transaction (23ai) belongs to no session: it is begun on one, suspended, and
//! resumed on any other by its identifier. [`State::next`] is the whole of the rules; the server's
//! notices have the last word, and what a caller does wrong is found before anything is sent,
//! where python-oracledb and node-oracledb find it too. docs/transactions.md shows the table as a
//! diagram, which is made from it.

use std::fmt::Write;

use crate::error::{Error, Result};
use crate::wire::ttc::transaction::{
    MAX_XID_PART, SESSIONLESS_FORMAT, TransactionSwitch, Xid, operation, switch_flag,
};

/// How long a transaction may stay suspended by default, in seconds, as in the official drivers.
pub const DEFAULT_SESSIONLESS_TIMEOUT: u32 = 60;

/// Where a session is with sessionless transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// There was none yet.
    None,
    /// One begins with the call that is under way, or with the next one.
    BeginPending,
    /// One is resumed by the call that is under way, or by the next one.
    ResumePending,
    /// One is active.
    Active,
    /// One is active that a procedure on the server began or resumed.
    ActiveOnServer,
    /// The active one is suspended by the call that is under way, if that succeeds.
    SuspendPending,
    /// The last one was suspended.
    Suspended,
    /// The last one was committed or rolled back.
    Ended,
}

/// What happens to a session's sessionless transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The caller begins one.
    Begin,
    /// The caller resumes one.
    Resume,
    /// The caller suspends it, by itself or behind a statement.
    Suspend,
    /// A call that began, resumed or suspended one succeeded, and the server told nothing else.
    Answered,
    /// The call that is under way failed.
    Failed,
    /// A commit or rollback succeeded, or DDL, which commits.
    Finished,
    /// The server tells that one is attached: the client had asked for it.
    SetByClient,
    /// The server tells that one is attached: a procedure on the server did it.
    SetByServer,
    /// The server tells that one is detached, and goes on living.
    Detached,
    /// The server tells that one has ended.
    EndedByServer,
    /// The connection is gone.
    Lost,
}

/// Why a caller's wish cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// One is active already.
    AlreadyActive,
    /// None is active.
    NoneActive,
    /// It was begun by a procedure on the server, so only such a procedure can suspend it.
    StartedOnServer,
}

impl Refusal {
    /// The error that a caller gets. The words and the numbers are those that the server would
    /// answer with (ORA-26216, ORA-26202, ORA-26211).
    pub fn to_error(self) -> Error {
        match self {
            Refusal::AlreadyActive => Error::misuse(
                "a sessionless transaction is already active on this connection (ORA-26216)",
                "suspend, commit or roll back the current sessionless transaction before beginning \
                 or resuming another one",
            ),
            Refusal::NoneActive => Error::misuse(
                "no sessionless transaction is active on this connection (ORA-26202)",
                "begin or resume one first",
            ),
            Refusal::StartedOnServer => Error::misuse(
                "the sessionless transaction was begun or resumed by a procedure on the server \
                 (ORA-26211)",
                "suspend it with DBMS_TRANSACTION.SUSPEND_TRANSACTION, and begin and resume it the \
                 same way",
            ),
        }
    }
}

impl State {
    /// Every state.
    pub const ALL: [State; 8] = [
        State::None,
        State::BeginPending,
        State::ResumePending,
        State::Active,
        State::ActiveOnServer,
        State::SuspendPending,
        State::Suspended,
        State::Ended,
    ];

    /// Whether a transaction is attached to the session, or about to be.
    pub fn is_active(self) -> bool {
        !matches!(self, State::None | State::Suspended | State::Ended)
    }

    /// The table: where an event leads.
    ///
    /// # Errors
    /// A [`Refusal`] for what a caller wants and cannot have; only [`Event::Begin`],
    /// [`Event::Resume`] and [`Event::Suspend`] are refused.
    pub fn next(self, event: Event) -> std::result::Result<State, Refusal> {
        use Event::{Answered, Begin, Detached, EndedByServer, Failed, Finished, Lost, Resume};
        use Event::{SetByClient, SetByServer, Suspend};
        Ok(match (self, event) {
            // What a caller wants.
            (State::None | State::Suspended | State::Ended, Begin) => State::BeginPending,
            (State::None | State::Suspended | State::Ended, Resume) => State::ResumePending,
            (State::None | State::Suspended | State::Ended, Suspend) => {
                return Err(Refusal::NoneActive);
            }
            (State::ActiveOnServer, Begin | Resume | Suspend) => {
                return Err(Refusal::StartedOnServer);
            }
            (_, Begin | Resume) => return Err(Refusal::AlreadyActive),
            (State::BeginPending | State::ResumePending | State::Active, Suspend) => {
                State::SuspendPending
            }
            // Two calls at a time are no more possible than two suspensions.
            (State::SuspendPending, Suspend) => return Err(Refusal::NoneActive),

            // What the server tells has the last word.
            (_, SetByClient) => State::Active,
            (_, SetByServer) => State::ActiveOnServer,
            (_, Detached) => State::Suspended,
            (_, EndedByServer) => State::Ended,

            // How calls went, where the server told nothing.
            (State::BeginPending | State::ResumePending, Answered) => State::Active,
            (State::SuspendPending, Answered) => State::Suspended,
            (state, Answered) => state,
            (State::BeginPending | State::ResumePending, Failed) => State::None,
            (State::SuspendPending, Failed) => State::Active,
            (state, Failed) => state,
            (State::None | State::Suspended | State::Ended, Finished) => self,
            (_, Finished) => State::Ended,
            (_, Lost) => State::None,
        })
    }
}

impl Event {
    /// Every event.
    pub const ALL: [Event; 11] = [
        Event::Begin,
        Event::Resume,
        Event::Suspend,
        Event::Answered,
        Event::Failed,
        Event::Finished,
        Event::SetByClient,
        Event::SetByServer,
        Event::Detached,
        Event::EndedByServer,
        Event::Lost,
    ];

    /// Reads the server's notice: the transaction's identifier (empty when it is detached), why,
    /// and the version of the layout. `None` for a notice of another version.
    pub(super) fn from_notice(notice: &[u8]) -> Option<(&[u8], Event)> {
        let (id, [bits, NOTICE_VERSION]) = notice.split_last_chunk::<2>()? else { return None };
        let reason = bits & notice::REASON;
        let event = if bits & notice::UNSET != 0 {
            // Suspended and ended look alike but for this: an end has the reason "transaction end".
            if reason == notice::BY_TRANSACTION_END {
                Event::EndedByServer
            } else {
                Event::Detached
            }
        } else if bits & notice::SET == 0 {
            return None;
        } else if reason == notice::BY_SERVER {
            Event::SetByServer
        } else {
            Event::SetByClient
        };
        Some((id, event))
    }
}

/// The version of the notice's layout (node-oracledb thin/protocol/constants.js,
/// `TNS_TPC_TRANS_TRANSACTION_ID_SYNC_VERSION_1`).
const NOTICE_VERSION: u8 = 1;

/// The notice's bits (`TNS_TPC_TRANS_TRANSACTION_ID_SYNC_*` there).
mod notice {
    pub(super) const SET: u8 = 0x40;
    pub(super) const UNSET: u8 = 0x80;
    pub(super) const REASON: u8 = 0x0f;
    pub(super) const BY_SERVER: u8 = 0x01;
    pub(super) const BY_TRANSACTION_END: u8 = 0x03;
}

/// Checks an identifier: 1 to 64 bytes.
///
/// # Errors
/// [`Error::Misuse`] with the length that came.
pub fn check_transaction_id(id: &[u8]) -> Result<()> {
    if id.is_empty() || id.len() > MAX_XID_PART {
        return Err(Error::misuse(
            format!(
                "a transaction identifier has 1 to {MAX_XID_PART} bytes, and this one has {}",
                id.len()
            ),
            "let one be made",
        ));
    }
    Ok(())
}

/// A session's sessionless transaction.
#[derive(Debug, Clone, Default)]
pub(super) struct Sessionless {
    state: Option<State>,
    /// The one that is attached, or was last.
    id: Vec<u8>,
    /// What still has to be sent, in front of the next call.
    pending: Option<TransactionSwitch>,
}

impl Sessionless {
    pub(super) fn state(&self) -> State {
        self.state.unwrap_or(State::None)
    }

    /// The transaction that is attached, or about to be.
    pub(super) fn id(&self) -> Option<&[u8]> {
        self.state().is_active().then_some(&self.id[..])
    }

    /// The transaction that was suspended last.
    pub(super) fn suspended_id(&self) -> Option<&[u8]> {
        (self.state() == State::Suspended).then_some(&self.id[..])
    }

    pub(super) fn forget_suspended(&mut self) {
        if !self.state().is_active() {
            *self = Sessionless::default();
        }
    }

    fn step(&mut self, event: Event) -> Result<()> {
        self.state = Some(self.state().next(event).map_err(Refusal::to_error)?);
        Ok(())
    }

    /// Begins or resumes one: gives the call to send, or keeps it for the front of the next call.
    pub(super) fn start(&mut self, resume: bool, id: &[u8], timeout: u32) -> Result<()> {
        check_transaction_id(id)?;
        self.step(if resume { Event::Resume } else { Event::Begin })?;
        id.clone_into(&mut self.id);
        self.pending = Some(TransactionSwitch {
            operation: operation::START,
            flags: switch_flag::SESSIONLESS
                | if resume { switch_flag::RESUME } else { switch_flag::NEW },
            timeout,
            xid: Some(Xid {
                format_id: SESSIONLESS_FORMAT,
                global_transaction_id: id.to_vec(),
                branch_qualifier: Vec::new(),
            }),
            context: None,
        });
        Ok(())
    }

    /// Suspends it with a call of its own. One that was to begin or resume with the next call and
    /// was not sent yet has nothing to suspend on the server: it is begun first.
    pub(super) fn suspend(&mut self) -> Result<TransactionSwitch> {
        self.step(Event::Suspend)?;
        Ok(TransactionSwitch {
            operation: operation::DETACH,
            flags: switch_flag::SESSIONLESS,
            ..TransactionSwitch::default()
        })
    }

    /// Suspends it behind the next call, if that succeeds.
    pub(super) fn suspend_on_success(&mut self) -> Result<()> {
        self.step(Event::Suspend)?;
        let switch = self.pending.get_or_insert_with(|| TransactionSwitch {
            flags: switch_flag::SESSIONLESS,
            ..TransactionSwitch::default()
        });
        switch.operation |= operation::POST_DETACH;
        Ok(())
    }

    /// Takes what has to ride in front of the call that is being written.
    pub(super) fn take_pending(&mut self) -> Option<TransactionSwitch> {
        self.pending.take()
    }

    /// Takes in what happened; never refused, since no caller wishes it.
    pub(super) fn note(&mut self, event: Event) {
        // What was not sent yet cannot have been answered.
        if self.pending.is_none() || event == Event::Lost {
            let _ = self.step(event);
        }
    }

    /// Takes in the server's notice.
    pub(super) fn note_notice(&mut self, notice: &[u8]) {
        let Some((id, event)) = Event::from_notice(notice) else { return };
        if !id.is_empty() {
            id.clone_into(&mut self.id);
        }
        self.note(event);
    }
}

/// The table as a Mermaid state diagram, for the documentation.
pub fn diagram() -> String {
    let mut text = String::from("stateDiagram-v2\n    [*] --> None\n");
    for state in State::ALL {
        for target in State::ALL {
            let events: Vec<String> = Event::ALL
                .into_iter()
                .filter(|event| state.next(*event) == Ok(target) && state != target)
                .map(|event| format!("{event:?}"))
                .collect();
            if !events.is_empty() {
                let _ = writeln!(text, "    {state:?} --> {target:?}: {}", events.join(", "));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by hand, pair by pair, so that a slip in the table's patterns shows. `!` is a
    /// refusal: A already active, N none active, S started on the server.
    const TABLE: [(State, [&str; 11]); 8] = [
        (State::None, ["BP", "RP", "!N", "No", "No", "No", "Ac", "AS", "Su", "En", "No"]),
        (State::BeginPending, ["!A", "!A", "SP", "Ac", "No", "En", "Ac", "AS", "Su", "En", "No"]),
        (State::ResumePending, ["!A", "!A", "SP", "Ac", "No", "En", "Ac", "AS", "Su", "En", "No"]),
        (State::Active, ["!A", "!A", "SP", "Ac", "Ac", "En", "Ac", "AS", "Su", "En", "No"]),
        (State::ActiveOnServer, ["!S", "!S", "!S", "AS", "AS", "En", "Ac", "AS", "Su", "En", "No"]),
        (State::SuspendPending, ["!A", "!A", "!N", "Su", "Ac", "En", "Ac", "AS", "Su", "En", "No"]),
        (State::Suspended, ["BP", "RP", "!N", "Su", "Su", "Su", "Ac", "AS", "Su", "En", "No"]),
        (State::Ended, ["BP", "RP", "!N", "En", "En", "En", "Ac", "AS", "Su", "En", "No"]),
    ];

    fn short(result: std::result::Result<State, Refusal>) -> &'static str {
        match result {
            Ok(State::None) => "No",
            Ok(State::BeginPending) => "BP",
            Ok(State::ResumePending) => "RP",
            Ok(State::Active) => "Ac",
            Ok(State::ActiveOnServer) => "AS",
            Ok(State::SuspendPending) => "SP",
            Ok(State::Suspended) => "Su",
            Ok(State::Ended) => "En",
            Err(Refusal::AlreadyActive) => "!A",
            Err(Refusal::NoneActive) => "!N",
            Err(Refusal::StartedOnServer) => "!S",
        }
    }

    #[test]
    fn every_pair_of_state_and_event_leads_where_the_rules_say() {
        for ((state, row), known) in TABLE.into_iter().zip(State::ALL) {
            assert_eq!(state, known);
            for (event, wanted) in Event::ALL.into_iter().zip(row) {
                assert_eq!(short(state.next(event)), wanted, "{state:?}, {event:?}");
            }
        }
    }

    #[test]
    fn only_a_callers_wish_is_refused() {
        for state in State::ALL {
            for event in Event::ALL {
                let wish = matches!(event, Event::Begin | Event::Resume | Event::Suspend);
                assert!(wish || state.next(event).is_ok(), "{state:?}, {event:?}");
            }
        }
    }

    #[test]
    fn the_servers_notices_are_read() {
        type Read<'a> = Option<(&'a [u8], Event)>;
        let cases: [(&[u8], Read<'_>); 9] = [
            (b"id\x42\x01", Some((b"id", Event::SetByClient))),
            (b"id\x41\x01", Some((b"id", Event::SetByServer))),
            (b"\x82\x01", Some((b"", Event::Detached))),
            (b"\x81\x01", Some((b"", Event::Detached))),
            (b"\x83\x01", Some((b"", Event::EndedByServer))),
            (b"id\x42\x02", None),
            (b"id\x02\x01", None),
            (b"\x01", None),
            (b"", None),
        ];
        for (bytes, wanted) in cases {
            assert_eq!(Event::from_notice(bytes), wanted, "{bytes:?}");
        }
    }

    #[test]
    fn a_begin_that_was_not_sent_yet_is_suspended_behind_the_same_call() {
        let mut sessionless = Sessionless::default();
        sessionless.start(false, b"id", 5).expect("begin");
        sessionless.note(Event::Failed); // of an earlier call's leftovers: nothing was sent
        sessionless.suspend_on_success().expect("suspend");
        let switch = sessionless.take_pending().expect("switch");
        assert_eq!(switch.operation, operation::START | operation::POST_DETACH);
        assert_eq!(switch.flags, switch_flag::NEW | switch_flag::SESSIONLESS);
        assert_eq!(sessionless.id(), Some(&b"id"[..]));
        sessionless.note_notice(b"\x82\x01");
        assert_eq!(sessionless.state(), State::Suspended);
        assert_eq!(sessionless.id(), None);
    }

    #[test]
    fn identifiers_have_1_to_64_bytes() {
        for (length, fits) in [(0, false), (1, true), (64, true), (65, false)] {
            assert_eq!(check_transaction_id(&vec![b'x'; length]).is_ok(), fits, "{length}");
        }
    }

    #[test]
    fn the_documented_diagram_is_the_tables() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/transactions.md");
        let text = std::fs::read_to_string(page).expect("docs/transactions.md");
        let fence = "```mermaid\n";
        let at = text.find(fence).expect("a diagram") + fence.len();
        let length = text[at..].find("```").expect("its end");
        if text[at..at + length] != diagram() {
            let mended = format!("{}{}{}", &text[..at], diagram(), &text[at + length..]);
            if std::env::var_os("ORAEDGE_UPDATE_DOCS").is_some() {
                std::fs::write(page, mended).expect("write");
            } else {
                panic!("run this test with ORAEDGE_UPDATE_DOCS=1 and commit docs/transactions.md");
            }
        }
    }
}
