//! Operators on typed values: comparison, arithmetic, concatenation, and types in common.

use super::super::error::{Result, ora};
use super::super::num::Num;
use super::super::types::{Class, Kind, OraType};
use super::Typed;
use super::convert::{convert, literal_bytes, literal_text, shown, to_number, to_text};

/// The longest text that an expression makes.
const MAX_TEXT: u32 = 4000;

pub(super) fn boolean(sql: String) -> Typed {
    Typed::new(sql, OraType::BOOLEAN)
}

/// A text whose length may have shrunk: no CHAR any more.
pub(super) fn varying(mut value: Typed) -> Typed {
    value.ty.kind = match value.ty.kind {
        Kind::Char | Kind::Null => Kind::Varchar,
        Kind::Nchar => Kind::Nvarchar,
        other => other,
    };
    value
}

pub(super) fn number_literal(digits: &str) -> Result<Typed> {
    let number = Num::parse(digits).map_err(super::super::functions::number_error)?;
    let mut typed = Typed::new(literal_bytes(&number.to_bytes()), OraType::NUMBER).not_null();
    typed.constant = Some(digits.to_owned());
    Ok(typed)
}

pub(super) fn text_literal(text: &str, national: bool) -> Typed {
    if text.is_empty() {
        return Typed::null();
    }
    let ty = if national {
        OraType::text(Kind::Nchar, text.chars().count() as u32, true)
    } else {
        OraType::char(text.len() as u32)
    };
    let mut typed = Typed::new(literal_text(text), ty).not_null();
    typed.literal = true;
    typed.constant = Some(text.to_owned());
    typed
}

/// Both sides in forms that SQLite compares as Oracle compares the values.
pub(super) fn comparable(left: &Typed, right: &Typed) -> Result<(String, String)> {
    let inconsistent = |a: &Typed, b: &Typed| {
        ora(
            932,
            format!(
                "inconsistent datatypes: expected {} got {}",
                a.ty.error_name(),
                b.ty.error_name()
            ),
        )
    };
    for side in [left, right] {
        if side.ty.kind.is_lob() || matches!(side.ty.kind, Kind::Long | Kind::LongRaw) {
            return Err(ora(
                932,
                format!("inconsistent datatypes: expected - got {}", side.ty.error_name()),
            ));
        }
    }
    let both = |ty: &OraType| -> Result<(String, String)> {
        Ok((convert(left, ty)?.sql, convert(right, ty)?.sql))
    };
    let pair = match (left.ty.class(), right.ty.class()) {
        (Class::Null, _) | (_, Class::Null) => (left.sql.clone(), right.sql.clone()),
        (Class::Text, Class::Text) => {
            let padded = |t: &Typed| t.ty.kind.is_fixed_text() || t.literal;
            let column = |t: &Typed| t.ty.kind.is_fixed_text() && !t.literal;
            if padded(left) && padded(right) && (column(left) || column(right)) {
                (format!("rtrim({},' ')", left.sql), format!("rtrim({},' ')", right.sql))
            } else {
                (left.sql.clone(), right.sql.clone())
            }
        }
        (Class::Number, Class::Number | Class::Text) | (Class::Text, Class::Number) => {
            let has = |kind| left.ty.kind == kind || right.ty.kind == kind;
            if has(Kind::BinaryDouble) || (has(Kind::BinaryFloat) && has(Kind::Number)) {
                both(&OraType::plain(Kind::BinaryDouble))?
            } else if has(Kind::BinaryFloat) {
                both(&OraType::plain(Kind::BinaryFloat))?
            } else {
                both(&OraType::NUMBER)?
            }
        }
        (Class::Datetime, Class::Datetime) => {
            let simple = |t: &Typed| matches!(t.ty.kind, Kind::Date | Kind::Timestamp);
            if left.ty.kind == right.ty.kind && left.ty.kind == Kind::TimestampLtz
                || simple(left) && simple(right)
            {
                (left.sql.clone(), right.sql.clone())
            } else {
                (moment(left), moment(right))
            }
        }
        (Class::Datetime, Class::Text) => {
            let right = convert(right, &left.ty)?;
            if left.ty.kind == Kind::TimestampTz {
                (moment(left), moment(&right))
            } else {
                (left.sql.clone(), right.sql)
            }
        }
        (Class::Text, Class::Datetime) => {
            let left = convert(left, &right.ty)?;
            if right.ty.kind == Kind::TimestampTz {
                (moment(&left), moment(right))
            } else {
                (left.sql, right.sql.clone())
            }
        }
        (a, b) if a == b => (left.sql.clone(), right.sql.clone()),
        (Class::Text, _) => (convert(left, &right.ty)?.sql, right.sql.clone()),
        (_, Class::Text) => (left.sql.clone(), convert(right, &left.ty)?.sql),
        (Class::Boolean, Class::Number) | (Class::Number, Class::Boolean) => {
            both(&OraType::BOOLEAN)?
        }
        _ => return Err(inconsistent(left, right)),
    };
    Ok(pair)
}

/// A date or timestamp as a moment in UTC.
fn moment(value: &Typed) -> String {
    match value.ty.kind {
        Kind::TimestampTz => format!("o_moment({})", value.sql),
        Kind::TimestampLtz => value.sql.clone(),
        _ => format!("o_moment(o_to_tz({}))", value.sql),
    }
}

