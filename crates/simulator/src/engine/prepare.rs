//! From a text to a statement that can be executed: what kind it is, its binds, its tree.

use std::sync::Arc;

use sqlparser::ast::Statement as Tree;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::error::{Result, plain, plain_at, unsupported};
use super::lexer::{Lexed, is_word, lex, placeholder_index, word};
use super::parse::{self, ParsedQuery};
use super::plsql::PlSqlBlock;
use super::statement::StatementKind;
use super::type_name::Cursor;
use super::types::OraType;

/// What a statement is made of.
#[derive(Debug)]
pub(crate) enum Body {
    Query(Box<ParsedQuery>),
    Dml(Vec<DmlTree>),
    Ddl,
    PlSql(PlSqlBlock),
    Commit,
    /// To the savepoint, if one is named.
    Rollback(Option<String>),
    Savepoint(String),
    /// Accepted without doing anything (SET TRANSACTION, SET ROLE ...).
    Nothing,
    /// Takes the write lock.
    Lock,
}

/// An INSERT, UPDATE, DELETE or MERGE.
#[derive(Debug)]
pub(crate) struct DmlTree {
    pub(crate) tree: Tree,
    pub(crate) types: Vec<OraType>,
}

/// A prepared text.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) lexed: Lexed,
    pub(crate) body: Body,
    pub(crate) kind: StatementKind,
    pub(crate) bind_names: Vec<String>,
    /// Positions in `bind_names` that only return values.
    pub(crate) out_binds: Vec<usize>,
    /// Made by PL/SQL: conditions may be values in every generation.
    pub(crate) internal: bool,
}

/// Prepares a text.
pub(crate) fn prepare(text: &str) -> Result<Arc<Prepared>> {
    let lexed = lex(text)?;
    prepare_lexed(lexed).map(Arc::new)
}

/// Prepares tokens.
pub(crate) fn prepare_lexed(lexed: Lexed) -> Result<Prepared> {
    let Some(first) = lexed.tokens.first() else { return Err(plain(900)) };
    let Token::Word(first_word) = &first.token else {
        if first.token == Token::LParen {
            return query(lexed);
        }
        if first.token == Token::Lt || first.token == Token::ShiftLeft {
            return block(lexed);
        }
        return Err(plain_at(900, 0));
    };
    let keyword = first_word.value.to_uppercase();
    match keyword.as_str() {
        "SELECT" | "WITH" => query(lexed),
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" => dml(lexed),
        "BEGIN" | "DECLARE" | "CALL" => block(lexed),
        "COMMIT" => Ok(simple(lexed, Body::Commit, StatementKind::TransactionControl)),
        "ROLLBACK" => {
            let mut cursor = Cursor::new(&lexed.tokens[1..]);
            cursor.take("WORK");
            let mut name = None;
            if cursor.take("TO") {
                cursor.take("SAVEPOINT");
                name = Some(name_at(&cursor).ok_or_else(|| plain(1727))?);
            }
            Ok(simple(lexed, Body::Rollback(name), StatementKind::TransactionControl))
        }
        "SAVEPOINT" => {
            let name = name_at(&Cursor::new(&lexed.tokens[1..])).ok_or_else(|| plain(904))?;
            Ok(simple(lexed, Body::Savepoint(name), StatementKind::TransactionControl))
        }
        "SET" => Ok(simple(lexed, Body::Nothing, StatementKind::TransactionControl)),
        "LOCK" => Ok(simple(lexed, Body::Lock, StatementKind::TransactionControl)),
        "CREATE" | "ALTER" | "DROP" | "TRUNCATE" | "COMMENT" | "GRANT" | "REVOKE" | "RENAME"
        | "ANALYZE" | "PURGE" | "AUDIT" | "NOAUDIT" | "FLASHBACK" => {
            Ok(simple(lexed, Body::Ddl, StatementKind::Ddl))
        }
        "EXPLAIN" => Err(unsupported("EXPLAIN PLAN")),
        _ => Err(parse::not_a_statement()),
    }
}

fn name_at(cursor: &Cursor<'_>) -> Option<String> {
    match cursor.peek()? {
        Token::Word(w) if w.quote_style.is_some() => Some(w.value.clone()),
        Token::Word(w) => Some(w.value.to_uppercase()),
        _ => None,
    }
}

fn simple(lexed: Lexed, body: Body, kind: StatementKind) -> Prepared {
    Prepared { lexed, body, kind, bind_names: Vec::new(), out_binds: Vec::new(), internal: false }
}

fn query(lexed: Lexed) -> Result<Prepared> {
    if let Some(last) = lexed.tokens.last().filter(|t| t.token == Token::SemiColon) {
        return Err(plain_at(933, lexed.positions.offset(last.span.start)));
    }
    let parsed = parse::query(&lexed)?;
    let bind_names = lexed.binds.clone();
    Ok(Prepared {
        lexed,
        body: Body::Query(Box::new(parsed)),
        kind: StatementKind::Query,
        bind_names,
        out_binds: Vec::new(),
        internal: false,
    })
}

