//! TNS packets: an eight-byte header with length, type and flags, then the body.

use std::fmt;

/// Bytes in front of a packet's body.
pub const HEADER_LENGTH: usize = 8;
/// Bytes in front of a DATA packet's payload: the header and the data flags.
pub const DATA_HEADER_LENGTH: usize = HEADER_LENGTH + 2;
/// The longest packet that is taken from a client, in bytes. SDUs end at 2 MiB (python-oracledb's
/// documentation of `sdu`).
const MAX_PACKET_LENGTH: usize = 2 * 1024 * 1024;

/// Packet types, as in python-oracledb's `TNS_PACKET_TYPE_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketType {
    /// A client asks for a service.
    Connect,
    /// The service is there.
    Accept,
    /// The service is not there.
    Refuse,
    /// The service is somewhere else.
    Redirect,
    /// TTC messages, or pieces of them.
    Data,
    /// The client shall send its CONNECT again.
    Resend,
    /// Break, reset or interrupt.
    Marker,
    /// Notices in between.
    Control,
}

impl PacketType {
    const NUMBERS: [(PacketType, u8); 8] = [
        (PacketType::Connect, 1),
        (PacketType::Accept, 2),
        (PacketType::Refuse, 4),
        (PacketType::Redirect, 5),
        (PacketType::Data, 6),
        (PacketType::Resend, 11),
        (PacketType::Marker, 12),
        (PacketType::Control, 14),
    ];

    /// The number in the header.
    pub fn number(self) -> u8 {
        match PacketType::NUMBERS.iter().find(|(packet_type, _)| *packet_type == self) {
            Some((_, number)) => *number,
            None => 0,
        }
    }

    fn from_number(number: u8) -> Option<PacketType> {
        PacketType::NUMBERS.iter().find(|entry| entry.1 == number).map(|entry| entry.0)
    }
}

/// Data flag: the client is gone (python-oracledb: `TNS_DATA_FLAGS_EOF`).
pub const DATA_FLAG_END_OF_FILE: u16 = 0x0040;
/// Data flag: the answer ends with this packet (python-oracledb: `TNS_DATA_FLAGS_END_OF_RESPONSE`).
pub const DATA_FLAG_END_OF_RESPONSE: u16 = 0x2000;

/// Marker: stop the running call (python-oracledb: `TNS_MARKER_TYPE_BREAK`).
pub const MARKER_BREAK: u8 = 1;
/// Marker: both sides forget what is under way (python-oracledb: `TNS_MARKER_TYPE_RESET`).
pub const MARKER_RESET: u8 = 2;
/// Marker: stop the running call, after an out-of-band break
/// (python-oracledb: `TNS_MARKER_TYPE_INTERRUPT`).
pub const MARKER_INTERRUPT: u8 = 3;

/// A packet that a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// What it is.
    pub packet_type: PacketType,
    /// What follows the header.
    pub body: Vec<u8>,
}

/// Why a stream of packets cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameError {
    /// A length that no packet has.
    Length(usize),
    /// A type that no packet has.
    Type(u8),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::Length(length) => write!(
                f,
                "a packet of {HEADER_LENGTH} to {MAX_PACKET_LENGTH} bytes was expected, one of \
                 {length} came"
            ),
            FrameError::Type(number) => write!(f, "packet type {number} is unknown"),
        }
    }
}

/// Cuts a stream of bytes into packets.
#[derive(Debug, Default)]
pub struct Framer {
    bytes: Vec<u8>,
    /// Bytes at the front that were already given out.
    taken: usize,
    /// Whether lengths have four bytes, as after an ACCEPT from TNS version 315 on.
    pub large: bool,
}

impl Framer {
    /// Takes what came in.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.taken > 0 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole packet; `None` until more bytes come.
    pub fn next_packet(&mut self) -> Result<Option<Packet>, FrameError> {
        let bytes = &self.bytes[self.taken..];
        let Some(header) = bytes.first_chunk::<HEADER_LENGTH>() else { return Ok(None) };
        let length = if self.large {
            u32::from_be_bytes([header[0], header[1], header[2], header[3]]) as usize
        } else {
            usize::from(u16::from_be_bytes([header[0], header[1]]))
        };
        if !(HEADER_LENGTH..=MAX_PACKET_LENGTH).contains(&length) {
            return Err(FrameError::Length(length));
        }
        let packet_type = PacketType::from_number(header[4]).ok_or(FrameError::Type(header[4]))?;
        let Some(body) = bytes.get(HEADER_LENGTH..length) else { return Ok(None) };
        let packet = Packet { packet_type, body: body.to_vec() };
        self.taken += length;
        Ok(Some(packet))
    }
}

/// Whether a client that waits for an answer, on a connection that is accepted, sent a break.
pub fn asks_for_break(bytes: &[u8]) -> bool {
    let mut framer = Framer { large: true, ..Framer::default() };
    framer.push(bytes);
    while let Ok(Some(packet)) = framer.next_packet() {
        let kind = packet.body.get(2).copied();
        if packet.packet_type == PacketType::Marker
            && matches!(kind, Some(MARKER_BREAK | MARKER_INTERRUPT))
        {
            return true;
        }
    }
    false
}

/// Appends the packet of `body` to `out`.
pub fn write_packet(out: &mut Vec<u8>, large: bool, packet_type: PacketType, body: &[u8]) {
    write_header(out, large, packet_type, body.len());
    out.extend_from_slice(body);
}

