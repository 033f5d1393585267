//! Values for variables: converted to their types, checked against their sizes.

use oraedge::error::DbError;
use oraedge::wire::value::{DbType, Number, Value};

use super::super::error::{Result as EngineResult, unsupported};
use super::super::session::Session;
use super::super::types::{FLOATING, Kind, OraType};
use super::errors::{Raised, value_error};
use super::machine::Machine;

impl Session {
    /// A value that a bind returns, as one of the type that the client declared for it.
    ///
    /// # Errors
    ///
    /// ORA-06502 and the like when it is none.
    pub fn convert(&mut self, value: Value, db_type: DbType) -> Result<Value, DbError> {
        if value.is_null() || value.encode_as(db_type, &mut Vec::new()).is_ok() {
            return Ok(value);
        }
        let kind = match db_type {
            DbType::Varchar | DbType::Char | DbType::Long => Kind::Varchar,
            DbType::Nvarchar | DbType::Nchar | DbType::LongNvarchar => Kind::Nvarchar,
            DbType::Number | DbType::BinaryInteger => Kind::Number,
            DbType::BinaryFloat => Kind::BinaryFloat,
            DbType::BinaryDouble => Kind::BinaryDouble,
            DbType::Date => Kind::Date,
            DbType::Timestamp => Kind::Timestamp,
            DbType::TimestampTz => Kind::TimestampTz,
            DbType::TimestampLtz => Kind::TimestampLtz,
            DbType::Raw | DbType::LongRaw => Kind::Raw,
            DbType::Boolean => Kind::Boolean,
            _ => return Err(unsupported(format!("OUT binds of type {}", db_type.name()))),
        };
        Machine::new(self)
            .coerce(value, &OraType::plain(kind))
            .map_err(|raised| raised.into_error())
    }
}

impl Machine<'_> {
    /// A value as a variable of type `ty` holds it.
    pub(super) fn coerce(&mut self, value: Value, ty: &OraType) -> Result<Value, Box<Raised>> {
        let value = match (ty.kind, value) {
            (Kind::Null, value) => return Ok(value),
            (_, Value::Null) => return Ok(Value::Null),
            (
                Kind::Varchar
                | Kind::Nvarchar
                | Kind::Char
                | Kind::Nchar
                | Kind::Long
                | Kind::Clob
                | Kind::Nclob,
                Value::Text(text),
            ) => return self.sized(text, ty),
            (Kind::Number, Value::Number(number)) if fits(&number, ty) => {
                return Ok(Value::Number(number));
            }
            (Kind::Boolean, Value::Number(number)) => return Ok(Value::Boolean(!number.is_zero())),
            (Kind::Boolean, value @ Value::Boolean(_))
            | (Kind::Date, value @ Value::Date(_))
            | (Kind::Timestamp, value @ Value::Timestamp(_))
            | (Kind::TimestampTz, value @ Value::TimestampTz(_))
            | (Kind::TimestampLtz, value @ Value::TimestampLtz(_))
            | (Kind::IntervalYm, value @ Value::IntervalYm(_))
            | (Kind::IntervalDs, value @ Value::IntervalDs(_))
            | (Kind::BinaryFloat, value @ Value::BinaryFloat(_))
            | (Kind::BinaryDouble, value @ Value::BinaryDouble(_))
            | (Kind::Rowid, value @ Value::Rowid(_))
            | (Kind::Urowid, value @ Value::Urowid(_))
            | (Kind::Blob | Kind::LongRaw, value @ Value::Bytes(_)) => return Ok(value),
            (Kind::Raw, Value::Bytes(bytes)) => {
                if ty.length > 0 && bytes.len() > ty.length as usize {
                    return Err(self.too_long());
                }
                return Ok(Value::Bytes(bytes));
            }
            (_, value) => value,
        };
        let generation = self.session.shared().settings.generation;
        let converted = self.convert(value, ty).map_err(|error| match error.number {
            1722 => value_error("character to number conversion error", generation),
            1438 => value_error("number precision too large", generation),
            1465 => value_error("hex to raw conversion error", generation),
            _ => error,
        })?;
        match converted {
            Value::Text(text) => self.sized(text, ty),
            value => Ok(value),
        }
    }

    fn too_long(&self) -> Box<Raised> {
        let generation = self.session.shared().settings.generation;
        value_error("character string buffer too small", generation).into()
    }

    fn sized(&self, mut text: String, ty: &OraType) -> Result<Value, Box<Raised>> {
        if text.is_empty() {
            return Ok(Value::Null);
        }
        if ty.length > 0 && !ty.kind.is_lob() {
            let limit = ty.length as usize;
            let length = if ty.in_chars { text.chars().count() } else { text.len() };
            if length > limit {
                return Err(self.too_long());
            }
            if ty.kind.is_fixed_text() {
                text.extend(std::iter::repeat_n(' ', limit - length));
            }
        }
        Ok(Value::Text(text))
    }

    /// CAST, by the engine.
    fn convert(&mut self, value: Value, ty: &OraType) -> EngineResult<Value> {
        let target = match ty.kind {
            Kind::Number if ty.precision > 0 && ty.scale != FLOATING => {
                format!("cast(:1 as number({},{}))", ty.precision, ty.scale)
            }
            Kind::Number => "to_number(:1)".to_owned(),
            Kind::Varchar | Kind::Nvarchar | Kind::Char | Kind::Nchar | Kind::Long => {
                "to_char(:1)".to_owned()
            }
            Kind::Clob | Kind::Nclob => "to_clob(:1)".to_owned(),
            Kind::Raw | Kind::LongRaw | Kind::Blob => "hextoraw(:1)".to_owned(),
            Kind::Rowid => "chartorowid(:1)".to_owned(),
            _ => format!("cast(:1 as {})", ty.dictionary_name()),
        };
        let statement = self.session.prepare(&format!("select {target} from dual"))?;
        let outcome = self.session.run(&statement.sql, &statement.prepared, &[value])?;
        let mut row = Vec::new();
        outcome.rows.unwrap_or_default().next_row(&mut row)?;
        Ok(row.into_iter().next().unwrap_or_default())
    }
}

/// Whether a number needs no rounding.
fn fits(number: &Number, ty: &OraType) -> bool {
    if ty.scale == FLOATING {
        return true;
    }
    ty.precision >= 38 && ty.scale == 0 && number.is_integer()
}
