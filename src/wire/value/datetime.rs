//! DATE, TIMESTAMP and TIMESTAMP WITH LOCAL TIME ZONE: calendar fields, one or two bytes each.
//!
//! Seven bytes: century and year of the century, each plus 100; month; day; hour, minute and
//! second, each plus 1. Four more bytes hold nanoseconds, and are left out where they are zero
//! (python-oracledb `impl/base/buffer.pyx`: "the protocol requires" that).
//!
//! Before 1582-10-15 the database counts days in the Julian calendar; conversions to and from the
//! Unix epoch here are proleptic Gregorian, as in JavaScript, Rust and Python.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::wire::reader::{DecodeError, Decoded};

/// The first year that the database has, 4713 BC in the count without a year zero.
pub const MIN_YEAR: i32 = -4712;
/// The last year that the database has.
pub const MAX_YEAR: i32 = 9999;
/// Length of a DATE, and of a TIMESTAMP without a fraction, in bytes.
pub const DATE_LENGTH: usize = 7;
/// Length of a TIMESTAMP with a fraction, in bytes.
pub const TIMESTAMP_LENGTH: usize = 11;
/// What is added to century and year of the century.
const YEAR_BIAS: i32 = 100;

const NANOS_PER_SECOND: u32 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A date with a time of day, without a time zone: DATE, TIMESTAMP, TIMESTAMP WITH LOCAL TIME
/// ZONE.
///
/// The fields are those of the wire; a value that came from a server was checked to be in range,
/// though not for days that the month does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    /// -4712 to 9999. Years before the first are negative: -44 is what the database prints as
    /// 44 BC.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999,999,999. A DATE has none.
    pub nanosecond: u32,
}

impl DateTime {
    /// 1970-01-01 00:00:00.
    pub const UNIX_EPOCH: DateTime = DateTime::new(1970, 1, 1, 0, 0, 0, 0);

    /// A value from its fields.
    pub const fn new(
        year: i32,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
        nanosecond: u32,
    ) -> DateTime {
        DateTime { year, month, day, hour, minute, second, nanosecond }
    }

    /// Midnight of a day.
    pub const fn from_ymd(year: i32, month: u8, day: u8) -> DateTime {
        DateTime::new(year, month, day, 0, 0, 0, 0)
    }

