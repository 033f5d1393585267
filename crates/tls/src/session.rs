//! A TLS session without I/O: ciphertext in, plaintext out, and the other way round.

use std::io::{Read, Write};

use oraedge::connect_string::TlsVersion;
use oraedge::{Error, Result};
use rustls::{
    AlertDescription, ClientConnection, Error as TlsError, PeerIncompatible, ProtocolVersion,
};
use rustls_pki_types::{IpAddr, Ipv4Addr, ServerName};

use crate::chain::Certificate;
use crate::connector::Kept;
use crate::failure::{Situation, TlsFailure};
use crate::peer;
use crate::policy::ServerPolicy;
use crate::verifier::out_of_rustls;

/// One session with a server. Whoever holds it carries the bytes:
///
/// - send what [`take_ciphertext`](Self::take_ciphertext) gives, at first and after each of the
///   other calls, also after one that failed (it may hold an alert for the server);
/// - [`feed`](Self::feed) what arrives, and say [`end_of_input`](Self::end_of_input);
/// - once [`handshake`](Self::handshake) is there, [`write`](Self::write) and
///   [`take_plaintext`](Self::take_plaintext).
#[derive(Debug)]
pub struct TlsSession {
    connection: ClientConnection,
    kept: Kept,
    /// The first bytes of the peer, for saying what it is if it does not speak TLS.
    heard: Vec<u8>,
    plaintext: Vec<u8>,
    plaintext_came: bool,
    closed_by_peer: bool,
    failure: Option<TlsFailure>,
}

/// What was agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// TLS 1.2 or 1.3.
    pub version: TlsVersion,
    /// The cipher suite, by its registered name: `TLS13_AES_256_GCM_SHA384`.
    pub cipher_suite: String,
    /// The server's certificate and those that it sent along, as far as they can be read.
    pub chain: Vec<Certificate>,
    /// The same in DER.
    pub chain_der: Vec<Vec<u8>>,
}

impl TlsSession {
    pub(crate) fn new(kept: Kept, policy: &ServerPolicy, host: &str) -> Result<Self> {
        let name = server_name(policy, host)?;
        let mut connection = ClientConnection::new(kept.config.clone(), name)
            .map_err(|error| Error::misuse(format!("TLS cannot be set up: {error}"), ""))?;
        // Whoever writes waits for the ciphertext to be taken.
        connection.set_buffer_limit(None);
        Ok(TlsSession {
            connection,
            kept,
            heard: Vec::new(),
            plaintext: Vec::new(),
            plaintext_came: false,
            closed_by_peer: false,
            failure: None,
        })
    }

