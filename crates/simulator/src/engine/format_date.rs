//! Format models of dates: TO_CHAR, TO_DATE, TO_TIMESTAMP.

use super::datetime::{Moment, parse_zone};
use super::error::{Result, plain};

const MONTHS: [&str; 12] = [
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
];
/// From Sunday on.
const DAYS: [&str; 7] =
    ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"];
const ROMAN: [&str; 12] =
    ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

/// The format elements, longer ones before their beginnings.
const ELEMENTS: [&str; 54] = [
    "SYYYY", "SYEAR", "RRRR", "YYYY", "IYYY", "Y,YYY", "YEAR", "YYY", "IYY", "MONTH", "SSSSS",
    "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "FF7", "FF8", "FF9", "FF", "HH24", "HH12", "A.M.",
    "P.M.", "A.D.", "B.C.", "TZH", "TZM", "TZR", "TZD", "DDD", "DAY", "MON", "YY", "RR", "IY",
    "MM", "RM", "DD", "DY", "HH", "MI", "SS", "AM", "PM", "AD", "BC", "WW", "IW", "CC", "TH", "Y",
    "D",
];
const SHORT_ELEMENTS: [&str; 5] = ["W", "Q", "J", "X", "I"];

enum Part<'a> {
    Element(&'static str, &'a str),
    Literal(&'a str),
    FillMode,
    Exact,
}

fn parts(format: &str) -> Result<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    let mut rest = format;
    'next: while let Some(first) = rest.chars().next() {
        if first == '"' {
            let end = rest[1..].find('"').ok_or_else(|| plain(1821))?;
            parts.push(Part::Literal(&rest[1..1 + end]));
            rest = &rest[end + 2..];
            continue;
        }
        let starts =
            |name: &str| rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
        if starts("FM") {
            parts.push(Part::FillMode);
            rest = &rest[2..];
            continue;
        }
        if starts("FX") {
            parts.push(Part::Exact);
            rest = &rest[2..];
            continue;
        }
        for name in ELEMENTS.iter().chain(&SHORT_ELEMENTS) {
            if starts(name) {
                parts.push(Part::Element(name, &rest[..name.len()]));
                rest = &rest[name.len()..];
                continue 'next;
            }
        }
        if first.is_ascii_alphanumeric() || !first.is_ascii() {
            return Err(plain(1821));
        }
        parts.push(Part::Literal(&rest[..1]));
        rest = &rest[1..];
    }
    Ok(parts)
}

/// The case of a name follows that of its format element.
fn cased(name: &str, element: &str) -> String {
    let mut letters = element.chars().filter(|c| c.is_ascii_alphabetic());
    let first = letters.next().is_some_and(|c| c.is_ascii_uppercase());
    let second = letters.next().is_none_or(|c| c.is_ascii_uppercase());
    if first && second {
        name.to_uppercase()
    } else if first {
        let lower = name.to_lowercase();
        lower.chars().next().map_or(String::new(), |c| c.to_uppercase().to_string())
            + lower.get(1..).unwrap_or("")
    } else {
        name.to_lowercase()
    }
}

