//! Reads the binds of one execution out of the buffer that JavaScript wrote, straight into the form
//! in which they go out: nothing is allocated for a value.

use super::border::{
    BINDS_BY_NAME, BINDS_BY_POSITION, EXECUTE_AUTO_COMMIT, EXECUTE_BATCH_ERRORS,
    EXECUTE_KEEP_IN_CACHE, EXECUTE_ROW_COUNTS, EXECUTE_SUSPEND, VALUE_BYTES, VALUE_FALSE,
    VALUE_FLOAT64, VALUE_INT32, VALUE_INTERVAL_DS, VALUE_INTERVAL_YM, VALUE_LOCAL_TIME, VALUE_NULL,
    VALUE_TEXT, VALUE_TRUE, VALUE_UTC_TIME,
};
use crate::error::{Error, Result};
use crate::session::ExecuteOptions;
use crate::session::sql::ParsedSql;
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
    /// The values, in the order in which the statement wants them.
    pub(crate) batch: BindBatch,
}

impl Binds {
    /// Reads what `src/js/binds.js` wrote for `sql`; [`super::border`] says how. `zone_minutes` is
    /// how far the session's time zone is ahead of UTC.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for a name that the statement does not have or that has no value, and for
    /// values that their type cannot hold (a number out of range, a year after 9999), by the bind's
    /// name or position.
    pub(crate) fn read(bytes: &[u8], sql: &str, zone_minutes: i32) -> Result<Binds> {
        let mut input = Input(bytes);
        let rows = input.u32()?;
        let width = usize::from(input.u16()?);
        let [by_name, _] = input.array::<2>()?;
        let named = match u32::from(by_name) {
            BINDS_BY_NAME => true,
            BINDS_BY_POSITION => false,
            _ => return Err(broken()),
        };
        let mut given = Vec::with_capacity(width);
        for at in 0..width {
            given.push(Given::read(&mut input, at)?);
        }
        let order: Vec<usize> = if named { places(sql, &given)? } else { (0..width).collect() };
        let mut batch = BindBatch::new(order.len());
        for (place, at) in order.iter().enumerate() {
            if let Some(given) = given.get(*at) {
                batch.declare(place, given.column);
            }
        }
        batch.reserve(input.0.len());
        // Where each value of a row begins: a name may stand in several places.
        let mut values = Vec::with_capacity(width);
        for _ in 0..if width > 0 { rows } else { 0 } {
            values.clear();
            for _ in 0..width {
                values.push(input.value()?);
            }
            for at in &order {
                if let (Some(given), Some(value)) = (given.get(*at), values.get(*at)) {
                    push(Input(value), &mut batch, given, zone_minutes)
                        .map_err(|error| given.explain(error))?;
                }
            }
        }
        if !input.0.is_empty() {
            return Err(broken());
        }
        Ok(Binds { rows, batch })
    }
}

/// One bind as JavaScript described it.
#[derive(Debug)]
struct Given<'a> {
    /// Empty if the bind is found by its position.
    name: &'a str,
    /// Index among the binds.
    at: usize,
    db_type: DbType,
    column: BindColumn,
}

