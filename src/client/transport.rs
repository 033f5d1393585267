//! How the client reaches a network, a clock and a random source.

use std::any::Any;
use std::pin::Pin;
use std::time::Duration;

use futures::io::{AsyncRead, AsyncWrite};

use crate::error::{Error, Result};
use crate::session::ConnectTarget;
use crate::time::{Timestamp, UnixTime};

/// [`Send`], except on wasm, where nothing is.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send + ?Sized> MaybeSend for T {}

/// [`Send`], except on wasm, where nothing is.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSend {}
#[cfg(target_arch = "wasm32")]
impl<T: ?Sized> MaybeSend for T {}

/// [`Sync`], except on wasm, where nothing is.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSync: Sync {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Sync + ?Sized> MaybeSync for T {}

/// [`Sync`], except on wasm, where nothing is.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSync {}
#[cfg(target_arch = "wasm32")]
impl<T: ?Sized> MaybeSync for T {}

/// A boxed future, [`Send`] except on wasm.
#[cfg(not(target_arch = "wasm32"))]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A boxed future, [`Send`] except on wasm.
#[cfg(target_arch = "wasm32")]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A stream of bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + MaybeSend + Unpin + 'static {
    /// The stream itself, for a transport that wants its own type back
    /// (`Pin::into_inner(stream).into_any()`).
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<T: AsyncRead + AsyncWrite + MaybeSend + Unpin + 'static> Stream for T {
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// A stream of any kind.
pub type BoxedStream = Pin<Box<dyn Stream>>;

/// Opens streams to listeners.
pub trait Transport: MaybeSend + MaybeSync + 'static {
    /// Opens a stream to the target's address, with TLS if the address wants it.
    ///
    /// The client gives up after the description's own time-out; the future is dropped then.
    ///
    /// # Errors
    /// [`Error::Transport`] with what was tried, what came back and what to do.
    fn connect<'a>(&'a self, target: &'a ConnectTarget) -> BoxFuture<'a, Result<BoxedStream>>;

    /// Begins TLS anew on the same stream, as a listener wants it that hands the socket over.
    ///
    /// # Errors
    /// As [`Transport::connect`]; [`Error::Unsupported`] unless the transport can do it.
    fn restart_tls<'a>(
        &'a self,
        target: &'a ConnectTarget,
        stream: BoxedStream,
    ) -> BoxFuture<'a, Result<BoxedStream>> {
        let _ = stream;
        let host = target.address.host.clone();
        Box::pin(async move {
            Err(Error::unsupported(
                format!("beginning TLS anew on the same stream, which {host} wants,"),
                "use another transport, or a listener that does not hand TLS sockets over",
            ))
        })
    }
}

/// A clock, a timer and a random source.
pub trait Runtime: MaybeSend + MaybeSync + 'static {
    /// The time on a clock that only moves forward.
    fn now(&self) -> Timestamp;

    /// The time of day: whether a token has expired, and when something was signed.
    fn unix_time(&self) -> UnixTime;

    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Runs a task to its end in the background.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// Fills `bytes` from a cryptographic random source.
    ///
    /// # Errors
    /// If there is none.
    fn random(&self, bytes: &mut [u8]) -> Result<()>;
}
