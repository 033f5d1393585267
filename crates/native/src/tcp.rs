//! TCP: look the name up, try its addresses one after the other, set the socket.

use std::io;
use std::net::SocketAddr;

use oraedge::{Error, Result};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::endpoint::Endpoint;
use crate::proxy;

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
    let addresses = look_up(endpoint).await?;
    let mut last = None;
    for address in addresses {
        match timeout(endpoint.connect_timeout, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                configure(&stream, endpoint)
                    .map_err(|error| connect_failed(endpoint, address, &error))?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = Some(connect_failed(endpoint, address, &error)),
            Err(_) => {
                last = Some(Error::TimedOut {
                    doing: connecting(endpoint, address),
                    after: endpoint.connect_timeout,
                });
            }
        }
    }
    Err(last.unwrap_or_else(|| look_up_failed(endpoint, "the name has no address")))
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
