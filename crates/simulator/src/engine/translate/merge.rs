//! MERGE.

use sqlparser::ast::{
    Merge, MergeAction, MergeClauseKind, MergeInsertKind, MergeUpdateKind, TableFactor,
};

use super::super::error::{Result, plain, unsupported};
use super::Translator;
use super::dml::{DmlPlan, Step, table_of};
use super::scope::Scope;

impl<'a> Translator<'a> {
    pub(crate) fn merge(&mut self, merge: &Merge) -> Result<DmlPlan> {
        let (name, alias) = table_of(&merge.table)?;
        let target = self.target(name, alias.map(|a| &a.name), "INSERT")?;
        let (mut steps, mut after) = (Vec::new(), Vec::new());
        let mut inserts = Vec::new();
        for clause in &merge.clauses {
            self.scopes.push(Scope::default());
            let step = match (&clause.clause_kind, &clause.action) {
                (MergeClauseKind::Matched, MergeAction::Update(update)) => {
                    if update.delete_predicate.is_some() {
                        return Err(unsupported("DELETE WHERE in MERGE"));
                    }
                    let source = self.merge_source(&merge.source)?;
                    self.enter(&target);
                    let mut tests = vec![self.condition(&merge.on)?];
                    for test in [&clause.predicate, &update.update_predicate].into_iter().flatten()
                    {
                        tests.push(self.condition(test)?);
                    }
                    let MergeUpdateKind::Set(assignments) = &update.kind else {
                        return Err(plain(927));
                    };
                    let (sets, changed) = self.assignments(&target, assignments)?;
                    after.extend(self.after_write(&target, Some(&changed))?);
                    Step {
                        sql: format!(
                            "UPDATE {} AS {} SET {} FROM {source} WHERE {} RETURNING rowid",
                            target.object.physical(),
                            target.alias,
                            sets.join(", "),
                            tests.join(" AND ")
                        ),
                        returns: true,
                    }
                }
                (
                    MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget,
                    MergeAction::Insert(insert),
                ) => {
                    let source = self.merge_source(&merge.source)?;
                    let MergeInsertKind::Values(values) = &insert.kind else {
                        return Err(plain(926));
                    };
                    let [row] = values.rows.as_slice() else { return Err(plain(926)) };
                    let mut columns = Vec::new();
                    for name in &insert.columns {
                        let ident =
                            name.0.last().and_then(|p| p.as_ident()).ok_or_else(|| plain(904))?;
                        columns.push(self.column_named(&target, ident)?);
                    }
                    if columns.is_empty() {
                        columns = target.table.columns.iter().filter(|c| !c.hidden).collect();
                    }
                    if columns.len() != row.content.len() {
                        return Err(plain(if row.content.len() < columns.len() {
                            947
                        } else {
                            913
                        }));
                    }
                    let (names, texts) = self.value_list(&target, &columns, &row.content)?;
                    let mut tests = Vec::new();
                    for test in [&clause.predicate, &insert.insert_predicate].into_iter().flatten()
                    {
                        tests.push(self.condition(test)?);
                    }
                    self.enter(&target);
                    let on = self.condition(&merge.on)?;
                    tests.push(format!(
                        "NOT EXISTS (SELECT 1 FROM {} AS {} WHERE {on})",
                        target.object.physical(),
                        target.alias
                    ));
                    after.extend(self.after_write(&target, None)?);
                    inserts.push(Step {
                        sql: format!(
                            "INSERT INTO {}({}) SELECT {} FROM {source} WHERE {} RETURNING rowid",
                            target.object.physical(),
                            names.join(","),
                            texts.join(","),
                            tests.join(" AND ")
                        ),
                        returns: true,
                    });
                    self.scopes.pop();
                    continue;
                }
                _ => return Err(unsupported("this clause of MERGE")),
            };
            self.scopes.pop();
            steps.push(step);
        }
        steps.extend(inserts);
        Ok(DmlPlan {
            object: target.object.id,
            physical: target.object.physical(),
            steps,
            after,
            is_insert: false,
            many: true,
            returning: Vec::new(),
        })
    }

    fn merge_source(&mut self, source: &TableFactor) -> Result<String> {
        let table = sqlparser::ast::TableWithJoins { relation: source.clone(), joins: Vec::new() };
        Ok(self.from(std::slice::from_ref(&table), None)?.0)
    }
}
