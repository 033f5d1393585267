//! NUMBER and the binary floats.

use oraedge::wire::value::binary_float;
use rusqlite::types::Value as Sql;

use super::super::error::{Result, plain};
use super::super::format_number::{format_number, parse_number};
use super::super::num::Num;
use super::{Answer, Args, Registry, calculated, number, text};

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    registry.strict("o_num", 1, |_, a| number(Num::from_i64(a.int(0)?)))?;
    registry.strict("o_int", 1, |_, a| Ok(Sql::Integer(a.int(0)?)))?;
    // For LIMIT and series: a number that is no whole one is cut, a huge one is as good as any.
    registry.strict("o_limit", 1, |_, a| {
        let value = a.num(0)?;
        let bound = if value.is_negative() { i64::MIN } else { i64::MAX };
        Ok(Sql::Integer(value.floor().ok().and_then(Num::to_i64).unwrap_or(bound)))
    })?;
    registry.strict("o_add", 2, |_, a| calculated(a.num(0)?.add(a.num(1)?)))?;
    registry.strict("o_sub", 2, |_, a| calculated(a.num(0)?.sub(a.num(1)?)))?;
    registry.strict("o_mul", 2, |_, a| calculated(a.num(0)?.mul(a.num(1)?)))?;
    registry.strict("o_div", 2, |_, a| calculated(a.num(0)?.div(a.num(1)?)))?;
    registry.strict("o_mod", 2, |_, a| calculated(a.num(0)?.rem(a.num(1)?)))?;
    registry.strict("o_neg", 1, |_, a| number(a.num(0)?.neg()))?;
    registry.strict("o_abs", 1, |_, a| number(a.num(0)?.abs()))?;
    registry.strict("o_ceil", 1, |_, a| calculated(a.num(0)?.ceil()))?;
    registry.strict("o_floor", 1, |_, a| calculated(a.num(0)?.floor()))?;
    registry.strict("o_round", 2, |_, a| calculated(a.num(0)?.round(places(a, 1)?)))?;
    registry.strict("o_trunc", 2, |_, a| number(a.num(0)?.trunc(places(a, 1)?)))?;
    registry.strict("o_power", 2, |_, a| {
        let result = a.num(0)?.pow(a.num(1)?);
        calculated(result)
    })?;
    registry.strict("o_sqrt", 1, |_, a| {
        let value = a.num(0)?;
        if value.is_negative() {
            return Err(plain(1428));
        }
        calculated(value.sqrt())
    })?;
    registry.strict("o_sign", 1, |_, a| {
        let value = a.num(0)?;
        super::integer(if value.is_zero() {
            0
        } else if value.is_negative() {
            -1
        } else {
            1
        })
    })?;
    registry.strict("o_bitand", 2, |_, a| super::integer(a.int(0)? & a.int(1)?))?;
    registry.strict("o_exp", 1, |_, a| through_double(a, f64::exp))?;
    registry.strict("o_ln", 1, |_, a| {
        let value = a.num(0)?;
        if value.is_negative() || value.is_zero() {
            return Err(plain(1428));
        }
        through_double(a, f64::ln)
    })?;
    registry.strict("o_log", 2, |_, a| {
        let (base, value) = (a.num(0)?.to_f64(), a.num(1)?.to_f64());
        if base <= 0.0 || value <= 0.0 || base == 1.0 {
            return Err(plain(1428));
        }
        // The whole powers of ten, which are what people ask for, are exact this way.
        let result = if base == 10.0 { value.log10() } else { value.ln() / base.ln() };
        calculated(Num::from_f64(result))
    })?;
    registry.strict("o_sin", 1, |_, a| through_double(a, f64::sin))?;
    registry.strict("o_cos", 1, |_, a| through_double(a, f64::cos))?;
    registry.strict("o_tan", 1, |_, a| through_double(a, f64::tan))?;
    registry.strict("o_asin", 1, |_, a| through_double(a, f64::asin))?;
    registry.strict("o_acos", 1, |_, a| through_double(a, f64::acos))?;
    registry.strict("o_atan", 1, |_, a| through_double(a, f64::atan))?;
    registry.strict("o_sinh", 1, |_, a| through_double(a, f64::sinh))?;
    registry.strict("o_cosh", 1, |_, a| through_double(a, f64::cosh))?;
    registry.strict("o_tanh", 1, |_, a| through_double(a, f64::tanh))?;
    registry.strict("o_atan2", 2, |_, a| {
        calculated(Num::from_f64(a.num(0)?.to_f64().atan2(a.num(1)?.to_f64())))
    })?;
    registry.strict("o_to_number", 1, |_, a| calculated(Num::parse(a.text(0))))?;
    registry.strict("o_to_number", 2, |_, a| number(parse_number(a.text(0), a.text(1))?))?;
    registry.strict("o_num_text", 1, |_, a| text(a.num(0)?.to_string()))?;
    registry.strict("o_num_text", 2, |_, a| text(format_number(a.num(0)?, a.text(1))?))?;

    registry.strict("o_num_bd", 1, |_, a| double(a.num(0)?.to_f64()))?;
    registry.strict("o_num_bf", 1, |_, a| single(a.num(0)?.to_f64() as f32))?;
    registry.strict("o_bd_num", 1, |_, a| calculated(Num::from_f64(float(a, 0)?)))?;
    registry.strict("o_bf_num", 1, |_, a| {
        calculated(Num::parse(&format!("{:e}", float(a, 0)? as f32)))
    })?;
    registry.strict("o_bf_bd", 1, |_, a| double(float(a, 0)?))?;
    registry.strict("o_bd_bf", 1, |_, a| single(float(a, 0)? as f32))?;
    registry.strict("o_text_bd", 1, |_, a| double(parse_float(a.text(0))?))?;
    registry.strict("o_text_bf", 1, |_, a| single(parse_float(a.text(0))? as f32))?;
    registry.strict("o_bd_text", 1, |_, a| text(float_text(float(a, 0)?, a.bytes(0).len())))?;
    registry.strict("o_f_add", 2, |_, a| arithmetic(a, |x, y| x + y))?;
    registry.strict("o_f_sub", 2, |_, a| arithmetic(a, |x, y| x - y))?;
    registry.strict("o_f_mul", 2, |_, a| arithmetic(a, |x, y| x * y))?;
    registry.strict("o_f_div", 2, |_, a| arithmetic(a, |x, y| x / y))?;
    registry.strict("o_f_mod", 2, |_, a| arithmetic(a, |x, y| x % y))?;
    registry.strict("o_f_neg", 1, |_, a| like_first(a, |x| -x))?;
    registry.strict("o_f_abs", 1, |_, a| like_first(a, f64::abs))?;
    registry.strict("o_f_ceil", 1, |_, a| like_first(a, f64::ceil))?;
    registry.strict("o_f_floor", 1, |_, a| like_first(a, f64::floor))?;
    registry.strict("o_f_round", 2, |_, a| {
        let scale = 10f64.powi(places(a, 1)?);
        like_first(a, |x| (x * scale).round() / scale)
    })?;
    registry.strict("o_f_trunc", 2, |_, a| {
        let scale = 10f64.powi(places(a, 1)?);
        like_first(a, |x| (x * scale).trunc() / scale)
    })?;
    registry.strict("o_is_nan", 1, |_, a| Ok(Sql::Integer(float(a, 0)?.is_nan().into())))?;
    registry.strict("o_is_infinite", 1, |_, a| Ok(Sql::Integer(float(a, 0)?.is_infinite().into())))
}

