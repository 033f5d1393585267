//! ROW_HEADER, BIT_VECTOR, and how the cells of ROW_DATA lie on the wire.

use super::describe::{ColumnInfo, decode_columns};
use crate::wire::reader::{Decoded, Reader, Span};

/// Reads a ROW_HEADER behind its message type; gives the bit vector if it holds one.
pub fn decode_row_header<'a>(reader: &mut Reader<'a>) -> Decoded<Option<&'a [u8]>> {
    reader.u8("row header: flags")?;
    reader.ub2("row header: requests")?;
    reader.ub4("row header: iteration")?;
    reader.ub4("row header: iterations")?;
    reader.ub2("row header: buffer length")?;
    let length = reader.ub4("row header: bit vector length")?;
    let mut vector = None;
    if length > 0 {
        reader.u8("row header: bit vector length again")?;
        vector = Some(
            reader.raw(usize::try_from(length).unwrap_or(usize::MAX), "row header: bit vector")?,
        );
    }
    reader.bytes_with_length("row header: rowid")?;
    Ok(vector)
}

/// Reads a BIT_VECTOR behind its message type. A set bit says that the next row brings the
/// column; a clear one that it repeats the value before.
pub fn decode_bit_vector<'a>(reader: &mut Reader<'a>, columns: usize) -> Decoded<&'a [u8]> {
    reader.ub2("bit vector: columns sent")?;
    reader.raw(columns.div_ceil(8), "bit vector")
}

/// How one column's cells lie in ROW_DATA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellLayout {
    /// A length-prefixed value.
    Plain,
    /// Nothing at all: the describe said that every value is null.
    AlwaysNull,
    /// A length-prefixed value, an indicator and a return code (LONG, LONG RAW).
    Long,
    /// A length byte and the five parts of a physical rowid.
    Rowid,
    /// A length, then the length-prefixed rowid.
    Urowid,
    /// A length, a size, a chunk size and a locator.
    Lob,
    /// A length and a locator.
    Bfile,
    /// A length, two sizes, the image and a locator (JSON, VECTOR).
    Image,
    /// A describe and the number of a cursor.
    Cursor,
    /// Identifiers, and the image of an object.
    Object,
}

/// Oracle's type numbers that lie differently in a row (python-oracledb base/types.pyx).
mod ora_type {
    pub(super) const LONG: u8 = 8;
    pub(super) const ROWID: u8 = 11;
    pub(super) const LONG_RAW: u8 = 24;
    pub(super) const CURSOR: u8 = 102;
    pub(super) const OBJECT: u8 = 109;
    pub(super) const CLOB: u8 = 112;
    pub(super) const BLOB: u8 = 113;
    pub(super) const BFILE: u8 = 114;
    pub(super) const JSON: u8 = 119;
    pub(super) const VECTOR: u8 = 127;
    pub(super) const UROWID: u8 = 208;
}

impl CellLayout {
    /// How cells of `column` lie in the rows of a query.
    pub fn of(column: &ColumnInfo) -> CellLayout {
        match column.ora_type {
            ora_type::LONG | ora_type::LONG_RAW => CellLayout::Long,
            ora_type::UROWID => CellLayout::Urowid,
            _ if column.buffer_size == 0 => CellLayout::AlwaysNull,
            other => CellLayout::of_type(other),
        }
    }

    /// How values of the type lie where no describe came before (OUT binds). There ROWID and
    /// UROWID come as text, and LONG has no indicator of its own.
    pub fn of_bind(ora_type: u8) -> CellLayout {
        match CellLayout::of_type(ora_type) {
            CellLayout::Rowid | CellLayout::Urowid | CellLayout::Long => CellLayout::Plain,
            other => other,
        }
    }

