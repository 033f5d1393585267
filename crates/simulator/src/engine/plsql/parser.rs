//! The block's tree.

use std::collections::BTreeMap;

use oraedge::error::DbError;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::super::error::{Result, ora_at};
use super::super::lexer::{Lexed, is_word, placeholder, placeholder_index, word};
use super::super::prepare::prepare_lexed;
use super::super::type_name::{Cursor, parse_type};
use super::{Action, Argument, Body, Code, Declaration, Handler, Slot, Statement};

#[derive(Clone, Copy, PartialEq)]
enum Known {
    Scalar,
    Record,
    Exception,
}

pub(super) struct BlockParser<'a> {
    lexed: &'a Lexed,
    cursor: Cursor<'a>,
    /// The distinct bind names.
    binds: Vec<&'a str>,
    /// Names in scope.
    known: Vec<BTreeMap<String, Known>>,
    /// Binds that are assigned to.
    pub(super) assigned: Vec<usize>,
}

fn name_of(token: &Token) -> Option<String> {
    match token {
        Token::Word(w) if w.quote_style.is_some() => Some(w.value.clone()),
        Token::Word(w) => Some(w.value.to_uppercase()),
        _ => None,
    }
}

impl<'a> BlockParser<'a> {
    pub(super) fn new(lexed: &'a Lexed) -> BlockParser<'a> {
        let mut binds: Vec<&str> = Vec::new();
        for name in &lexed.binds {
            if !binds.contains(&name.as_str()) {
                binds.push(name);
            }
        }
        BlockParser {
            lexed,
            cursor: Cursor::new(&lexed.tokens),
            binds,
            known: vec![BTreeMap::new()],
            assigned: Vec::new(),
        }
    }

    fn at(&self) -> usize {
        match self.lexed.tokens.get(self.cursor.at) {
            Some(token) => self.lexed.positions.offset(token.span.start),
            None => self.lexed.positions.text().len(),
        }
    }

    /// `line, column` of an offset, as PL/SQL's errors name it.
    fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.lexed.positions.line(offset);
        let before = self.lexed.positions.text().get(..offset).unwrap_or_default();
        (line, before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1)
    }

    /// PLS-00103.
    fn unexpected(&self) -> DbError {
        let at = self.at();
        let (line, column) = self.place(at);
        let symbol = match self.cursor.peek() {
            None => "end-of-file".to_owned(),
            Some(Token::Word(w)) => w.value.to_uppercase(),
            Some(other) => other.to_string(),
        };
        ora_at(
            6550,
            format!(
                "line {line}, column {column}:\nPLS-00103: Encountered the symbol \"{symbol}\" where it is not expected"
            ),
            at,
        )
    }

