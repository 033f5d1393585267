//! PL/SQL: anonymous blocks, CALL, stored procedures and functions.
//!
//! A block is compiled in one pass over its tokens, against the catalog as it is: names become
//! slots, and every expression that is more than a literal, a variable or a call becomes
//! `SELECT ... FROM DUAL` with the variables as binds, so that the engine alone knows operators,
//! functions and conversions. The tree that comes out is then walked.
//!
//! ```text
//! tokens -> compiler (declare, statements, embed) -> code -> machine (coerce, packages)
//! ```

mod block;
mod code;
mod coerce;
mod compiler;
mod declare;
mod embed;
mod errors;
mod machine;
mod packages;
mod scope;
mod statements;
mod stored;

pub(crate) use block::PlSqlBlock;
pub(crate) use packages::State;
