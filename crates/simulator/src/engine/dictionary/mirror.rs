//! Keeps the tables as the catalog is.

use rusqlite::Connection;
use rusqlite::types::Value as Sql;

use super::super::catalog::{
    Catalog, ConstraintKind, Definition, OnDelete, SYS, Table, TableColumn,
};
use super::super::database::sqlite_error;
use super::super::datetime::Moment;
use super::super::error::Result;
use super::super::num::Num;
use super::super::types::{Class, Kind};
use super::tables::BASE;

enum Cell<'a> {
    Text(&'a str),
    Owned(String),
    Number(i64),
    Digits(&'a str),
    Time(i64),
    Null,
}

impl From<Cell<'_>> for Sql {
    fn from(cell: Cell<'_>) -> Sql {
        match cell {
            Cell::Text("") | Cell::Null => Sql::Null,
            Cell::Text(text) => Sql::Text(text.to_owned()),
            Cell::Owned(text) if text.is_empty() => Sql::Null,
            Cell::Owned(text) => Sql::Text(text),
            Cell::Number(value) => Sql::Blob(Num::from_i64(value).to_bytes()),
            Cell::Digits(text) => Num::parse(text).map_or(Sql::Null, |n| Sql::Blob(n.to_bytes())),
            Cell::Time(seconds) => {
                Moment::from_seconds(seconds).map_or(Sql::Null, |m| Sql::Blob(m.date_bytes()))
            }
        }
    }
}

struct Mirror<'c> {
    connection: &'c Connection,
}

impl Mirror<'_> {
    fn put(&self, table: usize, cells: Vec<Cell<'_>>) -> Result<()> {
        let marks = vec!["?"; cells.len()].join(",");
        let sql = format!("INSERT INTO t{table} VALUES ({marks})");
        let values: Vec<Sql> = cells.into_iter().map(Sql::from).collect();
        self.connection
            .prepare_cached(&sql)
            .and_then(|mut s| s.execute(rusqlite::params_from_iter(values)))
            .map(|_| ())
            .map_err(sqlite_error)
    }

    fn column(&self, owner: &str, table: &str, at: usize, column: &TableColumn) -> Result<()> {
        let ty = &column.ty;
        let limited = |value: i8| if value == 0 { Cell::Null } else { Cell::Number(value.into()) };
        let (precision, scale) = match ty.kind {
            Kind::Number if ty.precision == 0 => (
                Cell::Null,
                if ty.scale == super::super::types::FLOATING {
                    Cell::Null
                } else {
                    Cell::Number(ty.scale.into())
                },
            ),
            Kind::Number if ty.scale == super::super::types::FLOATING => {
                (limited(ty.precision), Cell::Null)
            }
            Kind::Number => (limited(ty.precision), Cell::Number(ty.scale.into())),
            Kind::Timestamp | Kind::TimestampTz | Kind::TimestampLtz => {
                (Cell::Null, Cell::Number(ty.scale.into()))
            }
            Kind::IntervalDs | Kind::IntervalYm => {
                (Cell::Number(ty.precision.into()), Cell::Number(ty.scale.into()))
            }
            _ => (Cell::Null, Cell::Null),
        };
        let is_text = matches!(ty.kind, Kind::Varchar | Kind::Char | Kind::Nvarchar | Kind::Nchar);
        self.put(
            2,
            vec![
                Cell::Text(owner),
                Cell::Text(table),
                Cell::Text(&column.name),
                Cell::Owned(ty.dictionary_name()),
                Cell::Number(i64::from(ty.max_bytes()).min(4000 * 8)),
                precision,
                scale,
                Cell::Text(if column.nullable { "Y" } else { "N" }),
                Cell::Number(at as i64 + 1),
                Cell::Text(column.default.as_deref().unwrap_or("")),
                if is_text { Cell::Number(ty.length.into()) } else { Cell::Number(0) },
                if !is_text { Cell::Null } else { Cell::Text(if ty.in_chars { "C" } else { "B" }) },
                Cell::Text(if column.identity.is_some() { "YES" } else { "NO" }),
                Cell::Text(column.comment.as_deref().unwrap_or("")),
                Cell::Text(if column.hidden { "YES" } else { "NO" }),
                Cell::Text(if column.default_on_null { "YES" } else { "NO" }),
                match (ty.class(), ty.kind.is_national()) {
                    (Class::Text, true) => Cell::Text("NCHAR_CS"),
                    (Class::Text, false) => Cell::Text("CHAR_CS"),
                    _ => Cell::Null,
                },
            ],
        )
    }
}

