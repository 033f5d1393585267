//! Columns of a query, as a server describes them.

use oraedge::wire::Writer;

use super::negotiate::{CHARSET_AL16UTF16, CHARSET_AL32UTF8};
use super::put::ServerWriter;
use super::{Layout, message};
use crate::generation::{Generation, field_version};

/// Character set form of the national character set.
const CSFRM_NATIONAL: u8 = 2;
/// The collation `USING_NLS_COMP`, which every recorded character column has.
const COLLATION_USING_NLS_COMP: u64 = 16382;
/// Flag of every recorded character column.
const FLAG_CHARACTER: u8 = 0x80;

/// Types that are described with size 1.
const ORA_TYPE_DATE: u8 = 12;
const ORA_TYPE_BINARY_FLOAT: u8 = 100;
const ORA_TYPE_BINARY_DOUBLE: u8 = 101;

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// The number of its type.
    pub ora_type: u8,
    /// Its character set form; zero for what is no text.
    pub csfrm: u8,
    /// Precision.
    pub precision: i8,
    /// Scale; -127 for a floating one.
    pub scale: i8,
    /// The longest value in bytes; zero for a column that is always null, whose values are not
    /// sent at all.
    pub buffer_size: u32,
    /// The longest value in characters, for text.
    pub max_chars: u32,
    /// Whether it can be null.
    pub nullable: bool,
}

/// Seven bytes of a DATE: what a server says its clock is.
pub type DateBytes = [u8; 7];

/// Writes the message. `statement_id` is a digest of the text.
pub fn put_describe(
    writer: &mut Writer,
    layout: Layout,
    generation: Generation,
    columns: &[ColumnInfo],
    statement_id: [u8; 16],
    now: DateBytes,
) {
    writer.u8(message::DESCRIBE_INFO);
    writer.u8((statement_id.len() + now.len()) as u8);
    writer.raw(&statement_id);
    writer.raw(&now);
    put_columns(writer, layout, generation, columns, now);
}

/// Writes the columns, as the message and a nested cursor have them.
pub fn put_columns(
    writer: &mut Writer,
    layout: Layout,
    generation: Generation,
    columns: &[ColumnInfo],
    now: DateBytes,
) {
    /// Recorded behind the number of columns at 23ai, and before; no driver looks at it.
    const COLUMN_BLOCK_23: u8 = 0x82;
    const COLUMN_BLOCK: u8 = 0x5c;
    /// Recorded in every description; no driver looks at them.
    const MAX_BUFFER: u64 = 0x1fe8;
    writer.uint(columns.iter().map(row_size).sum());
    writer.uint(columns.len() as u64);
    if !columns.is_empty() {
        let since_23 = generation >= Generation::V23ai;
        writer.u8(if since_23 { COLUMN_BLOCK_23 } else { COLUMN_BLOCK });
    }
    for (position, column) in columns.iter().enumerate() {
        put_column(writer, layout, column, position);
    }
    writer.counted(&now);
    writer.uint(0);
    writer.uint(MAX_BUFFER);
    writer.uint(2);
    writer.uint(2);
    writer.zeros(1); // query cache key
}

/// What a column takes of the longest row. Types of one fixed size are described with size 1 and
/// counted with what they take (recorded).
fn row_size(column: &ColumnInfo) -> u64 {
    match column.ora_type {
        ORA_TYPE_DATE => 7,
        ORA_TYPE_BINARY_FLOAT => 4,
        ORA_TYPE_BINARY_DOUBLE => 8,
        _ => u64::from(column.buffer_size),
    }
}

fn put_column(writer: &mut Writer, layout: Layout, column: &ColumnInfo, position: usize) {
    let is_text = column.csfrm != 0;
    writer.u8(column.ora_type);
    writer.u8(if is_text { FLAG_CHARACTER } else { 0 });
    writer.u8(column.precision as u8);
    writer.u8(column.scale as u8);
    writer.uint(u64::from(column.buffer_size));
    writer.zeros(2); // number of elements, continuation flags
    writer.zeros(2); // type identifier, type version
    writer.uint(match (is_text, column.csfrm) {
        (false, _) => 0,
        (true, CSFRM_NATIONAL) => u64::from(CHARSET_AL16UTF16),
        (true, _) => u64::from(CHARSET_AL32UTF8),
    });
    writer.u8(column.csfrm);
    writer.uint(u64::from(column.max_chars));
    if layout.since(field_version::V12_2) {
        writer.uint(if is_text { COLLATION_USING_NLS_COMP } else { 0 });
    }
    writer.u8(u8::from(column.nullable));
    writer.u8(column.name.len().min(255) as u8);
    writer.counted(column.name.as_bytes());
    writer.zeros(2); // schema and name of the type
    writer.uint(position as u64);
    writer.zeros(1); // flags
    if layout.since(field_version::V23_1) {
        writer.zeros(2); // schema and name of the domain
    }
    if layout.since(field_version::V23_1_EXT3) {
        writer.zeros(1); // annotations
    }
    if layout.since(field_version::V23_4) {
        writer.zeros(3); // dimensions, format and flags of a vector
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Recordings, unhex};

    #[test]
    fn description_of_eleven_types_is_the_recorded_one() {
        let Some(recordings) = Recordings::open() else { return };
        let layout = Layout { field_version: 24, end_of_response: true, max_string_size: 32767 };
        let column = |name: &str, ora_type, precision, scale, buffer_size, nullable| {
            let csfrm = u8::from(matches!(ora_type, 1 | 96));
            ColumnInfo {
                name: name.to_owned(),
                ora_type,
                csfrm,
                precision,
                scale,
                buffer_size,
                max_chars: if csfrm != 0 { buffer_size } else { 0 },
                nullable,
            }
        };
        let columns = [
            column("ID", 2, 9, 0, 22, false),
            column("BIG", 2, 19, 0, 22, true),
            column("PRICE", 2, 9, 2, 22, true),
            column("ANYNUM", 2, 0, -127, 22, true),
            column("NAME", 1, 0, 0, 40, true),
            column("FIXED", 96, 0, 0, 5, true),
            column("HIRED", 12, 0, 0, 1, true),
            column("UPDATED", 180, 0, 6, 11, true),
            column("PAYLOAD", 23, 0, 0, 30, true),
            column("RATING", 101, 0, 0, 1, true),
            column("SCORE", 100, 0, 0, 1, true),
        ];
        let packet = recordings.packet("pyo4-fetch-df", 16);
        let statement_id = packet[12..28].try_into().unwrap();
        let now = packet[28..35].try_into().unwrap();
        let mut writer = Writer::new();
        put_describe(&mut writer, layout, Generation::V26ai, &columns, statement_id, now);
        // Three figures at the end depend on what was fetched before; no driver looks at them.
        let tail = unhex("0101 021fe8 010a 010a 00");
        let end = packet.windows(tail.len()).position(|bytes| bytes == tail).unwrap();
        let length = end - 10;
        assert_eq!(writer.as_slice()[..length], packet[10..end]);
    }
}
