//! A batch of rows, turned into columns that JavaScript reads where they lie.
//!
//! The buffers are kept from batch to batch, so that memory stays what the largest batch needed.

use super::border::{
    BATCH_COLUMNS, BATCH_HEADER_WORDS, BATCH_MORE, BATCH_ROWS, COLUMN_DATA, COLUMN_DATA_BYTES,
    COLUMN_IS_JSON, COLUMN_IS_OSON, COLUMN_KIND, COLUMN_NULLABLE, COLUMN_NULLS, COLUMN_OFFSETS,
    COLUMN_WORDS, KIND_BOOLEAN, KIND_BYTES, KIND_DEFAULT, KIND_FLOAT64, KIND_INTERVAL_DS,
    KIND_INTERVAL_YM, KIND_LOCAL_TIME, KIND_TEXT, KIND_UTC_TIME,
};
use crate::error::{Error, Result};
use crate::protocol::RowBatch;
use crate::wire::reader::DecodeError;
use crate::wire::ttc::describe::ColumnInfo;
use crate::wire::value::number::decode_f64;
use crate::wire::value::{
    DateTime, DbType, IntervalDs, IntervalYm, TimestampTz, Value, binary_float, boolean, text,
};

/// The columns of one result, filled anew with each batch.
#[derive(Debug)]
pub(crate) struct Columns {
    columns: Vec<Column>,
    rows: usize,
}

const MILLIS_PER_MINUTE: f64 = 60_000.0;

impl Columns {
    /// Prepares for rows of `described`; `kinds` says column by column how JavaScript wants it,
    /// and is empty where it leaves all to the types. `zone_minutes` is how far the session's time
    /// zone, in which TIMESTAMP WITH LOCAL TIME ZONE comes, is ahead of UTC.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for a type that cannot be fetched, by the column's name.
    pub(crate) fn new(
        described: &[ColumnInfo],
        kinds: &[u8],
        zone_minutes: i32,
    ) -> Result<Columns> {
        let columns = described
            .iter()
            .enumerate()
            .map(|(at, info)| {
                let asked = kinds.get(at).copied().map_or(KIND_DEFAULT, u32::from);
                Column::new(info, asked, f64::from(zone_minutes) * MILLIS_PER_MINUTE)
            })
            .collect::<Result<_>>()?;
        Ok(Columns { columns, rows: 0 })
    }

    /// Takes over the values of `batch`.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] for bytes that are no value of the column's type.
    pub(crate) fn fill(&mut self, batch: &RowBatch) -> Result<()> {
        self.rows = batch.rows();
        for (at, column) in self.columns.iter_mut().enumerate() {
            column.fill(batch, at)?;
        }
        Ok(())
    }

    /// Writes the header that JavaScript reads; the addresses in it are of this object's buffers
    /// and hold until it is changed.
    pub(crate) fn write_header(&self, more: bool, header: &mut Vec<u32>) {
        header.clear();
        header.extend(words([
            (BATCH_ROWS, count(self.rows)),
            (BATCH_MORE, u32::from(more)),
            (BATCH_COLUMNS, count(self.columns.len())),
        ]));
        for column in &self.columns {
            let (data, bytes) = column.data();
            header.extend(words([
                (COLUMN_KIND, column.kind),
                (COLUMN_NULLS, if column.any_null { address(&column.nulls) } else { 0 }),
                (COLUMN_DATA, data),
                (COLUMN_DATA_BYTES, count(bytes)),
                (COLUMN_OFFSETS, address(&column.offsets)),
            ]));
        }
    }
}

// What the header is made of is all that JavaScript expects in it.
const _: () = assert!(BATCH_HEADER_WORDS == 3 && COLUMN_WORDS == 5);

/// Words in the places that their numbers say.
fn words<const N: usize>(placed: [(u32, u32); N]) -> [u32; N] {
    std::array::from_fn(|at| {
        placed.iter().find(|(place, _)| *place == count(at)).map_or(0, |(_, word)| *word)
    })
}

/// Lengths and addresses fit: wasm's own are of 32 bits.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Where values lie; 0 if there are none.
fn address<T>(values: &[T]) -> u32 {
    if values.is_empty() { 0 } else { count(values.as_ptr().addr()) }
}

