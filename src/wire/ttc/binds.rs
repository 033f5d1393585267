//! Bind values, encoded row by row as they go out.
//!
//! A value is written once, where it is bound; an execute copies whole rows. Nothing is allocated
//! for a value.

use super::codes::message;
use crate::wire::Writer;
use crate::wire::capabilities::{CHARSET_AL32UTF8, field_version};
use crate::wire::reader::{ESCAPE_CHAR, LONG_LENGTH_INDICATOR, MAX_SHORT_LENGTH};
use crate::wire::writer::CHUNK_LENGTH;

/// Flag: values carry indicators.
const USE_INDICATORS: u8 = 0x01;
/// BOOLEAN, whose null is not a zero length.
const TYPE_BOOLEAN: u8 = 252;

/// How one bind is declared to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindColumn {
    /// Oracle's type number; 0 while only nulls were bound.
    pub ora_type: u8,
    /// Character set form.
    pub csfrm: u8,
    /// Room for the longest value, in bytes.
    pub buffer_size: u32,
}

impl BindColumn {
    /// A bind of which nothing but nulls is known.
    const UNKNOWN: BindColumn = BindColumn { ora_type: 0, csfrm: 0, buffer_size: 0 };

    /// What is sent for this bind: a bind with nothing but nulls is a VARCHAR2 of one character.
    fn declared(self) -> BindColumn {
        if self.ora_type == 0 {
            BindColumn { ora_type: 1, csfrm: 1, buffer_size: 4 }
        } else {
            BindColumn { buffer_size: self.buffer_size.max(1), ..self }
        }
    }

    /// Whether values declared as `self` fit into a cursor that was bound as `other`.
    pub fn fits(self, other: BindColumn) -> bool {
        let (mine, theirs) = (self.declared(), other.declared());
        if self.ora_type == 0 {
            // Null is the same for every type but BOOLEAN.
            return theirs.ora_type != TYPE_BOOLEAN;
        }
        mine.ora_type == theirs.ora_type
            && mine.csfrm == theirs.csfrm
            && mine.buffer_size <= theirs.buffer_size
    }
}

/// A value of another type than the rows before had in the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeMismatch {
    /// Index of the bind, from 0.
    pub column: usize,
    /// Index of the row, from 0.
    pub row: usize,
    /// Oracle's type number of the rows before.
    pub expected: u8,
    /// Oracle's type number of the value.
    pub found: u8,
}

/// The binds of one execute: columns, and rows of encoded values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BindBatch {
    columns: Vec<BindColumn>,
    data: Vec<u8>,
    /// Where each cell ends in `data`, row by row.
    ends: Vec<usize>,
}

impl BindBatch {
    /// A batch of `columns` binds and no rows yet.
    pub fn new(columns: usize) -> Self {
        BindBatch { columns: vec![BindColumn::UNKNOWN; columns], ..BindBatch::default() }
    }

    /// How each bind is declared.
    pub fn columns(&self) -> &[BindColumn] {
        &self.columns
    }

