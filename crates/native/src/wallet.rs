//! Wallets on disk: a folder, a wallet.zip or a single file; and where one is looked for.

use std::path::{Path, PathBuf};

use oraedge::Result;
use oraedge::auth::Secret;
use oraedge_wallet::{FILES, Fault, Sqlnet, Wallet, WalletError};

/// The most bytes that are read of one file; the largest wallets have some hundred kB.
const MAX_READ: u64 = 8 * 1024 * 1024;

/// What the connection's options say about a wallet.
#[derive(Debug, Clone, Default)]
pub(crate) struct WalletOptions {
    /// The folder, .zip or file.
    pub(crate) location: Option<PathBuf>,
    /// The text of ewallet.pem, or base64 of any of the files.
    pub(crate) content: Option<Secret>,
    /// What its key or all of it is encrypted with.
    pub(crate) password: Option<Secret>,
}

impl WalletOptions {
    /// Opens what the options name; `None` if they name nothing. The database user's password is
    /// for errors alone: it is easily mistaken for the wallet's.
    ///
    /// # Errors
    /// [`oraedge::Error::Misuse`] with the file, what is wrong with it, and what to do.
    pub(crate) fn open(&self, database_password: &Secret) -> Result<Option<Wallet>> {
        let password = self.password.as_ref();
        let open = |password: Option<&Secret>| match (&self.content, &self.location) {
            (Some(content), _) => {
                let text = content.expose_text().ok_or_else(|| {
                    Fault::NotAWallet("neither PEM nor base64").of("the wallet content")
                })?;
                Wallet::from_content(text, password).map(Some)
            }
            (None, Some(location)) if location.as_os_str().eq_ignore_ascii_case("SYSTEM") => {
                Ok(None)
            }
            (None, Some(location)) => read_wallet(location, password).map(Some),
            (None, None) => Ok(None),
        };
        let wallet = open(password).map_err(|error| {
            let also_opens =
                |password: &Secret| !password.is_empty() && open(Some(password)).is_ok();
            match error.fault {
                Fault::WrongPassword if password.is_some_and(|it| same(it, database_password)) => {
                    WalletError { fault: Fault::DatabasePassword, ..error }
                }
                Fault::WrongPassword if also_opens(database_password) => {
                    WalletError { fault: Fault::SwappedPasswords, ..error }
                }
                _ => error,
            }
        })?;
        if let Some(wallet) = &wallet {
            wallet.check_dates(now())?;
        }
        Ok(wallet)
    }

    /// Whether no wallet is named. `SYSTEM` names none, and none of sqlnet.ora either.
    pub(crate) fn is_empty(&self) -> bool {
        self.location.is_none() && self.content.is_none()
    }
}

/// [`read_wallet`], with a certificate that is valid now.
pub(crate) fn open_wallet(location: &Path, password: Option<&Secret>) -> Result<Wallet> {
    let wallet = read_wallet(location, password)?;
    wallet.check_dates(now())?;
    Ok(wallet)
}

fn same(one: &Secret, other: &Secret) -> bool {
    !one.is_empty() && one.expose() == other.expose()
}

/// Seconds since 1970. A clock before that is a clock that is not set: every wallet is "not valid yet".
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// Reads a wallet: a folder, a wallet.zip, or one of the files of a wallet.
///
/// # Errors
/// [`WalletError`] for what cannot be read, and for what is wrong with what was read.
pub fn read_wallet(location: &Path, password: Option<&Secret>) -> Result<Wallet, WalletError> {
    let place = location.display().to_string();
    let unreadable = |error: std::io::Error| Fault::Unreadable(error.to_string()).of(&*place);
    let metadata = std::fs::metadata(location).map_err(unreadable)?;
    if !metadata.is_dir() {
        return Wallet::from_bytes(&read(location).map_err(unreadable)?, password)
            .map_err(|error| error.within(&place));
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(location).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let known = FILES.iter().any(|known| name.eq_ignore_ascii_case(known));
        // Others are named in an error, and not read.
        let bytes = if known { read(&entry.path()).map_err(unreadable)? } else { Vec::new() };
        files.push((name, bytes));
    }
    files.sort();
    Wallet::from_files(files, password).map_err(|error| match error.fault {
        Fault::NoWalletFile(_) => WalletError { file: place.clone(), ..error },
        _ => error.within(&place),
    })
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_READ + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_READ {
        return Err(std::io::Error::other(format!("it has more than {MAX_READ} bytes")));
    }
    Ok(bytes)
}

