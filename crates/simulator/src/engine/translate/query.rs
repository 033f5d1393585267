//! Queries: SELECT, set operators, WITH, ORDER BY, row limits.

use sqlparser::ast::{
    BinaryOperator, Distinct, Expr, Fetch, GroupByExpr, LimitClause, OrderBy, OrderByExpr,
    OrderByKind, OrderBySort, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    SetOperator, SetQuantifier, Value, With,
};

use super::super::error::{Result, ora, plain, plain_at, unsupported};
use super::super::lexer::SIBLINGS_MARK;
use super::super::settings::Generation;
use super::super::types::{Class, Kind, OraType};
use super::convert::{convert, shown, to_number};
use super::scope::{Cte, Scope};
use super::{OutColumn, Translator, Typed, name_of};

/// A translated query; its columns are named `k0`, `k1` ... in SQLite.
#[derive(Debug, Clone)]
pub(crate) struct Translated {
    pub(crate) sql: String,
    pub(crate) columns: Vec<OutColumn>,
    /// It surely has no more than one row.
    pub(crate) single_row: bool,
    /// It can stand in a compound without parentheses.
    simple: bool,
}

/// How a block deals with ROWNUM.
#[derive(Clone, Copy, PartialEq)]
enum RownumPlan {
    /// Nothing known yet: find out whether the block uses it.
    Probe,
    /// Only to limit the rows: becomes LIMIT.
    Limit,
    /// Rows are numbered below everything else.
    Number,
}

/// One ORDER BY item as SQLite takes it, with Oracle's place for NULLs.
pub(super) fn sort_key(value: &Typed, item: &OrderByExpr) -> String {
    let descending = matches!(item.options.sort, Some(OrderBySort::Desc));
    let nulls_first = item.options.nulls_first.unwrap_or(descending);
    let key = if value.ty.kind == Kind::TimestampTz {
        format!("o_moment({})", value.sql)
    } else {
        value.sql.clone()
    };
    format!(
        "{key}{}{}",
        if descending { " DESC" } else { "" },
        if nulls_first { " NULLS FIRST" } else { " NULLS LAST" }
    )
}

/// The AND-ed parts of a condition.
pub(super) fn conjuncts<'e>(expression: &'e Expr, out: &mut Vec<&'e Expr>) {
    match expression {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(left, out);
            conjuncts(right, out);
        }
        Expr::Nested(inner) => conjuncts(inner, out),
        other => out.push(other),
    }
}

fn is_rownum(expression: &Expr) -> bool {
    match expression {
        Expr::Identifier(ident) => {
            ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("ROWNUM")
        }
        Expr::Nested(inner) => is_rownum(inner),
        _ => false,
    }
}

fn mentions_rownum(expression: &Expr) -> bool {
    match expression {
        Expr::BinaryOp { left, right, .. } => mentions_rownum(left) || mentions_rownum(right),
        Expr::UnaryOp { expr, .. } | Expr::IsNull(expr) | Expr::IsNotNull(expr) => {
            mentions_rownum(expr)
        }
        Expr::Between { expr, low, high, .. } => {
            mentions_rownum(expr) || mentions_rownum(low) || mentions_rownum(high)
        }
        Expr::In { expr, .. } => mentions_rownum(expr),
        Expr::Function(function) => super::call::plain_arguments(function)
            .is_ok_and(|arguments| arguments.into_iter().any(mentions_rownum)),
        other => is_rownum(other),
    }
}

