//! What a transport must know about the listener that it is to reach.

use std::path::PathBuf;
use std::time::Duration;

use oraedge::connect_string::{
    Address, DEFAULT_TRANSPORT_CONNECT_TIMEOUT, Description, Protocol, TlsVersion,
};
use oraedge::wire::capabilities::TNS_VERSION_DESIRED;

/// Longest name that is told the listener in the TLS handshake (node-oracledb: the same).
const MAX_SNI: usize = 256;

/// One listener: where it is and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name or IP address; an IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Host and port of an HTTP proxy that is asked to CONNECT to the listener.
    pub proxy: Option<(String, u16)>,
    /// TLS, and how the server is recognised; `None` for plain TCP.
    pub tls: Option<TlsTarget>,
    /// Limit on the TCP connection to each IP address of the host, and on the TLS handshake.
    pub connect_timeout: Duration,
    /// Time without traffic after which the operating system probes whether the peer is still
    /// there; `None` leaves the time to the operating system (the probes are on in any case).
    pub keep_alive: Option<Duration>,
}

impl Endpoint {
    /// An address of a connect string, with what the description around it says about it.
    pub fn new(description: &Description, address: &Address) -> Self {
        let tls = (address.protocol == Protocol::Tcps).then(|| {
            let security = &description.security;
            let name = match &security.server_cert_dn {
                _ if !security.server_dn_match => ServerName::Any,
                Some(name) => ServerName::DistinguishedName(name.clone()),
                None => ServerName::Host(address.host.clone()),
            };
            let wallet = security.wallet_location.as_ref();
            TlsTarget {
                name,
                sni: sni(description),
                version: security.tls_version,
                wallet: wallet.filter(|at| !at.eq_ignore_ascii_case("SYSTEM")).map(PathBuf::from),
            }
        });
        let proxy = address.https_proxy.clone().map(|host| (host, address.https_proxy_port));
        // EXPIRE_TIME is in minutes.
        let idle = Duration::from_secs(u64::from(description.expire_time) * 60);
        Endpoint {
            host: address.host.clone(),
            port: address.port,
            proxy,
            tls,
            connect_timeout: description.transport_connect_timeout,
            keep_alive: Some(idle).filter(|idle| !idle.is_zero()),
        }
    }

    /// Plain TCP with the limit that holds if a connect string names none.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Endpoint {
            host: host.into(),
            port,
            proxy: None,
            tls: None,
            connect_timeout: DEFAULT_TRANSPORT_CONNECT_TIMEOUT,
            keep_alive: None,
        }
    }

    /// TLS with a certificate that must be for this host.
    pub fn tcps(host: impl Into<String>, port: u16) -> Self {
        let host = host.into();
        let tls = TlsTarget::new(ServerName::Host(host.clone()));
        Endpoint { tls: Some(tls), ..Endpoint::tcp(host, port) }
    }

    /// `host:port`, with an IPv6 address in brackets.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// How a server is recognised on TLS.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TlsTarget {
    /// What its certificate must say.
    pub name: ServerName,
    /// The name that the handshake tells the listener; `None` for none, as Oracle's own drivers do
    /// unless the connect string says `USE_SNI`.
    pub sni: Option<String>,
    /// The only version to use (`SSL_VERSION`); `None` for whatever both sides know.
    pub version: Option<TlsVersion>,
    /// Folder with an `ewallet.pem`, whose certificates are trusted as well.
    pub wallet: Option<PathBuf>,
}

impl TlsTarget {
    /// A server of this name, and nothing else about it.
    pub fn new(name: ServerName) -> Self {
        TlsTarget { name, sni: None, version: None, wallet: None }
    }
}

/// What the certificate of the server must say. Its chain, dates and purpose are checked in any
/// case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ServerName {
    /// It is for this host (`SSL_SERVER_DN_MATCH` is on, as by default).
    Host(String),
    /// Its subject is this distinguished name (`SSL_SERVER_CERT_DN`).
    DistinguishedName(String),
    /// Nothing (`SSL_SERVER_DN_MATCH=off`).
    Any,
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

    fn endpoint(connect_string: &str) -> Endpoint {
        let descriptor = ConnectDescriptor::parse(connect_string).unwrap();
        let description = &descriptor.descriptions[0];
        Endpoint::new(description, descriptor.addresses().next().unwrap())
    }

    #[test]
    fn a_connect_string_says_how_the_server_is_recognised() {
        assert_eq!(endpoint("db:1521/orcl"), Endpoint::tcp("db", 1521));
        assert_eq!(endpoint("tcps://db:2484/orcl"), Endpoint::tcps("db", 2484));
        let name = |text: &str| endpoint(text).tls.unwrap().name;
        let described = |security: &str| {
            name(&format!(
                "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=db)(PORT=2484))\
                 (CONNECT_DATA=(SERVICE_NAME=orcl))(SECURITY={security}))"
            ))
        };
        assert_eq!(described("(SSL_SERVER_DN_MATCH=off)"), ServerName::Any);
        assert_eq!(
            described("(SSL_SERVER_CERT_DN=\"CN=db,O=Example\")"),
            ServerName::DistinguishedName("CN=db,O=Example".to_owned())
        );
        assert_eq!(
            described("(SSL_SERVER_DN_MATCH=off)(SSL_SERVER_CERT_DN=\"CN=db\")"),
            ServerName::Any
        );
    }

    #[test]
    fn a_connect_string_says_limits_and_proxy() {
        let endpoint = endpoint(
            "(DESCRIPTION=(TRANSPORT_CONNECT_TIMEOUT=3)(EXPIRE_TIME=2)(ADDRESS=(PROTOCOL=tcp)\
             (HOST=::1)(PORT=1)(HTTPS_PROXY=proxy)(HTTPS_PROXY_PORT=80))\
             (CONNECT_DATA=(SERVICE_NAME=s)))",
        );
        assert_eq!(endpoint.connect_timeout, Duration::from_secs(3));
        assert_eq!(endpoint.keep_alive, Some(Duration::from_secs(120)));
        assert_eq!(endpoint.proxy, Some(("proxy".to_owned(), 80)));
        assert_eq!(endpoint.authority(), "[::1]:1");
    }

    #[test]
    fn the_listener_is_told_the_service_only_if_asked_to() {
        let sni = |text: &str| endpoint(text).tls.unwrap().sni;
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

    #[test]
    fn a_wallet_is_a_folder_and_system_is_none() {
        let wallet = |text: &str| endpoint(text).tls.unwrap().wallet;
        assert_eq!(wallet("tcps://db/s?wallet_location=/wallet"), Some("/wallet".into()));
        assert_eq!(wallet("tcps://db/s?wallet_location=SYSTEM"), None);
    }
}
