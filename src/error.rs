//! Every error of the crate, sorted by who is to blame.

use std::borrow::Cow;
use std::time::Duration;

/// What is being done on a stream that breaks after it was opened.
pub(crate) const READING: &str = "reading";
/// As above.
pub(crate) const WRITING: &str = "writing";

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, sorted by who is to blame.
///
/// [`Error::Database`] is the server's own answer to a statement, and the connection that got it
/// goes on working. After [`Error::Malformed`], [`Error::PeerMisbehaved`], [`Error::Transport`] and
/// [`Error::Closed`] the connection is gone; see [`Error::is_fatal`].
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bytes that do not decode: the sender, or something on the way, broke them.
    #[error("{0}")]
    Malformed(Malformed),
    /// A well-formed message that the protocol does not allow here.
    #[error("the server broke the protocol: {detail}")]
    PeerMisbehaved {
        /// What was expected and what came.
        detail: String,
    },
    /// Something that works elsewhere, but not in this version, or not with this server.
    #[error("{what} is not supported{}", remedy_tail(.remedy))]
    Unsupported {
        /// What was asked for, or what the server wanted.
        what: String,
        /// What to do instead; empty if nothing helps.
        remedy: String,
    },
    /// The database's own error (`ORA-00942: table or view does not exist`).
    #[error("{0}")]
    Database(Box<DbError>),
    /// Log-on failed on this side of the wire: a verifier, a token, a key, the server's proof.
    #[error("{what}{}", remedy_tail(.remedy))]
    Auth {
        /// What failed.
        what: String,
        /// What to do about it; empty if nothing helps.
        remedy: String,
    },
    /// The caller asked for something that cannot be.
    #[error("{what}{}", remedy_tail(.remedy))]
    Misuse {
        /// What was expected and what came.
        what: String,
        /// What to do instead; empty if that is plain.
        remedy: String,
    },
    /// A connect string, descriptor or tnsnames.ora text that cannot be read.
    #[error("{0}")]
    ConnectString(Box<ConnectStringError>),
    /// The bytes could not be carried: name look-up, TCP, TLS, WebSocket, bridge.
    #[error("{doing}: {detail}{}", remedy_tail(.remedy))]
    Transport {
        /// What was being done (`connecting to db.example:1521`).
        doing: String,
        /// What came back.
        detail: String,
        /// What to do about it; empty if nothing helps.
        remedy: String,
    },
    /// It took longer than the caller allowed.
    #[error("{doing}: timeout of {} ms exceeded", .after.as_millis())]
    TimedOut {
        /// What was being done (`call`, `connecting to db.example:1521`).
        doing: String,
        /// The limit that was exceeded.
        after: Duration,
    },
    /// The handle of a suspended transaction cannot be used.
    #[error("{0}")]
    Handle(HandleFault),
    /// The caller cancelled the call.
    #[error("ORA-01013: user requested cancel of current operation")]
    Cancelled,
    /// The connection broke, and a transaction was open.
    #[error("{cause}; {outcome}")]
    Interrupted {
        /// How it broke.
        cause: Box<Error>,
        /// What that means for the transaction.
        outcome: TransactionOutcome,
    },
    /// The connection is closed, by this side, by the server or by something on the way.
    #[error("the connection is closed: {reason}")]
    Closed {
        /// Who closed it and why.
        reason: String,
    },
}

fn remedy_tail(remedy: &str) -> String {
    if remedy.is_empty() { String::new() } else { format!("; {remedy}") }
}

/// What became of a transaction whose connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransactionOutcome {
    /// It was not committed, and the server rolls it back.
    NotCommitted,
    /// Nobody here knows: a commit was under way, or something that may commit.
    Unknown,
    /// A sessionless one, which was not committed: suspended or rolled back.
    Suspended,
    /// A branch of a distributed one: committed, rolled back or prepared.
    InDoubt,
}

impl std::fmt::Display for TransactionOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TransactionOutcome::NotCommitted => {
                "the transaction was not committed, and the server rolls it back"
            }
            TransactionOutcome::Unknown => {
                "whether the transaction was committed is not known: look for its changes before \
                 making them again"
            }
            TransactionOutcome::Suspended => {
                "the sessionless transaction was not committed: it is suspended or rolled back, \
                 which an attempt to resume it tells"
            }
            TransactionOutcome::InDoubt => {
                "the branch may be committed, rolled back or prepared: look for it among the \
                 pending transactions (DBA_PENDING_TRANSACTIONS)"
            }
        })
    }
}

impl Error {
    /// A message that the protocol does not allow here.
    pub fn misbehaved(detail: impl Into<String>) -> Self {
        Error::PeerMisbehaved { detail: detail.into() }
    }

