//! From an address to a log-on: which address, what the listener answered, and the log-on's steps.

use std::time::Duration;

use super::drcp;
use super::log_on::{self, LogOn, LogOnStep, Progress};
use super::machine::{ConnectTarget, Event, Output, Session, Stage, Trying};
use super::refused;
use super::token::{self, Proof};
use crate::auth::token::proof_header;
use crate::connect_string::{Attempt, Redirect, Step};
use crate::error::{Error, Result};
use crate::protocol::{Connection, OpeningEvent, Response};
use crate::time::{Timestamp, UnixTime};
use crate::wire::capabilities::TNS_VERSION_MIN_ACCEPTED;
use crate::wire::connect::Connect;
use crate::wire::packet::packet_flag;

/// A server that redirects more often than this is going round in circles.
const MAX_REDIRECTS: u32 = 10;
/// A server that wants CONNECT again more often than this will never have enough.
const MAX_RESENDS: u32 = 5;

impl Session {
    pub(super) fn try_next(&mut self, now: Timestamp, failure: Option<Error>) {
        self.deadline = None;
        if let (Some(error), Some(trying)) = (&failure, &self.trying) {
            self.failures.push(format!("{}: {error}", trying.target.address.authority()));
        }
        match self.plan.next() {
            Some(Step::Attempt(Attempt { description, address })) => {
                let connection_id = self.connection_id();
                let connect_data = description.connect_data(&self.options.client, &connection_id);
                let target = ConnectTarget { address, description };
                let allowed = self.check_token(&target);
                self.trying = Some(Trying {
                    until: target.description.connect_timeout().map(|limit| now + limit),
                    target: target.clone(),
                    connect_data,
                    redirects: 0,
                    resends: 0,
                });
                self.stage = Stage::Connecting;
                match allowed {
                    Ok(()) => self.outputs.push_back(Output::Connect(Box::new(target))),
                    // As many times as there are addresses: the plan has an end.
                    Err(error) => self.try_next(now, Some(error)),
                }
            }
            Some(Step::Wait(delay)) => {
                self.outputs.push_back(Output::Disconnect);
                self.stage = Stage::Waiting(now + delay);
            }
            None => {
                let error = self.all_failed(failure);
                self.end(error);
            }
        }
    }

    /// One failure is told as it is; of several, each is told.
    pub(super) fn all_failed(&mut self, last: Option<Error>) -> Error {
        let failures = std::mem::take(&mut self.failures);
        match (failures.len(), last) {
            (0 | 1, Some(error)) => error,
            (0, None) => Error::misuse("the connect string has no address", ""),
            (_, last) => Error::transport(
                format!("connecting ({} attempts)", failures.len()),
                failures.join("; "),
                match last {
                    Some(Error::Database(error)) => format!("the last was {}", error.code()),
                    _ => String::new(),
                },
            ),
        }
    }

    pub(super) fn connection_id(&self) -> String {
        base64(&self.entropy.connection_id)
    }

    pub(super) fn handle_connected(&mut self, now: Timestamp) -> Result<()> {
        if !matches!(self.stage, Stage::Connecting) {
            return Err(Error::misuse("a stream came that was not asked for", ""));
        }
        self.connection = Connection::new();
        let flags = match &self.trying {
            Some(trying) if trying.redirects > 0 => packet_flag::REDIRECT,
            _ => 0,
        };
        self.send_connect(now, flags);
        Ok(())
    }

    pub(super) fn send_connect(&mut self, now: Timestamp, packet_flags: u8) {
        let Some(trying) = &self.trying else { return };
        let sdu = trying.target.description.sdu;
        self.connection.open(&Connect { data: &trying.connect_data, sdu, packet_flags });
        self.round_trips += 1;
        self.stage = Stage::Opening;
        self.await_log_on(now);
    }

    pub(super) fn await_log_on(&mut self, now: Timestamp) {
        let step = self.options.log_on_timeout.map(|timeout| now + timeout);
        let whole = self.trying.as_ref().and_then(|trying| trying.until);
        self.deadline = step.into_iter().chain(whole).min();
    }

