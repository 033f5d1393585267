//! Calls of a session that is logged on.

use oraedge::error::DbError;
use oraedge::wire::reader::{DecodeError, Decoded};
use oraedge::wire::{Reader, Writer};

use super::cursors::{Cursor, OpenRows, column_info};
use super::lobs::Lobs;
use super::session::{Activity, Fetching, Next, Session, db_error};
use crate::engine::StatementKind;
use crate::ttc::CallHead;
use crate::ttc::binds::{Declared, row_order, skip_row};
use crate::ttc::describe::{ColumnInfo, put_describe};
use crate::ttc::execute::{Execute, Fetch, Reexecute};
use crate::ttc::incoming::Call;
use crate::ttc::outcome::{
    EndOfCall, NO_DATA_FOUND, ReturnParameters, STATUS_COMMITTED, STATUS_ROLLED_BACK,
};
use crate::ttc::rows::{put_bit_vector, put_row_header};

/// An execute as far as the statement is concerned, whichever call it came with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) cursor: u32,
    pub(super) iterations: u32,
    /// How many rows to fetch with it; `None` for none.
    pub(super) fetch: Option<u32>,
    pub(super) commit: bool,
    pub(super) batch_errors: bool,
    pub(super) row_counts: bool,
}

/// Rows of binds that are still coming in.
#[derive(Debug)]
pub(super) struct BindRows {
    pub(super) run: Run,
    pub(super) declared: Vec<Declared>,
    /// In which order the values of a row come.
    pub(super) order: Vec<usize>,
    rows_left: u32,
    /// Up to where whole rows are there.
    scanned: usize,
}

impl BindRows {
    /// Goes over the rows that are there; fails with `Short` until all are.
    pub(super) fn scan(&mut self, inbox: &[u8]) -> Decoded<()> {
        while self.rows_left > 0 {
            let mut reader = Reader::at(inbox, self.scanned);
            skip_row(&mut reader, &self.declared, &self.order)?;
            self.scanned = reader.position();
            self.rows_left -= 1;
        }
        Ok(())
    }

    /// How many bytes all rows have, once [`BindRows::scan`] succeeded.
    pub(super) fn length(&self) -> usize {
        self.scanned
    }
}

impl Session {
    /// Does a call.
    pub(super) fn handle_call(&mut self, head: CallHead, call: Call) {
        let result = match call {
            Call::Execute(execute) => self.execute(*execute),
            Call::Reexecute(reexecute) => self.reexecute(head, reexecute),
            Call::Fetch(fetch) => self.fetch(fetch),
            Call::Lob(call) => self.lob_call(&call),
            Call::Commit => self.end_transaction(STATUS_COMMITTED),
            Call::Rollback => self.end_transaction(STATUS_ROLLED_BACK),
            Call::Ping | Call::PipelineEnd | Call::Logoff | Call::Logon(_) => {
                // What rode in front of a ping is told with its answer.
                let settled = self.settle_transaction(true);
                let status = self.call_status();
                settled.map(|()| self.reply.end_status(status))
            }
            Call::SwitchTransaction(switch) => self.switch_transaction(switch),
            Call::ChangeTransaction(change) => self.change_transaction(&change),
            Call::Unknown => Err(db_error(
                3001,
                &format!("unimplemented feature: call {} of the protocol", head.function),
            )),
        };
        if let Err(error) = result {
            self.raise(error, EndOfCall::default());
        }
    }

    fn end_transaction(&mut self, status: u32) -> Result<(), DbError> {
        if let Some(user) = &mut self.user {
            match status {
                STATUS_COMMITTED => user.engine.commit()?,
                _ => user.engine.rollback()?,
            }
        }
        self.settle_transaction(true)?;
        self.reply.end_status(status);
        Ok(())
    }

    /// The cursor of this number.
    pub(super) fn cursor(&mut self, id: u32) -> Result<&mut Cursor, DbError> {
        let cursor = self.user.as_mut().and_then(|user| user.cursors.get(id));
        cursor.ok_or_else(|| db_error(1001, "invalid cursor"))
    }

    fn execute(&mut self, execute: Execute) -> Result<(), DbError> {
        let id = match &execute.sql {
            Some(sql) if execute.parse || execute.cursor == 0 => {
                self.open_cursor(execute.cursor, sql)?
            }
            _ => execute.cursor,
        };
        let cursor = self.cursor(id)?;
        if let Some(declared) = execute.binds {
            cursor.declared = declared;
        } else if execute.parse {
            cursor.declared.clear();
        }
        let is_query = cursor.is_query();
        if execute.describe || !execute.execute {
            let wanted = if execute.fetch { execute.prefetch } else { execute.iterations };
            let fetch = (execute.fetch || execute.defines.is_some()) && wanted > 0;
            cursor.define(execute.defines);
            return match is_query && !execute.describe && fetch && cursor.rows.is_some() {
                true => self.fetch(Fetch { cursor: id, rows: wanted }),
                false => self.describe_only(id),
            };
        }
        let run = Run {
            cursor: id,
            iterations: if is_query { 1 } else { execute.iterations.max(1) },
            fetch: (is_query && execute.fetch).then_some(execute.prefetch),
            commit: execute.commit,
            batch_errors: execute.batch_errors,
            row_counts: execute.row_counts,
        };
        self.run_with_binds(run)
    }

