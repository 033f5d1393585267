//! Rows as they came: the bytes of an answer, and where each cell lies in them.
//!
//! Nothing is decoded and nothing is copied until somebody asks for a cell.

use std::borrow::Cow;
use std::sync::Arc;

use crate::wire::reader::{Decoded, Reader, Span, join_chunks};
use crate::wire::ttc::describe::ColumnInfo;
use crate::wire::ttc::row::CellLayout;

/// Where one cell lies in a batch's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    start: u32,
    length: u32,
}

/// The value is null.
const NULL: u32 = u32::MAX;
/// The value lies in pieces.
const CHUNKED: u32 = 0x8000_0000;

/// An answer with more cells than this is refused: values that are null throughout take no bytes,
/// and repeated ones a bit, so that the length of the answer alone does not bound them. They would
/// take 512 MiB. (Less in the tests of this module, which go there.)
const MAX_CELLS: usize = if cfg!(test) { 1 << 16 } else { 1 << 26 };

impl Cell {
    /// A cell without a value.
    pub const NULL: Cell = Cell { start: 0, length: NULL };

    fn new(span: Span) -> Cell {
        let cell = |start: usize, end: usize, flag: u32| match (
            u32::try_from(start),
            u32::try_from(end.saturating_sub(start)),
        ) {
            (Ok(start), Ok(length)) if length < CHUNKED - 1 => {
                Cell { start, length: length | flag }
            }
            _ => Cell::NULL,
        };
        match span {
            Span::Null => Cell::NULL,
            Span::Plain { start, end } => cell(start, end, 0),
            Span::Chunked { start, end } => cell(start, end, CHUNKED),
        }
    }

    /// Whether the cell has no value.
    #[inline]
    pub fn is_null(self) -> bool {
        self.length == NULL
    }

    /// The bytes that the cell covers, pieces and all.
    #[inline]
    fn covered(self, bytes: &[u8]) -> &[u8] {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let length = usize::try_from(self.length & !CHUNKED).unwrap_or(usize::MAX);
        start.checked_add(length).and_then(|end| bytes.get(start..end)).unwrap_or_default()
    }

    /// The value; `None` is null. Borrowed unless it came in several pieces.
    #[inline]
    pub fn value(self, bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
        if self.is_null() {
            None
        } else if self.length & CHUNKED == 0 {
            Some(Cow::Borrowed(self.covered(bytes)))
        } else {
            Some(join_chunks(self.covered(bytes)))
        }
    }
}

/// The rows of one answer. `Debug` shows how many, not what is in them.
#[derive(Clone)]
pub struct RowBatch {
    columns: Arc<[ColumnInfo]>,
    bytes: Vec<u8>,
    cells: Vec<Cell>,
    rows: usize,
}

impl std::fmt::Debug for RowBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowBatch")
            .field("columns", &self.columns.len())
            .field("rows", &self.rows)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl RowBatch {
    /// What the columns are.
    pub fn columns(&self) -> &Arc<[ColumnInfo]> {
        &self.columns
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The bare bytes of a value, as [`crate::wire::value`] decodes them; `None` is null, and what
    /// lies outside of the batch.
    #[inline]
    pub fn cell(&self, row: usize, column: usize) -> Option<Cow<'_, [u8]>> {
        if column >= self.columns.len() {
            return None;
        }
        self.cells.get(row * self.columns.len() + column).and_then(|cell| cell.value(&self.bytes))
    }

    /// The cells of one row, and the bytes that they lie in.
    #[inline]
    pub fn row(&self, row: usize) -> (&[Cell], &[u8]) {
        let width = self.columns.len();
        (self.cells.get(row * width..(row + 1) * width).unwrap_or_default(), &self.bytes)
    }

    /// A batch of values that did not come over the wire.
    #[cfg(test)]
    pub(crate) fn of(columns: Vec<ColumnInfo>, rows: &[Vec<Option<Vec<u8>>>]) -> RowBatch {
        let mut batch = RowBatch {
            columns: columns.into(),
            bytes: Vec::new(),
            cells: Vec::new(),
            rows: rows.len(),
        };
        for value in rows.iter().flatten() {
            let start = batch.bytes.len();
            batch.bytes.extend_from_slice(value.as_deref().unwrap_or_default());
            let end = batch.bytes.len();
            let span = value.as_ref().map_or(Span::Null, |_| Span::Plain { start, end });
            batch.cells.push(Cell::new(span));
        }
        batch
    }

    /// What the next answer needs of this one: its first row may repeat values of the last here.
    pub fn last_row(&self) -> LastRow {
        let mut last = LastRow::default();
        let Some(row) = self.rows.checked_sub(1) else { return last };
        for cell in self.row(row).0 {
            let start = u32::try_from(last.bytes.len()).unwrap_or(u32::MAX);
            if !cell.is_null() {
                last.bytes.extend_from_slice(cell.covered(&self.bytes));
            }
            last.cells.push(Cell { start, ..*cell });
        }
        last
    }
}