/// One column's values, in the one of the buffers that its kind uses.
#[derive(Debug)]
struct Column {
    kind: u32,
    db_type: DbType,
    zone_millis: f64,
    nulls: Vec<u8>,
    any_null: bool,
    bytes: Vec<u8>,
    floats: Vec<f64>,
    ints: Vec<i32>,
    offsets: Vec<u32>,
    /// Where text is put together that is not on the wire as UTF-8.
    scratch: String,
}

impl Column {
    fn new(info: &ColumnInfo, asked: u32, zone_millis: f64) -> Result<Column> {
        let db_type = DbType::from_wire(info.ora_type, info.csfrm);
        let kind = db_type.and_then(default_kind);
        let (Some(db_type), Some(kind)) = (db_type, kind) else {
            let name = db_type.map_or("a type unknown to oraedge", DbType::column_type);
            return Err(Error::unsupported(
                format!("fetching the column {} ({name})", info.name),
                "leave it out of the query, or convert it there (TO_CHAR, DBMS_LOB.SUBSTR)",
            ));
        };
        Ok(Column {
            kind: if asked == KIND_TEXT { KIND_TEXT } else { kind },
            db_type,
            zone_millis,
            nulls: Vec::new(),
            any_null: false,
            bytes: Vec::new(),
            floats: Vec::new(),
            ints: Vec::new(),
            offsets: Vec::new(),
            scratch: String::new(),
        })
    }

    /// Address and length in bytes of the values.
    fn data(&self) -> (u32, usize) {
        match self.kind {
            KIND_FLOAT64 | KIND_LOCAL_TIME | KIND_UTC_TIME => {
                (address(&self.floats), size_of_val(self.floats.as_slice()))
            }
            KIND_INTERVAL_YM | KIND_INTERVAL_DS => {
                (address(&self.ints), size_of_val(self.ints.as_slice()))
            }
            _ => (address(&self.bytes), self.bytes.len()),
        }
    }

    fn fill(&mut self, batch: &RowBatch, at: usize) -> Result<()> {
        self.any_null = false;
        self.nulls.clear();
        self.bytes.clear();
        self.floats.clear();
        self.ints.clear();
        self.offsets.clear();
        let rows = batch.rows();
        let filled =
            match self.kind {
                KIND_FLOAT64 => match self.db_type {
                    DbType::BinaryDouble => self.floats(batch, at, binary_float::decode_f64),
                    DbType::BinaryFloat => self
                        .floats(batch, at, |value| binary_float::decode_f32(value).map(f64::from)),
                    _ => self.floats(batch, at, decode_f64),
                },
                KIND_LOCAL_TIME => self
                    .floats(batch, at, |value| DateTime::decode(value).map(|time| millis(&time))),
                KIND_UTC_TIME if self.db_type == DbType::TimestampLtz => {
                    let zone = self.zone_millis;
                    self.floats(batch, at, |value| {
                        DateTime::decode(value).map(|time| millis(&time) - zone)
                    })
                }
                KIND_UTC_TIME => self.floats(batch, at, |value| {
                    TimestampTz::decode(value).map(|time| millis(&time.utc))
                }),
                KIND_BYTES => {
                    self.offsets.push(0);
                    for row in 0..rows {
                        match batch.cell(row, at) {
                            Some(value) => self.bytes.extend_from_slice(&value),
                            None => self.null(rows, row),
                        }
                        self.offsets.push(count(self.bytes.len()));
                    }
                    Ok(())
                }
                KIND_BOOLEAN => (0..rows).try_for_each(|row| {
                    let flag = match batch.cell(row, at) {
                        Some(value) => boolean::decode(&value)?,
                        None => {
                            self.null(rows, row);
                            false
                        }
                    };
                    self.bytes.push(u8::from(flag));
                    Ok(())
                }),
                KIND_INTERVAL_YM => (0..rows).try_for_each(|row| {
                    let value = match batch.cell(row, at) {
                        Some(value) => IntervalYm::decode(&value)?,
                        None => {
                            self.null(rows, row);
                            IntervalYm::default()
                        }
                    };
                    self.ints.extend([value.years, value.months]);
                    Ok(())
                }),
                KIND_INTERVAL_DS => (0..rows).try_for_each(|row| {
                    let value = match batch.cell(row, at) {
                        Some(value) => IntervalDs::decode(&value)?,
                        None => {
                            self.null(rows, row);
                            IntervalDs::default()
                        }
                    };
                    self.ints.extend([
                        value.days,
                        value.hours,
                        value.minutes,
                        value.seconds,
                        value.nanoseconds,
                    ]);
                    Ok(())
                }),
                _ => self.texts(batch, at),
            };
        filled.map_err(Error::from)
    }