    fn reexecute(&mut self, head: CallHead, reexecute: Reexecute) -> Result<(), DbError> {
        let fetches = head.function == crate::ttc::function::REEXECUTE_AND_FETCH;
        let is_query = self.cursor(reexecute.cursor)?.is_query();
        let run = Run {
            cursor: reexecute.cursor,
            iterations: if is_query { 1 } else { reexecute.iterations.max(1) },
            fetch: (is_query && fetches).then_some(reexecute.iterations),
            commit: reexecute.commit,
            batch_errors: false,
            row_counts: false,
        };
        self.run_with_binds(run)
    }

    /// Opens a cursor for a text, in the place of `id` if that is one.
    fn open_cursor(&mut self, id: u32, sql: &str) -> Result<u32, DbError> {
        let limit = self.config.open_cursors as usize;
        let Some(user) = &mut self.user else { return Ok(0) };
        let cursor = Cursor::new(user.engine.prepare(sql)?);
        if id != 0 && user.cursors.get(id).is_some() {
            user.cursors.replace(id, cursor);
            return Ok(id);
        }
        if user.cursors.len() >= limit {
            return Err(db_error(1000, "maximum open cursors exceeded"));
        }
        Ok(user.cursors.open(cursor))
    }

    /// Waits for the rows of binds if there are any, and runs the statement.
    fn run_with_binds(&mut self, run: Run) -> Result<(), DbError> {
        let layout = self.reply.layout;
        let cursor = self.cursor(run.cursor)?;
        let plsql = cursor.statement.kind == StatementKind::PlSql;
        let declared = cursor.declared.clone();
        let order = row_order(&declared, &cursor.skipped, plsql, layout);
        let wanted = cursor.statement.bind_names.len();
        if declared.len() != wanted {
            return Err(bind_count_error(wanted, declared.len()));
        }
        let rows_left = if order.is_empty() { 0 } else { run.iterations };
        let bind_rows = BindRows { run, declared, order, rows_left, scanned: 0 };
        if rows_left == 0 {
            self.execute_with_rows(bind_rows, &[]);
        } else {
            self.activity = Activity::BindRows(Box::new(bind_rows));
        }
        Ok(())
    }

    /// Describes a statement without running it.
    fn describe_only(&mut self, id: u32) -> Result<(), DbError> {
        let cursor = self.cursor(id)?;
        let sql_type = cursor.sql_type;
        if cursor.is_query() {
            let columns = cursor.statement.columns.iter().map(column_info).collect();
            self.describe(id, columns)?;
        }
        let scn = self.config.new_scn();
        ReturnParameters { scn, cursor: id, ..ReturnParameters::default() }
            .put(&mut self.reply.writer);
        let status = self.call_status();
        self.end_call(EndOfCall { status, cursor: id, sql_type, ..EndOfCall::default() });
        Ok(())
    }

    /// Describes columns, unless the client knows them already.
    pub(super) fn describe(&mut self, id: u32, columns: Vec<ColumnInfo>) -> Result<(), DbError> {
        let now = self.config.now();
        let generation = self.config.generation;
        let cursor = self.cursor(id)?;
        if cursor.described.as_ref() == Some(&columns) {
            return Ok(());
        }
        let digest = statement_id(cursor.statement.sql());
        cursor.described = Some(columns.clone());
        let layout = self.reply.layout;
        put_describe(&mut self.reply.writer, layout, generation, &columns, digest, now);
        Ok(())
    }

    fn fetch(&mut self, fetch: Fetch) -> Result<(), DbError> {
        let cursor = self.cursor(fetch.cursor)?;
        match &cursor.rows {
            Some(rows) if !rows.exhausted => {}
            _ => return Err(db_error(1002, "fetch out of sequence")),
        }
        self.begin_fetch(Fetching {
            cursor: fetch.cursor,
            asked: fetch.rows,
            sent: 0,
            with_parameters: false,
        });
        Ok(())
    }

    /// Begins to send rows of an executed query.
    pub(super) fn begin_fetch(&mut self, fetching: Fetching) {
        self.activity = Activity::Fetching(fetching);
    }