/// The last row of the batch before, packed at the front of the next answer's bytes. `Debug` shows
/// its size.
#[derive(Clone, Default)]
pub struct LastRow {
    pub(super) bytes: Vec<u8>,
    cells: Vec<Cell>,
}

impl std::fmt::Debug for LastRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LastRow({} bytes)", self.bytes.len())
    }
}

/// Collects the cells of an answer's rows while it arrives.
#[derive(Debug, Default)]
pub(super) struct Rows {
    columns: Option<Arc<[ColumnInfo]>>,
    layouts: Vec<CellLayout>,
    cells: Vec<Cell>,
    /// Where the row before the first lies, for values that repeat it.
    before: Vec<Cell>,
    /// Which columns the next row brings; empty if all.
    bit_vector: Vec<u8>,
    rows: usize,
    /// How far the row that was cut short came.
    broken_off: BrokenOff,
}

/// Where a row was cut short: what was read of it is not read again.
#[derive(Debug, Clone, Copy, Default)]
struct BrokenOff {
    /// The cell that was cut short begins here.
    position: usize,
    /// The pieces of its value were passed over up to here; 0 for none.
    scanned: usize,
    /// How many cells of the row stand before it.
    done: usize,
}

impl Rows {
    /// Rows of a query that was described before.
    pub(super) fn new(columns: Option<Arc<[ColumnInfo]>>, last: LastRow) -> Rows {
        let mut rows = Rows { before: last.cells, ..Rows::default() };
        if let Some(columns) = columns {
            rows.describe(columns);
        }
        rows
    }

    /// Takes a (new) description.
    pub(super) fn describe(&mut self, columns: Arc<[ColumnInfo]>) {
        self.layouts = columns.iter().map(CellLayout::of).collect();
        if self.before.len() != columns.len() {
            self.before.clear();
        }
        self.columns = Some(columns);
    }

    /// Whether it is known what the rows look like.
    pub(super) fn is_described(&self) -> bool {
        self.columns.is_some()
    }

    /// How many columns there are.
    pub(super) fn width(&self) -> usize {
        self.layouts.len()
    }

    /// The next row repeats the values whose bits are clear.
    pub(super) fn set_bit_vector(&mut self, vector: &[u8]) {
        self.bit_vector.clear();
        self.bit_vector.extend_from_slice(vector);
    }

    /// Reads one row behind its message type. If it is cut short, the next call goes on where it
    /// broke off, whatever the reader's position.
    #[inline]
    pub(super) fn take_row(&mut self, reader: &mut Reader<'_>, version: u8) -> Decoded<()> {
        let start = self.cells.len();
        if self.layouts.len() > MAX_CELLS - start.min(MAX_CELLS) {
            let detail = format!("more than {MAX_CELLS} values came at once; fetch fewer rows");
            return Err(reader.malformed("rows", detail));
        }
        let broken_off = std::mem::take(&mut self.broken_off);
        if broken_off.done > 0 || broken_off.scanned > 0 {
            reader.seek(broken_off.position);
        }
        match self.take_cells(start - broken_off.done, broken_off, reader, version) {
            Ok(()) => {
                self.bit_vector.clear();
                self.rows += 1;
                Ok(())
            }
            Err(error) => {
                self.broken_off.done = self.cells.len() - (start - broken_off.done);
                Err(error)
            }
        }
    }

