//! What a change has to be checked against, and what it takes along: constraints.

use super::super::catalog::{Constraint, ConstraintKind, Object, OnDelete};
use super::super::error::{Result, plain};
use super::super::types::Kind;
use super::Translator;
use super::dml::{Change, Target};
use super::scope::Scope;
use super::source::table_relation;

/// The longest chain of ON DELETE CASCADE.
const MAX_CASCADE: usize = 16;

impl<'a> Translator<'a> {
    /// CHECK constraints and foreign keys of the rows written; `changed` are the columns of an
    /// UPDATE.
    pub(super) fn after_write(
        &mut self,
        target: &Target<'_>,
        changed: Option<&[String]>,
    ) -> Result<Vec<Change>> {
        let mut after = Vec::new();
        for constraint in target.table.constraints.iter().filter(|c| c.enabled && !c.not_null) {
            match &constraint.kind {
                ConstraintKind::Check(text) => {
                    let alias = self.alias("a");
                    let relation = table_relation(
                        target.object,
                        target.table,
                        &alias,
                        &target.object.name,
                        None,
                    );
                    self.scopes.push(Scope { relations: vec![relation], ..Scope::default() });
                    let test = self.stored_expression(text);
                    self.scopes.pop();
                    after.push(Change::Refuse {
                        sql: format!(
                            "SELECT 1 FROM {} AS {alias} WHERE {alias}.rowid > ?1 AND NOT {} LIMIT 1",
                            target.object.physical(),
                            test?.sql
                        ),
                        message: format!(
                            "ORA-02290: check constraint ({}.{}) violated",
                            target.object.owner, constraint.name
                        ),
                    });
                }
                ConstraintKind::Foreign { .. } => {
                    let touched = changed.is_none_or(|changed| {
                        constraint.columns.iter().any(|c| changed.contains(c))
                    });
                    if touched && let Some(orphans) = self.orphans(target.object, constraint) {
                        after.push(Change::Refuse {
                                sql: format!("SELECT 1 FROM {orphans} AND c.rowid > ?1 LIMIT 1"),
                                message: format!(
                                    "ORA-02291: integrity constraint ({}.{}) violated - parent key not found",
                                    target.object.owner, constraint.name
                                ),
                            });
                    }
                }
                ConstraintKind::Primary | ConstraintKind::Unique => {}
            }
        }
        Ok(after)
    }

    /// A CHECK condition of a table whose alias is `a1`.
    pub(crate) fn check_condition(&mut self, object: &Object, text: &str) -> Result<String> {
        let table = object.table().ok_or_else(|| plain(942))?;
        let relation = table_relation(object, table, "a1", &object.name, None);
        self.scopes.push(Scope { relations: vec![relation], ..Scope::default() });
        let test = self.stored_expression(text);
        self.scopes.pop();
        let test = test?;
        if test.ty.kind != Kind::Boolean {
            return Err(plain(920));
        }
        Ok(test.sql)
    }

    /// An expression of a table's columns as an index has it: without an alias.
    pub(crate) fn index_expression(&mut self, object: &Object, text: &str) -> Result<String> {
        let table = object.table().ok_or_else(|| plain(942))?;
        let mut relation = table_relation(object, table, "", &object.name, None);
        for (column, definition) in relation.columns.iter_mut().zip(&table.columns) {
            column.sql = definition.physical();
        }
        self.scopes.push(Scope { relations: vec![relation], ..Scope::default() });
        let value = self.stored_expression(text);
        self.scopes.pop();
        Ok(value?.sql)
    }

    /// `<child> AS c WHERE <no parent>`, for a foreign key.
    pub(crate) fn orphans(&self, child: &Object, constraint: &Constraint) -> Option<String> {
        let ConstraintKind::Foreign { owner, table, constraint: key, .. } = &constraint.kind else {
            return None;
        };
        let parent = self.catalog.find(owner, table)?;
        let parent_table = parent.table()?;
        let key = parent_table.constraints.iter().find(|c| c.name == *key)?;
        let child_table = child.table()?;
        let mut matches = Vec::new();
        let mut present = Vec::new();
        for (from, to) in constraint.columns.iter().zip(&key.columns) {
            let from = child_table.column(from)?.physical();
            let to = parent_table.column(to)?.physical();
            matches.push(format!("p.{to} = c.{from}"));
            present.push(format!("c.{from} IS NOT NULL"));
        }
        Some(format!(
            "{} AS c WHERE {} AND NOT EXISTS (SELECT 1 FROM {} AS p WHERE {})",
            child.physical(),
            present.join(" AND "),
            parent.physical(),
            matches.join(" AND ")
        ))
    }

    /// What the children of removed (or changed) keys demand.
    pub(super) fn after_removal(
        &self,
        parent: &Object,
        changed: Option<&[String]>,
        depth: usize,
    ) -> Result<Vec<Change>> {
        let mut after = Vec::new();
        if depth > MAX_CASCADE {
            return Ok(after);
        }
        for (child, constraint) in self.catalog.children_of(&parent.owner, &parent.name) {
            let ConstraintKind::Foreign { constraint: key, on_delete, .. } = &constraint.kind
            else {
                continue;
            };
            if !constraint.enabled {
                continue;
            }
            if let (Some(changed), Some(table)) = (changed, parent.table()) {
                let key = table.constraints.iter().find(|c| c.name == *key);
                if !key.is_some_and(|k| k.columns.iter().any(|c| changed.contains(c))) {
                    continue;
                }
            }
            let Some(orphans) = self.orphans(child, constraint) else { continue };
            let on_delete = if changed.is_some() { OnDelete::Refuse } else { *on_delete };
            match on_delete {
                OnDelete::Refuse => after.push(Change::Refuse {
                    sql: format!("SELECT 1 FROM {orphans} LIMIT 1"),
                    message: format!(
                        "ORA-02292: integrity constraint ({}.{}) violated - child record found",
                        child.owner, constraint.name
                    ),
                }),
                OnDelete::Cascade => {
                    after.push(Change::Run(format!(
                        "DELETE FROM {} WHERE rowid IN (SELECT c.rowid FROM {orphans})",
                        child.physical()
                    )));
                    if child.id != parent.id {
                        after.extend(self.after_removal(child, None, depth + 1)?);
                    }
                }
                OnDelete::SetNull => {
                    let table = child.table();
                    let sets: Vec<String> = constraint
                        .columns
                        .iter()
                        .filter_map(|c| table.and_then(|t| t.column(c)))
                        .map(|c| format!("{} = NULL", c.physical()))
                        .collect();
                    after.push(Change::Run(format!(
                        "UPDATE {} SET {} WHERE rowid IN (SELECT c.rowid FROM {orphans})",
                        child.physical(),
                        sets.join(", ")
                    )));
                }
            }
        }
        Ok(after)
    }
}
