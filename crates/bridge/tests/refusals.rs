//! Whoever may not pass, or cannot, is told why, in words that name the remedy.

mod support;

use std::time::Duration;

use oraedge_bridge::{Bridge, Limits, SUBPROTOCOL};
use serde_json::json;
use support::*;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

#[tokio::test]
async fn nothing_is_allowed_by_default() {
    let target = target(echo).await;
    let bridge = start(Bridge::builder()).await;
    for origin in [None, Some(ORIGIN)] {
        let mut client = open(&bridge, origin, Some(SUBPROTOCOL)).await.unwrap();
        client.end("refused", "ORIGIN_NOT_ALLOWED", 4403).await;
    }
    let bridge = start(Bridge::builder().allow_no_origin(true)).await;
    let mut client = open(&bridge, None, Some(SUBPROTOCOL)).await.unwrap();
    client.connect(target, json!({"protocol": "tcp"})).await;
    let frame = client.end("refused", "TARGET_NOT_ALLOWED", 4403).await;
    assert!(frame["message"].as_str().unwrap().contains(&target.to_string()), "{frame}");
    assert!(frame["remedy"].as_str().unwrap().contains(&format!("--allow {target}")), "{frame}");
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused_in_a_frame_and_otherwise_with_403() {
    let bridge = start(builder(&[])).await;
    let mut client = open(&bridge, Some("http://evil.example"), Some(SUBPROTOCOL)).await.unwrap();
    let frame = client.end("refused", "ORIGIN_NOT_ALLOWED", 4403).await;
    assert!(frame["message"].as_str().unwrap().contains("http://evil.example"));

    match open(&bridge, Some("http://evil.example"), None).await.map(|_| ()) {
        Err(WsError::Http(response)) => assert_eq!(response.status(), 403),
        other => panic!("{other:?}"),
    }
    match open(&bridge, Some(ORIGIN), None).await.map(|_| ()) {
        Err(WsError::Http(response)) => assert_eq!(response.status(), 400),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refused_origin_gets_no_further_whatever_it_sends() {
    let target = target(echo).await;
    let bridge = start(builder(&[target])).await;
    let mut client = open(&bridge, Some("http://evil.example"), Some(SUBPROTOCOL)).await.unwrap();
    client.connect(target, json!({"protocol": "tcp"})).await;
    client.bytes("hello").await;
    client.end("refused", "ORIGIN_NOT_ALLOWED", 4403).await;
    assert_eq!(client.frame().await, Frame::Gone);
}

#[tokio::test]
async fn a_token_is_asked_for_where_one_is_set() {
    let target = target(echo).await;
    let bridge = start(builder(&[target]).token("geheim").unwrap()).await;
    for fields in [json!({"protocol": "tcp"}), json!({"protocol": "tcp", "token": "falsch"})] {
        let mut client = page(&bridge).await;
        client.connect(target, fields).await;
        client.end("refused", "UNAUTHORIZED", 4401).await;
    }
    let mut client = page(&bridge).await;
    client.connect(target, json!({"protocol": "tcp", "token": "geheim"})).await;
    assert_eq!(client.control().await["type"], "connected");
}

#[tokio::test]
async fn a_target_that_cannot_be_reached_is_told_apart() {
    let dead = dead_port().await;
    // RFC 6761: .invalid never resolves.
    let nameless = "no-such-host.invalid";
    let bridge =
        start(builder(&[dead]).allow(&format!("{nameless}:{}", dead.port())).unwrap()).await;
    let mut client = page(&bridge).await;
    client.connect(dead, json!({"protocol": "tcp"})).await;
    let frame = client.end("refused", "CONNECTION_REFUSED", 4502).await;
    assert!(frame["message"].as_str().unwrap().contains(&dead.to_string()));

    let mut client = page(&bridge).await;
    client.connect(dead, json!({"protocol": "tcp", "host": nameless})).await;
    let frame = client.end("refused", "NAME_LOOKUP_FAILED", 4502).await;
    assert!(frame["message"].as_str().unwrap().contains(nameless));
}

#[tokio::test]
async fn a_target_that_does_not_answer_times_out() {
    // A listener that accepts nothing, with its queue filled: the next SYN stays unanswered.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let silent = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    for _ in 0..4 {
        queue.push(tokio::spawn(tokio::net::TcpStream::connect(silent)));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;

    let limits = Limits { connect: Duration::from_millis(300), ..limits() };
    let bridge = start(builder(&[silent]).limits(limits)).await;
    let mut client = page(&bridge).await;
    client.connect(silent, json!({"protocol": "tcp"})).await;
    let frame = client.end("refused", "CONNECTION_TIMED_OUT", 4504).await;
    assert!(frame["message"].as_str().unwrap().contains("300 ms"), "{frame}");
}

#[tokio::test]
async fn frames_that_the_protocol_does_not_know_are_refused() {
    let target = target(echo).await;
    let bridge = start(builder(&[target])).await;
    let before: Vec<Message> = vec![
        Message::text("hello"),
        Message::text("{}"),
        Message::text(r#"{"type":"eof"}"#),
        Message::text(r#"{"type":"restart_tls"}"#),
        Message::text("[".repeat(10_000)),
        Message::binary(vec![0; 10]),
        Message::text(r#"{"type":"connect","host":"a b","port":1,"protocol":"tcp"}"#),
        Message::text(r#"{"type":"connect","host":"","port":1,"protocol":"tcp"}"#),
        Message::text(r#"{"type":"connect","host":"a\u0007","port":1,"protocol":"tcp"}"#),
    ];
    for message in before {
        let mut client = page(&bridge).await;
        client.send(message).await;
        client.end("refused", "BAD_REQUEST", 4400).await;
    }
    let after = [
        vec![Message::text("hello")],
        vec![Message::text(r#"{"type":"connect","host":"a","port":1,"protocol":"tcp"}"#)],
        vec![Message::text(r#"{"type":"restart_tls"}"#)],
    ];
    for messages in after {
        let mut client = connected(&bridge, target).await;
        for message in messages {
            client.send(message).await;
        }
        client.end("error", "BAD_REQUEST", 4400).await;
    }
}

#[tokio::test]
async fn a_frame_above_the_limit_is_refused_before_and_after_connecting() {
    let target = target(echo).await;
    let bridge =
        start(builder(&[target]).limits(Limits { max_message_bytes: 1000, ..limits() })).await;
    let mut client = page(&bridge).await;
    client.send(Message::text("x".repeat(1001))).await;
    client.end("refused", "MESSAGE_TOO_BIG", 4413).await;

    let mut client = connected(&bridge, target).await;
    client.bytes(vec![7; 1000]).await;
    assert_eq!(client.read(1000).await, vec![7; 1000]);
    client.bytes(vec![7; 1001]).await;
    let frame = client.end("error", "MESSAGE_TOO_BIG", 4413).await;
    assert!(frame["remedy"].as_str().unwrap().contains("--max-message-bytes"));
}

#[tokio::test]
async fn a_client_that_never_says_where_to_is_sent_away() {
    let bridge =
        start(builder(&[]).limits(Limits { handshake: Duration::from_millis(200), ..limits() }))
            .await;
    let mut client = page(&bridge).await;
    client.end("refused", "HANDSHAKE_TIMEOUT", 4408).await;
}

#[tokio::test]
async fn connections_are_limited_and_places_come_back() {
    let target = target(echo).await;
    let bridge = start(builder(&[target]).limits(Limits { max_connections: 2, ..limits() })).await;
    let first = connected(&bridge, target).await;
    let _second = connected(&bridge, target).await;
    let mut third = page(&bridge).await;
    let frame = third.end("refused", "TOO_MANY_CONNECTIONS", 4429).await;
    assert!(frame["remedy"].as_str().unwrap().contains("--max-connections"));
    drop(first);
    eventually("a place is free", || bridge.connections() == 1).await;
    connected(&bridge, target).await;

    let by_address = Limits { max_connections_per_address: 1, ..limits() };
    let bridge = start(builder(&[target]).limits(by_address)).await;
    let _first = connected(&bridge, target).await;
    let frame = page(&bridge).await.end("refused", "TOO_MANY_CONNECTIONS", 4429).await;
    assert!(frame["message"].as_str().unwrap().contains("127.0.0.1"), "{frame}");
}

#[tokio::test]
async fn bytes_that_are_no_websocket_frames_end_the_connection_and_no_other() {
    let target = target(echo).await;
    let bridge = start(builder(&[target])).await;
    let mut other = connected(&bridge, target).await;
    for garbage in [
        &[0x82, 0x01, 0x00][..],               // not masked
        &[0xF2, 0x80, 0, 0, 0, 0],             // reserved bits
        &[0x8B, 0x80, 0, 0, 0, 0],             // an unknown control opcode
        &[0x80, 0x81, 0, 0, 0, 0, 1],          // a continuation of nothing
        &[0x81, 0x82, 0, 0, 0, 0, 0xFF, 0xFE], // text that is not UTF-8
        &[0x88, 0x81, 0, 0, 0, 0, 1],          // half a close code
        &[0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], // 2^64 bytes
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut client = connected(&bridge, target).await;
        client.ws.get_mut().write_all(garbage).await.unwrap();
        let code = match client.frame().await {
            Frame::Control(frame) => frame["code"].as_str().unwrap().to_owned(),
            Frame::Close(..) | Frame::Gone => continue,
            Frame::Bytes(bytes) => panic!("{garbage:?} came through as {bytes:?}"),
        };
        assert!(["BAD_REQUEST", "MESSAGE_TOO_BIG"].contains(&code.as_str()), "{garbage:?}: {code}");
    }
    other.bytes("still here").await;
    assert_eq!(other.read(10).await, b"still here");
    eventually("only one is left", || bridge.connections() == 1).await;
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused_unless_the_network_is_listed() {
    let target = target(echo).await;
    // A name to the bridge's eyes, 127.0.0.1 to the look-up: what a rebound name looks like.
    let name = "127.1";
    let entry = format!("{name}:{}", target.port());
    let bridge = start(builder(&[]).allow(&entry).unwrap()).await;
    let mut client = page(&bridge).await;
    client.connect(target, json!({"protocol": "tcp", "host": name})).await;
    let frame = client.end("refused", "ADDRESS_NOT_ALLOWED", 4403).await;
    assert!(frame["remedy"].as_str().unwrap().contains("--allow-network 127.0.0.1/32"), "{frame}");

    let builder = builder(&[]).allow(&entry).unwrap().allow_network("127.0.0.0/8").unwrap();
    let bridge = start(builder).await;
    let mut client = page(&bridge).await;
    client.connect(target, json!({"protocol": "tcp", "host": name})).await;
    assert_eq!(client.control().await["type"], "connected");
}

#[tokio::test]
async fn a_metadata_service_is_not_connected_to_even_if_it_is_listed() {
    for host in ["169.254.169.254", "[::ffff:169.254.169.254]"] {
        let bridge = builder(&[]).allow(&format!("{host}:80")).unwrap();
        let bridge = start(bridge.allow_network("169.254.0.0/16").unwrap()).await;
        let mut client = page(&bridge).await;
        client.text(json!({"type": "connect", "host": host, "port": 80, "protocol": "tcp"})).await;
        client.end("refused", "ADDRESS_NOT_ALLOWED", 4403).await;
    }
}