    /// Reads the bytes of a DATE, TIMESTAMP or TIMESTAMP WITH LOCAL TIME ZONE value, without their
    /// length.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Decoded<DateTime> {
        let (date, nanosecond) = match bytes {
            [c, y, month, day, h, m, s] => ([*c, *y, *month, *day, *h, *m, *s], 0),
            [c, y, month, day, h, m, s, a, b, d, e] => {
                ([*c, *y, *month, *day, *h, *m, *s], u32::from_be_bytes([*a, *b, *d, *e]))
            }
            _ => {
                let detail = format!("7 or 11 bytes were expected, {} came", bytes.len());
                return Err(DecodeError::malformed("DATE", 0, detail));
            }
        };
        let [century, year, month, day, hour, minute, second] = date;
        let year = (i32::from(century) - YEAR_BIAS) * 100 + i32::from(year) - YEAR_BIAS;
        // A zero byte wraps to 255, which no field allows.
        let value = DateTime {
            year,
            month,
            day,
            hour: hour.wrapping_sub(1),
            minute: minute.wrapping_sub(1),
            second: second.wrapping_sub(1),
            nanosecond,
        };
        match value.first_bad_field() {
            None => Ok(value),
            Some(bad) => Err(bad.malformed()),
        }
    }

    /// Appends the seven bytes of a DATE, without their length. The fraction is dropped.
    #[inline]
    pub fn encode_date(&self, out: &mut Vec<u8>) {
        // Division towards zero gives both parts the sign of the year, as on the wire.
        let part = |value: i32| u8::try_from(value + YEAR_BIAS).unwrap_or(u8::MAX);
        out.extend_from_slice(&[
            part((self.year / 100).clamp(-YEAR_BIAS, YEAR_BIAS)),
            part(self.year % 100),
            self.month,
            self.day,
            self.hour.saturating_add(1),
            self.minute.saturating_add(1),
            self.second.saturating_add(1),
        ]);
    }

    /// Appends the bytes of a TIMESTAMP, without their length: seven, or eleven where there is a
    /// fraction.
    #[inline]
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.encode_date(out);
        if self.nanosecond != 0 {
            out.extend_from_slice(&self.nanosecond.to_be_bytes());
        }
    }

    /// The value itself if every field is in the range that the database has, days of the month
    /// included (Julian leap years before 1582).
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] names the field.
    pub fn checked(self) -> Result<DateTime, Error> {
        let last = days_in_month(self.year, self.month);
        let bad = self.first_bad_field().or_else(|| {
            let bad =
                BadField { name: "day", at: 3, low: 1, high: last.into(), value: self.day.into() };
            (self.day > last).then_some(bad)
        });
        match bad {
            None => Ok(self),
            Some(bad) => Err(Error::misuse(format!("no such date: the {bad}"), "")),
        }
    }

    #[inline]
    fn first_bad_field(&self) -> Option<BadField> {
        let in_range = (MIN_YEAR..=MAX_YEAR).contains(&self.year)
            && self.month.wrapping_sub(1) < 12
            && self.day.wrapping_sub(1) < 31
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
            && self.nanosecond < NANOS_PER_SECOND;
        if in_range { None } else { self.find_bad_field() }
    }

    #[cold]
    fn find_bad_field(&self) -> Option<BadField> {
        let field = |name, at, low: i32, high: i32, value: i64| {
            let bad = BadField { name, at, low: low.into(), high: high.into(), value };
            (value < bad.low || value > bad.high).then_some(bad)
        };
        field("year", 0, MIN_YEAR, MAX_YEAR, self.year.into())
            .or_else(|| field("month", 2, 1, 12, self.month.into()))
            .or_else(|| field("day", 3, 1, 31, self.day.into()))
            .or_else(|| field("hour", 4, 0, 23, self.hour.into()))
            .or_else(|| field("minute", 5, 0, 59, self.minute.into()))
            .or_else(|| field("second", 6, 0, 59, self.second.into()))
            .or_else(|| field("nanosecond", 7, 0, 999_999_999, self.nanosecond.into()))
    }

    /// Days since 1970-01-01.
    #[inline]
    pub fn unix_days(&self) -> i64 {
        days_from_civil(self.year.into(), self.month.into(), self.day.into())
    }

    /// Seconds since the Unix epoch, the fraction dropped.
    #[inline]
    pub fn unix_seconds(&self) -> i64 {
        let seconds =
            (i64::from(self.hour) * 60 + i64::from(self.minute)) * 60 + i64::from(self.second);
        self.unix_days() * SECONDS_PER_DAY + seconds
    }

    /// Milliseconds since the Unix epoch, rounded down.
    #[inline]
    pub fn unix_millis(&self) -> i64 {
        self.unix_seconds() * 1000 + i64::from(self.nanosecond / 1_000_000)
    }

    /// Microseconds since the Unix epoch, rounded down.
    #[inline]
    pub fn unix_micros(&self) -> i64 {
        self.unix_seconds() * 1_000_000 + i64::from(self.nanosecond / 1000)
    }

    /// The value so many seconds and nanoseconds after the Unix epoch; `None` if its year is not
    /// -4712 to 9999.
    pub fn from_unix(seconds: i64, nanosecond: u32) -> Option<DateTime> {
        let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY))?;
        let second = seconds.rem_euclid(SECONDS_PER_DAY);
        let small = |value: i64| u8::try_from(value).ok();
        let value = DateTime {
            year,
            month,
            day,
            hour: small(second / 3600)?,
            minute: small(second / 60 % 60)?,
            second: small(second % 60)?,
            nanosecond,
        };
        value.first_bad_field().is_none().then_some(value)
    }

    /// The value so many milliseconds after the Unix epoch; `None` if its year is not -4712 to
    /// 9999.
    pub fn from_unix_millis(millis: i64) -> Option<DateTime> {
        let nanosecond = u32::try_from(millis.rem_euclid(1000)).ok()? * 1_000_000;
        DateTime::from_unix(millis.div_euclid(1000), nanosecond)
    }

    /// The value so many microseconds after the Unix epoch; `None` if its year is not -4712 to
    /// 9999.
    pub fn from_unix_micros(micros: i64) -> Option<DateTime> {
        let nanosecond = u32::try_from(micros.rem_euclid(1_000_000)).ok()? * 1000;
        DateTime::from_unix(micros.div_euclid(1_000_000), nanosecond)
    }

    /// The same moment on a clock that is `minutes` ahead; `None` if its year is not -4712 to
    /// 9999.
    pub fn plus_minutes(&self, minutes: i32) -> Option<DateTime> {
        DateTime::from_unix(self.unix_seconds() + i64::from(minutes) * 60, self.nanosecond)
    }

    /// Midnight of the same day.
    pub fn truncated_to_day(&self) -> DateTime {
        DateTime::from_ymd(self.year, self.month, self.day)
    }

    /// The value rounded half up to `digits` decimal places of a second, as TIMESTAMP(digits)
    /// stores it; `None` if that leaves the year 9999.
    pub fn rounded(&self, digits: u32) -> Option<DateTime> {
        let unit = 10u32.pow(9u32.saturating_sub(digits));
        let rounded = (self.nanosecond + unit / 2) / unit * unit;
        match rounded.checked_sub(NANOS_PER_SECOND) {
            Some(nanosecond) => DateTime::from_unix(self.unix_seconds() + 1, nanosecond),
            None => Some(DateTime { nanosecond: rounded, ..*self }),
        }
    }
}

