//! CONNECT BY: a recursive query of SQLite, or a series where it only counts.

use sqlparser::ast::{BinaryOperator, ConnectByKind, Expr, OrderByExpr, Select};

use super::super::error::{Result, plain, plain_at, unsupported};
use super::super::types::OraType;
use super::convert::{literal_text, to_number, to_text};
use super::query::sort_key;
use super::scope::{Hierarchy, Relation};
use super::{Translator, Typed};

/// Renames the columns of relations to those of the recursion.
fn rebound(relations: &[Relation], name: &str) -> (Vec<Relation>, Vec<String>) {
    let mut out = relations.to_vec();
    let mut texts = Vec::new();
    for relation in &mut out {
        for column in &mut relation.columns {
            let bound = format!("{name}.k{}", texts.len());
            texts.push(std::mem::replace(&mut column.sql, bound));
        }
        if let Some((row, _)) = &mut relation.row {
            let bound = format!("{name}.k{}", texts.len());
            texts.push(std::mem::replace(row, bound));
        }
    }
    (out, texts)
}

fn is_counter(expression: &Expr) -> bool {
    match expression {
        Expr::Identifier(ident) => {
            ident.quote_style.is_none()
                && (ident.value.eq_ignore_ascii_case("LEVEL")
                    || ident.value.eq_ignore_ascii_case("ROWNUM"))
        }
        Expr::Nested(inner) => is_counter(inner),
        _ => false,
    }
}

struct Clauses<'s> {
    connect: &'s [Expr],
    start: Option<&'s Expr>,
    nocycle: bool,
}

fn clauses(select: &Select) -> Clauses<'_> {
    let mut found = Clauses { connect: &[], start: None, nocycle: false };
    for clause in &select.connect_by {
        match clause {
            ConnectByKind::ConnectBy { nocycle, relationships, .. } => {
                found.connect = relationships;
                found.nocycle = *nocycle;
            }
            ConnectByKind::StartWith { condition, .. } => found.start = Some(condition),
        }
    }
    found
}

