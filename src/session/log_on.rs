//! From ACCEPT to a session: negotiation, and two log-on calls with a password or one with a token.

use std::collections::BTreeMap;

use super::options::{AppContext, SessionEntropy, SessionOptions};
use super::token::{self, Proof};
use super::user::UserName;
use crate::auth::mode;
use crate::auth::o5logon::{self, Challenge, ComboKey};
use crate::error::{DbError, Error, Result};
use crate::protocol::{Connection, Expect, LastRow, Response};
use crate::time::UnixTime;
use crate::wire::capabilities::field_version;
use crate::wire::ttc::auth::{AuthPhase, KeyValue, write_auth};
use crate::wire::ttc::fast_auth;
use crate::wire::ttc::negotiation::{write_data_types, write_protocol};

/// Which answer is awaited.
#[derive(Debug)]
pub(super) enum LogOnStep {
    /// Protocol negotiation.
    Protocol,
    /// Data types.
    DataTypes,
    /// The challenge; in fast authentication, negotiation comes with it.
    PhaseOne,
    /// The verdict, and the server's own proof.
    PhaseTwo(ComboKey),
    /// No answer, but the signature of this header; the token is sent with it.
    Signature(String),
    /// The verdict on a token. The server proves nothing: its certificate did.
    Token,
}

/// How far it is.
#[derive(Debug)]
pub(super) enum Progress {
    /// Something more is awaited.
    Awaits(LogOnStep),
    /// The session is there.
    Done(Box<LoggedOn>),
}

/// What the last answer gave.
#[derive(Debug)]
pub(super) struct LoggedOn {
    pub(super) info: SessionInfo,
    /// What a new password would be encrypted with; `None` behind a log-on without a password.
    pub(super) combo_key: Option<ComboKey>,
}

/// What a step works with.
pub(super) struct LogOn<'a> {
    pub(super) connection: &'a mut Connection,
    pub(super) options: &'a SessionOptions,
    pub(super) entropy: &'a SessionEntropy,
    pub(super) banner: &'a mut String,
    /// Which session of the server's pool is wanted.
    pub(super) server_pool: Vec<KeyValue>,
    /// For `AUTH_CONNECT_STRING`.
    pub(super) connect_string: String,
    /// What proves possession of a token's key, signed; for tokens that want it.
    pub(super) proof_header: Option<String>,
    /// The time of day; zero without a token.
    pub(super) unix_time: UnixTime,
}

/// What the server said of itself and of the session at log-on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionInfo {
    /// The server's version: 19.21.0.0.0 is `[19, 21, 0, 0, 0]`.
    pub version: [u8; 5],
    /// The server's banner in protocol negotiation.
    pub banner: String,
    /// Identifier of the session (`V$SESSION.SID`).
    pub session_id: u32,
    /// Serial number of the session (`V$SESSION.SERIAL#`).
    pub serial_number: u32,
    /// Everything that the server told, by its names (`AUTH_DBNAME`, `AUTH_SC_SERVICE_NAME` ...).
    pub parameters: BTreeMap<String, String>,
    /// When the token expires that the session was logged on with; the session itself lives on.
    pub token_expires_at: Option<UnixTime>,
    /// The log-on worked, but: the password expires soon (ORA-28002), and the like.
    pub warning: Option<DbError>,
}

/// The database's identifier; the server counts a NUL to the name (recording `pyo4-sessionless`).
const DATABASE_ID: &str = "AUTH_DB_ID\0";

impl SessionInfo {
    /// The server's version as text (`19.21.0.0.0`).
    pub fn version_text(&self) -> String {
        self.version.map(|part| part.to_string()).join(".")
    }

