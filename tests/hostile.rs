//! A server that hangs up, stalls, or sends garbage, at any byte: the client must say so in time.
//! Nothing may hang, panic, or be allocated because a length was only announced.
//!
//! The server is a recorded one, and the clock is simulated: time passes only while nothing else
//! can happen, so that a client which waits for ever is found out at once.

mod common;

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures::io::{AsyncRead, AsyncWrite};
use oraedge::auth::Secret;
use oraedge::client::{BoxFuture, BoxedStream, Connection, Runtime, Transport};
use oraedge::connect_string::ConnectDescriptor;
use oraedge::session::{ConnectTarget, SessionOptions};
use oraedge::time::{Timestamp, UnixTime};
use oraedge::wire::value::Value;
use oraedge::{Error, Result};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What the server does when it comes to a byte.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// Nothing.
    None,
    /// It sends no more from this byte on, and closes.
    HangUp(usize),
    /// It sends no more from this byte on, and stays.
    Stall(usize),
    /// It sends another value in place of this byte.
    Garble(usize, u8),
}

/// What a recorded server sent, and the random bytes with which its log-on can be replayed.
struct Recording {
    answers: Vec<Vec<u8>>,
    session_key: [u8; 48],
    password: String,
}

impl Recording {
    /// ACCEPT, challenge and log-on, then the answers to a block, two queries and a log-off.
    fn open() -> Option<Recording> {
        let mut records = common::records("sessions/pyo4-fetch-df.jsonl")?;
        let head = records.remove(0);
        let auth = &head["expect"]["auth"];
        let mut session_key = [0; 48];
        let half = common::unhex(auth["session_key_b"].as_str().unwrap());
        session_key[..32].copy_from_slice(&half);
        let answers = [3, 5, 7, 9, 17, 19, 25].map(|line| common::bytes(&records[line - 1]));
        let password = auth["user_password"].as_str().unwrap().to_owned();
        Some(Recording { answers: answers.into(), session_key, password })
    }

    fn size(&self) -> usize {
        self.answers.iter().map(Vec::len).sum()
    }
}

/// A stream to the recorded server: each answer comes when something was sent.
struct Server {
    answers: std::vec::IntoIter<Vec<u8>>,
    fault: Fault,
    /// Most bytes that one read gives.
    piece: usize,
    asked: bool,
    ready: Vec<u8>,
    sent: usize,
}

