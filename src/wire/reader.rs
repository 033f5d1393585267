//! A borrowing reader over bytes that the peer sent, with named failures.
//!
//! Running out of bytes is its own failure, [`DecodeError::Short`], so that a caller that may get
//! more bytes can go back to its last save point and wait. Lengths are checked against what is
//! there before anything is taken.

use std::borrow::Cow;

use crate::error::{Error, Malformed};

/// The first byte of a length that says "in pieces, each with its own length, until a zero".
pub const LONG_LENGTH_INDICATOR: u8 = 0xfe;
/// The first byte of a length that says "null".
pub const NULL_LENGTH_INDICATOR: u8 = 0xff;
/// The first byte of a value that says "something special follows" (a null BOOLEAN, for one).
pub const ESCAPE_CHAR: u8 = 0xfd;
/// The longest value whose length fits in its one length byte.
pub const MAX_SHORT_LENGTH: usize = 252;

/// Why bytes did not decode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end inside `field`; at least `needed` more are wanted.
    Short {
        /// The field in the words of the protocol.
        field: &'static str,
        /// Offset at which the field begins, in bytes.
        offset: usize,
        /// How many bytes at least are missing.
        needed: usize,
    },
    /// More bytes will not help.
    Malformed(Malformed),
}

impl DecodeError {
    /// A failure that more bytes will not mend.
    pub fn malformed(
        field: &'static str,
        offset: usize,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        DecodeError::Malformed(Malformed { field, offset, detail: detail.into() })
    }
}

impl From<Malformed> for DecodeError {
    fn from(malformed: Malformed) -> Self {
        DecodeError::Malformed(malformed)
    }
}

impl From<DecodeError> for Malformed {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Malformed(malformed) => malformed,
            DecodeError::Short { field, offset, needed } => Malformed {
                field,
                offset,
                detail: format!("{needed} more bytes were expected").into(),
            },
        }
    }
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Error::Malformed(error.into())
    }
}

/// The result of decoding one thing.
pub type Decoded<T> = Result<T, DecodeError>;

/// Where a length-prefixed value lies in the bytes that it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// No value.
    Null,
    /// `start..end` is the value.
    Plain {
        /// Offset of the first byte.
        start: usize,
        /// Offset behind the last byte.
        end: usize,
    },
    /// `start..end` holds pieces, each with its own length, and the closing zero.
    Chunked {
        /// Offset of the first piece's length.
        start: usize,
        /// Offset behind the closing zero.
        end: usize,
    },
}

