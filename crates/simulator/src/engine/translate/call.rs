//! Function calls; scalar functions.

use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName};

use super::super::error::{Result, ora, ora_at, plain, plain_at, unsupported};
use super::super::types::{Class, Kind, OraType};
use super::convert::{convert, shown, to_number, to_text};
use super::operators::{arithmetic, boolean, concat, unify, varying};
use super::{Translator, Typed, name_of};

const AGGREGATES: [&str; 17] = [
    "COUNT",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "LISTAGG",
    "MEDIAN",
    "STDDEV",
    "STDDEV_SAMP",
    "STDDEV_POP",
    "VARIANCE",
    "VAR_SAMP",
    "VAR_POP",
    "WM_CONCAT",
    "RATIO_TO_REPORT",
    "ANY_VALUE",
    "APPROX_COUNT_DISTINCT",
];
const ANALYTIC: [&str; 11] = [
    "ROW_NUMBER",
    "RANK",
    "DENSE_RANK",
    "PERCENT_RANK",
    "CUME_DIST",
    "NTILE",
    "LAG",
    "LEAD",
    "FIRST_VALUE",
    "LAST_VALUE",
    "NTH_VALUE",
];
/// Names that have no schema in front although they look like packages.
const PACKAGES: [&str; 8] = [
    "UTL_RAW",
    "DBMS_RANDOM",
    "DBMS_LOB",
    "DBMS_UTILITY",
    "SYS_GUID",
    "DBMS_DB_VERSION",
    "DBMS_CRYPTO",
    "UTL_I18N",
];

/// The arguments of a call that has only plain ones.
pub(super) fn plain_arguments(function: &Function) -> Result<Vec<&Expr>> {
    match &function.args {
        FunctionArguments::None => Ok(Vec::new()),
        FunctionArguments::Subquery(_) => Err(plain(936)),
        FunctionArguments::List(list) => list
            .args
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(expr),
                FunctionArg::Named { arg: FunctionArgExpr::Expr(expr), .. } => Ok(expr),
                _ => Err(plain(936)),
            })
            .collect(),
    }
}

fn call_name(name: &ObjectName) -> String {
    let parts: Vec<String> = name.0.iter().filter_map(|p| p.as_ident()).map(name_of).collect();
    match parts.as_slice() {
        [owner, rest @ ..] if owner == "SYS" && !rest.is_empty() => rest.join("."),
        [first, ..] if PACKAGES.contains(&first.as_str()) => parts.join("."),
        _ => parts.join("."),
    }
}

