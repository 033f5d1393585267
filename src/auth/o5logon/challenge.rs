//! What the server sends in phase one, checked.

use super::cipher::{MD5_SESSION_KEY, PBKDF2_SESSION_KEY};
use crate::{Error, Result};

/// Most iterations that a server may ask for. Real servers ask for 4096 and 3; without a limit a
/// hostile one could keep the client busy for hours. node-oracledb has the same limit.
pub const MAX_ITERATIONS: u32 = 100_000;

/// Longest salt that is taken, in bytes. Real ones have 10 (11G) or 16.
const MAX_SALT: usize = 64;

/// The kind of password verifier that an account has and this crate can use: the flag behind
/// `AUTH_VFR_DATA`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VerifierType {
    /// SHA-1 and salt, 0xb152.
    Oracle11g,
    /// SHA-1 and salt, 0x1b25; both numbers mean the same computation.
    Oracle11gAlternate,
    /// PBKDF2 and SHA-512, 0x4815.
    Oracle12c,
}

/// The flag of an account that has nothing but the DES-based verifier of Oracle 10g.
const ORACLE_10G: u32 = 0x0939;

impl VerifierType {
    /// The type for the flag of `AUTH_VFR_DATA`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a 10G verifier and for numbers that are not known, with what the
    /// account's administrator can do about it.
    pub fn from_wire(flag: u32) -> Result<Self> {
        match flag {
            0xb152 => Ok(VerifierType::Oracle11g),
            0x1b25 => Ok(VerifierType::Oracle11gAlternate),
            0x4815 => Ok(VerifierType::Oracle12c),
            ORACLE_10G => Err(Error::unsupported(
                "password log-on to an account that has only a 10G verifier (type 0x939)",
                "give the account an 11G or 12C verifier: let an administrator check that \
                 SEC_CASE_SENSITIVE_LOGON is not FALSE and that \
                 SQLNET.ALLOWED_LOGON_VERSION_SERVER in the server's sqlnet.ora is 11 or higher, \
                 and then set the password again with ALTER USER ... IDENTIFIED BY ...; \
                 DBA_USERS.PASSWORD_VERSIONS shows which verifiers an account has",
            )),
            other => Err(Error::unsupported(
                format!("password log-on with verifier type 0x{other:x}"),
                "set the password of the account again with ALTER USER ... IDENTIFIED BY ... \
                 while SQLNET.ALLOWED_LOGON_VERSION_SERVER in the server's sqlnet.ora is 11 or \
                 higher, so that it gets an 11G or 12C verifier",
            )),
        }
    }

    /// The flag of `AUTH_VFR_DATA`.
    pub fn to_wire(self) -> u32 {
        match self {
            VerifierType::Oracle11g => 0xb152,
            VerifierType::Oracle11gAlternate => 0x1b25,
            VerifierType::Oracle12c => 0x4815,
        }
    }
}

/// The server's parameters of phase one that the password log-on needs, decoded and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub(super) verifier_type: VerifierType,
    /// `AUTH_VFR_DATA`.
    pub(super) verifier_salt: Vec<u8>,
    /// `AUTH_SESSKEY`: the server's half, encrypted with the password hash. 32 or 48 bytes.
    pub(super) session_key: Vec<u8>,
    /// `AUTH_PBKDF2_CSK_SALT`; `None` from a server that mixes with MD5.
    pub(super) combo_salt: Option<Vec<u8>>,
    /// `AUTH_PBKDF2_VGEN_COUNT`; 0 for 11G verifiers, which do not use it.
    pub(super) verifier_iterations: u32,
    /// `AUTH_PBKDF2_SDER_COUNT`; 0 where the combo key is mixed with MD5.
    pub(super) combo_iterations: u32,
}

impl Challenge {
    /// Reads the challenge out of the return parameters of phase one.
    ///
    /// `parameter` looks one up by its name and gives its text; `verifier_flag` is the flag that
    /// came with `AUTH_VFR_DATA`. Parameters that this verifier does not need are not looked at.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a verifier that cannot be used ([`VerifierType::from_wire`]);
    /// [`Error::PeerMisbehaved`] for a parameter that is missing, is not hexadecimal, has a length
    /// that cannot be, or asks for more than [`MAX_ITERATIONS`].
    pub fn from_parameters<'a>(
        verifier_flag: u32,
        parameter: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self> {
        let text = |name: &str| {
            parameter(name)
                .ok_or_else(|| Error::misbehaved(format!("the log-on challenge has no {name}")))
        };
        let verifier_type = VerifierType::from_wire(verifier_flag)?;
        let verifier_salt = salt("AUTH_VFR_DATA", text("AUTH_VFR_DATA")?)?;
        let session_key = hex("AUTH_SESSKEY", text("AUTH_SESSKEY")?, MD5_SESSION_KEY)?;
        if !matches!(session_key.len(), MD5_SESSION_KEY | PBKDF2_SESSION_KEY) {
            return Err(Error::misbehaved(format!(
                "AUTH_SESSKEY has {} bytes where {PBKDF2_SESSION_KEY} or {MD5_SESSION_KEY} were \
                 expected",
                session_key.len()
            )));
        }
        let verifier_iterations = match verifier_type {
            VerifierType::Oracle12c => {
                iterations("AUTH_PBKDF2_VGEN_COUNT", text("AUTH_PBKDF2_VGEN_COUNT")?)?
            }
            VerifierType::Oracle11g | VerifierType::Oracle11gAlternate => 0,
        };
        let (combo_salt, combo_iterations) = if session_key.len() == MD5_SESSION_KEY {
            (None, 0)
        } else {
            (
                Some(salt("AUTH_PBKDF2_CSK_SALT", text("AUTH_PBKDF2_CSK_SALT")?)?),
                iterations("AUTH_PBKDF2_SDER_COUNT", text("AUTH_PBKDF2_SDER_COUNT")?)?,
            )
        };
        Ok(Challenge {
            verifier_type,
            verifier_salt,
            session_key,
            combo_salt,
            verifier_iterations,
            combo_iterations,
        })
    }

    /// The kind of verifier that the account has.
    pub fn verifier_type(&self) -> VerifierType {
        self.verifier_type
    }
}

/// Decodes a parameter of hexadecimal text (either case) of at most `max` bytes.
pub(super) fn hex(name: &str, text: &str, max: usize) -> Result<Vec<u8>> {
    if text.len() > max * 2 {
        return Err(Error::misbehaved(format!(
            "{name} has {} hexadecimal digits where at most {} were expected",
            text.len(),
            max * 2
        )));
    }
    base16ct::mixed::decode_vec(text).map_err(|_| {
        Error::misbehaved(format!(
            "{name} is not an even number of hexadecimal digits ({} characters)",
            text.len()
        ))
    })
}

fn salt(name: &str, text: &str) -> Result<Vec<u8>> {
    let bytes = hex(name, text, MAX_SALT)?;
    if bytes.is_empty() {
        return Err(Error::misbehaved(format!("{name} is empty where a salt was expected")));
    }
    Ok(bytes)
}

fn iterations(name: &str, text: &str) -> Result<u32> {
    match text.parse::<u32>() {
        Ok(count) if (1..=MAX_ITERATIONS).contains(&count) => Ok(count),
        _ => Err(Error::misbehaved(format!(
            "{name} is {:?} where a number from 1 to {MAX_ITERATIONS} was expected",
            text.chars().take(20).collect::<String>()
        ))),
    }
}
