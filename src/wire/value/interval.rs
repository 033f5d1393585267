//! INTERVAL YEAR TO MONTH and INTERVAL DAY TO SECOND.
//!
//! The large fields are offset by [`MIDDLE`], the small ones by [`SMALL_MIDDLE`], so that every
//! byte is positive; all fields of one interval have the same sign (python-oracledb:
//! `TNS_DURATION_MID`, `TNS_DURATION_OFFSET`).

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::wire::reader::{DecodeError, Decoded, Reader};

/// The zero of years, days and fractions.
const MIDDLE: i64 = 0x8000_0000;
/// The zero of months, hours, minutes and seconds.
const SMALL_MIDDLE: i32 = 60;
const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// An INTERVAL YEAR TO MONTH. Both fields have the same sign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct IntervalYm {
    /// Whole years.
    pub years: i32,
    /// Months beyond the years, -11 to 11.
    pub months: i32,
}

/// An INTERVAL DAY TO SECOND. All fields have the same sign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct IntervalDs {
    /// Whole days.
    pub days: i32,
    /// Hours beyond the days, -23 to 23.
    pub hours: i32,
    /// Minutes beyond the hours, -59 to 59.
    pub minutes: i32,
    /// Seconds beyond the minutes, -59 to 59.
    pub seconds: i32,
    /// Nanoseconds beyond the seconds.
    pub nanoseconds: i32,
}

/// A four-byte field: its offset from [`MIDDLE`].
fn large(reader: &mut Reader<'_>, field: &'static str, limit: i64) -> Decoded<i32> {
    let at = reader.position();
    let value = i64::from(reader.u32_be(field)?) - MIDDLE;
    match i32::try_from(value) {
        Ok(small) if value.abs() <= limit => Ok(small),
        _ => Err(out_of_range(field, at, value, limit)),
    }
}

/// A one-byte field: its offset from [`SMALL_MIDDLE`].
fn small(reader: &mut Reader<'_>, field: &'static str, limit: i32) -> Decoded<i32> {
    let at = reader.position();
    let value = i32::from(reader.u8(field)?) - SMALL_MIDDLE;
    if value.abs() <= limit {
        Ok(value)
    } else {
        Err(out_of_range(field, at, value.into(), limit.into()))
    }
}

#[cold]
fn out_of_range(field: &'static str, offset: usize, value: i64, limit: i64) -> DecodeError {
    let detail = format!("-{limit} to {limit} was expected, {value} came");
    DecodeError::malformed(field, offset, detail)
}

fn put_large(value: i32, out: &mut Vec<u8>) {
    // Adding the middle to a signed number is flipping its sign bit.
    out.extend_from_slice(&(value.cast_unsigned() ^ 0x8000_0000).to_be_bytes());
}

fn put_small(value: i32, out: &mut Vec<u8>) {
    out.push(u8::try_from(value.saturating_add(SMALL_MIDDLE)).unwrap_or(u8::MAX));
}

impl IntervalYm {
    /// Length of the value on the wire, in bytes.
    pub const LENGTH: usize = 5;

    /// Reads the bytes of a value, without their length.
    pub fn decode(bytes: &[u8]) -> Decoded<IntervalYm> {
        let mut reader = Reader::new(bytes);
        let years = large(&mut reader, "INTERVAL YEAR TO MONTH: years", MIDDLE)?;
        let months = small(&mut reader, "INTERVAL YEAR TO MONTH: months", 11)?;
        reader.finish("INTERVAL YEAR TO MONTH")?;
        Ok(IntervalYm { years, months })
    }

    /// Appends the bytes of the value, without their length.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_large(self.years, out);
        put_small(self.months, out);
    }

    /// The whole interval in months.
    pub fn total_months(&self) -> i64 {
        i64::from(self.years) * 12 + i64::from(self.months)
    }

    /// The interval of so many months; `None` if its years do not fit.
    pub fn from_total_months(months: i64) -> Option<IntervalYm> {
        Some(IntervalYm {
            years: i32::try_from(months / 12).ok()?,
            months: i32::try_from(months % 12).ok()?,
        })
    }
}

impl fmt::Display for IntervalYm {
    /// `+02-03`, as Oracle prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total_months();
        let sign = if total < 0 { '-' } else { '+' };
        let total = total.unsigned_abs();
        write!(f, "{sign}{:02}-{:02}", total / 12, total % 12)
    }
}

impl FromStr for IntervalYm {
    type Err = Error;