    /// Notes that the value in `row` of `rows` is null.
    fn null(&mut self, rows: usize, row: usize) {
        if !self.any_null {
            self.any_null = true;
            self.nulls.resize(rows, 0);
        }
        if let Some(flag) = self.nulls.get_mut(row) {
            *flag = 1;
        }
    }

    fn floats(
        &mut self,
        batch: &RowBatch,
        at: usize,
        decode: impl Fn(&[u8]) -> Result<f64, DecodeError>,
    ) -> Result<(), DecodeError> {
        let rows = batch.rows();
        for row in 0..rows {
            let value = match batch.cell(row, at) {
                Some(value) => decode(&value)?,
                None => {
                    self.null(rows, row);
                    0.0
                }
            };
            self.floats.push(value);
        }
        Ok(())
    }

    /// Text, with offsets in UTF-16 code units, which are what JavaScript slices by.
    fn texts(&mut self, batch: &RowBatch, at: usize) -> Result<(), DecodeError> {
        let rows = batch.rows();
        let on_the_wire = matches!(self.db_type, DbType::Varchar | DbType::Char | DbType::Long);
        let mut units = 0usize;
        self.offsets.push(0);
        for row in 0..rows {
            match batch.cell(row, at) {
                None => self.null(rows, row),
                Some(value) if on_the_wire && value.is_ascii() => {
                    self.bytes.extend_from_slice(&value);
                    units += value.len();
                }
                Some(value) => {
                    self.scratch.clear();
                    write_text(self.db_type, &value, &mut self.scratch)?;
                    self.bytes.extend_from_slice(self.scratch.as_bytes());
                    units += self.scratch.chars().map(char::len_utf16).sum::<usize>();
                }
            }
            self.offsets.push(count(units));
        }
        Ok(())
    }
}

/// How a column of this type is handed over unless JavaScript asks otherwise; `None` for types
/// that cannot be fetched.
fn default_kind(db_type: DbType) -> Option<u32> {
    Some(match db_type {
        DbType::Varchar
        | DbType::Nvarchar
        | DbType::Char
        | DbType::Nchar
        | DbType::Long
        | DbType::LongNvarchar
        | DbType::Rowid
        | DbType::Urowid => KIND_TEXT,
        DbType::Number | DbType::BinaryInteger | DbType::BinaryFloat | DbType::BinaryDouble => {
            KIND_FLOAT64
        }
        DbType::Date | DbType::Timestamp => KIND_LOCAL_TIME,
        DbType::TimestampTz | DbType::TimestampLtz => KIND_UTC_TIME,
        DbType::Raw | DbType::LongRaw => KIND_BYTES,
        DbType::Boolean => KIND_BOOLEAN,
        DbType::IntervalYm => KIND_INTERVAL_YM,
        DbType::IntervalDs => KIND_INTERVAL_DS,
        _ => return None,
    })
}

/// Milliseconds since 1970 of a clock reading, as if it were UTC.
fn millis(time: &DateTime) -> f64 {
    // Years -4712 to 9999 are far below 2^53 milliseconds.
    time.unix_millis() as f64
}

fn write_text(db_type: DbType, value: &[u8], out: &mut String) -> Result<(), DecodeError> {
    use std::fmt::Write;
    match db_type {
        DbType::Varchar
        | DbType::Char
        | DbType::Long
        | DbType::Nvarchar
        | DbType::Nchar
        | DbType::LongNvarchar => out.push_str(&text::decode(db_type, value)?),
        _ => {
            // Writing to a String does not fail.
            let _ = write!(out, "{}", Value::decode(db_type, value)?);
        }
    }
    Ok(())
}

