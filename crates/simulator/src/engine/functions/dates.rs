//! Dates, timestamps and intervals. A value's form tells what it is: 7 or 11 bytes without a
//! zone, 13 with one.

use rusqlite::types::Value as Sql;

use super::super::datetime::{
    Moment, Zoned, ds_bytes, ds_from_bytes, ds_text, parse_ds, parse_ym, parse_zone, ym_bytes,
    ym_from_bytes, ym_text, zone_text,
};
use super::super::environment::Environment;
use super::super::error::{Result, ora, plain};
use super::super::format_date::{format_date, parse_date};
use super::super::num::Num;
use super::{Answer, Args, Registry, calculated, integer, number, number_error, text};

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// A value with or without a zone.
#[derive(Clone, Copy)]
enum When {
    Plain(Moment),
    Zoned(Zoned),
}

impl When {
    fn of(bytes: &[u8]) -> Result<When> {
        if bytes.len() == 13 {
            Zoned::from_bytes(bytes).map(When::Zoned)
        } else {
            Moment::from_bytes(bytes).map(When::Plain)
        }
        .ok_or_else(|| plain(1858))
    }

    fn local(&self) -> Result<Moment> {
        match self {
            When::Plain(moment) => Ok(*moment),
            When::Zoned(zoned) => zoned.local(),
        }
    }

    fn zone(&self) -> Option<i32> {
        match self {
            When::Plain(_) => None,
            When::Zoned(zoned) => Some(zoned.offset_minutes()),
        }
    }

    /// The same form with other local fields.
    fn with_local(&self, local: Moment) -> Answer {
        Ok(Sql::Blob(match self {
            When::Plain(_) => local.bytes(),
            When::Zoned(zoned) => Zoned::from_local(local, zoned.offset_minutes())?.bytes(),
        }))
    }
}

fn when(a: &Args<'_, '_>, at: usize) -> Result<When> {
    When::of(a.bytes(at))
}

fn date(moment: Moment) -> Answer {
    Ok(Sql::Blob(moment.date_bytes()))
}

fn stamp(moment: Moment) -> Answer {
    Ok(Sql::Blob(moment.bytes()))
}

fn ds(a: &Args<'_, '_>, at: usize) -> Result<i128> {
    ds_from_bytes(a.bytes(at)).ok_or_else(|| plain(1867))
}

fn ym(a: &Args<'_, '_>, at: usize) -> Result<i64> {
    ym_from_bytes(a.bytes(at)).ok_or_else(|| plain(1867))
}

