//! Bytes go both ways, whole and in order; ends, limits and stalls behave.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use oraedge_bridge::Limits;
use serde_json::json;
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn bytes_of_every_size_come_back_whole() {
    let target = target(echo).await;
    let bridge = start(builder(&[target])).await;
    let mut client = connected(&bridge, target).await;
    for size in [1, 2, 125, 126, 4095, 4096, 65_535, 65_536, 65_537, 300_000, 1_048_576] {
        let sent: Vec<u8> = (0..size).map(|i| (i * 7 + size) as u8).collect();
        client.bytes(sent.clone()).await;
        assert!(client.read(size).await == sent, "{size} bytes");
    }
    client.bytes(Vec::new()).await;
    client.bytes("after an empty frame").await;
    assert_eq!(client.read(20).await, b"after an empty frame");
}

#[tokio::test]
async fn frames_to_the_client_have_at_most_64_kib() {
    let target = target(|mut tcp| async move {
        tcp.write_all(&vec![1; 5_000_000]).await.unwrap();
    })
    .await;
    let bridge = start(builder(&[target])).await;
    let mut client = connected(&bridge, target).await;
    let (mut total, mut frames) = (0, 0);
    loop {
        match client.frame().await {
            Frame::Bytes(bytes) => {
                assert!(bytes.len() <= 65_536);
                total += bytes.len();
                frames += 1;
            }
            frame => break assert_eq!(frame, Frame::Control(json!({"type": "eof"}))),
        }
    }
    assert_eq!(total, 5_000_000);
    assert!(frames < 1000, "{frames} frames: reads are not put together");
}

#[tokio::test]
async fn bytes_sent_before_connected_are_kept() {
    let target = target(echo).await;
    let bridge = start(builder(&[target])).await;
    let mut client = page(&bridge).await;
    client.connect(target, json!({"protocol": "tcp"})).await;
    client.bytes("one ").await;
    client.bytes("two ").await;
    client.bytes("three").await;
    assert_eq!(client.control().await["type"], "connected");
    assert_eq!(client.read(13).await, b"one two three");
}

#[tokio::test]
async fn connected_says_what_a_client_has_to_know() {
    let target = target(echo).await;
    let bridge = start(builder(&[target])).await;
    let mut client = page(&bridge).await;
    client.connect(target, json!({"protocol": "tcp"})).await;
    let frame = client.control().await;
    assert_eq!(frame["maxMessageBytes"], 1_048_576);
    assert_eq!(frame["tls"], json!(null));
    assert!(frame["bridge"].as_str().unwrap().starts_with("oraedge-bridge/"));
}

#[tokio::test]
async fn a_client_that_ends_its_direction_gets_the_rest() {
    let target = target(|mut tcp| async move {
        let mut all = Vec::new();
        tcp.read_to_end(&mut all).await.unwrap();
        tcp.write_all(format!("{} bytes", all.len()).as_bytes()).await.unwrap();
    })
    .await;
    let bridge = start(builder(&[target])).await;
    let mut client = connected(&bridge, target).await;
    client.bytes(vec![0; 100_000]).await;
    client.text(json!({"type": "eof"})).await;
    assert_eq!(client.read(12).await, b"100000 bytes");
    assert_eq!(client.frame().await, Frame::Control(json!({"type": "eof"})));
    assert_eq!(client.frame().await, Frame::Close(1000, String::new()));

    let mut client = connected(&bridge, target).await;
    client.text(json!({"type": "eof"})).await;
    client.bytes("late").await;
    loop {
        match client.frame().await {
            Frame::Bytes(_) => {}
            Frame::Control(frame) if frame["type"] == "eof" => {}
            // The target's own end and the late bytes race; either is an end.
            Frame::Control(frame) => break assert_eq!(frame["code"], "BAD_REQUEST"),
            Frame::Close(code, _) => break assert_eq!(code, 1000),
            Frame::Gone => panic!("no close frame"),
        }
    }
}

