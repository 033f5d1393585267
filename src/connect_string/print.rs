//! A descriptor as text: for people and for the listener.
//!
//! Order and spelling are those of python-oracledb 26.1.0 (`impl/base/connect_params.pyx`,
//! `build_connect_string`), so that what the listener gets is byte for byte what it gets from
//! there. Only a value that would break the syntax is put in quotation marks, which the driver
//! there does not do.

use std::fmt::{self, Display, Write};
use std::time::Duration;

use super::model::{
    Address, AddressList, Choice, ConnectDescriptor, DEFAULT_SDU,
    DEFAULT_TRANSPORT_CONNECT_TIMEOUT, Description, Parameter, ParameterValue, PoolPurity,
};

/// Who connects, as the listener and the session views show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientInfo {
    program: String,
    machine: String,
    os_user: String,
    terminal: String,
    pid: u32,
}

impl ClientInfo {
    /// Names of the program, the machine and the user of the operating system.
    ///
    /// A character that Oracle Net does not allow in such a name becomes a `?`.
    pub fn new(program: &str, machine: &str, os_user: &str) -> Self {
        ClientInfo {
            program: network_name(program),
            machine: network_name(machine),
            os_user: network_name(os_user),
            terminal: "unknown".to_owned(),
            pid: 0,
        }
    }

    /// The same with the name of a terminal; `unknown` without this.
    pub fn with_terminal(mut self, terminal: &str) -> Self {
        self.terminal = terminal.to_owned();
        self
    }

    /// The same with the number of the process; 0 without this.
    pub fn with_pid(mut self, pid: u32) -> Self {
        self.pid = pid;
        self
    }

    /// The program (`V$SESSION.PROGRAM`).
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The machine (`V$SESSION.MACHINE`).
    pub fn machine(&self) -> &str {
        &self.machine
    }

    /// The user of the operating system (`V$SESSION.OSUSER`).
    pub fn os_user(&self) -> &str {
        &self.os_user
    }

    /// The terminal (`V$SESSION.TERMINAL`).
    pub fn terminal(&self) -> &str {
        &self.terminal
    }

    /// The process (`V$SESSION.PROCESS`).
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

/// The name with one outer quotation mark at each end removed and every character that is not in
/// the network character set replaced by `?` (python-oracledb: `sanitize` in `utils.pyx`).
fn network_name(name: &str) -> String {
    let name = name.strip_prefix(['\'', '"']).unwrap_or(name);
    let name = name.strip_suffix(['\'', '"']).unwrap_or(name);
    let mut clean: String = name
        .chars()
        .map(|c| {
            let allowed = c.is_ascii_alphanumeric() || "\"'<>/\\,.:;-_$+*#&!%?@".contains(c);
            if allowed { c } else { '?' }
        })
        .collect();
    // A backslash at the end would escape the parenthesis behind it.
    if clean.ends_with('\\') {
        clean.pop();
        clean.push('?');
    }
    clean
}

impl Description {
    /// The text of the CONNECT packet: this description, who connects, and the identifier of the
    /// connection (base64 of 16 random bytes in the official drivers), which a
    /// `CONNECTION_ID_PREFIX` precedes.
    ///
    /// Whichever of the description's addresses is tried, the text is the same. Connection class,
    /// purity and pool name are not in it: they go with the log-on.
    pub fn connect_data(&self, client: &ClientInfo, connection_id: &str) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = write_description(&mut text, self, Reader::Listener { client, connection_id });
        text
    }

    /// The text of `AUTH_CONNECT_STRING` in the log-on: this description and the identifier of the
    /// connection, as the recorded python-oracledb 4.0.1 sessions have it.
    pub fn log_on_text(&self, connection_id: &str) -> String {
        let mut text = String::new();
        let _ = write_description(&mut text, self, Reader::Database { connection_id });
        text
    }
}

/// For whom a text is.
#[derive(Clone, Copy)]
enum Reader<'a> {
    /// Somebody who wants to parse it again.
    Person,
    /// The listener, in a CONNECT packet.
    Listener { client: &'a ClientInfo, connection_id: &'a str },
    /// The database, at the log-on.
    Database { connection_id: &'a str },
}

