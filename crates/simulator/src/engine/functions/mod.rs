//! The functions that translated SQL calls in SQLite, `o_...`: they take and give values in the
//! form that they are stored in. Unless one says otherwise, NULL in gives NULL out.

mod aggregate;
mod dates;
mod misc;
mod numbers;
mod regular;
mod store;
mod texts;

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value as Sql, ValueRef};

use super::environment::Environment;
use super::error::{Result, into_sqlite, plain};
use super::num::{Num, NumError};

pub(crate) use dates::field_code;
pub(crate) use misc::rowid_of;
pub(crate) use store::{FIXED, IN_CHARS};

/// What a function is called with.
pub(crate) struct Args<'a, 'c>(&'a Context<'c>);

impl Args<'_, '_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn raw(&self, at: usize) -> ValueRef<'_> {
        if at < self.0.len() { self.0.get_raw(at) } else { ValueRef::Null }
    }

    fn is_null(&self, at: usize) -> bool {
        matches!(self.raw(at), ValueRef::Null)
    }

    fn any_null(&self) -> bool {
        (0..self.len()).any(|at| self.is_null(at))
    }

    /// The argument itself.
    fn copy(&self, at: usize) -> Answer {
        Ok(match self.raw(at) {
            ValueRef::Null => Sql::Null,
            ValueRef::Integer(value) => Sql::Integer(value),
            ValueRef::Real(value) => Sql::Real(value),
            ValueRef::Text(bytes) => Sql::Text(String::from_utf8_lossy(bytes).into_owned()),
            ValueRef::Blob(bytes) => Sql::Blob(bytes.to_vec()),
        })
    }

    /// Text; empty for NULL.
    fn text(&self, at: usize) -> &str {
        match self.raw(at) {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                std::str::from_utf8(bytes).unwrap_or_default()
            }
            _ => "",
        }
    }

    fn bytes(&self, at: usize) -> &[u8] {
        match self.raw(at) {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
            _ => &[],
        }
    }

    fn num(&self, at: usize) -> Result<Num> {
        match self.raw(at) {
            ValueRef::Blob(bytes) => Num::from_bytes(bytes).ok_or_else(|| plain(1426)),
            ValueRef::Integer(value) => Ok(Num::from_i64(value)),
            _ => Err(plain(1722)),
        }
    }

    /// A whole number, from a NUMBER (cut) or one of SQLite's integers.
    fn int(&self, at: usize) -> Result<i64> {
        match self.raw(at) {
            ValueRef::Integer(value) => Ok(value),
            _ => self.num(at)?.to_i64().ok_or_else(|| plain(1426)),
        }
    }
}

/// What a function answers.
pub(crate) type Answer = Result<Sql>;
type Function = fn(&Environment, &Args<'_, '_>) -> Answer;

/// Text; NULL if it is empty, as in Oracle.
fn text(value: impl Into<String>) -> Answer {
    let value = value.into();
    Ok(if value.is_empty() { Sql::Null } else { Sql::Text(value) })
}

fn bytes(value: Vec<u8>) -> Answer {
    Ok(if value.is_empty() { Sql::Null } else { Sql::Blob(value) })
}

fn number(value: Num) -> Answer {
    Ok(Sql::Blob(value.to_bytes()))
}

fn integer(value: i64) -> Answer {
    number(Num::from_i64(value))
}

fn calculated(value: Result<Num, NumError>) -> Answer {
    number(value.map_err(number_error)?)
}

pub(crate) fn number_error(error: NumError) -> oraedge::error::DbError {
    plain(match error {
        NumError::Overflow => 1426,
        NumError::DivideByZero => 1476,
        NumError::Invalid => 1722,
    })
}

/// Registers one kind of function.
struct Registry<'a> {
    connection: &'a Connection,
    environment: &'a Arc<Environment>,
}

impl Registry<'_> {
    /// NULL for any NULL argument.
    fn strict(&self, name: &str, arguments: i32, function: Function) -> rusqlite::Result<()> {
        self.add(name, arguments, true, true, function)
    }

    /// Sees NULL arguments.
    fn lax(&self, name: &str, arguments: i32, function: Function) -> rusqlite::Result<()> {
        self.add(name, arguments, false, true, function)
    }

    /// Gives another answer each time.
    fn volatile(&self, name: &str, arguments: i32, function: Function) -> rusqlite::Result<()> {
        self.add(name, arguments, false, false, function)
    }

    fn add(
        &self,
        name: &str,
        arguments: i32,
        strict: bool,
        deterministic: bool,
        function: Function,
    ) -> rusqlite::Result<()> {
        let environment = Arc::clone(self.environment);
        let mut flags = FunctionFlags::SQLITE_UTF8;
        if deterministic {
            flags |= FunctionFlags::SQLITE_DETERMINISTIC;
        }
        self.connection.create_scalar_function(name, arguments, flags, move |context| {
            let arguments = Args(context);
            if strict && arguments.any_null() {
                return Ok(Sql::Null);
            }
            function(&environment, &arguments).map_err(into_sqlite)
        })
    }
}

/// Makes all functions known to a connection.
pub(crate) fn register(
    connection: &Connection,
    environment: &Arc<Environment>,
) -> rusqlite::Result<()> {
    let registry = Registry { connection, environment };
    numbers::register(&registry)?;
    texts::register(&registry)?;
    regular::register(&registry)?;
    dates::register(&registry)?;
    misc::register(&registry)?;
    store::register(&registry)?;
    aggregate::register(connection)
}
