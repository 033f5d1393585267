//! NUMBER: exact decimal arithmetic on Oracle's own byte form.
//!
//! The form (python-oracledb: `decode_number` in `impl/base/decoders.pyx`): an exponent byte, then
//! up to 20 base-100 digits; negative numbers are complemented and end in 102, so that comparing
//! the bytes compares the numbers.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigUint;

/// The most base-100 digits that a NUMBER keeps.
const MAX_PAIRS: usize = 20;
const POSITIVE_EXPONENT: i32 = 193;
const NEGATIVE_EXPONENT: i32 = 62;
const NEGATIVE_END: u8 = 102;
const ZERO_BYTE: u8 = 0x80;
/// The exponents (base 100) of the largest and the smallest magnitudes: below 1e126, from 1e-130.
const MAX_EXPONENT: i32 = 62;
const MIN_EXPONENT: i32 = -65;

/// A NUMBER: `sign * d0.d1d2... * 100^exponent`, no leading and no trailing zero digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Num {
    negative: bool,
    exponent: i8,
    len: u8,
    digits: [u8; MAX_PAIRS],
}

/// Why there is no result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NumError {
    /// Past 1e126 (ORA-01426).
    Overflow,
    /// Division by zero (ORA-01476).
    DivideByZero,
    /// Not a number at all (ORA-01722).
    Invalid,
}