    /// Something that is not supported, and what to do instead.
    pub fn unsupported(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Error::Unsupported { what: what.into(), remedy: remedy.into() }
    }

    /// A call that cannot be, and what to do instead.
    pub fn misuse(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Error::Misuse { what: what.into(), remedy: remedy.into() }
    }

    /// A log-on that failed on this side, and what to do about it.
    pub fn auth(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Error::Auth { what: what.into(), remedy: remedy.into() }
    }

    /// Bytes that could not be carried.
    pub fn transport(
        doing: impl Into<String>,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Error::Transport { doing: doing.into(), detail: detail.into(), remedy: remedy.into() }
    }

    /// A connection that is no more.
    pub fn closed(reason: impl Into<String>) -> Self {
        Error::Closed { reason: reason.into() }
    }

    /// A stable name for programs: `ORA-00942` for the database's own errors, else one of
    /// `OED-MALFORMED`, `OED-PROTOCOL`, `OED-UNSUPPORTED`, `OED-AUTH`, `OED-MISUSE`,
    /// `OED-CONNECT-STRING`, `OED-TRANSPORT`, `OED-TIMEOUT`, `ORA-01013`, `OED-CLOSED`,
    /// and those of [`HandleFault`].
    pub fn code(&self) -> Cow<'static, str> {
        match self {
            Error::Malformed(_) => "OED-MALFORMED".into(),
            Error::PeerMisbehaved { .. } => "OED-PROTOCOL".into(),
            Error::Unsupported { .. } => "OED-UNSUPPORTED".into(),
            Error::Database(error) => error.code().into(),
            Error::Auth { .. } => "OED-AUTH".into(),
            Error::Misuse { .. } => "OED-MISUSE".into(),
            Error::ConnectString(_) => "OED-CONNECT-STRING".into(),
            Error::Transport { .. } => "OED-TRANSPORT".into(),
            Error::TimedOut { .. } => "OED-TIMEOUT".into(),
            Error::Handle(fault) => fault.code().into(),
            Error::Cancelled => "ORA-01013".into(),
            Error::Interrupted { cause, .. } => cause.code(),
            Error::Closed { .. } => "OED-CLOSED".into(),
        }
    }

    /// Whether the connection that gave this error is gone.
    pub fn is_fatal(&self) -> bool {
        match self {
            Error::Malformed(_)
            | Error::PeerMisbehaved { .. }
            | Error::Transport { .. }
            | Error::Interrupted { .. }
            | Error::Closed { .. } => true,
            Error::Database(error) => error.is_session_dead(),
            _ => false,
        }
    }

    /// Whether the same may work on another connection, after a while: the connection was lost, or
    /// the database is being started, stopped or moved. The official drivers call it so as well
    /// (`isRecoverable`).
    pub fn is_recoverable(&self) -> bool {
        match self {
            Error::Interrupted { .. } | Error::Closed { .. } => true,
            Error::Transport { doing, .. } => {
                doing.starts_with(READING) || doing.starts_with(WRITING)
            }
            Error::Database(error) => error.is_recoverable(),
            _ => false,
        }
    }

    /// What became of the transaction, if the connection broke while one was open.
    pub fn transaction_outcome(&self) -> Option<TransactionOutcome> {
        match self {
            Error::Interrupted { outcome, .. } => Some(*outcome),
            _ => None,
        }
    }
}

/// What is wrong with the handle of a suspended transaction; found before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandleFault {
    /// It is no handle; what is wrong (`OED-HANDLE-MALFORMED`).
    #[error("this is not the handle of a transaction: {0}")]
    Malformed(String),
    /// None of the keys has sealed it (`OED-HANDLE-FORGED`).
    #[error("the handle of the transaction was not sealed with this key, or was changed since")]
    Forged,
    /// It has expired so long ago (`OED-HANDLE-EXPIRED`).
    #[error(
        "the handle expired {} s ago, and the database has rolled the transaction back; begin \
         anew, with a longer timeout if need be",
        .0.as_secs()
    )]
    Expired(Duration),
    /// Its transaction is in another database (`OED-HANDLE-DATABASE`).
    #[error(
        "the transaction is in the database {wanted}, and this connection is to {connected}; \
         resume it where it was begun"
    )]
    OtherDatabase {
        /// Which one has the transaction.
        wanted: String,
        /// Which one it was to be resumed on.
        connected: String,
    },
}

impl HandleFault {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            HandleFault::Malformed(_) => "OED-HANDLE-MALFORMED",
            HandleFault::Forged => "OED-HANDLE-FORGED",
            HandleFault::Expired(_) => "OED-HANDLE-EXPIRED",
            HandleFault::OtherDatabase { .. } => "OED-HANDLE-DATABASE",
        }
    }
}

