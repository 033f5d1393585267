//! The log-on by token, packet by packet as an unmodified python-oracledb sends it.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use oraedge::Connection;
use oraedge::auth::{AccessToken, Secret};
use oraedge::client::loopback::{Loopback, Peer, PeerOutput, SimulatedClock};
use oraedge::client::{BoxFuture, LogOnToken, Runtime, Signer, TokenSource};
use oraedge::connect_string::{ClientInfo, ConnectDescriptor};
use oraedge::error::{Error, Result};
use oraedge::session::{Input, Output, Session, SessionEntropy, SessionOptions, SessionToken};
use oraedge::time::{Timestamp, UnixTime};
use oraedge::wire::packet::{Framer, packet_type};
use serde_json::Value as Json;

const NOW: Timestamp = Timestamp::from_micros(7_000_000);

/// One recorded log-on of tests/vectors/token_log_on.jsonl.
struct Recorded {
    id: String,
    line: Json,
    packets: Vec<(bool, Vec<u8>)>,
}

impl Recorded {
    fn all() -> Vec<Recorded> {
        include_str!("vectors/token_log_on.jsonl").lines().map(Recorded::read).collect()
    }

    fn read(line: &str) -> Recorded {
        let line: Json = serde_json::from_str(line).expect("JSON");
        let packets = line["packets"].as_array().expect("packets").iter();
        let packets =
            packets.map(|packet| (packet["direction"] == "client", common::bytes(packet)));
        Recorded {
            id: line["id"].as_str().expect("id").to_owned(),
            packets: packets.collect(),
            line,
        }
    }

    fn text(&self, name: &str) -> &str {
        self.line[name].as_str().unwrap_or_default()
    }

    /// What the message with the token says under a key, without the pieces that long values are
    /// sent in.
    fn pair(&self, key: &str) -> Option<String> {
        let (_, message) = self.packets.last().expect("packets");
        let at = message.windows(key.len()).position(|window| window == key.as_bytes())?;
        let mut rest = &message[at + key.len()..];
        let length = rest[1..1 + usize::from(rest[0])]
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        rest = &rest[1 + usize::from(rest[0])..];
        let mut value = Vec::new();
        if rest[0] != 0xfe {
            value.extend(&rest[1..=length]);
        } else {
            rest = &rest[1..];
            while value.len() < length {
                let size = usize::from(rest[0]);
                let piece =
                    rest[1..=size].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                value.extend(&rest[1 + size..1 + size + piece]);
                rest = &rest[1 + size + piece..];
            }
        }
        Some(String::from_utf8(value).expect("text"))
    }

    fn options(&self) -> SessionOptions {
        let descriptor = ConnectDescriptor::parse(self.text("connect_string")).expect("descriptor");
        let mut options = SessionOptions::new(descriptor, self.text("user"), Secret::default());
        let pid = u32::try_from(self.line["pid"].as_u64().expect("pid")).expect("pid");
        options.client = ClientInfo::new("recorder", "machine", "somebody")
            .with_terminal("unknown")
            .with_pid(pid);
        options.edition = self.line["edition"].as_str().map(str::to_owned);
        options.driver_name = "python-oracledb".to_owned();
        options.driver_version = (26, 1, 0);
        options
    }

    /// When it was recorded, by the header that was signed.
    fn recorded_at(&self) -> UnixTime {
        let Some(header) = self.pair("AUTH_HEADER") else { return UnixTime::default() };
        let date = header.lines().next().and_then(|line| line.strip_prefix("date: "));
        UnixTime::parse_http_date(date.expect("a date")).expect("a date")
    }

    /// A session that must send what was recorded.
    fn session(&self) -> Session {
        let mut options = self.options();
        options.token = Some(SessionToken {
            access: AccessToken::new(self.text("token")).expect("token"),
            proof: self.line["proof"] == true,
            made_at: self.recorded_at(),
        });
        let mut entropy = SessionEntropy::draw(&mut |bytes| bytes.fill(0));
        entropy.connection_id = common::replay::unbase64(self.text("connection_id"));
        Session::new(NOW, options, entropy)
    }

    /// The recorded signature, for the message that was signed.
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        assert_eq!(String::from_utf8_lossy(message), self.pair("AUTH_HEADER").expect("header"));
        unbase64(&self.pair("AUTH_SIGNATURE").expect("signature"))
    }
}

fn unbase64(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = String::new();
    for character in text.trim_end_matches('=').chars() {
        bits += &format!("{:06b}", ALPHABET.find(character).expect("base64"));
    }
    let byte = |at: usize| u8::from_str_radix(&bits[at..at + 8], 2).expect("bits");
    (0..bits.len() / 8).map(|at| byte(at * 8)).collect()
}

