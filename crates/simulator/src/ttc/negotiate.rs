//! Protocol and data type negotiation.

use oraedge::wire::reader::Decoded;
use oraedge::wire::{Reader, Writer};

use super::message;
use super::put::ServerWriter;
use crate::generation::{CCAP_FIELD_VERSION, CCAP_TTC4, CCAP_TTC4_END_OF_RESPONSE, Generation};

/// AL32UTF8, the database character set.
pub const CHARSET_AL32UTF8: u16 = 873;
/// AL16UTF16, the national character set.
pub const CHARSET_AL16UTF16: u16 = 2000;
/// The banner of a recorded server.
const BANNER: &[u8] = b"x86_64/Linux 2.4.xx";
/// Run-time capability 1, bit 0: the client sends its time zone with its data types.
const RCAP_TIME_ZONE: u8 = 0x01;
/// Compile capability 37, bit 1: with its time zone the client sends the version of its file of
/// time zones.
const CCAP_TIME_ZONE_VERSION: u8 = 0x02;

/// Character sets that the server converts between: two bytes, low one first, two bytes, high one
/// first, a flag. Every recorded server sends these ten.
const CHARSET_ELEMENTS: [[u8; 5]; 10] = [
    [0x66, 0x03, 0x40, 0x03, 0x01],
    [0x40, 0x03, 0x66, 0x03, 0x01],
    [0x66, 0x03, 0x48, 0x03, 0x01],
    [0x48, 0x03, 0x66, 0x03, 0x01],
    [0x66, 0x03, 0x52, 0x03, 0x01],
    [0x52, 0x03, 0x66, 0x03, 0x01],
    [0x66, 0x03, 0x61, 0x03, 0x01],
    [0x61, 0x03, 0x66, 0x03, 0x01],
    [0x66, 0x03, 0x1f, 0x03, 0x08],
    [0x1f, 0x03, 0x66, 0x03, 0x01],
];

/// The server's "FDO", a table of type conversions that holds the national character set
/// (AL16UTF16, `07d0`). Every recorded server sends this one.
const FDO: [u8; 100] = [
    0x00, 0x00, 0x00, 0x60, 0x01, 0x24, 0x0f, 0x05, 0x0b, 0x0c, 0x03, 0x0c, 0x0c, 0x05, 0x04, 0x05,
    0x0d, 0x06, 0x09, 0x07, 0x08, 0x05, 0x05, 0x05, 0x05, 0x05, 0x0f, 0x05, 0x05, 0x05, 0x05, 0x05,
    0x0a, 0x05, 0x05, 0x05, 0x05, 0x05, 0x04, 0x05, 0x06, 0x07, 0x08, 0x08, 0x23, 0x47, 0x23, 0x47,
    0x08, 0x11, 0x23, 0x08, 0x11, 0x41, 0xb0, 0x47, 0x00, 0x83, 0x03, 0x69, 0x07, 0xd0, 0x03, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00,
];

/// What a client says about itself in the protocol message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolRequest {
    /// The driver's name.
    pub driver: String,
}

impl ProtocolRequest {
    /// Reads the message behind its type.
    pub fn decode(reader: &mut Reader<'_>) -> Decoded<ProtocolRequest> {
        reader.until_zero("protocol: versions")?;
        let driver = reader.until_zero("protocol: driver name")?;
        Ok(ProtocolRequest { driver: String::from_utf8_lossy(driver).into_owned() })
    }
}

/// Writes the answer to a protocol message.
pub fn put_protocol(writer: &mut Writer, generation: Generation) {
    writer.raw(&[message::PROTOCOL, 6, 0]);
    writer.raw(BANNER);
    writer.u8(0);
    writer.u16_le(CHARSET_AL32UTF8);
    writer.u8(generation.server_flags());
    writer.u16_le(CHARSET_ELEMENTS.len() as u16);
    for element in CHARSET_ELEMENTS {
        writer.raw(&element);
    }
    writer.u16_be(FDO.len() as u16);
    writer.raw(&FDO);
    writer.value(&generation.compile_capabilities());
    writer.value(generation.runtime_capabilities());
}

/// What a client says about itself in the data types message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataTypesRequest {
    /// The client's compile capabilities.
    pub compile_capabilities: Vec<u8>,
    /// The client's run-time capabilities.
    pub runtime_capabilities: Vec<u8>,
    /// The client's time zone, as it came; `None` if it sent none.
    pub time_zone: Option<[u8; 11]>,
    /// The version of the client's file of time zones.
    pub time_zone_version: Option<[u8; 4]>,
    /// Type, the type that it is converted to (zero: not known), and the representation.
    pub types: Vec<(u16, u16, u16)>,
}

