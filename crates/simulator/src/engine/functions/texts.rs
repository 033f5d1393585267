//! Character and RAW functions.

use rusqlite::types::Value as Sql;

use super::super::error::{Result, plain};
use super::{Answer, Args, Registry, bytes, integer, text};

/// The longest text that padding makes.
const MAX_PAD: i64 = 1_000_000;

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    // NULL counts as nothing in a concatenation.
    registry.lax("o_concat", 2, |_, a| {
        if a.is_null(1) {
            return if a.is_null(0) { Ok(Sql::Null) } else { text(a.text(0)) };
        }
        let mut joined = String::with_capacity(a.text(0).len() + a.text(1).len());
        joined.push_str(a.text(0));
        joined.push_str(a.text(1));
        text(joined)
    })?;
    registry.strict("o_length", 1, |_, a| integer(a.text(0).chars().count() as i64))?;
    registry.strict("o_lengthb", 1, |_, a| integer(a.bytes(0).len() as i64))?;
    registry.strict("o_upper", 1, |_, a| text(a.text(0).to_uppercase()))?;
    registry.strict("o_lower", 1, |_, a| text(a.text(0).to_lowercase()))?;
    registry.strict("o_initcap", 1, |_, a| text(initcap(a.text(0))))?;
    registry.strict("o_substr", 2, |_, a| text(substr(a.text(0), a.int(1)?, i64::MAX)))?;
    registry.strict("o_substr", 3, |_, a| text(substr(a.text(0), a.int(1)?, a.int(2)?)))?;
    registry
        .strict("o_substrb", 2, |_, a| bytes_text(sub_bytes(a.bytes(0), a.int(1)?, i64::MAX)))?;
    registry
        .strict("o_substrb", 3, |_, a| bytes_text(sub_bytes(a.bytes(0), a.int(1)?, a.int(2)?)))?;
    registry.strict("o_raw_substr", 2, |_, a| {
        bytes(sub_bytes(a.bytes(0), a.int(1)?, i64::MAX).to_vec())
    })?;
    registry.strict("o_raw_substr", 3, |_, a| {
        bytes(sub_bytes(a.bytes(0), a.int(1)?, a.int(2)?).to_vec())
    })?;
    registry.strict("o_raw_concat", -1, |_, a| {
        bytes((0..a.len()).flat_map(|at| a.bytes(at).to_vec()).collect())
    })?;
    registry.strict("o_instr", 2, |_, a| integer(instr(a.text(0), a.text(1), 1, 1)?))?;
    registry.strict("o_instr", 3, |_, a| integer(instr(a.text(0), a.text(1), a.int(2)?, 1)?))?;
    registry
        .strict("o_instr", 4, |_, a| integer(instr(a.text(0), a.text(1), a.int(2)?, a.int(3)?)?))?;
    registry.strict("o_lpad", 2, |_, a| text(pad(a.text(0), a.int(1)?, " ", true)))?;
    registry.strict("o_lpad", 3, |_, a| text(pad(a.text(0), a.int(1)?, a.text(2), true)))?;
    registry.strict("o_rpad", 2, |_, a| text(pad(a.text(0), a.int(1)?, " ", false)))?;
    registry.strict("o_rpad", 3, |_, a| text(pad(a.text(0), a.int(1)?, a.text(2), false)))?;
    registry.strict("o_ltrim", 2, |_, a| {
        text(a.text(0).trim_start_matches(|c| a.text(1).contains(c)))
    })?;
    registry
        .strict("o_rtrim", 2, |_, a| text(a.text(0).trim_end_matches(|c| a.text(1).contains(c))))?;
    registry.strict("o_trim", 2, |_, a| text(a.text(0).trim_matches(|c| a.text(1).contains(c))))?;
    registry.lax("o_replace", 3, |_, a| {
        if a.is_null(0) || a.is_null(1) {
            return text(a.text(0));
        }
        text(a.text(0).replace(a.text(1), a.text(2)))
    })?;
    registry.strict("o_translate", 3, |_, a| text(translate(a.text(0), a.text(1), a.text(2))))?;
    registry.strict("o_reverse", 1, |_, a| text(a.text(0).chars().rev().collect::<String>()))?;
    registry.strict("o_chr", 1, |_, a| {
        let code = u32::try_from(a.int(0)?).map_err(|_| plain(1428))?;
        // CHR takes the code in the database's character set: above 127 bytes of UTF-8.
        let raw: Vec<u8> = code.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
        match String::from_utf8(raw) {
            Ok(character) if code != 0 => Ok(Sql::Text(character)),
            Ok(_) => Ok(Sql::Text("\0".to_owned())),
            Err(_) => Ok(Sql::Text(char::from_u32(code).unwrap_or('?').to_string())),
        }
    })?;
    registry.strict("o_nchr", 1, |_, a| {
        let code = u32::try_from(a.int(0)?).map_err(|_| plain(1428))?;
        Ok(Sql::Text(char::from_u32(code).ok_or_else(|| plain(1428))?.to_string()))
    })?;
    registry.strict("o_ascii", 1, |_, a| {
        let first = a.text(0).chars().next().map_or(String::new(), String::from);
        integer(first.bytes().fold(0, |code, byte| code * 256 + i64::from(byte)))
    })?;
    registry.strict("o_soundex", 1, |_, a| text(soundex(a.text(0))))?;
    registry
        .strict("o_like", 2, |_, a| Ok(Sql::Integer(like(a.text(0), a.text(1), None)?.into())))?;
    registry.strict("o_like", 3, |_, a| {
        let mut escape = a.text(2).chars();
        match (escape.next(), escape.next()) {
            (Some(escape), None) => {
                Ok(Sql::Integer(like(a.text(0), a.text(1), Some(escape))?.into()))
            }
            _ => Err(super::super::error::ora(
                1425,
                "escape character must be character string of length 1",
            )),
        }
    })?;
    registry.strict("o_rawtohex", 1, |_, a| text(hex(a.bytes(0))))?;
    registry.strict("o_hextoraw", 1, |_, a| bytes(unhex(a.text(0))?))?;
    registry.strict("o_to_raw", 1, |_, a| bytes(a.bytes(0).to_vec()))?;
    registry.strict("o_to_text", 1, |_, a| bytes_text(a.bytes(0)))?;
    // Blank-pads a CHAR to its length, which counts characters or bytes.
    registry.strict("o_char", 3, |_, a| {
        let (value, length) = (a.text(0), a.int(1)?);
        let used = if a.int(2)? != 0 { value.chars().count() } else { value.len() } as i64;
        text(format!("{value}{}", " ".repeat((length - used).clamp(0, MAX_PAD) as usize)))
    })?;
    // Cuts a text as CAST does.
    registry.strict("o_cut", 3, |_, a| {
        let (value, length) = (a.text(0), a.int(1)?);
        if a.int(2)? != 0 {
            return text(substr(value, 1, length));
        }
        let mut end = (length.max(0) as usize).min(value.len());
        while !value.is_char_boundary(end) {
            end -= 1;
        }
        text(&value[..end])
    })
}

