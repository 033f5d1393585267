//! One file a type: how each Oracle data type is written on the wire.
//!
//! Every codec takes and gives the bare bytes of one value that is not null; lengths and nulls are
//! the business of the messages around them. LOB locators, JSON, VECTOR and objects have layouts of
//! their own and are not here.

pub mod binary_float;
pub mod boolean;
pub mod datetime;
pub mod db_type;
pub mod interval;
pub mod number;
pub mod rowid;
pub mod text;
pub mod time_zone;
pub mod timestamp_tz;

use std::fmt;

pub use datetime::DateTime;
pub use db_type::{CS_FORM_IMPLICIT, CS_FORM_NCHAR, DbType};
pub use interval::{IntervalDs, IntervalYm};
pub use number::{Number, NumberError};
pub use rowid::{Rowid, Urowid};
pub use timestamp_tz::{TimestampTz, Zone};

use super::reader::{DecodeError, Decoded};
use crate::error::Error;

/// A value of one of the scalar types, owned.
///
/// Rows that were fetched stay in the bytes that the server sent and are decoded when they are
/// asked for; this is for binds, for single values and for tests.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// NULL of any type.
    #[default]
    Null,
    /// VARCHAR2, CHAR, LONG and their national counterparts.
    Text(String),
    /// RAW and LONG RAW.
    Bytes(Vec<u8>),
    /// NUMBER and BINARY_INTEGER.
    Number(Number),
    /// BINARY_FLOAT.
    BinaryFloat(f32),
    /// BINARY_DOUBLE.
    BinaryDouble(f64),
    /// BOOLEAN.
    Boolean(bool),
    /// DATE.
    Date(DateTime),
    /// TIMESTAMP.
    Timestamp(DateTime),
    /// TIMESTAMP WITH TIME ZONE.
    TimestampTz(TimestampTz),
    /// TIMESTAMP WITH LOCAL TIME ZONE, in the time zone of the session.
    TimestampLtz(DateTime),
    /// INTERVAL YEAR TO MONTH.
    IntervalYm(IntervalYm),
    /// INTERVAL DAY TO SECOND.
    IntervalDs(IntervalDs),
    /// ROWID.
    Rowid(Rowid),
    /// UROWID.
    Urowid(Urowid),
}

impl Value {
    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The type that it is bound as unless the caller says otherwise. NULL is a VARCHAR2, as in the
    /// official drivers.
    pub fn db_type(&self) -> DbType {
        match self {
            Value::Null | Value::Text(_) => DbType::Varchar,
            Value::Bytes(_) => DbType::Raw,
            Value::Number(_) => DbType::Number,
            Value::BinaryFloat(_) => DbType::BinaryFloat,
            Value::BinaryDouble(_) => DbType::BinaryDouble,
            Value::Boolean(_) => DbType::Boolean,
            Value::Date(_) => DbType::Date,
            Value::Timestamp(_) => DbType::Timestamp,
            Value::TimestampTz(_) => DbType::TimestampTz,
            Value::TimestampLtz(_) => DbType::TimestampLtz,
            Value::IntervalYm(_) => DbType::IntervalYm,
            Value::IntervalDs(_) => DbType::IntervalDs,
            Value::Rowid(_) => DbType::Rowid,
            Value::Urowid(_) => DbType::Urowid,
        }
    }

    /// Reads the bytes of a value that is not null, without their length. No bytes at all are NULL.
    ///
    /// A ROWID is the four numbers behind the length byte of a column ([`Rowid::decode`]), a UROWID
    /// its image ([`Urowid::decode`]).
    ///
    /// # Errors
    ///
    /// What the bytes lack or have too much of, by field. The bytes are all there is, so that
    /// running out of them is [`DecodeError::Malformed`] here. Types that are not scalar (LOBs,
    /// JSON, VECTOR, objects, cursors) are refused.
    pub fn decode(db_type: DbType, bytes: &[u8]) -> Decoded<Value> {
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        let decoded = match db_type {
            DbType::Varchar
            | DbType::Nvarchar
            | DbType::Char
            | DbType::Nchar
            | DbType::Long
            | DbType::LongNvarchar => {
                text::decode(db_type, bytes).map(|text| Value::Text(text.into_owned()))
            }
            DbType::Raw | DbType::LongRaw => Ok(Value::Bytes(bytes.to_vec())),
            DbType::Number | DbType::BinaryInteger => Number::decode(bytes).map(Value::Number),
            DbType::BinaryFloat => binary_float::decode_f32(bytes).map(Value::BinaryFloat),
            DbType::BinaryDouble => binary_float::decode_f64(bytes).map(Value::BinaryDouble),
            DbType::Boolean => boolean::decode(bytes).map(Value::Boolean),
            DbType::Date => DateTime::decode(bytes)
                .map(|value| Value::Date(DateTime { nanosecond: 0, ..value })),
            DbType::Timestamp => DateTime::decode(bytes).map(Value::Timestamp),
            DbType::TimestampTz => TimestampTz::decode(bytes).map(Value::TimestampTz),
            DbType::TimestampLtz => DateTime::decode(bytes).map(Value::TimestampLtz),
            DbType::IntervalYm => IntervalYm::decode(bytes).map(Value::IntervalYm),
            DbType::IntervalDs => IntervalDs::decode(bytes).map(Value::IntervalDs),
            DbType::Rowid => Rowid::decode(bytes).map(Value::Rowid),
            DbType::Urowid => Urowid::decode(bytes).map(Value::Urowid),
            DbType::Clob
            | DbType::Nclob
            | DbType::Blob
            | DbType::Bfile
            | DbType::Json
            | DbType::Vector
            | DbType::Cursor
            | DbType::Object
            | DbType::Xml => {
                let detail = format!("a scalar type was expected, {} came", db_type.name());
                Err(DecodeError::malformed("value", 0, detail))
            }
        };
        decoded.map_err(|error| DecodeError::Malformed(error.into()))
    }

