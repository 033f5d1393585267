//! Does the certificate belong to the server that was asked for? Oracle's rules, which go beyond
//! the web's: the common name counts, and a whole distinguished name can be asked for.
//!
//! The rules are those of python-oracledb (`_name_matches` and `check_server_dn` in
//! thin/crypto.pyx). Added here: IP addresses among the alternative names, that the parts of a
//! distinguished name are compared without regard to case and all of them, and that a wildcard
//! never stands for part of an address.

use std::net::IpAddr;

use crate::chain::{Certificate, DistinguishedName};

/// Whether the certificate is for this host.
pub(crate) fn is_for_host(certificate: &Certificate, host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>()
        && certificate.ip_addresses.contains(&address)
    {
        return true;
    }
    certificate.dns_names.iter().any(|name| matches(name, host))
        || certificate.subject.values("CN").any(|name| matches(name, host))
}

/// Whether the certificate is for this service: its common name is the service's
/// (`SSL_ALLOW_WEAK_DN_MATCH`; node-oracledb, `dnMatch` in sqlnet/ntTcp.js).
pub(crate) fn is_for_service(certificate: &Certificate, service: &str) -> bool {
    certificate.subject.values("CN").any(|name| name == service)
}

/// Whether a name of a certificate, which may have a `*` in its first label, covers a host.
fn matches(name: &str, host: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if name == host {
        return true;
    }
    // A number in an address is no label.
    if host.parse::<IpAddr>().is_ok() {
        return false;
    }
    let (Some((name_label, name_rest)), Some((host_label, host_rest))) =
        (name.split_once('.'), host.split_once('.'))
    else {
        return false;
    };
    if name_rest != host_rest || host_label.is_empty() {
        return false;
    }
    match name_label.split_once('*') {
        Some((before, after)) => {
            !after.contains('*')
                && host_label.len() >= before.len() + after.len()
                && host_label.starts_with(before)
                && host_label.ends_with(after)
        }
        None => false,
    }
}

/// Whether the subject of the certificate is this distinguished name, in whatever order its parts
/// are written (`CN=db,O=Example` and `O=Example, CN=db` are the same).
pub(crate) fn is_distinguished_name(subject: &DistinguishedName, expected: &str) -> bool {
    let normal =
        |(name, value): &(String, String)| (name.to_ascii_uppercase(), value.trim().to_lowercase());
    let mut found: Vec<_> = subject.0.iter().map(normal).collect();
    let mut wanted: Vec<_> = parse_distinguished_name(expected).iter().map(normal).collect();
    found.sort();
    wanted.sort();
    !wanted.is_empty() && found == wanted
}

/// Splits `CN=db, O="Example, Inc."` into its parts. A value may be in double quotes, with a quote
/// in it doubled; outside of quotes a backslash takes the next character as it is.
fn parse_distinguished_name(text: &str) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    let mut characters = text.chars().peekable();
    while characters.peek().is_some() {
        let mut name = String::new();
        for character in characters.by_ref() {
            if character == '=' {
                break;
            }
            name.push(character);
        }
        let mut value = String::new();
        let mut quoted = false;
        while let Some(character) = characters.next() {
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => {
                    characters.next();
                    value.push('"');
                }
                '"' => quoted = !quoted,
                '\\' if !quoted => value.extend(characters.next()),
                ',' if !quoted => break,
                other => value.push(other),
            }
        }
        parts.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(parts: &[(&str, &str)]) -> DistinguishedName {
        DistinguishedName(parts.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect())
    }

    fn certificate(common_name: &str, dns_names: &[&str], ips: &[&str]) -> Certificate {
        let mut params = rcgen::CertificateParams::new(
            dns_names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>(),
        )
        .unwrap();
        for ip in ips {
            params.subject_alt_names.push(rcgen::SanType::IpAddress(ip.parse().unwrap()));
        }
        params.distinguished_name = rcgen::DistinguishedName::new();
        if !common_name.is_empty() {
            params.distinguished_name.push(rcgen::DnType::CommonName, common_name);
        }
        let key = rcgen::KeyPair::generate().unwrap();
        Certificate::read(params.self_signed(&key).unwrap().der()).unwrap()
    }

    #[test]
    fn names_cover_the_hosts_that_oracle_lets_them_cover() {
        for (name, host, covers) in [
            ("db.example.com", "db.example.com", true),
            ("DB.Example.com", "db.EXAMPLE.com", true),
            ("db.example.com", "db.example.com.", true),
            ("db.example.com", "db2.example.com", false),
            ("db", "db", true),
            ("*.example.com", "db.example.com", true),
            ("*.example.com", "a.db.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.example", "db.example", true),
            ("*-scan.example.com", "eu-scan.example.com", true),
            ("db*.example.com", "db7.example.com", true),
            ("d*b.example.com", "db.example.com", true),
            ("d*b.example.com", "d.example.com", false),
            ("a*a.example.com", "a.example.com", false),
            ("*.*.example.com", "a.b.example.com", false),
            ("**.example.com", "db.example.com", false),
            ("*", "db", false),
            ("*", "db.example", false),
            ("*.0.0.1", "127.0.0.1", false),
            ("127.0.0.1", "127.0.0.1", true),
        ] {
            assert_eq!(matches(name, host), covers, "{name} {host}");
        }
    }

    #[test]
    fn alternative_names_and_the_common_name_count() {
        let certificate =
            certificate("db.example.com", &["other.example.com"], &["127.0.0.1", "::1"]);
        for (host, counts) in [
            ("db.example.com", true),
            ("other.example.com", true),
            ("third.example.com", false),
            ("127.0.0.1", true),
            ("0:0:0:0:0:0:0:1", true),
            ("127.0.0.2", false),
        ] {
            assert_eq!(is_for_host(&certificate, host), counts, "{host}");
        }
        assert!(is_for_service(&certificate, "db.example.com"));
        assert!(!is_for_service(&certificate, "other.example.com"));
    }

    #[test]
    fn distinguished_names_match_in_any_order_and_whole() {
        let subject = subject(&[("C", "US"), ("O", "Example, Inc."), ("CN", "db.example.com")]);
        for (expected, same) in [
            ("CN=db.example.com,O=\"Example, Inc.\",C=US", true),
            ("C=US, O=Example\\, Inc., CN=DB.example.com", true),
            ("cn=db.example.com, o=\"Example, Inc.\", c=US", true),
            ("CN=db.example.com", false),
            ("CN=db.example.com,O=\"Example, Inc.\",C=DE", false),
            ("CN=db.example.com,O=\"Example, Inc.\",C=US,OU=x", false),
            ("", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_distinguished_name(&subject, expected), same, "{expected}");
        }
    }
}
