//! From CONNECT to ACCEPT.

use crate::error::{Error, Result};
use crate::wire::connect::{Accept, Redirect, Refuse};
use crate::wire::packet::{Packet, packet_flag, packet_type};

/// A redirect's text is an address and connect data; more than this is nonsense.
const MAX_REDIRECT_LENGTH: usize = 65535;

/// What the listener answered to CONNECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpeningEvent {
    /// It takes the connection.
    Accepted(Accept),
    /// It does not.
    Refused(Refuse),
    /// It wants CONNECT again, on the same stream.
    Resend {
        /// TLS must begin anew first.
        restart_tls: bool,
    },
    /// It wants the client to go to another address.
    Redirected {
        /// The address and the connect data for it ([`crate::connect_string::Redirect`]).
        text: Vec<u8>,
    },
}

/// Waits for the answer to CONNECT.
#[derive(Debug, Default)]
pub struct Opening {
    /// Length of a redirect's text, and what came of it.
    redirect: Option<(usize, Vec<u8>)>,
}

impl Opening {
    /// Takes one packet; gives the answer once it is whole.
    pub fn handle_packet(&mut self, packet: &Packet<'_>) -> Result<Option<OpeningEvent>> {
        if let Some((length, text)) = &mut self.redirect {
            if packet.packet_type != packet_type::DATA {
                return Err(unexpected(packet.packet_type, "the rest of a REDIRECT"));
            }
            text.extend_from_slice(packet.data()?.1);
            return Ok(redirected(*length, text));
        }
        match packet.packet_type {
            packet_type::ACCEPT => {
                Ok(Some(OpeningEvent::Accepted(Accept::decode(packet.payload)?)))
            }
            packet_type::REFUSE => Ok(Some(OpeningEvent::Refused(Refuse::decode(packet.payload)?))),
            packet_type::RESEND => Ok(Some(OpeningEvent::Resend {
                restart_tls: packet.flags & packet_flag::TLS_RENEGOTIATE != 0,
            })),
            packet_type::REDIRECT => {
                let Redirect { length, inside } = Redirect::decode(packet.payload)?;
                if length == 0 || length > MAX_REDIRECT_LENGTH {
                    return Err(Error::misbehaved("a REDIRECT without a text came"));
                }
                let event = redirected(length, &inside);
                self.redirect = Some((length, inside));
                Ok(event)
            }
            other => Err(unexpected(other, "an answer to CONNECT")),
        }
    }
}

fn redirected(length: usize, text: &[u8]) -> Option<OpeningEvent> {
    text.get(..length).map(|text| OpeningEvent::Redirected { text: text.to_vec() })
}

pub(super) fn unexpected(packet_type: u8, expected: &str) -> Error {
    Error::misbehaved(format!("{expected} was expected, a packet of type {packet_type} came"))
}
