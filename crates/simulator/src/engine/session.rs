//! Sessions: statements, transactions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use oraedge::error::DbError;
use oraedge::wire::value::Value;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, InterruptHandle};

use super::catalog::{Catalog, Definition};
use super::cursor::RowSource;
use super::database::{Database, Reader, Shared, sqlite_error};
use super::environment::Environment;
use super::error::{Result, ora, plain};
use super::interrupt::Interrupter;
use super::prepare::{Body, Prepared, prepare};
use super::spill::SpillWriter;
use super::statement::{Outcome, Statement, StatementKind};
use super::storage::{bind_type, bind_value};
use super::translate::{DmlPlan, Translated, Translator, describe};
use super::types::{Kind, OraType};

/// Rows that a query may have to be read at once.
const PROBE_ROWS: usize = 100;
/// Plans that a session keeps.
const MAX_PLANS: usize = 300;

/// A translated statement.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    Query(Arc<QueryPlan>),
    Dml(Arc<Vec<DmlPlan>>),
}

#[derive(Debug)]
pub(super) struct QueryPlan {
    query: Translated,
    kinds: Vec<Kind>,
    volatile: bool,
    for_update: bool,
}

/// What a plan was made for.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct PlanKey {
    sql: Arc<str>,
    binds: Vec<OraType>,
    catalog: u64,
    schema: String,
}

/// One connection's session: its transaction, its settings, its statements.
pub struct Session {
    shared: Arc<Shared>,
    pub(super) environment: Arc<Environment>,
    pub(super) connection: Connection,
    readers: Arc<Mutex<Vec<Reader>>>,
    pub(super) in_transaction: bool,
    transactions_ended: u64,
    interrupter: Interrupter,
    handle: Arc<InterruptHandle>,
    pub(super) plsql: super::plsql::State,
    pub(super) plans: HashMap<PlanKey, Plan>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("user", &self.environment.user)
            .field("in_transaction", &self.in_transaction)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(database: &Database, user: &str, roles: Vec<String>) -> Result<Session> {
        let shared = Arc::clone(&database.shared);
        let environment = Arc::new(Environment::new(
            Arc::clone(&shared.settings),
            Arc::clone(&shared.sequences),
            user,
        ));
        environment.state().roles = roles;
        Session::with_environment(shared, environment)
    }

    fn with_environment(shared: Arc<Shared>, environment: Arc<Environment>) -> Result<Session> {
        let connection = shared.connect(&environment)?;
        let handle = Arc::new(connection.get_interrupt_handle());
        Ok(Session {
            shared,
            environment,
            connection,
            readers: Arc::default(),
            in_transaction: false,
            transactions_ended: 0,
            interrupter: Interrupter::default(),
            handle,
            plsql: super::plsql::State::default(),
            plans: HashMap::new(),
        })
    }

    /// The user who logged on.
    pub fn user(&self) -> &str {
        &self.environment.user
    }

    /// Where names without an owner are looked up.
    pub fn current_schema(&self) -> String {
        self.environment.state().schema.clone()
    }

    /// Sets what `SYS_CONTEXT('USERENV', key)` answers (`SID`, `MODULE`, `IP_ADDRESS` ...).
    pub fn set_context(&mut self, key: &str, value: impl Into<String>) {
        self.environment.state().context.insert(key.to_uppercase(), value.into());
    }

    /// What `SYS_CONTEXT('USERENV', key)` answers.
    pub fn context(&self, key: &str) -> Option<String> {
        self.environment.context("USERENV", key).ok().flatten()
    }

    /// What stops a running statement from another thread: it then ends with ORA-01013.
    pub fn interrupter(&self) -> Interrupter {
        self.interrupter.clone()
    }

