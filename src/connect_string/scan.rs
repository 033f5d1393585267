//! A reader over the characters of a connect string, and faults with their place in it.

use crate::error::ConnectStringError;

use super::credentials;

/// What is wrong, and at which byte of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) at: usize,
}

impl Fault {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Fault { message: message.into(), at }
    }

    /// The error for the caller: the place in characters, secrets blanked.
    pub(super) fn into_error(self, text: &str) -> ConnectStringError {
        let (input, position) = credentials::blank(text, self.at);
        ConnectStringError { message: self.message, input, position, place: None }
    }
}

/// Reads a text from left to right.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Scanner { text, at: 0 }
    }

    /// The byte offset of the next character.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What is still to be read.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Takes the next character if it is `wanted`.
    pub(super) fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// Takes characters as long as `wanted` says so.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    pub(super) fn skip_whitespace(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// What comes next, in words, for an error message.
    pub(super) fn found(&self) -> String {
        match self.peek() {
            Some(c) => format!("found {c:?}"),
            None => "the text ends".to_owned(),
        }
    }
}

/// Whether a name of a parameter may hold this character (python-oracledb: the same set).
pub(super) fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}