    /// Reads what [`Display`](fmt::Display) writes; the sign may be missing.
    fn from_str(text: &str) -> Result<IntervalYm, Error> {
        let (negative, rest) = sign(text.trim());
        let parsed = rest.split_once('-').and_then(|(years, months)| {
            let years = i64::from(number(years)?);
            let months = i64::from(number(months)?);
            let total = (months < 12).then_some(years * 12 + months)?;
            IntervalYm::from_total_months(if negative { -total } else { total })
        });
        parsed.ok_or_else(|| bad_text("INTERVAL YEAR TO MONTH", "+02-03", text))
    }
}

impl IntervalDs {
    /// Length of the value on the wire, in bytes.
    pub const LENGTH: usize = 11;

    /// Reads the bytes of a value, without their length.
    pub fn decode(bytes: &[u8]) -> Decoded<IntervalDs> {
        let mut reader = Reader::new(bytes);
        let days = large(&mut reader, "INTERVAL DAY TO SECOND: days", MIDDLE)?;
        let hours = small(&mut reader, "INTERVAL DAY TO SECOND: hours", 23)?;
        let minutes = small(&mut reader, "INTERVAL DAY TO SECOND: minutes", 59)?;
        let seconds = small(&mut reader, "INTERVAL DAY TO SECOND: seconds", 59)?;
        let nanoseconds = large(&mut reader, "INTERVAL DAY TO SECOND: nanoseconds", 999_999_999)?;
        reader.finish("INTERVAL DAY TO SECOND")?;
        Ok(IntervalDs { days, hours, minutes, seconds, nanoseconds })
    }

    /// Appends the bytes of the value, without their length.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_large(self.days, out);
        put_small(self.hours, out);
        put_small(self.minutes, out);
        put_small(self.seconds, out);
        put_large(self.nanoseconds, out);
    }

    /// The whole interval in nanoseconds.
    pub fn total_nanoseconds(&self) -> i128 {
        let hours = i64::from(self.days) * 24 + i64::from(self.hours);
        let minutes = hours * 60 + i64::from(self.minutes);
        let seconds = minutes * 60 + i64::from(self.seconds);
        i128::from(seconds) * NANOS_PER_SECOND + i128::from(self.nanoseconds)
    }

    /// The interval of so many nanoseconds; `None` if its days do not fit.
    pub fn from_total_nanoseconds(nanoseconds: i128) -> Option<IntervalDs> {
        let seconds = i64::try_from(nanoseconds / NANOS_PER_SECOND).ok()?;
        Some(IntervalDs {
            days: i32::try_from(seconds / 86_400).ok()?,
            hours: i32::try_from(seconds / 3600 % 24).ok()?,
            minutes: i32::try_from(seconds / 60 % 60).ok()?,
            seconds: i32::try_from(seconds % 60).ok()?,
            nanoseconds: i32::try_from(nanoseconds % NANOS_PER_SECOND).ok()?,
        })
    }
}

impl fmt::Display for IntervalDs {
    /// `+05 04:03:02.123456`, as Oracle prints it; nine decimal places where six are not enough.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total_nanoseconds();
        let sign = if total < 0 { '-' } else { '+' };
        let total = total.unsigned_abs();
        let (seconds, nanos) = (total / 1_000_000_000, total % 1_000_000_000);
        let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
        write!(f, "{sign}{days:02} {hours:02}:{:02}:{:02}", seconds / 60 % 60, seconds % 60)?;
        if nanos.is_multiple_of(1000) {
            write!(f, ".{:06}", nanos / 1000)
        } else {
            write!(f, ".{nanos:09}")
        }
    }
}

impl FromStr for IntervalDs {
    type Err = Error;

    /// Reads what [`Display`](fmt::Display) writes; the sign and the fraction may be missing.
    fn from_str(text: &str) -> Result<IntervalDs, Error> {
        let (negative, rest) = sign(text.trim());
        let parsed = (|| {
            let (days, time) = rest.split_once(' ')?;
            let (hours, time) = time.trim_start().split_once(':')?;
            let (minutes, seconds) = time.split_once(':')?;
            let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
            let fields = [number(days)?, number(hours)?, number(minutes)?, number(seconds)?];
            let [days, hours @ 0..24, minutes @ 0..60, seconds @ 0..60] = fields else {
                return None;
            };
            let nanoseconds = super::datetime::parse_fraction(fraction)?;
            let total = ((i128::from(days) * 24 + i128::from(hours)) * 60 + i128::from(minutes))
                * 60
                + i128::from(seconds);
            let total = total * NANOS_PER_SECOND + i128::from(nanoseconds);
            IntervalDs::from_total_nanoseconds(if negative { -total } else { total })
        })();
        parsed.ok_or_else(|| bad_text("INTERVAL DAY TO SECOND", "+05 04:03:02.5", text))
    }
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Digits only: the standard parser would take a second sign.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn bad_text(kind: &str, example: &str, text: &str) -> Error {
    Error::misuse(format!("{text:?} is no {kind}; text such as {example:?} was expected"), "")
}
