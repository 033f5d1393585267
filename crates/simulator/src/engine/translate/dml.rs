//! INSERT, UPDATE, DELETE and MERGE: what to run, and what must hold afterwards.

use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr, FromTable, Ident, Insert, ObjectName, Query,
    SetExpr, TableAlias, TableFactor, TableObject, Update,
};

use super::super::catalog::{Definition, Object, Table, TableColumn};
use super::super::error::{Result, ora, ora_at, plain, plain_at, unsupported};
use super::super::functions::{FIXED, IN_CHARS};
use super::super::lexer::lex;
use super::super::types::{FLOATING, Kind};
use super::convert::{convert, literal_text};
use super::query::conjuncts;
use super::scope::Scope;
use super::source::table_relation;
use super::{OutColumn, Translator, Typed, name_of};

/// One statement of SQLite's.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) sql: String,
    /// Whether rows come back: SQLite's row number, then the RETURNING expressions.
    pub(crate) returns: bool,
}

/// What is done or must hold after the steps. `?1` is the highest row number before them (for an
/// INSERT; else the lowest of all).
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// Done as it is (ON DELETE CASCADE, SET NULL).
    Run(String),
    /// A row of this query is a violation; the text is the error.
    Refuse { sql: String, message: String },
}

/// A DML statement, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct DmlPlan {
    /// The table's object number.
    pub(crate) object: u64,
    /// The table's name in SQLite.
    pub(crate) physical: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) after: Vec<Change>,
    pub(crate) is_insert: bool,
    /// More than one row may change, so that an error must undo the rows before it.
    pub(crate) many: bool,
    /// What RETURNING gives.
    pub(crate) returning: Vec<OutColumn>,
}

/// A table that is changed: the object, its definition, its alias in SQLite and in the statement.
pub(super) struct Target<'c> {
    pub(super) object: &'c Object,
    pub(super) table: &'c Table,
    pub(super) alias: String,
    pub(super) shown: String,
}

