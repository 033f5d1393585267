//! Statements.

use oraedge::wire::value::Value;
use sqlparser::tokenizer::Token;

use super::super::error::{Result, ora_at, unsupported};
use super::super::lexer::is_word;
use super::super::types::{FLOATING, Kind, OraType};
use super::code::{Action, Block, Catch, Embedded, Expr, Handler, Statement, Target, Using, Var};
use super::compiler::{A_STATEMENT, Compiler};
use super::errors::predefined;
use super::scope::{Field, Named};

impl Compiler<'_> {
    /// `[DECLARE ...] BEGIN ... [EXCEPTION ...] END [label]`; the semicolon is not taken.
    pub(super) fn block(&mut self) -> Result<Block> {
        self.enter_scope();
        let mut block = Block::default();
        if self.take("DECLARE") {
            block.declarations = self.declarations()?;
        }
        self.body(&mut block)?;
        self.scopes.pop();
        Ok(block)
    }

    /// `BEGIN ... END [name]`, into a block whose names are in scope.
    pub(super) fn body(&mut self, block: &mut Block) -> Result<()> {
        self.expect("BEGIN")?;
        block.body = self.statements(&["END", "EXCEPTION"])?;
        if self.take("EXCEPTION") {
            while self.take("WHEN") {
                let mut catches = vec![self.catch()?];
                while self.take("OR") {
                    catches.push(self.catch()?);
                }
                self.expect("THEN")?;
                let body = self.statements(&["WHEN", "END"])?;
                block.handlers.push(Handler { catches, body });
            }
        }
        self.expect("END")?;
        if !matches!(self.token(0), Some(Token::SemiColon) | None) {
            self.identifier()?;
        }
        Ok(())
    }

    fn catch(&mut self) -> Result<Catch> {
        if self.take("OTHERS") { Ok(Catch::Others) } else { self.exception() }
    }

    fn exception(&mut self) -> Result<Catch> {
        let start = self.at;
        let mut name = self.identifier()?;
        while self.take_token(&Token::Period) {
            name = self.identifier()?;
        }
        match self.lookup(&name) {
            Some((_, Named::Exception(catch))) => Ok(catch),
            _ => predefined(&name).map(Catch::Number).ok_or_else(|| self.undeclared(start, &name)),
        }
    }

    /// One statement with its semicolon.
    pub(super) fn statement(&mut self) -> Result<Statement> {
        let mut label = None;
        while self.take_token(&Token::ShiftLeft) {
            label = Some(self.identifier()?);
            self.expect_token(&Token::ShiftRight)?;
        }
        let line = self.line(self.at);
        let action = self.action(label)?;
        self.expect_token(&Token::SemiColon)?;
        Ok(Statement { line, action })
    }

    fn action(&mut self, label: Option<String>) -> Result<Action> {
        let keyword = match self.token(0) {
            Some(Token::Word(word)) if word.quote_style.is_none() => word.value.to_uppercase(),
            Some(Token::Placeholder(_)) => return self.assignment(),
            _ => return Err(self.unexpected(A_STATEMENT)),
        };
        if matches!(self.token(1), Some(Token::Assignment)) {
            return self.assignment();
        }
        match keyword.as_str() {
            "BEGIN" | "DECLARE" => Ok(Action::Block(self.block()?)),
            "NULL" => {
                self.at += 1;
                Ok(Action::Nothing)
            }
            "IF" => self.if_statement(),
            "CASE" => self.case_statement(),
            "LOOP" => {
                let body = self.loop_body(label)?;
                Ok(Action::Loop(body))
            }
            "WHILE" => {
                self.at += 1;
                let condition = self.condition(&["LOOP"])?;
                let body = self.loop_body(label)?;
                Ok(Action::While(condition, body))
            }
            "FOR" => self.for_statement(label),
            "EXIT" | "CONTINUE" => self.jump(),
            "RETURN" => self.return_statement(),
            "RAISE" => {
                self.at += 1;
                if self.token(0) == Some(&Token::SemiColon) {
                    return Ok(Action::Reraise);
                }
                Ok(Action::Raise(self.exception()?))
            }
            "OPEN" => self.open_statement(),
            "FETCH" => self.fetch_statement(),
            "CLOSE" => {
                self.at += 1;
                Ok(Action::Close(self.cursor()?.0))
            }
            "EXECUTE" if self.is_at(1, "IMMEDIATE") => self.execute_immediate(),
            "SELECT" | "WITH" => self.select_into(),
            "INSERT" | "UPDATE" | "DELETE" | "MERGE" => self.dml(),
            "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "LOCK" | "SET" => {
                let end = self.extent(|_| false);
                let embedded = self.embed_plain(self.at, end)?;
                self.at = end;
                Ok(Action::Sql { embedded, returning: Vec::new() })
            }
            "GOTO" | "FORALL" | "PIPE" => Err(unsupported(format!("{keyword} in PL/SQL"))),
            "END" | "ELSE" | "ELSIF" | "THEN" | "WHEN" | "EXCEPTION" | "CREATE" | "DROP"
            | "ALTER" | "TRUNCATE" | "GRANT" | "REVOKE" | "IS" => Err(self.unexpected(A_STATEMENT)),
            _ => self.assignment(),
        }
    }

    /// An assignment or the call of a procedure.
    fn assignment(&mut self) -> Result<Action> {
        let start = self.at;
        let is_bind = matches!(self.token(0), Some(Token::Placeholder(_)));
        let mut ahead = 1;
        while self.token(ahead) == Some(&Token::Period) {
            ahead += 2;
        }
        if self.token(ahead) != Some(&Token::Assignment) && !is_bind {
            return self.call_statement();
        }
        let targets = self.targets()?;
        self.expect_token(&Token::Assignment)?;
        if let ([_, _, ..], Some((up, Named::Record { slot, fields }))) =
            (targets.as_slice(), self.name_at(0).and_then(|name| self.lookup(&name)))
            && self.token(1) == Some(&Token::SemiColon)
            && fields.len() == targets.len()
        {
            self.at += 1;
            let pairs = targets.into_iter().enumerate();
            let copies = pairs.map(|(index, to)| (to, Var { up, slot: slot + index }));
            return Ok(Action::Copy(copies.collect()));
        }
        let [target] = <[Target; 1]>::try_from(targets)
            .map_err(|_| self.error(start, "PLS-00382: expression is of wrong type"))?;
        let end = self.extent(|_| false);
        let expr = self.expression_for(end, &target.ty)?;
        Ok(Action::Assign(target, expr))
    }

    fn if_statement(&mut self) -> Result<Action> {
        self.at += 1;
        let mut arms = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let condition = self.condition(&["THEN"])?;
            self.expect("THEN")?;
            arms.push((condition, self.statements(&["ELSIF", "ELSE", "END"])?));
            if self.take("ELSIF") {
                continue;
            }
            if self.take("ELSE") {
                otherwise = self.statements(&["END"])?;
            }
            break;
        }
        self.expect("END")?;
        self.expect("IF")?;
        Ok(Action::If { arms, otherwise })
    }

    fn case_statement(&mut self) -> Result<Action> {
        let line = self.line(self.at);
        self.at += 1;
        let mut selector = None;
        if !self.is("WHEN") {
            let end = self.extent(|t| is_word(t, "WHEN"));
            selector = Some((self.at, end));
            self.at = end;
        }
        let mut arms = Vec::new();
        while self.take("WHEN") {
            let end = self.extent(|t| is_word(t, "THEN"));
            let condition = match selector {
                Some(selector) => self.equality(selector, (self.at, end))?,
                None => self.condition(&["THEN"])?,
            };
            self.at = end;
            self.expect("THEN")?;
            arms.push((condition, self.statements(&["WHEN", "ELSE", "END"])?));
        }
        let otherwise = if self.take("ELSE") {
            self.statements(&["END"])?
        } else {
            vec![Statement { line, action: Action::CaseNotFound }]
        };
        self.expect("END")?;
        self.expect("CASE")?;
        Ok(Action::If { arms, otherwise })
    }

    /// `LOOP ... END LOOP [label]`.
    fn loop_body(&mut self, label: Option<String>) -> Result<Vec<Statement>> {
        self.expect("LOOP")?;
        if let Some(open) = self.open.last_mut() {
            open.loops.push(label);
        }
        let body = self.statements(&["END"])?;
        if let Some(open) = self.open.last_mut() {
            open.loops.pop();
        }
        self.expect("END")?;
        self.expect("LOOP")?;
        if self.token(0) != Some(&Token::SemiColon) {
            self.identifier()?;
        }
        Ok(body)
    }

    fn for_statement(&mut self, label: Option<String>) -> Result<Action> {
        self.at += 1;
        let name = self.identifier()?;
        self.expect("IN")?;
        let reverse = self.take("REVERSE");
        let is_query = self.token(0) == Some(&Token::LParen)
            && (self.is_at(1, "SELECT") || self.is_at(1, "WITH"));
        if is_query {
            self.at += 1;
            let end = self.extent(|_| false);
            let (query, columns) = self.embed_query(self.at, end)?;
            self.at = end;
            self.expect_token(&Token::RParen)?;
            return self.for_query(label, name, query, columns);
        }
        if let Some((_, Named::Cursor(cursor))) = self.name_at(0).and_then(|n| self.lookup(&n))
            && let Some(query) = cursor.query.clone()
        {
            self.at += 1;
            if !cursor.parameters.is_empty() || self.token(0) == Some(&Token::LParen) {
                return Err(unsupported(
                    "FOR loops over cursors with parameters (OPEN, FETCH and CLOSE work)",
                ));
            }
            return self.for_query(label, name, query, cursor.columns.to_vec());
        }
        let number = OraType::number(38, 0);
        let end = self.range_end();
        let low = self.expression_for(end, &number)?;
        self.expect_token(&Token::Period)?;
        self.expect_token(&Token::Period)?;
        let end = self.extent(|t| is_word(t, "LOOP"));
        let high = self.expression_for(end, &number)?;
        let slot = self.new_slots(1);
        self.enter_scope();
        let named = Named::Scalar { slot, ty: number, constant: true, not_null: true };
        self.declare(self.at, name, named)?;
        let body = self.loop_body(label)?;
        self.scopes.pop();
        Ok(Action::ForRange { slot, reverse, low, high, body })
    }

    /// Where the lower bound of a range ends: at two periods.
    fn range_end(&self) -> usize {
        let mut at = self.at;
        while let Some(token) = self.tokens.get(at).map(|t| &t.token) {
            let next = self.tokens.get(at + 1).map(|t| &t.token);
            let is_range = *token == Token::Period && next == Some(&Token::Period);
            if is_range || *token == Token::SemiColon || is_word(token, "LOOP") {
                break;
            }
            at += 1;
        }
        at
    }

    fn for_query(
        &mut self,
        label: Option<String>,
        name: String,
        query: std::sync::Arc<Embedded>,
        columns: Vec<Field>,
    ) -> Result<Action> {
        let slot = self.new_slots(columns.len());
        let fields = columns
            .iter()
            .enumerate()
            .map(|(index, _)| Target {
                var: Var { up: 0, slot: slot + index },
                ty: OraType::NULL,
                not_null: false,
            })
            .collect();
        self.enter_scope();
        self.declare(self.at, name, Named::Record { slot, fields: columns.into() })?;
        let body = self.loop_body(label)?;
        self.scopes.pop();
        Ok(Action::ForQuery { fields, query, body })
    }

    fn jump(&mut self) -> Result<Action> {
        let start = self.at;
        let repeat = self.is("CONTINUE");
        self.at += 1;
        let mut levels = 0;
        let loops: Vec<Option<String>> =
            self.open.last().map(|open| open.loops.clone()).unwrap_or_default();
        if loops.is_empty() {
            let word = if repeat { "CONTINUE" } else { "EXIT" };
            let code = if repeat { "PLS-00374" } else { "PLS-00376" };
            let message = format!("{code}: illegal {word} statement; it must appear inside a loop");
            return Err(self.error(start, &message));
        }
        if !self.is("WHEN") && self.token(0) != Some(&Token::SemiColon) {
            let at = self.at;
            let label = self.identifier()?;
            let found = loops.iter().rev().position(|l| l.as_deref() == Some(label.as_str()));
            levels = found.ok_or_else(|| self.undeclared(at, &label))?;
        }
        let condition = if self.take("WHEN") { Some(self.condition(&[])?) } else { None };
        Ok(Action::Jump { levels, repeat, condition })
    }

    fn return_statement(&mut self) -> Result<Action> {
        let start = self.at;
        self.at += 1;
        let returns = self.open.last().and_then(|open| open.returns);
        let is_function = self.open.last().is_some_and(|open| open.is_function);
        if self.token(0) == Some(&Token::SemiColon) {
            return if is_function {
                Err(self.error(
                    start,
                    "PLS-00503: RETURN <value> statement is required for this return from function",
                ))
            } else {
                Ok(Action::Return(None))
            };
        }
        if !is_function {
            return Err(self.error(
                start,
                "PLS-00372: In a procedure, RETURN statement cannot contain an expression",
            ));
        }
        let end = self.extent(|_| false);
        Ok(Action::Return(Some(self.expression_for(end, &returns.unwrap_or(OraType::NULL))?)))
    }

    /// The cursor named next: where it is, and what is known about it.
    fn cursor(&mut self) -> Result<(Var, super::scope::CursorInfo)> {
        let start = self.at;
        if matches!(self.token(0), Some(Token::Placeholder(_))) {
            return Err(unsupported("REF CURSOR binds"));
        }
        let name = self.identifier()?;
        match self.lookup(&name) {
            Some((up, Named::Cursor(info))) => Ok((Var { up, slot: info.index }, info)),
            Some(_) => Err(self.error(start, &format!("PLS-00456: item '{name}' is not a cursor"))),
            None => Err(self.undeclared(start, &name)),
        }
    }

    fn open_statement(&mut self) -> Result<Action> {
        self.at += 1;
        let start = self.at;
        let (cursor, info) = self.cursor()?;
        if self.take("FOR") {
            if self.is("SELECT") || self.is("WITH") {
                let end = self.extent(|_| false);
                let (query, _) = self.embed_query(self.at, end)?;
                self.at = end;
                return Ok(Action::Open { cursor, parameters: Vec::new(), query });
            }
            let end = self.extent(|t| is_word(t, "USING"));
            let text = self.expression_for(end, &OraType::CLOB)?;
            let using = self.using()?;
            return Ok(Action::OpenFor { cursor, text, using });
        }
        let Some(query) = info.query else {
            return Err(self.error(
                start,
                "PLS-00455: cursor variable cannot be used in such an OPEN statement",
            ));
        };
        let mut parameters = Vec::new();
        if self.take_token(&Token::LParen) {
            for (_, slot, ty) in &info.parameters {
                let end = self.extent(|t| *t == Token::Comma);
                let value = self.expression_for(end, ty)?;
                let var = Var { up: cursor.up, slot: *slot };
                parameters.push((Target { var, ty: *ty, not_null: false }, value));
                self.take_token(&Token::Comma);
            }
            self.expect_token(&Token::RParen)?;
        }
        if parameters.len() != info.parameters.len() {
            return Err(self.error(start, "PLS-00306: wrong number or types of arguments in call"));
        }
        Ok(Action::Open { cursor, parameters, query })
    }

    fn fetch_statement(&mut self) -> Result<Action> {
        self.at += 1;
        let (cursor, _) = self.cursor()?;
        if self.is("BULK") {
            return Err(unsupported("BULK COLLECT"));
        }
        self.expect("INTO")?;
        let targets = self.target_list()?;
        Ok(Action::Fetch { cursor, targets })
    }

    fn execute_immediate(&mut self) -> Result<Action> {
        self.at += 2;
        let end = self.extent(|t| {
            is_word(t, "INTO")
                || is_word(t, "USING")
                || is_word(t, "RETURNING")
                || is_word(t, "BULK")
        });
        let text = self.expression_for(end, &OraType::CLOB)?;
        let mut into = Vec::new();
        if self.is("BULK") {
            return Err(unsupported("BULK COLLECT"));
        }
        if self.take("INTO") {
            into = self.target_list()?;
        }
        let mut using = self.using()?;
        if self.take("RETURNING") || self.take("RETURN") {
            self.expect("INTO")?;
            for output in self.target_list()? {
                using.push(Using { input: None, output: Some(output) });
            }
        }
        Ok(Action::ExecuteImmediate { text, into, using })
    }

    fn using(&mut self) -> Result<Vec<Using>> {
        let mut using = Vec::new();
        if !self.take("USING") {
            return Ok(using);
        }
        loop {
            let is_out = self.is("OUT") || (self.is("IN") && self.is_at(1, "OUT"));
            let is_in = self.take("IN") || !is_out;
            self.take("OUT");
            let start = self.at;
            let output = if is_out { self.targets()?.into_iter().next() } else { None };
            let mut input = None;
            if is_in {
                self.at = start;
                let end = self.extent(|t| {
                    *t == Token::Comma || is_word(t, "RETURNING") || is_word(t, "RETURN")
                });
                input = Some(self.expression(end)?);
            }
            using.push(Using { input, output });
            if !self.take_token(&Token::Comma) {
                return Ok(using);
            }
        }
    }

    fn select_into(&mut self) -> Result<Action> {
        let start = self.at;
        let end = self.extent(|_| false);
        let into = self.extent(|t| is_word(t, "INTO"));
        if into == end {
            return Err(
                self.error(start, "PLS-00428: an INTO clause is expected in this SELECT statement")
            );
        }
        if self.tokens.get(into - 1).is_some_and(|t| is_word(&t.token, "COLLECT")) {
            return Err(unsupported("BULK COLLECT"));
        }
        self.at = into + 1;
        let targets = self.target_list()?;
        let rest = self.at;
        let (embedded, columns) = self.embed_query_parts(&[(start, into), (rest, end)])?;
        self.at = end;
        if columns.len() != targets.len() {
            let number = if columns.len() > targets.len() {
                "ORA-00947: not enough values"
            } else {
                "ORA-00913: too many values"
            };
            return Err(self.error(into, &format!("PL/SQL: {number}")));
        }
        Ok(Action::SelectInto { embedded, targets })
    }

    fn dml(&mut self) -> Result<Action> {
        let start = self.at;
        let end = self.extent(|_| false);
        let mut returning = Vec::new();
        let mut into = end;
        let returns = self.extent(|t| is_word(t, "RETURNING") || is_word(t, "RETURN"));
        if returns < end {
            self.at = returns;
            into = self.extent(|t| is_word(t, "INTO"));
            if self.tokens.get(into - 1).is_some_and(|t| is_word(&t.token, "COLLECT")) {
                return Err(unsupported("BULK COLLECT"));
            }
            self.at = into;
            self.expect("INTO")?;
            returning = self.target_list()?;
        }
        let embedded = self.embed_dml(start, into, returning.len())?;
        self.at = end;
        Ok(Action::Sql { embedded, returning })
    }

    fn call_statement(&mut self) -> Result<Action> {
        let start = self.at;
        let Some((call, returns)) = self.call()? else {
            let mut name = self.identifier()?;
            while self.take_token(&Token::Period) {
                name = format!("{name}.{}", self.identifier()?);
            }
            if !matches!(self.token(0), Some(Token::SemiColon | Token::LParen)) {
                return Err(self.unexpected(":= . ( @ % ;"));
            }
            return Err(self.undeclared(start, &name));
        };
        if returns.is_some() {
            let name = self.name_at(0).unwrap_or_default();
            let message = format!("PLS-00221: '{name}' is not a procedure or is undefined");
            return Err(self.error(start, &message));
        }
        Ok(Action::Call(call))
    }

    /// `CALL p(...) [INTO :x]` as a block.
    pub(super) fn call_block(&mut self) -> Result<Block> {
        self.at += 1;
        let line = self.line(self.at);
        let start = self.at;
        let action = match self.call()? {
            Some((call, Some(_))) => {
                self.expect("INTO")?;
                let target = self.targets()?.into_iter().next();
                let target = target.ok_or_else(|| self.unexpected("<a bind variable>"))?;
                Action::Assign(target, Expr::Call(Box::new(call)))
            }
            Some((call, None)) => Action::Call(call),
            None => {
                let message = "not a valid function or procedure name";
                return Err(ora_at(6576, message, self.offset(start)));
            }
        };
        Ok(Block { body: vec![Statement { line, action }], ..Block::default() })
    }

    /// A condition up to one of the words; true if it gives TRUE or 1.
    fn condition(&mut self, ends: &[&str]) -> Result<Expr> {
        let end = self.extent(|t| ends.iter().any(|word| is_word(t, word)));
        self.truth(end)
    }
}

/// The constant that a literal stands for.
pub(super) fn literal(token: &Token) -> Option<Value> {
    match token {
        Token::SingleQuotedString(text) | Token::NationalStringLiteral(text) => {
            Some(if text.is_empty() { Value::Null } else { Value::Text(text.clone()) })
        }
        Token::Number(digits, _) => digits.parse().ok().map(Value::Number),
        t if is_word(t, "NULL") => Some(Value::Null),
        t if is_word(t, "TRUE") => Some(Value::Boolean(true)),
        t if is_word(t, "FALSE") => Some(Value::Boolean(false)),
        _ => None,
    }
}

/// What `%ROWTYPE` and loops keep of a column: a NUMBER of any size stays one.
pub(super) fn loose(ty: OraType) -> OraType {
    match ty.kind {
        Kind::Number => OraType { precision: 0, scale: FLOATING, ..ty },
        _ => ty,
    }
}
