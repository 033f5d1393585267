//! tnsnames.ora, given as text: aliases and the connect strings they stand for.
//!
//! Learned from python-oracledb (`TnsnamesFileParser` in `impl/base/parsers.pyx`,
//! `TnsnamesFileReader` in `impl/base/connect_params.pyx`): lines that are no entry have no effect,
//! of two entries with the same alias the later one holds, and an entry is only read when it is
//! asked for. One thing is better here: an entry whose parentheses do not close costs only itself,
//! not the rest of the file.

use std::collections::BTreeMap;
use std::ops::Range;

use super::model::ConnectDescriptor;
use super::scan::Fault;
use crate::error::{ConnectStringError, TextPlace};

/// The largest sum of all texts that are read, in bytes.
const MAX_TOTAL_SIZE: usize = 4 * 1024 * 1024;

/// How deep IFILE lines may lead from file to file (node-oracledb: 4).
const MAX_INCLUDE_DEPTH: usize = 8;

/// The file's name in errors if the caller gave none.
const DEFAULT_NAME: &str = "tnsnames.ora";

/// How many aliases an error names.
const MAX_SUGGESTIONS: usize = 5;

/// The entries of a tnsnames.ora and the files that it includes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TnsNames {
    /// By alias in upper case.
    entries: BTreeMap<String, Entry>,
}

/// What an alias stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// The alias as it is written.
    alias: String,
    /// The connect string, with spaces in place of comments.
    value: String,
    file: String,
    /// The line where the value begins, from 1.
    line: usize,
}

/// A file that an IFILE line names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncludedFile {
    /// Its full name: the same file must always have the same.
    pub name: String,
    /// What is in it.
    pub text: String,
}

impl TnsNames {
    /// Reads a tnsnames.ora that includes no others.
    ///
    /// # Errors
    ///
    /// If the text is larger than 4 MiB, or has an IFILE line.
    pub fn parse(text: &str) -> Result<TnsNames, ConnectStringError> {
        TnsNames::parse_with(DEFAULT_NAME, text, &mut |_, _| {
            Err("included files can only be read where the caller gives access to files; put \
                 the entries into one text"
                .to_owned())
        })
    }

    /// Reads a tnsnames.ora; `include` is called with what an IFILE line names and the name of the
    /// file that has the line.
    ///
    /// # Errors
    ///
    /// If all texts together are larger than 4 MiB, if files include each other in a circle or
    /// more than 8 deep, or if `include` fails.
    pub fn parse_with(
        name: &str,
        text: &str,
        include: &mut dyn FnMut(&str, &str) -> Result<IncludedFile, String>,
    ) -> Result<TnsNames, ConnectStringError> {
        let mut reading =
            Reading { names: TnsNames::default(), include, open: Vec::new(), total_size: 0 };
        reading.file(name, text)?;
        Ok(reading.names)
    }

    /// The aliases as they are written, sorted without regard to case.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.entries.values().map(|entry| entry.alias.as_str())
    }

    /// The text that an alias stands for, in any case.
    pub fn get(&self, alias: &str) -> Option<&str> {
        self.entries.get(&alias.to_uppercase()).map(|entry| entry.value.as_str())
    }

    /// What an alias stands for, in any case; `None` if there is no such alias.
    pub(super) fn descriptor(
        &self,
        alias: &str,
    ) -> Option<Result<ConnectDescriptor, ConnectStringError>> {
        let entry = self.entries.get(&alias.to_uppercase())?;
        let result = if super::is_alias(&entry.value) {
            Err(Fault::new(
                0,
                format!(
                    "an alias must stand for a descriptor or an Easy Connect string, not for \
                     another alias; write what {} stands for",
                    entry.value.trim()
                ),
            ))
        } else {
            super::parse_text(&entry.value)
        };
        Some(result.map_err(|fault| {
            let Fault { message, at } = fault;
            let message = format!("{}: {message}", entry.alias);
            let mut error = Fault::new(at, message).into_error(&entry.value);
            error.place = Some(TextPlace { file: entry.file.clone(), line: entry.line });
            error
        }))
    }

    /// The aliases that look most like this one, for an error.
    pub(super) fn similar(&self, alias: &str) -> Vec<&str> {
        let alias = alias.to_uppercase();
        let limit = alias.chars().count().div_ceil(3).max(1);
        let mut near: Vec<(usize, &str)> = self
            .entries
            .iter()
            .map(|(key, entry)| {
                let inside = key.contains(&alias) || alias.contains(key.as_str());
                let distance = strsim::osa_distance(key, &alias);
                (if inside { distance.min(limit) } else { distance }, entry.alias.as_str())
            })
            .filter(|(distance, _)| *distance <= limit)
            .collect();
        near.sort_unstable();
        near.into_iter().take(MAX_SUGGESTIONS).map(|(_, alias)| alias).collect()
    }
}

/// The state while a file and its included files are read.
struct Reading<'a> {
    names: TnsNames,
    include: &'a mut dyn FnMut(&str, &str) -> Result<IncludedFile, String>,
    /// The files that are being read, each included by the one before it.
    open: Vec<String>,
    total_size: usize,
}

