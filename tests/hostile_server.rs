//! A server that hangs up, stalls, lies, never ends or breaks the protocol: the client says what is
//! wrong within its time limits. Nothing hangs, nothing panics, and no row is lost without a word.
//!
//! Faults at every byte of a recorded session, log-on and all, are in `hostile.rs`; here the server
//! does on purpose what no honest one does.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::answer::{self, Answer, QUERY_COLUMNS, query_row};
use common::scripted::{self, LogOn, Reply, Request};
use oraedge::client::Runtime;
use oraedge::client::faults::{Faults, FaultyTransport};
use oraedge::client::loopback::{Loopback, Peer, PeerOutput, SimulatedClock};
use oraedge::connect_string::ConnectDescriptor;
use oraedge::protocol::{Connection as Packets, Expect, LastRow};
use oraedge::time::Timestamp;
use oraedge::wire::capabilities::field_version;
use oraedge::wire::packet::{marker, packet_type, write_packet};
use oraedge::wire::ttc::codes::function;
use oraedge::wire::{Writer, packet};
use oraedge::{Connection, Error};

const VERSION: u8 = field_version::MAX;
const SDU: usize = 8192;
/// The time limit of a log-on's steps, as [`scripted::options`] has it.
const LOG_ON_LIMIT: Duration = Duration::from_secs(60);

fn answer() -> Answer {
    Answer::new(VERSION)
}

/// Rows `from..to` as an execute or a fetch brings them.
fn batch(describe: bool, from: u64, to: u64, total: u64) -> Vec<u8> {
    let mut rows = answer();
    if describe {
        rows = rows.describe(&QUERY_COLUMNS);
    }
    rows = rows.row_header();
    for index in from..to {
        rows = query_row(rows, index);
    }
    let more = to < total;
    let (number, text) = if more { (0, "") } else { (1403, "ORA-01403: no data found\n") };
    rows.end(7, to, number, text).marked(SDU)
}

/// A healthy server of a query with `total` rows, 100 with each call.
fn healthy(total: u64) -> impl FnMut(Request) -> Reply + Send + 'static {
    let mut sent = 0;
    move |request| {
        if request.calls(function::FETCH) || request.calls(function::EXECUTE) {
            let describe = request.calls(function::EXECUTE);
            if describe {
                sent = 0;
            }
            let from = sent;
            sent = total.min(sent + 100);
            return Reply::Send(batch(describe, from, sent, total));
        }
        Reply::Send(answer().status().marked(SDU))
    }
}

/// Reads every row of the query, checking that none is missing, and gives how many came.
async fn count(connection: &Connection) -> Result<u64, Error> {
    let mut rows = connection.query("select id, name from t", ()).await?;
    let mut next = 0;
    while let Some(row) = rows.next().await? {
        let (id, name): (u64, String) = (row.get(0)?, row.get(1)?);
        assert_eq!((id, name), (next, format!("row {next}")), "rows are lost or in disorder");
        next += 1;
    }
    Ok(next)
}

/// Runs to the end; fails the test on a hang.
fn run<F: Future>(clock: &SimulatedClock, what: &str, future: F) -> F::Output {
    clock.run(future).unwrap_or_else(|| panic!("{what}: the client hangs"))
}

#[test]
fn a_healthy_server_serves_every_row_however_its_bytes_are_cut() {
    let Some(log_on) = LogOn::recorded() else { return };
    for (read, write) in [(None, None), (Some(1), None), (Some(7), Some(1)), (Some(100), Some(50))]
    {
        let faults = Faults { read_at_most: read, write_at_most: write, ..Faults::default() };
        let clock = log_on.clock();
        let inner = scripted::transport(&clock, &log_on, || healthy(1000));
        let transport = FaultyTransport::new(inner, faults);
        let counted = run(&clock, "healthy", async {
            let connection = scripted::connect(&clock, transport).await?;
            let counted = count(&connection).await?;
            connection.close().await?;
            Ok::<_, Error>(counted)
        });
        assert_eq!(counted.expect("rows"), 1000, "{read:?} {write:?}");
    }
}

