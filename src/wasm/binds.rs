//! Reads the binds of one execution out of the buffer that JavaScript wrote, straight into the form
//! in which they go out: nothing is allocated for a value.

use super::border::{
    BINDS_BY_NAME, VALUE_BYTES, VALUE_FALSE, VALUE_FLOAT64, VALUE_INT32, VALUE_INTERVAL_DS,
    VALUE_INTERVAL_YM, VALUE_LOCAL_TIME, VALUE_NULL, VALUE_TEXT, VALUE_TRUE, VALUE_UTC_TIME,
};
use crate::error::{Error, Result};
use crate::wire::ttc::binds::{BindBatch, BindColumn};
use crate::wire::value::{
    DateTime, DbType, IntervalDs, IntervalYm, Number, TimestampTz, Value, Zone, binary_float,
    boolean, text,
};

/// The binds of one execution.
#[derive(Debug)]
pub(crate) struct Binds {
    /// How often to execute.
    pub(crate) rows: u32,
    /// The names, where the binds have names; in the order of the columns of `batch`.
    pub(crate) names: Option<Vec<String>>,
    /// The values.
    pub(crate) batch: BindBatch,
}

impl Binds {
    /// Reads what `src/js/binds.js` wrote; `super::border` says how.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for values that their type cannot hold (a number out of range, a year after
    /// 9999), by the bind's name or position.
    pub(crate) fn read(bytes: &[u8]) -> Result<Binds> {
        let mut input = Input(bytes);
        let rows = input.u32()?;
        let width = usize::from(input.u16()?);
        let [by_name, _] = input.array::<2>()?;
        let named = u32::from(by_name) == BINDS_BY_NAME;
        let mut batch = BindBatch::new(width);
        let mut names = Vec::new();
        let mut columns = Vec::new();
        for at in 0..width {
            let number = input.u16()?;
            let name_length = usize::from(input.u16()?);
            let max_size = input.u32()?;
            let name = std::str::from_utf8(input.take(name_length)?).map_err(|_| broken())?;
            if named {
                names.push(name.to_owned());
            }
            let db_type = DbType::from_number(number).ok_or_else(broken)?;
            let column = BindColumn {
                ora_type: db_type.ora_type(),
                csfrm: db_type.csfrm(),
                buffer_size: buffer_size(db_type, max_size),
            };
            batch.declare(at, column);
            columns.push((db_type, column));
        }
        if width > 0 {
            batch.reserve(input.0.len());
            for _ in 0..rows {
                for (at, (db_type, column)) in columns.iter().enumerate() {
                    push(&mut input, &mut batch, *db_type, *column)
                        .map_err(|error| name_bind(error, names.get(at), at))?;
                }
            }
        }
        if !input.0.is_empty() {
            return Err(broken());
        }
        Ok(Binds { rows, names: named.then_some(names), batch })
    }
}

/// The room that the server shall keep for a value, from the longest that JavaScript saw.
fn buffer_size(db_type: DbType, max_size: u32) -> u32 {
    match db_type {
        // JavaScript counts UTF-8; a UTF-8 byte is at most one UTF-16 code unit.
        db_type if db_type.is_national() => roomy(max_size.saturating_mul(2)),
        DbType::Varchar | DbType::Char | DbType::Raw => roomy(max_size),
        DbType::Long | DbType::LongRaw => max_size,
        _ => db_type.size_factor(),
    }
}

/// Values that grow little by little must not make the server parse the statement for each of them.
fn roomy(max_size: u32) -> u32 {
    if max_size <= 2048 { max_size.max(32).next_power_of_two() } else { max_size }
}

/// Says which bind an error is about.
fn name_bind(error: Error, name: Option<&String>, at: usize) -> Error {
    let Error::Misuse { what, remedy } = error else { return error };
    let what = match name {
        Some(name) => format!("the bind \":{name}\": {what}"),
        None => format!("the bind in position {}: {what}", at + 1),
    };
    Error::Misuse { what, remedy }
}

/// The buffer is not what the JavaScript of this version writes.
fn broken() -> Error {
    Error::misuse(
        "the binds do not have the layout that this wasm file expects",
        "use the JavaScript and the wasm file of one version of oraedge",
    )
}