/// TO_CHAR: `zone` is there for WITH TIME ZONE types (minutes east of UTC).
pub(crate) fn format_date(
    moment: &Moment,
    zone: Option<i32>,
    has_fraction: bool,
    format: &str,
) -> Result<String> {
    let mut out = String::new();
    let mut fill = false;
    for part in parts(format)? {
        let (element, spelled) = match part {
            Part::Literal(text) => {
                out.push_str(text);
                continue;
            }
            Part::FillMode => {
                fill = !fill;
                continue;
            }
            Part::Exact => continue,
            Part::Element(element, spelled) => (element, spelled),
        };
        let number = |value: i64, width: usize| {
            if fill { value.to_string() } else { format!("{value:0width$}") }
        };
        let year = i64::from(moment.year.abs());
        let hour12 = if moment.hour.is_multiple_of(12) { 12 } else { moment.hour % 12 };
        let text = match element {
            "YYYY" | "RRRR" => number(year, 4),
            "SYYYY" => {
                let sign = if moment.year < 0 {
                    "-"
                } else if fill {
                    ""
                } else {
                    " "
                };
                format!("{sign}{}", number(year, 4))
            }
            "Y,YYY" => format!("{},{:03}", year / 1000, year % 1000),
            "YYY" => number(year % 1000, 3),
            "YY" | "RR" => number(year % 100, 2),
            "Y" => (year % 10).to_string(),
            "IYYY" => number(moment.iso_week().0.into(), 4),
            "IYY" => number(i64::from(moment.iso_week().0) % 1000, 3),
            "IY" => number(i64::from(moment.iso_week().0) % 100, 2),
            "I" => (moment.iso_week().0 % 10).to_string(),
            "YEAR" | "SYEAR" => cased(&year_in_words(year), spelled),
            "CC" => number((year + 99) / 100, 2),
            "Q" => ((moment.month - 1) / 3 + 1).to_string(),
            "MM" => number(moment.month.into(), 2),
            "MON" => cased(&MONTHS[usize::from(moment.month - 1)][..3], spelled),
            "MONTH" => {
                let name = cased(MONTHS[usize::from(moment.month - 1)], spelled);
                if fill { name } else { format!("{name:<9}") }
            }
            "RM" => {
                let name = cased(ROMAN[usize::from(moment.month - 1)], spelled);
                if fill { name } else { format!("{name:<4}") }
            }
            "WW" => number(i64::from((moment.day_of_year() - 1) / 7 + 1), 2),
            "W" => ((moment.day - 1) / 7 + 1).to_string(),
            "IW" => number(moment.iso_week().1.into(), 2),
            "DDD" => number(moment.day_of_year().into(), 3),
            "DD" => number(moment.day.into(), 2),
            "D" => moment.weekday().to_string(),
            "DAY" => {
                let name = cased(DAYS[usize::from(moment.weekday() - 1)], spelled);
                if fill { name } else { format!("{name:<9}") }
            }
            "DY" => cased(&DAYS[usize::from(moment.weekday() - 1)][..3], spelled),
            "J" => moment.julian().to_string(),
            "HH" | "HH12" => number(hour12.into(), 2),
            "HH24" => number(moment.hour.into(), 2),
            "MI" => number(moment.minute.into(), 2),
            "SS" => number(moment.second.into(), 2),
            "SSSSS" => number(moment.second_of_day(), 5),
            "AM" | "PM" => cased(if moment.hour < 12 { "AM" } else { "PM" }, spelled),
            "A.M." | "P.M." => cased(if moment.hour < 12 { "A.M." } else { "P.M." }, spelled),
            "AD" | "BC" => cased(if moment.year > 0 { "AD" } else { "BC" }, spelled),
            "A.D." | "B.C." => cased(if moment.year > 0 { "A.D." } else { "B.C." }, spelled),
            "X" => ".".to_owned(),
            "TH" => {
                let suffix = ordinal_suffix(&out);
                cased(suffix, spelled)
            }
            "TZH" | "TZM" | "TZR" | "TZD" => {
                let zone = zone.ok_or_else(|| plain(1821))?;
                let sign = if zone < 0 { '-' } else { '+' };
                match element {
                    "TZH" => format!("{sign}{:02}", zone.abs() / 60),
                    "TZM" => format!("{:02}", zone.abs() % 60),
                    "TZR" => format!("{sign}{:02}:{:02}", zone.abs() / 60, zone.abs() % 60),
                    _ => String::new(),
                }
            }
            fraction if fraction.starts_with("FF") => {
                if !has_fraction {
                    return Err(plain(1821));
                }
                let digits = fraction[2..].parse().unwrap_or(6);
                format!("{:09}", moment.nanos)[..digits].to_owned()
            }
            _ => return Err(plain(1821)),
        };
        out.push_str(&text);
    }
    Ok(out)
}

