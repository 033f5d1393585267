//! What a connect string says, as typed values: description list, descriptions, address lists,
//! addresses.

use std::time::Duration;

/// Port of a listener if the connect string names none.
///
/// python-oracledb and node-oracledb use the same.
pub const DEFAULT_PORT: u16 = 1521;

/// Session data unit, in bytes, if the connect string names none (python-oracledb: the same).
pub const DEFAULT_SDU: u32 = 8192;

/// The smallest session data unit, in bytes; a smaller one is raised to it.
pub const MIN_SDU: u32 = 512;

/// The largest session data unit, in bytes; a larger one is lowered to it.
pub const MAX_SDU: u32 = 2_097_152;

/// Limit on opening one transport if the connect string names none (python-oracledb: 20 s).
pub const DEFAULT_TRANSPORT_CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Wait before the addresses of a description are tried again, if the connect string names none.
pub const DEFAULT_RETRY_DELAY: Duration = Duration::from_secs(1);

/// A whole connect string: one description or several (`DESCRIPTION_LIST`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectDescriptor {
    /// How one of the descriptions is chosen.
    pub choice: Choice,
    /// The descriptions, in the order in which they are written; never empty after parsing.
    pub descriptions: Vec<Description>,
}

/// How a node's children are tried (`FAILOVER`, `LOAD_BALANCE`, `SOURCE_ROUTE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// After a failure the next one is tried; on unless it was switched off.
    pub failover: bool,
    /// They are tried in a random order.
    pub load_balance: bool,
    /// The first is a hop (Connection Manager) on the way to the others, so only it is tried.
    pub source_route: bool,
}

impl Default for Choice {
    fn default() -> Self {
        Choice { failover: true, load_balance: false, source_route: false }
    }
}

/// One way to reach one service: the addresses, and what to ask for there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// How the address lists are tried.
    pub choice: Choice,
    /// The address lists; a description whose addresses stand alone has one list.
    pub address_lists: Vec<AddressList>,
    /// How often all addresses are tried again after the first time (`RETRY_COUNT`).
    pub retry_count: u32,
    /// The wait before each such time (`RETRY_DELAY`).
    pub retry_delay: Duration,
    /// Minutes between probes of an idle connection, 0 for none (`EXPIRE_TIME`).
    pub expire_time: u32,
    /// Limit on opening the transport to one address (`TRANSPORT_CONNECT_TIMEOUT`).
    pub transport_connect_timeout: Duration,
    /// The listener is told the service in the TLS handshake (`USE_SNI`).
    pub use_sni: bool,
    /// The session data unit to ask for, in bytes (`SDU`).
    pub sdu: u32,
    /// What to ask the listener for (`CONNECT_DATA`).
    pub connect_data: ConnectData,
    /// How the server is recognised (`SECURITY`).
    pub security: Security,
    /// Parameters that this driver does not know; the listener gets them unchanged.
    pub extra: Vec<Parameter>,
}

impl Default for Description {
    fn default() -> Self {
        Description {
            choice: Choice::default(),
            address_lists: Vec::new(),
            retry_count: 0,
            retry_delay: DEFAULT_RETRY_DELAY,
            expire_time: 0,
            transport_connect_timeout: DEFAULT_TRANSPORT_CONNECT_TIMEOUT,
            use_sni: false,
            sdu: DEFAULT_SDU,
            connect_data: ConnectData::default(),
            security: Security::default(),
            extra: Vec::new(),
        }
    }
}

/// Addresses that belong together (`ADDRESS_LIST`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressList {
    /// How the addresses are tried.
    pub choice: Choice,
    /// The addresses, in the order in which they are written.
    pub addresses: Vec<Address>,
}

/// Where a listener listens (`ADDRESS`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// What carries the bytes.
    pub protocol: Protocol,
    /// Host name or IP address; an IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Host of an HTTP proxy that is asked to CONNECT to `host`.
    pub https_proxy: Option<String>,
    /// Port of that proxy; 0 if none is given.
    pub https_proxy_port: u16,
}

impl Address {
    /// An address without a proxy.
    pub fn new(protocol: Protocol, host: impl Into<String>, port: u16) -> Self {
        Address { protocol, host: host.into(), port, https_proxy: None, https_proxy_port: 0 }
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

/// What carries the bytes to a listener.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Plain TCP.
    #[default]
    Tcp,
    /// TLS over TCP.
    Tcps,
}

impl Protocol {
    /// The name in a connect string: `tcp` or `tcps`.
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Tcps => "tcps",
        }
    }
}

/// What to ask a listener for (`CONNECT_DATA`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectData {
    /// The service (`SERVICE_NAME`).
    pub service_name: Option<String>,
    /// The instance of the service (`INSTANCE_NAME`).
    pub instance_name: Option<String>,
    /// The system identifier, for servers without services (`SID`).
    pub sid: Option<String>,
    /// The kind of server process (`SERVER`).
    pub server_type: Option<ServerType>,
    /// The connection class of resident pooling (`POOL_CONNECTION_CLASS`); goes with the log-on.
    pub pool_connection_class: Option<String>,
    /// Whether a pooled session may have state (`POOL_PURITY`); goes with the log-on.
    pub pool_purity: PoolPurity,
    /// When a pooled session goes back: `STATEMENT` or `TRANSACTION` (`POOL_BOUNDARY`).
    pub pool_boundary: Option<String>,
    /// The resident pool (`POOL_NAME`); goes with the log-on.
    pub pool_name: Option<String>,
    /// Put in front of the connection identifier (`CONNECTION_ID_PREFIX`).
    pub connection_id_prefix: Option<String>,
    /// Send the first bytes with the first TCP segment (`USE_TCP_FAST_OPEN`).
    pub use_tcp_fast_open: bool,
    /// Parameters that this driver does not know; the listener gets them unchanged.
    pub extra: Vec<Parameter>,
}

