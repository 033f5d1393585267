//! The two log-on calls: key/value pairs both ways.

use super::codes::function;
use super::function::{Sequence, write_call};
use crate::wire::Writer;
use crate::wire::reader::{Decoded, Reader};

/// One key/value pair of a log-on.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyValue {
    /// `AUTH_SESSKEY` and the like.
    pub key: String,
    /// The value; empty if there is none.
    pub value: String,
    /// Flags; for `AUTH_VFR_DATA` in an answer, the type of the verifier.
    pub flags: u32,
}

/// Values may be secrets, so only the key shows.
impl std::fmt::Debug for KeyValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyValue({}, .., {})", self.key, self.flags)
    }
}

impl KeyValue {
    /// A pair to send.
    pub fn new(key: &str, value: impl Into<String>, flags: u32) -> Self {
        KeyValue { key: key.to_owned(), value: value.into(), flags }
    }
}

/// Which of the two calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthPhase {
    /// Who wants in, from where.
    One,
    /// The proof, and what the session shall be like.
    Two,
}

/// Writes a log-on call. `mode` holds the bits of [`crate::auth`]'s modes.
pub fn write_auth(
    writer: &mut Writer,
    phase: AuthPhase,
    sequence: &mut Sequence,
    version: u8,
    user: &str,
    mode: u32,
    pairs: &[KeyValue],
) {
    let function = match phase {
        AuthPhase::One => function::AUTH_PHASE_ONE,
        AuthPhase::Two => function::AUTH_PHASE_TWO,
    };
    write_call(writer, function, sequence, version);
    writer.u8(u8::from(!user.is_empty())); // pointer: user
    writer.ub8(user.len() as u64);
    writer.ub4(mode);
    writer.u8(1); // pointer: pairs
    writer.ub8(pairs.len() as u64);
    writer.u8(1); // pointer: answer's pairs
    writer.u8(1); // pointer: number of the answer's pairs
    if !user.is_empty() {
        writer.bytes(user.as_bytes());
    }
    for pair in pairs {
        writer.bytes_with_length(pair.key.as_bytes());
        writer.bytes_with_length(pair.value.as_bytes());
        writer.ub4(pair.flags);
    }
}

/// Reads the answer's pairs behind the message type PARAMETER.
pub fn decode_pairs(reader: &mut Reader<'_>) -> Decoded<Vec<KeyValue>> {
    let count = reader.ub2("log-on: number of pairs")?;
    let mut pairs = Vec::new();
    for _ in 0..count {
        pairs.push(KeyValue {
            key: reader.text_with_length("log-on: key")?.unwrap_or_default(),
            value: reader.text_with_length("log-on: value")?.unwrap_or_default(),
            flags: reader.ub4("log-on: flags")?,
        });
    }
    Ok(pairs)
}
