//! Which files make a wallet, and what a file is that was given for one.

use crate::error::Fault;
use crate::{archive, p12, sso};

/// The most bytes of one file. The largest wallets hold bundles of public authorities: 300 kB.
pub(crate) const MAX_FILE: usize = 2 * 1024 * 1024;

/// Keys and certificates in PEM.
pub(crate) const PEM: &str = "ewallet.pem";
/// The same in PKCS#12.
pub(crate) const PKCS12: &str = "ewallet.p12";
/// The same, to open without a password.
pub(crate) const AUTO_LOGIN: &str = "cwallet.sso";
/// The names of databases.
pub(crate) const TNSNAMES: &str = "tnsnames.ora";
/// Settings of the network layer.
pub(crate) const SQLNET: &str = "sqlnet.ora";

/// The files of a wallet that are read.
pub const FILES: [&str; 5] = [PEM, PKCS12, AUTO_LOGIN, TNSNAMES, SQLNET];

/// Whether a file with this name is read.
pub fn is_wallet_file(name: &str) -> bool {
    FILES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// What stands behind the last slash or backslash.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The file of a wallet that bytes are, by how they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Pem,
    Pkcs12,
    AutoLogin,
    Zip,
}

impl Kind {
    /// What messages call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Pem => PEM,
            Kind::Pkcs12 => PKCS12,
            Kind::AutoLogin => AUTO_LOGIN,
            Kind::Zip => "wallet.zip",
        }
    }
}

/// Looks at the first bytes. What is no wallet is told by what it is.
pub(crate) fn kind_of(bytes: &[u8]) -> Result<Kind, Fault> {
    let text_start = bytes.trim_ascii_start();
    let begins = |prefix: &[u8]| {
        text_start.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if text_start.is_empty() {
        return Err(Fault::NotAWallet("empty"));
    }
    if archive::looks_like(bytes) {
        return Ok(Kind::Zip);
    }
    if bytes.starts_with(&sso::MAGIC) {
        return Ok(Kind::AutoLogin);
    }
    if p12::looks_like(bytes) || bytes.starts_with(&[0x30, 0x80]) {
        return Ok(Kind::Pkcs12);
    }
    if find(bytes, b"-----BEGIN ") {
        return Ok(Kind::Pem);
    }
    Err(Fault::NotAWallet(if bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) {
        "a Java keystore (JKS)"
    } else if bytes.starts_with(&[0xce, 0xce, 0xce, 0xce]) {
        "a Java keystore (JCEKS)"
    } else if begins(b"<!doctype") || begins(b"<html") {
        "a page of HTML (the download may have asked for a log-on)"
    } else if begins(b"<") {
        "XML"
    } else if begins(b"{") {
        "JSON"
    } else if bytes.starts_with(&[0x30]) {
        "a certificate or key in DER"
    } else if bytes.starts_with(&[0x1f, 0x8b]) {
        "a gzip archive"
    } else if std::str::from_utf8(bytes).is_ok() {
        "text of another kind"
    } else {
        "data of another kind"
    }))
}

fn find(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
