//! INTERVAL literals.

use sqlparser::ast::{DateTimeField, Expr, Interval, Value};

use super::super::datetime::{ds_bytes, parse_ds, parse_ym, ym_bytes};
use super::super::error::{Result, plain};
use super::super::types::{Kind, OraType};
use super::convert::literal_bytes;
use super::{Translator, Typed};

fn place(field: &DateTimeField) -> Option<usize> {
    match field {
        DateTimeField::Day => Some(0),
        DateTimeField::Hour => Some(1),
        DateTimeField::Minute => Some(2),
        DateTimeField::Second => Some(3),
        _ => None,
    }
}

impl Translator<'_> {
    pub(super) fn interval(&mut self, interval: &Interval) -> Result<Typed> {
        let text = match interval.value.as_ref() {
            Expr::Value(value) => match &value.value {
                Value::SingleQuotedString(text) => text.clone(),
                _ => return Err(plain(1867)),
            },
            _ => return Err(plain(1867)),
        };
        let leading = interval.leading_field.as_ref().ok_or_else(|| plain(905))?;
        let precision = interval.leading_precision.map_or(2, |p| p.min(9)) as i8;
        match leading {
            DateTimeField::Year | DateTimeField::Month => {
                let to_month = interval.last_field == Some(DateTimeField::Month);
                let months = if to_month {
                    parse_ym(&text)?
                } else {
                    let value: i64 = text.trim().parse().map_err(|_| plain(1867))?;
                    if matches!(leading, DateTimeField::Year) { value * 12 } else { value }
                };
                if (months / 12).abs() >= 10i64.pow(u32::from(precision.unsigned_abs())) {
                    return Err(plain(1873));
                }
                let ty = OraType::interval(Kind::IntervalYm, precision, 0);
                Ok(Typed::new(literal_bytes(&ym_bytes(months)), ty).not_null())
            }
            field => {
                let from = place(field).ok_or_else(|| plain(905))?;
                let to = match &interval.last_field {
                    Some(last) => place(last).ok_or_else(|| plain(905))?,
                    None => from,
                };
                let nanos = parse_ds(&text, from, to)?;
                let days = nanos.abs() / 86_400_000_000_000;
                if days >= 10i128.pow(u32::from(precision.unsigned_abs())) {
                    return Err(plain(1873));
                }
                let scale = if to == 3 {
                    interval.fractional_seconds_precision.map_or(6, |p| p.min(9)) as i8
                } else {
                    0
                };
                let ty = OraType::interval(Kind::IntervalDs, precision, scale);
                Ok(Typed::new(literal_bytes(&ds_bytes(nanos)), ty).not_null())
            }
        }
    }
}
