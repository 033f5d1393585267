//! What an operator sees: figures and log lines, and that neither holds what was carried.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use oraedge_bridge::RunningBridge;
use serde_json::{Value, json};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

async fn get(address: SocketAddr, path: &str) -> String {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, tcp.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

async fn figures(bridge: &RunningBridge) -> String {
    get(bridge.admin_addr().unwrap(), "/metrics").await
}

#[tokio::test]
async fn figures_count_connections_bytes_and_refusals() {
    let target = target(echo).await;
    let bridge = start(builder(&[target]).admin("127.0.0.1:0")).await;
    let mut client = connected(&bridge, target).await;
    client.bytes(vec![7; 1000]).await;
    client.read(1000).await;
    let mut refused = page(&bridge).await;
    refused.connect(dead_port().await, json!({"protocol": "tcp"})).await;
    refused.end("refused", "TARGET_NOT_ALLOWED", 4403).await;
    drop(refused);
    eventually("its place is free", || bridge.connections() == 1).await;
    let now = figures(&bridge).await;
    assert!(now.starts_with("HTTP/1.1 200"), "{now}");
    assert!(now.contains("application/openmetrics-text"), "{now}");
    for line in [
        "oraedge_bridge_connections 1",
        "oraedge_bridge_connections_opened_total 1",
        "oraedge_bridge_refusals_total{code=\"TARGET_NOT_ALLOWED\"} 1",
        "oraedge_bridge_bytes_total{direction=\"to_database\"} 1000",
        "oraedge_bridge_bytes_total{direction=\"to_client\"} 1000",
        "oraedge_bridge_connect_seconds_count 1",
    ] {
        assert!(now.lines().any(|l| l == line), "{line}: {now}");
    }
    assert!(!now.contains(&target.port().to_string()), "{now}");
    client.text(json!({"type": "eof"})).await;
    while client.frame().await != Frame::Close(1000, String::new()) {}
    drop(client);
    eventually("the place is free", || bridge.connections() == 0).await;
    let after = figures(&bridge).await;
    assert!(after.contains("oraedge_bridge_connections_ended_total{how=\"done\"} 1"), "{after}");
    assert!(after.contains("oraedge_bridge_connections 0"), "{after}");
}

#[tokio::test]
async fn figures_are_not_for_clients() {
    let bridge = start(builder(&[]).admin("127.0.0.1:0")).await;
    assert!(get(bridge.addr(), "/metrics").await.starts_with("HTTP/1.1 426"));
    let admin = bridge.admin_addr().unwrap();
    assert!(get(admin, "/healthz").await.contains("\"ok\""));
    assert!(get(admin, "/identity").await.starts_with("HTTP/1.1 404"));
    assert_eq!(start(builder(&[])).await.admin_addr(), None);
}

/// Everything that is secret in the test below has this in it.
const SECRET: &str = "geheim";

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_carried_or_shown_is_logged_however_much_is() {
    let echoing = target(echo).await;
    let identity = target(|mut tcp| async move {
        let _ = tcp.read(&mut [0; 4096]).await;
        let answer = format!("HTTP/1.1 200 OK\r\nopc-request-id: {SECRET}\r\n\r\n{SECRET}");
        let _ = tcp.write_all(answer.as_bytes()).await;
    })
    .await;
    let token = std::env::temp_dir().join(format!("oraedge-watching-{}", std::process::id()));
    std::fs::write(&token, SECRET).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_oraedge-bridge"))
        .args(["--listen", "127.0.0.1:0", "--log-format", "json", "--allow-origin", ORIGIN])
        .args(["--allow", &echoing.to_string(), "--allow-identity", &format!("http://{identity}")])
        .args(["--token-file", token.to_str().unwrap()])
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address: SocketAddr = line.trim().strip_prefix("listening ws=").unwrap().parse().unwrap();
    // What it writes is read at once, or it would wait for us.
    let mut stderr = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        stderr.read_to_string(&mut log).unwrap();
        log
    });

    let mut client = page_at(address).await;
    client.connect(echoing, json!({"protocol": "tcp", "token": SECRET})).await;
    assert_eq!(client.control().await["type"], "connected");
    client.bytes(SECRET).await;
    assert_eq!(client.read(6).await, SECRET.as_bytes());
    client.text(json!({"type": SECRET})).await;
    client.end("error", "BAD_REQUEST", 4400).await;
    for frame in [
        json!({"type": "connect", "host": "h", "port": SECRET, "protocol": "tcp"}),
        json!({"type": "connect", "host": "h", "port": 1, "protocol": "tcp", "token": "geheim2"}),
        json!({"type": "connect", "host": "h", "port": 1, "protocol": SECRET}),
    ] {
        let mut client = page_at(address).await;
        client.text(frame).await;
        assert_eq!(client.control().await["type"], "refused");
    }
    for envelope in [
        json!({"method": "POST", "url": format!("http://{identity}/v1/x509"), "body": "Z2VoZWlt",
               "headers": [["authorization", SECRET]]}),
        json!({"method": "POST", "url": format!("http://{identity}/v1/x509?{SECRET}")}),
        json!({"method": "POST", "url": format!("http://{identity}/{SECRET}")}),
        json!({"method": SECRET}),
    ] {
        let body = envelope.to_string();
        let mut tcp = std::net::TcpStream::connect(address).unwrap();
        write!(
            tcp,
            "POST /identity HTTP/1.1\r\nHost: b\r\nConnection: close\r\nOrigin: {ORIGIN}\r\nContent-Type: application/json\r\nAuthorization: Bearer {SECRET}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        tokio::task::block_in_place(|| tcp.read_to_string(&mut answer)).unwrap();
        assert!(answer.contains("\"type\":"), "{answer}");
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
    drop(client);
    assert!(tokio::task::block_in_place(|| child.wait()).unwrap().success());
    std::fs::remove_file(token).unwrap();

    let log = log.join().unwrap();
    let events: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    for (message, field) in [
        ("connected", "target"),
        ("identity request relayed", "path"),
        ("closed", "up"),
        ("refused", "code"),
    ] {
        let found = events.iter().find(|event| {
            event["message"].as_str().is_some_and(|text| text.starts_with(message))
                && event.get(field).is_some()
        });
        assert!(found.is_some(), "no event {message} with {field}: {log}");
    }
    for secret in [SECRET, "Z2VoZWlt"] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}
