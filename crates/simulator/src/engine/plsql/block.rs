//! Anonymous blocks: from the statement to its outcome.

use std::sync::{Arc, Mutex};

use oraedge::wire::value::Value;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan};

use super::super::error::Result;
use super::super::lexer::Lexed;
use super::super::prepare::Prepared;
use super::super::session::Session;
use super::super::statement::Outcome;
use super::code::{Code, Program};
use super::compiler::{Compiler, Open};
use super::machine::Machine;

/// A block that was read, and compiled against a state of the catalog.
#[derive(Debug, Default)]
pub(crate) struct PlSqlBlock {
    compiled: Mutex<Option<Compiled>>,
}

#[derive(Debug)]
struct Compiled {
    catalog: u64,
    schema: String,
    code: Arc<Code>,
}

impl Session {
    /// Compiles a block, unless that was done for the same state of the catalog.
    pub(in super::super) fn compile_block(
        &mut self,
        block: &PlSqlBlock,
        lexed: &Lexed,
    ) -> Result<Arc<Code>> {
        let version = self.catalog().version;
        let schema = self.current_schema();
        let mut cache = block.compiled.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(compiled) = &*cache
            && compiled.catalog == version
            && compiled.schema == schema
        {
            return Ok(Arc::clone(&compiled.code));
        }
        let tokens = separate_ranges(lexed.tokens.clone());
        let mut compiler = Compiler::new(self, &tokens, &lexed.positions, &lexed.binds);
        let slots = compiler.bind_names.len();
        compiler.open.push(Open { slots, ..Open::default() });
        compiler.enter_scope();
        let is_call = compiler.is("CALL");
        while compiler.take_token(&Token::ShiftLeft) {
            compiler.identifier()?;
            compiler.expect_token(&Token::ShiftRight)?;
        }
        let block = if is_call { compiler.call_block()? } else { compiler.block()? };
        if !is_call {
            compiler.expect_token(&Token::SemiColon)?;
        }
        if compiler.token(0).is_some() {
            return Err(compiler.unexpected("end-of-file"));
        }
        let open = compiler.open.pop().unwrap_or_default();
        compiler.programs.push(Program {
            block,
            slots: open.slots,
            cursors: open.cursors,
            ..Program::default()
        });
        let main = compiler.programs.len() - 1;
        let code = Arc::new(compiler.finish(String::new(), main));
        *cache = Some(Compiled { catalog: version, schema, code: Arc::clone(&code) });
        Ok(code)
    }

    /// Runs a block. What it changed is undone if it fails.
    pub(in super::super) fn run_block(
        &mut self,
        block: &PlSqlBlock,
        prepared: &Prepared,
        binds: &[Value],
    ) -> Result<Outcome> {
        let code = self.compile_block(block, &prepared.lexed)?;
        let began = self.in_transaction();
        if began {
            self.batch(&format!("SAVEPOINT {SAVEPOINT}"))?;
        }
        let mut machine = Machine::new(self);
        let result = machine.run(&code, code.main, None, binds.iter().cloned().map(Some).collect());
        let sleep = machine.sleep;
        match result {
            Ok((_, values)) => {
                if began {
                    // A COMMIT or ROLLBACK inside took it along.
                    let _ = self.batch(&format!("RELEASE {SAVEPOINT}"));
                }
                let returned = |position: &usize| {
                    (*position, vec![values.get(*position).cloned().unwrap_or_default()])
                };
                let out_binds = code.written.iter().map(returned).collect();
                Ok(Outcome { out_binds, sleep, ..Outcome::default() })
            }
            Err(raised) => {
                if self.in_transaction() {
                    let kept = began && self.batch(&format!("ROLLBACK TO {SAVEPOINT}")).is_ok();
                    if kept {
                        self.batch(&format!("RELEASE {SAVEPOINT}"))?;
                    } else {
                        self.rollback()?;
                    }
                }
                Err(raised.into_error())
            }
        }
    }
}

/// Where a block that fails goes back to.
const SAVEPOINT: &str = "o_block";

impl Code {
    /// Positions of the binds that the block may assign to.
    pub(in super::super) fn written_binds(&self) -> Vec<usize> {
        self.written.clone()
    }
}

/// Takes the points of `1..9` out of the numbers that the tokenizer reads there.
pub(super) fn separate_ranges(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let Token::Number(digits, long) = &token.token else {
            // `a..9`: the second point begins a number.
            let after_point = out.last().is_some_and(|t| t.token == Token::Period);
            if token.token == Token::Period
                && !after_point
                && let Some(TokenWithSpan { token: Token::Number(next, long), span }) =
                    tokens.peek()
                && span.start == token.span.end
                && next.starts_with('.')
            {
                let number = Token::Number(next[1..].to_owned(), *long);
                let span = *span;
                tokens.next();
                out.push(token);
                out.push(TokenWithSpan::new(Token::Period, span));
                out.push(TokenWithSpan::new(number, span));
                continue;
            }
            out.push(token);
            continue;
        };
        let next = tokens.peek();
        let is_range = digits.ends_with('.')
            && next.is_some_and(|next| {
                next.span.start == token.span.end
                    && match &next.token {
                        Token::Period => true,
                        Token::Number(next, _) => next.starts_with('.'),
                        _ => false,
                    }
            });
        if !is_range {
            out.push(token);
            continue;
        }
        let end = token.span.end;
        let point = Location { column: end.column.saturating_sub(1), ..end };
        out.push(TokenWithSpan::new(
            Token::Number(digits.trim_end_matches('.').to_owned(), *long),
            Span::new(token.span.start, point),
        ));
        out.push(TokenWithSpan::new(Token::Period, Span::new(point, end)));
        if let Some(next) = tokens.next() {
            out.push(TokenWithSpan::new(Token::Period, next.span));
            if let Token::Number(digits, long) = next.token {
                out.push(TokenWithSpan::new(
                    Token::Number(digits[1..].to_owned(), long),
                    next.span,
                ));
            }
        }
    }
    out
}
