//! The bodies of the fuzz targets: each takes any bytes at all, and panics only if the core is
//! wrong. What must hold is said at each.

use oraedge::connect_string::{ConnectDescriptor, TnsNames};
use oraedge::protocol::{Expect, Response, ResponseParser};
use oraedge::wire::capabilities::Capabilities;
use oraedge::wire::packet::Framer;
use oraedge::wire::value::number::TextBuffer;
use oraedge::wire::value::{DbType, Number, Value};

/// A NUMBER that decodes has one text, which reads back as the same value, and converts without
/// a panic.
pub fn number(data: &[u8]) {
    let Ok(number) = Number::decode(data) else { return };
    let _ = (number.to_i64(), number.to_i128(), number.to_f64(), number.is_integer());
    if number.is_infinite() {
        return;
    }
    let mut buffer = TextBuffer::default();
    let text = number.to_text(&mut buffer);
    let again: Number = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(again, number, "{text}");
    let mut encoded = Vec::new();
    number.encode(&mut encoded);
    assert_eq!(Number::decode(&encoded).ok(), Some(number));
}

/// A text that is a number survives going to the wire and back.
pub fn number_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(number) = text.parse::<Number>() else { return };
    let mut encoded = Vec::new();
    number.encode(&mut encoded);
    let decoded = Number::decode(&encoded).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    assert_eq!(decoded, number, "{text}");
}

/// The first two bytes choose a type; the rest is a value of it. What decodes, encodes.
pub fn value(data: &[u8]) {
    let [ora_type, form, bytes @ ..] = data else { return };
    let Some(db_type) = DbType::from_wire(*ora_type, *form) else { return };
    let Ok(value) = Value::decode(db_type, bytes) else { return };
    let mut encoded = Vec::new();
    value.encode(&mut encoded);
}

/// Any text is a connect string, a tnsnames.ora, or an error that can be shown.
pub fn connect_string(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match ConnectDescriptor::parse(text) {
        // A plan may have as many attempts as RETRY_COUNT says.
        Ok(descriptor) => drop(descriptor.plan(1)),
        Err(error) => drop(error.to_string()),
    }
    match TnsNames::parse(text) {
        Ok(names) => {
            names.aliases().for_each(|alias| assert!(names.get(alias).is_some(), "{alias}"))
        }
        Err(error) => drop(error.to_string()),
    }
}

/// However a stream is cut, the same packets come out of it.
pub fn framer(data: &[u8]) {
    let [wide, step, stream @ ..] = data else { return };
    let whole = packets(stream, stream.len().max(1), wide & 1 == 1);
    let pieces = packets(stream, usize::from(*step) + 1, wide & 1 == 1);
    assert_eq!(whole, pieces);
}

/// Type, flags and payload of each packet, and whether the stream ended in an error.
type Packets = (Vec<(u8, u8, Vec<u8>)>, bool);

fn packets(stream: &[u8], step: usize, wide: bool) -> Packets {
    let mut framer = Framer::new();
    if wide {
        framer.use_wide_lengths();
    }
    let mut seen = Vec::new();
    for mut piece in stream.chunks(step) {
        loop {
            match framer.next(&mut piece) {
                Ok(Some(packet)) => {
                    seen.push((packet.packet_type, packet.flags, packet.payload.to_vec()));
                }
                Ok(None) => break,
                Err(_) => return (seen, true),
            }
        }
    }
    (seen, false)
}

/// The first three bytes choose field version, call and cut; the rest is its answer. However it
/// is cut, the same comes out of it, and every cell of its rows can be taken.
pub fn response(data: &[u8]) {
    let [version, call, step, answer @ ..] = data else { return };
    let whole = respond(answer, answer.len().max(1), *version, *call);
    let pieces = respond(answer, usize::from(*step) + 1, *version, *call);
    assert_eq!(whole.as_deref().map(summary), pieces.as_deref().map(summary));
}

fn respond(answer: &[u8], step: usize, version: u8, call: u8) -> Option<Box<Response>> {
    let mut caps = Capabilities::default();
    caps.field_version = version;
    let marked_end = call & 0x80 != 0;
    let expect = match call & 0x0f {
        0 => Expect::Plain,
        1 => Expect::Protocol,
        2 => Expect::DataTypes,
        3 => Expect::Auth,
        _ => Expect::Execute {
            columns: None,
            bind_types: vec![1; usize::from(call >> 4 & 0x07)],
            directions: Vec::new(),
            returning: call & 0x0f == 5,
            dml_row_counts: call & 0x0f == 6,
        },
    };
    let mut parser = ResponseParser::plain(expect, marked_end);
    let pieces = answer.chunks(step).count();
    for (index, piece) in answer.chunks(step).enumerate() {
        let last = marked_end && index + 1 == pieces;
        if parser.handle_data(piece, last, &mut caps).ok()? {
            return Some(Box::new(parser.finish()));
        }
    }
    None
}

/// What an answer said, in a form that can be compared.
fn summary(response: &Response) -> (Option<String>, usize, Vec<Option<Vec<u8>>>, usize) {
    let mut cells = Vec::new();
    if let Some(rows) = &response.rows {
        for row in 0..rows.rows() {
            for column in 0..rows.columns().len() {
                let cell = rows.cell(row, column);
                if let (Some(bytes), Some(info)) = (&cell, rows.columns().get(column)) {
                    let _ = DbType::from_wire(info.ora_type, info.csfrm)
                        .map(|db_type| Value::decode(db_type, bytes));
                }
                cells.push(cell.map(|bytes| bytes.into_owned()));
            }
        }
    }
    let error = response.error.as_ref().map(|error| error.to_db_error().to_string());
    (error, response.auth.len(), cells, response.out_binds.len())
}
