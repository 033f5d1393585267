//! Protocol negotiation and data types: what both sides are and how they write values.

use std::borrow::Cow;

use super::codes::message;
use crate::wire::Writer;
use crate::wire::capabilities::{CHARSET_AL32UTF8, Capabilities};
use crate::wire::reader::{Decoded, Reader};

/// The TTC protocol version that every database since 8.1 speaks.
const PROTOCOL_VERSION: u8 = 6;
/// Encoding flags: characters have several bytes; lengths are converted.
const ENCODING_FLAGS: u8 = 0x01 | 0x02;
/// Each server type is written as the first number (a range of types as themselves, if the third
/// is 0), in the representation that the fourth names: 1 is universal, 10 is Oracle's own.
///
/// The order and the entries are those that python-oracledb 4.0.1 sent in the recorded sessions.
#[rustfmt::skip]
const DATA_TYPES: [(u16, u16, u16, u16); 99] = [
    (1, 1, 0, 1), (2, 2, 2, 10), (8, 8, 0, 1), (12, 12, 12, 10), (23, 26, 0, 1),
    (27, 27, 27, 10), (28, 33, 0, 1), (10, 11, 0, 1), (40, 41, 0, 1), (117, 117, 0, 1),
    (120, 120, 0, 1), (290, 294, 0, 1), (298, 313, 0, 1), (315, 323, 0, 1), (327, 329, 0, 1),
    (331, 331, 0, 1), (333, 346, 0, 1), (348, 349, 0, 1), (354, 355, 0, 1), (359, 359, 0, 1),
    (363, 363, 0, 1), (380, 391, 0, 1), (393, 401, 0, 1), (404, 407, 0, 1), (413, 427, 0, 1),
    (429, 433, 0, 1), (449, 450, 0, 1), (454, 463, 0, 1), (466, 486, 0, 1), (490, 496, 0, 1),
    (498, 502, 0, 1), (509, 510, 0, 1), (513, 514, 0, 1), (516, 543, 0, 1), (560, 560, 0, 1),
    (565, 565, 0, 1), (572, 576, 0, 1), (578, 578, 0, 1), (563, 564, 0, 1), (579, 585, 0, 1),
    (3, 3, 2, 10), (4, 4, 2, 10), (5, 5, 1, 1), (6, 6, 2, 10), (7, 7, 2, 10),
    (9, 9, 1, 1), (15, 15, 1, 1), (39, 39, 0, 1), (68, 68, 2, 10), (91, 91, 2, 10),
    (94, 94, 1, 1), (95, 95, 23, 1), (96, 96, 0, 1), (97, 97, 96, 1), (100, 102, 0, 1),
    (104, 104, 11, 1), (106, 106, 0, 1), (108, 108, 109, 1), (109, 109, 0, 1), (110, 110, 111, 1),
    (111, 115, 0, 1), (116, 116, 102, 1), (119, 119, 0, 1), (198, 198, 0, 1), (146, 146, 0, 1),
    (152, 152, 2, 10), (153, 153, 2, 10), (154, 154, 2, 10), (155, 155, 1, 1), (156, 156, 12, 10),
    (172, 172, 2, 10), (178, 183, 0, 1), (184, 184, 12, 10), (185, 190, 0, 1), (195, 195, 112, 1),
    (196, 196, 113, 1), (197, 197, 114, 1), (208, 208, 0, 1), (231, 231, 0, 1), (232, 232, 231, 1),
    (233, 233, 0, 1), (241, 241, 109, 1), (252, 252, 0, 1), (590, 592, 0, 1), (613, 616, 0, 1),
    (611, 612, 0, 1), (593, 605, 0, 1), (622, 632, 0, 1), (637, 638, 0, 1), (636, 636, 0, 1),
    (639, 639, 0, 1), (663, 663, 0, 1), (640, 640, 0, 1), (652, 652, 0, 1), (646, 647, 0, 1),
    (127, 127, 0, 1), (660, 661, 0, 1), (665, 665, 0, 1), (669, 670, 0, 1),
];

