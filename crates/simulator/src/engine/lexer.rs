//! Oracle's tokens on top of sqlparser's: binds, `^=`, number suffixes, and the few phrases that
//! its Oracle dialect does not know.

use sqlparser::dialect::OracleDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, Word};

use super::error::{Result, plain, plain_at};
use super::type_name::{Cursor, parse_type};
use super::types::OraType;

/// A text with its tokens (blanks and comments left out) and its binds.
#[derive(Debug, Clone)]
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<TokenWithSpan>,
    /// Names of the binds, one for each occurrence.
    pub(crate) binds: Vec<String>,
    pub(crate) positions: Positions,
}

/// Turns sqlparser's lines and columns into byte offsets.
#[derive(Debug, Clone)]
pub(crate) struct Positions {
    text: String,
    lines: Vec<usize>,
}

impl Positions {
    pub(crate) fn new(text: &str) -> Positions {
        let mut lines = vec![0];
        lines.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Positions { text: text.to_owned(), lines }
    }

    /// Byte offset of a place; the end of the text for a place that is none.
    pub(crate) fn offset(&self, location: Location) -> usize {
        if location.line == 0 {
            return self.text.len();
        }
        let Some(&start) = self.lines.get(location.line as usize - 1) else {
            return self.text.len();
        };
        let column = (location.column as usize).saturating_sub(1);
        self.text[start..].char_indices().nth(column).map_or(self.text.len(), |(at, _)| start + at)
    }

    /// Line (from 1) that an offset is in.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).max(1)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// Marks a placeholder's number, so that it is found again in what sqlparser prints.
pub(crate) const BIND_MARK: char = '\u{1}';

/// The placeholder that stands for the bind at `index` (from 0).
pub(crate) fn placeholder(index: usize) -> Token {
    Token::Placeholder(format!("{BIND_MARK}{index}{BIND_MARK}"))
}

/// The bind that a placeholder stands for.
pub(crate) fn placeholder_index(name: &str) -> Option<usize> {
    name.strip_prefix(BIND_MARK)?.strip_suffix(BIND_MARK)?.parse().ok()
}

/// An unquoted word.
pub(crate) fn word(text: &str) -> Token {
    Token::make_word(text, None)
}

pub(crate) fn is_word(token: &Token, text: &str) -> bool {
    matches!(token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(text))
}

/// Splits `text` into tokens.
pub(crate) fn lex(text: &str) -> Result<Lexed> {
    let positions = Positions::new(text);
    let dialect = OracleDialect {};
    let raw = Tokenizer::new(&dialect, text).with_unescape(true).tokenize_with_location().map_err(
        |error| {
            let at = positions.offset(error.location);
            if error.message.contains("nterminated") { plain(1756) } else { plain_at(911, at) }
        },
    )?;
    let mut raw: Vec<TokenWithSpan> =
        raw.into_iter().filter(|t| !matches!(t.token, Token::Whitespace(_) | Token::EOF)).collect();
    let mut binds = Vec::new();
    let mut tokens: Vec<TokenWithSpan> = Vec::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        let TokenWithSpan { token, span } =
            std::mem::replace(&mut raw[at], TokenWithSpan::wrap(Token::EOF));
        at += 1;
        let next = raw.get(at).map(|t| (&t.token, t.span));
        match (token, next) {
            (Token::Colon, Some((next, next_span)))
                if !matches!(tokens.last().map(|t| &t.token), Some(Token::Colon)) =>
            {
                let name = match next {
                    Token::Word(w) if w.quote_style.is_some() => w.value.clone(),
                    Token::Word(w) => w.value.to_uppercase(),
                    Token::Number(digits, _) => digits.clone(),
                    _ => {
                        tokens.push(TokenWithSpan::new(Token::Colon, span));
                        continue;
                    }
                };
                at += 1;
                tokens.push(TokenWithSpan::new(
                    placeholder(binds.len()),
                    Span::new(span.start, next_span.end),
                ));
                binds.push(name);
            }
            (Token::Placeholder(name), _) => {
                tokens.push(TokenWithSpan::new(placeholder(binds.len()), span));
                binds.push(name.trim_start_matches([':', '$', '?']).to_uppercase());
            }
            (Token::Caret, Some((Token::Eq, next_span))) => {
                at += 1;
                tokens.push(TokenWithSpan::new(Token::Neq, Span::new(span.start, next_span.end)));
            }
            (Token::Number(digits, _), Some((Token::Word(w), next_span)))
                if next_span.start == span.end && is_float_suffix(w) =>
            {
                let function = if w.value.eq_ignore_ascii_case("f") {
                    "TO_BINARY_FLOAT"
                } else {
                    "TO_BINARY_DOUBLE"
                };
                at += 1;
                for token in [
                    word(function),
                    Token::LParen,
                    Token::SingleQuotedString(digits),
                    Token::RParen,
                ] {
                    tokens.push(TokenWithSpan::new(token, span));
                }
            }
            (token, _) => tokens.push(TokenWithSpan::new(token, span)),
        }
    }
    Ok(Lexed { tokens, binds, positions })
}

fn is_float_suffix(word: &Word) -> bool {
    word.quote_style.is_none() && matches!(word.value.as_str(), "f" | "F" | "d" | "D")
}

