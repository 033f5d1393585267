//! FROM: tables, views, subqueries, joins, and Oracle's `(+)`.

use std::collections::BTreeSet;

use sqlparser::ast::{
    Expr, Ident, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor, TableWithJoins,
};

use super::super::catalog::{Definition, Object, Rights, Table};
use super::super::error::{Result, ora_at, plain, plain_at, unsupported};
use super::super::lexer::lex;
use super::super::settings::Generation;
use super::super::types::{Kind, OraType};
use super::query::conjuncts;
use super::scope::{Relation, ScopeColumn};
use super::{OutColumn, Translator, name_of};

/// The deepest that views may stand on one another.
const MAX_VIEW_DEPTH: usize = 32;

impl Translator<'_> {
    /// The text of FROM, and the parts of WHERE that are left to check.
    pub(super) fn from<'e>(
        &mut self,
        tables: &[TableWithJoins],
        selection: Option<&'e Expr>,
    ) -> Result<(String, Vec<&'e Expr>)> {
        let mut pieces = Vec::new();
        // Which of the scope's relations came from which piece.
        let mut owners: Vec<std::ops::Range<usize>> = Vec::new();
        for table in tables {
            let first = self.scope().relations.len();
            pieces.push(self.joined(table)?);
            owners.push(first..self.scope().relations.len());
        }
        let mut tests = Vec::new();
        if let Some(selection) = selection {
            conjuncts(selection, &mut tests);
        }
        let (outer, rest): (Vec<&Expr>, Vec<&Expr>) =
            tests.into_iter().partition(|test| has_outer_mark(test));
        if outer.is_empty() {
            return Ok((pieces.join(", "), rest));
        }
        // Each mark moves its test into the ON of the marked table.
        let mut on: Vec<Vec<String>> = vec![Vec::new(); pieces.len()];
        let mut needs: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); pieces.len()];
        for test in outer {
            let mut marked = Vec::new();
            let mut unmarked = Vec::new();
            columns_of(test, false, &mut marked, &mut unmarked);
            let piece_of = |translator: &Self, parts: &[Ident]| -> Option<usize> {
                let relation = translator.relation_of(parts)?;
                owners.iter().position(|range| range.contains(&relation))
            };
            let target =
                marked.first().and_then(|parts| piece_of(self, parts)).ok_or_else(|| plain(936))?;
            for parts in &unmarked {
                if let Some(piece) = piece_of(self, parts).filter(|piece| *piece != target) {
                    needs[target].insert(piece);
                }
            }
            on[target].push(self.condition(test)?);
        }
        let mut placed: BTreeSet<usize> = BTreeSet::new();
        let mut sql = String::new();
        for (index, piece) in pieces.iter().enumerate() {
            if on[index].is_empty() {
                if !sql.is_empty() {
                    sql.push_str(" CROSS JOIN ");
                }
                sql.push_str(piece);
                placed.insert(index);
            }
        }
        while placed.len() < pieces.len() {
            let next = (0..pieces.len())
                .find(|i| !placed.contains(i) && needs[*i].is_subset(&placed))
                .ok_or_else(|| {
                    super::super::error::ora(
                        1416,
                        "two tables cannot be outer-joined to each other",
                    )
                })?;
            if sql.is_empty() {
                sql.push_str(&pieces[next]);
            } else {
                sql.push_str(&format!(" LEFT JOIN {} ON {}", pieces[next], on[next].join(" AND ")));
            }
            placed.insert(next);
        }
        Ok((sql, rest))
    }

    /// The relation of the current scope that has a column.
    fn relation_of(&self, parts: &[Ident]) -> Option<usize> {
        let scope = self.scopes.last()?;
        let names: Vec<String> = parts.iter().map(name_of).collect();
        let (column, table) = names.split_last().map(|(c, rest)| (c, rest.last()))?;
        scope.relations.iter().position(|r| match table {
            Some(table) => r.name.as_ref() == Some(table),
            None => r.columns.iter().any(|c| c.name == *column),
        })
    }

    fn joined(&mut self, table: &TableWithJoins) -> Result<String> {
        let first = self.scope().relations.len();
        let mut sql = self.factor(&table.relation)?;
        for join in &table.joins {
            let middle = self.scope().relations.len();
            let right = self.factor(&join.relation)?;
            let (word, constraint) = match &join.join_operator {
                JoinOperator::Join(c) | JoinOperator::Inner(c) => ("JOIN", c),
                JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => ("LEFT JOIN", c),
                JoinOperator::Right(c) | JoinOperator::RightOuter(c) => ("RIGHT JOIN", c),
                JoinOperator::FullOuter(c) => ("FULL JOIN", c),
                JoinOperator::CrossJoin(c) => ("CROSS JOIN", c),
                _ => return Err(unsupported("this kind of join")),
            };
            let nullable_left = matches!(word, "RIGHT JOIN" | "FULL JOIN");
            let nullable_right = matches!(word, "LEFT JOIN" | "FULL JOIN");
            let scope = self.scope();
            for (index, relation) in scope.relations.iter_mut().enumerate().skip(first) {
                let nullable = if index < middle { nullable_left } else { nullable_right };
                if nullable {
                    for column in &mut relation.columns {
                        column.nullable = true;
                    }
                }
            }
            let on = match constraint {
                JoinConstraint::On(condition) => Some(self.join_condition(condition, first)?),
                JoinConstraint::Using(names) => {
                    let names: Vec<String> = names
                        .iter()
                        .filter_map(|n| n.0.last().and_then(|p| p.as_ident()))
                        .map(name_of)
                        .collect();
                    Some(self.using(&names, first, middle, word)?)
                }
                JoinConstraint::Natural => {
                    let scope = self.scope();
                    let right: BTreeSet<String> = scope.relations[middle..]
                        .iter()
                        .flat_map(|r| {
                            r.columns.iter().filter(|c| !c.hidden).map(|c| c.name.clone())
                        })
                        .collect();
                    let common: Vec<String> = scope.relations[first..middle]
                        .iter()
                        .flat_map(|r| r.columns.iter().filter(|c| !c.merged && !c.hidden))
                        .map(|c| c.name.clone())
                        .filter(|name| right.contains(name))
                        .collect();
                    if common.is_empty() {
                        None
                    } else {
                        Some(self.using(&common, first, middle, word)?)
                    }
                }
                _ => None,
            };
            match (on, word) {
                (Some(on), _) => sql.push_str(&format!(" {word} {right} ON {on}")),
                (None, "CROSS JOIN") => sql.push_str(&format!(" CROSS JOIN {right}")),
                (None, _) if matches!(constraint, JoinConstraint::Natural) => {
                    sql.push_str(&format!(" {word} {right} ON 1"));
                }
                (None, _) => return Err(plain(905)),
            }
        }
        if table.joins.is_empty() { Ok(sql) } else { Ok(format!("({sql})")) }
    }

    /// ON sees only the tables of its own join.
    fn join_condition(&mut self, condition: &Expr, first: usize) -> Result<String> {
        let scope = self.scope();
        let before: Vec<Relation> = scope.relations.drain(..first).collect();
        let result = self.condition(condition);
        self.scope().relations.splice(0..0, before);
        result
    }

    fn using(
        &mut self,
        names: &[String],
        first: usize,
        middle: usize,
        word: &str,
    ) -> Result<String> {
        let scope = self.scope();
        let mut tests = Vec::new();
        for name in names {
            let mut left = None;
            let mut right = None;
            for (index, relation) in scope.relations.iter().enumerate().skip(first) {
                for (at, column) in relation.columns.iter().enumerate() {
                    if column.name == *name && !column.merged {
                        let slot = if index < middle { &mut left } else { &mut right };
                        *slot = Some((index, at));
                    }
                }
            }
            let (Some((li, lc)), Some((ri, rc))) = (left, right) else {
                return Err(super::super::error::ora(
                    904,
                    format!("\"{name}\": invalid identifier"),
                ));
            };
            let (a, b) =
                (scope.relations[li].columns[lc].clone(), scope.relations[ri].columns[rc].clone());
            let typed = |c: &ScopeColumn| super::Typed::new(c.sql.clone(), c.ty);
            let (x, y) = super::operators::comparable(&typed(&a), &typed(&b))?;
            tests.push(format!("{x} = {y}"));
            scope.relations[li].columns[lc].leading = true;
            // The side that an outer join keeps gives the value.
            match word {
                "RIGHT JOIN" => {
                    scope.relations[li].columns[lc].sql = b.sql.clone();
                    scope.relations[ri].columns[rc].merged = true;
                }
                "FULL JOIN" => {
                    scope.relations[li].columns[lc].sql = format!("coalesce({},{})", a.sql, b.sql);
                    scope.relations[ri].columns[rc].merged = true;
                }
                _ => scope.relations[ri].columns[rc].merged = true,
            }
        }
        Ok(tests.join(" AND "))
    }

    fn factor(&mut self, factor: &TableFactor) -> Result<String> {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                self.named_table(name, alias.as_ref())
            }
            TableFactor::Derived { lateral: false, subquery, alias, .. } => {
                // What stands before it in FROM is not visible inside.
                let relations = std::mem::take(&mut self.scope().relations);
                let query = self.subquery(subquery);
                self.scope().relations = relations;
                let query = query?;
                let sql_alias = self.alias("q");
                let columns = self.renamed(&query.columns, alias.as_ref())?;
                self.push_derived(&sql_alias, alias.as_ref().map(|a| name_of(&a.name)), &columns);
                Ok(format!("({}) AS {sql_alias}", query.sql))
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                Ok(format!("({})", self.joined(table_with_joins)?))
            }
            TableFactor::TableFunction { expr, alias } => self.collection(expr, alias.as_ref()),
            TableFactor::Table { name, .. } => Err(unsupported(format!("table function {name}"))),
            other => Err(unsupported(format!("FROM {other}"))),
        }
    }

    fn renamed(&self, columns: &[OutColumn], alias: Option<&TableAlias>) -> Result<Vec<OutColumn>> {
        let names = alias.map_or(&[][..], |a| a.columns.as_slice());
        if !names.is_empty() && names.len() != columns.len() {
            return Err(plain(1789));
        }
        Ok(columns
            .iter()
            .enumerate()
            .map(|(i, c)| OutColumn {
                name: names.get(i).map_or_else(|| c.name.clone(), |n| name_of(&n.name)),
                ..c.clone()
            })
            .collect())
    }

    fn push_derived(&mut self, sql_alias: &str, name: Option<String>, columns: &[OutColumn]) {
        let columns = columns
            .iter()
            .enumerate()
            .map(|(i, c)| ScopeColumn {
                name: c.name.clone(),
                sql: format!("{sql_alias}.k{i}"),
                ty: if c.ty.kind == Kind::Null { OraType::varchar(1) } else { c.ty },
                nullable: c.nullable,
                hidden: false,
                merged: false,
                leading: false,
            })
            .collect();
        self.scope().relations.push(Relation { name, owner: None, columns, row: None });
    }

    /// `TABLE(SYS.ODCINUMBERLIST(...))`.
    fn collection(&mut self, expr: &Expr, alias: Option<&TableAlias>) -> Result<String> {
        let Expr::Function(function) = expr else { return Err(unsupported("TABLE()")) };
        let name =
            function.name.0.last().and_then(|p| p.as_ident()).map(name_of).unwrap_or_default();
        let ty = match name.as_str() {
            "ODCINUMBERLIST" => OraType::NUMBER,
            "ODCIVARCHAR2LIST" => OraType::varchar(4000),
            "ODCIDATELIST" => OraType::DATE,
            _ => return Err(unsupported(format!("TABLE({name})"))),
        };
        let mut rows = Vec::new();
        for argument in super::call::plain_arguments(function)? {
            let value = self.expression(argument)?;
            rows.push(format!("SELECT {} AS k0", super::convert::convert(&value, &ty)?.sql));
        }
        if rows.is_empty() {
            rows.push("SELECT NULL AS k0 WHERE 0".to_owned());
        }
        let sql_alias = self.alias("q");
        let column = OutColumn { name: "COLUMN_VALUE".to_owned(), ty, nullable: true };
        self.push_derived(&sql_alias, alias.map(|a| name_of(&a.name)), &[column]);
        Ok(format!("({}) AS {sql_alias}", rows.join(" UNION ALL ")))
    }

    fn named_table(&mut self, name: &ObjectName, alias: Option<&TableAlias>) -> Result<String> {
        let idents: Vec<&Ident> = name.0.iter().filter_map(|p| p.as_ident()).collect();
        let last = idents.last().ok_or_else(|| plain(903))?;
        let table = name_of(last);
        let owner = if idents.len() > 1 { Some(name_of(idents[idents.len() - 2])) } else { None };
        let shown_name = alias.map_or_else(|| table.clone(), |a| name_of(&a.name));
        if owner.is_none()
            && let Some(cte) = self.ctes.iter().rev().find(|c| c.name == table).cloned()
        {
            let sql_alias = self.alias("q");
            self.push_derived(&sql_alias, Some(shown_name), &cte.columns);
            return Ok(format!("{} AS {sql_alias}", cte.sql_name));
        }
        let found = self.catalog.resolve(owner.as_deref(), &self.schema, &table);
        if let Some(object) = found
            && self.catalog.may_see(&self.rights, object)
        {
            return self.object(object, &shown_name, alias.is_none(), last);
        }
        if table == "DUAL" && owner.as_deref().is_none_or(|o| o == "SYS") {
            let sql_alias = self.alias("a");
            let column = ScopeColumn {
                name: "DUMMY".to_owned(),
                sql: "'X'".to_owned(),
                ty: OraType::varchar(1),
                nullable: true,
                hidden: false,
                merged: false,
                leading: false,
            };
            self.scope().relations.push(Relation {
                name: Some(shown_name),
                owner: None,
                columns: vec![column],
                row: None,
            });
            return Ok(format!("(SELECT 1) AS {sql_alias}"));
        }
        if let Some((source, columns)) = super::super::generators::table(&table) {
            let sql_alias = self.alias("a");
            let columns = columns
                .into_iter()
                .map(|c| ScopeColumn {
                    name: c.name.to_owned(),
                    sql: c.sql.replace("{row}", &format!("{sql_alias}.value")),
                    ty: c.ty,
                    nullable: c.nullable,
                    hidden: false,
                    merged: false,
                    leading: false,
                })
                .collect();
            self.scope().relations.push(Relation {
                name: Some(shown_name),
                owner: None,
                columns,
                row: None,
            });
            return Ok(format!("{source} AS {sql_alias}"));
        }
        Err(self.no_table(owner.as_deref(), &table, last))
    }

    /// ORA-00942 for a name.
    pub(super) fn no_table(
        &self,
        owner: Option<&str>,
        table: &str,
        ident: &Ident,
    ) -> oraedge::error::DbError {
        let at = self.offset(ident);
        if self.environment.settings.generation >= Generation::V23 {
            let owner = owner.unwrap_or(&self.schema);
            return ora_at(
                942,
                format!("table or view \"{owner}\".\"{table}\" does not exist"),
                at,
            );
        }
        plain_at(942, at)
    }

    fn object(
        &mut self,
        object: &Object,
        shown_name: &str,
        with_owner: bool,
        ident: &Ident,
    ) -> Result<String> {
        if !self.catalog.may(&self.rights, object, "SELECT") {
            return Err(plain_at(1031, self.offset(ident)));
        }
        let owner = with_owner.then(|| object.owner.clone());
        match &object.definition {
            Definition::Table(table) => {
                let sql_alias = self.alias("a");
                let relation = table_relation(object, table, &sql_alias, shown_name, owner);
                self.scope().relations.push(relation);
                Ok(format!("{} AS {sql_alias}", object.physical()))
            }
            Definition::View(view) => {
                let sql_alias = self.alias("q");
                let (sql, mut columns) = self.view(object, &view.text)?;
                for (column, named) in columns.iter_mut().zip(&view.columns) {
                    column.name.clone_from(&named.name);
                }
                self.push_derived(&sql_alias, Some(shown_name.to_owned()), &columns);
                if let Some(relation) = self.scope().relations.last_mut() {
                    relation.owner = owner;
                }
                Ok(format!("({sql}) AS {sql_alias}"))
            }
            _ => Err(self.no_table(Some(&object.owner), &object.name, ident)),
        }
    }

    /// A view's query, as its owner sees it.
    fn view(&mut self, object: &Object, text: &str) -> Result<(String, Vec<OutColumn>)> {
        if self.depth > MAX_VIEW_DEPTH * 4 {
            return Err(super::super::error::ora(1731, "circular view definition encountered"));
        }
        let lexed = lex(text)?;
        let parsed = super::super::parse::query(&lexed)?;
        let mut inner = Translator::new(self.catalog, self.environment, &lexed.positions, &[], &[]);
        inner.cast_types = &parsed.types;
        inner.schema.clone_from(&object.owner);
        inner.rights = Rights { user: object.owner.clone(), roles: Vec::new() };
        inner.next_alias = self.next_alias;
        inner.depth = self.depth + 4;
        let translated = inner.subquery(&parsed.query).map_err(|error| {
            let message =
                format!("view \"{}.{}\" has errors ({})", object.owner, object.name, error.message);
            super::super::error::ora(4063, message)
        })?;
        self.next_alias = inner.next_alias;
        self.volatile |= inner.volatile;
        Ok((translated.sql, translated.columns))
    }
}