fn push(
    input: &mut Input<'_>,
    batch: &mut BindBatch,
    db_type: DbType,
    column: BindColumn,
) -> Result<()> {
    let tag = u32::from(input.u8()?);
    if tag == VALUE_NULL {
        batch.push_null();
        return Ok(());
    }
    let mut put = |encode: &mut dyn FnMut(&mut Vec<u8>)| {
        batch
            .push(column.ora_type, column.csfrm, column.buffer_size, encode)
            // Every value of a column is pushed with the column's own type.
            .map_err(|_| broken())
    };
    match tag {
        VALUE_INT32 => {
            let value = input.i32()?;
            number(db_type, f64::from(value), || Ok(Number::from(i64::from(value))), &mut put)
        }
        VALUE_FLOAT64 => {
            let value = input.f64()?;
            number(db_type, value, || Ok(Number::from_f64(value)?), &mut put)
        }
        VALUE_TEXT => {
            let value = input.counted()?;
            let value = std::str::from_utf8(value).map_err(|_| broken())?;
            match db_type {
                DbType::Number | DbType::BinaryInteger => {
                    let number = value.parse::<Number>()?;
                    put(&mut |out| number.encode(out))
                }
                _ => put(&mut |out| text::encode(db_type, value, out)),
            }
        }
        VALUE_BYTES => {
            let value = input.counted()?;
            put(&mut |out| out.extend_from_slice(value))
        }
        VALUE_LOCAL_TIME | VALUE_UTC_TIME => {
            let time = date_time(input.f64()?)?;
            match db_type {
                DbType::Date => put(&mut |out| time.encode_date(out)),
                DbType::TimestampTz => {
                    let time = TimestampTz { utc: time, zone: Zone::UTC };
                    put(&mut |out| time.encode(out))
                }
                _ => put(&mut |out| time.encode(out)),
            }
        }
        VALUE_FALSE => put(&mut |out| boolean::encode(false, out)),
        VALUE_TRUE => put(&mut |out| boolean::encode(true, out)),
        VALUE_INTERVAL_YM => {
            let [years, months] = input.ints()?;
            let value = Value::IntervalYm(IntervalYm { years, months });
            put(&mut |out| value.encode(out))
        }
        VALUE_INTERVAL_DS => {
            let [days, hours, minutes, seconds, nanoseconds] = input.ints()?;
            let value =
                Value::IntervalDs(IntervalDs { days, hours, minutes, seconds, nanoseconds });
            put(&mut |out| value.encode(out))
        }
        _ => Err(broken()),
    }
}

fn number(
    db_type: DbType,
    double: f64,
    exact: impl FnOnce() -> Result<Number>,
    put: &mut dyn FnMut(&mut dyn FnMut(&mut Vec<u8>)) -> Result<()>,
) -> Result<()> {
    match db_type {
        DbType::BinaryDouble => put(&mut |out| binary_float::encode_f64(double, out)),
        // Rounding to the nearest float is what the type asks for.
        DbType::BinaryFloat => put(&mut |out| binary_float::encode_f32(double as f32, out)),
        _ => {
            let number = exact()?;
            put(&mut |out| number.encode(out))
        }
    }
}

fn date_time(millis: f64) -> Result<DateTime> {
    // A JavaScript Date holds whole milliseconds, at most 8.64e15 of them.
    DateTime::from_unix_millis(millis as i64).ok_or_else(|| {
        Error::misuse("the Date is not in the years -4712 to 9999 that the database has", "")
    })
}

/// What is left of the buffer.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(broken)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or_else(broken)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn i32(&mut self) -> Result<i32> {
        self.array().map(i32::from_le_bytes)
    }

    fn ints<const N: usize>(&mut self) -> Result<[i32; N]> {
        let mut values = [0; N];
        for value in &mut values {
            *value = self.i32()?;
        }
        Ok(values)
    }

    fn f64(&mut self) -> Result<f64> {
        self.array().map(f64::from_le_bytes)
    }

    fn counted(&mut self) -> Result<&'a [u8]> {
        let length = usize::try_from(self.u32()?).map_err(|_| broken())?;
        self.take(length)
    }
}
