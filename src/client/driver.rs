//! The one place where bytes move: a stream, a session, and whoever waits.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::task::AtomicWaker;
use std::sync::atomic::{AtomicBool, Ordering};

use super::token::Signer;
use super::transport::{BoxFuture, BoxedStream, Runtime, Transport};
use crate::error::{Error, READING, Result, WRITING};
use crate::session::{ConnectTarget, Event, Input, Output, Session};
use crate::time::{Timestamp, UnixTime};

/// How many bytes one read takes at most.
const READ_SIZE: usize = 64 * 1024;

/// Lets one task end a call that another waits for.
#[derive(Debug, Default)]
pub(super) struct CancelSignal {
    raised: AtomicBool,
    waker: AtomicWaker,
}

impl CancelSignal {
    pub(super) fn raise(&self) {
        self.raised.store(true, Ordering::Release);
        self.waker.wake();
    }

    fn clear(&self) {
        self.raised.store(false, Ordering::Release);
    }

    fn take(&self, cx: &mut Context<'_>) -> bool {
        self.waker.register(cx.waker());
        self.raised.swap(false, Ordering::AcqRel)
    }
}

/// Bytes on their way out.
#[derive(Default)]
struct Outgoing {
    bytes: Vec<u8>,
    sent: usize,
    unflushed: bool,
}

struct Timer {
    when: Timestamp,
    sleep: BoxFuture<'static, ()>,
}

/// Owns the stream and the session.
pub(super) struct Driver {
    pub(super) session: Session,
    stream: Option<BoxedStream>,
    target: Option<Box<ConnectTarget>>,
    transport: Arc<dyn Transport>,
    runtime: Arc<dyn Runtime>,
    cancel: Arc<CancelSignal>,
    /// Of the token that the session logs on with.
    pub(super) signer: Option<Arc<dyn Signer>>,
    buffer: Vec<u8>,
    outgoing: Outgoing,
    timer: Option<Timer>,
}

/// What woke the driver.
enum Woken {
    Received(usize),
    Ended(Option<Error>),
    Timer,
    Cancelled,
}