fn days_as_nanos(days: Num) -> Result<i128> {
    // Oracle rounds a fraction of a day to the second.
    let seconds = days
        .mul(Num::from_i64(86_400))
        .and_then(|s| s.round(0))
        .map_err(number_error)?
        .to_i64()
        .ok_or_else(|| plain(1841))?;
    Ok(i128::from(seconds) * SECOND)
}

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    registry.strict("o_sysdate", 0, |env, _| date(env.utc()?))?;
    registry.strict("o_systimestamp", 0, |env, _| {
        Ok(Sql::Blob(Zoned::from_local(env.utc()?, 0)?.bytes()))
    })?;
    registry.strict("o_current_date", 0, |env, _| date(env.local()?))?;
    registry.strict("o_localtimestamp", 0, |env, _| stamp(env.local()?))?;
    registry.strict("o_current_timestamp", 0, |env, _| {
        let zone = env.state().time_zone;
        Ok(Sql::Blob(Zoned::from_local(env.local()?, zone)?.bytes()))
    })?;
    registry.strict("o_session_zone", 0, |env, _| text(zone_text(env.state().time_zone)))?;

    registry.strict("o_date_text", 2, |env, a| {
        let format = default_format(env, a.text(1));
        written(a, &format, a.text(1) != "d")
    })?;
    registry.strict("o_date_text", 3, |_, a| written(a, a.text(2), a.text(1) != "d"))?;
    registry.strict("o_text_date", 1, |env, a| {
        let format = env.state().nls.date_format.clone();
        date(parse_date(a.text(0), &format, &env.local()?)?.moment)
    })?;
    registry.strict("o_text_date", 2, |env, a| {
        date(parse_date(a.text(0), a.text(1), &env.local()?)?.moment)
    })?;
    registry.strict("o_text_ts", 1, |env, a| {
        let format = env.state().nls.timestamp_format.clone();
        stamp(parse_date(a.text(0), &format, &env.local()?)?.moment)
    })?;
    registry.strict("o_text_ts", 2, |env, a| {
        stamp(parse_date(a.text(0), a.text(1), &env.local()?)?.moment)
    })?;
    registry.strict("o_text_tz", 1, |env, a| {
        let format = env.state().nls.timestamp_tz_format.clone();
        zoned_from_text(env, a.text(0), &format)
    })?;
    registry.strict("o_text_tz", 2, |env, a| zoned_from_text(env, a.text(0), a.text(1)))?;

    registry.strict("o_to_date", 1, |_, a| date(when(a, 0)?.local()?))?;
    registry.strict("o_to_ts", 1, |_, a| stamp(when(a, 0)?.local()?))?;
    registry.strict("o_to_tz", 1, |env, a| match when(a, 0)? {
        When::Zoned(zoned) => Ok(Sql::Blob(zoned.bytes())),
        When::Plain(moment) => {
            let zone = env.state().time_zone;
            Ok(Sql::Blob(Zoned::from_local(moment, zone)?.bytes()))
        }
    })?;
    // A LOCAL TIME ZONE value is stored in UTC and shown on the session's clock.
    registry.strict("o_to_ltz", 1, |env, a| match when(a, 0)? {
        When::Zoned(zoned) => stamp(zoned.utc),
        When::Plain(moment) => {
            let zone = env.state().time_zone;
            stamp(moment.plus_nanos(-i128::from(zone) * 60 * SECOND)?)
        }
    })?;
    registry.strict("o_ltz_ts", 1, |env, a| {
        let zone = env.state().time_zone;
        stamp(when(a, 0)?.local()?.plus_nanos(i128::from(zone) * 60 * SECOND)?)
    })?;
    registry.strict("o_from_tz", 2, |_, a| {
        let zone = parse_zone(a.text(1))?;
        Ok(Sql::Blob(Zoned::from_local(when(a, 0)?.local()?, zone)?.bytes()))
    })?;
    registry.strict("o_at_zone", 2, |env, a| {
        let utc = match when(a, 0)? {
            When::Zoned(zoned) => zoned.utc,
            When::Plain(moment) => {
                let zone = env.state().time_zone;
                moment.plus_nanos(-i128::from(zone) * 60 * SECOND)?
            }
        };
        let zone = parse_zone(a.text(1))?;
        let local = utc.plus_nanos(i128::from(zone) * 60 * SECOND)?;
        Ok(Sql::Blob(Zoned::from_local(local, zone)?.bytes()))
    })?;
    // The moment alone, for comparing.
    registry.strict("o_moment", 1, |_, a| match when(a, 0)? {
        When::Zoned(zoned) => stamp(zoned.utc),
        When::Plain(moment) => stamp(moment),
    })?;
    registry.strict("o_ts_round", 2, |_, a| {
        let value = when(a, 0)?;
        value.with_local(value.local()?.rounded(a.int(1)?.clamp(0, 9) as i8)?)
    })?;

    registry.strict("o_date_add", 2, |_, a| {
        date(when(a, 0)?.local()?.plus_nanos(days_as_nanos(a.num(1)?)?)?)
    })?;
    registry.strict("o_date_sub", 2, |_, a| {
        let seconds = when(a, 0)?.local()?.seconds() - when(a, 1)?.local()?.seconds();
        calculated(Num::from_i64(seconds).div(Num::from_i64(86_400)))
    })?;
    registry.strict("o_ts_sub", 2, |env, a| {
        let zone = i128::from(env.state().time_zone) * 60 * SECOND;
        let (x, y) = (when(a, 0)?, when(a, 1)?);
        let total = |value: When| match value {
            When::Plain(moment) => moment.total_nanos(),
            When::Zoned(zoned) => zoned.utc.total_nanos(),
        };
        let mut difference = total(x) - total(y);
        match (x, y) {
            (When::Plain(_), When::Zoned(_)) => difference -= zone,
            (When::Zoned(_), When::Plain(_)) => difference += zone,
            _ => {}
        }
        Ok(Sql::Blob(ds_bytes(difference)))
    })?;
    registry.strict("o_dt_ds", 3, |_, a| {
        let value = when(a, 0)?;
        value.with_local(value.local()?.plus_nanos(ds(a, 1)? * i128::from(a.int(2)?))?)
    })?;
    registry.strict("o_dt_ym", 3, |_, a| {
        let value = when(a, 0)?;
        value.with_local(value.local()?.plus_months(ym(a, 1)? * a.int(2)?, false)?)
    })?;
    registry.strict("o_add_months", 2, |_, a| {
        date(when(a, 0)?.local()?.plus_months(a.int(1)?, true)?)
    })?;
    registry.strict("o_months_between", 2, |_, a| {
        months_between(when(a, 0)?.local()?, when(a, 1)?.local()?)
    })?;
    registry.strict("o_last_day", 1, |_, a| {
        let moment = when(a, 0)?.local()?;
        date(Moment {
            day: super::super::datetime::month_days(moment.year, moment.month),
            ..moment
        })
    })?;
    registry.strict("o_next_day", 2, |_, a| {
        const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
        let moment = when(a, 0)?.local()?;
        let name = a.text(1).trim().to_ascii_uppercase();
        let wanted = match name.parse::<i64>() {
            Ok(day @ 1..=7) => day - 1,
            _ => DAYS.iter().position(|d| name.starts_with(d)).ok_or_else(|| plain(1846))? as i64,
        };
        let ahead = (wanted - (i64::from(moment.weekday()) - 1)).rem_euclid(7);
        let ahead = if ahead == 0 { 7 } else { ahead };
        date(moment.plus_nanos(i128::from(ahead) * DAY)?)
    })?;
    registry.strict("o_trunc_date", 2, |_, a| date(truncated(when(a, 0)?.local()?, a.text(1))?))?;
    registry.strict("o_round_date", 2, |_, a| date(rounded(when(a, 0)?.local()?, a.text(1))?))?;
    registry.strict("o_extract", 2, |_, a| extract(a))?;

    registry.strict("o_ym", 2, |_, a| {
        let months = a.num(0)?.mul(Num::from_i64(a.int(1)?)).and_then(|m| m.round(0));
        let months = months.map_err(number_error)?.to_i64().ok_or_else(|| plain(1873))?;
        checked_ym(months)
    })?;
    // A number of units (nanoseconds each) as INTERVAL DAY TO SECOND.
    registry.strict("o_ds", 2, |_, a| {
        let nanos = a.num(0)?.mul(Num::from_i64(a.int(1)?)).map_err(number_error)?;
        checked_ds(whole(nanos.round(0).map_err(number_error)?)?)
    })?;
    registry.strict("o_text_ym", 1, |_, a| checked_ym(iso_or(a.text(0), parse_ym, |y| y.0)?))?;
    registry.strict("o_text_ds", 1, |_, a| {
        checked_ds(iso_or(a.text(0), |t| parse_ds(t, 0, 3), |p| p.1)?)
    })?;
    registry
        .strict("o_ym_text", 2, |_, a| text(ym_text(ym(a, 0)?, a.int(1)?.clamp(0, 9) as usize)))?;
    registry.strict("o_ds_text", 3, |_, a| {
        text(ds_text(ds(a, 0)?, a.int(1)?.clamp(0, 9) as usize, a.int(2)?.clamp(0, 9) as usize))
    })?;
    registry.strict("o_ym_add", 3, |_, a| checked_ym(ym(a, 0)? + ym(a, 1)? * a.int(2)?))?;
    registry
        .strict("o_ds_add", 3, |_, a| checked_ds(ds(a, 0)? + ds(a, 1)? * i128::from(a.int(2)?)))?;
    registry.strict("o_ym_mul", 2, |_, a| {
        let months = Num::from_i64(ym(a, 0)?).mul(a.num(1)?).map_err(number_error)?;
        checked_ym(months.trunc(0).to_i64().ok_or_else(|| plain(1873))?)
    })?;
    registry.strict("o_ds_mul", 2, |_, a| {
        let nanos = wide(ds(a, 0)?)?.mul(a.num(1)?).and_then(|n| n.round(0));
        checked_ds(whole(nanos.map_err(number_error)?)?)
    })?;
    registry.strict("o_ym_div", 2, |_, a| {
        let months = Num::from_i64(ym(a, 0)?).div(a.num(1)?).map_err(number_error)?;
        checked_ym(months.trunc(0).to_i64().ok_or_else(|| plain(1873))?)
    })?;
    registry.strict("o_ds_div", 2, |_, a| {
        let nanos = wide(ds(a, 0)?)?.div(a.num(1)?).and_then(|n| n.round(0));
        checked_ds(whole(nanos.map_err(number_error)?)?)
    })
}

