//! Time that is handed in. `std::time::Instant::now` panics on `wasm32-unknown-unknown`, and a
//! recorded session must replay to the byte, so nothing in the core reads a clock.

use std::time::Duration;

/// A moment on a clock that only moves forward, in microseconds since an origin that the caller
/// chose (a process start, `performance.timeOrigin`, zero in a test).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    micros: u64,
}

impl Timestamp {
    /// The origin of the caller's clock.
    pub const ZERO: Timestamp = Timestamp { micros: 0 };

    /// A moment `micros` microseconds after the origin.
    pub const fn from_micros(micros: u64) -> Self {
        Timestamp { micros }
    }

    /// Microseconds since the origin.
    pub const fn as_micros(self) -> u64 {
        self.micros
    }

    /// How long after `earlier` this moment is; zero if it is not after it.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(self.micros.saturating_sub(earlier.micros))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, rhs: Duration) -> Timestamp {
        let micros = u64::try_from(rhs.as_micros()).unwrap_or(u64::MAX);
        Timestamp { micros: self.micros.saturating_add(micros) }
    }
}

/// Milliseconds in a day.
const DAY: u64 = 86_400_000;

const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment of the calendar, in milliseconds since 1970-01-01 00:00 UTC, as tokens and HTTP dates
/// need it. It is handed in like [`Timestamp`], and like the system's clock that it is read from
/// it may jump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime {
    millis: u64,
}

impl UnixTime {
    /// `millis` milliseconds after the beginning of 1970 (`Date.now()` in JavaScript).
    pub const fn from_millis(millis: u64) -> Self {
        UnixTime { millis }
    }

    /// Milliseconds since the beginning of 1970.
    pub const fn as_millis(self) -> u64 {
        self.millis
    }

    /// `secs` seconds after the beginning of 1970 (a JWT's `exp`).
    pub const fn from_secs(secs: u64) -> Self {
        UnixTime { millis: secs.saturating_mul(1000) }
    }

    /// Whole seconds since the beginning of 1970.
    pub const fn as_secs(self) -> u64 {
        self.millis / 1000
    }

    /// How long after `earlier` this moment is; zero if it is not after it.
    pub fn since(self, earlier: UnixTime) -> Duration {
        Duration::from_millis(self.millis.saturating_sub(earlier.millis))
    }

    /// The date as HTTP writes it (RFC 9110, IMF-fixdate): `Sun, 05 Jan 2014 21:31:40 GMT`.
    pub fn http_date(self) -> String {
        let date = Date::from_days(self.millis / DAY);
        let weekday = pick(&WEEKDAYS, self.millis / DAY % 7);
        let month = pick(&MONTHS, date.month - 1);
        let [hour, minute, second] = self.time_of_day();
        let Date { year, day, .. } = date;
        format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
    }