impl Translator<'_> {
    pub(super) fn call(&mut self, function: &Function) -> Result<Typed> {
        let name = call_name(&function.name);
        let at = function.name.0.first().and_then(|p| p.as_ident()).map_or(0, |i| self.offset(i));
        let is_window = function.over.is_some();
        if name == "GROUPING" || name == "GROUPING_ID" {
            return self.grouping(&plain_arguments(function)?);
        }
        if AGGREGATES.contains(&name.as_str()) || ANALYTIC.contains(&name.as_str()) {
            if ANALYTIC.contains(&name.as_str()) && !is_window {
                return Err(ora_at(30484, "missing window specification for this function", at));
            }
            return self.aggregate(&name, function, at);
        }
        if matches!(function.args, FunctionArguments::None)
            && let Some(ident) = function.name.0.first().and_then(|p| p.as_ident())
            && function.name.0.len() == 1
        {
            return self.identifier(std::slice::from_ref(ident));
        }
        let arguments = plain_arguments(function)?;
        let arguments: Vec<Expr> = arguments.into_iter().cloned().collect();
        self.scalar(&name, &arguments, at)
    }

    pub(super) fn call_plain(&mut self, name: &str, arguments: &[Expr]) -> Result<Typed> {
        self.scalar(name, arguments, 0)
    }

    fn typed_all(&mut self, arguments: &[Expr]) -> Result<Vec<Typed>> {
        arguments.iter().map(|a| self.expression(a)).collect()
    }

    fn scalar(&mut self, name: &str, arguments: &[Expr], at: usize) -> Result<Typed> {
        if name == "DECODE" {
            return self.decode(arguments);
        }
        if name == "SYS_CONNECT_BY_PATH" {
            return self.connect_by_path(arguments);
        }
        let a = self.typed_all(arguments)?;
        let count = |min: usize, max: usize| -> Result<()> {
            if a.len() < min {
                Err(plain_at(938, at))
            } else if a.len() > max {
                Err(plain_at(939, at))
            } else {
                Ok(())
            }
        };
        let text_of = |index: usize| -> Result<Typed> {
            match a.get(index) {
                Some(value) => to_text(value, None),
                None => Ok(Typed::null()),
            }
        };
        let text = |index: usize| text_of(index).map(|t| t.sql);
        let num = |index: usize| -> Result<String> {
            match a.get(index) {
                Some(value) => Ok(to_number(value)?.sql),
                None => Ok("NULL".to_owned()),
            }
        };
        let number = |sql: String| Typed::new(sql, OraType::NUMBER);
        let like_text =
            |sql: String| -> Result<Typed> { Ok(varying(Typed::new(sql, text_of(0)?.ty))) };
        let first_float =
            a.first().is_some_and(|v| matches!(v.ty.kind, Kind::BinaryDouble | Kind::BinaryFloat));
        let first_ty = a.first().map_or(OraType::NULL, |v| v.ty);
        Ok(match name {
            // Numbers.
            "ABS" | "CEIL" | "CEILING" | "FLOOR" | "SIGN" | "SQRT" | "EXP" | "LN" | "SIN"
            | "COS" | "TAN" | "ASIN" | "ACOS" | "ATAN" | "SINH" | "COSH" | "TANH" => {
                count(1, 1)?;
                let function = match name {
                    "CEILING" => "ceil".to_owned(),
                    _ => name.to_lowercase(),
                };
                if first_float && matches!(name, "ABS" | "CEIL" | "CEILING" | "FLOOR") {
                    Typed::new(format!("o_f_{function}({})", a[0].sql), a[0].ty)
                } else if first_float && name != "SIGN" {
                    let result = number(format!("o_{function}({})", num(0)?));
                    convert(&result, &OraType::plain(Kind::BinaryDouble))?
                } else {
                    number(format!("o_{function}({})", num(0)?))
                }
            }
            "MOD" | "REMAINDER" => {
                count(2, 2)?;
                arithmetic("mod", &a[0], &a[1])?
            }
            "POWER" | "LOG" | "ATAN2" | "BITAND" => {
                count(2, 2)?;
                number(format!("o_{}({},{})", name.to_lowercase(), num(0)?, num(1)?))
            }
            "ROUND" | "TRUNC" => {
                count(1, 2)?;
                let function = name.to_lowercase();
                match first_ty.class() {
                    Class::Datetime => {
                        let format = if a.len() > 1 { text(1)? } else { "'DD'".to_owned() };
                        Typed::new(
                            format!("o_{function}_date({},{format})", shown(&a[0])),
                            OraType::DATE,
                        )
                    }
                    _ => {
                        let places = if a.len() > 1 { num(1)? } else { "0".to_owned() };
                        if first_float {
                            Typed::new(format!("o_f_{function}({},{places})", a[0].sql), a[0].ty)
                        } else {
                            number(format!("o_{function}({},{places})", num(0)?))
                        }
                    }
                }
            }
            "NANVL" => {
                count(2, 2)?;
                let both = unify(&a)?;
                Typed::new(
                    format!(
                        "CASE WHEN o_is_nan({0}) THEN {1} ELSE {0} END",
                        both[0].sql, both[1].sql
                    ),
                    both[0].ty,
                )
            }
            "TO_NUMBER" => {
                count(1, 3)?;
                if a.len() > 1 {
                    number(format!("o_to_number({},{})", text(0)?, text(1)?))
                } else {
                    to_number(&a[0])?
                }
            }
            "TO_BINARY_DOUBLE" => {
                count(1, 3)?;
                convert(&a[0], &OraType::plain(Kind::BinaryDouble))?
            }
            "TO_BINARY_FLOAT" => {
                count(1, 3)?;
                convert(&a[0], &OraType::plain(Kind::BinaryFloat))?
            }
            "GREATEST" | "LEAST" => {
                count(1, usize::MAX)?;
                let values = self.unify_to_first(&a)?;
                if values.len() == 1 {
                    return Ok(values[0].clone());
                }
                let function = if name == "GREATEST" { "max" } else { "min" };
                let list: Vec<&str> = values.iter().map(|v| v.sql.as_str()).collect();
                varying(Typed::new(format!("{function}({})", list.join(",")), values[0].ty))
            }
            "WIDTH_BUCKET" => {
                count(4, 4)?;
                number(format!(
                    "CASE WHEN {0} < {1} THEN x'80' WHEN {0} >= {2} THEN o_add({3},x'c102') \
                     ELSE o_add(o_floor(o_div(o_mul(o_sub({0},{1}),{3}),o_sub({2},{1}))),x'c102') END",
                    num(0)?,
                    num(1)?,
                    num(2)?,
                    num(3)?
                ))
            }

            // Text.
            "UPPER" | "LOWER" | "INITCAP" | "NLS_UPPER" | "NLS_LOWER" | "NLS_INITCAP" => {
                count(1, 2)?;
                let function = name.trim_start_matches("NLS_").to_lowercase();
                let value = text_of(0)?;
                let mut ty = value.ty;
                if ty.kind == Kind::Null {
                    ty = OraType::varchar(1);
                }
                Typed::new(format!("o_{function}({})", value.sql), ty)
            }
            "LENGTH" | "LENGTHC" | "LENGTH2" | "LENGTH4" => {
                count(1, 1)?;
                if first_ty.class() == Class::Raw && first_ty.kind.is_lob() {
                    number(format!("o_lengthb({})", a[0].sql))
                } else {
                    number(format!("o_length({})", text(0)?))
                }
            }
            "LENGTHB" => {
                count(1, 1)?;
                number(format!("o_lengthb({})", text(0)?))
            }
            "DBMS_LOB.GETLENGTH" => {
                count(1, 1)?;
                let function =
                    if first_ty.class() == Class::Raw { "o_lengthb" } else { "o_length" };
                number(format!("{function}({})", a[0].sql))
            }
            "SUBSTR" | "SUBSTRB" | "SUBSTRC" | "SUBSTR2" | "SUBSTR4" => {
                count(2, 3)?;
                let function = if name == "SUBSTRB" { "o_substrb" } else { "o_substr" };
                let mut list = vec![text(0)?, num(1)?];
                if a.len() > 2 {
                    list.push(num(2)?);
                }
                let mut result = like_text(format!("{function}({})", list.join(",")))?;
                let wanted =
                    a.get(2).and_then(|v| v.constant.as_ref()).and_then(|c| c.parse::<u32>().ok());
                if let Some(wanted) = wanted.filter(|_| !result.ty.kind.is_lob()) {
                    let bytes = if result.ty.in_chars { wanted } else { wanted.saturating_mul(4) };
                    let max = result.ty.length.max(1);
                    result.ty.length =
                        if a[0].ty.in_chars { wanted.clamp(1, max) } else { bytes.clamp(1, max) };
                }
                result
            }
            "DBMS_LOB.SUBSTR" => {
                count(1, 3)?;
                let amount = if a.len() > 1 { num(1)? } else { "32767".to_owned() };
                let from = if a.len() > 2 { num(2)? } else { "1".to_owned() };
                if first_ty.class() == Class::Raw {
                    Typed::new(
                        format!("o_raw_substr({},{from},{amount})", a[0].sql),
                        OraType::raw(2000),
                    )
                } else {
                    Typed::new(
                        format!("o_substr({},{from},{amount})", a[0].sql),
                        OraType::varchar(4000),
                    )
                }
            }
            "INSTR" | "INSTRB" | "INSTRC" | "DBMS_LOB.INSTR" => {
                count(2, 4)?;
                let mut list = vec![text(0)?, text(1)?];
                for index in 2..a.len() {
                    list.push(num(index)?);
                }
                number(format!("o_instr({})", list.join(",")))
            }
            "LPAD" | "RPAD" => {
                count(2, 3)?;
                let mut list = vec![text(0)?, num(1)?];
                if a.len() > 2 {
                    list.push(text(2)?);
                }
                let wanted = a[1].constant.as_ref().and_then(|c| c.parse::<u32>().ok());
                let length = wanted.map_or(4000, |n| n.saturating_mul(4).clamp(1, 4000));
                Typed::new(
                    format!("o_{}({})", name.to_lowercase(), list.join(",")),
                    OraType::varchar(length),
                )
            }
            "LTRIM" | "RTRIM" => {
                count(1, 2)?;
                let set = if a.len() > 1 { text(1)? } else { "' '".to_owned() };
                like_text(format!("o_{}({},{set})", name.to_lowercase(), text(0)?))?
            }
            "TRIM" => {
                count(1, 1)?;
                like_text(format!("o_trim({},' ')", text(0)?))?
            }
            "REPLACE" => {
                count(2, 3)?;
                let with = if a.len() > 2 { text(2)? } else { "NULL".to_owned() };
                let lob = first_ty.kind.is_lob();
                let ty = if lob { OraType::CLOB } else { OraType::varchar(4000) };
                Typed::new(format!("o_replace({},{},{with})", text(0)?, text(1)?), ty)
            }
            "TRANSLATE" => {
                count(3, 3)?;
                like_text(format!("o_translate({},{},{})", text(0)?, text(1)?, text(2)?))?
            }
            "REVERSE" => {
                count(1, 1)?;
                like_text(format!("o_reverse({})", text(0)?))?
            }
            "SOUNDEX" => {
                count(1, 1)?;
                Typed::new(format!("o_soundex({})", text(0)?), OraType::varchar(4))
            }
            "CONCAT" => {
                count(2, usize::MAX)?;
                let mut joined = a[0].clone();
                for next in &a[1..] {
                    joined = concat(&joined, next)?;
                }
                joined
            }
            "CHR" => {
                count(1, 1)?;
                Typed::new(format!("o_chr({})", num(0)?), OraType::varchar(4))
            }
            "NCHR" => {
                count(1, 1)?;
                Typed::new(format!("o_nchr({})", num(0)?), OraType::text(Kind::Nvarchar, 1, true))
            }
            "UNISTR" | "TO_NCHAR" => {
                count(1, 3)?;
                let value = text_of(0)?;
                let ty = OraType::text(Kind::Nvarchar, value.ty.length.max(1), true);
                Typed::new(value.sql, ty)
            }
            "ASCIISTR" => text_of(0)?,
            "ASCII" => {
                count(1, 1)?;
                number(format!("o_ascii({})", text(0)?))
            }
            "REGEXP_LIKE" => {
                count(2, 3)?;
                let list: Vec<String> = (0..a.len()).map(text).collect::<Result<_>>()?;
                boolean(format!("o_regexp_like({})", list.join(",")))
            }
            "REGEXP_REPLACE" | "REGEXP_SUBSTR" | "REGEXP_INSTR" | "REGEXP_COUNT" => {
                count(2, 7)?;
                // Positions of the numbers among the arguments; the others are text.
                let numeric: &[usize] = match name {
                    "REGEXP_REPLACE" => &[3, 4],
                    "REGEXP_SUBSTR" => &[2, 3, 5],
                    "REGEXP_INSTR" => &[2, 3, 4, 6],
                    _ => &[2],
                };
                let list: Vec<String> = (0..a.len())
                    .map(|i| if numeric.contains(&i) { num(i) } else { text(i) })
                    .collect::<Result<_>>()?;
                let sql = format!("o_{}({})", name.to_lowercase(), list.join(","));
                if matches!(name, "REGEXP_INSTR" | "REGEXP_COUNT") {
                    number(sql)
                } else {
                    Typed::new(sql, OraType::varchar(4000))
                }
            }

            // RAW.
            "RAWTOHEX" => {
                count(1, 1)?;
                let raw = if first_ty.class() == Class::Text {
                    format!("o_to_raw({})", a[0].sql)
                } else {
                    a[0].sql.clone()
                };
                let length = first_ty.length.saturating_mul(2).clamp(2, 4000);
                Typed::new(format!("o_rawtohex({raw})"), OraType::varchar(length))
            }
            "HEXTORAW" => {
                count(1, 1)?;
                let length = first_ty.length.div_ceil(2).clamp(1, 2000);
                Typed::new(format!("o_hextoraw({})", text(0)?), OraType::raw(length))
            }
            "UTL_RAW.CAST_TO_RAW" => {
                count(1, 1)?;
                let length = first_ty.max_bytes().clamp(1, 32_767);
                Typed::new(format!("o_to_raw({})", text(0)?), OraType::raw(length))
            }
            "UTL_RAW.CAST_TO_VARCHAR2" | "UTL_RAW.CAST_TO_NVARCHAR2" => {
                count(1, 1)?;
                Typed::new(format!("o_to_text({})", a[0].sql), OraType::varchar(4000))
            }
            "UTL_RAW.LENGTH" => {
                count(1, 1)?;
                number(format!("o_lengthb({})", a[0].sql))
            }
            "UTL_RAW.SUBSTR" => {
                count(2, 3)?;
                let mut list = vec![a[0].sql.clone(), num(1)?];
                if a.len() > 2 {
                    list.push(num(2)?);
                }
                Typed::new(format!("o_raw_substr({})", list.join(",")), OraType::raw(2000))
            }
            "UTL_RAW.CONCAT" => {
                let list: Vec<&str> = a.iter().map(|v| v.sql.as_str()).collect();
                Typed::new(format!("o_raw_concat({})", list.join(",")), OraType::raw(2000))
            }
            "TO_CLOB" | "TO_NCLOB" => {
                count(1, 2)?;
                let kind = if name == "TO_CLOB" { Kind::Clob } else { Kind::Nclob };
                Typed::new(text(0)?, OraType::plain(kind))
            }
            "TO_BLOB" => {
                count(1, 1)?;
                Typed::new(a[0].sql.clone(), OraType::BLOB)
            }
            // An empty LOB is not NULL for Oracle; the engine keeps it as bytes of length zero.
            "EMPTY_BLOB" => Typed::new("x''", OraType::BLOB).not_null(),
            "EMPTY_CLOB" => Typed::new("''", OraType::CLOB).not_null(),

            // NULL.
            "NVL" | "COALESCE" => {
                if name == "NVL" {
                    count(2, 2)?;
                }
                count(1, usize::MAX)?;
                let values = self.unify_to_first(&a)?;
                if values.len() == 1 {
                    return Ok(values[0].clone());
                }
                let list: Vec<&str> = values.iter().map(|v| v.sql.as_str()).collect();
                let mut result = Typed::new(format!("coalesce({})", list.join(",")), values[0].ty);
                result.nullable = values.iter().all(|v| v.nullable);
                result
            }
            "NVL2" => {
                count(3, 3)?;
                let values = self.unify_to_first(&a[1..])?;
                let mut result = Typed::new(
                    format!(
                        "CASE WHEN {} IS NOT NULL THEN {} ELSE {} END",
                        a[0].sql, values[0].sql, values[1].sql
                    ),
                    values[0].ty,
                );
                result.nullable = values.iter().any(|v| v.nullable);
                result
            }
            "NULLIF" => {
                count(2, 2)?;
                let test = self.compare(&a[0], "=", &a[1])?.sql;
                Typed::new(format!("CASE WHEN {test} THEN NULL ELSE {} END", a[0].sql), a[0].ty)
            }
            "LNNVL" => {
                count(1, 1)?;
                boolean(format!("({} IS NOT TRUE)", a[0].sql))
            }

            // Dates.
            "TO_CHAR" => {
                count(1, 3)?;
                let format = if a.len() > 1 { Some(text(1)?) } else { None };
                let mut result = to_text(&a[0], format.as_deref())?;
                if let Some(format) = a.get(1).and_then(|f| f.constant.as_ref())
                    && first_ty.class() == Class::Datetime
                {
                    result.ty = OraType::varchar(format_length(format));
                }
                varying(result)
            }
            "TO_DATE" => {
                count(1, 3)?;
                if first_ty.class() == Class::Datetime {
                    let text = to_text(&a[0], None)?;
                    Typed::new(format!("o_text_date({})", text.sql), OraType::DATE)
                } else {
                    let format = if a.len() > 1 { format!(",{}", text(1)?) } else { String::new() };
                    Typed::new(format!("o_text_date({}{format})", text(0)?), OraType::DATE)
                }
            }
            "TO_TIMESTAMP" | "TO_TIMESTAMP_TZ" => {
                count(1, 3)?;
                let (function, kind) = if name == "TO_TIMESTAMP" {
                    ("o_text_ts", Kind::Timestamp)
                } else {
                    ("o_text_tz", Kind::TimestampTz)
                };
                let ty = OraType::timestamp(kind, 9);
                if first_ty.class() == Class::Datetime {
                    convert(&a[0], &ty)?
                } else {
                    let format = if a.len() > 1 { format!(",{}", text(1)?) } else { String::new() };
                    Typed::new(format!("{function}({}{format})", text(0)?), ty)
                }
            }
            "ADD_MONTHS" => {
                count(2, 2)?;
                let date = convert(&a[0], &OraType::DATE)?.sql;
                Typed::new(format!("o_add_months({date},{})", num(1)?), OraType::DATE)
            }
            "MONTHS_BETWEEN" => {
                count(2, 2)?;
                let (from, to) = (convert(&a[0], &OraType::DATE)?, convert(&a[1], &OraType::DATE)?);
                number(format!("o_months_between({},{})", from.sql, to.sql))
            }
            "LAST_DAY" => {
                count(1, 1)?;
                let date = convert(&a[0], &OraType::DATE)?.sql;
                Typed::new(format!("o_last_day({date})"), OraType::DATE)
            }
            "NEXT_DAY" => {
                count(2, 2)?;
                let date = convert(&a[0], &OraType::DATE)?.sql;
                Typed::new(format!("o_next_day({date},{})", text(1)?), OraType::DATE)
            }
            "FROM_TZ" => {
                count(2, 2)?;
                let ty = OraType::timestamp(Kind::TimestampTz, first_ty.scale.max(6));
                Typed::new(format!("o_from_tz({},{})", a[0].sql, text(1)?), ty)
            }
            "SYS_EXTRACT_UTC" => {
                count(1, 1)?;
                let zoned = convert(&a[0], &OraType::plain(Kind::TimestampTz))?.sql;
                Typed::new(format!("o_moment({zoned})"), OraType::timestamp(Kind::Timestamp, 9))
            }
            "NEW_TIME" => return Err(unsupported("NEW_TIME")),
            "CURRENT_TIMESTAMP" | "LOCALTIMESTAMP" => {
                count(1, 1)?;
                let digits = a[0].constant.as_ref().and_then(|c| c.parse::<i8>().ok()).unwrap_or(6);
                let kind =
                    if name == "LOCALTIMESTAMP" { Kind::Timestamp } else { Kind::TimestampTz };
                let function = name.to_lowercase();
                Typed::new(
                    format!("o_ts_round(o_{function}(),{digits})"),
                    OraType::timestamp(kind, digits.clamp(0, 9)),
                )
            }
            "NUMTODSINTERVAL" => {
                count(2, 2)?;
                let unit = a[1].constant.as_deref().unwrap_or("").trim().to_uppercase();
                let nanos: i64 = match unit.as_str() {
                    "DAY" => 86_400_000_000_000,
                    "HOUR" => 3_600_000_000_000,
                    "MINUTE" => 60_000_000_000,
                    "SECOND" => 1_000_000_000,
                    _ => return Err(ora(1760, "illegal argument for function")),
                };
                Typed::new(
                    format!("o_ds({},{nanos})", num(0)?),
                    OraType::interval(Kind::IntervalDs, 9, 9),
                )
            }
            "NUMTOYMINTERVAL" => {
                count(2, 2)?;
                let unit = a[1].constant.as_deref().unwrap_or("").trim().to_uppercase();
                let months = match unit.as_str() {
                    "YEAR" => 12,
                    "MONTH" => 1,
                    _ => return Err(ora(1760, "illegal argument for function")),
                };
                Typed::new(
                    format!("o_ym({},{months})", num(0)?),
                    OraType::interval(Kind::IntervalYm, 9, 0),
                )
            }
            "TO_DSINTERVAL" => {
                count(1, 1)?;
                convert(&text_of(0)?, &OraType::interval(Kind::IntervalDs, 9, 9))?
            }
            "TO_YMINTERVAL" => {
                count(1, 1)?;
                convert(&text_of(0)?, &OraType::interval(Kind::IntervalYm, 9, 0))?
            }
            "TZ_OFFSET" => {
                count(1, 1)?;
                Typed::new(
                    format!("o_date_text(o_from_tz(x'78640101010101',{}),'z','TZH:TZM')", text(0)?),
                    OraType::varchar(7),
                )
            }

            // The session and the rest.
            "SYS_CONTEXT" => {
                count(2, 3)?;
                Typed::new(
                    format!("o_sys_context({},{})", text(0)?, text(1)?),
                    OraType::varchar(256),
                )
            }
            "USERENV" => {
                count(1, 1)?;
                Typed::new(format!("o_sys_context('USERENV',{})", text(0)?), OraType::varchar(64))
            }
            "USER" | "UID" | "SYSDATE" => {
                count(0, 0)?;
                let ident = sqlparser::ast::Ident::new(name);
                return self.identifier(std::slice::from_ref(&ident));
            }
            "SYS_GUID" => {
                self.volatile = true;
                Typed::new("randomblob(16)", OraType::raw(16))
            }
            "O$NLS" => Typed::new(format!("o_nls({})", text(0)?), OraType::varchar(64)),
            "O$LAST_NUMBER" => number(format!("o_last_number({})", num(0)?)),
            "DBMS_RANDOM.VALUE" => {
                self.volatile = true;
                match a.len() {
                    0 => number("o_random()".to_owned()),
                    _ => {
                        count(2, 2)?;
                        number(format!(
                            "o_add({0},o_mul(o_random(),o_sub({1},{0})))",
                            num(0)?,
                            num(1)?
                        ))
                    }
                }
            }
            "NLSSORT" => {
                count(1, 2)?;
                Typed::new(format!("o_to_raw({})", text(0)?), OraType::raw(2000))
            }
            "DUMP" => {
                count(1, 4)?;
                let code = oracle_code(&a[0].ty);
                let base = if a.len() > 1 { num(1)? } else { "10".to_owned() };
                Typed::new(format!("o_dump({},{code},{base})", a[0].sql), OraType::varchar(4000))
            }
            "VSIZE" => {
                count(1, 1)?;
                number(format!("o_vsize({})", a[0].sql))
            }
            "ORA_HASH" => {
                count(1, 3)?;
                let max = if a.len() > 1 { num(1)? } else { "4294967295".to_owned() };
                number(format!("o_ora_hash({},{max})", a[0].sql))
            }
            "ROWIDTOCHAR" => {
                count(1, 1)?;
                Typed::new(a[0].sql.clone(), OraType::varchar(18))
            }
            "CHARTOROWID" => {
                count(1, 1)?;
                Typed::new(format!("o_to_rowid({})", text(0)?), OraType::ROWID)
            }
            "TO_BOOLEAN" => {
                count(1, 1)?;
                convert(&a[0], &OraType::BOOLEAN)?
            }
            _ => {
                let names: Vec<String> = name.split('.').map(|n| format!("\"{n}\"")).collect();
                return Err(ora_at(904, format!("{}: invalid identifier", names.join(".")), at));
            }
        })
    }

    /// The arguments as one type, which the first that is not NULL decides.
    fn unify_to_first(&self, values: &[Typed]) -> Result<Vec<Typed>> {
        let Some(first) = values.iter().find(|v| v.ty.kind != Kind::Null) else {
            return unify(values);
        };
        let class = first.ty.class();
        let converted: Vec<Typed> = values
            .iter()
            .map(|v| {
                if v.ty.class() == class || v.ty.kind == Kind::Null {
                    Ok(v.clone())
                } else {
                    convert(v, &first.ty)
                }
            })
            .collect::<Result<_>>()?;
        unify(&converted)
    }

    fn decode(&mut self, arguments: &[Expr]) -> Result<Typed> {
        if arguments.len() < 3 {
            return Err(plain(938));
        }
        let a = self.typed_all(arguments)?;
        let mut tests = Vec::new();
        let mut results = Vec::new();
        let mut at = 1;
        while at + 1 < a.len() {
            let search = &a[at];
            // NULL is equal to NULL here.
            let test = if search.ty.kind == Kind::Null && search.sql == "NULL" {
                format!("({} IS NULL)", a[0].sql)
            } else {
                let search = if search.ty.class() == a[0].ty.class() || search.ty.kind == Kind::Null
                {
                    search.clone()
                } else {
                    convert(search, &a[0].ty)?
                };
                let (left, right) = super::operators::comparable(&a[0], &search)?;
                format!("({left} IS {right})")
            };
            tests.push(test);
            results.push(a[at + 1].clone());
            at += 2;
        }
        results.push(if at < a.len() { a[at].clone() } else { Typed::null() });
        // The type of the first result is the type of all; CHAR becomes VARCHAR2.
        let results = self.unify_to_first(&results)?;
        let mut sql = "CASE".to_owned();
        for (test, result) in tests.iter().zip(&results) {
            sql.push_str(&format!(" WHEN {test} THEN {}", result.sql));
        }
        if let Some(last) = results.last() {
            sql.push_str(&format!(" ELSE {} END", last.sql));
        }
        Ok(varying(Typed::new(sql, results.first().map_or(OraType::NULL, |r| r.ty))))
    }
}

