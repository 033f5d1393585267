//! Calls that are cancelled, take too long, or whose future is dropped; result sets that nobody
//! reads to their end: the connection goes on working, or says within its limits that it does not.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::answer::{self, Answer, QUERY_COLUMNS, query_row};
use common::scripted::{self, LogOn, Reply, Request};
use futures::future::{Either, select};
use oraedge::client::Runtime;
use oraedge::client::loopback::SimulatedClock;
use oraedge::wire::capabilities::field_version;
use oraedge::wire::packet::marker;
use oraedge::wire::ttc::codes::function;
use oraedge::{Connection, Error};

const SDU: usize = 8192;
const SECOND: Duration = Duration::from_secs(1);

fn answer() -> Answer {
    Answer::new(field_version::MAX)
}

fn done() -> Vec<u8> {
    answer().status().marked(SDU)
}

fn cancelled() -> Vec<u8> {
    let text = "ORA-01013: user requested cancel of current operation\n";
    answer().end(0, 0, 1013, text).marked(SDU)
}

fn rows(from: u64, to: u64, cursor: u16, describe: bool) -> Vec<u8> {
    let mut rows = answer();
    if describe {
        rows = rows.describe(&QUERY_COLUMNS);
    }
    rows = rows.row_header();
    for index in from..to {
        rows = query_row(rows, index);
    }
    rows.end(cursor, to, 0, "").marked(SDU)
}

fn break_and_reset() -> Vec<u8> {
    [answer::marker(marker::BREAK), answer::marker(marker::RESET)].concat()
}

/// What the client sent, in order.
type Log = Arc<Mutex<Vec<Request>>>;