impl Num {
    pub(crate) const ZERO: Num =
        Num { negative: false, exponent: 0, len: 0, digits: [0; MAX_PAIRS] };

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Num> {
        let (&first, rest) = bytes.split_first()?;
        if first == ZERO_BYTE && rest.is_empty() {
            return Some(Num::ZERO);
        }
        let negative = first < ZERO_BYTE;
        let rest = match rest.split_last() {
            Some((&NEGATIVE_END, front)) if negative => front,
            _ => rest,
        };
        if rest.is_empty() || rest.len() > MAX_PAIRS {
            return None;
        }
        let mut digits = [0; MAX_PAIRS];
        for (digit, &byte) in digits.iter_mut().zip(rest) {
            *digit = if negative { 101u8.checked_sub(byte)? } else { byte.checked_sub(1)? };
            if *digit > 99 {
                return None;
            }
        }
        let exponent = if negative {
            NEGATIVE_EXPONENT - i32::from(first)
        } else {
            i32::from(first) - POSITIVE_EXPONENT
        };
        Some(Num {
            negative,
            exponent: i8::try_from(exponent).ok()?,
            len: rest.len() as u8,
            digits,
        })
    }

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        if self.len == 0 {
            return vec![ZERO_BYTE];
        }
        let mut bytes = Vec::with_capacity(self.pairs().len() + 2);
        let exponent = i32::from(self.exponent);
        if self.negative {
            bytes.push((NEGATIVE_EXPONENT - exponent) as u8);
            bytes.extend(self.pairs().iter().map(|d| 101 - d));
            if self.pairs().len() < MAX_PAIRS {
                bytes.push(NEGATIVE_END);
            }
        } else {
            bytes.push((POSITIVE_EXPONENT + exponent) as u8);
            bytes.extend(self.pairs().iter().map(|d| d + 1));
        }
        bytes
    }

    fn pairs(&self) -> &[u8] {
        &self.digits[..self.len as usize]
    }

    /// A number from base-100 digits, most significant first, whose last digit counts `100^scale`.
    fn from_pairs(negative: bool, pairs: &[u8], scale: i32) -> Result<Num, NumError> {
        let lead = pairs.iter().take_while(|d| **d == 0).count();
        let pairs = &pairs[lead..];
        let mut exponent = scale + pairs.len() as i32 - 1;
        let mut digits = [0u8; MAX_PAIRS];
        let kept = pairs.len().min(MAX_PAIRS);
        digits[..kept].copy_from_slice(&pairs[..kept]);
        if pairs.len() > MAX_PAIRS && pairs[MAX_PAIRS] >= 50 {
            let mut at = MAX_PAIRS;
            loop {
                if at == 0 {
                    digits = [0; MAX_PAIRS];
                    digits[0] = 1;
                    exponent += 1;
                    break;
                }
                at -= 1;
                if digits[at] == 99 {
                    digits[at] = 0;
                } else {
                    digits[at] += 1;
                    break;
                }
            }
        }
        let len = digits.iter().rposition(|d| *d != 0).map_or(0, |last| last + 1);
        if len == 0 || exponent < MIN_EXPONENT {
            return Ok(Num::ZERO);
        }
        if exponent > MAX_EXPONENT {
            return Err(NumError::Overflow);
        }
        Ok(Num { negative, exponent: exponent as i8, len: len as u8, digits })
    }

    fn from_u128(negative: bool, mut magnitude: u128, scale: i32) -> Result<Num, NumError> {
        let mut pairs = [0u8; 20];
        let mut at = pairs.len();
        while magnitude > 0 {
            at -= 1;
            pairs[at] = (magnitude % 100) as u8;
            magnitude /= 100;
        }
        Num::from_pairs(negative, &pairs[at..], scale)
    }

    fn from_big(negative: bool, magnitude: &BigUint, scale: i32) -> Result<Num, NumError> {
        Num::from_pairs(negative, &magnitude.to_radix_be(100), scale)
    }

    pub(crate) fn from_i64(value: i64) -> Num {
        // An i64 has at most ten base-100 digits: it always fits.
        Num::from_u128(value < 0, u128::from(value.unsigned_abs()), 0).unwrap_or(Num::ZERO)
    }

    /// The number with the shortest decimal text that reads back as `value`.
    pub(crate) fn from_f64(value: f64) -> Result<Num, NumError> {
        if !value.is_finite() {
            return Err(NumError::Overflow);
        }
        Num::parse(&format!("{value:e}"))
    }

    pub(crate) fn to_f64(self) -> f64 {
        self.to_plain_exponent().parse().unwrap_or(f64::NAN)
    }

    /// The integer part, if it fits.
    pub(crate) fn to_i64(self) -> Option<i64> {
        let whole = self.trunc(0);
        let (magnitude, scale) = whole.small()?;
        let mut value = i128::try_from(magnitude).ok()?;
        for _ in 0..scale {
            value = value.checked_mul(100)?;
        }
        i64::try_from(if whole.negative { -value } else { value }).ok()
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn is_negative(&self) -> bool {
        self.negative
    }

    pub(crate) fn is_integer(&self) -> bool {
        self.len == 0 || i32::from(self.exponent) + 1 >= i32::from(self.len)
    }

    pub(crate) fn neg(mut self) -> Num {
        if self.len > 0 {
            self.negative = !self.negative;
        }
        self
    }

    pub(crate) fn abs(mut self) -> Num {
        self.negative = false;
        self
    }

    /// Magnitude and scale (base 100) if the digits fit 128 bits.
    fn small(&self) -> Option<(u128, i32)> {
        if self.len > 18 {
            return None;
        }
        let magnitude = self.pairs().iter().fold(0u128, |sum, d| sum * 100 + u128::from(*d));
        Some((magnitude, self.scale()))
    }

    fn scale(&self) -> i32 {
        i32::from(self.exponent) + 1 - i32::from(self.len)
    }

    fn big(&self) -> BigUint {
        BigUint::from_radix_be(self.pairs(), 100).unwrap_or_default()
    }

    pub(crate) fn add(self, other: Num) -> Result<Num, NumError> {
        if self.is_zero() {
            return Ok(other);
        }
        if other.is_zero() {
            return Ok(self);
        }
        let scale = self.scale().min(other.scale());
        if let (Some((a, sa)), Some((b, sb))) = (self.small(), other.small())
            && let (Some(a), Some(b)) = (shift_small(a, sa - scale), shift_small(b, sb - scale))
        {
            let a = if self.negative { -a } else { a };
            let b = if other.negative { -b } else { b };
            if let Some(sum) = a.checked_add(b) {
                return Num::from_u128(sum < 0, sum.unsigned_abs(), scale);
            }
        }
        let a = shift_big(self.big(), self.scale() - scale);
        let b = shift_big(other.big(), other.scale() - scale);
        if self.negative == other.negative {
            Num::from_big(self.negative, &(a + b), scale)
        } else if a >= b {
            Num::from_big(self.negative, &(a - b), scale)
        } else {
            Num::from_big(other.negative, &(b - a), scale)
        }
    }

    pub(crate) fn sub(self, other: Num) -> Result<Num, NumError> {
        self.add(other.neg())
    }

    pub(crate) fn mul(self, other: Num) -> Result<Num, NumError> {
        if self.is_zero() || other.is_zero() {
            return Ok(Num::ZERO);
        }
        let negative = self.negative != other.negative;
        let scale = self.scale() + other.scale();
        if let (Some((a, _)), Some((b, _))) = (self.small(), other.small())
            && let Some(product) = a.checked_mul(b)
        {
            return Num::from_u128(negative, product, scale);
        }
        Num::from_big(negative, &(self.big() * other.big()), scale)
    }

    pub(crate) fn div(self, other: Num) -> Result<Num, NumError> {
        if other.is_zero() {
            return Err(NumError::DivideByZero);
        }
        if self.is_zero() {
            return Ok(Num::ZERO);
        }
        // Enough digits for 20 pairs and one to round by, wherever the quotient starts.
        let extra = MAX_PAIRS + 2 + other.pairs().len().saturating_sub(self.pairs().len());
        let quotient = shift_big(self.big(), extra as i32) / other.big();
        let scale = self.scale() - other.scale() - extra as i32;
        Num::from_big(self.negative != other.negative, &quotient, scale)
    }

    /// Oracle's MOD: the sign of the dividend; the dividend itself when dividing by zero.
    pub(crate) fn rem(self, other: Num) -> Result<Num, NumError> {
        if other.is_zero() || self.is_zero() {
            return Ok(self);
        }
        let scale = self.scale().min(other.scale());
        let a = shift_big(self.big(), self.scale() - scale);
        let b = shift_big(other.big(), other.scale() - scale);
        Num::from_big(self.negative, &(a % b), scale)
    }

    pub(crate) fn sqrt(self) -> Result<Num, NumError> {
        if self.negative {
            return Err(NumError::Invalid);
        }
        let odd = self.scale().rem_euclid(2);
        let extra = 2 * (MAX_PAIRS as i32 + 2) + odd;
        let root = shift_big(self.big(), extra).sqrt();
        Num::from_big(false, &root, (self.scale() - extra) / 2)
    }

    /// To a power: exact for whole exponents, else through a double.
    pub(crate) fn pow(self, exponent: Num) -> Result<Num, NumError> {
        if let (true, Some(times)) = (exponent.is_integer(), exponent.to_i64())
            && times.unsigned_abs() <= 10_000
        {
            let mut result = Num::from_i64(1);
            let mut base = self;
            let mut left = times.unsigned_abs();
            while left > 0 {
                if left & 1 == 1 {
                    result = result.mul(base)?;
                }
                left >>= 1;
                if left > 0 {
                    base = base.mul(base)?;
                }
            }
            return if times < 0 { Num::from_i64(1).div(result) } else { Ok(result) };
        }
        if self.negative {
            return Err(NumError::Invalid);
        }
        Num::from_f64(self.to_f64().powf(exponent.to_f64()))
    }

    /// Decimal digits without leading or trailing zeros, and where the point stands: the value is
    /// `0.DIGITS * 10^point`.
    pub(crate) fn decimal(&self) -> (Vec<u8>, i32) {
        let mut digits = Vec::with_capacity(40);
        for pair in self.pairs() {
            digits.push(pair / 10);
            digits.push(pair % 10);
        }
        let mut point = 2 * (i32::from(self.exponent) + 1);
        if digits.first() == Some(&0) {
            digits.remove(0);
            point -= 1;
        }
        if digits.last() == Some(&0) {
            digits.pop();
        }
        if digits.is_empty() { (digits, 0) } else { (digits, point) }
    }

    /// From decimal digits as [`Num::decimal`] gives them.
    fn from_decimal(negative: bool, digits: &[u8], point: i32) -> Result<Num, NumError> {
        let mut aligned = Vec::with_capacity(digits.len() + 2);
        let lead = point.rem_euclid(2);
        aligned.extend((0..lead).map(|_| 0));
        aligned.extend_from_slice(digits);
        if aligned.len() % 2 == 1 {
            aligned.push(0);
        }
        let pairs: Vec<u8> = aligned.chunks(2).map(|c| c[0] * 10 + c[1]).collect();
        let exponent = (point + lead) / 2 - 1;
        Num::from_pairs(negative, &pairs, exponent + 1 - pairs.len() as i32)
    }

    /// Digits behind the point.
    pub(crate) fn fraction_digits(&self) -> i32 {
        let (digits, point) = self.decimal();
        (digits.len() as i32 - point).max(0)
    }

    /// Digits before the point (negative: zeros behind it before the first digit).
    pub(crate) fn integer_digits(&self) -> i32 {
        self.decimal().1
    }

    /// Times a power of ten.
    pub(crate) fn shifted(self, digits: i32) -> Num {
        let (decimal, point) = self.decimal();
        Num::from_decimal(self.negative, &decimal, point + digits).unwrap_or(Num::ZERO)
    }

    /// Half away from zero, to `places` behind (negative: before) the point.
    pub(crate) fn round(self, places: i32) -> Result<Num, NumError> {
        let (mut digits, mut point) = self.decimal();
        let keep = point + places;
        if keep >= digits.len() as i32 {
            return Ok(self);
        }
        if keep < 0 {
            return Ok(Num::ZERO);
        }
        let up = digits[keep as usize] >= 5;
        digits.truncate(keep as usize);
        if up {
            let mut at = digits.len();
            loop {
                if at == 0 {
                    digits.insert(0, 1);
                    point += 1;
                    break;
                }
                at -= 1;
                if digits[at] == 9 {
                    digits[at] = 0;
                } else {
                    digits[at] += 1;
                    break;
                }
            }
        }
        Num::from_decimal(self.negative, &digits, point)
    }

    /// Towards zero, to `places` behind (negative: before) the point.
    pub(crate) fn trunc(self, places: i32) -> Num {
        let (mut digits, point) = self.decimal();
        let keep = point + places;
        if keep >= digits.len() as i32 {
            return self;
        }
        if keep <= 0 {
            return Num::ZERO;
        }
        digits.truncate(keep as usize);
        Num::from_decimal(self.negative, &digits, point).unwrap_or(Num::ZERO)
    }

    pub(crate) fn floor(self) -> Result<Num, NumError> {
        let whole = self.trunc(0);
        if self.negative && whole != self { whole.sub(Num::from_i64(1)) } else { Ok(whole) }
    }

    pub(crate) fn ceil(self) -> Result<Num, NumError> {
        Ok(self.neg().floor()?.neg())
    }

    /// Reads a literal: sign, digits, point, exponent. Blanks around it are allowed.
    pub(crate) fn parse(text: &str) -> Result<Num, NumError> {
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => {
                let exponent: i32 = rest[at + 1..].parse().map_err(|_| NumError::Invalid)?;
                (&rest[..at], exponent.clamp(-100_000, 100_000))
            }
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(NumError::Invalid);
        }
        let mut digits = Vec::with_capacity(whole.len() + fraction.len());
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return Err(NumError::Invalid);
            }
            digits.push(byte - b'0');
        }
        Num::from_decimal(negative, &digits, whole.len() as i32 + exponent)
    }

    fn to_plain_exponent(self) -> String {
        let (digits, point) = self.decimal();
        let mut text = String::with_capacity(digits.len() + 8);
        if self.negative {
            text.push('-');
        }
        text.push_str("0.");
        text.extend(digits.iter().map(|d| char::from(b'0' + d)));
        if digits.is_empty() {
            text.push('0');
        }
        text.push_str(&format!("e{point}"));
        text
    }
}

