//! Running statements: which call to send, and what its answer means.

use std::sync::Arc;

use super::statement_cache::{Statement, StatementCache};
use crate::error::{DbError, Error, Result};
use crate::protocol::{Connection, Expect, LastRow, OutBind, Response, RowBatch};
use crate::wire::ttc::binds::{BindBatch, BindColumn};
use crate::wire::ttc::codes::error_number;
use crate::wire::ttc::describe::ColumnInfo;
use crate::wire::ttc::execute::{Execute, Reexecute, StatementKind};
use crate::wire::ttc::io_vector::{DIRECTION_IN, DIRECTION_OUT};
use crate::wire::value::{DbType, Rowid};

/// Rows that an execute brings along, and that each fetch asks for, by default.
pub const DEFAULT_ARRAY_SIZE: u32 = 100;

/// How a statement shall be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecuteOptions {
    /// Commit if all goes well.
    pub auto_commit: bool,
    /// Rows that the answer to the execute brings along.
    pub prefetch_rows: u32,
    /// Go on behind a row that fails, and report it at the end (array DML).
    pub batch_errors: bool,
    /// Report the rows changed by each row of binds (array DML).
    pub dml_row_counts: bool,
    /// Only parse, and describe if it is a query.
    pub parse_only: bool,
    /// Keep the statement open for the next time.
    pub cache_statement: bool,
    /// Suspend the sessionless transaction if all goes well, in the same round trip.
    pub suspend_on_success: bool,
}

impl Default for ExecuteOptions {
    fn default() -> Self {
        ExecuteOptions {
            auto_commit: false,
            prefetch_rows: DEFAULT_ARRAY_SIZE,
            batch_errors: false,
            dml_row_counts: false,
            parse_only: false,
            cache_statement: true,
            suspend_on_success: false,
        }
    }
}

/// A statement to run.
#[derive(Debug, Clone)]
pub struct ExecuteRequest {
    /// The text.
    pub sql: Arc<str>,
    /// The values; in PL/SQL one for each name, in SQL one for each place.
    pub binds: BindBatch,
    /// How to run it.
    pub options: ExecuteOptions,
}

/// Names an open cursor of this session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CursorHandle(pub(super) u64);

/// What running a statement gave.
#[derive(Debug)]
pub struct ExecuteOutcome {
    /// What sort of statement it was.
    pub kind: StatementKind,
    /// The open cursor of a query that may have more rows. It must be closed.
    pub cursor: Option<CursorHandle>,
    /// The columns of a query.
    pub columns: Option<Arc<[ColumnInfo]>>,
    /// The rows that came along.
    pub batch: Option<RowBatch>,
    /// Rows that DML changed.
    pub rows_affected: u64,
    /// The last row that DML changed.
    pub last_rowid: Option<Rowid>,
    /// What came out of binds.
    pub out_binds: Vec<OutBind>,
    /// It worked, but (a PL/SQL object that does not compile, a password about to expire).
    pub warning: Option<DbError>,
    /// Rows of binds that failed, if `batch_errors` was asked for.
    pub batch_errors: Vec<crate::error::BatchError>,
    /// Rows changed by each row of binds, if `dml_row_counts` was asked for.
    pub dml_row_counts: Vec<u64>,
}

/// A statement that is being run.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) statement: Statement,
    request: ExecuteRequest,
    /// The statement was already run anew because its open cursor no longer fitted.
    retried: bool,
    /// The columns are being told to come as LONG or LONG RAW.
    defining: bool,
    /// The number among a pipeline's operations, from 1, until the pipeline is over; 0 elsewhere.
    token: u64,
}

/// What an answer led to.
pub(super) enum Progress {
    /// Another call was sent for the same statement.
    Again(Box<Running>),
    /// Another call is needed, but nothing can be sent before the pipeline is over.
    Later(Box<Running>),
    /// It is done. Whether the cursor has more rows stands beside.
    Done(Box<(Statement, ExecuteOutcome, bool)>),
}