    /// Reads a date as HTTP writes it, in the form of [`http_date`](Self::http_date) or in one of
    /// the two obsolete ones that a recipient must know (RFC 850 and asctime). `None` if it is
    /// none of them, or before 1970.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split([' ', ',', '-']).filter(|f| !f.is_empty()).collect();
        match fields.as_slice() {
            // Sun, 05 Jan 2014 21:31:40 GMT, and Sunday, 05-Jan-14 21:31:40 GMT.
            [_, day, month, year, time, "GMT" | "UTC"] => {
                let year = match (year.len(), decimal(year)?) {
                    // Two digits are of the century that puts them nearest to now.
                    (2, short @ 0..70) => 2000 + short,
                    (2, short) => 1900 + short,
                    (_, year) => year,
                };
                Self::from_fields(year, month_number(month)?, decimal(day)?, clock(time)?)
            }
            // Sun Jan  5 21:31:40 2014
            [_, month, day, time, year] => {
                Self::from_fields(decimal(year)?, month_number(month)?, decimal(day)?, clock(time)?)
            }
            _ => None,
        }
    }

    /// Reads `2026-11-25T01:25:41Z` or `2026-11-25T01:25:41.123+05:30` (RFC 3339). `None` if it is
    /// not of that form, or before 1970. Digits behind the milliseconds are dropped.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once(['T', 't', ' '])?;
        let mut date = date.split('-');
        let (year, month, day) = (date.next()?, date.next()?, date.next()?);
        if date.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
            return None;
        }
        let (time, offset) = match rest.strip_suffix(['Z', 'z']) {
            Some(time) => (time, 0),
            None => {
                let (time, offset) = rest.split_at_checked(rest.len().checked_sub(6)?)?;
                let (hours, minutes) = offset.get(1..)?.split_once(':')?;
                let minutes = i64::try_from(decimal(hours)? * 60 + decimal(minutes)?).ok()?;
                match offset.as_bytes().first()? {
                    b'+' => (time, -minutes),
                    b'-' => (time, minutes),
                    _ => return None,
                }
            }
        };
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let millis = decimal(format!("{fraction:0<3}").get(..3)?)?;
        let whole =
            Self::from_fields(decimal(year)?, decimal(month)?, decimal(day)?, clock(time)?)?;
        let millis = whole.millis.checked_add(millis)?.checked_add_signed(offset * 60_000)?;
        Some(UnixTime { millis })
    }

    fn from_fields(year: u64, month: u64, day: u64, time_of_day: u64) -> Option<Self> {
        let date = Date { year, month, day };
        let days = date.days()?;
        // A day that its month does not have comes back as another one.
        (Date::from_days(days) == date)
            .then_some(UnixTime { millis: days * DAY + time_of_day * 1000 })
    }

    fn time_of_day(self) -> [u64; 3] {
        let seconds = self.millis % DAY / 1000;
        [seconds / 3600, seconds / 60 % 60, seconds % 60]
    }
}

/// As RFC 3339 writes it, in whole seconds: `2026-11-25T01:25:41Z`.
impl std::fmt::Display for UnixTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Date { year, month, day } = Date::from_days(self.millis / DAY);
        let [hour, minute, second] = self.time_of_day();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl std::ops::Add<Duration> for UnixTime {
    type Output = UnixTime;

    fn add(self, rhs: Duration) -> UnixTime {
        let millis = u64::try_from(rhs.as_millis()).unwrap_or(u64::MAX);
        UnixTime { millis: self.millis.saturating_add(millis) }
    }
}

impl std::ops::Sub<Duration> for UnixTime {
    type Output = UnixTime;

    /// Ends at the beginning of 1970.
    fn sub(self, rhs: Duration) -> UnixTime {
        let millis = u64::try_from(rhs.as_millis()).unwrap_or(u64::MAX);
        UnixTime { millis: self.millis.saturating_sub(millis) }
    }
}

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Date {
    year: u64,
    month: u64,
    day: u64,
}

/// Days of four hundred years, after which the calendar repeats.
const DAYS_OF_ERA: u64 = 146_097;
/// Days from 0000-03-01, where a year's count is simplest to begin, to 1970-01-01.
const EPOCH: u64 = 719_468;

impl Date {
    /// The date `days` after 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date
    /// Algorithms": the year begins in March, so that the leap day is its last).
    fn from_days(days: u64) -> Self {
        let days = days + EPOCH;
        let (era, day_of_era) = (days / DAYS_OF_ERA, days % DAYS_OF_ERA);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        Date { year: era * 400 + year_of_era + u64::from(month <= 2), month, day }
    }

    /// Days since 1970-01-01; `None` before it, and where month or day cannot be.
    fn days(self) -> Option<u64> {
        if !(1..=12).contains(&self.month) || !(1..=31).contains(&self.day) || self.year > 9999 {
            return None;
        }
        let year = self.year.checked_sub(u64::from(self.month <= 2))?;
        let (era, year_of_era) = (year / 400, year % 400);
        let day_of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        (era * DAYS_OF_ERA + day_of_era).checked_sub(EPOCH)
    }
}

