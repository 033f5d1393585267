//! The recording `pyo4-pipeline` of a real 23ai server, replayed in lock-step: three pipelines,
//! one of them with an error in the middle, byte for byte as python-oracledb sent them.

mod common;

use std::sync::Arc;

use common::replay::{NOW, Replay, recorded_sql};
use oraedge::client::ToSql;
use oraedge::error::Error;
use oraedge::session::{Event, ExecuteOptions, ExecuteRequest, PipelineOperation, PipelineOutcome};
use oraedge::wire::ttc::binds::BindBatch;
use oraedge::wire::value::Number;

const FILE: &str = "pyo4-pipeline";

/// The recorded client kept the cursor of its DDL open to the end; here it is closed with the next
/// call. So one piggyback is sent that was not, and every call behind it has a number one
/// higher.
fn amend(replay: &mut Replay) {
    /// Of a message's first call, and of the one behind PIPELINE_BEGIN.
    const NUMBER: usize = 12;
    const SECOND_NUMBER: usize = 20;
    let id = |packet: usize| format!("{FILE}#{packet:04}");
    replay.amend(&id(11), |packet| {
        packet[SECOND_NUMBER] += 1;
        // CLOSE_CURSORS, number 7, token 1: cursor 5.
        packet.splice(18..18, [0x11, 0x69, 7, 1, 1, 1, 1, 1, 1, 5]);
        packet[3] += 10;
    });
    for packet in [12, 13, 14, 15, 22, 23, 24, 31, 32, 36, 38] {
        replay.amend(&id(packet), |packet| packet[NUMBER] += 1);
    }
    replay.amend(&id(21), |packet| {
        packet[NUMBER] += 1;
        packet[SECOND_NUMBER] += 1;
    });
    replay.amend(&id(30), |packet| {
        packet[NUMBER] += 1;
        packet[SECOND_NUMBER] += 1;
        packet[30] += 1; // behind the piggyback that closes cursor 8
    });
}

fn statement(sql: &str, binds: BindBatch, prefetch_rows: u32) -> PipelineOperation {
    let options = ExecuteOptions { prefetch_rows, ..ExecuteOptions::default() };
    PipelineOperation::Execute(ExecuteRequest { sql: Arc::from(sql), binds, options })
}

fn plain(sql: &str, prefetch_rows: u32) -> PipelineOperation {
    statement(sql, BindBatch::default(), prefetch_rows)
}

fn run(
    replay: &mut Replay,
    operations: Vec<PipelineOperation>,
    continue_on_error: bool,
) -> Vec<Result<PipelineOutcome, Error>> {
    let before = replay.session.round_trips();
    replay.session.run_pipeline(NOW, operations, continue_on_error).expect("the call begins");
    match replay.run() {
        Event::Pipelined(results) => {
            assert_eq!(replay.session.round_trips() - before, 1);
            results
        }
        other => panic!("{other:?}"),
    }
}

fn numbers(outcome: &Result<PipelineOutcome, Error>) -> Vec<i64> {
    let Ok(PipelineOutcome::Executed(outcome)) = outcome else { panic!("{outcome:?}") };
    let batch = outcome.batch.as_ref().expect("rows");
    (0..batch.rows())
        .map(|row| {
            let cell = batch.cell(row, 0).expect("a number");
            Number::decode(&cell).expect("number").to_i64().expect("an integer")
        })
        .collect()
}

fn changed(outcome: &Result<PipelineOutcome, Error>) -> u64 {
    let Ok(PipelineOutcome::Executed(outcome)) = outcome else { panic!("{outcome:?}") };
    outcome.rows_affected
}

fn replay_pipelines(piece: usize) {
    let Some(mut replay) = Replay::new(FILE, piece) else { return };
    amend(&mut replay);
    assert!(matches!(replay.run(), Event::LoggedOn));
    replay.execute(&recorded_sql(FILE, 7), BindBatch::default(), 2);
    replay.execute(&recorded_sql(FILE, 9), BindBatch::default(), 2);

    let select = recorded_sql(FILE, 14);
    let operations = vec![
        plain(&recorded_sql(FILE, 11), 2),
        plain(&recorded_sql(FILE, 12), 2),
        PipelineOperation::Commit,
        plain(&select, 100),
    ];
    let results = run(&mut replay, operations, false);
    assert_eq!((changed(&results[0]), changed(&results[1])), (1, 1));
    assert!(matches!(results[2], Ok(PipelineOutcome::Committed)));
    assert_eq!(numbers(&results[3]), [1, 2]);

    let operations = vec![
        plain(&recorded_sql(FILE, 21), 2),
        plain(&recorded_sql(FILE, 22), 2),
        plain(&recorded_sql(FILE, 23), 1),
    ];
    let results = run(&mut replay, operations, true);
    assert_eq!(changed(&results[0]), 1);
    match &results[1] {
        Err(Error::Database(error)) => assert_eq!(error.code(), "ORA-00942"),
        other => panic!("{other:?}"),
    }
    assert_eq!(numbers(&results[2]), [3]);
    close_cursor(&mut replay, &results[2]);

    let mut binds = BindBatch::new(2);
    4_i64.push_to(&mut binds).expect("bind");
    "four".push_to(&mut binds).expect("bind");
    let operations =
        vec![statement(&recorded_sql(FILE, 30), binds, 2), plain(&recorded_sql(FILE, 31), 100)];
    let results = run(&mut replay, operations, false);
    assert_eq!(changed(&results[0]), 1);
    assert_eq!(numbers(&results[1]), [1, 2, 3, 4]);

    replay.session.rollback(NOW).expect("the call begins");
    assert!(matches!(replay.run(), Event::Done));
    replay.log_off();
}

/// What reads one row of a query leaves its cursor open.
fn close_cursor(replay: &mut Replay, outcome: &Result<PipelineOutcome, Error>) {
    if let Ok(PipelineOutcome::Executed(outcome)) = outcome
        && let Some(cursor) = outcome.cursor
    {
        replay.session.close_cursor(cursor);
    }
}

#[test]
fn python_oracledbs_pipelines_are_sent_byte_for_byte() {
    replay_pipelines(usize::MAX);
}

#[test]
fn the_same_when_the_servers_packets_come_in_pieces() {
    replay_pipelines(1);
    replay_pipelines(7);
}
