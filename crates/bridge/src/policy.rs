//! Who may use the bridge and for what: the target list and the Origin list. Both are exact, and
//! both are empty unless the operator fills them.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use crate::address::Networks;
use crate::identity::IdentityHost;
use crate::refusal::{Code, Refusal};
use crate::sqlnet::SqlNetTarget;

/// A `host:port` that clients may be connected to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    host: String,
    port: u16,
}

impl Target {
    /// `host` as clients name it; letter case and the brackets of an IPv6 address do not matter.
    pub fn new(host: &str, port: u16) -> Self {
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        Target { host: host.to_ascii_lowercase(), port }
    }

    /// Without brackets, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Target {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let wrong = |why: &str| {
            ConfigError::new(format!(
                "{text:?} is not a target: {why}; write HOST:PORT, for instance db.example:1521 or [::1]:1521"
            ))
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(|| wrong("the port is missing"))?;
        let port = match port.parse::<u16>() {
            Ok(port) if port > 0 => port,
            _ => return Err(wrong("the port is not a number from 1 to 65535")),
        };
        let bracketed = host.starts_with('[') && host.ends_with(']');
        if host.is_empty() {
            return Err(wrong("the host is missing"));
        }
        if host.contains('*') {
            return Err(wrong("the list is exact, there are no patterns"));
        }
        if (host.contains(':') && !bracketed) || host.contains(['/', '@', ' ']) {
            return Err(wrong("the host is not a name or an address"));
        }
        Ok(Target::new(host, port))
    }
}

/// An Origin as browsers send it: scheme, host, and the port unless it is the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// Whether two texts name the same Origin.
    pub(crate) fn same(one: &str, other: &str) -> bool {
        Origin::normalize(one) == Origin::normalize(other)
    }

    fn normalize(text: &str) -> String {
        let text = text.to_ascii_lowercase();
        match text.split_once("://") {
            Some(("http", rest)) if rest.ends_with(":80") => text[..text.len() - 3].to_owned(),
            Some(("https", rest)) if rest.ends_with(":443") => text[..text.len() - 4].to_owned(),
            _ => text,
        }
    }
}

impl FromStr for Origin {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let wrong = |why: &str| {
            ConfigError::new(format!(
                "{text:?} is not an Origin: {why}; write SCHEME://HOST[:PORT], for instance https://console.example"
            ))
        };
        if text == "null" {
            return Err(wrong("every sandboxed page of every site sends null"));
        }
        if text.contains('*') {
            return Err(wrong("the list is exact, there are no patterns"));
        }
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| wrong("the scheme is missing"))?;
        if scheme.is_empty() || rest.is_empty() {
            return Err(wrong("scheme or host is missing"));
        }
        if rest.contains(['/', '?', '#', '@', ' ']) {
            return Err(wrong("there is more than a host and a port behind the scheme"));
        }
        Ok(Origin(Origin::normalize(text)))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something in the configuration that cannot be: the text says what, why, and what to write.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// With this text.
    pub fn new(text: impl Into<String>) -> Self {
        ConfigError(text.into())
    }
}

/// The lists.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    pub(crate) targets: HashSet<Target>,
    pub(crate) origins: HashSet<Origin>,
    pub(crate) no_origin: bool,
    pub(crate) identity_hosts: HashSet<IdentityHost>,
    pub(crate) networks: Networks,
    pub(crate) sqlnet: Option<SqlNetTarget>,
}

impl Policy {
    /// Whether a client with this `Origin` header may use the bridge at all.
    pub(crate) fn check_origin(&self, origin: Option<&str>) -> Result<(), Refusal> {
        match origin {
            None if self.no_origin => Ok(()),
            None => Err(Refusal::new(
                Code::OriginNotAllowed,
                "clients without an Origin header are not allowed on this bridge",
                "programs outside a browser send none: start oraedge-bridge with --allow-no-origin to let them in",
            )),
            Some(origin) if self.origins.contains(&Origin(Origin::normalize(origin))) => Ok(()),
            Some(origin) => Err(Refusal::new(
                Code::OriginNotAllowed,
                format!("pages from {origin} are not allowed on this bridge"),
                format!("start oraedge-bridge with --allow-origin {origin} to let them in"),
            )),
        }
    }

