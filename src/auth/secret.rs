//! A value that redacts itself and is zeroed on drop.

use std::fmt;

use zeroize::Zeroizing;

/// A password, a token or a key: `Debug` shows nothing of it, there is no `Display`, and its bytes
/// are zeroed when it is dropped.
///
/// It can only be made from owned text or bytes, or by copying borrowed ones; the caller's own copy
/// stays the caller's to clear.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over without copying them.
    pub fn new(bytes: Vec<u8>) -> Self {
        Secret(Zeroizing::new(bytes))
    }

    /// The bytes themselves. Text is in UTF-8.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The secret as text; `None` if it is not UTF-8.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Secret::new(text.into_bytes())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Secret::new(text.as_bytes().to_vec())
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Secret::new(bytes)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_text_nor_length() {
        assert_eq!(format!("{:?}", Secret::from("tiger")), "Secret(redacted)");
        assert_eq!(format!("{:#?}", Secret::default()), "Secret(redacted)");
    }

    #[test]
    fn text_that_is_not_utf8_is_bytes_only() {
        let secret = Secret::new(vec![0xff, 0x00]);
        assert_eq!(secret.expose_text(), None);
        assert_eq!(secret.expose(), [0xff, 0x00]);
    }
}
