//! Both steps of a log-on.

use oraedge::wire::reader::Decoded;
use oraedge::wire::{Reader, Writer};

use super::message;
use super::put::ServerWriter;

/// Log-on mode: as SYSDBA (python-oracledb: `TNS_AUTH_MODE_SYSDBA`).
pub const MODE_SYSDBA: u32 = 0x20;
/// Log-on mode: as SYSOPER (python-oracledb: `TNS_AUTH_MODE_SYSOPER`).
pub const MODE_SYSOPER: u32 = 0x40;

/// The most keys that a log-on may bring.
const MAX_PAIRS: u32 = 1000;

/// One step of a log-on, behind the head of its call.
#[derive(Clone, PartialEq, Eq)]
pub struct LogonRequest {
    /// The user name as it was written; empty for a token.
    pub user: String,
    /// Bits of the log-on mode.
    pub mode: u32,
    /// Keys and values.
    pub pairs: Vec<(String, Vec<u8>)>,
}

impl std::fmt::Debug for LogonRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values hold what a password can be tried against, so only the keys are shown.
        let keys: Vec<&str> = self.pairs.iter().map(|(key, _)| key.as_str()).collect();
        f.debug_struct("LogonRequest")
            .field("user", &self.user)
            .field("mode", &self.mode)
            .field("keys", &keys)
            .finish()
    }
}

impl LogonRequest {
    /// Reads what follows the head of the call.
    pub fn decode(reader: &mut Reader<'_>) -> Decoded<LogonRequest> {
        let has_user = reader.u8("log-on: user pointer")? != 0;
        reader.ub4("log-on: user length")?;
        let mode = reader.ub4("log-on: mode")?;
        reader.u8("log-on: pairs pointer")?;
        let count = reader.ub4("log-on: number of pairs")?;
        if count > MAX_PAIRS {
            return Err(reader.malformed("log-on: number of pairs", format!("{count} pairs")));
        }
        reader.skip(2, "log-on: result pointers")?;
        let mut user = String::new();
        if has_user {
            user = reader.text("log-on: user")?.unwrap_or_default();
        }
        let mut pairs = Vec::new();
        for _ in 0..count {
            let key = reader.text_with_length("log-on: key")?.unwrap_or_default();
            let value = reader.bytes_with_length("log-on: value")?.unwrap_or_default().into_owned();
            reader.ub4("log-on: flags")?;
            pairs.push((key.trim_end_matches('\0').to_owned(), value));
        }
        Ok(LogonRequest { user, mode, pairs })
    }

    /// The value of `key`, as text.
    pub fn text(&self, key: &str) -> Option<&str> {
        let (_, value) = self.pairs.iter().find(|(name, _)| name == key)?;
        std::str::from_utf8(value).ok()
    }
}

/// Keys and values that answer a step of a log-on.
#[derive(Debug, Default)]
pub struct LogonAnswer {
    count: u64,
    body: Writer,
}

impl LogonAnswer {
    /// Adds one pair.
    pub fn pair(&mut self, key: &str, value: &str) {
        self.pair_with_flags(key, value, 0);
    }

    /// Adds one pair with flags; the flags of `AUTH_VFR_DATA` are the verifier's type.
    pub fn pair_with_flags(&mut self, key: &str, value: &str, flags: u32) {
        self.count += 1;
        self.body.counted(key.as_bytes());
        self.body.counted(value.as_bytes());
        self.body.uint(u64::from(flags));
    }

    /// Writes the message.
    pub fn put(&self, writer: &mut Writer) {
        writer.u8(message::PARAMETER);
        writer.uint(self.count);
        writer.raw(self.body.as_slice());
    }
}
