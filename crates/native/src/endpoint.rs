//! What a transport must know about the listener that it is to reach.

use std::time::Duration;

/// One listener: where it is and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name or IP address; an IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// TLS, and how the server is recognised; `None` for plain TCP.
    pub tls: Option<TlsTarget>,
    /// Limit on the TCP connection to each IP address of the host, and on the TLS handshake.
    pub connect_timeout: Duration,
    /// Time without traffic after which the operating system probes whether the peer is still
    /// there; `None` leaves the time to the operating system (the probes are on in any case).
    pub keep_alive: Option<Duration>,
}

impl Endpoint {
    /// Plain TCP with python-oracledb's limit of 20 seconds.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Endpoint {
            host: host.into(),
            port,
            tls: None,
            connect_timeout: Duration::from_secs(20),
            keep_alive: None,
        }
    }

    /// TLS with a certificate that must be for this host.
    pub fn tcps(host: impl Into<String>, port: u16) -> Self {
        let host = host.into();
        let tls = TlsTarget { name: ServerName::Host(host.clone()), sni: None, version: None };
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

/// A TLS version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsVersion {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}
