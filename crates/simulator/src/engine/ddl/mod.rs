//! Data definition: read from the tokens, done in SQLite and in the catalog.

mod alter;
mod objects;
mod table;
mod users;

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::catalog::{Catalog, Definition, Object};
use super::error::{Result, ora, ora_at, plain, plain_at};
use super::lexer::Positions;
use super::prepare::Prepared;
use super::session::Session;
use super::settings::Generation;
use super::type_name::Cursor;

/// Reads one DDL statement.
pub(super) struct Ddl<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) positions: &'a Positions,
    pub(super) schema: String,
    pub(super) generation: Generation,
}

/// A name that may have an owner in front.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) owner: String,
    pub(super) name: String,
    /// Where it stands in the text.
    pub(super) at: usize,
}

impl Ddl<'_> {
    /// Where the next token stands.
    pub(super) fn at(&self) -> usize {
        match self.cursor.tokens.get(self.cursor.at) {
            Some(token) => self.positions.offset(token.span.start),
            None => self.positions.text().len(),
        }
    }

    pub(super) fn expect(&mut self, word: &str) -> Result<()> {
        if self.cursor.take(word) { Ok(()) } else { Err(plain_at(905, self.at())) }
    }

    pub(super) fn open(&mut self) -> Result<()> {
        let at = self.at();
        if self.cursor.take_token(&Token::LParen) { Ok(()) } else { Err(plain_at(906, at)) }
    }

    pub(super) fn close(&mut self) -> Result<()> {
        let at = self.at();
        if self.cursor.take_token(&Token::RParen) { Ok(()) } else { Err(plain_at(907, at)) }
    }

    /// One identifier.
    pub(super) fn identifier(&mut self, missing: u32) -> Result<String> {
        let at = self.at();
        let Some(Token::Word(word)) = self.cursor.peek() else { return Err(plain_at(missing, at)) };
        let name = if word.quote_style.is_some() {
            word.value.clone()
        } else {
            if is_reserved(&word.value) {
                return Err(plain_at(missing, at));
            }
            word.value.to_uppercase()
        };
        if name.is_empty() {
            return Err(ora_at(1741, "illegal zero-length identifier", at));
        }
        if name.len() > self.generation.max_identifier() {
            return Err(plain_at(972, at));
        }
        self.cursor.at += 1;
        Ok(name)
    }

    /// `[owner.]name`.
    pub(super) fn name(&mut self) -> Result<Name> {
        let mut at = self.at();
        let first = self.identifier(903)?;
        if self.cursor.take_token(&Token::Period) {
            at = self.at();
            let name = self.identifier(903)?;
            return Ok(Name { owner: first, name, at });
        }
        Ok(Name { owner: self.schema.clone(), name: first, at })
    }

    /// `(a, b, c)`.
    pub(super) fn name_list(&mut self) -> Result<Vec<String>> {
        self.open()?;
        let mut names = Vec::new();
        loop {
            names.push(self.identifier(904)?);
            if !self.cursor.take_token(&Token::Comma) {
                break;
            }
        }
        self.close()?;
        Ok(names)
    }

    pub(super) fn if_exists(&mut self) -> bool {
        self.generation >= Generation::V23 && self.cursor.take_all(&["IF", "EXISTS"])
    }

    pub(super) fn if_not_exists(&mut self) -> bool {
        self.generation >= Generation::V23 && self.cursor.take_all(&["IF", "NOT", "EXISTS"])
    }

    /// The text from one token up to (without) another.
    pub(super) fn text(&self, from: usize, to: usize) -> String {
        text_of(self.positions, &self.cursor.tokens[from..to])
    }

    /// Skips to the end, or over what stands up to the next comma or closing parenthesis of this
    /// level.
    pub(super) fn skip_options(&mut self) {
        let mut depth = 0i32;
        while let Some(token) = self.cursor.peek() {
            match token {
                Token::LParen => depth += 1,
                Token::RParen if depth == 0 => return,
                Token::RParen => depth -= 1,
                Token::Comma if depth == 0 => return,
                _ => {}
            }
            self.cursor.at += 1;
        }
    }
}