/// Values as one type (of CASE, NVL, COALESCE ...): the first one's class decides.
pub(super) fn unify(values: &[Typed]) -> Result<Vec<Typed>> {
    let mut ty = OraType::NULL;
    for value in values {
        ty = match ty.common(&value.ty) {
            Some(common) => common,
            None => {
                let error = ora(
                    932,
                    format!(
                        "inconsistent datatypes: expected {} got {}",
                        ty.error_name(),
                        value.ty.error_name()
                    ),
                );
                return Err(error);
            }
        };
    }
    values
        .iter()
        .map(|value| {
            let mut converted = if value.ty.class() == ty.class()
                && !matches!(ty.class(), Class::Number | Class::Datetime)
            {
                value.clone()
            } else {
                convert(value, &ty)?
            };
            converted.ty = ty;
            Ok(converted)
        })
        .collect()
}

pub(super) fn arithmetic(name: &str, left: &Typed, right: &Typed) -> Result<Typed> {
    let has = |kind| left.ty.kind == kind || right.ty.kind == kind;
    for side in [left, right] {
        if !matches!(side.ty.class(), Class::Number | Class::Text | Class::Null) {
            return Err(ora(
                932,
                format!("inconsistent datatypes: expected NUMBER got {}", side.ty.error_name()),
            ));
        }
    }
    let float = if has(Kind::BinaryDouble) {
        Some(OraType::plain(Kind::BinaryDouble))
    } else if has(Kind::BinaryFloat) {
        Some(OraType::plain(Kind::BinaryFloat))
    } else {
        None
    };
    let mut result = match float {
        Some(ty) => {
            let (left, right) = (convert(left, &ty)?, convert(right, &ty)?);
            Typed::new(format!("o_f_{name}({},{})", left.sql, right.sql), ty)
        }
        None => {
            let (left, right) = (to_number(left)?, to_number(right)?);
            Typed::new(format!("o_{name}({},{})", left.sql, right.sql), OraType::NUMBER)
        }
    };
    result.nullable = left.nullable || right.nullable;
    Ok(result)
}

pub(super) fn date_plus(date: &Typed, days: &Typed, minus: bool) -> Result<Typed> {
    let days = to_number(days)?.sql;
    let days = if minus { format!("o_neg({days})") } else { days };
    Ok(Typed::new(format!("o_date_add({},{days})", shown(date)), OraType::DATE))
}

pub(super) fn shift(date: &Typed, interval: &Typed, sign: i32) -> Result<Typed> {
    let function = if interval.ty.class() == Class::IntervalDs { "o_dt_ds" } else { "o_dt_ym" };
    let sql = format!("{function}({},{},{sign})", date.sql, interval.sql);
    if date.ty.kind == Kind::Date {
        return Ok(Typed::new(format!("o_to_date({sql})"), OraType::DATE));
    }
    Ok(Typed::new(sql, date.ty))
}

pub(super) fn add_intervals(left: &Typed, right: &Typed, sign: i32) -> Result<Typed> {
    let ty = if matches!(left.ty.class(), Class::IntervalDs | Class::IntervalYm) {
        left.ty
    } else {
        right.ty
    };
    let (left, right) = (convert(left, &ty)?, convert(right, &ty)?);
    let function = if ty.class() == Class::IntervalDs { "o_ds_add" } else { "o_ym_add" };
    let ty =
        OraType { precision: 9, scale: if ty.class() == Class::IntervalDs { 9 } else { 0 }, ..ty };
    Ok(Typed::new(format!("{function}({},{},{sign})", left.sql, right.sql), ty))
}

fn scaled(interval: &Typed, number: &Typed, operation: &str) -> Result<Typed> {
    let prefix = if interval.ty.class() == Class::IntervalDs { "o_ds" } else { "o_ym" };
    let scale = if interval.ty.class() == Class::IntervalDs { 9 } else { 0 };
    let ty = OraType { precision: 9, scale, ..interval.ty };
    Ok(Typed::new(format!("{prefix}_{operation}({},{})", interval.sql, to_number(number)?.sql), ty))
}

fn is_interval(value: &Typed) -> bool {
    matches!(value.ty.class(), Class::IntervalDs | Class::IntervalYm)
}

pub(super) fn multiply(left: &Typed, right: &Typed) -> Result<Typed> {
    if is_interval(left) {
        scaled(left, right, "mul")
    } else if is_interval(right) {
        scaled(right, left, "mul")
    } else {
        arithmetic("mul", left, right)
    }
}

pub(super) fn divide(left: &Typed, right: &Typed) -> Result<Typed> {
    if is_interval(left) { scaled(left, right, "div") } else { arithmetic("div", left, right) }
}

pub(super) fn concat(left: &Typed, right: &Typed) -> Result<Typed> {
    let lob = left.ty.kind.is_lob() || right.ty.kind.is_lob();
    let national = left.ty.kind.is_national() || right.ty.kind.is_national();
    let fixed = |t: &Typed| t.ty.kind.is_fixed_text();
    let both_fixed = fixed(left) && fixed(right);
    let (left, right) = (to_text(left, None)?, to_text(right, None)?);
    let sql = format!("o_concat({},{})", left.sql, right.sql);
    let length = |t: &Typed| if t.ty.kind == Kind::Null { 0 } else { t.ty.max_bytes() };
    let total = length(&left).saturating_add(length(&right)).clamp(1, MAX_TEXT);
    let ty = if lob {
        OraType::CLOB
    } else if national {
        OraType::text(Kind::Nvarchar, (total / 2).max(1), true)
    } else if both_fixed {
        OraType::char(total.min(2000))
    } else {
        OraType::varchar(total)
    };
    let mut result = Typed::new(sql, ty);
    result.nullable = left.nullable && right.nullable;
    Ok(result)
}
