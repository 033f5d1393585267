//! NUMBER to and from the numbers of Rust.

use std::fmt::Write as _;

use super::text::TextBuffer;
use super::{Digits, Number, NumberError};
use crate::wire::reader::Decoded;

/// As many base-100 digits as fit a `u64` whatever they are.
const MAX_U64_PAIRS: usize = 9;
/// Whole numbers up to here are exact in an `f64`.
const MAX_EXACT_F64: u64 = 1 << f64::MANTISSA_DIGITS;
/// The powers of ten that an `f64` holds exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

impl Digits<'_> {
    /// The digits as one whole number, and the power of a hundred that it counts; `None` if it may
    /// not fit.
    #[inline]
    fn whole(self) -> Option<(u64, i32)> {
        if self.stored.len() > MAX_U64_PAIRS {
            return None;
        }
        let whole = self.pairs().fold(0, |whole, pair| whole * 100 + u64::from(pair));
        Some((whole, self.scale()))
    }

    #[inline]
    fn to_i64(self) -> Option<i64> {
        let (whole, scale) = self.whole()?;
        let scale = u32::try_from(scale).ok()?;
        let whole = i64::try_from(whole).ok()?.checked_mul(100i64.checked_pow(scale)?)?;
        Some(if self.negative { -whole } else { whole })
    }

    /// The nearest `f64`, where two exact ones and one operation give it.
    #[inline]
    fn to_exact_f64(self) -> Option<f64> {
        let (whole, scale) = self.whole()?;
        #[expect(clippy::cast_precision_loss, reason = "a single rounding is what is wanted")]
        let value = whole as f64;
        let value = match scale {
            0 => value,
            _ if whole > MAX_EXACT_F64 => return None,
            scale => {
                let power = usize::try_from(scale.unsigned_abs()).ok()?.checked_mul(2)?;
                let power = *POWERS_OF_TEN.get(power)?;
                if scale < 0 { value / power } else { value * power }
            }
        };
        Some(if self.negative { -value } else { value })
    }
}

/// The bytes of a NUMBER value, without their length, as the nearest `f64`.
///
/// The same as [`Number::decode`] and [`Number::to_f64`], without a copy on the way.
#[inline]
pub fn decode_f64(bytes: &[u8]) -> Decoded<f64> {
    let digits = Digits::parse(bytes)?;
    match digits.to_exact_f64() {
        // Zero and the infinities have no digits.
        Some(value) if !digits.stored.is_empty() => Ok(value),
        _ => Ok(Number::decode(bytes)?.to_f64()),
    }
}

/// The bytes of a NUMBER value, without their length, as an `i64`; `None` if it has a fraction or
/// is out of range.
///
/// The same as [`Number::decode`] and [`Number::to_i64`], without a copy on the way.
#[inline]
pub fn decode_i64(bytes: &[u8]) -> Decoded<Option<i64>> {
    let digits = Digits::parse(bytes)?;
    match digits.to_i64() {
        Some(value) if !digits.stored.is_empty() => Ok(Some(value)),
        _ => Ok(Number::decode(bytes)?.to_i64()),
    }
}

impl Number {
    /// The number as an `i64`; `None` if it has a fraction or is out of range.
    #[inline]
    pub fn to_i64(&self) -> Option<i64> {
        if self.is_infinite() {
            return None;
        }
        let digits = self.digits();
        match digits.to_i64() {
            Some(value) => Some(value),
            None => i64::try_from(self.to_i128()?).ok(),
        }
    }

    /// The number as an `i128`; `None` if it has a fraction or is out of range.
    pub fn to_i128(&self) -> Option<i128> {
        if self.is_infinite() {
            return None;
        }
        let digits = self.digits();
        let scale = u32::try_from(digits.scale()).ok()?;
        let power = 100i128.checked_pow(scale)?;
        // Built downwards: the smallest has no positive counterpart.
        let mut whole = 0i128;
        for pair in digits.pairs() {
            whole = whole.checked_mul(100)?.checked_sub(i128::from(pair))?;
        }
        let whole = whole.checked_mul(power)?;
        if digits.negative { Some(whole) } else { whole.checked_neg() }
    }

    /// The nearest `f64`, correctly rounded; the infinities of `f64` for those of NUMBER.
    #[inline]
    pub fn to_f64(&self) -> f64 {
        if self.is_infinite() {
            return if self.is_negative() { f64::NEG_INFINITY } else { f64::INFINITY };
        }
        match self.digits().to_exact_f64() {
            Some(value) => value,
            // The text is always one that the standard library reads.
            None => self.scientific(&mut TextBuffer::default()).parse().unwrap_or(f64::NAN),
        }
    }

    /// The number with the fewest digits that reads back as `value`.
    ///
    /// # Errors
    ///
    /// NaN is [`NumberError::NotANumber`]; infinities and what is too large or too close to zero
    /// for NUMBER are [`NumberError::OutOfRange`].
    pub fn from_f64(value: f64) -> Result<Number, NumberError> {
        if let Some(number) = Number::from_few_digits(value) {
            return Ok(number);
        }
        Number::from_shortest(value.is_nan(), value.is_infinite(), format_args!("{value:e}"))
    }

