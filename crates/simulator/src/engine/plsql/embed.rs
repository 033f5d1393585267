//! Expressions and SQL in a block: what the engine computes, with the block's variables as binds.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use oraedge::wire::value::Value;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::super::catalog::Definition;
use super::super::error::Result;
use super::super::lexer::{Lexed, is_word, placeholder, word};
use super::super::prepare::prepare_lexed;
use super::super::types::{Kind, OraType};
use super::code::{Argument, Call, Callee, Embedded, Expr, Mode, Pseudo, Var};
use super::compiler::{Compiler, name_of};
use super::packages;
use super::scope::{Field, Named, Signature};
use super::statements::{literal, loose};

/// Tokens of SQL with placeholders where variables were.
#[derive(Default)]
struct Pieces {
    tokens: Vec<TokenWithSpan>,
    inputs: Vec<Expr>,
}

impl Compiler<'_> {
    /// The expression from the current token up to `end`.
    pub(super) fn expression(&mut self, end: usize) -> Result<Expr> {
        if let Some(expr) = self.simple(end)? {
            return Ok(expr);
        }
        self.computed(end, &[], &[])
    }

    /// An expression for a target of a type.
    pub(super) fn expression_for(&mut self, end: usize, ty: &OraType) -> Result<Expr> {
        if ty.kind != Kind::Boolean {
            return self.expression(end);
        }
        if let Some(expr) = self.simple(end)? {
            return Ok(expr);
        }
        self.computed(end, &[Token::LParen], &[Token::RParen])
    }

    /// A condition up to `end`.
    pub(super) fn truth(&mut self, end: usize) -> Result<Expr> {
        if let Some(expr) = self.simple(end)? {
            return Ok(expr);
        }
        let number = |digits: &str| Token::Number(digits.to_owned(), false);
        self.computed(
            end,
            &[word("CASE"), word("WHEN"), Token::LParen],
            &[Token::RParen, word("THEN"), number("1"), word("ELSE"), number("0"), word("END")],
        )
    }

    /// Whether two expressions are equal, as WHEN of a simple CASE asks.
    pub(super) fn equality(&mut self, left: (usize, usize), right: (usize, usize)) -> Result<Expr> {
        let number = |digits: &str| Token::Number(digits.to_owned(), false);
        let mut pieces = Pieces::default();
        self.push_all(&mut pieces, &[word("CASE"), word("WHEN"), Token::LParen], left.0);
        self.embed(&mut pieces, left.0, left.1, None)?;
        self.push_all(&mut pieces, &[Token::RParen, Token::Eq, Token::LParen], right.0);
        self.embed(&mut pieces, right.0, right.1, None)?;
        let rest =
            [Token::RParen, word("THEN"), number("1"), word("ELSE"), number("0"), word("END")];
        self.push_all(&mut pieces, &rest, right.0);
        self.select(pieces, right.0)
    }

    /// What needs no SQL: a literal, a variable, a call.
    fn simple(&mut self, end: usize) -> Result<Option<Expr>> {
        let start = self.at;
        if start >= end {
            return Err(self.unexpected("( - + case mod new not null <an identifier>"));
        }
        if end == start + 1
            && let Some(value) = self.token(0).and_then(literal)
        {
            self.at = end;
            return Ok(Some(Expr::Constant(value)));
        }
        if let Some(expr) = self.operand()?
            && self.at == end
        {
            return Ok(Some(expr));
        }
        self.at = start;
        Ok(None)
    }

    fn computed(&mut self, end: usize, before: &[Token], after: &[Token]) -> Result<Expr> {
        let start = self.at;
        let mut pieces = Pieces::default();
        self.push_all(&mut pieces, before, start);
        self.embed(&mut pieces, start, end, None)?;
        self.push_all(&mut pieces, after, start);
        self.at = end;
        self.select(pieces, start)
    }

    fn push_all(&self, pieces: &mut Pieces, tokens: &[Token], at: usize) {
        let Some(span) = self.tokens.get(at).or(self.tokens.last()).map(|t| t.span) else { return };
        pieces.tokens.extend(tokens.iter().map(|token| TokenWithSpan::new(token.clone(), span)));
    }

    /// `SELECT ... FROM DUAL` around an expression.
    fn select(&mut self, mut pieces: Pieces, start: usize) -> Result<Expr> {
        let inner = std::mem::take(&mut pieces.tokens);
        self.push_all(&mut pieces, &[word("SELECT")], start);
        pieces.tokens.extend(inner);
        self.push_all(&mut pieces, &[word("FROM"), word("DUAL")], start);
        let embedded = self.prepare(pieces, start, true)?;
        self.columns_of(&embedded, start, true)?;
        Ok(Expr::Sql(Arc::new(embedded)))
    }

    /// Takes the operand at the current token if it is one that only PL/SQL knows.
    fn operand(&mut self) -> Result<Option<Expr>> {
        let start = self.at;
        let Some(token) = self.token(0) else { return Ok(None) };
        if let Some((var, _)) = self.bind(token) {
            self.at += 1;
            return Ok(Some(Expr::Var(var)));
        }
        let Some(name) = name_of(token) else { return Ok(None) };
        let next = self.token(1);
        let attribute = || match next {
            Some(Token::Mod) => self.name_at(2),
            _ => None,
        };
        match name.as_str() {
            "SQL" => {
                let pseudo = match attribute().as_deref() {
                    Some("ROWCOUNT") => Pseudo::SqlRowCount,
                    Some("FOUND") => Pseudo::SqlFound,
                    Some("NOTFOUND") => Pseudo::SqlNotFound,
                    Some("ISOPEN") => Pseudo::SqlIsOpen,
                    _ => return Ok(None),
                };
                self.at += 3;
                return Ok(Some(Expr::Pseudo(pseudo)));
            }
            "SQLCODE" => {
                self.at += 1;
                return Ok(Some(Expr::Pseudo(Pseudo::SqlCode)));
            }
            "SQLERRM" => {
                self.at += 1;
                if !self.take_token(&Token::LParen) {
                    return Ok(Some(Expr::Pseudo(Pseudo::SqlErrm)));
                }
                let end = self.extent(|_| false);
                let number = self.expression(end)?;
                self.expect_token(&Token::RParen)?;
                return Ok(Some(Expr::ErrorText(Box::new(number))));
            }
            "TRUE" | "FALSE" => {
                self.at += 1;
                return Ok(Some(Expr::Constant(Value::Boolean(name == "TRUE"))));
            }
            _ => {}
        }
        match self.lookup(&name) {
            Some((up, Named::Scalar { slot, .. })) => {
                let is_range = self.token(2) == Some(&Token::Period);
                let is_other = matches!(next, Some(Token::LParen))
                    || (matches!(next, Some(Token::Period)) && !is_range);
                if is_other {
                    return Ok(None);
                }
                self.at += 1;
                Ok(Some(Expr::Var(Var { up, slot })))
            }
            Some((up, Named::Record { slot, fields })) if next == Some(&Token::Period) => {
                let Some(field) = self.name_at(2) else { return Ok(None) };
                let Some(index) = fields.iter().position(|f| f.name == field) else {
                    let message = format!("PLS-00302: component '{field}' must be declared");
                    return Err(self.error(start + 2, &message));
                };
                self.at += 3;
                Ok(Some(Expr::Var(Var { up, slot: slot + index })))
            }
            Some((up, Named::Cursor(info))) => {
                let cursor = Var { up, slot: info.index };
                let pseudo = match attribute().as_deref() {
                    Some("ROWCOUNT") => Pseudo::CursorRowCount(cursor),
                    Some("FOUND") => Pseudo::CursorFound(cursor),
                    Some("NOTFOUND") => Pseudo::CursorNotFound(cursor),
                    Some("ISOPEN") => Pseudo::CursorIsOpen(cursor),
                    _ => return Ok(None),
                };
                self.at += 3;
                Ok(Some(Expr::Pseudo(pseudo)))
            }
            _ => {
                if let Some(pseudo) = packages::pseudo(self.tokens, &mut self.at) {
                    return Ok(Some(Expr::Pseudo(pseudo)));
                }
                match self.call()? {
                    Some((call, Some(_))) => Ok(Some(Expr::Call(Box::new(call)))),
                    Some((_, None)) => {
                        let message = format!(
                            "PLS-00222: no function with name '{name}' exists in this scope"
                        );
                        Err(self.error(start, &message))
                    }
                    None => Ok(None),
                }
            }
        }
    }

    /// The call at the current token, and what it returns; `None` (and nothing taken) if no
    /// program has that name.
    pub(super) fn call(&mut self) -> Result<Option<(Call, Option<OraType>)>> {
        let start = self.at;
        let Some(first) = self.name_at(0) else { return Ok(None) };
        let mut parts = vec![first];
        while self.token(parts.len() * 2 - 1) == Some(&Token::Period) {
            let Some(next) = self.name_at(parts.len() * 2) else { break };
            parts.push(next);
        }
        let name = parts.join(".");
        let (callee, signature) = if let ([only], Some((up, Named::Program { index, signature }))) =
            (parts.as_slice(), self.lookup(&parts[0]))
        {
            let _ = only;
            (Callee::Local { up, index }, signature)
        } else if let Some(built_in) = packages::find(&parts, self.generation()) {
            (Callee::BuiltIn(built_in), Arc::new(built_in.signature()))
        } else if packages::is_package(&parts) {
            let component = parts.last().map_or("", String::as_str);
            let message = format!("PLS-00302: component '{component}' must be declared");
            return Err(self.error(start, &message));
        } else if let Some((owner, stored, signature)) = self.session.stored_signature(&parts)? {
            (Callee::Stored { owner, name: stored }, signature)
        } else {
            return Ok(None);
        };
        self.at += parts.len() * 2 - 1;
        let arguments = self.arguments(start, &name, &signature)?;
        Ok(Some((Call { callee, arguments }, signature.returns)))
    }

    /// `(a, b => c)`, in the order of the parameters.
    pub(super) fn arguments(
        &mut self,
        start: usize,
        name: &str,
        signature: &Signature,
    ) -> Result<Vec<Argument>> {
        let formals = &signature.formals;
        let wrong = format!(
            "PLS-00306: wrong number or types of arguments in call to '{}'",
            name.rsplit('.').next().unwrap_or(name)
        );
        let mut arguments: Vec<Argument> = formals.iter().map(|_| Argument::default()).collect();
        let mut given = HashSet::new();
        if self.take_token(&Token::LParen) && !self.take_token(&Token::RParen) {
            let mut position = 0;
            loop {
                let mut index = position;
                if self.token(1) == Some(&Token::RArrow) {
                    let parameter = self.identifier()?;
                    self.at += 1;
                    index = formals
                        .iter()
                        .position(|f| f.name == parameter)
                        .ok_or_else(|| self.error(start, &wrong))?;
                }
                let (Some(formal), true) = (formals.get(index), given.insert(index)) else {
                    return Err(self.error(start, &wrong));
                };
                let at = self.at;
                if formal.mode != Mode::In {
                    arguments[index].output = self.targets()?.into_iter().next();
                }
                if formal.mode != Mode::Out {
                    self.at = at;
                    let end = self.extent(|t| *t == Token::Comma);
                    arguments[index].input = Some(self.expression_for(end, &formal.ty)?);
                }
                position += 1;
                if !self.take_token(&Token::Comma) {
                    break;
                }
            }
            self.expect_token(&Token::RParen)?;
        }
        let complete = formals.iter().enumerate().all(|(i, f)| f.has_default || given.contains(&i));
        if complete { Ok(arguments) } else { Err(self.error(start, &wrong)) }
    }

    /// Appends tokens, with placeholders where the block's names are. In SQL a name of `columns`
    /// is a column.
    fn embed(
        &mut self,
        pieces: &mut Pieces,
        start: usize,
        end: usize,
        columns: Option<&HashSet<String>>,
    ) -> Result<()> {
        let mut at = start;
        while at < end {
            let Some(token) = self.tokens.get(at) else { break };
            let before = at.checked_sub(1).filter(|_| at > start).map(|b| &self.tokens[b].token);
            let is_column = match columns {
                None => false,
                Some(columns) => {
                    let follows = |words: &[&str]| {
                        before.is_some_and(|t| words.iter().any(|w| is_word(t, w)))
                    };
                    name_of(&token.token).is_some_and(|name| columns.contains(&name))
                        || follows(&["AS", "FROM", "JOIN", "INTO", "UPDATE", "TABLE"])
                        || is_word(&token.token, "TRUE")
                        || is_word(&token.token, "FALSE")
                }
            };
            if before != Some(&Token::Period) && !is_column {
                self.at = at;
                if let Some(expr) = self.operand()? {
                    pieces
                        .tokens
                        .push(TokenWithSpan::new(placeholder(pieces.inputs.len()), token.span));
                    pieces.inputs.push(expr);
                    at = self.at;
                    continue;
                }
            }
            pieces.tokens.push(token.clone());
            at += 1;
        }
        self.at = at;
        Ok(())
    }

    fn prepare(&mut self, pieces: Pieces, start: usize, is_expression: bool) -> Result<Embedded> {
        let mut sql = String::from("plsql");
        for token in &pieces.tokens {
            let _ = write!(sql, " {}", token.token);
        }
        let lexed = Lexed {
            tokens: pieces.tokens,
            binds: (1..=pieces.inputs.len()).map(|n| format!("B{n}")).collect(),
            positions: self.positions.clone(),
        };
        let mut prepared =
            prepare_lexed(lexed).map_err(|error| self.sql_error(error, start, is_expression))?;
        prepared.internal = is_expression;
        Ok(Embedded { sql: sql.into(), prepared, inputs: pieces.inputs })
    }

    fn columns_of(
        &mut self,
        embedded: &Embedded,
        start: usize,
        is_expression: bool,
    ) -> Result<Vec<Field>> {
        let types = vec![OraType::NULL; embedded.inputs.len()];
        let columns = self
            .session
            .result_columns(&embedded.sql, &embedded.prepared, &types)
            .map_err(|error| self.sql_error(error, start, is_expression))?;
        Ok(columns.into_iter().map(|(name, ty)| Field { name, ty: loose(ty) }).collect())
    }

    /// A query between two tokens, and its columns.
    pub(super) fn embed_query(
        &mut self,
        start: usize,
        end: usize,
    ) -> Result<(Arc<Embedded>, Vec<Field>)> {
        self.embed_query_parts(&[(start, end)])
    }

    /// A query of several pieces (around INTO), and its columns.
    pub(super) fn embed_query_parts(
        &mut self,
        parts: &[(usize, usize)],
    ) -> Result<(Arc<Embedded>, Vec<Field>)> {
        let start = parts.first().map_or(self.at, |p| p.0);
        let pieces = self.embed_sql(parts)?;
        let embedded = self.prepare(pieces, start, false)?;
        let columns = self.columns_of(&embedded, start, false)?;
        Ok((Arc::new(embedded), columns))
    }

    /// INSERT, UPDATE, DELETE or MERGE; with RETURNING, its values go to that many placeholders.
    pub(super) fn embed_dml(
        &mut self,
        start: usize,
        end: usize,
        returning: usize,
    ) -> Result<Arc<Embedded>> {
        let mut pieces = self.embed_sql(&[(start, end)])?;
        if returning > 0 {
            self.push_all(&mut pieces, &[word("INTO")], start);
        }
        for index in 0..returning {
            if index > 0 {
                self.push_all(&mut pieces, &[Token::Comma], start);
            }
            let token = placeholder(pieces.inputs.len());
            self.push_all(&mut pieces, &[token], start);
            pieces.inputs.push(Expr::Constant(Value::Null));
        }
        let embedded = self.prepare(pieces, start, false)?;
        let types = vec![OraType::NULL; embedded.inputs.len()];
        self.session
            .check_dml(&embedded.sql, &embedded.prepared, &types)
            .map_err(|error| self.sql_error(error, start, false))?;
        Ok(Arc::new(embedded))
    }

    /// A statement without variables.
    pub(super) fn embed_plain(&mut self, start: usize, end: usize) -> Result<Arc<Embedded>> {
        let tokens = self.tokens.get(start..end).unwrap_or_default().to_vec();
        let embedded = self.prepare(Pieces { tokens, inputs: Vec::new() }, start, false)?;
        Ok(Arc::new(embedded))
    }

    fn embed_sql(&mut self, parts: &[(usize, usize)]) -> Result<Pieces> {
        let columns = self.column_names(parts);
        let mut pieces = Pieces::default();
        for (start, end) in parts {
            self.embed(&mut pieces, *start, *end, Some(&columns))?;
        }
        Ok(pieces)
    }

    /// Names of the columns of all tables that are mentioned, and of the aliases: they go before
    /// variables.
    fn column_names(&self, parts: &[(usize, usize)]) -> HashSet<String> {
        let catalog = self.session.catalog();
        let schema = self.session.current_schema();
        let mut columns = HashSet::new();
        for at in parts.iter().flat_map(|(start, end)| *start..*end) {
            let name = |at: usize| self.tokens.get(at).and_then(|t| name_of(&t.token));
            let Some(first) = name(at) else { continue };
            if self.tokens.get(at + 1).is_some_and(|t| t.token == Token::Period)
                && let Some(second) = name(at + 2)
            {
                collect(&catalog, catalog.resolve(Some(&first), &schema, &second), &mut columns);
            }
            if at > 0 && is_word(&self.tokens[at - 1].token, "AS") {
                columns.insert(first.clone());
            }
            collect(&catalog, catalog.resolve(None, &schema, &first), &mut columns);
        }
        columns
    }
}

fn collect(
    catalog: &super::super::catalog::Catalog,
    object: Option<&super::super::catalog::Object>,
    columns: &mut HashSet<String>,
) {
    let _ = catalog;
    match object.map(|o| &o.definition) {
        Some(Definition::Table(table)) => {
            columns.extend(table.columns.iter().map(|c| c.name.clone()));
        }
        Some(Definition::View(view)) => columns.extend(view.columns.iter().map(|c| c.name.clone())),
        _ => {}
    }
}