impl Running {
    /// Prepares a statement; [`Running::send`] sends the call that runs it.
    pub(super) fn prepare(request: ExecuteRequest, cache: &mut StatementCache) -> Result<Running> {
        let mut statement = cache.take(&request.sql, request.options.cache_statement);
        if !comes_as_described(&statement) {
            // LOBs are told to come as LONG behind each describe, so it must be described again.
            cache.close(statement.forget_cursor());
        }
        if let Err(error) = check_binds(&statement, &request) {
            cache.give_back(statement);
            return Err(error);
        }
        Ok(Running { statement, request, retried: false, defining: false, token: 0 })
    }

    /// Gives up before anything was sent.
    pub(super) fn give_back(self, cache: &mut StatementCache) {
        cache.give_back(self.statement);
    }

    /// Whether a sessionless transaction is suspended if the statement succeeds.
    pub(super) fn suspends(&self) -> bool {
        self.request.options.suspend_on_success
    }

    /// Whether the transaction is at its end if the statement succeeds.
    pub(super) fn ends_transaction(&self) -> bool {
        self.request.options.auto_commit || self.statement.parsed.kind == StatementKind::Ddl
    }

    /// What kind of statement it is.
    pub(super) fn kind(&self) -> StatementKind {
        self.statement.parsed.kind
    }

    /// [`Running::send`] as an operation of a pipeline.
    pub(super) fn send_in_pipeline(
        &mut self,
        connection: &mut Connection,
        cache: &mut StatementCache,
        token: u64,
    ) {
        self.token = token;
        self.send(connection, cache);
    }

    /// Sends what could not be sent while the pipeline was under way.
    pub(super) fn go_on(&mut self, connection: &mut Connection, cache: &mut StatementCache) {
        self.token = 0;
        match lob_defines(&self.statement).filter(|_| !self.retried) {
            Some(define) => self.define(&define, connection, cache),
            None => self.send(connection, cache),
        }
    }

    pub(super) fn send(&mut self, connection: &mut Connection, cache: &mut StatementCache) {
        let Running { statement, request, .. } = self;
        let options = &request.options;
        let kind = statement.parsed.kind;
        let binds_fit = request.binds.columns().len() == statement.declared.len()
            && request
                .binds
                .columns()
                .iter()
                .zip(&statement.declared)
                .all(|(column, declared)| column.fits(*declared));
        let again = statement.cursor_id != 0
            && binds_fit
            && kind != StatementKind::Ddl
            && !options.batch_errors
            && !options.dml_row_counts
            && !options.parse_only
            && (kind != StatementKind::Query || statement.columns.is_some());
        if !binds_fit {
            statement.declared = request.binds.columns().to_vec();
        }
        let mut message = connection.writer();
        super::calls::write_piggybacks(connection, &mut message, cache);
        if again {
            Reexecute {
                cursor_id: statement.cursor_id,
                kind,
                prefetch: options.prefetch_rows,
                binds: &request.binds,
                declared: &statement.declared,
                auto_commit: options.auto_commit,
            }
            .encode(&mut message, &mut connection.sequence, &connection.caps);
        } else {
            Execute {
                sql: &statement.sql,
                kind,
                cursor_id: statement.cursor_id,
                prefetch: options.prefetch_rows,
                binds: &request.binds,
                declared: &statement.declared,
                define: None,
                parse_only: options.parse_only,
                auto_commit: options.auto_commit,
                batch_errors: options.batch_errors,
                dml_row_counts: options.dml_row_counts,
            }
            .encode(&mut message, &mut connection.sequence, &connection.caps);
        }
        let expect = self.expect();
        if self.token != 0 {
            connection.call_in_pipeline(message, expect, self.token);
        } else {
            connection.call(message, expect, LastRow::default());
        }
    }

    fn expect(&self) -> Expect {
        let parsed = &self.statement.parsed;
        let binds = parsed.bind_names.len();
        let directions = if parsed.returning_binds > 0 {
            let into = binds - parsed.returning_binds.min(binds);
            (0..binds).map(|at| if at < into { DIRECTION_IN } else { DIRECTION_OUT }).collect()
        } else {
            self.statement.directions.clone()
        };
        Expect::Execute {
            columns: self.statement.columns.clone(),
            bind_types: self.request.binds.columns().iter().map(|bind| bind.ora_type).collect(),
            directions,
            returning: parsed.returning_binds > 0,
            dml_row_counts: self.request.options.dml_row_counts,
        }
    }