impl Driver {
    pub(super) fn new(
        session: Session,
        transport: Arc<dyn Transport>,
        runtime: Arc<dyn Runtime>,
        cancel: Arc<CancelSignal>,
    ) -> Driver {
        Driver {
            session,
            stream: None,
            target: None,
            transport,
            runtime,
            cancel,
            signer: None,
            buffer: vec![0; READ_SIZE],
            outgoing: Outgoing::default(),
            timer: None,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.runtime.now()
    }

    pub(super) fn unix_time(&self) -> UnixTime {
        self.runtime.unix_time()
    }

    /// Fills `bytes` from a cryptographic random source.
    pub(super) fn random(&self, bytes: &mut [u8]) -> Result<()> {
        self.runtime.random(bytes)
    }

    /// Ends what a caller left running when it dropped its future. After this a call may begin,
    /// or the session is over.
    pub(super) async fn settle(&mut self) {
        while !self.session.is_ready() && self.session.over().is_none() {
            self.session.cancel(self.now());
            let event = self.run_to_event().await;
            self.session.discard(event);
        }
        self.cancel.clear();
    }

    /// Runs until something came to its end.
    pub(super) async fn run(&mut self) -> Result<Event> {
        match self.run_to_event().await {
            Event::Failed(error) => Err(error),
            event => Ok(event),
        }
    }

    async fn run_to_event(&mut self) -> Event {
        loop {
            match self.session.poll_output() {
                Output::Event(event) => {
                    self.run_leftovers().await;
                    return event;
                }
                Output::Timeout(when) => self.wait(when).await,
                output => self.act(output).await,
            }
        }
    }

    /// What stands behind an event (the last bytes, the closing) is done before it is told.
    async fn run_leftovers(&mut self) {
        loop {
            match self.session.poll_output() {
                Output::Timeout(_) => return,
                output => self.act(output).await,
            }
        }
    }

    async fn act(&mut self, output: Output) {
        match output {
            Output::Transmit(bytes) => self.queue(bytes),
            Output::Connect(target) => self.connect(target).await,
            Output::RestartTls => self.restart_tls().await,
            Output::Sign(message) => self.sign(&message).await,
            Output::Disconnect => self.disconnect().await,
            Output::Event(_) | Output::Timeout(_) => {}
        }
    }

    fn queue(&mut self, bytes: Vec<u8>) {
        let outgoing = &mut self.outgoing;
        if outgoing.sent == outgoing.bytes.len() {
            outgoing.bytes = bytes;
            outgoing.sent = 0;
        } else {
            outgoing.bytes.extend_from_slice(&bytes);
        }
        outgoing.unflushed = true;
    }

    async fn connect(&mut self, target: Box<ConnectTarget>) {
        self.stream = None;
        self.outgoing = Outgoing::default();
        let description = &target.description;
        let limit =
            description.connect_timeout().map_or(description.transport_connect_timeout, |whole| {
                whole.min(description.transport_connect_timeout)
            });
        let opened = {
            let opening = self.transport.connect(&target);
            let sleep = self.runtime.sleep(limit);
            match futures::future::select(opening, sleep).await {
                futures::future::Either::Left((opened, _)) => opened,
                futures::future::Either::Right(((), _)) => Err(Error::TimedOut {
                    doing: format!("connecting to {}", target.address.authority()),
                    after: limit,
                }),
            }
        };
        self.target = Some(target);
        self.take_stream(opened, Input::Connected);
    }

    async fn restart_tls(&mut self) {
        let (Some(stream), Some(target)) = (self.stream.take(), &self.target) else { return };
        let limit = target.description.transport_connect_timeout;
        let restarted = {
            let restarting = self.transport.restart_tls(target, stream);
            let sleep = self.runtime.sleep(limit);
            match futures::future::select(restarting, sleep).await {
                futures::future::Either::Left((restarted, _)) => restarted,
                futures::future::Either::Right(((), _)) => Err(Error::TimedOut {
                    doing: format!("beginning TLS anew with {}", target.address.authority()),
                    after: limit,
                }),
            }
        };
        self.take_stream(restarted, Input::TlsRestarted);
    }

    /// The server waits meanwhile, and so does the session's own limit.
    async fn sign(&mut self, message: &[u8]) {
        let signature = match (&self.signer, self.session.deadline()) {
            (None, _) => Err(Error::misuse(
                "the session asks for a signature, but its token came without a signer",
                "log on with Connection::connect_with_token",
            )),
            (Some(signer), None) => signer.sign(message).await,
            (Some(signer), Some(deadline)) => {
                let sleep = self.runtime.sleep(deadline.since(self.runtime.now()));
                match futures::future::select(signer.sign(message), sleep).await {
                    futures::future::Either::Left((signature, _)) => signature,
                    futures::future::Either::Right(((), _)) => {
                        return self.session.handle_input(self.now(), Input::Tick);
                    }
                }
            }
        };
        self.session.handle_input(self.now(), Input::Signed(signature));
    }

    fn take_stream(&mut self, stream: Result<BoxedStream>, input: Input<'_>) {
        let now = self.now();
        match stream {
            Ok(stream) => {
                self.stream = Some(stream);
                self.session.handle_input(now, input);
            }
            Err(error) => self.session.handle_input(now, Input::ConnectFailed(error)),
        }
    }

    /// Sends what is left and closes; a peer that no longer listens must not matter.
    async fn disconnect(&mut self) {
        self.timer = None;
        let Some(mut stream) = self.stream.take() else { return };
        let outgoing = std::mem::take(&mut self.outgoing);
        let rest = outgoing.bytes.get(outgoing.sent..).unwrap_or_default().to_vec();
        let closing = Box::pin(async move {
            use futures::io::AsyncWriteExt;
            let _ = stream.write_all(&rest).await;
            let _ = stream.close().await;
        });
        let sleep = self.runtime.sleep(std::time::Duration::from_secs(2));
        futures::future::select(closing, sleep).await;
    }

    async fn wait(&mut self, when: Option<Timestamp>) {
        self.set_timer(when);
        let woken = std::future::poll_fn(|cx| self.poll_woken(cx)).await;
        let now = self.now();
        match woken {
            Woken::Received(count) => {
                let bytes = self.buffer.get(..count).unwrap_or_default();
                self.session.handle_input(now, Input::Received(bytes));
                // A server that never stops sending must not keep the timer from being heard.
                if when.is_some_and(|when| now >= when) {
                    self.session.handle_input(now, Input::Tick);
                }
            }
            Woken::Ended(error) => {
                self.stream = None;
                self.session.handle_input(now, Input::Ended(error));
            }
            Woken::Timer => {
                self.timer = None;
                self.session.handle_input(now, Input::Tick);
            }
            Woken::Cancelled => self.session.cancel(now),
        }
    }

    fn set_timer(&mut self, when: Option<Timestamp>) {
        match when {
            None => self.timer = None,
            Some(when) if self.timer.as_ref().is_some_and(|timer| timer.when == when) => {}
            Some(when) => {
                let sleep = self.runtime.sleep(when.since(self.now()));
                self.timer = Some(Timer { when, sleep });
            }
        }
    }

    fn poll_woken(&mut self, cx: &mut Context<'_>) -> Poll<Woken> {
        if self.cancel.take(cx) {
            return Poll::Ready(Woken::Cancelled);
        }
        if let Poll::Ready(Err(error)) = self.poll_write(cx) {
            return Poll::Ready(Woken::Ended(Some(error)));
        }
        if let Some(stream) = &mut self.stream {
            match stream.as_mut().poll_read(cx, &mut self.buffer) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Woken::Ended(None)),
                Poll::Ready(Ok(count)) => return Poll::Ready(Woken::Received(count)),
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(Woken::Ended(Some(self.stream_error(READING, &error))));
                }
                Poll::Pending => {}
            }
        } else if self.timer.is_none() {
            // Nothing can ever wake this up: the session must not wait without a stream.
            return Poll::Ready(Woken::Ended(Some(Error::closed("there is no stream"))));
        }
        match &mut self.timer {
            Some(timer) => timer.sleep.as_mut().poll(cx).map(|()| Woken::Timer),
            None => Poll::Pending,
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(Ok(())) };
        while self.outgoing.sent < self.outgoing.bytes.len() {
            let rest = self.outgoing.bytes.get(self.outgoing.sent..).unwrap_or_default();
            match stream.as_mut().poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => {
                    return Poll::Ready(Err(Error::closed("the stream takes no more bytes")));
                }
                Poll::Ready(Ok(count)) => self.outgoing.sent += count,
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(Err(self.stream_error(WRITING, &error)));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        if self.outgoing.unflushed {
            match stream.as_mut().poll_flush(cx) {
                Poll::Ready(Ok(())) => self.outgoing.unflushed = false,
                Poll::Ready(Err(error)) => {
                    return Poll::Ready(Err(self.stream_error(WRITING, &error)));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn stream_error(&self, doing: &str, error: &std::io::Error) -> Error {
        let peer = match &self.target {
            Some(target) => target.address.authority(),
            None => "the server".to_owned(),
        };
        Error::transport(format!("{doing} ({peer})"), error.to_string(), "")
    }
}
