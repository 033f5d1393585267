//! Typed values to bytes: the counterpart of [`super::Reader`].

use super::reader::{LONG_LENGTH_INDICATOR, MAX_SHORT_LENGTH};

/// Pieces of a long value are at most this long, as the official thin drivers cut them.
pub const CHUNK_LENGTH: usize = 32767;

/// Builds one message.
#[derive(Debug, Default, Clone)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty message.
    pub fn new() -> Self {
        Writer::default()
    }

    /// Goes on behind what is in `bytes`, so that a buffer can be used again.
    pub fn with(bytes: Vec<u8>) -> Self {
        Writer { bytes }
    }

    /// What was written so far.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes were written so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The finished message.
    pub fn into_vec(self) -> Vec<u8> {
        self.bytes
    }

    /// The bytes themselves, for an encoder that appends to a vector.
    pub fn vec_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Two bytes, the high one first.
    pub fn u16_be(&mut self, value: u16) {
        self.raw(&value.to_be_bytes());
    }

    /// Two bytes, the low one first.
    pub fn u16_le(&mut self, value: u16) {
        self.raw(&value.to_le_bytes());
    }

    /// Four bytes, the high one first.
    pub fn u32_be(&mut self, value: u32) {
        self.raw(&value.to_be_bytes());
    }

    /// Eight bytes, the high one first.
    pub fn u64_be(&mut self, value: u64) {
        self.raw(&value.to_be_bytes());
    }

    /// A number with its length in front, in as few bytes as the official drivers use.
    ///
    /// They know lengths 0, 1, 2, 4 and 8, never 3 or 5, which the recorded requests confirm.
    pub fn ub8(&mut self, value: u64) {
        let bytes = value.to_be_bytes();
        let length = match value {
            0 => 0,
            1..=0xff => 1,
            0x100..=0xffff => 2,
            0x1_0000..=0xffff_ffff => 4,
            _ => 8,
        };
        self.u8(length);
        for byte in bytes.iter().skip(8 - usize::from(length)) {
            self.u8(*byte);
        }
    }

    /// [`Writer::ub8`] of a number of up to four bytes.
    pub fn ub4(&mut self, value: u32) {
        self.ub8(u64::from(value));
    }

    /// [`Writer::ub8`] of a number of up to two bytes.
    pub fn ub2(&mut self, value: u16) {
        self.ub8(u64::from(value));
    }

    /// A signed number with its length in front; the length's top bit marks a negative one.
    pub fn sb4(&mut self, value: i32) {
        let at = self.bytes.len();
        self.ub8(u64::from(value.unsigned_abs()));
        if value < 0
            && let Some(head) = self.bytes.get_mut(at)
        {
            *head |= 0x80;
        }
    }

    /// A value with its length in front: one byte, or pieces where that is not enough. An empty
    /// value is null.
    pub fn bytes(&mut self, value: &[u8]) {
        match u8::try_from(value.len()) {
            Ok(length) if value.len() <= MAX_SHORT_LENGTH => {
                self.u8(length);
                self.raw(value);
            }
            _ => {
                self.u8(LONG_LENGTH_INDICATOR);
                for piece in value.chunks(CHUNK_LENGTH) {
                    self.ub8(piece.len() as u64);
                    self.raw(piece);
                }
                self.ub4(0);
            }
        }
    }

    /// A value whose length comes twice: as a number, then in front of the bytes. Empty is a
    /// single zero.
    pub fn bytes_with_length(&mut self, value: &[u8]) {
        self.ub8(value.len() as u64);
        if !value.is_empty() {
            self.bytes(value);
        }
    }
}