/// A position in bytes that the peer sent.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Where the last value that came in pieces has its next piece.
    scanned: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, position: 0, scanned: 0 }
    }

    /// Starts at `position`; offsets in failures count from the first of `bytes`.
    pub fn at(bytes: &'a [u8], position: usize) -> Self {
        Reader { bytes, position: position.min(bytes.len()), scanned: 0 }
    }

    /// Offset of the next byte.
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// Everything that is left, without taking it.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    /// All the bytes, taken or not; offsets and spans count in them.
    pub fn whole(&self) -> &'a [u8] {
        self.bytes
    }

    /// The next byte, without taking it.
    pub fn peek(&self, field: &'static str) -> Decoded<u8> {
        self.bytes.get(self.position).copied().ok_or(DecodeError::Short {
            field,
            offset: self.position,
            needed: 1,
        })
    }

    /// A failure at the current position.
    pub fn malformed(
        &self,
        field: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> DecodeError {
        DecodeError::malformed(field, self.position, detail)
    }

    /// Fails unless everything was taken.
    pub fn finish(&self, field: &'static str) -> Decoded<()> {
        if self.is_empty() {
            return Ok(());
        }
        Err(self.malformed(field, format!("{} bytes are left over", self.remaining())))
    }

    /// Exactly `length` bytes.
    #[inline]
    pub fn raw(&mut self, length: usize, field: &'static str) -> Decoded<&'a [u8]> {
        let taken =
            self.position.checked_add(length).and_then(|end| self.bytes.get(self.position..end));
        match taken {
            Some(bytes) => {
                self.position += length;
                Ok(bytes)
            }
            None => Err(DecodeError::Short {
                field,
                offset: self.position,
                needed: length.saturating_sub(self.remaining()),
            }),
        }
    }

    /// Exactly `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Decoded<[u8; N]> {
        let bytes = self.raw(N, field)?;
        let mut array = [0; N];
        array.copy_from_slice(bytes);
        Ok(array)
    }

    /// Passes over `length` bytes.
    #[inline]
    pub fn skip(&mut self, length: usize, field: &'static str) -> Decoded<()> {
        self.raw(length, field).map(|_| ())
    }

    /// One byte.
    #[inline]
    pub fn u8(&mut self, field: &'static str) -> Decoded<u8> {
        let byte = self.peek(field)?;
        self.position += 1;
        Ok(byte)
    }

    /// Two bytes, the high one first.
    pub fn u16_be(&mut self, field: &'static str) -> Decoded<u16> {
        Ok(u16::from_be_bytes(self.array(field)?))
    }

    /// Two bytes, the low one first.
    pub fn u16_le(&mut self, field: &'static str) -> Decoded<u16> {
        Ok(u16::from_le_bytes(self.array(field)?))
    }

    /// Four bytes, the high one first.
    pub fn u32_be(&mut self, field: &'static str) -> Decoded<u32> {
        Ok(u32::from_be_bytes(self.array(field)?))
    }

    /// A number with its length (0 to 8 bytes) in front, the high byte first. The length's top bit
    /// marks a negative number.
    #[inline]
    fn sized(&mut self, limit: u8, field: &'static str) -> Decoded<(bool, u64)> {
        let start = self.position;
        let head = self.u8(field)?;
        let (negative, length) = (head & 0x80 != 0, head & 0x7f);
        if length > limit {
            return Err(DecodeError::malformed(
                field,
                start,
                format!("a length of 0 to {limit} was expected, {length} came"),
            ));
        }
        let digits = match self.raw(usize::from(length), field) {
            Ok(digits) => digits,
            Err(error) => {
                self.position = start;
                return Err(error);
            }
        };
        Ok((negative, digits.iter().fold(0, |value, digit| value << 8 | u64::from(*digit))))
    }

    fn unsigned(&mut self, limit: u8, field: &'static str) -> Decoded<u64> {
        let start = self.position;
        match self.sized(limit, field)? {
            (false, value) => Ok(value),
            (true, _) => Err(DecodeError::malformed(field, start, "a negative number came")),
        }
    }

    /// A number of up to two bytes with its length in front.
    #[inline]
    pub fn ub2(&mut self, field: &'static str) -> Decoded<u16> {
        let value = self.unsigned(2, field)?;
        Ok(u16::try_from(value).unwrap_or(u16::MAX))
    }

    /// A number of up to four bytes with its length in front.
    #[inline]
    pub fn ub4(&mut self, field: &'static str) -> Decoded<u32> {
        let value = self.unsigned(4, field)?;
        Ok(u32::try_from(value).unwrap_or(u32::MAX))
    }

    /// A number of up to eight bytes with its length in front.
    #[inline]
    pub fn ub8(&mut self, field: &'static str) -> Decoded<u64> {
        self.unsigned(8, field)
    }

    /// A signed number of up to two bytes with its length in front.
    pub fn sb2(&mut self, field: &'static str) -> Decoded<i16> {
        let start = self.position;
        let value = self.signed(2, field)?;
        i16::try_from(value)
            .map_err(|_| DecodeError::malformed(field, start, format!("{value} is out of range")))
    }

    /// A signed number of up to four bytes with its length in front.
    pub fn sb4(&mut self, field: &'static str) -> Decoded<i32> {
        let start = self.position;
        let value = self.signed(4, field)?;
        i32::try_from(value)
            .map_err(|_| DecodeError::malformed(field, start, format!("{value} is out of range")))
    }

    fn signed(&mut self, limit: u8, field: &'static str) -> Decoded<i64> {
        let (negative, value) = self.sized(limit, field)?;
        let value = i64::try_from(value)
            .map_err(|_| self.malformed(field, format!("{value} is out of range")))?;
        Ok(if negative { -value } else { value })
    }

    /// Where the next length-prefixed value lies; passes over it.
    #[inline]
    pub fn span(&mut self, field: &'static str) -> Decoded<Span> {
        self.span_from(field, 0)
    }

    /// [`Reader::span`] of a value that was cut short before, when its pieces up to `scanned` had
    /// been passed over ([`Reader::scanned`]). They are not looked at again, so that a long value
    /// costs time in proportion to its length however it arrives.
    #[inline]
    pub fn span_from(&mut self, field: &'static str, scanned: usize) -> Decoded<Span> {
        let begin = self.position;
        self.scanned = 0;
        let head = self.u8(field)?;
        let result = match head {
            0 | NULL_LENGTH_INDICATOR => return Ok(Span::Null),
            LONG_LENGTH_INDICATOR => self.chunks(field, scanned),
            length => self
                .raw(usize::from(length), field)
                .map(|_| Span::Plain { start: begin + 1, end: begin + 1 + usize::from(length) }),
        };
        if result.is_err() {
            self.position = begin;
        }
        result
    }

    /// How far the pieces of the value that was read last were passed over; 0 unless it came in
    /// pieces.
    pub fn scanned(&self) -> usize {
        self.scanned
    }

    /// Goes to `position`, counted from the first of all bytes.
    pub fn seek(&mut self, position: usize) {
        self.position = position.min(self.bytes.len());
    }

    fn chunks(&mut self, field: &'static str, scanned: usize) -> Decoded<Span> {
        let start = self.position;
        self.seek(start.max(scanned));
        loop {
            self.scanned = self.position;
            let length = self.ub4(field)?;
            if length == 0 {
                return Ok(Span::Chunked { start, end: self.position });
            }
            self.skip(usize::try_from(length).unwrap_or(usize::MAX), field)?;
        }
    }

    /// A length-prefixed value; `None` is null. Borrowed unless it came in several pieces.
    pub fn bytes(&mut self, field: &'static str) -> Decoded<Option<Cow<'a, [u8]>>> {
        let span = self.span(field)?;
        Ok(span_bytes(self.bytes, span))
    }

    /// A value whose length comes twice: as a number, then in front of the bytes. Zero is `None`.
    pub fn bytes_with_length(&mut self, field: &'static str) -> Decoded<Option<Cow<'a, [u8]>>> {
        if self.ub4(field)? == 0 {
            return Ok(None);
        }
        self.bytes(field)
    }

    /// [`Reader::bytes_with_length`] as text.
    pub fn text_with_length(&mut self, field: &'static str) -> Decoded<Option<String>> {
        Ok(self.bytes_with_length(field)?.map(lossy_text))
    }

    /// [`Reader::bytes`] as text.
    pub fn text(&mut self, field: &'static str) -> Decoded<Option<String>> {
        Ok(self.bytes(field)?.map(lossy_text))
    }

    /// Bytes up to a zero, which is taken as well.
    pub fn until_zero(&mut self, field: &'static str) -> Decoded<&'a [u8]> {
        let rest = self.rest();
        match rest.iter().position(|byte| *byte == 0) {
            Some(length) => {
                self.position += length + 1;
                Ok(rest.get(..length).unwrap_or_default())
            }
            None => Err(DecodeError::Short { field, offset: self.position, needed: 1 }),
        }
    }
}

fn lossy_text(bytes: Cow<'_, [u8]>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The value at `span` of `bytes`, joined if it came in several pieces.
pub fn span_bytes(bytes: &[u8], span: Span) -> Option<Cow<'_, [u8]>> {
    match span {
        Span::Null => None,
        Span::Plain { start, end } => bytes.get(start..end).map(Cow::Borrowed),
        Span::Chunked { start, end } => {
            Some(join_chunks(bytes.get(start..end).unwrap_or_default()))
        }
    }
}

/// Joins the pieces of a value that [`Span::Chunked`] covers. One piece is borrowed.
pub fn join_chunks(pieces: &[u8]) -> Cow<'_, [u8]> {
    let mut reader = Reader::new(pieces);
    let mut joined = Cow::Borrowed(&[][..]);
    while let Ok(length @ 1..) = reader.ub4("piece length") {
        let Ok(piece) = reader.raw(usize::try_from(length).unwrap_or(usize::MAX), "piece") else {
            break;
        };
        if joined.is_empty() {
            joined = Cow::Borrowed(piece);
        } else {
            joined.to_mut().extend_from_slice(piece);
        }
    }
    joined
}
