//! Running a statement with its rows of binds.

use std::time::Duration;

use oraedge::error::{BatchError, DbError};
use oraedge::wire::Reader;
use oraedge::wire::value::{DbType, Rowid, Value};

use super::calls::{BindRows, bind_error};
use super::cursors::{OpenRows, internal_error};
use super::lobs::Lobs;
use super::session::{Next, Session, db_error};
use crate::engine::{Outcome, Statement, StatementKind};
use crate::ttc::binds::{BindValue, Declared, read_row};
use crate::ttc::message;
use crate::ttc::outcome::{
    ARRAY_DML_ERRORS, EndOfCall, ReturnParameters, STATUS_COMMITTED, sql_type,
};
use crate::ttc::put::ServerWriter;
use crate::ttc::rows::{Direction, put_io_vector, put_out_value};

/// Call status behind DDL, recorded.
const STATUS_DDL: u32 = 0x1_0001;

/// What all rows of an execute came to.
#[derive(Debug, Default)]
struct Totals {
    rows_affected: u64,
    row_counts: Vec<u64>,
    last_rowid: Option<Rowid>,
    sleep: Duration,
    batch_errors: Vec<BatchError>,
    /// Values that binds return, for each row.
    returned: Vec<Vec<(usize, Vec<Value>)>>,
}

impl Session {
    /// Runs the statement once for each row of binds.
    pub(super) fn execute_with_rows(&mut self, bind_rows: BindRows, rows: &[u8]) {
        let run = bind_rows.run;
        let Ok(cursor) = self.cursor(run.cursor) else { return };
        let statement = cursor.statement.clone();
        let sql_type = cursor.sql_type;
        let mut totals = Totals::default();
        let result = match statement.kind {
            StatementKind::Query => self.run_query(&bind_rows, &statement, rows),
            _ => self.run_rows(&bind_rows, &statement, rows, &mut totals),
        };
        let result = match (result, statement.kind) {
            (Ok(()), StatementKind::Query) => return,
            (Ok(()), _) if run.commit && totals.batch_errors.is_empty() => self.commit_now(),
            (result, _) => result,
        };
        let end = EndOfCall {
            status: self.call_status(),
            cursor: run.cursor,
            sql_type,
            rows: totals.rows_affected,
            rowid: totals.last_rowid.unwrap_or_default(),
            iterations: run.iterations,
            ..EndOfCall::default()
        };
        match result {
            Ok(()) => self.end_run(&bind_rows, &statement, totals, end),
            Err(error) => self.raise(error, end),
        }
    }

    fn commit_now(&mut self) -> Result<(), DbError> {
        match &mut self.user {
            Some(user) => user.engine.commit(),
            None => Ok(()),
        }
    }

    fn run_query(
        &mut self,
        bind_rows: &BindRows,
        statement: &Statement,
        rows: &[u8],
    ) -> Result<(), DbError> {
        let mut reader = Reader::new(rows);
        let outcome = self.run_row(bind_rows, statement, &mut reader)?;
        let sleep = outcome.sleep;
        let rows = outcome.rows.unwrap_or_default();
        self.open_rows(bind_rows.run, OpenRows::new(rows), sleep)
    }

