//! What is checked and changed when a value goes into a column.

use rusqlite::types::Value as Sql;

use super::super::datetime::Moment;
use super::super::error::{ora, plain};
use super::super::num::Num;
use super::{Registry, number, number_error};

/// In the flags of `o_st_text`: the length counts characters.
pub(crate) const IN_CHARS: i64 = 1;
/// In the flags of `o_st_text`: blank-padded.
pub(crate) const FIXED: i64 = 2;

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    // NULL where a column has none: the text is the whole message.
    registry.lax("o_not_null", 2, |_, a| {
        if a.is_null(0) {
            return Err(super::super::error::from_text(a.text(1)).unwrap_or_else(|| plain(1400)));
        }
        a.copy(0)
    })?;
    registry.strict("o_st_num", 3, |_, a| {
        let value = a.num(0)?;
        let (precision, scale) = (a.int(1)? as i32, a.int(2)? as i32);
        let stored = if value.fraction_digits() > scale || scale < 0 {
            value.round(scale).map_err(number_error)?
        } else {
            value
        };
        if stored.integer_digits() > precision - scale && !stored.is_zero() {
            return Err(plain(1438));
        }
        number(stored)
    })?;
    registry.strict("o_st_text", 4, |_, a| {
        let (max, flags) = (a.int(1)?, a.int(2)?);
        let in_chars = flags & IN_CHARS != 0;
        let used = super::texts::measured(a, 0, in_chars) as i64;
        if used > max {
            return Err(ora(
                12899,
                format!(
                    "value too large for column {} (actual: {used}, maximum: {max})",
                    a.text(3)
                ),
            ));
        }
        if flags & FIXED != 0 && used < max {
            return Ok(Sql::Text(format!("{}{}", a.text(0), " ".repeat((max - used) as usize))));
        }
        a.copy(0)
    })?;
    registry.strict("o_st_raw", 3, |_, a| {
        let (used, max) = (a.bytes(0).len() as i64, a.int(1)?);
        if used > max {
            return Err(ora(
                12899,
                format!(
                    "value too large for column {} (actual: {used}, maximum: {max})",
                    a.text(2)
                ),
            ));
        }
        a.copy(0)
    })?;
    registry.strict("o_st_ts", 2, |_, a| {
        let bytes = a.bytes(0);
        let digits = a.int(1)?.clamp(0, 9) as i8;
        if bytes.len() < 11 {
            return a.copy(0);
        }
        let moment = Moment::from_bytes(bytes).ok_or_else(|| plain(1858))?.rounded(digits)?;
        let mut stored = moment.bytes();
        let zone = &bytes[11..];
        if !zone.is_empty() {
            stored = moment.date_bytes();
            stored.extend_from_slice(&moment.nanos.to_be_bytes());
            stored.extend_from_slice(zone);
        }
        Ok(Sql::Blob(stored))
    })?;
    registry.strict("o_st_ym", 2, |_, a| {
        let months =
            super::super::datetime::ym_from_bytes(a.bytes(0)).ok_or_else(|| plain(1867))?;
        if !fits((months / 12).unsigned_abs().into(), a.int(1)?) {
            return Err(plain(1873));
        }
        a.copy(0)
    })?;
    registry.strict("o_st_ds", 3, |_, a| {
        let nanos = super::super::datetime::ds_from_bytes(a.bytes(0)).ok_or_else(|| plain(1867))?;
        let unit = 10i128.pow(9 - a.int(2)?.clamp(0, 9) as u32);
        let half = if nanos < 0 { -unit / 2 } else { unit / 2 };
        let stored = (nanos + half) / unit * unit;
        if !fits((stored / 86_400_000_000_000).unsigned_abs(), a.int(1)?) {
            return Err(plain(1873));
        }
        Ok(Sql::Blob(super::super::datetime::ds_bytes(stored)))
    })
}

fn fits(value: u128, digits: i64) -> bool {
    Num::parse(&value.to_string()).is_ok_and(|n| i64::from(n.integer_digits()) <= digits)
}