    /// Parses and describes a text.
    ///
    /// # Errors
    ///
    /// Oracle's own, with the place in the text where Oracle gives one.
    pub fn prepare(&mut self, sql: &str) -> Result<Statement, DbError> {
        let prepared = prepare(sql)?;
        let sql: Arc<str> = sql.into();
        let mut columns = Vec::new();
        if let Body::Query(_) = prepared.body {
            let types = vec![OraType::NULL; prepared.bind_names.len()];
            let plan = self.query_plan(&sql, &prepared, &types)?;
            columns = describe(&plan.query.columns);
        }
        let mut out_binds = prepared.out_binds.clone();
        if let Body::PlSql(block) = &prepared.body {
            out_binds = self.compile_block(block, &prepared.lexed)?.written_binds();
        }
        Ok(Statement {
            sql,
            kind: prepared.kind,
            columns,
            bind_names: prepared.bind_names.clone(),
            out_binds,
            prepared,
        })
    }

    /// Runs a statement with one value for each of its `bind_names`.
    ///
    /// # Errors
    ///
    /// Oracle's own; the statement then changed nothing.
    pub fn execute(&mut self, statement: &Statement, binds: &[Value]) -> Result<Outcome, DbError> {
        if binds.len() < statement.bind_names.len() {
            Err(plain(1008))
        } else if binds.len() > statement.bind_names.len() {
            Err(plain(1036))
        } else {
            self.environment.tick();
            let _working = self.interrupter.working(&self.handle);
            self.run(&statement.sql, &statement.prepared, binds)
        }
    }

    /// Prepares and executes.
    ///
    /// # Errors
    ///
    /// As [`Session::prepare`] and [`Session::execute`].
    pub fn execute_text(&mut self, sql: &str, binds: &[Value]) -> Result<Outcome, DbError> {
        let statement = self.prepare(sql)?;
        self.execute(&statement, binds)
    }

    pub(super) fn run(
        &mut self,
        sql: &Arc<str>,
        prepared: &Prepared,
        binds: &[Value],
    ) -> Result<Outcome> {
        match &prepared.body {
            Body::Query(_) => self.run_query(sql, prepared, binds),
            Body::Dml(_) => self.run_dml(sql, prepared, binds),
            Body::Ddl => {
                self.run_ddl(prepared)?;
                Ok(Outcome::default())
            }
            Body::PlSql(block) => self.run_block(block, prepared, binds),
            Body::Commit => self.end(true).map(|()| Outcome::default()),
            Body::Rollback(None) => self.end(false).map(|()| Outcome::default()),
            Body::Rollback(Some(name)) => {
                let error = || {
                    ora(
                        1086,
                        format!(
                            "savepoint '{name}' never established in this session or is invalid"
                        ),
                    )
                };
                if !self.in_transaction {
                    return Err(error());
                }
                self.batch(&format!("ROLLBACK TO {}", savepoint(name))).map_err(|_| error())?;
                Ok(Outcome::default())
            }
            Body::Savepoint(name) => {
                self.begin()?;
                self.batch(&format!("SAVEPOINT {}", savepoint(name)))?;
                Ok(Outcome::default())
            }
            Body::Lock => self.begin().map(|()| Outcome::default()),
            Body::Nothing => Ok(Outcome::default()),
        }
    }

    pub(super) fn batch(&self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(sqlite_error)
    }

    /// Begins the transaction if none is open.
    pub(super) fn begin(&mut self) -> Result<()> {
        if !self.in_transaction {
            self.batch("BEGIN IMMEDIATE")?;
            self.in_transaction = true;
        }
        Ok(())
    }

    pub(super) fn end(&mut self, commit: bool) -> Result<()> {
        self.transactions_ended += 1;
        if self.in_transaction {
            if commit {
                self.keep_sequences()?;
            }
            let result = self.batch(if commit { "COMMIT" } else { "ROLLBACK" });
            if result.is_err() {
                // Nothing may stay half open.
                let _ = self.batch("ROLLBACK");
            }
            self.in_transaction = false;
            result?;
        }
        Ok(())
    }

    /// Whether SQLite has ended the transaction by itself is known by asking.
    pub(super) fn notice_rollback(&mut self) {
        if self.connection.is_autocommit() {
            self.in_transaction = false;
        }
    }

    fn keep_sequences(&self) -> Result<()> {
        let used: Vec<u64> = self.environment.state().current.keys().copied().collect();
        for id in used {
            if let Some(state) = self.shared.sequences.get(id) {
                self.connection
                    .prepare_cached("INSERT OR REPLACE INTO o_sequence VALUES (?1, ?2, ?3)")
                    .and_then(|mut s| {
                        s.execute((id as i64, state.next.to_bytes(), state.exhausted))
                    })
                    .map_err(sqlite_error)?;
            }
        }
        Ok(())
    }