/// Bytes that do not decode: which field, where, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed {field} at byte {offset}: {detail}")]
pub struct Malformed {
    /// The field in the words of the protocol (`row header: bit vector length`).
    pub field: &'static str,
    /// Offset in the message, the value or the packet that was being decoded, in bytes.
    pub offset: usize,
    /// What was expected and what came.
    pub detail: Cow<'static, str>,
}

impl From<Malformed> for Error {
    fn from(malformed: Malformed) -> Self {
        Error::Malformed(malformed)
    }
}

/// An error that the database answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DbError {
    /// The number after `ORA-`.
    pub number: u32,
    /// The server's text, with its `ORA-` code in front, without the trailing newline.
    pub message: String,
    /// Where in the statement's text, in bytes from its start; `None` if the server did not say.
    pub offset: Option<u32>,
    /// Rows done before the error, for DML.
    pub rows_affected: u64,
    /// Errors of single rows of an array DML with `batchErrors`.
    pub batch_errors: Vec<BatchError>,
}

/// One row's error of an array DML with `batchErrors`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchError {
    /// The number after `ORA-`.
    pub number: u32,
    /// Index of the row in the binds, from 0.
    pub row: u32,
    /// The server's text.
    pub message: String,
}

impl DbError {
    /// The code as users search for it: `ORA-00942`.
    pub fn code(&self) -> String {
        // A text such as `PLS-00201: ...` never comes first; the server leads with its ORA code.
        match self.message.split_once(':') {
            Some((code, _)) if code.len() == 9 && code.as_bytes().get(3) == Some(&b'-') => {
                code.to_owned()
            }
            _ => format!("ORA-{:05}", self.number),
        }
    }

    /// Whether the session that gave this error no longer exists.
    ///
    /// The numbers are those that the official drivers treat as a dead connection.
    pub fn is_session_dead(&self) -> bool {
        matches!(
            self.number,
            22 | 28
                | 31
                | 45
                | 378
                | 600
                | 602
                | 603
                | 609
                | 1012
                | 1041
                | 1043
                | 1089
                | 1092
                | 2396
                | 3113
                | 3114
                | 3122
                | 3135
                | 12153
                | 12537
                | 12547
                | 12570
                | 12583
                | 27146
                | 28511
                | 56600
        )
    }
}

impl DbError {
    /// Whether the same may work on another connection, after a while.
    ///
    /// The numbers are those of python-oracledb's `errors.py`: dead connections, and what a
    /// database says that is being started, stopped or moved. (node-oracledb's list is part of it.)
    pub fn is_recoverable(&self) -> bool {
        self.is_session_dead()
            || matches!(
                self.number,
                376 | 1033 | 1034 | 1090 | 1115 | 12514 | 12571 | 12757 | 16456
            )
    }
}

impl std::fmt::Display for DbError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        Error::Database(Box::new(error))
    }
}

/// A connect string that cannot be read, with the place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectStringError {
    /// What was expected, what came, and what to do.
    pub message: String,
    /// The whole text that was being read, with passwords blanked.
    pub input: String,
    /// Where in `input`, in characters from 0.
    pub position: usize,
    /// The file that `input` is from, if it is from one.
    pub place: Option<TextPlace>,
}

/// Where in a file a piece of text begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPlace {
    /// The file's name as the caller gave it.
    pub file: String,
    /// The number of the line, from 1.
    pub line: usize,
}

impl std::fmt::Display for ConnectStringError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ConnectStringError { message, input, position, place } = self;
        let (line_number, column, line) = locate(input, *position);
        let column_number = column + 1;
        match place {
            Some(TextPlace { file, line: first }) => {
                let line_number = first + line_number - 1;
                write!(f, "{message} ({file} line {line_number}, column {column_number})")?;
            }
            None => write!(f, "{message} (line {line_number}, column {column_number})")?,
        }
        write!(f, "\n  {line}\n  ")?;
        for _ in 0..column {
            f.write_str(" ")?;
        }
        f.write_str("^")
    }
}

impl From<ConnectStringError> for Error {
    fn from(error: ConnectStringError) -> Self {
        Error::ConnectString(Box::new(error))
    }
}

/// The line that holds the character at `position`: its number from 1, the column from 0, its text.
fn locate(input: &str, position: usize) -> (usize, usize, &str) {
    let mut left = position;
    let mut number = 1;
    for line in input.split('\n') {
        let length = line.chars().count();
        if left <= length {
            return (number, left, line);
        }
        left -= length + 1;
        number += 1;
    }
    (number, 0, "")
}