/// The descriptions of the columns, in the layout of [`super::border`].
pub(crate) fn describe(columns: &[ColumnInfo]) -> Vec<u8> {
    let mut out = Vec::new();
    for column in columns {
        let db_type = DbType::from_wire(column.ora_type, column.csfrm);
        let flag = |on: bool, flag: u32| if on { flag } else { 0 };
        let flags = flag(column.nullable, COLUMN_NULLABLE)
            | flag(column.is_json, COLUMN_IS_JSON)
            | flag(column.is_oson, COLUMN_IS_OSON);
        let name = column.name.get(..usize::from(u16::MAX)).unwrap_or(&column.name);
        out.extend(db_type.map_or(0, DbType::number).to_le_bytes());
        out.extend(column.precision.to_le_bytes());
        out.extend(column.scale.to_le_bytes());
        out.extend(column.max_size.to_le_bytes());
        out.extend([u8::try_from(flags).unwrap_or_default(), 0]);
        out.extend(u16::try_from(name.len()).unwrap_or_default().to_le_bytes());
        out.extend(name.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::value::{Number, Zone};

    fn info(name: &str, db_type: DbType) -> ColumnInfo {
        ColumnInfo {
            name: name.to_owned(),
            ora_type: db_type.ora_type(),
            csfrm: db_type.csfrm(),
            ..ColumnInfo::default()
        }
    }

    /// The wire's bytes of a value as a value of that type.
    fn wire(db_type: DbType, value: Value) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        value.encode_as(db_type, &mut bytes).unwrap();
        (!value.is_null()).then_some(bytes)
    }

    /// One column of these values, fetched as `kind`.
    fn column(db_type: DbType, values: Vec<Value>, kind: u32, zone_minutes: i32) -> Column {
        let rows: Vec<_> = values.into_iter().map(|value| vec![wire(db_type, value)]).collect();
        let batch = RowBatch::of(vec![info("C", db_type)], &rows);
        let kinds = [u8::try_from(kind).unwrap()];
        let mut columns = Columns::new(batch.columns(), &kinds, zone_minutes).unwrap();
        // Twice: nothing of the batch before may be left.
        columns.fill(&batch).unwrap();
        columns.fill(&batch).unwrap();
        columns.columns.remove(0)
    }

    fn text(value: &str) -> Value {
        Value::Text(value.to_owned())
    }

    fn number(value: &str) -> Value {
        Value::Number(value.parse::<Number>().unwrap())
    }

    #[test]
    fn numbers_of_every_type_become_doubles_and_nulls_are_told_apart_from_zero() {
        let filled =
            column(DbType::Number, vec![number("1.5"), Value::Null, number("0")], KIND_DEFAULT, 0);
        assert_eq!(filled.floats, [1.5, 0.0, 0.0]);
        assert_eq!(filled.nulls, [0, 1, 0]);
        let filled = column(DbType::BinaryDouble, vec![Value::BinaryDouble(-0.25)], 0, 0);
        assert_eq!((filled.floats, filled.any_null), (vec![-0.25], false));
    }

    #[test]
    fn text_is_one_buffer_with_offsets_in_utf16_units() {
        for db_type in [DbType::Varchar, DbType::Nvarchar] {
            let values = vec![text("plain"), Value::Null, text("gr\u{fc}n \u{1f34f}"), text("x")];
            let filled = column(db_type, values, KIND_DEFAULT, 0);
            assert_eq!(filled.bytes, "plaingr\u{fc}n \u{1f34f}x".as_bytes());
            assert_eq!(filled.offsets, [0, 5, 5, 12, 13]);
            assert_eq!(filled.nulls, [0, 1, 0, 0]);
        }
    }

    #[test]
    fn text_that_is_not_utf8_still_has_offsets_that_fit() {
        let batch = RowBatch::of(
            vec![info("C", DbType::Varchar)],
            &[vec![Some(b"a\xffb".to_vec())], vec![Some(b"c".to_vec())]],
        );
        let mut columns = Columns::new(batch.columns(), &[], 0).unwrap();
        columns.fill(&batch).unwrap();
        let filled = &columns.columns[0];
        assert_eq!(filled.bytes, "a\u{fffd}bc".as_bytes());
        assert_eq!(filled.offsets, [0, 3, 4]);
    }

    #[test]
    fn what_is_asked_for_as_text_comes_as_text() {
        let big = "12345678901234567890123456789012345678";
        let filled = column(DbType::Number, vec![number(big)], KIND_TEXT, 0);
        assert_eq!(filled.bytes, big.as_bytes());
        let day = DateTime::from_ymd(2024, 2, 3);
        let filled = column(DbType::Date, vec![Value::Date(day)], KIND_TEXT, 0);
        assert_eq!(filled.bytes, b"2024-02-03 00:00:00");
        let filled = column(DbType::Raw, vec![Value::Bytes(vec![0x0a, 0xff])], KIND_TEXT, 0);
        assert_eq!(filled.bytes, b"0AFF");
    }

    #[test]
    fn times_are_readings_or_instants_as_their_type_has_a_zone_or_not() {
        let noon = DateTime::new(1970, 1, 2, 12, 0, 0, 500_000_000);
        let millis = 1.5 * 86_400_000.0 + 500.0;
        let filled = column(DbType::Timestamp, vec![Value::Timestamp(noon)], 0, 120);
        assert_eq!((filled.kind, filled.floats), (KIND_LOCAL_TIME, vec![millis]));
        let zoned = TimestampTz { utc: noon, zone: Zone::Offset(-300) };
        let filled = column(DbType::TimestampTz, vec![Value::TimestampTz(zoned)], 0, 120);
        assert_eq!((filled.kind, filled.floats), (KIND_UTC_TIME, vec![millis]));
        // This type comes in the session's time zone, here two hours ahead.
        let filled = column(DbType::TimestampLtz, vec![Value::TimestampLtz(noon)], 0, 120);
        assert_eq!((filled.kind, filled.floats), (KIND_UTC_TIME, vec![millis - 7_200_000.0]));
    }

    #[test]
    fn bytes_booleans_and_intervals_have_their_own_layouts() {
        let values = vec![Value::Bytes(vec![1, 2]), Value::Null, Value::Bytes(vec![3])];
        let filled = column(DbType::Raw, values, 0, 0);
        assert_eq!((filled.bytes, filled.offsets), (vec![1, 2, 3], vec![0, 2, 2, 3]));
        let filled = column(DbType::Boolean, vec![Value::Boolean(true), Value::Null], 0, 0);
        assert_eq!((filled.bytes, filled.nulls), (vec![1, 0], vec![0, 1]));
        let interval = IntervalYm { years: -1, months: -2 };
        let filled = column(DbType::IntervalYm, vec![Value::IntervalYm(interval)], 0, 0);
        assert_eq!(filled.ints, [-1, -2]);
        let interval = IntervalDs { days: 1, hours: 2, minutes: 3, seconds: 4, nanoseconds: 5 };
        let filled = column(DbType::IntervalDs, vec![Value::IntervalDs(interval)], 0, 0);
        assert_eq!(filled.ints, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_type_that_cannot_be_fetched_is_named_with_its_column() {
        let error = Columns::new(&[info("DOC", DbType::Json)], &[], 0).unwrap_err();
        assert!(error.to_string().contains("DOC (JSON)"), "{error}");
    }

    #[test]
    fn the_header_says_rows_columns_and_where_they_are() {
        let rows = [vec![wire(DbType::Number, number("1")), None]];
        let described = vec![info("A", DbType::Number), info("B", DbType::Varchar)];
        let batch = RowBatch::of(described, &rows);
        let mut columns = Columns::new(batch.columns(), &[], 0).unwrap();
        columns.fill(&batch).unwrap();
        let mut header = Vec::new();
        columns.write_header(true, &mut header);
        assert_eq!(header.len(), 3 + 2 * 5);
        assert_eq!(&header[..3], [1, 1, 2]);
        assert_eq!((header[3], header[4], header[6], header[7]), (KIND_FLOAT64, 0, 8, 0));
        assert_eq!(header[8], KIND_TEXT);
        assert_ne!(header[9], 0, "the second column has a null");
    }

    #[test]
    fn a_description_has_the_layout_that_javascript_reads() {
        let column = ColumnInfo {
            precision: 10,
            scale: -127,
            max_size: 22,
            nullable: true,
            is_oson: true,
            ..info("N", DbType::Number)
        };
        let mut expected = 2010u16.to_le_bytes().to_vec();
        expected.extend([10, 0x81, 22, 0, 0, 0, 5, 0, 1, 0, b'N']);
        assert_eq!(describe(&[column]), expected);
    }
}