    /// Makes the transaction's changes last.
    ///
    /// # Errors
    ///
    /// When SQLite cannot write.
    pub fn commit(&mut self) -> Result<(), DbError> {
        self.end(true)
    }

    /// Undoes the transaction's changes.
    ///
    /// # Errors
    ///
    /// When SQLite cannot write.
    pub fn rollback(&mut self) -> Result<(), DbError> {
        self.end(false)
    }

    /// How many commits and rollbacks there were, of all kinds: calls, statements, DDL.
    pub fn transactions_ended(&self) -> u64 {
        self.transactions_ended
    }

    /// Another session of the same user with the same settings, and no transaction.
    ///
    /// # Errors
    ///
    /// When SQLite cannot open the database once more.
    pub fn sibling(&self) -> Result<Session, DbError> {
        let environment = Arc::new(self.environment.copy());
        Session::with_environment(Arc::clone(&self.shared), environment)
    }

    /// Takes over the settings of the session in whose place this one goes on: its schema, formats,
    /// time zone, contexts. What sequences gave stays, since the transaction has used it.
    pub fn take_settings(&mut self, other: &Session) {
        let settings = other.environment.state().clone();
        let mut state = self.environment.state();
        let current = std::mem::take(&mut state.current);
        *state = settings;
        state.current.extend(current);
    }

