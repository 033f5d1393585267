//! CREATE TABLE.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::super::catalog::{
    Catalog, Constraint, ConstraintKind, Definition, Identity, Index, OnDelete, Sequence, Table,
    TableColumn,
};
use super::super::database::sqlite_error;
use super::super::error::{Result, ora, plain, plain_at};
use super::super::lexer::Lexed;
use super::super::parse;
use super::super::session::Session;
use super::super::translate::Translator;
use super::super::type_name::parse_type;
use super::super::types::{Class, Kind, OraType};
use super::objects::sequence_options;
use super::{Ddl, Name, taken, time};

/// What is read of a constraint.
#[derive(Debug, Clone)]
pub(super) struct NewConstraint {
    pub(super) name: Option<String>,
    pub(super) kind: NewKind,
    pub(super) columns: Vec<String>,
    pub(super) enabled: bool,
}

#[derive(Debug, Clone)]
pub(super) enum NewKind {
    Primary,
    Unique,
    Check(String),
    Foreign { table: Name, columns: Vec<String>, on_delete: OnDelete },
    NotNull,
}

/// What is read of a column.
#[derive(Debug)]
pub(super) struct NewColumn {
    pub(super) name: String,
    pub(super) at: usize,
    pub(super) ty: Option<OraType>,
    pub(super) default: Option<String>,
    pub(super) default_on_null: bool,
    pub(super) hidden: bool,
    /// Whether always, and the options of its sequence.
    pub(super) identity: Option<(bool, Sequence)>,
    pub(super) constraints: Vec<NewConstraint>,
    /// An explicit NULL.
    pub(super) nullable: bool,
}

/// The name that the system gives a constraint.
pub(crate) fn system_name(id: u64) -> String {
    format!("SYS_C{id:08}")
}

const COLUMN_CLAUSES: [&str; 16] = [
    "CONSTRAINT",
    "NOT",
    "NULL",
    "PRIMARY",
    "UNIQUE",
    "CHECK",
    "REFERENCES",
    "GENERATED",
    "ENABLE",
    "DISABLE",
    "VISIBLE",
    "INVISIBLE",
    "DEFAULT",
    "COLLATE",
    "SORT",
    "ANNOTATIONS",
];

