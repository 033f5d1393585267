//! Where packets end says nothing about where messages end, and, before 23ai, nothing about where
//! the answer does. Each test here is a defect that another driver has.

mod common;

use common::answer::{self, Answer, LONG_RAW, QUERY_COLUMNS, query_row};
use oraedge::protocol::{Connection, Expect, Finished, LastRow, Response, ResponseParser};
use oraedge::wire::Writer;
use oraedge::wire::capabilities::{Capabilities, field_version};
use oraedge::wire::packet::{packet_type, write_packet};
use oraedge::wire::value::number::decode_i64;

fn query() -> Expect {
    Expect::Execute {
        columns: None,
        bind_types: Vec::new(),
        directions: Vec::new(),
        returning: false,
        dml_row_counts: false,
    }
}

fn caps(version: u8) -> Capabilities {
    let mut caps = Capabilities::default();
    caps.field_version = version;
    caps
}

fn check_rows(response: &Response, count: usize) {
    let rows = response.rows.as_ref().expect("rows");
    assert_eq!(rows.rows(), count);
    for row in 0..count {
        let id = decode_i64(&rows.cell(row, 0).expect("a number"));
        assert_eq!(id, Ok(i64::try_from(row).ok()), "row {row}");
        assert_eq!(rows.cell(row, 1).expect("a text").as_ref(), format!("row {row}").as_bytes());
    }
    assert_eq!(response.error.as_ref().expect("an end").number, 1403);
}

/// An answer of `count` rows, and where each of its messages ends.
fn rows_with_ends(version: u8, count: u64) -> (Vec<u8>, Vec<usize>) {
    let mut ends = Vec::new();
    let mut rows = Answer::new(version).describe(&QUERY_COLUMNS);
    ends.push(rows.writer.len());
    rows = rows.row_header();
    ends.push(rows.writer.len());
    for index in 0..count {
        rows = query_row(rows, index);
        ends.push(rows.writer.len());
    }
    (rows.end(7, count, 1403, "ORA-01403: no data found\n").payload(), ends)
}

#[test]
fn a_message_that_ends_where_a_packet_ends_does_not_end_the_answer() {
    for version in [field_version::V12_1, field_version::V19_1, field_version::V21_1] {
        let (payload, ends) = rows_with_ends(version, 300);
        for end in ends {
            let mut caps = caps(version);
            let mut parser = ResponseParser::plain(query(), false);
            let (front, back) = payload.split_at(end);
            let done = parser.handle_data(front, false, &mut caps).expect("the front");
            assert!(!done, "rows are lost when a packet ends at {end}");
            assert!(parser.handle_data(back, false, &mut caps).expect("the rest"));
            check_rows(&parser.finish(), 300);
        }
    }
}

#[test]
fn packets_of_every_size_carry_the_same_rows() {
    let (payload, _) = rows_with_ends(field_version::V19_1, 300);
    for size in (1..40).chain([100, 502, 2038, 4096, 8182, payload.len() - 1, payload.len()]) {
        let mut caps = caps(field_version::V19_1);
        let mut parser = ResponseParser::plain(query(), false);
        let pieces = payload.chunks(size).count();
        for (at, piece) in payload.chunks(size).enumerate() {
            let done = parser.handle_data(piece, false, &mut caps).expect("a piece");
            assert_eq!(done, at + 1 == pieces, "packets of {size}, packet {at}");
        }
        check_rows(&parser.finish(), 300);
    }
}

/// A stream that was opened as 19c (no marks) or 23ai (marks) opens it.
fn opened(marked: bool) -> Connection {
    let mut connection = Connection::new();
    connection.open(&oraedge::wire::connect::Connect { data: "()", sdu: 8192, packet_flags: 0 });
    let mut payload = Writer::new();
    payload.u16_be(if marked { 319 } else { 318 });
    payload.raw(&[0; 2]);
    payload.u16_be(8192);
    payload.raw(&[0; 18]);
    payload.u32_be(8192);
    payload.raw(&[0; 5]);
    payload.u32_be(if marked { 0x0200_0000 } else { 0 });
    let mut bytes = Vec::new();
    write_packet(&mut bytes, false, packet_type::ACCEPT, 0, payload.as_slice());
    connection.handle_input(&bytes).expect("ACCEPT");
    connection.take_finished().expect("an answer to CONNECT");
    connection.caps.field_version = if marked { field_version::MAX } else { field_version::V19_1 };
    connection
}