/// What of a message is compared. The list of data types is not what this is about, and differs
/// from one version of the driver to the next; in fast authentication the log-on stands behind it.
fn subject(sent: &[u8]) -> &[u8] {
    const HEADER_AND_FLAGS: usize = 10;
    const DATA_TYPES: u8 = 2;
    const FAST_AUTH: u8 = 34;
    const AUTH_PHASE_TWO: [u8; 2] = [3, 0x73];
    match sent.get(HEADER_AND_FLAGS) {
        Some(&DATA_TYPES) => &[],
        Some(&FAST_AUTH) => {
            let at = sent.windows(2).rposition(|pair| pair == AUTH_PHASE_TWO);
            &sent[at.expect("a log-on call")..]
        }
        _ => sent,
    }
}

#[test]
fn each_message_is_what_python_oracledb_sends() {
    let all = Recorded::all();
    assert_eq!(all.len(), 12);
    for recorded in &all {
        let mut session = recorded.session();
        let (mut signatures, mut compared) = (0, 0);
        for packets in recorded.packets.chunk_by(|one, next| one.0 == next.0) {
            let bytes: Vec<u8> = packets.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
            if !packets[0].0 {
                session.handle_input(NOW, Input::Received(&bytes));
                continue;
            }
            let mut sent = Vec::new();
            loop {
                match session.poll_output() {
                    Output::Connect(_) => session.handle_input(NOW, Input::Connected),
                    Output::Transmit(more) => sent.extend(more),
                    Output::Sign(message) => {
                        signatures += 1;
                        let signature = recorded.sign(&message);
                        session.handle_input(NOW, Input::Signed(Ok(signature)));
                    }
                    Output::Timeout(_) => break,
                    other => panic!("{}: {other:?}", recorded.id),
                }
            }
            let (mine, theirs) = (subject(&sent), subject(&bytes));
            let (mine, theirs) = (common::hex(mine), common::hex(theirs));
            assert!(mine == theirs, "{}\n{mine}\n{theirs}", recorded.id);
            compared += usize::from(mine.contains(&common::hex(b"AUTH_TOKEN")));
        }
        assert_eq!(compared, 1, "{}: no token was sent", recorded.id);
        assert_eq!(signatures, usize::from(recorded.line["proof"] == true), "{}", recorded.id);
    }
}

/// Whether a text shows a part of the secret, as text or as the numbers that `Debug` makes of its
/// bytes. Long values are sent in pieces, so parts are looked for.
fn shows(printed: &str, secret: &[u8]) -> bool {
    const PART: usize = 16;
    secret.chunks_exact(PART).any(|part| {
        let listed = format!("{part:?}");
        let text = std::str::from_utf8(part);
        printed.contains(listed.trim_matches(['[', ']']))
            || text.is_ok_and(|text| printed.contains(text))
    })
}

#[test]
fn no_debug_output_on_the_way_shows_the_token_or_its_proof() {
    for recorded in &Recorded::all() {
        let mut session = recorded.session();
        let mut printed = format!("{session:?}");
        for (by_client, bytes) in &recorded.packets {
            if !by_client {
                let input = Input::Received(bytes);
                printed += &format!("{input:?}");
                session.handle_input(NOW, input);
            }
            loop {
                let output = session.poll_output();
                printed += &format!("{output:?} {session:?} {session:#?}");
                let input = match output {
                    Output::Connect(_) => Input::Connected,
                    Output::Sign(message) => Input::Signed(Ok(recorded.sign(&message))),
                    Output::Timeout(_) => break,
                    _ => continue,
                };
                printed += &format!("{input:?}");
                session.handle_input(NOW, input);
            }
        }
        // The first part of a token says no more than how it is signed.
        let (_, token) = recorded.text("token").split_once('.').expect("a JWT");
        assert!(!shows(&printed, token.as_bytes()), "{}: {printed}", recorded.id);
        if let Some(signature) = recorded.pair("AUTH_SIGNATURE") {
            assert!(!shows(&printed, signature.as_bytes()), "{}: {printed}", recorded.id);
            assert!(!shows(&printed, &unbase64(&signature)), "{}: {printed}", recorded.id);
        }
        // The search finds them in what is sent.
        let sent = recorded.packets.iter().filter(|(by_client, _)| *by_client);
        assert!(
            sent.map(|(_, bytes)| format!("{bytes:?}")).any(|text| shows(&text, token.as_bytes()))
        );
    }
}

/// A server that accepts a stream, and then says nothing; it keeps what it was sent.
struct Silent {
    framer: Framer,
    accept: Vec<u8>,
    out: Vec<u8>,
}

impl Silent {
    fn boxed() -> Box<dyn Peer> {
        let recorded = Recorded::all().pop().expect("a recording of 23ai");
        let (_, accept) =
            recorded.packets.iter().find(|(by_client, _)| !by_client).expect("ACCEPT");
        Box::new(Silent { framer: Framer::new(), accept: accept.clone(), out: Vec::new() })
    }
}

