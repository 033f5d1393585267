//! TNS packets: the frames that everything travels in.
//!
//! ```text
//!  0        2        4     5      6        8
//!  +--------+--------+-----+------+--------+-----------
//!  | length | 0      | type| flags| 0      | payload     up to and including ACCEPT
//!  | length          | type| flags| 0      | payload     behind an ACCEPT of version 315 or later
//!  +-----------------+-----+------+--------+-----------
//! ```
//!
//! The payload of a DATA packet begins with two bytes of data flags. Source of the layout:
//! python-oracledb thin/packet.pyx and the recorded sessions.

use super::reader::{DecodeError, Decoded};

/// Bytes in front of every payload.
pub const HEADER_LENGTH: usize = 8;
/// Bytes of data flags at the front of a DATA packet's payload.
pub const DATA_FLAGS_LENGTH: usize = 2;
/// No server sends longer packets: the largest SDU that Oracle Net negotiates is 2 MiB.
pub const MAX_PACKET_LENGTH: usize = 2 * 1024 * 1024 + 64;

/// No packet type is above this (Oracle Net has used up to 15; a few more do not hurt).
const MAX_PACKET_TYPE: u8 = 19;
/// How a TLS alert begins (RFC 8446, section 5.1): content type 21, version 3.x.
const TLS_ALERT: [u8; 2] = [21, 3];

/// Packet types (python-oracledb thin/constants.pxi, `TNS_PACKET_TYPE_*`).
pub mod packet_type {
    /// The client asks for a service.
    pub const CONNECT: u8 = 1;
    /// The server takes the connection.
    pub const ACCEPT: u8 = 2;
    /// The server does not take the connection, and says why.
    pub const REFUSE: u8 = 4;
    /// The server sends the client to another address.
    pub const REDIRECT: u8 = 5;
    /// Part of a message.
    pub const DATA: u8 = 6;
    /// The server wants CONNECT again.
    pub const RESEND: u8 = 11;
    /// Break, reset or interrupt.
    pub const MARKER: u8 = 12;
    /// Something out of the order of calls (in-band notification, reset of out-of-band breaks).
    pub const CONTROL: u8 = 14;
}

/// Flags in a packet's header.
pub mod packet_flag {
    /// This CONNECT follows a REDIRECT.
    pub const REDIRECT: u8 = 0x04;
    /// TLS begins anew on the same socket before the next packet.
    pub const TLS_RENEGOTIATE: u8 = 0x08;
}

/// Flags at the front of a DATA packet's payload.
pub mod data_flag {
    /// The peer closes; nothing follows.
    pub const EOF: u16 = 0x0040;
    /// The last packet of one request of a pipeline.
    pub const END_OF_REQUEST: u16 = 0x0800;
    /// The first packet of a pipeline.
    pub const BEGIN_PIPELINE: u16 = 0x1000;
    /// The last packet of an answer.
    pub const END_OF_RESPONSE: u16 = 0x2000;
}

/// What a MARKER says, in the last of its three bytes.
pub mod marker {
    /// Stop what you do.
    pub const BREAK: u8 = 1;
    /// The break is dealt with; what follows is new.
    pub const RESET: u8 = 2;
    /// The client wants the call to end.
    pub const INTERRUPT: u8 = 3;
}

/// What a CONTROL packet says.
pub mod control {
    /// An error number for the connection, between calls.
    pub const INBAND_NOTIFICATION: u16 = 8;
    /// Out-of-band breaks do not work here.
    pub const RESET_OOB: u16 = 9;
}

/// One packet, its header taken off.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// One of [`packet_type`].
    pub packet_type: u8,
    /// Bits of [`packet_flag`].
    pub flags: u8,
    /// What follows the header.
    pub payload: &'a [u8],
}

/// What it carries may be a token or a row, so only its length shows.
impl std::fmt::Debug for Packet<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Packet { packet_type, flags, payload } = self;
        write!(f, "Packet({packet_type}, {flags:#x}, {} bytes)", payload.len())
    }
}

impl<'a> Packet<'a> {
    /// The data flags and the rest of a DATA packet.
    pub fn data(&self) -> Decoded<(u16, &'a [u8])> {
        match self.payload.split_first_chunk::<DATA_FLAGS_LENGTH>() {
            Some((flags, rest)) => Ok((u16::from_be_bytes(*flags), rest)),
            None => Err(DecodeError::malformed(
                "DATA packet",
                HEADER_LENGTH,
                "it is too short for its data flags",
            )),
        }
    }
}

/// Cuts a stream of bytes into packets, however they arrive.
///
/// A packet that lies whole in the bytes given is borrowed from them; only one that arrives in
/// pieces is copied. What was merely announced is never allocated.
#[derive(Clone)]
pub struct Framer {
    partial: Vec<u8>,
    yielded: bool,
    wide_lengths: bool,
    limit: usize,
}

impl std::fmt::Debug for Framer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Framer").field("partial", &self.partial.len()).finish_non_exhaustive()
    }
}

impl Default for Framer {
    fn default() -> Self {
        Framer::new()
    }
}

impl Framer {
    /// For a stream that begins with the answer to CONNECT: lengths of two bytes.
    pub fn new() -> Self {
        Framer {
            partial: Vec::new(),
            yielded: false,
            wide_lengths: false,
            limit: MAX_PACKET_LENGTH,
        }
    }

