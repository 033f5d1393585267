//! Values out of rows.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::wire::ttc::describe::ColumnInfo;
use crate::wire::value::{
    DateTime, DbType, IntervalDs, IntervalYm, Number, Rowid, TimestampTz, Value, text,
};

/// A type that a column's value can be read as.
pub trait FromSql<'a>: Sized {
    /// Reads the bare bytes of a value; `None` is null.
    ///
    /// # Errors
    /// [`Error::Misuse`] if the value does not fit the type, [`Error::Malformed`] if it is none.
    fn from_cell(column: &ColumnInfo, bytes: Option<Cow<'a, [u8]>>) -> Result<Self>;
}

fn db_type(column: &ColumnInfo) -> Result<DbType> {
    DbType::from_wire(column.ora_type, column.csfrm).ok_or_else(|| {
        Error::unsupported(format!("type {} (column {})", column.ora_type, column.name), "")
    })
}

fn required<'a>(
    column: &ColumnInfo,
    bytes: Option<Cow<'a, [u8]>>,
    wanted: &str,
) -> Result<Cow<'a, [u8]>> {
    bytes.ok_or_else(|| {
        Error::misuse(
            format!("column {} is null, {wanted} was expected", column.name),
            format!("read it as Option<{wanted}>"),
        )
    })
}

fn does_not_fit(column: &ColumnInfo, value: &Value, wanted: &str) -> Error {
    Error::misuse(
        format!(
            "column {} ({}) holds a value that is no {wanted}",
            column.name,
            value.db_type().name()
        ),
        "read it as Value to see what it is",
    )
}

impl<'a> FromSql<'a> for Value {
    fn from_cell(column: &ColumnInfo, bytes: Option<Cow<'a, [u8]>>) -> Result<Self> {
        match bytes {
            None => Ok(Value::Null),
            Some(bytes) => Ok(Value::decode(db_type(column)?, &bytes)?),
        }
    }
}

impl<'a, T: FromSql<'a>> FromSql<'a> for Option<T> {
    fn from_cell(column: &ColumnInfo, bytes: Option<Cow<'a, [u8]>>) -> Result<Self> {
        match bytes {
            None => Ok(None),
            some => T::from_cell(column, some).map(Some),
        }
    }
}

impl<'a> FromSql<'a> for Number {
    fn from_cell(column: &ColumnInfo, bytes: Option<Cow<'a, [u8]>>) -> Result<Self> {
        let bytes = required(column, bytes, "Number")?;
        match db_type(column)? {
            DbType::Number | DbType::BinaryInteger => Ok(Number::decode(&bytes)?),
            other => match Value::decode(other, &bytes)? {
                Value::BinaryDouble(value) => Number::from_f64(value)
                    .map_err(|error| Error::misuse(error.to_string(), "read it as f64")),
                Value::BinaryFloat(value) => Number::from_f32(value)
                    .map_err(|error| Error::misuse(error.to_string(), "read it as f32")),
                value => Err(does_not_fit(column, &value, "number")),
            },
        }
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl<'a> FromSql<'a> for $integer {
            fn from_cell(column: &ColumnInfo, bytes: Option<Cow<'a, [u8]>>) -> Result<Self> {
                let number = Number::from_cell(column, bytes)?;
                number
                    .to_i128()
                    .and_then(|value| <$integer>::try_from(value).ok())
                    .ok_or_else(|| {
                        Error::misuse(
                            format!(
                                "column {}: {number} is no {}",
                                column.name,
                                stringify!($integer)
                            ),
                            "read it as Number, f64 or String",
                        )
                    })
            }
        }
    )*};
}

integers!(i8, i16, i32, i128, u8, u16, u32, u64, isize, usize);

impl<'a> FromSql<'a> for i64 {
    fn from_cell(column: &ColumnInfo, bytes: Option<Cow<'a, [u8]>>) -> Result<Self> {
        let number = Number::from_cell(column, bytes)?;
        number.to_i64().ok_or_else(|| {
            Error::misuse(
                format!("column {}: {number} is no i64", column.name),
                "read it as Number, f64 or String",
            )
        })
    }
}