    /// Gives a query's rows to its cursor, and begins to send them if that is wanted.
    pub(super) fn open_rows(
        &mut self,
        run: Run,
        rows: OpenRows,
        sleep: std::time::Duration,
    ) -> Result<(), DbError> {
        self.describe(run.cursor, rows.columns())?;
        let cursor = self.cursor(run.cursor)?;
        // Rows with LOBs are not sent before the client said how it wants them.
        let may_fetch = !rows.has_lobs() || cursor.defines.is_some();
        cursor.rows = Some(rows);
        cursor.define(None);
        let sql_type = cursor.sql_type;
        let next = match run.fetch {
            Some(asked) if asked > 0 && may_fetch => {
                Next::Fetch(Fetching { cursor: run.cursor, asked, sent: 0, with_parameters: true })
            }
            _ => {
                let scn = self.config.new_scn();
                ReturnParameters { scn, cursor: run.cursor, ..ReturnParameters::default() }
                    .put(&mut self.reply.writer);
                Next::End(Box::new(EndOfCall {
                    status: self.call_status(),
                    cursor: run.cursor,
                    sql_type,
                    ..EndOfCall::default()
                }))
            }
        };
        self.go_on_after(sleep, next);
        Ok(())
    }

    /// Sends some rows more, and the end of the call behind the last one.
    pub(super) fn put_rows(&mut self) {
        /// How many rows are made before the packets are looked at.
        const ROWS_AT_ONCE: u32 = 64;
        let Activity::Fetching(mut fetching) = self.activity else { return };
        let Some(user) = &mut self.user else { return };
        let cursor = user.cursors.get(fetching.cursor);
        let Some((sql_type, rows)) =
            cursor.and_then(|cursor| Some((cursor.sql_type, cursor.rows.as_mut()?)))
        else {
            return self.raise(db_error(1001, "invalid cursor"), EndOfCall::default());
        };
        let mut more = true;
        let until = fetching.asked.min(fetching.sent.saturating_add(ROWS_AT_ONCE));
        while more && fetching.sent < until {
            let repeat_first = self.config.repeat_across_answers && !fetching.with_parameters;
            let writer = &mut self.reply.writer;
            match put_row(writer, rows, &mut user.lobs, fetching, repeat_first) {
                Ok(true) => fetching.sent += 1,
                Ok(false) => more = false,
                Err(error) => {
                    let (cursor, rows) = (fetching.cursor, rows.fetched);
                    let end = EndOfCall { cursor, sql_type, rows, ..EndOfCall::default() };
                    return self.raise(error, end);
                }
            }
        }
        self.reply.cut();
        if more && fetching.sent < fetching.asked {
            self.activity = Activity::Fetching(fetching);
            return;
        }
        rows.exhausted = !more;
        let fetched = rows.fetched;
        self.end_fetch(fetching, sql_type, fetched, more);
    }

    fn end_fetch(&mut self, fetching: Fetching, sql_type: u32, fetched: u64, more: bool) {
        self.activity = Activity::Idle;
        if fetching.with_parameters {
            let scn = self.config.new_scn();
            let cursor = fetching.cursor;
            ReturnParameters { scn, cursor, ..ReturnParameters::default() }
                .put(&mut self.reply.writer);
        }
        let mut end = EndOfCall {
            status: self.call_status(),
            cursor: fetching.cursor,
            sql_type,
            rows: fetched,
            iterations: u32::from(fetching.with_parameters),
            ..EndOfCall::default()
        };
        if !more {
            end.number = NO_DATA_FOUND;
            end.message = "ORA-01403: no data found".to_owned();
        }
        self.end_call(end);
    }
}

/// Writes the next row and what belongs in front of it; false if there is no row.
///
/// In every recording the first two rows of an answer are sent whole, and each row from the third
/// on says which of its columns differ from the row before, even if all do.
fn put_row(
    writer: &mut Writer,
    rows: &mut OpenRows,
    lobs: &mut Lobs,
    fetching: Fetching,
    repeat_first: bool,
) -> Result<bool, DbError> {
    const WHOLE_ROWS: u32 = 2;
    let is_row = rows.advance()?;
    match fetching.sent {
        // An answer without rows has the header all the same.
        0 if is_row && repeat_first && rows.fetched > 1 => {
            let width = rows.width();
            put_row_header(writer, width, fetching.asked, rows.leave_out_repeated());
        }
        0 => put_row_header(writer, rows.width(), fetching.asked, &[]),
        WHOLE_ROWS.. if is_row => put_bit_vector(writer, rows.leave_out_repeated()),
        _ => {}
    }
    if is_row {
        rows.put_row(writer, lobs)?;
    }
    Ok(is_row)
}

fn bind_count_error(wanted: usize, came: usize) -> DbError {
    if came < wanted {
        db_error(1008, "not all variables bound")
    } else {
        db_error(1006, "bind variable does not exist")
    }
}

/// Sixteen bytes that tell texts apart.
fn statement_id(sql: &str) -> [u8; 16] {
    let mut id = [0; 16];
    for (half, seed) in id.chunks_mut(8).zip([0xcbf2_9ce4_8422_2325_u64, 0x9e37_79b9_7f4a_7c15]) {
        let hash = sql
            .bytes()
            .fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        half.copy_from_slice(&hash.to_be_bytes());
    }
    id
}

/// A row of binds that does not decode, as the database says it.
pub(super) fn bind_error(error: DecodeError) -> DbError {
    db_error(3115, &format!("unsupported network datatype or representation ({})", text(error)))
}

fn text(error: DecodeError) -> String {
    oraedge::Error::from(error).to_string()
}
