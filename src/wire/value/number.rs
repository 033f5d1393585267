//! NUMBER: sign, power of a hundred, and up to twenty base-100 digits.
//!
//! The first byte is the power of a hundred of the first digit, plus 193, so that a positive
//! number has its top bit set; each digit is stored plus 1. A negative number has all of it
//! complemented (the digits as 101 minus the digit) and ends with [`NEGATIVE_END`] unless it has
//! all twenty digits. Written so, numbers compare as their bytes do (Oracle's "Internal Numeric
//! Format"; python-oracledb `impl/base/decoders.pyx`).

mod convert;
mod text;

use std::fmt;

use crate::error::Error;
use crate::wire::reader::{DecodeError, Decoded};

pub use convert::{decode_f64, decode_i64};
pub use text::{MAX_TEXT_LENGTH, TextBuffer, decode_text};

/// The longest NUMBER: the exponent and twenty digits.
pub const MAX_LENGTH: usize = 1 + MAX_PAIRS;
/// The most base-100 digits that a NUMBER has.
const MAX_PAIRS: usize = 20;
/// The whole of the number zero.
const ZERO: u8 = 0x80;
/// The first byte of a positive number whose first digit counts ones.
const EXPONENT_BIAS: i32 = 193;
/// What closes a negative number with fewer than twenty digits; greater than any of its digits, so
/// that a shorter number compares as greater.
const NEGATIVE_END: u8 = 102;
/// The largest power of a hundred of the first digit: below 1e126.
const MAX_EXPONENT: i32 = 62;
/// The smallest power of a hundred of the first digit: 1e-130.
const MIN_EXPONENT: i32 = -65;
/// Both bytes of positive infinity; negative infinity is a single zero.
const POSITIVE_INFINITY: [u8; 2] = [0xff, 0x65];

/// A NUMBER of the database: exact, up to 40 decimal digits, from 1e-130 to below 1e126, or one of
/// the two infinities. Kept in the form that the wire has, without an allocation.
///
/// Order is that of the values, `-~` first and `~` last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    // Unused bytes are zero, so that comparing the arrays compares the numbers.
    bytes: [u8; MAX_LENGTH],
    length: u8,
}

/// Why something is no NUMBER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The text is not a decimal number (ORA-01722 in the database).
    #[error("a decimal number such as -12.5 or 1e-7 was expected")]
    NotANumber,
    /// More significant digits than a NUMBER holds.
    #[error(
        "the number has more than 40 significant digits (39 where they straddle the decimal \
         point unevenly), which NUMBER cannot hold; round it, or pass it as text"
    )]
    TooManyDigits,
    /// 1e126 or more, or closer to zero than 1e-130 (ORA-01426 in the database).
    #[error("the number is out of the range of NUMBER, 1e-130 to below 1e126")]
    OutOfRange,
}

impl From<NumberError> for Error {
    fn from(error: NumberError) -> Self {
        Error::misuse(error.to_string(), "")
    }
}

impl Number {
    /// Zero.
    pub const ZERO: Number = Number::from_prefix([ZERO, 0], 1);
    /// The infinity that Oracle prints as `~`.
    pub const INFINITY: Number = Number::from_prefix(POSITIVE_INFINITY, 2);
    /// The infinity that Oracle prints as `-~`.
    pub const NEGATIVE_INFINITY: Number = Number::from_prefix([0, 0], 1);

    const fn from_prefix(prefix: [u8; 2], length: u8) -> Number {
        let mut bytes = [0; MAX_LENGTH];
        let [first, second] = prefix;
        if let Some((slot, rest)) = bytes.split_first_mut() {
            *slot = first;
            if let Some((slot, _)) = rest.split_first_mut() {
                *slot = second;
            }
        }
        Number { bytes, length }
    }

