//! Views, indexes, sequences, synonyms, comments, and dropping.

use sqlparser::tokenizer::Token;

use super::super::catalog::{
    Catalog, ConstraintKind, Definition, Index, Sequence, View, ViewColumn,
};
use super::super::database::sqlite_error;
use super::super::error::{Result, ora, ora_at, plain, plain_at};
use super::super::lexer::{is_word, lex};
use super::super::num::Num;
use super::super::parse;
use super::super::session::Session;
use super::super::translate::Translator;
use super::{Ddl, find, taken, text_of, time};

const MAX_SEQUENCE: &str = "9999999999999999999999999999";
const MIN_SEQUENCE: &str = "-999999999999999999999999999";

/// The options of a sequence, on top of those that it has.
pub(super) fn sequence_options(ddl: &mut Ddl<'_>, known: Option<&Sequence>) -> Result<Sequence> {
    let mut start = None;
    let mut sequence = known.cloned().unwrap_or(Sequence {
        start: String::new(),
        increment: "1".to_owned(),
        min: String::new(),
        max: String::new(),
        cycle: false,
        order: false,
        cache: 20,
        identity: false,
    });
    let number = |ddl: &mut Ddl<'_>| -> Result<String> {
        let negative = ddl.cursor.take_token(&Token::Minus);
        match ddl.cursor.next().map(|t| &t.token) {
            Some(Token::Number(digits, _)) if negative => Ok(format!("-{digits}")),
            Some(Token::Number(digits, _)) => Ok(digits.clone()),
            _ => Err(plain_at(1722, ddl.at())),
        }
    };
    loop {
        if ddl.cursor.take_all(&["START", "WITH"]) {
            if ddl.cursor.take_all(&["LIMIT", "VALUE"]) {
                continue;
            }
            start = Some(number(ddl)?);
        } else if ddl.cursor.take_all(&["INCREMENT", "BY"]) {
            sequence.increment = number(ddl)?;
        } else if ddl.cursor.take("MINVALUE") {
            sequence.min = number(ddl)?;
        } else if ddl.cursor.take("MAXVALUE") {
            sequence.max = number(ddl)?;
        } else if ddl.cursor.take("CACHE") {
            sequence.cache = number(ddl)?.parse().unwrap_or(20);
        } else if ddl.cursor.take("NOCACHE") {
            sequence.cache = 0;
        } else if ddl.cursor.take("CYCLE") {
            sequence.cycle = true;
        } else if ddl.cursor.take("NOCYCLE") {
            sequence.cycle = false;
        } else if ddl.cursor.take("ORDER") {
            sequence.order = true;
        } else if ddl.cursor.take("NOORDER") {
            sequence.order = false;
        } else if [
            "NOMINVALUE",
            "NOMAXVALUE",
            "NOKEEP",
            "KEEP",
            "SCALE",
            "NOSCALE",
            "GLOBAL",
            "SESSION",
            "NOSHARD",
        ]
        .iter()
        .any(|word| ddl.cursor.take(word))
        {
        } else if ddl.cursor.take("RESTART") {
            start = start.or(Some(String::new()));
        } else {
            break;
        }
    }
    let down = sequence.increment.starts_with('-');
    if Num::parse(&sequence.increment).is_ok_and(|n| n.is_zero()) {
        return Err(ora(4002, "INCREMENT must be a nonzero integer"));
    }
    if sequence.min.is_empty() {
        sequence.min = if down { MIN_SEQUENCE } else { "1" }.to_owned();
    }
    if sequence.max.is_empty() {
        sequence.max = if down { "-1" } else { MAX_SEQUENCE }.to_owned();
    }
    match start {
        Some(start) if !start.is_empty() => sequence.start = start,
        Some(_) => sequence.start = if down { sequence.max.clone() } else { sequence.min.clone() },
        None if sequence.start.is_empty() => {
            sequence.start = if down { sequence.max.clone() } else { sequence.min.clone() };
        }
        None => {}
    }
    let (Ok(start), Ok(min), Ok(max)) =
        (Num::parse(&sequence.start), Num::parse(&sequence.min), Num::parse(&sequence.max))
    else {
        return Err(plain(1722));
    };
    if start < min {
        return Err(ora(4006, "START WITH cannot be less than MINVALUE"));
    }
    if start > max {
        return Err(ora(4008, "START WITH cannot be more than MAXVALUE"));
    }
    Ok(sequence)
}

