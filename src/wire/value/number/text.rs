//! NUMBER to and from decimal text, exactly.

use std::fmt;
use std::str::FromStr;

use super::{Digits, MAX_EXPONENT, MAX_PAIRS, MIN_EXPONENT, Number, NumberError, ZERO};
use crate::wire::reader::Decoded;

/// The most decimal digits that a NUMBER has.
const MAX_DIGITS: usize = 2 * MAX_PAIRS;
/// The longest plain decimal text: a sign, `0.`, 129 zeros and 40 digits.
pub const MAX_TEXT_LENGTH: usize = 1 + 2 + 129 + MAX_DIGITS;
/// An exponent beyond which no text is a NUMBER, however many digits it has that count.
const EXPONENT_LIMIT: i64 = 1_000_000_000;

/// Room for the text of any NUMBER, so that making it takes no allocation.
#[derive(Debug, Clone, Copy)]
pub struct TextBuffer {
    bytes: [u8; MAX_TEXT_LENGTH],
    length: usize,
}

impl Default for TextBuffer {
    fn default() -> Self {
        TextBuffer { bytes: [0; MAX_TEXT_LENGTH], length: 0 }
    }
}

impl TextBuffer {
    /// What was written.
    pub(super) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte;
            self.length += 1;
        }
    }

    fn number(&mut self, bytes: &[u8], digits: Digits<'_>) -> &str {
        self.length = 0;
        if digits.stored.is_empty() {
            // Zero and the infinities have no digits.
            let text = match bytes {
                [ZERO] => "0",
                [0] => "-~",
                _ => "~",
            };
            text.bytes().for_each(|byte| self.push(byte));
            return self.as_str();
        }
        let decimal = Decimal::of(digits);
        if decimal.count == 0 {
            self.push(b'0');
            return self.as_str();
        }
        if decimal.negative {
            self.push(b'-');
        }
        if decimal.point <= 0 {
            self.push(b'0');
            self.push(b'.');
            self.zeros(-decimal.point);
        }
        let mut left = decimal.point;
        for digit in decimal.digits() {
            if left == 0 && decimal.point > 0 {
                self.push(b'.');
            }
            left -= 1;
            self.push(b'0' + digit);
        }
        self.zeros(left);
        self.as_str()
    }

    fn zeros(&mut self, count: i32) {
        for _ in 0..count {
            self.push(b'0');
        }
    }
}

/// The bytes of a NUMBER value, without their length, as plain decimal text in `buffer`.
///
/// The same as [`Number::decode`] and [`Number::to_text`], without a copy on the way.
#[inline]
pub fn decode_text<'a>(bytes: &[u8], buffer: &'a mut TextBuffer) -> Decoded<&'a str> {
    let digits = Digits::parse(bytes)?;
    Ok(buffer.number(bytes, digits))
}

impl fmt::Write for TextBuffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.push(byte));
        Ok(())
    }
}

/// A decimal number: `0.d1d2d3... * 10^point`.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    negative: bool,
    digits: [u8; MAX_DIGITS],
    count: usize,
    point: i32,
}

impl Decimal {
    fn of(number: Digits<'_>) -> Decimal {
        let mut decimal = Decimal {
            negative: number.negative,
            digits: [0; MAX_DIGITS],
            count: 0,
            point: 2 * (number.exponent + 1),
        };
        for pair in number.pairs() {
            for digit in [pair / 10, pair % 10] {
                if decimal.count == 0 && digit == 0 {
                    decimal.point -= 1;
                } else if let Some(slot) = decimal.digits.get_mut(decimal.count) {
                    *slot = digit;
                    decimal.count += 1;
                }
            }
        }
        decimal.trim();
        decimal
    }

    fn digits(&self) -> &[u8] {
        self.digits.get(..self.count).unwrap_or_default()
    }

    fn trim(&mut self) {
        while let Some(&0) = self.digits().last() {
            self.count -= 1;
        }
    }

    /// Keeps `keep` digits and rounds the last of them half away from zero.
    fn round(&mut self, keep: i32) {
        let Ok(keep) = usize::try_from(keep) else {
            self.count = 0;
            return;
        };
        let up = self.digits().get(keep).is_some_and(|digit| *digit >= 5);
        self.count = self.count.min(keep);
        if up {
            self.add_one_to_last(keep);
        }
        self.trim();
    }