    /// Whether clients may be connected to this target.
    pub(crate) fn check_target(&self, target: &Target) -> Result<(), Refusal> {
        if self.targets.contains(target) {
            return Ok(());
        }
        Err(Refusal::new(
            Code::TargetNotAllowed,
            format!("{target} is not on this bridge's list of targets"),
            format!("start oraedge-bridge with --allow {target} to let it be reached"),
        ))
    }

    /// Whether identity requests may be relayed to this host.
    pub(crate) fn check_identity_host(&self, host: &IdentityHost) -> Result<(), Refusal> {
        if self.identity_hosts.contains(host) {
            return Ok(());
        }
        let entry = if host.https { host.authority() } else { host.to_string() };
        Err(Refusal::new(
            Code::TargetNotAllowed,
            format!("{host} is not on this bridge's list of identity hosts"),
            format!("start oraedge-bridge with --allow-identity {entry} to let it be reached"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_exact_but_for_letter_case() {
        let policy = Policy {
            targets: ["DB.example:1521", "[::1]:2484"].iter().map(|t| t.parse().unwrap()).collect(),
            ..Policy::default()
        };
        for (host, port, allowed) in [
            ("db.example", 1521, true),
            ("db.EXAMPLE", 1521, true),
            ("::1", 2484, true),
            ("[::1]", 2484, true),
            ("db.example", 1522, false),
            ("db.example.", 1521, false),
            ("xdb.example", 1521, false),
            ("db.example.evil", 1521, false),
            ("127.0.0.1", 2484, false),
            ("", 1521, false),
        ] {
            let verdict = policy.check_target(&Target::new(host, port));
            assert_eq!(verdict.is_ok(), allowed, "{host}:{port}");
            if let Err(refusal) = verdict {
                assert!(refusal.remedy.contains("--allow"), "{refusal}");
            }
        }
        assert!(Policy::default().check_target(&Target::new("localhost", 1521)).is_err());
    }

    #[test]
    fn origins_are_exact_but_for_letter_case_and_the_default_port() {
        let policy = Policy {
            origins: [
                "https://Console.example",
                "http://localhost:8080",
                "http://plain.example:80",
            ]
            .iter()
            .map(|o| o.parse().unwrap())
            .collect(),
            ..Policy::default()
        };
        for (origin, allowed) in [
            (Some("https://console.example"), true),
            (Some("https://console.example:443"), true),
            (Some("http://localhost:8080"), true),
            (Some("http://plain.example"), true),
            (Some("http://console.example"), false),
            (Some("https://console.example:8443"), false),
            (Some("https://console.example.evil"), false),
            (Some("https://evil-console.example"), false),
            (Some("http://localhost"), false),
            (Some("null"), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(policy.check_origin(origin).is_ok(), allowed, "{origin:?}");
        }
        let programs = Policy { no_origin: true, ..Policy::default() };
        assert!(programs.check_origin(None).is_ok());
        assert!(programs.check_origin(Some("https://console.example")).is_err());
    }

    #[test]
    fn a_list_entry_that_could_mean_more_than_one_thing_is_an_error() {
        for text in
            ["db", "db:", ":1521", "db:0", "db:99999", "*:1521", "db:*", "a/b:1", "::1:1521"]
        {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains("HOST:PORT"), "{error}");
        }
        for text in ["null", "*", "https://*.example", "example", "https://", "https://a/", "://a"]
        {
            let error = text.parse::<Origin>().unwrap_err().to_string();
            assert!(error.contains("SCHEME://"), "{error}");
        }
    }
}
