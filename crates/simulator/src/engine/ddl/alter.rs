//! ALTER TABLE, TRUNCATE, RENAME, ALTER SESSION.

use sqlparser::tokenizer::Token;

use super::super::catalog::{Catalog, ConstraintKind, Definition};
use super::super::datetime::parse_zone;
use super::super::error::{Result, ora, ora_at, plain, plain_at};
use super::super::session::Session;
use super::super::translate::Translator;
use super::super::types::{Class, Kind, OraType};
use super::table::{NewColumn, NewKind, add_column};
use super::{Ddl, find, time};

impl Session {
    pub(super) fn alter_table(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        let if_exists = ddl.if_exists();
        let name = ddl.name()?;
        let generation = ddl.generation;
        let catalog = self.catalog();
        let found = find(&catalog, &name, generation, |d| matches!(d, Definition::Table(_)), 942);
        let id = match found {
            Ok(object) => object.id,
            Err(_) if if_exists => return self.commit(),
            Err(error) => return Err(error),
        };
        self.may_own(&name.owner)?;
        drop(catalog);
        while ddl.cursor.peek().is_some() {
            self.alter_clause(ddl, id)?;
        }
        Ok(())
    }

    fn alter_clause(&mut self, ddl: &mut Ddl<'_>, id: u64) -> Result<()> {
        if ddl.cursor.take("ADD") {
            let many = ddl.cursor.take_token(&Token::LParen);
            let mut columns = Vec::new();
            let mut constraints = Vec::new();
            ddl.cursor.take("COLUMN");
            loop {
                if let Some(constraint) = ddl.table_constraint()? {
                    constraints.push(constraint);
                } else {
                    columns.push(ddl.column()?);
                }
                if !many || !ddl.cursor.take_token(&Token::Comma) {
                    break;
                }
            }
            if many {
                ddl.close()?;
            }
            return self.change_catalog(move |catalog, session| {
                for column in columns {
                    session.add_column_to(catalog, id, column)?;
                }
                for constraint in constraints {
                    session.add_constraint(catalog, id, constraint)?;
                }
                touch(catalog, id);
                Ok(())
            });
        }
        if ddl.cursor.take("MODIFY") {
            let many = ddl.cursor.take_token(&Token::LParen);
            let mut columns = Vec::new();
            loop {
                columns.push(ddl.column()?);
                if !many || !ddl.cursor.take_token(&Token::Comma) {
                    break;
                }
            }
            if many {
                ddl.close()?;
            }
            return self.change_catalog(move |catalog, session| {
                for column in columns {
                    session.modify_column(catalog, id, column)?;
                }
                touch(catalog, id);
                Ok(())
            });
        }
        if ddl.cursor.take("DROP") {
            return self.alter_drop(ddl, id);
        }
        if ddl.cursor.take("RENAME") {
            if ddl.cursor.take("TO") {
                let new = ddl.identifier(903)?;
                return self.change_catalog(move |catalog, _| catalog.rename(id, &new));
            }
            let is_constraint = ddl.cursor.take("CONSTRAINT");
            if !is_constraint {
                ddl.expect("COLUMN")?;
            }
            let old = ddl.identifier(904)?;
            ddl.expect("TO")?;
            let new = ddl.identifier(904)?;
            return self.change_catalog(move |catalog, _| {
                if is_constraint {
                    rename_constraint(catalog, id, &old, &new)
                } else {
                    rename_column(catalog, id, &old, &new)
                }
            });
        }
        for (word, enabled) in [("ENABLE", true), ("DISABLE", false)] {
            if ddl.cursor.take(word) {
                ddl.cursor.take("VALIDATE");
                ddl.cursor.take("NOVALIDATE");
                if !ddl.cursor.take("CONSTRAINT") {
                    // ROW MOVEMENT and the like.
                    while ddl.cursor.next().is_some() {}
                    return self.commit();
                }
                let constraint = ddl.identifier(904)?;
                ddl.cursor.take("CASCADE");
                return self.change_catalog(move |catalog, _| {
                    let table = catalog.get_mut(id).and_then(|o| o.table_mut());
                    let found = table
                        .and_then(|t| t.constraints.iter_mut().find(|c| c.name == constraint))
                        .ok_or_else(|| plain(2430).with(constraint.as_str()))?;
                    found.enabled = enabled;
                    Ok(())
                });
            }
        }
        if [
            "MOVE",
            "STORAGE",
            "PARALLEL",
            "NOPARALLEL",
            "LOGGING",
            "NOLOGGING",
            "CACHE",
            "NOCACHE",
            "COMPRESS",
            "NOCOMPRESS",
            "SHRINK",
            "READ",
        ]
        .iter()
        .any(|word| ddl.cursor.is(word))
        {
            while ddl.cursor.next().is_some() {}
            return self.commit();
        }
        Err(ora_at(1735, "invalid ALTER TABLE option", ddl.at()))
    }