    /// Which database this is, for handles that must not be used on another one: its name and its
    /// identifier (`FREEPDB1#1385559638`); of a pluggable database they are its own.
    pub fn database(&self) -> String {
        let fact = |name: &str| self.parameters.get(name).map_or("", String::as_str);
        let (domain, id) = (fact("AUTH_SC_DB_DOMAIN"), fact(DATABASE_ID));
        let name = fact("AUTH_DBNAME");
        let dot = if domain.is_empty() { "" } else { "." };
        format!("{name}{dot}{domain}#{id}")
    }

    fn from_pairs(banner: String, pairs: Vec<KeyValue>, field_version: u8) -> SessionInfo {
        // The proof and the keys are nobody's business once they were checked.
        let parameters: BTreeMap<String, String> = pairs
            .into_iter()
            .filter(|pair| !matches!(pair.key.as_str(), "AUTH_SVR_RESPONSE" | "AUTH_SESSKEY"))
            .map(|pair| (pair.key, pair.value))
            .collect();
        let number = |key: &str| parameters.get(key).and_then(|value| value.parse().ok());
        SessionInfo {
            version: version_parts(number("AUTH_VERSION_NO").unwrap_or(0), field_version),
            banner,
            session_id: number("AUTH_SESSION_ID").unwrap_or(0),
            serial_number: number("AUTH_SERIAL_NUM").unwrap_or(0),
            parameters,
            token_expires_at: None,
            warning: None,
        }
    }
}

/// The packed version changed its layout with 18c (python-oracledb thin/messages/auth.pyx).
fn version_parts(number: u32, field_version: u8) -> [u8; 5] {
    let part = |shift: u32, mask: u32| u8::try_from(number >> shift & mask).unwrap_or(0);
    if field_version >= field_version::V18_1_EXT1 {
        [part(24, 0xff), part(16, 0xff), part(12, 0x0f), part(4, 0xff), part(0, 0x0f)]
    } else {
        [part(24, 0xff), part(20, 0x0f), part(12, 0x0f), part(8, 0x0f), part(0, 0x0f)]
    }
}

