//! An HTTP proxy on the way: `CONNECT`, then a tunnel.

use oraedge::{Error, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::endpoint::Endpoint;

/// Longest head of a proxy's answer that is read, in bytes.
const MAX_HEAD: usize = 8192;

/// Asks the proxy at the other end of the stream for a tunnel to the listener.
///
/// # Errors
/// [`Error::Transport`] with what the proxy answered; [`Error::TimedOut`].
pub(crate) async fn tunnel(
    endpoint: &Endpoint,
    proxy: &str,
    mut stream: TcpStream,
) -> Result<TcpStream> {
    let doing = format!("asking the proxy {proxy} for a tunnel to {}", endpoint.authority());
    match timeout(endpoint.connect_timeout, ask(endpoint, &mut stream)).await {
        Ok(Ok(head)) if is_success(&head) => Ok(stream),
        Ok(Ok(head)) => {
            let status = head.lines().next().unwrap_or_default();
            let remedy = "check HTTPS_PROXY in the connect string, and that the proxy allows \
                          CONNECT to this host and port";
            Err(Error::transport(doing, format!("it answered {status:?}"), remedy))
        }
        Ok(Err(error)) => Err(Error::transport(
            doing,
            error.to_string(),
            "check that HTTPS_PROXY in the connect string names an HTTP proxy",
        )),
        Err(_) => Err(Error::TimedOut { doing, after: endpoint.connect_timeout }),
    }
}

async fn ask(endpoint: &Endpoint, stream: &mut TcpStream) -> std::io::Result<String> {
    let authority = endpoint.authority();
    let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    // Byte by byte, as what follows the head belongs to the listener.
    while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_HEAD {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn is_success(head: &str) -> bool {
    let mut words = head.split_ascii_whitespace();
    words.next().is_some_and(|version| version.starts_with("HTTP/1."))
        && words.next().is_some_and(|status| status.len() == 3 && status.starts_with('2'))
        && head.ends_with("\r\n\r\n")
}