impl Session {
    pub(super) fn create_view(&mut self, ddl: &mut Ddl<'_>, replace: bool) -> Result<()> {
        let if_not_exists = ddl.if_not_exists();
        let name = ddl.name()?;
        self.may_own(&name.owner)?;
        let mut names = Vec::new();
        if ddl.cursor.peek() == Some(&Token::LParen) {
            names = ddl.name_list()?;
        }
        ddl.expect("AS")?;
        let mut tokens = &ddl.cursor.tokens[ddl.cursor.at..];
        let mut read_only = false;
        // WITH READ ONLY, WITH CHECK OPTION at the end.
        let tail = tokens.iter().rposition(|t| is_word(&t.token, "WITH"));
        if let Some(at) = tail {
            let next = |word: &str| tokens.get(at + 1).is_some_and(|t| is_word(&t.token, word));
            if next("READ") || next("CHECK") {
                read_only = next("READ");
                tokens = &tokens[..at];
            }
        }
        let text = text_of(ddl.positions, tokens);
        let lexed = lex(&text)?;
        if !lexed.binds.is_empty() {
            return Err(ora(1027, "bind variables not allowed for data definition operations"));
        }
        let generation = ddl.generation;
        let schema = ddl.schema.clone();
        self.change_catalog(move |catalog, session| {
            let shift = |mut error: oraedge::error::DbError| {
                error.offset = None;
                error
            };
            let parsed = parse::query(&lexed).map_err(shift)?;
            let mut translator =
                Translator::new(catalog, &session.environment, &lexed.positions, &[], &[]);
            translator.cast_types = &parsed.types;
            translator.schema.clone_from(&schema);
            let translated = translator.top_query(&parsed.query).map_err(shift)?;
            if !names.is_empty() && names.len() != translated.columns.len() {
                return Err(ora(1730, "invalid number of column names specified"));
            }
            let columns: Vec<ViewColumn> = translated
                .columns
                .iter()
                .enumerate()
                .map(|(at, c)| ViewColumn {
                    name: names.get(at).cloned().unwrap_or_else(|| c.name.clone()),
                    ty: c.ty,
                    nullable: c.nullable,
                    comment: None,
                })
                .collect();
            for (at, column) in columns.iter().enumerate() {
                if columns[..at].iter().any(|c| c.name == column.name) {
                    return Err(plain(957));
                }
                if names.is_empty() && column.name.contains(['(', '*', '\'', '+', '|']) {
                    return Err(ora(998, "must name this expression with a column alias"));
                }
            }
            let view = Definition::View(View { text, columns, comment: None, read_only });
            match catalog
                .find(&name.owner, &name.name)
                .map(|o| (o.id, matches!(o.definition, Definition::View(_))))
            {
                Some((id, true)) if replace => {
                    if let Some(object) = catalog.get_mut(id) {
                        object.definition = view;
                        object.changed = time();
                    }
                    Ok(())
                }
                Some(_) if if_not_exists => Ok(()),
                Some(_) => Err(taken(&name, generation)),
                None => {
                    let id = catalog.next_id();
                    catalog.add(id, &name.owner, &name.name, view, time())
                }
            }
        })
    }

