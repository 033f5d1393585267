//! What can be wrong with a wallet, each with its remedy.

use std::fmt;

use oraedge::Error;

/// A wallet that cannot be used: what was read, what is wrong with it, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletError {
    /// The file that is wrong (`ewallet.p12`), or what was given in place of one.
    pub file: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a wallet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The password does not open it.
    #[error("the wallet password is wrong")]
    WrongPassword,
    /// The password does not open it, and it is the one of the database user.
    #[error("the wallet password is wrong: it is the database user's password")]
    DatabasePassword,
    /// The password does not open it; the database user's does.
    #[error(
        "the wallet password is wrong: what was given as the database password opens the wallet"
    )]
    SwappedPasswords,
    /// It is encrypted, and there is no password.
    #[error("it is encrypted, and no wallet password was given")]
    PasswordNeeded,
    /// A client certificate is wanted, and the wallet has none.
    #[error("there is no private key in it, so it cannot identify this client to the server")]
    NoKey,
    /// A key without a certificate.
    #[error("there is a private key in it, but no certificate for it")]
    NoCertificate,
    /// There are certificates, but none of them is the key's.
    #[error("its certificate does not match its private key; certificates in it: {}", list(.0))]
    KeyMismatch(Vec<String>),
    /// Only the auto-login file that is bound to a machine and a user.
    #[error(
        "it is a local auto-login wallet, which opens only on the machine and for the user that made it"
    )]
    LocalAutoLogin,
    /// The client's certificate is no longer valid.
    #[error(
        "its certificate for {subject} has expired: it was valid from {not_before} until {not_after}"
    )]
    Expired {
        /// Whom the certificate names.
        subject: String,
        /// The first second that it is valid, as `2026-11-25 04:00:00 UTC`.
        not_before: String,
        /// The last second that it is valid.
        not_after: String,
    },
    /// The client's certificate is not valid yet.
    #[error(
        "its certificate for {subject} is not valid yet: it is valid from {not_before} until {not_after}"
    )]
    NotYetValid {
        /// Whom the certificate names.
        subject: String,
        /// The first second that it is valid.
        not_before: String,
        /// The last second that it is valid.
        not_after: String,
    },
    /// Something else.
    #[error("it is {0}, not a wallet")]
    NotAWallet(&'static str),
    /// A folder or an archive without any file of a wallet; the files that are there.
    #[error(
        "there is no ewallet.pem, ewallet.p12 or cwallet.sso in it; {}",
        if .0.is_empty() { "it is empty".to_owned() } else { format!("files in it: {}", list(.0)) }
    )]
    NoWalletFile(Vec<String>),
    /// Cut short, changed, or not what its name says.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Larger than a wallet can be.
    #[error("it is too large: {0}")]
    TooLarge(String),
    /// An archive that has a password besides the wallet's.
    #[error("the archive is encrypted with a password of its own")]
    EncryptedArchive,
    /// Encrypted in a way that is not known here.
    #[error("it is encrypted with {0}, which is not supported")]
    Unsupported(String),
    /// It could not be read.
    #[error("{0}")]
    Unreadable(String),
}

/// At most this many names are listed.
const MAX_LISTED: usize = 20;

fn list(names: &[String]) -> String {
    let mut text = names.iter().take(MAX_LISTED).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MAX_LISTED {
        text.push_str(&format!(" and {} more", names.len() - MAX_LISTED));
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

impl Fault {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Fault::WrongPassword => {
                "give the password that was set when the wallet was downloaded or made (in OCI's console: Download wallet)"
            }
            Fault::DatabasePassword => {
                "a wallet has a password of its own: give the one that was set when the wallet was downloaded or made"
            }
            Fault::SwappedPasswords => "exchange the wallet password and the database password",
            Fault::PasswordNeeded => {
                "give the wallet password, the one that was set when the wallet was downloaded or made"
            }
            Fault::NoKey => {
                "download the wallet again, or use a connect string for one-way TLS if the database allows it"
            }
            Fault::NoCertificate | Fault::KeyMismatch(_) => {
                "put the key and the certificate that was issued for it into one wallet, or download the wallet again"
            }
            Fault::LocalAutoLogin => {
                "use ewallet.p12 or ewallet.pem with the wallet password, or make an auto-login wallet that is not local (orapki wallet create -auto_login)"
            }
            Fault::Expired { .. } => {
                "download a new wallet (in OCI's console: rotate and download)"
            }
            Fault::NotYetValid { .. } => {
                "check this machine's clock, or get a wallet that is valid now"
            }
            Fault::NotAWallet(_) | Fault::NoWalletFile(_) => {
                "give the folder, the .zip or one of the files ewallet.pem, ewallet.p12, cwallet.sso"
            }
            Fault::Damaged(_) => "copy or download the wallet again, as binary data",
            Fault::TooLarge(_) => "give a wallet alone",
            Fault::EncryptedArchive => "unpack it and give the folder",
            Fault::Unsupported(_) => {
                "make it anew with: openssl pkcs12 -in OLD.p12 -out ewallet.pem (it asks for both passwords)"
            }
            Fault::Unreadable(_) => "check the wallet location",
        }
    }

    /// A word for programs: `wrong-password`, `expired` ...
    pub fn name(&self) -> &'static str {
        match self {
            Fault::WrongPassword => "wrong-password",
            Fault::DatabasePassword => "database-password",
            Fault::SwappedPasswords => "swapped-passwords",
            Fault::PasswordNeeded => "password-needed",
            Fault::NoKey => "no-key",
            Fault::NoCertificate => "no-certificate",
            Fault::KeyMismatch(_) => "key-mismatch",
            Fault::LocalAutoLogin => "local-auto-login",
            Fault::Expired { .. } => "expired",
            Fault::NotYetValid { .. } => "not-yet-valid",
            Fault::NotAWallet(_) => "not-a-wallet",
            Fault::NoWalletFile(_) => "no-wallet-file",
            Fault::Damaged(_) => "damaged",
            Fault::TooLarge(_) => "too-large",
            Fault::EncryptedArchive => "encrypted-archive",
            Fault::Unsupported(_) => "unsupported",
            Fault::Unreadable(_) => "unreadable",
        }
    }

    /// The error for one file.
    pub fn of(self, file: impl Into<String>) -> WalletError {
        WalletError { file: file.into(), fault: self }
    }
}

impl WalletError {
    /// What failed, without the remedy.
    pub fn what(&self) -> String {
        format!("the wallet ({}) cannot be used: {}", self.file, self.fault)
    }

    /// The same error with the folder or archive that the file lies in.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        self.file = format!("{} in {place}", self.file);
        self
    }
}

impl fmt::Display for WalletError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what(), self.fault.remedy())
    }
}

impl std::error::Error for WalletError {}

impl From<WalletError> for Error {
    fn from(error: WalletError) -> Self {
        Error::misuse(error.what(), error.fault.remedy())
    }
}
