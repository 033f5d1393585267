//! Numbers and values as servers write them.

use oraedge::wire::Writer;
use oraedge::wire::reader::{LONG_LENGTH_INDICATOR, MAX_SHORT_LENGTH};
use oraedge::wire::writer::CHUNK_LENGTH;

/// What servers write otherwise than clients: their numbers take as few bytes as hold the value,
/// three included (recorded: `03 22b1c4` for an SCN).
pub trait ServerWriter {
    /// A number with its length in front.
    fn uint(&mut self, value: u64);

    /// A signed number with its length in front; the length's top bit marks a negative one.
    fn sint(&mut self, value: i64);

    /// A value with its length in front; pieces where one byte does not hold the length.
    fn value(&mut self, value: &[u8]);

    /// A value whose length comes twice; a single zero if it is empty.
    fn counted(&mut self, value: &[u8]);

    /// As many zeros, each a number, a null or an empty value.
    fn zeros(&mut self, count: usize);
}

impl ServerWriter for Writer {
    fn uint(&mut self, value: u64) {
        let bytes = value.to_be_bytes();
        let skipped = value.leading_zeros() as usize / 8;
        let digits = &bytes[skipped..];
        self.u8(digits.len() as u8);
        self.raw(digits);
    }

    fn sint(&mut self, value: i64) {
        let at = self.len();
        self.uint(value.unsigned_abs());
        if value < 0 {
            self.vec_mut()[at] |= 0x80;
        }
    }

    fn value(&mut self, value: &[u8]) {
        if value.len() <= MAX_SHORT_LENGTH {
            self.u8(value.len() as u8);
            self.raw(value);
            return;
        }
        self.u8(LONG_LENGTH_INDICATOR);
        for piece in value.chunks(CHUNK_LENGTH) {
            self.uint(piece.len() as u64);
            self.raw(piece);
        }
        self.uint(0);
    }

    fn counted(&mut self, value: &[u8]) {
        self.uint(value.len() as u64);
        if !value.is_empty() {
            self.value(value);
        }
    }

    fn zeros(&mut self, count: usize) {
        let length = self.len() + count;
        self.vec_mut().resize(length, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_as_few_bytes_as_hold_them() {
        for (number, bytes) in [
            (0, &[0][..]),
            (1, &[1, 1]),
            (0x0100, &[2, 1, 0]),
            (0x22_b1c4, &[3, 0x22, 0xb1, 0xc4]),
            (u64::MAX, &[8, 255, 255, 255, 255, 255, 255, 255, 255]),
        ] {
            let mut writer = Writer::new();
            writer.uint(number);
            assert_eq!(writer.as_slice(), bytes);
        }
        let mut writer = Writer::new();
        writer.sint(-2);
        assert_eq!(writer.as_slice(), [0x81, 2]);
    }

    #[test]
    fn long_values_come_in_pieces_and_end_with_a_zero() {
        let mut writer = Writer::new();
        writer.value(&[b'x'; 40_000]);
        let bytes = writer.into_vec();
        assert_eq!(bytes[..4], [0xfe, 2, 0x7f, 0xff]);
        assert_eq!(bytes[4 + 32767..][..3], [2, 0x1c, 0x41]);
        assert_eq!(bytes.last(), Some(&0));
    }
}
