//! Oracle wallets, read without Oracle's software and without files, natively and in wasm.
//!
//! A wallet is a folder (or a .zip of one) that a database's administrator, or OCI's console, hands out:
//! the authorities that the database's certificate comes from, and for mutual TLS a private key and its
//! certificate. [`Wallet`] holds what is in it, whichever file it came from:
//!
//! | file | what it is | password |
//! | --- | --- | --- |
//! | `ewallet.pem` | PEM; what the official thin drivers read | for its key, if that is encrypted |
//! | `ewallet.p12` | PKCS#12 | yes |
//! | `cwallet.sso` | auto-login: PKCS#12 that holds its own password | no |
//! | `tnsnames.ora` | the database's connect strings, by aliases | no |
//! | `sqlnet.ora` | settings, see [`Sqlnet`] | no |
//!
//! ```
//! # fn example(files: Vec<(String, Vec<u8>)>) -> Result<(), oraedge_wallet::WalletError> {
//! let password = oraedge::auth::Secret::from("the wallet's password");
//! let wallet = oraedge_wallet::Wallet::from_files(files, Some(&password))?;
//! println!("{} authorities, from {}", wallet.roots.len(), wallet.source);
//! # Ok(()) }
//! ```

mod archive;
mod contents;
mod error;
mod files;
mod identity;
mod key;
mod p12;
mod pbe;
mod pem;
mod sqlnet;
mod sso;
#[cfg(target_arch = "wasm32")]
pub mod wasm;

use base64ct::{Base64, Encoding};
use oraedge::auth::Secret;
use zeroize::Zeroizing;

pub use error::{Fault, WalletError};
pub use files::{FILES, is_wallet_file};
pub use sqlnet::Sqlnet;

use contents::Contents;
use files::{AUTO_LOGIN, Kind, MAX_FILE, PEM, PKCS12, SQLNET, TNSNAMES, base_name, kind_of};

/// What is in a wallet.
#[derive(Debug, Clone)]
pub struct Wallet {
    /// The file that keys and certificates came from: `ewallet.pem`, `ewallet.p12`, `cwallet.sso`.
    pub source: String,
    /// Certificates that a server's certificate may lead to, in DER.
    pub roots: Vec<Vec<u8>>,
    /// The client's own certificate and those between it and an authority, in DER. Empty for a wallet
    /// without a key, which is enough for one-way TLS.
    pub chain: Vec<Vec<u8>>,
    /// The private key in PKCS#8 (DER).
    pub key: Option<Secret>,
    /// The text of tnsnames.ora.
    pub tnsnames: Option<String>,
    /// The text of sqlnet.ora.
    pub sqlnet: Option<String>,
}

impl Wallet {
    /// Reads the files of a folder; paths are cut down to names, and files that belong to no wallet are
    /// passed over. Of several forms the first that serves is taken: `ewallet.pem`, `ewallet.p12` (with a
    /// password), `cwallet.sso`. An encrypted `ewallet.pem` gives way to `cwallet.sso` where there is no
    /// password.
    ///
    /// # Errors
    /// A [`WalletError`] that names the file and what is wrong with it.
    pub fn from_files(
        files: impl IntoIterator<Item = (String, Vec<u8>)>,
        password: Option<&Secret>,
    ) -> Result<Wallet, WalletError> {
        let mut folder = Folder::default();
        for (path, bytes) in files {
            folder.add(path, bytes);
        }
        folder.open(password, "the folder")
    }

    /// Reads a wallet.zip.
    ///
    /// # Errors
    /// As [`from_files`](Self::from_files), and for an archive that cannot be unpacked.
    pub fn from_zip(bytes: &[u8], password: Option<&Secret>) -> Result<Wallet, WalletError> {
        let archive = archive::unpack(bytes).map_err(|fault| fault.of(Kind::Zip.name()))?;
        let mut folder = Folder { names: archive.names, ..Folder::default() };
        for (name, bytes) in archive.files {
            folder.keep(name, bytes);
        }
        folder.open(password, Kind::Zip.name())
    }

    /// Reads one file, whatever it is: PEM, PKCS#12, cwallet.sso or a .zip.
    ///
    /// # Errors
    /// As [`from_files`](Self::from_files).
    pub fn from_bytes(bytes: &[u8], password: Option<&Secret>) -> Result<Wallet, WalletError> {
        let kind = kind_of(bytes).map_err(|fault| fault.of("one file"))?;
        if kind == Kind::Zip {
            return Wallet::from_zip(bytes, password);
        }
        let contents = read(kind, bytes, password).map_err(|fault| fault.of(kind.name()))?;
        Wallet::new(kind.name(), contents)
    }

    /// Reads what the option `walletContent` holds: the text of ewallet.pem, or any of the files in
    /// base64.
    ///
    /// # Errors
    /// As [`from_files`](Self::from_files).
    pub fn from_content(content: &str, password: Option<&Secret>) -> Result<Wallet, WalletError> {
        const GIVEN: &str = "the wallet content";
        if content.contains("-----BEGIN ") {
            return Wallet::from_bytes(content.as_bytes(), password);
        }
        let mut text = Zeroizing::new(String::with_capacity(content.len()));
        text.extend(content.chars().filter(|character| !character.is_whitespace()));
        match Base64::decode_vec(&text).map(Zeroizing::new) {
            Ok(bytes) if !bytes.is_empty() => Wallet::from_bytes(&bytes, password),
            _ => {
                // A path, a page of HTML ...: told by what it is where that can be seen.
                let fault = match kind_of(content.as_bytes()) {
                    Err(fault) => fault,
                    Ok(_) => Fault::NotAWallet("neither PEM nor base64"),
                };
                Err(fault.of(GIVEN))
            }
        }
    }

