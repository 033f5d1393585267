//! SQL*Net over WebSocket, as Oracle's own clients ask for it: no control frames, a target of the
//! operator's.

mod support;

use oraedge_bridge::{Limits, RunningBridge};
use std::time::Duration;
use support::*;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

/// Opens what a descriptor with `(PROTOCOL=wss)` opens.
async fn open_sqlnet(
    bridge: &RunningBridge,
    authorization: Option<&str>,
) -> Result<Client, WsError> {
    let tcp = TcpStream::connect(bridge.addr()).await.unwrap();
    let mut request = format!("ws://{}/sqlnet", bridge.addr()).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "sqlnet.oracle.com".parse().unwrap());
    if let Some(value) = authorization {
        request.headers_mut().insert("authorization", value.parse().unwrap());
    }
    let opened = timeout(PATIENCE, tokio_tungstenite::client_async(request, tcp)).await.unwrap();
    let (ws, response) = opened?;
    assert_eq!(response.headers()["sec-websocket-protocol"], "sqlnet.oracle.com");
    Ok(Client { ws })
}

async fn status(bridge: &RunningBridge, authorization: Option<&str>) -> u16 {
    match open_sqlnet(bridge, authorization).await.map(|_| ()) {
        Err(WsError::Http(response)) => response.status().as_u16(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn bytes_go_both_ways_at_once_and_nothing_else_does() {
    let target = target(echo).await;
    let builder = builder(&[]).allow_no_origin(true).sqlnet(&target.to_string()).unwrap();
    let bridge = start(builder).await;
    let mut client = open_sqlnet(&bridge, None).await.unwrap();
    client.bytes(vec![7; 200_000]).await;
    assert_eq!(client.read(200_000).await, vec![7; 200_000]);
    client.send(Message::text(r#"{"type":"eof"}"#)).await;
    match client.frame().await {
        Frame::Close(4400, reason) => assert!(reason.contains("text frame"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_databases_end_and_the_bridges_are_close_frames() {
    let goodbye = target(|mut tcp| async move {
        tcp.write_all(b"bye").await.unwrap();
    })
    .await;
    let builder1 = builder(&[]).allow_no_origin(true).sqlnet(&goodbye.to_string()).unwrap();
    let bridge = start(builder1).await;
    let mut client = open_sqlnet(&bridge, None).await.unwrap();
    assert_eq!(client.read(3).await, b"bye");
    assert_eq!(client.frame().await, Frame::Close(1000, String::new()));

    let echoing = target(echo).await;
    let limits = Limits { drain: Duration::from_millis(100), ..limits() };
    let builder2 = builder(&[]).allow_no_origin(true).limits(limits);
    let bridge = start(builder2.sqlnet(&echoing.to_string()).unwrap()).await;
    let mut client = open_sqlnet(&bridge, None).await.unwrap();
    client.bytes("x").await;
    client.read(1).await;
    let down = tokio::spawn(bridge.shutdown());
    assert!(matches!(client.frame().await, Frame::Close(4503, _)));
    drop(client);
    timeout(PATIENCE, down).await.unwrap().unwrap();

    let dead = dead_port().await;
    let builder3 = builder(&[]).allow_no_origin(true).sqlnet(&dead.to_string()).unwrap();
    let bridge = start(builder3).await;
    let mut client = open_sqlnet(&bridge, None).await.unwrap();
    assert!(matches!(client.frame().await, Frame::Close(4502, _)));
}

#[tokio::test]
async fn the_bridge_may_end_tls_to_the_target() {
    let ca = Authority::new("Test Root");
    let target = tls_echo(&ca.issue(&["127.0.0.1"], |_| {})).await;
    let builder = builder(&[]).allow_no_origin(true).ca_pem(ca.pem.as_str());
    let bridge = start(builder.sqlnet(&format!("tcps://{target}")).unwrap()).await;
    let mut client = open_sqlnet(&bridge, None).await.unwrap();
    client.bytes("hello").await;
    assert_eq!(client.read(5).await, b"hello");
}

#[tokio::test]
async fn the_guards_hold_here_as_well_and_answer_in_http() {
    let target = target(echo).await;
    let sqlnet = target.to_string();
    assert_eq!(status(&start(builder(&[]).sqlnet(&sqlnet).unwrap()).await, None).await, 403);
    assert_eq!(status(&start(builder(&[target]).allow_no_origin(true)).await, None).await, 403);

    let builder = builder(&[]).allow_no_origin(true).token("geheim").unwrap();
    let bridge = start(builder.sqlnet(&sqlnet).unwrap()).await;
    // user:falsch, and something that is not base64.
    for wrong in [None, Some("Basic dXNlcjpmYWxzY2g="), Some("Basic !"), Some("Bearer falsch")] {
        assert_eq!(status(&bridge, wrong).await, 401, "{wrong:?}");
    }
    // user:geheim
    for right in ["Basic dXNlcjpnZWhlaW0=", "Bearer geheim"] {
        let mut client = open_sqlnet(&bridge, Some(right)).await.unwrap();
        client.bytes("x").await;
        assert_eq!(client.read(1).await, b"x");
    }
}
