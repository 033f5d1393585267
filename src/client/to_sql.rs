//! Values into binds.

use super::transport::MaybeSync;
use crate::error::{Error, Result};
use crate::session::sql::ParsedSql;
use crate::wire::ttc::binds::{BindBatch, TypeMismatch};
use crate::wire::value::{
    DateTime, DbType, IntervalDs, IntervalYm, Number, Rowid, TimestampTz, Value, binary_float,
};

/// A value that can be bound.
pub trait ToSql: MaybeSync {
    /// Pushes the value as the next bind of `batch`.
    ///
    /// # Errors
    /// [`Error::Misuse`] if the rows before had another type in the same place, or the value has
    /// no counterpart in the database.
    fn push_to(&self, batch: &mut BindBatch) -> Result<()>;
}

impl From<TypeMismatch> for Error {
    fn from(mismatch: TypeMismatch) -> Self {
        let name = |ora_type: u8| {
            DbType::from_wire(ora_type, 1)
                .map_or_else(|| format!("type {ora_type}"), |known| known.name().to_owned())
        };
        Error::misuse(
            format!(
                "bind {} of row {}: {} came where the rows before have {}",
                mismatch.column + 1,
                mismatch.row + 1,
                name(mismatch.found),
                name(mismatch.expected)
            ),
            "give every row of a bind the same type, or null",
        )
    }
}

/// Room for a value of `db_type` that has `characters` characters, in bytes.
fn text_size(db_type: DbType, characters: usize) -> u32 {
    u32::try_from(characters).unwrap_or(u32::MAX).saturating_mul(db_type.size_factor())
}

fn push_text(batch: &mut BindBatch, text: &str) -> Result<()> {
    if text.is_empty() {
        // In Oracle, an empty string is null; the bind keeps its type all the same.
        batch.push_null();
        return Ok(());
    }
    let size = text_size(DbType::Varchar, text.chars().count());
    let (ora_type, csfrm) = (DbType::Varchar.ora_type(), DbType::Varchar.csfrm());
    Ok(batch.push_bytes(ora_type, csfrm, size, text.as_bytes())?)
}

fn push_raw(batch: &mut BindBatch, bytes: &[u8]) -> Result<()> {
    if bytes.is_empty() {
        batch.push_null();
        return Ok(());
    }
    let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    Ok(batch.push_bytes(DbType::Raw.ora_type(), 0, size, bytes)?)
}

/// Pushes a value of a type whose length is fixed.
fn push_fixed(
    batch: &mut BindBatch,
    db_type: DbType,
    encode: impl FnOnce(&mut Vec<u8>),
) -> Result<()> {
    Ok(batch.push(db_type.ora_type(), 0, db_type.size_factor(), encode)?)
}

impl ToSql for Value {
    fn push_to(&self, batch: &mut BindBatch) -> Result<()> {
        match self {
            Value::Null => {
                batch.push_null();
                Ok(())
            }
            Value::Text(text) => push_text(batch, text),
            Value::Bytes(bytes) => push_raw(batch, bytes),
            Value::Rowid(rowid) => rowid.push_to(batch),
            Value::Urowid(rowid) => push_text(batch, &rowid.to_string()),
            other => push_fixed(batch, other.db_type(), |out| other.encode(out)),
        }
    }
}

impl<T: ToSql + ?Sized> ToSql for &T {
    fn push_to(&self, batch: &mut BindBatch) -> Result<()> {
        (**self).push_to(batch)
    }
}

impl<T: ToSql> ToSql for Option<T> {
    fn push_to(&self, batch: &mut BindBatch) -> Result<()> {
        match self {
            Some(value) => value.push_to(batch),
            None => {
                batch.push_null();
                Ok(())
            }
        }
    }
}

impl ToSql for str {
    fn push_to(&self, batch: &mut BindBatch) -> Result<()> {
        push_text(batch, self)
    }
}

impl ToSql for String {
    fn push_to(&self, batch: &mut BindBatch) -> Result<()> {
        push_text(batch, self)
    }
}

impl ToSql for [u8] {
    fn push_to(&self, batch: &mut BindBatch) -> Result<()> {
        push_raw(batch, self)
    }
}

impl ToSql for Vec<u8> {
    fn push_to(&self, batch: &mut BindBatch) -> Result<()> {
        push_raw(batch, self)
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl ToSql for $integer {
            fn push_to(&self, batch: &mut BindBatch) -> Result<()> {
                Number::from(*self).push_to(batch)
            }
        }
    )*};
}

integers!(i16, i32, i64, u8, u16, u32, u64);

/// As BINARY_DOUBLE, which holds every `f64`; the database converts it where it wants a NUMBER.
impl ToSql for f64 {
    fn push_to(&self, batch: &mut BindBatch) -> Result<()> {
        push_fixed(batch, DbType::BinaryDouble, |out| binary_float::encode_f64(*self, out))
    }
}

