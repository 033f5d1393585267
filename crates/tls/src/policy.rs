//! What a server must show, as the connect string says it.

use oraedge::connect_string::{Address, Description, TlsVersion};
use oraedge::wire::capabilities::TNS_VERSION_DESIRED;

/// Longest name that is told the listener in the TLS handshake (node-oracledb: the same).
const MAX_SNI: usize = 256;

/// How a server is recognised on TLS, and what it is told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerPolicy {
    /// What its certificate must say.
    pub name: NameRule,
    /// The name that the handshake tells the listener; `None` for none, as Oracle's own drivers do
    /// unless the connect string says `USE_SNI`.
    pub sni: Option<String>,
    /// The only version to use (`SSL_VERSION`); `None` for whatever both sides know.
    pub version: Option<TlsVersion>,
}

/// What the certificate of the server must say. Its chain, dates and purpose are checked in any
/// case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NameRule {
    /// It is for this host (`SSL_SERVER_DN_MATCH` is on, as by default).
    Host(String),
    /// It is for this host, or its common name is the service's (`SSL_ALLOW_WEAK_DN_MATCH`), as
    /// wallets of databases before 23ai have it.
    HostOrService {
        /// The host of the address.
        host: String,
        /// The service that is asked for.
        service: String,
    },
    /// Its subject is this distinguished name (`SSL_SERVER_CERT_DN`).
    DistinguishedName(String),
    /// Nothing (`SSL_SERVER_DN_MATCH=off`).
    Any,
}

impl ServerPolicy {
    /// A server of this name, and nothing else about it.
    pub fn new(name: NameRule) -> Self {
        ServerPolicy { name, sni: None, version: None }
    }

    /// A server whose certificate is for this host.
    pub fn host(host: impl Into<String>) -> Self {
        ServerPolicy::new(NameRule::Host(host.into()))
    }

    /// What a description says about the server at one of its addresses.
    pub fn of(description: &Description, address: &Address) -> Self {
        let security = &description.security;
        let host = address.host.clone();
        let name = match (&security.server_cert_dn, &description.connect_data.service_name) {
            _ if !security.server_dn_match => NameRule::Any,
            (Some(name), _) => NameRule::DistinguishedName(name.clone()),
            (None, Some(service)) if security.allow_weak_dn_match() => {
                NameRule::HostOrService { host, service: service.clone() }
            }
            (None, _) => NameRule::Host(host),
        };
        ServerPolicy { name, sni: sni(description), version: security.tls_version }
    }
}

/// The service in the form that a listener understands in the TLS handshake, if the connect string
/// says `USE_SNI`: it can then hand the socket over before TLS begins.
///
/// The form is that of node-oracledb (`generateSNI` in sqlnet/ntTcp.js), and so are the conditions
/// under which there is none.
fn sni(description: &Description) -> Option<String> {
    let data = &description.connect_data;
    if !description.use_sni || description.choice.source_route || data.sid.is_some() {
        return None;
    }
    let mut text = String::new();
    for (letter, value) in [
        ('S', data.service_name.as_deref()),
        ('I', data.instance_name.as_deref()),
        ('T', data.server_type.and_then(|server_type| server_type.name().get(..1))),
        ('C', data.colocation_tag()),
    ] {
        if let Some(value) = value {
            text.push_str(&format!("{letter}{}.{value}.", value.len()));
        }
    }
    text.push_str(&format!("V3.{TNS_VERSION_DESIRED}"));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (text.len() <= MAX_SNI && text.chars().all(plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use oraedge::connect_string::ConnectDescriptor;

    use super::*;

    fn policy(connect_string: &str) -> ServerPolicy {
        let descriptor = ConnectDescriptor::parse(connect_string).unwrap();
        let description = &descriptor.descriptions[0];
        ServerPolicy::of(description, descriptor.addresses().next().unwrap())
    }

    #[test]
    fn a_connect_string_says_how_the_server_is_recognised() {
        assert_eq!(policy("tcps://db:2484/orcl"), ServerPolicy::host("db"));
        let dn = NameRule::DistinguishedName("CN=db,O=Example".to_owned());
        let weak = NameRule::HostOrService { host: "db".into(), service: "orcl".into() };
        for (security, name) in [
            ("", NameRule::Host("db".to_owned())),
            ("(SSL_SERVER_DN_MATCH=off)", NameRule::Any),
            ("(SSL_SERVER_CERT_DN=\"CN=db,O=Example\")", dn.clone()),
            ("(SSL_SERVER_DN_MATCH=off)(SSL_SERVER_CERT_DN=\"CN=db\")", NameRule::Any),
            ("(SSL_ALLOW_WEAK_DN_MATCH=on)", weak.clone()),
            ("(TLS_ALLOW_WEAK_DN_MATCH=true)", weak),
            ("(SSL_ALLOW_WEAK_DN_MATCH=off)", NameRule::Host("db".to_owned())),
            ("(SSL_ALLOW_WEAK_DN_MATCH=on)(SSL_SERVER_CERT_DN=\"CN=db,O=Example\")", dn),
            ("(SSL_ALLOW_WEAK_DN_MATCH=on)(SSL_SERVER_DN_MATCH=off)", NameRule::Any),
        ] {
            let text = format!(
                "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=db)(PORT=2484))\
                 (CONNECT_DATA=(SERVICE_NAME=orcl))(SECURITY={security}))"
            );
            assert_eq!(policy(&text).name, name, "{security}");
        }
    }

    #[test]
    fn the_listener_is_told_the_service_only_if_asked_to() {
        let sni = |text: &str| policy(text).sni;
        assert_eq!(sni("tcps://db:2484/orcl"), None);
        assert_eq!(
            sni("tcps://db:2484/orcl.example:pooled?use_sni=on").as_deref(),
            Some("S12.orcl.example.T1.p.V3.319")
        );
        let odd = "(DESCRIPTION=(USE_SNI=on)(ADDRESS=(PROTOCOL=tcps)(HOST=db)(PORT=2484))\
                   (CONNECT_DATA=(SERVICE_NAME=or$cl)))";
        assert_eq!(sni(odd), None);
        assert!(sni(&odd.replace('$', "_")).is_some());
    }
}
