//! Sessionless transactions and two-phase commit against the simulator.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use oraedge::client::{Pipeline, SessionlessOptions};
use oraedge::session::ExecuteOptions;
use oraedge::wire::ttc::transaction::{Xid, switch_flag};
use oraedge::{Connection, Error};
use oraedge_native::connect;
use oraedge_simulator::generation::Generation;
use oraedge_simulator::listen::Simulator;

struct World {
    _simulator: Simulator,
    connect_string: String,
}

impl World {
    async fn new(generation: Generation) -> World {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let simulator =
            Simulator::builder().generation(generation).listen(any_port).start().await.unwrap();
        let port = simulator.tcp_address().unwrap().port();
        let connect_string = format!("localhost:{port}/FREEPDB1");
        World { _simulator: simulator, connect_string }
    }

    async fn connect(&self) -> Connection {
        connect("scott", "tiger", &self.connect_string).await.unwrap()
    }
}

fn within(seconds: u32) -> SessionlessOptions {
    SessionlessOptions { timeout: seconds, ..SessionlessOptions::default() }
}

fn deferred(seconds: u32) -> SessionlessOptions {
    SessionlessOptions { timeout: seconds, defer_round_trip: true }
}

async fn insert(connection: &Connection, id: i64) {
    connection.execute("insert into bonus (sal) values (:1)", (id,)).await.unwrap();
}

async fn count(connection: &Connection) -> i64 {
    let mut rows = connection.query("select count(*) from bonus", ()).await.unwrap();
    rows.next().await.unwrap().unwrap().get(0).unwrap()
}

fn code(result: Result<(), Error>) -> String {
    result.map_or_else(|error| error.code().into(), |()| "none".to_owned())
}

#[tokio::test]
async fn a_transaction_travels_over_three_connections() {
    let world = World::new(Generation::V23ai).await;
    let (first, second, third) =
        (world.connect().await, world.connect().await, world.connect().await);
    let id = first.begin_sessionless_transaction(None, within(15)).await.unwrap();
    assert_eq!(id.len(), 36);
    insert(&first, 1).await;
    first.suspend_sessionless_transaction().await.unwrap();
    assert_eq!((count(&first).await, count(&second).await), (0, 0), "nobody sees it");
    assert!(!first.in_transaction().await);

    // Resume, insert and suspend in one round trip.
    let before = second.round_trips().await;
    second.resume_sessionless_transaction(&id, deferred(5)).await.unwrap();
    let options = ExecuteOptions { suspend_on_success: true, ..ExecuteOptions::default() };
    second.execute_with("insert into bonus (sal) values (2)", (), options).await.unwrap();
    assert_eq!(second.round_trips().await - before, 1);
    assert_eq!(second.sessionless_transaction_id().await, None);

    third.resume_sessionless_transaction(&id, within(5)).await.unwrap();
    assert_eq!(count(&third).await, 2);
    third.commit().await.unwrap();
    assert_eq!(third.sessionless_transaction_id().await, None);
    assert_eq!(count(&first).await, 2);
    let again = third.resume_sessionless_transaction(&id, within(5)).await;
    assert_eq!(code(again), "ORA-26218");
    third.ping().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_is_told_and_the_connection_goes_on() {
    let world = World::new(Generation::V26ai).await;
    let (first, second) = (world.connect().await, world.connect().await);
    assert_eq!(code(first.suspend_sessionless_transaction().await), "OED-MISUSE");
    first.begin_sessionless_transaction(Some(b"one"), within(60)).await.unwrap();
    let twice = first.begin_sessionless_transaction(Some(b"two"), within(60)).await;
    assert!(twice.unwrap_err().to_string().contains("already active"));
    // Known to the server, though nothing was changed yet.
    let taken = second.begin_sessionless_transaction(Some(b"one"), within(60)).await;
    assert_eq!(taken.unwrap_err().code(), "ORA-26217");
    let start = std::time::Instant::now();
    let in_use = second.resume_sessionless_transaction(b"one", within(1)).await;
    assert_eq!(code(in_use), "ORA-25351");
    assert!(start.elapsed() >= Duration::from_secs(1), "it waited for the other connection");
    // One that is suspended in time is had.
    let (resumed, ()) =
        tokio::join!(second.resume_sessionless_transaction(b"one", within(10)), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            first.suspend_sessionless_transaction().await.unwrap();
        });
    resumed.unwrap();
    second.rollback().await.unwrap();

    insert(&second, 1).await;
    let local = second.begin_sessionless_transaction(None, within(60)).await;
    assert_eq!(local.unwrap_err().code(), "ORA-24776");
    second.rollback().await.unwrap();
    let long = second.begin_sessionless_transaction(Some(&[b'x'; 65]), within(60)).await;
    assert!(long.unwrap_err().to_string().contains("65"));
    let old = World::new(Generation::V19c).await.connect().await;
    let unsupported = old.begin_sessionless_transaction(None, within(60)).await.unwrap_err();
    assert!(matches!(unsupported, Error::Unsupported { .. }), "{unsupported}");
}