    fn new(source: &str, contents: Contents) -> Result<Wallet, WalletError> {
        if contents.key.is_none() && contents.certificates.is_empty() {
            let nothing = Fault::Damaged("there are neither certificates nor a key in it".into());
            return Err(nothing.of(source));
        }
        let sorted = identity::sort(&contents).map_err(|fault| fault.of(source))?;
        Ok(Wallet {
            source: source.to_owned(),
            roots: sorted.roots,
            chain: sorted.chain,
            key: contents.key,
            tnsnames: None,
            sqlnet: None,
        })
    }

    /// Whether it can identify this client.
    ///
    /// # Errors
    /// [`Fault::NoKey`] where it cannot.
    pub fn require_key(&self) -> Result<(), WalletError> {
        if self.key.is_some() { Ok(()) } else { Err(Fault::NoKey.of(self.source.clone())) }
    }

    /// Whether the client's certificate is valid at a moment, in seconds since 1970. A wallet without
    /// one is.
    ///
    /// # Errors
    /// [`Fault::Expired`] and [`Fault::NotYetValid`], with both dates.
    pub fn check_dates(&self, unix_seconds: u64) -> Result<(), WalletError> {
        match self.chain.first() {
            Some(own) => identity::check_dates(own, unix_seconds)
                .map_err(|fault| fault.of(self.source.clone())),
            None => Ok(()),
        }
    }
}

/// The files of a wallet, by their names.
#[derive(Default)]
struct Folder {
    pem: Option<Zeroizing<Vec<u8>>>,
    pkcs12: Option<Zeroizing<Vec<u8>>>,
    auto_login: Option<Zeroizing<Vec<u8>>>,
    tnsnames: Option<Zeroizing<Vec<u8>>>,
    sqlnet: Option<Zeroizing<Vec<u8>>>,
    /// All names, for an error.
    names: Vec<String>,
}

impl Folder {
    fn add(&mut self, path: String, bytes: Vec<u8>) {
        let name = base_name(&path).to_owned();
        self.names.push(path);
        self.keep(name, bytes);
    }

    fn keep(&mut self, name: String, bytes: Vec<u8>) {
        let place = match name.to_ascii_lowercase().as_str() {
            PEM => &mut self.pem,
            PKCS12 => &mut self.pkcs12,
            AUTO_LOGIN => &mut self.auto_login,
            TNSNAMES => &mut self.tnsnames,
            SQLNET => &mut self.sqlnet,
            _ => return,
        };
        place.get_or_insert(Zeroizing::new(bytes));
    }

    fn open(self, password: Option<&Secret>, place: &str) -> Result<Wallet, WalletError> {
        let (source, contents) = self.contents(password, place)?;
        let mut wallet = Wallet::new(source, contents)?;
        wallet.tnsnames = text(self.tnsnames, TNSNAMES)?;
        wallet.sqlnet = text(self.sqlnet, SQLNET)?;
        Ok(wallet)
    }

    fn contents(
        &self,
        password: Option<&Secret>,
        place: &str,
    ) -> Result<(&'static str, Contents), WalletError> {
        let open = |kind: Kind, bytes: &[u8]| match checked(kind, bytes, password) {
            Ok(contents) => Ok((kind.name(), contents)),
            Err(fault) => Err(fault.of(kind.name())),
        };
        let has_password = password.is_some_and(|password| !password.is_empty());
        match (&self.pem, &self.pkcs12, &self.auto_login) {
            (Some(pem), _, auto_login) => match (open(Kind::Pem, pem), auto_login) {
                (Err(error), Some(auto_login)) if error.fault == Fault::PasswordNeeded => {
                    // What a local one cannot do, a password can.
                    open(Kind::AutoLogin, auto_login).map_err(|_| error)
                }
                (result, _) => result,
            },
            (None, Some(pkcs12), None) => open(Kind::Pkcs12, pkcs12),
            (None, Some(pkcs12), Some(_)) if has_password => open(Kind::Pkcs12, pkcs12),
            (None, _, Some(auto_login)) => open(Kind::AutoLogin, auto_login),
            (None, None, None) => Err(Fault::NoWalletFile(self.names.clone()).of(place)),
        }
    }
}

/// Reads a file by its name, if its bytes are what the name says.
fn checked(kind: Kind, bytes: &[u8], password: Option<&Secret>) -> Result<Contents, Fault> {
    if bytes.len() > MAX_FILE {
        return Err(Fault::TooLarge(format!("{} bytes, more than {MAX_FILE}", bytes.len())));
    }
    let found = kind_of(bytes)?;
    if found != kind {
        return Err(Fault::Damaged(format!("its bytes are those of {}", found.name())));
    }
    read(kind, bytes, password)
}

fn read(kind: Kind, bytes: &[u8], password: Option<&Secret>) -> Result<Contents, Fault> {
    match kind {
        Kind::Pem => {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| Fault::Damaged("it is not text".to_owned()))?;
            pem::read(text, password)
        }
        Kind::Pkcs12 => p12::read(bytes, pem::given(password)?),
        Kind::AutoLogin => sso::read(bytes),
        Kind::Zip => Err(Fault::Damaged("it is an archive in an archive".to_owned())),
    }
}

fn text(bytes: Option<Zeroizing<Vec<u8>>>, name: &str) -> Result<Option<String>, WalletError> {
    let Some(bytes) = bytes else { return Ok(None) };
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Some(text.to_owned())),
        Err(_) => Err(Fault::Damaged("it is not text in UTF-8".to_owned()).of(name)),
    }
}