impl AsyncRead for Server {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<std::io::Result<usize>> {
        let this = &mut *self;
        if this.ready.is_empty() && std::mem::take(&mut this.asked) {
            this.ready = this.answers.next().unwrap_or_default();
        }
        let mut count = this.ready.len().min(buffer.len()).min(this.piece);
        match this.fault {
            Fault::HangUp(at) if this.sent == at => return Poll::Ready(Ok(0)),
            Fault::Stall(at) if this.sent == at => return Poll::Pending,
            Fault::HangUp(at) | Fault::Stall(at) => count = count.min(at - this.sent),
            Fault::Garble(at, value) => {
                let here = at.checked_sub(this.sent).and_then(|at| this.ready.get_mut(at));
                here.into_iter().for_each(|byte| *byte = value);
            }
            Fault::None => {}
        }
        if count == 0 {
            return Poll::Pending;
        }
        buffer[..count].copy_from_slice(&this.ready[..count]);
        this.ready.drain(..count);
        this.sent += count;
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Server {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.asked = true;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A clock that stands still until everything waits for it.
#[derive(Default)]
struct Clock {
    now: Mutex<Duration>,
    alarms: Mutex<Vec<Duration>>,
}

impl Clock {
    fn now(&self) -> Duration {
        *self.now.lock().unwrap()
    }

    /// Moves to the next alarm; `false` if nothing ever happens again.
    fn advance(&self) -> bool {
        let now = self.now();
        let mut alarms = self.alarms.lock().unwrap();
        alarms.retain(|alarm| *alarm > now);
        let next = alarms.iter().min().copied();
        *self.now.lock().unwrap() = next.unwrap_or(now);
        next.is_some()
    }
}

/// Network, clock and random bytes of a test.
struct World {
    recording: Arc<Recording>,
    fault: Fault,
    piece: usize,
    clock: Arc<Clock>,
}

impl Transport for World {
    fn connect<'a>(&'a self, _target: &'a ConnectTarget) -> BoxFuture<'a, Result<BoxedStream>> {
        let server = Server {
            answers: self.recording.answers.clone().into_iter(),
            fault: self.fault,
            piece: self.piece,
            asked: false,
            ready: Vec::new(),
            sent: 0,
        };
        Box::pin(async { Ok(Box::pin(server) as BoxedStream) })
    }
}

impl Runtime for World {
    fn now(&self) -> Timestamp {
        Timestamp::ZERO + self.clock.now()
    }

    fn unix_time(&self) -> UnixTime {
        UnixTime::default() + self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let clock = self.clock.clone();
        let alarm = clock.now() + duration;
        clock.alarms.lock().unwrap().push(alarm);
        Box::pin(std::future::poll_fn(move |_| {
            if clock.now() >= alarm { Poll::Ready(()) } else { Poll::Pending }
        }))
    }

    fn spawn(&self, _: BoxFuture<'static, ()>) {
        unreachable!("a connection has no tasks of its own");
    }

    fn random(&self, bytes: &mut [u8]) -> Result<()> {
        // The recorded half of the session key, so that the recorded log-on fits.
        if let Ok(half) = <&mut [u8; 48]>::try_from(bytes) {
            *half = self.recording.session_key;
        }
        Ok(())
    }
}

/// Whether a task was woken.
#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// Runs to the end, or panics where nothing would ever happen again.
fn run<T>(clock: &Clock, future: impl Future<Output = T>) -> T {
    let flag = Arc::new(Flag::default());
    let waker = Waker::from(flag.clone());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        if !flag.0.swap(false, Ordering::AcqRel) {
            assert!(clock.advance(), "the client waits for what never comes");
        }
    }
}

/// Log-on, a block, two queries whose every value is read, and log-off; the rows read.
async fn work(world: Arc<World>) -> Result<usize> {
    let descriptor = ConnectDescriptor::parse("db:1521/freepdb1").unwrap();
    let password = Secret::from(world.recording.password.as_str());
    let options = SessionOptions::new(descriptor, "pythontest", password);
    let connection = Connection::connect(world.clone(), world, options).await?;
    connection.set_call_timeout(Some(Duration::from_secs(5)));
    connection.execute("begin null; end;", ()).await?;
    let mut read = 0;
    for query in ["select * from one", "select * from two"] {
        for row in connection.query(query, ()).await?.all().await? {
            for column in 0..row.columns().len() {
                row.get::<Value>(column)?;
            }
            read += 1;
        }
    }
    connection.close().await?;
    Ok(read)
}

/// What came of it, and how long it took on the simulated clock.
fn play(recording: &Arc<Recording>, fault: Fault, piece: usize) -> (Result<usize>, Duration) {
    let clock = Arc::new(Clock::default());
    let world = World { recording: recording.clone(), fault, piece, clock: clock.clone() };
    let result = run(&clock, work(Arc::new(world)));
    (result, clock.now())
}

/// Every `step`th byte of what the server sends. `ORAEDGE_THOROUGH=1` makes it every byte, which
/// takes minutes: from the challenge on, each costs the hashing of a password.
fn every(recording: &Recording, before_hashing: usize, from_there: usize) -> Vec<usize> {
    let thorough = std::env::var_os("ORAEDGE_THOROUGH").is_some();
    let step = |usual| if thorough { 1 } else { usual };
    let challenged = recording.answers[0].len() + recording.answers[1].len();
    let (before, behind) = (0..challenged, challenged..recording.size());
    before.step_by(step(before_hashing)).chain(behind.step_by(step(from_there))).collect()
}

#[test]
fn an_answer_may_be_split_anywhere() {
    let Some(recording) = Recording::open().map(Arc::new) else { return };
    for piece in [1, 2, 3, 7, 100, usize::MAX] {
        let (read, took) = play(&recording, Fault::None, piece);
        assert_eq!(read.unwrap(), 6, "pieces of {piece}");
        assert_eq!(took, Duration::ZERO);
    }
}

#[test]
fn a_server_that_hangs_up_at_any_byte_is_reported_at_once() {
    let Some(recording) = Recording::open().map(Arc::new) else { return };
    // The last answer only confirms the log-off; a server that hangs up instead means the same.
    let needed = recording.size() - recording.answers.last().unwrap().len();
    for at in every(&recording, 1, 29).into_iter().filter(|at| *at < needed) {
        let (result, took) = play(&recording, Fault::HangUp(at), usize::MAX);
        let error = result.unwrap_err();
        assert!(error.is_fatal(), "at {at}: {error:?}");
        assert!(!error.to_string().is_empty());
        assert_eq!(took, Duration::ZERO, "at {at}: {error}");
    }
}

#[test]
fn a_server_that_stalls_at_any_byte_runs_into_the_timeout() {
    let Some(recording) = Recording::open().map(Arc::new) else { return };
    for at in every(&recording, 1, 29) {
        let (result, took) = play(&recording, Fault::Stall(at), usize::MAX);
        let error = result.unwrap_err();
        // Where a statement was under way, the error also says what became of its transaction.
        let cause = match &error {
            Error::Interrupted { cause, .. } => cause,
            error => error,
        };
        let timely = matches!(cause, Error::TimedOut { .. } | Error::Closed { .. });
        assert!(timely, "at {at}: {error:?}");
        assert!(took <= Duration::from_secs(120), "at {at}: {took:?}");
    }
}

#[test]
fn garbage_at_any_byte_neither_hangs_nor_panics_nor_allocates_what_it_announces() {
    let Some(recording) = Recording::open().map(Arc::new) else { return };
    for (nth, at) in every(&recording, 7, 29).into_iter().enumerate() {
        let value = [0, 1, 0x7f, 0x80, 0xfe, 0xff][nth % 6];
        let (_, took) = play(&recording, Fault::Garble(at, value), usize::MAX);
        assert!(took <= Duration::from_secs(120), "{value} at {at}: {took:?}");
    }
    // What all tests of this file had at the same time; a length is announced in up to 4 bytes.
    let peak = MEMORY.peak_usage();
    assert!(peak <= 32 << 20, "{peak} bytes were allocated");
}