    /// How many whole rows were pushed.
    pub fn rows(&self) -> usize {
        self.ends.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    /// Whether nothing is bound.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Declares a bind ahead of its values (`bindDefs`, `setinputsizes`).
    pub fn declare(&mut self, column: usize, declared: BindColumn) {
        if let Some(slot) = self.columns.get_mut(column) {
            *slot = declared;
        }
    }

    /// Makes room for `bytes` more bytes of values.
    pub fn reserve(&mut self, bytes: usize) {
        self.data.reserve(bytes);
    }

    /// Pushes a null; of whatever type the rest of its column has.
    pub fn push_null(&mut self) {
        let at = self.next_column();
        match self.columns.get(at) {
            Some(BindColumn { ora_type: TYPE_BOOLEAN, .. }) => {
                self.data.extend_from_slice(&[ESCAPE_CHAR, 1]);
            }
            _ => self.data.push(0),
        }
        self.ends.push(self.data.len());
    }

    /// Pushes a value of the given type. `buffer_size` is the room that the server shall keep for
    /// it; `encode` appends the bare value and is called at once.
    pub fn push(
        &mut self,
        ora_type: u8,
        csfrm: u8,
        buffer_size: u32,
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), TypeMismatch> {
        self.declare_next(ora_type, csfrm, buffer_size)?;
        let start = self.data.len();
        self.data.push(0);
        encode(&mut self.data);
        self.close_value(start);
        Ok(())
    }

    /// [`BindBatch::push`] of a value that is there as bytes.
    pub fn push_bytes(
        &mut self,
        ora_type: u8,
        csfrm: u8,
        buffer_size: u32,
        value: &[u8],
    ) -> Result<(), TypeMismatch> {
        self.push(ora_type, csfrm, buffer_size, |data| data.extend_from_slice(value))
    }

    fn next_column(&self) -> usize {
        self.ends.len().checked_rem(self.columns.len()).unwrap_or(0)
    }

    fn declare_next(
        &mut self,
        ora_type: u8,
        csfrm: u8,
        buffer_size: u32,
    ) -> Result<(), TypeMismatch> {
        let (column, row) = (self.next_column(), self.rows());
        let Some(slot) = self.columns.get_mut(column) else { return Ok(()) };
        if slot.ora_type == 0 {
            *slot = BindColumn { ora_type, csfrm, buffer_size };
        } else if slot.ora_type != ora_type || slot.csfrm != csfrm {
            return Err(TypeMismatch { column, row, expected: slot.ora_type, found: ora_type });
        } else {
            slot.buffer_size = slot.buffer_size.max(buffer_size);
        }
        Ok(())
    }

    /// Puts the length in front of the value that lies behind `start`.
    fn close_value(&mut self, start: usize) {
        let length = self.data.len() - start - 1;
        match (u8::try_from(length), self.data.get_mut(start)) {
            (Ok(short), Some(head)) if length <= MAX_SHORT_LENGTH => *head = short,
            _ => {
                let value = self.data.split_off(start + 1);
                self.data.truncate(start);
                let mut writer = Writer::with(std::mem::take(&mut self.data));
                writer.u8(LONG_LENGTH_INDICATOR);
                for piece in value.chunks(CHUNK_LENGTH) {
                    writer.ub8(piece.len() as u64);
                    writer.raw(piece);
                }
                writer.ub4(0);
                self.data = writer.into_vec();
            }
        }
        self.ends.push(self.data.len());
    }

    /// Writes how the binds are declared; of `declared` instead of this batch's own columns where
    /// the cursor keeps wider ones.
    pub fn write_declarations(writer: &mut Writer, declared: &[BindColumn], version: u8) {
        for column in declared {
            let column = column.declared();
            writer.u8(column.ora_type);
            writer.u8(USE_INDICATORS);
            writer.u8(0); // precision: the server wants 0
            writer.u8(0); // scale: the server wants 0
            writer.ub4(column.buffer_size);
            writer.ub4(0); // array elements
            writer.ub8(0); // continuation flags
            writer.ub4(0); // type identifier
            writer.ub2(0); // type version
            writer.ub2(if column.csfrm == 0 { 0 } else { CHARSET_AL32UTF8 });
            writer.u8(column.csfrm);
            writer.ub4(0); // characters of a LOB to send along
            if version >= field_version::V12_2 {
                writer.ub4(0); // column identifier
            }
        }
    }

    /// Writes rows `from..to`, each behind its message type. Outside of PL/SQL, values that may be
    /// longer than `max_string_size` come last in their row, as the server wants it. Which those
    /// are is decided by how the cursor's binds are `declared`: the server knows no more.
    pub fn write_rows(
        &self,
        writer: &mut Writer,
        rows: std::ops::Range<usize>,
        declared: &[BindColumn],
        longs_last: Option<usize>,
    ) {
        let width = self.columns.len();
        let is_long = |column: &BindColumn| {
            longs_last.is_some_and(|limit| {
                usize::try_from(column.declared().buffer_size).is_ok_and(|size| size > limit)
            })
        };
        let any_long = declared.iter().any(is_long);
        for row in rows {
            writer.u8(message::ROW_DATA);
            let first = row * width;
            if !any_long {
                writer.raw(self.cells(first, first + width));
                continue;
            }
            for longs in [false, true] {
                for (at, column) in declared.iter().take(width).enumerate() {
                    if is_long(column) == longs {
                        writer.raw(self.cells(first + at, first + at + 1));
                    }
                }
            }
        }
    }

    fn cells(&self, from: usize, to: usize) -> &[u8] {
        let end = |cell: usize| match cell.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or(self.data.len()),
            None => 0,
        };
        self.data.get(end(from)..end(to)).unwrap_or_default()
    }
}
