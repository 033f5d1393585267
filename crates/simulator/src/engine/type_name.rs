//! Data types as DDL, CAST and PL/SQL write them.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::error::{Result, ora, plain};
use super::lexer::is_word;
use super::types::{FLOATING, Kind, MAX_EXTENDED, OraType};

/// The longest CHAR and NCHAR.
const MAX_CHAR: i64 = 2000;
const MAX_PRECISION: i64 = 38;

/// A place in a list of tokens.
pub(crate) struct Cursor<'a> {
    pub(crate) tokens: &'a [TokenWithSpan],
    pub(crate) at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(tokens: &'a [TokenWithSpan]) -> Cursor<'a> {
        Cursor { tokens, at: 0 }
    }

    pub(crate) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at).map(|t| &t.token)
    }

    pub(crate) fn peek_at(&self, ahead: usize) -> Option<&'a Token> {
        self.tokens.get(self.at + ahead).map(|t| &t.token)
    }

    pub(crate) fn next(&mut self) -> Option<&'a TokenWithSpan> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    pub(crate) fn is(&self, word: &str) -> bool {
        self.peek().is_some_and(|t| is_word(t, word))
    }

    pub(crate) fn is_at(&self, ahead: usize, word: &str) -> bool {
        self.peek_at(ahead).is_some_and(|t| is_word(t, word))
    }

    /// Takes the word if it is next.
    pub(crate) fn take(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.at += usize::from(found);
        found
    }

    /// Takes all of the words if they are next.
    pub(crate) fn take_all(&mut self, words: &[&str]) -> bool {
        let found = words.iter().enumerate().all(|(ahead, word)| self.is_at(ahead, word));
        if found {
            self.at += words.len();
        }
        found
    }

    pub(crate) fn take_token(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    /// A whole number, with its sign.
    pub(crate) fn take_integer(&mut self) -> Option<i64> {
        let negative = self.peek() == Some(&Token::Minus);
        match self.peek_at(usize::from(negative)) {
            Some(Token::Number(digits, _)) => {
                let value: i64 = digits.parse().ok()?;
                self.at += 1 + usize::from(negative);
                Some(if negative { -value } else { value })
            }
            _ => None,
        }
    }

    /// `(n)`.
    fn length(&mut self) -> Result<Option<i64>> {
        if !self.take_token(&Token::LParen) {
            return Ok(None);
        }
        let length = self.take_integer().ok_or_else(|| plain(910))?;
        self.close()?;
        Ok(Some(length))
    }

    fn close(&mut self) -> Result<()> {
        if self.take_token(&Token::RParen) { Ok(()) } else { Err(plain(907)) }
    }

    /// `(n [BYTE | CHAR])`.
    fn text_length(&mut self) -> Result<Option<(i64, bool)>> {
        if !self.take_token(&Token::LParen) {
            return Ok(None);
        }
        let length = self
            .take_integer()
            .ok_or_else(|| ora(910, "specified length too long for its datatype"))?;
        let in_chars = self.take("CHAR");
        if !in_chars {
            self.take("BYTE");
        }
        self.close()?;
        Ok(Some((length, in_chars)))
    }
}

fn checked_length(length: i64, max: i64) -> Result<u32> {
    if length == 0 {
        return Err(ora(1723, "zero-length columns are not allowed"));
    }
    if length < 0 || length > max {
        return Err(ora(910, "specified length too long for its datatype"));
    }
    u32::try_from(length).map_err(|_| plain(910))
}

