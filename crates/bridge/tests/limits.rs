//! Limits that end a connection, and that nobody else notices.

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use oraedge_bridge::{Limits, RunningBridge};
use serde_json::json;
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

async fn bridge_with(target: SocketAddr, limits: Limits) -> RunningBridge {
    start(builder(&[target]).limits(limits)).await
}

async fn assert_undisturbed(client: &mut Client) {
    client.bytes("still here").await;
    assert_eq!(client.read(10).await, b"still here");
}

#[tokio::test]
async fn a_connection_ends_when_its_time_is_over() {
    let target = target(echo).await;
    let lifetime = Some(Duration::from_millis(600));
    let bridge = bridge_with(target, Limits { lifetime, ..limits() }).await;
    let mut client = connected(&bridge, target).await;
    let begin = Instant::now();
    // Traffic does not keep it open.
    for _ in 0..3 {
        sleep(Duration::from_millis(100)).await;
        assert_undisturbed(&mut client).await;
    }
    let frame = client.end("error", "LIFETIME_OVER", 4408).await;
    assert!(frame["remedy"].as_str().unwrap().contains("--max-lifetime"), "{frame}");
    assert!(begin.elapsed() > Duration::from_millis(400), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_connection_ends_when_it_has_carried_its_bytes_either_way() {
    let echoing = target(echo).await;
    let bridge = bridge_with(echoing, Limits { max_bytes: Some(1000), ..limits() }).await;
    let mut client = connected(&bridge, echoing).await;
    client.bytes(vec![1; 500]).await;
    assert_eq!(client.read(500).await.len(), 500);
    let mut other = connected(&bridge, echoing).await;
    client.bytes(vec![1; 1]).await;
    let frame = loop {
        match client.frame().await {
            Frame::Bytes(_) => {}
            Frame::Control(frame) => break frame,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(frame["code"], "BYTE_LIMIT", "{frame}");
    assert_undisturbed(&mut other).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_takes_nothing_is_closed_and_holds_up_no_other() {
    let flood =
        target(|mut tcp| async move { while tcp.write_all(&[7; 65_536]).await.is_ok() {} }).await;
    let echoing = target(echo).await;
    let limits = Limits { stall: Duration::from_millis(500), ..limits() };
    let bridge = start(builder(&[flood, echoing]).limits(limits)).await;
    let stalled = connected(&bridge, flood).await;
    let mut other = connected(&bridge, echoing).await;
    for _ in 0..5 {
        assert_undisturbed(&mut other).await;
        sleep(Duration::from_millis(50)).await;
    }
    // Its goodbye does not get through either; its place comes back all the same.
    eventually("the stalled one is closed", || bridge.connections() == 1).await;
    assert_undisturbed(&mut other).await;
    drop(stalled);
}

#[tokio::test]
async fn a_connect_frame_that_trickles_in_does_not_gain_time() {
    let target = target(echo).await;
    let handshake = Duration::from_millis(400);
    let bridge = bridge_with(target, Limits { handshake, ..limits() }).await;
    let mut client = page(&bridge).await;
    let begin = Instant::now();
    // A masked text frame of 100 bytes, one byte at a time.
    let frame = [&[0x81, 0x80 | 100, 0, 0, 0, 0][..], &[b' '; 100]].concat();
    for byte in frame {
        if client.ws.get_mut().write_all(&[byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(20)).await;
        if begin.elapsed() > Duration::from_secs(1) {
            break;
        }
    }
    client.end("refused", "HANDSHAKE_TIMEOUT", 4408).await;
}

#[tokio::test]
async fn a_frame_that_trickles_in_counts_as_silence() {
    let target = target(echo).await;
    let ping_interval = Duration::from_millis(100);
    let bridge = bridge_with(target, Limits { ping_interval, ..limits() }).await;
    let mut client = connected(&bridge, target).await;
    let begin = Instant::now();
    // A binary frame of 65535 bytes that never gets whole.
    client.ws.get_mut().write_all(&[0x82, 0xFE, 0xFF, 0xFF, 0, 0, 0, 0]).await.unwrap();
    while bridge.connections() > 0 {
        assert!(begin.elapsed() < PATIENCE, "it is still waited for");
        let _ = client.ws.get_mut().write_all(&[0]).await;
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn sockets_that_ask_for_nothing_are_limited_by_address() {
    let limits = Limits { max_connections_per_address: 1, ..limits() };
    let bridge = start(builder(&[]).limits(limits)).await;
    let mut sockets = Vec::new();
    let mut hung_up = 0;
    for _ in 0..40 {
        let mut tcp = TcpStream::connect(bridge.addr()).await.unwrap();
        let ended = timeout(Duration::from_millis(30), tcp.read(&mut [0])).await;
        hung_up += usize::from(ended.is_ok());
        sockets.push(tcp);
    }
    assert_eq!(hung_up, 40 - 17, "one connection and 16 to spare");
    drop(sockets);
    // They come back.
    let begin = Instant::now();
    loop {
        let mut tcp = TcpStream::connect(bridge.addr()).await.unwrap();
        let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        tcp.write_all(request).await.unwrap();
        let mut answer = String::new();
        let _ = timeout(PATIENCE, tcp.read_to_string(&mut answer)).await.unwrap();
        if answer.contains(&json!("ok").to_string()) {
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "{answer}");
    }
}