/// Writes the mirror of a catalog.
pub(crate) fn refresh(connection: &Connection, catalog: &Catalog) -> Result<()> {
    for table in 1..=BASE.len() {
        connection.execute_batch(&format!("DELETE FROM t{table}")).map_err(sqlite_error)?;
    }
    let mirror = Mirror { connection };
    for (name, user) in &catalog.users {
        mirror.put(
            9,
            vec![
                Cell::Text(name),
                Cell::Number(user.id.into()),
                Cell::Time(user.created),
                Cell::Text(if user.mappings.is_empty() { "PASSWORD" } else { "GLOBAL" }),
                user.mappings.first().map_or(Cell::Null, |mapping| Cell::Text(mapping.text())),
            ],
        )?;
    }
    for (name, role) in &catalog.roles {
        mirror.put(
            13,
            vec![
                Cell::Text(name),
                Cell::Number(role.id.into()),
                Cell::Text(if role.mapping.is_none() { "NONE" } else { "GLOBAL" }),
                role.mapping.as_ref().map_or(Cell::Null, |mapping| Cell::Text(mapping.text())),
                Cell::Text(if role.predefined { "Y" } else { "N" }),
            ],
        )?;
    }
    for (grantee, granted) in &catalog.system_grants {
        let kind = if catalog.roles.contains_key(granted) { "ROLE" } else { "PRIVILEGE" };
        mirror.put(14, vec![Cell::Text(grantee), Cell::Text(granted), Cell::Text(kind)])?;
    }
    let providers: Vec<_> = catalog.identity_providers.iter().map(|p| p.name()).collect();
    let provider = if providers.is_empty() { "NONE".to_owned() } else { providers.join(",") };
    mirror.put(15, vec![Cell::Text("identity_provider_type"), Cell::Owned(provider)])?;
    for (grantee, owner, name, privilege) in &catalog.grants {
        mirror.put(
            11,
            vec![Cell::Text(grantee), Cell::Text(owner), Cell::Text(name), Cell::Text(privilege)],
        )?;
    }
    for object in catalog.objects() {
        if object.name.starts_with("O$") && object.owner == SYS {
            continue;
        }
        let (owner, name) = (object.owner.as_str(), object.name.as_str());
        let (comment, columns, temporary) = match &object.definition {
            Definition::Table(t) => (t.comment.as_deref(), t.columns.len(), t.temporary),
            Definition::View(v) => (v.comment.as_deref(), v.columns.len(), false),
            _ => (None, 0, false),
        };
        let valid = !matches!(&object.definition, Definition::Program(program) if !program.valid);
        mirror.put(
            1,
            vec![
                Cell::Text(owner),
                Cell::Text(name),
                Cell::Number(object.id as i64),
                Cell::Text(object.definition.type_name()),
                Cell::Time(object.created),
                Cell::Time(object.changed),
                Cell::Text(if temporary { "Y" } else { "N" }),
                Cell::Text(comment.unwrap_or("")),
                Cell::Number(columns as i64),
                Cell::Text(if valid { "VALID" } else { "INVALID" }),
            ],
        )?;
        match &object.definition {
            Definition::Table(table) => {
                for (at, column) in table.columns.iter().enumerate() {
                    mirror.column(owner, name, at, column)?;
                }
                put_constraints(&mirror, owner, name, table)?;
            }
            Definition::View(view) => {
                for (at, column) in view.columns.iter().enumerate() {
                    let column = TableColumn {
                        name: column.name.clone(),
                        slot: 0,
                        ty: column.ty,
                        nullable: column.nullable,
                        default: None,
                        default_on_null: false,
                        identity: None,
                        hidden: false,
                        comment: column.comment.clone(),
                    };
                    mirror.column(owner, name, at, &column)?;
                }
                mirror.put(
                    3,
                    vec![
                        Cell::Text(owner),
                        Cell::Text(name),
                        Cell::Number(view.text.len() as i64),
                        Cell::Text(&view.text),
                        Cell::Text(if view.read_only { "Y" } else { "N" }),
                    ],
                )?;
            }
            Definition::Sequence(sequence) => {
                let flag = |on: bool| Cell::Text(if on { "Y" } else { "N" });
                mirror.put(
                    8,
                    vec![
                        Cell::Text(owner),
                        Cell::Text(name),
                        Cell::Digits(&sequence.min),
                        Cell::Digits(&sequence.max),
                        Cell::Digits(&sequence.increment),
                        flag(sequence.cycle),
                        flag(sequence.order),
                        Cell::Number(sequence.cache.into()),
                        Cell::Number(object.id as i64),
                    ],
                )?;
            }
            Definition::Index(index) => {
                let functional = index.columns.iter().any(|(c, _)| c.contains('('));
                mirror.put(
                    4,
                    vec![
                        Cell::Text(owner),
                        Cell::Text(name),
                        Cell::Text(if functional { "FUNCTION-BASED NORMAL" } else { "NORMAL" }),
                        Cell::Text(&index.table_owner),
                        Cell::Text(&index.table),
                        Cell::Text(if index.unique { "UNIQUE" } else { "NONUNIQUE" }),
                        Cell::Text(if index.by_constraint { "YES" } else { "NO" }),
                    ],
                )?;
                let table = catalog.find(&index.table_owner, &index.table).and_then(|o| o.table());
                for (at, (column, descending)) in index.columns.iter().enumerate() {
                    let length =
                        table.and_then(|t| t.column(column)).map_or(0, |c| c.ty.max_bytes());
                    mirror.put(
                        5,
                        vec![
                            Cell::Text(owner),
                            Cell::Text(name),
                            Cell::Text(&index.table_owner),
                            Cell::Text(&index.table),
                            Cell::Text(column),
                            Cell::Number(at as i64 + 1),
                            Cell::Number(length.into()),
                            Cell::Text(if *descending { "DESC" } else { "ASC" }),
                        ],
                    )?;
                }
            }
            Definition::Program(program) => {
                for (at, line) in program.text.split_inclusive('\n').enumerate() {
                    mirror.put(
                        12,
                        vec![
                            Cell::Text(owner),
                            Cell::Text(name),
                            Cell::Text(object.definition.type_name()),
                            Cell::Number(at as i64 + 1),
                            Cell::Text(line),
                        ],
                    )?;
                }
            }
            Definition::Synonym(table_owner, table) => {
                mirror.put(
                    10,
                    vec![
                        Cell::Text(owner),
                        Cell::Text(name),
                        Cell::Text(table_owner),
                        Cell::Text(table),
                    ],
                )?;
            }
        }
    }
    Ok(())
}

