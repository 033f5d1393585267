//! User name and password in front of a connect string, and secrets kept out of errors.

use std::fmt;
use std::ops::Range;

/// What stands in an error's text for a secret.
const BLANK: &str = "***";

/// The parts of `user/password@connect_string`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SplitCredentials<'a> {
    /// The user's name, if one is given.
    pub user: Option<&'a str>,
    /// The password, if one is given.
    pub password: Option<&'a str>,
    /// The connect string, if one is given.
    pub connect_string: Option<&'a str>,
}

impl fmt::Debug for SplitCredentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SplitCredentials")
            .field("user", &self.user)
            .field("password", &self.password.map(|_| BLANK))
            .field("connect_string", &self.connect_string)
            .finish()
    }
}

/// Splits `user/password@connect_string`, `user@connect_string` or `user/password`.
///
/// The rules are those of python-oracledb's `parse_dsn_with_credentials`: the last `@` ends the
/// credentials, so that a password may hold one, and the first `/` in them ends the user, unless
/// it is part of `://`. By these rules `host/service` is a user and a password: call this only if
/// the caller gave no user by other means.
pub fn split_credentials(text: &str) -> SplitCredentials<'_> {
    let (credentials, connect_string) = match text.rsplit_once('@') {
        Some((credentials, connect_string)) => (credentials, Some(connect_string)),
        None => (text, None),
    };
    match (credentials.split_once('/'), connect_string) {
        (Some((user, password)), _)
            if !user.ends_with(':') && (!user.is_empty() || credentials == "/") =>
        {
            SplitCredentials {
                user: not_empty(user),
                password: not_empty(password),
                connect_string: connect_string.and_then(not_empty),
            }
        }
        (_, None) => SplitCredentials { connect_string: not_empty(text), ..Default::default() },
        (_, Some(connect_string)) => SplitCredentials {
            user: not_empty(credentials),
            password: None,
            connect_string: not_empty(connect_string),
        },
    }
}

fn not_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// `text` with its secrets blanked, and the byte `at` as a count of characters in the result.
pub(super) fn blank(text: &str, at: usize) -> (String, usize) {
    let mut output = String::with_capacity(text.len());
    let mut position = None;
    let mut copied = 0;
    for secret in secrets(text) {
        if position.is_none() && at < secret.start {
            position = Some(output.chars().count() + count(text, copied..at));
        }
        output.push_str(text.get(copied..secret.start).unwrap_or_default());
        if position.is_none() && at < secret.end {
            position = Some(output.chars().count());
        }
        output.push_str(BLANK);
        copied = secret.end;
    }
    let position = position.unwrap_or_else(|| output.chars().count() + count(text, copied..at));
    output.push_str(text.get(copied..).unwrap_or_default());
    (output, position)
}

fn count(text: &str, range: Range<usize>) -> usize {
    text.get(range).map_or(0, |part| part.chars().count())
}

/// Where the text holds secrets, in bytes, in order and apart from each other.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    if let Some(password) = leading_password(text) {
        from = password.end;
        found.push(password);
    }
    while let Some(equals) = text.get(from..).and_then(|rest| rest.find('=')).map(|i| i + from) {
        from = equals + 1;
        let before = text.get(..equals).unwrap_or_default().trim_end();
        let name_start = before.rfind(|c: char| !super::scan::is_name_char(c)).map_or(0, |i| {
            i + before.get(i..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
        });
        if is_secret(before.get(name_start..).unwrap_or_default()) {
            let value = value_range(text, from);
            from = value.end;
            if !value.is_empty() {
                found.push(value);
            }
        }
    }
    found
}

/// The password of `user/password@...` at the start of a text that is not a descriptor.
fn leading_password(text: &str) -> Option<Range<usize>> {
    if text.trim_start().starts_with('(') {
        return None;
    }
    let at = text.rfind('@')?;
    let slash = text.get(..at)?.find('/')?;
    (slash + 1 < at).then_some(slash + 1..at)
}

/// Whether a parameter of this name holds a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.contains("PASSWORD")
        || name.contains("SECRET")
        || name == "PWD"
        || name == "TOKEN"
        || name.ends_with("ACCESS_TOKEN")
}

fn value_range(text: &str, from: usize) -> Range<usize> {
    let rest = text.get(from..).unwrap_or_default();
    let value = rest.trim_start();
    let start = from + (rest.len() - value.len());
    let length = match value.strip_prefix('"') {
        Some(quoted) => quoted.find('"').map_or(value.len(), |end| end + 2),
        None => value.find([')', '&', '\n']).unwrap_or(value.len()),
    };
    start..start + length
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected triples are what python-oracledb 26.1.0 `parse_dsn_with_credentials` gives.
    #[test]
    fn credentials_split_as_python_oracledb_does() {
        for (text, user, password, connect_string) in [
            ("scott/tiger@host/svc", Some("scott"), Some("tiger"), Some("host/svc")),
            ("scott/ti@ger@host/svc", Some("scott"), Some("ti@ger"), Some("host/svc")),
            ("scott/ti/ger@alias", Some("scott"), Some("ti/ger"), Some("alias")),
            ("scott@alias", Some("scott"), None, Some("alias")),
            ("scott/tiger", Some("scott"), Some("tiger"), None),
            ("scott/tiger@", Some("scott"), Some("tiger"), None),
            ("alias", None, None, Some("alias")),
            ("tcps://host/svc", None, None, Some("tcps://host/svc")),
            ("/", None, None, None),
            ("@alias", None, None, Some("alias")),
            ("/@alias", None, None, Some("alias")),
            ("", None, None, None),
            ("//host/svc", None, None, Some("//host/svc")),
        ] {
            let split = split_credentials(text);
            let got = (split.user, split.password, split.connect_string);
            assert_eq!(got, (user, password, connect_string), "{text}");
        }
    }

    #[test]
    fn secrets_are_blanked_and_positions_follow() {
        for (text, at, blanked, position) in [
            ("scott/tiger@host", 12, "scott/***@host", 10),
            ("scott/tiger@host", 8, "scott/***@host", 6),
            ("(A=(PASSWORD=abc)(B=é))", 20, "(A=(PASSWORD=***)(B=é))", 20),
            ("(A=(PASSWORD=abcdef)(B=é))", 23, "(A=(PASSWORD=***)(B=é))", 20),
            ("(WALLET_PASSWORD = \"a)b\")x", 25, "(WALLET_PASSWORD = ***)x", 23),
            ("h/s?pyo.password=x&sdu=1", 19, "h/s?pyo.password=***&sdu=1", 21),
            ("(TOKEN_AUTH=OAUTH)", 3, "(TOKEN_AUTH=OAUTH)", 3),
        ] {
            assert_eq!(blank(text, at), (blanked.to_owned(), position), "{text}");
        }
    }

    #[test]
    fn debug_does_not_show_the_password() {
        assert!(!format!("{:?}", split_credentials("scott/tiger@h/s")).contains("tiger"));
    }
}