#[tokio::test]
async fn a_suspended_transaction_is_rolled_back_at_its_time() {
    let world = World::new(Generation::V23ai).await;
    let connection = world.connect().await;
    let id = connection.begin_sessionless_transaction(None, within(1)).await.unwrap();
    insert(&connection, 1).await;
    connection.suspend_sessionless_transaction().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let late = connection.resume_sessionless_transaction(&id, within(1)).await;
    assert_eq!(code(late), "ORA-26218");
    // Its locks are gone, too.
    insert(&connection, 2).await;
    connection.commit().await.unwrap();
    assert_eq!(count(&connection).await, 1);
}

#[tokio::test]
async fn a_statement_that_fails_suspends_nothing_and_ddl_ends_it() {
    let world = World::new(Generation::V23ai).await;
    let connection = world.connect().await;
    let options = || ExecuteOptions { suspend_on_success: true, ..ExecuteOptions::default() };
    connection.begin_sessionless_transaction(Some(b"f"), deferred(60)).await.unwrap();
    let failed = connection.execute_with("insert into missing values (1)", (), options()).await;
    assert_eq!(failed.unwrap_err().code(), "ORA-00942");
    assert_eq!(connection.sessionless_transaction_id().await, Some(b"f".to_vec()));
    insert(&connection, 1).await;
    connection.execute("create table ended (id number)", ()).await.unwrap();
    assert_eq!(connection.sessionless_transaction_id().await, None);
    assert_eq!(count(&connection).await, 1);

    // An unknown one that is resumed in front of a statement: the statement is not run.
    connection.resume_sessionless_transaction(b"unknown", deferred(1)).await.unwrap();
    let failed = connection.execute("insert into bonus (sal) values (5)", ()).await;
    assert_eq!(failed.unwrap_err().code(), "ORA-26218");
    assert_eq!(connection.sessionless_transaction_id().await, None);
    assert_eq!(count(&connection).await, 1);
}

#[tokio::test]
async fn a_connection_that_is_lost_takes_its_transaction_along() {
    let world = World::new(Generation::V23ai).await;
    let (first, second) = (world.connect().await, world.connect().await);
    first.begin_sessionless_transaction(Some(b"lost"), within(60)).await.unwrap();
    insert(&first, 1).await;
    drop(first);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let gone = second.resume_sessionless_transaction(b"lost", within(1)).await;
    assert_eq!(code(gone), "ORA-26218");
    insert(&second, 2).await;
    second.commit().await.unwrap();
    assert_eq!(count(&second).await, 1);
}

#[tokio::test]
async fn it_combines_with_a_pipeline() {
    let world = World::new(Generation::V23ai).await;
    let (first, second) = (world.connect().await, world.connect().await);
    let id = first.begin_sessionless_transaction(None, deferred(60)).await.unwrap();
    let before = first.round_trips().await;
    let mut pipeline = Pipeline::new();
    pipeline.add_execute("insert into bonus (sal) values (1)", ());
    pipeline.add_execute_with(
        "insert into bonus (sal) values (2)",
        (),
        ExecuteOptions { suspend_on_success: true, ..ExecuteOptions::default() },
    );
    first.run_pipeline(pipeline, false).await.unwrap();
    assert_eq!(first.round_trips().await - before, 1);
    second.resume_sessionless_transaction(&id, within(1)).await.unwrap();
    second.commit().await.unwrap();
    assert_eq!(count(&first).await, 2);
}

#[tokio::test]
async fn a_branch_is_committed_in_one_phase_or_two_or_rolled_back() {
    for generation in [Generation::V12_1, Generation::V19c, Generation::V23ai] {
        let world = World::new(generation).await;
        let (first, second) = (world.connect().await, world.connect().await);
        let xid = |number: u8| Xid {
            format_id: 3900,
            global_transaction_id: vec![b't', number],
            branch_qualifier: b"branch".to_vec(),
        };
        // Two phases; the second one on another connection.
        first.tpc_begin(xid(1), switch_flag::NEW, 60).await.unwrap();
        insert(&first, 1).await;
        assert!(first.tpc_prepare(None).await.unwrap());
        first.tpc_end(None, 0).await.unwrap();
        assert_eq!(count(&second).await, 0);
        second.tpc_commit(Some(xid(1)), false).await.unwrap();
        assert_eq!(count(&second).await, 1, "{generation}");
        // One phase.
        first.tpc_begin(xid(2), switch_flag::NEW, 60).await.unwrap();
        insert(&first, 2).await;
        first.tpc_end(None, 0).await.unwrap();
        second.tpc_begin(xid(2), switch_flag::RESUME, 5).await.unwrap();
        second.tpc_commit(None, true).await.unwrap();
        assert_eq!(count(&first).await, 2, "{generation}");
        // None.
        first.tpc_begin(xid(3), switch_flag::NEW, 60).await.unwrap();
        assert!(!first.tpc_prepare(None).await.unwrap(), "nothing was changed");
        first.tpc_begin(xid(4), switch_flag::NEW, 60).await.unwrap();
        insert(&first, 4).await;
        first.tpc_rollback(None).await.unwrap();
        assert_eq!(count(&first).await, 2, "{generation}");
        let unknown = first.tpc_commit(Some(xid(9)), false).await;
        assert_eq!(code(unknown), "ORA-24756");
    }
}
