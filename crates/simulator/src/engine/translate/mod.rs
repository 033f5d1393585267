//! From sqlparser's tree to SQLite's text: names resolved, every expression typed.

mod aggregate;
mod call;
mod condition;
mod convert;
mod dml;
mod expression;
mod grouping;
mod hierarchy;
mod integrity;
mod interval;
mod merge;
mod operators;
mod query;
mod scope;
mod source;

use super::catalog::{Catalog, Rights};
use super::environment::Environment;
use super::error::{Result, ora_at};
use super::lexer::{BIND_MARK, Positions};
use super::types::{Kind, OraType};

pub(crate) use dml::{Change, DmlPlan, stored};
pub(crate) use query::Translated;
use scope::Scope;
use sqlparser::ast::Ident;

/// A translated expression.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    /// SQLite's text.
    pub(crate) sql: String,
    pub(crate) ty: OraType,
    pub(crate) nullable: bool,
    /// A text literal, which compares blank-padded with a CHAR.
    pub(crate) literal: bool,
    /// The value of a literal: text as it is, numbers in their digits.
    pub(crate) constant: Option<String>,
    /// A ROWID of a table: SQLite's own row number, and the table's object number.
    pub(crate) row: Option<(String, u64)>,
}

impl Typed {
    pub(crate) fn new(sql: impl Into<String>, ty: OraType) -> Typed {
        Typed { sql: sql.into(), ty, nullable: true, literal: false, constant: None, row: None }
    }

    pub(crate) fn not_null(mut self) -> Typed {
        self.nullable = false;
        self
    }

    pub(crate) fn null() -> Typed {
        Typed::new("NULL", OraType::NULL)
    }
}

/// A column of a query's result.
#[derive(Debug, Clone)]
pub(crate) struct OutColumn {
    pub(crate) name: String,
    pub(crate) ty: OraType,
    pub(crate) nullable: bool,
}

/// Translates one statement.
pub(crate) struct Translator<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) environment: &'a Environment,
    pub(crate) schema: String,
    pub(crate) positions: &'a Positions,
    pub(crate) bind_names: &'a [String],
    /// Types of the binds; `Kind::Null` when they are not known yet.
    pub(crate) bind_types: &'a [OraType],
    /// The types that CAST names.
    pub(crate) cast_types: &'a [OraType],
    scopes: Vec<Scope>,
    ctes: Vec<scope::Cte>,
    next_alias: usize,
    /// Whether running it twice differs from running it once (sequences).
    pub(crate) volatile: bool,
    /// Whether it locks what it reads.
    pub(crate) for_update: bool,
    /// How many views and subqueries deep.
    depth: usize,
    /// GROUP BY expressions that the next block leaves out, for ROLLUP and its like.
    missing_keys: Option<Vec<sqlparser::ast::Expr>>,
    /// Conditions may be values in every generation.
    pub(crate) internal: bool,
    /// Whose rights count: the owner's, without roles, inside of a view.
    pub(crate) rights: Rights,
}

impl<'a> Translator<'a> {
    pub(crate) fn new(
        catalog: &'a Catalog,
        environment: &'a Environment,
        positions: &'a Positions,
        bind_names: &'a [String],
        bind_types: &'a [OraType],
    ) -> Translator<'a> {
        let schema = environment.state().schema.clone();
        Translator {
            catalog,
            environment,
            schema,
            positions,
            bind_names,
            bind_types,
            cast_types: &[],
            scopes: Vec::new(),
            ctes: Vec::new(),
            next_alias: 0,
            volatile: false,
            for_update: false,
            depth: 0,
            missing_keys: None,
            internal: false,
            rights: environment.rights(),
        }
    }

    fn alias(&mut self, prefix: &str) -> String {
        self.next_alias += 1;
        format!("{prefix}{}", self.next_alias)
    }

    fn offset(&self, ident: &Ident) -> usize {
        self.positions.offset(ident.span.start)
    }

    /// The name that a select list item has without an alias: its text without blanks.
    fn text_name(&self, expression: &impl std::fmt::Display) -> String {
        let mut out = String::new();
        for (index, part) in expression.to_string().split(BIND_MARK).enumerate() {
            // Every other part is a bind's number.
            match part.parse::<usize>().ok().filter(|_| index % 2 == 1) {
                Some(bind) => {
                    out.push(':');
                    out.push_str(self.bind_names.get(bind).map_or("", String::as_str));
                }
                None => out.extend(part.chars().filter(|c| !c.is_whitespace())),
            }
        }
        out.to_uppercase()
    }

    /// The bind at `index` (from 0).
    fn bind(&self, index: usize) -> Typed {
        let ty = self.bind_types.get(index).copied().unwrap_or(OraType::NULL);
        Typed::new(format!("?{}", index + 1), ty)
    }

    fn invalid_identifier(&self, parts: &[Ident]) -> oraedge::error::DbError {
        let names: Vec<String> = parts.iter().map(|p| format!("\"{}\"", name_of(p))).collect();
        let at = parts.first().map_or(0, |p| self.offset(p));
        ora_at(904, format!("{}: invalid identifier", names.join(".")), at)
    }
}

/// A name as the dictionary has it: upper case unless it was quoted.
pub(crate) fn name_of(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_uppercase() }
}

/// The columns of a result as describe tells them.
pub(crate) fn describe(columns: &[OutColumn]) -> Vec<super::statement::Column> {
    columns
        .iter()
        .map(|c| {
            // The literal NULL has no length at all.
            let ty = if c.ty.kind == Kind::Null { OraType::varchar(0) } else { c.ty };
            ty.column(&c.name, c.nullable)
        })
        .collect()
}

/// Checks an identifier's length.
pub(crate) fn checked_name(translator: &Translator<'_>, ident: &Ident) -> Result<String> {
    let name = name_of(ident);
    if name.len() > translator.environment.settings.generation.max_identifier() {
        return Err(ora_at(972, "identifier is too long", translator.offset(ident)));
    }
    Ok(name)
}