impl Display for ConnectDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_descriptor(f, self, Reader::Person)
    }
}

impl Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_description(f, self, Reader::Person)
    }
}

impl Display for AddressList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [address] = self.addresses.as_slice()
            && self.choice == Choice::default()
        {
            return write!(f, "{address}");
        }
        f.write_str("(ADDRESS_LIST=")?;
        write_choice(f, &self.choice)?;
        for address in &self.addresses {
            write!(f, "{address}")?;
        }
        f.write_str(")")
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(ADDRESS=")?;
        write!(f, "(PROTOCOL={})", self.protocol.name())?;
        write_text(f, "HOST", &self.host)?;
        write!(f, "(PORT={})", self.port)?;
        write_option(f, "HTTPS_PROXY", &self.https_proxy)?;
        if self.https_proxy_port != 0 {
            write!(f, "(HTTPS_PROXY_PORT={})", self.https_proxy_port)?;
        }
        f.write_str(")")
    }
}

fn write_choice(out: &mut impl Write, choice: &Choice) -> fmt::Result {
    if !choice.failover {
        out.write_str("(FAILOVER=OFF)")?;
    }
    if choice.load_balance {
        out.write_str("(LOAD_BALANCE=ON)")?;
    }
    if choice.source_route {
        out.write_str("(SOURCE_ROUTE=ON)")?;
    }
    Ok(())
}

fn write_descriptor(
    out: &mut impl Write,
    descriptor: &ConnectDescriptor,
    reader: Reader<'_>,
) -> fmt::Result {
    if let [description] = descriptor.descriptions.as_slice()
        && descriptor.choice == Choice::default()
    {
        return write_description(out, description, reader);
    }
    out.write_str("(DESCRIPTION_LIST=")?;
    write_choice(out, &descriptor.choice)?;
    for description in &descriptor.descriptions {
        write_description(out, description, reader)?;
    }
    out.write_str(")")
}

fn write_description(
    out: &mut impl Write,
    description: &Description,
    reader: Reader<'_>,
) -> fmt::Result {
    out.write_str("(DESCRIPTION=")?;
    write_choice(out, &description.choice)?;
    if description.retry_count != 0 {
        write!(out, "(RETRY_COUNT={})", description.retry_count)?;
        if !description.retry_delay.is_zero() {
            // Here python-oracledb knows whole seconds only and writes no minutes.
            match description.retry_delay.subsec_millis() {
                0 => write!(out, "(RETRY_DELAY={})", description.retry_delay.as_secs())?,
                _ => write!(out, "(RETRY_DELAY={}ms)", description.retry_delay.as_millis())?,
            }
        }
    }
    if description.expire_time != 0 {
        write!(out, "(EXPIRE_TIME={})", description.expire_time)?;
    }
    if description.transport_connect_timeout != DEFAULT_TRANSPORT_CONNECT_TIMEOUT {
        out.write_str("(TRANSPORT_CONNECT_TIMEOUT=")?;
        write_duration(out, description.transport_connect_timeout)?;
        out.write_str(")")?;
    }
    if description.use_sni {
        out.write_str("(USE_SNI=ON)")?;
    }
    if description.sdu != DEFAULT_SDU {
        write!(out, "(SDU={})", description.sdu)?;
    }
    write_parameters(out, &description.extra)?;
    for list in &description.address_lists {
        write!(out, "{list}")?;
    }
    write_connect_data(out, description, reader)?;
    if description.uses_tls() {
        write_security(out, description, reader)?;
    }
    out.write_str(")")
}