fn ordinal_suffix(before: &str) -> &'static str {
    let digits = before.trim_end_matches(|c: char| !c.is_ascii_digit());
    let tail: String = digits.chars().rev().take(2).collect();
    let mut tail = tail.chars();
    match (tail.next(), tail.next()) {
        (_, Some('1')) => "TH",
        (Some('1'), _) => "ST",
        (Some('2'), _) => "ND",
        (Some('3'), _) => "RD",
        _ => "TH",
    }
}

fn year_in_words(year: i64) -> String {
    let (high, low) = (year / 100, year % 100);
    match (high % 10, low) {
        (0, 0) => format!("{} THOUSAND", words(high / 10)),
        (_, 0) => format!("{} HUNDRED", words(high)),
        (0, low) if low < 10 => format!("{} THOUSAND {}", words(high / 10), words(low)),
        (_, low) if low < 10 => format!("{} OH-{}", words(high), words(low)),
        (_, low) => format!("{} {}", words(high), words(low)),
    }
}

fn words(value: i64) -> String {
    const ONES: [&str; 20] = [
        "ZERO",
        "ONE",
        "TWO",
        "THREE",
        "FOUR",
        "FIVE",
        "SIX",
        "SEVEN",
        "EIGHT",
        "NINE",
        "TEN",
        "ELEVEN",
        "TWELVE",
        "THIRTEEN",
        "FOURTEEN",
        "FIFTEEN",
        "SIXTEEN",
        "SEVENTEEN",
        "EIGHTEEN",
        "NINETEEN",
    ];
    const TENS: [&str; 10] =
        ["", "", "TWENTY", "THIRTY", "FORTY", "FIFTY", "SIXTY", "SEVENTY", "EIGHTY", "NINETY"];
    let (tens, ones) = ((value / 10) as usize, (value % 10) as usize);
    match (value, ones) {
        (0..20, _) => ONES[value as usize].to_owned(),
        (_, 0) => TENS[tens % 10].to_owned(),
        _ => format!("{}-{}", TENS[tens % 10], ONES[ones]),
    }
}

/// What a text in a format says; `zone` if the format has a zone.
pub(crate) struct Parsed {
    pub(crate) moment: Moment,
    pub(crate) zone: Option<i32>,
}