impl LogOn<'_> {
    /// Sends the first message behind ACCEPT, if it is not a token's that must be signed first.
    pub(super) fn begin(mut self) -> LogOnStep {
        if self.connection.caps.fast_auth {
            return match self.options.token {
                Some(_) => self.begin_token(),
                None => self.send_phase_one(),
            };
        }
        let mut message = self.connection.writer();
        write_protocol(&mut message, &self.options.driver_name);
        self.connection.call(message, Expect::Protocol, LastRow::default());
        LogOnStep::Protocol
    }

    /// Takes an answer.
    pub(super) fn advance(mut self, step: LogOnStep, response: Response) -> Result<Progress> {
        if let Some(error) = response.error.as_ref().filter(|error| error.number != 0) {
            let error = error.to_db_error();
            return Err(match &self.options.token {
                Some(token) => token::explain(error, token, self.unix_time).into(),
                None => error.into(),
            });
        }
        if let Some(protocol) = &response.protocol {
            self.banner.clone_from(&protocol.banner);
            check_server(self.connection)?;
        }
        let combo_key = match step {
            LogOnStep::Protocol => {
                if response.protocol.is_none() {
                    return Err(Error::misbehaved(
                        "the answer to protocol negotiation has none in it",
                    ));
                }
                let mut message = self.connection.writer();
                write_data_types(&mut message, &self.connection.caps);
                self.connection.call(message, Expect::DataTypes, LastRow::default());
                return Ok(Progress::Awaits(LogOnStep::DataTypes));
            }
            LogOnStep::DataTypes => {
                return Ok(Progress::Awaits(match self.options.token {
                    Some(_) => self.begin_token(),
                    None => self.send_phase_one(),
                }));
            }
            LogOnStep::PhaseOne => return self.answer_challenge(&response.auth),
            LogOnStep::Signature(_) => {
                return Err(Error::misbehaved("an answer came before the token was sent"));
            }
            LogOnStep::PhaseTwo(combo_key) => Some(combo_key),
            LogOnStep::Token => None,
        };
        if let Some(combo_key) = &combo_key {
            let proof = response.auth.iter().find(|pair| pair.key == "AUTH_SVR_RESPONSE");
            o5logon::verify_server_proof(combo_key, proof.map(|pair| pair.value.as_str()))?;
        }
        let version = self.connection.caps.field_version;
        let mut info = SessionInfo::from_pairs(std::mem::take(self.banner), response.auth, version);
        info.token_expires_at =
            self.options.token.as_ref().and_then(|token| token.access.expires_at);
        info.warning = response.warning;
        Ok(Progress::Done(Box::new(LoggedOn { info, combo_key })))
    }

    fn send_phase_one(&mut self) -> LogOnStep {
        let pairs = who_connects(self.options);
        self.send_auth(AuthPhase::One, &pairs);
        LogOnStep::PhaseOne
    }

    /// Sends the token, or asks for the signature that must go with it.
    fn begin_token(&mut self) -> LogOnStep {
        match self.proof_header.take() {
            Some(header) => LogOnStep::Signature(header),
            None => self.send_token(None),
        }
    }

    /// Sends the token.
    pub(super) fn send_token(&mut self, proof: Option<Proof>) -> LogOnStep {
        let Some(token) = &self.options.token else { return self.send_phase_one() };
        let mut pairs = self.proxied_user();
        pairs.push(token.pair());
        pairs.extend(what_session(self.options));
        pairs.append(&mut self.server_pool);
        pairs.extend(proof.into_iter().flat_map(Proof::pairs));
        pairs.extend(self.last_pairs());
        self.send_auth(AuthPhase::Two, &pairs);
        LogOnStep::Token
    }

    fn answer_challenge(&mut self, pairs: &[KeyValue]) -> Result<Progress> {
        let options = self.options;
        let find = |key: &str| pairs.iter().find(|pair| pair.key == key);
        let verifier = find("AUTH_VFR_DATA").map_or(0, |pair| pair.flags);
        let challenge =
            Challenge::from_parameters(verifier, |key| find(key).map(|pair| pair.value.as_str()))?;
        let answer = o5logon::answer_with_key(
            &challenge,
            &options.password_keys.key(&challenge, &options.password),
            &options.password,
            options.new_password.as_ref(),
            &self.entropy.log_on,
        )?;
        let mut pairs = self.proxied_user();
        pairs.push(KeyValue::new("AUTH_SESSKEY", answer.session_key, 1));
        if let Some(speedy_key) = answer.speedy_key {
            pairs.push(KeyValue::new("AUTH_PBKDF2_SPEEDY_KEY", speedy_key, 0));
        }
        pairs.push(KeyValue::new("AUTH_PASSWORD", answer.password, 0));
        if let Some(new_password) = answer.new_password {
            pairs.push(KeyValue::new("AUTH_NEWPASSWORD", new_password, 0));
        }
        pairs.extend(what_session(options));
        pairs.append(&mut self.server_pool);
        pairs.extend(self.last_pairs());
        self.send_auth(AuthPhase::Two, &pairs);
        Ok(Progress::Awaits(LogOnStep::PhaseTwo(answer.combo_key)))
    }

    /// Sends a log-on call. The first one carries negotiation in front, where the server takes
    /// it that way.
    fn send_auth(&mut self, phase: AuthPhase, pairs: &[KeyValue]) {
        let connection = &mut *self.connection;
        let mut message = connection.writer();
        let first = phase == AuthPhase::One || self.options.token.is_some();
        let field_version = if first && connection.caps.fast_auth {
            fast_auth::write_front(&mut message, &self.options.driver_name, &connection.caps);
            fast_auth::PRESUMED_FIELD_VERSION
        } else {
            connection.caps.field_version
        };
        write_auth(
            &mut message,
            phase,
            &mut connection.sequence,
            field_version,
            UserName::split(&self.options.user).name,
            mode_bits(self.options, phase),
            pairs,
        );
        connection.call(message, Expect::Auth, LastRow::default());
    }

    fn proxied_user(&self) -> Vec<KeyValue> {
        let proxied = UserName::split(&self.options.user).proxied;
        proxied.map(|name| KeyValue::new("PROXY_CLIENT_NAME", name, 0)).into_iter().collect()
    }

    fn last_pairs(&self) -> Vec<KeyValue> {
        let edition = self.options.edition.as_ref();
        let mut pairs: Vec<KeyValue> = edition
            .map(|edition| KeyValue::new("AUTH_ORA_EDITION", edition, 0))
            .into_iter()
            .collect();
        for AppContext { namespace, attribute, value } in &self.options.app_context {
            // The server wants these keys to end with a zero byte.
            pairs.push(KeyValue::new("AUTH_APPCTX_NSPACE\0", namespace, 0));
            pairs.push(KeyValue::new("AUTH_APPCTX_ATTR\0", attribute, 0));
            pairs.push(KeyValue::new("AUTH_APPCTX_VALUE\0", value, 0));
        }
        pairs.push(KeyValue::new("AUTH_CONNECT_STRING", self.connect_string.as_str(), 0));
        pairs
    }
}