impl DataTypesRequest {
    /// Reads the message behind its type.
    pub fn decode(reader: &mut Reader<'_>) -> Decoded<DataTypesRequest> {
        reader.skip(2 + 2 + 1, "data types: character sets")?;
        let mut request = DataTypesRequest {
            compile_capabilities: bytes(reader, "data types: compile capabilities")?,
            runtime_capabilities: bytes(reader, "data types: run-time capabilities")?,
            ..DataTypesRequest::default()
        };
        if request.runtime_capability(1) & RCAP_TIME_ZONE != 0 {
            request.time_zone = Some(reader.array("data types: time zone")?);
            if request.compile_capability(37) & CCAP_TIME_ZONE_VERSION != 0 {
                request.time_zone_version = Some(reader.array("data types: time zone version")?);
            }
            // Clients that send a time zone repeat their national character set behind it.
            let next = reader.clone().u16_le("data types: national character set")?;
            if next == CHARSET_AL16UTF16 || next == 0 {
                reader.skip(2, "data types: national character set")?;
            }
        }
        loop {
            let data_type = reader.u16_be("data types: type")?;
            if data_type == 0 {
                return Ok(request);
            }
            let converted = reader.u16_be("data types: converted type")?;
            let mut representation = 0;
            if converted != 0 {
                representation = reader.u16_be("data types: representation")?;
                reader.skip(2, "data types: padding")?;
            }
            request.types.push((data_type, converted, representation));
        }
    }

    /// The client's field version.
    pub fn field_version(&self) -> u8 {
        self.compile_capability(CCAP_FIELD_VERSION)
    }

    /// Whether the client waits for the end of a response to be marked.
    pub fn end_of_response(&self) -> bool {
        self.compile_capability(CCAP_TTC4) & CCAP_TTC4_END_OF_RESPONSE != 0
    }

    fn compile_capability(&self, index: usize) -> u8 {
        self.compile_capabilities.get(index).copied().unwrap_or_default()
    }

    fn runtime_capability(&self, index: usize) -> u8 {
        self.runtime_capabilities.get(index).copied().unwrap_or_default()
    }
}

fn bytes(reader: &mut Reader<'_>, field: &'static str) -> Decoded<Vec<u8>> {
    Ok(reader.bytes(field)?.unwrap_or_default().into_owned())
}

/// The highest type number of each release that brought new types: a type above is not known.
fn knows_type(generation: Generation, data_type: u16) -> bool {
    /// JSON, VECTOR and BOOLEAN in SQL.
    const JSON: u16 = 119;
    const VECTOR: u16 = 127;
    match data_type {
        JSON => generation >= Generation::V21c,
        VECTOR => generation >= Generation::V23ai,
        _ => true,
    }
}

/// Writes the answer to a data types message: the client's list again, with a zero behind each
/// type that this server does not know.
pub fn put_data_types(writer: &mut Writer, generation: Generation, request: &DataTypesRequest) {
    /// UTC, as servers write their time zone here.
    const TIME_ZONE: [u8; 11] = [0x80, 0, 0, 0, 60, 60, 60, 0x80, 0, 0, 0];
    const TIME_ZONE_VERSION: [u8; 4] = [0, 0, 0, 32];
    writer.u8(message::DATA_TYPES);
    if request.time_zone.is_some() {
        writer.raw(&TIME_ZONE);
    }
    if request.time_zone_version.is_some() {
        writer.raw(&TIME_ZONE_VERSION);
    }
    for (data_type, converted, representation) in &request.types {
        writer.u16_be(*data_type);
        if *converted == 0 || !knows_type(generation, *data_type) {
            writer.u16_be(0);
            continue;
        }
        writer.u16_be(*converted);
        writer.u16_be(*representation);
        writer.u16_be(0);
    }
    writer.u16_be(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Recordings, unhex};

    #[test]
    fn protocol_answer_of_18c_is_the_recorded_one() {
        let Some(recordings) = Recordings::open() else { return };
        let mut writer = Writer::new();
        put_protocol(&mut writer, Generation::V18c);
        assert_eq!(writer.as_slice(), recordings.message("muh-xe18-protocol"));
    }

    #[test]
    fn protocol_answers_of_23ai_and_26ai_are_the_recorded_ones() {
        let Some(recordings) = Recordings::open() else { return };
        for (generation, session, number) in [
            (Generation::V23ai, "nio-free23-responses", 1),
            (Generation::V26ai, "pyo4-fetch-df", 4),
        ] {
            let mut writer = Writer::new();
            put_protocol(&mut writer, generation);
            let packet = recordings.packet(session, number);
            assert_eq!(writer.as_slice(), &packet[10..10 + writer.len()], "{generation}");
        }
    }

    #[test]
    fn a_type_that_the_server_does_not_know_is_answered_with_zero() {
        let request = DataTypesRequest {
            types: vec![(1, 1, 1), (119, 119, 1), (120, 0, 0)],
            ..DataTypesRequest::default()
        };
        let mut writer = Writer::new();
        put_data_types(&mut writer, Generation::V19c, &request);
        assert_eq!(writer.as_slice(), unhex("02 0001000100010000 00770000 00780000 0000"));
    }
}