fn bytes_text(value: &[u8]) -> Answer {
    text(String::from_utf8_lossy(value).into_owned())
}

fn initcap(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut inside = false;
    for c in value.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        inside = c.is_alphanumeric();
    }
    out
}

/// Oracle's SUBSTR: from 1; 0 is 1; negative from the end.
fn substr(value: &str, from: i64, length: i64) -> &str {
    if length < 1 {
        return "";
    }
    let start = if from < 0 {
        let count = value.chars().count() as i64;
        if -from > count {
            return "";
        }
        count + from
    } else {
        (from - 1).max(0)
    };
    let mut offsets = value.char_indices().map(|(at, _)| at).skip(start as usize);
    let Some(begin) = offsets.next() else { return "" };
    let end = if length == i64::MAX { None } else { offsets.nth((length - 1) as usize) };
    &value[begin..end.unwrap_or(value.len())]
}

fn sub_bytes(value: &[u8], from: i64, length: i64) -> &[u8] {
    let count = value.len() as i64;
    let start = if from < 0 { count + from } else { (from - 1).max(0) };
    if length < 1 || start < 0 || start >= count {
        return &[];
    }
    let end = start.saturating_add(length).min(count);
    &value[start as usize..end as usize]
}

fn instr(value: &str, part: &str, from: i64, occurrence: i64) -> Result<i64> {
    if occurrence < 1 {
        return Err(plain(1428));
    }
    let value: Vec<char> = value.chars().collect();
    let part: Vec<char> = part.chars().collect();
    if from == 0 || part.len() > value.len() {
        return Ok(0);
    }
    let mut left = occurrence;
    let matches = |at: usize| value[at..].starts_with(&part);
    let last = value.len() - part.len();
    if from > 0 {
        for at in (from as usize - 1)..=last {
            if matches(at) {
                left -= 1;
                if left == 0 {
                    return Ok(at as i64 + 1);
                }
            }
        }
    } else {
        let start = value.len() as i64 + from;
        for at in (0..=start.min(last as i64)).rev() {
            if matches(at as usize) {
                left -= 1;
                if left == 0 {
                    return Ok(at + 1);
                }
            }
        }
    }
    Ok(0)
}