fn check_server(connection: &Connection) -> Result<()> {
    if connection.caps.field_version < field_version::V12_1 {
        return Err(server_too_old());
    }
    Ok(())
}

/// The error for every server older than 12.1, however it was recognised.
pub(super) fn server_too_old() -> Error {
    Error::unsupported(
        "connecting to a database older than Oracle Database 12.1",
        "upgrade the database to 12.1 or later, or use a driver in thick mode with Oracle Client \
         libraries",
    )
}

fn mode_bits(options: &SessionOptions, phase: AuthPhase) -> u32 {
    let mut bits = options.mode.wire_bits();
    if options.new_password.is_none() {
        bits |= mode::LOGON;
    }
    if let Some(token) = &options.token {
        return bits | token.mode_bits();
    }
    if phase == AuthPhase::Two {
        bits |= mode::WITH_PASSWORD;
        if options.new_password.is_some() {
            bits |= mode::CHANGE_PASSWORD;
        }
    }
    bits
}

fn who_connects(options: &SessionOptions) -> [KeyValue; 5] {
    let client = &options.client;
    [
        KeyValue::new("AUTH_TERMINAL", client.terminal(), 0),
        KeyValue::new("AUTH_PROGRAM_NM", client.program(), 0),
        KeyValue::new("AUTH_MACHINE", client.machine(), 0),
        KeyValue::new("AUTH_PID", client.pid().to_string(), 0),
        KeyValue::new("AUTH_SID", client.os_user(), 0),
    ]
}

/// What the session shall be like, behind the proof in phase two.
fn what_session(options: &SessionOptions) -> [KeyValue; 4] {
    let (major, minor, patch) = options.driver_version;
    let version = u32::from(major) << 24 | u32::from(minor) << 20 | u32::from(patch) << 12;
    let driver = if options.driver_name.contains(" : ") {
        options.driver_name.clone()
    } else {
        format!("{} thn : {major}.{minor}.{patch}", options.driver_name)
    };
    let zone = match options.time_zone.to_ascii_uppercase().as_str() {
        word @ ("LOCAL" | "DBTIMEZONE") => word.to_owned(),
        _ => format!("'{}'", options.time_zone.replace('\'', "''")),
    };
    [
        KeyValue::new("SESSION_CLIENT_CHARSET", "873", 0),
        KeyValue::new("SESSION_CLIENT_DRIVER_NAME", driver, 0),
        KeyValue::new("SESSION_CLIENT_VERSION", version.to_string(), 0),
        // The server wants the statement to end with a zero byte.
        KeyValue::new("AUTH_ALTER_SESSION", format!("ALTER SESSION SET TIME_ZONE={zone}\0"), 1),
    ]
}
