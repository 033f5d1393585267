//! Which identity services requests may be relayed to: exact hosts, none unless listed.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::address::{Kind, kind_of};
use crate::policy::{ConfigError, Target};

/// The ports of the two schemes.
pub(crate) const HTTP_PORT: u16 = 80;
pub(crate) const HTTPS_PORT: u16 = 443;

/// The domain of OCI's commercial realm, OC1. Other realms' hosts are listed by name.
const OC1_DOMAIN: &str = "oraclecloud.com";

/// An identity service's scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdentityHost {
    pub(crate) https: bool,
    pub(crate) target: Target,
}

impl IdentityHost {
    /// The `Host` header: the port only where it is not the scheme's own.
    pub(crate) fn authority(&self) -> String {
        let own = if self.https { HTTPS_PORT } else { HTTP_PORT };
        let text = self.target.to_string();
        match text.strip_suffix(&format!(":{own}")) {
            Some(host) if self.target.port() == own => host.to_owned(),
            _ => text,
        }
    }
}

impl fmt::Display for IdentityHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

impl FromStr for IdentityHost {
    type Err = ConfigError;

    /// `HOST`, `HOST:PORT`, either with `https://`; `http://` for loopback hosts; `oci:REGION` for
    /// the token service of a region of OCI's commercial realm.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let wrong = |why: &str| {
            ConfigError::new(format!(
                "{text:?} is not an identity host: {why}; write HOST[:PORT], for instance auth.us-phoenix-1.oraclecloud.com, or oci:REGION, for instance oci:us-phoenix-1"
            ))
        };
        if let Some(region) = text.strip_prefix("oci:")
            && region.parse::<u16>().is_err()
        {
            let sound = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if region.is_empty() || !region.contains('-') || !region.bytes().all(sound) {
                return Err(wrong("that is not the name of a region"));
            }
            let target = Target::new(&format!("auth.{region}.{OC1_DOMAIN}"), HTTPS_PORT);
            return Ok(IdentityHost { https: true, target });
        }
        let (https, rest) = match text.split_once("://") {
            None => (true, text),
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            Some(_) => return Err(wrong("the scheme is not https")),
        };
        let has_port = rest.rsplit_once(':').is_some_and(|(host, port)| {
            !port.contains(']') && (host.ends_with(']') || !host.contains(':'))
        });
        let target: Target = if has_port {
            rest.parse()?
        } else {
            format!("{rest}:{}", if https { HTTPS_PORT } else { HTTP_PORT }).parse()?
        };
        let address = target.host().parse::<IpAddr>().ok();
        if let Some(kind @ (Kind::Metadata | Kind::LinkLocal | Kind::Reserved)) =
            address.map(kind_of)
        {
            return Err(wrong(&format!("{kind} is never relayed to")));
        }
        let loopback = target.host() == "localhost" || address.map(kind_of) == Some(Kind::Loopback);
        if !https && !loopback {
            return Err(wrong("http is for loopback hosts only, others must be https"));
        }
        Ok(IdentityHost { https, target })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_listed_exactly() {
        for (text, url) in [
            ("auth.us-phoenix-1.oraclecloud.com", "https://auth.us-phoenix-1.oraclecloud.com"),
            ("oci:us-phoenix-1", "https://auth.us-phoenix-1.oraclecloud.com"),
            ("Login.MicrosoftOnline.com:443", "https://login.microsoftonline.com"),
            ("https://idcs-1.identity.example:8443", "https://idcs-1.identity.example:8443"),
            ("oci:8443", "https://oci:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost", "http://localhost"),
            ("[::1]:8443", "https://[::1]:8443"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(text.parse::<IdentityHost>().unwrap().to_string(), url, "{text}");
        }
    }

    #[test]
    fn what_would_open_more_than_one_host_or_a_dangerous_one_is_an_error() {
        for (text, says) in [
            ("auth.*.oraclecloud.com", "no patterns"),
            ("*", "no patterns"),
            ("", "host is missing"),
            ("oci:", "region"),
            ("oci:evil.example/", "region"),
            ("http://auth.example", "loopback"),
            ("http://10.0.0.1", "loopback"),
            ("ftp://auth.example", "scheme"),
            ("169.254.169.254", "metadata"),
            ("http://169.254.169.254", "metadata"),
            ("[fe80::1]", "link-local"),
            ("[::ffff:169.254.169.254]", "metadata"),
            ("0.0.0.0", "reserved"),
            ("auth.example/v1", "not a name"),
            ("user@auth.example", "not a name"),
        ] {
            let error = text.parse::<IdentityHost>().unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