    pub(super) fn create_index(&mut self, ddl: &mut Ddl<'_>, unique: bool) -> Result<()> {
        let if_not_exists = ddl.if_not_exists();
        let name = ddl.name()?;
        ddl.expect("ON")?;
        let table = ddl.name()?;
        ddl.open()?;
        let mut items: Vec<(Vec<sqlparser::tokenizer::TokenWithSpan>, bool)> = Vec::new();
        loop {
            let start = ddl.cursor.at;
            ddl.skip_options();
            let mut end = ddl.cursor.at;
            let mut descending = false;
            if end > start {
                let last = &ddl.cursor.tokens[end - 1].token;
                descending = is_word(last, "DESC");
                if descending || is_word(last, "ASC") {
                    end -= 1;
                }
            }
            if end == start {
                return Err(plain_at(936, ddl.at()));
            }
            items.push((ddl.cursor.tokens[start..end].to_vec(), descending));
            if !ddl.cursor.take_token(&Token::Comma) {
                break;
            }
        }
        ddl.close()?;
        let generation = ddl.generation;
        let positions = ddl.positions.clone();
        let catalog = self.catalog();
        let object =
            find(&catalog, &table, generation, |d| matches!(d, Definition::Table(_)), 942)?.clone();
        self.may_own(&name.owner)?;
        if catalog.find_index(&name.owner, &name.name).is_some() {
            return if if_not_exists { self.commit() } else { Err(taken(&name, generation)) };
        }
        self.change_catalog(move |catalog, session| {
            let Some(definition) = object.table() else { return Err(plain(942)) };
            let id = catalog.next_id();
            let (mut columns, mut physical) = (Vec::new(), Vec::new());
            for (tokens, descending) in &items {
                let word = match tokens.as_slice() {
                    [one] => match &one.token {
                        Token::Word(w) if w.quote_style.is_some() => Some(w.value.clone()),
                        Token::Word(w) => Some(w.value.to_uppercase()),
                        _ => None,
                    },
                    _ => None,
                };
                let sql = match word.as_ref() {
                    Some(name) => {
                        let column = definition.column(name).ok_or_else(|| {
                            ora_at(
                                904,
                                format!("\"{name}\": invalid identifier"),
                                positions.offset(tokens[0].span.start),
                            )
                        })?;
                        columns.push((name.clone(), *descending));
                        column.physical()
                    }
                    None => {
                        // An expression: kept for the dictionary, and for uniqueness.
                        let text = text_of(&positions, tokens);
                        let mut translator =
                            Translator::new(catalog, &session.environment, &positions, &[], &[]);
                        let sql = translator.index_expression(&object, &text)?;
                        columns.push((text, *descending));
                        sql
                    }
                };
                physical.push(format!("{sql}{}", if *descending { " DESC" } else { "" }));
            }
            let same = catalog.indexes_of(&object.owner, &object.name).into_iter().any(
                |o| matches!(&o.definition, Definition::Index(index) if index.columns == columns),
            );
            if same {
                return Err(plain(1408));
            }
            let kind = if unique { "UNIQUE " } else { "" };
            let sql = format!(
                "CREATE {kind}INDEX i{id} ON {} ({})",
                object.physical(),
                physical.join(", ")
            );
            session.connection.execute_batch(&sql).map_err(|error| {
                if error.to_string().contains("UNIQUE") {
                    ora(1452, "cannot CREATE UNIQUE INDEX; duplicate keys found")
                } else {
                    sqlite_error(error)
                }
            })?;
            let index = Definition::Index(Index {
                table_owner: object.owner.clone(),
                table: object.name.clone(),
                columns,
                unique,
                by_constraint: false,
            });
            catalog.add(id, &name.owner, &name.name, index, time())
        })
    }

    pub(super) fn create_sequence(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        let if_not_exists = ddl.if_not_exists();
        let name = ddl.name()?;
        self.may_own(&name.owner)?;
        let sequence = sequence_options(ddl, None)?;
        if ddl.cursor.peek().is_some() {
            return Err(plain_at(933, ddl.at()));
        }
        let generation = ddl.generation;
        if self.catalog().find(&name.owner, &name.name).is_some() {
            return if if_not_exists { self.commit() } else { Err(taken(&name, generation)) };
        }
        self.change_catalog(move |catalog, _| {
            let id = catalog.next_id();
            catalog.add(id, &name.owner, &name.name, Definition::Sequence(sequence), time())
        })
    }