/// The kind of server process (`SERVER`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerType {
    /// A process for this connection alone.
    Dedicated,
    /// A process shared by many connections.
    Shared,
    /// A process from the database resident connection pool (DRCP).
    Pooled,
}

impl ServerType {
    /// The name in a connect string.
    pub const fn name(self) -> &'static str {
        match self {
            ServerType::Dedicated => "dedicated",
            ServerType::Shared => "shared",
            ServerType::Pooled => "pooled",
        }
    }
}

/// Whether a session from a resident pool may have state of an earlier user (`POOL_PURITY`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PoolPurity {
    /// What the server thinks best: `NEW` for a single connection, `SELF` for a pool.
    #[default]
    Default,
    /// A session without state (`NEW`).
    New,
    /// A session that may have state of the same connection class (`SELF`).
    Reuse,
}

/// How the server is recognised on TLS (`SECURITY`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security {
    /// The name in the certificate must be that of the server (`SSL_SERVER_DN_MATCH`).
    pub server_dn_match: bool,
    /// The whole distinguished name to expect, instead of the host's name
    /// (`SSL_SERVER_CERT_DN`).
    pub server_cert_dn: Option<String>,
    /// The only TLS version to use (`SSL_VERSION`).
    pub tls_version: Option<TlsVersion>,
    /// Folder of the wallet, or `SYSTEM` (`MY_WALLET_DIRECTORY`, `WALLET_LOCATION`).
    pub wallet_location: Option<String>,
    /// Parameters that this driver does not know; the listener gets them unchanged.
    pub extra: Vec<Parameter>,
}

impl Default for Security {
    fn default() -> Self {
        Security {
            server_dn_match: true,
            server_cert_dn: None,
            tls_version: None,
            wallet_location: None,
            extra: Vec::new(),
        }
    }
}

/// A TLS version that a connect string can ask for (`SSL_VERSION`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsVersion {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

impl TlsVersion {
    /// The name in a connect string.
    pub const fn name(self) -> &'static str {
        match self {
            TlsVersion::V1_2 => "TLSv1.2",
            TlsVersion::V1_3 => "TLSv1.3",
        }
    }
}

/// A parameter that is passed on as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, in upper case.
    pub name: String,
    /// Its value.
    pub value: ParameterValue,
}

/// The value of a parameter that is passed on as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterValue {
    /// `(NAME=text)`.
    Text(String),
    /// `(NAME=(A=1)(B=2))`.
    Group(Vec<Parameter>),
}

impl Parameter {
    /// A parameter with a text.
    pub fn text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Parameter { name: name.into(), value: ParameterValue::Text(text.into()) }
    }
}

impl ConnectDescriptor {
    /// A descriptor of a single address and service.
    pub fn single(address: Address, service_name: impl Into<String>) -> Self {
        let connect_data =
            ConnectData { service_name: Some(service_name.into()), ..ConnectData::default() };
        let list = AddressList { choice: Choice::default(), addresses: vec![address] };
        let description =
            Description { connect_data, address_lists: vec![list], ..Description::default() };
        ConnectDescriptor { choice: Choice::default(), descriptions: vec![description] }
    }

    /// All addresses, in the order in which they are written.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.descriptions.iter().flat_map(Description::addresses)
    }
}

impl Description {
    /// All addresses, in the order in which they are written.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.address_lists.iter().flat_map(|list| &list.addresses)
    }

    /// Whether one of the addresses is reached over TLS.
    pub fn uses_tls(&self) -> bool {
        self.addresses().any(|address| address.protocol == Protocol::Tcps)
    }

    /// The limit on connecting as a whole, to the end of the log-on (`CONNECT_TIMEOUT`).
    ///
    /// python-oracledb only passes it on, node-oracledb keeps to it; so it is kept among
    /// [`extra`](Self::extra) and read from there.
    pub fn connect_timeout(&self) -> Option<Duration> {
        super::values::duration(text_of(&self.extra, "CONNECT_TIMEOUT")?).ok()
    }
}

impl ConnectData {
    /// The tag that sends sessions with the same tag to the same instance (`COLOCATION_TAG`).
    pub fn colocation_tag(&self) -> Option<&str> {
        text_of(&self.extra, "COLOCATION_TAG")
    }
}

impl Security {
    /// Whether the certificate's common name may be that of the service instead of the host's
    /// (`SSL_ALLOW_WEAK_DN_MATCH`). What is neither on nor off counts as off, the stricter of the two.
    pub fn allow_weak_dn_match(&self) -> bool {
        ["SSL_ALLOW_WEAK_DN_MATCH", "TLS_ALLOW_WEAK_DN_MATCH"]
            .iter()
            .filter_map(|name| text_of(&self.extra, name))
            .any(|text| super::values::switch(text).unwrap_or(false))
    }

    /// The kind of token to log on with: `OCI_TOKEN`, `OAUTH`, ... (`TOKEN_AUTH`).
    pub fn token_auth(&self) -> Option<&str> {
        text_of(&self.extra, "TOKEN_AUTH")
    }

    /// Folder or file of the token (`TOKEN_LOCATION`).
    pub fn token_location(&self) -> Option<&str> {
        text_of(&self.extra, "TOKEN_LOCATION")
    }
}

fn text_of<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a str> {
    parameters.iter().find_map(|parameter| match &parameter.value {
        ParameterValue::Text(text) if parameter.name == name => Some(text.as_str()),
        _ => None,
    })
}