#[tokio::test]
async fn a_database_that_ends_its_direction_still_gets_bytes() {
    let (report, mut reports) = mpsc::channel(1);
    let target = target(move |mut tcp| {
        let report = report.clone();
        async move {
            tcp.write_all(b"bye").await.unwrap();
            tcp.shutdown().await.unwrap();
            let mut all = Vec::new();
            tcp.read_to_end(&mut all).await.unwrap();
            report.send(all).await.unwrap();
        }
    })
    .await;
    let bridge = start(builder(&[target])).await;
    let mut client = connected(&bridge, target).await;
    assert_eq!(client.read(3).await, b"bye");
    assert_eq!(client.frame().await, Frame::Control(json!({"type": "eof"})));
    client.bytes("last words").await;
    client.text(json!({"type": "eof"})).await;
    assert_eq!(client.frame().await, Frame::Close(1000, String::new()));
    assert_eq!(timeout(PATIENCE, reports.recv()).await.unwrap().unwrap(), b"last words");
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_database_connection() {
    let (report, mut reports) = mpsc::channel(2);
    let target = target(move |mut tcp| {
        let report = report.clone();
        async move {
            let mut all = Vec::new();
            let _ = tcp.read_to_end(&mut all).await;
            report.send(all).await.unwrap();
        }
    })
    .await;
    let bridge = start(builder(&[target])).await;
    let mut client = connected(&bridge, target).await;
    client.bytes("a").await;
    client.send(Message::Close(None)).await;
    assert_eq!(timeout(PATIENCE, reports.recv()).await.unwrap().unwrap(), b"a");
    let mut client = connected(&bridge, target).await;
    client.bytes("b").await;
    drop(client);
    assert_eq!(timeout(PATIENCE, reports.recv()).await.unwrap().unwrap(), b"b");
    eventually("the places are free", || bridge.connections() == 0).await;
}

#[tokio::test]
async fn a_database_that_breaks_off_is_reported() {
    let target = target(|tcp| async move {
        tcp.set_zero_linger().unwrap(); // the close below is a reset
        sleep(Duration::from_millis(50)).await;
    })
    .await;
    let bridge = start(builder(&[target])).await;
    let mut client = connected(&bridge, target).await;
    let frame = client.end("error", "CONNECTION_LOST", 4502).await;
    assert!(frame["message"].as_str().unwrap().contains(&target.to_string()), "{frame}");
}

/// What may be under way when one side does not read: two kernels' buffers on each hop.
const KERNEL_BUFFERS: u64 = 40 << 20;

/// Waits until `counter` stands still and returns it.
async fn stands_still(counter: &AtomicU64) -> u64 {
    let mut before = u64::MAX;
    loop {
        let now = counter.load(Relaxed);
        assert!(now < KERNEL_BUFFERS, "{now} bytes are on their way and nobody reads them");
        if now == before && now > 0 {
            return now;
        }
        before = now;
        sleep(Duration::from_millis(400)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_stops_the_database_and_can_still_send_a_break() {
    let written = Arc::new(AtomicU64::new(0));
    let (breaks, mut broken) = mpsc::channel(1);
    let counter = Arc::clone(&written);
    let target = target(move |tcp| {
        let (counter, breaks) = (Arc::clone(&counter), breaks.clone());
        async move {
            let (mut reader, mut writer) = tcp.into_split();
            let writing = tokio::spawn(async move {
                let mut number = 0u32;
                loop {
                    let block: Vec<u8> =
                        (0..1024).flat_map(|i| u32::to_be_bytes(number + i)).collect();
                    number += 1024;
                    if writer.write_all(&block).await.is_err() {
                        return;
                    }
                    counter.fetch_add(block.len() as u64, Relaxed);
                }
            });
            let mut word = [0; 5];
            reader.read_exact(&mut word).await.unwrap();
            breaks.send(word).await.unwrap();
            writing.await.unwrap();
        }
    })
    .await;
    let bridge = start(builder(&[target])).await;
    let mut client = connected(&bridge, target).await;
    let held = stands_still(&written).await;

    client.bytes("break").await;
    assert_eq!(&timeout(PATIENCE, broken.recv()).await.unwrap().unwrap(), b"break");

    let mut expected = 0u32;
    let mut rest = Vec::new();
    while u64::from(expected) * 4 < held + 1_000_000 {
        let Frame::Bytes(bytes) = client.frame().await else { panic!("the stream broke") };
        rest.extend(bytes);
        let whole = rest.len() / 4 * 4;
        for number in rest[..whole].chunks_exact(4) {
            assert_eq!(u32::from_be_bytes(number.try_into().unwrap()), expected);
            expected += 1;
        }
        rest.drain(..whole);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_read_stops_the_client_and_can_still_send() {
    let (go, gone) = tokio::sync::watch::channel(false);
    let target = target(move |mut tcp| {
        let mut gone = gone.clone();
        async move {
            sleep(Duration::from_millis(500)).await;
            tcp.write_all(b"wait").await.unwrap();
            gone.wait_for(|go| *go).await.unwrap();
            let mut total = 0u64;
            let mut buffer = vec![0; 65_536];
            while let Ok(n @ 1..) = tcp.read(&mut buffer).await {
                total += n as u64;
            }
            tcp.write_all(&total.to_be_bytes()).await.unwrap();
        }
    })
    .await;
    let bridge = start(builder(&[target])).await;
    let client = connected(&bridge, target).await;
    let sent = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent);
    let (mut sink, source) = futures_util::StreamExt::split(client.ws);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let sending = tokio::spawn(async move {
        use futures_util::SinkExt;
        while !*stopped.borrow() {
            sink.send(Message::binary(vec![5; 65_536])).await.unwrap();
            counter.fetch_add(65_536, Relaxed);
        }
        sink.send(Message::text(r#"{"type":"eof"}"#)).await.unwrap();
        sink
    });
    stands_still(&sent).await;
    let mut source = source;
    let first = timeout(PATIENCE, futures_util::StreamExt::next(&mut source)).await.unwrap();
    assert_eq!(first.unwrap().unwrap().into_data().as_ref(), b"wait");

    stop.send(true).unwrap();
    go.send(true).unwrap();
    let _sink = timeout(PATIENCE, sending).await.unwrap().unwrap();
    let total = timeout(PATIENCE, futures_util::StreamExt::next(&mut source)).await.unwrap();
    let total = total.unwrap().unwrap().into_data();
    assert_eq!(u64::from_be_bytes(total.as_ref().try_into().unwrap()), sent.load(Relaxed));
}

#[tokio::test]
async fn a_connection_without_traffic_is_closed_and_pings_do_not_count() {
    let target = target(echo).await;
    let bridge = start(builder(&[target]).limits(Limits {
        idle: Some(Duration::from_millis(600)),
        ping_interval: Duration::from_millis(200),
        ..limits()
    }))
    .await;
    let mut client = connected(&bridge, target).await;
    let begin = std::time::Instant::now();
    for _ in 0..4 {
        sleep(Duration::from_millis(300)).await;
        client.bytes("x").await;
        client.read(1).await;
    }
    assert!(begin.elapsed() > Duration::from_millis(1200), "traffic keeps it open");
    let frame = client.end("error", "IDLE_TIMEOUT", 4408).await;
    assert!(frame["remedy"].as_str().unwrap().contains("--idle-timeout"));
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_closed_and_frees_its_place() {
    let target = target(echo).await;
    let bridge = start(
        builder(&[target]).limits(Limits { ping_interval: Duration::from_millis(50), ..limits() }),
    )
    .await;
    // Nobody polls this client, so nothing answers.
    let mut silent = connected(&bridge, target).await;
    // This one is polled, so its library does.
    let mut alive = connected(&bridge, target).await;
    let waited = timeout(Duration::from_secs(2), alive.frame()).await;
    assert!(waited.is_err(), "a client that answers is left alone");
    silent.end("error", "CLIENT_GONE", 4408).await;
    drop(silent);
    eventually("its place is free", || bridge.connections() == 1).await;
}
