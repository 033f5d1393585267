//! Text: UTF-8 where the character set form is the database's, UTF-16 with the high byte first
//! where it is the national one. Every connection is negotiated so (AL32UTF8 and AL16UTF16).
//!
//! Text that is broken is still text: what does not decode becomes U+FFFD, as in the JavaScript
//! driver. Databases do hold such text, and one bad row must not make a table unreadable.

use std::borrow::Cow;

use super::db_type::DbType;
use crate::wire::reader::{DecodeError, Decoded};

/// The bytes of a text value of `db_type` as text, borrowed where they can be.
pub fn decode(db_type: DbType, bytes: &[u8]) -> Decoded<Cow<'_, str>> {
    if db_type.is_national() {
        let mut text = String::new();
        decode_utf16(bytes, &mut text)?;
        Ok(Cow::Owned(text))
    } else {
        Ok(String::from_utf8_lossy(bytes))
    }
}

/// Appends UTF-16 text, the high byte first, to `out`.
pub fn decode_utf16(bytes: &[u8], out: &mut String) -> Decoded<()> {
    let (units, []) = bytes.as_chunks::<2>() else {
        let detail = format!("an even number of bytes was expected, {} came", bytes.len());
        return Err(DecodeError::malformed("UTF-16 text", bytes.len(), detail));
    };
    out.reserve(units.len());
    let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
    out.extend(
        char::decode_utf16(units).map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER)),
    );
    Ok(())
}

/// Appends the bytes of a text value of `db_type`, without their length.
pub fn encode(db_type: DbType, text: &str, out: &mut Vec<u8>) {
    if db_type.is_national() {
        out.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_surrogate_pair_is_replaced() {
        let mut text = String::new();
        decode_utf16(&[0xd8, 0x3c, 0, b'x'], &mut text).unwrap();
        assert_eq!(text, "\u{fffd}x");
    }

    #[test]
    fn half_a_code_unit_is_malformed() {
        assert!(decode(DbType::Nchar, &[0]).is_err());
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced() {
        assert_eq!(decode(DbType::Varchar, b"a\xffb").unwrap(), "a\u{fffd}b");
    }
}
