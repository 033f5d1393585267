//! Runs compiled blocks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use oraedge::wire::value::{Number, Value};

use super::super::cursor::RowSource;
use super::super::error::{ora, plain};
use super::super::session::Session;
use super::super::settings::Generation;
use super::super::statement::{Outcome, Statement as Prepared, StatementKind};
use super::super::types::OraType;
use super::code::{
    Action, Argument, Block, Call, Callee, Catch, Code, Embedded, Expr, Mode, Pseudo, Statement,
    Target, Using, Var,
};
use super::errors::{Raised, numbered, value_error};

/// How many programs may call one another.
const MAX_CALLS: usize = 1000;
/// Bytes of stack that a program finds when it starts, and what is added when there are fewer.
pub(super) const STACK_LEFT: usize = 256 * 1024;
pub(super) const STACK_MORE: usize = 1024 * 1024;

type Result<T, E = Box<Raised>> = std::result::Result<T, E>;

/// An open cursor.
#[derive(Debug)]
struct OpenCursor {
    rows: RowSource,
    fetched: i64,
    /// Whether the last fetch gave a row.
    found: Option<bool>,
}

/// The variables of a running program.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) values: Vec<Value>,
    cursors: Vec<Option<OpenCursor>>,
    /// The frame of the program around it.
    parent: Option<usize>,
}

/// What happens after a statement.
#[derive(Debug)]
enum Flow {
    Next,
    /// Leaves or repeats the loop so many levels further out.
    Jump {
        levels: usize,
        repeat: bool,
    },
    Return(Value),
}

/// Runs the programs of one call.
pub(super) struct Machine<'s> {
    pub(super) session: &'s mut Session,
    frames: Vec<Frame>,
    current: usize,
    /// Errors whose handlers run.
    handling: Vec<Raised>,
    /// SQL%ROWCOUNT.
    rows: Option<u64>,
    pub(super) sleep: Duration,
    /// `"OWNER.NAME", ` of the running program.
    place: String,
}

