//! The connection to the database: TCP, or TLS on it that can be started anew.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::message::TlsFacts;
use crate::tls::facts_of;

/// A connected target.
#[derive(Debug)]
pub(crate) enum Upstream {
    /// Plain TCP, or the client's own TLS in it.
    Plain(TcpStream),
    /// TLS that the bridge ends.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Upstream {
    /// What was negotiated, where the bridge ends TLS.
    pub(crate) fn tls_facts(&self) -> Option<TlsFacts> {
        match self {
            Upstream::Plain(_) => None,
            Upstream::Tls(stream) => Some(facts_of(stream)),
        }
    }

    /// The TCP connection without its TLS session, which ends without a `close_notify`: that is how
    /// the listener expects it after RESEND (python-oracledb: `renegotiate_tls` detaches the socket).
    pub(crate) fn into_tcp(self) -> TcpStream {
        match self {
            Upstream::Plain(tcp) => tcp,
            Upstream::Tls(stream) => stream.into_inner().0,
        }
    }
}

impl AsyncRead for Upstream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Upstream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Upstream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Upstream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Upstream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Upstream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Upstream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Upstream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Upstream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Upstream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