/// What a query of 1,000 rows gives when the stream has faults behind the log-on.
fn broken_fetch(
    log_on: &LogOn,
    faults: Faults,
    limit: Duration,
) -> (Result<u64, Error>, Option<Error>, Duration) {
    let clock = log_on.clock();
    let inner = scripted::transport(&clock, log_on, || healthy(1000));
    let transport = FaultyTransport::new(inner, faults.clone());
    let what = format!("{faults:?}");
    run(&clock, &what, async {
        let connection = scripted::connect(&clock, transport).await.expect("a log-on");
        connection.set_call_timeout(Some(limit));
        let began = clock.now();
        let counted = count(&connection).await;
        let took = clock.now().since(began);
        // Whatever became of it, the next call must end as well.
        let next = connection.ping().await.err();
        (counted, next, took)
    })
}

/// Offsets around the ends of a server's packets, and others all over.
fn offsets(log_on: &LogOn) -> Vec<u64> {
    let (mut ends, mut at) = (Vec::new(), 0);
    for from in (0..1000).step_by(100) {
        let first = at;
        at += batch(from == 0, from, from + 100, 1000).len() as u64;
        ends.extend([first, first + 1, first + 7, first + 9, at - 2, at - 1]);
        ends.extend((first..at).step_by(601));
    }
    ends.iter().map(|offset| log_on.length() as u64 + offset).collect()
}

#[test]
fn a_server_that_hangs_up_within_a_fetch_is_told_at_once() {
    let Some(log_on) = LogOn::recorded() else { return };
    for end in offsets(&log_on) {
        let faults = Faults { end_after: Some(end), ..Faults::default() };
        let (counted, next, took) = broken_fetch(&log_on, faults, Duration::from_secs(5));
        let error = counted.expect_err("rows are missing");
        assert!(matches!(error, Error::Closed { .. }), "{end}: {error}");
        assert!(error.is_fatal());
        assert!(matches!(next, Some(Error::Closed { .. })), "{end}: {next:?}");
        assert!(took < Duration::from_secs(1), "{end}: {took:?}");
    }
}

#[test]
fn a_server_that_stalls_within_a_fetch_costs_the_call_timeout_and_one_more() {
    let Some(log_on) = LogOn::recorded() else { return };
    let limit = Duration::from_secs(5);
    for stall in offsets(&log_on) {
        let faults = Faults { stall_after: Some(stall), ..Faults::default() };
        let (counted, next, took) = broken_fetch(&log_on, faults, limit);
        let error = counted.expect_err("rows are missing");
        assert!(matches!(error, Error::Closed { .. }), "{stall}: {error}");
        assert!(error.to_string().contains("call timeout of 5000 ms exceeded"), "{stall}: {error}");
        assert!(matches!(next, Some(Error::Closed { .. })), "{stall}: {next:?}");
        assert!(took <= 2 * limit + Duration::from_secs(1), "{stall}: {took:?}");
    }
}

#[test]
fn bytes_that_arrive_wrong_within_a_fetch_never_hang_or_panic() {
    let Some(log_on) = LogOn::recorded() else { return };
    for offset in offsets(&log_on) {
        let faults = Faults { flip: Some((offset, 0x40)), ..Faults::default() };
        let clock = log_on.clock();
        let inner = scripted::transport(&clock, &log_on, || healthy(1000));
        let transport = FaultyTransport::new(inner, faults);
        run(&clock, &format!("flip at {offset}"), async {
            let connection = scripted::connect(&clock, transport).await.expect("a log-on");
            connection.set_call_timeout(Some(Duration::from_secs(5)));
            // Values may be wrong: nothing on this level can tell. It must only end.
            if let Ok(rows) = connection.query("select id, name from t", ()).await {
                let _ = rows.all().await;
            }
            let _ = connection.ping().await;
        });
    }
}

#[test]
fn no_part_of_an_answer_is_taken_for_the_whole() {
    for marked in [true, false] {
        let mut rows = answer().describe(&QUERY_COLUMNS).row_header();
        for index in 0..1000 {
            rows = query_row(rows, index);
        }
        let rows = rows.end(7, 1000, 1403, "ORA-01403: no data found\n");
        let stream =
            if marked { rows.marked(512) } else { answer::plain_packets(&rows.payload(), 512) };
        let mut packets = Packets::new();
        open(&mut packets, marked);
        packets.call(Writer::new(), query(), LastRow::default());
        for (at, byte) in stream.chunks(1).enumerate() {
            assert!(packets.take_finished().is_none(), "done at {at} of {}", stream.len());
            packets.handle_input(byte).expect("healthy bytes");
        }
        assert!(packets.take_finished().is_some());
    }
}

