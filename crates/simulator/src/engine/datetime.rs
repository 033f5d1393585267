//! DATE, TIMESTAMP and intervals: calendar arithmetic on Oracle's own byte forms.
//!
//! The forms (python-oracledb: `decode_date`, `decode_interval_ds` in `impl/base/decoders.pyx`)
//! have their fields from large to small, so that comparing the bytes compares the values. A
//! TIMESTAMP without a fraction is as short as a DATE; a TIMESTAMP WITH TIME ZONE has its moment
//! in UTC, then the zone.

use super::error::{Result, ora, plain};

const NANOS: i64 = 1_000_000_000;
const DAY_SECONDS: i64 = 86_400;
const INTERVAL_BIAS: i64 = 0x8000_0000;

/// A moment on the calendar, without a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) year: i32,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) nanos: u32,
}

impl Moment {
    pub(crate) fn date(year: i32, month: u8, day: u8) -> Moment {
        Moment { year, month, day, hour: 0, minute: 0, second: 0, nanos: 0 }
    }

    /// Checks the fields as Oracle does.
    pub(crate) fn checked(self) -> Result<Moment> {
        if self.year == 0 || !(-4712..=9999).contains(&self.year) {
            return Err(plain(1841));
        }
        if !(1..=12).contains(&self.month) {
            return Err(plain(1843));
        }
        if self.day < 1 || self.day > 31 {
            return Err(plain(1847));
        }
        if self.day > month_days(self.year, self.month) {
            return Err(plain(1839));
        }
        Ok(self)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Moment> {
        let [century, year, month, day, hour, minute, second, rest @ ..] = bytes else {
            return None;
        };
        let nanos = match rest {
            [a, b, c, d, ..] => u32::from_be_bytes([*a, *b, *c, *d]),
            _ => 0,
        };
        Some(Moment {
            year: (i32::from(*century) - 100) * 100 + i32::from(*year) - 100,
            month: *month,
            day: *day,
            hour: hour.checked_sub(1)?,
            minute: minute.checked_sub(1)?,
            second: second.checked_sub(1)?,
            nanos,
        })
    }

    /// Seven bytes: a DATE.
    pub(crate) fn date_bytes(&self) -> Vec<u8> {
        vec![
            (self.year / 100 + 100) as u8,
            (self.year % 100 + 100) as u8,
            self.month,
            self.day,
            self.hour + 1,
            self.minute + 1,
            self.second + 1,
        ]
    }

    /// Seven bytes, or eleven with a fraction: a TIMESTAMP.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.date_bytes();
        if self.nanos != 0 {
            bytes.extend_from_slice(&self.nanos.to_be_bytes());
        }
        bytes
    }

    /// Days since 1970-01-01.
    pub(crate) fn days(&self) -> i64 {
        days_from_civil(self.year, self.month, self.day)
    }

    /// Seconds since 1970-01-01.
    pub(crate) fn seconds(&self) -> i64 {
        self.days() * DAY_SECONDS + self.second_of_day()
    }

