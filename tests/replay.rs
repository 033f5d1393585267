//! A recorded session of python-oracledb 4.0.1 with a real database, replayed in lock-step: the
//! session gets what the server sent, and must send what that client sent, byte for byte.

mod common;

use std::sync::Arc;

use oraedge::auth::Secret;
use oraedge::auth::o5logon::ClientEntropy;
use oraedge::client::ToSql;
use oraedge::connect_string::{ClientInfo, ConnectDescriptor};
use oraedge::protocol::RowBatch;
use oraedge::session::{
    Event, ExecuteOptions, ExecuteOutcome, ExecuteRequest, Input, Output, Session, SessionEntropy,
    SessionOptions,
};
use oraedge::time::Timestamp;
use oraedge::wire::ttc::binds::BindBatch;
use oraedge::wire::value::{DateTime, DbType, Number, Value};
use serde_json::Value as Json;

const NOW: Timestamp = Timestamp::ZERO;

/// A session, and the recorded packets that it must send and will get.
struct Replay {
    session: Session,
    packets: std::vec::IntoIter<Json>,
    /// How the server's packets are cut when they are fed.
    piece: usize,
}

fn part<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).map(|at| at + from.len()).unwrap_or_else(|| panic!("no {from}"));
    let length = text[start..].find(to).unwrap_or_else(|| panic!("no {to} behind {from}"));
    &text[start..start + length]
}

/// The value of a log-on pair in a recorded message, which has its length twice in front.
fn pair(message: &[u8], key: &str) -> String {
    let at = message.windows(key.len()).position(|window| window == key.as_bytes()).expect("pair");
    let rest = &message[at + key.len()..];
    let length = usize::from(rest[2]);
    String::from_utf8(rest[3..3 + length].to_vec()).expect("text")
}

impl Replay {
    fn new(file: &str, piece: usize) -> Option<Replay> {
        let mut records = common::records(&format!("sessions/{file}.jsonl"))?;
        let head = records.remove(0);
        let auth = &head["expect"]["auth"];
        let bytes = |key: &str| common::unhex(auth[key].as_str().expect(key));
        let connect = String::from_utf8(common::bytes(&records[1])[10..].to_vec()).expect("text");
        let fast_auth = common::bytes(&records[3]);
        let mut session_key = [0; 48];
        session_key[..32].copy_from_slice(&bytes("session_key_b"));
        let array = |key: &str| <[u8; 16]>::try_from(bytes(key)).expect("16 bytes");
        let entropy = SessionEntropy {
            plan_seed: 0,
            connection_id: unbase64(part(&connect, "(CONNECTION_ID=", ")")),
            log_on: ClientEntropy {
                session_key,
                speedy_salt: array("speedy_salt"),
                password_salt: array("password_salt"),
            },
        };
        let descriptor = ConnectDescriptor::parse(&format!(
            "{}:{}/{}",
            part(&connect, "(HOST=", ")"),
            part(&connect, "(PORT=", ")"),
            part(&connect, "(SERVICE_NAME=", ")")
        ))
        .expect("descriptor");
        let password = Secret::new(auth["user_password"].as_str().expect("password").into());
        let mut options = SessionOptions::new(descriptor, "pythontest", password);
        options.client = ClientInfo::new(
            part(&connect, "(PROGRAM=", ")"),
            part(&connect[connect.find("(PROGRAM=").expect("program")..], "(HOST=", ")"),
            part(&connect, "(USER=", ")"),
        )
        .with_pid(pair(&fast_auth, "AUTH_PID").parse().expect("number"));
        options.driver_name = "python-oracledb".to_owned();
        options.driver_version = (4, 0, 1);
        let session = Session::new(NOW, options, entropy);
        Some(Replay { session, packets: records.into_iter(), piece })
    }

    /// Runs to the next event, comparing what is sent with the recording.
    fn run(&mut self) -> Event {
        loop {
            match self.session.poll_output() {
                Output::Connect(_) => self.session.handle_input(NOW, Input::Connected),
                Output::Transmit(sent) => self.check_sent(&sent),
                Output::Event(event) => return event,
                Output::Disconnect | Output::RestartTls => panic!("the session gives up"),
                Output::Timeout(_) => {
                    let packet = self.packets.next().expect("the recording is at its end");
                    assert_eq!(packet["direction"], "server", "{}: nothing was sent", packet["id"]);
                    for piece in common::bytes(&packet).chunks(self.piece) {
                        self.session.handle_input(NOW, Input::Received(piece));
                    }
                }
            }
        }
    }

    fn check_sent(&mut self, sent: &[u8]) {
        let mut rest = sent;
        while !rest.is_empty() {
            let packet = self.packets.next().expect("more was sent than was recorded");
            assert_eq!(packet["direction"], "client", "{}: too much was sent", packet["id"]);
            let mut recorded = common::bytes(&packet);
            if packet["expect"]["packet_type"] == "CONNECT" {
                // The recorded client offered out-of-band breaks, which no stream but a bare TCP
                // socket can carry: bit 0x0400 of the service options, and the last flag.
                assert_eq!((recorded[12], recorded[13], recorded[73]), (0x04, 0x01, 0x01));
                (recorded[12], recorded[73]) = (0, 0);
            }
            let (mine, more) = rest.split_at(recorded.len().min(rest.len()));
            let first = mine.iter().zip(&recorded).position(|(mine, recorded)| mine != recorded);
            assert_eq!(
                first,
                None,
                "{}\n{}\n{}",
                packet["id"],
                common::hex(mine),
                common::hex(&recorded)
            );
            assert_eq!(mine.len(), recorded.len(), "{}: length", packet["id"]);
            rest = more;
        }
    }

    fn execute(&mut self, sql: &str, binds: BindBatch, prefetch_rows: u32) -> ExecuteOutcome {
        let options = ExecuteOptions { prefetch_rows, ..ExecuteOptions::default() };
        let request = ExecuteRequest { sql: Arc::from(sql), binds, options };
        self.session.execute(NOW, request).expect("the call begins");
        match self.run() {
            Event::Executed(outcome) => *outcome,
            other => panic!("{sql}: {other:?}"),
        }
    }
}

fn unbase64(text: &str) -> [u8; 16] {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = String::new();
    for character in text.trim_end_matches('=').chars() {
        bits += &format!("{:06b}", ALPHABET.find(character).expect("base64"));
    }
    let mut bytes = [0; 16];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).expect("bits");
    }
    bytes
}

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

/// The statements of the recorded session, whose texts are in the recording.
fn recorded_sql(file: &str, packet: usize) -> String {
    let records = common::records(&format!("sessions/{file}.jsonl")).expect("recording");
    let bytes = common::bytes(&records[packet + 1]);
    let text: Vec<u8> = bytes.clone();
    let starts = ["drop table", "create table", "insert into", "select"];
    let at = starts
        .iter()
        .filter_map(|start| text.windows(start.len()).position(|window| window == start.as_bytes()))
        .min()
        .expect("a statement");
    // The length stands in front: one byte, or fe and pieces.
    let length = match text[at - 3..at] {
        [0x02, high, low] => usize::from(high) << 8 | usize::from(low),
        _ => usize::from(text[at - 1]),
    };
    String::from_utf8(text[at..at + length].to_vec()).expect("text")
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

    replay.session.log_off(NOW).expect("the call begins");
    assert!(matches!(replay.run(), Event::LoggedOff));
    while let Output::Transmit(sent) = replay.session.poll_output() {
        replay.check_sent(&sent);
    }
    assert!(replay.packets.next().is_none(), "the recording goes on");
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