/// The wallet that the sqlnet.ora in the folder of configuration files names. `?` is ORACLE_HOME.
/// OCI's console writes a folder there that is right for hardly anybody: where it does not exist, a
/// wallet beside the sqlnet.ora is meant.
pub(crate) fn of_sqlnet(folder: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(folder.join("sqlnet.ora")).ok()?;
    // What this driver cannot read there is for Oracle's client libraries.
    let named = Sqlnet::parse(&text).ok()?.wallet_directory?;
    let named = match named.strip_prefix('?') {
        Some(rest) => {
            let home = std::env::var_os("ORACLE_HOME").map(PathBuf::from);
            home.map(|home| home.join(rest.trim_start_matches(['/', '\\'])))
        }
        None => Some(folder.join(named)),
    };
    let has_wallet = |folder: &Path| FILES[..3].iter().any(|name| folder.join(name).is_file());
    named
        .filter(|named| has_wallet(named))
        .or_else(|| has_wallet(folder).then(|| folder.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../wallet/tests/vectors")
    }

    /// A folder that is gone when this is dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let path = std::env::temp_dir().join(format!("oraedge-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            for (file, vector) in files {
                std::fs::copy(vectors().join(vector), path.join(file)).unwrap();
            }
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn options(location: &Path, password: &str) -> WalletOptions {
        let password = (!password.is_empty()).then(|| Secret::from(password));
        WalletOptions { location: Some(location.to_owned()), content: None, password }
    }

    #[test]
    fn a_folder_an_archive_and_a_file_are_the_same_wallet() {
        let folder = Folder::new("folder", &[("ewallet.pem", "aes256.pem"), ("README", "make.sh")]);
        let content = std::fs::read_to_string(vectors().join("aes256.pem")).unwrap();
        let content = WalletOptions {
            content: Some(content.into()),
            ..options(Path::new("/nonexistent"), "Wallet_123")
        };
        for options in [
            options(&folder.0, "Wallet_123"),
            options(&vectors().join("wallet.zip"), "Wallet_123"),
            options(&vectors().join("legacy.p12"), "Wallet_123"),
            options(&vectors().join("auto-login.sso"), ""),
            content,
        ] {
            let wallet = options.open(&Secret::default()).unwrap().unwrap();
            assert_eq!((wallet.chain.len(), wallet.roots.len()), (2, 2), "{options:?}");
        }
        assert!(WalletOptions::default().open(&Secret::default()).unwrap().is_none());
    }

    #[test]
    fn errors_name_the_place_and_passwords_that_were_mistaken() {
        let pem = Folder::new("mistaken", &[("ewallet.pem", "aes256.pem")]);
        let none = Folder::new("none", &[("README", "make.sh"), ("tnsnames.ora", "make.sh")]);
        let expired = vectors().join("expired.pem");
        let gone = Path::new("/nonexistent/wallet");
        let at = |folder: &Folder| folder.0.display().to_string();
        for (options, database_password, expected) in [
            (
                options(&pem.0, "tiger"),
                "lion",
                format!(
                    "the wallet (ewallet.pem in {}) cannot be used: the wallet password is wrong; give",
                    at(&pem)
                ),
            ),
            (options(&pem.0, "tiger"), "tiger", "it is the database user's password".to_owned()),
            (options(&pem.0, "tiger"), "Wallet_123", "opens the wallet; exchange".to_owned()),
            (options(&pem.0, ""), "tiger", "no wallet password was given".to_owned()),
            (
                options(&none.0, ""),
                "tiger",
                format!(
                    "the wallet ({}) cannot be used: there is no ewallet.pem, ewallet.p12 or cwallet.sso in it; files in it: README, tnsnames.ora;",
                    at(&none)
                ),
            ),
            (options(&expired, ""), "tiger", "has expired: it was valid from 2020".to_owned()),
            (
                options(gone, ""),
                "tiger",
                "the wallet (/nonexistent/wallet) cannot be used: No such file or directory"
                    .to_owned(),
            ),
        ] {
            let error = options.open(&Secret::from(database_password)).unwrap_err().to_string();
            assert!(error.contains(&expected), "{error}");
            for secret in ["lion", "tiger", "Wallet_123"] {
                assert!(!error.contains(secret), "{error}");
            }
        }
    }

    #[test]
    fn sqlnet_names_the_wallet_or_stands_beside_it() {
        let folder = Folder::new("sqlnet", &[("cwallet.sso", "auto-login.sso")]);
        let write = |directory: &str| {
            let text = format!(
                "WALLET_LOCATION = (SOURCE = (METHOD = file) (METHOD_DATA = (DIRECTORY=\"{directory}\")))\n"
            );
            std::fs::write(folder.0.join("sqlnet.ora"), text).unwrap();
        };
        assert_eq!(of_sqlnet(&folder.0), None);
        write("?/network/admin");
        assert_eq!(of_sqlnet(&folder.0).as_ref(), Some(&folder.0));
        let other = Folder::new("sqlnet-other", &[("ewallet.p12", "legacy.p12")]);
        write(&other.0.display().to_string());
        assert_eq!(of_sqlnet(&folder.0).as_ref(), Some(&other.0));
    }
}