/// Opens a stream whose answers have a mark at their ends, or none.
fn open(packets: &mut Packets, marked: bool) {
    packets.open(&oraedge::wire::connect::Connect { data: "()", sdu: 8192, packet_flags: 0 });
    let mut payload = Writer::new();
    payload.u16_be(if marked { 319 } else { 317 });
    payload.raw(&[0; 2]);
    payload.u16_be(8192);
    payload.raw(&[0; 18]);
    payload.u32_be(8192);
    payload.raw(&[0; 5]);
    payload.u32_be(if marked { 0x0200_0000 } else { 0 });
    let mut bytes = Vec::new();
    write_packet(&mut bytes, false, packet_type::ACCEPT, 0, payload.as_slice());
    packets.handle_input(&bytes).expect("ACCEPT");
    packets.take_finished().expect("an answer to CONNECT");
    assert_eq!(packets.caps.end_of_response, marked);
}

fn query() -> Expect {
    Expect::Execute {
        columns: None,
        bind_types: Vec::new(),
        directions: Vec::new(),
        returning: false,
        dml_row_counts: false,
    }
}

/// Packets with a header that says another length than they have.
fn lying_packet(length: u32) -> Vec<u8> {
    [&length.to_be_bytes()[..], &[packet_type::DATA, 0, 0, 0, 0, 0, 9, 0, 0]].concat()
}

/// Answers to an execute that no honest server gives, and what the error must say. Those that only
/// announce too much wait for the rest, unless the packet says that it is the last.
fn lies() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let marked = |payload: &[u8]| answer::marked_packets(payload, SDU);
    let columns = |count: u32| {
        let mut writer = Writer::new();
        writer.raw(&[16, 0, 0]);
        writer.ub4(count);
        writer.u8(1);
        writer.into_vec()
    };
    let described = || answer().describe(&QUERY_COLUMNS);
    let long = |announced: &[u8]| {
        let row = [&[7, 2, 0xc1, 2, 0xfe][..], announced].concat();
        marked(&described().row_header().raw(&row).payload())
    };
    let mut unmarked_flag = Vec::new();
    write_packet(&mut unmarked_flag, true, packet_type::DATA, 0, &[0]);
    let mut refuse = Vec::new();
    write_packet(&mut refuse, true, packet_type::REFUSE, 0, &[0, 0, 0, 0]);
    let mut unknown_packet = Vec::new();
    write_packet(&mut unknown_packet, true, 47, 0, b"GET / HTTP/1.1");
    vec![
        ("a packet of 2 GiB", lying_packet(0x7fff_ffff), "packet length"),
        ("a packet of 3 bytes", lying_packet(3), "packet length"),
        ("a packet of no length", lying_packet(0), "packet length"),
        ("no data flags", unmarked_flag, "too short for its data flags"),
        ("another packet", unknown_packet, "1 to 19 was expected, 47 came"),
        ("a refusal", refuse, "a packet of type 4 came"),
        ("an unknown message", marked(&[99]), "99 is not known"),
        ("a number of five bytes", marked(&[9, 5, 1, 1, 1, 1, 1]), "5 came"),
        ("a negative number", marked(&[9, 0x81, 1, 0]), "negative"),
        ("columns without end", marked(&columns(u32::MAX)), "more bytes were expected"),
        ("a value of 2 GiB", long(&[4, 0x7f, 0xff, 0xff, 0xff]), "more bytes were expected"),
        ("pieces without end", long(&[1, 1, b'x', 1, 1, b'x']), "more bytes were expected"),
        ("a cut row", marked(&described().row_header().raw(&[7, 2]).payload()), "row: value"),
        (
            "a first row that repeats",
            marked(&described().row_header().bit_vector(&[1]).raw(&[7, 2, 0xc1, 2]).payload()),
            "no row before it",
        ),
        (
            "a bit vector in a row header of 2 GiB",
            marked(&described().raw(&[6, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff, 1]).payload()),
            "bit vector",
        ),
        ("a row of no query", marked(&[7, 1, 1, 0]), "a row came"),
        ("an end before anything", marked(&[29]), "ended before"),
        ("a mere status", marked(&[9, 0, 0, 29]), "ended before"),
        ("another call's answer", marked(&[33, 1, 5, 9, 0, 0, 29]), "0 was expected, 5 came"),
        (
            "32,767 directions of which none came",
            marked(&[11, 0, 2, 0x7f, 0xff, 0, 0, 0, 0, 0]),
            "more bytes were expected",
        ),
        (
            "a name that is longer than the message",
            marked(&[&columns(1)[..], &[1; 12], &[4, 0x7f, 0xff, 0xff, 0xff, 1]].concat()),
            "",
        ),
    ]
}

