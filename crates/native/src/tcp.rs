//! TCP: look the name up, try its addresses, set the socket.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use oraedge::{Error, Result};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::endpoint::Endpoint;
use crate::proxy;

/// How long an address has before the next one is tried beside it (RFC 8305, section 8).
const STAGGER: Duration = Duration::from_millis(250);

/// Opens a TCP connection to the first address of the host that takes it, or of its proxy.
///
/// # Errors
/// [`Error::Transport`] if the name cannot be looked up or all addresses fail, with what the last
/// one said; [`Error::TimedOut`] if the last one did not answer in time.
pub(crate) async fn connect(endpoint: &Endpoint) -> Result<TcpStream> {
    match &endpoint.proxy {
        None => connect_directly(endpoint).await,
        Some((host, port)) => {
            let (host, port) = (host.clone(), *port);
            let proxy = Endpoint { host, port, proxy: None, tls: None, ..endpoint.clone() };
            let stream = connect_directly(&proxy).await?;
            proxy::tunnel(endpoint, &proxy.authority(), stream).await
        }
    }
}

async fn connect_directly(endpoint: &Endpoint) -> Result<TcpStream> {
    first_of(endpoint, look_up(endpoint).await?).await
}

/// The first of the addresses that takes the connection. Each is tried as soon as the one before
/// has failed, or has not answered for [`STAGGER`], so that one dead address among several (a
/// cluster's nodes, IPv6 without a route) costs no more than that.
async fn first_of(endpoint: &Endpoint, addresses: Vec<SocketAddr>) -> Result<TcpStream> {
    let mut addresses = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut last = None;
    loop {
        match addresses.next() {
            Some(address) => attempts.push(attempt(endpoint, address)),
            None if attempts.is_empty() => {
                let none = || look_up_failed(endpoint, "the name has no address");
                return Err(last.unwrap_or_else(none));
            }
            None => {}
        }
        let wait = if addresses.len() == 0 { endpoint.connect_timeout } else { STAGGER };
        match timeout(wait, attempts.next()).await {
            Ok(Some(Ok(stream))) => return Ok(stream),
            Ok(Some(Err(error))) => last = Some(error),
            Ok(None) | Err(_) => {}
        }
    }
}

async fn attempt(endpoint: &Endpoint, address: SocketAddr) -> Result<TcpStream> {
    let failed = |error: io::Error| connect_failed(endpoint, address, &error);
    match timeout(endpoint.connect_timeout, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => {
            configure(&stream, endpoint).map_err(failed)?;
            Ok(stream)
        }
        Ok(Err(error)) => Err(failed(error)),
        Err(_) => Err(Error::TimedOut {
            doing: connecting(endpoint, address),
            after: endpoint.connect_timeout,
        }),
    }
}

async fn look_up(endpoint: &Endpoint) -> Result<Vec<SocketAddr>> {
    let host = endpoint.host.as_str();
    match timeout(endpoint.connect_timeout, lookup_host((host, endpoint.port))).await {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(error)) => Err(look_up_failed(endpoint, &error.to_string())),
        Err(_) => Err(Error::TimedOut {
            doing: format!("looking up the host name {host:?}"),
            after: endpoint.connect_timeout,
        }),
    }
}

fn look_up_failed(endpoint: &Endpoint, detail: &str) -> Error {
    Error::transport(
        format!("looking up the host name {:?}", endpoint.host),
        detail,
        "check the host in the connect string, and that this machine's name service knows it",
    )
}

/// `connecting to db.example:1521 (10.0.0.7)`.
fn connecting(endpoint: &Endpoint, address: SocketAddr) -> String {
    let ip = address.ip();
    if ip.to_string() == endpoint.host {
        format!("connecting to {}", endpoint.authority())
    } else {
        format!("connecting to {} ({ip})", endpoint.authority())
    }
}

fn connect_failed(endpoint: &Endpoint, address: SocketAddr, error: &io::Error) -> Error {
    let remedy = match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "nothing listens there: check the port in the connect string and that the listener runs"
        }
        io::ErrorKind::ConnectionReset => {
            "something on the way cut the connection: check firewalls and the listener's log"
        }
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "there is no way to this address: check the network, VPN and firewalls"
        }
        _ => "",
    };
    Error::transport(connecting(endpoint, address), error.to_string(), remedy)
}

fn configure(stream: &TcpStream, endpoint: &Endpoint) -> io::Result<()> {
    // A request is one write and waits for its reply; holding it back only adds latency.
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    match endpoint.keep_alive {
        Some(idle) => socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle)),
        None => socket.set_keepalive(true),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Instant;

    use socket2::{Domain, Socket, Type};
    use tokio::net::TcpListener;

    use super::*;

    /// A listener that never accepts and whose queue is full: it drops whatever asks.
    async fn dead() -> (Socket, Vec<tokio::task::JoinHandle<io::Result<TcpStream>>>, SocketAddr) {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let filling = (0..4).map(|_| tokio::spawn(TcpStream::connect(address))).collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        (socket, filling, address)
    }

    #[tokio::test]
    async fn a_dead_address_does_not_hold_up_the_next() {
        let (_socket, _filling, dead) = dead().await;
        let alive = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let endpoint = Endpoint::tcp("db.example", 1521);
        let start = Instant::now();
        let alive = alive.local_addr().unwrap();
        let stream = first_of(&endpoint, vec![dead, alive]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), alive);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }

    #[tokio::test]
    async fn an_address_that_never_answers_runs_into_the_limit() {
        let (_socket, _filling, dead) = dead().await;
        let endpoint = Endpoint {
            connect_timeout: Duration::from_millis(300),
            ..Endpoint::tcp("db.example", 1521)
        };
        let error = first_of(&endpoint, vec![dead]).await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
        assert!(error.to_string().contains("db.example:1521 (127.0.0.1)"), "{error}");
    }
}