/// The source text of tokens.
pub(super) fn text_of(positions: &Positions, tokens: &[TokenWithSpan]) -> String {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return String::new() };
    let range = positions.offset(first.span.start)..positions.offset(last.span.end);
    positions.text().get(range).unwrap_or_default().to_owned()
}

fn is_reserved(word: &str) -> bool {
    // Oracle's reserved words, which name no object without quotes.
    const RESERVED: [&str; 81] = [
        "ACCESS",
        "ADD",
        "ALL",
        "ALTER",
        "AND",
        "ANY",
        "AS",
        "ASC",
        "AUDIT",
        "BETWEEN",
        "BY",
        "CHAR",
        "CHECK",
        "CLUSTER",
        "COLUMN",
        "COMPRESS",
        "CONNECT",
        "CREATE",
        "CURRENT",
        "DATE",
        "DECIMAL",
        "DEFAULT",
        "DELETE",
        "DESC",
        "DISTINCT",
        "DROP",
        "ELSE",
        "EXCLUSIVE",
        "EXISTS",
        "FILE",
        "FLOAT",
        "FOR",
        "FROM",
        "GRANT",
        "GROUP",
        "HAVING",
        "IDENTIFIED",
        "IMMEDIATE",
        "IN",
        "INCREMENT",
        "INDEX",
        "INSERT",
        "INTEGER",
        "INTERSECT",
        "INTO",
        "IS",
        "LEVEL",
        "LIKE",
        "LOCK",
        "LONG",
        "MINUS",
        "MODE",
        "NOT",
        "NOWAIT",
        "NULL",
        "NUMBER",
        "OF",
        "ON",
        "OPTION",
        "OR",
        "ORDER",
        "PRIOR",
        "RAW",
        "RENAME",
        "ROW",
        "ROWID",
        "ROWNUM",
        "SELECT",
        "SET",
        "SIZE",
        "SMALLINT",
        "START",
        "SYNONYM",
        "TABLE",
        "THEN",
        "TO",
        "TRIGGER",
        "UNION",
        "VARCHAR2",
        "VIEW",
        "WHERE",
    ];
    RESERVED.iter().any(|r| word.eq_ignore_ascii_case(r))
}

impl Session {
    pub(super) fn run_ddl(&mut self, prepared: &Prepared) -> Result<()> {
        let mut tokens = prepared.lexed.tokens.as_slice();
        if let [front @ .., last] = tokens
            && last.token == Token::SemiColon
        {
            tokens = front;
        }
        let mut ddl = Ddl {
            cursor: Cursor::new(tokens),
            positions: &prepared.lexed.positions,
            schema: self.environment.state().schema.clone(),
            generation: self.shared().settings.generation,
        };
        if ddl.cursor.take("CREATE") {
            self.create(&mut ddl)
        } else if ddl.cursor.take("DROP") {
            self.drop_object(&mut ddl)
        } else if ddl.cursor.take("ALTER") {
            if ddl.cursor.take("TABLE") {
                self.alter_table(&mut ddl)
            } else if ddl.cursor.take("SESSION") {
                self.alter_session(&mut ddl)
            } else if ddl.cursor.take("SEQUENCE") {
                self.alter_sequence(&mut ddl)
            } else if ddl.cursor.take("USER") {
                self.alter_user(&mut ddl)
            } else if ddl.cursor.take("ROLE") {
                self.alter_role(&mut ddl)
            } else if ddl.cursor.take("SYSTEM") {
                self.alter_system(&mut ddl)
            } else if ["INDEX", "VIEW", "DATABASE", "PROFILE", "TABLESPACE"]
                .iter()
                .any(|word| ddl.cursor.take(word))
            {
                self.change_catalog(|_, _| Ok(()))
            } else {
                Err(ora_at(940, "invalid ALTER command", ddl.at()))
            }
        } else if ddl.cursor.take("TRUNCATE") {
            self.truncate(&mut ddl)
        } else if ddl.cursor.take("COMMENT") {
            self.comment(&mut ddl)
        } else if ddl.cursor.take("GRANT") {
            self.grant(&mut ddl, true)
        } else if ddl.cursor.take("REVOKE") {
            self.grant(&mut ddl, false)
        } else if ddl.cursor.take("RENAME") {
            self.rename(&mut ddl)
        } else {
            // ANALYZE, PURGE, AUDIT and the like change nothing here; as all DDL they commit.
            self.commit()
        }
    }