    /// Takes the answer to the call that was sent last.
    pub(super) fn advance(
        mut self,
        mut response: Response,
        connection: &mut Connection,
        cache: &mut StatementCache,
    ) -> Result<Progress> {
        let is_query = self.statement.parsed.kind == StatementKind::Query;
        if is_query && response.error.is_none() {
            return Err(Error::misbehaved("the answer ended before it said how the query went"));
        }
        let info = response.error.take().unwrap_or_default();
        if info.cursor_id != 0 {
            self.statement.cursor_id = info.cursor_id;
        }
        if let Some(columns) = &response.described {
            self.statement.columns = Some(columns.clone());
        }
        if let Some(directions) = response.directions.take() {
            self.statement.directions = directions;
        }
        match info.number {
            0 | error_number::ARRAY_DML_ERRORS => {}
            error_number::NO_DATA_FOUND if is_query => {}
            error_number::VAR_NOT_IN_SELECT_LIST | error_number::INCONSISTENT_DATA_TYPES
                if is_query && !self.retried =>
            {
                self.retried = true;
                cache.close(self.statement.forget_cursor());
                if self.token != 0 {
                    return Ok(Progress::Later(Box::new(self)));
                }
                self.send(connection, cache);
                return Ok(Progress::Again(Box::new(self)));
            }
            number => {
                let mut error = info.to_db_error();
                error.rows_affected = info.row_count;
                if !is_integrity_error(number) {
                    cache.close(self.statement.forget_cursor());
                }
                cache.give_back(self.statement);
                return Err(error.into());
            }
        }
        if is_query && self.statement.columns.is_none() {
            return Err(Error::misbehaved("the answer ended before it described the query"));
        }
        if is_query && let Err(error) = check_columns(&self.statement) {
            cache.close(self.statement.forget_cursor());
            cache.give_back(self.statement);
            return Err(error);
        }
        let exhausted = info.number == error_number::NO_DATA_FOUND;
        if is_query
            && !self.request.options.parse_only
            && !self.defining
            && !exhausted
            && let Some(define) = lob_defines(&self.statement)
        {
            if self.token != 0 {
                return Ok(Progress::Later(Box::new(self)));
            }
            self.define(&define, connection, cache);
            return Ok(Progress::Again(Box::new(self)));
        }
        let more_rows = is_query && !exhausted && !self.request.options.parse_only;
        let is_plsql = self.statement.parsed.kind == StatementKind::PlSql;
        let compilation = info.compilation_error.then(|| DbError {
            number: 24344,
            message: "ORA-24344: success with compilation error".to_owned(),
            ..DbError::default()
        });
        let outcome = ExecuteOutcome {
            kind: self.statement.parsed.kind,
            cursor: None,
            columns: if is_query { self.statement.columns.clone() } else { None },
            batch: response.rows.filter(|_| is_query),
            rows_affected: if is_query || is_plsql { 0 } else { info.row_count },
            last_rowid: Rowid::decode(&info.rowid).ok().filter(|rowid| !rowid.is_zero()),
            out_binds: response.out_binds,
            warning: response.warning.or(compilation),
            batch_errors: info.batch_errors,
            dml_row_counts: response.returned.dml_row_counts,
        };
        Ok(Progress::Done(Box::new((self.statement, outcome, more_rows))))
    }

    /// Tells the server to send LOBs as LONG and LONG RAW, and the first rows with it.
    fn define(
        &mut self,
        define: &[BindColumn],
        connection: &mut Connection,
        cache: &mut StatementCache,
    ) {
        self.defining = true;
        if let Some(columns) = &self.statement.columns {
            self.statement.columns = Some(fetched_as(columns, define));
        }
        let mut message = connection.writer();
        super::calls::write_piggybacks(connection, &mut message, cache);
        Execute {
            sql: &self.statement.sql,
            kind: self.statement.parsed.kind,
            cursor_id: self.statement.cursor_id,
            prefetch: self.request.options.prefetch_rows,
            binds: &BindBatch::default(),
            declared: &[],
            define: Some(define),
            parse_only: false,
            auto_commit: false,
            batch_errors: false,
            dml_row_counts: false,
        }
        .encode(&mut message, &mut connection.sequence, &connection.caps);
        let expect = self.expect();
        connection.call(message, expect, LastRow::default());
    }
}