impl Ddl<'_> {
    /// `name type [clauses]`; the type may be missing where an existing column is modified.
    pub(super) fn column(&mut self) -> Result<NewColumn> {
        let at = self.at();
        let name = self.identifier(904)?;
        let type_at = self.at();
        let ty = parse_type(&mut self.cursor)?;
        let mut column = NewColumn {
            name,
            at,
            ty,
            default: None,
            default_on_null: false,
            hidden: false,
            identity: None,
            constraints: Vec::new(),
            nullable: false,
        };
        if column.ty.is_none()
            && let Some(Token::Word(word)) = self.cursor.peek()
            && !COLUMN_CLAUSES.contains(&word.value.to_uppercase().as_str())
        {
            return Err(plain_at(902, type_at));
        }
        loop {
            if self.cursor.take("DEFAULT") {
                column.default_on_null = self.cursor.take_all(&["ON", "NULL"]);
                column.default = Some(self.expression_text()?);
            } else if self.cursor.take("GENERATED") {
                let always = self.cursor.take("ALWAYS");
                if !always {
                    self.expect("BY")?;
                    self.expect("DEFAULT")?;
                    column.default_on_null = self.cursor.take_all(&["ON", "NULL"]);
                }
                self.expect("AS")?;
                if !self.cursor.take("IDENTITY") {
                    return Err(super::super::error::unsupported("virtual columns"));
                }
                let options = if self.cursor.take_token(&Token::LParen) {
                    let options = sequence_options(self, None)?;
                    self.close()?;
                    options
                } else {
                    sequence_options(self, None)?
                };
                column.identity = Some((always, Sequence { identity: true, ..options }));
            } else if self.cursor.take("INVISIBLE") {
                column.hidden = true;
            } else if self.cursor.take("VISIBLE") || self.cursor.take("SORT") {
            } else if self.cursor.take("COLLATE") {
                self.identifier(904)?;
            } else if self.cursor.take("NULL") {
                column.nullable = true;
            } else if let Some(constraint) = self.column_constraint(&column.name)? {
                column.constraints.push(constraint);
            } else {
                break;
            }
        }
        Ok(column)
    }

    /// The text of an expression up to the next clause of the column.
    fn expression_text(&mut self) -> Result<String> {
        let start = self.cursor.at;
        let mut depth = 0i32;
        while let Some(token) = self.cursor.peek() {
            match token {
                Token::LParen => depth += 1,
                Token::RParen if depth == 0 => break,
                Token::RParen => depth -= 1,
                Token::Comma if depth == 0 => break,
                Token::Word(w)
                    if depth == 0
                        && self.cursor.at > start
                        && w.quote_style.is_none()
                        && COLUMN_CLAUSES.contains(&w.value.to_uppercase().as_str()) =>
                {
                    break;
                }
                _ => {}
            }
            self.cursor.at += 1;
        }
        if self.cursor.at == start {
            return Err(plain_at(936, self.at()));
        }
        parse::expression_tokens(&self.cursor.tokens[start..self.cursor.at], self.positions)?;
        Ok(self.text(start, self.cursor.at))
    }

    fn column_constraint(&mut self, column: &str) -> Result<Option<NewConstraint>> {
        let name = if self.cursor.take("CONSTRAINT") { Some(self.identifier(904)?) } else { None };
        let kind = if self.cursor.take_all(&["NOT", "NULL"]) {
            NewKind::NotNull
        } else if self.cursor.take("NULL") {
            return Ok(None);
        } else {
            match self.constraint_kind()? {
                Some(kind) => kind,
                None if name.is_some() => return Err(plain_at(904, self.at())),
                None => return Ok(None),
            }
        };
        let enabled = self.constraint_state()?;
        Ok(Some(NewConstraint { name, kind, columns: vec![column.to_owned()], enabled }))
    }

    /// PRIMARY KEY, UNIQUE, CHECK (...) or REFERENCES; a table's ones have their columns first.
    fn constraint_kind(&mut self) -> Result<Option<NewKind>> {
        Ok(Some(if self.cursor.take("PRIMARY") {
            self.expect("KEY")?;
            NewKind::Primary
        } else if self.cursor.take("UNIQUE") {
            NewKind::Unique
        } else if self.cursor.take("CHECK") {
            NewKind::Check(self.parenthesized()?)
        } else if self.cursor.take("REFERENCES") {
            self.references()?
        } else {
            return Ok(None);
        }))
    }

    fn parenthesized(&mut self) -> Result<String> {
        self.open()?;
        let start = self.cursor.at;
        let mut depth = 0i32;
        while let Some(token) = self.cursor.peek() {
            match token {
                Token::LParen => depth += 1,
                Token::RParen if depth == 0 => break,
                Token::RParen => depth -= 1,
                _ => {}
            }
            self.cursor.at += 1;
        }
        parse::expression_tokens(&self.cursor.tokens[start..self.cursor.at], self.positions)?;
        let text = self.text(start, self.cursor.at);
        self.close()?;
        Ok(text)
    }

    fn references(&mut self) -> Result<NewKind> {
        let table = self.name()?;
        let columns =
            if self.cursor.peek() == Some(&Token::LParen) { self.name_list()? } else { Vec::new() };
        let mut on_delete = OnDelete::Refuse;
        if self.cursor.take_all(&["ON", "DELETE"]) {
            on_delete = if self.cursor.take("CASCADE") {
                OnDelete::Cascade
            } else if self.cursor.take_all(&["SET", "NULL"]) {
                OnDelete::SetNull
            } else {
                return Err(plain_at(905, self.at()));
            };
        }
        Ok(NewKind::Foreign { table, columns, on_delete })
    }

    fn constraint_state(&mut self) -> Result<bool> {
        let mut enabled = true;
        loop {
            if self.cursor.take("ENABLE")
                || self.cursor.take("VALIDATE")
                || self.cursor.take("NOVALIDATE")
                || self.cursor.take("RELY")
                || self.cursor.take("DEFERRABLE")
                || self.cursor.take_all(&["NOT", "DEFERRABLE"])
            {
            } else if self.cursor.take("DISABLE") {
                enabled = false;
            } else if self.cursor.take("INITIALLY") {
                self.cursor.at += 1;
            } else if self.cursor.take_all(&["USING", "INDEX"]) {
                // A name, a definition in parentheses or storage options: nothing that matters here.
                while let Some(token) = self.cursor.peek() {
                    match token {
                        Token::LParen => {
                            self.open()?;
                            self.skip_to_close();
                            self.close()?;
                        }
                        Token::Comma | Token::RParen => break,
                        Token::Word(w)
                            if ["ENABLE", "DISABLE"]
                                .iter()
                                .any(|k| w.value.eq_ignore_ascii_case(k)) =>
                        {
                            break;
                        }
                        _ => self.cursor.at += 1,
                    }
                }
            } else {
                return Ok(enabled);
            }
        }
    }

    fn skip_to_close(&mut self) {
        let mut depth = 0i32;
        while let Some(token) = self.cursor.peek() {
            match token {
                Token::LParen => depth += 1,
                Token::RParen if depth == 0 => return,
                Token::RParen => depth -= 1,
                _ => {}
            }
            self.cursor.at += 1;
        }
    }

    /// A constraint of the table.
    pub(super) fn table_constraint(&mut self) -> Result<Option<NewConstraint>> {
        let start = self.cursor.at;
        let name = if self.cursor.take("CONSTRAINT") { Some(self.identifier(904)?) } else { None };
        let (kind, columns) = if self.cursor.take_all(&["FOREIGN", "KEY"]) {
            let columns = self.name_list()?;
            self.expect("REFERENCES")?;
            (self.references()?, columns)
        } else if self.cursor.is("PRIMARY")
            || (self.cursor.is("UNIQUE") && self.cursor.peek_at(1) == Some(&Token::LParen))
            || (self.cursor.is("CHECK") && self.cursor.peek_at(1) == Some(&Token::LParen))
        {
            let Some(kind) = self.constraint_kind()? else { return Ok(None) };
            let columns = match kind {
                NewKind::Check(_) => Vec::new(),
                _ => self.name_list()?,
            };
            (kind, columns)
        } else if name.is_some() {
            return Err(plain_at(904, self.at()));
        } else {
            self.cursor.at = start;
            return Ok(None);
        };
        let enabled = self.constraint_state()?;
        Ok(Some(NewConstraint { name, kind, columns, enabled }))
    }
}