pub(super) fn varying_if_text(value: Typed) -> Typed {
    if value.ty.class() == Class::Text { value } else { Typed { literal: false, ..value } }
}

/// The longest text that a date format makes.
fn format_length(format: &str) -> u32 {
    let upper = format.to_uppercase();
    let mut length = format.len() as u32;
    // Names are as long as the longest name.
    for (element, extra) in
        [("MONTH", 4), ("DAY", 6), ("YEAR", 38), ("HH24", 0), ("FF", 7), ("TZR", 60), ("TZD", 7)]
    {
        if upper.contains(element) {
            length += extra;
        }
    }
    length.clamp(1, 4000)
}

/// The number that DUMP and the wire give a type.
fn oracle_code(ty: &OraType) -> u32 {
    match ty.kind {
        Kind::Null | Kind::Varchar | Kind::Nvarchar => 1,
        Kind::Number => 2,
        Kind::Long => 8,
        Kind::Date => 12,
        Kind::Raw => 23,
        Kind::LongRaw => 24,
        Kind::Char | Kind::Nchar => 96,
        Kind::BinaryFloat => 100,
        Kind::BinaryDouble => 101,
        Kind::Clob | Kind::Nclob => 112,
        Kind::Blob => 113,
        Kind::Bfile => 114,
        Kind::Timestamp => 180,
        Kind::TimestampTz => 181,
        Kind::IntervalYm => 182,
        Kind::IntervalDs => 183,
        Kind::Rowid | Kind::Urowid => 69,
        Kind::TimestampLtz => 231,
        Kind::Boolean => 252,
    }
}