fn wide(value: i128) -> Result<Num> {
    Num::parse(&value.to_string()).map_err(number_error)
}

fn whole(value: Num) -> Result<i128> {
    value.to_string().parse().map_err(|_| plain(1873))
}

fn checked_ym(months: i64) -> Answer {
    if months.abs() >= 12_000_000_000 {
        return Err(plain(1873));
    }
    Ok(Sql::Blob(ym_bytes(months)))
}

fn checked_ds(nanos: i128) -> Answer {
    if nanos.abs() >= 1_000_000_000 * DAY {
        return Err(plain(1873));
    }
    Ok(Sql::Blob(ds_bytes(nanos)))
}

/// `P1Y2M3DT4H5M6.7S`, or what `plain_form` reads.
fn iso_or<T>(
    value: &str,
    plain_form: impl Fn(&str) -> Result<T>,
    pick: impl Fn((i64, i128)) -> T,
) -> Result<T> {
    let trimmed = value.trim();
    let (negative, body) = match trimmed.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, trimmed),
    };
    let Some(body) = body.strip_prefix('P') else { return plain_form(value) };
    let (mut months, mut nanos) = (0i64, 0i128);
    let mut in_time = false;
    let mut number_start = 0;
    for (at, c) in body.char_indices() {
        if c == 'T' {
            in_time = true;
            number_start = at + 1;
            continue;
        }
        if c.is_ascii_digit() || c == '.' || c == '-' {
            continue;
        }
        let figure: f64 = body[number_start..at].parse().map_err(|_| plain(1867))?;
        number_start = at + 1;
        match (c, in_time) {
            ('Y', false) => months += figure as i64 * 12,
            ('M', false) => months += figure as i64,
            ('D', false) => nanos += figure as i128 * DAY,
            ('H', true) => nanos += figure as i128 * 3600 * SECOND,
            ('M', true) => nanos += figure as i128 * 60 * SECOND,
            ('S', true) => nanos += (figure * 1e9).round() as i128,
            _ => return Err(plain(1867)),
        }
    }
    Ok(pick(if negative { (-months, -nanos) } else { (months, nanos) }))
}

