//! Rows of a query.

use oraedge::error::Error;
use oraedge::wire::Writer;
use oraedge::wire::reader::{ESCAPE_CHAR, LONG_LENGTH_INDICATOR};
use oraedge::wire::value::{DbType, Rowid, Value};
use oraedge::wire::writer::CHUNK_LENGTH;

use super::message;
use super::put::ServerWriter;

/// Writes the message in front of rows: how many columns there are, how many rows were asked for,
/// and which columns of the first row are sent if not all are. The flags are 0x22 in each recording.
pub fn put_row_header(writer: &mut Writer, columns: usize, asked: u32, sent: &[bool]) {
    const FLAGS: u8 = 0x22;
    writer.u8(message::ROW_HEADER);
    writer.u8(FLAGS);
    writer.uint(columns as u64);
    writer.zeros(1); // iteration
    writer.uint(u64::from(asked));
    writer.zeros(1); // buffer length
    writer.counted(&bits(sent));
    writer.zeros(1); // ROWID
}

/// Writes which columns of the next row are sent, the others being those of the row before.
pub fn put_bit_vector(writer: &mut Writer, sent: &[bool]) {
    writer.u8(message::BIT_VECTOR);
    writer.uint(sent.iter().filter(|sent| **sent).count() as u64);
    writer.raw(&bits(sent));
}

/// One bit a column, from the low one of each byte up.
fn bits(sent: &[bool]) -> Vec<u8> {
    let bytes = sent.chunks(8).map(|columns| {
        let bits = columns.iter().enumerate();
        bits.fold(0, |byte, (bit, sent)| byte | u8::from(*sent) << bit)
    });
    bytes.collect()
}

/// How the values of one column are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The type.
    pub db_type: DbType,
    /// Whether the column was described as always null; nothing is sent then.
    pub absent: bool,
}

/// Writes one value of a row. `scratch` is a buffer that is used again and again.
///
/// # Errors
/// [`Error::Misuse`] for a value that cannot be written as the column's type.
pub fn put_cell(
    writer: &mut Writer,
    cell: Cell,
    value: &Value,
    scratch: &mut Vec<u8>,
) -> Result<(), Error> {
    if cell.absent {
        return Ok(());
    }
    scratch.clear();
    match (cell.db_type, value) {
        (DbType::Long | DbType::LongNvarchar | DbType::LongRaw, value) => {
            return put_long(writer, cell.db_type, value, scratch);
        }
        (_, Value::Null) => writer.u8(0),
        (DbType::Rowid, Value::Rowid(rowid)) => put_rowid_column(writer, *rowid),
        (DbType::Urowid, value) => {
            value.encode_as(DbType::Urowid, scratch)?;
            writer.counted(scratch);
        }
        (db_type, value) => {
            value.encode_as(db_type, scratch)?;
            writer.value(scratch);
        }
    }
    Ok(())
}

fn put_rowid_column(writer: &mut Writer, rowid: Rowid) {
    /// What real servers put in front of a ROWID column's numbers (recorded: `seer-rowid-column`).
    const COLUMN_LENGTH: u8 = 14;
    writer.u8(COLUMN_LENGTH);
    put_rowid(writer, rowid);
}

/// Writes the four numbers of a ROWID.
pub fn put_rowid(writer: &mut Writer, rowid: Rowid) {
    writer.uint(u64::from(rowid.rba));
    writer.uint(u64::from(rowid.partition_id));
    writer.zeros(1);
    writer.uint(u64::from(rowid.block));
    writer.uint(u64::from(rowid.slot));
}

/// A LONG comes in pieces, and with an indicator and a return code behind it.
fn put_long(
    writer: &mut Writer,
    db_type: DbType,
    value: &Value,
    scratch: &mut Vec<u8>,
) -> Result<(), Error> {
    /// `ORA-01405: fetched column value is NULL`.
    const FETCHED_NULL: u64 = 1405;
    if value.is_null() {
        writer.u8(0);
        writer.sint(-1);
        writer.uint(FETCHED_NULL);
        return Ok(());
    }
    value.encode_as(db_type, scratch)?;
    writer.u8(LONG_LENGTH_INDICATOR);
    for piece in scratch.chunks(CHUNK_LENGTH) {
        writer.uint(piece.len() as u64);
        writer.raw(piece);
    }
    writer.zeros(1); // end of the pieces
    writer.zeros(2); // indicator and return code
    Ok(())
}

