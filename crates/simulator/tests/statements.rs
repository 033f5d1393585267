//! Statements of our own client on every generation, without sockets.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Pair, ora, server};
use oraedge::client::ToSql;
use oraedge::session::{Event, ExecuteOptions, ExecuteOutcome};
use oraedge::wire::ttc::binds::BindBatch;
use oraedge::wire::value::{Number, Value};
use oraedge_simulator::generation::Generation;

/// One of each that lays messages out differently.
const GENERATIONS: [Generation; 5] =
    [Generation::V12_1, Generation::V19c, Generation::V21c, Generation::V23ai, Generation::V26ai];

fn logged_on(generation: Generation) -> Pair {
    let mut pair = Pair::new(&Arc::new(server(generation)), "scott", "tiger");
    pair.log_on().unwrap_or_else(|error| panic!("{generation}: {error}"));
    pair
}

fn binds(rows: &[Vec<Value>]) -> BindBatch {
    let mut batch = BindBatch::new(rows.first().map_or(0, Vec::len));
    for value in rows.iter().flatten() {
        value.push_to(&mut batch).expect("a bind");
    }
    batch
}

fn run(
    pair: &mut Pair,
    sql: &str,
    rows: &[Vec<Value>],
    options: ExecuteOptions,
) -> oraedge::Result<ExecuteOutcome> {
    pair.begin(sql, binds(rows), options);
    match pair.run() {
        Event::Executed(outcome) => Ok(*outcome),
        Event::Failed(error) => Err(error),
        other => panic!("{sql}: {other:?}"),
    }
}

/// Every row of a query of one NUMBER column.
fn numbers(pair: &mut Pair, sql: &str, options: ExecuteOptions) -> Vec<i64> {
    let outcome = run(pair, sql, &[], options).unwrap();
    let mut batches = vec![outcome.batch.expect("a query's rows")];
    let mut cursor = outcome.cursor;
    while let Some(handle) = cursor {
        pair.client.fetch(pair.now, handle, 1000).unwrap();
        match pair.run() {
            Event::Fetched { batch, more_rows } => {
                batches.push(batch);
                cursor = more_rows.then_some(handle);
            }
            other => panic!("{other:?}"),
        }
    }
    let cells = batches.iter().flat_map(|batch| {
        (0..batch.rows()).map(|row| {
            let bytes = batch.cell(row, 0).expect("not null");
            Number::decode(&bytes).unwrap().to_i64().expect("an integer")
        })
    });
    cells.collect()
}

const COUNT: &str = "select level from dual connect by level <= 20000";

#[test]
fn rows_arrive_complete_and_in_order_however_bytes_are_cut() {
    for generation in GENERATIONS {
        for piece in [usize::MAX, 1000, 97] {
            let mut pair = logged_on(generation);
            pair.piece = piece;
            let rows = numbers(&mut pair, COUNT, ExecuteOptions::default());
            assert!(rows.into_iter().eq(1..=20000), "{generation}, pieces of {piece}");
        }
    }
}

#[test]
fn errors_point_into_the_text_and_the_session_goes_on() {
    for generation in GENERATIONS {
        let mut pair = logged_on(generation);
        for (sql, number) in
            [("select * from missing", 942), ("select nothing from dual", 904), ("selec 1", 900)]
        {
            let error = pair.execute(sql).unwrap_err();
            assert_eq!(ora(&error), number, "{generation}: {sql}: {error}");
        }
        let error = pair.execute("select * from missing").unwrap_err();
        let oraedge::Error::Database(error) = error else { panic!("{error}") };
        assert_eq!(error.offset, Some(14), "{generation}");
        assert_eq!(numbers(&mut pair, "select 40 + 2 from dual", ExecuteOptions::default()), [42]);
    }
}