impl Session {
    pub(super) fn create_table(&mut self, ddl: &mut Ddl<'_>, temporary: bool) -> Result<()> {
        let if_not_exists = ddl.if_not_exists();
        let name = ddl.name()?;
        self.may_own(&name.owner)?;
        let mut columns: Vec<NewColumn> = Vec::new();
        let mut constraints = Vec::new();
        let mut names: Vec<String> = Vec::new();
        if ddl.cursor.take_token(&Token::LParen) {
            loop {
                if let Some(constraint) = ddl.table_constraint()? {
                    constraints.push(constraint);
                } else {
                    let column = ddl.column()?;
                    if names.contains(&column.name) {
                        return Err(plain_at(957, column.at));
                    }
                    names.push(column.name.clone());
                    columns.push(column);
                }
                if !ddl.cursor.take_token(&Token::Comma) {
                    break;
                }
            }
            ddl.close()?;
        } else if !ddl.cursor.is("AS") {
            return Err(plain_at(if ddl.cursor.peek().is_none() { 906 } else { 922 }, ddl.at()));
        }
        // Storage, ON COMMIT, partitions and the like.
        let mut query = None;
        while let Some(token) = ddl.cursor.next() {
            if super::super::lexer::is_word(&token.token, "AS") {
                query = Some(ddl.cursor.tokens[ddl.cursor.at..].to_vec());
                break;
            }
        }
        if self.catalog().find(&name.owner, &name.name).is_some() {
            return if if_not_exists { self.commit() } else { Err(taken(&name, ddl.generation)) };
        }
        if columns.is_empty() && query.is_none() {
            return Err(plain(904));
        }
        for column in &columns {
            if column.ty.is_none() && query.is_none() {
                return Err(plain_at(902, column.at));
            }
        }
        let positions = ddl.positions.clone();
        self.change_catalog(move |catalog, session| {
            let id = catalog.next_id();
            let mut table = Table { temporary, ..Table::default() };
            let mut fill = None;
            if let Some(tokens) = query {
                fill = Some(
                    session.columns_of_query(catalog, tokens, &positions, &columns, &mut table)?,
                );
                columns.clear();
            }
            catalog.add(id, &name.owner, &name.name, Definition::Table(table), time())?;
            let mut physical: Vec<String> = Vec::new();
            if let Some(table) = catalog.get(id).and_then(|o| o.table()) {
                physical = table.columns.iter().map(|c| c.physical()).collect();
            }
            for column in &columns {
                physical.push(add_column(catalog, id, column)?);
            }
            session.batch(&format!("CREATE TABLE t{id} ({})", physical.join(", ")))?;
            if let Some(select) = fill {
                session.batch(&format!("INSERT INTO t{id} {select}"))?;
            }
            for column in columns {
                for constraint in column.constraints {
                    session.add_constraint(catalog, id, constraint)?;
                }
            }
            for constraint in constraints {
                session.add_constraint(catalog, id, constraint)?;
            }
            Ok(())
        })
    }

