//! Conversions between types, explicit and implicit, and the types of CAST.

use sqlparser::ast::DataType;

use super::super::error::{Result, ora, plain};
use super::super::lexer::TYPE_MARK;
use super::super::types::{Class, FLOATING, Kind, OraType};
use super::Typed;

/// A text as a literal of SQLite.
pub(crate) fn literal_text(text: &str) -> String {
    // SQLite's text ends at a NUL in a literal.
    if text.contains('\0') {
        let hex: String = text.bytes().map(|b| format!("{b:02x}")).collect();
        return format!("CAST(x'{hex}' AS TEXT)");
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// Bytes as a literal of SQLite.
pub(crate) fn literal_bytes(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    format!("x'{hex}'")
}

/// The letter by which `o_date_text` knows a kind.
fn date_letter(kind: Kind) -> &'static str {
    match kind {
        Kind::Date => "d",
        Kind::TimestampTz => "z",
        _ => "t",
    }
}

/// A value on the session's clock: only WITH LOCAL TIME ZONE is stored otherwise.
pub(super) fn shown(value: &Typed) -> String {
    if value.ty.kind == Kind::TimestampLtz {
        format!("o_ltz_ts({})", value.sql)
    } else {
        value.sql.clone()
    }
}

fn inconsistent(value: &Typed, target: &OraType) -> oraedge::error::DbError {
    ora(
        932,
        format!(
            "inconsistent datatypes: expected {} got {}",
            target.error_name(),
            value.ty.error_name()
        ),
    )
}

/// As text, with `format` (SQLite's text of one) if there is one.
pub(super) fn to_text(value: &Typed, format: Option<&str>) -> Result<Typed> {
    let letter = date_letter(value.ty.kind);
    let sql = &value.sql;
    let with = |name: &str, tail: &str| match format {
        Some(format) => format!("{name}({sql}{tail},{format})"),
        None => format!("{name}({sql}{tail})"),
    };
    let (sql, length) = match value.ty.class() {
        Class::Null => (sql.clone(), 1),
        Class::Text => {
            if !value.ty.kind.is_lob() && value.ty.kind != Kind::Long {
                return Ok(value.clone());
            }
            (sql.clone(), 4000)
        }
        Class::Number => match value.ty.kind {
            Kind::Number => (with("o_num_text", ""), 40),
            _ if format.is_some() => {
                let number = to_number(value)?;
                return to_text(&number, format);
            }
            _ => (format!("o_bd_text({sql})"), 40),
        },
        Class::Datetime => {
            let shown = shown(value);
            let text = match format {
                Some(format) => format!("o_date_text({shown},'{letter}',{format})"),
                None => format!("o_date_text({shown},'{letter}')"),
            };
            (text, 75)
        }
        Class::IntervalYm => (format!("o_ym_text({sql},{})", value.ty.precision), 30),
        Class::IntervalDs => {
            (format!("o_ds_text({sql},{},{})", value.ty.precision, value.ty.scale), 30)
        }
        Class::Raw => {
            let length = if value.ty.length == 0 { 4000 } else { value.ty.length * 2 };
            (format!("o_rawtohex({sql})"), length)
        }
        Class::Rowid => (sql.clone(), 18),
        Class::Boolean => (format!("CASE {sql} WHEN 1 THEN 'TRUE' WHEN 0 THEN 'FALSE' END"), 5),
    };
    let mut text = Typed::new(sql, OraType::varchar(length));
    text.nullable = value.nullable;
    Ok(text)
}

/// As NUMBER.
pub(super) fn to_number(value: &Typed) -> Result<Typed> {
    let sql = &value.sql;
    let sql = match value.ty.kind {
        Kind::Number => return Ok(value.clone()),
        Kind::BinaryDouble => format!("o_bd_num({sql})"),
        Kind::BinaryFloat => format!("o_bf_num({sql})"),
        Kind::Boolean => format!("o_num({sql})"),
        _ => match value.ty.class() {
            Class::Null => sql.clone(),
            Class::Text => format!("o_to_number({sql})"),
            _ => return Err(inconsistent(value, &OraType::NUMBER)),
        },
    };
    let mut number = Typed::new(sql, OraType::NUMBER);
    number.nullable = value.nullable;
    Ok(number)
}

/// As a whole number of SQLite.
pub(super) fn to_integer(value: &Typed) -> Result<String> {
    Ok(format!("o_int({})", to_number(value)?.sql))
}

/// As a value of `target`'s kind; length, precision and scale are not applied.
pub(super) fn convert(value: &Typed, target: &OraType) -> Result<Typed> {
    if value.ty.kind == target.kind || target.kind == Kind::Null {
        return Ok(value.clone());
    }
    let sql = &value.sql;
    let class = value.ty.class();
    let converted = match target.kind {
        Kind::Null => return Ok(value.clone()),
        Kind::Varchar | Kind::Nvarchar | Kind::Char | Kind::Nchar | Kind::Long => {
            let text = to_text(value, None)?;
            let ty = OraType { length: text.ty.length, in_chars: text.ty.in_chars, ..*target };
            return Ok(Typed { ty, ..text });
        }
        Kind::Clob | Kind::Nclob => match class {
            Class::Raw if value.ty.kind.is_lob() => return Err(inconsistent(value, target)),
            _ => to_text(value, None)?.sql,
        },
        Kind::Number => return to_number(value),
        Kind::BinaryDouble => match value.ty.kind {
            Kind::BinaryFloat => format!("o_bf_bd({sql})"),
            _ if class == Class::Text => format!("o_text_bd({sql})"),
            _ => format!("o_num_bd({})", to_number(value)?.sql),
        },
        Kind::BinaryFloat => match value.ty.kind {
            Kind::BinaryDouble => format!("o_bd_bf({sql})"),
            _ if class == Class::Text => format!("o_text_bf({sql})"),
            _ => format!("o_num_bf({})", to_number(value)?.sql),
        },
        Kind::Date => match class {
            Class::Text => format!("o_text_date({sql})"),
            Class::Datetime => format!("o_to_date({})", shown(value)),
            Class::Null => sql.clone(),
            _ => return Err(inconsistent(value, target)),
        },
        Kind::Timestamp => match class {
            Class::Text => format!("o_text_ts({sql})"),
            Class::Datetime if value.ty.kind == Kind::Date => sql.clone(),
            Class::Datetime => format!("o_to_ts({})", shown(value)),
            Class::Null => sql.clone(),
            _ => return Err(inconsistent(value, target)),
        },
        Kind::TimestampTz => match class {
            Class::Text => format!("o_text_tz({sql})"),
            Class::Datetime => format!("o_to_tz({})", shown(value)),
            Class::Null => sql.clone(),
            _ => return Err(inconsistent(value, target)),
        },
        Kind::TimestampLtz => match class {
            Class::Text => format!("o_to_ltz(o_text_ts({sql}))"),
            Class::Datetime => format!("o_to_ltz({})", shown(value)),
            Class::Null => sql.clone(),
            _ => return Err(inconsistent(value, target)),
        },
        Kind::IntervalYm => match class {
            Class::Text => format!("o_text_ym({sql})"),
            Class::Null => sql.clone(),
            _ => return Err(inconsistent(value, target)),
        },
        Kind::IntervalDs => match class {
            Class::Text => format!("o_text_ds({sql})"),
            Class::Null => sql.clone(),
            _ => return Err(inconsistent(value, target)),
        },
        Kind::Raw | Kind::LongRaw | Kind::Blob | Kind::Bfile => match class {
            Class::Text => format!("o_hextoraw({sql})"),
            Class::Raw | Class::Null => sql.clone(),
            _ => return Err(inconsistent(value, target)),
        },
        Kind::Rowid | Kind::Urowid => match class {
            Class::Text => format!("o_to_rowid({sql})"),
            Class::Rowid | Class::Null => sql.clone(),
            _ => return Err(inconsistent(value, target)),
        },
        Kind::Boolean => match class {
            Class::Null => sql.clone(),
            Class::Number => format!("({} <> x'80')", to_number(value)?.sql),
            Class::Text => format!(
                "CASE upper(trim({sql})) WHEN 'TRUE' THEN 1 WHEN 'T' THEN 1 WHEN 'YES' THEN 1 WHEN 'Y' THEN 1 \
                 WHEN 'ON' THEN 1 WHEN '1' THEN 1 WHEN 'FALSE' THEN 0 WHEN 'F' THEN 0 WHEN 'NO' THEN 0 \
                 WHEN 'N' THEN 0 WHEN 'OFF' THEN 0 WHEN '0' THEN 0 END"
            ),
            _ => return Err(inconsistent(value, target)),
        },
    };
    let length = match (target.class(), class) {
        (Class::Raw, Class::Text) => value.ty.length.div_ceil(2),
        _ => value.ty.length,
    };
    let mut result = Typed::new(converted, OraType { length, ..*target });
    if !matches!(target.class(), Class::Raw) {
        result.ty.length = target.length;
    }
    result.nullable = value.nullable;
    Ok(result)
}

/// CAST: the value converted, then cut or rounded to the type.
pub(super) fn cast(value: &Typed, target: &OraType) -> Result<Typed> {
    let converted = convert(value, target)?;
    let sql = &converted.sql;
    let chars = i32::from(target.in_chars);
    let sql = match target.kind {
        Kind::Varchar | Kind::Nvarchar => format!("o_cut({sql},{},{chars})", target.length),
        Kind::Char | Kind::Nchar => {
            format!("o_char(o_cut({sql},{0},{chars}),{0},{chars})", target.length)
        }
        Kind::Number if target.precision > 0 || target.scale != FLOATING => {
            let precision = if target.precision > 0 { target.precision } else { 38 };
            format!("o_st_num({sql},{precision},{})", target.scale)
        }
        Kind::Timestamp | Kind::TimestampTz | Kind::TimestampLtz => {
            format!("o_ts_round({sql},{})", target.scale)
        }
        Kind::IntervalYm => format!("o_st_ym({sql},{})", target.precision),
        Kind::IntervalDs => format!("o_st_ds({sql},{},{})", target.precision, target.scale),
        _ => sql.clone(),
    };
    let mut result = Typed::new(sql, *target);
    result.nullable = value.nullable;
    Ok(result)
}

/// The type that CAST names.
pub(super) fn cast_type(data_type: &DataType, types: &[OraType]) -> Result<OraType> {
    let DataType::Custom(name, modifiers) = data_type else { return Err(plain(902)) };
    if !name.to_string().eq_ignore_ascii_case(TYPE_MARK) {
        return Err(plain(902));
    }
    let index: Option<usize> = modifiers.first().and_then(|m| m.to_string().parse().ok());
    index.and_then(|at| types.get(at)).copied().ok_or_else(|| plain(902))
}
