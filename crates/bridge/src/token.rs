//! The bearer token that a bridge may ask for.

use std::fmt;

use serde::Deserialize;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret that is compared in constant time, never shown, and wiped when dropped.
#[derive(Clone, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub(crate) struct Token(String);

impl Token {
    /// White space around it does not count: it comes from a file as a rule.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Token(text.to_owned()))
    }

    /// Its text, for whoever checks it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_equal_to_itself_alone_and_never_shown() {
        let token = Token::new(" geheim\n").unwrap();
        assert_eq!(token, Token::new("geheim").unwrap());
        assert_ne!(token, Token::new("Geheim").unwrap());
        assert_ne!(token, Token::new("geheim2").unwrap());
        assert!(Token::new(" \n").is_none());
        assert!(!format!("{token:?}").contains("geheim"));
    }
}