    fn create(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        let replace = ddl.cursor.take_all(&["OR", "REPLACE"]);
        for word in ["NO", "FORCE", "EDITIONABLE", "NONEDITIONABLE"] {
            ddl.cursor.take(word);
        }
        ddl.cursor.take("FORCE");
        let at = ddl.at();
        if ddl.cursor.take("TABLE") {
            self.create_table(ddl, false)
        } else if ddl.cursor.take_all(&["GLOBAL", "TEMPORARY", "TABLE"])
            || ddl.cursor.take_all(&["PRIVATE", "TEMPORARY", "TABLE"])
        {
            self.create_table(ddl, true)
        } else if ddl.cursor.take("VIEW") {
            self.create_view(ddl, replace)
        } else if ddl.cursor.take("INDEX") {
            self.create_index(ddl, false)
        } else if ddl.cursor.take_all(&["UNIQUE", "INDEX"]) {
            self.create_index(ddl, true)
        } else if ddl.cursor.take_all(&["BITMAP", "INDEX"]) {
            self.create_index(ddl, false)
        } else if ddl.cursor.take("SEQUENCE") {
            self.create_sequence(ddl)
        } else if ddl.cursor.take("SYNONYM") {
            self.create_synonym(ddl, replace, false)
        } else if ddl.cursor.take_all(&["PUBLIC", "SYNONYM"]) {
            self.create_synonym(ddl, replace, true)
        } else if ddl.cursor.take("USER") {
            self.create_user(ddl)
        } else if ddl.cursor.take("ROLE") {
            self.create_role(ddl)
        } else if ddl.cursor.is("PROCEDURE") || ddl.cursor.is("FUNCTION") {
            self.create_program(ddl, replace)
        } else if ["PACKAGE", "TRIGGER", "TYPE", "MATERIALIZED", "CONTEXT", "DIRECTORY"]
            .iter()
            .any(|word| ddl.cursor.is(word))
        {
            Err(super::error::unsupported("packages, types, triggers and materialized views"))
        } else {
            Err(plain_at(901, at))
        }
    }

    /// Refuses to touch what belongs to somebody else.
    fn may_own(&self, owner: &str) -> Result<()> {
        let user = &self.environment.user;
        if owner == user || user == "SYS" || user == "SYSTEM" { Ok(()) } else { Err(plain(1031)) }
    }
}

/// An object of the given kind, or the error that it is not there.
pub(super) fn find<'c>(
    catalog: &'c Catalog,
    name: &Name,
    generation: Generation,
    wanted: impl Fn(&Definition) -> bool,
    missing: u32,
) -> Result<&'c Object> {
    catalog.find(&name.owner, &name.name).filter(|o| wanted(&o.definition)).ok_or_else(|| {
        if missing == 942 && generation >= Generation::V23 {
            ora_at(
                942,
                format!("table or view \"{}\".\"{}\" does not exist", name.owner, name.name),
                name.at,
            )
        } else if missing == 942 {
            plain_at(942, name.at)
        } else {
            plain(missing)
        }
    })
}

/// Seconds since 1970, and the error for what cannot be.
pub(super) fn time() -> i64 {
    super::database::now()
}

/// The error for a name that is taken.
pub(super) fn taken(name: &Name, generation: Generation) -> oraedge::error::DbError {
    if generation >= Generation::V23 {
        ora(955, "name is already used by an existing object")
    } else {
        plain_at(955, name.at)
    }
}