/// A logged-on connection to a server that answers by `handler`, its clock, and what it was sent.
fn connected(
    handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Option<(SimulatedClock, Connection, Log)> {
    connected_with(scripted::options(), handler)
}

fn connected_with(
    options: oraedge::session::SessionOptions,
    handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Option<(SimulatedClock, Connection, Log)> {
    let log_on = LogOn::recorded()?;
    let (clock, log) = (log_on.clock(), Log::default());
    let (handler, told) = (Arc::new(handler), log.clone());
    let transport = scripted::transport(&clock, &log_on, move || {
        let (handler, told) = (handler.clone(), told.clone());
        move |request: Request| {
            let reply = handler(&request);
            told.lock().expect("log").push(request);
            reply
        }
    });
    let connecting = Connection::connect(Arc::new(transport), Arc::new(clock.clone()), options);
    let connection = run(&clock, connecting).expect("a log-on");
    Some((clock, connection, log))
}

fn run<F: Future>(clock: &SimulatedClock, future: F) -> F::Output {
    clock.run(future).expect("the client hangs")
}

/// How often the client interrupted, and how often it reset.
fn markers(log: &Log) -> (usize, usize) {
    let log = log.lock().expect("log");
    let count = |kind| log.iter().filter(|request| **request == Request::Marker(kind)).count();
    (count(marker::INTERRUPT), count(marker::RESET))
}

/// A server whose queries never come to an end by themselves, and that heeds a break.
fn sleeper(request: &Request) -> Reply {
    match request {
        Request::Marker(marker::INTERRUPT) => Reply::Send(break_and_reset()),
        Request::Marker(_) => Reply::Send(cancelled()),
        call if call.calls(function::EXECUTE) => Reply::Silence,
        _ => Reply::Send(done()),
    }
}

/// The server was in the middle of its answer, or at its end, when the break came.
fn late(request: &Request) -> Reply {
    match request {
        Request::Marker(marker::INTERRUPT) => {
            Reply::Send([rows(0, 100, 7, true), break_and_reset()].concat())
        }
        Request::Marker(_) => Reply::Send(cancelled()),
        call if call.calls(function::EXECUTE) => Reply::Silence,
        _ => Reply::Send(done()),
    }
}

async fn cancel_after(connection: &Connection, clock: &SimulatedClock, wait: Duration) -> Error {
    let canceller = async {
        clock.sleep(wait).await;
        connection.cancel();
    };
    let calling = connection.query("select id, name from t", ());
    let (called, ()) = futures::future::join(calling, canceller).await;
    called.map(|_| ()).expect_err("a call that was cancelled")
}

#[test]
fn a_call_that_is_cancelled_fails_and_the_next_one_works() {
    for server in [sleeper, late] {
        let Some((clock, connection, log)) = connected(server) else { return };
        run(&clock, async {
            for _ in 0..3 {
                let began = clock.now();
                let error = cancel_after(&connection, &clock, SECOND).await;
                assert_eq!(error.code(), "ORA-01013");
                assert!(!error.is_fatal());
                assert!(clock.now().since(began) < 2 * SECOND);
                connection.ping().await.expect("the connection goes on");
            }
        });
        assert_eq!(markers(&log), (3, 3));
    }
}

#[test]
fn a_cancel_between_calls_does_not_hit_the_next_one() {
    let Some((clock, connection, log)) = connected(sleeper) else { return };
    run(&clock, async {
        connection.cancel();
        connection.ping().await.expect("nothing was under way to be cancelled");
    });
    assert_eq!(markers(&log), (0, 0));
}

#[test]
fn a_call_that_takes_too_long_fails_in_time_and_the_next_one_works() {
    for server in [sleeper, late] {
        let Some((clock, connection, log)) = connected(server) else { return };
        connection.set_call_timeout(Some(5 * SECOND));
        run(&clock, async {
            let began = clock.now();
            let error = connection.query("select id from t", ()).await.expect_err("too long");
            assert_eq!(error.to_string(), "call: timeout of 5000 ms exceeded");
            assert!(clock.now().since(began) < 6 * SECOND);
            connection.ping().await.expect("the connection goes on");
        });
        assert_eq!(markers(&log), (1, 1));
    }
}

#[test]
fn a_server_that_does_not_heed_the_break_is_given_up_within_a_second_limit() {
    let deaf = |request: &Request| match request {
        Request::Marker(_) => Reply::Silence,
        call if call.calls(function::EXECUTE) => Reply::Silence,
        _ => Reply::Send(done()),
    };
    // It resets, and then says nothing.
    let mute = |request: &Request| match request {
        Request::Marker(marker::INTERRUPT) => Reply::Send(break_and_reset()),
        _ => Reply::Silence,
    };
    // It breaks, and sends data for ever.
    let babbling = |request: &Request| match request {
        Request::Marker(marker::INTERRUPT) => {
            Reply::Send([answer::marker(marker::BREAK), done(), done()].concat())
        }
        _ => Reply::Silence,
    };
    type Server = fn(&Request) -> Reply;
    for server in [deaf as Server, mute, babbling] {
        let Some((clock, connection, _)) = connected(server) else { return };
        connection.set_call_timeout(Some(5 * SECOND));
        run(&clock, async {
            let began = clock.now();
            let error = connection.query("select id from t", ()).await.expect_err("no answer");
            assert!(matches!(error, Error::Closed { .. }), "{error}");
            assert!(error.to_string().contains("did not heed the break"), "{error}");
            let took = clock.now().since(began);
            assert!(took >= 5 * SECOND && took <= 11 * SECOND, "{took:?}");
            assert!(matches!(connection.ping().await, Err(Error::Closed { .. })));
            connection.close().await.expect("closing what is closed is no error");
        });
    }
    // Without a limit of the caller's own, a cancel has one.
    let Some((clock, connection, _)) = connected(deaf) else { return };
    run(&clock, async {
        let began = clock.now();
        let error = cancel_after(&connection, &clock, SECOND).await;
        assert!(matches!(error, Error::Closed { .. }), "{error}");
        assert!(clock.now().since(began) <= 12 * SECOND);
    });
}

#[test]
fn the_connection_works_after_a_call_whose_future_was_dropped() {
    for server in [sleeper, late] {
        // Dropped while the server works, and long before the next call is made.
        for pause in [Duration::ZERO, 3600 * SECOND] {
            let Some((clock, connection, log)) = connected(server) else { return };
            run(&clock, async {
                let calling = std::pin::pin!(connection.query("select id, name from t", ()));
                match select(calling, clock.sleep(SECOND)).await {
                    Either::Left((called, _)) => panic!("{called:?}"),
                    Either::Right(((), _)) => {}
                }
            });
            run(&clock, async {
                clock.sleep(pause).await;
                connection.ping().await.expect("the connection goes on");
                connection.ping().await.expect("the connection goes on");
            });
            assert_eq!(markers(&log), (1, 1), "{pause:?}");
        }
    }
}

#[test]
fn a_call_that_was_dropped_at_once_never_hurts() {
    let healthy = |request: &Request| match request {
        Request::Marker(marker::INTERRUPT) => Reply::Send(break_and_reset()),
        Request::Marker(_) => Reply::Send(cancelled()),
        call if call.calls(function::EXECUTE) || call.calls(function::REEXECUTE_AND_FETCH) => {
            Reply::Send(rows(0, 100, 7, true))
        }
        _ => Reply::Send(done()),
    };
    let Some((clock, connection, _)) = connected(healthy) else { return };
    run(&clock, async {
        for _ in 0..5 {
            drop(connection.query("select id, name from t", ()));
            let calling = std::pin::pin!(connection.query("select id, name from t", ()));
            let _ = select(calling, std::future::ready(())).await;
            connection.ping().await.expect("the connection goes on");
        }
    });
}

/// The numbers of the cursors that a call closes in front of what it does.
fn closed_cursors(request: &Request) -> Vec<u16> {
    let Request::Call(payload) = request else { return Vec::new() };
    if !payload.starts_with(&[17, function::CLOSE_CURSORS]) {
        return Vec::new();
    }
    let mut reader = oraedge::wire::Reader::at(payload, 3);
    reader.ub8("token").expect("token");
    reader.u8("pointer").expect("pointer");
    let count = reader.ub4("cursors").expect("count");
    (0..count).map(|_| reader.ub4("cursor").expect("cursor") as u16).collect()
}

#[test]
fn a_result_set_that_is_dropped_half_way_closes_its_cursor_with_the_next_call() {
    let server = |request: &Request| {
        if request.calls(function::EXECUTE) {
            return Reply::Send(rows(0, 100, 7, true));
        }
        if request.calls(function::FETCH) {
            return Reply::Send(rows(100, 200, 7, false));
        }
        Reply::Send(done())
    };
    let mut options = scripted::options();
    options.statement_cache_size = 0;
    let Some((clock, connection, log)) = connected_with(options, server) else { return };
    run(&clock, async {
        for rows_read in [0, 50, 100, 150] {
            let mut rows = connection.query("select id, name from t", ()).await.expect("rows");
            for expected in 0..rows_read {
                let row = rows.next().await.expect("no error").expect("a row");
                assert_eq!(row.get::<u64>(0).expect("number"), expected);
            }
            drop(rows);
            let before = log.lock().expect("log").len();
            connection.ping().await.expect("the connection goes on");
            let log = log.lock().expect("log");
            assert_eq!(log.len(), before + 1, "closing costs no call of its own");
            assert_eq!(closed_cursors(log.last().expect("a call")), [7], "{rows_read} rows read");
        }
    });
}

#[test]
fn a_fetch_that_was_dropped_loses_its_result_set_and_nothing_else() {
    let server = |request: &Request| match request {
        Request::Marker(marker::INTERRUPT) => Reply::Send(break_and_reset()),
        Request::Marker(_) => Reply::Send(cancelled()),
        call if call.calls(function::EXECUTE) => Reply::Send(rows(0, 100, 7, true)),
        call if call.calls(function::FETCH) => Reply::Silence,
        _ => Reply::Send(done()),
    };
    let Some((clock, connection, log)) = connected(server) else { return };
    run(&clock, async {
        let mut rows = connection.query("select id, name from t", ()).await.expect("rows");
        assert_eq!(rows.next_batch().await.expect("a batch").expect("rows").rows(), 100);
        {
            let fetching = std::pin::pin!(rows.next_batch());
            assert!(matches!(select(fetching, clock.sleep(SECOND)).await, Either::Right(_)));
        }
        drop(rows);
        connection.ping().await.expect("the connection goes on");
        connection.ping().await.expect("the connection goes on");
        assert_eq!(markers(&log), (1, 1));
        let again = connection.query("select id, name from t", ()).await.expect("rows");
        drop(again);
        connection.ping().await.expect("the connection goes on");
    });
}

#[test]
fn an_error_leaves_the_connection_usable_with_and_without_a_break_before_it() {
    let text = "ORA-00942: table or view does not exist\n";
    let error = move || answer().end(0, 0, 942, text).marked(SDU);
    for with_break in [false, true] {
        let server = move |request: &Request| match request {
            Request::Marker(_) => Reply::Send(error()),
            call if call.calls(function::EXECUTE) && with_break => Reply::Send(break_and_reset()),
            call if call.calls(function::EXECUTE) => Reply::Send(error()),
            _ => Reply::Send(done()),
        };
        let Some((clock, connection, log)) = connected(server) else { return };
        run(&clock, async {
            for _ in 0..3 {
                let error = connection.query("select 1 from nope", ()).await.expect_err("942");
                assert_eq!(error.to_string(), text.trim_end());
                assert_eq!(error.code(), "ORA-00942");
                connection.ping().await.expect("the connection goes on");
            }
        });
        assert_eq!(markers(&log), (0, if with_break { 3 } else { 0 }));
    }
}
