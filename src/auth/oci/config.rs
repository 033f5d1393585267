//! `~/.oci/config` as Oracle's SDK for Python reads and checks it. Reading the file is the caller's;
//! so is reading the files that it names.

use std::collections::BTreeMap;

use super::ini::{self, Entry, Section, Sections};
use super::key::is_fingerprint;
use crate::auth::Secret;
use crate::error::{Error, Result};

/// Where the file is, unless somebody says otherwise.
pub const DEFAULT_FILE: &str = "~/.oci/config";

/// Where it was long ago; tried last.
pub const FALLBACK_FILE: &str = "~/.oraclebmc/config";

/// The profile that is used when none is named, and that the others inherit from.
pub const DEFAULT_PROFILE: &str = ini::DEFAULT;

/// Where Oracle explains the file.
const MANUAL: &str = "see https://docs.oracle.com/en-us/iaas/Content/API/Concepts/sdkconfig.htm";

/// Keys of other ways to log on, for which the file is not asked.
const IGNORED: [&str; 2] = ["authentication_type", "delegation_token_file"];

/// All profiles of a file.
#[derive(Clone)]
pub struct Profiles {
    sections: Sections,
}

impl Profiles {
    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] with the line and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Profiles { sections: ini::parse(text)? })
    }

    /// The names of the profiles that the file has, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sections.keys().map(String::as_str)
    }

    /// A profile with what it inherits from [`DEFAULT_PROFILE`]. Names have upper and lower case.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] if there is no such profile, with the names of those that there are, and for
    /// what may not stand in a file or cannot be meant: `key_content`, and a `log_requests` that is
    /// neither yes nor no.
    pub fn profile(&self, name: &str) -> Result<OciConfig> {
        let empty = Section::new();
        let defaults = self.sections.get(DEFAULT_PROFILE).unwrap_or(&empty);
        let own = match self.sections.get(name) {
            Some(section) => section,
            None if name == DEFAULT_PROFILE => &empty,
            None => {
                let names: Vec<&str> = self.names().collect();
                return Err(Error::auth(
                    format!(
                        "the OCI configuration file has no profile {name}; it has {}",
                        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
                    ),
                    "name one of these, or make it with: oci setup config",
                ));
            }
        };
        let mut entries = defaults.clone();
        entries.extend(own.iter().map(|(key, entry)| (key.clone(), entry.clone())));
        let config = OciConfig { profile: name.to_owned(), entries, notes: Vec::new() };
        config.check_file_rules()?;
        Ok(config.with_notes())
    }
}

impl std::fmt::Debug for Profiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Profiles").field(&self.sections.keys().collect::<Vec<_>>()).finish()
    }
}

/// What a value may not be: nothing, or something that cannot be such an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The key is not there.
    Missing,
    /// The value is not of the form that OCI uses.
    Malformed,
}

/// One profile. `Debug` shows the names of its keys only.
#[derive(Clone)]
pub struct OciConfig {
    profile: String,
    entries: BTreeMap<String, Entry>,
    notes: Vec<String>,
}

impl OciConfig {
    /// Reads the text of a file; short for [`Profiles::parse`].
    ///
    /// # Errors
    ///
    /// As [`Profiles::parse`].
    pub fn parse(text: &str) -> Result<Profiles> {
        Profiles::parse(text)
    }

    /// A profile that no file has, from keys and values that a program or the environment gives.
    pub fn from_pairs<K: AsRef<str>, V: Into<String>>(
        name: &str,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut config =
            OciConfig { profile: name.to_owned(), entries: BTreeMap::new(), notes: Vec::new() };
        for (key, value) in pairs {
            config.set(key.as_ref(), value);
        }
        config.with_notes()
    }