/// Writes the client's half of protocol negotiation. `driver` is the client's name.
pub fn write_protocol(writer: &mut Writer, driver: &str) {
    writer.u8(message::PROTOCOL);
    writer.u8(PROTOCOL_VERSION);
    writer.u8(0); // end of the list of versions
    writer.raw(driver.as_bytes());
    writer.u8(0);
}

/// The server's half of protocol negotiation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerProtocol {
    /// What the server says that it is (`x86_64/Linux 2.4.xx`).
    pub banner: String,
    /// The database's character set.
    pub charset_id: u16,
    /// The server's flags.
    pub flags: u8,
    /// The database's national character set.
    pub ncharset_id: u16,
    /// What the server was built to do.
    pub compile_caps: Vec<u8>,
    /// What the server was told to do.
    pub runtime_caps: Vec<u8>,
}

impl ServerProtocol {
    /// Reads what follows the message type.
    pub fn decode(reader: &mut Reader<'_>) -> Decoded<ServerProtocol> {
        reader.u8("protocol: server version")?;
        reader.u8("protocol: end of versions")?;
        let banner = String::from_utf8_lossy(reader.until_zero("protocol: banner")?).into_owned();
        let charset_id = reader.u16_le("protocol: character set")?;
        let flags = reader.u8("protocol: flags")?;
        let elements = reader.u16_le("protocol: number of graph elements")?;
        reader.skip(usize::from(elements) * 5, "protocol: graph elements")?;
        let fdo_length = reader.u16_be("protocol: FDO length")?;
        let fdo = reader.raw(usize::from(fdo_length), "protocol: FDO")?;
        let ncharset_id = national_character_set(fdo).ok_or_else(|| {
            reader.malformed("protocol: FDO", "it is too short for its character sets")
        })?;
        let compile_caps = owned(reader.bytes("protocol: compile-time capabilities")?);
        let runtime_caps = owned(reader.bytes("protocol: run-time capabilities")?);
        Ok(ServerProtocol { banner, charset_id, flags, ncharset_id, compile_caps, runtime_caps })
    }
}

/// The FDO holds two lists, whose lengths are its bytes 5 and 6; three bytes behind them stands
/// the national character set.
fn national_character_set(fdo: &[u8]) -> Option<u16> {
    let at = 6 + usize::from(*fdo.get(5)?) + usize::from(*fdo.get(6)?);
    Some(u16::from_be_bytes([*fdo.get(at + 3)?, *fdo.get(at + 4)?]))
}

fn owned(bytes: Option<Cow<'_, [u8]>>) -> Vec<u8> {
    bytes.map(Cow::into_owned).unwrap_or_default()
}

/// Writes the client's half of data types negotiation.
pub fn write_data_types(writer: &mut Writer, capabilities: &Capabilities) {
    writer.u8(message::DATA_TYPES);
    writer.u16_le(CHARSET_AL32UTF8);
    writer.u16_le(CHARSET_AL32UTF8);
    writer.u8(ENCODING_FLAGS);
    writer.bytes(capabilities.client_compile_caps());
    writer.bytes(capabilities.client_runtime_caps());
    for (first, last, converted, representation) in DATA_TYPES {
        for data_type in first..=last {
            writer.u16_be(data_type);
            writer.u16_be(if converted == 0 { data_type } else { converted });
            writer.u16_be(representation);
            writer.u16_be(0);
        }
    }
    writer.u16_be(0);
}

/// Passes over the server's half of data types negotiation, behind the message type. It says
/// nothing that the client has a choice about.
pub fn skip_data_types(reader: &mut Reader<'_>) -> Decoded<()> {
    loop {
        if reader.u16_be("data types: type")? == 0 {
            return Ok(());
        }
        if reader.u16_be("data types: converted type")? != 0 {
            reader.skip(4, "data types: representation")?;
        }
    }
}
