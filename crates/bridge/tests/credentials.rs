//! Tokens, tickets and certificates: what is asked for, and that changed files are heeded.

mod support;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use oraedge_bridge::{DEFAULT_AUDIENCE, RunningBridge, SigningKey, Ticket};
use serde_json::{Value, json};
use std::net::SocketAddr;
use support::*;

const SECRET: &str = "a secret of at least thirty-two bytes";

/// A file of the test's own, with a name that no other test has.
fn file(name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
    let file =
        std::env::temp_dir().join(format!("oraedge-credentials-{}-{name}", std::process::id()));
    std::fs::write(&file, contents).unwrap();
    file
}

fn ticket_for(target: SocketAddr) -> Ticket {
    Ticket {
        audience: DEFAULT_AUDIENCE.to_owned(),
        targets: vec![target.to_string().parse().unwrap()],
        expires_at: SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 60,
        origin: Some(ORIGIN.parse().unwrap()),
        subject: None,
    }
}

fn signed(ticket: &Ticket) -> String {
    ticket.sign(&SigningKey::from_file(SECRET.as_bytes()).unwrap()).unwrap()
}

/// The answer to `connect` with this token.
async fn connect(bridge: &RunningBridge, target: SocketAddr, token: &str) -> Value {
    let mut client = page(bridge).await;
    client.connect(target, json!({"protocol": "tcp", "token": token})).await;
    client.control().await
}

#[tokio::test]
async fn a_ticket_opens_its_target_and_no_other() {
    let (one, two) = (target(echo).await, target(echo).await);
    let key = file("ticket", SECRET);
    let bridge = start(builder(&[one]).ticket_key_file(&key)).await;

    assert_eq!(connect(&bridge, one, &signed(&ticket_for(one))).await["type"], "connected");
    let past = Ticket { expires_at: 1_000_000_000, ..ticket_for(one) };
    let elsewhere =
        Ticket { origin: Some("https://a.example".parse().unwrap()), ..ticket_for(one) };
    let audience = Ticket { audience: "another bridge".to_owned(), ..ticket_for(one) };
    for (target, ticket, code, says) in [
        (one, signed(&ticket_for(two)), "UNAUTHORIZED", "not for"),
        (two, signed(&ticket_for(one)), "UNAUTHORIZED", "not for"),
        (one, signed(&past), "UNAUTHORIZED", "expired"),
        (one, signed(&elsewhere), "UNAUTHORIZED", "https://a.example"),
        (one, signed(&audience), "UNAUTHORIZED", "audience"),
        (one, "geheim".to_owned(), "UNAUTHORIZED", "none"),
        // The bridge's own list holds besides.
        (two, signed(&ticket_for(two)), "TARGET_NOT_ALLOWED", "list"),
    ] {
        let frame = connect(&bridge, target, &ticket).await;
        assert_eq!(frame["code"], code, "{frame}");
        assert!(frame["message"].as_str().unwrap().contains(says), "{says}: {frame}");
    }
    std::fs::remove_file(key).unwrap();
}

#[tokio::test]
async fn with_token_and_ticket_key_either_will_do_and_new_files_count_at_once() {
    let target = target(echo).await;
    let (key, token) = (file("both-key", SECRET), file("both-token", "first token\n"));
    let builder = builder(&[target]).ticket_key_file(&key).token_file(&token);
    let bridge = start(builder).await;
    let ticket = signed(&ticket_for(target));
    for good in ["first token", &ticket] {
        assert_eq!(connect(&bridge, target, good).await["type"], "connected", "{good}");
    }
    std::fs::write(&token, "second token").unwrap();
    bridge.reload();
    assert_eq!(connect(&bridge, target, "first token").await["code"], "UNAUTHORIZED");
    assert_eq!(connect(&bridge, target, "second token").await["type"], "connected");

    // What cannot be used changes nothing, least of all does it open the door.
    std::fs::write(&token, "").unwrap();
    std::fs::write(&key, "short").unwrap();
    bridge.reload();
    assert_eq!(connect(&bridge, target, "").await["code"], "UNAUTHORIZED");
    assert_eq!(connect(&bridge, target, "second token").await["type"], "connected");
    assert_eq!(connect(&bridge, target, &ticket).await["type"], "connected");
    for file in [key, token] {
        std::fs::remove_file(file).unwrap();
    }
}