    /// Takes bytes that arrived.
    ///
    /// # Errors
    /// [`TlsFailure`], for good: any later call gives it again.
    pub fn feed(&mut self, ciphertext: &[u8]) -> Result<(), TlsFailure> {
        self.check()?;
        if self.heard.len() < peer::KEPT && self.connection.is_handshaking() {
            let room = peer::KEPT - self.heard.len();
            self.heard.extend(ciphertext.iter().take(room));
        }
        let mut rest = ciphertext;
        while !rest.is_empty() {
            // Reading from memory fails only when too much plaintext waits, and none does.
            match self.connection.read_tls(&mut rest) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => return Err(self.fail_with(Situation::Other, error.to_string())),
            }
            match self.connection.process_new_packets() {
                Ok(state) => {
                    self.closed_by_peer |= state.peer_has_closed();
                    self.keep_plaintext(state.plaintext_bytes_to_read());
                }
                Err(error) => return Err(self.fail(error)),
            }
        }
        if self.closed_by_peer && self.connection.is_handshaking() {
            return Err(self.closed_in_handshake());
        }
        Ok(())
    }

    fn keep_plaintext(&mut self, length: usize) {
        if length == 0 {
            return;
        }
        self.plaintext_came = true;
        let start = self.plaintext.len();
        self.plaintext.resize(start + length, 0);
        let room = self.plaintext.get_mut(start..).unwrap_or_default();
        let read = self.connection.reader().read(room).unwrap_or(0);
        self.plaintext.truncate(start + read);
    }

    /// The peer sends no more bytes. Without a word in TLS that is an error during the handshake
    /// only: database servers close so, and the layer above knows where each answer ends.
    ///
    /// # Errors
    /// [`TlsFailure`].
    pub fn end_of_input(&mut self) -> Result<(), TlsFailure> {
        self.check()?;
        if self.connection.is_handshaking() {
            return Err(self.closed_in_handshake());
        }
        if self.kept.credentials.are_missing() && !self.plaintext_came {
            return Err(self.certificate_wanted("closed the connection"));
        }
        self.closed_by_peer = true;
        Ok(())
    }

    /// Encrypts. During the handshake it is kept until after it.
    ///
    /// # Errors
    /// The failure of an earlier call.
    pub fn write(&mut self, plaintext: &[u8]) -> Result<(), TlsFailure> {
        self.check()?;
        let written = self.connection.writer().write_all(plaintext);
        written.map_err(|error| self.fail_with(Situation::Other, error.to_string()))
    }

    /// What is to be sent to the peer.
    pub fn take_ciphertext(&mut self) -> Vec<u8> {
        let mut ciphertext = Vec::new();
        while self.connection.wants_write() {
            // Writing to memory does not fail.
            if self.connection.write_tls(&mut ciphertext).is_err() {
                break;
            }
        }
        ciphertext
    }

    /// What the peer said.
    pub fn take_plaintext(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.plaintext)
    }

    /// Ends the session towards the peer; what it still sends can be read.
    pub fn close_notify(&mut self) {
        self.connection.send_close_notify();
    }

    /// Whether the peer has said that it sends no more, or its bytes have ended.
    pub fn is_closed_by_peer(&self) -> bool {
        self.closed_by_peer
    }

    /// What was agreed on, once the handshake is done. A server that wants a client's certificate
    /// may still object after that, in TLS 1.3.
    pub fn handshake(&self) -> Option<Handshake> {
        if self.connection.is_handshaking() {
            return None;
        }
        let version = match self.connection.protocol_version()? {
            ProtocolVersion::TLSv1_2 => TlsVersion::V1_2,
            _ => TlsVersion::V1_3,
        };
        let suite = self.connection.negotiated_cipher_suite()?.suite();
        let chain_der: Vec<Vec<u8>> = self
            .connection
            .peer_certificates()
            .map(|chain| chain.iter().map(|der| der.to_vec()).collect())
            .unwrap_or_default();
        Some(Handshake {
            version,
            cipher_suite: suite.as_str().unwrap_or("unknown").to_owned(),
            chain: chain_der.iter().filter_map(|der| Certificate::read(der)).collect(),
            chain_der,
        })
    }

    /// Whether the handshake is not done yet.
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// The stream below broke during the handshake.
    pub(crate) fn broken(&mut self, error: &std::io::Error) -> TlsFailure {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                self.closed_in_handshake()
            }
            _ => self.fail_with(Situation::Other, error.to_string()),
        }
    }

    fn check(&self) -> Result<(), TlsFailure> {
        self.failure.clone().map_or(Ok(()), Err)
    }

    fn fail_with(&mut self, situation: Situation, detail: impl Into<String>) -> TlsFailure {
        let failure = TlsFailure::new(situation, detail, self.kept.words);
        self.failure.insert(failure).clone()
    }

    fn closed_in_handshake(&mut self) -> TlsFailure {
        if self.kept.credentials.are_missing() {
            return self.certificate_wanted("closed the connection");
        }
        if self.heard.is_empty() {
            let detail = "the listener closed the connection without an answer";
            return self.fail_with(Situation::ClosedBeforeAnswer, detail);
        }
        let detail = "the listener closed the connection in the middle of the TLS handshake";
        self.fail_with(Situation::ClosedInHandshake, detail)
    }

    fn certificate_wanted(&mut self, how: &str) -> TlsFailure {
        let detail =
            format!("the server asked for a certificate of the client, got none and {how}");
        self.fail_with(Situation::ClientCertificateWanted, detail)
    }

    /// What an error of rustls means.
    fn fail(&mut self, error: TlsError) -> TlsFailure {
        if let Some(failure) = out_of_rustls(&error) {
            return self.failure.insert(failure).clone();
        }
        match &error {
            TlsError::AlertReceived(alert) => self.alert(*alert),
            TlsError::InvalidMessage(_)
                if self.connection.is_handshaking() && !self.answers_in_tls() =>
            {
                let failure = peer::explain(&self.heard, self.kept.words);
                self.failure.insert(failure).clone()
            }
            TlsError::InvalidMessage(_)
            | TlsError::InappropriateMessage { .. }
            | TlsError::InappropriateHandshakeMessage { .. }
            | TlsError::PeerMisbehaved(_)
            | TlsError::PeerSentOversizedRecord => self.fail_with(
                Situation::BrokenHandshake,
                format!("the server sent a TLS message that cannot be: {error}"),
            ),
            TlsError::DecryptError => self.fail_with(
                Situation::AlteredRecords,
                "a record of the server does not decrypt: its bytes were altered on the way",
            ),
            TlsError::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            ) => self.fail_with(
                Situation::NoCommonVersion,
                format!("the server chose a version of TLS that is not offered ({error})"),
            ),
            TlsError::PeerIncompatible(_) => self.fail_with(
                Situation::NoCommonCipher,
                format!("client and server have no TLS parameters in common ({error})"),
            ),
            TlsError::NoCertificatesPresented => {
                self.fail_with(Situation::NoCertificate, "the server sent no certificate")
            }
            TlsError::InvalidCertificate(problem) => self.fail_with(
                Situation::BadSignature,
                format!("the server did not prove that its certificate is its own: {problem}"),
            ),
            other => self.fail_with(Situation::Other, other.to_string()),
        }
    }

    /// Whether the first record is one of TLS: an alert or a handshake, of a version 3.x.
    fn answers_in_tls(&self) -> bool {
        matches!(self.heard.as_slice(), [20..=23, 3, 0..=4, ..])
    }

    fn alert(&mut self, alert: AlertDescription) -> TlsFailure {
        let own = self.kept.credentials.identity().and_then(|identity| identity.certificate());
        let says = format!("it sent the alert {}", alert_name(alert));
        let about_certificate = matches!(
            alert,
            AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied
        );
        if alert == AlertDescription::CertificateRequired
            || (self.kept.credentials.are_missing()
                && (about_certificate || alert == AlertDescription::HandshakeFailure))
        {
            return self.certificate_wanted(&format!("sent the alert {}", alert_name(alert)));
        }
        if let (true, Some(own)) = (about_certificate, own) {
            let (situation, objection) = match alert {
                AlertDescription::UnknownCA => (
                    Situation::ClientIssuerUnknown,
                    format!("does not trust the authority ({}) of", own.issuer),
                ),
                AlertDescription::CertificateExpired => (
                    Situation::ClientCertificateExpired,
                    format!(
                        "says that the time is over (valid from {} to {}) of",
                        own.not_before, own.not_after
                    ),
                ),
                AlertDescription::CertificateRevoked => {
                    (Situation::ClientCertificateRevoked, "says that somebody revoked".to_owned())
                }
                _ => (Situation::ClientCertificateRefused, "does not take".to_owned()),
            };
            let subject = own.subject;
            let detail =
                format!("the server {objection} the client's certificate ({subject}): {says}");
            return self.fail_with(situation, detail);
        }
        let (situation, means) = match alert {
            AlertDescription::ProtocolVersion => {
                (Situation::NoCommonVersion, "client and server have no version of TLS in common")
            }
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => (
                Situation::NoCommonCipher,
                "the server found no cipher suite, key exchange or signature that both know",
            ),
            AlertDescription::UnrecognisedName => (
                Situation::UnknownServerName,
                "the listener does not know the server name that was asked for",
            ),
            AlertDescription::BadRecordMac | AlertDescription::DecryptError => (
                Situation::AlteredRecords,
                "the server could not decrypt a record: its bytes were altered on the way",
            ),
            _ => (Situation::Alert, "the server ended the TLS session"),
        };
        self.fail_with(situation, format!("{means}: {says}"))
    }
}

/// The alert as RFC 8446 writes it: `certificate_required`.
fn alert_name(alert: AlertDescription) -> String {
    let Some(name) = alert.as_str() else { return format!("number {}", u8::from(alert)) };
    let mut text = String::new();
    let mut after_capital = true;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !after_capital {
            text.push('_');
        }
        after_capital = letter.is_ascii_uppercase();
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// The name for rustls: the SNI, and the key of its tickets. The certificate is not held against
/// it.
fn server_name(policy: &ServerPolicy, host: &str) -> Result<ServerName<'static>> {
    let name = policy.sni.as_deref().unwrap_or(host);
    match ServerName::try_from(name.to_owned()) {
        Ok(name) => Ok(name),
        // A host name with characters that DNS does not have, and no SNI that would need them: the
        // configuration is this target's own, so any name serves as the key.
        Err(_) if policy.sni.is_none() => {
            Ok(ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0, 0, 0, 0]))))
        }
        Err(_) => Err(Error::misuse(
            format!("{name:?} cannot be sent as the server name of TLS"),
            "leave USE_SNI out of the connect string",
        )),
    }
}
