//! A server in memory and a clock that jumps: client and server without sockets, for tests.
//!
//! Nothing here waits. [`SimulatedClock::run`] polls a future, and when nothing more can happen now
//! it sets the clock to the next moment that somebody waits for. A future that waits for nothing
//! that will ever come is told apart from one that is merely slow.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures::io::{AsyncRead, AsyncWrite};

use super::transport::{BoxFuture, BoxedStream, MaybeSend, MaybeSync, Runtime, Transport};
use crate::error::Result;
use crate::session::ConnectTarget;
use crate::time::{Timestamp, UnixTime};

/// A clock that stands still until [`SimulatedClock::run`] has nothing else to do; with timers,
/// tasks, and a random source that gives the same bytes each time. Clones share it.
#[derive(Clone, Default)]
pub struct SimulatedClock {
    state: Arc<Mutex<ClockState>>,
    tasks: Arc<Mutex<Vec<BoxFuture<'static, ()>>>>,
}

impl std::fmt::Debug for SimulatedClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SimulatedClock").field(&self.state()).finish()
    }
}

#[derive(Debug, Default)]
struct ClockState {
    now: Timestamp,
    timers: BTreeMap<(Timestamp, u64), Waker>,
    next_timer: u64,
    /// Given out before the generator's own.
    random: Vec<u8>,
    generator: u64,
}

impl SimulatedClock {
    /// A clock at zero, whose random source begins with `random` and goes on from there.
    pub fn new(random: &[u8]) -> Self {
        let state = ClockState { random: random.to_vec(), ..ClockState::default() };
        SimulatedClock { state: Arc::new(Mutex::new(state)), tasks: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, ClockState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the clock forward; timers that are due wake whoever waits for them.
    pub fn advance(&self, by: Duration) {
        let due = {
            let mut state = self.state();
            state.now = state.now + by;
            let now = state.now;
            let later = state.timers.split_off(&(now, u64::MAX));
            std::mem::replace(&mut state.timers, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    /// Polls every task, those too that others begin.
    fn poll_tasks(&self, context: &mut Context<'_>) {
        let take = || {
            let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *tasks)
        };
        let mut waiting = Vec::new();
        loop {
            let tasks = take();
            if tasks.is_empty() {
                break;
            }
            for mut task in tasks {
                if task.as_mut().poll(context).is_pending() {
                    waiting.push(task);
                }
            }
        }
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).extend(waiting);
    }

    /// Runs a future to its end, and the tasks beside it. `None` if it waits for something that cannot come: it hangs.
    pub fn run<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = std::pin::pin!(future);
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(woken.clone());
        let mut context = Context::from_waker(&waker);
        loop {
            while woken.0.swap(false, Ordering::AcqRel) {
                if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                    return Some(output);
                }
                self.poll_tasks(&mut context);
            }
            let (now, next) = {
                let state = self.state();
                (state.now, state.timers.keys().next().map(|(when, _)| *when))
            };
            self.advance(next?.since(now));
        }
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl Runtime for SimulatedClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    /// As if the clock had been at zero in 2026, on Monday, 5 January, at noon (UTC).
    fn unix_time(&self) -> UnixTime {
        UnixTime::from_secs(1_767_614_400) + self.state().now.since(Timestamp::ZERO)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(Sleep { clock: self.clone(), until: self.now() + duration, timer: None })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    }

    fn random(&self, bytes: &mut [u8]) -> Result<()> {
        let mut state = self.state();
        for byte in bytes {
            *byte = if state.random.is_empty() {
                // Knuth's MMIX generator: good enough to tell values apart, and the same each time.
                state.generator =
                    state.generator.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                state.generator.to_be_bytes()[0]
            } else {
                state.random.remove(0)
            };
        }
        Ok(())
    }
}

struct Sleep {
    clock: SimulatedClock,
    until: Timestamp,
    timer: Option<u64>,
}

impl Sleep {
    fn forget(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.clock.state().timers.remove(&(self.until, timer));
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.forget();
        let mut state = self.clock.state();
        if state.now >= self.until {
            return Poll::Ready(());
        }
        let timer = state.next_timer;
        state.next_timer += 1;
        state.timers.insert((self.until, timer), cx.waker().clone());
        drop(state);
        self.timer = Some(timer);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.forget();
    }
}

/// A server without a socket: bytes go in, what to do comes out.
pub trait Peer: MaybeSend + 'static {
    /// Takes bytes that the client sent.
    fn handle_input(&mut self, now: Timestamp, bytes: &[u8]);

    /// Takes that the moment has come that [`PeerOutput::Timeout`] named.
    fn handle_timeout(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// Takes that the client closed the stream.
    fn handle_end(&mut self) {}

    /// What to do next.
    fn poll_output(&mut self) -> PeerOutput;
}

/// What a [`Peer`] wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerOutput {
    /// These bytes sent.
    Transmit(Vec<u8>),
    /// Nothing until bytes come, or the moment given.
    Timeout(Option<Timestamp>),
    /// The stream closed.
    Close,
}

/// Gives each connection a server of its own.
pub struct Loopback<F> {
    clock: SimulatedClock,
    peers: F,
    /// How long each read takes, so that a server which never stops sending is not faster than
    /// time.
    pub read_time: Duration,
}

impl<F> Loopback<F>
where
    F: Fn(&ConnectTarget) -> Result<Box<dyn Peer>> + MaybeSend + MaybeSync + 'static,
{
    /// A transport on which `peers` makes the server for each connection.
    pub fn new(clock: &SimulatedClock, peers: F) -> Self {
        Loopback { clock: clock.clone(), peers, read_time: Duration::from_micros(1) }
    }
}

impl<F> Transport for Loopback<F>
where
    F: Fn(&ConnectTarget) -> Result<Box<dyn Peer>> + MaybeSend + MaybeSync + 'static,
{
    fn connect<'a>(&'a self, target: &'a ConnectTarget) -> BoxFuture<'a, Result<BoxedStream>> {
        Box::pin(async move {
            let stream = LoopbackStream {
                peer: (self.peers)(target)?,
                clock: self.clock.clone(),
                read_time: self.read_time,
                received: Vec::new(),
                taken: 0,
                ended: false,
                timer: None,
                reader: None,
            };
            Ok(Box::pin(stream) as BoxedStream)
        })
    }
}

struct LoopbackStream {
    peer: Box<dyn Peer>,
    clock: SimulatedClock,
    read_time: Duration,
    received: Vec<u8>,
    taken: usize,
    ended: bool,
    timer: Option<BoxFuture<'static, ()>>,
    reader: Option<Waker>,
}

impl AsyncRead for LoopbackStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        loop {
            let rest = this.received.get(this.taken..).unwrap_or_default();
            if !rest.is_empty() {
                let count = rest.len().min(buffer.len());
                buffer[..count].copy_from_slice(&rest[..count]);
                this.taken += count;
                this.clock.advance(this.read_time);
                return Poll::Ready(Ok(count));
            }
            if this.ended {
                return Poll::Ready(Ok(0));
            }
            match this.peer.poll_output() {
                PeerOutput::Transmit(bytes) => (this.received, this.taken) = (bytes, 0),
                PeerOutput::Close => this.ended = true,
                PeerOutput::Timeout(when) => {
                    this.reader = Some(cx.waker().clone());
                    let Some(when) = when else { return Poll::Pending };
                    let now = this.clock.now();
                    let mut timer = this.clock.sleep(when.since(now));
                    if timer.as_mut().poll(cx).is_pending() {
                        this.timer = Some(timer);
                        return Poll::Pending;
                    }
                    this.peer.handle_timeout(now);
                }
            }
        }
    }
}

