//! One connection, from the first byte to the last.

use std::sync::Arc;

use oraedge::time::Timestamp;

use super::config::{Entropy, ServerConfig};
use super::session::{Origin, Session};
use crate::engine::Interrupter;
use crate::generation::ACCEPT_FLAG_END_OF_RESPONSE;
use crate::net::connect::{
    Connect, ERROR_UNKNOWN_SERVICE, ERROR_UNKNOWN_SID, accept, descriptor_value, redirect, refuse,
};
use crate::net::packet::{
    Framer, Packet, PacketType, Packetizer, write_packet, write_resend_with_tls,
};

/// The lowest TNS version with packet lengths of four bytes.
const VERSION_LARGE_PACKETS: u16 = 315;
/// The smallest SDU (Oracle Net: 512 bytes).
const MIN_SDU: u32 = 512;

/// What a connection wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// These bytes sent, all of them, before it is asked again.
    Transmit(Vec<u8>),
    /// Nothing, until bytes come or this moment does.
    Timeout(Option<Timestamp>),
    /// What was transmitted sent, and TLS begun anew on the same socket, from the handshake on.
    RestartTls,
    /// The connection closed, for this reason.
    Close(String),
}

enum Phase {
    /// Before the CONNECT packet, or behind the first of two.
    Connecting { resent: bool },
    /// Between a CONNECT packet and its data.
    AwaitingData { resent: bool, connect: Connect },
    /// Accepted.
    Serving(Box<Session>),
    /// Refused or broken.
    Over(String),
}

/// Whether a client has to begin TLS anew behind its first CONNECT.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TlsRestart {
    Never,
    /// At the first CONNECT.
    Wanted,
    /// The client was told; the stream is to follow.
    Due,
}

/// One connection's server side.
pub struct ServerConnection {
    config: Arc<ServerConfig>,
    entropy: Option<Entropy>,
    peer: String,
    encrypted: bool,
    tls_restart: TlsRestart,
    framer: Framer,
    phase: Phase,
    out: Vec<u8>,
    log_on_by: Option<Timestamp>,
}

impl ServerConnection {
    /// A connection that came from the address `peer`, at the time `now`.
    pub fn new(
        now: Timestamp,
        config: Arc<ServerConfig>,
        entropy: Entropy,
        peer: impl Into<String>,
    ) -> Self {
        ServerConnection {
            log_on_by: Some(now + config.log_on_timeout),
            config,
            entropy: Some(entropy),
            peer: peer.into(),
            encrypted: false,
            tls_restart: TlsRestart::Never,
            framer: Framer::default(),
            phase: Phase::Connecting { resent: false },
            out: Vec::new(),
        }
    }

    /// The same, on a stream that is encrypted: tokens are taken on such ones alone.
    pub fn over_tls(mut self) -> Self {
        self.encrypted = true;
        self
    }

    /// Whether the first CONNECT is answered by a RESEND that asks the client to begin TLS anew on the same
    /// socket, as listeners do that hand the socket over to another process.
    pub fn restarting_tls(mut self, restart: bool) -> Self {
        self.tls_restart = if restart { TlsRestart::Wanted } else { TlsRestart::Never };
        self
    }

    /// Takes bytes that the client sent.
    pub fn handle_input(&mut self, now: Timestamp, bytes: &[u8]) {
        self.framer.push(bytes);
        loop {
            if matches!(self.phase, Phase::Over(_)) {
                return;
            }
            match self.framer.next_packet() {
                Ok(Some(packet)) => self.handle_packet(now, packet),
                Ok(None) => return,
                Err(error) => return self.phase = Phase::Over(error.to_string()),
            }
        }
    }

    /// Takes that the client will send nothing more.
    pub fn handle_end(&mut self) {
        if !matches!(self.phase, Phase::Over(_)) {
            self.phase = Phase::Over("the client closed the connection".to_owned());
        }
    }