impl<'a> Given<'a> {
    fn read(input: &mut Input<'a>, at: usize) -> Result<Given<'a>> {
        let number = input.u16()?;
        let name_length = usize::from(input.u16()?);
        let max_size = input.u32()?;
        let name = std::str::from_utf8(input.take(name_length)?).map_err(|_| broken())?;
        let db_type = DbType::from_number(number).ok_or_else(broken)?;
        let column = BindColumn {
            ora_type: db_type.ora_type(),
            csfrm: db_type.csfrm(),
            buffer_size: buffer_size(db_type, max_size),
        };
        Ok(Given { name, at, db_type, column })
    }

    /// `":name"`, or `in position 1`.
    fn label(&self) -> String {
        match self.name {
            "" => format!("in position {}", self.at + 1),
            name => format!("\":{name}\""),
        }
    }

    /// Says which bind an error is about.
    fn explain(&self, error: Error) -> Error {
        let Error::Misuse { what, remedy } = error else { return error };
        Error::Misuse { what: format!("the bind {}: {what}", self.label()), remedy }
    }
}

/// How to run a statement, from the flags that JavaScript gave.
pub(crate) fn execute_options(flags: u32, prefetch_rows: u32) -> ExecuteOptions {
    let has = |flag: u32| flags & flag != 0;
    ExecuteOptions {
        auto_commit: has(EXECUTE_AUTO_COMMIT),
        prefetch_rows,
        batch_errors: has(EXECUTE_BATCH_ERRORS),
        dml_row_counts: has(EXECUTE_ROW_COUNTS),
        cache_statement: has(EXECUTE_KEEP_IN_CACHE),
        suspend_on_success: has(EXECUTE_SUSPEND),
        ..ExecuteOptions::default()
    }
}

/// For each place that the statement has for a value, which of the `given` goes there.
fn places(sql: &str, given: &[Given<'_>]) -> Result<Vec<usize>> {
    let wanted = ParsedSql::new(sql).bind_names;
    let find = |name: &str| {
        let exact = given.iter().position(|given| given.name == name);
        exact.or_else(|| given.iter().position(|given| given.name.to_uppercase() == name))
    };
    let order = wanted
        .iter()
        .map(|name| {
            find(name).ok_or_else(|| {
                Error::misuse(
                    format!("there is no value for the placeholder \":{name}\" of the statement"),
                    "add it to the binds",
                )
            })
        })
        .collect::<Result<Vec<_>>>()?;
    match given.iter().enumerate().find(|(at, _)| !order.contains(at)) {
        None => Ok(order),
        Some((_, given)) => Err(Error::misuse(
            format!("the statement has no placeholder {}", given.label()),
            "take it out of the binds, or put it into the statement",
        )),
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

/// The buffer is not what the JavaScript of this version writes.
fn broken() -> Error {
    Error::misuse(
        "the binds do not have the layout that this wasm file expects",
        "use the JavaScript and the wasm file of one version of oraedge",
    )
}

fn push(
    mut input: Input<'_>,
    batch: &mut BindBatch,
    given: &Given<'_>,
    zone_minutes: i32,
) -> Result<()> {
    let (db_type, column) = (given.db_type, given.column);
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
                DbType::TimestampLtz => {
                    let time = time.plus_minutes(zone_minutes).ok_or_else(out_of_years)?;
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

/// Puts a value into the batch, given what encodes it.
type Put<'a> = dyn FnMut(&mut dyn FnMut(&mut Vec<u8>)) -> Result<()> + 'a;

fn number(
    db_type: DbType,
    double: f64,
    exact: impl FnOnce() -> Result<Number>,
    put: &mut Put<'_>,
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
    DateTime::from_unix_millis(millis as i64).ok_or_else(out_of_years)
}

fn out_of_years() -> Error {
    Error::misuse("the Date is not in the years -4712 to 9999 that the database has", "")
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

    /// One value whole, from its tag on.
    fn value(&mut self) -> Result<&'a [u8]> {
        let whole = self.0;
        match u32::from(self.u8()?) {
            VALUE_NULL | VALUE_FALSE | VALUE_TRUE => {}
            VALUE_INT32 => {
                self.take(4)?;
            }
            VALUE_FLOAT64 | VALUE_LOCAL_TIME | VALUE_UTC_TIME | VALUE_INTERVAL_YM => {
                self.take(8)?;
            }
            VALUE_INTERVAL_DS => {
                self.take(20)?;
            }
            VALUE_TEXT | VALUE_BYTES => {
                self.counted()?;
            }
            _ => return Err(broken()),
        }
        Ok(whole.get(..whole.len() - self.0.len()).unwrap_or_default())
    }

    fn counted(&mut self) -> Result<&'a [u8]> {
        let length = usize::try_from(self.u32()?).map_err(|_| broken())?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A buffer as `src/js/binds.js` writes it.
    fn buffer(
        rows: u32,
        binds: &[(DbType, &str, u32)],
        named: bool,
        values: &[Vec<u8>],
    ) -> Vec<u8> {
        let mut out = rows.to_le_bytes().to_vec();
        out.extend(u16::try_from(binds.len()).unwrap().to_le_bytes());
        out.extend([u8::from(named), 0]);
        for (db_type, name, max_size) in binds {
            out.extend(db_type.number().to_le_bytes());
            out.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            out.extend(max_size.to_le_bytes());
            out.extend(name.as_bytes());
        }
        out.extend(values.concat());
        out
    }

    fn tagged(tag: u32, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![u8::try_from(tag).unwrap()];
        out.extend_from_slice(payload);
        out
    }

    fn text(value: &str) -> Vec<u8> {
        let mut payload = u32::try_from(value.len()).unwrap().to_le_bytes().to_vec();
        payload.extend(value.as_bytes());
        tagged(VALUE_TEXT, &payload)
    }

    fn int(value: i32) -> Vec<u8> {
        tagged(VALUE_INT32, &value.to_le_bytes())
    }

    fn double(tag: u32, value: f64) -> Vec<u8> {
        tagged(tag, &value.to_le_bytes())
    }

    fn null() -> Vec<u8> {
        tagged(VALUE_NULL, &[])
    }

    /// A batch of these values, each as a value of its column's type.
    fn batch(columns: &[(DbType, u32)], rows: &[Vec<Value>]) -> BindBatch {
        let mut batch = BindBatch::new(columns.len());
        for (at, (db_type, buffer_size)) in columns.iter().enumerate() {
            let column = BindColumn {
                ora_type: db_type.ora_type(),
                csfrm: db_type.csfrm(),
                buffer_size: *buffer_size,
            };
            batch.declare(at, column);
        }
        for row in rows {
            for ((db_type, size), value) in columns.iter().zip(row) {
                if value.is_null() {
                    batch.push_null();
                    continue;
                }
                let encode = |out: &mut Vec<u8>| value.encode_as(*db_type, out).unwrap();
                batch.push(db_type.ora_type(), db_type.csfrm(), *size, encode).unwrap();
            }
        }
        batch
    }

    fn number(value: &str) -> Value {
        Value::Number(value.parse().unwrap())
    }

    #[test]
    fn values_go_out_as_their_type_wants_them() {
        let noon = DateTime::new(1970, 1, 2, 12, 0, 0, 0);
        let millis = 1.5 * 86_400_000.0;
        let later = DateTime { hour: 14, ..noon };
        let ym = IntervalYm { years: 1, months: 2 };
        let ds = IntervalDs { days: 1, hours: 2, minutes: 3, seconds: 4, nanoseconds: 5 };
        let ints = |values: &[i32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
        let raw = tagged(VALUE_BYTES, &[2, 0, 0, 0, 7, 8]);
        let big = "12345678901234567890";
        let cases = [
            (DbType::Number, int(-7), number("-7")),
            (DbType::Number, double(VALUE_FLOAT64, 0.1), number("0.1")),
            (DbType::Number, text(big), number(big)),
            (DbType::BinaryDouble, int(3), Value::BinaryDouble(3.0)),
            (DbType::BinaryDouble, double(VALUE_FLOAT64, 0.5), Value::BinaryDouble(0.5)),
            (DbType::BinaryFloat, double(VALUE_FLOAT64, 0.5), Value::BinaryFloat(0.5)),
            (DbType::Varchar, text("gr\u{fc}n"), Value::Text("gr\u{fc}n".to_owned())),
            (DbType::Nvarchar, text("gr\u{fc}n"), Value::Text("gr\u{fc}n".to_owned())),
            (DbType::Raw, raw, Value::Bytes(vec![7, 8])),
            (DbType::Boolean, tagged(VALUE_TRUE, &[]), Value::Boolean(true)),
            (DbType::Boolean, tagged(VALUE_FALSE, &[]), Value::Boolean(false)),
            (DbType::Date, double(VALUE_LOCAL_TIME, millis), Value::Date(noon)),
            (DbType::Timestamp, double(VALUE_LOCAL_TIME, millis), Value::Timestamp(noon)),
            (
                DbType::TimestampTz,
                double(VALUE_UTC_TIME, millis),
                Value::TimestampTz(TimestampTz { utc: noon, zone: Zone::UTC }),
            ),
            // In the session's time zone, here two hours ahead.
            (DbType::TimestampLtz, double(VALUE_UTC_TIME, millis), Value::TimestampLtz(later)),
            (DbType::IntervalYm, tagged(VALUE_INTERVAL_YM, &ints(&[1, 2])), Value::IntervalYm(ym)),
            (
                DbType::IntervalDs,
                tagged(VALUE_INTERVAL_DS, &ints(&[1, 2, 3, 4, 5])),
                Value::IntervalDs(ds),
            ),
            (DbType::Date, null(), Value::Null),
        ];
        for (db_type, written, value) in cases {
            let bytes = buffer(1, &[(db_type, "", 5)], false, &[written]);
            let read = Binds::read(&bytes, "", 120).unwrap();
            let size = buffer_size(db_type, 5);
            assert_eq!(read.batch, batch(&[(db_type, size)], &[vec![value]]), "{db_type}");
        }
    }

    #[test]
    fn flags_say_how_to_run() {
        let plain = execute_options(0, 7);
        assert_eq!(
            (plain.prefetch_rows, plain.auto_commit, plain.cache_statement),
            (7, false, false)
        );
        let both = execute_options(EXECUTE_AUTO_COMMIT | EXECUTE_ROW_COUNTS, 0);
        assert!(both.auto_commit && both.dml_row_counts && !both.batch_errors);
    }

    #[test]
    fn rows_follow_each_other_and_nulls_have_their_column_s_type() {
        let binds = [(DbType::Number, "", 1), (DbType::Varchar, "", 3)];
        let values = [int(1), text("abc"), null(), null(), int(3), text("")];
        let read = Binds::read(&buffer(3, &binds, false, &values), "", 0).unwrap();
        assert_eq!(read.rows, 3);
        let rows = [
            vec![number("1"), Value::Text("abc".to_owned())],
            vec![Value::Null, Value::Null],
            vec![number("3"), Value::Text(String::new())],
        ];
        assert_eq!(read.batch, batch(&[(DbType::Number, 22), (DbType::Varchar, 32)], &rows));
    }

    #[test]
    fn names_are_put_where_the_statement_has_them() {
        let binds = [(DbType::Number, "b", 1), (DbType::Number, "A", 1)];
        let bytes = buffer(1, &binds, true, &[int(2), int(40)]);
        let sql = "select :a + :B, ':c', :a from dual";
        let read = Binds::read(&bytes, sql, 0).unwrap();
        let row = vec![number("40"), number("2"), number("40")];
        assert_eq!(read.batch, batch(&[(DbType::Number, 22); 3], &[row]));
        let read = Binds::read(&bytes, "begin p(:a, :b, :a); end;", 0).unwrap();
        assert_eq!(read.batch.columns().len(), 2, "PL/SQL has a place for each name");
    }

    #[test]
    fn names_that_do_not_fit_the_statement_are_told() {
        let bytes = buffer(1, &[(DbType::Number, "x", 1)], true, &[int(2)]);
        let error = |sql| Binds::read(&bytes, sql, 0).unwrap_err().to_string();
        assert!(error("select :x, :y from dual").contains("no value for the placeholder \":Y\""));
        assert!(error("select 1 from dual").contains("no placeholder \":x\""));
    }

    #[test]
    fn a_value_that_its_type_cannot_hold_is_told_with_its_place() {
        let bytes = buffer(1, &[(DbType::Number, "", 1)], false, &[double(VALUE_FLOAT64, 1e300)]);
        let error = Binds::read(&bytes, "", 0).unwrap_err().to_string();
        assert!(
            error.contains("the bind in position 1: the number is out of the range"),
            "{error}"
        );
    }

    #[test]
    fn a_buffer_that_is_cut_or_too_long_is_refused_and_nothing_panics() {
        let binds = [(DbType::Number, "", 1), (DbType::Varchar, "", 3)];
        let whole = buffer(1, &binds, false, &[int(1), text("abc")]);
        assert!(Binds::read(&whole, "", 0).is_ok());
        for length in 0..whole.len() {
            assert!(Binds::read(&whole[..length], "", 0).is_err(), "{length} bytes");
        }
        let mut longer = whole;
        longer.push(0);
        assert!(Binds::read(&longer, "", 0).is_err());
    }
}