fn pick<'a>(names: &[&'a str], index: u64) -> &'a str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

fn month_number(name: &str) -> Option<u64> {
    (1..).zip(MONTHS).find(|(_, month)| *month == name).map(|(number, _)| number)
}

/// Seconds since midnight of `21:31:40`. A leap second counts as the one before it.
fn clock(text: &str) -> Option<u64> {
    let mut fields = text.split(':');
    let (hour, minute, second) = (fields.next()?, fields.next()?, fields.next()?);
    if fields.next().is_some() || [hour, minute, second].iter().any(|field| field.len() != 2) {
        return None;
    }
    let (hour, minute, second) = (decimal(hour)?, decimal(minute)?, decimal(second)?);
    (hour < 24 && minute < 60 && second <= 60).then(|| hour * 3600 + minute * 60 + second.min(59))
}

/// A short run of digits, without a sign.
fn decimal(text: &str) -> Option<u64> {
    (text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::{DAYS_OF_ERA, Date, UnixTime};

    /// Seconds, as HTTP writes them, as RFC 3339 does. From `date -u`.
    const DATES: &[(u64, &str, &str)] = &[
        (0, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT", "2000-02-29T00:00:00Z"),
        (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT", "2000-02-29T23:59:59Z"),
        (1_388_957_500, "Sun, 05 Jan 2014 21:31:40 GMT", "2014-01-05T21:31:40Z"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT", "2100-03-01T00:00:00Z"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z"),
    ];

    #[test]
    fn dates_are_written_and_read_back() {
        for &(secs, http, rfc3339) in DATES {
            let time = UnixTime::from_secs(secs);
            assert_eq!(time.http_date(), http);
            assert_eq!(time.to_string(), rfc3339);
            assert_eq!(UnixTime::parse_http_date(http), Some(time), "{http}");
            assert_eq!(UnixTime::parse_rfc3339(rfc3339), Some(time), "{rfc3339}");
        }
    }

    #[test]
    fn every_day_of_eight_hundred_years_comes_back() {
        for days in 0..2 * DAYS_OF_ERA {
            assert_eq!(Date::from_days(days).days(), Some(days));
        }
    }

    #[test]
    fn other_forms_of_a_date_are_read() {
        let expected = Some(UnixTime::from_secs(784_111_777));
        for text in ["Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(UnixTime::parse_http_date(text), expected, "{text}");
        }
        for (text, millis) in [
            ("1994-11-06T08:49:37.5Z", 784_111_777_500),
            ("1994-11-06T08:49:37.123456789Z", 784_111_777_123),
            ("1994-11-06t14:19:37.001+05:30", 784_111_777_001),
            ("1994-11-05 23:49:37-09:00", 784_111_777_000),
        ] {
            assert_eq!(
                UnixTime::parse_rfc3339(text),
                Some(UnixTime::from_millis(millis)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "Thu, 31 Dec 1969 23:59:59 GMT",
            "Sun, 30 Feb 2014 21:31:40 GMT",
            "Sun, 05 Jan 2014 24:31:40 GMT",
            "Sun, 05 Jan 2014 21:31:40 EST",
            "Sun, 05 Jan 20140 21:31:40 GMT",
            "Sun, 05 jan 2014 21:31:40 GMT",
            "Sun, 05 Jan 2014 21:31 GMT",
        ] {
            assert_eq!(UnixTime::parse_http_date(text), None, "{text}");
        }
        for text in [
            "",
            "2014-01-05",
            "2014-01-05T21:31:40",
            "2014-02-30T21:31:40Z",
            "2014-1-05T21:31:40Z",
            "2014-01-05T21:31:40.Z",
            "2014-01-05T21:31:40.5x+00:00",
            "2014-01-05T21:31:40*00:00",
            "1970-01-01T00:00:00+01:00",
            "2014-01-05T21:31:40\u{1f600}",
        ] {
            assert_eq!(UnixTime::parse_rfc3339(text), None, "{text}");
        }
    }
}
