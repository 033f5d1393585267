//! The parameters that this driver knows, by the place where they stand.
//!
//! Each function takes one `NAME=text`, sets the field, and says whether it knows the name.
//! Names and aliases are those of python-oracledb `impl/base/parsers.pyx`; `TLS_SERVER_*` are
//! node-oracledb's (`lib/thin/sqlnet/navNodes.js`), acted on rather than passed on because they
//! decide which server is trusted.

use super::model::{
    Address, Choice, ConnectData, Description, MAX_SDU, MIN_SDU, Parameter, Security,
};
use super::scan::Fault;
use super::values;

/// `NAME=text` and the byte where the text begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl Given<'_> {
    /// Reads the text with one of the functions of [`values`].
    fn read<T>(&self, reader: impl Fn(&str) -> Result<T, String>) -> Result<T, Fault> {
        reader(self.text)
            .map_err(|why| Fault::new(self.at, format!("{} {why}", self.name.to_uppercase())))
    }

    fn owned(&self) -> Option<String> {
        Some(self.text.to_owned())
    }
}

/// Names below DESCRIPTION that need a text.
pub(super) const DESCRIPTION_NAMES: &[&str] = &[
    "EXPIRE_TIME",
    "FAILOVER",
    "LOAD_BALANCE",
    "SOURCE_ROUTE",
    "RETRY_COUNT",
    "RETRY_DELAY",
    "SDU",
    "TRANSPORT_CONNECT_TIMEOUT",
    "TCP_CONNECT_TIMEOUT",
    "CONNECT_TIMEOUT",
    "USE_SNI",
];

/// Names below ADDRESS that need a text.
pub(super) const ADDRESS_NAMES: &[&str] =
    &["PROTOCOL", "HOST", "PORT", "HTTPS_PROXY", "HTTPS_PROXY_PORT"];

/// Names below CONNECT_DATA that need a text.
pub(super) const CONNECT_DATA_NAMES: &[&str] = &[
    "SERVICE_NAME",
    "INSTANCE_NAME",
    "SID",
    "SERVER",
    "SERVER_TYPE",
    "POOL_CONNECTION_CLASS",
    "CCLASS",
    "POOL_PURITY",
    "PURITY",
    "POOL_BOUNDARY",
    "POOL_NAME",
    "CONNECTION_ID_PREFIX",
    "USE_TCP_FAST_OPEN",
];

/// Names below SECURITY that need a text.
pub(super) const SECURITY_NAMES: &[&str] = &[
    "SSL_SERVER_DN_MATCH",
    "TLS_SERVER_DN_MATCH",
    "SSL_SERVER_CERT_DN",
    "TLS_SERVER_CERT_DN",
    "SSL_VERSION",
    "WALLET_LOCATION",
    "MY_WALLET_DIRECTORY",
];

/// The one name of a parameter that has several, in upper case.
pub(super) fn canonical(name: &str) -> String {
    let upper = name.to_uppercase();
    let canonical = match upper.as_str() {
        "TCP_CONNECT_TIMEOUT" => "TRANSPORT_CONNECT_TIMEOUT",
        "SERVER_TYPE" => "SERVER",
        "CCLASS" => "POOL_CONNECTION_CLASS",
        "PURITY" => "POOL_PURITY",
        "TLS_SERVER_DN_MATCH" => "SSL_SERVER_DN_MATCH",
        "TLS_SERVER_CERT_DN" => "SSL_SERVER_CERT_DN",
        "WALLET_LOCATION" => "MY_WALLET_DIRECTORY",
        _ => return upper,
    };
    canonical.to_owned()
}

/// FAILOVER, LOAD_BALANCE, SOURCE_ROUTE.
pub(super) fn set_choice(choice: &mut Choice, given: &Given<'_>) -> Result<bool, Fault> {
    let field = match canonical(given.name).as_str() {
        "FAILOVER" => &mut choice.failover,
        "LOAD_BALANCE" => &mut choice.load_balance,
        "SOURCE_ROUTE" => &mut choice.source_route,
        _ => return Ok(false),
    };
    *field = given.read(values::switch)?;
    Ok(true)
}

/// What stands directly below DESCRIPTION.
pub(super) fn set_description(
    description: &mut Description,
    given: &Given<'_>,
) -> Result<bool, Fault> {
    if set_choice(&mut description.choice, given)? {
        return Ok(true);
    }
    match canonical(given.name).as_str() {
        "EXPIRE_TIME" => description.expire_time = given.read(values::number)?,
        "RETRY_COUNT" => description.retry_count = given.read(values::number)?,
        "RETRY_DELAY" => description.retry_delay = given.read(values::duration)?,
        "SDU" => description.sdu = given.read(values::number)?.clamp(MIN_SDU, MAX_SDU),
        "TRANSPORT_CONNECT_TIMEOUT" => {
            description.transport_connect_timeout = given.read(values::duration)?;
        }
        "USE_SNI" => description.use_sni = given.read(values::switch)?,
        "CONNECT_TIMEOUT" => {
            // Checked here, kept as it is: see `Description::connect_timeout`.
            given.read(values::duration)?;
            description.extra.push(Parameter::text("CONNECT_TIMEOUT", given.text));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// What stands below ADDRESS.
pub(super) fn set_address(address: &mut Address, given: &Given<'_>) -> Result<bool, Fault> {
    match canonical(given.name).as_str() {
        "PROTOCOL" => address.protocol = given.read(values::protocol)?,
        "HOST" => address.host = given.text.to_owned(),
        "PORT" => address.port = given.read(values::port)?,
        "HTTPS_PROXY" => address.https_proxy = given.owned(),
        "HTTPS_PROXY_PORT" => address.https_proxy_port = given.read(values::port)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// What stands below CONNECT_DATA.
pub(super) fn set_connect_data(data: &mut ConnectData, given: &Given<'_>) -> Result<bool, Fault> {
    match canonical(given.name).as_str() {
        "SERVICE_NAME" => data.service_name = given.owned(),
        "INSTANCE_NAME" => data.instance_name = given.owned(),
        "SID" => data.sid = given.owned(),
        "SERVER" => data.server_type = Some(given.read(values::server_type)?),
        "POOL_CONNECTION_CLASS" => data.pool_connection_class = given.owned(),
        "POOL_PURITY" => data.pool_purity = given.read(values::purity)?,
        "POOL_BOUNDARY" => data.pool_boundary = given.owned(),
        "POOL_NAME" => data.pool_name = given.owned(),
        "CONNECTION_ID_PREFIX" => data.connection_id_prefix = given.owned(),
        "USE_TCP_FAST_OPEN" => data.use_tcp_fast_open = given.read(values::switch)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// What stands below SECURITY.
pub(super) fn set_security(security: &mut Security, given: &Given<'_>) -> Result<bool, Fault> {
    match canonical(given.name).as_str() {
        "SSL_SERVER_DN_MATCH" => security.server_dn_match = given.read(values::switch)?,
        "SSL_SERVER_CERT_DN" => security.server_cert_dn = given.owned(),
        "SSL_VERSION" => security.tls_version = Some(given.read(values::tls_version)?),
        "MY_WALLET_DIRECTORY" => security.wallet_location = given.owned(),
        _ => return Ok(false),
    }
    Ok(true)
}