    fn add_column_to(&mut self, catalog: &mut Catalog, id: u64, new: NewColumn) -> Result<()> {
        let object = catalog.get(id).ok_or_else(|| plain(942))?;
        if object.table().is_some_and(|t| t.column(&new.name).is_some()) {
            return Err(plain_at(1430, new.at));
        }
        let not_null =
            new.constraints.iter().any(|c| matches!(c.kind, NewKind::NotNull | NewKind::Primary));
        let has_rows = self.any_row(&format!("SELECT 1 FROM t{id} LIMIT 1"))?;
        let fills = new.default.is_some() || new.identity.is_some();
        if not_null && has_rows && !fills {
            return Err(plain(1758));
        }
        let physical = add_column(catalog, id, &new)?;
        self.batch(&format!("ALTER TABLE t{id} ADD COLUMN {physical}"))?;
        if fills && has_rows {
            // Sequences that are new have to be known before they count.
            for object in catalog.objects() {
                if let Definition::Sequence(definition) = &object.definition
                    && self.shared().sequences.get(object.id).is_none()
                {
                    let start = super::super::database::sequence_start(definition)?;
                    self.shared().sequences.set(object.id, start);
                }
            }
            let positions = super::super::lexer::Positions::new("");
            let value = {
                let object = catalog.get(id).ok_or_else(|| plain(942))?;
                let column =
                    object.table().and_then(|t| t.column(&new.name)).ok_or_else(|| plain(904))?;
                let mut translator =
                    Translator::new(catalog, &self.environment, &positions, &[], &[]);
                let value = translator.default_value(column)?;
                super::super::translate::stored(&value, object, column, true)?
            };
            self.batch(&format!("UPDATE t{id} SET {physical} = {value}"))?;
        }
        for constraint in new.constraints {
            self.add_constraint(catalog, id, constraint)?;
        }
        Ok(())
    }

    fn modify_column(&mut self, catalog: &mut Catalog, id: u64, new: NewColumn) -> Result<()> {
        let object = catalog.get(id).ok_or_else(|| plain(942))?.clone();
        let Some(column) = object.table().and_then(|t| t.column(&new.name)).cloned() else {
            return Err(ora_at(904, format!("\"{}\": invalid identifier", new.name), new.at));
        };
        let slot = column.physical();
        if let Some(ty) = new.ty {
            self.check_new_type(id, &slot, &column.ty, &ty)?;
            if let Some(changed) = column_mut(catalog, id, &new.name) {
                changed.ty = ty;
            }
            // Values take the form of the new type: padded, rounded.
            let object = catalog.get(id).ok_or_else(|| plain(942))?;
            let changed =
                object.table().and_then(|t| t.column(&new.name)).ok_or_else(|| plain(904))?;
            let mut value = super::super::translate::Typed::new(slot.clone(), column.ty);
            value.nullable = true;
            let mut loose = changed.clone();
            loose.nullable = true;
            let text = super::super::translate::stored(&value, object, &loose, true)?;
            self.batch(&format!("UPDATE t{id} SET {slot} = {text} WHERE {slot} IS NOT NULL"))?;
        }
        if let Some(default) = new.default
            && let Some(changed) = column_mut(catalog, id, &new.name)
        {
            changed.default = Some(default).filter(|d| !d.trim().eq_ignore_ascii_case("NULL"));
            changed.default_on_null = new.default_on_null;
        }
        if new.nullable {
            if column.nullable {
                return Err(ora(1451, "column to be modified to NULL cannot be modified to NULL"));
            }
            if let Some(changed) = column_mut(catalog, id, &new.name) {
                changed.nullable = true;
            }
            if let Some(table) = catalog.get_mut(id).and_then(|o| o.table_mut()) {
                table.constraints.retain(|c| !(c.not_null && c.columns == [new.name.clone()]));
            }
        }
        for constraint in new.constraints {
            if matches!(constraint.kind, NewKind::NotNull) && !column.nullable {
                return Err(plain(1442));
            }
            self.add_constraint(catalog, id, constraint)?;
        }
        Ok(())
    }

