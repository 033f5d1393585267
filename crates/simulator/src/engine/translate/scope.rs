//! What names mean in a query block.

use sqlparser::ast::Ident;

use super::super::error::{Result, ora_at};
use super::super::types::OraType;
use super::{OutColumn, Translator, Typed, name_of};

/// A column that a block can name.
#[derive(Debug, Clone)]
pub(crate) struct ScopeColumn {
    pub(crate) name: String,
    pub(crate) sql: String,
    pub(crate) ty: OraType,
    pub(crate) nullable: bool,
    /// Not among `*`, but there by name.
    pub(crate) hidden: bool,
    /// Joined by USING into a column of the other side.
    pub(crate) merged: bool,
    /// Joined by USING with a column of the other side, which it stands for.
    pub(crate) leading: bool,
}

/// A table, view or subquery in FROM.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub(crate) name: Option<String>,
    /// Set when a table was named without an alias.
    pub(crate) owner: Option<String>,
    pub(crate) columns: Vec<ScopeColumn>,
    /// SQLite's row number and the table's object number.
    pub(crate) row: Option<(String, u64)>,
}

/// A query of WITH.
#[derive(Debug, Clone)]
pub(crate) struct Cte {
    pub(crate) name: String,
    pub(crate) sql_name: String,
    pub(crate) columns: Vec<OutColumn>,
}

/// How a hierarchical block names what only it has.
#[derive(Debug, Clone)]
pub(crate) struct Hierarchy {
    /// LEVEL as a NUMBER.
    pub(crate) level: String,
    /// The parent row, for PRIOR.
    pub(crate) prior: Vec<Relation>,
    /// The row itself before the recursion, for CONNECT_BY_ROOT and SYS_CONNECT_BY_PATH.
    pub(crate) base: Vec<Relation>,
    /// Columns that the recursion carries along: text at the root, text in each step.
    pub(crate) carried: Vec<(String, String)>,
    /// Name of the recursion in SQLite.
    pub(crate) name: String,
    /// Text of CONNECT_BY_ISLEAF.
    pub(crate) is_leaf: Option<String>,
    /// What stands for the recursion where it only counts.
    pub(crate) series: Option<String>,
    /// The condition between parent and child; empty while it is being translated.
    pub(crate) connect: String,
    /// The condition of the first rows.
    pub(crate) start: String,
}

/// A query block.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    pub(crate) relations: Vec<Relation>,
    /// ROWNUM as a NUMBER; `None` when the block has not been built for it.
    pub(crate) rownum: Option<String>,
    pub(crate) rownum_used: bool,
    pub(crate) hierarchy: Option<Hierarchy>,
    /// Texts of the GROUP BY expressions.
    pub(crate) keys: Vec<String>,
    /// Texts of the GROUP BY expressions that are NULL here, for ROLLUP and its like.
    pub(crate) left_out: Vec<String>,
    /// Columns seen outside of an aggregate and outside of a GROUP BY expression, with their place.
    pub(crate) ungrouped: Vec<usize>,
    pub(crate) in_aggregate: usize,
    pub(crate) aggregate_seen: bool,
    pub(crate) aggregates_allowed: bool,
}

impl Translator<'_> {
    pub(super) fn scope(&mut self) -> &mut Scope {
        if self.scopes.is_empty() {
            self.scopes.push(Scope::default());
        }
        let last = self.scopes.len() - 1;
        &mut self.scopes[last]
    }

    /// A name of one to three parts as a column; `None` if no scope has it.
    pub(super) fn find_column(&mut self, parts: &[Ident]) -> Result<Option<Typed>> {
        let names: Vec<String> = parts.iter().map(name_of).collect();
        let at = parts.first().map_or(0, |p| self.offset(p));
        let (owner, table, column) = match names.as_slice() {
            [column] => (None, None, column),
            [table, column] => (None, Some(table), column),
            [owner, table, column] => (Some(owner), Some(table), column),
            _ => return Ok(None),
        };
        for depth in (0..self.scopes.len()).rev() {
            let scope = &self.scopes[depth];
            let mut found: Option<&ScopeColumn> = None;
            for relation in &scope.relations {
                if table.is_some() && table != relation.name.as_ref() {
                    continue;
                }
                if owner.is_some() && owner != relation.owner.as_ref() {
                    continue;
                }
                for candidate in relation.columns.iter().filter(|c| c.name == *column) {
                    if candidate.merged && table.is_none() {
                        continue;
                    }
                    if found.is_some() {
                        return Err(
                            if self.environment.settings.generation
                                >= super::super::settings::Generation::V23
                            {
                                ora_at(
                                    918,
                                    format!(
                                        "{column}: column ambiguously specified - appears in more than one table"
                                    ),
                                    at,
                                )
                            } else {
                                ora_at(918, "column ambiguously defined", at)
                            },
                        );
                    }
                    found = Some(candidate);
                }
            }
            if let Some(found) = found {
                let mut typed = Typed::new(found.sql.clone(), found.ty);
                typed.nullable = found.nullable;
                self.note_column(depth, &typed.sql, at);
                return Ok(Some(typed));
            }
            if column == "ROWID" {
                let mut rows = self.scopes[depth]
                    .relations
                    .iter()
                    .filter(|r| table.is_none() || table == r.name.as_ref())
                    .filter_map(|r| r.row.clone());
                if let Some((row, object)) = rows.next() {
                    if rows.next().is_some() {
                        return Err(ora_at(918, "column ambiguously defined", at));
                    }
                    drop(rows);
                    let mut typed =
                        Typed::new(format!("o_rowid({object},{row})"), OraType::ROWID).not_null();
                    typed.row = Some((row, object));
                    self.note_column(depth, &typed.sql, at);
                    return Ok(Some(typed));
                }
            }
        }
        Ok(None)
    }

    fn note_column(&mut self, depth: usize, sql: &str, at: usize) {
        let scope = &mut self.scopes[depth];
        if scope.in_aggregate == 0 && !scope.keys.iter().any(|key| key == sql) {
            scope.ungrouped.push(at);
        }
    }
}
