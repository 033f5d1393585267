//! The control frames, as `PROTOCOL.md` describes them.

use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use crate::refusal::{Code, Refusal};
use crate::token::Token;

/// The WebSocket sub-protocol that a client offers.
pub const SUBPROTOCOL: &str = "oraedge.v1";

/// What the bridge calls itself in `connected` and in `/healthz`.
pub(crate) const BRIDGE_NAME: &str = concat!("oraedge-bridge/", env!("CARGO_PKG_VERSION"));

/// A control frame from the client.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ClientFrame {
    /// Names the target; the first frame, once.
    Connect(Box<ConnectRequest>),
    /// The client sends no more bytes.
    Eof,
    /// A new TLS handshake on the same TCP connection.
    RestartTls,
}

impl ClientFrame {
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        serde_json::from_str(text).map_err(|error| {
            Refusal::new(
                Code::BadRequest,
                format!("not a control frame of {SUBPROTOCOL}: {error}"),
                "see PROTOCOL.md of oraedge-bridge; a newer client may need a newer bridge",
            )
        })
    }
}

/// The `connect` frame.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConnectRequest {
    pub(crate) host: String,
    pub(crate) port: NonZeroU16,
    pub(crate) protocol: Protocol,
    #[serde(default)]
    pub(crate) tls: TlsEnd,
    #[serde(default = "yes")]
    pub(crate) dn_match: bool,
    #[serde(default)]
    pub(crate) ssl_server_cert_dn: Option<String>,
    #[serde(default)]
    pub(crate) server_name: Option<String>,
    #[serde(default)]
    pub(crate) sni: Option<String>,
    #[serde(default)]
    pub(crate) token: Option<Token>,
}

fn yes() -> bool {
    true
}

impl ConnectRequest {
    /// With the required fields alone.
    pub(crate) fn new(host: &str, port: NonZeroU16, protocol: Protocol) -> Self {
        ConnectRequest {
            host: host.to_owned(),
            port,
            protocol,
            tls: TlsEnd::default(),
            dn_match: yes(),
            ssl_server_cert_dn: None,
            server_name: None,
            sni: None,
            token: None,
        }
    }

    /// Whether the bridge itself speaks TLS to the target.
    pub(crate) fn bridge_ends_tls(&self) -> bool {
        self.protocol == Protocol::Tcps && self.tls == TlsEnd::Bridge
    }
}

/// What the database listens for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    Tcp,
    Tcps,
}

/// Who ends the TLS connection to a TCPS target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TlsEnd {
    /// The bridge.
    #[default]
    Bridge,
    /// The client; the bridge carries ciphertext.
    Relay,
}

/// A control frame to the client.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(crate) enum BridgeFrame<'a> {
    Connected { bridge: &'static str, max_message_bytes: usize, tls: Option<TlsFacts> },
    Refused { code: Code, message: &'a str, remedy: &'a str },
    Error { code: Code, message: &'a str, remedy: &'a str },
    Eof,
    TlsRestarted { tls: Option<TlsFacts> },
    Draining { closes_in_ms: u64 },
}

impl BridgeFrame<'_> {
    pub(crate) fn to_json(&self) -> String {
        // Strings, numbers and nothing else: there is nothing in it that could fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What was negotiated where the bridge ends TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TlsFacts {
    pub(crate) protocol: String,
    pub(crate) cipher_suite: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connect_frame_with_the_required_fields_has_the_safe_defaults() {
        let text = r#"{"type":"connect","host":"db","port":2484,"protocol":"tcps"}"#;
        let ClientFrame::Connect(request) = ClientFrame::parse(text).unwrap() else {
            panic!("not a connect frame");
        };
        assert!(request.dn_match);
        assert!(request.bridge_ends_tls());
        assert_eq!((request.host.as_str(), request.port.get()), ("db", 2484));
        assert_eq!(
            (request.server_name, request.sni, request.ssl_server_cert_dn),
            (None, None, None)
        );
    }

    #[test]
    fn what_the_protocol_does_not_know_is_refused_by_name() {
        for (text, says) in [
            ("", "EOF"),
            ("[]", "type"),
            ("7", "expected"),
            (r#"{"type":"dance"}"#, "dance"),
            (r#"{"type":"connect","host":"db","port":0,"protocol":"tcp"}"#, "nonzero"),
            (r#"{"type":"connect","host":"db","port":65536,"protocol":"tcp"}"#, "65536"),
            (r#"{"type":"connect","host":"db","port":1,"protocol":"udp"}"#, "udp"),
            (r#"{"type":"connect","host":"db","protocol":"tcp"}"#, "port"),
            (r#"{"type":"connect","host":"db","port":1,"protocol":"tcp","pin":"aa"}"#, "pin"),
            (
                r#"{"type":"connect","host":"db","port":1,"protocol":"tcp","dnMatch":"no"}"#,
                "boolean",
            ),
        ] {
            let refusal = ClientFrame::parse(text).unwrap_err();
            assert_eq!(refusal.code, Code::BadRequest, "{text}");
            assert!(refusal.message.contains(says), "{text}: {}", refusal.message);
        }
    }

    #[test]
    fn frames_to_the_client_are_spelled_as_documented() {
        let facts = TlsFacts { protocol: "TLSv1.3".into(), cipher_suite: "X".into() };
        for (frame, json) in [
            (
                BridgeFrame::Connected { bridge: "b/1", max_message_bytes: 7, tls: Some(facts) },
                r#"{"type":"connected","bridge":"b/1","maxMessageBytes":7,"tls":{"protocol":"TLSv1.3","cipherSuite":"X"}}"#,
            ),
            (
                BridgeFrame::Refused { code: Code::TargetNotAllowed, message: "m", remedy: "r" },
                r#"{"type":"refused","code":"TARGET_NOT_ALLOWED","message":"m","remedy":"r"}"#,
            ),
            (BridgeFrame::Eof, r#"{"type":"eof"}"#),
            (BridgeFrame::TlsRestarted { tls: None }, r#"{"type":"tls_restarted","tls":null}"#),
            (BridgeFrame::Draining { closes_in_ms: 5 }, r#"{"type":"draining","closesInMs":5}"#),
        ] {
            assert_eq!(frame.to_json(), json);
        }
    }
}
