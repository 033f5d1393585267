//! The recording `pyo4-sessionless` of a real 23ai server, replayed in lock-step: sessionless
//! transactions begun, suspended, resumed and committed, byte for byte as python-oracledb did.

mod common;

use common::replay::{NOW, Replay, recorded_sql};
use oraedge::client::ToSql;
use oraedge::session::sessionless::State;
use oraedge::session::{Event, ExecuteOptions, Start};
use oraedge::wire::ttc::binds::BindBatch;

const FILE: &str = "pyo4-sessionless";
const ID: &[u8] = b"golden_8700_txn_id";

/// CLOSE_CURSORS with the number 4: cursor 1.
const CLOSE_CURSOR: [u8; 9] = [0x11, 0x69, 4, 0, 1, 1, 1, 1, 1];

fn row(number: i64, text: &str) -> BindBatch {
    let mut binds = BindBatch::new(2);
    number.push_to(&mut binds).expect("bind");
    text.push_to(&mut binds).expect("bind");
    binds
}

fn replay_sessionless(piece: usize) {
    let Some(mut replay) = Replay::new(FILE, piece) else { return };
    // The recorded client held the truncating cursor until its next statement; here a DDL's cursor
    // is closed with the next call, whatever that is. So nine bytes travel one call earlier.
    replay.amend("pyo4-sessionless#0009", |packet| {
        packet[12] = 5; // the call's number: the piggyback takes 4
        packet.splice(10..10, CLOSE_CURSOR);
        packet[3] += 9; // the packet's length
    });
    replay.amend("pyo4-sessionless#0011", |packet| {
        packet.drain(10..19);
        packet[3] -= 9;
    });
    assert!(matches!(replay.run(), Event::LoggedOn));
    let state = |replay: &Replay| replay.session.sessionless_state();
    assert_eq!(state(&replay), State::None);
    replay.execute(&recorded_sql(FILE, 7), BindBatch::default(), 2);

    let begin = replay.session.start_sessionless(NOW, Start::Begin, ID, 15);
    begin.expect("the call begins");
    assert_eq!(state(&replay), State::BeginPending);
    assert!(matches!(replay.run(), Event::Done));
    assert_eq!(state(&replay), State::Active);
    assert_eq!(replay.session.sessionless_id(), Some(ID));
    // What cannot be is refused before anything is sent.
    let again = replay.session.start_sessionless(NOW, Start::Begin, b"other", 15);
    assert!(again.expect_err("refused").to_string().contains("already active"));

    let insert = recorded_sql(FILE, 11);
    let inserted = replay.execute(&insert, row(1, "row1"), 2);
    assert_eq!(inserted.rows_affected, 1);
    assert!(replay.session.in_transaction());
    replay.session.suspend_sessionless(NOW).expect("the call begins");
    assert!(matches!(replay.run(), Event::Done));
    assert_eq!(state(&replay), State::Suspended);
    assert_eq!(replay.session.sessionless_id(), None);
    let none = replay.session.suspend_sessionless(NOW);
    assert!(none.expect_err("refused").to_string().contains("ORA-26202"));

    // Resume, insert and suspend in one round trip.
    let before = replay.session.round_trips();
    replay.session.defer_sessionless(Start::Resume, ID, 5).expect("nothing is sent yet");
    assert_eq!(state(&replay), State::ResumePending);
    let options =
        ExecuteOptions { prefetch_rows: 2, suspend_on_success: true, ..Default::default() };
    let inserted = replay.execute_with(&insert, row(2, "row2"), options);
    assert_eq!(inserted.rows_affected, 1);
    assert_eq!(state(&replay), State::Suspended);
    assert_eq!(replay.session.round_trips() - before, 1);

    let resume = replay.session.start_sessionless(NOW, Start::Resume, ID, 60);
    resume.expect("the call begins");
    assert!(matches!(replay.run(), Event::Done));
    assert_eq!(state(&replay), State::Active);
    replay.session.commit(NOW).expect("the call begins");
    assert!(matches!(replay.run(), Event::Done));
    assert_eq!(state(&replay), State::Ended);
    replay.log_off();
}

#[test]
fn python_oracledbs_session_is_sent_byte_for_byte() {
    replay_sessionless(usize::MAX);
}

#[test]
fn the_same_when_the_servers_packets_come_in_pieces() {
    replay_sessionless(1);
    replay_sessionless(7);
}
