//! The text of a configuration file, line by line, as Python's `configparser` reads it for Oracle's
//! SDK: `interpolation=None`, otherwise its defaults (strict).
//!
//! A line is a comment if it begins with `#` or `;`, a section if it is `[NAME]`, else `KEY = VALUE`
//! or `KEY: VALUE` with the first delimiter that comes. A line that is indented deeper than the one
//! that began the key goes on with its value. Keys are in lower case; sections are as written.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// The section that the others inherit from.
pub(super) const DEFAULT: &str = "DEFAULT";

/// The most text that is read, in bytes.
const MAX_FILE: usize = 1024 * 1024;

/// The keys of one section.
pub(super) type Section = BTreeMap<String, Entry>;

/// What a key is set to, and the number of its line from 1. Some values are secrets, so there is no
/// `Debug`.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) value: Zeroizing<String>,
    pub(super) line: usize,
}

/// Sections by name; [`DEFAULT`] is there if the file has it.
pub(super) type Sections = BTreeMap<String, Section>;

/// Reads a whole file.
///
/// # Errors
///
/// [`Error::Auth`] with the line: a key in front of the first section, a section or a key that is
/// there twice, a line that is none of these. No value is shown.
pub(super) fn parse(text: &str) -> Result<Sections> {
    if text.len() > MAX_FILE {
        return Err(refuse(1, "the file is too long".to_owned(), "is it a configuration file?"));
    }
    let mut reader = Reader::default();
    for (number, line) in (1..).zip(lines(text)) {
        reader.line(number, line)?;
    }
    if let Some(error) = reader.unreadable {
        return Err(error);
    }
    for entry in reader.sections.values_mut().flat_map(Section::values_mut) {
        // Empty lines belong to a value as long as something follows.
        let length = entry.value.trim_end_matches(is_space).len();
        entry.value.truncate(length);
    }
    Ok(reader.sections)
}

/// Lines end in LF, CR LF or CR.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.filter(|text| !text.is_empty())?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let (line, after) = text.split_at_checked(end)?;
        rest = after.strip_prefix("\r\n").or_else(|| after.get(1..));
        Some(line)
    })
}

#[derive(Default)]
struct Reader {
    sections: Sections,
    /// The section that is being read.
    section: Option<String>,
    /// The key that a deeper line goes on with.
    key: Option<String>,
    /// How far the last section or key was indented, in characters.
    indent: usize,
    /// The first line that is nothing; told at the end, since what is there twice is worse.
    unreadable: Option<Error>,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) -> Result<()> {
        let text = trim(line);
        if text.starts_with(['#', ';']) {
            return Ok(());
        }
        let indent = line.chars().take_while(|character| is_space(*character)).count();
        if (text.is_empty() || indent > self.indent)
            && let Some(entry) = self.open_entry()
        {
            entry.value.push('\n');
            entry.value.push_str(text);
            return Ok(());
        }
        if text.is_empty() {
            return Ok(());
        }
        self.indent = indent;
        if let Some(name) = section_name(text) {
            return self.begin_section(number, name);
        }
        let Some(section) = self.section.clone() else {
            return Err(refuse(
                number,
                "there is no section in front of this line".to_owned(),
                if text.starts_with('\u{feff}') {
                    "the file begins with a byte order mark: save it as UTF-8 without one"
                } else {
                    "begin the file with [DEFAULT]"
                },
            ));
        };
        self.entry(number, &section, text)
    }

    fn open_entry(&mut self) -> Option<&mut Entry> {
        self.sections.get_mut(self.section.as_ref()?)?.get_mut(self.key.as_ref()?)
    }

    fn begin_section(&mut self, number: usize, name: &str) -> Result<()> {
        if name != DEFAULT && self.sections.contains_key(name) {
            return Err(refuse(
                number,
                format!("the section [{name}] is there already"),
                "put its keys into one section",
            ));
        }
        self.sections.entry(name.to_owned()).or_default();
        self.section = Some(name.to_owned());
        self.key = None;
        Ok(())
    }

    fn entry(&mut self, number: usize, section: &str, text: &str) -> Result<()> {
        // A key can be empty for configparser, which then refuses the line but remembers the key.
        let split = text.split_once(['=', ':']);
        if split.is_none_or(|(key, _)| trim(key).is_empty()) {
            let error = || {
                let what = "this line is neither a section nor KEY=VALUE".to_owned();
                refuse(number, what, "mend it, or begin it with # to leave it out")
            };
            self.unreadable.get_or_insert_with(error);
        }
        let Some((key, value)) = split else { return Ok(()) };
        let key = trim(key).to_lowercase();
        let entries = self.sections.entry(section.to_owned()).or_default();
        if let Some(first) = entries.get(&key) {
            let first = first.line;
            return Err(refuse(
                number,
                format!("{key} is set in line {first} of the section [{section}] already"),
                "leave one of the two",
            ));
        }
        let value = Zeroizing::new(trim(value).to_owned());
        entries.insert(key.clone(), Entry { value, line: number });
        self.key = (!key.is_empty()).then_some(key);
        Ok(())
    }
}

/// The name in `[NAME]`: up to the last bracket, whatever is behind it.
fn section_name(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('[')?.rsplit_once(']')?;
    (!name.is_empty()).then_some(name)
}

fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// What Python calls a space: Unicode's white space, and the four separators of ASCII.
fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

fn refuse(line: usize, what: String, remedy: &str) -> Error {
    Error::auth(format!("the OCI configuration file cannot be read: line {line}: {what}"), remedy)
}