fn shift_small(value: u128, pairs: i32) -> Option<i128> {
    let mut value = i128::try_from(value).ok()?;
    if pairs > 19 {
        return None;
    }
    for _ in 0..pairs {
        value = value.checked_mul(100)?;
    }
    Some(value)
}

fn shift_big(value: BigUint, pairs: i32) -> BigUint {
    if pairs > 0 { value * BigUint::from(100u32).pow(pairs as u32) } else { value }
}

impl PartialOrd for Num {
    fn partial_cmp(&self, other: &Num) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Num {
    fn cmp(&self, other: &Num) -> Ordering {
        self.to_bytes().cmp(&other.to_bytes())
    }
}

impl fmt::Display for Num {
    /// As TO_CHAR without a format: no zero before the point, at most 40 characters, else with an
    /// exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (digits, point) = self.decimal();
        if digits.is_empty() {
            return f.write_str("0");
        }
        if self.negative {
            f.write_str("-")?;
        }
        let count = digits.len() as i32;
        let text: String = digits.iter().map(|d| char::from(b'0' + d)).collect();
        if !(-38..=40).contains(&point) || (point <= 0 && count - point > 40) {
            let rest = &text[1..];
            let rest = if rest.is_empty() { "0" } else { rest };
            let exponent = point - 1;
            let sign = if exponent < 0 { '-' } else { '+' };
            return write!(f, "{}.{rest}E{sign}{:02}", &text[..1], exponent.abs());
        }
        if point <= 0 {
            f.write_str(".")?;
            for _ in point..0 {
                f.write_str("0")?;
            }
            f.write_str(&text)
        } else if point >= count {
            f.write_str(&text)?;
            for _ in count..point {
                f.write_str("0")?;
            }
            Ok(())
        } else {
            write!(f, "{}.{}", &text[..point as usize], &text[point as usize..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> Num {
        Num::parse(text).unwrap()
    }

    #[test]
    fn reads_and_writes_like_to_char() {
        for (text, shown) in [
            ("0", "0"),
            ("-0", "0"),
            ("1", "1"),
            ("100", "100"),
            ("0.5", ".5"),
            ("-0.05", "-.05"),
            ("123456789012345678901234567890.12345678", "123456789012345678901234567890.12345678"),
            ("1e10", "10000000000"),
            ("12.50", "12.5"),
            (" 7 ", "7"),
            ("1.5E-3", ".0015"),
        ] {
            assert_eq!(n(text).to_string(), shown, "{text}");
            assert_eq!(Num::from_bytes(&n(text).to_bytes()), Some(n(text)), "{text}");
        }
        for bad in ["", "x", "1x", ".", "1e", "--1", "1.2.3"] {
            assert_eq!(Num::parse(bad), Err(NumError::Invalid), "{bad}");
        }
        assert_eq!(Num::parse("1e126"), Err(NumError::Overflow));
        assert_eq!(n("9.99e125").to_f64(), 9.99e125);
        assert_eq!(n("1e-131"), Num::ZERO);
    }

    #[test]
    fn bytes_are_oracles() {
        for (text, bytes) in [
            ("0", &[0x80u8][..]),
            ("1", &[0xc1, 2]),
            ("-1", &[0x3e, 100, 102]),
            ("123.45", &[0xc2, 2, 24, 46]),
            ("100", &[0xc2, 2]),
            ("0.01", &[0xc0, 2]),
            ("-123.45", &[0x3d, 100, 78, 56, 102]),
        ] {
            assert_eq!(n(text).to_bytes(), bytes, "{text}");
        }
    }

    #[test]
    fn arithmetic_is_exact() {
        type Operation = fn(Num, Num) -> Result<Num, NumError>;
        let table: [(&str, Operation, &str, &str); 12] = [
            ("0.1", Num::add, "0.2", ".3"),
            (
                "99999999999999999999999999999999999999",
                Num::add,
                "1",
                "100000000000000000000000000000000000000",
            ),
            ("1e20", Num::sub, "1e-18", "99999999999999999999.999999999999999999"),
            ("5", Num::sub, "7.25", "-2.25"),
            (
                "12345678901234567890",
                Num::mul,
                "98765432109876543210",
                "1219326311370217952237463801111263526900",
            ),
            ("-3", Num::mul, "0.5", "-1.5"),
            ("1", Num::div, "3", ".3333333333333333333333333333333333333333"),
            ("2", Num::div, "3", ".6666666666666666666666666666666666666667"),
            ("10", Num::div, "4", "2.5"),
            ("-7", Num::rem, "3", "-1"),
            ("7.5", Num::rem, "2", "1.5"),
            ("2", Num::pow, "100", "1267650600228229401496703205376"),
        ];
        for (a, operation, b, result) in table {
            assert_eq!(operation(n(a), n(b)).unwrap().to_string(), result, "{a} {b}");
        }
        assert_eq!(n("1").div(Num::ZERO), Err(NumError::DivideByZero));
        assert_eq!(n("2").sqrt().unwrap().to_string(), "1.41421356237309504880168872420969807857");
        assert_eq!(n("0.25").sqrt().unwrap().to_string(), ".5");
    }

    #[test]
    fn rounds_by_halves_away_from_zero() {
        for (text, places, rounded, cut) in [
            ("1.25", 1, "1.3", "1.2"),
            ("-1.25", 1, "-1.3", "-1.2"),
            ("1234.5", -2, "1200", "1200"),
            ("99.99", 1, "100", "99.9"),
            ("0.4", 0, "0", "0"),
            ("0.5", 0, "1", "0"),
            ("55", -2, "100", "0"),
        ] {
            assert_eq!(n(text).round(places).unwrap().to_string(), rounded, "{text}");
            assert_eq!(n(text).trunc(places).to_string(), cut, "{text}");
        }
        assert_eq!(n("-1.5").floor().unwrap().to_string(), "-2");
        assert_eq!(n("-1.5").ceil().unwrap().to_string(), "-1");
        assert_eq!(n("-17.9").to_i64(), Some(-17));
    }

    #[test]
    fn bytes_sort_as_the_numbers() {
        let sorted =
            ["-1e100", "-100", "-99.5", "-1", "-1e-100", "0", "1e-100", "0.5", "1", "1e20"];
        for pair in sorted.windows(2) {
            assert!(n(pair[0]) < n(pair[1]), "{pair:?}");
        }
    }
}