fn check_binds(statement: &Statement, request: &ExecuteRequest) -> Result<()> {
    let (wanted, given) = (statement.parsed.bind_names.len(), request.binds.columns().len());
    if request.options.parse_only || statement.parsed.kind == StatementKind::Ddl && given == 0 {
        return Ok(());
    }
    if wanted != given {
        return Err(Error::misuse(
            format!("{wanted} positional bind values are required but {given} were provided"),
            format!("the statement has {}", describe_names(&statement.parsed.bind_names)),
        ));
    }
    Ok(())
}

fn describe_names(names: &[String]) -> String {
    if names.is_empty() {
        return "no bind variables".to_owned();
    }
    let names: Vec<String> = names.iter().map(|name| format!(":{name}")).collect();
    format!("the bind variables {}", names.join(", "))
}

/// The cursor goes on being of use after such an error: the statement is right, a row was not
/// (python-oracledb errors.py, `ERR_INTEGRITY_ERROR_CODES`).
fn is_integrity_error(number: u32) -> bool {
    matches!(number, 1 | 1400 | 1438 | 2290 | 2291 | 2292 | 21525 | 40479)
}

/// Types that a row cannot bring yet.
fn check_columns(statement: &Statement) -> Result<()> {
    let columns = statement.columns.as_deref().unwrap_or_default();
    for column in columns {
        let remedy = match DbType::from_wire(column.ora_type, column.csfrm) {
            Some(DbType::Json) => "select json_serialize(column returning varchar2) instead",
            Some(DbType::Vector) => "select from_vector(column) instead",
            Some(DbType::Bfile) => "select its contents as a BLOB instead",
            Some(DbType::Cursor) => "join the inner query instead",
            Some(DbType::Object | DbType::Xml) => "select its attributes instead",
            Some(_) => continue,
            None => "cast it to a type that is",
        };
        let name = DbType::from_wire(column.ora_type, column.csfrm)
            .map_or_else(|| format!("type {}", column.ora_type), |known| known.name().to_owned());
        return Err(Error::unsupported(
            format!("fetching {name} (column {})", column.name),
            remedy,
        ));
    }
    Ok(())
}

/// LONG and LONG RAW, in which LOBs are sent.
const TYPE_LONG: u8 = 8;
const TYPE_LONG_RAW: u8 = 24;
/// The longest that a LOB may be to come this way, in bytes.
const MAX_INLINE_LOB: u32 = 0x7fff_ffff;

/// How the columns must be declared so that LOBs come as LONG and LONG RAW; `None` without LOBs.
fn lob_defines(statement: &Statement) -> Option<Vec<BindColumn>> {
    let columns = statement.columns.as_deref()?;
    let as_long = |column: &ColumnInfo| match DbType::from_wire(column.ora_type, column.csfrm) {
        Some(DbType::Clob | DbType::Nclob) => Some((TYPE_LONG, column.csfrm)),
        Some(DbType::Blob) => Some((TYPE_LONG_RAW, 0)),
        _ => None,
    };
    columns.iter().find_map(as_long)?;
    let define = |column: &ColumnInfo| match as_long(column) {
        Some((ora_type, csfrm)) => BindColumn { ora_type, csfrm, buffer_size: MAX_INLINE_LOB },
        None => BindColumn {
            ora_type: column.ora_type,
            csfrm: column.csfrm,
            buffer_size: column.buffer_size,
        },
    };
    Some(columns.iter().map(define).collect())
}

/// The columns as they will come.
fn fetched_as(columns: &[ColumnInfo], define: &[BindColumn]) -> Arc<[ColumnInfo]> {
    columns
        .iter()
        .zip(define)
        .map(|(column, defined)| ColumnInfo {
            declared_type: Some(column.declared_type.unwrap_or(column.ora_type))
                .filter(|declared| *declared != defined.ora_type),
            ora_type: defined.ora_type,
            csfrm: defined.csfrm,
            ..column.clone()
        })
        .collect()
}

/// Whether no column is asked for as another type than it is described as.
fn comes_as_described(statement: &Statement) -> bool {
    let columns = statement.columns.as_deref().unwrap_or_default();
    columns.iter().all(|column| column.declared_type.is_none())
}