    /// From the next packet on, lengths have four bytes (behind ACCEPT of version 315 or later).
    pub fn use_wide_lengths(&mut self) {
        self.wide_lengths = true;
    }

    /// Forgets what arrived, for a new stream.
    pub fn reset(&mut self) {
        *self = Framer::new();
    }

    /// Whether part of a packet has arrived and the rest has not.
    pub fn is_midway(&self) -> bool {
        !self.yielded && !self.partial.is_empty()
    }

    /// The next packet, and takes what it needs from the front of `input`. `None` takes all of
    /// `input` and wants more.
    pub fn next<'s, 'i: 's>(&'s mut self, input: &mut &'i [u8]) -> Decoded<Option<Packet<'s>>> {
        if self.yielded {
            self.partial.clear();
            self.yielded = false;
        }
        if self.partial.is_empty() {
            let bytes = *input;
            if let Some(length) = self.packet_length(bytes)?
                && let Some((whole, rest)) = bytes.split_at_checked(length)
            {
                *input = rest;
                return Ok(Some(open(whole)));
            }
            self.partial.extend_from_slice(bytes);
            *input = &[];
            return Ok(None);
        }
        self.take(HEADER_LENGTH, input);
        let Some(length) = self.packet_length(&self.partial)? else { return Ok(None) };
        self.take(length, input);
        if self.partial.len() < length {
            return Ok(None);
        }
        self.yielded = true;
        Ok(Some(open(&self.partial)))
    }

    /// Moves bytes from `input` until `partial` holds `wanted`.
    fn take(&mut self, wanted: usize, input: &mut &[u8]) {
        let missing = wanted.saturating_sub(self.partial.len()).min(input.len());
        let (taken, rest) = input.split_at_checked(missing).unwrap_or((input, &[]));
        self.partial.extend_from_slice(taken);
        *input = rest;
    }

    fn packet_length(&self, bytes: &[u8]) -> Decoded<Option<usize>> {
        if !self.wide_lengths && bytes.starts_with(&TLS_ALERT) {
            return Err(DecodeError::malformed(
                "packet",
                0,
                "a TLS alert came: the peer wants TLS (protocol tcps)",
            ));
        }
        let Some(header) = bytes.first_chunk::<HEADER_LENGTH>() else { return Ok(None) };
        let [a, b, c, d, packet_type, ..] = *header;
        let length = if self.wide_lengths {
            usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX)
        } else {
            usize::from(u16::from_be_bytes([a, b]))
        };
        if length < HEADER_LENGTH || length > self.limit {
            return Err(DecodeError::malformed(
                "packet length",
                0,
                format!(
                    "{HEADER_LENGTH} to {} was expected, {length} came; the peer may not be an \
                     Oracle listener, or may want TLS",
                    self.limit
                ),
            ));
        }
        if !(1..=MAX_PACKET_TYPE).contains(&packet_type) {
            return Err(DecodeError::malformed(
                "packet type",
                4,
                format!(
                    "1 to {MAX_PACKET_TYPE} was expected, {packet_type} came; the peer may not be \
                     an Oracle listener"
                ),
            ));
        }
        Ok(Some(length))
    }
}

fn open(whole: &[u8]) -> Packet<'_> {
    let byte = |at: usize| whole.get(at).copied().unwrap_or_default();
    Packet {
        packet_type: byte(4),
        flags: byte(5),
        payload: whole.get(HEADER_LENGTH..).unwrap_or_default(),
    }
}

/// Appends one packet to `out`.
pub fn write_packet(
    out: &mut Vec<u8>,
    wide_lengths: bool,
    packet_type: u8,
    flags: u8,
    payload: &[u8],
) {
    let length = HEADER_LENGTH + payload.len();
    write_header(out, wide_lengths, packet_type, flags, length);
    out.extend_from_slice(payload);
}

fn write_header(out: &mut Vec<u8>, wide_lengths: bool, packet_type: u8, flags: u8, length: usize) {
    if wide_lengths {
        out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    } else {
        out.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(&[0, 0]);
    }
    out.extend_from_slice(&[packet_type, flags, 0, 0]);
}

/// The data flags of a message's packets. `0.into()` for none, and a flag for the last packet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageFlags {
    /// Bits of [`data_flag`] in every packet.
    pub each: u16,
    /// Bits in the last packet alone.
    pub last: u16,
}

impl From<u16> for MessageFlags {
    fn from(last: u16) -> Self {
        MessageFlags { each: 0, last }
    }
}

/// Appends `message` to `out` as DATA packets no longer than `sdu` bytes. An empty message is one
/// empty packet.
pub fn write_message(
    out: &mut Vec<u8>,
    wide_lengths: bool,
    sdu: usize,
    flags: MessageFlags,
    message: &[u8],
) {
    let room = sdu.saturating_sub(HEADER_LENGTH + DATA_FLAGS_LENGTH).max(1);
    let mut rest = message;
    loop {
        let (piece, more) = rest.split_at_checked(room).unwrap_or((rest, &[]));
        let flags = if more.is_empty() { flags.each | flags.last } else { flags.each };
        let length = HEADER_LENGTH + DATA_FLAGS_LENGTH + piece.len();
        write_header(out, wide_lengths, packet_type::DATA, 0, length);
        out.extend_from_slice(&flags.to_be_bytes());
        out.extend_from_slice(piece);
        if more.is_empty() {
            return;
        }
        rest = more;
    }
}