impl Reading<'_> {
    fn file(&mut self, name: &str, text: &str) -> Result<(), ConnectStringError> {
        self.total_size = self.total_size.saturating_add(text.len());
        if self.total_size > MAX_TOTAL_SIZE {
            let message = format!("more than {MAX_TOTAL_SIZE} bytes of entries; leave out some");
            return Err(error_at(name, 1, "", message));
        }
        self.open.push(name.to_owned());
        let text = without_comments(text);
        let (mut line, mut counted) = (1, 0);
        for Found { key, value } in find_entries(&text) {
            let (key_text, value_text) = (slice(&text, &key).trim(), slice(&text, &value));
            // A line of rubbish before the entry ends up in its key; the alias is at the end.
            let aliases = key_text.split(',').filter_map(|alias| alias.trim().lines().last());
            line += slice(&text, &(counted..value.start)).matches('\n').count();
            counted = value.start;
            if key_text.lines().last().is_some_and(|key| key.trim().eq_ignore_ascii_case("IFILE")) {
                self.included(name, value_text, line)?;
                continue;
            }
            for alias in aliases.map(str::trim).filter(|alias| !alias.is_empty()) {
                let entry = Entry {
                    alias: alias.to_owned(),
                    value: value_text.to_owned(),
                    file: name.to_owned(),
                    line,
                };
                self.names.entries.insert(alias.to_uppercase(), entry);
            }
        }
        self.open.pop();
        Ok(())
    }

    fn included(&mut self, by: &str, value: &str, line: usize) -> Result<(), ConnectStringError> {
        let fail = |message: String| error_at(by, line, value, message);
        if self.open.len() >= MAX_INCLUDE_DEPTH {
            return Err(fail(format!(
                "files include each other more than {MAX_INCLUDE_DEPTH} deep"
            )));
        }
        let wanted = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
        let file = (self.include)(wanted, by)
            .map_err(|why| fail(format!("cannot include {wanted}: {why}")))?;
        if self.open.contains(&file.name) {
            let circle = self.open.join(" -> ");
            return Err(fail(format!(
                "files include each other in a circle: {circle} -> {wanted}"
            )));
        }
        self.file(&file.name, &file.text)
    }
}

fn error_at(file: &str, line: usize, input: &str, message: String) -> ConnectStringError {
    let mut error = Fault::new(0, message).into_error(input);
    error.place = Some(TextPlace { file: file.to_owned(), line });
    error
}

fn slice<'a>(text: &'a str, range: &Range<usize>) -> &'a str {
    text.get(range.clone()).unwrap_or_default()
}

/// The text with a space in place of each character of a comment, so that places stay.
fn without_comments(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut in_comment = false;
    for c in text.chars() {
        in_comment = (in_comment || c == '#') && c != '\n';
        clean.push(if in_comment && c != '\r' { ' ' } else { c });
    }
    clean
}

/// An entry: its aliases, and its value without outer spaces, in bytes of the text.
struct Found {
    key: Range<usize>,
    value: Range<usize>,
}

/// Finds `key = value`, where a value goes to the end of its line, or as far as it takes to close
/// all its parentheses.
fn find_entries(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((key, value_from)) = find_key(text, at) {
        let value = find_value(text, value_from);
        at = value.end.max(value_from);
        if !value.is_empty() {
            found.push(Found { key, value });
        }
    }
    found
}

/// The next text before an `=` that has no parentheses in it, and where its value begins.
fn find_key(text: &str, from: usize) -> Option<(Range<usize>, usize)> {
    let mut start = None;
    let mut skip_line = false;
    for (offset, c) in text.get(from..)?.char_indices() {
        let at = from + offset;
        match c {
            '\n' if skip_line => skip_line = false,
            _ if skip_line => {}
            '(' | ')' => (start, skip_line) = (None, true),
            '=' => match start {
                Some(start) => return Some((start..at, at + 1)),
                None => skip_line = true,
            },
            c if start.is_none() && !c.is_whitespace() => start = Some(at),
            _ => {}
        }
    }
    None
}

fn find_value(text: &str, from: usize) -> Range<usize> {
    let rest = text.get(from..).unwrap_or_default();
    let start = from + (rest.len() - rest.trim_start().len());
    let value = text.get(start..).unwrap_or_default();
    let mut depth = 0_usize;
    let mut next_entry = None;
    for (offset, c) in value.char_indices() {
        // Longer than any connect string: its parentheses do not close.
        if offset > super::MAX_SIZE && next_entry.is_some() {
            break;
        }
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '\n' if depth == 0 => return trimmed(text, start..start + offset),
            '\n' if next_entry.is_none() => {
                let after = start + offset + 1;
                if begins_entry(text.get(after..).unwrap_or_default()) {
                    next_entry = Some(after);
                }
            }
            _ => {}
        }
    }
    // If parentheses are still open, the entry ends before what looks like another.
    let end = if depth > 0 { next_entry.unwrap_or(text.len()) } else { text.len() };
    trimmed(text, start..end)
}

/// Whether the line begins, without indentation, with a name, `=`, and nothing or a parenthesis.
fn begins_entry(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let Some((name, value)) = line.split_once('=') else { return false };
    let is_name_char = |c: char| c.is_alphanumeric() || "_.-, ".contains(c);
    name.starts_with(char::is_alphanumeric)
        && name.trim_end().chars().all(is_name_char)
        && (value.trim().is_empty() || value.trim_start().starts_with('('))
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let value = slice(text, &range);
    range.start..range.start + value.trim_end().len()
}