/// Flag of a RESEND: the client begins TLS anew on the same socket before it sends CONNECT again
/// (python-oracledb: `TNS_PACKET_FLAG_TLS_RENEG`).
pub const FLAG_RESTART_TLS: u8 = 0x08;

/// Appends a RESEND to `out` that asks for a new TLS session as well.
pub fn write_resend_with_tls(out: &mut Vec<u8>) {
    let header =
        [0, HEADER_LENGTH as u8, 0, 0, PacketType::Resend.number(), FLAG_RESTART_TLS, 0, 0];
    out.extend_from_slice(&header);
}

/// Appends a marker to `out`. Recorded: `01 00` and the kind.
pub fn write_marker(out: &mut Vec<u8>, large: bool, kind: u8) {
    write_packet(out, large, PacketType::Marker, &[1, 0, kind]);
}

fn write_header(out: &mut Vec<u8>, large: bool, packet_type: PacketType, body_length: usize) {
    let length = HEADER_LENGTH + body_length;
    if large {
        out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    } else {
        out.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(&[0, 0]);
    }
    out.extend_from_slice(&[packet_type.number(), 0, 0, 0]);
}

/// Cuts an answer into DATA packets of at most one SDU.
#[derive(Debug)]
pub struct Packetizer {
    /// Whether lengths have four bytes.
    pub large: bool,
    /// The longest packet, header included, in bytes.
    pub sdu: usize,
}

impl Packetizer {
    /// Appends to `out` every packet that `payload` fills for sure, and takes its bytes out. What
    /// is left may still be the answer's last packet.
    pub fn full_packets(&self, out: &mut Vec<u8>, payload: &mut Vec<u8>) {
        let room = self.room();
        let mut taken = 0;
        while payload.len() - taken > room {
            self.data_packet(out, 0, &payload[taken..taken + room]);
            taken += room;
        }
        payload.drain(..taken);
    }

    /// Appends what is left of an answer to `out`, with `flags` on the last packet.
    pub fn finish(&self, out: &mut Vec<u8>, payload: &mut Vec<u8>, flags: u16) {
        self.full_packets(out, payload);
        self.data_packet(out, flags, payload);
        payload.clear();
    }

    fn room(&self) -> usize {
        self.sdu.saturating_sub(DATA_HEADER_LENGTH).max(1)
    }

    fn data_packet(&self, out: &mut Vec<u8>, flags: u16, payload: &[u8]) {
        write_header(out, self.large, PacketType::Data, payload.len() + 2);
        out.extend_from_slice(&flags.to_be_bytes());
        out.extend_from_slice(payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_comes_out_once_its_last_byte_is_in() {
        let mut stream = Vec::new();
        write_marker(&mut stream, true, MARKER_BREAK);
        write_packet(&mut stream, true, PacketType::Data, &[0, 0, 3, 14]);
        let mut framer = Framer { large: true, ..Framer::default() };
        let mut came = Vec::new();
        for (index, byte) in stream.iter().enumerate() {
            framer.push(&[*byte]);
            while let Some(packet) = framer.next_packet().unwrap() {
                came.push((index, packet.packet_type));
            }
        }
        assert_eq!(came, [(10, PacketType::Marker), (22, PacketType::Data)]);
    }

    #[test]
    fn a_break_is_found_among_packets() {
        let mut bytes = Vec::new();
        write_marker(&mut bytes, true, MARKER_RESET);
        assert!(!asks_for_break(&bytes));
        write_marker(&mut bytes, true, MARKER_INTERRUPT);
        assert!(asks_for_break(&bytes));
        assert!(!asks_for_break(&bytes[..21]));
    }

    #[test]
    fn lengths_and_types_that_no_packet_has_are_refused() {
        for (bytes, error) in [
            ([0, 7, 0, 0, 1, 0, 0, 0], FrameError::Length(7)),
            ([0, 9, 0, 0, 99, 0, 0, 0], FrameError::Type(99)),
        ] {
            let mut framer = Framer::default();
            framer.push(&bytes);
            assert_eq!(framer.next_packet(), Err(error));
        }
        let mut framer = Framer { large: true, ..Framer::default() };
        framer.push(&[0xff, 0xff, 0xff, 0xff, 6, 0, 0, 0]);
        assert_eq!(framer.next_packet(), Err(FrameError::Length(0xffff_ffff)));
    }

    #[test]
    fn an_answer_that_fills_a_packet_exactly_ends_in_that_packet() {
        let packetizer = Packetizer { large: true, sdu: 30 };
        for (length, packets) in [(20, 1), (21, 2), (40, 2), (41, 3)] {
            let mut out = Vec::new();
            packetizer.finish(&mut out, &mut vec![7; length], DATA_FLAG_END_OF_RESPONSE);
            let mut framer = Framer { large: true, ..Framer::default() };
            framer.push(&out);
            let mut flags = Vec::new();
            let mut total = 0;
            while let Some(packet) = framer.next_packet().unwrap() {
                flags.push(u16::from_be_bytes([packet.body[0], packet.body[1]]));
                total += packet.body.len() - 2;
            }
            assert_eq!((flags.len(), total), (packets, length));
            assert_eq!(flags.pop(), Some(DATA_FLAG_END_OF_RESPONSE));
            assert!(flags.iter().all(|flag| *flag == 0));
        }
    }
}