/// Rewrites what sqlparser's Oracle dialect does not know into what it does.
pub(crate) fn prepare_for_parser(tokens: &[TokenWithSpan]) -> Result<Prepared> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut types = Vec::new();
    // Depths of parentheses at which an open CAST waits for its type.
    let mut casts = Vec::new();
    let mut depth = 0usize;
    let mut at = 0;
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|t| is_word(&t.token, text));
    while at < tokens.len() {
        let TokenWithSpan { token, span } = &tokens[at];
        let span = *span;
        let mut push = |token: Token| out.push(TokenWithSpan::new(token, span));
        match token {
            Token::Word(w) if w.quote_style.is_none() => match w.keyword {
                Keyword::AS if casts.last() == Some(&depth) => {
                    push(token.clone());
                    casts.pop();
                    let mut cursor = Cursor { tokens, at: at + 1 };
                    if let Some(ty) = parse_type(&mut cursor)? {
                        push(word(TYPE_MARK));
                        push(Token::LParen);
                        push(Token::Number(types.len().to_string(), false));
                        push(Token::RParen);
                        types.push(ty);
                        at = cursor.at - 1;
                    }
                }
                _ if is_no_keyword(&w.value) => {
                    push(Token::make_word(&w.value.to_uppercase(), Some('"')));
                }
                Keyword::UNIQUE if at > 0 && is(at - 1, "SELECT") => push(word("DISTINCT")),
                Keyword::ORDER if is(at + 1, "SIBLINGS") && is(at + 2, "BY") => {
                    push(token.clone());
                    push(word("BY"));
                    push(word(SIBLINGS_MARK));
                    push(Token::Comma);
                    at += 2;
                }
                Keyword::ANY | Keyword::SOME | Keyword::ALL
                    if matches!(tokens.get(at + 1).map(|t| &t.token), Some(Token::LParen))
                        && at > 0
                        && is_comparison(&tokens[at - 1].token)
                        && !is(at + 2, "SELECT")
                        && !is(at + 2, "WITH") =>
                {
                    push(word(if w.keyword == Keyword::ALL { ALL_LIST } else { ANY_LIST }));
                }
                _ => push(token.clone()),
            },
            Token::LParen => {
                depth += 1;
                if at > 0 && is(at - 1, "CAST") {
                    casts.push(depth);
                }
                push(token.clone());
            }
            Token::RParen => {
                depth = depth.saturating_sub(1);
                push(token.clone());
            }
            _ => push(token.clone()),
        }
        at += 1;
    }
    Ok(Prepared { tokens: out, types })
}

/// Words that mean something to sqlparser but nothing to Oracle, which may be any name.
fn is_no_keyword(word: &str) -> bool {
    const WORDS: [&str; 27] = [
        "TOP",
        "LIMIT",
        "SORT",
        "DISTRIBUTE",
        "QUALIFY",
        "SETTINGS",
        "PREWHERE",
        "ANTI",
        "SEMI",
        "ASOF",
        "FORMAT",
        "ILIKE",
        "RLIKE",
        "REGEXP",
        "XOR",
        "DIV",
        "POSITION",
        "OVERLAY",
        "STRUCT",
        "ARRAY",
        "UNNEST",
        "GLOB",
        "EXCLUDE",
        "CLUSTER",
        "ANALYZE",
        "EXPLAIN",
        "LATERAL",
    ];
    WORDS.iter().any(|w| word.eq_ignore_ascii_case(w))
}

fn is_comparison(token: &Token) -> bool {
    matches!(token, Token::Eq | Token::Neq | Token::Lt | Token::LtEq | Token::Gt | Token::GtEq)
}

/// Stands for ALL (list) as a function.
pub(crate) const ALL_LIST: &str = "O$ALL";
/// Stands for ANY (list) as a function.
pub(crate) const ANY_LIST: &str = "O$ANY";

/// The first ORDER BY item of what was ORDER SIBLINGS BY.
pub(crate) const SIBLINGS_MARK: &str = "O$SIBLINGS";

/// Stands for a type in CAST: `O$TYPE(n)` is the one at `n`.
pub(crate) const TYPE_MARK: &str = "O$TYPE";

/// Tokens for sqlparser.
pub(crate) struct Prepared {
    pub(crate) tokens: Vec<TokenWithSpan>,
    /// The types that CAST names.
    pub(crate) types: Vec<OraType>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_binds_outside_strings_comments_and_quoted_names() {
        for (text, names) in [
            ("select :1, :2 from dual", &["1", "2"][..]),
            ("select :a, :b, :a from dual", &["A", "B", "A"]),
            ("select ':no', \":no\" x, :yes -- :no\n /* :no */ from dual", &["YES"]),
            ("select q'[:no]' , :\"Quoted\" from dual", &["Quoted"]),
            ("insert into t values (:id,:name)", &["ID", "NAME"]),
            ("begin x := :v; end;", &["V"]),
            ("select to_char(sysdate, 'HH24:MI:SS') from dual where a=:h1", &["H1"]),
        ] {
            assert_eq!(lex(text).unwrap().binds, names, "{text}");
        }
    }

    #[test]
    fn knows_what_does_not_lex() {
        assert_eq!(lex("select 'abc from dual").unwrap_err().number, 1756);
    }
}