/// TO_DATE and its kin: `today` gives the fields that the format leaves out.
pub(crate) fn parse_date(text: &str, format: &str, today: &Moment) -> Result<Parsed> {
    let mut input = Input { text, at: 0 };
    let mut year = None;
    let mut month = None;
    let mut day = None;
    let mut day_of_year = None;
    let mut julian = None;
    let mut hour = 0u8;
    let mut half: Option<bool> = None;
    let (mut minute, mut second, mut nanos) = (0u8, 0u8, 0u32);
    let mut seconds_of_day = None;
    let mut zone: Option<(i32, i32, i32)> = None;
    let mut named_zone = None;
    let mut negative_year = false;
    let mut exact = false;
    for part in parts(format)? {
        let (element, _) = match part {
            Part::FillMode => continue,
            Part::Exact => {
                exact = true;
                continue;
            }
            Part::Literal(literal) => {
                input.literal(literal, exact)?;
                continue;
            }
            Part::Element(element, spelled) => (element, spelled),
        };
        if !element.starts_with("TZ") {
            input.skip_blanks();
        }
        if input.is_done() {
            match element {
                // What a shorter text leaves out at the end is zero, except what a date needs.
                "HH24" | "MI" | "SS" | "TZH" | "TZM" | "TZR" | "TZD" => continue,
                other if other.starts_with("FF") => continue,
                _ => return Err(plain(1840)),
            }
        }
        match element {
            "YYYY" | "RRRR" | "IYYY" | "SYYYY" => {
                if element == "SYYYY" {
                    negative_year = input.take_sign();
                }
                let (value, digits) = input.number(4)?;
                let value = if element == "RRRR" && digits <= 2 {
                    window_year(value, today)
                } else {
                    value
                };
                year = Some(value as i32);
            }
            "YYY" => year = Some(today.year / 1000 * 1000 + input.number(3)?.0 as i32),
            "YY" => year = Some(today.year / 100 * 100 + input.number(2)?.0 as i32),
            "RR" => {
                let (value, digits) =
                    input.number(if input.digits_ahead() >= 4 { 4 } else { 2 })?;
                year = Some(if digits > 2 { value } else { window_year(value, today) } as i32);
            }
            "Y" => year = Some(today.year / 10 * 10 + input.number(1)?.0 as i32),
            "MM" => {
                // A month's name is accepted where its number is asked for.
                month = Some(if input.next_is_letter() {
                    input.name(&MONTHS, 3).ok_or_else(|| plain(1843))? as i64 + 1
                } else {
                    input.number(2)?.0
                });
                if !(1..=12).contains(&month.unwrap_or(0)) {
                    return Err(plain(1843));
                }
            }
            "MON" | "MONTH" => {
                month = Some(if input.next_is_letter() {
                    input.name(&MONTHS, 3).ok_or_else(|| plain(1843))? as i64 + 1
                } else {
                    return Err(plain(1843));
                });
            }
            "RM" => month = Some(input.roman().ok_or_else(|| plain(1843))? as i64 + 1),
            "DD" => {
                day = Some(input.number(2)?.0);
                if !(1..=31).contains(&day.unwrap_or(0)) {
                    return Err(plain(1847));
                }
            }
            "DDD" => day_of_year = Some(input.number(3)?.0),
            "J" => julian = Some(input.number(7)?.0),
            "DAY" | "DY" => {
                input.name(&DAYS, 3).ok_or_else(|| plain(1846))?;
            }
            "HH24" => {
                hour = u8::try_from(input.number(2)?.0).unwrap_or(u8::MAX);
                if hour > 23 {
                    return Err(plain(1850));
                }
            }
            "HH" | "HH12" => {
                hour = u8::try_from(input.number(2)?.0).unwrap_or(u8::MAX);
                if !(1..=12).contains(&hour) {
                    return Err(plain(1849));
                }
                half = half.or(Some(false));
            }
            "MI" => {
                minute = u8::try_from(input.number(2)?.0).unwrap_or(u8::MAX);
                if minute > 59 {
                    return Err(plain(1851));
                }
            }
            "SS" => {
                second = u8::try_from(input.number(2)?.0).unwrap_or(u8::MAX);
                if second > 59 {
                    return Err(plain(1852));
                }
            }
            "SSSSS" => seconds_of_day = Some(input.number(5)?.0),
            "AM" | "PM" | "A.M." | "P.M." => {
                half = Some(input.meridian().ok_or_else(|| plain(1855))?);
            }
            "AD" | "BC" | "A.D." | "B.C." => {
                negative_year = input.era().ok_or_else(|| plain(1861))?;
            }
            "TZH" => {
                let negative = input.take_sign();
                let hours = input.number(2)?.0 as i32;
                zone = Some((if negative { -1 } else { 1 }, hours, 0));
            }
            "TZM" => {
                let minutes = input.number(2)?.0 as i32;
                if let Some(zone) = &mut zone {
                    zone.2 = minutes;
                }
            }
            "TZR" => named_zone = Some(parse_zone(input.token())?),
            "TZD" => {
                input.token();
            }
            "X" => {
                input.literal(".", exact)?;
            }
            fraction if fraction.starts_with("FF") => nanos = input.fraction()?,
            _ => return Err(plain(1821)),
        }
    }
    if !input.rest().trim().is_empty() {
        return Err(plain(1830));
    }
    if let Some(half) = half {
        hour = hour % 12 + if half { 12 } else { 0 };
    }
    if let Some(seconds) = seconds_of_day {
        hour = (seconds / 3600) as u8;
        minute = (seconds / 60 % 60) as u8;
        second = (seconds % 60) as u8;
    }
    let mut year = year.unwrap_or(today.year);
    if negative_year {
        year = -year;
    }
    let mut moment = Moment {
        year,
        month: month.unwrap_or(today.month.into()) as u8,
        day: day.unwrap_or(1) as u8,
        hour,
        minute,
        second,
        nanos,
    };
    if let Some(days) = day_of_year {
        moment = Moment { month: 1, day: 1, ..moment }.checked()?;
        moment = moment.plus_nanos(i128::from(days - 1) * 86_400_000_000_000)?;
    }
    if let Some(days) = julian {
        let date = Moment::from_seconds((days - 2_440_588) * 86_400)?;
        moment = Moment { hour, minute, second, nanos, ..date };
    }
    let zone = named_zone.or(zone.map(|(sign, hours, minutes)| sign * (hours * 60 + minutes)));
    Ok(Parsed { moment: moment.checked()?, zone })
}