    /// Whether there are changes to commit.
    pub fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// Takes the lines that `DBMS_OUTPUT.PUT_LINE` wrote.
    pub fn take_output(&mut self) -> Vec<String> {
        self.plsql.take_lines()
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(super) fn catalog(&self) -> Arc<Catalog> {
        self.shared.catalog()
    }

    /// Commits, then changes the catalog and SQLite's tables in one transaction.
    pub(super) fn change_catalog<T>(
        &mut self,
        change: impl FnOnce(&mut Catalog, &mut Session) -> Result<T>,
    ) -> Result<T> {
        self.end(true)?;
        let shared = Arc::clone(&self.shared);
        let _lock = shared.ddl_lock();
        self.batch("BEGIN IMMEDIATE")?;
        let mut catalog = shared.catalog().as_ref().clone();
        let result = change(&mut catalog, self).and_then(|value| {
            catalog.version += 1;
            let text = serde_json::to_string(&catalog.without_dictionary())
                .map_err(|e| ora(600, format!("internal error code, arguments: [catalog: {e}]")))?;
            self.connection
                .execute("INSERT OR REPLACE INTO o_catalog VALUES (1, ?1)", [text])
                .map_err(sqlite_error)?;
            super::dictionary::refresh(&self.connection, &catalog)?;
            Ok(value)
        });
        match result {
            Ok(value) => {
                self.batch("COMMIT")?;
                for object in catalog.objects() {
                    if let Definition::Sequence(definition) = &object.definition
                        && shared.sequences.get(object.id).is_none()
                    {
                        let start = super::database::sequence_start(definition)?;
                        shared.sequences.set(object.id, start);
                    }
                }
                shared.set_catalog(catalog);
                Ok(value)
            }
            Err(error) => {
                self.batch("ROLLBACK")?;
                Err(error)
            }
        }
    }

    pub(super) fn plan_key(&self, sql: &Arc<str>, catalog: &Catalog, types: &[OraType]) -> PlanKey {
        PlanKey {
            sql: Arc::clone(sql),
            binds: types.to_vec(),
            catalog: catalog.version,
            schema: self.environment.state().schema.clone(),
        }
    }

    pub(super) fn keep_plan(&mut self, key: PlanKey, plan: Plan) {
        if self.plans.len() >= MAX_PLANS {
            self.plans.clear();
        }
        self.plans.insert(key, plan);
    }

    /// Names and types of a query's columns.
    pub(super) fn result_columns(
        &mut self,
        sql: &Arc<str>,
        prepared: &Prepared,
        types: &[OraType],
    ) -> Result<Vec<(String, OraType)>> {
        let plan = self.query_plan(sql, prepared, types)?;
        Ok(plan.query.columns.iter().map(|column| (column.name.clone(), column.ty)).collect())
    }

    /// Whether the names and types of DML are right.
    pub(super) fn check_dml(
        &mut self,
        sql: &Arc<str>,
        prepared: &Prepared,
        types: &[OraType],
    ) -> Result<()> {
        self.dml_plan(sql, prepared, types).map(drop)
    }

    fn query_plan(
        &mut self,
        sql: &Arc<str>,
        prepared: &Prepared,
        types: &[OraType],
    ) -> Result<Arc<QueryPlan>> {
        let catalog = self.catalog();
        let key = self.plan_key(sql, &catalog, types);
        if let Some(Plan::Query(plan)) = self.plans.get(&key) {
            return Ok(Arc::clone(plan));
        }
        let Body::Query(parsed) = &prepared.body else { return Err(plain(900)) };
        let mut translator = Translator::new(
            &catalog,
            &self.environment,
            &prepared.lexed.positions,
            &prepared.lexed.binds,
            types,
        );
        translator.cast_types = &parsed.types;
        translator.internal = prepared.internal;
        let query = translator.top_query(&parsed.query)?;
        let plan = Arc::new(QueryPlan {
            kinds: query.columns.iter().map(|c| c.ty.kind).collect(),
            query,
            volatile: translator.volatile,
            for_update: translator.for_update,
        });
        self.keep_plan(key, Plan::Query(Arc::clone(&plan)));
        Ok(plan)
    }

    pub(super) fn bind_all(&self, binds: &[Value]) -> Result<(Vec<OraType>, Vec<Sql>)> {
        let types = binds.iter().map(bind_type).collect();
        let values =
            binds.iter().map(|b| bind_value(b, &self.environment)).collect::<Result<Vec<_>>>()?;
        Ok((types, values))
    }

    fn run_query(
        &mut self,
        sql: &Arc<str>,
        prepared: &Prepared,
        binds: &[Value],
    ) -> Result<Outcome> {
        let (types, values) = self.bind_all(binds)?;
        let plan = self.query_plan(sql, prepared, &types)?;
        if plan.for_update {
            self.begin()?;
        }
        let columns = describe(&plan.query.columns);
        let whole = self.in_transaction || plan.volatile;
        let mut rows = SpillWriter::default();
        {
            let mut statement =
                self.connection.prepare_cached(&plan.query.sql).map_err(sqlite_error)?;
            // A bind that the translation dropped has no place any more.
            let wanted = statement.parameter_count().min(values.len());
            let mut cursor = statement
                .query(rusqlite::params_from_iter(&values[..wanted]))
                .map_err(sqlite_error)?;
            let mut count = 0;
            loop {
                let Some(row) = cursor.next().map_err(sqlite_error)? else {
                    let rows = RowSource::complete(columns, plan.kinds.clone(), rows.finish()?);
                    return Ok(Outcome { rows: Some(rows), ..Outcome::default() });
                };
                count += 1;
                if !whole && count > PROBE_ROWS {
                    break;
                }
                rows.push(row, &plan.kinds)?;
            }
        }
        let reader = match self.readers.lock().unwrap_or_else(|p| p.into_inner()).pop() {
            Some(reader) => reader,
            None => self.shared.reader(&self.environment)?,
        };
        reader.environment.state().clone_from(&self.environment.state());
        let rows = RowSource::streaming(
            columns,
            plan.kinds.clone(),
            plan.query.sql.clone(),
            values,
            reader,
            Arc::clone(&self.readers),
            self.interrupter.clone(),
        )?;
        Ok(Outcome { rows: Some(rows), ..Outcome::default() })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Numbers that were given out outside of a transaction are not given out again.
        let _ = self.end(false);
        let _ = self.keep_sequences();
    }
}

fn savepoint(name: &str) -> String {
    format!("\"s_{}\"", name.replace('"', "\"\""))
}

impl StatementKind {
    /// Whether executing it ends the transaction.
    pub fn commits(self) -> bool {
        self == StatementKind::Ddl
    }
}