impl<'s> Machine<'s> {
    pub(super) fn new(session: &'s mut Session) -> Machine<'s> {
        Machine {
            session,
            frames: Vec::new(),
            current: 0,
            handling: Vec::new(),
            rows: None,
            sleep: Duration::ZERO,
            place: String::new(),
        }
    }

    fn generation(&self) -> Generation {
        self.session.shared().settings.generation
    }

    /// The error whose handler runs.
    pub(super) fn handled(&self) -> Option<&Raised> {
        self.handling.last()
    }

    /// Runs a program in a new frame whose first slots hold `values` (`None`: the default). Gives
    /// what it returns and the frame's values.
    pub(super) fn run(
        &mut self,
        code: &Arc<Code>,
        index: usize,
        parent: Option<usize>,
        values: Vec<Option<Value>>,
    ) -> Result<(Value, Vec<Value>)> {
        let Some(program) = code.programs.get(index) else { return Err(plain(600).into()) };
        if self.frames.len() >= MAX_CALLS {
            return Err(numbered(6500, self.generation()).into());
        }
        let mut frame = Frame { parent, ..Frame::default() };
        frame.values.resize(program.slots.max(values.len()), Value::Null);
        frame.cursors.resize_with(program.cursors, || None);
        let outer = std::mem::replace(&mut self.current, self.frames.len());
        self.frames.push(frame);
        let outer_place = std::mem::replace(&mut self.place, code.place.clone());
        let result =
            stacker::maybe_grow(STACK_LEFT, STACK_MORE, || self.run_in_frame(code, index, values));
        let place = std::mem::replace(&mut self.place, outer_place);
        self.current = outer;
        let frame = self.frames.pop().unwrap_or_default();
        match result {
            Ok(Flow::Return(value)) => Ok((value, frame.values)),
            Ok(_) if program.returns.is_some() => {
                let error = ora(6503, "PL/SQL: Function returned without value");
                Err(Box::<Raised>::from(error).at(program.end).leave(&place))
            }
            Ok(_) => Ok((Value::Null, frame.values)),
            Err(raised) => Err(raised.leave(&place)),
        }
    }

    fn run_in_frame(
        &mut self,
        code: &Arc<Code>,
        index: usize,
        values: Vec<Option<Value>>,
    ) -> Result<Flow> {
        let Some(program) = code.programs.get(index) else { return Ok(Flow::Next) };
        for (slot, value) in values.into_iter().enumerate() {
            let parameter = program.parameters.get(slot);
            let value = match (value, parameter.and_then(|p| p.default.as_ref())) {
                (None, Some(default)) => self.evaluate(code, default)?,
                (value, _) => value.unwrap_or(Value::Null),
            };
            let value = match parameter {
                Some(parameter) => self.coerce(value, &parameter.ty)?,
                None => value,
            };
            self.set(Var { up: 0, slot }, value);
        }
        match self.block(code, &program.block)? {
            Flow::Return(value) => match &program.returns {
                Some(ty) => Ok(Flow::Return(self.coerce(value, ty)?)),
                None => Ok(Flow::Return(value)),
            },
            flow => Ok(flow),
        }
    }

    // Variables.

    fn frame_of(&self, up: usize) -> usize {
        let mut frame = self.current;
        for _ in 0..up {
            frame = self.frames.get(frame).and_then(|f| f.parent).unwrap_or(frame);
        }
        frame
    }

    fn get(&self, var: Var) -> Value {
        let frame = self.frames.get(self.frame_of(var.up));
        frame.and_then(|f| f.values.get(var.slot)).cloned().unwrap_or_default()
    }

    fn set(&mut self, var: Var, value: Value) {
        let frame = self.frame_of(var.up);
        if let Some(slot) = self.frames.get_mut(frame).and_then(|f| f.values.get_mut(var.slot)) {
            *slot = value;
        }
    }

    fn cursor(&mut self, var: Var) -> Option<&mut Option<OpenCursor>> {
        let frame = self.frame_of(var.up);
        self.frames.get_mut(frame)?.cursors.get_mut(var.slot)
    }

    fn assign(&mut self, target: &Target, value: Value) -> Result<()> {
        let value = self.coerce(value, &target.ty)?;
        if target.not_null && value.is_null() {
            return Err(value_error("", self.generation()).into());
        }
        self.set(target.var, value);
        Ok(())
    }

    // Blocks and statements.

    fn block(&mut self, code: &Arc<Code>, block: &Block) -> Result<Flow> {
        self.statements(code, &block.declarations)?;
        let raised = match self.statements(code, &block.body) {
            Ok(flow) => return Ok(flow),
            Err(raised) => raised,
        };
        let handler = block
            .handlers
            .iter()
            .find(|handler| handler.catches.iter().any(|catch| raised.is_caught_by(catch)));
        let Some(handler) = handler else { return Err(raised) };
        self.handling.push(*raised);
        let result = self.statements(code, &handler.body);
        let handled = self.handling.pop();
        result.map_err(|mut raised| {
            let is_application = (20_000..21_000).contains(&raised.error.number);
            if raised.previous.is_none()
                && !raised.again
                && !is_application
                && raised.stack.is_empty()
            {
                let is_other = handled.as_ref().is_some_and(|h| h.error != raised.error);
                raised.previous = handled.filter(|_| is_other).map(|h| h.full_text());
            }
            raised
        })
    }

    fn statements(&mut self, code: &Arc<Code>, statements: &[Statement]) -> Result<Flow> {
        for statement in statements {
            match self.statement(code, statement) {
                Ok(Flow::Next) => {}
                Ok(flow) => return Ok(flow),
                Err(raised) => return Err(raised.at(statement.line)),
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, code: &Arc<Code>, statement: &Statement) -> Result<Flow> {
        match &statement.action {
            Action::Nothing => {}
            Action::Assign(target, expr) => {
                let value = self.evaluate(code, expr)?;
                self.assign(target, value)?;
            }
            Action::Copy(pairs) => {
                for (target, from) in pairs {
                    let value = self.get(*from);
                    self.assign(target, value)?;
                }
            }
            Action::If { arms, otherwise } => {
                for (condition, body) in arms {
                    if self.holds(code, condition)? {
                        return self.statements(code, body);
                    }
                }
                return self.statements(code, otherwise);
            }
            Action::CaseNotFound => return Err(numbered(6592, self.generation()).into()),
            Action::Loop(body) => loop {
                if let Some(flow) = self.turn(code, body)? {
                    return Ok(flow);
                }
            },
            Action::While(condition, body) => {
                while self.holds(code, condition)? {
                    if let Some(flow) = self.turn(code, body)? {
                        return Ok(flow);
                    }
                }
            }
            Action::ForRange { slot, reverse, low, high, body } => {
                let low = self.bound(code, low)?;
                let high = self.bound(code, high)?;
                let step = |machine: &mut Self, value: i64| {
                    machine.set(Var { up: 0, slot: *slot }, Value::from(value));
                    machine.turn(code, body)
                };
                for offset in 0..=high.saturating_sub(low).max(-1) {
                    let value = if *reverse { high - offset } else { low + offset };
                    if let Some(flow) = step(self, value)? {
                        return Ok(flow);
                    }
                }
            }
            Action::ForQuery { fields, query, body } => {
                let mut rows = self.query(code, query)?;
                let mut row = Vec::new();
                while rows.next_row(&mut row)? {
                    for (target, value) in fields.iter().zip(row.drain(..)) {
                        self.set(target.var, value);
                    }
                    if let Some(flow) = self.turn(code, body)? {
                        return Ok(flow);
                    }
                }
            }
            Action::Jump { levels, repeat, condition } => {
                let jumps = match condition {
                    Some(condition) => self.holds(code, condition)?,
                    None => true,
                };
                if jumps {
                    return Ok(Flow::Jump { levels: *levels, repeat: *repeat });
                }
            }
            Action::Block(block) => return self.block(code, block),
            Action::Raise(catch) => return Err(self.raise(catch)),
            Action::Reraise => {
                let Some(handled) = self.handling.last() else {
                    return Err(numbered(6501, self.generation()).into());
                };
                return Err(Box::new(Raised { again: true, ..handled.clone() }));
            }
            Action::Return(value) => {
                let value = match value {
                    Some(expr) => self.evaluate(code, expr)?,
                    None => Value::Null,
                };
                return Ok(Flow::Return(value));
            }
            Action::Call(call) => {
                self.call(code, call)?;
            }
            Action::Sql { embedded, returning } => {
                let outcome = self.execute(code, embedded)?;
                if embedded.prepared.kind == StatementKind::Dml {
                    self.rows = Some(outcome.rows_affected);
                }
                self.take_returned(outcome, returning)?;
            }
            Action::SelectInto { embedded, targets } => {
                self.rows = Some(0);
                let rows = self.query(code, embedded)?;
                self.single_row(rows, targets)?;
            }
            Action::ExecuteImmediate { text, into, using } => {
                self.execute_immediate(code, text, into, using)?;
            }
            Action::Open { cursor, parameters, query } => {
                for (target, value) in parameters {
                    let value = self.evaluate(code, value)?;
                    self.assign(target, value)?;
                }
                self.check_closed(*cursor)?;
                let rows = self.query(code, query)?;
                self.open(*cursor, rows);
            }
            Action::OpenFor { cursor, text, using } => {
                let text = self.text(code, text)?;
                let statement = self.session.prepare(&text)?;
                let mut values = Vec::new();
                for using in using {
                    values.push(self.input(code, using.input.as_ref())?);
                }
                let outcome = self.session.run(&statement.sql, &statement.prepared, &values)?;
                self.open(*cursor, outcome.rows.unwrap_or_default());
            }
            Action::Fetch { cursor, targets } => self.fetch(*cursor, targets)?,
            Action::Close(var) => {
                if let Some(cursor) = self.cursor(*var) {
                    *cursor = None;
                }
            }
        }
        Ok(Flow::Next)
    }

    /// One turn of a loop; what follows if that is not the next turn.
    fn turn(&mut self, code: &Arc<Code>, body: &[Statement]) -> Result<Option<Flow>> {
        Ok(match self.statements(code, body)? {
            Flow::Next | Flow::Jump { levels: 0, repeat: true } => None,
            Flow::Jump { levels: 0, repeat: false } => Some(Flow::Next),
            Flow::Jump { levels, repeat } => Some(Flow::Jump { levels: levels - 1, repeat }),
            Flow::Return(value) => Some(Flow::Return(value)),
        })
    }

    fn raise(&self, catch: &Catch) -> Box<Raised> {
        match catch {
            Catch::User { id, number } => Raised::user(*id, *number, self.generation()),
            Catch::Number(number) => numbered(*number, self.generation()).into(),
            Catch::Others => numbered(6501, self.generation()).into(),
        }
    }

    fn bound(&mut self, code: &Arc<Code>, expr: &Expr) -> Result<i64> {
        let value = self.evaluate(code, expr)?;
        let value = self.coerce(value, &OraType::number(38, 0))?;
        match value {
            Value::Number(number) => number.to_i64().ok_or_else(|| plain(1426).into()),
            _ => Err(value_error("", self.generation()).into()),
        }
    }

    // Calls.

    fn call(&mut self, code: &Arc<Code>, call: &Call) -> Result<Value> {
        match &call.callee {
            Callee::BuiltIn(built_in) => {
                let mut values = Vec::with_capacity(call.arguments.len());
                for argument in &call.arguments {
                    let value = self.input(code, argument.input.as_ref())?;
                    values.push(value);
                }
                let signature = built_in.signature();
                for (value, formal) in values.iter_mut().zip(&signature.formals) {
                    if formal.mode == Mode::In {
                        *value = self.coerce(std::mem::take(value), &formal.ty)?;
                    }
                }
                let values = self.built_in(built_in, values)?;
                self.give_back(&call.arguments, values)?;
                Ok(Value::Null)
            }
            Callee::Local { up, index } => {
                let parent = Some(self.frame_of(*up));
                let values = self.argument_values(code, &call.arguments)?;
                let (returned, values) = self.run(code, *index, parent, values)?;
                self.give_back(&call.arguments, values)?;
                Ok(returned)
            }
            Callee::Stored { owner, name } => {
                let values = self.argument_values(code, &call.arguments)?;
                let stored = self.session.stored_code(owner, name)?;
                let outer = self.session.swap_schema(owner.clone());
                let result = self.run(&stored, stored.main, None, values);
                self.session.swap_schema(outer);
                let (returned, values) = result?;
                self.give_back(&call.arguments, values)?;
                Ok(returned)
            }
        }
    }

    fn argument_values(
        &mut self,
        code: &Arc<Code>,
        arguments: &[Argument],
    ) -> Result<Vec<Option<Value>>> {
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(match &argument.input {
                Some(expr) => Some(self.evaluate(code, expr)?),
                // OUT starts as NULL, what was not given as its default.
                None => None,
            });
        }
        Ok(values)
    }

    fn give_back(&mut self, arguments: &[Argument], values: Vec<Value>) -> Result<()> {
        for (argument, value) in arguments.iter().zip(values) {
            if let Some(target) = &argument.output {
                self.assign(target, value)?;
            }
        }
        Ok(())
    }

    fn input(&mut self, code: &Arc<Code>, input: Option<&Expr>) -> Result<Value> {
        match input {
            Some(expr) => self.evaluate(code, expr),
            None => Ok(Value::Null),
        }
    }

    // Expressions.

    fn evaluate(&mut self, code: &Arc<Code>, expr: &Expr) -> Result<Value> {
        match expr {
            Expr::Constant(value) => Ok(value.clone()),
            Expr::Var(var) => Ok(self.get(*var)),
            Expr::Pseudo(pseudo) => Ok(self.pseudo(*pseudo)?),
            Expr::ErrorText(number) => {
                let value = self.evaluate(code, number)?;
                Ok(Value::Text(self.error_text(&value)))
            }
            Expr::Call(call) => self.call(code, call),
            Expr::Sql(embedded) => {
                let mut rows =
                    self.query(code, embedded).map_err(|raised| self.in_expression(raised))?;
                let mut row = Vec::new();
                let found =
                    rows.next_row(&mut row).map_err(|error| self.in_expression(error.into()))?;
                Ok(if found { row.into_iter().next().unwrap_or_default() } else { Value::Null })
            }
        }
    }

    /// A text that is no number is another error in PL/SQL than in SQL.
    fn in_expression(&self, raised: Box<Raised>) -> Box<Raised> {
        match raised.error.number {
            1722 => value_error("character to number conversion error", self.generation()).into(),
            _ => raised,
        }
    }

    /// Whether a condition is true.
    fn holds(&mut self, code: &Arc<Code>, condition: &Expr) -> Result<bool> {
        Ok(match self.evaluate(code, condition)? {
            Value::Boolean(truth) => truth,
            Value::Number(number) => number == Number::from(1_u64),
            _ => false,
        })
    }

    fn text(&mut self, code: &Arc<Code>, expr: &Expr) -> Result<String> {
        let value = self.evaluate(code, expr)?;
        match self.coerce(value, &OraType::CLOB)? {
            Value::Text(text) => Ok(text),
            _ => Err(ora(6535, "statement string in EXECUTE IMMEDIATE is NULL or 0 length").into()),
        }
    }

    fn pseudo(&mut self, pseudo: Pseudo) -> Result<Value> {
        let truth = |value: Option<bool>| value.map_or(Value::Null, Value::Boolean);
        let count = |value: Option<u64>| value.map_or(Value::Null, Value::from);
        Ok(match pseudo {
            Pseudo::SqlRowCount => count(self.rows),
            Pseudo::SqlFound => truth(self.rows.map(|rows| rows > 0)),
            Pseudo::SqlNotFound => truth(self.rows.map(|rows| rows == 0)),
            Pseudo::SqlIsOpen => Value::Boolean(false),
            Pseudo::CursorFound(cursor) => truth(self.opened(cursor)?.found),
            Pseudo::CursorNotFound(cursor) => truth(self.opened(cursor)?.found.map(|f| !f)),
            Pseudo::CursorRowCount(cursor) => Value::from(self.opened(cursor)?.fetched),
            Pseudo::CursorIsOpen(cursor) => {
                Value::Boolean(self.cursor(cursor).is_some_and(|c| c.is_some()))
            }
            Pseudo::SqlCode => Value::from(self.handled().map_or(0, Raised::code)),
            Pseudo::SqlErrm => Value::Text(match self.handling.last() {
                Some(raised) => raised.text(),
                None => "ORA-0000: normal, successful completion".to_owned(),
            }),
            Pseudo::ErrorStack => match self.handling.last() {
                Some(raised) => Value::Text(format!("{}\n", raised.text())),
                None => Value::Null,
            },
            Pseudo::ErrorBacktrace => match self.handling.last() {
                Some(raised) => Value::Text(format!("{}\n", raised.backtrace(&self.place))),
                None => Value::Null,
            },
            Pseudo::GetTime => {
                Value::from(i64::try_from(process_start().elapsed().as_millis() / 10).unwrap_or(0))
            }
        })
    }

    /// SQLERRM(n).
    fn error_text(&self, value: &Value) -> String {
        let number = match value {
            Value::Number(number) => number.to_i64().unwrap_or(0),
            _ => 0,
        };
        match number {
            0 => "ORA-0000: normal, successful completion".to_owned(),
            100 => plain(1403).message,
            1 => "User-Defined Exception".to_owned(),
            n if n > 0 => format!(" -{n}: non-ORACLE exception "),
            n => {
                let number = u32::try_from(n.unsigned_abs()).unwrap_or(0);
                match self.handling.last() {
                    Some(raised) if raised.error.number == number => raised.text(),
                    _ => numbered(number, self.generation()).message,
                }
            }
        }
    }

    // SQL.

    fn execute(&mut self, code: &Arc<Code>, embedded: &Embedded) -> Result<Outcome> {
        let mut values = Vec::with_capacity(embedded.inputs.len());
        for input in &embedded.inputs {
            values.push(self.evaluate(code, input)?);
        }
        self.session.environment.tick();
        Ok(self.session.run(&embedded.sql, &embedded.prepared, &values)?)
    }

    fn query(&mut self, code: &Arc<Code>, embedded: &Embedded) -> Result<RowSource> {
        Ok(self.execute(code, embedded)?.rows.unwrap_or_default())
    }

    /// INTO of a query that must give one row.
    fn single_row(&mut self, mut rows: RowSource, targets: &[Target]) -> Result<()> {
        let mut row = Vec::new();
        if !rows.next_row(&mut row)? {
            return Err(plain(1403).into());
        }
        let mut second = Vec::new();
        if rows.next_row(&mut second)? {
            return Err(plain(1422).into());
        }
        self.rows = Some(1);
        self.put_row(targets, row)
    }

    fn put_row(&mut self, targets: &[Target], row: Vec<Value>) -> Result<()> {
        if row.len() != targets.len() {
            return Err(numbered(6504, self.generation()).into());
        }
        for (target, value) in targets.iter().zip(row) {
            self.assign(target, value)?;
        }
        Ok(())
    }

    /// The values of RETURNING.
    fn take_returned(&mut self, outcome: Outcome, targets: &[Target]) -> Result<()> {
        for (target, (_, values)) in targets.iter().zip(outcome.out_binds) {
            if values.len() > 1 {
                return Err(plain(1422).into());
            }
            self.assign(target, values.into_iter().next().unwrap_or_default())?;
        }
        Ok(())
    }

    fn execute_immediate(
        &mut self,
        code: &Arc<Code>,
        text: &Expr,
        into: &[Target],
        using: &[Using],
    ) -> Result<()> {
        let text = self.text(code, text)?;
        let statement: Prepared = self.session.prepare(&text)?;
        let mut values = Vec::with_capacity(using.len());
        for using in using {
            values.push(self.input(code, using.input.as_ref())?);
        }
        if values.len() != statement.bind_names.len() {
            let number = if values.len() < statement.bind_names.len() { 1008 } else { 1006 };
            return Err(plain(number).into());
        }
        self.session.environment.tick();
        let outcome = self.session.run(&statement.sql, &statement.prepared, &values)?;
        self.sleep += outcome.sleep;
        match statement.kind {
            StatementKind::Query if into.is_empty() => {}
            StatementKind::Query => self.single_row(outcome.rows.unwrap_or_default(), into)?,
            StatementKind::PlSql => {
                for (position, values) in outcome.out_binds {
                    if let Some(target) = using.get(position).and_then(|u| u.output.as_ref()) {
                        self.assign(target, values.into_iter().next().unwrap_or_default())?;
                    }
                }
            }
            _ => {
                self.rows = Some(outcome.rows_affected);
                let targets: Vec<Target> = using.iter().filter_map(|u| u.output.clone()).collect();
                self.take_returned(outcome, &targets)?;
            }
        }
        Ok(())
    }

    // Cursors.

    fn opened(&mut self, var: Var) -> Result<&mut OpenCursor> {
        self.cursor(var).and_then(Option::as_mut).ok_or_else(|| ora(1001, "invalid cursor").into())
    }

    fn check_closed(&mut self, var: Var) -> Result<()> {
        let is_open = self.cursor(var).is_some_and(|c| c.is_some());
        if is_open { Err(numbered(6511, self.generation()).into()) } else { Ok(()) }
    }

    fn open(&mut self, var: Var, rows: RowSource) {
        if let Some(cursor) = self.cursor(var) {
            *cursor = Some(OpenCursor { rows, fetched: 0, found: None });
        }
    }

    fn fetch(&mut self, var: Var, targets: &[Target]) -> Result<()> {
        let cursor = self.opened(var)?;
        let mut row = Vec::new();
        // What is exhausted stays so.
        let found = cursor.found != Some(false) && cursor.rows.next_row(&mut row)?;
        cursor.found = Some(found);
        cursor.fetched += i64::from(found);
        if found { self.put_row(targets, row) } else { Ok(()) }
    }
}

/// What DBMS_UTILITY.GET_TIME counts from.
fn process_start() -> Instant {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *START.get_or_init(Instant::now)
}