/// What a bind is to the statement (python-oracledb: `TNS_BIND_DIR_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Its value comes back and is never sent.
    Out,
    /// Its value is sent.
    In,
    /// Its value is sent and comes back.
    InOut,
}

/// Writes what each bind is.
pub fn put_io_vector(writer: &mut Writer, directions: &[Direction]) {
    /// Recorded in each of them; no driver looks at it.
    const FLAG: u8 = 5;
    writer.u8(message::IO_VECTOR);
    writer.u8(FLAG);
    writer.uint(directions.len() as u64 & 0xff);
    writer.uint(directions.len() as u64 >> 8);
    writer.uint(1); // iterations this time
    writer.zeros(3); // buffer length, bit vector, ROWID
    for direction in directions {
        writer.u8(match direction {
            Direction::Out => 16,
            Direction::In => 32,
            Direction::InOut => 48,
        });
    }
}

/// Writes one value that a bind returns, with the indicator behind it.
///
/// # Errors
/// [`Error::Misuse`] for a value that cannot be written as the bind's type.
pub fn put_out_value(
    writer: &mut Writer,
    db_type: DbType,
    value: &Value,
    scratch: &mut Vec<u8>,
) -> Result<(), Error> {
    scratch.clear();
    if value.is_null() {
        if db_type == DbType::Boolean {
            writer.raw(&[ESCAPE_CHAR, 1]);
        } else {
            writer.u8(0);
        }
    } else {
        value.encode_as(db_type, scratch)?;
        writer.value(scratch);
    }
    writer.zeros(1); // not cut off
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::unhex;

    fn cell(db_type: DbType, value: &Value) -> Vec<u8> {
        let mut writer = Writer::new();
        put_cell(&mut writer, Cell { db_type, absent: false }, value, &mut Vec::new()).unwrap();
        writer.into_vec()
    }

    #[test]
    fn a_rowid_column_is_the_recorded_one() {
        // seer-rowid-column.
        let rowid = Rowid { rba: 44681, partition_id: 4, block: 8591, slot: 0 };
        assert_eq!(cell(DbType::Rowid, &rowid.into()), unhex("0e02ae8901040002218f00"));
    }

    #[test]
    fn a_urowid_column_is_the_recorded_one() {
        // seer-urowid-column without its first byte, which is not of the column.
        let image = unhex("02040100198302c102fe");
        let urowid = oraedge::wire::value::Urowid::decode(&image).unwrap();
        assert_eq!(cell(DbType::Urowid, &urowid.into()), unhex("010a0a02040100198302c102fe"));
    }

    #[test]
    fn a_long_has_pieces_an_indicator_and_a_return_code() {
        assert_eq!(cell(DbType::Long, &"Z".into()), unhex("fe 01015a 00 00 00"));
        assert_eq!(cell(DbType::Long, &Value::Null), unhex("00 8101 02057d"));
    }

    #[test]
    fn bits_of_columns_that_are_sent_go_from_the_low_one_up() {
        let mut writer = Writer::new();
        let mut sent = [true; 11];
        put_bit_vector(&mut writer, &sent);
        // pyo4-fetch-df#0016.
        assert_eq!(writer.as_slice(), unhex("15 010b ff07"));
        let mut writer = Writer::new();
        sent = [false; 11];
        sent[0] = true;
        sent[9] = true;
        put_bit_vector(&mut writer, &sent);
        assert_eq!(writer.as_slice(), unhex("15 0102 0102"));
    }

    #[test]
    fn directions_are_the_recorded_ones() {
        // seer-iov-in.
        let mut writer = Writer::new();
        put_io_vector(&mut writer, &[Direction::In]);
        assert_eq!(writer.as_slice(), unhex("0b0501010001010000 0020"));
    }
}