    /// Sets a key, over what the file says.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        let entry = Entry { value: value.into().into(), line: 0 };
        self.entries.insert(key.to_lowercase(), entry);
    }

    /// Takes a key away.
    pub(super) fn remove(&mut self, key: &str) {
        self.entries.remove(key);
    }

    /// The profile's name.
    pub fn name(&self) -> &str {
        &self.profile
    }

    /// The names of all keys that are set, in alphabetical order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The value of a key, in lower case as the SDK keeps it, as it stands in the file.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.get(key).map(|entry| entry.value.as_str())
    }

    /// The line of a key, from 1; `None` if it is not there or not from the file.
    pub fn line(&self, key: &str) -> Option<usize> {
        self.entries.get(key).map(|entry| entry.line).filter(|line| *line > 0)
    }

    /// The value of a key that cannot be done without.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] with profile and key.
    pub fn require(&self, key: &str) -> Result<&str> {
        self.get(key).filter(|value| !value.is_empty()).ok_or_else(|| {
            Error::auth(
                format!("the profile {} of the OCI configuration has no {key}", self.profile),
                format!("add {key}=... to it; {MANUAL}"),
            )
        })
    }

    /// The pass phrase of the private key; `None` if there is none or an empty one.
    pub fn pass_phrase(&self) -> Option<Secret> {
        self.get("pass_phrase").filter(|text| !text.is_empty()).map(Secret::from)
    }

    /// The path of a file that a key names, with `~` replaced.
    pub fn path(&self, key: &str, home: Option<&str>) -> Option<String> {
        self.get(key).map(|path| expand_home(path, home))
    }

    /// Where a key is set, for an error about its value: `key_file in line 7 of the profile DEFAULT`.
    pub fn place(&self, key: &str) -> String {
        let line = self.line(key).map(|line| format!(" in line {line}")).unwrap_or_default();
        format!("{key}{line} of the profile {}", self.profile)
    }

    /// What the profile says that is not heeded.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What keeps this profile from an API key's signatures, key by key, as the SDK's
    /// `validate_config` finds it: user, tenancy, fingerprint, region, and `key_file` or
    /// `key_content`.
    pub fn problems(&self) -> BTreeMap<&'static str, Problem> {
        let mut problems = BTreeMap::new();
        for key in ["user", "tenancy", "fingerprint", "region", "key_file"] {
            let stands_in = if key == "key_file" { "key_content" } else { key };
            if self.get(key).is_none() && self.get(stands_in).is_none() {
                problems.insert(key, Problem::Missing);
            }
        }
        for (key, is_well_formed) in FORMS {
            if self.get(key).is_some_and(|value| !is_well_formed(value)) {
                problems.insert(key, Problem::Malformed);
            }
        }
        problems
    }

    /// Checks that this profile can sign with an API key.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] with everything that [`problems`](Self::problems) finds, with lines.
    pub fn validate(&self) -> Result<()> {
        let problems = self.problems();
        if problems.is_empty() {
            return Ok(());
        }
        let told: Vec<String> =
            problems.iter().map(|(key, problem)| self.tell(key, *problem)).collect();
        Err(Error::auth(
            format!("the profile {} of the OCI configuration: {}", self.profile, told.join("; ")),
            format!("mend it, or make a new one with: oci setup config; {MANUAL}"),
        ))
    }

    /// Checks that this profile can sign with a session token (`oci session authenticate` wrote
    /// it): `security_token_file`, `key_file` and `region`.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] with what is missing and the command to run.
    pub fn validate_session(&self) -> Result<()> {
        let wanted = ["security_token_file", "key_file", "region"];
        let missing: Vec<&str> =
            wanted.into_iter().filter(|key| self.get(key).is_none_or(str::is_empty)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::auth(
            format!(
                "the profile {} of the OCI configuration has no session: {} missing",
                self.profile,
                missing.join(", ")
            ),
            format!("make one with: oci session authenticate --profile-name {}", self.profile),
        ))
    }

    fn tell(&self, key: &str, problem: Problem) -> String {
        match (problem, key) {
            (Problem::Missing, _) => format!("{key} is missing"),
            (Problem::Malformed, "fingerprint") => format!(
                "{} is malformed: expected 16 pairs of digits 0-9 a-f with colons between",
                self.place(key)
            ),
            (Problem::Malformed, _) => format!(
                "{} is malformed: expected an OCID such as ocid1.{key}.oc1..aaaa",
                self.place(key)
            ),
        }
    }

    /// What the SDK refuses when it reads a profile from a file.
    fn check_file_rules(&self) -> Result<()> {
        if self.entries.contains_key("key_content") {
            return Err(Error::auth(
                format!(
                    "{} of the OCI configuration file: a private key may not stand in this file",
                    self.place("key_content")
                ),
                "put it into a file of its own and name that with key_file",
            ));
        }
        const YES_AND_NO: [&str; 8] = ["1", "yes", "true", "on", "0", "no", "false", "off"];
        match self.get("log_requests") {
            Some(text) if !YES_AND_NO.contains(&text.to_lowercase().as_str()) => Err(Error::auth(
                format!(
                    "{} of the OCI configuration file is neither true nor false",
                    self.place("log_requests")
                ),
                "set it to true or false, or leave it out",
            )),
            _ => Ok(()),
        }
    }

    fn with_notes(mut self) -> Self {
        let ignored = IGNORED.into_iter().filter(|key| self.entries.contains_key(*key));
        let notes = ignored.map(|key| {
            format!("{} is ignored: delegation tokens are not used for databases", self.place(key))
        });
        self.notes = notes.collect();
        self
    }
}

impl std::fmt::Debug for OciConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OciConfig")
            .field("profile", &self.profile)
            .field("keys", &self.entries.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A path with `~` or `~/...` replaced by the home directory, if that is known; other users' homes
/// (`~name`) are left as they are.
pub fn expand_home(path: &str, home: Option<&str>) -> String {
    match (path.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
            let whole = format!("{}{rest}", home.trim_end_matches(['/', '\\']));
            if whole.is_empty() { home.to_owned() } else { whole }
        }
        _ => path.to_owned(),
    }
}

/// Whether a value can be what it stands for.
type Form = fn(&str) -> bool;

/// The forms that the SDK checks.
const FORMS: [(&str, Form); 3] =
    [("tenancy", is_ocid), ("user", is_ocid), ("fingerprint", is_fingerprint)];

/// At least five parts of letters, digits, `-` and `_`, with dots or colons between; only the first and the
/// last must not be empty.
fn is_ocid(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['.', ':']).collect();
    let is_word = |part: &&str| {
        part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let is_empty = |part: Option<&&str>| part.is_none_or(|part| part.is_empty());
    parts.len() >= 5
        && parts.iter().all(is_word)
        && !is_empty(parts.first())
        && !is_empty(parts.last())
}
