//! ROLLUP, CUBE and GROUPING SETS: one grouped query for each set, put together by UNION ALL.

use sqlparser::ast::{Expr, GroupByExpr, OrderByExpr, Select};

use super::super::error::{Result, plain};
use super::query::Translated;
use super::{Translator, Typed};

/// The most sets that are made of one GROUP BY.
const MAX_SETS: usize = 256;

fn parts(list: &[Expr]) -> Vec<Expr> {
    list.iter()
        .flat_map(|expr| match expr {
            Expr::Tuple(inner) => inner.clone(),
            other => vec![other.clone()],
        })
        .collect()
}

/// The sets that one element of GROUP BY stands for.
fn sets_of(element: &Expr) -> Vec<Vec<Expr>> {
    match element {
        Expr::Rollup(lists) => {
            (0..=lists.len()).rev().map(|n| parts(&lists[..n].concat())).collect()
        }
        Expr::Cube(lists) => (0..1usize << lists.len().min(8))
            .rev()
            .map(|mask| {
                let chosen = lists.iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1);
                parts(&chosen.flat_map(|(_, list)| list.clone()).collect::<Vec<_>>())
            })
            .collect(),
        Expr::GroupingSets(sets) => sets.iter().map(|set| parts(set)).collect(),
        other => vec![parts(std::slice::from_ref(other))],
    }
}

/// All sets of a GROUP BY that has more than one.
fn grouping_sets(select: &Select) -> Option<Vec<Vec<Expr>>> {
    let GroupByExpr::Expressions(elements, _) = &select.group_by else { return None };
    let is_special =
        |e: &Expr| matches!(e, Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_));
    if !elements.iter().any(is_special) {
        return None;
    }
    let mut sets: Vec<Vec<Expr>> = vec![Vec::new()];
    for element in elements {
        let own = sets_of(element);
        sets = sets
            .iter()
            .flat_map(|before| own.iter().map(|set| [before.as_slice(), set].concat()))
            .collect();
    }
    Some(sets)
}

impl Translator<'_> {
    /// A block with ROLLUP and its like; `None` for all others.
    pub(super) fn grouped_by_sets(
        &mut self,
        select: &Select,
        order: &[OrderByExpr],
        limit: &str,
    ) -> Result<Option<Translated>> {
        let Some(sets) = grouping_sets(select) else { return Ok(None) };
        if sets.len() > MAX_SETS {
            return Err(plain(913));
        }
        let mut all: Vec<Expr> = Vec::new();
        for key in sets.iter().flatten() {
            if !all.contains(key) {
                all.push(key.clone());
            }
        }
        let mut result: Option<Translated> = None;
        for set in sets {
            let missing = all.iter().filter(|key| !set.contains(key)).cloned().collect();
            let mut block = select.clone();
            block.group_by = GroupByExpr::Expressions(set, Vec::new());
            self.missing_keys = Some(missing);
            let branch = self.select(&block, &[], "")?;
            result = Some(match result {
                None => branch,
                Some(before) => self.compound(&before, "UNION ALL", &branch)?,
            });
        }
        let result = result.ok_or_else(|| plain(936))?;
        if order.is_empty() && limit.is_empty() {
            return Ok(Some(result));
        }
        self.ordered_compound(result, order, limit).map(Some)
    }

    /// Texts of the GROUP BY expressions that the set at hand leaves out.
    pub(super) fn left_out(&mut self, missing: Option<Vec<Expr>>) -> Result<Option<Vec<String>>> {
        let Some(missing) = missing else { return Ok(None) };
        let mut texts = Vec::new();
        for key in &missing {
            texts.push(self.expression(key)?.sql);
        }
        Ok(Some(texts))
    }

    /// GROUPING: 1 for an expression that the set leaves out.
    pub(super) fn grouping(&mut self, arguments: &[&Expr]) -> Result<Typed> {
        let ungrouped = self.scope().ungrouped.len();
        let left_out = std::mem::take(&mut self.scope().left_out);
        let mut bits = 0i64;
        let mut failed = None;
        for argument in arguments {
            match self.expression(argument) {
                Ok(value) => bits = bits * 2 + i64::from(left_out.contains(&value.sql)),
                Err(error) => failed = Some(error),
            }
        }
        self.scope().left_out = left_out;
        self.scope().ungrouped.truncate(ungrouped);
        match failed {
            Some(error) => Err(error),
            None => super::operators::number_literal(&bits.to_string()),
        }
    }
}
