//! What is asked again, after how long, and when that ends.

use std::time::Duration;

use oraedge::time::UnixTime;

use crate::methods::simple;
use crate::script::*;

fn waits_of(answers: Vec<Answer>) -> (bool, Log) {
    let (got, log) = simple().answers(answers).answer(database_token()).run();
    (got.is_ok(), log)
}

#[test]
fn faults_that_may_pass_are_tried_again() {
    for (answer, again) in [
        (refusal(429, "TooManyRequests", "slow down"), true),
        (refusal(500, "InternalServerError", "oops"), true),
        (response(502, "<html>"), true),
        (response(503, ""), true),
        (refusal(409, "IncorrectState", "wait"), true),
        (Err("connection reset".to_owned()), true),
        (refusal(501, "NotImplemented", "never"), false),
        (refusal(409, "InvalidatedRetryToken", "no"), false),
        (refusal(400, "InvalidParameter", "no"), false),
        (refusal(401, "NotAuthenticated", "no"), false),
        (refusal(404, "NotAuthorizedOrNotFound", "no"), false),
    ] {
        let shown = format!("{answer:?}");
        let (done, log) = waits_of(vec![answer]);
        assert_eq!(done, again, "{shown}");
        assert_eq!(log.requests.len(), if again { 2 } else { 1 }, "{shown}");
        assert_eq!(log.waits.len(), usize::from(again), "{shown}");
    }
}

#[test]
fn each_attempt_has_the_date_of_its_own_time() {
    let faults = (0..3).map(|_| response(503, "")).collect();
    let (_, log) = waits_of(faults);
    let dates: Vec<&str> = log.requests.iter().map(|r| r.header("date").unwrap()).collect();
    let seconds = log.waits.iter().scan(NOW, |now, wait| {
        *now = *now + *wait;
        Some(now.http_date())
    });
    assert_eq!(dates[1..], seconds.collect::<Vec<_>>());
    for at in 0..4 {
        assert!(log.signature(at, API_KEY).2);
    }
}

#[test]
fn pauses_grow_and_are_jittered_within_their_limits() {
    let faults = (0..5).map(|_| response(503, "")).collect();
    let (done, log) = waits_of(faults);
    assert!(done);
    for (at, wait) in log.waits.iter().enumerate() {
        assert!(*wait <= Duration::from_secs(1 << at), "{:?}", log.waits);
    }
    let distinct: std::collections::BTreeSet<_> = log.waits.iter().collect();
    assert!(distinct.len() >= 4, "{:?}", log.waits);
}

#[test]
fn what_the_service_asks_to_wait_is_waited() {
    for (value, least) in [("7", 7), (&UnixTime::from_secs(NOW.as_secs() + 9).http_date(), 9)] {
        let answer = with_header(refusal(429, "TooManyRequests", "x"), "Retry-After", value);
        let (done, log) = waits_of(vec![answer]);
        assert!(done);
        assert_eq!(log.waits, [Duration::from_secs(least)]);
    }
    // Longer than the whole flow may take: the user is told at once.
    let answer = with_header(refusal(429, "TooManyRequests", "x"), "Retry-After", "3600");
    let (done, log) = waits_of(vec![answer]);
    assert!(!done && log.waits.is_empty());
}

#[test]
fn a_flow_ends_in_time_however_the_network_behaves() {
    // No answer ever comes.
    for (limit, most) in [(None, 60), (Some("5000"), 5)] {
        let mut script = simple();
        if let Some(limit) = limit {
            script = script.param("token_timeout_ms", limit);
        }
        let (got, log) = script.run();
        let error = got.unwrap_err().to_string();
        assert!(log.elapsed <= Duration::from_secs(most), "{:?}", log.elapsed);
        assert!(error.contains("timed out") || error.contains("timeout"), "{error}");
    }
    let (_, log) = simple().param("token_request_timeout_ms", "1500").run();
    assert!(log.requests.iter().all(|r| r.timeout <= Duration::from_millis(1500)));
    assert_eq!(log.requests.len(), 3);
}

#[test]
fn a_clock_that_is_wrong_is_told_and_made_up_for_once() {
    let theirs = UnixTime::from_secs(NOW.as_secs() + 600);
    let refused =
        || with_header(refusal(401, "NotAuthenticated", "date"), "date", &theirs.http_date());
    let (done, log) = waits_of(vec![refused()]);
    assert!(done);
    assert_eq!(log.requests[0].header("date"), Some(NOW.http_date().as_str()));
    assert_eq!(log.requests[1].header("date"), Some(theirs.http_date().as_str()));
    assert!(log.signature(1, API_KEY).2);
    assert!(log.notes.iter().any(|note| note.contains("clock")), "{:?}", log.notes);
    assert!(log.waits.is_empty());

    let (done, log) = waits_of(vec![refused(), refused()]);
    assert!(!done);
    assert_eq!(log.requests.len(), 2);

    // A clock that is right is no reason.
    let near = with_header(refusal(401, "NotAuthenticated", "x"), "date", &NOW.http_date());
    let (done, log) = waits_of(vec![near]);
    assert!(!done);
    assert_eq!(log.requests.len(), 1);
}

#[test]
fn a_clock_behind_is_made_up_for_as_well() {
    let theirs = UnixTime::from_secs(NOW.as_secs() - 600);
    let refused =
        with_header(refusal(401, "NotAuthenticated", "date"), "date", &theirs.http_date());
    let (done, log) = waits_of(vec![refused]);
    assert!(done);
    assert_eq!(log.requests[1].header("date"), Some(theirs.http_date().as_str()));
}
