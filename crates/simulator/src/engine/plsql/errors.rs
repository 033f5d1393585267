//! Exceptions: predefined names, compile errors, the stack of an error that nobody handles.

use oraedge::error::DbError;

use super::super::error::{ora, plain};
use super::super::lexer::Positions;
use super::super::settings::Generation;
use super::code::Catch;

/// Exceptions that package STANDARD declares, and their numbers.
const PREDEFINED: [(&str, u32); 21] = [
    ("ACCESS_INTO_NULL", 6530),
    ("CASE_NOT_FOUND", 6592),
    ("COLLECTION_IS_NULL", 6531),
    ("CURSOR_ALREADY_OPEN", 6511),
    ("DUP_VAL_ON_INDEX", 1),
    ("INVALID_CURSOR", 1001),
    ("INVALID_NUMBER", 1722),
    ("LOGIN_DENIED", 1017),
    ("NO_DATA_FOUND", 1403),
    ("NO_DATA_NEEDED", 6548),
    ("NOT_LOGGED_ON", 1012),
    ("PROGRAM_ERROR", 6501),
    ("ROWTYPE_MISMATCH", 6504),
    ("STORAGE_ERROR", 6500),
    ("SUBSCRIPT_BEYOND_COUNT", 6533),
    ("SUBSCRIPT_OUTSIDE_LIMIT", 6532),
    ("SYS_INVALID_ROWID", 1410),
    ("TIMEOUT_ON_RESOURCE", 51),
    ("TOO_MANY_ROWS", 1422),
    ("VALUE_ERROR", 6502),
    ("ZERO_DIVIDE", 1476),
];

/// The number of a predefined exception.
pub(super) fn predefined(name: &str) -> Option<u32> {
    PREDEFINED.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

/// The error that raising a number gives.
pub(super) fn numbered(number: u32, generation: Generation) -> DbError {
    match number {
        51 => ora(number, "timeout occurred while waiting for a resource"),
        1001 => ora(number, "invalid cursor"),
        1012 => ora(number, "not logged on"),
        1017 => ora(number, "invalid username/password; logon denied"),
        1 => ora(number, "unique constraint (.) violated"),
        6500 => ora(number, "PL/SQL: storage error"),
        6501 => ora(number, "PL/SQL: program error"),
        6502 if generation >= Generation::V23 => ora(number, "PL/SQL: value or conversion error"),
        6502 => ora(number, "PL/SQL: numeric or value error"),
        6504 => ora(number, "PL/SQL: Return types of Result Set variables or query do not match"),
        6511 => ora(number, "PL/SQL: cursor already open"),
        6530 => ora(number, "Reference to uninitialized composite"),
        6531 => ora(number, "Reference to uninitialized collection"),
        6532 => ora(number, "Subscript outside of limit"),
        6533 => ora(number, "Subscript beyond count"),
        6548 => ora(number, "no more rows needed"),
        6592 => ora(number, "CASE not found while executing CASE statement"),
        20_000..=20_999 => ora(number, ""),
        _ => plain(number),
    }
}

/// ORA-06502 with what is wrong.
pub(super) fn value_error(detail: &str, generation: Generation) -> DbError {
    let head = numbered(6502, generation);
    if detail.is_empty() {
        return head;
    }
    DbError { message: format!("{}: {detail}", head.message), ..head }
}

/// A compile error at a byte of the text, as the server words it.
pub(super) fn compile_error(
    positions: &Positions,
    offset: usize,
    statement: usize,
    message: &str,
) -> DbError {
    let mut text = format!("{}{message}", place(positions, offset));
    if !message.starts_with("PLS-00103") {
        let kind = if message.starts_with("PL/SQL: ORA") {
            "PL/SQL: SQL Statement"
        } else {
            "PL/SQL: Statement"
        };
        text.push_str(&format!(
            "\nORA-06550: {}{kind} ignored",
            &place(positions, statement)[11..]
        ));
    }
    DbError {
        number: 6550,
        message: text,
        offset: u32::try_from(offset).ok(),
        ..DbError::default()
    }
}

fn place(positions: &Positions, offset: usize) -> String {
    let text = positions.text();
    let before = &text[..offset.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before[start..].chars().count() + 1;
    format!("ORA-06550: line {line}, column {column}:\n")
}

/// An error on its way to a handler.
#[derive(Debug, Clone, Default)]
pub(super) struct Raised {
    /// Its message without the stack.
    pub(super) error: DbError,
    /// Which declared exception it is.
    pub(super) user: Option<usize>,
    /// Lines of the running program where it was raised, the last one first.
    pub(super) lines: Vec<usize>,
    /// RAISE without a name: the line where it stands is to be added.
    pub(super) again: bool,
    /// `ORA-06512` of the programs that it left already.
    pub(super) stack: Vec<String>,
    /// The text of the error whose handler it came from.
    pub(super) previous: Option<String>,
}

impl From<DbError> for Box<Raised> {
    fn from(error: DbError) -> Box<Raised> {
        Box::new(Raised { error, ..Raised::default() })
    }
}

impl Raised {
    /// What the declared exception with this number says when nobody handles it.
    pub(super) fn user(id: usize, number: Option<u32>, generation: Generation) -> Box<Raised> {
        let error = match number {
            Some(number) => numbered(number, generation),
            None => ora(6510, "PL/SQL: unhandled user-defined exception"),
        };
        Box::new(Raised { error, user: Some(id), ..Raised::default() })
    }

    /// Notes the line, if it is the first to be noted in the running program.
    pub(super) fn at(mut self: Box<Self>, line: usize) -> Box<Self> {
        if self.lines.is_empty() || self.again {
            self.lines.insert(0, line);
            self.again = false;
        }
        self
    }

    /// Leaves a program: its lines become part of the stack.
    pub(super) fn leave(mut self: Box<Self>, place: &str) -> Box<Self> {
        let lines = std::mem::take(&mut self.lines);
        self.stack.extend(lines.iter().map(|line| format!("ORA-06512: at {place}line {line}")));
        self
    }

    pub(super) fn is_caught_by(&self, catch: &Catch) -> bool {
        match catch {
            Catch::Others => true,
            Catch::Number(number) => self.user.is_none() && self.error.number == *number,
            Catch::User { id, number } => {
                self.user == Some(*id)
                    || (self.user.is_none() && *number == Some(self.error.number))
            }
        }
    }

    /// SQLCODE in its handler.
    pub(super) fn code(&self) -> i64 {
        match self.error.number {
            // The two that do not follow the rule.
            1403 => 100,
            6510 if self.user.is_some() => 1,
            number => -i64::from(number),
        }
    }

    /// SQLERRM in its handler.
    pub(super) fn text(&self) -> String {
        if self.code() == 1 {
            return "User-Defined Exception".to_owned();
        }
        self.error.message.clone()
    }

    /// The message with the stack below.
    pub(super) fn full_text(&self) -> String {
        let mut parts = vec![self.error.message.clone()];
        parts.extend(self.stack.iter().cloned());
        parts.extend(self.previous.clone());
        parts.join("\n")
    }

    /// The stack alone.
    pub(super) fn backtrace(&self, place: &str) -> String {
        Box::new(self.clone()).leave(place).stack.join("\n")
    }

    pub(super) fn into_error(self) -> DbError {
        let message = self.full_text();
        DbError { message, ..self.error }
    }
}
