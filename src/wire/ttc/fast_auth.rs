//! Fast authentication: protocol negotiation, data types and the first log-on step in one message.

use super::codes::message;
use super::negotiation::{write_data_types, write_protocol};
use crate::wire::Writer;
use crate::wire::capabilities::{Capabilities, field_version};

/// The field version that the messages inside are written in, since nothing is negotiated yet.
pub const PRESUMED_FIELD_VERSION: u8 = field_version::V19_1_EXT1;
/// The version of the message itself.
const FAST_AUTH_VERSION: u8 = 1;
/// The server converts characters, so the client says nothing of its own sets.
const SERVER_CONVERTS_CHARS: u8 = 1;

/// Writes everything up to the log-on call, which the caller writes behind it with
/// [`PRESUMED_FIELD_VERSION`].
pub fn write_front(writer: &mut Writer, driver: &str, capabilities: &Capabilities) {
    writer.u8(message::FAST_AUTH);
    writer.u8(FAST_AUTH_VERSION);
    writer.u8(SERVER_CONVERTS_CHARS);
    writer.u8(0); // second flags
    write_protocol(writer, driver);
    writer.u16_be(0); // server's character set: not known yet
    writer.u8(0); // its flag
    writer.u16_be(0); // server's national character set
    writer.u8(PRESUMED_FIELD_VERSION);
    write_data_types(writer, capabilities);
}