#[test]
fn lies_are_told_by_their_names() {
    let Some(log_on) = LogOn::recorded() else { return };
    for (what, bytes, says) in lies() {
        let clock = log_on.clock();
        let transport = scripted::transport(&clock, &log_on, move || {
            let bytes = bytes.clone();
            move |_| Reply::Send(bytes.clone())
        });
        let (error, closed, took) = run(&clock, what, async {
            let connection = scripted::connect(&clock, transport).await.expect("a log-on");
            connection.set_call_timeout(Some(Duration::from_secs(5)));
            let began = clock.now();
            let error = match connection.query("select id, name from t", ()).await {
                Ok(rows) => rows.all().await.map(|rows| rows.len()).expect_err(what),
                Err(error) => error,
            };
            (error, connection.closed().await, clock.now().since(began))
        });
        assert!(error.to_string().contains(says), "{what}: {error}");
        assert!(error.is_fatal(), "{what}: {error}");
        assert!(closed.is_some(), "{what}: the connection goes on as if nothing had happened");
        assert!(took <= Duration::from_secs(11), "{what}: {took:?}");
    }
}

#[test]
fn an_answer_that_nobody_asked_for_ends_the_session() {
    let Some(log_on) = LogOn::recorded() else { return };
    let twice = [answer().status().marked(SDU), answer().status().marked(SDU)].concat();
    let clock = log_on.clock();
    let transport = scripted::transport(&clock, &log_on, move || {
        let twice = twice.clone();
        move |_| Reply::Send(twice.clone())
    });
    run(&clock, "two answers", async {
        let connection = scripted::connect(&clock, transport).await.expect("a log-on");
        let error = connection.ping().await.expect_err("two answers to one call");
        assert!(error.to_string().contains("nothing was asked"), "{error}");
        assert!(connection.ping().await.is_err());
    });
}

#[test]
fn what_never_ends_is_ended_by_the_time_limit() {
    let Some(log_on) = LogOn::recorded() else { return };
    let rows = {
        let mut rows = answer().row_header();
        for index in 0..100 {
            rows = query_row(rows, index);
        }
        answer::plain_packets(&rows.payload(), SDU)
    };
    let mut control = Vec::new();
    write_packet(&mut control, true, packet_type::CONTROL, 0, &[0, 9, 0, 0, 0, 0, 0, 0]);
    for (what, bytes) in [
        ("breaks", answer::marker(marker::BREAK)),
        ("resets", answer::marker(marker::RESET)),
        ("control packets", control),
        ("empty packets", answer::plain_packets(&[], SDU)),
        (
            "rows",
            [answer::plain_packets(&answer().describe(&QUERY_COLUMNS).payload(), SDU), rows]
                .concat(),
        ),
    ] {
        let clock = log_on.clock();
        let log_on = log_on.clone();
        let mut transport = Loopback::new(&clock, move |_| {
            let bytes = bytes.clone();
            let handler = move |_| Reply::Forever(bytes.clone());
            Ok(Box::new(scripted::Scripted::new(&log_on, handler)) as Box<dyn Peer>)
        });
        transport.read_time = Duration::from_millis(20);
        let limit = Duration::from_secs(5);
        let (error, took) = run(&clock, what, async {
            let connection = scripted::connect(&clock, transport).await.expect("a log-on");
            connection.set_call_timeout(Some(limit));
            let began = clock.now();
            let error = connection.query("select id, name from t", ()).await.expect_err(what);
            (error, clock.now().since(began))
        });
        assert!(took <= 2 * limit + Duration::from_secs(2), "{what}: {took:?} {error}");
        assert!(error.to_string().contains("5000 ms"), "{what}: {error}");
    }
}

/// A listener that answers every CONNECT with the same bytes.
struct Listener {
    answer: Vec<u8>,
    out: Vec<u8>,
}

impl Peer for Listener {
    fn handle_input(&mut self, _: Timestamp, bytes: &[u8]) {
        // Connect data may follow in a packet of its own.
        if bytes.get(4) == Some(&packet_type::CONNECT) {
            self.out.extend(&self.answer);
        }
    }

