//! Addresses that a user or an environment variable gave.

use crate::error::{Error, Result};

/// An address that requests may go to: `https`, or `http` to this computer or its link (the
/// metadata service of a cloud instance).
///
/// # Errors
///
/// [`Error::Misuse`] names `what` (a parameter, a variable), and what was wrong.
pub(crate) fn checked(url: &str, what: &str) -> Result<String> {
    let url = url.trim();
    let bad = |why: &str, remedy: &str| {
        let shown: String =
            url.split(['?', '#']).next().unwrap_or_default().chars().take(200).collect();
        Err(Error::misuse(format!("{what} is {shown:?}: {why}"), remedy))
    };
    let Some((scheme, rest)) = url.split_once("://") else {
        return bad("it has no scheme", "write https://host/path");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(Error::misuse(
            format!("{what} has a user or a password in its address"),
            "leave them out; credentials have parameters of their own",
        ));
    }
    let Some(host) = host_of(authority) else {
        return bad("it has no host", "write https://host/path");
    };
    if url.chars().any(|c| c.is_whitespace() || c.is_control() || !c.is_ascii()) {
        return bad("it has a blank or another character that is not allowed", "percent-encode it");
    }
    match scheme.to_ascii_lowercase().as_str() {
        "https" => Ok(url.to_owned()),
        "http" if is_near(&host) => Ok(url.to_owned()),
        "http" => bad(
            "credentials do not travel without TLS",
            "use https; http is for loopback and link-local addresses only",
        ),
        _ => bad("neither https nor http", "write https://host/path"),
    }
}

/// The host of `host:port`, in small letters, without the brackets of an IPv6 address.
fn host_of(authority: &str) -> Option<String> {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

/// Whether a host is this computer, or on its link (RFC 3927, RFC 4291).
fn is_near(host: &str) -> bool {
    use std::net::IpAddr;
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    match host.parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_link_local(),
        // OCI's metadata service has the address fd00:c1::a9fe:a9fe, a unique local one.
        Ok(IpAddr::V6(address)) => {
            address.is_loopback() || address.is_unicast_link_local() || address.is_unique_local()
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_hosts_are_spoken_to_without_tls() {
        for url in [
            "https://auth.us-phoenix-1.oraclecloud.com/v1",
            "http://169.254.169.254/opc/v2",
            "http://[fd00:c1::a9fe:a9fe]/opc/v2",
            "http://127.0.0.1:8080",
            "http://localhost:1/x",
            "http://[::1]:9",
            "HTTPS://h",
        ] {
            assert_eq!(checked(url, "endpoint").unwrap(), url);
        }
        for (url, why) in [
            ("http://auth.example/", "without TLS"),
            ("http://10.0.0.1/", "without TLS"),
            ("http://127.0.0.1.example/", "without TLS"),
            ("http://localhost.example/", "without TLS"),
            ("ftp://127.0.0.1/", "neither"),
            ("auth.example/x", "no scheme"),
            ("https:///x", "no host"),
            ("https://h/a b", "not allowed"),
            ("https://h/\r\nx: y", "not allowed"),
            ("https://user:hunter2@h/", "user or a password"),
            ("http://127.0.0.1@evil.example/", "user or a password"),
        ] {
            let error = checked(url, "`endpoint`").unwrap_err().to_string();
            assert!(error.contains(why), "{url}: {error}");
            assert!(error.contains("`endpoint`") && !error.contains("hunter2"), "{error}");
        }
    }
}
