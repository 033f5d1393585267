//! Tables of SQL texts with what they must give.

mod global_users;
mod hostile;
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

#[test]
#[ignore = "a measurement, not a test"]
fn speed() {
    use std::time::Instant;
    for _ in 0..3 {
        let start = Instant::now();
        let session = scott(Generation::V23);
        println!("new database: {:?}", start.elapsed());
        drop(session);
    }
    let mut session = scott(Generation::V23);
    for (sql, count) in [
        ("select * from bench_a_1000000", 1_000_000u32),
        ("select level from dual connect by level <= 1000000", 1_000_000),
        ("select * from bench_b_200000", 200_000),
        ("select * from emp", 14),
    ] {
        let start = Instant::now();
        let mut outcome = session.execute_text(sql, &[]).unwrap();
        let (mut row, mut rows) = (Vec::new(), 0);
        while outcome.rows.as_mut().unwrap().next_row(&mut row).unwrap() {
            rows += 1;
        }
        let seconds = start.elapsed().as_secs_f64();
        println!("{sql}: {:.0} rows/s", f64::from(rows) / seconds);
        assert_eq!(rows, count);
    }
    let start = Instant::now();
    let statement = session.prepare("select :1 from dual").unwrap();
    for i in 0..20_000i64 {
        let mut outcome = session.execute(&statement, &[Value::from(i)]).unwrap();
        let mut row = Vec::new();
        outcome.rows.as_mut().unwrap().next_row(&mut row).unwrap();
    }
    println!("select :1 from dual: {:.0} /s", 20_000.0 / start.elapsed().as_secs_f64());
    let start = Instant::now();
    let statement = session.prepare("insert into bench_d values (:1, :2, :3, :4)").unwrap();
    for i in 0..100_000i64 {
        let row = [Value::from(i), Value::from("some text"), Value::Null, Value::from(i * 3)];
        session.execute(&statement, &row).unwrap();
    }
    session.commit().unwrap();
    println!("insert: {:.0} rows/s", 100_000.0 / start.elapsed().as_secs_f64());
}