    pub(crate) fn second_of_day(&self) -> i64 {
        i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second)
    }

    pub(crate) fn total_nanos(&self) -> i128 {
        i128::from(self.seconds()) * i128::from(NANOS) + i128::from(self.nanos)
    }

    pub(crate) fn from_nanos(total: i128) -> Result<Moment> {
        let seconds = total.div_euclid(i128::from(NANOS));
        let nanos = total.rem_euclid(i128::from(NANOS)) as u32;
        let days = seconds.div_euclid(i128::from(DAY_SECONDS));
        let rest = seconds.rem_euclid(i128::from(DAY_SECONDS)) as u32;
        if !(-2_500_000..=2_932_896).contains(&days) {
            return Err(plain(1841));
        }
        let (year, month, day) = civil_from_days(days as i64);
        Moment {
            year,
            month,
            day,
            hour: (rest / 3600) as u8,
            minute: (rest / 60 % 60) as u8,
            second: (rest % 60) as u8,
            nanos,
        }
        .checked()
    }

    pub(crate) fn from_seconds(seconds: i64) -> Result<Moment> {
        Moment::from_nanos(i128::from(seconds) * i128::from(NANOS))
    }

    pub(crate) fn plus_nanos(&self, nanos: i128) -> Result<Moment> {
        Moment::from_nanos(self.total_nanos() + nanos)
    }

    /// Plus months; `last_to_last` keeps the last day of a month the last (ADD_MONTHS), else a day
    /// that the month does not have is an error (interval arithmetic).
    pub(crate) fn plus_months(&self, months: i64, last_to_last: bool) -> Result<Moment> {
        let total = i64::from(self.year) * 12 + i64::from(self.month) - 1 + months;
        let year = i32::try_from(total.div_euclid(12)).map_err(|_| plain(1841))?;
        let month = (total.rem_euclid(12) + 1) as u8;
        if !(-4712..=9999).contains(&year) {
            return Err(plain(1841));
        }
        let last = month_days(year, month);
        let mut day = self.day;
        if last_to_last && (day == month_days(self.year, self.month) || day > last) {
            day = last;
        }
        Moment { year, month, day, ..*self }.checked()
    }

    /// Rounds the fraction to `digits`.
    pub(crate) fn rounded(&self, digits: i8) -> Result<Moment> {
        let unit = 10i128.pow(9 - u32::from(digits.clamp(0, 9) as u8));
        let total = self.total_nanos();
        Moment::from_nanos((total + unit / 2).div_euclid(unit) * unit)
    }

    /// 1 is Sunday.
    pub(crate) fn weekday(&self) -> u8 {
        ((self.days() + 4).rem_euclid(7) + 1) as u8
    }

    pub(crate) fn day_of_year(&self) -> u16 {
        (self.days() - days_from_civil(self.year, 1, 1) + 1) as u16
    }

    /// ISO week and its year.
    pub(crate) fn iso_week(&self) -> (i32, u8) {
        let days = self.days();
        let thursday = days - (days + 3).rem_euclid(7) + 3;
        let (year, _, _) = civil_from_days(thursday);
        (year, ((thursday - days_from_civil(year, 1, 1)) / 7 + 1) as u8)
    }

    /// Julian day number.
    pub(crate) fn julian(&self) -> i64 {
        self.days() + 2_440_588
    }
}

/// A moment in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Zoned {
    /// In UTC.
    pub(crate) utc: Moment,
    /// The zone's two bytes: hour + 20 and minute + 60, or a region's number with the high bit.
    pub(crate) zone: [u8; 2],
}

impl Zoned {
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Zoned> {
        let utc = Moment::from_bytes(bytes.get(..11)?)?;
        Some(Zoned { utc, zone: [*bytes.get(11)?, *bytes.get(12)?] })
    }

    /// From the fields that the zone's clock shows.
    pub(crate) fn from_local(local: Moment, minutes: i32) -> Result<Zoned> {
        let utc = local.plus_nanos(-i128::from(minutes) * 60 * i128::from(NANOS))?;
        Ok(Zoned { utc, zone: zone_bytes(minutes) })
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.utc.date_bytes();
        bytes.extend_from_slice(&self.utc.nanos.to_be_bytes());
        bytes.extend_from_slice(&self.zone);
        bytes
    }

    /// Minutes east of UTC; 0 for a region (the simulator knows no rules of regions but UTC's).
    pub(crate) fn offset_minutes(&self) -> i32 {
        if self.zone[0] & 0x80 != 0 {
            return 0;
        }
        (i32::from(self.zone[0]) - 20) * 60 + i32::from(self.zone[1]) - 60
    }

    /// The fields that the zone's clock shows.
    pub(crate) fn local(&self) -> Result<Moment> {
        self.utc.plus_nanos(i128::from(self.offset_minutes()) * 60 * i128::from(NANOS))
    }
}

fn zone_bytes(minutes: i32) -> [u8; 2] {
    [(minutes / 60 + 20) as u8, (minutes % 60 + 60) as u8]
}

