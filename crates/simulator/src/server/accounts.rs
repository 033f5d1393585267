//! Who may log on, and with which password.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use oraedge::auth::Secret;
use oraedge::auth::o5logon::server::Verifier;

/// Which verifier an account's password has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VerifierKind {
    /// SHA-1 and salt.
    Oracle11g,
    /// PBKDF2 and SHA-512.
    #[default]
    Oracle12c,
}

/// Whether an account can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccountState {
    /// It can.
    #[default]
    Open,
    /// `ORA-28000`.
    Locked,
    /// It can, with the warning `ORA-28002`.
    Expiring,
    /// `ORA-28001`, until the log-on brings a new password.
    Expired,
}

/// An account of the database.
#[derive(Debug, Clone)]
pub struct Account {
    /// The user name, in upper case unless it was quoted.
    pub name: String,
    /// The password.
    pub password: Secret,
    /// Which verifier the password has.
    pub verifier: VerifierKind,
    /// Whether it can be used.
    pub state: AccountState,
    /// Whether it may log on as SYSDBA.
    pub sysdba: bool,
    /// Whether it is not the database's own, but an IAM user's name and database password.
    pub iam: bool,
}

impl Account {
    /// An open account with a 12C verifier.
    pub fn new(name: &str, password: &str) -> Account {
        Account {
            name: name.to_uppercase(),
            password: Secret::new(password.as_bytes().to_vec()),
            verifier: VerifierKind::default(),
            state: AccountState::default(),
            sysdba: false,
            iam: false,
        }
    }
}

/// What is kept of an account: the password is gone.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) verifier: Verifier,
    pub(super) kind: VerifierKind,
    pub(super) state: AccountState,
    pub(super) sysdba: bool,
    pub(super) iam: bool,
}

/// All accounts; sessions change passwords in it.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    entries: Mutex<BTreeMap<String, Entry>>,
}

impl Accounts {
    pub(super) fn new(accounts: Vec<Account>, random: &mut dyn FnMut(&mut [u8])) -> Accounts {
        let entries = accounts.into_iter().map(|account| {
            let verifier = make_verifier(account.verifier, &account.password, random);
            let entry = Entry {
                verifier,
                kind: account.verifier,
                state: account.state,
                sysdba: account.sysdba,
                iam: account.iam,
            };
            (account.name, entry)
        });
        Accounts { entries: Mutex::new(entries.collect()) }
    }

    pub(super) fn find(&self, name: &str) -> Option<Entry> {
        self.lock().get(name).cloned()
    }

    /// Gives the account a new password, which opens it if the old one had expired.
    pub(super) fn set_password(
        &self,
        name: &str,
        password: &Secret,
        random: &mut dyn FnMut(&mut [u8]),
    ) {
        if let Some(entry) = self.lock().get_mut(name) {
            entry.verifier = make_verifier(entry.kind, password, random);
            if matches!(entry.state, AccountState::Expired | AccountState::Expiring) {
                entry.state = AccountState::Open;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A verifier of `password` with a new salt.
pub(super) fn make_verifier(
    kind: VerifierKind,
    password: &Secret,
    random: &mut dyn FnMut(&mut [u8]),
) -> Verifier {
    match kind {
        VerifierKind::Oracle11g => {
            let mut salt = [0; 10];
            random(&mut salt);
            Verifier::new_11g(password, salt)
        }
        VerifierKind::Oracle12c => {
            let mut salt = [0; 16];
            random(&mut salt);
            Verifier::new_12c(password, salt)
        }
    }
}