    pub(super) fn alter_sequence(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        let name = ddl.name()?;
        let catalog = self.catalog();
        let object =
            find(&catalog, &name, ddl.generation, |d| matches!(d, Definition::Sequence(_)), 2289)?;
        let (id, Definition::Sequence(old)) = (object.id, &object.definition) else {
            return Err(plain(2289));
        };
        let restarts = ddl.cursor.tokens.iter().any(|t| is_word(&t.token, "RESTART"));
        let sequence = sequence_options(ddl, Some(old))?;
        drop(catalog);
        let state = super::super::database::sequence_start(&sequence)?;
        self.change_catalog(move |catalog, session| {
            if let Some(object) = catalog.get_mut(id) {
                object.definition = Definition::Sequence(sequence);
                object.changed = time();
            }
            let sequences = &session.shared().sequences;
            let next = match sequences.get(id) {
                Some(old) if !restarts => old.next,
                _ => state.next,
            };
            sequences.set(id, super::super::environment::SequenceState { next, ..state });
            Ok(())
        })
    }

    pub(super) fn create_synonym(
        &mut self,
        ddl: &mut Ddl<'_>,
        replace: bool,
        public: bool,
    ) -> Result<()> {
        let mut name = ddl.name()?;
        if public {
            "PUBLIC".clone_into(&mut name.owner);
        }
        ddl.expect("FOR")?;
        let target = ddl.name()?;
        let generation = ddl.generation;
        self.change_catalog(move |catalog, _| {
            if let Some(object) = catalog.find(&name.owner, &name.name) {
                if !(replace && matches!(object.definition, Definition::Synonym(..))) {
                    return Err(taken(&name, generation));
                }
                let id = object.id;
                catalog.remove(id);
            }
            let id = catalog.next_id();
            let definition = Definition::Synonym(target.owner, target.name);
            catalog.add(id, &name.owner, &name.name, definition, time())
        })
    }

    pub(super) fn drop_object(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        ddl.cursor.take("PUBLIC");
        let at = ddl.at();
        let Some(Token::Word(kind)) = ddl.cursor.next().map(|t| &t.token) else {
            return Err(plain_at(950, at));
        };
        let kind = kind.value.to_uppercase();
        if !["TABLE", "VIEW", "INDEX", "SEQUENCE", "SYNONYM", "USER"].contains(&kind.as_str()) {
            return match kind.as_str() {
                "PROCEDURE" | "FUNCTION" => self.drop_program(ddl, kind == "FUNCTION"),
                "PACKAGE" | "TRIGGER" | "TYPE" | "MATERIALIZED" => {
                    let name = ddl.name()?;
                    Err(ora(4043, format!("object {} does not exist", name.name)))
                }
                "ROLE" => self.drop_role(ddl),
                "DIRECTORY" | "CONTEXT" => self.commit(),
                _ => Err(plain_at(950, at)),
            };
        }
        let if_exists = ddl.if_exists();
        if kind == "USER" {
            return self.drop_user(ddl, if_exists);
        }
        let name = ddl.name()?;
        let cascade = ddl.cursor.take_all(&["CASCADE", "CONSTRAINTS"]);
        ddl.cursor.take("PURGE");
        ddl.cursor.take("FORCE");
        if ddl.cursor.peek().is_some() {
            return Err(plain_at(933, ddl.at()));
        }
        let catalog = self.catalog();
        let found = match kind.as_str() {
            "INDEX" => catalog.find_index(&name.owner, &name.name).ok_or_else(|| plain(1418)),
            _ => {
                let missing = match kind.as_str() {
                    "SEQUENCE" => 2289,
                    "SYNONYM" => 1434,
                    _ => 942,
                };
                find(&catalog, &name, ddl.generation, |d| d.type_name() == kind, missing)
            }
        };
        let id = match found {
            Ok(object) => object.id,
            Err(_) if if_exists => return self.commit(),
            Err(error) if error.number == 1434 => {
                return Err(ora(1434, "private synonym to be dropped does not exist"));
            }
            Err(error) => return Err(error),
        };
        self.may_own(&name.owner)?;
        drop(catalog);
        self.change_catalog(move |catalog, session| session.remove_object(catalog, id, cascade))
    }