impl Translator<'_> {
    /// A query that is executed itself: values that are shown otherwise than they are stored are
    /// converted.
    pub(crate) fn top_query(&mut self, query: &Query) -> Result<Translated> {
        let mut translated = self.query(query)?;
        if translated.columns.iter().any(|c| c.ty.kind == Kind::TimestampLtz) {
            let columns: Vec<String> = translated
                .columns
                .iter()
                .enumerate()
                .map(|(i, c)| {
                    let value = Typed::new(format!("k{i}"), c.ty);
                    format!("{} AS k{i}", shown(&value))
                })
                .collect();
            translated.sql = format!("SELECT {} FROM ({})", columns.join(","), translated.sql);
        }
        Ok(translated)
    }

    /// A query inside of another statement.
    pub(super) fn subquery(&mut self, query: &Query) -> Result<Translated> {
        self.query(query)
    }

    fn query(&mut self, query: &Query) -> Result<Translated> {
        let ctes_before = self.ctes.len();
        let with = query.with.as_ref().map(|w| self.with(w)).transpose()?;
        if !query.locks.is_empty() {
            self.for_update = true;
        }
        let limit = self.limit(query)?;
        let order: &[OrderByExpr] = match &query.order_by {
            Some(OrderBy { kind: OrderByKind::Expressions(items), .. }) => items,
            Some(_) => return Err(plain(936)),
            None => &[],
        };
        let mut translated = match query.body.as_ref() {
            SetExpr::Select(select) => self.select(select, order, &limit)?,
            body => {
                let body = self.set_expression(body)?;
                if order.is_empty() && limit.is_empty() {
                    body
                } else {
                    self.ordered_compound(body, order, &limit)?
                }
            }
        };
        if let Some(with) = with {
            translated.sql = format!("{with} {}", translated.sql);
            translated.simple = false;
        }
        if !limit.is_empty() {
            translated.simple = false;
        }
        self.ctes.truncate(ctes_before);
        Ok(translated)
    }

    /// OFFSET and FETCH as LIMIT and OFFSET.
    fn limit(&mut self, query: &Query) -> Result<String> {
        let offset = match &query.limit_clause {
            None => None,
            Some(LimitClause::LimitOffset { limit: None, offset, limit_by })
                if limit_by.is_empty() =>
            {
                offset.as_ref().map(|o| &o.value)
            }
            Some(_) => return Err(plain(933)),
        };
        let number = |translator: &mut Self, expression: &Expr| -> Result<String> {
            translator.scopes.push(Scope::default());
            let value = translator.expression(expression);
            translator.scopes.pop();
            Ok(format!("max(0,o_limit({}))", to_number(&value?)?.sql))
        };
        let rows = match &query.fetch {
            None => None,
            Some(Fetch { with_ties: true, .. }) => return Err(unsupported("FETCH ... WITH TIES")),
            Some(Fetch { percent: true, .. }) => return Err(unsupported("FETCH ... PERCENT")),
            Some(Fetch { quantity: None, .. }) => Some("1".to_owned()),
            Some(Fetch { quantity: Some(quantity), .. }) => Some(number(self, quantity)?),
        };
        let offset = offset.map(|o| number(self, o)).transpose()?;
        Ok(match (rows, offset) {
            (None, None) => String::new(),
            (Some(rows), None) => format!(" LIMIT {rows}"),
            (None, Some(offset)) => format!(" LIMIT -1 OFFSET {offset}"),
            (Some(rows), Some(offset)) => format!(" LIMIT {rows} OFFSET {offset}"),
        })
    }

    fn with(&mut self, with: &With) -> Result<String> {
        let mut parts = Vec::new();
        for cte in &with.cte_tables {
            let name = name_of(&cte.alias.name);
            let sql_name = self.alias("w");
            let named = |columns: Vec<OutColumn>| -> Result<Vec<OutColumn>> {
                let names = &cte.alias.columns;
                if names.is_empty() {
                    return Ok(columns);
                }
                if names.len() != columns.len() {
                    return Err(ora(
                        32038,
                        "number of WITH clause column names does not match number of elements in select list",
                    ));
                }
                Ok(columns
                    .into_iter()
                    .zip(names)
                    .map(|(c, n)| OutColumn { name: name_of(&n.name), ..c })
                    .collect())
            };
            let text = cte.query.to_string().to_uppercase();
            let is_recursive = text.contains(&name.to_uppercase());
            if let (SetExpr::SetOperation { left, .. }, true) =
                (cte.query.body.as_ref(), is_recursive)
            {
                let anchor = self.set_expression(left)?;
                let columns = named(anchor.columns)?
                    .into_iter()
                    .map(|c| OutColumn { nullable: true, ..c })
                    .collect();
                self.ctes.push(Cte { name, sql_name: sql_name.clone(), columns });
                let body = self.query(&cte.query)?;
                let ks: Vec<String> = (0..body.columns.len()).map(|i| format!("k{i}")).collect();
                parts.push(format!("{sql_name}({}) AS ({})", ks.join(","), body.sql));
            } else {
                let body = self.query(&cte.query)?;
                parts.push(format!("{sql_name} AS ({})", body.sql));
                let columns = named(body.columns)?;
                self.ctes.push(Cte { name, sql_name, columns });
            }
        }
        Ok(format!("WITH RECURSIVE {}", parts.join(", ")))
    }

    pub(super) fn set_expression(&mut self, body: &SetExpr) -> Result<Translated> {
        match body {
            SetExpr::Select(select) => self.select(select, &[], ""),
            SetExpr::Query(query) => {
                let mut inner = self.query(query)?;
                inner.simple = false;
                Ok(inner)
            }
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                let (left, right) = (self.set_expression(left)?, self.set_expression(right)?);
                let all = matches!(set_quantifier, SetQuantifier::All);
                let word = match (op, all) {
                    (SetOperator::Union, true) => "UNION ALL",
                    (SetOperator::Union, false) => "UNION",
                    (SetOperator::Minus | SetOperator::Except, false) => "EXCEPT",
                    (SetOperator::Intersect, false) => "INTERSECT",
                    _ => return Err(unsupported("MINUS ALL and INTERSECT ALL")),
                };
                self.compound(&left, word, &right)
            }
            SetExpr::Values(_) => Err(unsupported("VALUES as a table")),
            _ => Err(plain(928)),
        }
    }

    pub(super) fn compound(
        &mut self,
        left: &Translated,
        word: &str,
        right: &Translated,
    ) -> Result<Translated> {
        if left.columns.len() != right.columns.len() {
            return Err(plain(1789));
        }
        let mut columns = Vec::new();
        for (a, b) in left.columns.iter().zip(&right.columns) {
            let ty = a.ty.common(&b.ty).ok_or_else(|| plain(1790))?;
            columns.push(OutColumn {
                name: a.name.clone(),
                ty: if a.ty.class() == Class::Text && a.ty != b.ty && ty.kind == Kind::Char {
                    OraType { kind: Kind::Varchar, ..ty }
                } else {
                    ty
                },
                nullable: a.nullable || b.nullable,
            });
        }
        let branch = |branch: &Translated, is_right: bool| -> Result<String> {
            let mut items = Vec::new();
            let mut changed = false;
            for (i, (from, to)) in branch.columns.iter().zip(&columns).enumerate() {
                let value = Typed::new(format!("k{i}"), from.ty);
                let needs = from.ty.kind != to.ty.kind
                    && !(from.ty.class() == Class::Text && to.ty.class() == Class::Text)
                    && from.ty.kind != Kind::Null;
                if needs {
                    changed = true;
                    items.push(format!("{} AS k{i}", convert(&value, &to.ty)?.sql));
                } else {
                    items.push(format!("k{i}"));
                }
            }
            if changed {
                return Ok(format!("SELECT {} FROM ({})", items.join(","), branch.sql));
            }
            let plain_enough =
                branch.simple && !(is_right && branch.sql.starts_with("SELECT * FROM ("));
            Ok(if plain_enough {
                branch.sql.clone()
            } else {
                format!("SELECT * FROM ({})", branch.sql)
            })
        };
        let sql = format!("{} {word} {}", branch(left, false)?, branch(right, true)?);
        // As the left side of the next operator it stands as it is; as the right side it must not.
        Ok(Translated { sql, columns, single_row: false, simple: false })
    }

    pub(super) fn ordered_compound(
        &mut self,
        body: Translated,
        order: &[OrderByExpr],
        limit: &str,
    ) -> Result<Translated> {
        let mut keys = Vec::new();
        for item in order {
            let index = self.output_index(&item.expr, &body.columns)?.ok_or_else(|| plain(904))?;
            let column = &body.columns[index];
            keys.push(sort_key(&Typed::new(format!("k{index}"), column.ty), item));
        }
        let order =
            if keys.is_empty() { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) };
        Ok(Translated {
            sql: format!("SELECT * FROM ({}){order}{limit}", body.sql),
            simple: false,
            ..body
        })
    }

    /// The result column that an ORDER BY item names by number or by name.
    fn output_index(&self, expression: &Expr, columns: &[OutColumn]) -> Result<Option<usize>> {
        match expression {
            Expr::Value(value) => match &value.value {
                Value::Number(digits, _) => {
                    let position: usize = digits.parse().map_err(|_| plain(1785))?;
                    if position == 0 || position > columns.len() {
                        return Err(plain_at(1785, self.positions.offset(value.span.start)));
                    }
                    Ok(Some(position - 1))
                }
                _ => Ok(None),
            },
            Expr::Identifier(ident) => {
                let name = name_of(ident);
                Ok(columns.iter().position(|c| c.name == name))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn select(
        &mut self,
        select: &Select,
        order: &[OrderByExpr],
        limit: &str,
    ) -> Result<Translated> {
        if let Some(translated) = self.grouped_by_sets(select, order, limit)? {
            return Ok(translated);
        }
        let missing = self.missing_keys.take();
        self.missing_keys.clone_from(&missing);
        let (translated, rownum) = self.scoped_select(select, order, limit, RownumPlan::Probe)?;
        if !rownum {
            return Ok(translated);
        }
        let is_plain = order.is_empty()
            && limit.is_empty()
            && select.distinct.is_none()
            && select.having.is_none()
            && select.connect_by.is_empty()
            && matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
        if is_plain {
            self.missing_keys.clone_from(&missing);
            let (translated, rownum) =
                self.scoped_select(select, order, limit, RownumPlan::Limit)?;
            if !rownum {
                return Ok(translated);
            }
        }
        self.missing_keys = missing;
        Ok(self.scoped_select(select, order, limit, RownumPlan::Number)?.0)
    }

    fn scoped_select(
        &mut self,
        select: &Select,
        order: &[OrderByExpr],
        limit: &str,
        plan: RownumPlan,
    ) -> Result<(Translated, bool)> {
        self.scopes.push(Scope::default());
        let depth = self.scopes.len();
        let result = self.select_block(select, order, limit, plan);
        self.scopes.truncate(depth);
        let scope = self.scopes.pop().unwrap_or_default();
        // A block that only its number would make ROWNUM-aware must be built again.
        let again = match plan {
            RownumPlan::Probe => scope.rownum_used,
            RownumPlan::Limit => scope.rownum_used || scope.aggregate_seen,
            RownumPlan::Number => false,
        };
        Ok((result?, again))
    }

    fn select_block(
        &mut self,
        select: &Select,
        order: &[OrderByExpr],
        limit: &str,
        plan: RownumPlan,
    ) -> Result<Translated> {
        // Not for the subqueries in it.
        let missing = self.missing_keys.take();
        if select.into.is_some() || select.top.is_some() || select.qualify.is_some() {
            return Err(plain(923));
        }
        if select.from.is_empty() && self.environment.settings.generation < Generation::V23 {
            return Err(plain_at(923, self.positions.text().len()));
        }
        let (mut from, conditions) = self.from(&select.from, select.selection.as_ref())?;
        let is_dual_only = self.scope().relations.iter().all(|r| r.name.as_deref() == Some("DUAL"));
        let mut prefix = String::new();
        let mut tests: Vec<&Expr> = conditions;
        let (siblings, order) = split_siblings(order);
        let mut joined_before = Vec::new();
        let is_hierarchical = !select.connect_by.is_empty();
        if is_hierarchical {
            // With several tables their join comes before the tree is walked.
            if self.scope().relations.len() > 1 {
                for test in tests.drain(..) {
                    joined_before.push(self.condition(test)?);
                }
            }
            self.begin_hierarchy(select, &from, &joined_before)?;
        }
        let mut limits = Vec::new();
        if plan != RownumPlan::Probe {
            let mut rest = Vec::new();
            for test in tests {
                match self.rownum_limit(test)? {
                    Some(bound) => limits.push(bound),
                    None => rest.push(test),
                }
            }
            tests = rest;
        }
        let mut outer_tests = Vec::new();
        if plan == RownumPlan::Number && !is_hierarchical {
            let (inner, outer): (Vec<&Expr>, Vec<&Expr>) =
                tests.into_iter().partition(|test| !mentions_rownum(test));
            let mut inner_sql = Vec::new();
            for test in inner {
                inner_sql.push(self.condition(test)?);
            }
            from = self.numbered(&from, &inner_sql, &limits);
            limits.clear();
            tests = outer;
        } else if plan == RownumPlan::Number {
            self.scope().rownum = Some("o_num(row_number() OVER ())".to_owned());
        }
        for test in tests {
            outer_tests.push(self.condition(test)?);
        }
        self.scope().ungrouped.clear();

        // GROUP BY, then everything that may only use what is grouped.
        let left_out = self.left_out(missing)?;
        let keys = self.group_keys(select)?;
        let is_total = left_out.is_some() && keys.is_empty();
        self.scope().left_out = left_out.unwrap_or_default();
        self.scope().keys = keys.clone();
        self.scope().ungrouped.clear();
        self.scope().aggregates_allowed = true;
        let items = self.projection(select)?;
        let columns: Vec<OutColumn> = items.iter().map(|(c, _)| c.clone()).collect();
        let having = select.having.as_ref().map(|h| self.condition(h)).transpose()?;
        let distinct = match &select.distinct {
            None | Some(Distinct::All) => false,
            Some(Distinct::Distinct) => true,
            Some(Distinct::On(_)) => return Err(plain(936)),
        };
        let mut order_keys = Vec::new();
        for item in order {
            let key = match self.output_index(&item.expr, &columns)? {
                Some(index) => Typed::new(format!("k{index}"), columns[index].ty),
                None => {
                    let value = self.expression(&item.expr)?;
                    let same = items.iter().position(|(_, typed)| typed.sql == value.sql);
                    match same {
                        Some(index) => Typed::new(format!("k{index}"), value.ty),
                        None if distinct => return Err(plain(1791)),
                        None => value,
                    }
                }
            };
            if key.ty.kind.is_lob() {
                return Err(ora(
                    932,
                    format!("inconsistent datatypes: expected - got {}", key.ty.error_name()),
                ));
            }
            order_keys.push(sort_key(&key, item));
        }
        let scope = self.scope();
        let grouped = !keys.is_empty() || having.is_some() || scope.aggregate_seen || is_total;
        let aggregate_only = grouped && keys.is_empty();
        if grouped && let Some(at) = scope.ungrouped.first() {
            return Err(plain_at(if keys.is_empty() { 937 } else { 979 }, *at));
        }
        if is_hierarchical {
            let (recursion, name) =
                self.finish_hierarchy(select, &from, &joined_before, siblings)?;
            if let Some(recursion) = recursion {
                prefix = format!("WITH RECURSIVE {recursion} ");
            }
            from = name;
        }

        let list: Vec<String> = items
            .iter()
            .enumerate()
            .map(|(i, (_, typed))| format!("{} AS k{i}", typed.sql))
            .collect();
        let mut sql = format!(
            "{prefix}SELECT {}{}",
            if distinct { "DISTINCT " } else { "" },
            list.join(", ")
        );
        if !from.is_empty() {
            sql.push_str(&format!(" FROM {from}"));
        }
        if !outer_tests.is_empty() {
            sql.push_str(&format!(" WHERE {}", outer_tests.join(" AND ")));
        }
        if is_total {
            // All rows are one group, of which there is one even without an aggregate.
            sql.push_str(" GROUP BY NULL");
        }
        if !keys.is_empty() {
            sql.push_str(&format!(" GROUP BY {}", keys.join(", ")));
        }
        if let Some(having) = having {
            // SQLite wants a GROUP BY before HAVING.
            sql.push_str(&format!(" HAVING {having}"));
        }
        if !order_keys.is_empty() {
            sql.push_str(&format!(" ORDER BY {}", order_keys.join(", ")));
        }
        if limits.is_empty() {
            sql.push_str(limit);
        } else {
            let bound = if limits.len() == 1 {
                limits.remove(0)
            } else {
                format!("min({})", limits.join(","))
            };
            sql.push_str(&format!(" LIMIT {bound}"));
        }
        let simple = order_keys.is_empty() && !sql.contains(" LIMIT ") && prefix.is_empty();
        Ok(Translated {
            sql,
            columns,
            single_row: aggregate_only || (is_dual_only && !is_hierarchical),
            simple,
        })
    }

    /// A condition on ROWNUM that only limits the rows, as a number of rows.
    pub(super) fn rownum_limit(&mut self, test: &Expr) -> Result<Option<String>> {
        let (op, bound, flipped) = match test {
            Expr::BinaryOp { left, op, right } if is_rownum(left) => (op, right, false),
            Expr::BinaryOp { left, op, right } if is_rownum(right) => (op, left, true),
            Expr::Between { expr, negated: false, low, high } if is_rownum(expr) => {
                let (low, high) = (self.expression(low)?, self.expression(high)?);
                let (low, high) = (to_number(&low)?.sql, to_number(&high)?.sql);
                return Ok(Some(format!(
                    "CASE WHEN o_limit({low}) <= 1 THEN max(0,o_limit({high})) ELSE 0 END"
                )));
            }
            _ => return Ok(None),
        };
        if mentions_rownum(bound) {
            return Ok(None);
        }
        let value = self.expression(bound)?;
        let value = to_number(&value)?.sql;
        let limit = match (op, flipped) {
            (BinaryOperator::LtEq, false) | (BinaryOperator::GtEq, true) => {
                format!("max(0,o_limit({value}))")
            }
            (BinaryOperator::Lt, false) | (BinaryOperator::Gt, true) => {
                // Below n: the whole numbers up to the one before the ceiling of n.
                format!("max(0,o_limit(o_ceil({value}))-1)")
            }
            (BinaryOperator::Eq, _) => format!("({value} = x'c102')"),
            (BinaryOperator::Gt, false) | (BinaryOperator::Lt, true) => {
                format!("CASE WHEN o_limit({value}) < 1 THEN -1 ELSE 0 END")
            }
            (BinaryOperator::GtEq, false) | (BinaryOperator::LtEq, true) => {
                format!("CASE WHEN o_limit({value}) <= 1 THEN -1 ELSE 0 END")
            }
            _ => return Ok(None),
        };
        // A NULL bound selects nothing.
        Ok(Some(format!("coalesce({limit},0)")))
    }

    /// FROM and WHERE as a subquery whose rows are numbered; the scope then names its columns.
    fn numbered(&mut self, from: &str, tests: &[String], limits: &[String]) -> String {
        let alias = self.alias("r");
        let mut list = Vec::new();
        let scope = self.scope();
        for relation in &mut scope.relations {
            for column in &mut relation.columns {
                list.push(format!("{} AS k{}", column.sql, list.len()));
                column.sql = format!("{alias}.k{}", list.len() - 1);
            }
            if let Some((row, _)) = &mut relation.row {
                list.push(format!("{row} AS k{}", list.len()));
                *row = format!("{alias}.k{}", list.len() - 1);
            }
        }
        list.push("row_number() OVER () AS rn".to_owned());
        scope.rownum = Some(format!("o_num({alias}.rn)"));
        let mut sql = format!("SELECT {}", list.join(", "));
        if !from.is_empty() {
            sql.push_str(&format!(" FROM {from}"));
        }
        if !tests.is_empty() {
            sql.push_str(&format!(" WHERE {}", tests.join(" AND ")));
        }
        match limits {
            [] => {}
            [one] => sql.push_str(&format!(" LIMIT {one}")),
            many => sql.push_str(&format!(" LIMIT min({})", many.join(","))),
        }
        format!("({sql}) AS {alias}")
    }

    fn group_keys(&mut self, select: &Select) -> Result<Vec<String>> {
        let GroupByExpr::Expressions(keys, modifiers) = &select.group_by else {
            return Err(plain(936));
        };
        if !modifiers.is_empty() {
            return Err(unsupported("GROUP BY modifiers"));
        }
        let mut list = Vec::new();
        for key in keys {
            let parts: Vec<&Expr> = match key {
                Expr::Tuple(parts) => parts.iter().collect(),
                other => vec![other],
            };
            for part in parts {
                let value = match self.expression(part) {
                    Ok(value) => value,
                    Err(error) => match self.aliased_item(part, select) {
                        Some(item) => self.expression(item)?,
                        None => return Err(error),
                    },
                };
                if value.ty.kind.is_lob() {
                    return Err(ora(
                        932,
                        format!("inconsistent datatypes: expected - got {}", value.ty.error_name()),
                    ));
                }
                list.push(value.sql);
            }
        }
        Ok(list)
    }

    /// From 23ai on GROUP BY may name an alias of the select list.
    fn aliased_item<'s>(&self, key: &Expr, select: &'s Select) -> Option<&'s Expr> {
        if self.environment.settings.generation < Generation::V23 {
            return None;
        }
        let Expr::Identifier(name) = key else { return None };
        let name = name_of(name);
        select.projection.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } if name_of(alias) == name => Some(expr),
            _ => None,
        })
    }

    fn projection(&mut self, select: &Select) -> Result<Vec<(OutColumn, Typed)>> {
        let mut items = Vec::new();
        let alone = select.projection.len() == 1;
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let value = self.expression(expr)?;
                    let name = match expr {
                        Expr::Identifier(ident) => name_of(ident),
                        Expr::CompoundIdentifier(parts) => {
                            parts.last().map(name_of).unwrap_or_default()
                        }
                        other => self.text_name(other),
                    };
                    items.push(self.item(name, value)?);
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let value = self.expression(expr)?;
                    let name = super::checked_name(self, alias)?;
                    items.push(self.item(name, value)?);
                }
                SelectItem::Wildcard(_) => {
                    if !alone {
                        return Err(plain(923));
                    }
                    self.star(None, &mut items)?;
                }
                SelectItem::QualifiedWildcard(kind, _) => {
                    let SelectItemQualifiedWildcardKind::ObjectName(name) = kind else {
                        return Err(plain(936));
                    };
                    let Some(ident) = name.0.last().and_then(|p| p.as_ident()) else {
                        return Err(plain(936));
                    };
                    let before = items.len();
                    self.star(Some(&name_of(ident)), &mut items)?;
                    if items.len() == before {
                        return Err(self.invalid_identifier(std::slice::from_ref(ident)));
                    }
                }
                _ => return Err(plain(936)),
            }
        }
        if items.is_empty() {
            return Err(plain(936));
        }
        Ok(items)
    }

    fn item(&self, name: String, value: Typed) -> Result<(OutColumn, Typed)> {
        if value.ty.kind == Kind::Boolean
            && !self.internal
            && self.environment.settings.generation < Generation::V23
        {
            return Err(plain(923));
        }
        // A bind that is NULL, or not known yet.
        let mut ty = value.ty;
        if ty.kind == Kind::Null && value.sql.starts_with('?') {
            ty = OraType::varchar(32);
        }
        Ok((OutColumn { name, ty, nullable: value.nullable }, value))
    }

    fn star(&mut self, table: Option<&str>, items: &mut Vec<(OutColumn, Typed)>) -> Result<()> {
        let scope = self.scope();
        if scope.relations.is_empty() {
            return Err(plain(936));
        }
        let mut found = Vec::new();
        // What USING joined comes first.
        for leading in [true, false] {
            for (relation, column) in
                scope.relations.iter().flat_map(|r| r.columns.iter().map(move |c| (r, c)))
            {
                if table.is_some() && table != relation.name.as_deref() {
                    continue;
                }
                if column.hidden || (column.merged && table.is_none()) {
                    continue;
                }
                if leading != (column.leading && table.is_none()) {
                    continue;
                }
                let mut value = Typed::new(column.sql.clone(), column.ty);
                value.nullable = column.nullable;
                found.push((column.name.clone(), value));
            }
        }
        let in_aggregate = scope.in_aggregate;
        let stray: usize = if in_aggregate == 0 {
            found.iter().filter(|(_, v)| !scope.keys.contains(&v.sql)).count()
        } else {
            0
        };
        scope.ungrouped.extend(std::iter::repeat_n(0, stray));
        for (name, value) in found {
            items.push((OutColumn { name, ty: value.ty, nullable: value.nullable }, value));
        }
        Ok(())
    }
}

/// What was ORDER SIBLINGS BY: its items, and nothing else to order by.
fn split_siblings(order: &[OrderByExpr]) -> (&[OrderByExpr], &[OrderByExpr]) {
    match order.split_first() {
        Some((first, rest)) if matches!(&first.expr, Expr::Identifier(i) if i.value == SIBLINGS_MARK) => {
            (rest, &[])
        }
        _ => (&[], order),
    }
}