/// Reads `+02:00`, `-5:30`, `UTC`, `GMT`, `Z`.
pub(crate) fn parse_zone(text: &str) -> Result<i32> {
    let text = text.trim();
    if ["UTC", "GMT", "Z", "ETC/UTC"].iter().any(|name| text.eq_ignore_ascii_case(name)) {
        return Ok(0);
    }
    let (sign, rest) = match text.as_bytes().first() {
        Some(b'+') => (1, &text[1..]),
        Some(b'-') => (-1, &text[1..]),
        Some(c) if c.is_ascii_digit() => (1, text),
        _ => return Err(plain(1882)),
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let hours: i32 = hours.parse().map_err(|_| plain(1882))?;
    let minutes: i32 = minutes.parse().map_err(|_| plain(1882))?;
    if hours > 15 || minutes > 59 {
        return Err(plain(1874));
    }
    Ok(sign * (hours * 60 + minutes))
}

/// `+02:00`.
pub(crate) fn zone_text(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

pub(crate) fn is_leap(year: i32) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

pub(crate) fn month_days(year: i32, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar.
pub(crate) fn days_from_civil(year: i32, month: u8, day: u8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted = (i64::from(month) + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

pub(crate) fn civil_from_days(days: i64) -> (i32, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i32, month as u8, day as u8)
}

/// INTERVAL YEAR TO MONTH, in months.
pub(crate) fn ym_from_bytes(bytes: &[u8]) -> Option<i64> {
    let [a, b, c, d, month] = bytes else { return None };
    let years = i64::from(u32::from_be_bytes([*a, *b, *c, *d])) - INTERVAL_BIAS;
    Some(years * 12 + i64::from(*month) - 60)
}

pub(crate) fn ym_bytes(months: i64) -> Vec<u8> {
    let mut bytes = ((months / 12 + INTERVAL_BIAS) as u32).to_be_bytes().to_vec();
    bytes.push((months % 12 + 60) as u8);
    bytes
}

/// INTERVAL DAY TO SECOND, in nanoseconds.
pub(crate) fn ds_from_bytes(bytes: &[u8]) -> Option<i128> {
    let [a, b, c, d, hour, minute, second, e, f, g, h] = bytes else { return None };
    let days = i64::from(u32::from_be_bytes([*a, *b, *c, *d])) - INTERVAL_BIAS;
    let nanos = i64::from(u32::from_be_bytes([*e, *f, *g, *h])) - INTERVAL_BIAS;
    let field = |byte: &u8| i64::from(*byte) - 60;
    let seconds = ((days * 24 + field(hour)) * 60 + field(minute)) * 60 + field(second);
    Some(i128::from(seconds) * i128::from(NANOS) + i128::from(nanos))
}

pub(crate) fn ds_bytes(total: i128) -> Vec<u8> {
    let seconds = (total / i128::from(NANOS)) as i64;
    let nanos = (total % i128::from(NANOS)) as i64;
    let days = seconds / DAY_SECONDS;
    let mut bytes = ((days + INTERVAL_BIAS) as u32).to_be_bytes().to_vec();
    for field in [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60] {
        bytes.push((field + 60) as u8);
    }
    bytes.extend_from_slice(&((nanos + INTERVAL_BIAS) as u32).to_be_bytes());
    bytes
}

/// `+02-03`.
pub(crate) fn ym_text(months: i64, precision: usize) -> String {
    let sign = if months < 0 { '-' } else { '+' };
    format!("{sign}{:0precision$}-{:02}", months.abs() / 12, months.abs() % 12)
}

/// `+04 05:12:10.222000`.
pub(crate) fn ds_text(total: i128, precision: usize, scale: usize) -> String {
    let sign = if total < 0 { '-' } else { '+' };
    let total = total.unsigned_abs();
    let seconds = total / NANOS as u128;
    let mut text = format!(
        "{sign}{:0precision$} {:02}:{:02}:{:02}",
        seconds / 86_400,
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    );
    if scale > 0 {
        let fraction = format!("{:09}", total % NANOS as u128);
        text.push('.');
        text.push_str(&fraction[..scale.min(9)]);
    }
    text
}

/// Reads `[+-]Y-M`, or with `field` a single number of years or months.
pub(crate) fn parse_ym(text: &str) -> Result<i64> {
    let text = text.trim();
    let (negative, rest) = split_sign(text);
    let (years, months) = rest.split_once('-').ok_or_else(|| plain(1867))?;
    let years: i64 = years.trim().parse().map_err(|_| plain(1867))?;
    let months: i64 = months.trim().parse().map_err(|_| plain(1867))?;
    if months > 11 {
        return Err(ora(1843, "not a valid month"));
    }
    let total = years * 12 + months;
    Ok(if negative { -total } else { total })
}

/// Reads `[+-]D HH:MI:SS[.FF]`; the fields present are those from `from` to `to` (0 is days, 3
/// seconds).
pub(crate) fn parse_ds(text: &str, from: usize, to: usize) -> Result<i128> {
    let (negative, rest) = split_sign(text.trim());
    let mut fields = [0i128; 4];
    let mut nanos = 0i128;
    let mut at = from;
    let mut rest = rest;
    loop {
        let separator = if at == 0 { ' ' } else { ':' };
        let (part, next) = match (at < to, rest.split_once(separator)) {
            (true, Some((part, next))) => (part, Some(next.trim_start())),
            (true, None) if at == 0 && from == 0 => (rest, None),
            (true, None) => (rest, None),
            (false, _) => (rest, None),
        };
        let (whole, fraction) = match part.split_once('.') {
            Some((whole, fraction)) if at == 3 => (whole, fraction),
            Some(_) => return Err(plain(1867)),
            None => (part, ""),
        };
        let value: i128 = whole.trim().parse().map_err(|_| plain(1867))?;
        if at > from && value >= [i128::MAX, 24, 60, 60][at] {
            return Err(plain(1850 + at as u32 - 1));
        }
        fields[at] = value;
        if !fraction.is_empty() {
            let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
            nanos = digits.parse().map_err(|_| plain(1867))?;
        }
        at += 1;
        match next {
            Some(next) => rest = next,
            None => break,
        }
    }
    if at <= to && from != to {
        return Err(plain(1867));
    }
    let seconds = ((fields[0] * 24 + fields[1]) * 60 + fields[2]) * 60 + fields[3];
    let total = seconds * i128::from(NANOS) + nanos;
    Ok(if negative { -total } else { total })
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_is_gregorian() {
        for (y, m, d, days) in
            [(1970, 1, 1, 0), (2000, 2, 29, 11_016), (1969, 12, 31, -1), (9999, 12, 31, 2_932_896)]
        {
            assert_eq!(days_from_civil(y, m, d), days);
            assert_eq!(civil_from_days(days), (y, m, d));
        }
        assert_eq!(Moment::date(2026, 11, 24).weekday(), 3);
        assert_eq!(Moment::date(2021, 1, 3).iso_week(), (2020, 53));
        assert_eq!(Moment::date(1980, 12, 17).julian(), 2_444_591);
    }

    #[test]
    fn months_keep_the_last_day() {
        let add = |y, m, d, n| Moment::date(y, m, d).plus_months(n, true).unwrap();
        assert_eq!(add(2024, 1, 31, 1), Moment::date(2024, 2, 29));
        assert_eq!(add(2024, 2, 29, 12), Moment::date(2025, 2, 28));
        assert_eq!(add(2023, 2, 28, 1), Moment::date(2023, 3, 31));
        assert_eq!(Moment::date(2024, 1, 31).plus_months(1, false).unwrap_err().number, 1839);
    }

    #[test]
    fn intervals_round_trip() {
        assert_eq!(parse_ym("-3-2").unwrap(), -38);
        assert_eq!(ym_text(-38, 2), "-03-02");
        assert_eq!(ym_from_bytes(&ym_bytes(-38)), Some(-38));
        let total = parse_ds("4 5:12:10.222", 0, 3).unwrap();
        assert_eq!(ds_text(total, 2, 3), "+04 05:12:10.222");
        assert_eq!(ds_from_bytes(&ds_bytes(-total)), Some(-total));
        assert_eq!(parse_ds("90", 2, 2).unwrap(), 5400 * 1_000_000_000);
    }

    #[test]
    fn zones_keep_the_moment() {
        let local = Moment { hour: 1, ..Moment::date(2020, 1, 1) };
        let zoned = Zoned::from_local(local, parse_zone("+02:30").unwrap()).unwrap();
        assert_eq!(zoned.utc, Moment { hour: 22, minute: 30, ..Moment::date(2019, 12, 31) });
        assert_eq!(Zoned::from_bytes(&zoned.bytes()), Some(zoned));
        assert_eq!(zoned.local().unwrap(), local);
        assert_eq!(zone_text(-90), "-01:30");
    }
}
