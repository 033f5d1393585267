//! From a target's name to a TCP connection, with a reason where there is none.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use crate::address::Networks;
use crate::policy::Target;
use crate::refusal::{Code, Refusal};

/// TCP keep-alive probes begin after this silence and come at the interval below, so that firewalls
/// do not forget an idle connection and a dead peer is noticed.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);

/// No Nagle delay, since requests are small and answered, and keep-alive probes.
pub(crate) fn tune(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let keepalive =
        TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_INTERVAL);
    SockRef::from(tcp).set_tcp_keepalive(&keepalive)
}

/// Connects to the first address of `target` that is allowed and answers before `deadline`. The
/// name is looked up once, so what was checked is what is connected to.
pub(crate) async fn dial(
    target: &Target,
    networks: &Networks,
    deadline: Instant,
    limit: Duration,
) -> Result<TcpStream, Refusal> {
    let addresses = allowed(target, networks, look_up(target, deadline, limit).await?)?;
    let mut failures: Vec<(SocketAddr, io::Error)> = Vec::new();
    let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for (address, left) in addresses.into_iter().zip((1..=count).rev()) {
        // Each address gets its share of what is left, so that a silent one does not use up all.
        let share = deadline.saturating_duration_since(Instant::now()) / left;
        let error = match timeout_at(Instant::now() + share, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => match tune(&tcp) {
                Ok(()) => return Ok(tcp),
                Err(error) => error,
            },
            Ok(Err(error)) => error,
            Err(_) => io::ErrorKind::TimedOut.into(),
        };
        failures.push((address, error));
    }
    Err(dial_refusal(target, &failures, limit))
}

/// Those of the addresses that may be connected to; the first objection if there is none.
fn allowed(
    target: &Target,
    networks: &Networks,
    mut addresses: Vec<SocketAddr>,
) -> Result<Vec<SocketAddr>, Refusal> {
    let mut objection = None;
    addresses.retain(|address| match networks.check(target, address.ip()) {
        Ok(()) => true,
        Err(refusal) => {
            objection.get_or_insert(refusal);
            false
        }
    });
    match objection {
        Some(refusal) if addresses.is_empty() => Err(refusal),
        _ => Ok(addresses),
    }
}

async fn look_up(
    target: &Target,
    deadline: Instant,
    limit: Duration,
) -> Result<Vec<SocketAddr>, Refusal> {
    let failed = |why: String| {
        Refusal::new(
            Code::NameLookupFailed,
            format!("the host {} has no address: {why}", target.host()),
            "check the host's spelling, and that the machine of the bridge can resolve it",
        )
    };
    match timeout_at(deadline, lookup_host((target.host(), target.port()))).await {
        Ok(Ok(addresses)) => {
            let addresses: Vec<_> = addresses.collect();
            if addresses.is_empty() {
                Err(failed("the look-up came back empty".into()))
            } else {
                Ok(addresses)
            }
        }
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed(format!("no answer within {} ms", limit.as_millis()))),
    }
}

/// The refusal for the attempts that failed; the last one's kind decides its code.
fn dial_refusal(target: &Target, failures: &[(SocketAddr, io::Error)], limit: Duration) -> Refusal {
    let each: Vec<String> = failures
        .iter()
        .map(|(address, error)| match error.kind() {
            io::ErrorKind::ConnectionRefused => format!("{address} refused the connection"),
            io::ErrorKind::TimedOut => format!("{address} did not answer"),
            _ => format!("{address}: {error}"),
        })
        .collect();
    let each = each.join(", ");
    let kind = failures.last().map_or(io::ErrorKind::TimedOut, |(_, error)| error.kind());
    match kind {
        io::ErrorKind::ConnectionRefused => Refusal::new(
            Code::ConnectionRefused,
            format!("{target} cannot be connected to: {each}"),
            "check that the database's listener runs there and listens on that port",
        ),
        io::ErrorKind::TimedOut => Refusal::new(
            Code::ConnectionTimedOut,
            format!("{target} cannot be connected to within {} ms: {each}", limit.as_millis()),
            "check host and port, and the firewalls and access lists between bridge and database",
        ),
        _ => Refusal::new(
            Code::Unreachable,
            format!("{target} cannot be connected to: {each}"),
            "check the network between bridge and database",
        ),
    }
}
