//! What the measurements share: a plain TCP relay, and a client of the bridge.
#![allow(dead_code, reason = "each measurement uses its part")]

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use oraedge_bridge::SUBPROTOCOL;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// A client's WebSocket.
pub(crate) type Client = WebSocketStream<TcpStream>;

/// A server on a free port.
pub(crate) async fn listen<F, R>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> R + Send + 'static,
    R: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let _ = tcp.set_nodelay(true);
            tokio::spawn(serve(tcp));
        }
    });
    address
}

/// tokio's copy loop, the least that something between client and database does.
pub(crate) async fn relay(target: SocketAddr) -> SocketAddr {
    listen(move |mut tcp| async move {
        let mut upstream = TcpStream::connect(target).await?;
        upstream.set_nodelay(true)?;
        copy_bidirectional(&mut tcp, &mut upstream).await?;
        Ok(())
    })
    .await
}

/// A WebSocket that the bridge has connected to `target`.
pub(crate) async fn open(bridge: SocketAddr, target: SocketAddr) -> Client {
    let tcp = TcpStream::connect(bridge).await.expect("the bridge listens");
    tcp.set_nodelay(true).expect("an open socket");
    let mut request = format!("ws://{bridge}/").into_client_request().expect("a URL");
    let protocol = SUBPROTOCOL.parse().expect("a header value");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let (mut ws, _) = tokio_tungstenite::client_async(request, tcp).await.expect("an upgrade");
    let frame = format!(
        r#"{{"type":"connect","host":"{}","port":{},"protocol":"tcp"}}"#,
        target.ip(),
        target.port()
    );
    ws.send(Message::text(frame)).await.expect("the bridge reads");
    let answer = ws.next().await.expect("an answer").expect("a frame");
    assert!(answer.to_text().expect("text").contains("connected"), "{answer}");
    ws
}

/// Reads that many bytes.
pub(crate) async fn receive(ws: &mut Client, wanted: usize) {
    let mut received = 0;
    while received < wanted {
        if let Message::Binary(bytes) = ws.next().await.expect("more").expect("a frame") {
            received += bytes.len();
        }
    }
}
