//! BOOLEAN: the last byte is 1 for true and 0 for false.

use crate::wire::reader::{DecodeError, Decoded};

/// True as the official drivers and servers write it.
const TRUE: [u8; 2] = [1, 1];
/// False as the official drivers and servers write it.
const FALSE: [u8; 1] = [0];

/// Reads the bytes of a BOOLEAN value, without their length. Like the official drivers it looks
/// at the last byte alone.
#[inline]
pub fn decode(bytes: &[u8]) -> Decoded<bool> {
    match bytes.last() {
        Some(last) => Ok(*last == 1),
        None => Err(DecodeError::malformed("BOOLEAN", 0, "1 or 2 bytes were expected, none came")),
    }
}

/// Appends the bytes of a BOOLEAN value, without their length.
pub fn encode(value: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if value { &TRUE } else { &FALSE });
}
