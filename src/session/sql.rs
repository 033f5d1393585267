//! What the wire must know of a statement's text: its kind and its bind variables.

use crate::wire::ttc::execute::StatementKind;

/// What a statement's text says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedSql {
    /// Its kind, by its first word.
    pub kind: StatementKind,
    /// Names of the bind variables in order: in SQL one for each place, in PL/SQL each name once.
    /// Upper case, unless the name is quoted.
    pub bind_names: Vec<String>,
    /// How many of the binds, from the end, follow RETURNING ... INTO; 0 if there is none.
    pub returning_binds: usize,
}

impl ParsedSql {
    /// Reads a statement's text. Bind variables inside strings, quoted identifiers and comments do
    /// not count, nor does a colon behind a string (`'key': value` in JSON syntax).
    pub fn new(sql: &str) -> ParsedSql {
        let mut scanner = Scanner {
            bytes: sql.as_bytes(),
            sql,
            at: 0,
            parsed: ParsedSql {
                kind: StatementKind::Other,
                bind_names: Vec::new(),
                returning_binds: 0,
            },
            first_word: true,
            returning: false,
            into: false,
        };
        scanner.scan();
        scanner.parsed
    }

    /// The names without repetition, in order of their first place.
    pub fn distinct_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in &self.bind_names {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    sql: &'a str,
    at: usize,
    parsed: ParsedSql,
    first_word: bool,
    returning: bool,
    into: bool,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or_default()
    }

