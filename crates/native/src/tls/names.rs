//! Does the certificate belong to the server that was asked for? Oracle's rules, which go beyond
//! the web's: the common name counts, and a whole distinguished name can be asked for.
//!
//! The rules are those of python-oracledb (`_name_matches` and `check_server_dn` in
//! thin/crypto.pyx). Added here: IP addresses among the alternative names, and that a common name
//! does not count beside a DNS name (RFC 6125).

use std::net::IpAddr;

use super::certificate::ServerCertificate;

/// Whether the certificate is for this host.
pub(super) fn is_for_host(certificate: &ServerCertificate, host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>()
        && certificate.ip_addresses.contains(&address)
    {
        return true;
    }
    if certificate.dns_names.is_empty() {
        return certificate.common_names().any(|name| matches(name, host));
    }
    certificate.dns_names.iter().any(|name| matches(name, host))
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
    // `*.com` would cover a whole top-level domain; nobody issues it for good reasons.
    if name_rest != host_rest || !name_rest.contains('.') {
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
pub(super) fn is_distinguished_name(certificate: &ServerCertificate, expected: &str) -> bool {
    let normal =
        |(name, value): &(String, String)| (name.to_ascii_uppercase(), value.trim().to_lowercase());
    let mut found: Vec<_> = certificate.subject.iter().map(normal).collect();
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
    use x509_parser::time::ASN1Time;

    use super::*;

    fn certificate(
        subject: &[(&str, &str)],
        dns_names: &[&str],
        ips: &[&str],
    ) -> ServerCertificate {
        ServerCertificate {
            subject: subject.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            issuer: String::new(),
            dns_names: dns_names.iter().map(|name| (*name).to_owned()).collect(),
            ip_addresses: ips.iter().map(|ip| ip.parse().unwrap()).collect(),
            not_before: ASN1Time::from_timestamp(0).unwrap(),
            not_after: ASN1Time::from_timestamp(0).unwrap(),
        }
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
            ("*-scan.example.com", "eu-scan.example.com", true),
            ("db*.example.com", "db7.example.com", true),
            ("d*b.example.com", "db.example.com", true),
            ("d*b.example.com", "d.example.com", false),
            ("a*a.example.com", "a.example.com", false),
            ("*.*.example.com", "a.b.example.com", false),
            ("**.example.com", "db.example.com", false),
            ("*.com", "example.com", false),
            ("*", "db", false),
            ("*.0.0.1", "127.0.0.1", false),
            ("127.0.0.1", "127.0.0.1", true),
        ] {
            assert_eq!(matches(name, host), covers, "{name} {host}");
        }
    }

    #[test]
    fn the_common_name_counts_only_where_there_is_no_dns_name() {
        let old = certificate(&[("CN", "db.example.com")], &[], &[]);
        assert!(is_for_host(&old, "db.example.com"));
        let new = certificate(&[("CN", "db.example.com")], &["other.example.com"], &[]);
        assert!(!is_for_host(&new, "db.example.com"));
        assert!(is_for_host(&new, "other.example.com"));
    }

    #[test]
    fn ip_addresses_match_as_addresses() {
        let certificate = certificate(&[], &[], &["127.0.0.1", "::1"]);
        assert!(is_for_host(&certificate, "127.0.0.1"));
        assert!(is_for_host(&certificate, "0:0:0:0:0:0:0:1"));
        assert!(!is_for_host(&certificate, "127.0.0.2"));
    }

    #[test]
    fn distinguished_names_match_in_any_order_and_whole() {
        let subject = [("C", "US"), ("O", "Example, Inc."), ("CN", "db.example.com")];
        let certificate = certificate(&subject, &[], &[]);
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
            assert_eq!(is_distinguished_name(&certificate, expected), same, "{expected}");
        }
    }
}
