#![allow(dead_code, missing_docs, unreachable_pub)] // Each test uses its part of this.

//! Our own client and the simulator joined without sockets, under a clock that the test moves.

use std::sync::Arc;
use std::time::Duration;

use oraedge::auth::{AccessToken, Secret};
use oraedge::connect_string::ConnectDescriptor;
use oraedge::session::{
    Event, ExecuteOptions, ExecuteOutcome, ExecuteRequest, Input, Output, Session, SessionEntropy,
    SessionOptions, SessionToken,
};
use oraedge::time::{Timestamp, UnixTime};
use oraedge::wire::ttc::binds::BindBatch;
use oraedge::{Error, Result};
use oraedge_simulator::engine::{Database, Settings};
use oraedge_simulator::generation::Generation;
use oraedge_simulator::identity::keys::PrivateKey;
use oraedge_simulator::server::{
    self, Account, AccountState, ServerConfig, ServerConnection, VerifierKind,
};

/// The accounts: one of each kind.
pub fn accounts() -> Vec<Account> {
    let mut old = Account::new("old", "tiger");
    old.verifier = VerifierKind::Oracle11g;
    let mut locked = Account::new("locked", "tiger");
    locked.state = AccountState::Locked;
    let mut expiring = Account::new("expiring", "tiger");
    expiring.state = AccountState::Expiring;
    let mut expired = Account::new("expired", "tiger");
    expired.state = AccountState::Expired;
    let mut sys = Account::new("sys", "tiger");
    sys.sysdba = true;
    vec![Account::new("scott", "tiger"), old, locked, expiring, expired, sys]
}

/// Bytes that differ from call to call, and are the same in every run.
fn pseudo_random(mut state: u64) -> impl FnMut(&mut [u8]) + Send + 'static {
    move |bytes| {
        bytes.fill_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        });
    }
}

/// A server of `generation` with a database of its own.
pub fn server(generation: Generation) -> ServerConfig {
    let database = Database::in_memory(Settings::default()).expect("a database");
    ServerConfig::new(generation, database, accounts(), &mut pseudo_random(0x5eed))
}

/// A client and its server.
pub struct Pair {
    pub client: Session,
    server: ServerConnection,
    /// The time on both sides.
    pub now: Timestamp,
    /// In which pieces bytes arrive.
    pub piece: usize,
    /// How many bytes the server sent.
    pub sent: usize,
    /// What is done to the bytes that the server sends.
    pub fault: Fault,
    /// What a log-on by token is signed with.
    pub key: Option<PrivateKey>,
}

/// What is done to the bytes that a server sends; positions count from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The stream ends there.
    Cut(usize),
    /// The stream stops there, and stays open.
    Stall(usize),
    /// The bits of one byte are flipped.
    Flip(usize, u8),
}

impl Pair {
    /// A client of `user` that has not connected yet.
    pub fn new(config: &Arc<ServerConfig>, user: &str, password: &str) -> Pair {
        Pair::with_options(config, user, password, |_| {})
    }

    /// A client that logs on with a token, over TLS or not. The session machine does not look at
    /// the protocol of its descriptor.
    pub fn with_token(
        config: &Arc<ServerConfig>,
        token: &str,
        made_at: UnixTime,
        key: Option<PrivateKey>,
        encrypted: bool,
    ) -> Pair {
        let mut pair = Pair::with_options(config, "", "", |options| {
            options.descriptor =
                ConnectDescriptor::parse("tcps://localhost:2484/FREEPDB1").expect("a descriptor");
            options.token = Some(SessionToken {
                access: AccessToken::new(token).expect("a token"),
                proof: key.is_some(),
                made_at,
            });
        });
        pair.key = key;
        if encrypted { pair.over_tls() } else { pair }
    }

    /// The same, over a stream that the server takes for an encrypted one.
    pub fn over_tls(mut self) -> Pair {
        self.server = self.server.over_tls();
        self
    }

    /// The same, with other options.
    pub fn with_options(
        config: &Arc<ServerConfig>,
        user: &str,
        password: &str,
        change: impl FnOnce(&mut SessionOptions),
    ) -> Pair {
        let descriptor = ConnectDescriptor::parse("localhost/FREEPDB1").expect("a descriptor");
        let password = Secret::new(password.as_bytes().to_vec());
        let mut options = SessionOptions::new(descriptor, user, password);
        change(&mut options);
        let entropy = SessionEntropy::draw(&mut pseudo_random(0xc11e));
        let client = Session::new(Timestamp::ZERO, options, entropy);
        let entropy = Box::new(pseudo_random(0x5e6e));
        let server =
            ServerConnection::new(Timestamp::ZERO, Arc::clone(config), entropy, "192.0.2.1");
        Pair {
            client,
            server,
            now: Timestamp::ZERO,
            piece: usize::MAX,
            sent: 0,
            fault: Fault::None,
            key: None,
        }
    }