    fn run_rows(
        &mut self,
        bind_rows: &BindRows,
        statement: &Statement,
        rows: &[u8],
        totals: &mut Totals,
    ) -> Result<(), DbError> {
        let mut reader = Reader::new(rows);
        for row in 0..bind_rows.run.iterations {
            match self.run_row(bind_rows, statement, &mut reader) {
                Ok(outcome) => {
                    totals.rows_affected += outcome.rows_affected;
                    totals.row_counts.push(outcome.rows_affected);
                    totals.sleep += outcome.sleep;
                    if outcome.last_rowid.is_some() {
                        totals.last_rowid = outcome.last_rowid;
                    }
                    if !outcome.out_binds.is_empty() {
                        totals.returned.push(outcome.out_binds);
                    }
                }
                Err(error) if bind_rows.run.batch_errors => {
                    totals.row_counts.push(0);
                    let (number, message) = (error.number, error.message);
                    totals.batch_errors.push(BatchError { number, row, message });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Runs the statement with the next row of binds.
    fn run_row(
        &mut self,
        bind_rows: &BindRows,
        statement: &Statement,
        reader: &mut Reader<'_>,
    ) -> Result<Outcome, DbError> {
        let mut row = vec![BindValue::Scalar(Value::Null); bind_rows.declared.len()];
        if !bind_rows.order.is_empty() {
            read_row(reader, &bind_rows.declared, &bind_rows.order, &mut row)
                .map_err(bind_error)?;
        }
        let Some(user) = &mut self.user else { return Ok(Outcome::default()) };
        let binds = row
            .into_iter()
            .map(|value| scalar(&user.lobs, value))
            .collect::<Result<Vec<_>, _>>()?;
        let mut outcome = user.engine.execute(statement, &binds)?;
        // What a bind returns has the type that the client declared.
        for (position, values) in &mut outcome.out_binds {
            let declared = bind_rows.declared.get(*position).and_then(Declared::db_type);
            let Some(db_type) = declared else { continue };
            for value in values {
                *value = user.engine.convert(std::mem::take(value), db_type)?;
            }
        }
        Ok(outcome)
    }

    fn end_run(
        &mut self,
        bind_rows: &BindRows,
        statement: &Statement,
        totals: Totals,
        mut end: EndOfCall,
    ) {
        let run = bind_rows.run;
        if let Err(error) = self.put_returned(bind_rows, statement, &totals) {
            return self.raise(error, end);
        }
        let scn = self.config.new_scn();
        let row_counts = run.row_counts.then_some(totals.row_counts.as_slice());
        let current_schema = self.changed_schema();
        let results = ReturnParameters {
            scn,
            cursor: run.cursor,
            current_schema: current_schema.as_deref(),
            row_counts,
        };
        results.put(&mut self.reply.writer);
        end.status = match statement.kind {
            StatementKind::Ddl => STATUS_DDL,
            _ if run.commit => STATUS_COMMITTED,
            _ => end.status,
        };
        if end.sql_type == sql_type::PLSQL {
            end.rows = u64::from(run.iterations);
        }
        if !totals.batch_errors.is_empty() {
            end.number = ARRAY_DML_ERRORS;
            end.message = format!("ORA-{ARRAY_DML_ERRORS}: error(s) in array DML");
            end.batch_errors = totals
                .batch_errors
                .into_iter()
                .map(|error| (error.number, error.row, error.message))
                .collect();
        }
        self.go_on_after(totals.sleep, Next::End(Box::new(end)));
    }

    /// The current schema, if it is another one than the client was told last.
    fn changed_schema(&mut self) -> Option<String> {
        let user = self.user.as_mut()?;
        let schema = user.engine.current_schema();
        if schema == user.told_schema {
            return None;
        }
        user.told_schema.clone_from(&schema);
        Some(schema)
    }

    /// Writes the values that binds return.
    fn put_returned(
        &mut self,
        bind_rows: &BindRows,
        statement: &Statement,
        totals: &Totals,
    ) -> Result<(), DbError> {
        let declared = &bind_rows.declared;
        let plsql = statement.kind == StatementKind::PlSql;
        let returns = |index: usize| {
            statement.out_binds.contains(&index)
                || totals.returned.iter().flatten().any(|(position, _)| *position == index)
        };
        if declared.is_empty() || !(plsql || (0..declared.len()).any(returns)) {
            return Ok(());
        }
        let directions: Vec<Direction> = (0..declared.len())
            .map(|index| match (returns(index), plsql) {
                (false, _) => Direction::In,
                (true, true) => Direction::InOut,
                (true, false) => Direction::Out,
            })
            .collect();
        put_io_vector(&mut self.reply.writer, &directions);
        for returned in &totals.returned {
            self.reply.writer.u8(message::ROW_DATA);
            for (index, bind) in declared.iter().enumerate().filter(|(index, _)| returns(*index)) {
                let values = returned.iter().find(|(position, _)| *position == index);
                let values = values.map_or(&[][..], |(_, values)| values.as_slice());
                self.put_bind_values(bind, values, plsql)?;
            }
        }
        Ok(())
    }

    /// A bind of PL/SQL returns one value; one of RETURNING as many as there were rows.
    fn put_bind_values(
        &mut self,
        bind: &Declared,
        values: &[Value],
        plsql: bool,
    ) -> Result<(), DbError> {
        let db_type = bind.db_type().unwrap_or(DbType::Varchar);
        let mut scratch = Vec::new();
        let writer = &mut self.reply.writer;
        if plsql {
            let value = values.first().unwrap_or(&Value::Null);
            return put_out_value(writer, db_type, value, &mut scratch).map_err(internal_error);
        }
        writer.uint(values.len() as u64);
        for value in values {
            put_out_value(writer, db_type, value, &mut scratch).map_err(internal_error)?;
        }
        Ok(())
    }
}

/// The one value of a bind; arrays and cursors are not for this engine.
fn scalar(lobs: &Lobs, value: BindValue) -> Result<Value, DbError> {
    match value {
        BindValue::Scalar(value) => Ok(value),
        BindValue::Array(_) => Err(db_error(3001, "unimplemented feature: PL/SQL array as a bind")),
        BindValue::Cursor(_) => Err(db_error(3001, "unimplemented feature: cursor as a bind")),
        BindValue::Lob(locator) if locator.is_empty() => Ok(Value::Null),
        BindValue::Lob(locator) => lobs.value(&locator),
    }
}
