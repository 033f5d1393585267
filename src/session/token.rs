//! The log-on by token: one call, phase two alone, with the token in it instead of a password.
//!
//! Which pairs go with it, in which order and with which mode bits is what python-oracledb 26.1
//! sends (`impl/thin/messages/auth.pyx`); `tests/token_log_on.rs` compares the bytes.

use crate::auth::{AccessToken, Secret, mode};
use crate::connect_string::{Address, Description, Protocol};
use crate::error::{DbError, Error, Result};
use crate::time::UnixTime;
use crate::wire::ttc::auth::KeyValue;

/// A token to log on with instead of a password.
#[derive(Debug, Clone)]
pub struct SessionToken {
    /// The token.
    pub access: AccessToken,
    /// The token is bound to a key, so possession of it is proved: the session gives out
    /// [`super::Output::Sign`] on the way. Off for bearer tokens.
    pub proof: bool,
    /// The time of day when the session is made. What is signed carries the date.
    pub made_at: UnixTime,
}

/// A header and the signature of it.
pub(super) struct Proof {
    pub(super) header: String,
    /// In base64.
    pub(super) signature: String,
}

impl SessionToken {
    /// The bits that go with the message beside those of every log-on.
    pub(super) fn mode_bits(&self) -> u32 {
        if self.proof { mode::IAM_TOKEN } else { 0 }
    }

    /// The pair that stands where a password log-on has its session key.
    pub(super) fn pair(&self) -> KeyValue {
        KeyValue::new("AUTH_TOKEN", self.access.token.expose_text().unwrap_or_default(), 0)
    }
}

impl Proof {
    /// The pairs behind what the session shall be like.
    pub(super) fn pairs(self) -> [KeyValue; 2] {
        [
            KeyValue::new("AUTH_HEADER", self.header, 0),
            KeyValue::new("AUTH_SIGNATURE", self.signature, 0),
        ]
    }
}

/// Refuses what cannot go together with a token, before anything is sent.
pub(super) fn check_new_password(new_password: Option<&Secret>) -> Result<()> {
    match new_password {
        Some(_) => Err(Error::misuse(
            "a new password cannot be set while logging on with an access token",
            "log on with the old password to change it, or leave out the new password",
        )),
        None => Ok(()),
    }
}

/// Refuses to carry a token where others can read it.
pub(super) fn check_encrypted(address: &Address) -> Result<()> {
    match address.protocol {
        Protocol::Tcps => Ok(()),
        Protocol::Tcp => Err(Error::auth(
            format!(
                "an access token is not sent to {} over {}, where anybody on the way could read \
                 it and log on with it",
                address.authority(),
                address.protocol.name()
            ),
            "connect with TLS: write tcps://host:port/service, or (PROTOCOL=TCPS) in the \
             descriptor (databases usually listen for it on port 2484, Autonomous Database on \
             1521 or 1522)",
        )),
    }
}

/// The service that is named in the proof; python-oracledb names no other than this.
pub(super) fn service_name(description: &Description) -> &str {
    description.connect_data.service_name.as_deref().unwrap_or_default()
}

/// The number of "invalid credential or not authorized; logon denied".
const LOGON_DENIED: u32 = 1017;
/// The number of "The token is invalid".
const TOKEN_INVALID: u32 = 25707;
/// The number of "The expiration time of the token has passed".
const TOKEN_EXPIRED: u32 = 25708;

/// The server's refusal of a token, with what may be wrong in words behind its own text.
pub(super) fn explain(mut error: DbError, token: &SessionToken, now: UnixTime) -> DbError {
    let clock = |token: &SessionToken| {
        let now = now.http_date();
        match token.access.expires_at {
            Some(expires_at) => format!(
                "the token expires at {} and this machine's clock says {now}; a clock that is \
                 minutes off makes tokens and proofs invalid",
                expires_at.http_date()
            ),
            None => format!("this machine's clock says {now}; check it"),
        }
    };
    let hint = match error.number {
        LOGON_DENIED => format!(
            "The server did not accept the access token. Either the principal that it was issued \
             to is mapped to no user of this database (CREATE USER ... IDENTIFIED GLOBALLY AS \
             'IAM_GROUP_NAME=...', 'IAM_PRINCIPAL_OCID=...' or 'AZURE_ROLE=...'), or the token is \
             for another database or compartment (its scope), or the database does not take \
             tokens of this issuer (parameter IDENTITY_PROVIDER_TYPE), or the clock is wrong: {}.",
            clock(token)
        ),
        TOKEN_EXPIRED => format!("Get a new token; {}.", clock(token)),
        TOKEN_INVALID => format!(
            "The token is for another database, was changed on the way, or its proof of \
             possession does not fit (another private key, or the clock: {}).",
            clock(token)
        ),
        25700..=25799 => {
            "This number belongs to log-on by token: the error is about the access token or the \
             server's set-up for tokens, not about a password."
                .to_owned()
        }
        _ => return error,
    };
    error.message = format!("{}\n{hint}", error.message);
    error
}