    fn scan(&mut self) {
        let mut behind_string = false;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\'' => {
                    self.skip_quoted(b'\'');
                    behind_string = true;
                    continue;
                }
                b'"' => self.skip_quoted(b'"'),
                b'-' if self.peek(1) == b'-' => self.skip_line(),
                b'/' if self.peek(1) == b'*' => self.skip_comment(),
                b':' if !behind_string => self.take_bind(),
                _ if is_word(byte) => {
                    if self.take_word() {
                        behind_string = true;
                        continue;
                    }
                    if self.parsed.kind == StatementKind::Ddl {
                        return;
                    }
                }
                _ if byte.is_ascii_whitespace() => {
                    self.at += 1;
                    continue;
                }
                _ => self.at += 1,
            }
            behind_string = false;
        }
    }

    /// Passes over a word, or over the q-string that it begins; returns whether it was one.
    fn take_word(&mut self) -> bool {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|byte| is_word(*byte)) {
            self.at += 1;
        }
        let word = self.sql.get(start..self.at).unwrap_or_default();
        if matches!(word, "q" | "Q" | "nq" | "NQ" | "nQ" | "Nq") && self.peek(0) == b'\'' {
            self.skip_q_string();
            return true;
        }
        if self.first_word {
            self.first_word = false;
            self.parsed.kind = kind_of(word);
        } else if self.parsed.kind == StatementKind::Dml {
            if word.eq_ignore_ascii_case("returning") || word.eq_ignore_ascii_case("return") {
                self.returning = true;
            } else if self.returning && word.eq_ignore_ascii_case("into") {
                self.into = true;
            }
        }
        false
    }

    fn skip_quoted(&mut self, quote: u8) {
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            if byte == quote {
                return;
            }
        }
    }

    fn skip_line(&mut self) {
        while self.bytes.get(self.at).is_some_and(|byte| !matches!(byte, b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn skip_comment(&mut self) {
        self.at += 2;
        while self.at < self.bytes.len() {
            if self.peek(0) == b'*' && self.peek(1) == b'/' {
                self.at += 2;
                return;
            }
            self.at += 1;
        }
    }

    /// `q'[...]'` and its kin; the scanner stands on the first quotation mark.
    fn skip_q_string(&mut self) {
        let rest = self.sql.get(self.at + 1..).unwrap_or_default();
        let Some(open) = rest.chars().next() else {
            self.at = self.bytes.len();
            return;
        };
        let close = match open {
            '[' => ']',
            '{' => '}',
            '<' => '>',
            '(' => ')',
            other => other,
        };
        let end = format!("{close}'");
        let body = rest.get(open.len_utf8()..).unwrap_or_default();
        self.at = match body.find(&end) {
            Some(length) => self.at + 1 + open.len_utf8() + length + end.len(),
            None => self.bytes.len(),
        };
    }

    fn take_bind(&mut self) {
        self.at += 1;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        let start = self.at;
        let name = match self.peek(0) {
            b'"' => {
                self.skip_quoted(b'"');
                self.sql.get(start + 1..self.at.saturating_sub(1)).unwrap_or_default().to_owned()
            }
            byte if byte.is_ascii_digit() => {
                while self.peek(0).is_ascii_digit() {
                    self.at += 1;
                }
                self.sql.get(start..self.at).unwrap_or_default().to_owned()
            }
            byte if byte.is_ascii_alphabetic() || byte >= 0x80 => {
                while self.bytes.get(self.at).is_some_and(|byte| is_word(*byte)) {
                    self.at += 1;
                }
                self.sql.get(start..self.at).unwrap_or_default().to_uppercase()
            }
            // `:=`, or a colon that is no bind at all.
            _ => return,
        };
        let is_new =
            self.parsed.kind != StatementKind::PlSql || !self.parsed.bind_names.contains(&name);
        if is_new {
            self.parsed.bind_names.push(name);
            if self.into {
                self.parsed.returning_binds += 1;
            }
        }
    }
}

/// Letters, digits, `_`, `$`, `#`, and every character outside of ASCII.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#') || byte >= 0x80
}

fn kind_of(word: &str) -> StatementKind {
    const WORDS: [(StatementKind, &[&str]); 4] = [
        (StatementKind::PlSql, &["DECLARE", "BEGIN", "CALL"]),
        (StatementKind::Query, &["SELECT", "WITH"]),
        (StatementKind::Dml, &["INSERT", "UPDATE", "DELETE", "MERGE"]),
        (
            StatementKind::Ddl,
            &[
                "CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "ANALYZE", "AUDIT", "COMMENT",
                "TRUNCATE",
            ],
        ),
    ];
    WORDS
        .iter()
        .find(|(_, words)| words.iter().any(|candidate| word.eq_ignore_ascii_case(candidate)))
        .map_or(StatementKind::Other, |(kind, _)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use StatementKind::{Ddl, Dml, Other, PlSql, Query};

    #[test]
    fn kinds_and_binds_are_found_where_they_are_and_nowhere_else() {
        let table: &[(&str, StatementKind, &[&str], usize)] = &[
            ("select 1 from dual", Query, &[], 0),
            ("  -- :no\n/* :no */ (select :a from dual)", Query, &["A"], 0),
            ("with x as (select 1 from dual) select * from x where :1 = :2", Query, &["1", "2"], 0),
            ("select ':no' || :yes || ':no' from dual", Query, &["YES"], 0),
            ("select q'[it's :no]' || :y from dual", Query, &["Y"], 0),
            ("select q'!a'b :no!' || :y from dual", Query, &["Y"], 0),
            ("select nq'{:no}' || :y from dual", Query, &["Y"], 0),
            ("select \":no\" from t where a = :\"Quoted\"", Query, &["Quoted"], 0),
            ("select :a, :b, :a from dual", Query, &["A", "B", "A"], 0),
            ("begin :a := :b; x := :a; end;", PlSql, &["A", "B"], 0),
            ("call p(:x)", PlSql, &["X"], 0),
            ("insert into t values (:1, :2)", Dml, &["1", "2"], 0),
            ("insert into t values (:v) returning id into :id", Dml, &["V", "ID"], 1),
            ("update t set a = :v return id, b into :i, :b", Dml, &["V", "I", "B"], 2),
            ("create trigger t before insert on x begin :new.a := 1; end;", Ddl, &[], 0),
            ("commit", Other, &[], 0),
            ("select json_object('k':1, 'b' : :v) from dual", Query, &["V"], 0),
            ("select :größe, :a_1$# from dual", Query, &["GRÖSSE", "A_1$#"], 0),
            ("select 'unfinished :no", Query, &[], 0),
            ("select a:b from t", Query, &["B"], 0),
            ("", Other, &[], 0),
        ];
        for (sql, kind, names, returning) in table {
            let parsed = ParsedSql::new(sql);
            assert_eq!(parsed.kind, *kind, "{sql}");
            assert_eq!(parsed.bind_names, *names, "{sql}");
            assert_eq!(parsed.returning_binds, *returning, "{sql}");
        }
    }
}