impl AsyncWrite for LoopbackStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(Err(std::io::ErrorKind::BrokenPipe.into()));
        }
        let now = this.clock.now();
        this.peer.handle_input(now, bytes);
        if let Some(reader) = this.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.get_mut().peer.handle_end();
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_jumps_to_the_next_timer_and_tells_a_hang() {
        let clock = SimulatedClock::default();
        let hours = Duration::from_secs(3 * 3600);
        assert_eq!(clock.run(clock.sleep(hours)), Some(()));
        assert_eq!(clock.now(), Timestamp::ZERO + hours);
        assert_eq!(clock.run(std::future::pending::<()>()), None);
        let first = clock.run(futures::future::select(
            clock.sleep(Duration::from_secs(2)),
            clock.sleep(Duration::from_secs(1)),
        ));
        assert!(matches!(first, Some(futures::future::Either::Right(_))));
        drop(first);
        assert!(clock.state().timers.is_empty(), "a sleep that is dropped leaves nothing behind");
    }

    #[test]
    fn random_bytes_are_the_given_ones_first_and_the_same_each_time() {
        let draw = || {
            let mut bytes = [0; 8];
            SimulatedClock::new(&[1, 2, 3]).random(&mut bytes).map(|()| bytes)
        };
        assert_eq!(draw().expect("bytes")[..3], [1, 2, 3]);
        assert_eq!(draw().expect("bytes"), draw().expect("bytes"));
    }
}