    /// Reads the bytes of a NUMBER value, without their length.
    ///
    /// Zeros in front of or behind the digits are dropped, so that equal numbers have equal bytes.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Decoded<Number> {
        let digits = Digits::parse(bytes)?;
        if digits.is_canonical() && bytes.len() <= MAX_LENGTH {
            return Ok(Number::from_canonical(bytes));
        }
        digits.canonicalize()
    }

    /// Appends the bytes of the value, without their length.
    #[inline]
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    /// The value as the wire has it, without its length.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    fn from_canonical(bytes: &[u8]) -> Number {
        let mut number = Number { bytes: [0; MAX_LENGTH], length: 0 };
        if let Some(slots) = number.bytes.get_mut(..bytes.len()) {
            slots.copy_from_slice(bytes);
            number.length = u8::try_from(bytes.len()).unwrap_or_default();
        }
        number
    }

    /// A number from base-100 digits (0 to 99), the first of which is worth `100^exponent`.
    ///
    /// Zeros on both sides are dropped. More than twenty digits, or an exponent out of range, is
    /// an error.
    fn from_pairs(negative: bool, exponent: i32, pairs: &[u8]) -> Result<Number, NumberError> {
        let leading = pairs.iter().take_while(|pair| **pair == 0).count();
        let pairs = pairs.get(leading..).unwrap_or_default();
        let kept = pairs.len() - pairs.iter().rev().take_while(|pair| **pair == 0).count();
        let pairs = pairs.get(..kept).unwrap_or_default();
        if pairs.is_empty() {
            return Ok(Number::ZERO);
        }
        if pairs.len() > MAX_PAIRS {
            return Err(NumberError::TooManyDigits);
        }
        let exponent = i32::try_from(leading)
            .ok()
            .and_then(|leading| exponent.checked_sub(leading))
            .filter(|exponent| (MIN_EXPONENT..=MAX_EXPONENT).contains(exponent))
            .ok_or(NumberError::OutOfRange)?;
        let head = u8::try_from(exponent + EXPONENT_BIAS).map_err(|_| NumberError::OutOfRange)?;
        let mut number = Number { bytes: [0; MAX_LENGTH], length: 0 };
        number.push(if negative { !head } else { head });
        for pair in pairs {
            number.push(if negative { 101 - pair } else { pair + 1 });
        }
        if negative && pairs.len() < MAX_PAIRS {
            number.push(NEGATIVE_END);
        }
        Ok(number)
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(usize::from(self.length)) {
            *slot = byte;
            self.length += 1;
        }
    }

    /// The parts of a finite number. An infinity gives the parts of zero; callers ask
    /// [`Number::is_infinite`] first.
    #[inline]
    fn digits(&self) -> Digits<'_> {
        Digits::split(self.as_bytes())
    }

    /// Whether it is zero.
    #[inline]
    pub fn is_zero(&self) -> bool {
        *self == Number::ZERO
    }

    /// Whether it is less than zero.
    #[inline]
    pub fn is_negative(&self) -> bool {
        self.as_bytes().first().is_some_and(|head| head & 0x80 == 0)
    }

    /// Whether it is one of the two infinities.
    #[inline]
    pub fn is_infinite(&self) -> bool {
        *self == Number::INFINITY || *self == Number::NEGATIVE_INFINITY
    }

    /// Whether it is finite and has no fraction.
    pub fn is_integer(&self) -> bool {
        !self.is_infinite() && self.digits().scale() >= 0
    }
}

