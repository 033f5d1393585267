//! The stream that a transport opens: TCP or TLS over TCP, with errors that say what to do.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::io::{AsyncRead, AsyncWrite};
use tokio::io::{AsyncRead as TokioRead, AsyncWrite as TokioWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::tls::explain;

/// A connection to a listener.
#[derive(Debug)]
pub struct NativeStream {
    inner: Inner,
    /// Nothing was received yet.
    first: bool,
}

#[derive(Debug)]
enum Inner {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl NativeStream {
    pub(crate) fn tcp(stream: TcpStream) -> Self {
        NativeStream { inner: Inner::Tcp(stream), first: true }
    }

    pub(crate) fn tls(stream: TlsStream<TcpStream>) -> Self {
        NativeStream { inner: Inner::Tls(Box::new(stream)), first: true }
    }

    /// Whether what is sent is encrypted.
    pub fn is_tls(&self) -> bool {
        matches!(self.inner, Inner::Tls(_))
    }

    /// The bare TCP connection. The TLS session on it, if there is one, is dropped without a word
    /// to the peer: a listener that hands the socket over to a server process wants a handshake
    /// from scratch.
    pub(crate) fn into_tcp(self) -> TcpStream {
        match self.inner {
            Inner::Tcp(stream) => stream,
            Inner::Tls(stream) => stream.into_inner().0,
        }
    }
}

/// Whether these are the first bytes of a TLS alert, as a listener for TCPS answers plain TNS: type
/// 21, version 3.x, length 2. A TNS packet that begins so would be one of 5379 bytes, and the
/// replies to CONNECT are shorter.
fn is_tls_alert(bytes: &[u8]) -> bool {
    matches!(bytes, [21, 3, _, 0, 2, ..])
}

impl AsyncRead for NativeStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let mut read = ReadBuf::new(buffer);
        match &mut this.inner {
            Inner::Tcp(stream) => {
                ready!(Pin::new(stream).poll_read(cx, &mut read))?;
                if std::mem::take(&mut this.first) && is_tls_alert(read.filled()) {
                    return Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "the listener answered with a TLS alert: this port speaks TLS; connect \
                         with tcps:// (PROTOCOL=tcps)",
                    )));
                }
            }
            Inner::Tls(stream) => match ready!(Pin::new(stream).poll_read(cx, &mut read)) {
                // Servers close without a word in TLS. Nobody can cut an answer short that way
                // unnoticed: the layer above knows where each one ends.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
                result => result.map_err(explain::in_stream)?,
            },
        }
        Poll::Ready(Ok(read.filled().len()))
    }
}

impl AsyncWrite for NativeStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Inner::Tls(stream) => {
                Pin::new(stream).poll_write(cx, bytes).map_err(explain::in_stream)
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Inner::Tls(stream) => {
                Pin::new(stream).poll_write_vectored(cx, slices).map_err(explain::in_stream)
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Inner::Tls(stream) => Pin::new(stream).poll_flush(cx).map_err(explain::in_stream),
        }
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Inner::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tls_alert_is_told_from_the_replies_of_a_tns_listener() {
        assert!(is_tls_alert(&[21, 3, 3, 0, 2, 2, 40]));
        assert!(is_tls_alert(&[21, 3, 1, 0, 2, 2, 10]));
        let accept = [0, 45, 0, 0, 2, 0, 0, 0];
        let refuse = [0, 102, 0, 0, 4, 0, 0, 0];
        let resend = [0, 8, 0, 0, 11, 8, 0, 0];
        for packet in [accept, refuse, resend] {
            assert!(!is_tls_alert(&packet));
        }
        assert!(!is_tls_alert(&[21]) && !is_tls_alert(&[]));
    }
}