fn pad(value: &str, length: i64, filler: &str, left: bool) -> String {
    let count = value.chars().count() as i64;
    if length <= count {
        return substr(value, 1, length).to_owned();
    }
    let missing = (length - count).min(MAX_PAD) as usize;
    let filling: String = filler.chars().cycle().take(missing).collect();
    if left { filling + value } else { value.to_owned() + &filling }
}

fn translate(value: &str, from: &str, to: &str) -> String {
    let to: Vec<char> = to.chars().collect();
    value
        .chars()
        .filter_map(|c| match from.chars().position(|f| f == c) {
            Some(at) => to.get(at).copied(),
            None => Some(c),
        })
        .collect()
}

fn soundex(value: &str) -> String {
    let code = |c: char| match c.to_ascii_uppercase() {
        'B' | 'F' | 'P' | 'V' => b'1',
        'C' | 'G' | 'J' | 'K' | 'Q' | 'S' | 'X' | 'Z' => b'2',
        'D' | 'T' => b'3',
        'L' => b'4',
        'M' | 'N' => b'5',
        'R' => b'6',
        'H' | 'W' => b'-',
        _ => b'0',
    };
    let mut letters = value.chars().filter(char::is_ascii_alphabetic);
    let Some(first) = letters.next() else { return String::new() };
    let mut out = first.to_ascii_uppercase().to_string();
    let mut last = code(first);
    for c in letters {
        let digit = code(c);
        if digit == b'-' {
            continue;
        }
        if digit != b'0' && digit != last {
            out.push(char::from(digit));
        }
        last = digit;
    }
    out.push_str("000");
    out.truncate(4);
    out
}

fn like(value: &str, pattern: &str, escape: Option<char>) -> Result<bool> {
    #[derive(PartialEq)]
    enum Piece {
        One(char),
        Any,
        Many,
    }
    let mut pieces = Vec::new();
    let mut pattern = pattern.chars();
    while let Some(c) = pattern.next() {
        pieces.push(match c {
            _ if Some(c) == escape => match pattern.next() {
                Some(next) if next == '%' || next == '_' || Some(next) == escape => {
                    Piece::One(next)
                }
                _ => {
                    return Err(super::super::error::ora(
                        1424,
                        "missing or illegal character following the escape character",
                    ));
                }
            },
            '%' => Piece::Many,
            '_' => Piece::Any,
            c => Piece::One(c),
        });
    }
    let value: Vec<char> = value.chars().collect();
    let (mut v, mut p) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while v < value.len() {
        match pieces.get(p) {
            Some(Piece::Many) => {
                retry = Some((p, v));
                p += 1;
            }
            Some(Piece::Any) => {
                v += 1;
                p += 1;
            }
            Some(Piece::One(c)) if *c == value[v] => {
                v += 1;
                p += 1;
            }
            _ => match retry {
                Some((piece, at)) => {
                    retry = Some((piece, at + 1));
                    p = piece + 1;
                    v = at + 1;
                }
                None => return Ok(false),
            },
        }
    }
    Ok(pieces[p..].iter().all(|piece| *piece == Piece::Many))
}

pub(super) fn hex(value: &[u8]) -> String {
    value.iter().map(|byte| format!("{byte:02X}")).collect()
}

pub(super) fn unhex(text: &str) -> Result<Vec<u8>> {
    let digits: Vec<u32> =
        text.chars().map(|c| c.to_digit(16)).collect::<Option<_>>().ok_or_else(|| plain(1465))?;
    let odd = digits.len() % 2;
    let padded: Vec<u32> = std::iter::repeat_n(0, odd).chain(digits).collect();
    Ok(padded.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect())
}

/// The length of a text as a column counts it.
pub(super) fn measured(a: &Args<'_, '_>, at: usize, in_chars: bool) -> usize {
    if in_chars { a.text(at).chars().count() } else { a.bytes(at).len() }
}