    fn of_type(ora_type: u8) -> CellLayout {
        match ora_type {
            ora_type::LONG | ora_type::LONG_RAW => CellLayout::Long,
            ora_type::ROWID => CellLayout::Rowid,
            ora_type::UROWID => CellLayout::Urowid,
            ora_type::CURSOR => CellLayout::Cursor,
            ora_type::OBJECT => CellLayout::Object,
            ora_type::CLOB | ora_type::BLOB => CellLayout::Lob,
            ora_type::BFILE => CellLayout::Bfile,
            ora_type::JSON | ora_type::VECTOR => CellLayout::Image,
            _ => CellLayout::Plain,
        }
    }

    /// Passes over one cell, and says where its value lies: the bytes of the value itself, the
    /// five parts of a rowid, the locator of a LOB, the image of JSON, VECTOR and objects, the
    /// whole describe of a cursor.
    #[inline]
    pub fn take(self, reader: &mut Reader<'_>, version: u8) -> Decoded<Span> {
        self.take_from(reader, version, 0)
    }

    /// [`CellLayout::take`] of a cell that was cut short before ([`Reader::span_from`]).
    #[inline]
    pub fn take_from(self, reader: &mut Reader<'_>, version: u8, scanned: usize) -> Decoded<Span> {
        match self {
            CellLayout::Plain => reader.span_from("row: value", scanned),
            CellLayout::AlwaysNull => Ok(Span::Null),
            CellLayout::Long => {
                let span = reader.span_from("row: long value", scanned)?;
                reader.sb4("row: indicator")?;
                reader.ub4("row: return code")?;
                Ok(span)
            }
            CellLayout::Rowid => take_rowid(reader),
            CellLayout::Urowid => match reader.span("row: urowid length")? {
                Span::Null => Ok(Span::Null),
                _ => reader.span("row: urowid"),
            },
            CellLayout::Lob => {
                if reader.ub4("row: LOB length")? == 0 {
                    return Ok(Span::Null);
                }
                reader.ub8("row: LOB size")?;
                reader.ub4("row: LOB chunk size")?;
                reader.span("row: LOB locator")
            }
            CellLayout::Bfile => {
                if reader.ub4("row: BFILE length")? == 0 {
                    return Ok(Span::Null);
                }
                reader.span("row: BFILE locator")
            }
            CellLayout::Image => {
                if reader.ub4("row: image length")? == 0 {
                    return Ok(Span::Null);
                }
                reader.ub8("row: image size")?;
                reader.ub4("row: image chunk size")?;
                let span = reader.span("row: image")?;
                reader.span("row: image locator")?;
                Ok(span)
            }
            CellLayout::Cursor => {
                let start = reader.position();
                reader.u8("row: cursor length")?;
                decode_columns(reader, version)?;
                reader.ub2("row: cursor number")?;
                Ok(Span::Plain { start, end: reader.position() })
            }
            CellLayout::Object => {
                reader.bytes_with_length("row: object type")?;
                reader.bytes_with_length("row: object identifier")?;
                reader.bytes_with_length("row: object snapshot")?;
                reader.ub2("row: object version")?;
                let length = reader.ub4("row: object length")?;
                reader.ub2("row: object flags")?;
                if length == 0 { Ok(Span::Null) } else { reader.span("row: object image") }
            }
        }
    }
}

fn take_rowid(reader: &mut Reader<'_>) -> Decoded<Span> {
    let length = reader.u8("row: rowid length")?;
    if length == 0 || length == crate::wire::reader::NULL_LENGTH_INDICATOR {
        return Ok(Span::Null);
    }
    let start = reader.position();
    skip_rowid(reader)?;
    Ok(Span::Plain { start, end: reader.position() })
}

/// Passes over the five parts of a physical rowid.
pub(super) fn skip_rowid(reader: &mut Reader<'_>) -> Decoded<()> {
    reader.ub4("rowid: object")?;
    reader.ub2("rowid: file")?;
    reader.u8("rowid: filler")?;
    reader.ub4("rowid: block")?;
    reader.ub2("rowid: slot")?;
    Ok(())
}