/// Reads a type; `None` (and nothing taken) if the next token does not begin one.
pub(crate) fn parse_type(cursor: &mut Cursor<'_>) -> Result<Option<OraType>> {
    let Some(Token::Word(word)) = cursor.peek() else { return Ok(None) };
    if word.quote_style.is_some() {
        return Ok(None);
    }
    let name = word.value.to_uppercase();
    let start = cursor.at;
    cursor.at += 1;
    let ty = match name.as_str() {
        "VARCHAR2" | "VARCHAR" => {
            let (length, in_chars) = cursor.text_length()?.ok_or_else(|| plain(906))?;
            OraType::text(Kind::Varchar, checked_length(length, MAX_EXTENDED.into())?, in_chars)
        }
        "NVARCHAR2" => {
            let length = cursor.length()?.ok_or_else(|| plain(906))?;
            OraType::text(Kind::Nvarchar, checked_length(length, 16_383)?, true)
        }
        "CHAR" | "CHARACTER" => {
            if cursor.take("VARYING") {
                let (length, in_chars) = cursor.text_length()?.ok_or_else(|| plain(906))?;
                OraType::text(Kind::Varchar, checked_length(length, MAX_EXTENDED.into())?, in_chars)
            } else {
                let (length, in_chars) = cursor.text_length()?.unwrap_or((1, false));
                OraType::text(Kind::Char, checked_length(length, MAX_CHAR)?, in_chars)
            }
        }
        "NCHAR" => {
            let varying = cursor.take("VARYING");
            let length = checked_length(cursor.length()?.unwrap_or(1), MAX_CHAR)?;
            OraType::text(if varying { Kind::Nvarchar } else { Kind::Nchar }, length, true)
        }
        "NATIONAL" => {
            if !cursor.take("CHAR") && !cursor.take("CHARACTER") {
                return Err(plain(902));
            }
            let varying = cursor.take("VARYING");
            let length = checked_length(cursor.length()?.unwrap_or(1), MAX_CHAR)?;
            OraType::text(if varying { Kind::Nvarchar } else { Kind::Nchar }, length, true)
        }
        "NUMBER" | "NUMERIC" | "DECIMAL" | "DEC" => {
            if !cursor.take_token(&Token::LParen) {
                if name == "NUMBER" { OraType::NUMBER } else { OraType::number(38, 0) }
            } else {
                let precision = if cursor.take_token(&Token::Mul) {
                    MAX_PRECISION
                } else {
                    cursor.take_integer().ok_or_else(|| {
                        ora(1727, "numeric precision specifier is out of range (1 to 38)")
                    })?
                };
                if !(1..=MAX_PRECISION).contains(&precision) {
                    return Err(ora(1727, "numeric precision specifier is out of range (1 to 38)"));
                }
                let scale = if cursor.take_token(&Token::Comma) {
                    cursor.take_integer().ok_or_else(|| plain(1728))?
                } else {
                    0
                };
                if !(-84..=127).contains(&scale) {
                    return Err(ora(1728, "numeric scale specifier is out of range (-84 to 127)"));
                }
                cursor.close()?;
                OraType::number(precision as i8, scale as i8)
            }
        }
        "INTEGER" | "INT" | "SMALLINT" | "PLS_INTEGER" | "BINARY_INTEGER" | "NATURAL"
        | "POSITIVE" | "SIMPLE_INTEGER" => OraType::number(38, 0),
        "FLOAT" => {
            let bits = cursor.length()?.unwrap_or(126).clamp(1, 126);
            OraType { precision: bits as i8, scale: FLOATING, ..OraType::NUMBER }
        }
        "REAL" => OraType { precision: 63, scale: FLOATING, ..OraType::NUMBER },
        "DOUBLE" => {
            cursor.take("PRECISION");
            OraType { precision: 126, scale: FLOATING, ..OraType::NUMBER }
        }
        "BINARY_FLOAT" => OraType::plain(Kind::BinaryFloat),
        "BINARY_DOUBLE" => OraType::plain(Kind::BinaryDouble),
        "DATE" => OraType::DATE,
        "TIMESTAMP" => {
            let digits = cursor.length()?.unwrap_or(6);
            if !(0..=9).contains(&digits) {
                return Err(ora(30088, "datetime/interval precision is out of range"));
            }
            let kind = if cursor.take_all(&["WITH", "LOCAL", "TIME", "ZONE"]) {
                Kind::TimestampLtz
            } else if cursor.take_all(&["WITH", "TIME", "ZONE"]) {
                Kind::TimestampTz
            } else {
                Kind::Timestamp
            };
            OraType::timestamp(kind, digits as i8)
        }
        "INTERVAL" => {
            if cursor.take("YEAR") {
                let digits = cursor.length()?.unwrap_or(2);
                if !cursor.take_all(&["TO", "MONTH"]) {
                    return Err(plain(905));
                }
                OraType::interval(Kind::IntervalYm, digits.clamp(0, 9) as i8, 0)
            } else if cursor.take("DAY") {
                let digits = cursor.length()?.unwrap_or(2);
                if !cursor.take_all(&["TO", "SECOND"]) {
                    return Err(plain(905));
                }
                let fraction = cursor.length()?.unwrap_or(6);
                OraType::interval(
                    Kind::IntervalDs,
                    digits.clamp(0, 9) as i8,
                    fraction.clamp(0, 9) as i8,
                )
            } else {
                return Err(plain(905));
            }
        }
        "RAW" => {
            let length = cursor.length()?.ok_or_else(|| plain(906))?;
            OraType::raw(checked_length(length, MAX_EXTENDED.into())?)
        }
        "LONG" => {
            if cursor.take("RAW") {
                OraType::plain(Kind::LongRaw)
            } else {
                OraType::plain(Kind::Long)
            }
        }
        "ROWID" => OraType::ROWID,
        "UROWID" => {
            cursor.length()?;
            OraType::plain(Kind::Urowid)
        }
        "BOOLEAN" | "BOOL" => OraType::BOOLEAN,
        "CLOB" => OraType::CLOB,
        "NCLOB" => OraType::plain(Kind::Nclob),
        "BLOB" => OraType::BLOB,
        "BFILE" => OraType::plain(Kind::Bfile),
        _ => {
            cursor.at = start;
            return Ok(None);
        }
    };
    Ok(Some(ty))
}

#[cfg(test)]
mod tests {
    use super::super::lexer::lex;
    use super::*;

    #[test]
    fn reads_what_ddl_writes() {
        for (text, name) in [
            ("NUMBER", "NUMBER"),
            ("varchar2(10 char)", "VARCHAR2"),
            ("timestamp(3) with local time zone", "TIMESTAMP(3) WITH LOCAL TIME ZONE"),
            ("timestamp with time zone", "TIMESTAMP(6) WITH TIME ZONE"),
            ("interval day(3) to second(2)", "INTERVAL DAY(3) TO SECOND(2)"),
            ("interval year to month", "INTERVAL YEAR(2) TO MONTH"),
            ("long raw", "LONG RAW"),
            ("national character varying(5)", "NVARCHAR2"),
        ] {
            let tokens = lex(text).unwrap().tokens;
            let mut cursor = Cursor::new(&tokens);
            let ty = parse_type(&mut cursor).unwrap().unwrap();
            assert_eq!(ty.dictionary_name(), name, "{text}");
            assert_eq!(cursor.at, tokens.len(), "{text}");
        }
        let parse = |text: &str| {
            let tokens = lex(text).unwrap().tokens;
            parse_type(&mut Cursor::new(&tokens)).map_err(|e| e.number)
        };
        assert_eq!(parse("varchar2"), Err(906));
        assert_eq!(parse("number(39)"), Err(1727));
        assert_eq!(parse("varchar2(0)"), Err(1723));
        assert_eq!(parse("geometry"), Ok(None));
    }
}