    pub(super) fn handle_opening(&mut self, now: Timestamp, event: OpeningEvent) -> Result<()> {
        let Some(trying) = &mut self.trying else {
            return Err(Error::misbehaved("an answer to a CONNECT that was not sent"));
        };
        match event {
            OpeningEvent::Accepted(accept) => {
                if accept.protocol_version < TNS_VERSION_MIN_ACCEPTED {
                    return Err(log_on::server_too_old());
                }
                if accept.native_encryption_required {
                    return Err(Error::unsupported(
                        "native network encryption and integrity, which this server requires,",
                        "connect with TLS (protocol tcps), or set SQLNET.ENCRYPTION_SERVER and \
                         SQLNET.CRYPTO_CHECKSUM_SERVER to ACCEPTED in the server's sqlnet.ora",
                    ));
                }
                let target = trying.target.clone();
                self.check_token(&target)?;
                let step = self.log_on(now).begin();
                self.await_step(now, step);
            }
            OpeningEvent::Refused(refuse) => {
                let error =
                    refused::error(&refuse, &trying.target.description, &trying.target.address);
                self.try_next(now, Some(error));
            }
            OpeningEvent::Resend { restart_tls } => {
                trying.resends += 1;
                if trying.resends > MAX_RESENDS {
                    return Err(Error::misbehaved(format!(
                        "the listener asked for CONNECT {MAX_RESENDS} times"
                    )));
                }
                if restart_tls {
                    self.outputs.push_back(Output::RestartTls);
                } else {
                    self.send_connect(now, 0);
                }
            }
            OpeningEvent::Redirected { text } => {
                trying.redirects += 1;
                if trying.redirects > MAX_REDIRECTS {
                    return Err(Error::misbehaved(format!(
                        "the listener redirected {MAX_REDIRECTS} times"
                    )));
                }
                let redirect = Redirect::parse(&text, &trying.target.address)?;
                trying.target.address = redirect.address;
                if let Some(connect_data) = redirect.connect_data {
                    trying.connect_data = connect_data;
                }
                let target = Box::new(trying.target.clone());
                self.check_token(&target)?;
                self.stage = Stage::Connecting;
                self.deadline = None;
                self.outputs.push_back(Output::Connect(target));
            }
        }
        Ok(())
    }

    /// The limit that a log-on runs into first.
    fn log_on_limit(&self) -> Option<Duration> {
        let whole = self.trying.as_ref().and_then(|it| it.target.description.connect_timeout());
        whole.into_iter().chain(self.options.log_on_timeout).min()
    }

    pub(super) fn log_on_timed_out(&self, doing: &str) -> Error {
        let address = self.trying.as_ref().map(|trying| trying.target.address.authority());
        Error::TimedOut {
            doing: format!("{doing} ({})", address.unwrap_or_default()),
            after: self.log_on_limit().unwrap_or_default(),
        }
    }

    /// Refuses a token that would go where it must not.
    fn check_token(&self, target: &ConnectTarget) -> Result<()> {
        if self.options.token.is_none() {
            return Ok(());
        }
        token::check_new_password(self.options.new_password.as_ref())?;
        token::check_encrypted(&target.address)
    }

    fn log_on(&mut self, now: Timestamp) -> LogOn<'_> {
        let connection_id = self.connection_id();
        let target = self.trying.as_ref().map(|trying| &trying.target);
        let connect_string =
            target.map(|target| target.description.log_on_text(&connection_id)).unwrap_or_default();
        let token = self.options.token.as_ref();
        let unix_time =
            token.map_or(UnixTime::default(), |token| token.made_at + now.since(self.made));
        let proof_header = token.filter(|token| token.proof).zip(target).map(|(_, target)| {
            let service = token::service_name(&target.description);
            proof_header(unix_time, service, &target.address.host, target.address.port)
        });
        let server_pool = target
            .map(|target| drcp::pairs(&self.options, &target.description))
            .unwrap_or_default();
        LogOn {
            connection: &mut self.connection,
            options: &self.options,
            entropy: &self.entropy,
            banner: &mut self.banner,
            server_pool,
            connect_string,
            proof_header,
            unix_time,
        }
    }

    fn await_step(&mut self, now: Timestamp, step: LogOnStep) {
        match &step {
            LogOnStep::Signature(header) => {
                self.outputs.push_back(Output::Sign(header.as_bytes().to_vec()));
            }
            _ => self.round_trips += 1,
        }
        self.stage = Stage::LoggingOn(step);
        self.await_log_on(now);
    }

    pub(super) fn advance_log_on(
        &mut self,
        now: Timestamp,
        step: LogOnStep,
        response: Response,
    ) -> Result<()> {
        match self.log_on(now).advance(step, response)? {
            Progress::Awaits(step) => self.await_step(now, step),
            Progress::Done(logged_on) => {
                self.info = logged_on.info;
                self.combo_key = logged_on.combo_key;
                self.stage = Stage::Ready;
                self.failures.clear();
                self.event(Event::LoggedOn);
            }
        }
        Ok(())
    }

    pub(super) fn handle_signed(
        &mut self,
        now: Timestamp,
        signature: Result<Vec<u8>>,
    ) -> Result<()> {
        let Stage::LoggingOn(LogOnStep::Signature(header)) = &mut self.stage else {
            return Err(Error::misuse("a signature came that was not asked for", ""));
        };
        let header = std::mem::take(header);
        let proof = Proof { header, signature: base64(&signature?) };
        let step = self.log_on(now).send_token(Some(proof));
        self.await_step(now, step);
        Ok(())
    }
}

/// Base64 with padding, for the connection's identifier and signatures.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit > chunk.len() {
                text.push('=');
                continue;
            }
            let index = usize::try_from(group >> (18 - 6 * digit) & 63).unwrap_or(0);
            text.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'A')));
        }
    }
    text
}
