//! Values on their way into and out of SQLite.

use oraedge::error::DbError;
use oraedge::wire::value::{DateTime, DbType, Rowid, Urowid, Value};
use rusqlite::types::{Value as Sql, ValueRef};

use super::datetime::Moment;
use super::environment::Environment;
use super::error::{Result, ora};
use super::types::{Kind, OraType};

/// The longest VARCHAR2 without extended sizes.
const STANDARD_TEXT: usize = 4000;

/// What a bind's value is for the translator.
pub(crate) fn bind_type(value: &Value) -> OraType {
    let text_size =
        |length: usize| if length > STANDARD_TEXT { 32_767 } else { STANDARD_TEXT as u32 };
    match value {
        Value::Null => OraType::NULL,
        Value::Text(text) if text.is_empty() => OraType::NULL,
        Value::Text(text) => OraType::varchar(text_size(text.len())),
        Value::Bytes(bytes) if bytes.is_empty() => OraType::NULL,
        Value::Bytes(bytes) => OraType::raw(if bytes.len() > 2000 { 32_767 } else { 2000 }),
        Value::Number(_) => OraType::NUMBER,
        Value::BinaryFloat(_) => OraType::plain(Kind::BinaryFloat),
        Value::BinaryDouble(_) => OraType::plain(Kind::BinaryDouble),
        Value::Boolean(_) => OraType::BOOLEAN,
        Value::Date(_) => OraType::DATE,
        Value::Timestamp(_) => OraType::timestamp(Kind::Timestamp, 9),
        Value::TimestampTz(_) => OraType::timestamp(Kind::TimestampTz, 9),
        Value::TimestampLtz(_) => OraType::timestamp(Kind::TimestampLtz, 9),
        Value::IntervalYm(_) => OraType::interval(Kind::IntervalYm, 9, 0),
        Value::IntervalDs(_) => OraType::interval(Kind::IntervalDs, 9, 9),
        Value::Rowid(_) => OraType::ROWID,
        Value::Urowid(_) => OraType::plain(Kind::Urowid),
    }
}

fn moment(value: &DateTime) -> Moment {
    Moment {
        year: value.year,
        month: value.month,
        day: value.day,
        hour: value.hour,
        minute: value.minute,
        second: value.second,
        nanos: value.nanosecond,
    }
}

/// A bind's value as SQLite gets it.
pub(crate) fn bind_value(value: &Value, environment: &Environment) -> Result<Sql> {
    Ok(match value {
        Value::Null => Sql::Null,
        Value::Text(text) if text.is_empty() => Sql::Null,
        Value::Text(text) => Sql::Text(text.clone()),
        Value::Bytes(bytes) if bytes.is_empty() => Sql::Null,
        Value::Boolean(value) => Sql::Integer(i64::from(*value)),
        Value::Rowid(rowid) => Sql::Text(rowid.to_string()),
        Value::Urowid(rowid) => Sql::Text(rowid.to_string()),
        Value::Date(value) => Sql::Blob(moment(value).checked()?.date_bytes()),
        Value::TimestampTz(value) => {
            moment(&value.utc).checked()?;
            let mut bytes = Vec::with_capacity(13);
            value.encode(&mut bytes);
            Sql::Blob(bytes)
        }
        // Without a fraction as short as a DATE, so that the two compare.
        Value::Timestamp(value) => Sql::Blob(moment(value).checked()?.bytes()),
        Value::TimestampLtz(value) => {
            let zone = i128::from(environment.state().time_zone);
            Sql::Blob(moment(value).checked()?.plus_nanos(-zone * 60_000_000_000)?.bytes())
        }
        other => {
            let mut bytes = Vec::with_capacity(24);
            other.encode(&mut bytes);
            Sql::Blob(bytes)
        }
    })
}

/// A value of SQLite's as one of a column's.
pub(crate) fn read_value(kind: Kind, value: ValueRef<'_>) -> Result<Value> {
    let broken = |detail: &dyn std::fmt::Display| -> DbError {
        ora(600, format!("internal error code, arguments: [{kind:?} in the file: {detail}]"))
    };
    let bytes = match value {
        ValueRef::Null => return Ok(Value::Null),
        ValueRef::Integer(integer) => {
            return match kind {
                Kind::Boolean => Ok(Value::Boolean(integer != 0)),
                _ => Ok(Value::from(integer)),
            };
        }
        ValueRef::Real(real) => return Ok(Value::BinaryDouble(real)),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
    };
    let db_type = match kind {
        Kind::Null
        | Kind::Varchar
        | Kind::Nvarchar
        | Kind::Char
        | Kind::Nchar
        | Kind::Long
        | Kind::Clob
        | Kind::Nclob => {
            return Ok(Value::Text(match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => String::from_utf8_lossy(bytes).into_owned(),
            }));
        }
        Kind::Raw | Kind::LongRaw | Kind::Blob | Kind::Bfile => {
            return Ok(Value::Bytes(bytes.to_vec()));
        }
        Kind::Rowid => {
            let text = String::from_utf8_lossy(bytes);
            return text.parse::<Rowid>().map(Value::Rowid).map_err(|e| broken(&e));
        }
        Kind::Urowid => {
            let text = String::from_utf8_lossy(bytes);
            return text.parse::<Urowid>().map(Value::Urowid).map_err(|e| broken(&e));
        }
        Kind::Boolean => return Ok(Value::Boolean(bytes.first() == Some(&1))),
        Kind::Number => DbType::Number,
        Kind::BinaryFloat => DbType::BinaryFloat,
        Kind::BinaryDouble => DbType::BinaryDouble,
        Kind::Date => DbType::Date,
        Kind::Timestamp => DbType::Timestamp,
        Kind::TimestampTz => DbType::TimestampTz,
        Kind::TimestampLtz => DbType::TimestampLtz,
        Kind::IntervalYm => DbType::IntervalYm,
        Kind::IntervalDs => DbType::IntervalDs,
    };
    Value::decode(db_type, bytes).map_err(|e| broken(&format_args!("{e:?}")))
}
