//! A pool against the simulator, with a network that breaks.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use oraedge::Error;
use oraedge::client::{Pool, PoolOptions};
use oraedge_native::ConnectOptions;
use oraedge_simulator::listen::Simulator;
use tokio::net::{TcpListener, TcpStream};

async fn simulator() -> (Simulator, SocketAddr) {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let simulator = Simulator::builder().listen(any_port).start().await.unwrap();
    let address = simulator.tcp_address().unwrap();
    (simulator, address)
}

fn pool(port: u16, options: PoolOptions) -> Pool {
    let connect_string = format!("localhost:{port}/FREEPDB1");
    ConnectOptions::new("scott", "tiger", connect_string).into_pool(options).unwrap()
}

/// Passes bytes on; every connection but some is cut after a while, as long as `breaking` is set.
async fn breaking_network(target: SocketAddr, breaking: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut count = 0_u64;
        while let Ok((mut client, _)) = listener.accept().await {
            count += 1;
            let lifetime = Duration::from_millis(40 + count * 37 % 160);
            let breaking = breaking.clone();
            tokio::spawn(async move {
                let Ok(mut server) = TcpStream::connect(target).await else { return };
                let passing = tokio::io::copy_bidirectional(&mut client, &mut server);
                if breaking.load(Ordering::Relaxed) {
                    let _ = tokio::time::timeout(lifetime, passing).await;
                } else {
                    let _ = passing.await;
                }
            });
        }
    });
    port
}

async fn double(pool: &Pool, value: i64) -> Result<i64, Error> {
    let connection = pool.acquire().await?;
    let mut rows = connection.query("select :1 * 2 from dual", (value,)).await?;
    rows.next().await?.ok_or_else(|| Error::closed("no row"))?.get(0)
}

#[tokio::test]
async fn a_thousand_tasks_share_ten_connections_on_a_network_that_breaks() {
    let (_simulator, address) = simulator().await;
    let breaking = Arc::new(AtomicBool::new(true));
    let port = breaking_network(address, breaking.clone()).await;
    let pool = pool(port, PoolOptions { max: 10, queue_max: None, ..PoolOptions::default() });
    let failures = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for value in 0..1000 {
        let (pool, failures) = (pool.clone(), failures.clone());
        tasks.push(tokio::spawn(async move {
            loop {
                match double(&pool, value).await {
                    Ok(doubled) => return assert_eq!(doubled, value * 2),
                    Err(error) => {
                        assert!(error.is_fatal(), "{error}");
                        failures.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        }));
    }
    for task in tasks {
        tokio::time::timeout(Duration::from_secs(60), task)
            .await
            .expect("no task is lost")
            .unwrap();
    }
    assert!(failures.load(Ordering::Relaxed) > 0, "nothing broke: the test shows nothing");
    let statistics = pool.statistics();
    assert!(statistics.open <= 10);
    assert_eq!((statistics.waiting, statistics.in_use), (0, 0));
    breaking.store(false, Ordering::Relaxed);
    pool.close().await;
    assert_eq!(pool.statistics().open, 0);
    assert!(matches!(pool.acquire().await, Err(Error::Closed { .. })));
}

#[tokio::test]
async fn what_comes_back_is_clean_however_it_comes_back() {
    let (_simulator, address) = simulator().await;
    let pool = pool(address.port(), PoolOptions { max: 1, ..PoolOptions::default() });
    for drop_it in [false, true] {
        let connection = pool.acquire().await.unwrap();
        connection.execute("delete from bonus", ()).await.unwrap();
        connection.execute("insert into bonus (ename) values ('left')", ()).await.unwrap();
        if drop_it {
            drop(connection);
        } else {
            connection.release().await;
        }
        let connection = pool.acquire().await.unwrap();
        assert!(!connection.in_transaction().await);
        let rows = connection.query("select * from bonus", ()).await.unwrap();
        assert!(rows.all().await.unwrap().is_empty());
    }
    assert_eq!(pool.statistics().opened, 1);
}

#[tokio::test]
async fn those_that_ask_first_are_served_first_and_no_longer_than_they_want_to_wait() {
    let (_simulator, address) = simulator().await;
    let options = PoolOptions {
        max: 1,
        queue_timeout: Some(Duration::from_millis(200)),
        queue_max: Some(3),
        ..PoolOptions::default()
    };
    let pool = pool(address.port(), options);
    let held = pool.acquire().await.unwrap();
    let waiting: Vec<_> = (0..3).map(|_| Box::pin(pool.acquire())).collect();
    let mut waiting = futures::future::join_all(waiting);
    assert!(futures::poll!(&mut waiting).is_pending());
    let refused = pool.acquire().await.unwrap_err().to_string();
    assert!(refused.contains("queue_max"), "{refused}");
    for result in waiting.await {
        assert!(matches!(result, Err(Error::TimedOut { .. })), "{result:?}");
    }
    held.release().await;
    // One that is given up while a connection is on its way does not take it along.
    let mut given_up = Box::pin(pool.acquire());
    assert!(futures::poll!(&mut given_up).is_pending() || pool.statistics().in_use == 1);
    drop(given_up);
    let connection = pool.acquire().await.unwrap();
    connection.ping().await.unwrap();
}

#[tokio::test]
async fn a_connection_that_died_while_it_lay_idle_is_replaced() {
    let (_simulator, address) = simulator().await;
    let breaking = Arc::new(AtomicBool::new(true));
    let port = breaking_network(address, breaking.clone()).await;
    let options =
        PoolOptions { max: 2, ping_interval: Some(Duration::ZERO), ..PoolOptions::default() };
    let pool = pool(port, options);
    pool.acquire().await.unwrap().release().await;
    breaking.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let connection = pool.acquire().await.unwrap();
    connection.ping().await.unwrap();
    assert_eq!(pool.statistics().opened, 2);
}

#[tokio::test]
async fn a_pool_without_a_database_says_so_to_who_asks() {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let pool = pool(port, PoolOptions { min: 1, ..PoolOptions::default() });
    for _ in 0..2 {
        let error = pool.acquire().await.unwrap_err();
        assert!(matches!(error, Error::Transport { .. }), "{error}");
    }
    let wrong = PoolOptions { min: 5, max: 4, ..PoolOptions::default() };
    let connect = ConnectOptions::new("scott", "tiger", "localhost/x");
    assert!(connect.into_pool(wrong).unwrap_err().to_string().contains("greater than its max"));
}
