//! A fault at one byte of each connection: the stream cut, stalled, a byte corrupted or sent twice.

use std::io;
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Largest read from the stream below.
const READ_SIZE: usize = 16 * 1024;

/// What happens at the byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The connection is closed in front of it.
    Cut,
    /// Neither it nor anything behind it arrives, and the connection stays open.
    Stall,
    /// All its bits are turned over.
    Corrupt,
    /// It arrives twice.
    Duplicate,
}

/// Which way the byte goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the server.
    ToClient,
    /// From the client.
    ToServer,
}

/// A fault at one byte of each connection: `cut@to-client:100`. On a port with TLS, bytes are those on the
/// wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// Which way the byte goes.
    pub direction: Direction,
    /// Which byte that went this way since the connection began: 0 is the first.
    pub byte: u64,
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Fault, String> {
        let wrong = || {
            format!(
                "a fault is cut, stall, corrupt or duplicate, then @to-client: or @to-server: and the \
                 number of a byte, such as cut@to-client:100; not {text:?}"
            )
        };
        let (kind, place) = text.split_once('@').ok_or_else(wrong)?;
        let (direction, byte) = place.split_once(':').ok_or_else(wrong)?;
        let kind = match kind {
            "cut" => FaultKind::Cut,
            "stall" => FaultKind::Stall,
            "corrupt" => FaultKind::Corrupt,
            "duplicate" => FaultKind::Duplicate,
            _ => return Err(wrong()),
        };
        let direction = match direction {
            "to-client" => Direction::ToClient,
            "to-server" => Direction::ToServer,
            _ => return Err(wrong()),
        };
        Ok(Fault { kind, direction, byte: byte.parse().map_err(|_| wrong())? })
    }
}

/// One way of a connection: how far it is, and what happens where.
#[derive(Debug, Default)]
pub struct Line {
    fault: Option<(FaultKind, u64)>,
    passed: u64,
}

/// What arrives of bytes that were sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// These.
    pub bytes: Vec<u8>,
    /// And then the connection is closed.
    pub cut: bool,
}

impl Line {
    /// The line of a connection that goes `direction`.
    pub fn new(fault: Option<Fault>, direction: Direction) -> Line {
        let fault = fault.filter(|fault| fault.direction == direction);
        Line { fault: fault.map(|fault| (fault.kind, fault.byte)), passed: 0 }
    }

    /// Carries bytes over.
    pub fn carry(&mut self, bytes: &[u8]) -> Arrived {
        let mut arrived = Arrived { bytes: bytes.to_vec(), cut: false };
        let start = self.passed;
        self.passed += bytes.len() as u64;
        let Some((kind, at)) = self.fault else { return arrived };
        if at >= self.passed {
            return arrived;
        }
        // Behind the byte: only what ends a stream still matters.
        let offset = usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX);
        let here = at >= start;
        match kind {
            FaultKind::Cut | FaultKind::Stall => {
                arrived.bytes.truncate(offset);
                arrived.cut = kind == FaultKind::Cut;
            }
            FaultKind::Corrupt if here => arrived.bytes[offset] ^= 0xff,
            FaultKind::Duplicate if here => {
                let byte = arrived.bytes[offset];
                arrived.bytes.insert(offset, byte);
            }
            FaultKind::Corrupt | FaultKind::Duplicate => {}
        }
        arrived
    }
}

/// A server's stream with a [`Fault`].
#[derive(Debug)]
pub(super) struct FaultyStream<S> {
    inner: S,
    to_server: Line,
    to_client: Line,
    /// Read and not yet given out.
    arrived: Vec<u8>,
    taken: usize,
    /// Written and not yet sent.
    outgoing: Vec<u8>,
    sent: usize,
    cut: bool,
}

impl<S> FaultyStream<S> {
    pub(super) fn new(inner: S, fault: Fault) -> Self {
        FaultyStream {
            inner,
            to_server: Line::new(Some(fault), Direction::ToServer),
            to_client: Line::new(Some(fault), Direction::ToClient),
            arrived: Vec::new(),
            taken: 0,
            outgoing: Vec::new(),
            sent: 0,
            cut: false,
        }
    }
}

