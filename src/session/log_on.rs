//! From ACCEPT to a session: negotiation and the two log-on calls.

use std::collections::BTreeMap;

use super::options::{SessionEntropy, SessionOptions};
use crate::auth::mode;
use crate::auth::o5logon::{self, Challenge, ComboKey};
use crate::error::{Error, Result};
use crate::protocol::{Connection, Expect, LastRow, Response};
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
}

impl SessionInfo {
    /// The server's version as text (`19.21.0.0.0`).
    pub fn version_text(&self) -> String {
        self.version.map(|part| part.to_string()).join(".")
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

/// Sends the first message behind ACCEPT.
pub(super) fn begin(connection: &mut Connection, options: &SessionOptions) -> LogOnStep {
    let mut message = connection.writer();
    if !connection.caps.fast_auth {
        write_protocol(&mut message, &options.driver_name);
        connection.call(message, Expect::Protocol, LastRow::default());
        return LogOnStep::Protocol;
    }
    fast_auth::write_front(&mut message, &options.driver_name, &connection.caps);
    let pairs = who_connects(options);
    write_auth(
        &mut message,
        AuthPhase::One,
        &mut connection.sequence,
        fast_auth::PRESUMED_FIELD_VERSION,
        &options.user,
        mode_bits(options, AuthPhase::One),
        &pairs,
    );
    connection.call(message, Expect::Auth, LastRow::default());
    LogOnStep::PhaseOne
}

/// Takes an answer; gives the next step, or the session's description at the end.
pub(super) fn advance(
    step: LogOnStep,
    response: Response,
    connection: &mut Connection,
    options: &SessionOptions,
    entropy: &SessionEntropy,
    connect_string: &str,
    banner: &mut String,
) -> Result<std::result::Result<LogOnStep, SessionInfo>> {
    if let Some(error) = response.error.as_ref().filter(|error| error.number != 0) {
        return Err(error.to_db_error().into());
    }
    if let Some(protocol) = &response.protocol {
        banner.clone_from(&protocol.banner);
        check_server(connection)?;
    }
    match step {
        LogOnStep::Protocol => {
            if response.protocol.is_none() {
                return Err(Error::misbehaved("the answer to protocol negotiation has none in it"));
            }
            let mut message = connection.writer();
            write_data_types(&mut message, &connection.caps);
            connection.call(message, Expect::DataTypes, LastRow::default());
            Ok(Ok(LogOnStep::DataTypes))
        }
        LogOnStep::DataTypes => {
            let mut message = connection.writer();
            write_auth(
                &mut message,
                AuthPhase::One,
                &mut connection.sequence,
                connection.caps.field_version,
                &options.user,
                mode_bits(options, AuthPhase::One),
                &who_connects(options),
            );
            connection.call(message, Expect::Auth, LastRow::default());
            Ok(Ok(LogOnStep::PhaseOne))
        }
        LogOnStep::PhaseOne => {
            answer_challenge(&response.auth, connection, options, entropy, connect_string)
        }
        LogOnStep::PhaseTwo(combo_key) => {
            let proof = response.auth.iter().find(|pair| pair.key == "AUTH_SVR_RESPONSE");
            o5logon::verify_server_proof(&combo_key, proof.map(|pair| pair.value.as_str()))?;
            let version = connection.caps.field_version;
            Ok(Err(SessionInfo::from_pairs(std::mem::take(banner), response.auth, version)))
        }
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

fn answer_challenge(
    pairs: &[KeyValue],
    connection: &mut Connection,
    options: &SessionOptions,
    entropy: &SessionEntropy,
    connect_string: &str,
) -> Result<std::result::Result<LogOnStep, SessionInfo>> {
    let find = |key: &str| pairs.iter().find(|pair| pair.key == key);
    let verifier = find("AUTH_VFR_DATA").map_or(0, |pair| pair.flags);
    let challenge =
        Challenge::from_parameters(verifier, |key| find(key).map(|pair| pair.value.as_str()))?;
    let answer = o5logon::answer_with_key(
        &challenge,
        &options.password_keys.key(&challenge, &options.password),
        &options.password,
        options.new_password.as_ref(),
        &entropy.log_on,
    )?;
    let mut pairs = vec![KeyValue::new("AUTH_SESSKEY", answer.session_key, 1)];
    if let Some(speedy_key) = answer.speedy_key {
        pairs.push(KeyValue::new("AUTH_PBKDF2_SPEEDY_KEY", speedy_key, 0));
    }
    pairs.push(KeyValue::new("AUTH_PASSWORD", answer.password, 0));
    if let Some(new_password) = answer.new_password {
        pairs.push(KeyValue::new("AUTH_NEWPASSWORD", new_password, 0));
    }
    pairs.extend(what_session(options));
    pairs.push(KeyValue::new("AUTH_CONNECT_STRING", connect_string, 0));
    let mut message = connection.writer();
    write_auth(
        &mut message,
        AuthPhase::Two,
        &mut connection.sequence,
        connection.caps.field_version,
        &options.user,
        mode_bits(options, AuthPhase::Two),
        &pairs,
    );
    connection.call(message, Expect::Auth, LastRow::default());
    Ok(Ok(LogOnStep::PhaseTwo(answer.combo_key)))
}

fn mode_bits(options: &SessionOptions, phase: AuthPhase) -> u32 {
    let mut bits = options.mode.wire_bits();
    if options.new_password.is_none() {
        bits |= mode::LOGON;
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
fn what_session(options: &SessionOptions) -> Vec<KeyValue> {
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
    let mut pairs = vec![
        KeyValue::new("SESSION_CLIENT_CHARSET", "873", 0),
        KeyValue::new("SESSION_CLIENT_DRIVER_NAME", driver, 0),
        KeyValue::new("SESSION_CLIENT_VERSION", version.to_string(), 0),
        // The server wants the statement to end with a zero byte.
        KeyValue::new("AUTH_ALTER_SESSION", format!("ALTER SESSION SET TIME_ZONE={zone}\0"), 1),
    ];
    if let Some(edition) = &options.edition {
        pairs.push(KeyValue::new("AUTH_ORA_EDITION", edition, 0));
    }
    pairs
}
