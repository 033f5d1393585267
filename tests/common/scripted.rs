//! A server that lets a client log on with recorded bytes, and then does what a test wants.

use std::sync::Arc;

use oraedge::auth::Secret;
use oraedge::client::loopback::{Loopback, Peer, PeerOutput, SimulatedClock};
use oraedge::client::{Connection, Transport};
use oraedge::connect_string::ConnectDescriptor;
use oraedge::error::Result;
use oraedge::session::SessionOptions;
use oraedge::time::Timestamp;
use oraedge::wire::packet::{Framer, packet_type};

/// What the client did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// It sent a DATA packet with this payload.
    Call(Vec<u8>),
    /// It sent a marker of this kind.
    Marker(u8),
}

impl Request {
    /// The functions that are called, those in front included, if it is a call.
    pub fn calls(&self, function: u8) -> bool {
        match self {
            Request::Call(payload) => payload.windows(2).any(|pair| pair == [3, function]),
            Request::Marker(_) => false,
        }
    }
}

/// What the server does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes and closes.
    Close(Vec<u8>),
    /// Sends these bytes again and again.
    Forever(Vec<u8>),
    /// Sends nothing.
    Silence,
}

/// The recorded log-on.
#[derive(Clone)]
pub struct LogOn {
    pub accept: Vec<u8>,
    pub challenge: Vec<u8>,
    pub verdict: Vec<u8>,
    /// What the client drew from its random source.
    random: Vec<u8>,
}

impl LogOn {
    /// From the recordings, if there are any.
    pub fn recorded() -> Option<LogOn> {
        let records = super::records("sessions/pyo4-fetch-df.jsonl")?;
        let auth = &records[0]["expect"]["auth"];
        let bytes = |key: &str| super::unhex(auth[key].as_str().expect(key));
        let mut random = vec![0; 8 + 16];
        random.extend(bytes("session_key_b"));
        random.extend([0; 16]);
        random.extend(bytes("speedy_salt"));
        random.extend(bytes("password_salt"));
        let packet = |number: usize| super::bytes(&records[number + 1]);
        Some(LogOn { accept: packet(2), challenge: packet(4), verdict: packet(6), random })
    }

    /// How many bytes the server sends until the client is logged on.
    pub fn length(&self) -> usize {
        self.accept.len() + self.challenge.len() + self.verdict.len()
    }

    /// A clock whose random source gives what the recorded client drew.
    pub fn clock(&self) -> SimulatedClock {
        SimulatedClock::new(&self.random)
    }
}

/// The server of one connection.
pub struct Scripted<H> {
    log_on: LogOn,
    framer: Framer,
    answered: usize,
    handler: H,
    out: Vec<u8>,
    forever: Option<Vec<u8>>,
    closing: bool,
}

impl<H: FnMut(Request) -> Reply + Send + 'static> Scripted<H> {
    /// A server that answers by `handler` once the client is logged on.
    pub fn new(log_on: &LogOn, handler: H) -> Self {
        Scripted {
            log_on: log_on.clone(),
            framer: Framer::new(),
            answered: 0,
            handler,
            out: Vec::new(),
            forever: None,
            closing: false,
        }
    }

    fn reply(&mut self, reply: Reply) {
        match reply {
            Reply::Send(bytes) => self.out.extend(bytes),
            Reply::Close(bytes) => {
                self.out.extend(bytes);
                self.closing = true;
            }
            Reply::Forever(bytes) => self.forever = Some(bytes),
            Reply::Silence => {}
        }
    }
}

impl<H: FnMut(Request) -> Reply + Send + 'static> Peer for Scripted<H> {
    fn handle_input(&mut self, _: Timestamp, mut bytes: &[u8]) {
        loop {
            let mut framer = std::mem::take(&mut self.framer);
            let packet = framer.next(&mut bytes).expect("the client sends packets");
            let taken = packet.map(|packet| (packet.packet_type, packet.payload.to_vec()));
            self.framer = framer;
            let Some((packet_type, payload)) = taken else { return };
            match (packet_type, self.answered) {
                (packet_type::CONNECT, _) => {}
                // The descriptor, which is longer than a CONNECT packet may be.
                (packet_type::DATA, 0) => {
                    self.out.extend(&self.log_on.accept);
                    self.framer.use_wide_lengths();
                    self.answered = 1;
                }
                (packet_type::DATA, 1) => {
                    self.out.extend(&self.log_on.challenge);
                    self.answered = 2;
                }
                (packet_type::DATA, 2) => {
                    self.out.extend(&self.log_on.verdict);
                    self.answered = 3;
                }
                (packet_type::DATA, _) => {
                    let reply = (self.handler)(Request::Call(payload[2..].to_vec()));
                    self.reply(reply);
                }
                (packet_type::MARKER, _) => {
                    let reply = (self.handler)(Request::Marker(payload[2]));
                    self.reply(reply);
                }
                (other, _) => panic!("the client sent a packet of type {other}"),
            }
        }
    }

    fn poll_output(&mut self) -> PeerOutput {
        if !self.out.is_empty() {
            return PeerOutput::Transmit(std::mem::take(&mut self.out));
        }
        match &self.forever {
            Some(bytes) => PeerOutput::Transmit(bytes.clone()),
            None if self.closing => PeerOutput::Close,
            None => PeerOutput::Timeout(None),
        }
    }
}

/// Options that fit the recorded log-on.
pub fn options() -> SessionOptions {
    // Long enough that the descriptor travels in a packet of its own, as the scripted server
    // expects it.
    let service = "a-service-with-a-name-that-is-long-enough-to-need-a-packet-of-its-own".repeat(3);
    let descriptor = ConnectDescriptor::parse(&format!("db.example:1521/{service}"));
    let password = Secret::new(b"pythontest".to_vec());
    SessionOptions::new(descriptor.expect("descriptor"), "pythontest", password)
}

/// A transport to scripted servers; `handler` makes the handler of each.
pub fn transport<H: FnMut(Request) -> Reply + Send + 'static>(
    clock: &SimulatedClock,
    log_on: &LogOn,
    handler: impl Fn() -> H + Send + Sync + 'static,
) -> impl Transport {
    let log_on = log_on.clone();
    Loopback::new(clock, move |_| Ok(Box::new(Scripted::new(&log_on, handler())) as Box<dyn Peer>))
}

/// Connects over `transport` and logs on.
pub async fn connect(clock: &SimulatedClock, transport: impl Transport) -> Result<Connection> {
    Connection::connect(Arc::new(transport), Arc::new(clock.clone()), options()).await
}
