//! REGEXP_LIKE and its kin. Oracle's (POSIX with Perl's shorthands) and the regex crate's syntax
//! agree on what is in daily use; back references are not there.

use regex::{Regex, RegexBuilder};
use rusqlite::types::Value as Sql;

use super::super::error::{Result, ora, plain};
use super::{Args, Registry, integer, text};

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    registry.lax("o_regexp_like", -1, |_, a| {
        if a.is_null(0) || a.is_null(1) {
            return Ok(Sql::Null);
        }
        Ok(Sql::Integer(compile(a, 1, 2)?.is_match(a.text(0)).into()))
    })?;
    registry.lax("o_regexp_replace", -1, |_, a| {
        if a.is_null(0) || a.is_null(1) {
            return text(a.text(0));
        }
        let regex = compile(a, 1, 5)?;
        let replacement = back_references(a.text(2));
        let (skipped, rest) = split_at(a.text(0), position(a, 3)?);
        let occurrence = if a.is_null(4) { 0 } else { a.int(4)? };
        let replaced = if occurrence == 0 {
            regex.replace_all(rest, replacement.as_str()).into_owned()
        } else {
            let mut out = String::new();
            let mut last = 0;
            for (index, found) in regex.captures_iter(rest).enumerate() {
                if index as i64 + 1 == occurrence {
                    let range = found.get_match().range();
                    out.push_str(&rest[last..range.start]);
                    found.expand(&replacement, &mut out);
                    last = range.end;
                }
            }
            out.push_str(&rest[last..]);
            out
        };
        text(format!("{skipped}{replaced}"))
    })?;
    registry.lax("o_regexp_substr", -1, |_, a| {
        if a.is_null(0) || a.is_null(1) {
            return Ok(Sql::Null);
        }
        let regex = compile(a, 1, 4)?;
        let (_, rest) = split_at(a.text(0), position(a, 2)?);
        let occurrence = position(a, 3)?;
        let group = if a.is_null(5) { 0 } else { a.int(5)? } as usize;
        let found = regex.captures_iter(rest).nth(occurrence - 1);
        text(found.and_then(|c| c.get(group)).map_or("", |m| m.as_str()))
    })?;
    registry.lax("o_regexp_instr", -1, |_, a| {
        if a.is_null(0) || a.is_null(1) {
            return Ok(Sql::Null);
        }
        let regex = compile(a, 1, 5)?;
        let (skipped, rest) = split_at(a.text(0), position(a, 2)?);
        let at_end = !a.is_null(4) && a.int(4)? == 1;
        let found = regex.find_iter(rest).nth(position(a, 3)? - 1);
        let at = found.map(|m| if at_end { m.end() } else { m.start() });
        integer(
            at.map_or(0, |at| (skipped.chars().count() + rest[..at].chars().count()) as i64 + 1),
        )
    })?;
    registry.lax("o_regexp_count", -1, |_, a| {
        if a.is_null(0) || a.is_null(1) {
            return Ok(Sql::Null);
        }
        let regex = compile(a, 1, 3)?;
        let (_, rest) = split_at(a.text(0), position(a, 2)?);
        integer(regex.find_iter(rest).count() as i64)
    })
}

fn position(a: &Args<'_, '_>, at: usize) -> Result<usize> {
    if a.is_null(at) {
        return Ok(1);
    }
    usize::try_from(a.int(at)?).ok().filter(|p| *p > 0).ok_or_else(|| plain(1428))
}

fn split_at(value: &str, position: usize) -> (&str, &str) {
    let at = value.char_indices().nth(position - 1).map_or(value.len(), |(at, _)| at);
    value.split_at(at)
}

fn compile(a: &Args<'_, '_>, pattern: usize, flags: usize) -> Result<Regex> {
    let mut builder = RegexBuilder::new(a.text(pattern));
    for flag in a.text(flags).chars() {
        match flag {
            'i' => builder.case_insensitive(true),
            'c' => builder.case_insensitive(false),
            'n' => builder.dot_matches_new_line(true),
            'm' => builder.multi_line(true),
            'x' => builder.ignore_whitespace(true),
            _ => return Err(ora(1760, "illegal argument for function")),
        };
    }
    builder.build().map_err(|error| {
        ora(12726, format!("unmatched or unsupported construct in regular expression: {error}"))
    })
}

/// `\1` as the regex crate writes it.
fn back_references(replacement: &str) -> String {
    let mut out = String::with_capacity(replacement.len());
    let mut characters = replacement.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, characters.peek()) {
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                out.push_str(&format!("${{{digit}}}"));
                characters.next();
            }
            ('\\', Some('\\')) => {
                out.push('\\');
                characters.next();
            }
            ('$', _) => out.push_str("$$"),
            (c, _) => out.push(c),
        }
    }
    out
}