    /// Reads the cells that are missing of the row whose first cell is number `start`.
    #[inline]
    fn take_cells(
        &mut self,
        start: usize,
        broken_off: BrokenOff,
        reader: &mut Reader<'_>,
        version: u8,
    ) -> Decoded<()> {
        let mut scanned = broken_off.scanned;
        let whole = self.bit_vector.is_empty();
        for (column, layout) in self.layouts.iter().enumerate().skip(broken_off.done) {
            if whole || self.is_sent(column) {
                let position = reader.position();
                match layout.take_from(reader, version, std::mem::take(&mut scanned)) {
                    Ok(span) => self.cells.push(Cell::new(span)),
                    Err(error) => {
                        let scanned = reader.scanned();
                        self.broken_off = BrokenOff { position, scanned, done: 0 };
                        return Err(error);
                    }
                }
                continue;
            }
            let repeated = match start.checked_sub(self.layouts.len()) {
                Some(previous) => self.cells.get(previous + column),
                None => self.before.get(column),
            };
            match repeated {
                Some(cell) => self.cells.push(*cell),
                None => {
                    return Err(reader.malformed(
                        "bit vector",
                        "the first row repeats a value, but there is no row before it",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether the next row brings this column, where it does not bring all.
    fn is_sent(&self, column: usize) -> bool {
        let byte = self.bit_vector.get(column / 8).copied().unwrap_or(0xff);
        byte & (1 << (column % 8)) != 0
    }

    /// The rows, with the bytes that they lie in.
    pub(super) fn finish(self, bytes: Vec<u8>) -> Option<RowBatch> {
        let columns = self.columns?;
        Some(RowBatch { columns, bytes, cells: self.cells, rows: self.rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn nulls_that_take_no_bytes_do_not_take_memory_without_end() {
        let columns: Vec<ColumnInfo> = vec![ColumnInfo::default(); 1000];
        let mut rows = Rows::new(Some(columns.into()), LastRow::default());
        let mut reader = Reader::new(&[]);
        let taken = (0..100).take_while(|_| rows.take_row(&mut reader, 24).is_ok()).count();
        assert_eq!(taken, MAX_CELLS / 1000);
        let error = Error::from(rows.take_row(&mut reader, 24).unwrap_err());
        assert!(error.to_string().contains("fetch fewer rows"), "{error}");
        assert_eq!(rows.cells.len(), taken * 1000, "what came before stays");
    }

    #[test]
    fn a_row_that_is_cut_short_is_read_on_where_it_broke_off() {
        let column = ColumnInfo { ora_type: 1, csfrm: 1, buffer_size: 4000, ..Default::default() };
        let columns: Arc<[ColumnInfo]> = vec![column; 2].into();
        // A short value, then one of 200 pieces.
        let mut bytes = vec![1, b'a', 0xfe];
        for _ in 0..200 {
            bytes.extend_from_slice(&[1, 100]);
            bytes.extend_from_slice(&[b'x'; 100]);
        }
        bytes.push(0);
        let mut rows = Rows::new(Some(columns), LastRow::default());
        for arrived in (1..bytes.len()).step_by(37) {
            let error = rows.take_row(&mut Reader::new(&bytes[..arrived]), 24);
            assert!(error.is_err(), "the row is not whole");
            // Nothing before the last whole piece is looked at again.
            let reached = rows.broken_off.scanned.max(rows.broken_off.position);
            assert!(arrived - reached <= 102, "{arrived} bytes arrived, {reached} are done with");
        }
        rows.take_row(&mut Reader::new(&bytes), 24).expect("the row is whole");
        let batch = rows.finish(bytes).expect("rows");
        assert_eq!(batch.rows(), 1);
        assert_eq!(batch.cell(0, 0).as_deref(), Some(&b"a"[..]));
        assert_eq!(batch.cell(0, 1).map(|value| value.len()), Some(20_000));
    }
}
