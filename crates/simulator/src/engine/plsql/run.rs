//! Walking the tree.

use std::collections::{BTreeMap, HashMap};

use oraedge::error::DbError;
use oraedge::wire::value::Value;

use super::super::error::{Result, ora, plain};
use super::super::num::Num;
use super::super::prepare::{Body as SqlBody, Prepared, prepare};
use super::super::session::Session;
use super::super::statement::Outcome;
use super::super::types::{Class, Kind, OraType};
use super::builtin;
use super::{Action, Block, Body, Code, Slot, Statement, converts};

/// How a list of statements ended.
enum Flow {
    Next,
    Exit,
    Continue,
    Return,
}

struct Frame {
    variables: HashMap<String, Value>,
    types: HashMap<String, OraType>,
    binds: Vec<Value>,
    row_count: u64,
    /// The error that is being handled.
    error: Option<DbError>,
}

/// The names that handlers know errors by.
fn exception_number(name: &str) -> Option<u32> {
    Some(match name {
        "NO_DATA_FOUND" => 1403,
        "TOO_MANY_ROWS" => 1422,
        "DUP_VAL_ON_INDEX" => 1,
        "ZERO_DIVIDE" => 1476,
        "INVALID_NUMBER" => 1722,
        "VALUE_ERROR" => 6502,
        "TIMEOUT_ON_RESOURCE" => 51,
        "PROGRAM_ERROR" => 6501,
        "LOGIN_DENIED" => 1017,
        _ => return None,
    })
}

