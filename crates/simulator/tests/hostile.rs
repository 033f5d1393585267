//! Servers that hang up, stall or break a byte: our own client says so and ends.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Fault, Pair, server};
use oraedge::Error;
use oraedge_simulator::generation::Generation;

const GENERATIONS: [Generation; 3] = [Generation::V12_1, Generation::V19c, Generation::V26ai];

/// Logs on, makes a call that succeeds and one that fails.
fn converse(pair: &mut Pair) -> Result<(), Error> {
    pair.client.set_call_timeout(Some(Duration::from_secs(5)));
    pair.log_on()?;
    pair.ping()?;
    match pair.execute("select * from no_such_table") {
        Err(error) if error.is_fatal() => return Err(error),
        _ => {}
    }
    pair.ping()
}

/// A conversation with `fault` in it.
fn with_fault(
    config: &Arc<oraedge_simulator::server::ServerConfig>,
    fault: Fault,
) -> (Result<(), Error>, usize, Duration) {
    // An 11G verifier costs next to no time.
    let mut pair = Pair::with_options(config, "old", "tiger", |options| {
        options.log_on_timeout = Some(Duration::from_secs(20));
    });
    pair.fault = fault;
    let result = converse(&mut pair);
    (result, pair.sent, pair.elapsed())
}

#[test]
fn a_server_that_hangs_up_at_any_byte_is_told_of() {
    for generation in GENERATIONS {
        let config = Arc::new(server(generation));
        let (whole, length, _) = with_fault(&config, Fault::None);
        whole.unwrap();
        for at in (0..length).step_by(7) {
            let (result, _, elapsed) = with_fault(&config, Fault::Cut(at));
            let error = result.expect_err("the server hung up");
            assert!(!error.to_string().is_empty());
            assert_eq!(elapsed, Duration::ZERO, "{generation}, byte {at}: {error}");
        }
    }
}

#[test]
fn a_server_that_stalls_at_any_byte_is_given_up() {
    for generation in GENERATIONS {
        let config = Arc::new(server(generation));
        let (_, length, _) = with_fault(&config, Fault::None);
        for at in (0..length).step_by(31) {
            let (result, _, elapsed) = with_fault(&config, Fault::Stall(at));
            let error = result.expect_err("the server stalled");
            assert!(elapsed <= Duration::from_secs(60), "{generation}, byte {at}: {elapsed:?}");
            assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn a_broken_byte_ends_in_an_error_or_in_nothing_at_all() {
    for generation in GENERATIONS {
        let config = Arc::new(server(generation));
        let (_, length, _) = with_fault(&config, Fault::None);
        for (at, bits) in (0..length).step_by(11).zip([0xff, 0x01, 0x80, 0x7f].into_iter().cycle())
        {
            // Many bytes mean nothing to a client; what counts is that it comes to an end.
            let (_, _, elapsed) = with_fault(&config, Fault::Flip(at, bits));
            assert!(elapsed <= Duration::from_secs(60), "{generation}, byte {at}: {elapsed:?}");
        }
    }
}