    /// Whether the values of a column allow another type.
    fn check_new_type(&self, id: u64, slot: &str, old: &OraType, new: &OraType) -> Result<()> {
        let used =
            self.any_row(&format!("SELECT 1 FROM t{id} WHERE {slot} IS NOT NULL LIMIT 1"))?;
        if !used {
            return Ok(());
        }
        if old.kind != new.kind && !(old.class() == Class::Text && new.class() == Class::Text) {
            return Err(ora(1439, "column to be modified must be empty to change datatype"));
        }
        if old.kind == Kind::Number
            && (new.precision != 0)
            && (old.precision == 0 || new.precision < old.precision || new.scale < old.scale)
        {
            return Err(ora(
                1440,
                "column to be modified must be empty to decrease precision or scale",
            ));
        }
        if old.class() == Class::Text && new.length < old.length {
            let measure = if new.in_chars { "o_length" } else { "o_lengthb" };
            let longer = format!(
                "SELECT 1 FROM t{id} WHERE o_int({measure}({slot})) > {} LIMIT 1",
                new.length
            );
            if self.any_row(&longer)? {
                return Err(ora(
                    1441,
                    "cannot decrease column length because some value is too big",
                ));
            }
        }
        Ok(())
    }

    fn alter_drop(&mut self, ddl: &mut Ddl<'_>, id: u64) -> Result<()> {
        if ddl.cursor.take("CONSTRAINT") {
            let name = ddl.identifier(904)?;
            while ddl.cursor.take("CASCADE")
                || ddl.cursor.take_all(&["DROP", "INDEX"])
                || ddl.cursor.take_all(&["KEEP", "INDEX"])
            {}
            return self.change_catalog(move |catalog, session| {
                session.drop_constraint(catalog, id, &name)
            });
        }
        let is_primary = ddl.cursor.take_all(&["PRIMARY", "KEY"]);
        if is_primary || ddl.cursor.is("UNIQUE") {
            let columns = if is_primary {
                Vec::new()
            } else {
                ddl.cursor.at += 1;
                ddl.name_list()?
            };
            ddl.cursor.take("CASCADE");
            return self.change_catalog(move |catalog, session| {
                let name = catalog
                    .get(id)
                    .and_then(|o| o.table())
                    .and_then(|t| {
                        t.constraints.iter().find(|c| match c.kind {
                            ConstraintKind::Primary => is_primary,
                            ConstraintKind::Unique => !is_primary && c.columns == columns,
                            _ => false,
                        })
                    })
                    .map(|c| c.name.clone())
                    .ok_or_else(|| ora(2441, "Cannot drop nonexistent primary key"))?;
                session.drop_constraint(catalog, id, &name)
            });
        }
        let names = if ddl.cursor.take("COLUMN") {
            vec![ddl.identifier(904)?]
        } else if ddl.cursor.peek() == Some(&Token::LParen) {
            ddl.name_list()?
        } else {
            vec![ddl.identifier(904)?]
        };
        ddl.cursor.take_all(&["CASCADE", "CONSTRAINTS"]);
        ddl.cursor.take("INVALIDATE");
        self.change_catalog(move |catalog, session| {
            for name in &names {
                session.drop_column(catalog, id, name)?;
            }
            touch(catalog, id);
            Ok(())
        })
    }

    fn drop_column(&mut self, catalog: &mut Catalog, id: u64, name: &str) -> Result<()> {
        let object = catalog.get(id).ok_or_else(|| plain(942))?.clone();
        let Some(table) = object.table() else { return Err(plain(942)) };
        let Some(column) = table.column(name) else {
            return Err(ora(904, format!("\"{name}\": invalid identifier")));
        };
        if table.columns.len() == 1 {
            return Err(plain(12983));
        }
        // Constraints and indexes of the column go with it.
        let constraints: Vec<String> = table
            .constraints
            .iter()
            .filter(|c| c.columns.iter().any(|n| n == name))
            .map(|c| c.name.clone())
            .collect();
        for constraint in constraints {
            self.drop_constraint(catalog, id, &constraint)?;
        }
        let indexes: Vec<u64> = catalog
            .indexes_of(&object.owner, &object.name)
            .into_iter()
            .filter(|o| match &o.definition {
                Definition::Index(index) => index.columns.iter().any(|(c, _)| c.contains(name)),
                _ => false,
            })
            .map(|o| o.id)
            .collect();
        for index in indexes {
            self.batch(&format!("DROP INDEX IF EXISTS i{index}"))?;
            catalog.remove(index);
        }
        self.batch(&format!("ALTER TABLE t{id} DROP COLUMN {}", column.physical()))?;
        if let Some(sequence) = &column.identity {
            catalog.remove(sequence.sequence);
        }
        if let Some(table) = catalog.get_mut(id).and_then(|o| o.table_mut()) {
            table.columns.retain(|c| c.name != name);
        }
        Ok(())
    }