impl Peer for Silent {
    fn handle_input(&mut self, _: Timestamp, mut bytes: &[u8]) {
        while let Some(packet) = self.framer.next(&mut bytes).expect("packets") {
            if packet.packet_type == packet_type::CONNECT {
                self.out = std::mem::take(&mut self.accept);
            }
        }
    }

    fn poll_output(&mut self) -> PeerOutput {
        match std::mem::take(&mut self.out) {
            bytes if bytes.is_empty() => PeerOutput::Timeout(None),
            bytes => {
                self.framer.use_wide_lengths();
                PeerOutput::Transmit(bytes)
            }
        }
    }
}

/// A server that redirects whoever connects to it.
struct Redirecting(Option<Vec<u8>>);

impl Peer for Redirecting {
    fn handle_input(&mut self, _: Timestamp, _: &[u8]) {
        let to = b"(ADDRESS=(PROTOCOL=TCP)(HOST=elsewhere)(PORT=1521))\0(DESCRIPTION=(X=1))";
        let mut packet = vec![0, 0, 0, 0, packet_type::REDIRECT, 0, 0, 0];
        packet.extend(u16::try_from(to.len()).expect("short").to_be_bytes());
        packet.extend(to);
        packet[1] = u8::try_from(packet.len()).expect("short");
        self.0 = Some(packet);
    }

    fn poll_output(&mut self) -> PeerOutput {
        self.0.take().map_or(PeerOutput::Timeout(None), PeerOutput::Transmit)
    }
}

/// A token that expires so many seconds after the simulated clock's beginning.
fn token(clock: &SimulatedClock, expires: i64) -> AccessToken {
    let now = i64::try_from(clock.unix_time().as_secs()).expect("a date");
    let expires_at = UnixTime::from_secs(u64::try_from(now + expires).expect("a date"));
    AccessToken { token: Secret::from("head.claims.secretsecret"), expires_at: Some(expires_at) }
}

/// Gives tokens that expire when the test says, and counts how it was asked.
struct Callback {
    clock: SimulatedClock,
    expiries: Vec<i64>,
    asked: Arc<AtomicUsize>,
    signer: Option<Arc<dyn Signer>>,
}

impl TokenSource for Callback {
    fn token<'a>(&'a self, refresh: bool) -> BoxFuture<'a, Result<LogOnToken>> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        assert_eq!(refresh, asked > 0, "refresh tells that the last token was expired");
        let token = token(&self.clock, self.expiries[asked]);
        Box::pin(std::future::ready(Ok(LogOnToken { token, signer: self.signer.clone() })))
    }
}

/// Never answers.
struct Never;

impl TokenSource for Never {
    fn token<'a>(&'a self, _: bool) -> BoxFuture<'a, Result<LogOnToken>> {
        Box::pin(std::future::pending())
    }
}

impl Signer for Never {
    fn sign<'a>(&'a self, _: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(std::future::pending())
    }
}

/// Says no.
struct Refusing;

impl Signer for Refusing {
    fn sign<'a>(&'a self, _: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(std::future::ready(Err(Error::auth("the key's owner says no", ""))))
    }
}

struct Attempt {
    clock: SimulatedClock,
    asked: Arc<AtomicUsize>,
    streams: Arc<AtomicUsize>,
}

impl Attempt {
    fn new() -> Attempt {
        let clock = SimulatedClock::new(&[]);
        Attempt { clock, asked: Arc::default(), streams: Arc::default() }
    }

    fn callback(&self, expiries: &[i64], signer: Option<Arc<dyn Signer>>) -> Callback {
        let (clock, asked) = (self.clock.clone(), self.asked.clone());
        Callback { clock, expiries: expiries.to_vec(), asked, signer }
    }

    /// Connects; gives the error that it must end with.
    fn fail(
        &self,
        connect_string: &str,
        source: &dyn TokenSource,
        peer: fn() -> Box<dyn Peer>,
    ) -> Error {
        let streams = self.streams.clone();
        let transport = Loopback::new(&self.clock, move |_| {
            streams.fetch_add(1, Ordering::Relaxed);
            Ok(peer())
        });
        let descriptor = ConnectDescriptor::parse(connect_string).expect("descriptor");
        let mut options = SessionOptions::new(descriptor, "", Secret::default());
        options.log_on_timeout = Some(Duration::from_secs(9));
        let connecting = Connection::connect_with_token(
            Arc::new(transport),
            Arc::new(self.clock.clone()),
            options,
            source,
        );
        let error = self.clock.run(connecting).expect("it hangs").expect_err("it must fail");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        error
    }
}