#[test]
fn array_dml_reports_rows_errors_and_transactions() {
    for generation in GENERATIONS {
        let mut pair = logged_on(generation);
        pair.execute("create table t (id number primary key, name varchar2(20))").unwrap();
        let rows: Vec<Vec<Value>> =
            (1..=500).map(|id| vec![id.into(), format!("name {id}").into()]).collect();
        let insert = "insert into t values (:1, :2)";
        let outcome = run(&mut pair, insert, &rows, ExecuteOptions::default()).unwrap();
        assert_eq!(outcome.rows_affected, 500, "{generation}");
        assert!(outcome.last_rowid.is_some());
        assert!(pair.client.in_transaction());

        let twice = [vec![501.into(), "x".into()], rows[0].clone(), vec![502.into(), "y".into()]];
        let error = run(&mut pair, insert, &twice, ExecuteOptions::default()).unwrap_err();
        assert_eq!(ora(&error), 1, "{generation}: {error}");
        let count = "select count(*) from t";
        assert_eq!(numbers(&mut pair, count, ExecuteOptions::default()), [501]);

        let options = ExecuteOptions {
            batch_errors: true,
            dml_row_counts: true,
            ..ExecuteOptions::default()
        };
        let rows = [vec![502.into(), "y".into()], rows[0].clone(), vec![503.into(), Value::Null]];
        let outcome = run(&mut pair, insert, &rows, options).unwrap();
        assert_eq!(outcome.rows_affected, 2, "{generation}");
        assert_eq!(outcome.dml_row_counts, [1, 0, 1]);
        let errors: Vec<(u32, u32)> =
            outcome.batch_errors.iter().map(|error| (error.row, error.number)).collect();
        assert_eq!(errors, [(1, 1)], "{generation}");

        pair.client.rollback(pair.now).unwrap();
        assert!(matches!(pair.run(), Event::Done));
        assert!(!pair.client.in_transaction());
        assert_eq!(numbers(&mut pair, count, ExecuteOptions::default()), [0]);
    }
}

#[test]
fn a_call_that_takes_too_long_is_broken_off() {
    for generation in GENERATIONS {
        let mut pair = logged_on(generation);
        pair.client.set_call_timeout(Some(Duration::from_secs(2)));
        let error = pair.execute("begin dbms_session.sleep(10); end;").unwrap_err();
        assert!(matches!(error, oraedge::Error::TimedOut { .. }), "{generation}: {error}");
        assert!((2..10).contains(&pair.elapsed().as_secs()), "{generation}: {:?}", pair.elapsed());
        pair.client.set_call_timeout(None);
        pair.execute("begin dbms_session.sleep(10); end;").unwrap();
        assert!(pair.elapsed().as_secs() >= 12);
    }
}

#[test]
fn an_answer_can_be_broken_off_in_the_middle() {
    for generation in GENERATIONS {
        let mut pair = logged_on(generation);
        let options = ExecuteOptions { prefetch_rows: 1_000_000, ..ExecuteOptions::default() };
        let sql = "select level from dual connect by level <= 1000000";
        pair.begin(sql, BindBatch::new(0), options);
        pair.run_some(20);
        pair.client.cancel(pair.now);
        match pair.run() {
            Event::Failed(error) => assert!(!error.is_fatal(), "{generation}: {error}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(numbers(&mut pair, "select 40 + 2 from dual", ExecuteOptions::default()), [42]);
    }
}

#[test]
fn cursors_that_are_closed_are_free_again() {
    let mut config = server(Generation::V23ai);
    config.open_cursors = 5;
    let mut pair = Pair::new(&Arc::new(config), "scott", "tiger");
    pair.log_on().unwrap();
    let options = ExecuteOptions { cache_statement: false, ..ExecuteOptions::default() };
    for number in 0..50 {
        let sql = format!("select {number} from dual");
        assert_eq!(numbers(&mut pair, &sql, options.clone()), [number]);
    }
}

#[test]
fn a_row_may_repeat_the_last_one_of_the_answer_before() {
    let mut config = server(Generation::V19c);
    config.repeat_across_answers = true;
    let mut pair = Pair::new(&Arc::new(config), "scott", "tiger");
    pair.log_on().unwrap();
    let options = ExecuteOptions { prefetch_rows: 3, ..ExecuteOptions::default() };
    let sql = "select 7 from dual connect by level <= 2500";
    assert_eq!(numbers(&mut pair, sql, options), [7; 2500]);
}