    /// CREATE TABLE ... AS: the table's columns, and what fills it.
    fn columns_of_query(
        &self,
        catalog: &Catalog,
        tokens: Vec<TokenWithSpan>,
        positions: &super::super::lexer::Positions,
        given: &[NewColumn],
        table: &mut Table,
    ) -> Result<String> {
        let lexed = Lexed { tokens, binds: Vec::new(), positions: positions.clone() };
        let parsed = parse::query(&lexed)?;
        let mut translator = Translator::new(catalog, &self.environment, positions, &[], &[]);
        translator.cast_types = &parsed.types;
        let translated = translator.top_query(&parsed.query)?;
        if !given.is_empty() && given.len() != translated.columns.len() {
            return Err(ora(1730, "invalid number of column names specified"));
        }
        let mut select = Vec::new();
        for (at, column) in translated.columns.iter().enumerate() {
            let mut ty = column.ty;
            if ty.kind == Kind::Null
                || (ty.class() == Class::Text
                    && ty.max_bytes() == 0
                    && !ty.kind.is_lob()
                    && ty.kind != Kind::Long)
            {
                return Err(ora(1723, "zero-length columns are not allowed"));
            }
            if ty.class() == Class::Text && !ty.kind.is_lob() {
                ty.length = ty.length.max(1);
            }
            let name = given.get(at).map_or_else(|| column.name.clone(), |c| c.name.clone());
            let is_name = name.chars().next().is_some_and(|c| c.is_alphabetic())
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || "_$#".contains(c) || c.is_lowercase());
            if !is_name && given.is_empty() && name.contains(['(', '*', '\'', '+', ':']) {
                return Err(ora(998, "must name this expression with a column alias"));
            }
            if table.columns.iter().any(|c| c.name == name) {
                return Err(plain(957));
            }
            table.next_slot += 1;
            table.columns.push(TableColumn {
                name,
                slot: table.next_slot,
                ty,
                nullable: true,
                default: None,
                default_on_null: false,
                identity: None,
                hidden: false,
                comment: None,
            });
            select.push(format!("k{at}"));
        }
        Ok(format!("SELECT {} FROM ({})", select.join(","), translated.sql))
    }

    /// Adds a constraint, which what is in the table must meet.
    pub(super) fn add_constraint(
        &mut self,
        catalog: &mut Catalog,
        id: u64,
        new: NewConstraint,
    ) -> Result<()> {
        let object = catalog.get(id).ok_or_else(|| plain(942))?.clone();
        let Some(table) = object.table() else { return Err(plain(942)) };
        for column in &new.columns {
            if table.column(column).is_none() {
                return Err(ora(904, format!("\"{column}\": invalid identifier")));
            }
        }
        let name = match &new.name {
            Some(name) => {
                if catalog.find_constraint(&object.owner, name).is_some() {
                    return Err(plain(2264));
                }
                name.clone()
            }
            None => system_name(catalog.next_id()),
        };
        let full = format!("{}.{name}", object.owner);
        let physical: Vec<String> =
            new.columns.iter().filter_map(|c| table.column(c)).map(|c| c.physical()).collect();
        let mut constraint = Constraint {
            name: name.clone(),
            generated: new.name.is_none(),
            kind: ConstraintKind::Unique,
            columns: new.columns.clone(),
            enabled: new.enabled,
            not_null: false,
        };
        match new.kind {
            NewKind::NotNull => {
                let column = new.columns.first().cloned().unwrap_or_default();
                if self.any_row(&format!(
                    "SELECT 1 FROM t{id} WHERE {} IS NULL LIMIT 1",
                    physical[0]
                ))? {
                    return Err(ora(2296, format!("cannot enable ({full}) - null values found")));
                }
                constraint.kind = ConstraintKind::Check(format!("\"{column}\" IS NOT NULL"));
                constraint.not_null = true;
                set_not_null(catalog, id, &column);
            }
            NewKind::Primary | NewKind::Unique => {
                let primary = matches!(new.kind, NewKind::Primary);
                if primary && table.primary().is_some() {
                    return Err(plain(2260));
                }
                for column in new.columns.iter().filter_map(|c| table.column(c)) {
                    if column.ty.kind.is_lob()
                        || matches!(column.ty.kind, Kind::Long | Kind::LongRaw)
                    {
                        return Err(ora(
                            2329,
                            format!(
                                "column of datatype {} cannot be unique or a primary key",
                                column.ty.dictionary_name()
                            ),
                        ));
                    }
                }
                if new.enabled {
                    let index = catalog.next_id();
                    let sql =
                        format!("CREATE UNIQUE INDEX i{index} ON t{id} ({})", physical.join(", "));
                    self.connection.execute_batch(&sql).map_err(|error| {
                        if error.to_string().contains("UNIQUE") {
                            if primary {
                                ora(
                                    2437,
                                    format!("cannot validate ({full}) - primary key violated"),
                                )
                            } else {
                                ora(
                                    2299,
                                    format!("cannot validate ({full}) - duplicate keys found"),
                                )
                            }
                        } else {
                            sqlite_error(error)
                        }
                    })?;
                    let definition = Definition::Index(Index {
                        table_owner: object.owner.clone(),
                        table: object.name.clone(),
                        columns: new.columns.iter().map(|c| (c.clone(), false)).collect(),
                        unique: true,
                        by_constraint: true,
                    });
                    catalog.add(index, &object.owner, &name, definition, time())?;
                }
                if primary {
                    constraint.kind = ConstraintKind::Primary;
                    for column in &new.columns {
                        let slot = table.column(column).map(|c| c.physical()).unwrap_or_default();
                        if self
                            .any_row(&format!("SELECT 1 FROM t{id} WHERE {slot} IS NULL LIMIT 1"))?
                        {
                            return Err(ora(
                                1449,
                                "column contains NULL values; cannot alter to NOT NULL",
                            ));
                        }
                        set_not_null(catalog, id, column);
                    }
                }
            }
            NewKind::Check(text) => {
                constraint.kind = ConstraintKind::Check(text.clone());
                let test = self.check_condition(catalog, id, &text)?;
                if new.enabled
                    && self
                        .any_row(&format!("SELECT 1 FROM t{id} AS a1 WHERE NOT {test} LIMIT 1"))?
                {
                    return Err(ora(
                        2293,
                        format!("cannot validate ({full}) - check constraint violated"),
                    ));
                }
            }
            NewKind::Foreign { table: parent, columns, on_delete } => {
                let found = catalog.find(&parent.owner, &parent.name).ok_or_else(|| {
                    super::find(catalog, &parent, self.shared().settings.generation, |_| true, 942)
                        .err()
                        .unwrap_or_else(|| plain(942))
                })?;
                let Some(parent_table) = found.table() else { return Err(plain(942)) };
                let key = if columns.is_empty() {
                    parent_table
                        .primary()
                        .ok_or_else(|| ora(2268, "referenced table does not have a primary key"))?
                } else {
                    parent_table
                        .constraints
                        .iter()
                        .find(|c| {
                            matches!(c.kind, ConstraintKind::Primary | ConstraintKind::Unique)
                                && c.columns.len() == columns.len()
                                && columns.iter().all(|name| c.columns.contains(name))
                        })
                        .ok_or_else(|| plain(2270))?
                };
                if key.columns.len() != new.columns.len() {
                    return Err(plain(2256));
                }
                // The child's columns in the order of the key's.
                if !columns.is_empty() {
                    constraint.columns = key
                        .columns
                        .iter()
                        .filter_map(|k| columns.iter().position(|c| c == k))
                        .filter_map(|at| new.columns.get(at).cloned())
                        .collect();
                }
                for (from, to) in constraint.columns.iter().zip(&key.columns) {
                    let (from, to) = (table.column(from), parent_table.column(to));
                    if from.map(|c| c.ty.class()) != to.map(|c| c.ty.class()) {
                        return Err(plain(2267));
                    }
                }
                constraint.kind = ConstraintKind::Foreign {
                    owner: found.owner.clone(),
                    table: found.name.clone(),
                    constraint: key.name.clone(),
                    on_delete,
                };
                let orphans = Translator::new(
                    catalog,
                    &self.environment,
                    &super::super::lexer::Positions::new(""),
                    &[],
                    &[],
                )
                .orphans(&object, &constraint);
                if let (true, Some(orphans)) = (new.enabled, orphans)
                    && self.any_row(&format!("SELECT 1 FROM {orphans} LIMIT 1"))?
                {
                    return Err(ora(
                        2298,
                        format!("cannot validate ({full}) - parent keys not found"),
                    ));
                }
            }
        }
        if let Some(table) = catalog.get_mut(id).and_then(|o| o.table_mut()) {
            table.constraints.push(constraint);
        }
        Ok(())
    }

    pub(super) fn any_row(&self, sql: &str) -> Result<bool> {
        let mut statement = self.connection.prepare(sql).map_err(sqlite_error)?;
        statement.exists([]).map_err(sqlite_error)
    }

    /// A CHECK condition in SQLite's words; the table's alias is `a1`.
    fn check_condition(&self, catalog: &Catalog, id: u64, text: &str) -> Result<String> {
        let object = catalog.get(id).ok_or_else(|| plain(942))?;
        let positions = super::super::lexer::Positions::new(text);
        let mut translator = Translator::new(catalog, &self.environment, &positions, &[], &[]);
        translator.check_condition(object, text)
    }
}