impl Translator<'_> {
    /// Puts the recursion's names into the scope.
    pub(super) fn begin_hierarchy(
        &mut self,
        select: &Select,
        from: &str,
        joined: &[String],
    ) -> Result<()> {
        let Clauses { connect, start, .. } = clauses(select);
        let name = self.alias("h");
        let base = self.scope().relations.clone();
        let is_dual =
            base.iter().all(|r| r.row.is_none() && r.columns.iter().all(|c| c.sql == "'X'"));
        if let (true, None, [Expr::BinaryOp { left, op, right }]) = (is_dual, start, connect) {
            let series = match op {
                BinaryOperator::LtEq if is_counter(left) => {
                    let bound = self.expression(right)?;
                    Some(format!("o_limit({})", to_number(&bound)?.sql))
                }
                BinaryOperator::Lt if is_counter(left) => {
                    let bound = self.expression(right)?;
                    Some(format!("o_limit(o_ceil({}))-1", to_number(&bound)?.sql))
                }
                _ => None,
            };
            if let Some(bound) = series {
                self.scope().hierarchy = Some(Hierarchy {
                    level: format!("o_num({name}.value)"),
                    prior: base.clone(),
                    base,
                    carried: Vec::new(),
                    // The first row is there whatever the bound.
                    series: Some(format!(
                        "generate_series(1,max(1,coalesce({bound},1))) AS {name}"
                    )),
                    name,
                    is_leaf: None,
                    connect: String::new(),
                    start: String::new(),
                });
                return Ok(());
            }
        }
        let (bound, _) = rebound(&base, &name);
        let rownum_before = (self.scope().rownum_used, self.scope().rownum.clone());
        let start = match start {
            Some(start) => self.condition(start)?,
            None => "1".to_owned(),
        };
        let level = format!("o_num({name}.lvl+1)");
        self.scope().rownum = Some(level.clone());
        self.scope().hierarchy = Some(Hierarchy {
            level,
            prior: bound.clone(),
            base,
            carried: Vec::new(),
            series: None,
            name: name.clone(),
            is_leaf: None,
            connect: String::new(),
            start,
        });
        let mut tests = joined.to_vec();
        for condition in connect {
            tests.push(self.condition(condition)?);
        }
        let connect = tests.join(" AND ");
        let scope = self.scope();
        (scope.rownum_used, scope.rownum) = rownum_before;
        scope.relations = bound;
        if let Some(hierarchy) = &mut scope.hierarchy {
            hierarchy.level = format!("o_num({name}.lvl)");
            hierarchy.is_leaf = Some(format!(
                "CASE WHEN EXISTS(SELECT 1 FROM {from} WHERE {connect}) THEN x'80' ELSE x'c102' END"
            ));
            hierarchy.connect = connect;
        }
        Ok(())
    }

    /// The recursion (none for a series) and what stands in FROM.
    pub(super) fn finish_hierarchy(
        &mut self,
        select: &Select,
        from: &str,
        joined: &[String],
        siblings: &[OrderByExpr],
    ) -> Result<(Option<String>, String)> {
        let nocycle = clauses(select).nocycle;
        let Some(hierarchy) = self.scope().hierarchy.clone() else { return Err(plain(1788)) };
        if let Some(series) = hierarchy.series {
            return Ok((None, series));
        }
        let name = &hierarchy.name;
        let (_, texts) = rebound(&hierarchy.base, name);
        let mut columns: Vec<String> = (0..texts.len()).map(|i| format!("k{i}")).collect();
        let mut roots = texts.clone();
        let mut steps = texts;
        for (at, (root, step)) in hierarchy.carried.iter().enumerate() {
            columns.push(format!("x{at}"));
            roots.push(root.clone());
            steps.push(step.clone());
        }
        columns.push("lvl".to_owned());
        roots.push("1".to_owned());
        steps.push(format!("{name}.lvl+1"));
        let mut connect = hierarchy.connect.clone();
        // A row that is its own ancestor is a loop.
        if let [Relation { row: Some((row, _)), .. }] = hierarchy.base.as_slice() {
            columns.push("seen".to_owned());
            roots.push(format!("'/' || {row} || '/'"));
            steps.push(format!("{name}.seen || {row} || '/'"));
            let looped = format!("instr({name}.seen, '/' || {row} || '/') > 0");
            let raise = literal_text("ORA-01436: CONNECT BY loop in user data");
            if nocycle {
                connect = format!("{connect} AND NOT ({looped})");
            } else {
                connect =
                    format!("{connect} AND CASE WHEN {looped} THEN o_raise({raise}) ELSE 1 END");
            }
        }
        // Depth first: the deepest waiting row goes on, siblings in their order.
        let mut keys = Vec::new();
        let bound = std::mem::replace(&mut self.scope().relations, hierarchy.base.clone());
        for (at, item) in siblings.iter().enumerate() {
            let value = self.expression(&item.expr)?;
            columns.push(format!("o{at}"));
            roots.push(value.sql.clone());
            steps.push(value.sql.clone());
            let position = columns.len();
            keys.push(sort_key(&Typed::new(position.to_string(), value.ty), item));
        }
        self.scope().relations = bound;
        let level_at = columns.iter().position(|c| c == "lvl").unwrap_or(0) + 1;
        let mut order = vec![format!("{level_at} DESC")];
        order.extend(keys);
        let mut tests = joined.to_vec();
        tests.push(hierarchy.start.clone());
        let recursion = format!(
            "{name}({}) AS (SELECT {} FROM {from} WHERE {} UNION ALL SELECT {} FROM {name}, {from} WHERE {connect} \
             ORDER BY {})",
            columns.join(","),
            roots.join(", "),
            tests.join(" AND "),
            steps.join(", "),
            order.join(", ")
        );
        Ok((Some(recursion), name.clone()))
    }

    /// PRIOR: the same expression in the parent's row.
    pub(super) fn prior(&mut self, inner: &Expr) -> Result<Typed> {
        let scope = self.scope();
        let Some(hierarchy) = &scope.hierarchy else { return Err(plain(1788)) };
        // Outside of CONNECT BY the parent's values are not carried along.
        if hierarchy.connect.is_empty() {
            let prior = hierarchy.prior.clone();
            let own = std::mem::replace(&mut scope.relations, prior);
            let result = self.expression(inner);
            self.scope().relations = own;
            return result;
        }
        let own = scope.relations.clone();
        scope.relations = hierarchy.prior.clone();
        let parent = self.expression(inner);
        self.scope().relations = own;
        let parent = parent?;
        let column = self.carry("NULL".to_owned(), parent.sql)?;
        Ok(Typed::new(column, parent.ty))
    }

    /// CONNECT_BY_ROOT: the expression in the row that the walk began at.
    pub(super) fn connect_by_root(&mut self, inner: &Expr) -> Result<Typed> {
        let value = self.in_base(inner, "o_num(1)")?;
        let name = self.hierarchy_name()?;
        let at = self.carried_count();
        let column = self.carry(value.sql, format!("{name}.x{at}"))?;
        Ok(Typed::new(column, value.ty))
    }

    /// SYS_CONNECT_BY_PATH.
    pub(super) fn connect_by_path(&mut self, arguments: &[Expr]) -> Result<Typed> {
        let [value, separator] = arguments else { return Err(plain(909)) };
        let name = self.hierarchy_name()?;
        let root = self.in_base(value, "o_num(1)")?;
        let root = to_text(&root, None)?.sql;
        let step = self.in_base(value, &format!("o_num({name}.lvl+1)"))?;
        let step = to_text(&step, None)?.sql;
        let separator = self.expression(separator)?.sql;
        let at = self.carried_count();
        let column = self.carry(
            format!("o_concat({separator},{root})"),
            format!("o_concat({name}.x{at},o_concat({separator},{step}))"),
        )?;
        Ok(Typed::new(column, OraType::varchar(4000)))
    }

    /// An expression of the row before the recursion, in which LEVEL is `level`.
    fn in_base(&mut self, inner: &Expr, level: &str) -> Result<Typed> {
        let scope = self.scope();
        let Some(hierarchy) = &mut scope.hierarchy else { return Err(plain_at(1788, 0)) };
        if hierarchy.series.is_some() {
            return Err(unsupported("CONNECT_BY_ROOT of a row generator"));
        }
        let own_level = std::mem::replace(&mut hierarchy.level, level.to_owned());
        let own = std::mem::replace(&mut scope.relations, hierarchy.base.clone());
        let result = self.expression(inner);
        let scope = self.scope();
        scope.relations = own;
        if let Some(hierarchy) = &mut scope.hierarchy {
            hierarchy.level = own_level;
        }
        result
    }

    fn hierarchy_name(&mut self) -> Result<String> {
        self.scope().hierarchy.as_ref().map(|h| h.name.clone()).ok_or_else(|| plain(1788))
    }

    fn carried_count(&mut self) -> usize {
        self.scope().hierarchy.as_ref().map_or(0, |h| h.carried.len())
    }

    fn carry(&mut self, root: String, step: String) -> Result<String> {
        let scope = self.scope();
        let Some(hierarchy) = &mut scope.hierarchy else { return Err(plain(1788)) };
        let at = hierarchy.carried.len();
        hierarchy.carried.push((root, step));
        Ok(format!("{}.x{at}", hierarchy.name))
    }
}
