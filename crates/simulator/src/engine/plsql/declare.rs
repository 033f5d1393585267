//! Declarations: variables, exceptions, cursors, types, nested programs.

use std::sync::Arc;

use oraedge::wire::value::Value;
use sqlparser::tokenizer::Token;

use super::super::catalog::Definition;
use super::super::error::{Result, unsupported};
use super::super::type_name::parse_type;
use super::super::types::{Kind, MAX_EXTENDED, OraType};
use super::code::{Action, Block, Catch, Expr, Mode, Parameter, Program, Statement, Target, Var};
use super::compiler::{Compiler, Open, type_cursor};
use super::scope::{CursorInfo, Field, Formal, Named, Signature, Type};

/// A program's head.
pub(super) struct Head {
    pub(super) name: String,
    pub(super) formals: Vec<Formal>,
    /// Tokens of the defaults, by parameter.
    pub(super) defaults: Vec<Option<(usize, usize)>>,
    pub(super) returns: Option<OraType>,
    pub(super) is_function: bool,
}

impl Compiler<'_> {
    /// Declarations up to BEGIN (or END of a package); the statements that set first values.
    pub(super) fn declarations(&mut self) -> Result<Vec<Statement>> {
        let mut first_values = Vec::new();
        while !self.is("BEGIN") && !self.is("END") {
            if self.at >= self.tokens.len() {
                return Err(self.unexpected(
                    "begin function pragma procedure subtype type <an identifier> cursor",
                ));
            }
            self.statement = self.at;
            let line = self.line(self.at);
            let is_name_of_variable = self.token(1).is_some_and(|t| matches!(t, Token::Word(_)))
                && !["PROCEDURE", "FUNCTION", "CURSOR", "TYPE", "SUBTYPE", "PRAGMA"]
                    .iter()
                    .any(|w| self.is(w));
            if is_name_of_variable {
                let actions = self.variable()?;
                first_values.extend(actions.into_iter().map(|action| Statement { line, action }));
            } else if self.is("PROCEDURE") || self.is("FUNCTION") {
                self.program()?;
            } else if self.take("CURSOR") {
                self.cursor_declaration()?;
            } else if self.take("PRAGMA") {
                self.pragma()?;
            } else if self.take("TYPE") {
                self.type_declaration()?;
            } else if self.take("SUBTYPE") {
                let at = self.at;
                let name = self.identifier()?;
                self.expect("IS")?;
                let ty = self.data_type()?;
                self.declare(at, name, Named::Type(ty))?;
            } else {
                return Err(self.unexpected(
                    "begin function pragma procedure subtype type <an identifier> cursor",
                ));
            }
            self.expect_token(&Token::SemiColon)?;
        }
        Ok(first_values)
    }

    /// `name [CONSTANT] type [NOT NULL] [:= value]` or `name EXCEPTION`.
    fn variable(&mut self) -> Result<Vec<Action>> {
        let at = self.at;
        let name = self.identifier()?;
        if self.take("EXCEPTION") {
            self.exceptions += 1;
            let catch = Catch::User { id: self.exceptions, number: None };
            self.declare(at, name, Named::Exception(catch))?;
            return Ok(Vec::new());
        }
        let constant = self.take("CONSTANT");
        let ty = self.data_type()?;
        let not_null = self.is("NOT") && self.is_at(1, "NULL");
        if not_null {
            self.at += 2;
        }
        let has_value = self.take_token(&Token::Assignment) || self.take("DEFAULT");
        match ty {
            Type::Scalar(ty) => {
                // The name is not in scope of its own first value.
                let value = if has_value {
                    let end = self.extent(|_| false);
                    self.expression_for(end, &ty)?
                } else if constant || not_null {
                    let message = format!(
                        "PLS-00218: a variable declared NOT NULL must have an initialization assignment ({name})"
                    );
                    return Err(self.error(at, &message));
                } else {
                    Expr::Constant(Value::Null)
                };
                let slot = self.new_slots(1);
                self.declare(at, name, Named::Scalar { slot, ty, constant, not_null })?;
                let target = Target { var: Var { up: 0, slot }, ty, not_null };
                Ok(vec![Action::Assign(target, value)])
            }
            Type::Record(fields) => {
                if has_value {
                    return Err(unsupported("first values of record variables"));
                }
                let slot = self.new_slots(fields.len());
                let actions = fields.iter().enumerate().map(|(index, field)| {
                    let var = Var { up: 0, slot: slot + index };
                    let target = Target { var, ty: field.ty, not_null: false };
                    Action::Assign(target, Expr::Constant(Value::Null))
                });
                let actions = actions.collect();
                self.declare(at, name, Named::Record { slot, fields })?;
                Ok(actions)
            }
            Type::RefCursor => {
                let index = self.new_cursor();
                let info = CursorInfo {
                    index,
                    parameters: Vec::new(),
                    query: None,
                    columns: Arc::new([]),
                };
                self.declare(at, name, Named::Cursor(info))?;
                Ok(vec![Action::Close(Var { up: 0, slot: index })])
            }
        }
    }

    /// A data type, `%TYPE`, `%ROWTYPE`, or a declared type.
    pub(super) fn data_type(&mut self) -> Result<Type> {
        let start = self.at;
        if self.is("SYS_REFCURSOR") {
            self.at += 1;
            return Ok(Type::RefCursor);
        }
        let mut length = 1;
        while self.token(length) == Some(&Token::Period) {
            length += 2;
        }
        if self.token(length) == Some(&Token::Mod) {
            let of_row = self.is_at(length + 1, "ROWTYPE");
            if of_row || self.is_at(length + 1, "TYPE") {
                let names: Vec<String> =
                    (0..length).step_by(2).filter_map(|ahead| self.name_at(ahead)).collect();
                self.at += length + 2;
                return if of_row {
                    self.row_type(start, &names)
                } else {
                    self.type_of(start, &names)
                };
            }
        }
        if let Some(Named::Type(ty)) = self.name_at(0).and_then(|n| self.lookup(&n)).map(|(_, n)| n)
        {
            self.at += 1;
            return Ok(ty);
        }
        // Parameters have no length.
        let is_open = self.token(1) != Some(&Token::LParen);
        for (word, kind, length) in [
            ("VARCHAR2", Kind::Varchar, MAX_EXTENDED),
            ("VARCHAR", Kind::Varchar, MAX_EXTENDED),
            ("STRING", Kind::Varchar, MAX_EXTENDED),
            ("NVARCHAR2", Kind::Nvarchar, MAX_EXTENDED / 2),
            ("CHAR", Kind::Varchar, MAX_EXTENDED),
            ("RAW", Kind::Raw, MAX_EXTENDED),
        ] {
            if is_open
                && self.is(word)
                && self.at + 1 < self.tokens.len()
                && !self.is_at(1, "VARYING")
            {
                self.at += 1;
                // CHAR alone is one character long, except as a parameter, where it does not matter.
                return Ok(Type::Scalar(OraType::text(kind, length, false)));
            }
        }
        let mut cursor = type_cursor(self.tokens, self.at);
        match parse_type(&mut cursor).map_err(|error| self.sql_error(error, start, true))? {
            Some(ty) => {
                self.at = cursor.at;
                Ok(Type::Scalar(ty))
            }
            None => {
                let name = self.name_at(0).ok_or_else(|| self.unexpected("<an identifier>"))?;
                Err(self.undeclared(start, &name))
            }
        }
    }

    /// `variable%TYPE`, `record.field%TYPE`, `[owner.]table.column%TYPE`.
    fn type_of(&mut self, start: usize, names: &[String]) -> Result<Type> {
        let joined = names.join(".");
        match (names, names.first().and_then(|n| self.lookup(n))) {
            ([_], Some((_, Named::Scalar { ty, .. }))) => return Ok(Type::Scalar(ty)),
            ([_], Some((_, Named::Record { fields, .. }))) => return Ok(Type::Record(fields)),
            ([_, field], Some((_, Named::Record { fields, .. }))) => {
                if let Some(field) = fields.iter().find(|f| f.name == *field) {
                    return Ok(Type::Scalar(field.ty));
                }
            }
            _ => {}
        }
        if let [table @ .., column] = names
            && let Some(fields) = self.table_columns(table)
        {
            if let Some(field) = fields.into_iter().find(|f| f.name == *column) {
                return Ok(Type::Scalar(field.ty));
            }
            return Err(
                self.error(start, &format!("PLS-00302: component '{column}' must be declared"))
            );
        }
        Err(self.undeclared(start, &joined))
    }

    /// `table%ROWTYPE`, `cursor%ROWTYPE`.
    fn row_type(&mut self, start: usize, names: &[String]) -> Result<Type> {
        if let ([name], Some(found)) = (names, names.first().and_then(|n| self.lookup(n))) {
            let _ = name;
            if let Named::Cursor(info) = found.1 {
                return Ok(Type::Record(info.columns));
            }
        }
        match self.table_columns(names) {
            Some(fields) => Ok(Type::Record(fields.into())),
            None => Err(self.undeclared(start, &names.join("."))),
        }
    }

    fn table_columns(&self, names: &[String]) -> Option<Vec<Field>> {
        let catalog = self.session.catalog();
        let schema = self.session.current_schema();
        let object = match names {
            [name] => catalog.resolve(None, &schema, name),
            [owner, name] => catalog.resolve(Some(owner), &schema, name),
            _ => None,
        }?;
        match &object.definition {
            Definition::Table(table) => Some(
                table
                    .columns
                    .iter()
                    .filter(|c| !c.hidden)
                    .map(|c| Field { name: c.name.clone(), ty: c.ty })
                    .collect(),
            ),
            Definition::View(view) => Some(
                view.columns.iter().map(|c| Field { name: c.name.clone(), ty: c.ty }).collect(),
            ),
            _ => None,
        }
    }

    /// `CURSOR name [(p type, ...)] [RETURN type] IS query`.
    fn cursor_declaration(&mut self) -> Result<()> {
        let at = self.at;
        let name = self.identifier()?;
        let index = self.new_cursor();
        self.enter_scope();
        let mut parameters = Vec::new();
        if self.token(0) == Some(&Token::LParen) {
            let (formals, _) = self.formals()?;
            for formal in formals {
                let slot = self.new_slots(1);
                let named = Named::Scalar { slot, ty: formal.ty, constant: true, not_null: false };
                self.declare(at, formal.name.clone(), named)?;
                parameters.push((formal.name, slot, formal.ty));
            }
        }
        if self.take("RETURN") {
            self.data_type()?;
        }
        self.expect("IS")?;
        let end = self.extent(|_| false);
        let (query, columns) = self.embed_query(self.at, end)?;
        self.at = end;
        self.scopes.pop();
        let info = CursorInfo { index, parameters, query: Some(query), columns: columns.into() };
        self.declare(at, name, Named::Cursor(info))
    }

    fn pragma(&mut self) -> Result<()> {
        if !self.take("EXCEPTION_INIT") {
            if self.is("AUTONOMOUS_TRANSACTION") {
                return Err(unsupported("PRAGMA AUTONOMOUS_TRANSACTION"));
            }
            self.at = self.extent(|_| false);
            return Ok(());
        }
        self.expect_token(&Token::LParen)?;
        let at = self.at;
        let name = self.identifier()?;
        self.expect_token(&Token::Comma)?;
        let number = type_cursor(self.tokens, self.at).take_integer();
        self.at = self.extent(|_| false);
        self.expect_token(&Token::RParen)?;
        let scope = self.scopes.last_mut().and_then(|scope| scope.names.get_mut(&name));
        match scope {
            Some(Named::Exception(Catch::User { number: place, .. })) => {
                *place = number.map(|n| u32::try_from(n.unsigned_abs()).unwrap_or(0));
                // 100 stands for ORA-01403.
                if *place == Some(100) {
                    *place = Some(1403);
                }
                Ok(())
            }
            _ => Err(self.undeclared(at, &name)),
        }
    }

    fn type_declaration(&mut self) -> Result<()> {
        let at = self.at;
        let name = self.identifier()?;
        self.expect("IS")?;
        let ty = if self.take("RECORD") {
            self.expect_token(&Token::LParen)?;
            let mut fields = Vec::new();
            loop {
                let name = self.identifier()?;
                let Type::Scalar(ty) = self.data_type()? else {
                    return Err(unsupported("records inside records"));
                };
                fields.push(Field { name, ty });
                let end = self.extent(|t| *t == Token::Comma);
                if end > self.at {
                    return Err(unsupported("NOT NULL and first values of record fields"));
                }
                if !self.take_token(&Token::Comma) {
                    break;
                }
            }
            self.expect_token(&Token::RParen)?;
            Type::Record(fields.into())
        } else if self.take("REF") {
            self.expect("CURSOR")?;
            if self.take("RETURN") {
                self.data_type()?;
            }
            Type::RefCursor
        } else {
            return Err(unsupported("PL/SQL collections"));
        };
        self.declare(at, name, Named::Type(ty))
    }

    /// `(name [IN] [OUT] [NOCOPY] type [:= value], ...)`; where the defaults are.
    #[expect(clippy::type_complexity, reason = "two lists of the same length")]
    fn formals(&mut self) -> Result<(Vec<Formal>, Vec<Option<(usize, usize)>>)> {
        let mut formals = Vec::new();
        let mut defaults = Vec::new();
        if !self.take_token(&Token::LParen) {
            return Ok((formals, defaults));
        }
        loop {
            let name = self.identifier()?;
            let is_in = self.take("IN");
            let is_out = self.take("OUT");
            self.take("NOCOPY");
            let mode = match (is_in, is_out) {
                (_, false) => Mode::In,
                (false, true) => Mode::Out,
                (true, true) => Mode::InOut,
            };
            let Type::Scalar(ty) = self.data_type()? else {
                return Err(unsupported("parameters that are records or cursors"));
            };
            let mut default = None;
            if self.take_token(&Token::Assignment) || self.take("DEFAULT") {
                let end = self.extent(|t| *t == Token::Comma);
                default = Some((self.at, end));
                self.at = end;
            }
            formals.push(Formal { name, mode, ty, has_default: default.is_some() });
            defaults.push(default);
            if !self.take_token(&Token::Comma) {
                break;
            }
        }
        self.expect_token(&Token::RParen)?;
        Ok((formals, defaults))
    }

    /// `PROCEDURE name (...)` or `FUNCTION name (...) RETURN type`.
    pub(super) fn head(&mut self) -> Result<Head> {
        let is_function = self.is("FUNCTION");
        self.at += 1;
        let mut name = self.identifier()?;
        // The owner of a stored program.
        if self.take_token(&Token::Period) {
            name = self.identifier()?;
        }
        let (formals, defaults) = self.formals()?;
        let mut returns = None;
        if is_function {
            self.expect("RETURN")?;
            let Type::Scalar(ty) = self.data_type()? else {
                return Err(unsupported("functions that return records or cursors"));
            };
            returns = Some(ty);
        }
        while !matches!(self.token(0), Some(Token::SemiColon) | None)
            && !self.is("IS")
            && !self.is("AS")
        {
            // DETERMINISTIC, AUTHID CURRENT_USER, RESULT_CACHE ...
            self.at += 1;
        }
        Ok(Head { name, formals, defaults, returns, is_function })
    }

    /// A nested program; what it is called by.
    pub(super) fn program(&mut self) -> Result<usize> {
        let at = self.at;
        let head = self.head()?;
        let known = self.scopes.last().and_then(|scope| scope.names.get(&head.name)).cloned();
        let index = match known {
            // It was declared ahead.
            Some(Named::Program { index, .. }) => index,
            _ => {
                self.programs.push(Program::default());
                let index = self.programs.len() - 1;
                let signature =
                    Arc::new(Signature { formals: head.formals.clone(), returns: head.returns });
                self.declare(at, head.name.clone(), Named::Program { index, signature })?;
                index
            }
        };
        if self.token(0) == Some(&Token::SemiColon) {
            return Ok(index);
        }
        self.at += 1;
        self.program_body(index, head)?;
        Ok(index)
    }

    /// What stands behind IS.
    pub(super) fn program_body(&mut self, index: usize, head: Head) -> Result<()> {
        self.open.push(Open {
            returns: head.returns,
            is_function: head.is_function,
            ..Open::default()
        });
        self.enter_scope();
        let mut parameters = Vec::new();
        for (formal, default) in head.formals.into_iter().zip(head.defaults) {
            let slot = self.new_slots(1);
            let default = match default {
                Some((start, end)) => {
                    let back = std::mem::replace(&mut self.at, start);
                    let value = self.expression_for(end, &formal.ty)?;
                    self.at = back;
                    Some(value)
                }
                None => None,
            };
            let constant = formal.mode == Mode::In;
            let named = Named::Scalar { slot, ty: formal.ty, constant, not_null: false };
            self.declare(self.at, formal.name, named)?;
            parameters.push(Parameter { ty: formal.ty, default });
        }
        self.enter_scope();
        let mut block = Block { declarations: self.declarations()?, ..Block::default() };
        self.body(&mut block)?;
        self.scopes.pop();
        self.scopes.pop();
        let open = self.open.pop().unwrap_or_default();
        self.programs[index] = Program {
            parameters,
            returns: head.returns,
            block,
            end: self.line(self.at - 1),
            slots: open.slots,
            cursors: open.cursors,
        };
        Ok(())
    }
}