fn put_constraints(mirror: &Mirror<'_>, owner: &str, name: &str, table: &Table) -> Result<()> {
    for constraint in &table.constraints {
        let mut cells = (Cell::Null, Cell::Null, Cell::Null, Cell::Null);
        let mut index = Cell::Null;
        let letter = match &constraint.kind {
            ConstraintKind::Primary | ConstraintKind::Unique => {
                index = Cell::Text(&constraint.name);
                if matches!(constraint.kind, ConstraintKind::Primary) { "P" } else { "U" }
            }
            ConstraintKind::Check(text) => {
                cells.0 = Cell::Text(text);
                "C"
            }
            ConstraintKind::Foreign { owner, constraint, on_delete, .. } => {
                cells.1 = Cell::Text(owner);
                cells.2 = Cell::Text(constraint);
                cells.3 = Cell::Text(match on_delete {
                    OnDelete::Refuse => "NO ACTION",
                    OnDelete::Cascade => "CASCADE",
                    OnDelete::SetNull => "SET NULL",
                });
                "R"
            }
        };
        mirror.put(
            6,
            vec![
                Cell::Text(owner),
                Cell::Text(&constraint.name),
                Cell::Text(letter),
                Cell::Text(name),
                cells.0,
                cells.1,
                cells.2,
                cells.3,
                Cell::Text(if constraint.enabled { "ENABLED" } else { "DISABLED" }),
                Cell::Text(if constraint.generated { "GENERATED NAME" } else { "USER NAME" }),
                index,
            ],
        )?;
        let positioned = !matches!(constraint.kind, ConstraintKind::Check(_));
        for (at, column) in constraint.columns.iter().enumerate() {
            mirror.put(
                7,
                vec![
                    Cell::Text(owner),
                    Cell::Text(&constraint.name),
                    Cell::Text(name),
                    Cell::Text(column),
                    if positioned { Cell::Number(at as i64 + 1) } else { Cell::Null },
                ],
            )?;
        }
    }
    Ok(())
}
