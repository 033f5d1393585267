//! Comparisons: of values, of lists, with subqueries.

use sqlparser::ast::{BinaryOperator, Expr, Query};

use super::super::error::{Result, plain};
use super::operators::{boolean, comparable};
use super::{Translator, Typed};

impl Translator<'_> {
    /// A comparison, after what both sides need to be comparable.
    pub(super) fn compare(&self, left: &Typed, op: &str, right: &Typed) -> Result<Typed> {
        if let ("=", Some((row, object)), None) = (op, &left.row, &right.row) {
            return Ok(boolean(format!("({row} = o_rowid_row({object},{}))", right.sql)));
        }
        if let ("=", None, Some((row, object))) = (op, &left.row, &right.row) {
            return Ok(boolean(format!("({row} = o_rowid_row({object},{}))", left.sql)));
        }
        let (a, b) = comparable(left, right)?;
        let mut result = boolean(format!("({a} {op} {b})"));
        result.nullable = left.nullable || right.nullable;
        Ok(result)
    }

    pub(super) fn compare_tuples(
        &mut self,
        left: &[Expr],
        op: &str,
        right: &[Expr],
    ) -> Result<Typed> {
        if left.len() != right.len() {
            return Err(plain(if left.len() < right.len() { 913 } else { 947 }));
        }
        let mut parts = Vec::new();
        for (left, right) in left.iter().zip(right) {
            let (left, right) = (self.expression(left)?, self.expression(right)?);
            parts.push(self.compare(&left, "=", &right)?.sql);
        }
        let not = if op == "=" { "" } else { "NOT " };
        Ok(boolean(format!("({not}({}))", parts.join(" AND "))))
    }

    pub(super) fn in_list(&mut self, expr: &Expr, list: &[Expr], negated: bool) -> Result<Typed> {
        let not = if negated { "NOT " } else { "" };
        let mut parts = Vec::new();
        if let Expr::Tuple(left) = expr {
            for item in list {
                match item {
                    Expr::Tuple(right) => parts.push(self.compare_tuples(left, "=", right)?.sql),
                    _ => return Err(plain(920)),
                }
            }
            return Ok(boolean(format!("({not}({}))", parts.join(" OR "))));
        }
        let value = self.expression(expr)?;
        let mut simple: Option<(String, Vec<String>)> = Some((String::new(), Vec::new()));
        for item in list {
            let item = self.expression(item)?;
            if value.row.is_some() {
                simple = None;
            } else {
                let (a, b) = comparable(&value, &item)?;
                simple = simple.and_then(|(left, mut items)| {
                    if !left.is_empty() && left != a {
                        return None;
                    }
                    items.push(b);
                    Some((a, items))
                });
            }
            parts.push(self.compare(&value, "=", &item)?.sql);
        }
        if let Some((left, items)) = simple {
            return Ok(boolean(format!("({left} {not}IN ({}))", items.join(","))));
        }
        Ok(boolean(format!("({not}({}))", parts.join(" OR "))))
    }

    pub(super) fn in_subquery(
        &mut self,
        expr: &Expr,
        query: &Query,
        negated: bool,
    ) -> Result<Typed> {
        let not = if negated { "NOT " } else { "" };
        let left: Vec<&Expr> = match expr {
            Expr::Tuple(parts) => parts.iter().collect(),
            Expr::Nested(inner) => vec![inner.as_ref()],
            other => vec![other],
        };
        let mut values = Vec::new();
        for part in left {
            values.push(self.expression(part)?);
        }
        let query = self.subquery(query)?;
        if values.len() != query.columns.len() {
            return Err(plain(if values.len() < query.columns.len() { 913 } else { 947 }));
        }
        let alias = self.alias("q");
        let (mut lefts, mut rights) = (Vec::new(), Vec::new());
        for (index, (value, column)) in values.iter().zip(&query.columns).enumerate() {
            let item = Typed::new(format!("{alias}.k{index}"), column.ty);
            let (a, b) = comparable(value, &item)?;
            lefts.push(a);
            rights.push(b);
        }
        let left =
            if lefts.len() == 1 { lefts.remove(0) } else { format!("({})", lefts.join(",")) };
        Ok(boolean(format!(
            "({left} {not}IN (SELECT {} FROM ({}) AS {alias}))",
            rights.join(","),
            query.sql
        )))
    }

    pub(super) fn quantified(
        &mut self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        all: bool,
    ) -> Result<Typed> {
        let op = comparison(op).ok_or_else(|| plain(920))?;
        let query = match right {
            Expr::Subquery(query) => query,
            Expr::Nested(inner) => match inner.as_ref() {
                Expr::Subquery(query) => query,
                other => {
                    let (left, other) = (self.expression(left)?, self.expression(other)?);
                    return self.compare(&left, op, &other);
                }
            },
            other => {
                let (left, other) = (self.expression(left)?, self.expression(other)?);
                return self.compare(&left, op, &other);
            }
        };
        let value = self.expression(left)?;
        let query = self.subquery(query)?;
        let column = query.columns.first().ok_or_else(|| plain(936))?;
        let alias = self.alias("q");
        let item = Typed::new(format!("{alias}.k0"), column.ty);
        let test = self.compare(&value, op, &item)?.sql;
        // True, false or unknown, as the three-valued OR (or AND) over the rows.
        Ok(boolean(if all {
            format!(
                "(SELECT CASE WHEN sum(CASE WHEN {test} THEN 0 WHEN NOT {test} THEN 1 ELSE 0 END) > 0 THEN 0 \
                 WHEN sum({test} IS NULL) > 0 THEN NULL ELSE 1 END FROM ({}) AS {alias})",
                query.sql
            )
        } else {
            format!(
                "(SELECT CASE WHEN sum({test}) > 0 THEN 1 WHEN sum({test} IS NULL) > 0 THEN NULL ELSE 0 END \
                 FROM ({}) AS {alias})",
                query.sql
            )
        }))
    }

    pub(super) fn quantified_list(
        &mut self,
        left: &Expr,
        op: &str,
        function: &sqlparser::ast::Function,
        all: bool,
    ) -> Result<Typed> {
        let value = self.expression(left)?;
        let mut parts = Vec::new();
        for argument in super::call::plain_arguments(function)? {
            let item = self.expression(argument)?;
            parts.push(self.compare(&value, op, &item)?.sql);
        }
        Ok(boolean(format!("({})", parts.join(if all { " AND " } else { " OR " }))))
    }
}

pub(super) fn comparison(op: &BinaryOperator) -> Option<&'static str> {
    Some(match op {
        BinaryOperator::Eq => "=",
        BinaryOperator::NotEq => "<>",
        BinaryOperator::Lt => "<",
        BinaryOperator::LtEq => "<=",
        BinaryOperator::Gt => ">",
        BinaryOperator::GtEq => ">=",
        _ => return None,
    })
}