    /// Connects and logs on.
    pub fn log_on(&mut self) -> Result<()> {
        match self.run() {
            Event::LoggedOn => Ok(()),
            Event::Failed(error) => Err(error),
            other => panic!("{other:?}"),
        }
    }

    /// Runs both sides for some steps, none of which may end anything.
    pub fn run_some(&mut self, steps: usize) {
        for _ in 0..steps {
            match self.client.poll_output() {
                Output::Transmit(bytes) => self.server.handle_input(self.now, &bytes),
                Output::Timeout(client) => self.run_server(client),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Runs both sides until something ends; waits on the clock where both do.
    pub fn run(&mut self) -> Event {
        loop {
            match self.client.poll_output() {
                Output::Connect(_) => self.client.handle_input(self.now, Input::Connected),
                Output::Transmit(bytes) => {
                    for piece in bytes.chunks(self.piece) {
                        self.server.handle_input(self.now, piece);
                    }
                }
                Output::Event(event) => return event,
                Output::Disconnect => {}
                Output::RestartTls => panic!("the session wants TLS"),
                Output::Sign(message) => {
                    let key = self.key.as_ref().expect("a key");
                    let signature = Ok(key.sign(&message));
                    self.client.handle_input(self.now, Input::Signed(signature));
                }
                Output::Timeout(client) => self.run_server(client),
            }
        }
    }

    fn run_server(&mut self, client: Option<Timestamp>) {
        match self.server.poll_output() {
            server::Output::Transmit(bytes) => self.deliver(bytes),
            server::Output::RestartTls => panic!("the server wants TLS anew"),
            server::Output::Close(_) => self.client.handle_input(self.now, Input::Ended(None)),
            server::Output::Timeout(server) => {
                let next = [client, server].into_iter().flatten().min();
                self.now = next.expect("both sides wait for ever");
                self.server.handle_timeout(self.now);
                self.client.handle_input(self.now, Input::Tick);
            }
        }
    }

    fn deliver(&mut self, mut bytes: Vec<u8>) {
        let from = self.sent;
        self.sent += bytes.len();
        match self.fault {
            Fault::Cut(at) | Fault::Stall(at) => bytes.truncate(at.saturating_sub(from)),
            Fault::Flip(at, bits) => {
                if let Some(byte) = at.checked_sub(from).and_then(|at| bytes.get_mut(at)) {
                    *byte ^= bits;
                }
            }
            Fault::None => {}
        }
        for piece in bytes.chunks(self.piece) {
            self.client.handle_input(self.now, Input::Received(piece));
        }
        if matches!(self.fault, Fault::Cut(at) if at < self.sent) {
            self.client.handle_input(self.now, Input::Ended(None));
        }
    }

    /// Begins to run a statement with one row of binds.
    pub fn begin(&mut self, sql: &str, binds: BindBatch, options: ExecuteOptions) {
        let request = ExecuteRequest { sql: Arc::from(sql), binds, options };
        self.client.execute(self.now, request).expect("no other call is under way");
    }

    /// Runs a statement without binds.
    pub fn execute(&mut self, sql: &str) -> Result<ExecuteOutcome> {
        self.begin(sql, BindBatch::new(0), ExecuteOptions::default());
        match self.run() {
            Event::Executed(outcome) => Ok(*outcome),
            Event::Failed(error) => Err(error),
            other => panic!("{sql}: {other:?}"),
        }
    }

    /// Asks whether the server is there.
    pub fn ping(&mut self) -> Result<()> {
        self.client.ping(self.now)?;
        match self.run() {
            Event::Done => Ok(()),
            Event::Failed(error) => Err(error),
            other => panic!("{other:?}"),
        }
    }

    /// How much time passed since the origin.
    pub fn elapsed(&self) -> Duration {
        self.now.since(Timestamp::ZERO)
    }
}

/// The number of the database's error.
pub fn ora(error: &Error) -> u32 {
    match error {
        Error::Database(error) => error.number,
        other => panic!("not the database's own error: {other}"),
    }
}
