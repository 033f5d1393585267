//! A recorded session replayed in lock-step: the session gets what the server sent, and must send
//! what the recorded client sent, byte for byte.

use std::sync::Arc;

use oraedge::auth::Secret;
use oraedge::auth::o5logon::ClientEntropy;
use oraedge::connect_string::{ClientInfo, ConnectDescriptor};
use oraedge::session::{
    Event, ExecuteOptions, ExecuteOutcome, ExecuteRequest, Input, Output, Session, SessionEntropy,
    SessionOptions,
};
use oraedge::time::Timestamp;
use oraedge::wire::ttc::binds::BindBatch;
use serde_json::Value as Json;

pub const NOW: Timestamp = Timestamp::ZERO;

/// A session, and the recorded packets that it must send and will get.
pub struct Replay {
    pub session: Session,
    pub packets: std::vec::IntoIter<Json>,
    /// How the server's packets are cut when they are fed.
    piece: usize,
    /// Changes of recorded packets, for what this client does differently on purpose.
    amended: Vec<(String, Amend)>,
}

/// Changes a recorded packet.
pub type Amend = fn(&mut Vec<u8>);

fn part<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).map(|at| at + from.len()).unwrap_or_else(|| panic!("no {from}"));
    let length = text[start..].find(to).unwrap_or_else(|| panic!("no {to} behind {from}"));
    &text[start..start + length]
}

/// The value of a log-on pair in a recorded message, which has its length twice in front.
fn pair(message: &[u8], key: &str) -> String {
    let at = message.windows(key.len()).position(|window| window == key.as_bytes()).expect("pair");
    let rest = &message[at + key.len()..];
    let length = usize::from(rest[2]);
    String::from_utf8(rest[3..3 + length].to_vec()).expect("text")
}

impl Replay {
    pub fn new(file: &str, piece: usize) -> Option<Replay> {
        let mut records = super::records(&format!("sessions/{file}.jsonl"))?;
        let head = records.remove(0);
        let auth = &head["expect"]["auth"];
        let bytes = |key: &str| super::unhex(auth[key].as_str().expect(key));
        let connect = String::from_utf8(super::bytes(&records[1])[10..].to_vec()).expect("text");
        let fast_auth = super::bytes(&records[3]);
        let mut session_key = [0; 48];
        session_key[..32].copy_from_slice(&bytes("session_key_b"));
        let array = |key: &str| <[u8; 16]>::try_from(bytes(key)).expect("16 bytes");
        let entropy = SessionEntropy {
            plan_seed: 0,
            connection_id: unbase64(part(&connect, "(CONNECTION_ID=", ")")),
            log_on: ClientEntropy {
                session_key,
                speedy_salt: array("speedy_salt"),
                password_salt: array("password_salt"),
            },
        };
        let descriptor = ConnectDescriptor::parse(&format!(
            "{}:{}/{}",
            part(&connect, "(HOST=", ")"),
            part(&connect, "(PORT=", ")"),
            part(&connect, "(SERVICE_NAME=", ")")
        ))
        .expect("descriptor");
        let password = Secret::new(auth["user_password"].as_str().expect("password").into());
        let mut options = SessionOptions::new(descriptor, "pythontest", password);
        options.client = ClientInfo::new(
            part(&connect, "(PROGRAM=", ")"),
            part(&connect[connect.find("(PROGRAM=").expect("program")..], "(HOST=", ")"),
            part(&connect, "(USER=", ")"),
        )
        .with_pid(pair(&fast_auth, "AUTH_PID").parse().expect("number"));
        options.driver_name = "python-oracledb".to_owned();
        options.driver_version = (4, 0, 1);
        let session = Session::new(NOW, options, entropy);
        Some(Replay { session, packets: records.into_iter(), piece, amended: Vec::new() })
    }

    /// Changes the packet of this identifier before it is compared.
    pub fn amend(&mut self, packet: &str, change: Amend) {
        self.amended.push((packet.to_owned(), change));
    }

