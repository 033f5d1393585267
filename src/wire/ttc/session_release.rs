//! Giving a session back to the server's pool: a message that has no answer.

use super::codes::{function, message};
use super::function::{Sequence, write_front};
use crate::wire::Writer;

/// The session shall forget whose it was (python-oracledb thin/constants.pxi:
/// `DRCP_DEAUTHENTICATE`).
pub const DEAUTHENTICATE: u32 = 0x0000_0002;

/// Writes the message.
pub fn write(writer: &mut Writer, sequence: &mut Sequence, version: u8, mode: u32) {
    write_front(writer, message::ONE_WAY_FUNCTION, function::SESSION_RELEASE, sequence, version);
    writer.u8(0); // pointer: tag
    writer.u8(0); // its length
    writer.ub4(mode);
}