    pub(super) fn drop_constraint(
        &mut self,
        catalog: &mut Catalog,
        id: u64,
        name: &str,
    ) -> Result<()> {
        let object = catalog.get(id).ok_or_else(|| plain(942))?.clone();
        let Some(table) = object.table() else { return Err(plain(942)) };
        let Some(constraint) = table.constraints.iter().find(|c| c.name == name).cloned() else {
            return Err(plain(2443));
        };
        if let ConstraintKind::Primary | ConstraintKind::Unique = constraint.kind
            && let Some(index) = catalog.find_index(&object.owner, name).map(|o| o.id)
        {
            self.batch(&format!("DROP INDEX IF EXISTS i{index}"))?;
            catalog.remove(index);
        }
        let keeps_not_null = |column: &str, skip: &str| {
            table.constraints.iter().any(|c| {
                c.name != skip
                    && c.columns.iter().any(|n| n == column)
                    && (c.not_null || matches!(c.kind, ConstraintKind::Primary))
            })
        };
        if constraint.not_null || matches!(constraint.kind, ConstraintKind::Primary) {
            for column in &constraint.columns {
                if !keeps_not_null(column, name)
                    && let Some(column) = column_mut(catalog, id, column)
                {
                    column.nullable = true;
                }
            }
        }
        if let Some(table) = catalog.get_mut(id).and_then(|o| o.table_mut()) {
            table.constraints.retain(|c| c.name != name);
        }
        Ok(())
    }

    pub(super) fn truncate(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        ddl.expect("TABLE")?;
        let name = ddl.name()?;
        let catalog = self.catalog();
        let id =
            find(&catalog, &name, ddl.generation, |d| matches!(d, Definition::Table(_)), 942)?.id;
        self.may_own(&name.owner)?;
        for (child, constraint) in catalog.children_of(&name.owner, &name.name) {
            if constraint.enabled
                && child.id != id
                && self.any_row(&format!("SELECT 1 FROM t{} LIMIT 1", child.id))?
            {
                return Err(ora(
                    2266,
                    "unique/primary keys in table referenced by enabled foreign keys",
                ));
            }
        }
        self.change_catalog(move |_, session| session.batch(&format!("DELETE FROM t{id}")))
    }

    pub(super) fn rename(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        let old = ddl.identifier(903)?;
        ddl.expect("TO")?;
        let new = ddl.identifier(903)?;
        let owner = ddl.schema.clone();
        self.change_catalog(move |catalog, _| {
            let id =
                catalog.find(&owner, &old).map(|o| o.id).ok_or_else(|| plain(4043).with(&old))?;
            catalog.rename(id, &new)
        })
    }

    /// ALTER SESSION: what the engine follows, and what does no harm. It does not commit.
    pub(super) fn alter_session(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        if !ddl.cursor.take("SET") {
            // ENABLE PARALLEL DML, CLOSE DATABASE LINK ...
            return Ok(());
        }
        while ddl.cursor.peek().is_some() {
            let at = ddl.at();
            let Some(Token::Word(parameter)) = ddl.cursor.next().map(|t| &t.token) else {
                return Err(plain_at(2248, at));
            };
            let parameter = parameter.value.to_uppercase();
            ddl.cursor.take_token(&Token::Eq);
            let negative = ddl.cursor.take_token(&Token::Minus);
            let value = match ddl.cursor.next().map(|t| &t.token) {
                Some(Token::SingleQuotedString(text)) => text.clone(),
                Some(Token::Word(w)) if w.quote_style.is_some() => w.value.clone(),
                Some(Token::Word(w)) => w.value.to_uppercase(),
                Some(Token::Number(digits, _)) if negative => format!("-{digits}"),
                Some(Token::Number(digits, _)) => digits.clone(),
                _ => return Err(plain_at(2248, at)),
            };
            if parameter == "EVENTS"
                || parameter == "EVENT"
                || parameter == "ISOLATION_LEVEL"
                || parameter == "CONSTRAINTS"
            {
                return Ok(());
            }
            self.set_parameter(&parameter, value, at)?;
        }
        Ok(())
    }