/// A table as a relation.
pub(super) fn table_relation(
    object: &Object,
    table: &Table,
    sql_alias: &str,
    shown_name: &str,
    owner: Option<String>,
) -> Relation {
    let columns = table
        .columns
        .iter()
        .map(|c| ScopeColumn {
            name: c.name.clone(),
            sql: format!("{sql_alias}.{}", c.physical()),
            ty: c.ty,
            nullable: c.nullable,
            hidden: c.hidden,
            merged: false,
            leading: false,
        })
        .collect();
    Relation {
        name: Some(shown_name.to_owned()),
        owner,
        columns,
        row: Some((format!("{sql_alias}.rowid"), object.id)),
    }
}

fn has_outer_mark(expression: &Expr) -> bool {
    match expression {
        Expr::OuterJoin(_) => true,
        Expr::BinaryOp { left, right, .. } => has_outer_mark(left) || has_outer_mark(right),
        Expr::UnaryOp { expr, .. }
        | Expr::Nested(expr)
        | Expr::IsNull(expr)
        | Expr::IsNotNull(expr) => has_outer_mark(expr),
        Expr::Between { expr, low, high, .. } => {
            has_outer_mark(expr) || has_outer_mark(low) || has_outer_mark(high)
        }
        Expr::Like { expr, pattern, .. } => has_outer_mark(expr) || has_outer_mark(pattern),
        Expr::In { expr, .. } => has_outer_mark(expr),
        Expr::Function(function) => super::call::plain_arguments(function)
            .is_ok_and(|arguments| arguments.into_iter().any(has_outer_mark)),
        _ => false,
    }
}

