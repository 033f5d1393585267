//! Why there is no connection, or no longer one, in words that a page can show.

use std::fmt;

use serde::Serialize;

use crate::message::BridgeFrame;

/// What kind of refusal or failure it is; part of the protocol (`PROTOCOL.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Code {
    /// A frame that the protocol does not allow here.
    BadRequest,
    /// The bridge asks for a token, and the client's is missing or wrong.
    Unauthorized,
    /// The page's Origin, or its absence, is not allowed.
    OriginNotAllowed,
    /// The target is not on the list.
    TargetNotAllowed,
    /// The target's name leads to an address that is not allowed.
    AddressNotAllowed,
    /// An identity request for a path that no token is asked for at.
    PathNotAllowed,
    /// An HTTP request with another method than the path takes.
    MethodNotAllowed,
    /// No `connect` frame came in time.
    HandshakeTimeout,
    /// No bytes either way for too long.
    IdleTimeout,
    /// The connection has been open for as long as one may be.
    LifetimeOver,
    /// The connection has carried as many bytes as one may.
    ByteLimit,
    /// The client takes no more bytes.
    ClientStalled,
    /// The client stopped answering pings.
    ClientGone,
    /// A frame above the size limit.
    MessageTooBig,
    /// The limit of connections, in all or from one address, is reached.
    TooManyConnections,
    /// The host has no address.
    NameLookupFailed,
    /// Nothing listens at the target.
    ConnectionRefused,
    /// The network has no way to the target.
    Unreachable,
    /// The database side broke off.
    ConnectionLost,
    /// An identity service's answer is not HTTP, or too long.
    BadAnswer,
    /// The bridge is going down.
    ShuttingDown,
    /// No answer from the target in time.
    ConnectionTimedOut,
    /// The TLS handshake with the target failed.
    TlsFailed,
    /// The target's certificate is not accepted.
    TlsUntrusted,
}

impl Code {
    /// The name on the wire: `TARGET_NOT_ALLOWED`.
    pub fn name(self) -> &'static str {
        match self {
            Code::BadRequest => "BAD_REQUEST",
            Code::Unauthorized => "UNAUTHORIZED",
            Code::OriginNotAllowed => "ORIGIN_NOT_ALLOWED",
            Code::TargetNotAllowed => "TARGET_NOT_ALLOWED",
            Code::AddressNotAllowed => "ADDRESS_NOT_ALLOWED",
            Code::PathNotAllowed => "PATH_NOT_ALLOWED",
            Code::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Code::HandshakeTimeout => "HANDSHAKE_TIMEOUT",
            Code::IdleTimeout => "IDLE_TIMEOUT",
            Code::LifetimeOver => "LIFETIME_OVER",
            Code::ByteLimit => "BYTE_LIMIT",
            Code::ClientStalled => "CLIENT_STALLED",
            Code::ClientGone => "CLIENT_GONE",
            Code::MessageTooBig => "MESSAGE_TOO_BIG",
            Code::TooManyConnections => "TOO_MANY_CONNECTIONS",
            Code::NameLookupFailed => "NAME_LOOKUP_FAILED",
            Code::ConnectionRefused => "CONNECTION_REFUSED",
            Code::Unreachable => "UNREACHABLE",
            Code::ConnectionLost => "CONNECTION_LOST",
            Code::BadAnswer => "BAD_ANSWER",
            Code::ShuttingDown => "SHUTTING_DOWN",
            Code::ConnectionTimedOut => "CONNECTION_TIMED_OUT",
            Code::TlsFailed => "TLS_FAILED",
            Code::TlsUntrusted => "TLS_UNTRUSTED",
        }
    }

    /// The WebSocket close code: 4000 and the HTTP status that comes nearest.
    pub fn close_code(self) -> u16 {
        match self {
            Code::BadRequest => 4400,
            Code::Unauthorized => 4401,
            Code::OriginNotAllowed
            | Code::TargetNotAllowed
            | Code::AddressNotAllowed
            | Code::PathNotAllowed => 4403,
            Code::MethodNotAllowed => 4405,
            Code::HandshakeTimeout
            | Code::IdleTimeout
            | Code::LifetimeOver
            | Code::ClientStalled
            | Code::ClientGone => 4408,
            Code::MessageTooBig | Code::ByteLimit => 4413,
            Code::TooManyConnections => 4429,
            Code::NameLookupFailed
            | Code::ConnectionRefused
            | Code::Unreachable
            | Code::ConnectionLost
            | Code::BadAnswer => 4502,
            Code::ShuttingDown => 4503,
            Code::ConnectionTimedOut => 4504,
            Code::TlsFailed => 4525,
            Code::TlsUntrusted => 4526,
        }
    }
}

/// What a close code is above the HTTP status that comes nearest.
const CLOSE_CODE_BASE: u16 = 4000;

impl Code {
    /// The HTTP status, where the refusal is the answer to a request.
    pub fn http_status(self) -> u16 {
        self.close_code() - CLOSE_CODE_BASE
    }
}

/// Why the bridge says no, or why a connection is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// For programs.
    pub code: Code,
    /// What happened.
    pub message: String,
    /// What to do about it; may be empty.
    pub remedy: String,
}

impl Refusal {
    /// A refusal; `remedy` may be empty.
    pub fn new(code: Code, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Refusal { code, message: message.into(), remedy: remedy.into() }
    }

    /// As the frame that ends an opening.
    pub(crate) fn as_refused(&self) -> BridgeFrame<'_> {
        let Refusal { code, message, remedy } = self;
        BridgeFrame::Refused { code: *code, message, remedy }
    }

    /// The message for the log: without what a client's frame may have put into it.
    pub(crate) fn logged(&self) -> &str {
        match self.code {
            Code::BadRequest => "what came is not of the protocol",
            _ => &self.message,
        }
    }

    /// The reason of the close frame: the code and as much of the message as fits.
    pub(crate) fn close_reason(&self) -> String {
        let mut reason = format!("{}: {}", self.code.name(), self.message);
        if reason.len() > CLOSE_REASON_MAX {
            let mut end = CLOSE_REASON_MAX - ELLIPSIS.len();
            while !reason.is_char_boundary(end) {
                end -= 1;
            }
            reason.truncate(end);
            reason.push_str(ELLIPSIS);
        }
        reason
    }
}

/// RFC 6455, 5.5: a control frame has at most 125 bytes, two of which are the close code.
const CLOSE_REASON_MAX: usize = 123;
const ELLIPSIS: &str = "...";

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_reason_fits_into_a_control_frame_and_is_never_cut_inside_a_character() {
        for length in 90..140 {
            let refusal = Refusal::new(Code::TlsUntrusted, "ü".repeat(length), "");
            let reason = refusal.close_reason();
            assert!(reason.len() <= 123, "{}", reason.len());
            assert!(reason.starts_with("TLS_UNTRUSTED: ü"));
        }
        let short = Refusal::new(Code::BadRequest, "no", "");
        assert_eq!(short.close_reason(), "BAD_REQUEST: no");
    }

    #[test]
    fn the_name_is_the_one_that_serde_writes() {
        for code in [Code::BadRequest, Code::TooManyConnections, Code::TlsUntrusted] {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }
}
