//! The packets that open a connection: CONNECT and its answers.
//!
//! Source of the layouts: python-oracledb thin/messages/connect.pyx and the recorded sessions.

use super::capabilities::{
    TNS_VERSION_DESIRED, TNS_VERSION_MIN_ACCEPTED, TNS_VERSION_MIN_FLAGS2, TNS_VERSION_MINIMUM,
};
use super::packet::{packet_type, write_message, write_packet};
use super::reader::{DecodeError, Decoded, Reader};
use super::writer::Writer;

/// Connect data longer than this travels in a DATA packet behind CONNECT.
const MAX_CONNECT_DATA_INSIDE: usize = 230;
/// CONNECT's header and fields: where connect data inside begins.
const CONNECT_DATA_OFFSET: u16 = 74;
/// What the client's network layer can do, as the thin drivers say it.
const PROTOCOL_CHARACTERISTICS: u16 = 0x4f98;
/// "No preference" among the service options.
const SERVICE_OPTIONS_DONT_CARE: u16 = 0x0001;
/// The client can begin TLS anew on the same socket.
const NA_SUPPORTS_RENEGOTIATION: u8 = 0x80;
/// The client does without native encryption and its kin.
const NA_DISABLED: u8 = 0x04;
/// The server will not go without native encryption or integrity.
const NA_REQUIRED: u8 = 0x10;
/// SDU that the thin drivers ask for unless told otherwise, in bytes.
pub const DEFAULT_SDU: u32 = 8192;

/// Asks a listener for a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect<'a> {
    /// Descriptor text that names the service and the client.
    pub data: &'a str,
    /// Longest packet wanted, in bytes.
    pub sdu: u32,
    /// Bits of [`super::packet::packet_flag`].
    pub packet_flags: u8,
}

impl Connect<'_> {
    /// Appends the CONNECT packet, and the DATA packet that follows it if the text is long.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let data = self.data.as_bytes();
        let sdu16 = u16::try_from(self.sdu).unwrap_or(u16::MAX);
        let mut writer = Writer::new();
        writer.u16_be(TNS_VERSION_DESIRED);
        writer.u16_be(TNS_VERSION_MINIMUM);
        writer.u16_be(SERVICE_OPTIONS_DONT_CARE);
        writer.u16_be(sdu16);
        writer.u16_be(sdu16);
        writer.u16_be(PROTOCOL_CHARACTERISTICS);
        writer.u16_be(0); // line turnaround
        writer.u16_be(1); // byte order
        writer.u16_be(u16::try_from(data.len()).unwrap_or(u16::MAX));
        writer.u16_be(CONNECT_DATA_OFFSET);
        writer.u32_be(0); // most receivable connect data
        writer.u8(NA_SUPPORTS_RENEGOTIATION | NA_DISABLED);
        writer.u8(NA_SUPPORTS_RENEGOTIATION | NA_DISABLED);
        writer.raw(&[0; 24]); // obsolete
        writer.u32_be(self.sdu);
        writer.u32_be(self.sdu); // TDU
        writer.u32_be(0); // connect flags
        writer.u32_be(0); // second connect flags
        let inside = data.len() <= MAX_CONNECT_DATA_INSIDE;
        if inside {
            writer.raw(data);
        }
        write_packet(out, false, packet_type::CONNECT, self.packet_flags, writer.as_slice());
        if !inside {
            write_message(out, false, usize::from(u16::MAX), 0.into(), data);
        }
    }
}

/// The server takes the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accept {
    /// The TNS version that holds.
    pub protocol_version: u16,
    /// Service options.
    pub options: u16,
    /// Session data unit in bytes.
    pub sdu: u32,
    /// Flags of versions from 318 on; 0 before.
    pub flags2: u32,
    /// The server will not go without native encryption or integrity.
    pub native_encryption_required: bool,
}

impl Accept {
    /// Reads an ACCEPT packet's payload.
    ///
    /// From version 315 on there are more fields; before that `sdu` is the two-byte one.
    pub fn decode(payload: &[u8]) -> Decoded<Accept> {
        let mut reader = Reader::new(payload);
        let protocol_version = reader.u16_be("ACCEPT: version")?;
        let options = reader.u16_be("ACCEPT: service options")?;
        let small_sdu = reader.u16_be("ACCEPT: SDU")?;
        reader.skip(8, "ACCEPT: TDU, byte order, data length and offset")?;
        let na_flags = reader.u8("ACCEPT: native services")?;
        let (mut sdu, mut flags2) = (u32::from(small_sdu), 0);
        if protocol_version >= TNS_VERSION_MIN_ACCEPTED {
            reader.skip(9, "ACCEPT: native services and reconnection")?;
            sdu = reader.u32_be("ACCEPT: large SDU")?;
            if protocol_version >= TNS_VERSION_MIN_FLAGS2 {
                reader.skip(5, "ACCEPT: large TDU and compression")?;
                flags2 = reader.u32_be("ACCEPT: second flags")?;
            }
        }
        if !(512..=2 * 1024 * 1024).contains(&sdu) && protocol_version >= TNS_VERSION_MIN_ACCEPTED {
            return Err(DecodeError::malformed(
                "ACCEPT: SDU",
                0,
                format!("512 to 2097152 was expected, {sdu} came"),
            ));
        }
        Ok(Accept {
            protocol_version,
            options,
            sdu,
            flags2,
            native_encryption_required: na_flags & NA_REQUIRED != 0,
        })
    }
}

/// The server does not take the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refuse {
    /// Reason in the words of the service (one byte).
    pub user_reason: u8,
    /// Reason in the words of the network layer (one byte).
    pub system_reason: u8,
    /// `(DESCRIPTION=(ERR=12514)...)`; empty if the server gave no text.
    pub data: String,
}

impl Refuse {
    /// Reads a REFUSE packet's payload.
    pub fn decode(payload: &[u8]) -> Decoded<Refuse> {
        let mut reader = Reader::new(payload);
        let user_reason = reader.u8("REFUSE: user reason")?;
        let system_reason = reader.u8("REFUSE: system reason")?;
        let length = reader.u16_be("REFUSE: data length")?;
        let data = reader.raw(usize::from(length), "REFUSE: data")?;
        Ok(Refuse {
            user_reason,
            system_reason,
            data: String::from_utf8_lossy(data).trim_end_matches(['\0', '\n', '\r']).to_owned(),
        })
    }

    /// The error number that the text names in `(ERR=...)`, or in `(CODE=...)` if that is 0.
    pub fn error_number(&self) -> Option<u32> {
        let number = |key: &str| {
            let upper = self.data.to_ascii_uppercase();
            let from = upper.find(key)? + key.len();
            let digits: String = upper
                .get(from..)?
                .chars()
                .skip_while(|character| character.is_whitespace())
                .take_while(char::is_ascii_digit)
                .collect();
            digits.parse().ok().filter(|number| *number != 0)
        };
        number("(ERR=").or_else(|| number("(CODE="))
    }
}

/// The server sends the client to another address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// How long the text is, in bytes; it may follow in DATA packets.
    pub length: usize,
    /// What of the text came in the packet itself.
    pub inside: Vec<u8>,
}

impl Redirect {
    /// Reads a REDIRECT packet's payload.
    pub fn decode(payload: &[u8]) -> Decoded<Redirect> {
        let mut reader = Reader::new(payload);
        let length = usize::from(reader.u16_be("REDIRECT: data length")?);
        let inside = reader.rest();
        Ok(Redirect { length, inside: inside.get(..length).unwrap_or(inside).to_vec() })
    }
}
