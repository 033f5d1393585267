//! An Oracle-dialect SQL engine on SQLite.
//!
//! A [`Database`] is shared by all connections; each has a [`Session`]. A text is parsed and
//! described by [`Session::prepare`] and run by [`Session::execute`]; a query's rows come lazily
//! from a [`RowSource`].
//!
//! ```text
//! text -> lexer (binds, Oracle's own tokens) -> sqlparser -> translate (names and types resolved,
//!         SQLite text with o_* functions) -> SQLite -> rows as Oracle's own bytes -> Value
//! ```
//!
//! Every value is stored as the bytes that Oracle itself uses: NUMBER, DATE, TIMESTAMP, intervals
//! and binary floats have byte forms whose order is the order of the values, so that SQLite's
//! comparison, sorting, grouping and indexes are right without a collation, and nothing goes
//! through a float.

mod authorization;
mod catalog;
mod changes;
mod cursor;
mod database;
mod datetime;
mod ddl;
mod dictionary;
mod environment;
mod error;
mod format_date;
mod format_number;
mod functions;
mod generators;
mod interrupt;
mod lexer;
mod num;
mod parse;
mod plsql;
mod prepare;
mod sample;
mod session;
mod settings;
mod spill;
mod statement;
mod storage;
mod translate;
mod type_name;
mod types;

pub use authorization::NotAdmitted;
pub use cursor::RowSource;
pub use database::{AuthenticationMethod, Database};
pub use interrupt::Interrupter;
pub use session::Session;
pub use settings::{Generation, Settings};
pub use statement::{Column, Outcome, Statement, StatementKind};

#[cfg(test)]
mod tests;
