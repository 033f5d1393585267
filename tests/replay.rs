//! A recorded session of python-oracledb 4.0.1 with a real database, replayed in lock-step: the
//! session gets what the server sent, and must send what that client sent, byte for byte.

mod common;

use common::replay::{NOW, Replay, recorded_sql};
use oraedge::client::ToSql;
use oraedge::protocol::RowBatch;
use oraedge::session::{Event, Input, Output};
use oraedge::wire::ttc::binds::BindBatch;
use oraedge::wire::value::{DateTime, DbType, Number, Value};

fn rows(batch: &RowBatch) -> Vec<Vec<Value>> {
    (0..batch.rows())
        .map(|row| {
            let cell = |column: usize| {
                let info = &batch.columns()[column];
                let db_type = DbType::from_wire(info.ora_type, info.csfrm).expect("type");
                batch
                    .cell(row, column)
                    .map_or(Value::Null, |bytes| Value::decode(db_type, &bytes).expect("value"))
            };
            (0..batch.columns().len()).map(cell).collect()
        })
        .collect()
}

fn number(text: &str) -> Value {
    Value::Number(text.parse::<Number>().expect("number"))
}

fn replay_fetch_df(piece: usize) {
    let file = "pyo4-fetch-df";
    let Some(mut replay) = Replay::new(file, piece) else { return };
    assert!(matches!(replay.run(), Event::LoggedOn));
    let info = replay.session.info();
    assert_eq!(info.version_text(), "23.26.1.0.0");
    assert_eq!((info.session_id, info.serial_number), (162, 6521));
    assert_eq!(info.parameters["AUTH_SC_INSTANCE_NAME"], "FREE");

    replay.execute(&recorded_sql(file, 7), BindBatch::default(), 2);
    replay.execute(&recorded_sql(file, 9), BindBatch::default(), 2);

    let (first, third) = (
        (DateTime::new(2024, 1, 2, 3, 4, 5, 0), DateTime::new(2024, 1, 2, 3, 4, 5, 123_456_000)),
        (
            DateTime::new(1988, 12, 31, 23, 59, 58, 0),
            DateTime::new(1988, 12, 31, 23, 59, 58, 999_999_000),
        ),
    );
    let rows_in = [
        bind_row(
            ["1", "12345678901234", "12.34", "1.5"],
            "alpha",
            "ab",
            first,
            &[1, 2],
            ["2.5", "0.5"],
        ),
        vec![number("2")].into_iter().chain(std::iter::repeat_n(Value::Null, 10)).collect(),
        bind_row(
            ["3", "-42", "-99.99", "-0.25"],
            "gamma",
            "xyz",
            third,
            &[0xff; 8],
            ["-1.5", "-2"],
        ),
    ];
    let mut binds = BindBatch::new(11);
    for row in &rows_in {
        for value in row {
            value.push_to(&mut binds).expect("bind");
        }
    }
    let inserted = replay.execute(&recorded_sql(file, 11), binds, 2);
    assert_eq!(inserted.rows_affected, 3);
    // Object 72731, file 24, block 31, slot 2.
    assert_eq!(inserted.last_rowid.expect("rowid").to_string(), "AAARwbAAYAAAAAfAAC");

    replay.session.commit(NOW).expect("the call begins");
    assert!(matches!(replay.run(), Event::Done));

    let outcome = replay.execute(&recorded_sql(file, 15), BindBatch::default(), 100);
    assert!(outcome.cursor.is_none(), "the server said that there are no more rows");
    let batch = outcome.batch.expect("rows");
    let names: Vec<&str> = batch.columns().iter().map(|column| column.name.as_str()).collect();
    let wanted = [
        "ID", "BIG", "PRICE", "ANYNUM", "NAME", "FIXED", "HIRED", "UPDATED", "PAYLOAD", "RATING",
        "SCORE",
    ];
    assert_eq!(names, wanted);
    let mut expected = rows_in.to_vec();
    for (row, padded, rating, score) in [(0, "ab   ", 2.5, 0.5), (2, "xyz  ", -1.5, -2.0)] {
        expected[row][5] = Value::Text(padded.to_owned());
        expected[row][9] = Value::BinaryDouble(rating);
        expected[row][10] = Value::BinaryFloat(score);
    }
    assert_eq!(rows(&batch), expected);

    let outcome = replay.execute(&recorded_sql(file, 17), BindBatch::default(), 100);
    let expected = vec![
        vec![number("1"), number("12.34"), number("1.5")],
        vec![number("2"), Value::Null, Value::Null],
        vec![number("3"), number("-99.99"), number("-0.25")],
    ];
    assert_eq!(rows(&outcome.batch.expect("rows")), expected);

    let outcome = replay.execute(&recorded_sql(file, 19), BindBatch::default(), 100);
    assert!(outcome.batch.expect("rows").is_empty(), "the server only described the column");
    let cursor = outcome.cursor.expect("the server did not say that the rows are at their end");
    replay.session.fetch(NOW, cursor, 100).expect("the call begins");
    match replay.run() {
        Event::Fetched { batch, more_rows } => {
            // A column that is always null has no bytes at all in the row.
            assert_eq!(rows(&batch), [[Value::Null]]);
            assert!(!more_rows);
        }
        other => panic!("{other:?}"),
    }

    replay.log_off();
}

fn bind_row(
    numbers: [&str; 4],
    name: &str,
    fixed: &str,
    (hired, updated): (DateTime, DateTime),
    payload: &[u8],
    [rating, score]: [&str; 2],
) -> Vec<Value> {
    let mut row: Vec<Value> = numbers.iter().map(|text| number(text)).collect();
    row.extend([
        Value::Text(name.to_owned()),
        Value::Text(fixed.to_owned()),
        Value::Date(hired),
        Value::Timestamp(updated),
        Value::Bytes(payload.to_vec()),
        number(rating),
        number(score),
    ]);
    row
}

#[test]
fn python_oracledbs_session_is_sent_byte_for_byte() {
    replay_fetch_df(usize::MAX);
}

#[test]
fn the_same_when_the_servers_packets_come_byte_by_byte() {
    replay_fetch_df(1);
}

#[test]
fn the_same_when_they_come_in_odd_pieces() {
    replay_fetch_df(7);
    replay_fetch_df(1000);
}

#[test]
fn what_rides_in_front_of_a_call_goes_out_with_it_once() {
    let Some(mut replay) = Replay::new("pyo4-fetch-df", usize::MAX) else { return };
    assert!(matches!(replay.run(), Event::LoggedOn));
    replay.session.set_current_schema("HR");
    replay.session.begin_request();
    let mut sent = Vec::new();
    for _ in 0..2 {
        replay.session.ping(NOW).expect("the call begins");
        let Output::Transmit(bytes) = replay.session.poll_output() else { panic!("nothing sent") };
        sent.push(common::hex(&bytes));
        // STATUS, END_OF_RESPONSE.
        let answer = common::unhex("0000000f060000002000090101001d");
        replay.session.handle_input(NOW, Input::Received(&answer));
        assert!(matches!(replay.session.poll_output(), Output::Event(Event::Done)));
    }
    // Set schema (152), session state (176: begin, explicit), ping (147); numbers 3, 4, 5.
    let first =
        "0000002206000000000011980300010102024852".to_owned() + "11b004000144" + "0393050000";
    assert_eq!(sent[0][8..], first[8..first.len() - 2]);
    assert_eq!(sent[1], "0000000e06000000000003930600");
}