fn set_not_null(catalog: &mut Catalog, id: u64, column: &str) {
    if let Some(column) =
        catalog.get_mut(id).and_then(|o| o.table_mut()).and_then(|t| t.column_mut(column))
    {
        column.nullable = false;
    }
}

/// Adds a column to the catalog; its name in SQLite.
pub(super) fn add_column(catalog: &mut Catalog, id: u64, new: &NewColumn) -> Result<String> {
    let object = catalog.get(id).ok_or_else(|| plain(942))?;
    let owner = object.owner.clone();
    let mut identity = None;
    if let Some((always, sequence)) = &new.identity {
        let sequence_id = catalog.next_id();
        let name = format!("ISEQ$$_{sequence_id}");
        catalog.add(sequence_id, &owner, &name, Definition::Sequence(sequence.clone()), time())?;
        identity = Some(Identity { sequence: sequence_id, always: *always });
    }
    let Some(table) = catalog.get_mut(id).and_then(|o| o.table_mut()) else {
        return Err(plain(942));
    };
    table.next_slot += 1;
    let column = TableColumn {
        name: new.name.clone(),
        slot: table.next_slot,
        ty: new.ty.ok_or_else(|| plain(902))?,
        nullable: identity.is_none(),
        default: new.default.clone().filter(|d| !d.trim().eq_ignore_ascii_case("NULL")),
        default_on_null: new.default_on_null,
        identity,
        hidden: new.hidden,
        comment: None,
    };
    let physical = column.physical();
    table.columns.push(column);
    Ok(physical)
}