#[test]
fn an_answer_of_more_than_16_mib_is_one_answer() {
    const VALUE: usize = 3000;
    const ROWS: u64 = 6000;
    for marked in [false, true] {
        let mut connection = opened(marked);
        let mut rows = Answer::new(connection.caps.field_version)
            .describe(&[("ID", answer::NUMBER, 22), ("TEXT", answer::VARCHAR, 4000)])
            .row_header();
        let text = vec![b'x'; VALUE];
        for index in 0..ROWS {
            rows = rows.row(&[Some(&answer::number(index)), Some(&text)]);
        }
        let rows = rows.end(7, ROWS, 1403, "ORA-01403: no data found\n");
        let stream =
            if marked { rows.marked(8192) } else { answer::plain_packets(&rows.payload(), 8192) };
        assert!(stream.len() > 17 * 1024 * 1024);
        connection.call(Writer::new(), query(), LastRow::default());
        for piece in stream.chunks(64 * 1024) {
            assert!(connection.take_finished().is_none());
            connection.handle_input(piece).expect("bytes");
        }
        let Some(Finished::Call(response)) = connection.take_finished() else { panic!("no end") };
        let batch = response.rows.expect("rows");
        assert_eq!(batch.rows() as u64, ROWS);
        for row in 0..batch.rows() {
            let id = decode_i64(&batch.cell(row, 0).expect("a number"));
            assert_eq!(id, Ok(i64::try_from(row).ok()));
            assert_eq!(batch.cell(row, 1).expect("a text").len(), VALUE);
        }
    }
}

#[test]
fn one_value_of_more_than_16_mib_comes_in_pieces_of_any_size() {
    const LENGTH: usize = 17 * 1024 * 1024;
    let value: Vec<u8> = (0..LENGTH).map(|at| (at % 251) as u8).collect();
    for piece in [255, 8000, 32767, LENGTH] {
        let mut connection = opened(false);
        let mut row = vec![7, 0xfe];
        for part in value.chunks(piece) {
            let mut writer = Writer::new();
            writer.ub4(part.len() as u32);
            row.extend(writer.into_vec());
            row.extend(part);
        }
        row.extend([0, 0, 0]); // end of the pieces, indicator, return code
        let answer = Answer::new(field_version::V19_1)
            .describe(&[("DATA", LONG_RAW, 0x7fff_ffff)])
            .row_header()
            .raw(&row)
            .end(7, 1, 1403, "ORA-01403: no data found\n");
        let stream = answer::plain_packets(&answer.payload(), 8192);
        connection.call(Writer::new(), query(), LastRow::default());
        for part in stream.chunks(64 * 1024) {
            connection.handle_input(part).expect("bytes");
        }
        let Some(Finished::Call(response)) = connection.take_finished() else { panic!("no end") };
        let batch = response.rows.expect("rows");
        assert_eq!(batch.rows(), 1);
        assert!(batch.cell(0, 0).expect("a value").as_ref() == value, "pieces of {piece}");
    }
}

#[test]
fn a_row_of_a_fetch_may_repeat_values_of_the_batch_before() {
    // The first row of the second answer brings its number and repeats the text.
    let mut connection = opened(false);
    let version = connection.caps.field_version;
    let first = Answer::new(version).describe(&QUERY_COLUMNS).row_header();
    let first = query_row(query_row(first, 0), 1).end(7, 2, 0, "");
    connection.call(Writer::new(), query(), LastRow::default());
    connection.handle_input(&answer::plain_packets(&first.payload(), 64)).expect("bytes");
    let Some(Finished::Call(response)) = connection.take_finished() else { panic!("no end") };
    let batch = response.rows.expect("rows");
    let second = Answer::new(version)
        .row_header()
        .bit_vector(&[0b01])
        .row(&[Some(&answer::number(2))])
        .end(7, 3, 1403, "ORA-01403: no data found\n");
    let mut expect = query();
    if let Expect::Execute { columns, .. } = &mut expect {
        *columns = Some(batch.columns().clone());
    }
    for size in [11, 12, 13, 64] {
        connection.call(Writer::new(), expect.clone(), batch.last_row());
        let stream = answer::plain_packets(
            &Answer::new(version).raw(second.writer.as_slice()).payload(),
            size,
        );
        connection.handle_input(&stream).expect("bytes");
        let Some(Finished::Call(response)) = connection.take_finished() else { panic!("no end") };
        let rows = response.rows.expect("rows");
        assert_eq!(rows.rows(), 1);
        assert_eq!(decode_i64(&rows.cell(0, 0).expect("number")), Ok(Some(2)));
        assert_eq!(rows.cell(0, 1).expect("text").as_ref(), b"row 1");
    }
}