impl ToSql for f32 {
    fn push_to(&self, batch: &mut BindBatch) -> Result<()> {
        push_fixed(batch, DbType::BinaryFloat, |out| binary_float::encode_f32(*self, out))
    }
}

/// As BOOLEAN, which the database has from 23ai on.
impl ToSql for bool {
    fn push_to(&self, batch: &mut BindBatch) -> Result<()> {
        Value::Boolean(*self).push_to(batch)
    }
}

/// As text, which every database converts to the rowid that it names.
impl ToSql for Rowid {
    fn push_to(&self, batch: &mut BindBatch) -> Result<()> {
        push_text(batch, &self.to_string())
    }
}

macro_rules! fixed {
    ($($value:ty => $db_type:expr;)*) => {$(
        impl ToSql for $value {
            fn push_to(&self, batch: &mut BindBatch) -> Result<()> {
                push_fixed(batch, $db_type, |out| self.encode(out))
            }
        }
    )*};
}

fixed! {
    Number => DbType::Number;
    DateTime => DbType::Timestamp;
    TimestampTz => DbType::TimestampTz;
    IntervalYm => DbType::IntervalYm;
    IntervalDs => DbType::IntervalDs;
}

/// The binds of a statement.
pub trait IntoBinds {
    /// Encodes them in the order that the statement wants.
    ///
    /// # Errors
    /// As [`ToSql::push`]; [`Error::Misuse`] for a name that the statement does not have.
    fn into_binds(self, sql: &str) -> Result<BindBatch>;
}

/// Rows that were encoded beforehand, one or many.
impl IntoBinds for BindBatch {
    fn into_binds(self, _sql: &str) -> Result<BindBatch> {
        Ok(self)
    }
}

/// No values.
impl IntoBinds for () {
    fn into_binds(self, _sql: &str) -> Result<BindBatch> {
        Ok(BindBatch::default())
    }
}

fn by_position(values: &[&dyn ToSql]) -> Result<BindBatch> {
    let mut batch = BindBatch::new(values.len());
    for value in values {
        value.push_to(&mut batch)?;
    }
    Ok(batch)
}

impl IntoBinds for &[&dyn ToSql] {
    fn into_binds(self, _sql: &str) -> Result<BindBatch> {
        by_position(self)
    }
}

impl<const N: usize> IntoBinds for &[&dyn ToSql; N] {
    fn into_binds(self, _sql: &str) -> Result<BindBatch> {
        by_position(self)
    }
}

macro_rules! tuples_into_binds {
    ($($value:ident)+) => {
        /// Values by position, of a type each: `(30, "CLERK")`; a single one is `(30,)`.
        impl<$($value: ToSql),+> IntoBinds for ($($value,)+) {
            fn into_binds(self, _sql: &str) -> Result<BindBatch> {
                #[allow(non_snake_case)]
                let ($($value,)+) = &self;
                by_position(&[$($value),+])
            }
        }
    };
}

tuples_into_binds!(A);
tuples_into_binds!(A B);
tuples_into_binds!(A B C);
tuples_into_binds!(A B C D);
tuples_into_binds!(A B C D E);
tuples_into_binds!(A B C D E F);
tuples_into_binds!(A B C D E F G);
tuples_into_binds!(A B C D E F G H);
tuples_into_binds!(A B C D E F G H I);
tuples_into_binds!(A B C D E F G H I J);
tuples_into_binds!(A B C D E F G H I J K);
tuples_into_binds!(A B C D E F G H I J K L);

/// Values by name: `Named(&[("deptno", &30)])`. A name may stand in several places; case does not
/// matter unless the statement quotes the name.
#[derive(Clone, Copy)]
pub struct Named<'a>(pub &'a [(&'a str, &'a dyn ToSql)]);

impl IntoBinds for Named<'_> {
    fn into_binds(self, sql: &str) -> Result<BindBatch> {
        let parsed = ParsedSql::new(sql);
        let is = |given: &str, wanted: &str| {
            let given = given.strip_prefix(':').unwrap_or(given);
            given == wanted || given.to_uppercase() == wanted
        };
        for (given, _) in self.0 {
            if !parsed.bind_names.iter().any(|wanted| is(given, wanted)) {
                return Err(Error::misuse(
                    format!("no bind placeholder named \":{given}\" was found in the SQL text"),
                    "take the name out of the binds, or put it into the statement",
                ));
            }
        }
        let mut batch = BindBatch::new(parsed.bind_names.len());
        for wanted in &parsed.bind_names {
            let Some((_, value)) = self.0.iter().find(|(given, _)| is(given, wanted)) else {
                return Err(Error::misuse(
                    format!(
                        "a bind variable replacement value for placeholder \":{wanted}\" was not \
                         provided"
                    ),
                    "",
                ));
            };
            value.push_to(&mut batch)?;
        }
        Ok(batch)
    }
}