impl Session {
    pub(in super::super) fn run_block(
        &mut self,
        block: &Block,
        prepared: &Prepared,
        binds: &[Value],
    ) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut frame = Frame {
            variables: HashMap::new(),
            types: HashMap::new(),
            binds: binds.to_vec(),
            row_count: 0,
            error: None,
        };
        let began = !self.in_transaction();
        if !began {
            self.batch("SAVEPOINT o_block")?;
        }
        let result = self.body(&block.body, &mut frame, &mut outcome);
        match result {
            Ok(_) => {
                if !began && self.in_transaction() {
                    // A COMMIT inside has taken the savepoint with it.
                    let _ = self.batch("RELEASE o_block");
                }
            }
            Err(error) => {
                self.notice_rollback();
                if began {
                    self.rollback()?;
                } else if self.in_transaction() {
                    let _ = self.batch("ROLLBACK TO o_block; RELEASE o_block");
                }
                return Err(error);
            }
        }
        for position in &prepared.out_binds {
            let value = frame.binds.get(*position).cloned().unwrap_or_default();
            outcome.out_binds.push((*position, vec![value]));
        }
        Ok(outcome)
    }

    fn body(&mut self, body: &Body, frame: &mut Frame, outcome: &mut Outcome) -> Result<Flow> {
        for declaration in &body.declarations {
            if declaration.is_exception || declaration.name.is_empty() {
                continue;
            }
            if let Some(ty) = declaration.ty {
                frame.types.insert(declaration.name.clone(), ty);
            }
            let value = match &declaration.initial {
                Some(code) => self.value(code, frame)?,
                None => Value::Null,
            };
            self.assign(&Slot::Variable(declaration.name.clone()), value, frame)?;
        }
        let error = match self.statements(&body.statements, frame, outcome) {
            Ok(flow) => return Ok(flow),
            Err(error) => error,
        };
        for handler in &body.handlers {
            let handles = handler.names.iter().any(|name| {
                name == "OTHERS"
                    || exception_number(name) == Some(error.number)
                    || error.message.starts_with(&user_exception(name))
            });
            if handles {
                let before = frame.error.replace(error);
                let flow = self.statements(&handler.body, frame, outcome);
                frame.error = before;
                return flow;
            }
        }
        Err(error)
    }

    fn statements(
        &mut self,
        list: &[Statement],
        frame: &mut Frame,
        outcome: &mut Outcome,
    ) -> Result<Flow> {
        for statement in list {
            let flow = self.statement(statement, frame, outcome).map_err(|mut error| {
                if !error.message.contains("ORA-06512") && error.number != 6550 {
                    error.message.push_str(&format!("\nORA-06512: at line {}", statement.line));
                    error.offset = None;
                }
                error
            })?;
            if !matches!(flow, Flow::Next) {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn statement(
        &mut self,
        statement: &Statement,
        frame: &mut Frame,
        outcome: &mut Outcome,
    ) -> Result<Flow> {
        match &statement.action {
            Action::Null => {}
            Action::Return => return Ok(Flow::Return),
            Action::Assign { target, value } => {
                let value = self.value(value, frame)?;
                self.assign(target, value, frame)?;
            }
            Action::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.holds(condition, frame)? {
                        return self.statements(body, frame, outcome);
                    }
                }
                return self.statements(otherwise, frame, outcome);
            }
            Action::Count { variable, reverse, low, high, body } => {
                let (low, high) = (self.whole(low, frame)?, self.whole(high, frame)?);
                let mut at = if *reverse { high } else { low };
                while (low..=high).contains(&at) {
                    frame.variables.insert(variable.clone(), Value::from(at));
                    match self.statements(body, frame, outcome)? {
                        Flow::Exit => break,
                        Flow::Return => return Ok(Flow::Return),
                        Flow::Next | Flow::Continue => {}
                    }
                    at += if *reverse { -1 } else { 1 };
                }
            }
            Action::Rows { record, query, body } => {
                let binds = self.slot_values(&query.slots, frame);
                let mut result = self.run(&query.sql, &query.prepared, &binds)?;
                let Some(rows) = &mut result.rows else { return Ok(Flow::Next) };
                let names: Vec<String> = rows.columns().iter().map(|c| c.name.clone()).collect();
                let mut row = Vec::new();
                while rows.next_row(&mut row)? {
                    for (name, value) in names.iter().zip(row.drain(..)) {
                        frame.variables.insert(format!("{record}.{name}"), value);
                    }
                    match self.statements(body, frame, outcome)? {
                        Flow::Exit => break,
                        Flow::Return => return Ok(Flow::Return),
                        Flow::Next | Flow::Continue => {}
                    }
                }
            }
            Action::While { condition, body } => {
                while self.holds(condition, frame)? {
                    match self.statements(body, frame, outcome)? {
                        Flow::Exit => break,
                        Flow::Return => return Ok(Flow::Return),
                        Flow::Next | Flow::Continue => {}
                    }
                }
            }
            Action::Loop { body } => loop {
                match self.statements(body, frame, outcome)? {
                    Flow::Exit => break,
                    Flow::Return => return Ok(Flow::Return),
                    Flow::Next | Flow::Continue => {}
                }
            },
            Action::Exit { when } => {
                if when.as_ref().map_or(Ok(true), |w| self.holds(w, frame))? {
                    return Ok(Flow::Exit);
                }
            }
            Action::Continue { when } => {
                if when.as_ref().map_or(Ok(true), |w| self.holds(w, frame))? {
                    return Ok(Flow::Continue);
                }
            }
            Action::Sql { code, into, record } => self.sql(code, into, record.as_deref(), frame)?,
            Action::Immediate { text, into, using } => {
                let text = match self.value(text, frame)? {
                    Value::Text(text) => text,
                    _ => {
                        return Err(ora(
                            6535,
                            "statement string in EXECUTE IMMEDIATE is NULL or 0 length",
                        ));
                    }
                };
                let mut binds = Vec::new();
                for code in using {
                    binds.push(self.value(code, frame)?);
                }
                let prepared = prepare(&text)?;
                if prepared.bind_names.len() != binds.len() {
                    return Err(plain(if prepared.bind_names.len() > binds.len() {
                        1008
                    } else {
                        1006
                    }));
                }
                let result = self.run(&text.as_str().into(), &prepared, &binds)?;
                self.take(result, into, None, frame)?;
            }
            Action::Call { name, arguments } => {
                let mut values = Vec::new();
                for argument in arguments {
                    values.push(self.value(&argument.value, frame)?);
                }
                let written = builtin::call(self, outcome, name, &values)?;
                for (at, value) in written {
                    if let Some(slot) = arguments.get(at).and_then(|a| a.slot.as_ref()) {
                        self.assign(slot, value, frame)?;
                    }
                }
            }
            Action::Block(body) => return self.body(body, frame, outcome),
            Action::Raise(None) => {
                return Err(frame
                    .error
                    .clone()
                    .unwrap_or_else(|| ora(6501, "PL/SQL: program error")));
            }
            Action::Raise(Some(name)) => {
                return Err(match exception_number(name) {
                    Some(1403) => ora(1403, "no data found"),
                    Some(number) => plain(number),
                    None => DbError {
                        number: 6510,
                        message: user_exception(name),
                        ..DbError::default()
                    },
                });
            }
        }
        Ok(Flow::Next)
    }

    fn slot_values(&self, slots: &[Slot], frame: &Frame) -> Vec<Value> {
        slots
            .iter()
            .map(|slot| match slot {
                Slot::Variable(name) => frame.variables.get(name).cloned().unwrap_or_default(),
                Slot::Bind(at) => frame.binds.get(*at).cloned().unwrap_or_default(),
                Slot::RowCount => Value::from(frame.row_count),
                Slot::ErrorCode => {
                    let number = frame.error.as_ref().map_or(0, |e| i64::from(e.number));
                    Value::from(match number {
                        // NO_DATA_FOUND is the one with a positive code.
                        1403 => 100,
                        other => -other,
                    })
                }
                Slot::ErrorText => match &frame.error {
                    Some(error) => {
                        Value::from(error.message.split("\nORA-06512").next().unwrap_or_default())
                    }
                    None => Value::from("ORA-0000: normal, successful completion"),
                },
            })
            .collect()
    }

    fn value(&mut self, code: &Code, frame: &Frame) -> Result<Value> {
        let binds = self.slot_values(&code.slots, frame);
        // A lone variable needs no SQL.
        if let (SqlBody::Query(_), [value]) = (&code.prepared.body, binds.as_slice())
            && code.prepared.lexed.tokens.len() == 4
        {
            return Ok(value.clone());
        }
        let mut result = self.run(&code.sql, &code.prepared, &binds)?;
        let mut row = Vec::new();
        if let Some(rows) = &mut result.rows {
            rows.next_row(&mut row)?;
        }
        Ok(row.into_iter().next().unwrap_or_default())
    }

    fn holds(&mut self, code: &Code, frame: &Frame) -> Result<bool> {
        Ok(self.value(code, frame)? == Value::from(1))
    }

    fn whole(&mut self, code: &Code, frame: &Frame) -> Result<i64> {
        match self.value(code, frame)? {
            Value::Number(number) => Num::from_bytes(number.as_bytes())
                .and_then(|n| n.round(0).ok())
                .and_then(Num::to_i64)
                .ok_or_else(|| ora(1426, "numeric overflow")),
            Value::Text(text) => {
                text.trim().parse().map_err(|_| value_error("character to number conversion error"))
            }
            _ => Err(ora(6502, "PL/SQL: numeric or value error")),
        }
    }

    fn assign(&mut self, target: &Slot, value: Value, frame: &mut Frame) -> Result<()> {
        match target {
            Slot::Bind(at) => {
                if let Some(bind) = frame.binds.get_mut(*at) {
                    *bind = value;
                }
            }
            Slot::Variable(name) => {
                let value = match frame.types.get(name).copied() {
                    Some(ty) if converts(&ty) => self.converted(value, &ty)?,
                    _ => value,
                };
                frame.variables.insert(name.clone(), value);
            }
            Slot::RowCount | Slot::ErrorCode | Slot::ErrorText => {}
        }
        Ok(())
    }

    /// A value as a variable of a type takes it.
    fn converted(&mut self, value: Value, ty: &OraType) -> Result<Value> {
        if value.is_null() {
            return Ok(value);
        }
        if ty.class() == Class::Text {
            let mut text = match value {
                Value::Text(text) => text,
                other => self.through_sql("SELECT TO_CHAR(:1) FROM dual", other)?.to_string(),
            };
            let used = if ty.in_chars { text.chars().count() } else { text.len() } as u32;
            if ty.length > 0 && used > ty.length {
                return Err(value_error("character string buffer too small"));
            }
            if ty.kind.is_fixed_text() {
                text.push_str(&" ".repeat((ty.length - used) as usize));
            }
            return Ok(Value::Text(text));
        }
        let same = matches!(
            (&value, ty.kind),
            (Value::Number(_), Kind::Number) if ty.precision == 0
        ) || matches!(
            (&value, ty.kind),
            (Value::Date(_), Kind::Date)
                | (Value::Bytes(_), Kind::Raw | Kind::Blob)
                | (Value::Rowid(_), Kind::Rowid)
        );
        if same {
            return Ok(value);
        }
        let name = match ty.kind {
            Kind::Number if ty.precision > 0 => {
                format!("NUMBER({},{})", ty.precision, ty.scale.max(0))
            }
            Kind::Raw | Kind::Urowid => return Ok(value),
            _ => ty.dictionary_name(),
        };
        self.through_sql(&format!("SELECT CAST(:1 AS {name}) FROM dual"), value).map_err(|error| {
            match error.number {
                1722 => value_error("character to number conversion error"),
                1438 => value_error("number precision too large"),
                _ => error,
            }
        })
    }

    fn through_sql(&mut self, sql: &str, value: Value) -> Result<Value> {
        let prepared = prepare(sql)?;
        let mut result = self.run(&sql.into(), &prepared, &[value])?;
        let mut row = Vec::new();
        if let Some(rows) = &mut result.rows {
            rows.next_row(&mut row)?;
        }
        Ok(row.into_iter().next().unwrap_or_default())
    }

    fn sql(
        &mut self,
        code: &Code,
        into: &[Slot],
        record: Option<&str>,
        frame: &mut Frame,
    ) -> Result<()> {
        let binds = self.slot_values(&code.slots, frame);
        let result = self.run(&code.sql, &code.prepared, &binds)?;
        self.take(result, into, record, frame)
    }

    /// Puts the one row of a query, or what RETURNING gave, into its targets.
    fn take(
        &mut self,
        result: Outcome,
        into: &[Slot],
        record: Option<&str>,
        frame: &mut Frame,
    ) -> Result<()> {
        frame.row_count = result.rows_affected;
        if let Some(mut rows) = result.rows {
            if into.is_empty() {
                return Ok(());
            }
            let names: Vec<String> = rows.columns().iter().map(|c| c.name.clone()).collect();
            let mut row = Vec::new();
            if !rows.next_row(&mut row)? {
                return Err(plain(1403));
            }
            let mut more = Vec::new();
            if rows.next_row(&mut more)? {
                return Err(plain(1422));
            }
            frame.row_count = 1;
            if let Some(record) = record {
                let fields: BTreeMap<String, Value> = names.into_iter().zip(row).collect();
                for (name, value) in fields {
                    frame.variables.insert(format!("{record}.{name}"), value);
                }
                return Ok(());
            }
            if row.len() != into.len() {
                return Err(plain(if row.len() < into.len() { 947 } else { 913 }));
            }
            for (slot, value) in into.iter().zip(row) {
                self.assign(slot, value, frame)?;
            }
            return Ok(());
        }
        for (slot, (_, mut values)) in into.iter().zip(result.out_binds) {
            if values.len() > 1 {
                return Err(plain(1422));
            }
            self.assign(slot, values.pop().unwrap_or_default(), frame)?;
        }
        Ok(())
    }
}

fn value_error(detail: &str) -> DbError {
    ora(6502, format!("PL/SQL: numeric or value error: {detail}"))
}

/// The text by which an unhandled exception of the user's own is known.
fn user_exception(name: &str) -> String {
    format!("ORA-06510: PL/SQL: unhandled user-defined exception ({name})")
}