fn columns_of(
    expression: &Expr,
    is_marked: bool,
    marked: &mut Vec<Vec<Ident>>,
    unmarked: &mut Vec<Vec<Ident>>,
) {
    let mut walk = |e: &Expr| columns_of(e, is_marked, marked, unmarked);
    match expression {
        Expr::OuterJoin(inner) => columns_of(inner, true, marked, unmarked),
        Expr::Identifier(ident) => {
            if is_marked {
                marked.push(vec![ident.clone()])
            } else {
                unmarked.push(vec![ident.clone()])
            }
        }
        Expr::CompoundIdentifier(parts) => {
            if is_marked {
                marked.push(parts.clone())
            } else {
                unmarked.push(parts.clone())
            }
        }
        Expr::BinaryOp { left, right, .. } => {
            walk(left);
            walk(right);
        }
        Expr::UnaryOp { expr, .. }
        | Expr::Nested(expr)
        | Expr::IsNull(expr)
        | Expr::IsNotNull(expr) => {
            walk(expr);
        }
        Expr::Between { expr, low, high, .. } => {
            walk(expr);
            walk(low);
            walk(high);
        }
        Expr::Like { expr, pattern, .. } => {
            walk(expr);
            walk(pattern);
        }
        Expr::In { expr, .. } => walk(expr),
        Expr::Function(function) => {
            for argument in super::call::plain_arguments(function).unwrap_or_default() {
                walk(argument);
            }
        }
        _ => {}
    }
}