    pub(super) fn remove_object(
        &mut self,
        catalog: &mut Catalog,
        id: u64,
        cascade: bool,
    ) -> Result<()> {
        let object = catalog.get(id).ok_or_else(|| plain(942))?.clone();
        match &object.definition {
            Definition::Table(table) => {
                let children: Vec<(u64, String)> = catalog
                    .children_of(&object.owner, &object.name)
                    .into_iter()
                    .filter(|(child, _)| child.id != id)
                    .map(|(child, constraint)| (child.id, constraint.name.clone()))
                    .collect();
                if !children.is_empty() && !cascade {
                    return Err(ora(
                        2449,
                        "unique/primary keys in table referenced by foreign keys",
                    ));
                }
                for (child, constraint) in children {
                    self.drop_constraint(catalog, child, &constraint)?;
                }
                let mut related: Vec<u64> = catalog
                    .indexes_of(&object.owner, &object.name)
                    .into_iter()
                    .map(|o| o.id)
                    .collect();
                related.extend(
                    table.columns.iter().filter_map(|c| c.identity.as_ref()).map(|i| i.sequence),
                );
                for id in related {
                    catalog.remove(id);
                }
                self.batch(&format!("DROP TABLE t{id}"))?;
            }
            Definition::Index(index) => {
                if index.by_constraint {
                    let used = catalog.find_constraint(&object.owner, &object.name).is_some_and(
                        |(_, c)| matches!(c.kind, ConstraintKind::Primary | ConstraintKind::Unique),
                    );
                    if used {
                        return Err(ora(
                            2429,
                            "cannot drop index used for enforcement of unique/primary key",
                        ));
                    }
                }
                self.batch(&format!("DROP INDEX i{id}"))?;
            }
            Definition::Sequence(_) => self.shared().sequences.remove(id),
            Definition::View(_) | Definition::Synonym(..) | Definition::Program(_) => {}
        }
        catalog.remove(id);
        Ok(())
    }

    pub(super) fn comment(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        ddl.expect("ON")?;
        let is_column = ddl.cursor.take("COLUMN");
        if !is_column {
            ddl.expect("TABLE")?;
        }
        let mut parts = vec![ddl.identifier(903)?];
        while ddl.cursor.take_token(&Token::Period) {
            parts.push(ddl.identifier(904)?);
        }
        ddl.expect("IS")?;
        let text = match ddl.cursor.next().map(|t| &t.token) {
            Some(Token::SingleQuotedString(text)) => text.clone(),
            _ => return Err(ora_at(1780, "string literal required", ddl.at())),
        };
        let text = Some(text).filter(|t| !t.is_empty());
        let column = if is_column { parts.pop() } else { None };
        let table = parts.pop().ok_or_else(|| plain(903))?;
        let owner = parts.pop().unwrap_or_else(|| ddl.schema.clone());
        self.change_catalog(move |catalog, _| {
            let id = catalog.find(&owner, &table).map(|o| o.id).ok_or_else(|| plain(942))?;
            let unknown = |name: &str| ora(904, format!("\"{name}\": invalid identifier"));
            match (catalog.get_mut(id).map(|o| &mut o.definition), column) {
                (Some(Definition::Table(table)), Some(column)) => {
                    table.column_mut(&column).ok_or_else(|| unknown(&column))?.comment = text;
                }
                (Some(Definition::Table(table)), None) => table.comment = text,
                (Some(Definition::View(view)), Some(column)) => {
                    let found = view.columns.iter_mut().find(|c| c.name == column);
                    found.ok_or_else(|| unknown(&column))?.comment = text;
                }
                (Some(Definition::View(view)), None) => view.comment = text,
                _ => return Err(plain(942)),
            }
            Ok(())
        })
    }
}
