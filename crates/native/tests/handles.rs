//! Handles of suspended transactions against the simulator: over connections, over a pool, and
//! where they must not be used.

use std::net::{Ipv4Addr, SocketAddr};

use oraedge::client::{HandleKey, PoolOptions, SessionlessOptions, TransactionHandle};
use oraedge::session::ExecuteOptions;
use oraedge::time::UnixTime;
use oraedge::{Connection, Error};
use oraedge_native::{ConnectOptions, connect};
use oraedge_simulator::generation::Generation;
use oraedge_simulator::listen::Simulator;

struct World {
    _simulator: Simulator,
    connect_string: String,
}

impl World {
    async fn new() -> World {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let builder = Simulator::builder().generation(Generation::V23ai).listen(any_port);
        let simulator = builder.start().await.unwrap();
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

fn deferred() -> SessionlessOptions {
    SessionlessOptions { timeout: 5, defer_round_trip: true }
}

fn suspending() -> ExecuteOptions {
    ExecuteOptions { suspend_on_success: true, ..ExecuteOptions::default() }
}

async fn count(connection: &Connection) -> i64 {
    let mut rows = connection.query("select count(*) from bonus", ()).await.unwrap();
    rows.next().await.unwrap().unwrap().get(0).unwrap()
}

#[tokio::test]
async fn a_handle_goes_on_elsewhere_in_the_fewest_round_trips() {
    let world = World::new().await;
    let first = world.connect().await;
    first.begin_sessionless_transaction(None, within(30)).await.unwrap();
    first.execute("insert into bonus (sal) values (1)", ()).await.unwrap();
    let text = first.suspend().await.unwrap().to_string();
    first.close().await.unwrap();

    let handle: TransactionHandle = text.parse().unwrap();
    assert_eq!(handle.timeout, Some(30));
    assert!(handle.database.starts_with("FREEPDB1#"), "{}", handle.database);
    // CONNECT, the fast log-on, its proof, and one for all that is asked for.
    let second = world.connect().await;
    let log_on = second.round_trips().await;
    second.resume(&handle, deferred()).await.unwrap();
    second.execute_with("insert into bonus (sal) values (2)", (), suspending()).await.unwrap();
    let handle = second.suspend().await.unwrap();
    assert_eq!((log_on, second.round_trips().await), (3, 4));
    assert_eq!(handle.timeout, Some(30), "the time-out travels along");
    second.close().await.unwrap();

    let third = world.connect().await;
    third.resume(&handle, within(5)).await.unwrap();
    assert_eq!(count(&third).await, 2);
    third.commit().await.unwrap();
    assert_eq!(count(&world.connect().await).await, 2);
    assert!(matches!(third.suspend().await, Err(Error::Misuse { .. })), "it has ended");
}

#[tokio::test]
async fn a_pools_next_user_does_not_get_the_last_ones_handle() {
    let world = World::new().await;
    let options = ConnectOptions::new("scott", "tiger", &world.connect_string);
    let pool = options.into_pool(PoolOptions { max: 1, ..PoolOptions::default() }).unwrap();
    let connection = pool.acquire().await.unwrap();
    connection.begin_sessionless_transaction(None, within(30)).await.unwrap();
    connection.execute_with("insert into bonus (sal) values (1)", (), suspending()).await.unwrap();
    let handle = connection.suspend().await.unwrap();
    connection.release().await;

    let other = pool.acquire().await.unwrap();
    assert!(matches!(other.suspend().await, Err(Error::Misuse { .. })));
    other.release().await;

    let resumed = pool.resume(&handle, deferred()).await.unwrap();
    assert_eq!(count(&resumed).await, 1);
    resumed.rollback().await.unwrap();
    resumed.release().await;
    let ended = pool.resume(&handle, within(5)).await.unwrap_err();
    assert_eq!(ended.code(), "ORA-26218");
    assert_eq!(pool.statistics().in_use, 0, "a connection that could not resume went back");
}

#[tokio::test]
async fn what_cannot_be_resumed_is_told_before_anything_is_sent() {
    let world = World::new().await;
    let connection = world.connect().await;
    connection.begin_sessionless_transaction(None, within(30)).await.unwrap();
    let handle = connection.suspend().await.unwrap();
    let before = connection.round_trips().await;
    let old = TransactionHandle { expiry: Some(UnixTime::from_secs(1)), ..handle.clone() };
    let elsewhere = TransactionHandle { database: "OTHER#1".to_owned(), ..handle.clone() };
    for (handle, code) in [(old, "OED-HANDLE-EXPIRED"), (elsewhere, "OED-HANDLE-DATABASE")] {
        let error = connection.resume(&handle, within(5)).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    let key = HandleKey::new("0123456789abcdef0123456789abcdef").unwrap();
    let other = HandleKey::new("another key, which is as long as that").unwrap();
    let sealed = handle.seal(&key).unwrap();
    let error = TransactionHandle::open(&sealed, &[other]).unwrap_err();
    assert_eq!(error.code(), "OED-HANDLE-FORGED");
    assert_eq!(connection.round_trips().await, before);
    let handle = TransactionHandle::open(&sealed, &[key]).unwrap();
    connection.resume(&handle, within(5)).await.unwrap();
    connection.rollback().await.unwrap();
}
