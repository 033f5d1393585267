//! Tables of SQL texts with what they must give.

mod plsql;
mod plsql_programs;
mod queries;
mod types;
mod writing;

use oraedge::error::DbError;
use oraedge::wire::value::Value;

use super::{Database, Generation, Session, Settings};

/// A new database of a generation, and a session of SCOTT's.
pub(super) fn scott(generation: Generation) -> Session {
    let settings = Settings { generation, lock_timeout_ms: 50, ..Settings::default() };
    let database = Database::in_memory(settings).unwrap();
    database.session("SCOTT").unwrap()
}

/// All rows, each as its values joined by `|`.
pub(super) fn rows(
    session: &mut Session,
    sql: &str,
    binds: &[Value],
) -> Result<Vec<String>, DbError> {
    let mut outcome = session.execute_text(sql, binds)?;
    let Some(rows) = &mut outcome.rows else {
        return Ok(vec![format!("{} rows", outcome.rows_affected)]);
    };
    let (mut all, mut row) = (Vec::new(), Vec::new());
    while rows.next_row(&mut row)? {
        let values: Vec<String> = row.iter().map(ToString::to_string).collect();
        all.push(values.join("|"));
    }
    Ok(all)
}

/// Runs each text: `=> rows joined by " / "`, or `!number` or `!number@offset` for an error.
pub(super) fn check(session: &mut Session, table: &[(&str, &str)]) {
    let mut failures = Vec::new();
    for (sql, expected) in table {
        let got = match rows(session, sql, &[]) {
            Ok(rows) => rows.join(" / "),
            Err(error) => match (error.offset, expected.contains('@')) {
                (Some(offset), true) => format!("!{}@{offset}", error.number),
                _ if expected.starts_with('!') => format!("!{}", error.number),
                _ => error.message,
            },
        };
        if got != *expected {
            failures.push(format!("{sql}\n     got {got}\n  wanted {expected}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} failed:\n{}",
        failures.len(),
        table.len(),
        failures.join("\n")
    );
}
