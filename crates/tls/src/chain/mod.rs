//! What the certificates of a chain say about themselves, as errors, name matching and a person who
//! looks for a fault need it.

pub(crate) mod algorithms;
pub(crate) mod explain;
mod read;

use std::fmt;
use std::net::IpAddr;

use crate::trust::Fingerprint;

/// A certificate's contents, read but not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is for.
    pub subject: DistinguishedName,
    /// Who issued it.
    pub issuer: DistinguishedName,
    /// Version of the certificate's form: 1 or 3.
    pub version: u8,
    /// First second in which it is valid.
    pub not_before: Date,
    /// Last second in which it is valid.
    pub not_after: Date,
    /// DNS names among the alternative names.
    pub dns_names: Vec<String>,
    /// IP addresses among the alternative names.
    pub ip_addresses: Vec<IpAddr>,
    /// Whether it says that it may issue certificates (basic constraints).
    pub is_ca: bool,
    /// What its key may be used for, bit n for bit n of RFC 5280's `KeyUsage`; `None` for anything.
    pub key_usage: Option<u16>,
    /// Purposes that it is limited to, by name (`serverAuth`) or number; empty for any.
    pub purposes: Vec<String>,
    /// Numbers of critical extensions that are not known here: it must not be accepted.
    pub unknown_critical: Vec<String>,
    /// How its issuer signed it: `sha256WithRSAEncryption`.
    pub signature_algorithm: String,
    /// Its own key: `RSA 2048`, `EC P-256`.
    pub key: PublicKey,
    /// SHA-256 of the whole certificate.
    pub fingerprint: Fingerprint,
}

/// Kind and size of a public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// `RSA`, `EC P-256`, `Ed25519`, or the algorithm's number.
    pub algorithm: String,
    /// Length of the modulus, for RSA.
    pub bits: Option<usize>,
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.algorithm)?;
        self.bits.map_or(Ok(()), |bits| write!(f, " {bits}"))
    }
}

/// A distinguished name: attributes and values in the order of the certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DistinguishedName(pub Vec<(String, String)>);

impl DistinguishedName {
    /// The values of an attribute, by its short name (`CN`).
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(attribute, _)| attribute == name).map(|(_, value)| &**value)
    }
}

/// `CN=db.example, O=Example`.
impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no name");
        }
        for (at, (name, value)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value}")?;
        }
        Ok(())
    }
}

/// A second, counted from 1970 as Unix does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub u64);

/// `2026-11-24 22:18:10 UTC`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(date) = der::DateTime::from_unix_duration(std::time::Duration::from_secs(self.0))
        else {
            return write!(f, "second {} of Unix time", self.0);
        };
        write!(
            f,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
            date.year(),
            date.month(),
            date.day(),
            date.hour(),
            date.minutes(),
            date.seconds()
        )
    }
}

/// Bits of `KeyUsage` (RFC 5280, 4.2.1.3), counted from the first.
pub(crate) mod key_usage {
    pub(crate) const DIGITAL_SIGNATURE: u16 = 1 << 0;
    pub(crate) const KEY_ENCIPHERMENT: u16 = 1 << 2;
    pub(crate) const KEY_AGREEMENT: u16 = 1 << 4;
    pub(crate) const KEY_CERT_SIGN: u16 = 1 << 5;
}

impl Certificate {
    /// Reads it from DER; `None` if it cannot be read.
    pub fn read(der: &[u8]) -> Option<Self> {
        read::certificate(der).ok()
    }

    /// Whether it names itself as its issuer.
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// The names that it has for hosts, alternative names first.
    pub fn host_names(&self) -> Vec<String> {
        let mut names = self.dns_names.clone();
        names.extend(self.ip_addresses.iter().map(ToString::to_string));
        for name in self.subject.values("CN") {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// Whether the key's use is not limited, or one of these is allowed.
    pub(crate) fn key_may(&self, uses: u16) -> bool {
        self.key_usage.is_none_or(|allowed| allowed & uses != 0)
    }
}