fn write_connect_data(
    out: &mut impl Write,
    description: &Description,
    reader: Reader<'_>,
) -> fmt::Result {
    let data = &description.connect_data;
    let mut text = String::new();
    write_option(&mut text, "SERVICE_NAME", &data.service_name)?;
    match &data.instance_name {
        Some(instance) => write_text(&mut text, "INSTANCE_NAME", instance)?,
        None => write_option(&mut text, "SID", &data.sid)?,
    }
    if let Some(server_type) = data.server_type {
        write!(text, "(SERVER={})", server_type.name())?;
    }
    if data.use_tcp_fast_open {
        text.write_str("(USE_TCP_FAST_OPEN=ON)")?;
    }
    write_option(&mut text, "POOL_BOUNDARY", &data.pool_boundary)?;
    if let Reader::Listener { client, .. } = reader {
        let ClientInfo { program, machine, os_user, .. } = client;
        write!(text, "(CID=(PROGRAM={program})(HOST={machine})(USER={os_user}))")?;
    } else {
        write_option(&mut text, "POOL_CONNECTION_CLASS", &data.pool_connection_class)?;
        write_option(&mut text, "POOL_NAME", &data.pool_name)?;
        match data.pool_purity {
            PoolPurity::Default => {}
            PoolPurity::New => text.write_str("(POOL_PURITY=NEW)")?,
            PoolPurity::Reuse => text.write_str("(POOL_PURITY=SELF)")?,
        }
    }
    write_parameters(&mut text, &data.extra)?;
    match reader {
        Reader::Person => {
            write_option(&mut text, "CONNECTION_ID_PREFIX", &data.connection_id_prefix)?;
        }
        Reader::Listener { connection_id, .. } | Reader::Database { connection_id } => {
            let prefix = data.connection_id_prefix.as_deref().unwrap_or_default();
            write!(text, "(CONNECTION_ID={prefix}{connection_id})")?;
        }
    }
    if !text.is_empty() {
        write!(out, "(CONNECT_DATA={text})")?;
    }
    Ok(())
}

fn write_security(
    out: &mut impl Write,
    description: &Description,
    reader: Reader<'_>,
) -> fmt::Result {
    let security = &description.security;
    out.write_str("(SECURITY=")?;
    // Off needs no word to a server, but without one this driver would read its own text as on.
    if security.server_dn_match {
        out.write_str("(SSL_SERVER_DN_MATCH=ON)")?;
    } else if matches!(reader, Reader::Person) {
        out.write_str("(SSL_SERVER_DN_MATCH=OFF)")?;
    }
    write_option(out, "SSL_SERVER_CERT_DN", &security.server_cert_dn)?;
    if let Some(version) = security.tls_version {
        write!(out, "(SSL_VERSION={})", version.name())?;
    }
    write_option(out, "MY_WALLET_DIRECTORY", &security.wallet_location)?;
    write_parameters(out, &security.extra)?;
    out.write_str(")")
}

fn write_option(out: &mut impl Write, name: &str, value: &Option<String>) -> fmt::Result {
    match value {
        Some(value) => write_text(out, name, value),
        None => Ok(()),
    }
}

fn write_parameters(out: &mut impl Write, parameters: &[Parameter]) -> fmt::Result {
    for parameter in parameters {
        match &parameter.value {
            ParameterValue::Text(text) => write_text(out, &parameter.name, text)?,
            ParameterValue::Group(children) => {
                write!(out, "({}=", parameter.name)?;
                write_parameters(out, children)?;
                out.write_str(")")?;
            }
        }
    }
    Ok(())
}

/// `(NAME=value)`. A value that would break the syntax is quoted; there is no way to write a
/// quotation mark inside, so that becomes a `?`.
fn write_text(out: &mut impl Write, name: &str, value: &str) -> fmt::Result {
    let breaks_syntax = value.is_empty()
        || value.contains(['(', ')', '"'])
        || value.starts_with(char::is_whitespace)
        || value.ends_with(char::is_whitespace);
    if breaks_syntax {
        write!(out, "({name}=\"{}\")", value.replace('"', "?"))
    } else {
        write!(out, "({name}={value})")
    }
}

/// Whole minutes, else whole seconds, else milliseconds.
fn write_duration(out: &mut impl Write, duration: Duration) -> fmt::Result {
    let seconds = duration.as_secs();
    if duration.subsec_nanos() != 0 {
        write!(out, "{}ms", duration.as_millis())
    } else if seconds.is_multiple_of(60) {
        write!(out, "{}min", seconds / 60)
    } else {
        write!(out, "{seconds}")
    }
}
