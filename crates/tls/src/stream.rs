//! TLS on a stream.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::io::{AsyncRead, AsyncWrite};

use crate::failure::TlsFailure;
use crate::session::{Handshake, TlsSession};

/// Bytes that are read from the stream below at a time: a full record and a bit.
const READ_SIZE: usize = 17 * 1024;

/// Most plaintext that one write takes, in bytes.
const WRITE_SIZE: usize = 64 * 1024;

/// A stream with TLS on it. Errors of TLS are [`TlsFailure`]s ([`TlsFailure::of`] finds them).
#[derive(Debug)]
pub struct TlsStream<S> {
    below: S,
    session: TlsSession,
    /// What was received and decrypted, and how much of it was read.
    plaintext: Vec<u8>,
    read: usize,
    /// What was encrypted, and how much of it was sent.
    ciphertext: Vec<u8>,
    sent: usize,
    buffer: Box<[u8]>,
    closing: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream<S> {
    /// Shakes hands.
    ///
    /// # Errors
    /// What the peer or its certificate did wrong.
    pub async fn handshake(session: TlsSession, below: S) -> Result<Self, TlsFailure> {
        let buffer = vec![0; READ_SIZE].into_boxed_slice();
        let mut stream = TlsStream {
            below,
            session,
            plaintext: Vec::new(),
            read: 0,
            ciphertext: Vec::new(),
            sent: 0,
            buffer,
            closing: false,
        };
        poll_fn(|cx| stream.poll_handshake(cx)).await?;
        Ok(stream)
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TlsFailure>> {
        while self.session.is_handshaking() {
            let step = match ready!(self.poll_send(cx)) {
                Ok(()) => ready!(self.poll_receive(cx)),
                Err(error) => Err(error),
            };
            if let Err(error) = step {
                return Poll::Ready(Err(match TlsFailure::of(&error) {
                    Some(failure) => failure.clone(),
                    None => self.session.broken(&error),
                }));
            }
        }
        match ready!(self.poll_send(cx)) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(self.session.broken(&error))),
        }
    }

    /// What was agreed on.
    pub fn agreed(&self) -> Option<Handshake> {
        self.session.handshake()
    }

    /// The stream below. The session on it is dropped without a word to the peer: a listener that
    /// hands the socket over to a server process wants a handshake from scratch (python-oracledb:
    /// `renegotiate_tls` detaches the socket).
    pub fn into_inner(self) -> S {
        self.below
    }

    /// Sends all that is encrypted.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.sent == self.ciphertext.len() {
                self.sent = 0;
                self.ciphertext = self.session.take_ciphertext();
                if self.ciphertext.is_empty() {
                    return Poll::Ready(Ok(()));
                }
            }
            let rest = self.ciphertext.get(self.sent..).unwrap_or_default();
            match ready!(Pin::new(&mut self.below).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.sent += sent,
            }
        }
    }

    /// Receives once. What the session has to say to that is sent as far as it goes at once, also
    /// the alert for a peer that did something wrong.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let received = match ready!(Pin::new(&mut self.below).poll_read(cx, &mut self.buffer))? {
            0 => self.session.end_of_input(),
            length => self.session.feed(self.buffer.get(..length).unwrap_or_default()),
        };
        if let Err(failure) = received {
            let _ = self.poll_send(cx);
            return Poll::Ready(Err(failure.into_io()));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        loop {
            if this.read == this.plaintext.len() {
                this.read = 0;
                this.plaintext = this.session.take_plaintext();
            }
            let rest = this.plaintext.get(this.read..).unwrap_or_default();
            if !rest.is_empty() || buffer.is_empty() {
                let length = rest.len().min(buffer.len());
                let (to, from) = (buffer.get_mut(..length), rest.get(..length));
                to.unwrap_or_default().copy_from_slice(from.unwrap_or_default());
                this.read += length;
                return Poll::Ready(Ok(length));
            }
            if this.session.is_closed_by_peer() {
                return Poll::Ready(Ok(0));
            }
            ready!(this.poll_receive(cx))?;
            // A new key of the peer's wants an answer; nobody waits until it is sent.
            if let Poll::Ready(Err(error)) = this.poll_send(cx) {
                return Poll::Ready(Err(error));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        ready!(this.poll_send(cx))?;
        let taken = bytes.get(..bytes.len().min(WRITE_SIZE)).unwrap_or_default();
        this.session.write(taken).map_err(TlsFailure::into_io)?;
        // What does not go out now goes with the next write or flush.
        match this.poll_send(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(taken.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.below).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.closing {
            self.closing = true;
            self.session.close_notify();
        }
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.below).poll_close(cx)
    }
}