/// RR: two digits in the century that makes the year nearest.
fn window_year(value: i64, today: &Moment) -> i64 {
    let century = i64::from(today.year) / 100 * 100;
    match (value < 50, today.year % 100 < 50) {
        (true, true) | (false, false) => century + value,
        (false, true) => century - 100 + value,
        (true, false) => century + 100 + value,
    }
}

struct Input<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Input<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn is_done(&self) -> bool {
        self.rest().is_empty()
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn next_is_letter(&self) -> bool {
        self.rest().starts_with(|c: char| c.is_ascii_alphabetic())
    }

    fn digits_ahead(&self) -> usize {
        self.rest().bytes().take_while(u8::is_ascii_digit).count()
    }

    /// A literal character of the format: punctuation stands for any punctuation, and may be left
    /// out.
    fn literal(&mut self, literal: &str, exact: bool) -> Result<()> {
        if literal.trim().is_empty() && !exact {
            self.skip_blanks();
            return Ok(());
        }
        for expected in literal.chars() {
            match self.rest().chars().next() {
                Some(found) if found == expected => self.at += found.len_utf8(),
                Some(found) if found.is_ascii_punctuation() && expected.is_ascii_punctuation() => {
                    if found == '-'
                        && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit())
                        && expected == ':'
                    {
                        return Err(plain(1861));
                    }
                    self.at += 1;
                }
                Some(found) if expected.is_ascii_punctuation() && found.is_whitespace() => {
                    self.at += found.len_utf8();
                }
                Some(found) if expected.is_ascii_punctuation() && found.is_alphanumeric() => {}
                None => return Ok(()),
                _ => return Err(plain(1861)),
            }
        }
        Ok(())
    }

    fn number(&mut self, max: usize) -> Result<(i64, usize)> {
        let digits = self.digits_ahead().min(max);
        if digits == 0 {
            return Err(plain(if self.is_done() { 1840 } else { 1858 }));
        }
        let value = self.rest()[..digits].parse().map_err(|_| plain(1858))?;
        self.at += digits;
        Ok((value, digits))
    }

    fn take_sign(&mut self) -> bool {
        let negative = self.rest().starts_with('-');
        if negative || self.rest().starts_with('+') {
            self.at += 1;
        }
        negative
    }

    fn fraction(&mut self) -> Result<u32> {
        let digits = self.digits_ahead().min(9);
        if digits == 0 {
            return Err(plain(1858));
        }
        let text: String =
            self.rest()[..digits].chars().chain("000000000".chars()).take(9).collect();
        self.at += self.digits_ahead();
        text.parse().map_err(|_| plain(1858))
    }

    /// A full name, or its first `short` letters.
    fn name(&mut self, names: &[&str], short: usize) -> Option<usize> {
        let upper = self.rest().to_ascii_uppercase();
        for length in [usize::MAX, short] {
            for (index, name) in names.iter().enumerate() {
                let name = &name[..length.min(name.len())];
                if upper.starts_with(name) {
                    self.at += name.len();
                    return Some(index);
                }
            }
        }
        None
    }

    fn roman(&mut self) -> Option<usize> {
        let letters = self.rest().bytes().take_while(u8::is_ascii_alphabetic).count();
        let text = self.rest()[..letters].to_ascii_uppercase();
        let index = ROMAN.iter().position(|name| *name == text)?;
        self.at += letters;
        Some(index)
    }

    /// Whether it is the afternoon.
    fn meridian(&mut self) -> Option<bool> {
        self.one_of(&[("A.M.", false), ("P.M.", true), ("AM", false), ("PM", true)])
    }

    fn era(&mut self) -> Option<bool> {
        self.one_of(&[("A.D.", false), ("B.C.", true), ("AD", false), ("BC", true)])
    }

    fn one_of(&mut self, choices: &[(&str, bool)]) -> Option<bool> {
        for (name, value) in choices {
            if self.rest().get(..name.len()).is_some_and(|t| t.eq_ignore_ascii_case(name)) {
                self.at += name.len();
                return Some(*value);
            }
        }
        None
    }

    fn token(&mut self) -> &'a str {
        self.skip_blanks();
        let end = self.rest().find(char::is_whitespace).unwrap_or(self.rest().len());
        let token = &self.rest()[..end];
        self.at += end;
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment() -> Moment {
        Moment { hour: 15, minute: 4, second: 5, nanos: 123_456_789, ..Moment::date(2024, 2, 3) }
    }

    #[test]
    fn writes_every_element() {
        for (format, text) in [
            ("YYYY-MM-DD HH24:MI:SS", "2024-02-03 15:04:05"),
            ("DD-MON-RR", "03-FEB-24"),
            ("fmDay, DD Month YYYY", "Saturday, 3 February 2024"),
            ("Day", "Saturday "),
            ("MONTH|", "FEBRUARY |"),
            ("hh:mi:ss.ff3 am", "03:04:05.123 pm"),
            ("FF", "123456"),
            ("Q WW IW D DDD J", "1 05 05 7 034 2460344"),
            ("YYYY\"year\"", "2024year"),
            ("DDth", "03rd"),
            ("RM", "II  "),
            ("YEAR", "TWENTY TWENTY-FOUR"),
            ("SSSSS", "54245"),
            ("TZH:TZM", "-05:30"),
        ] {
            let shown = format_date(&moment(), Some(-330), true, format).unwrap();
            assert_eq!(shown, text, "{format}");
        }
        assert_eq!(format_date(&moment(), None, false, "FF3").unwrap_err().number, 1821);
        assert_eq!(format_date(&moment(), None, false, "YYYY-NN").unwrap_err().number, 1821);
    }

    #[test]
    fn reads_what_oracle_reads() {
        let today = Moment::date(2026, 11, 24);
        for (text, format, expected) in [
            ("2024-02-03", "YYYY-MM-DD", Ok("2024-02-03 00:00:00.000000000")),
            ("17-DEC-80", "DD-MON-RR", Ok("1980-12-17 00:00:00.000000000")),
            ("17-dec-1980", "DD-MON-RR", Ok("1980-12-17 00:00:00.000000000")),
            ("20240203150405", "YYYYMMDDHH24MISS", Ok("2024-02-03 15:04:05.000000000")),
            ("2024/2/3", "YYYY-MM-DD", Ok("2024-02-03 00:00:00.000000000")),
            ("03:04 PM", "HH:MI AM", Ok("2026-11-01 15:04:00.000000000")),
            (
                "2024-02-03T01:02:03.5",
                "YYYY-MM-DD\"T\"HH24:MI:SS.FF",
                Ok("2024-02-03 01:02:03.500000000"),
            ),
            ("2024-13-01", "YYYY-MM-DD", Err(1843)),
            ("2024-02-30", "YYYY-MM-DD", Err(1839)),
            ("2024-02-01 x", "YYYY-MM-DD", Err(1830)),
            ("hello", "YYYY-MM-DD", Err(1858)),
            ("2024", "YYYY-MM-DD", Err(1840)),
            ("2024-01-01 25:00", "YYYY-MM-DD HH24:MI", Err(1850)),
            ("01-XXX-20", "DD-MON-RR", Err(1843)),
        ] {
            let got = parse_date(text, format, &today)
                .and_then(|p| format_date(&p.moment, None, true, "YYYY-MM-DD HH24:MI:SS.FF9"))
                .map_err(|e| e.number);
            assert_eq!(got, expected.map(str::to_owned), "{text} {format}");
        }
        assert_eq!(parse_date("1 +05:30", "DD TZR", &today).unwrap().zone, Some(330));
    }
}