    /// [`Number::from_f64`] of an `f32`, with the fewest digits that tell it from other `f32`s.
    pub fn from_f32(value: f32) -> Result<Number, NumberError> {
        Number::from_shortest(value.is_nan(), value.is_infinite(), format_args!("{value:e}"))
    }

    /// [`Number::from_f64`] of a value with at most fifteen digits and four decimal places, as
    /// counts and amounts are, without going by text; `None` for all others.
    ///
    /// The quotient of two exact doubles is rounded once, so the decimal reads back as `value`; and
    /// of the decimals with so few digits no other one does, which makes it the shortest.
    fn from_few_digits(value: f64) -> Option<Number> {
        const LIMIT: f64 = 1e15;
        [(0, 1.0), (1, 1e2), (2, 1e4)].into_iter().find_map(|(pairs_behind, power)| {
            let whole = (value * power).round_ties_even();
            if whole.abs() >= LIMIT || whole / power != value {
                return None;
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "below LIMIT"
            )]
            let mut rest = whole.abs() as u64;
            let mut pairs = [0; 8];
            for pair in pairs.iter_mut().rev() {
                *pair = u8::try_from(rest % 100).unwrap_or_default();
                rest /= 100;
            }
            Number::from_pairs(whole < 0.0, 7 - pairs_behind, &pairs).ok()
        })
    }

    fn from_shortest(
        is_nan: bool,
        is_infinite: bool,
        text: std::fmt::Arguments<'_>,
    ) -> Result<Number, NumberError> {
        if is_nan {
            return Err(NumberError::NotANumber);
        }
        if is_infinite {
            return Err(NumberError::OutOfRange);
        }
        let mut buffer = TextBuffer::default();
        // Writing to the buffer cannot fail.
        let _ = buffer.write_fmt(text);
        buffer.as_str().parse()
    }

    fn from_magnitude(negative: bool, magnitude: u128) -> Number {
        let mut pairs = [0; 20];
        let mut rest = magnitude;
        for pair in pairs.iter_mut().rev() {
            *pair = u8::try_from(rest % 100).unwrap_or_default();
            rest /= 100;
        }
        // Twenty digits hold every u128, and 100^19 is in range.
        Number::from_pairs(negative, 19, &pairs).unwrap_or_default()
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        let mut pairs = [0; 10];
        let mut rest = value;
        for pair in pairs.iter_mut().rev() {
            *pair = u8::try_from(rest % 100).unwrap_or_default();
            rest /= 100;
        }
        // Ten digits hold every u64, and 100^9 is in range.
        Number::from_pairs(false, 9, &pairs).unwrap_or_default()
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        let magnitude = Number::from(value.unsigned_abs());
        if value < 0 { -magnitude } else { magnitude }
    }
}

impl From<u128> for Number {
    fn from(value: u128) -> Self {
        Number::from_magnitude(false, value)
    }
}

impl From<i128> for Number {
    fn from(value: i128) -> Self {
        Number::from_magnitude(value < 0, value.unsigned_abs())
    }
}

macro_rules! from_small {
    ($($small:ty => $wide:ty),*) => {$(
        impl From<$small> for Number {
            fn from(value: $small) -> Self {
                Number::from(<$wide>::from(value))
            }
        }
    )*};
}

from_small!(i8 => i64, i16 => i64, i32 => i64, u8 => u64, u16 => u64, u32 => u64);

impl std::ops::Neg for Number {
    type Output = Number;

    fn neg(self) -> Number {
        if self == Number::INFINITY {
            return Number::NEGATIVE_INFINITY;
        }
        if self == Number::NEGATIVE_INFINITY {
            return Number::INFINITY;
        }
        let digits = self.digits();
        let mut pairs = [0; super::MAX_PAIRS];
        for (slot, pair) in pairs.iter_mut().zip(digits.pairs()) {
            *slot = pair;
        }
        Number::from_pairs(!digits.negative, digits.exponent, &pairs).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By way of text, which needs no argument about digits.
    fn by_text(value: f64) -> Result<Number, NumberError> {
        format!("{value:e}").parse()
    }

    #[test]
    fn few_digits_give_the_number_that_the_text_gives() {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        for round in 0..20_000u32 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let digits = 10u64.pow(round % 17);
            let whole = (seed % (digits * 10)) as f64;
            let value = whole / 10f64.powi(i32::try_from(round % 7).unwrap());
            for value in [value, -value] {
                assert_eq!(Number::from_f64(value), by_text(value), "{value:e}");
            }
        }
        for value in [0.0, -0.0, 0.1, 0.07, 1.005, 1e15, 1e15 - 1.0, 1e22, 0.00005, f64::EPSILON] {
            assert_eq!(Number::from_f64(value), by_text(value), "{value:e}");
        }
    }
}