impl<'a> Translator<'a> {
    pub(super) fn target(
        &mut self,
        name: &ObjectName,
        alias: Option<&Ident>,
        privilege: &str,
    ) -> Result<Target<'a>> {
        let idents: Vec<&Ident> = name.0.iter().filter_map(|p| p.as_ident()).collect();
        let last = idents.last().ok_or_else(|| plain(903))?;
        let table_name = name_of(last);
        let owner = if idents.len() > 1 { Some(name_of(idents[idents.len() - 2])) } else { None };
        let catalog = self.catalog;
        let object = catalog
            .resolve(owner.as_deref(), &self.schema, &table_name)
            .filter(|o| catalog.may_see(&self.rights, o))
            .ok_or_else(|| self.no_table(owner.as_deref(), &table_name, last))?;
        if !catalog.may(&self.rights, object, privilege) {
            return Err(plain_at(1031, self.offset(last)));
        }
        let table = match &object.definition {
            Definition::Table(table) => table,
            Definition::View(_) => {
                return Err(ora(1732, "data manipulation operation not legal on this view"));
            }
            _ => return Err(self.no_table(owner.as_deref(), &table_name, last)),
        };
        let shown = alias.map_or(table_name, name_of);
        Ok(Target { object, table, alias: self.alias("a"), shown })
    }

    pub(super) fn enter(&mut self, target: &Target<'_>) {
        let relation = table_relation(
            target.object,
            target.table,
            &target.alias,
            &target.shown,
            Some(target.object.owner.clone()),
        );
        self.scope().relations.push(relation);
    }

    /// RETURNING: SQLite names the columns there without an alias.
    fn returning(
        &mut self,
        target: &Target<'_>,
        list: &[Expr],
    ) -> Result<(String, Vec<OutColumn>)> {
        let mut relation = table_relation(
            target.object,
            target.table,
            &target.alias,
            &target.shown,
            Some(target.object.owner.clone()),
        );
        for (column, definition) in relation.columns.iter_mut().zip(&target.table.columns) {
            column.sql = definition.physical();
        }
        relation.row = Some(("rowid".to_owned(), target.object.id));
        self.scopes.push(Scope { relations: vec![relation], ..Scope::default() });
        let result: Result<Vec<(String, OutColumn)>> = list
            .iter()
            .map(|expression| {
                let value = self.expression(expression)?;
                let column = OutColumn {
                    name: self.text_name(expression),
                    ty: value.ty,
                    nullable: value.nullable,
                };
                Ok((value.sql, column))
            })
            .collect();
        self.scopes.pop();
        let (texts, columns): (Vec<String>, Vec<OutColumn>) = result?.into_iter().unzip();
        let mut sql = " RETURNING rowid".to_owned();
        for text in texts {
            sql.push_str(&format!(", {text}"));
        }
        Ok((sql, columns))
    }

    /// A value as the column takes it: converted, checked, padded, rounded.
    pub(super) fn stored(
        &self,
        value: &Typed,
        target: &Target<'_>,
        column: &TableColumn,
        is_update: bool,
    ) -> Result<String> {
        stored(value, target.object, column, is_update)
    }

    /// What a column gets when no value is given.
    pub(crate) fn default_value(&mut self, column: &TableColumn) -> Result<Typed> {
        if let Some(identity) = &column.identity {
            self.volatile = true;
            return Ok(Typed::new(
                format!("o_nextval({},'ISEQ$$')", identity.sequence),
                super::super::types::OraType::NUMBER,
            ));
        }
        match &column.default {
            None => Ok(Typed::null()),
            Some(text) => self.stored_expression(text),
        }
    }

    /// An expression that the catalog keeps as text.
    pub(crate) fn stored_expression(&mut self, text: &str) -> Result<Typed> {
        let lexed = lex(text)?;
        let parsed = super::super::parse::expression(&lexed)?;
        let mut inner = Translator::new(self.catalog, self.environment, &lexed.positions, &[], &[]);
        inner.cast_types = &parsed.types;
        inner.schema.clone_from(&self.schema);
        inner.scopes = std::mem::take(&mut self.scopes);
        let result = inner.expression(&parsed.expression);
        self.volatile |= inner.volatile;
        self.scopes = std::mem::take(&mut inner.scopes);
        result
    }

    pub(super) fn column_named<'t>(
        &self,
        target: &Target<'t>,
        ident: &Ident,
    ) -> Result<&'t TableColumn> {
        let name = name_of(ident);
        target.table.column(&name).ok_or_else(|| {
            ora_at(904, format!("\"{name}\": invalid identifier"), self.offset(ident))
        })
    }

    pub(crate) fn insert(&mut self, insert: &Insert, returning: &[Expr]) -> Result<DmlPlan> {
        let TableObject::TableName(name) = &insert.table else { return Err(plain(903)) };
        let alias = insert.table_alias.as_ref().map(|a| &a.alias);
        let target = self.target(name, alias, "INSERT")?;
        let mut columns = Vec::new();
        for name in &insert.columns {
            let ident = name.0.last().and_then(|p| p.as_ident()).ok_or_else(|| plain(904))?;
            let column = self.column_named(&target, ident)?;
            if columns.iter().any(|c: &&TableColumn| c.name == column.name) {
                return Err(plain_at(957, self.offset(ident)));
            }
            columns.push(column);
        }
        if columns.is_empty() {
            columns = target.table.columns.iter().filter(|c| !c.hidden).collect();
        }
        let source = insert.source.as_ref().ok_or_else(|| plain(926))?;
        let (tail, returned) = if returning.is_empty() {
            (String::new(), Vec::new())
        } else {
            self.returning(&target, returning)?
        };
        let mut steps = Vec::new();
        let mut many = false;
        if let SetExpr::Values(values) = source.body.as_ref() {
            many = values.rows.len() > 1;
            for row in &values.rows {
                let sql = self.insert_values(&target, &columns, &row.content)?;
                steps.push(Step { sql: format!("{sql}{tail}"), returns: !returned.is_empty() });
            }
        } else {
            many |= true;
            let sql = self.insert_query(&target, &columns, source)?;
            steps.push(Step { sql: format!("{sql}{tail}"), returns: !returned.is_empty() });
        }
        let after = self.after_write(&target, None)?;
        Ok(DmlPlan {
            object: target.object.id,
            physical: target.object.physical(),
            many: many || !after.is_empty(),
            steps,
            after,
            is_insert: true,
            returning: returned,
        })
    }

    fn insert_values(
        &mut self,
        target: &Target<'_>,
        columns: &[&TableColumn],
        values: &[Expr],
    ) -> Result<String> {
        if values.len() != columns.len() {
            return Err(plain(if values.len() < columns.len() { 947 } else { 913 }));
        }
        self.scopes.push(Scope::default());
        let result = self.value_list(target, columns, values);
        self.scopes.pop();
        let (names, texts) = result?;
        Ok(format!(
            "INSERT INTO {}({}) VALUES ({})",
            target.object.physical(),
            names.join(","),
            texts.join(",")
        ))
    }

    pub(super) fn value_list(
        &mut self,
        target: &Target<'_>,
        columns: &[&TableColumn],
        values: &[Expr],
    ) -> Result<(Vec<String>, Vec<String>)> {
        let (mut names, mut texts) = (Vec::new(), Vec::new());
        for column in &target.table.columns {
            let given = columns.iter().position(|c| c.name == column.name);
            let value = match given.map(|at| &values[at]) {
                Some(expression) if !is_default(expression) => {
                    refuse_always(column)?;
                    let value = self.expression(expression)?;
                    self.null_default(column, value)?
                }
                _ => self.default_value(column)?,
            };
            names.push(column.physical());
            texts.push(self.stored(&value, target, column, false)?);
        }
        Ok((names, texts))
    }

    /// DEFAULT ON NULL.
    pub(super) fn null_default(&mut self, column: &TableColumn, value: Typed) -> Result<Typed> {
        if !column.default_on_null {
            return Ok(value);
        }
        let default = self.default_value(column)?;
        let value = convert(&value, &column.ty)?;
        let default = convert(&default, &column.ty)?;
        Ok(Typed::new(format!("coalesce({},{})", value.sql, default.sql), column.ty))
    }

    fn insert_query(
        &mut self,
        target: &Target<'_>,
        columns: &[&TableColumn],
        source: &Query,
    ) -> Result<String> {
        let query = self.subquery(source)?;
        if query.columns.len() != columns.len() {
            return Err(plain(if query.columns.len() < columns.len() { 947 } else { 913 }));
        }
        let alias = self.alias("q");
        let (mut names, mut texts) = (Vec::new(), Vec::new());
        for column in &target.table.columns {
            let value = match columns.iter().position(|c| c.name == column.name) {
                Some(at) => {
                    refuse_always(column)?;
                    let mut value = Typed::new(format!("{alias}.k{at}"), query.columns[at].ty);
                    value.nullable = query.columns[at].nullable;
                    self.null_default(column, value)?
                }
                None => self.default_value(column)?,
            };
            names.push(column.physical());
            texts.push(self.stored(&value, target, column, false)?);
        }
        // The WHERE keeps SQLite's parser from taking a later ON for a join's.
        Ok(format!(
            "INSERT INTO {}({}) SELECT {} FROM ({}) AS {alias} WHERE 1",
            target.object.physical(),
            names.join(","),
            texts.join(","),
            query.sql
        ))
    }

    pub(crate) fn update(&mut self, update: &Update, returning: &[Expr]) -> Result<DmlPlan> {
        let (name, alias) = table_of(&update.table.relation)?;
        let target = self.target(name, alias.map(|a| &a.name), "UPDATE")?;
        self.enter(&target);
        let (sets, changed) = self.assignments(&target, &update.assignments)?;
        let mut sql = format!(
            "UPDATE {} AS {} SET {}",
            target.object.physical(),
            target.alias,
            sets.join(", ")
        );
        if let Some(selection) = &update.selection {
            sql.push_str(&format!(" WHERE {}", self.where_clause(&target, selection)?));
        }
        let (tail, returned) = self.returning(&target, returning)?;
        sql.push_str(&tail);
        let mut after = self.after_write(&target, Some(&changed))?;
        after.extend(self.after_removal(target.object, Some(&changed), 0)?);
        Ok(DmlPlan {
            object: target.object.id,
            physical: target.object.physical(),
            steps: vec![Step { sql, returns: true }],
            after,
            is_insert: false,
            many: true,
            returning: returned,
        })
    }

    /// WHERE of a statement that changes a table.
    pub(super) fn where_clause(&mut self, target: &Target<'_>, selection: &Expr) -> Result<String> {
        let mut parts = Vec::new();
        conjuncts(selection, &mut parts);
        let (mut tests, mut limits) = (Vec::new(), Vec::new());
        for part in parts {
            match self.rownum_limit(part)? {
                Some(limit) => limits.push(limit),
                None => tests.push(self.condition(part)?),
            }
        }
        if self.scope().rownum_used {
            return Err(unsupported("this condition on ROWNUM in UPDATE and DELETE"));
        }
        if tests.is_empty() {
            tests.push("1".to_owned());
        }
        let tests = tests.join(" AND ");
        let Some(limit) = limits.pop() else { return Ok(tests) };
        if !limits.is_empty() {
            return Err(unsupported("several conditions on ROWNUM in UPDATE and DELETE"));
        }
        let (alias, physical) = (&target.alias, target.object.physical());
        Ok(format!(
            "{alias}.rowid IN (SELECT {alias}.rowid FROM {physical} AS {alias} WHERE {tests} LIMIT {limit})"
        ))
    }

    pub(super) fn assignments(
        &mut self,
        target: &Target<'_>,
        assignments: &[Assignment],
    ) -> Result<(Vec<String>, Vec<String>)> {
        let (mut sets, mut changed) = (Vec::new(), Vec::new());
        for assignment in assignments {
            match &assignment.target {
                AssignmentTarget::ColumnName(name) => {
                    let ident =
                        name.0.last().and_then(|p| p.as_ident()).ok_or_else(|| plain(904))?;
                    let column = self.column_named(target, ident)?;
                    let value = if is_default(&assignment.value) {
                        self.default_value(column)?
                    } else {
                        refuse_always(column)?;
                        self.expression(&assignment.value)?
                    };
                    let value = self.stored(&value, target, column, true)?;
                    sets.push(format!("{} = {value}", column.physical()));
                    changed.push(column.name.clone());
                }
                AssignmentTarget::Tuple(names) => {
                    let Expr::Subquery(query) = &assignment.value else { return Err(plain(1767)) };
                    let query = self.subquery(query)?;
                    if query.columns.len() != names.len() {
                        return Err(plain(if query.columns.len() < names.len() {
                            947
                        } else {
                            913
                        }));
                    }
                    let (mut physical, mut values) = (Vec::new(), Vec::new());
                    for (at, name) in names.iter().enumerate() {
                        let ident =
                            name.0.last().and_then(|p| p.as_ident()).ok_or_else(|| plain(904))?;
                        let column = self.column_named(target, ident)?;
                        let value = Typed::new(format!("k{at}"), query.columns[at].ty);
                        values.push(self.stored(&value, target, column, true)?);
                        physical.push(column.physical());
                        changed.push(column.name.clone());
                    }
                    sets.push(format!(
                        "({}) = (SELECT {} FROM ({}))",
                        physical.join(","),
                        values.join(","),
                        query.sql
                    ));
                }
            }
        }
        Ok((sets, changed))
    }

    pub(crate) fn delete(&mut self, delete: &Delete, returning: &[Expr]) -> Result<DmlPlan> {
        let tables = match &delete.from {
            FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables) => tables,
        };
        let [table] = tables.as_slice() else { return Err(plain(903)) };
        let (name, alias) = table_of(&table.relation)?;
        let target = self.target(name, alias.map(|a| &a.name), "DELETE")?;
        self.enter(&target);
        let mut sql = format!("DELETE FROM {} AS {}", target.object.physical(), target.alias);
        if let Some(selection) = &delete.selection {
            sql.push_str(&format!(" WHERE {}", self.where_clause(&target, selection)?));
        }
        let (tail, returned) = self.returning(&target, returning)?;
        sql.push_str(&tail);
        let after = self.after_removal(target.object, None, 0)?;
        Ok(DmlPlan {
            object: target.object.id,
            physical: target.object.physical(),
            steps: vec![Step { sql, returns: true }],
            after,
            is_insert: false,
            many: true,
            returning: returned,
        })
    }
}

