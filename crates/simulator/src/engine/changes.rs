//! Running INSERT, UPDATE, DELETE and MERGE, and what a broken constraint is called.

use std::sync::Arc;

use oraedge::error::DbError;
use oraedge::wire::value::{Rowid, Value};
use rusqlite::types::Value as Sql;
use sqlparser::ast::{Expr, SelectItem, Statement as Tree};

use super::catalog::{ConstraintKind, Definition};
use super::database::sqlite_error;
use super::error::{Result, ora, plain};
use super::functions::rowid_of;
use super::prepare::{Body, Prepared};
use super::session::{Plan, Session};
use super::settings::Generation;
use super::statement::Outcome;
use super::storage::read_value;
use super::translate::{Change, DmlPlan, OutColumn, Translator};
use super::types::OraType;

impl Session {
    pub(super) fn dml_plan(
        &mut self,
        sql: &Arc<str>,
        prepared: &Prepared,
        types: &[OraType],
    ) -> Result<Arc<Vec<DmlPlan>>> {
        let catalog = self.catalog();
        let key = self.plan_key(sql, &catalog, types);
        if let Some(Plan::Dml(plan)) = self.plans.get(&key) {
            return Ok(Arc::clone(plan));
        }
        let Body::Dml(trees) = &prepared.body else { return Err(plain(900)) };
        let mut plans = Vec::new();
        for part in trees {
            let mut translator = Translator::new(
                &catalog,
                &self.environment,
                &prepared.lexed.positions,
                &prepared.lexed.binds,
                types,
            );
            translator.cast_types = &part.types;
            plans.push(match &part.tree {
                Tree::Insert(insert) => {
                    translator.insert(insert, &returning(insert.returning.as_deref())?)?
                }
                Tree::Update(update) => {
                    translator.update(update, &returning(update.returning.as_deref())?)?
                }
                Tree::Delete(delete) => {
                    translator.delete(delete, &returning(delete.returning.as_deref())?)?
                }
                Tree::Merge(merge) => translator.merge(merge)?,
                _ => return Err(plain(900)),
            });
        }
        let plans = Arc::new(plans);
        self.keep_plan(key, Plan::Dml(Arc::clone(&plans)));
        Ok(plans)
    }

    pub(super) fn run_dml(
        &mut self,
        sql: &Arc<str>,
        prepared: &Prepared,
        binds: &[Value],
    ) -> Result<Outcome> {
        let (types, values) = self.bind_all(binds)?;
        let plans = self.dml_plan(sql, prepared, &types)?;
        let began = !self.in_transaction;
        self.begin()?;
        let atomic = !began && (plans.len() > 1 || plans.iter().any(|p| p.many));
        if atomic {
            self.batch("SAVEPOINT o_statement")?;
        }
        let mut outcome = Outcome::default();
        let mut result = Ok(());
        for plan in plans.iter() {
            result = self.run_plan(plan, &values, &prepared.out_binds, &mut outcome);
            if result.is_err() {
                break;
            }
        }
        match result {
            Ok(()) => {
                if atomic {
                    self.batch("RELEASE o_statement")?;
                }
                // What changed nothing leaves no transaction behind.
                if began && outcome.rows_affected == 0 {
                    self.end(false)?;
                }
                Ok(outcome)
            }
            Err(error) => {
                // SQLite ends the whole transaction when it interrupts one that writes.
                self.notice_rollback();
                if began {
                    self.end(false)?;
                } else if atomic && self.in_transaction {
                    self.batch("ROLLBACK TO o_statement; RELEASE o_statement")?;
                }
                Err(error)
            }
        }
    }