fn default_format(env: &Environment, kind: &str) -> String {
    let nls = &env.state().nls;
    match kind {
        "d" => nls.date_format.clone(),
        "z" => nls.timestamp_tz_format.clone(),
        _ => nls.timestamp_format.clone(),
    }
}

fn written(a: &Args<'_, '_>, format: &str, has_fraction: bool) -> Answer {
    let value = when(a, 0)?;
    text(format_date(&value.local()?, value.zone(), has_fraction, format)?)
}

fn zoned_from_text(env: &Environment, value: &str, format: &str) -> Answer {
    let parsed = parse_date(value, format, &env.local()?)?;
    let zone = parsed.zone.unwrap_or_else(|| env.state().time_zone);
    Ok(Sql::Blob(Zoned::from_local(parsed.moment, zone)?.bytes()))
}

fn months_between(a: Moment, b: Moment) -> Answer {
    use super::super::datetime::month_days;
    let months = i64::from(a.year - b.year) * 12 + i64::from(a.month) - i64::from(b.month);
    let is_last = |m: &Moment| m.day == month_days(m.year, m.month);
    if a.day == b.day || (is_last(&a) && is_last(&b)) {
        return integer(months);
    }
    let in_month = |m: &Moment| i64::from(m.day) * 86_400 + m.second_of_day();
    let part = Num::from_i64(in_month(&a) - in_month(&b)).div(Num::from_i64(31 * 86_400));
    calculated(part.and_then(|part| part.add(Num::from_i64(months))))
}

/// The first moment of the unit that a date is in, and of the next unit.
fn unit(moment: Moment, format: &str) -> Result<(Moment, Moment)> {
    let day = Moment::date(moment.year, moment.month, moment.day);
    let shift = |from: Moment, days: i64| from.plus_nanos(i128::from(days) * DAY);
    let week = |start: i64| -> Result<(Moment, Moment)> {
        let first = shift(day, -start)?;
        Ok((first, shift(first, 7)?))
    };
    match format.to_ascii_uppercase().as_str() {
        "DD" | "DDD" | "J" => Ok((day, shift(day, 1)?)),
        "MM" | "MON" | "MONTH" | "RM" => {
            let first = Moment { day: 1, ..day };
            Ok((first, first.plus_months(1, false)?))
        }
        "Q" => {
            let first = Moment { day: 1, month: (day.month - 1) / 3 * 3 + 1, ..day };
            Ok((first, first.plus_months(3, false)?))
        }
        "SYYYY" | "YYYY" | "YEAR" | "SYEAR" | "YYY" | "YY" | "Y" => {
            Ok((Moment::date(day.year, 1, 1), Moment::date(day.year + 1, 1, 1)))
        }
        "CC" | "SCC" => {
            let first = (day.year - 1) / 100 * 100 + 1;
            Ok((Moment::date(first, 1, 1), Moment::date(first + 100, 1, 1)))
        }
        "IYYY" | "IYY" | "IY" | "I" => {
            let start = |year: i32| {
                let fourth = Moment::date(year, 1, 4);
                shift(fourth, -(fourth.days() + 3).rem_euclid(7))
            };
            let year = day.iso_week().0;
            Ok((start(year)?, start(year + 1)?))
        }
        "HH" | "HH12" | "HH24" => {
            let first = Moment { hour: moment.hour, ..day };
            Ok((first, first.plus_nanos(3600 * SECOND)?))
        }
        "MI" => {
            let first = Moment { hour: moment.hour, minute: moment.minute, ..day };
            Ok((first, first.plus_nanos(60 * SECOND)?))
        }
        "DAY" | "DY" | "D" => week(i64::from(day.weekday()) - 1),
        "IW" => week((day.days() + 3).rem_euclid(7)),
        "WW" => week((i64::from(day.day_of_year()) - 1) % 7),
        "W" => week((i64::from(day.day) - 1) % 7),
        _ => Err(ora(1898, "too many precision specifiers")),
    }
}