    fn expect(&mut self, text: &str) -> Result<()> {
        if self.cursor.take(text) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn expect_token(&mut self, token: &Token) -> Result<()> {
        if self.cursor.take_token(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn name(&mut self) -> Result<String> {
        match self.cursor.peek().and_then(name_of) {
            Some(name) => {
                self.cursor.at += 1;
                Ok(name)
            }
            None => Err(self.unexpected()),
        }
    }

    pub(super) fn whole(&mut self) -> Result<Body> {
        if self.cursor.take("CALL") {
            let line = 1;
            let at = self.at();
            let action = self.call(at)?;
            self.cursor.take_token(&Token::SemiColon);
            if self.cursor.peek().is_some() {
                return Err(self.unexpected());
            }
            let statements = vec![Statement { line, action }];
            return Ok(Body { declarations: Vec::new(), statements, handlers: Vec::new() });
        }
        self.label();
        let body = self.block()?;
        self.cursor.take_token(&Token::Div);
        if self.cursor.peek().is_some() {
            return Err(self.unexpected());
        }
        Ok(body)
    }

    /// `<<name>>`.
    fn label(&mut self) {
        while self.cursor.take_token(&Token::ShiftLeft) {
            self.cursor.at += 1;
            self.cursor.take_token(&Token::ShiftRight);
        }
    }

    /// `[DECLARE ...] BEGIN ... [EXCEPTION ...] END [name];`
    fn block(&mut self) -> Result<Body> {
        self.known.push(BTreeMap::new());
        let mut declarations = Vec::new();
        if self.cursor.take("DECLARE") {
            while !self.cursor.is("BEGIN") {
                declarations.push(self.declaration()?);
            }
        }
        self.expect("BEGIN")?;
        let statements = self.statements(&["EXCEPTION", "END"])?;
        let mut handlers = Vec::new();
        if self.cursor.take("EXCEPTION") {
            while self.cursor.take("WHEN") {
                let mut names = vec![self.name()?];
                while self.cursor.take("OR") {
                    names.push(self.name()?);
                }
                self.expect("THEN")?;
                let body = self.statements(&["WHEN", "END"])?;
                handlers.push(Handler { names, body });
            }
        }
        self.expect("END")?;
        if !matches!(self.cursor.peek(), Some(Token::SemiColon)) {
            self.name()?;
        }
        self.expect_token(&Token::SemiColon)?;
        self.known.pop();
        Ok(Body { declarations, statements, handlers })
    }

    fn declare(&mut self, name: &str, known: Known) {
        if let Some(scope) = self.known.last_mut() {
            scope.insert(name.to_owned(), known);
        }
    }

    fn declaration(&mut self) -> Result<Declaration> {
        let at = self.at();
        if ["FUNCTION", "PROCEDURE", "CURSOR", "TYPE", "SUBTYPE", "PRAGMA"]
            .iter()
            .any(|w| self.cursor.is(w))
        {
            let word = self.name()?;
            if word == "PRAGMA" {
                while !self.cursor.take_token(&Token::SemiColon) {
                    self.cursor.next().ok_or_else(|| self.unexpected_end())?;
                }
                let initial = None;
                return Ok(Declaration {
                    name: String::new(),
                    ty: None,
                    initial,
                    is_exception: false,
                });
            }
            return Err(ora_at(
                3001,
                format!("unimplemented feature: {word} in DECLARE (oraedge simulator)"),
                at,
            ));
        }
        let name = self.name()?;
        if self.cursor.take("EXCEPTION") {
            self.expect_token(&Token::SemiColon)?;
            self.declare(&name, Known::Exception);
            return Ok(Declaration { name, ty: None, initial: None, is_exception: true });
        }
        self.cursor.take("CONSTANT");
        let mut is_record = false;
        let mut ty = parse_type(&mut self.cursor)?;
        if ty.is_none() {
            // `emp.sal%TYPE`, `emp%ROWTYPE`.
            self.name()?;
            while self.cursor.take_token(&Token::Period) {
                self.name()?;
            }
            self.expect_token(&Token::Mod)?;
            is_record = self.cursor.take("ROWTYPE");
            if !is_record {
                self.expect("TYPE")?;
            }
            ty = None;
        }
        self.cursor.take_all(&["NOT", "NULL"]);
        self.declare(&name, if is_record { Known::Record } else { Known::Scalar });
        let initial = if self.cursor.take_token(&Token::Assignment) || self.cursor.take("DEFAULT") {
            Some(self.value_until(&[])?)
        } else {
            None
        };
        self.expect_token(&Token::SemiColon)?;
        Ok(Declaration { name, ty, initial, is_exception: false })
    }

    fn unexpected_end(&self) -> DbError {
        self.unexpected()
    }

    fn statements(&mut self, ends: &[&str]) -> Result<Vec<Statement>> {
        let mut list = Vec::new();
        loop {
            if ends.iter().any(|end| self.cursor.is(end)) {
                if list.is_empty() {
                    return Err(self.unexpected());
                }
                return Ok(list);
            }
            if self.cursor.peek().is_none() {
                return Err(self.unexpected());
            }
            self.label();
            let line = self.lexed.positions.line(self.at());
            let action = self.statement()?;
            list.push(Statement { line, action });
        }
    }

    fn statement(&mut self) -> Result<Action> {
        let at = self.at();
        let Some(first) = self.cursor.peek() else { return Err(self.unexpected()) };
        if let Token::Placeholder(name) = first {
            let bind = placeholder_index(name)
                .and_then(|i| self.bind(i))
                .ok_or_else(|| self.unexpected())?;
            self.cursor.at += 1;
            self.expect_token(&Token::Assignment)?;
            self.assigned.push(bind);
            let value = self.value_until(&[])?;
            self.expect_token(&Token::SemiColon)?;
            return Ok(Action::Assign { target: Slot::Bind(bind), value });
        }
        let Some(keyword) = name_of(first) else { return Err(self.unexpected()) };
        match keyword.as_str() {
            "NULL" => {
                self.cursor.at += 1;
                self.expect_token(&Token::SemiColon)?;
                Ok(Action::Null)
            }
            "RETURN" => {
                self.cursor.at += 1;
                self.expect_token(&Token::SemiColon)?;
                Ok(Action::Return)
            }
            "BEGIN" | "DECLARE" => Ok(Action::Block(Box::new(self.block()?))),
            "IF" => self.conditional(),
            "FOR" => self.for_loop(),
            "WHILE" => {
                self.cursor.at += 1;
                let condition = self.condition_until(&["LOOP"])?;
                self.expect("LOOP")?;
                let body = self.loop_body()?;
                Ok(Action::While { condition, body })
            }
            "LOOP" => {
                self.cursor.at += 1;
                Ok(Action::Loop { body: self.loop_body()? })
            }
            "EXIT" | "CONTINUE" => {
                self.cursor.at += 1;
                let when =
                    if self.cursor.take("WHEN") { Some(self.condition_until(&[])?) } else { None };
                self.expect_token(&Token::SemiColon)?;
                Ok(if keyword == "EXIT" {
                    Action::Exit { when }
                } else {
                    Action::Continue { when }
                })
            }
            "RAISE" => {
                self.cursor.at += 1;
                let name = if matches!(self.cursor.peek(), Some(Token::SemiColon)) {
                    None
                } else {
                    Some(self.name()?)
                };
                self.expect_token(&Token::SemiColon)?;
                Ok(Action::Raise(name))
            }
            "SELECT" | "WITH" | "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "COMMIT"
            | "ROLLBACK" | "SAVEPOINT" | "SET" | "LOCK" => self.sql(),
            "EXECUTE" if self.cursor.is_at(1, "IMMEDIATE") => self.immediate(),
            "GOTO" | "OPEN" | "FETCH" | "CLOSE" | "FORALL" | "PIPE" | "CASE" => Err(ora_at(
                3001,
                format!("unimplemented feature: {keyword} in PL/SQL (oraedge simulator)"),
                at,
            )),
            _ => {
                // `name :=`, `record.field :=`, or a call.
                let dotted = matches!(self.cursor.peek_at(1), Some(Token::Period));
                let assigns = |ahead: usize| self.cursor.peek_at(ahead) == Some(&Token::Assignment);
                if assigns(1) || (dotted && assigns(3)) {
                    let mut name = self.name()?;
                    if dotted {
                        self.cursor.at += 1;
                        name = format!("{name}.{}", self.name()?);
                    }
                    if self.lookup(&name).is_none() {
                        return Err(self.undeclared(&name, at));
                    }
                    self.expect_token(&Token::Assignment)?;
                    let value = self.value_until(&[])?;
                    self.expect_token(&Token::SemiColon)?;
                    return Ok(Action::Assign { target: Slot::Variable(name), value });
                }
                let action = self.call(at)?;
                self.expect_token(&Token::SemiColon)?;
                Ok(action)
            }
        }
    }

    fn undeclared(&self, name: &str, at: usize) -> DbError {
        let (line, column) = self.place(at);
        ora_at(
            6550,
            format!(
                "line {line}, column {column}:\nPLS-00201: identifier '{name}' must be declared\n\
                 ORA-06550: line {line}, column {column}:\nPL/SQL: Statement ignored"
            ),
            at,
        )
    }

    /// The distinct position of the bind at an occurrence.
    fn bind(&self, occurrence: usize) -> Option<usize> {
        let name = self.lexed.binds.get(occurrence)?;
        self.binds.iter().position(|b| b == name)
    }

    fn lookup(&self, name: &str) -> Option<Known> {
        let find = |name: &str| self.known.iter().rev().find_map(|scope| scope.get(name)).copied();
        match name.split_once('.') {
            Some((record, _)) => find(record).filter(|k| *k == Known::Record),
            None => find(name),
        }
    }

    fn conditional(&mut self) -> Result<Action> {
        self.expect("IF")?;
        let mut branches = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let condition = self.condition_until(&["THEN"])?;
            self.expect("THEN")?;
            let body = self.statements(&["ELSIF", "ELSE", "END"])?;
            branches.push((condition, body));
            if self.cursor.take("ELSIF") {
                continue;
            }
            if self.cursor.take("ELSE") {
                otherwise = self.statements(&["END"])?;
            }
            self.expect("END")?;
            self.expect("IF")?;
            self.expect_token(&Token::SemiColon)?;
            return Ok(Action::If { branches, otherwise });
        }
    }

    fn loop_body(&mut self) -> Result<Vec<Statement>> {
        let body = self.statements(&["END"])?;
        self.expect("END")?;
        self.expect("LOOP")?;
        if !matches!(self.cursor.peek(), Some(Token::SemiColon)) {
            self.name()?;
        }
        self.expect_token(&Token::SemiColon)?;
        Ok(body)
    }

    fn for_loop(&mut self) -> Result<Action> {
        self.expect("FOR")?;
        let variable = self.name()?;
        self.expect("IN")?;
        let reverse = self.cursor.take("REVERSE");
        let is_query = matches!(self.cursor.peek(), Some(Token::LParen))
            && (self.cursor.is_at(1, "SELECT") || self.cursor.is_at(1, "WITH"));
        if is_query {
            let mut tokens = self.tokens_until(&["LOOP"], false);
            // Without its parentheses.
            if tokens.len() >= 2 {
                tokens.remove(0);
                tokens.pop();
            }
            let query = self.code(tokens)?;
            self.expect("LOOP")?;
            self.known.push(BTreeMap::from([(variable.clone(), Known::Record)]));
            let body = self.loop_body()?;
            self.known.pop();
            return Ok(Action::Rows { record: variable, query, body });
        }
        // `1..10`: sqlparser's tokenizer leaves a point at the number or on its own.
        let tokens = self.tokens_until(&["LOOP"], false);
        let (low, high) = split_range(&tokens).ok_or_else(|| self.unexpected())?;
        let low = self.value(low)?;
        let high = self.value(high)?;
        self.expect("LOOP")?;
        self.known.push(BTreeMap::from([(variable.clone(), Known::Scalar)]));
        let body = self.loop_body()?;
        self.known.pop();
        Ok(Action::Count { variable, reverse, low, high, body })
    }

    /// Tokens up to one of the words, or to the end of the statement.
    fn tokens_until(&mut self, words: &[&str], commas: bool) -> Vec<TokenWithSpan> {
        let start = self.cursor.at;
        let mut depth = 0i32;
        while let Some(token) = self.cursor.peek() {
            match token {
                Token::LParen => depth += 1,
                Token::RParen if depth == 0 => break,
                Token::RParen => depth -= 1,
                Token::SemiColon => break,
                Token::Comma if depth == 0 && commas => break,
                token if depth == 0 && words.iter().any(|w| is_word(token, w)) => break,
                _ => {}
            }
            self.cursor.at += 1;
        }
        self.lexed.tokens[start..self.cursor.at].to_vec()
    }

    fn value_until(&mut self, words: &[&str]) -> Result<Code> {
        let tokens = self.tokens_until(words, false);
        if tokens.is_empty() {
            return Err(self.unexpected());
        }
        self.value(tokens)
    }

    fn condition_until(&mut self, words: &[&str]) -> Result<Code> {
        let tokens = self.tokens_until(words, false);
        let Some(first) = tokens.first().cloned() else { return Err(self.unexpected()) };
        let made = |token: Token| TokenWithSpan::new(token, first.span);
        let mut all = vec![made(word("CASE")), made(word("WHEN"))];
        all.extend(tokens);
        for token in [
            word("THEN"),
            Token::Number("1".into(), false),
            word("ELSE"),
            Token::Number("0".into(), false),
            word("END"),
        ] {
            all.push(made(token));
        }
        self.value(all)
    }

    /// An expression as a query that gives its value.
    fn value(&mut self, tokens: Vec<TokenWithSpan>) -> Result<Code> {
        let Some(first) = tokens.first().cloned() else { return Err(self.unexpected()) };
        let made = |token: Token| TokenWithSpan::new(token, first.span);
        let mut all = vec![made(word("SELECT"))];
        all.extend(tokens);
        all.push(made(word("FROM")));
        all.push(made(word("DUAL")));
        self.code(all)
    }

    /// SQL: names of variables become binds.
    fn code(&mut self, tokens: Vec<TokenWithSpan>) -> Result<Code> {
        let mut slots = Vec::new();
        let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
        let mut at = 0;
        while at < tokens.len() {
            let token = &tokens[at];
            let mut slot = None;
            let mut used = 1;
            let next = tokens.get(at + 1).map(|t| &t.token);
            match &token.token {
                Token::Placeholder(name) => {
                    slot = placeholder_index(name).and_then(|i| self.bind(i)).map(Slot::Bind);
                }
                Token::Word(w) => {
                    let after_point = matches!(out.last().map(|t| &t.token), Some(Token::Period));
                    let name = name_of(&token.token).unwrap_or_default();
                    let is_plain = w.quote_style.is_none();
                    if is_plain && name == "SQL" && next == Some(&Token::Mod) {
                        let attribute = tokens.get(at + 2).and_then(|t| name_of(&t.token));
                        match attribute.as_deref() {
                            Some("ROWCOUNT") => slot = Some(Slot::RowCount),
                            Some("FOUND" | "NOTFOUND") => {
                                let test = if attribute.as_deref() == Some("FOUND") {
                                    Token::Gt
                                } else {
                                    Token::Eq
                                };
                                let made = |t: Token| TokenWithSpan::new(t, token.span);
                                out.push(made(Token::LParen));
                                out.push(made(placeholder(slots.len())));
                                slots.push(Slot::RowCount);
                                out.push(made(test));
                                out.push(made(Token::Number("0".into(), false)));
                                out.push(made(Token::RParen));
                                at += 3;
                                continue;
                            }
                            _ => return Err(self.unexpected()),
                        }
                        used = 3;
                    } else if is_plain && name == "SQLCODE" {
                        slot = Some(Slot::ErrorCode);
                    } else if is_plain && name == "SQLERRM" {
                        slot = Some(Slot::ErrorText);
                        if next == Some(&Token::LParen) {
                            used = 1 + tokens[at + 1..]
                                .iter()
                                .position(|t| t.token == Token::RParen)
                                .map_or(0, |p| p + 1);
                        }
                    } else if is_plain && (name == "TRUE" || name == "FALSE") {
                        let made = |t: Token| TokenWithSpan::new(t, token.span);
                        let other = if name == "TRUE" { "1" } else { "0" };
                        for t in [
                            Token::LParen,
                            Token::Number("1".into(), false),
                            Token::Eq,
                            Token::Number(other.into(), false),
                            Token::RParen,
                        ] {
                            out.push(made(t));
                        }
                        at += 1;
                        continue;
                    } else if !after_point {
                        match self.lookup(&name) {
                            Some(Known::Record) if next == Some(&Token::Period) => {
                                let field = tokens.get(at + 2).and_then(|t| name_of(&t.token));
                                if let Some(field) = field {
                                    slot = Some(Slot::Variable(format!("{name}.{field}")));
                                    used = 3;
                                }
                            }
                            Some(Known::Scalar)
                                if !matches!(next, Some(Token::LParen | Token::Period)) =>
                            {
                                slot = Some(Slot::Variable(name));
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
            match slot {
                Some(slot) => {
                    out.push(TokenWithSpan::new(placeholder(slots.len()), token.span));
                    slots.push(slot);
                }
                None => out.push(token.clone()),
            }
            at += used;
        }
        let text: Vec<String> = out.iter().map(|t| t.token.to_string()).collect();
        let names = (1..=slots.len()).map(|i| format!("B{i}")).collect();
        let lexed = Lexed { tokens: out, binds: names, positions: self.lexed.positions.clone() };
        let mut prepared = prepare_lexed(lexed)?;
        prepared.internal = true;
        // Marked, so that no text of a client's has the same plan.
        let sql = format!("\u{1}{}", text.join(" ")).into();
        Ok(Code { sql, prepared: Box::new(prepared), slots })
    }

    fn slot(&mut self) -> Result<Slot> {
        let at = self.at();
        match self.cursor.peek() {
            Some(Token::Placeholder(name)) => {
                let bind = placeholder_index(name)
                    .and_then(|i| self.bind(i))
                    .ok_or_else(|| self.unexpected())?;
                self.cursor.at += 1;
                self.assigned.push(bind);
                Ok(Slot::Bind(bind))
            }
            _ => {
                let mut name = self.name()?;
                if self.cursor.take_token(&Token::Period) {
                    name = format!("{name}.{}", self.name()?);
                }
                if self.lookup(&name).is_none() {
                    return Err(self.undeclared(&name, at));
                }
                Ok(Slot::Variable(name))
            }
        }
    }

    fn slots(&mut self) -> Result<Vec<Slot>> {
        let mut slots = vec![self.slot()?];
        while self.cursor.take_token(&Token::Comma) {
            slots.push(self.slot()?);
        }
        Ok(slots)
    }

    /// An SQL statement; its INTO is taken out.
    fn sql(&mut self) -> Result<Action> {
        let is_query = self.cursor.is("SELECT") || self.cursor.is("WITH");
        let start = self.cursor.at;
        let mut tokens = Vec::new();
        let mut into = Vec::new();
        let mut depth = 0i32;
        let mut returning = false;
        while let Some(token) = self.cursor.peek() {
            match token {
                Token::SemiColon => break,
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                token
                    if depth == 0
                        && (is_word(token, "RETURNING") || is_word(token, "RETURN"))
                        && !is_query =>
                {
                    returning = true;
                }
                token
                    if depth == 0
                        && is_word(token, "INTO")
                        && (is_query || returning)
                        && self.cursor.at > start + 1 =>
                {
                    self.cursor.take("INTO");
                    into = self.slots()?;
                    continue;
                }
                _ => {}
            }
            tokens.push(self.lexed.tokens[self.cursor.at].clone());
            self.cursor.at += 1;
        }
        self.expect_token(&Token::SemiColon)?;
        if is_query && into.is_empty() {
            let (line, column) = self.place(self.lexed.positions.offset(tokens[0].span.start));
            return Err(super::super::error::ora(
                6550,
                format!(
                    "line {line}, column {column}:\nPLS-00428: an INTO clause is expected in this SELECT statement"
                ),
            ));
        }
        // RETURNING wants an INTO of its own: binds that stand for the targets.
        if returning {
            let span = tokens[0].span;
            tokens.push(TokenWithSpan::new(word("INTO"), span));
            for (at, slot) in into.iter().enumerate() {
                if at > 0 {
                    tokens.push(TokenWithSpan::new(Token::Comma, span));
                }
                // Any bind or variable of the block stands for itself.
                tokens.push(match slot {
                    Slot::Variable(name) => TokenWithSpan::new(word(name), span),
                    _ => self.placeholder_of(slot, span),
                });
            }
        }
        let record = match into.as_slice() {
            [Slot::Variable(name)]
                if self.lookup(name) == Some(Known::Record) && !name.contains('.') =>
            {
                Some(name.clone())
            }
            _ => None,
        };
        let code = self.code(tokens)?;
        Ok(Action::Sql { code, into, record })
    }

    fn placeholder_of(&self, slot: &Slot, span: sqlparser::tokenizer::Span) -> TokenWithSpan {
        let occurrence = match slot {
            Slot::Bind(bind) => {
                let name = self.binds.get(*bind).copied().unwrap_or_default();
                self.lexed.binds.iter().position(|b| b == name).unwrap_or(0)
            }
            _ => 0,
        };
        TokenWithSpan::new(placeholder(occurrence), span)
    }

    fn immediate(&mut self) -> Result<Action> {
        self.cursor.at += 2;
        let text = self.value_until(&["INTO", "USING", "RETURNING"])?;
        let mut into = Vec::new();
        if self.cursor.take("INTO") {
            into = self.slots()?;
        }
        let mut using = Vec::new();
        if self.cursor.take("USING") {
            loop {
                self.cursor.take("IN");
                let tokens = self.tokens_until(&[], true);
                using.push(self.value(tokens)?);
                if !self.cursor.take_token(&Token::Comma) {
                    break;
                }
            }
        }
        self.expect_token(&Token::SemiColon)?;
        Ok(Action::Immediate { text, into, using })
    }

    fn call(&mut self, at: usize) -> Result<Action> {
        let mut name = self.name()?;
        while self.cursor.take_token(&Token::Period) {
            name = format!("{name}.{}", self.name()?);
        }
        let name = name.strip_prefix("SYS.").unwrap_or(&name).to_owned();
        if !super::builtin::is_known(&name) {
            return Err(self.undeclared(&name, at));
        }
        let mut arguments = Vec::new();
        if self.cursor.take_token(&Token::LParen) {
            while !self.cursor.take_token(&Token::RParen) {
                // The names of these procedures' arguments come in their order.
                let is_named = matches!(self.cursor.peek(), Some(Token::Word(_)))
                    && self.cursor.peek_at(1) == Some(&Token::RArrow);
                if is_named {
                    self.cursor.at += 2;
                }
                let tokens = self.tokens_until(&[], true);
                let slot = match tokens.as_slice() {
                    [one] => match &one.token {
                        Token::Placeholder(name) => {
                            placeholder_index(name).and_then(|i| self.bind(i)).map(Slot::Bind)
                        }
                        token => name_of(token)
                            .filter(|n| matches!(self.lookup(n), Some(Known::Scalar)))
                            .map(Slot::Variable),
                    },
                    _ => None,
                };
                let position = arguments.len();
                if super::builtin::is_out(&name, position)
                    && let Some(Slot::Bind(bind)) = slot
                {
                    self.assigned.push(bind);
                }
                let value = self.value(tokens)?;
                arguments.push(Argument { value, slot });
                if !self.cursor.take_token(&Token::Comma)
                    && self.cursor.peek() != Some(&Token::RParen)
                {
                    return Err(self.unexpected());
                }
            }
        }
        Ok(Action::Call { name, arguments })
    }
}

/// `low..high` at its two points.
fn split_range(tokens: &[TokenWithSpan]) -> Option<(Vec<TokenWithSpan>, Vec<TokenWithSpan>)> {
    for (at, token) in tokens.iter().enumerate() {
        match &token.token {
            Token::Period if tokens.get(at + 1).is_some_and(|t| t.token == Token::Period) => {
                return Some((tokens[..at].to_vec(), tokens[at + 2..].to_vec()));
            }
            // `1.` and `.`, or `1.` and `.10`.
            Token::Number(digits, long) if digits.ends_with('.') => {
                let mut low = tokens[..=at].to_vec();
                let clean = digits.trim_end_matches('.').to_owned();
                low[at].token = Token::Number(clean, *long);
                let mut high = tokens[at + 1..].to_vec();
                match high.first().map(|t| t.token.clone()) {
                    Some(Token::Period) => {
                        high.remove(0);
                    }
                    Some(Token::Number(digits, long)) if digits.starts_with('.') => {
                        high[0].token =
                            Token::Number(digits.trim_start_matches('.').to_owned(), long);
                    }
                    _ => return None,
                }
                return Some((low, high));
            }
            Token::Number(digits, long)
                if at > 0 && digits.starts_with('.')
                // `n.` is a name and a point, then `.5`.
                && tokens[at - 1].token == Token::Period =>
            {
                let mut high = tokens[at..].to_vec();
                high[0].token = Token::Number(digits.trim_start_matches('.').to_owned(), *long);
                return Some((tokens[..at - 1].to_vec(), high));
            }
            _ => {}
        }
    }
    None
}