impl<'a> FromSql<'a> for f64 {
    fn from_cell(column: &ColumnInfo, bytes: Option<Cow<'a, [u8]>>) -> Result<Self> {
        let bytes = required(column, bytes, "f64")?;
        match db_type(column)? {
            DbType::Number | DbType::BinaryInteger => Ok(Number::decode(&bytes)?.to_f64()),
            other => match Value::decode(other, &bytes)? {
                Value::BinaryDouble(value) => Ok(value),
                Value::BinaryFloat(value) => Ok(f64::from(value)),
                value => Err(does_not_fit(column, &value, "number")),
            },
        }
    }
}

impl<'a> FromSql<'a> for f32 {
    fn from_cell(column: &ColumnInfo, bytes: Option<Cow<'a, [u8]>>) -> Result<Self> {
        let bytes = required(column, bytes, "f32")?;
        match Value::decode(db_type(column)?, &bytes)? {
            Value::BinaryFloat(value) => Ok(value),
            value => Err(does_not_fit(column, &value, "f32")),
        }
    }
}

impl<'a> FromSql<'a> for Cow<'a, str> {
    fn from_cell(column: &ColumnInfo, bytes: Option<Cow<'a, [u8]>>) -> Result<Self> {
        let db_type = db_type(column)?;
        match (required(column, bytes, "String")?, is_text(db_type)) {
            (Cow::Borrowed(bytes), true) => Ok(text::decode(db_type, bytes)?),
            (Cow::Owned(bytes), true) => {
                Ok(Cow::Owned(text::decode(db_type, &bytes)?.into_owned()))
            }
            (bytes, false) => Ok(Cow::Owned(Value::decode(db_type, &bytes)?.to_string())),
        }
    }
}

fn is_text(db_type: DbType) -> bool {
    matches!(
        db_type,
        DbType::Varchar
            | DbType::Nvarchar
            | DbType::Char
            | DbType::Nchar
            | DbType::Long
            | DbType::LongNvarchar
    )
}

/// Any value as text: numbers in plain decimal, datetimes as ISO writes them.
impl<'a> FromSql<'a> for String {
    fn from_cell(column: &ColumnInfo, bytes: Option<Cow<'a, [u8]>>) -> Result<Self> {
        Cow::<str>::from_cell(column, bytes).map(Cow::into_owned)
    }
}

impl<'a> FromSql<'a> for Cow<'a, [u8]> {
    fn from_cell(column: &ColumnInfo, bytes: Option<Cow<'a, [u8]>>) -> Result<Self> {
        let bytes = required(column, bytes, "bytes")?;
        match db_type(column)? {
            DbType::Raw | DbType::LongRaw => Ok(bytes),
            other => Err(does_not_fit(column, &Value::decode(other, &bytes)?, "RAW")),
        }
    }
}

impl<'a> FromSql<'a> for Vec<u8> {
    fn from_cell(column: &ColumnInfo, bytes: Option<Cow<'a, [u8]>>) -> Result<Self> {
        Cow::<[u8]>::from_cell(column, bytes).map(Cow::into_owned)
    }
}

macro_rules! by_value {
    ($($variant:pat => $result:expr, $wanted:ty;)*) => {$(
        impl<'a> FromSql<'a> for $wanted {
            fn from_cell(column: &ColumnInfo, bytes: Option<Cow<'a, [u8]>>) -> Result<Self> {
                let bytes = required(column, bytes, stringify!($wanted))?;
                match Value::decode(db_type(column)?, &bytes)? {
                    $variant => Ok($result),
                    value => Err(does_not_fit(column, &value, stringify!($wanted))),
                }
            }
        }
    )*};
}

by_value! {
    Value::Boolean(value) => value, bool;
    Value::Date(value) | Value::Timestamp(value) | Value::TimestampLtz(value) => value, DateTime;
    Value::TimestampTz(value) => value, TimestampTz;
    Value::IntervalYm(value) => value, IntervalYm;
    Value::IntervalDs(value) => value, IntervalDs;
    Value::Rowid(value) => value, Rowid;
}
