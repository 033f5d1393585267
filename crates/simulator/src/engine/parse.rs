//! sqlparser's work, and its complaints in Oracle's words.

use oraedge::error::DbError;
use sqlparser::ast::{Query, Statement};
use sqlparser::dialect::OracleDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::error::{Result, plain, plain_at};
use super::lexer::{Lexed, Positions, prepare_for_parser};
use super::types::OraType;

/// How deep an expression may nest before sqlparser gives up.
const RECURSION_LIMIT: usize = 200;

/// A query and the types that its CASTs name.
#[derive(Debug)]
pub(crate) struct ParsedQuery {
    pub(crate) query: Query,
    pub(crate) types: Vec<OraType>,
}

/// An expression and the types that its CASTs name.
#[derive(Debug)]
pub(crate) struct ParsedExpression {
    pub(crate) expression: sqlparser::ast::Expr,
    pub(crate) types: Vec<OraType>,
}

/// Parses one statement.
pub(crate) fn statement(lexed: &Lexed) -> Result<(Statement, Vec<OraType>)> {
    parse(&lexed.tokens, &lexed.positions, |parser| {
        let statement = parser.parse_statement()?;
        let _ = parser.consume_token(&Token::SemiColon);
        Ok(statement)
    })
}

/// Parses a text that must be a query.
pub(crate) fn query(lexed: &Lexed) -> Result<ParsedQuery> {
    let (query, types) =
        parse(&lexed.tokens, &lexed.positions, |parser| Ok(*parser.parse_query()?))?;
    Ok(ParsedQuery { query, types })
}

/// Parses a text that must be an expression.
pub(crate) fn expression(lexed: &Lexed) -> Result<ParsedExpression> {
    expression_tokens(&lexed.tokens, &lexed.positions)
}

/// Parses tokens that must be an expression.
pub(crate) fn expression_tokens(
    tokens: &[TokenWithSpan],
    positions: &Positions,
) -> Result<ParsedExpression> {
    let (expression, types) = parse(tokens, positions, |parser| parser.parse_expr())?;
    Ok(ParsedExpression { expression, types })
}

fn parse<T>(
    tokens: &[TokenWithSpan],
    positions: &Positions,
    rule: impl FnOnce(&mut Parser<'_>) -> std::result::Result<T, ParserError>,
) -> Result<(T, Vec<OraType>)> {
    let prepared = prepare_for_parser(tokens)?;
    let dialect = OracleDialect {};
    let mut parser = Parser::new(&dialect)
        .with_recursion_limit(RECURSION_LIMIT)
        .with_tokens_with_locations(prepared.tokens);
    let parsed = match rule(&mut parser) {
        Ok(parsed) => parsed,
        Err(ParserError::RecursionLimitExceeded) => return Err(plain(913)),
        Err(ParserError::ParserError(message) | ParserError::TokenizerError(message)) => {
            return Err(complaint(&message, tokens, positions));
        }
    };
    let left = parser.peek_token();
    if left.token != Token::EOF {
        let at = positions.offset(left.span.start);
        return Err(unexpected_rest(&left.token, tokens, at));
    }
    Ok((parsed, prepared.types))
}

/// What is left over after a whole statement.
fn unexpected_rest(token: &Token, tokens: &[TokenWithSpan], at: usize) -> DbError {
    let has_from = tokens.iter().any(|t| super::lexer::is_word(&t.token, "FROM"));
    let is_select = tokens.first().is_some_and(|t| super::lexer::is_word(&t.token, "SELECT"));
    if is_select && !has_from {
        return plain_at(923, at);
    }
    match token {
        Token::RParen => plain_at(933, at),
        Token::SemiColon => plain_at(911, at),
        _ => plain_at(933, at),
    }
}

/// sqlparser's `Expected: X, found: Y at Line: 1, Column: 2` as Oracle says it.
fn complaint(message: &str, tokens: &[TokenWithSpan], positions: &Positions) -> DbError {
    let at = place(message, positions);
    let expected = message
        .split_once("Expected: ")
        .map_or(message, |(_, rest)| rest)
        .split(", found")
        .next()
        .unwrap_or("");
    let found = message.split_once("found: ").map_or("", |(_, rest)| rest);
    let found_word = found.split(" at Line").next().unwrap_or("").trim();
    let first = |word: &str| tokens.first().is_some_and(|t| super::lexer::is_word(&t.token, word));
    if expected.contains("an SQL statement") {
        return plain_at(900, 0);
    }
    let has_from = tokens.iter().any(|t| super::lexer::is_word(&t.token, "FROM"));
    let number = if expected.contains("an expression") || expected.contains("placeholder") {
        936
    } else if expected == ")" || expected.contains("',' or ')'") || expected.contains(", or )") {
        907
    } else if expected == "(" {
        906
    } else if expected.contains("end of statement") {
        if first("SELECT") && !has_from { 923 } else { 933 }
    } else if expected.contains("identifier") {
        match () {
            () if found_word == "EOF" && has_from => 903,
            () if has_from && found_word.eq_ignore_ascii_case("where") => 903,
            () if first("SELECT") && !has_from => 936,
            () => 903,
        }
    } else if expected.contains("SELECT, VALUES") {
        if first("INSERT") { 926 } else { 928 }
    } else if expected.contains("SET") || expected.contains("INTO") || expected.contains("BY") {
        if expected == "INTO" { 925 } else { 905 }
    } else if expected == "=" {
        927
    } else if found_word == "EOF" {
        921
    } else {
        900
    };
    plain_at(number, at)
}

fn place(message: &str, positions: &Positions) -> usize {
    let figure = |label: &str| -> Option<u64> {
        let rest = message.rsplit_once(label)?.1;
        let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    match (figure("Line:"), figure("Column:")) {
        (Some(line), Some(column)) => {
            positions.offset(sqlparser::tokenizer::Location { line, column })
        }
        _ => positions.text().len(),
    }
}

/// The error for a text that is no statement at all.
pub(crate) fn not_a_statement() -> DbError {
    plain_at(900, 0)
}