fn cut_here() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the connection was cut, as --fault asks")
}

impl<S: AsyncWrite + Unpin> FaultyStream<S> {
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.outgoing.len() {
            let rest = &self.outgoing[self.sent..];
            let count = ready!(Pin::new(&mut self.inner).poll_write(cx, rest))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += count;
        }
        self.outgoing.clear();
        self.sent = 0;
        if self.cut {
            ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
            return Poll::Ready(Err(cut_here()));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for FaultyStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            let rest = &this.arrived[this.taken..];
            if !rest.is_empty() {
                let count = rest.len().min(buffer.remaining());
                buffer.put_slice(&rest[..count]);
                this.taken += count;
                return Poll::Ready(Ok(()));
            }
            if this.cut {
                return Poll::Ready(Err(cut_here()));
            }
            let mut room = [0; READ_SIZE];
            let mut read = ReadBuf::new(&mut room);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            let arrived = this.to_server.carry(read.filled());
            this.cut |= arrived.cut;
            (this.arrived, this.taken) = (arrived.bytes, 0);
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FaultyStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx))?;
        let arrived = this.to_client.carry(bytes);
        this.cut |= arrived.cut;
        this.outgoing = arrived.bytes;
        // What cannot go now goes with the next write or flush.
        match this.poll_drain(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(bytes.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx))?;
        Pin::new(&mut this.inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx))?;
        Pin::new(&mut this.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn fault(text: &str) -> Fault {
        text.parse().unwrap()
    }

    #[test]
    fn faults_are_written_as_kind_direction_and_byte() {
        let expected =
            Fault { kind: FaultKind::Duplicate, direction: Direction::ToServer, byte: 17 };
        assert_eq!(fault("duplicate@to-server:17"), expected);
        for wrong in
            ["", "cut", "cut@to-client", "cut@to-client:", "cut@client:1", "melt@to-client:1"]
        {
            let error = wrong.parse::<Fault>().unwrap_err();
            assert!(error.contains("cut@to-client:100"), "{error}");
        }
    }

    #[test]
    fn a_fault_hits_its_byte_however_the_bytes_are_sent() {
        for (text, expected, cut) in [
            ("cut@to-client:4", &b"0123"[..], true),
            ("stall@to-client:4", b"0123", false),
            ("corrupt@to-client:4", b"0123\xcb56789", false),
            ("duplicate@to-client:4", b"01234456789", false),
            ("cut@to-client:0", b"", true),
            ("cut@to-client:10", b"0123456789", false),
            ("cut@to-server:4", b"0123456789", false),
        ] {
            for piece in 1..=10 {
                let mut line = Line::new(Some(fault(text)), Direction::ToClient);
                let arrived: Vec<Arrived> =
                    b"0123456789".chunks(piece).map(|bytes| line.carry(bytes)).collect();
                let bytes: Vec<u8> = arrived.iter().flat_map(|some| some.bytes.clone()).collect();
                assert_eq!(bytes, expected, "{text} in pieces of {piece}");
                assert_eq!(arrived.iter().any(|some| some.cut), cut, "{text}");
            }
        }
    }

    #[tokio::test]
    async fn a_stream_is_broken_both_ways() {
        for (text, to_server, to_client) in [
            ("cut@to-server:2", &b"ab"[..], &b""[..]),
            ("corrupt@to-server:0", b"\x9ebc", b"xyz"),
            ("duplicate@to-client:1", b"abc", b"xyyz"),
            ("cut@to-client:1", b"abc", b"x"),
        ] {
            let (mut client, server) = tokio::io::duplex(64);
            let serving = tokio::spawn(async move {
                let mut server = FaultyStream::new(server, fault(text));
                let mut received = Vec::new();
                if server.read_to_end(&mut received).await.is_ok() {
                    let _ = server.write_all(b"xyz").await;
                    let _ = server.shutdown().await;
                }
                received
            });
            client.write_all(b"abc").await.unwrap();
            client.shutdown().await.unwrap();
            let mut received = Vec::new();
            client.read_to_end(&mut received).await.unwrap();
            assert_eq!(received, to_client, "{text}");
            assert_eq!(serving.await.unwrap(), to_server, "{text}");
        }
    }
}