    fn set_parameter(&mut self, parameter: &str, value: String, at: usize) -> Result<()> {
        match parameter {
            "CURRENT_SCHEMA" => {
                if !self.catalog().users.contains_key(&value) {
                    return Err(ora(1435, "user does not exist"));
                }
                self.environment.state().schema = value;
            }
            "TIME_ZONE" => {
                let minutes = match value.to_uppercase().as_str() {
                    "LOCAL" | "DBTIMEZONE" => 0,
                    _ => parse_zone(&value)?,
                };
                self.environment.state().time_zone = minutes;
            }
            "NLS_DATE_FORMAT" => self.environment.state().nls.date_format = value,
            "NLS_TIMESTAMP_FORMAT" => self.environment.state().nls.timestamp_format = value,
            "NLS_TIMESTAMP_TZ_FORMAT" => self.environment.state().nls.timestamp_tz_format = value,
            "NLS_NUMERIC_CHARACTERS" if value != ".," => {
                return Err(super::super::error::unsupported(
                    "NLS_NUMERIC_CHARACTERS other than '.,'",
                ));
            }
            name if name.starts_with("NLS_") => {
                self.environment.state().nls.others.insert(name.to_owned(), value);
            }
            name if name.starts_with("OPTIMIZER_")
                || name.starts_with('_')
                || name.starts_with("PLSQL_")
                || [
                    "SQL_TRACE",
                    "EDITION",
                    "CONTAINER",
                    "STATISTICS_LEVEL",
                    "CURSOR_SHARING",
                    "TRACEFILE_IDENTIFIER",
                    "DDL_LOCK_TIMEOUT",
                    "RESUMABLE_TIMEOUT",
                    "SORT_AREA_SIZE",
                    "TIMED_STATISTICS",
                    "STAR_TRANSFORMATION_ENABLED",
                    "QUERY_REWRITE_ENABLED",
                    "GLOBAL_NAMES",
                    "RECYCLEBIN",
                    "APPROX_FOR_AGGREGATION",
                    "DEFERRED_SEGMENT_CREATION",
                    "ERROR_ON_OVERLAP_TIME",
                    "WORKAREA_SIZE_POLICY",
                    "ROW",
                ]
                .contains(&name) => {}
            _ => return Err(plain_at(2248, at)),
        }
        Ok(())
    }
}

/// An error with the name that it is about.
trait With {
    fn with(self, name: &str) -> Self;
}

impl With for oraedge::error::DbError {
    fn with(mut self, name: &str) -> Self {
        self.message = match self.number {
            4043 => format!("ORA-04043: object {name} does not exist"),
            2430 => format!("ORA-02430: cannot enable constraint ({name}) - no such constraint"),
            _ => self.message,
        };
        self
    }
}

fn touch(catalog: &mut Catalog, id: u64) {
    if let Some(object) = catalog.get_mut(id) {
        object.changed = time();
    }
}

fn column_mut<'c>(
    catalog: &'c mut Catalog,
    id: u64,
    name: &str,
) -> Option<&'c mut super::super::catalog::TableColumn> {
    catalog.get_mut(id)?.table_mut()?.column_mut(name)
}

fn rename_constraint(catalog: &mut Catalog, id: u64, old: &str, new: &str) -> Result<()> {
    let table = catalog.get_mut(id).and_then(|o| o.table_mut()).ok_or_else(|| plain(942))?;
    let constraint = table
        .constraints
        .iter_mut()
        .find(|c| c.name == old)
        .ok_or_else(|| ora(23292, format!("The constraint {old} does not exist")))?;
    constraint.name = new.to_owned();
    constraint.generated = false;
    Ok(())
}

fn rename_column(catalog: &mut Catalog, id: u64, old: &str, new: &str) -> Result<()> {
    let object = catalog.get_mut(id).ok_or_else(|| plain(942))?;
    let (owner, name) = (object.owner.clone(), object.name.clone());
    let table = object.table_mut().ok_or_else(|| plain(942))?;
    if table.column(new).is_some() {
        return Err(plain(957));
    }
    let column =
        table.column_mut(old).ok_or_else(|| ora(904, format!("\"{old}\": invalid identifier")))?;
    column.name = new.to_owned();
    for constraint in &mut table.constraints {
        for column in &mut constraint.columns {
            if column == old {
                new.clone_into(column);
            }
        }
        if let (ConstraintKind::Check(text), true) = (&mut constraint.kind, constraint.not_null) {
            *text = format!("\"{new}\" IS NOT NULL");
        }
    }
    let indexes: Vec<u64> = catalog.indexes_of(&owner, &name).into_iter().map(|o| o.id).collect();
    for index in indexes {
        if let Some(Definition::Index(index)) = catalog.get_mut(index).map(|o| &mut o.definition) {
            for (column, _) in &mut index.columns {
                if column == old {
                    new.clone_into(column);
                }
            }
        }
    }
    Ok(())
}