/// A field that is out of range.
struct BadField {
    name: &'static str,
    /// Offset of its first byte.
    at: usize,
    low: i64,
    high: i64,
    value: i64,
}

impl fmt::Display for BadField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BadField { name, low, high, value, .. } = self;
        write!(f, "{name} is {low} to {high}, not {value}")
    }
}

impl BadField {
    #[cold]
    fn malformed(&self) -> DecodeError {
        let field = match self.name {
            "year" => "DATE: year",
            "month" => "DATE: month",
            "day" => "DATE: day",
            "hour" => "DATE: hour",
            "minute" => "DATE: minute",
            "second" => "DATE: second",
            _ => "TIMESTAMP: nanosecond",
        };
        let detail = format!("{} to {} was expected, {} came", self.low, self.high, self.value);
        DecodeError::malformed(field, self.at, detail)
    }
}

fn days_in_month(year: i32, month: u8) -> u8 {
    let julian = year < 1582;
    let leap = year % 4 == 0 && (julian || year % 100 != 0 || year % 400 == 0);
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin with
/// March so that the leap day is the last.
#[inline]
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted = year - i64::from(month <= 2);
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`]; `None` if the year does not fit.
fn civil_from_days(days: i64) -> Option<(i32, u8, u8)> {
    let days = days.checked_add(719_468)?;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Some((i32::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?))
}

impl fmt::Display for DateTime {
    /// `2013-01-02 10:06:49`, with a fraction only if there is one; a precision such as `{:.6}`
    /// asks for exactly so many decimal places (cut off, not rounded).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DateTime { year, month, day, hour, minute, second, nanosecond } = self;
        let sign = if *year < 0 { "-" } else { "" };
        let year = year.unsigned_abs();
        write!(f, "{sign}{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")?;
        let fraction = format!("{nanosecond:09}");
        let fraction = match f.precision() {
            Some(places) => fraction.get(..places).unwrap_or(&fraction),
            None => fraction.trim_end_matches('0'),
        };
        if fraction.is_empty() { Ok(()) } else { write!(f, ".{fraction}") }
    }
}

impl FromStr for DateTime {
    type Err = Error;

    /// Reads `2013-01-02`, `2013-01-02 10:06:49` or `2013-01-02T10:06:49.5`, with a `-` in front
    /// for years before the first, and checks every field.
    fn from_str(text: &str) -> Result<DateTime, Error> {
        let Some(value) = parse(text.trim()) else {
            let what = format!("{text:?} is no date; \"2013-01-02 10:06:49.5\" was expected");
            return Err(Error::misuse(what, ""));
        };
        value.checked()
    }
}

fn parse(text: &str) -> Option<DateTime> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "0:0:0"));
    let mut parts = date.split('-');
    let year = parse_number::<i32>(parts.next()?)?;
    let (month, day) = (parse_number(parts.next()?)?, parse_number(parts.next()?)?);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut clock = clock.split(':');
    let (hour, minute) = (parse_number(clock.next()?)?, parse_number(clock.next()?)?);
    let second = clock.next().map_or(Some(0), parse_number)?;
    let nanosecond = parse_fraction(fraction)?;
    let whole = parts.next().is_none() && clock.next().is_none();
    let year = if negative { -year } else { year };
    whole.then(|| DateTime::new(year, month, day, hour, minute, second, nanosecond))
}

/// Digits only: the standard parser would take a sign.
pub(super) fn parse_number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The digits behind a decimal point as nanoseconds; digits beyond the ninth are cut off.
pub(super) fn parse_fraction(digits: &str) -> Option<u32> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let places = digits.bytes().map(|byte| u32::from(byte - b'0')).chain(std::iter::repeat(0));
    Some(places.take(9).fold(0, |value, digit| value * 10 + digit))
}