#[test]
fn a_token_goes_nowhere_without_tls() {
    for connect_string in ["db/sales", "tcp://db:1521/sales", "tcp://one,two:1521/sales"] {
        let attempt = Attempt::new();
        let error = attempt.fail(connect_string, &attempt.callback(&[600], None), Silent::boxed);
        let text = error.to_string();
        assert!(text.contains("not sent to") && text.contains("tcps://"), "{text}");
        assert_eq!(attempt.streams.load(Ordering::Relaxed), 0, "{connect_string}: connected");
    }
    // Where one address has TLS, that one is taken.
    let attempt = Attempt::new();
    let mixed = "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=one)(PORT=1521))\
                 (ADDRESS=(PROTOCOL=TCPS)(HOST=two)(PORT=2484))(CONNECT_DATA=(SERVICE_NAME=s)))";
    let error = attempt.fail(mixed, &attempt.callback(&[600], None), Silent::boxed);
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    assert_eq!(attempt.streams.load(Ordering::Relaxed), 1);
}

#[test]
fn a_redirect_does_not_talk_a_token_out_of_tls() {
    let attempt = Attempt::new();
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let targets = seen.clone();
    let transport = Loopback::new(&attempt.clock, move |target| {
        let mut seen = targets.lock().expect("lock");
        seen.push((target.address.host.clone(), target.address.protocol.name()));
        Ok(match seen.len() {
            1 => Box::new(Redirecting(None)) as Box<dyn Peer>,
            _ => Silent::boxed(),
        })
    });
    let descriptor = ConnectDescriptor::parse("tcps://scan:2484/sales").expect("descriptor");
    let options = SessionOptions::new(descriptor, "", Secret::default());
    let clock = Arc::new(attempt.clock.clone());
    let source = attempt.callback(&[600], None);
    let connecting = Connection::connect_with_token(Arc::new(transport), clock, options, &source);
    let error = attempt.clock.run(connecting).expect("it hangs").expect_err("silence");
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
    let seen = seen.lock().expect("lock");
    assert_eq!(*seen, [("scan".to_owned(), "tcps"), ("elsewhere".to_owned(), "tcps")]);
}

#[test]
fn an_expired_token_is_told_before_anything_is_connected() {
    let attempt = Attempt::new();
    let fixed = LogOnToken::bearer(token(&attempt.clock, -60));
    let text = attempt.fail("tcps://db/sales", &fixed, Silent::boxed).to_string();
    assert!(text.contains("expired at Mon, 05 Jan 2026 11:59:00 GMT"), "{text}");
    assert!(text.contains("it is Mon, 05 Jan 2026 12:00:00 GMT now"), "{text}");
    assert_eq!(attempt.streams.load(Ordering::Relaxed), 0);
}

#[test]
fn a_source_is_asked_again_once() {
    let asked = |expiries: &[i64]| {
        let attempt = Attempt::new();
        let error = attempt.fail("tcps://db/s", &attempt.callback(expiries, None), Silent::boxed);
        (attempt.asked.load(Ordering::Relaxed), attempt.streams.load(Ordering::Relaxed), error)
    };
    assert!(matches!(asked(&[600]), (1, 1, Error::TimedOut { .. })));
    assert!(matches!(asked(&[-1, 600]), (2, 1, Error::TimedOut { .. })));
    let (asked, streams, error) = asked(&[-120, -60, 600]);
    assert_eq!((asked, streams), (2, 0));
    let text = error.to_string();
    assert!(text.contains("11:58:00") && text.contains("11:59:00"), "both times: {text}");
    assert!(text.contains("refresh"), "{text}");
}

#[test]
fn a_source_or_a_signer_that_never_answers_is_waited_for_no_longer_than_a_step() {
    let attempt = Attempt::new();
    let error = attempt.fail("tcps://db/s", &Never, Silent::boxed);
    assert_eq!(error.to_string(), "getting an access token: timeout of 9000 ms exceeded");
    let in_all = "(DESCRIPTION=(CONNECT_TIMEOUT=3)(ADDRESS=(PROTOCOL=TCPS)(HOST=db)(PORT=1)))";
    let error = attempt.fail(in_all, &Never, Silent::boxed);
    assert_eq!(error.to_string(), "getting an access token: timeout of 3000 ms exceeded");
    let source = attempt.callback(&[600], Some(Arc::new(Never)));
    let error = attempt.fail("tcps://db/s", &source, Silent::boxed);
    assert!(error.to_string().contains("signature that goes with the token"), "{error}");
    assert!(matches!(error, Error::TimedOut { after, .. } if after == Duration::from_secs(9)));
}

#[test]
fn what_the_keys_owner_says_is_told() {
    let attempt = Attempt::new();
    let source = attempt.callback(&[600], Some(Arc::new(Refusing)));
    let error = attempt.fail("tcps://db/s", &source, Silent::boxed);
    assert_eq!(error.to_string(), "the key's owner says no");
}
