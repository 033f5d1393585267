//! A transport around another that breaks what comes from the server: for tests.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::io::{AsyncRead, AsyncWrite};

use super::transport::{BoxFuture, BoxedStream, Transport};
use crate::error::Result;
use crate::session::ConnectTarget;

/// What goes wrong on each stream. Bytes are counted from the first that the server sends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// No read brings more bytes than this.
    pub read_at_most: Option<usize>,
    /// No write takes more bytes than this.
    pub write_at_most: Option<usize>,
    /// The stream ends behind so many bytes.
    pub end_after: Option<u64>,
    /// Nothing more comes behind so many bytes, and the stream stays open.
    pub stall_after: Option<u64>,
    /// The byte at this offset arrives with these bits turned over.
    pub flip: Option<(u64, u8)>,
}

/// A transport whose streams have [`Faults`].
#[derive(Debug)]
pub struct FaultyTransport<T> {
    inner: T,
    faults: Faults,
}

impl<T: Transport> FaultyTransport<T> {
    /// Breaks the streams of `inner`.
    pub fn new(inner: T, faults: Faults) -> Self {
        FaultyTransport { inner, faults }
    }
}

impl<T: Transport> Transport for FaultyTransport<T> {
    fn connect<'a>(&'a self, target: &'a ConnectTarget) -> BoxFuture<'a, Result<BoxedStream>> {
        Box::pin(async move {
            let inner = self.inner.connect(target).await?;
            let stream = FaultyStream { inner, faults: self.faults.clone(), received: 0 };
            Ok(Box::pin(stream) as BoxedStream)
        })
    }
}

struct FaultyStream {
    inner: BoxedStream,
    faults: Faults,
    /// Bytes read so far.
    received: u64,
}

impl AsyncRead for FaultyStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        let left = |limit: Option<u64>| {
            let left = limit.map_or(u64::MAX, |limit| limit.saturating_sub(this.received));
            usize::try_from(left).unwrap_or(usize::MAX)
        };
        if left(this.faults.end_after) == 0 {
            return Poll::Ready(Ok(0));
        }
        if left(this.faults.stall_after) == 0 {
            return Poll::Pending;
        }
        let room = buffer
            .len()
            .min(this.faults.read_at_most.unwrap_or(usize::MAX))
            .min(left(this.faults.end_after))
            .min(left(this.faults.stall_after));
        let count = match this.inner.as_mut().poll_read(cx, &mut buffer[..room]) {
            Poll::Ready(Ok(count)) => count,
            other => return other,
        };
        if let Some((offset, bits)) = this.faults.flip
            && let Some(at) = offset.checked_sub(this.received)
            && let Some(byte) = usize::try_from(at).ok().and_then(|at| buffer[..count].get_mut(at))
        {
            *byte ^= bits;
        }
        this.received += count as u64;
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for FaultyStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        let room = bytes.len().min(this.faults.write_at_most.unwrap_or(usize::MAX));
        this.inner.as_mut().poll_write(cx, &bytes[..room])
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.get_mut().inner.as_mut().poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.get_mut().inner.as_mut().poll_close(cx)
    }
}