    /// Takes that it is later now.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if self.log_on_by.is_some_and(|limit| limit <= now) {
            self.phase = Phase::Over("the client did not log on in time".to_owned());
        }
        if let Phase::Serving(session) = &mut self.phase
            && let Err(reason) = session.handle_timeout(now)
        {
            self.phase = Phase::Over(reason);
        }
    }

    /// What to do next.
    pub fn poll_output(&mut self) -> Output {
        if !self.out.is_empty() {
            return Output::Transmit(std::mem::take(&mut self.out));
        }
        if self.tls_restart == TlsRestart::Due {
            self.tls_restart = TlsRestart::Never;
            return Output::RestartTls;
        }
        let session = match &mut self.phase {
            Phase::Over(reason) => return Output::Close(reason.clone()),
            Phase::Serving(session) => session,
            _ => return Output::Timeout(self.log_on_by),
        };
        match session.poll_transmit() {
            Ok(bytes) if !bytes.is_empty() => Output::Transmit(bytes),
            Ok(_) if session.ending => Output::Close("the client ended the connection".to_owned()),
            Ok(_) => Output::Timeout(session.timeout().or(self.log_on_by)),
            Err(reason) => Output::Close(reason),
        }
    }

    /// What stops the statement that is running, from another thread, once somebody is logged on.
    pub fn interrupter(&self) -> Option<Interrupter> {
        match &self.phase {
            Phase::Serving(session) => session.user.as_ref().map(|user| user.engine.interrupter()),
            _ => None,
        }
    }

    fn handle_packet(&mut self, now: Timestamp, packet: Packet) {
        let phase = std::mem::replace(&mut self.phase, Phase::Over(String::new()));
        self.phase = match (phase, packet.packet_type) {
            (Phase::Connecting { resent }, PacketType::Connect) => {
                match Connect::decode(&packet.body) {
                    Ok(connect) if connect.data.is_empty() && connect.data_length > 0 => {
                        Phase::AwaitingData { resent, connect }
                    }
                    Ok(connect) => self.connect(resent, connect),
                    Err(error) => Phase::Over(oraedge::Error::from(error).to_string()),
                }
            }
            (Phase::AwaitingData { resent, mut connect }, PacketType::Data) => {
                connect.data = packet.body.get(2..).unwrap_or_default().to_vec();
                self.connect(resent, connect)
            }
            (Phase::Serving(mut session), PacketType::Data) => {
                match session.handle_data(now, &packet.body) {
                    Ok(()) => {
                        if session.user.is_some() {
                            self.log_on_by = None;
                        }
                        Phase::Serving(session)
                    }
                    Err(reason) => Phase::Over(reason),
                }
            }
            (Phase::Serving(mut session), PacketType::Marker) => {
                // A marker's body is two bytes of which the first is one, and its kind.
                let kind = packet.body.get(2).copied().unwrap_or_default();
                match session.handle_marker(now, kind) {
                    Ok(()) => Phase::Serving(session),
                    Err(reason) => Phase::Over(reason),
                }
            }
            (Phase::Serving(session), PacketType::Control) => Phase::Serving(session),
            (_, packet_type) => {
                Phase::Over(format!("a {packet_type:?} packet came where none may"))
            }
        };
    }

    /// Answers a CONNECT whose data is there.
    fn connect(&mut self, resent: bool, connect: Connect) -> Phase {
        let generation = self.config.generation;
        if self.tls_restart == TlsRestart::Wanted {
            self.tls_restart = TlsRestart::Due;
            write_resend_with_tls(&mut self.out);
            return Phase::Connecting { resent: true };
        }
        if generation.resends() && !resent {
            write_packet(&mut self.out, false, PacketType::Resend, &[]);
            return Phase::Connecting { resent: true };
        }
        let descriptor = String::from_utf8_lossy(&connect.data).into_owned();
        let service = match self.find_service(&descriptor) {
            Ok(service) => service,
            Err(number) => {
                let body = refuse(number, generation.version_number());
                write_packet(&mut self.out, false, PacketType::Refuse, &body);
                return Phase::Over(format!("refused with ORA-{number:05}"));
            }
        };
        if let Some(address) = &self.config.redirect {
            let (length, data) = redirect(address, &descriptor);
            write_packet(&mut self.out, false, PacketType::Redirect, &length);
            let payload = [&[0, 0][..], &data].concat();
            write_packet(&mut self.out, false, PacketType::Data, &payload);
            return Phase::Over("redirected".to_owned());
        }
        if connect.version < VERSION_LARGE_PACKETS {
            /// `ORA-12618: TNS versions are incompatible`.
            const INCOMPATIBLE_VERSIONS: u32 = 12618;
            let body = refuse(INCOMPATIBLE_VERSIONS, generation.version_number());
            write_packet(&mut self.out, false, PacketType::Refuse, &body);
            return Phase::Over(format!("the client's TNS version {} is too old", connect.version));
        }
        self.accept(&connect, service)
    }

    fn accept(&mut self, connect: &Connect, service: String) -> Phase {
        let Some(mut entropy) = self.entropy.take() else {
            return Phase::Over("a second CONNECT came".to_owned());
        };
        let generation = self.config.generation;
        let version = generation.tns_version().min(connect.version);
        let sdu = connect.sdu.min(self.config.sdu).max(MIN_SDU);
        let own_version = version == generation.tns_version();
        let flags = if own_version { generation.accept_flags() } else { 0 };
        let mut id = [0; 16];
        entropy(&mut id);
        let body = accept(version, sdu, flags, id);
        write_packet(&mut self.out, false, PacketType::Accept, &body);
        self.framer.large = true;
        let packetizer = Packetizer { large: true, sdu: sdu as usize };
        Phase::Serving(Box::new(Session::new(
            Arc::clone(&self.config),
            entropy,
            Origin { peer: self.peer.clone(), encrypted: self.encrypted },
            service,
            packetizer,
            flags & ACCEPT_FLAG_END_OF_RESPONSE != 0,
        )))
    }

    /// The service that connect data asks for, or the listener's error.
    fn find_service(&self, descriptor: &str) -> Result<String, u32> {
        let find = |names: &[String], name: &str| {
            names.iter().find(|known| known.eq_ignore_ascii_case(name)).cloned()
        };
        if let Some(service) = descriptor_value(descriptor, "SERVICE_NAME") {
            return find(&self.config.services, service).ok_or(ERROR_UNKNOWN_SERVICE);
        }
        match descriptor_value(descriptor, "SID") {
            Some(sid) => find(&self.config.sids, sid).ok_or(ERROR_UNKNOWN_SID),
            None => Err(ERROR_UNKNOWN_SERVICE),
        }
    }
}