    /// Runs to the next event, comparing what is sent with the recording.
    pub fn run(&mut self) -> Event {
        loop {
            match self.session.poll_output() {
                Output::Connect(_) => self.session.handle_input(NOW, Input::Connected),
                Output::Transmit(sent) => self.check_sent(&sent),
                Output::Event(event) => return event,
                Output::Disconnect | Output::RestartTls | Output::Sign(_) => {
                    panic!("the session gives up")
                }
                Output::Timeout(_) => {
                    let packet = self.packets.next().expect("the recording is at its end");
                    assert_eq!(packet["direction"], "server", "{}: nothing was sent", packet["id"]);
                    for piece in super::bytes(&packet).chunks(self.piece) {
                        self.session.handle_input(NOW, Input::Received(piece));
                    }
                }
            }
        }
    }

    pub fn check_sent(&mut self, sent: &[u8]) {
        let mut rest = sent;
        while !rest.is_empty() {
            let packet = self.packets.next().expect("more was sent than was recorded");
            assert_eq!(packet["direction"], "client", "{}: too much was sent", packet["id"]);
            let mut recorded = super::bytes(&packet);
            if packet["expect"]["packet_type"] == "CONNECT" {
                // A recorded client may have offered out-of-band breaks, which no stream but a bare TCP
                // socket can carry: bit 0x0400 of the service options, and the last flag.
                let offered = (recorded[12], recorded[13], recorded[73]);
                assert!(matches!(offered, (0x04, 0x01, 0x01) | (0x00, 0x01, 0x00)), "{offered:?}");
                (recorded[12], recorded[73]) = (0, 0);
            }
            for (id, change) in &self.amended {
                if packet["id"] == id.as_str() {
                    change(&mut recorded);
                }
            }
            let (mine, more) = rest.split_at(recorded.len().min(rest.len()));
            let first = mine.iter().zip(&recorded).position(|(mine, recorded)| mine != recorded);
            assert_eq!(
                first,
                None,
                "{}\n{}\n{}",
                packet["id"],
                super::hex(mine),
                super::hex(&recorded)
            );
            assert_eq!(mine.len(), recorded.len(), "{}: length", packet["id"]);
            rest = more;
        }
    }

    pub fn execute(&mut self, sql: &str, binds: BindBatch, prefetch_rows: u32) -> ExecuteOutcome {
        let options = ExecuteOptions { prefetch_rows, ..ExecuteOptions::default() };
        self.execute_with(sql, binds, options)
    }

    pub fn execute_with(
        &mut self,
        sql: &str,
        binds: BindBatch,
        options: ExecuteOptions,
    ) -> ExecuteOutcome {
        let request = ExecuteRequest { sql: Arc::from(sql), binds, options };
        self.session.execute(NOW, request).expect("the call begins");
        match self.run() {
            Event::Executed(outcome) => *outcome,
            other => panic!("{sql}: {other:?}"),
        }
    }

    /// Logs off; the recording must be at its end then.
    pub fn log_off(mut self) {
        self.session.log_off(NOW).expect("the call begins");
        assert!(matches!(self.run(), Event::LoggedOff));
        while let Output::Transmit(sent) = self.session.poll_output() {
            self.check_sent(&sent);
        }
        assert!(self.packets.next().is_none(), "the recording goes on");
    }
}

pub fn unbase64(text: &str) -> [u8; 16] {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = String::new();
    for character in text.trim_end_matches('=').chars() {
        bits += &format!("{:06b}", ALPHABET.find(character).expect("base64"));
    }
    let mut bytes = [0; 16];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).expect("bits");
    }
    bytes
}

/// The statements of the recorded session, whose texts are in the recording.
pub fn recorded_sql(file: &str, packet: usize) -> String {
    let records = super::records(&format!("sessions/{file}.jsonl")).expect("recording");
    let bytes = super::bytes(&records[packet + 1]);
    let text: Vec<u8> = bytes.clone();
    let starts = ["drop table", "create table", "truncate table", "insert into", "select"];
    let at = starts
        .iter()
        .filter_map(|start| text.windows(start.len()).position(|window| window == start.as_bytes()))
        .min()
        .expect("a statement");
    // The length stands in front: one byte, or fe and pieces.
    let length = match text[at - 3..at] {
        [0x02, high, low] => usize::from(high) << 8 | usize::from(low),
        _ => usize::from(text[at - 1]),
    };
    String::from_utf8(text[at..at + length].to_vec()).expect("text")
}
