//! The bridge beside a plain TCP relay (tokio's copy loop), in one run: bytes a second each way and
//! round trips a second, of one connection. `load` measures many.
//!
//! `cargo bench -p oraedge-bridge`; a number behind `--` sets the megabytes (default 512).

mod common;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use common::{Client, listen, open, receive, relay};
use futures_util::SinkExt;
use oraedge_bridge::Bridge;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// Bytes of one write, as a driver with the usual SDU makes them, and of one round trip.
const WRITE: usize = 32 * 1024;
const QUESTION: usize = 512;
const ROUND_TRIPS: usize = 5000;

/// What the database does after the first byte says so.
const SEND: u8 = b'S';
const RECEIVE: u8 = b'R';
const ECHO: u8 = b'E';

#[tokio::main]
async fn main() {
    let megabytes = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(512usize);
    let total = megabytes << 20;
    let database = database(total).await;
    let relay = relay(database).await;
    let bridge = Bridge::builder()
        .allow(&database.to_string())
        .expect("an address is a target")
        .allow_no_origin(true)
        .bind("127.0.0.1:0")
        .await
        .expect("a free port");

    let plain_down = rate(total, plain_download(relay, total)).await;
    let plain_up = rate(total, plain_upload(relay, total)).await;
    let plain_trips = trips(plain_echo(relay)).await;
    let down = rate(total, download(open(bridge.addr(), database).await, total)).await;
    let up = rate(total, upload(open(bridge.addr(), database).await, total)).await;
    let round_trips = trips(echo(open(bridge.addr(), database).await)).await;

    println!("{:<28}{:>12}{:>12}{:>8}", "", "TCP relay", "bridge", "ratio");
    for (what, plain, bridged) in [
        ("to the client, MB/s", plain_down, down),
        ("to the database, MB/s", plain_up, up),
        ("round trips of 512 B, 1/s", plain_trips, round_trips),
    ] {
        println!("{what:<28}{plain:>12.0}{bridged:>12.0}{:>8.2}", bridged / plain);
    }
}

/// A target that sends, receives or echoes, as the first byte asks.
async fn database(total: usize) -> SocketAddr {
    listen(move |mut tcp| async move {
        let mut order = [0];
        let mut buffer = vec![7; WRITE];
        tcp.read_exact(&mut order).await?;
        match order[0] {
            SEND => {
                for _ in 0..total / WRITE {
                    tcp.write_all(&buffer).await?;
                }
            }
            RECEIVE => {
                let mut received = 0;
                while received < total {
                    received += tcp.read(&mut buffer).await?;
                }
                tcp.write_all(b".").await?;
            }
            _ => loop {
                let n = tcp.read(&mut buffer).await?;
                if n == 0 {
                    break;
                }
                tcp.write_all(&buffer[..n]).await?;
            },
        }
        tcp.shutdown().await
    })
    .await
}

async fn rate(bytes: usize, work: impl Future<Output = ()>) -> f64 {
    let begin = Instant::now();
    work.await;
    bytes as f64 / 1e6 / begin.elapsed().as_secs_f64()
}

async fn trips(work: impl Future<Output = Duration>) -> f64 {
    ROUND_TRIPS as f64 / work.await.as_secs_f64()
}

async fn plain(relay: SocketAddr, order: u8) -> TcpStream {
    let mut tcp = TcpStream::connect(relay).await.expect("the relay listens");
    tcp.set_nodelay(true).expect("an open socket");
    tcp.write_all(&[order]).await.expect("the relay reads");
    tcp
}

async fn plain_download(relay: SocketAddr, total: usize) {
    let mut tcp = plain(relay, SEND).await;
    let mut buffer = vec![0; 64 * 1024];
    let mut received = 0;
    while received < total {
        received += tcp.read(&mut buffer).await.expect("the relay sends");
    }
}

async fn plain_upload(relay: SocketAddr, total: usize) {
    let mut tcp = plain(relay, RECEIVE).await;
    let block = vec![7; WRITE];
    for _ in 0..total / WRITE {
        tcp.write_all(&block).await.expect("the relay reads");
    }
    tcp.read_exact(&mut [0]).await.expect("the target confirms");
}

async fn plain_echo(relay: SocketAddr) -> Duration {
    let mut tcp = plain(relay, ECHO).await;
    let mut buffer = [1; QUESTION];
    let begin = Instant::now();
    for _ in 0..ROUND_TRIPS {
        tcp.write_all(&buffer).await.expect("the relay reads");
        tcp.read_exact(&mut buffer).await.expect("the relay sends");
    }
    begin.elapsed()
}

async fn order(ws: &mut Client, order: u8) {
    ws.send(Message::binary(vec![order])).await.expect("the bridge reads");
}

async fn download(mut ws: Client, total: usize) {
    order(&mut ws, SEND).await;
    receive(&mut ws, total).await;
}

async fn upload(mut ws: Client, total: usize) {
    order(&mut ws, RECEIVE).await;
    let block = bytes::Bytes::from(vec![7; WRITE]);
    for _ in 0..total / WRITE {
        ws.send(Message::Binary(block.clone())).await.expect("the bridge reads");
    }
    receive(&mut ws, 1).await;
}

async fn echo(mut ws: Client) -> Duration {
    order(&mut ws, ECHO).await;
    let block = bytes::Bytes::from(vec![1; QUESTION]);
    let begin = Instant::now();
    for _ in 0..ROUND_TRIPS {
        ws.send(Message::Binary(block.clone())).await.expect("the bridge reads");
        receive(&mut ws, QUESTION).await;
    }
    begin.elapsed()
}