/// A block is compiled by the session, which knows the catalog.
fn block(lexed: Lexed) -> Result<Prepared> {
    let mut bind_names: Vec<String> = Vec::new();
    for name in &lexed.binds {
        if !bind_names.contains(name) {
            bind_names.push(name.clone());
        }
    }
    Ok(Prepared {
        lexed,
        body: Body::PlSql(PlSqlBlock::default()),
        kind: StatementKind::PlSql,
        bind_names,
        out_binds: Vec::new(),
        internal: false,
    })
}

fn dml(mut lexed: Lexed) -> Result<Prepared> {
    if let Some(last) = lexed.tokens.last().filter(|t| t.token == Token::SemiColon) {
        return Err(plain_at(933, lexed.positions.offset(last.span.start)));
    }
    let out_binds = take_into(&mut lexed.tokens)?;
    let mut trees = Vec::new();
    for tokens in split_insert_all(&lexed.tokens)? {
        let part = Lexed { tokens, binds: lexed.binds.clone(), positions: lexed.positions.clone() };
        let (tree, types) = parse::statement(&part)?;
        match &tree {
            Tree::Insert(_) | Tree::Update(_) | Tree::Delete(_) | Tree::Merge(_) => {}
            _ => return Err(plain(900)),
        }
        trees.push(DmlTree { tree, types });
    }
    let bind_names = lexed.binds.clone();
    Ok(Prepared {
        lexed,
        body: Body::Dml(trees),
        kind: StatementKind::Dml,
        bind_names,
        out_binds,
        internal: false,
    })
}

/// Cuts the `INTO :a, :b` of RETURNING off; the binds in it.
fn take_into(tokens: &mut Vec<TokenWithSpan>) -> Result<Vec<usize>> {
    let mut depth = 0i32;
    let mut returning = None;
    for (at, token) in tokens.iter().enumerate() {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            t if depth == 0 && (is_word(t, "RETURNING") || is_word(t, "RETURN")) => {
                returning = Some(at);
            }
            t if depth == 0 && returning.is_some() && is_word(t, "INTO") => {
                let mut binds = Vec::new();
                for token in &tokens[at + 1..] {
                    match &token.token {
                        Token::Placeholder(name) => {
                            binds.push(placeholder_index(name).ok_or_else(|| plain(1745))?);
                        }
                        Token::Comma => {}
                        _ => return Err(plain(933)),
                    }
                }
                tokens.truncate(at);
                if let Some(word_at) = returning {
                    tokens[word_at].token = word("RETURNING");
                }
                return Ok(binds);
            }
            _ => {}
        }
    }
    if returning.is_some() {
        return Err(plain(925));
    }
    Ok(Vec::new())
}

/// INSERT ALL as one INSERT ... SELECT for each INTO.
fn split_insert_all(tokens: &[TokenWithSpan]) -> Result<Vec<Vec<TokenWithSpan>>> {
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|t| is_word(&t.token, text));
    if !(is(0, "INSERT") && is(1, "ALL")) {
        return Ok(vec![tokens.to_vec()]);
    }
    let mut intos = Vec::new();
    let mut depth = 0i32;
    let mut query = None;
    for (at, token) in tokens.iter().enumerate().skip(2) {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            t if depth == 0 && is_word(t, "INTO") => intos.push(at),
            t if depth == 0 && is_word(t, "WHEN") => {
                return Err(unsupported("conditional INSERT ALL"));
            }
            t if depth == 0 && (is_word(t, "SELECT") || is_word(t, "WITH")) => {
                query = Some(at);
                break;
            }
            _ => {}
        }
    }
    let query = query.ok_or_else(|| plain(928))?;
    if intos.is_empty() {
        return Err(plain(925));
    }
    let mut parts = Vec::new();
    for (index, start) in intos.iter().enumerate() {
        let end = intos.get(index + 1).copied().unwrap_or(query);
        let into = &tokens[*start..end];
        let values = into.iter().position(|t| is_word(&t.token, "VALUES"));
        let made = |token: Token| TokenWithSpan::new(token, tokens[*start].span);
        let mut part = vec![made(word("INSERT"))];
        part.extend_from_slice(&into[..values.unwrap_or(into.len())]);
        part.push(made(word("SELECT")));
        match values {
            Some(at) => {
                let list = &into[at + 1..];
                let inner = list.get(1..list.len().saturating_sub(1)).unwrap_or(&[]);
                part.extend_from_slice(inner);
            }
            None => part.push(made(Token::Mul)),
        }
        part.push(made(word("FROM")));
        part.push(made(Token::LParen));
        part.extend_from_slice(&tokens[query..]);
        part.push(made(Token::RParen));
        parts.push(part);
    }
    Ok(parts)
}