    fn run_plan(
        &self,
        plan: &DmlPlan,
        values: &[Sql],
        out_binds: &[usize],
        outcome: &mut Outcome,
    ) -> Result<()> {
        let floor: i64 = if plan.is_insert && !plan.after.is_empty() {
            let sql = format!("SELECT coalesce(max(rowid),0) FROM {}", plan.physical);
            self.connection
                .prepare_cached(&sql)
                .and_then(|mut s| s.query_row([], |row| row.get(0)))
                .map_err(sqlite_error)?
        } else {
            i64::MIN
        };
        let mut returned: Vec<Vec<Value>> = vec![Vec::new(); plan.returning.len()];
        let mut last = None;
        for step in &plan.steps {
            let mut statement = self.connection.prepare_cached(&step.sql).map_err(sqlite_error)?;
            let wanted = statement.parameter_count().min(values.len());
            let parameters = rusqlite::params_from_iter(&values[..wanted]);
            if step.returns {
                let mut rows = statement.query(parameters).map_err(|e| self.constraint_error(e))?;
                while let Some(row) = rows.next().map_err(|e| self.constraint_error(e))? {
                    outcome.rows_affected += 1;
                    last = Some(row.get::<_, i64>(0).map_err(sqlite_error)?);
                    for (at, column) in plan.returning.iter().enumerate() {
                        returned[at].push(returned_value(column, row.get_ref_unwrap(at + 1))?);
                    }
                }
            } else {
                let count = statement.execute(parameters).map_err(|e| self.constraint_error(e))?;
                outcome.rows_affected += count as u64;
                if count > 0 {
                    last = Some(self.connection.last_insert_rowid());
                }
            }
        }
        if let Some(row) = last {
            outcome.last_rowid = Some(rowid(plan.object, row));
        }
        if !plan.returning.is_empty() {
            if out_binds.len() != plan.returning.len() {
                return Err(plain(if out_binds.len() < plan.returning.len() { 913 } else { 947 }));
            }
            for (bind, values) in out_binds.iter().zip(returned) {
                outcome.out_binds.push((*bind, values));
            }
        }
        for change in &plan.after {
            match change {
                Change::Run(sql) => {
                    self.connection
                        .prepare_cached(sql)
                        .and_then(|mut s| s.execute([]))
                        .map_err(|e| self.constraint_error(e))?;
                }
                Change::Refuse { sql, message } => {
                    let mut statement =
                        self.connection.prepare_cached(sql).map_err(sqlite_error)?;
                    let found = if statement.parameter_count() > 0 {
                        statement.exists([floor])
                    } else {
                        statement.exists([])
                    };
                    if found.map_err(sqlite_error)? {
                        return Err(super::error::from_text(message).unwrap_or_else(|| plain(2290)));
                    }
                }
            }
        }
        Ok(())
    }

    /// A broken UNIQUE of SQLite's as ORA-00001 of the constraint or index behind it.
    pub(super) fn constraint_error(&self, error: rusqlite::Error) -> DbError {
        let text = error.to_string();
        let Some(places) = text.split_once("UNIQUE constraint failed: ").map(|(_, rest)| rest)
        else {
            return sqlite_error(error);
        };
        let catalog = self.catalog();
        let mut physical = "";
        let mut columns = Vec::new();
        for place in places.split(", ") {
            let (table, column) = place.trim().split_once('.').unwrap_or((place, ""));
            physical = table;
            columns.push(column.to_owned());
        }
        // For an index on expressions: `index 'i73005'`.
        let index_name = places.strip_prefix("index '").and_then(|r| r.split('\'').next());
        if let Some(object) = index_name.and_then(|n| catalog.objects().find(|o| o.physical() == n))
        {
            return self.duplicate(&object.owner, &object.name, None);
        }
        let Some(object) =
            catalog.objects().find(|o| o.table().is_some() && o.physical() == physical)
        else {
            return ora(1, "unique constraint violated");
        };
        let Some(table) = object.table() else { return plain(1) };
        let names: Vec<&str> = columns
            .iter()
            .filter_map(|c| table.columns.iter().find(|t| t.physical() == *c))
            .map(|c| c.name.as_str())
            .collect();
        let place = (object.owner.as_str(), object.name.as_str(), names.as_slice());
        let constraint = table.constraints.iter().find(|c| {
            matches!(c.kind, ConstraintKind::Primary | ConstraintKind::Unique)
                && c.columns.iter().map(String::as_str).eq(names.iter().copied())
        });
        if let Some(constraint) = constraint {
            return self.duplicate(&object.owner, &constraint.name, Some(place));
        }
        let index = catalog.indexes_of(&object.owner, &object.name).into_iter().find(|o| match &o
            .definition
        {
            Definition::Index(index) => {
                index.unique
                    && index.columns.iter().map(|(c, _)| c.as_str()).eq(names.iter().copied())
            }
            _ => false,
        });
        match index {
            Some(index) => self.duplicate(&index.owner, &index.name, Some(place)),
            None => self.duplicate(&object.owner, &object.name, Some(place)),
        }
    }

    fn duplicate(&self, owner: &str, name: &str, place: Option<(&str, &str, &[&str])>) -> DbError {
        let mut text = format!("unique constraint ({owner}.{name}) violated");
        if let (Some((owner, table, columns)), true) =
            (place, self.shared().settings.generation >= Generation::V23)
        {
            text.push_str(&format!(" on table {owner}.{table} columns ({})", columns.join(", ")));
        }
        ora(1, text)
    }
}

fn rowid(object: u64, row: i64) -> Rowid {
    rowid_of(object as i64, row)
}

fn returned_value(column: &OutColumn, value: rusqlite::types::ValueRef<'_>) -> Result<Value> {
    read_value(column.ty.kind, value)
}

fn returning(items: Option<&[SelectItem]>) -> Result<Vec<Expr>> {
    items
        .unwrap_or(&[])
        .iter()
        .map(|item| match item {
            SelectItem::UnnamedExpr(expr) => Ok(expr.clone()),
            _ => Err(plain(936)),
        })
        .collect()
}