    fn add_one_to_last(&mut self, keep: usize) {
        self.count = keep;
        for digit in self.digits.iter_mut().take(keep).rev() {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        // All nines: one and zeros, a place higher.
        if let Some(first) = self.digits.first_mut() {
            *first = 1;
        }
        self.count = 1;
        self.point += 1;
    }

    fn to_number(self) -> Result<Number, NumberError> {
        let odd = self.point.rem_euclid(2) == 1;
        let exponent = (self.point + 1).div_euclid(2) - 1;
        let mut pairs = [0; MAX_PAIRS + 1];
        let start = usize::from(odd);
        for (index, digit) in self.digits().iter().enumerate() {
            if let Some(pair) = pairs.get_mut((start + index) / 2) {
                *pair += if (start + index).is_multiple_of(2) { digit * 10 } else { *digit };
            }
        }
        Number::from_pairs(self.negative, exponent, &pairs)
    }
}

impl Number {
    /// Its plain decimal text, in `buffer`: `-0.5`, `1000`, never with an exponent; `~` and `-~`
    /// for the infinities, as Oracle prints them.
    pub fn to_text<'a>(&self, buffer: &'a mut TextBuffer) -> &'a str {
        buffer.number(self.as_bytes(), self.digits())
    }

    /// Its text with an exponent, for the standard library's parser: digits, `e`, exponent.
    pub(super) fn scientific<'a>(&self, buffer: &'a mut TextBuffer) -> &'a str {
        let decimal = Decimal::of(self.digits());
        buffer.length = 0;
        if decimal.negative {
            buffer.push(b'-');
        }
        buffer.push(b'0');
        buffer.push(b'.');
        for digit in decimal.digits() {
            buffer.push(b'0' + digit);
        }
        // Writing to the buffer cannot fail.
        let _ = fmt::Write::write_fmt(buffer, format_args!("e{}", decimal.point));
        buffer.as_str()
    }

    /// Reads a decimal number and rounds it half away from zero to what NUMBER holds, as the
    /// database does with the results of arithmetic. What is too close to zero becomes zero.
    pub fn parse_rounded(text: &str) -> Result<Number, NumberError> {
        parse(text, true)
    }

    /// Rounds half away from zero to `scale` decimal places; a negative scale rounds in front of
    /// the decimal point, as `NUMBER(5, -2)` does.
    pub fn round(&self, scale: i32) -> Result<Number, NumberError> {
        if self.is_infinite() {
            return Ok(*self);
        }
        let mut decimal = Decimal::of(self.digits());
        decimal.round(decimal.point.saturating_add(scale));
        decimal.to_number()
    }

    /// How many significant decimal digits it has; 0 for zero and the infinities.
    pub fn precision(&self) -> usize {
        Decimal::of(self.digits()).count
    }

    /// Which power of ten its first significant digit stays below: 3 for 123.4, 0 for 0.5, -2 for
    /// 0.001; 0 for zero.
    pub fn magnitude(&self) -> i32 {
        let decimal = Decimal::of(self.digits());
        if decimal.count == 0 { 0 } else { decimal.point }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.to_text(&mut TextBuffer::default()))
    }
}

impl FromStr for Number {
    type Err = NumberError;

    /// Reads `12.50`, `.5`, `+7`, `1e-130`, with blanks around it, exactly: more digits than
    /// NUMBER holds are an error, as in the official drivers.
    fn from_str(text: &str) -> Result<Number, NumberError> {
        parse(text, false)
    }
}

fn parse(text: &str, round: bool) -> Result<Number, NumberError> {
    let text = text.trim_ascii();
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if unsigned == b"~" {
        return Ok(if negative { Number::NEGATIVE_INFINITY } else { Number::INFINITY });
    }
    // One digit more than fits, for rounding; what follows counts only if it is not zero.
    let mut scan = Scan::new();
    let mut exponent = 0;
    let mut rest = unsigned;
    while let [byte, tail @ ..] = rest {
        match byte {
            b'0'..=b'9' => scan.digit(byte - b'0'),
            b'.' if !scan.in_fraction => scan.in_fraction = true,
            b'e' | b'E' => {
                exponent = parse_exponent(tail)?;
                break;
            }
            _ => return Err(NumberError::NotANumber),
        }
        rest = tail;
    }
    if !scan.any {
        return Err(NumberError::NotANumber);
    }
    scan.finish(negative, exponent, round)
}

fn parse_exponent(text: &[u8]) -> Result<i64, NumberError> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NumberError::NotANumber);
    }
    let exponent = digits
        .iter()
        .fold(0i64, |value, byte| (value * 10 + i64::from(byte - b'0')).min(EXPONENT_LIMIT));
    Ok(if negative { -exponent } else { exponent })
}

/// The digits of a text while it is read.
struct Scan {
    /// The first digits from the first that is not zero.
    digits: [u8; MAX_DIGITS],
    /// How many of `digits` are there.
    count: usize,
    /// The first digit that had no room.
    next: Option<u8>,
    /// Whether a digit without room is not zero.
    more: bool,
    /// How many digits stand in front of the decimal point, from the first that is not zero;
    /// negative counts zeros behind the point.
    point: i64,
    in_fraction: bool,
    /// Whether there was any digit at all.
    any: bool,
}

impl Scan {
    fn new() -> Scan {
        Scan {
            digits: [0; MAX_DIGITS],
            count: 0,
            next: None,
            more: false,
            point: 0,
            in_fraction: false,
            any: false,
        }
    }

    fn digit(&mut self, digit: u8) {
        self.any = true;
        let leading_zero = digit == 0 && self.count == 0;
        match (leading_zero, self.in_fraction) {
            (true, true) => self.point -= 1,
            (false, false) => self.point += 1,
            _ => {}
        }
        if leading_zero {
            return;
        }
        match self.digits.get_mut(self.count) {
            Some(slot) => {
                *slot = digit;
                self.count += 1;
            }
            None => {
                self.next.get_or_insert(digit);
                self.more |= digit != 0;
            }
        }
    }

    fn finish(self, negative: bool, exponent: i64, round: bool) -> Result<Number, NumberError> {
        if self.count == 0 {
            return Ok(Number::ZERO);
        }
        // Far out of range is told from near here, so that the rest may count in i32.
        let point = self.point + exponent;
        if point > 2 * i64::from(MAX_EXPONENT + 1) {
            return Err(NumberError::OutOfRange);
        }
        if point <= 2 * i64::from(MIN_EXPONENT) {
            return if round { Ok(Number::ZERO) } else { Err(NumberError::OutOfRange) };
        }
        let point = i32::try_from(point).map_err(|_| NumberError::OutOfRange)?;
        let mut decimal = Decimal { negative, digits: self.digits, count: self.count, point };
        if !round {
            if self.more {
                return Err(NumberError::TooManyDigits);
            }
            decimal.trim();
            return decimal.to_number();
        }
        let odd = point.rem_euclid(2) == 1;
        if odd {
            decimal.round(39);
        } else {
            if self.next.is_some_and(|digit| digit >= 5) {
                decimal.add_one_to_last(MAX_DIGITS);
            }
            decimal.trim();
        }
        decimal.to_number()
    }
}