impl Default for Number {
    fn default() -> Self {
        Number::ZERO
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

/// The parts of a NUMBER's bytes.
#[derive(Debug, Clone, Copy)]
struct Digits<'a> {
    negative: bool,
    /// Which power of a hundred the first digit counts.
    exponent: i32,
    /// The digits as they are stored, without [`NEGATIVE_END`].
    stored: &'a [u8],
    /// Whether [`NEGATIVE_END`] was there.
    ended: bool,
}

impl<'a> Digits<'a> {
    /// Splits bytes that are known to be a NUMBER. Zero and infinities have no digits.
    #[inline]
    fn split(bytes: &'a [u8]) -> Digits<'a> {
        let (head, mut stored) = match bytes.split_first() {
            Some((head, stored)) if bytes != POSITIVE_INFINITY => (*head, stored),
            _ => (ZERO, &[][..]),
        };
        let negative = head & 0x80 == 0;
        let mut ended = false;
        if negative && let [digits @ .., NEGATIVE_END] = stored {
            stored = digits;
            ended = true;
        }
        let exponent = i32::from(if negative { !head } else { head }) - EXPONENT_BIAS;
        Digits { negative, exponent, stored, ended }
    }

    /// Splits bytes that the peer sent.
    #[inline]
    fn parse(bytes: &'a [u8]) -> Decoded<Digits<'a>> {
        let digits = Digits::split(bytes);
        let stored = digits.stored;
        // Digits are 1 to 100 when positive, 2 to 101 when negative.
        let low = if digits.negative { 2 } else { 1 };
        let in_range = stored.iter().all(|byte| byte.wrapping_sub(low) < 100);
        if in_range && stored.len() <= MAX_PAIRS && !stored.is_empty() {
            return Ok(digits);
        }
        match bytes {
            [ZERO | 0] | [0xff, 0x65] => Ok(digits),
            _ => Err(explain(bytes, digits, low)),
        }
    }

    /// The digits, 0 to 99, the highest first.
    #[inline]
    fn pairs(self) -> impl DoubleEndedIterator<Item = u8> + ExactSizeIterator + 'a {
        let negative = self.negative;
        self.stored.iter().map(move |byte| {
            if negative { 101u8.wrapping_sub(*byte) } else { byte.wrapping_sub(1) }
        })
    }

    /// Which power of a hundred the last digit counts; 0 for zero.
    #[inline]
    fn scale(self) -> i32 {
        match i32::try_from(self.stored.len()) {
            Ok(count @ 1..) => self.exponent - (count - 1),
            _ => 0,
        }
    }

    /// Whether equal numbers could not have other bytes.
    #[inline]
    fn is_canonical(self) -> bool {
        let zero = if self.negative { 101 } else { 1 };
        match self.stored {
            [] => true,
            [first, ..] if *first == zero => false,
            [.., last] if *last == zero => false,
            stored => !self.negative || self.ended == (stored.len() < MAX_PAIRS),
        }
    }

    /// The number with the zeros on both sides dropped.
    #[cold]
    fn canonicalize(self) -> Decoded<Number> {
        let mut pairs = [0; MAX_PAIRS];
        for (slot, pair) in pairs.iter_mut().zip(self.pairs()) {
            *slot = pair;
        }
        Number::from_pairs(self.negative, self.exponent, &pairs)
            .map_err(|error| DecodeError::malformed("NUMBER: exponent", 0, error.to_string()))
    }
}

/// Says what is wrong with bytes that are no NUMBER.
#[cold]
fn explain(bytes: &[u8], digits: Digits<'_>, low: u8) -> DecodeError {
    let Some(head) = bytes.first() else {
        return DecodeError::malformed("NUMBER", 0, "1 to 21 bytes were expected, none came");
    };
    if digits.stored.len() > MAX_PAIRS {
        let detail = format!("at most 20 digits were expected, {} came", digits.stored.len());
        return DecodeError::malformed("NUMBER: digits", 1, detail);
    }
    match digits.stored.iter().position(|byte| byte.wrapping_sub(low) >= 100) {
        Some(index) => {
            let byte = digits.stored.get(index).copied().unwrap_or_default();
            let high = low + 99;
            let detail = format!("a digit of {low} to {high} was expected, {byte} came");
            DecodeError::malformed("NUMBER: digit", index + 1, detail)
        }
        None => {
            let detail = format!("an exponent byte of {head:#04x} is not followed by digits");
            DecodeError::malformed("NUMBER: exponent", 0, detail)
        }
    }
}
