//! BINARY_FLOAT and BINARY_DOUBLE: IEEE 754, the high byte first, bent so that values compare as
//! their bytes do: the sign bit of a positive value is set, all bits of a negative one are flipped.
//!
//! Like the database, the encoders know one zero and one NaN.

use crate::wire::reader::{DecodeError, Decoded};

/// Reads the bytes of a BINARY_FLOAT value, without their length.
#[inline]
pub fn decode_f32(bytes: &[u8]) -> Decoded<f32> {
    let Ok(array) = <[u8; 4]>::try_from(bytes) else {
        return Err(bad_length("BINARY_FLOAT", 4, bytes.len()));
    };
    let bits = u32::from_be_bytes(array);
    let positive = bits & (1 << 31) != 0;
    Ok(f32::from_bits(if positive { bits & !(1 << 31) } else { !bits }))
}

/// Reads the bytes of a BINARY_DOUBLE value, without their length.
#[inline]
pub fn decode_f64(bytes: &[u8]) -> Decoded<f64> {
    let Ok(array) = <[u8; 8]>::try_from(bytes) else {
        return Err(bad_length("BINARY_DOUBLE", 8, bytes.len()));
    };
    let bits = u64::from_be_bytes(array);
    let positive = bits & (1 << 63) != 0;
    Ok(f64::from_bits(if positive { bits & !(1 << 63) } else { !bits }))
}

/// Appends the bytes of a BINARY_FLOAT value, without their length.
#[inline]
pub fn encode_f32(value: f32, out: &mut Vec<u8>) {
    let bits = if value.is_nan() { f32::NAN.to_bits() } else { (value + 0.0).to_bits() };
    let negative = bits & (1 << 31) != 0;
    out.extend_from_slice(&(if negative { !bits } else { bits | 1 << 31 }).to_be_bytes());
}

/// Appends the bytes of a BINARY_DOUBLE value, without their length.
#[inline]
pub fn encode_f64(value: f64, out: &mut Vec<u8>) {
    let bits = if value.is_nan() { f64::NAN.to_bits() } else { (value + 0.0).to_bits() };
    let negative = bits & (1 << 63) != 0;
    out.extend_from_slice(&(if negative { !bits } else { bits | 1 << 63 }).to_be_bytes());
}

#[cold]
fn bad_length(field: &'static str, expected: usize, came: usize) -> DecodeError {
    DecodeError::malformed(field, 0, format!("{expected} bytes were expected, {came} came"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_compare_as_their_bytes() {
        let values = [f64::NEG_INFINITY, -1e300, -1.5, -1e-300, 0.0, 1e-300, 1.5, f64::INFINITY];
        let encoded = values.map(|value| {
            let mut bytes = Vec::new();
            encode_f64(value, &mut bytes);
            assert_eq!(decode_f64(&bytes), Ok(value));
            bytes
        });
        assert!(encoded.is_sorted());
    }

    #[test]
    fn there_is_one_zero_and_one_nan() {
        let mut bytes = Vec::new();
        encode_f64(-0.0, &mut bytes);
        encode_f32(-0.0, &mut bytes);
        assert_eq!(bytes, [0x80, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0]);
        bytes.clear();
        encode_f64(-f64::NAN, &mut bytes);
        assert_eq!(bytes, [0xff, 0xf8, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn another_length_is_malformed() {
        assert!(decode_f32(&[0; 3]).is_err());
        assert!(decode_f64(&[0; 9]).is_err());
    }
}