fn truncated(moment: Moment, format: &str) -> Result<Moment> {
    Ok(unit(moment, format)?.0)
}

fn rounded(moment: Moment, format: &str) -> Result<Moment> {
    let (first, next) = unit(moment, format)?;
    // Months and quarters and years round by the calendar: on the 16th, in the second half.
    let up = match format.to_ascii_uppercase().as_str() {
        "MM" | "MON" | "MONTH" | "RM" => moment.day >= 16,
        "SYYYY" | "YYYY" | "YEAR" | "SYEAR" | "YYY" | "YY" | "Y" => moment.month >= 7,
        "Q" => {
            let middle = (moment.month - 1) % 3;
            middle == 2 || (middle == 1 && moment.day >= 16)
        }
        _ => {
            (moment.total_nanos() - first.total_nanos()) * 2
                >= next.total_nanos() - first.total_nanos()
        }
    };
    Ok(if up { next } else { first })
}

/// EXTRACT's fields as `o_extract` takes them, with the letter of the value's class.
pub(crate) fn field_code(field: &str) -> Option<&'static str> {
    const FIELDS: [&str; 10] = [
        "YEAR",
        "MONTH",
        "DAY",
        "HOUR",
        "MINUTE",
        "SECOND",
        "TIMEZONE_HOUR",
        "TIMEZONE_MINUTE",
        "TIMEZONE_REGION",
        "TIMEZONE_ABBR",
    ];
    FIELDS.iter().copied().find(|f| field.eq_ignore_ascii_case(f))
}

fn extract(a: &Args<'_, '_>) -> Answer {
    let (field, bytes) = (a.text(0), a.bytes(1));
    // `DS:DAY`, `YM:YEAR`: fields of intervals.
    if let Some(field) = field.strip_prefix("YM:") {
        let months = ym(a, 1)?;
        return match field {
            "YEAR" => integer(months / 12),
            "MONTH" => integer(months % 12),
            _ => Err(ora(30076, "invalid extract field for extract source")),
        };
    }
    if let Some(field) = field.strip_prefix("DS:") {
        let nanos = ds(a, 1)?;
        let seconds = (nanos / SECOND) as i64;
        return match field {
            "DAY" => integer(seconds / 86_400),
            "HOUR" => integer(seconds / 3600 % 24),
            "MINUTE" => integer(seconds / 60 % 60),
            "SECOND" => seconds_number(nanos % (60 * SECOND)),
            _ => Err(ora(30076, "invalid extract field for extract source")),
        };
    }
    let value = When::of(bytes)?;
    let local = value.local()?;
    // EXTRACT takes the time of a timestamp with a zone in UTC, and of others as it is.
    let shown = match value {
        When::Zoned(zoned) => zoned.utc,
        When::Plain(_) => local,
    };
    let zone = value.zone().unwrap_or(0);
    match field {
        "YEAR" => integer(shown.year.into()),
        "MONTH" => integer(shown.month.into()),
        "DAY" => integer(shown.day.into()),
        "HOUR" => integer(shown.hour.into()),
        "MINUTE" => integer(shown.minute.into()),
        "SECOND" => seconds_number(i128::from(shown.second) * SECOND + i128::from(shown.nanos)),
        "TIMEZONE_HOUR" => integer((zone / 60).into()),
        "TIMEZONE_MINUTE" => integer((zone % 60).into()),
        "TIMEZONE_REGION" => text("UNKNOWN"),
        _ => text("UNK"),
    }
}

fn seconds_number(nanos: i128) -> Answer {
    number(Num::from_i64(nanos as i64).div(Num::from_i64(SECOND as i64)).map_err(number_error)?)
}