fn places(a: &Args<'_, '_>, at: usize) -> Result<i32> {
    Ok(a.int(at)?.clamp(-400, 400) as i32)
}

fn through_double(a: &Args<'_, '_>, function: fn(f64) -> f64) -> Answer {
    let result = function(a.num(0)?.to_f64());
    if result.is_nan() {
        return Err(plain(1428));
    }
    calculated(Num::from_f64(result))
}

pub(super) fn double(value: f64) -> Answer {
    let mut bytes = Vec::with_capacity(8);
    binary_float::encode_f64(value, &mut bytes);
    Ok(Sql::Blob(bytes))
}

pub(super) fn single(value: f32) -> Answer {
    let mut bytes = Vec::with_capacity(4);
    binary_float::encode_f32(value, &mut bytes);
    Ok(Sql::Blob(bytes))
}

/// A BINARY_FLOAT (4 bytes) or a BINARY_DOUBLE (8).
pub(super) fn float(a: &Args<'_, '_>, at: usize) -> Result<f64> {
    float_of(a.bytes(at))
}

pub(super) fn float_of(bytes: &[u8]) -> Result<f64> {
    let value = if bytes.len() == 4 {
        binary_float::decode_f32(bytes).map(f64::from)
    } else {
        binary_float::decode_f64(bytes)
    };
    value.map_err(|_| plain(1722))
}

fn like_first(a: &Args<'_, '_>, function: impl Fn(f64) -> f64) -> Answer {
    let value = function(float(a, 0)?);
    if a.bytes(0).len() == 4 { single(value as f32) } else { double(value) }
}

fn arithmetic(a: &Args<'_, '_>, function: fn(f64, f64) -> f64) -> Answer {
    let value = function(float(a, 0)?, float(a, 1)?);
    if a.bytes(0).len() == 4 { single(value as f32) } else { double(value) }
}

fn parse_float(text: &str) -> Result<f64> {
    let trimmed = text.trim();
    match trimmed.to_ascii_uppercase().as_str() {
        "NAN" => Ok(f64::NAN),
        "INF" | "INFINITY" | "+INF" => Ok(f64::INFINITY),
        "-INF" | "-INFINITY" => Ok(f64::NEG_INFINITY),
        _ => {
            let body = trimmed.trim_end_matches(['f', 'F', 'd', 'D']);
            if body.bytes().any(|b| b.is_ascii_alphabetic() && !matches!(b, b'e' | b'E')) {
                return Err(plain(1722));
            }
            body.parse().map_err(|_| plain(1722))
        }
    }
}

/// As TO_CHAR writes it: `1.5E+000`.
fn float_text(value: f64, width: usize) -> String {
    if value.is_nan() {
        return "Nan".to_owned();
    }
    if value.is_infinite() {
        return if value < 0.0 { "-Inf" } else { "Inf" }.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = if width == 4 { 8 } else { 16 };
    let text = format!("{value:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}E{sign}{:03}", exponent.abs())
}