pub(super) fn table_of(factor: &TableFactor) -> Result<(&ObjectName, Option<&TableAlias>)> {
    match factor {
        TableFactor::Table { name, alias, args: None, .. } => Ok((name, alias.as_ref())),
        _ => Err(plain(903)),
    }
}

pub(super) fn is_default(expression: &Expr) -> bool {
    matches!(expression, Expr::Identifier(i) if i.quote_style.is_none() && i.value.eq_ignore_ascii_case("DEFAULT"))
}

pub(super) fn refuse_always(column: &TableColumn) -> Result<()> {
    if column.identity.as_ref().is_some_and(|i| i.always) {
        return Err(ora(32795, "cannot insert into a generated always identity column"));
    }
    Ok(())
}

/// A value as a column takes it: converted, checked, padded, rounded.
pub(crate) fn stored(
    value: &Typed,
    object: &Object,
    column: &TableColumn,
    is_update: bool,
) -> Result<String> {
    let ty = &column.ty;
    let converted = convert(value, ty)?;
    let label = format!("\"{}\".\"{}\".\"{}\"", object.owner, object.name, column.name);
    let sql = &converted.sql;
    let quoted = literal_text(&label);
    let is_null = value.sql == "NULL";
    let mut text = match ty.kind {
        _ if is_null => sql.clone(),
        Kind::Number if ty.scale != FLOATING => {
            let precision = if ty.precision > 0 { ty.precision } else { 38 };
            format!("o_st_num({sql},{precision},{})", ty.scale)
        }
        Kind::Varchar | Kind::Nvarchar | Kind::Char | Kind::Nchar => {
            let mut flags = 0;
            if ty.in_chars {
                flags |= IN_CHARS;
            }
            if ty.kind.is_fixed_text() {
                flags |= FIXED;
            }
            format!("o_st_text({sql},{},{flags},{quoted})", ty.length)
        }
        Kind::Raw => format!("o_st_raw({sql},{},{quoted})", ty.length),
        Kind::Timestamp | Kind::TimestampTz | Kind::TimestampLtz if ty.scale < 9 => {
            format!("o_st_ts({sql},{})", ty.scale)
        }
        Kind::IntervalYm => format!("o_st_ym({sql},{})", ty.precision),
        Kind::IntervalDs => format!("o_st_ds({sql},{},{})", ty.precision, ty.scale),
        _ => sql.clone(),
    };
    if !column.nullable {
        let message = if is_update {
            format!("ORA-01407: cannot update ({label}) to NULL")
        } else {
            format!("ORA-01400: cannot insert NULL into ({label})")
        };
        text = format!("o_not_null({text},{})", literal_text(&message));
    }
    Ok(text)
}
