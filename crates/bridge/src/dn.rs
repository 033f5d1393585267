//! Whether a certificate is the right one: Oracle's rules for the name and the distinguished name.
//!
//! Source of the rules: python-oracledb, `check_server_dn` and `_name_matches` in
//! `impl/thin/crypto.pyx`. Differences: letter case of host names does not matter, as in DNS, and an
//! address in the connect descriptor may match an address in the certificate.

use std::net::IpAddr;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::{oid_registry, oid2abbrev};

/// What the certificate of the target must say about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NameRule {
    /// `SSL_SERVER_DN_MATCH` with the host's name: a subject alternative name or a common name.
    Host(String),
    /// `SSL_SERVER_CERT_DN`: the whole subject.
    Subject(String),
    /// `SSL_SERVER_DN_MATCH=no`: anything. The chain is checked all the same.
    Any,
}

impl NameRule {
    /// `Err` says what was expected and what the certificate has.
    pub(crate) fn check(&self, certificate: &X509Certificate<'_>) -> Result<(), String> {
        match self {
            NameRule::Any => Ok(()),
            NameRule::Host(host) => {
                let names = names_of(certificate);
                if names.iter().any(|name| name_matches(host, name)) {
                    return Ok(());
                }
                let has = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
                Err(format!("it is for {has}, not for {host}"))
            }
            NameRule::Subject(expected) => {
                if same_dn(&parse_dn(expected), &subject_of(certificate)) {
                    return Ok(());
                }
                Err(format!("its subject is {}, not {expected}", certificate.subject()))
            }
        }
    }
}

/// Every name that the certificate has for its host.
fn names_of(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut names = Vec::new();
    if let Ok(Some(extension)) = certificate.subject_alternative_name() {
        for name in &extension.value.general_names {
            match name {
                GeneralName::DNSName(name) => names.push((*name).to_owned()),
                GeneralName::IPAddress(bytes) => names.extend(address_of(bytes)),
                _ => {}
            }
        }
    }
    for name in certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn address_of(bytes: &[u8]) -> Option<String> {
    let address = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
        _ => return None,
    };
    Some(address.to_string())
}

/// Whether `pattern` of a certificate covers `host`: equal, or with one `*` inside the first label.
fn name_matches(host: &str, pattern: &str) -> bool {
    let (host, pattern) = (host.to_ascii_lowercase(), pattern.to_ascii_lowercase());
    if host == pattern {
        return true;
    }
    if host.parse::<IpAddr>().is_ok() {
        return false;
    }
    let (Some((host_label, host_rest)), Some((label, rest))) =
        (host.split_once('.'), pattern.split_once('.'))
    else {
        return false;
    };
    let Some((before, after)) = label.split_once('*') else { return false };
    !host_label.is_empty()
        && host_rest == rest
        && host_label.len() >= before.len() + after.len()
        && host_label.starts_with(before)
        && host_label.ends_with(after)
}

/// The parts of a distinguished name: `("CN", "db")`.
type Dn = Vec<(String, String)>;

fn subject_of(certificate: &X509Certificate<'_>) -> Dn {
    let attributes = certificate.subject().iter_attributes();
    attributes
        .map(|attribute| {
            let key = oid2abbrev(attribute.attr_type(), oid_registry())
                .map_or_else(|_| attribute.attr_type().to_id_string(), str::to_owned);
            (key, attribute.as_str().unwrap_or_default().to_owned())
        })
        .collect()
}

/// Reads `CN=db,O="A, B",C=US`: a comma inside quotes or behind a backslash belongs to the value.
fn parse_dn(text: &str) -> Dn {
    let mut parts = Vec::new();
    let (mut part, mut quoted, mut escaped) = (String::new(), false, false);
    for c in text.chars() {
        match c {
            _ if escaped => {
                part.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => parts.push(std::mem::take(&mut part)),
            _ => part.push(c),
        }
    }
    parts.push(part);
    parts
        .iter()
        .filter_map(|part| part.split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

/// Equal whatever the order of the parts: each tool that prints a DN has its own.
fn same_dn(a: &Dn, b: &Dn) -> bool {
    let sorted = |dn: &Dn| {
        let mut dn: Dn = dn.iter().map(|(k, v)| (k.to_ascii_uppercase(), v.clone())).collect();
        dn.sort();
        dn
    };
    !a.is_empty() && sorted(a) == sorted(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label_and_nothing_else() {
        for (host, pattern, matches) in [
            ("db.example", "db.example", true),
            ("DB.example", "db.EXAMPLE", true),
            ("localhost", "localhost", true),
            ("db.example", "*.example", true),
            ("db1.example", "db*.example", true),
            ("1db.example", "*db.example", true),
            ("d123b.example", "d*b.example", true),
            ("d.example", "d*d.example", false),
            ("a.db.example", "*.example", false),
            ("db.example", "*.*", false),
            ("example", "*", false),
            ("db.example", "*", false),
            (".example", "*.example", false),
            ("db.other", "*.example", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "*.0.0.1", false),
        ] {
            assert_eq!(name_matches(host, pattern), matches, "{host} {pattern}");
        }
    }

    #[test]
    fn distinguished_names_are_equal_in_any_order_and_never_in_part() {
        let subject = parse_dn("CN=db,OU=x,O=A");
        for (text, equal) in [
            ("CN=db,OU=x,O=A", true),
            ("O=A, OU=x, cn=db", true),
            (r#"O="A",OU=x,CN=db"#, true),
            ("CN=db", false),
            ("CN=DB,OU=x,O=A", false),
            ("CN=db,OU=x,O=A,C=US", false),
            ("", false),
        ] {
            assert_eq!(same_dn(&parse_dn(text), &subject), equal, "{text}");
        }
        assert_eq!(parse_dn(r#"O="A, B",CN=c"#), parse_dn(r"O=A\, B,CN=c"));
        assert!(!same_dn(&parse_dn(""), &parse_dn("")));
    }
}
