//! The compiler's state: tokens, names in scope, errors.

use std::collections::{BTreeSet, HashMap};

use oraedge::error::DbError;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::super::error::{Result, unsupported};
use super::super::lexer::{Positions, is_word, placeholder_index};
use super::super::session::Session;
use super::super::settings::Generation;
use super::super::type_name::Cursor;
use super::super::types::OraType;
use super::code::{Code, Program, Statement, Target, Var};
use super::errors::compile_error;
use super::machine::{STACK_LEFT, STACK_MORE};
use super::scope::{Named, Scope};

/// How deep statements may nest before the compiler gives up.
const MAX_NESTING: usize = 100;

/// What is kept for a program whose text is being read.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) slots: usize,
    pub(super) cursors: usize,
    /// Labels of the loops around the current statement.
    pub(super) loops: Vec<Option<String>>,
    /// The type that RETURN converts to.
    pub(super) returns: Option<OraType>,
    pub(super) is_function: bool,
}

/// Turns tokens into [`Code`].
pub(super) struct Compiler<'a> {
    pub(super) session: &'a mut Session,
    pub(super) tokens: &'a [TokenWithSpan],
    pub(super) positions: &'a Positions,
    /// Names of the placeholders, one for each occurrence.
    pub(super) binds: &'a [String],
    /// Names of the binds, each once: their variables are the first slots of the outermost program.
    pub(super) bind_names: Vec<String>,
    pub(super) at: usize,
    pub(super) scopes: Vec<Scope>,
    pub(super) open: Vec<Open>,
    pub(super) programs: Vec<Program>,
    pub(super) exceptions: usize,
    pub(super) written: BTreeSet<usize>,
    /// First token of the statement that is being read.
    pub(super) statement: usize,
    pub(super) nesting: usize,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(
        session: &'a mut Session,
        tokens: &'a [TokenWithSpan],
        positions: &'a Positions,
        binds: &'a [String],
    ) -> Compiler<'a> {
        let mut bind_names: Vec<String> = Vec::new();
        for name in binds {
            if !bind_names.contains(name) {
                bind_names.push(name.clone());
            }
        }
        Compiler {
            session,
            tokens,
            positions,
            binds,
            bind_names,
            at: 0,
            scopes: Vec::new(),
            open: Vec::new(),
            programs: Vec::new(),
            exceptions: 0,
            written: BTreeSet::new(),
            statement: 0,
            nesting: 0,
        }
    }

    pub(super) fn finish(self, place: String, main: usize) -> Code {
        Code { place, programs: self.programs, main, written: self.written.into_iter().collect() }
    }

    pub(super) fn generation(&self) -> Generation {
        self.session.shared().settings.generation
    }

    // Tokens.

    pub(super) fn token(&self, ahead: usize) -> Option<&'a Token> {
        self.tokens.get(self.at + ahead).map(|t| &t.token)
    }

    pub(super) fn is(&self, word: &str) -> bool {
        self.is_at(0, word)
    }

    pub(super) fn is_at(&self, ahead: usize, word: &str) -> bool {
        self.token(ahead).is_some_and(|t| is_word(t, word))
    }

    pub(super) fn take(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn take_token(&mut self, token: &Token) -> bool {
        let found = self.token(0) == Some(token);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, word: &str) -> Result<()> {
        if self.take(word) { Ok(()) } else { Err(self.unexpected(&word.to_lowercase())) }
    }

    pub(super) fn expect_token(&mut self, token: &Token) -> Result<()> {
        if self.take_token(token) { Ok(()) } else { Err(self.unexpected(&token.to_string())) }
    }

    /// An identifier without the quotes, upper case unless it had some.
    pub(super) fn name_at(&self, ahead: usize) -> Option<String> {
        name_of(self.token(ahead)?)
    }

    pub(super) fn identifier(&mut self) -> Result<String> {
        let name = self.name_at(0).ok_or_else(|| self.unexpected("<an identifier>"))?;
        self.at += 1;
        Ok(name)
    }

    /// Byte offset of a token.
    pub(super) fn offset(&self, token: usize) -> usize {
        match self.tokens.get(token) {
            Some(token) => self.positions.offset(token.span.start),
            None => self.positions.text().len(),
        }
    }

    /// Line of a token.
    pub(super) fn line(&self, token: usize) -> usize {
        match self.tokens.get(token) {
            Some(token) => usize::try_from(token.span.start.line).unwrap_or(1),
            None => self.positions.line(self.positions.text().len()),
        }
    }

    /// Where the expression or SQL from here on ends: the first token outside parentheses and CASE
    /// for which `stop` holds, else the semicolon.
    pub(super) fn extent(&self, stop: impl Fn(&Token) -> bool) -> usize {
        let mut depth = 0usize;
        let mut cases = 0usize;
        let mut at = self.at;
        while let Some(token) = self.tokens.get(at).map(|t| &t.token) {
            match token {
                Token::SemiColon => break,
                Token::RParen if depth == 0 => break,
                _ if depth == 0 && cases == 0 && stop(token) => break,
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                t if is_word(t, "CASE") => cases += 1,
                t if is_word(t, "END") => cases = cases.saturating_sub(1),
                _ => {}
            }
            at += 1;
        }
        at
    }

    // Errors.

    /// A compile error at a token.
    pub(super) fn error(&self, token: usize, message: &str) -> DbError {
        compile_error(self.positions, self.offset(token), self.offset(self.statement), message)
    }

    /// PLS-00103 at the current token.
    pub(super) fn unexpected(&self, expected: &str) -> DbError {
        self.unexpected_at(self.at, expected)
    }

    fn unexpected_at(&self, at: usize, expected: &str) -> DbError {
        let found = match self.tokens.get(at) {
            None => "end-of-file".to_owned(),
            Some(token) => match &token.token {
                Token::Placeholder(name) => placeholder_index(name)
                    .and_then(|index| self.binds.get(index))
                    .map_or_else(String::new, |name| name.clone()),
                Token::Word(word) if word.quote_style.is_none() => word.value.to_uppercase(),
                other => other.to_string(),
            },
        };
        let message = format!(
            "PLS-00103: Encountered the symbol \"{found}\" when expecting one of the following:\n\n   {expected}\n"
        );
        self.error(at, &message)
    }

    pub(super) fn undeclared(&self, token: usize, name: &str) -> DbError {
        self.error(token, &format!("PLS-00201: identifier '{name}' must be declared"))
    }

    /// An error of the engine's about SQL or an expression that was built from tokens.
    pub(super) fn sql_error(&self, error: DbError, start: usize, is_expression: bool) -> DbError {
        if error.number == 3001 || error.number == 6550 || error.number == 600 {
            return error;
        }
        let offset = error.offset.map_or_else(|| self.offset(start), |at| at as usize);
        let statement = self.offset(if is_expression { self.statement } else { start });
        let message = error.message.as_str();
        let text = match error.number {
            904 if is_expression => {
                let name = message
                    .split_once(": ")
                    .and_then(|(_, rest)| rest.rsplit_once(": invalid"))
                    .map_or("", |(name, _)| name)
                    .replace('"', "");
                format!("PLS-00201: identifier '{name}' must be declared")
            }
            936 | 923 | 933 | 907 | 906 | 905 if is_expression => {
                let mut starts = self.tokens.iter().map(|t| self.positions.offset(t.span.start));
                let token = starts.position(|start| start >= offset).unwrap_or(self.tokens.len());
                return self.unexpected_at(token, "( - + case mod new not null <an identifier>");
            }
            _ => format!("PL/SQL: {message}"),
        };
        compile_error(self.positions, offset, statement, &text)
    }

    // Names.

    /// How many programs enclose the current one.
    pub(super) fn depth(&self) -> usize {
        self.open.len().saturating_sub(1)
    }

    pub(super) fn lookup(&self, name: &str) -> Option<(usize, Named)> {
        self.scopes.iter().rev().find_map(|scope| {
            scope.names.get(name).map(|named| (self.depth() - scope.depth, named.clone()))
        })
    }

    pub(super) fn declare(&mut self, at: usize, name: String, named: Named) -> Result<()> {
        let Some(scope) = self.scopes.last_mut() else { return Ok(()) };
        if scope.names.insert(name.clone(), named).is_some() {
            let message = format!("PLS-00371: at most one declaration for '{name}' is permitted");
            return Err(self.error(at, &message));
        }
        Ok(())
    }

    pub(super) fn enter_scope(&mut self) {
        let depth = self.depth();
        self.scopes.push(Scope { depth, names: HashMap::new() });
    }

    pub(super) fn new_slots(&mut self, count: usize) -> usize {
        match self.open.last_mut() {
            Some(open) => {
                open.slots += count;
                open.slots - count
            }
            None => 0,
        }
    }

    pub(super) fn new_cursor(&mut self) -> usize {
        match self.open.last_mut() {
            Some(open) => {
                open.cursors += 1;
                open.cursors - 1
            }
            None => 0,
        }
    }

    /// The variable of a placeholder, and its position among the binds.
    pub(super) fn bind(&self, token: &Token) -> Option<(Var, usize)> {
        let Token::Placeholder(name) = token else { return None };
        let name = self.binds.get(placeholder_index(name)?)?;
        let slot = self.bind_names.iter().position(|known| known == name)?;
        Some((Var { up: self.depth(), slot }, slot))
    }

    /// What can be assigned to from the current token on: a variable, a bind, a record's field.
    /// A record gives all its fields.
    pub(super) fn targets(&mut self) -> Result<Vec<Target>> {
        let start = self.at;
        let Some(token) = self.token(0) else { return Err(self.unexpected("<an identifier>")) };
        if let Some((var, position)) = self.bind(token) {
            self.at += 1;
            self.written.insert(position);
            return Ok(vec![Target { var, ty: OraType::NULL, not_null: false }]);
        }
        let name = self.identifier()?;
        match self.lookup(&name) {
            Some((up, Named::Scalar { slot, ty, constant, not_null })) => {
                if constant {
                    let message = format!(
                        "PLS-00363: expression '{name}' cannot be used as an assignment target"
                    );
                    return Err(self.error(start, &message));
                }
                Ok(vec![Target { var: Var { up, slot }, ty, not_null }])
            }
            Some((up, Named::Record { slot, fields })) => {
                if self.take_token(&Token::Period) {
                    let field_at = self.at;
                    let field = self.identifier()?;
                    let index = fields.iter().position(|f| f.name == field).ok_or_else(|| {
                        self.error(
                            field_at,
                            &format!("PLS-00302: component '{field}' must be declared"),
                        )
                    })?;
                    let var = Var { up, slot: slot + index };
                    return Ok(vec![Target { var, ty: fields[index].ty, not_null: false }]);
                }
                Ok(fields
                    .iter()
                    .enumerate()
                    .map(|(index, field)| Target {
                        var: Var { up, slot: slot + index },
                        ty: field.ty,
                        not_null: false,
                    })
                    .collect())
            }
            Some(_) => Err(self.error(
                start,
                &format!("PLS-00363: expression '{name}' cannot be used as an assignment target"),
            )),
            None => Err(self.undeclared(start, &name)),
        }
    }

    /// Targets behind INTO, up to the end of the clause.
    pub(super) fn target_list(&mut self) -> Result<Vec<Target>> {
        let mut targets = Vec::new();
        loop {
            targets.extend(self.targets()?);
            if !self.take_token(&Token::Comma) {
                return Ok(targets);
            }
        }
    }

    // Blocks.

    /// Reads statements up to one of the words, which is not taken.
    pub(super) fn statements(&mut self, ends: &[&str]) -> Result<Vec<Statement>> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(unsupported("PL/SQL that nests deeper than 100 levels"));
        }
        let statements =
            stacker::maybe_grow(STACK_LEFT, STACK_MORE, || self.statements_up_to(ends))?;
        self.nesting -= 1;
        if statements.is_empty() {
            return Err(self.unexpected(A_STATEMENT));
        }
        Ok(statements)
    }

    fn statements_up_to(&mut self, ends: &[&str]) -> Result<Vec<Statement>> {
        let mut statements = Vec::new();
        while !ends.iter().any(|word| self.is(word)) {
            if self.at >= self.tokens.len() {
                return Err(self.unexpected(&ends.join(" ").to_lowercase()));
            }
            let outer = std::mem::replace(&mut self.statement, self.at);
            statements.push(self.statement()?);
            self.statement = outer;
        }
        Ok(statements)
    }
}

/// What PLS-00103 says may stand where a statement begins.
pub(super) const A_STATEMENT: &str = "( begin case declare exit for goto if loop mod null raise \
     return select update while with <an identifier> <a double-quoted delimited-identifier> <<";

/// An identifier without the quotes, upper case unless it had some.
pub(super) fn name_of(token: &Token) -> Option<String> {
    match token {
        Token::Word(word) if word.quote_style.is_some() => Some(word.value.clone()),
        Token::Word(word) => Some(word.value.to_uppercase()),
        _ => None,
    }
}

/// The data type at a token: a cursor that reads it.
pub(super) fn type_cursor<'t>(tokens: &'t [TokenWithSpan], at: usize) -> Cursor<'t> {
    Cursor { tokens, at }
}
