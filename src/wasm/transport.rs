//! Streams that JavaScript opens: an address goes out, a channel of bytes comes back.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::io::{AsyncRead, AsyncWrite};
use js_sys::{Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::errors::{from_js, message};
use crate::client::{BoxFuture, BoxedStream, Transport};
use crate::connect_string::Protocol;
use crate::error::{Error, Result};
use crate::session::ConnectTarget;

#[wasm_bindgen]
extern "C" {
    /// What `src/js/streams.js` calls a channel.
    #[derive(Clone)]
    type Channel;

    /// The next bytes, undefined at the end, or a promise of either.
    #[wasm_bindgen(method, catch)]
    fn read(this: &Channel) -> Result<JsValue, JsValue>;

    /// Takes bytes; a promise if the next ones should wait.
    #[wasm_bindgen(method, catch)]
    fn write(this: &Channel, bytes: Uint8Array) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn close(this: &Channel) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, getter, js_name = restartTls)]
    fn restart_tls_method(this: &Channel) -> JsValue;

    #[wasm_bindgen(method, catch, js_name = restartTls)]
    fn restart_tls(this: &Channel) -> Result<JsValue, JsValue>;
}

/// Opens streams with a function of JavaScript's.
pub(super) struct JsTransport {
    open: Function,
    /// The channel under the stream that is open; there is one at a time.
    current: RefCell<Option<Channel>>,
}

impl JsTransport {
    pub(super) fn new(open: Function) -> JsTransport {
        JsTransport { open, current: RefCell::new(None) }
    }
}

impl Transport for JsTransport {
    fn connect<'a>(&'a self, target: &'a ConnectTarget) -> BoxFuture<'a, Result<BoxedStream>> {
        Box::pin(async move {
            let doing = || format!("connecting to {}", target.address.authority());
            let opened = self.open.call1(&JsValue::UNDEFINED, &address(target));
            let channel = settled(opened).await.map_err(|thrown| from_js(doing(), &thrown))?;
            let channel: Channel = channel.unchecked_into();
            *self.current.borrow_mut() = Some(channel.clone());
            let stream: BoxedStream = Box::pin(JsStream::new(channel));
            Ok(stream)
        })
    }

    fn restart_tls<'a>(
        &'a self,
        target: &'a ConnectTarget,
        stream: BoxedStream,
    ) -> BoxFuture<'a, Result<BoxedStream>> {
        Box::pin(async move {
            if target.address.protocol == Protocol::Tcp {
                return Ok(stream);
            }
            let channel = self.current.borrow().clone();
            let Some(channel) = channel.filter(|it| it.restart_tls_method().is_function()) else {
                return Err(Error::unsupported(
                    format!("TLS anew on one stream, as {} wants,", target.address.authority()),
                    "use a transport that has restartTls()",
                ));
            };
            settled(channel.restart_tls()).await.map_err(|thrown| {
                from_js(format!("starting TLS anew with {}", target.address.authority()), &thrown)
            })?;
            Ok(stream)
        })
    }
}

/// What a call gave, or what its promise gives.
async fn settled(called: Result<JsValue, JsValue>) -> Result<JsValue, JsValue> {
    match called?.dyn_into::<Promise>() {
        Ok(promise) => JsFuture::from(promise).await,
        Err(value) => Ok(value),
    }
}

/// The address as `src/js/types/transports.d.ts` describes it.
fn address(target: &ConnectTarget) -> JsValue {
    let object = Object::new();
    let set = |name: &str, value: JsValue| {
        // A new plain object takes every property.
        let _ = Reflect::set(&object, &JsValue::from_str(name), &value);
    };
    let address = &target.address;
    set("protocol", address.protocol.name().into());
    set("host", address.host.as_str().into());
    set("port", u32::from(address.port).into());
    if address.protocol == Protocol::Tcps {
        let security = &target.description.security;
        set("dnMatch", security.server_dn_match.into());
        if let Some(dn) = &security.server_cert_dn {
            set("certDn", dn.as_str().into());
        }
    }
    object.into()
}

/// A channel as a stream.
struct JsStream {
    channel: Channel,
    reading: Option<JsFuture>,
    /// Bytes that came, and how many of them were taken.
    chunk: Option<(Uint8Array, u32)>,
    ended: bool,
    writing: Option<JsFuture>,
    closed: bool,
}

impl JsStream {
    fn new(channel: Channel) -> JsStream {
        JsStream { channel, reading: None, chunk: None, ended: false, writing: None, closed: false }
    }

    /// Takes what a read gave: bytes, or undefined at the end.
    fn arrived(&mut self, value: JsValue) -> io::Result<()> {
        match value.dyn_into::<Uint8Array>() {
            Ok(bytes) if bytes.length() > 0 => self.chunk = Some((bytes, 0)),
            Ok(_) => {}
            Err(value) if value.is_undefined() => self.ended = true,
            Err(_) => return Err(io::Error::other("the transport gave something else than bytes")),
        }
        Ok(())
    }

    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(writing) = &mut self.writing {
            let written = ready!(Pin::new(writing).poll(cx));
            self.writing = None;
            written.map_err(|thrown| failed(&thrown))?;
        }
        Poll::Ready(Ok(()))
    }
}

fn failed(thrown: &JsValue) -> io::Error {
    io::Error::other(message(thrown))
}

impl AsyncRead for JsStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        loop {
            if let Some((bytes, taken)) = &mut this.chunk {
                let left = bytes.length() - *taken;
                let room = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
                let count = left.min(room);
                let target = buffer.get_mut(..count as usize).unwrap_or_default();
                if *taken == 0 && count == left {
                    bytes.copy_to(target);
                } else {
                    bytes.subarray(*taken, *taken + count).copy_to(target);
                }
                *taken += count;
                if count == left {
                    this.chunk = None;
                }
                return Poll::Ready(Ok(count as usize));
            }
            if this.ended {
                return Poll::Ready(Ok(0));
            }
            let value = match &mut this.reading {
                Some(reading) => {
                    let read = ready!(Pin::new(reading).poll(cx));
                    this.reading = None;
                    read.map_err(|thrown| failed(&thrown))?
                }
                None => {
                    let read = this.channel.read().map_err(|thrown| failed(&thrown))?;
                    match read.dyn_into::<Promise>() {
                        Ok(promise) => {
                            this.reading = Some(JsFuture::from(promise));
                            continue;
                        }
                        Err(value) => value,
                    }
                }
            };
            this.arrived(value)?;
        }
    }
}

impl AsyncWrite for JsStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_written(cx))?;
        // The one copy on the way out: JavaScript must not keep a view of wasm memory.
        let written =
            self.channel.write(Uint8Array::from(bytes)).map_err(|thrown| failed(&thrown))?;
        self.writing = written.dyn_into::<Promise>().ok().map(JsFuture::from);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_written(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_written(cx))?;
        self.shut();
        Poll::Ready(Ok(()))
    }
}

impl JsStream {
    fn shut(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            // Closing is best effort: nobody is left who could do anything about a failure.
            let _ = self.channel.close();
        }
    }
}

impl Drop for JsStream {
    fn drop(&mut self) {
        self.shut();
    }
}