    fn poll_output(&mut self) -> PeerOutput {
        match std::mem::take(&mut self.out) {
            bytes if bytes.is_empty() => PeerOutput::Timeout(None),
            bytes => PeerOutput::Transmit(bytes),
        }
    }
}

/// What becomes of a connection to a listener, how often it was called, and how long it took.
fn ask_listener(answer: Vec<u8>) -> (Error, usize, Duration) {
    let clock = SimulatedClock::default();
    let calls = Arc::new(Mutex::new(0));
    let counted = calls.clone();
    let transport = Loopback::new(&clock, move |_| {
        *counted.lock().expect("counter") += 1;
        Ok(Box::new(Listener { answer: answer.clone(), out: Vec::new() }) as Box<dyn Peer>)
    });
    let error = run(&clock, "listener", scripted::connect(&clock, transport)).err();
    let calls = *calls.lock().expect("counter");
    (error.expect("no session"), calls, clock.now().since(Timestamp::ZERO))
}

fn narrow(packet_type: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet::write_packet(&mut bytes, false, packet_type, 0, payload);
    bytes
}

#[test]
fn listeners_that_lead_nowhere_are_left() {
    let redirect = |address: &str| {
        let length = u16::try_from(address.len()).expect("length").to_be_bytes();
        let first = narrow(packet_type::REDIRECT, &length);
        [first, narrow(packet_type::DATA, &[&[0, 0], address.as_bytes()].concat())].concat()
    };
    let circle = redirect("(ADDRESS=(PROTOCOL=tcp)(HOST=db.example)(PORT=1521))");
    let (error, calls, _) = ask_listener(circle);
    assert!(error.to_string().contains("redirected 10 times"), "{error}");
    assert_eq!(calls, 11);

    let (error, calls, _) = ask_listener(narrow(packet_type::RESEND, &[]));
    assert!(error.to_string().contains("asked for CONNECT 5 times"), "{error}");
    assert_eq!(calls, 1);

    for (what, bytes, says) in [
        ("silence", Vec::new(), "timeout of 60000 ms exceeded"),
        ("garbage", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "may not be an Oracle listener"),
        ("an alert of TLS", vec![21, 3, 3, 0, 2, 2, 40], "the peer wants TLS"),
        (
            "a redirect to nowhere",
            narrow(packet_type::REDIRECT, &[0, 0]),
            "REDIRECT without a text",
        ),
        ("a redirect that is no address", redirect("nonsense)("), ""),
        ("a refusal", narrow(packet_type::REFUSE, &[34, 0, 0, 0]), "refused"),
        ("a cut refusal", narrow(packet_type::REFUSE, &[34]), "REFUSE"),
        ("a cut ACCEPT", narrow(packet_type::ACCEPT, &[1, 0x3f, 0, 0]), "ACCEPT"),
        (
            "an old server",
            narrow(packet_type::ACCEPT, &[1, 0x34, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            "12.1",
        ),
        ("data", narrow(packet_type::DATA, &[0, 0]), "a packet of type 6 came"),
        ("a marker", narrow(packet_type::MARKER, &[1, 0, 1]), "a packet of type 12 came"),
    ] {
        let (error, _, took) = ask_listener(bytes);
        assert!(error.to_string().contains(says), "{what}: {error}");
        assert!(took <= LOG_ON_LIMIT + Duration::from_secs(1), "{what}: {took:?}");
    }
}

#[test]
fn several_addresses_are_tried_and_each_failure_is_told() {
    let clock = SimulatedClock::default();
    let transport = Loopback::new(&clock, move |target| {
        let bytes = match target.address.port {
            1 => narrow(packet_type::RESEND, &[]),
            2 => b"garbage!garbage!".to_vec(),
            _ => Vec::new(),
        };
        Ok(Box::new(Listener { answer: bytes, out: Vec::new() }) as Box<dyn Peer>)
    });
    let mut options = scripted::options();
    options.descriptor =
        ConnectDescriptor::parse("a.example:1,b.example:2,c.example:3/any").expect("descriptor");
    let connecting = Connection::connect(Arc::new(transport), Arc::new(clock.clone()), options);
    let error = run(&clock, "three listeners", connecting).expect_err("no session");
    let text = error.to_string();
    for part in ["a.example:1", "b.example:2", "c.example:3"] {
        assert!(text.contains(part), "{text}");
    }
}