    /// Appends the bytes of the value as its [`Value::db_type`], without their length. NULL appends
    /// nothing.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => {}
            Value::Text(text) => out.extend_from_slice(text.as_bytes()),
            Value::Bytes(bytes) => out.extend_from_slice(bytes),
            Value::Number(number) => number.encode(out),
            Value::BinaryFloat(value) => binary_float::encode_f32(*value, out),
            Value::BinaryDouble(value) => binary_float::encode_f64(*value, out),
            Value::Boolean(value) => boolean::encode(*value, out),
            Value::Date(value) => value.encode_date(out),
            Value::Timestamp(value) | Value::TimestampLtz(value) => value.encode(out),
            Value::TimestampTz(value) => value.encode(out),
            Value::IntervalYm(value) => value.encode(out),
            Value::IntervalDs(value) => value.encode(out),
            Value::Rowid(value) => value.encode(out),
            Value::Urowid(value) => value.encode(out),
        }
    }

    /// Appends the bytes of the value as a value of `db_type`, without their length. NULL appends
    /// nothing.
    ///
    /// Only what is the same in another layout is rewritten: text in either character set, dates
    /// and timestamps without a zone, numbers of any kind, rowids as text.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for any other pair of types, and for a number that the type does not hold.
    pub fn encode_as(&self, db_type: DbType, out: &mut Vec<u8>) -> Result<(), Error> {
        match (self, db_type) {
            (Value::Null, _) => {}
            (
                Value::Text(value),
                DbType::Varchar
                | DbType::Nvarchar
                | DbType::Char
                | DbType::Nchar
                | DbType::Long
                | DbType::LongNvarchar,
            ) => text::encode(db_type, value, out),
            (Value::Bytes(bytes), DbType::Raw | DbType::LongRaw) => out.extend_from_slice(bytes),
            (Value::Number(number), DbType::Number | DbType::BinaryInteger) => number.encode(out),
            (Value::Number(number), DbType::BinaryDouble) => {
                binary_float::encode_f64(number.to_f64(), out);
            }
            (Value::BinaryDouble(value), DbType::Number) => Number::from_f64(*value)?.encode(out),
            (Value::BinaryFloat(value), DbType::Number) => Number::from_f32(*value)?.encode(out),
            (Value::BinaryFloat(value), DbType::BinaryDouble) => {
                binary_float::encode_f64(f64::from(*value), out);
            }
            (
                Value::Date(value) | Value::Timestamp(value) | Value::TimestampLtz(value),
                DbType::Date,
            ) => value.encode_date(out),
            (
                Value::Date(value) | Value::Timestamp(value) | Value::TimestampLtz(value),
                DbType::Timestamp | DbType::TimestampLtz,
            ) => value.encode(out),
            (Value::Rowid(value), DbType::Urowid) => Urowid::from(*value).encode(out),
            (Value::Rowid(value), DbType::Varchar) => out.extend_from_slice(&value.to_text()),
            (Value::Urowid(value), DbType::Varchar) => {
                out.extend_from_slice(value.to_string().as_bytes());
            }
            _ if self.db_type() == db_type => self.encode(out),
            _ => {
                let what = format!("a {} cannot be sent as {db_type}", self.db_type());
                return Err(Error::misuse(what, "convert the value, or bind it as its own type"));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Value {
    /// For people: text as it is, RAW in hexadecimal, the rest as its own type prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("NULL"),
            Value::Text(value) => f.write_str(value),
            Value::Bytes(value) => value.iter().try_for_each(|byte| write!(f, "{byte:02X}")),
            Value::Number(value) => value.fmt(f),
            Value::BinaryFloat(value) => value.fmt(f),
            Value::BinaryDouble(value) => value.fmt(f),
            Value::Boolean(value) => f.write_str(if *value { "TRUE" } else { "FALSE" }),
            Value::Date(value) | Value::Timestamp(value) | Value::TimestampLtz(value) => {
                value.fmt(f)
            }
            Value::TimestampTz(value) => value.fmt(f),
            Value::IntervalYm(value) => value.fmt(f),
            Value::IntervalDs(value) => value.fmt(f),
            Value::Rowid(value) => value.fmt(f),
            Value::Urowid(value) => value.fmt(f),
        }
    }
}

macro_rules! from {
    ($($source:ty => $variant:ident),* $(,)?) => {$(
        impl From<$source> for Value {
            fn from(value: $source) -> Self {
                Value::$variant(value.into())
            }
        }
    )*};
}

from! {
    String => Text,
    &str => Text,
    Vec<u8> => Bytes,
    &[u8] => Bytes,
    Number => Number,
    i8 => Number,
    i16 => Number,
    i32 => Number,
    i64 => Number,
    i128 => Number,
    u8 => Number,
    u16 => Number,
    u32 => Number,
    u64 => Number,
    u128 => Number,
    f32 => BinaryFloat,
    f64 => BinaryDouble,
    bool => Boolean,
    TimestampTz => TimestampTz,
    IntervalYm => IntervalYm,
    IntervalDs => IntervalDs,
    Rowid => Rowid,
    Urowid => Urowid,
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}
