//! What the bridge can be told, on the command line and in a configuration file: one list for both,
//! so that an option and its key in the file cannot drift apart.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use oraedge_bridge::{Bridge, Builder, ConfigError, Limits};
use serde::Deserialize;

/// Where the bridge listens unless told otherwise.
const LISTEN: &str = "127.0.0.1:8521";

/// Every setting. On the command line with two dashes in front; in the configuration file (TOML)
/// the same names are keys, those that may be repeated are lists.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Address and port to listen on; port 0 takes any free one [default: 127.0.0.1:8521]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// A target that clients may be connected to, exactly as they name it; may be repeated
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) allow: Vec<String>,
    /// An Origin whose pages may use the bridge (https://console.example); may be repeated
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,
    /// Also serve clients without an Origin header: programs, not pages
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) allow_no_origin: Option<bool>,
    /// A network that is not public and that names on the lists may lead to all the same (10.0.0.0/8,
    /// or one address); may be repeated
    #[arg(long, value_name = "ADDRESS/BITS")]
    allow_network: Vec<String>,
    /// An identity service that token requests may be relayed to: HOST[:PORT] (HTTPS), oci:REGION for
    /// auth.REGION.oraclecloud.com, or http://LOOPBACK:PORT for tests; may be repeated
    #[arg(long, value_name = "HOST[:PORT]")]
    allow_identity: Vec<String>,

    /// Connect Oracle's own clients of SQL*Net over WebSocket (PROTOCOL=wss, path /sqlnet), which name
    /// no target, to this one: HOST:PORT, with tcp:// (the default) or tcps:// in front
    #[arg(long, value_name = "HOST:PORT")]
    sqlnet: Option<String>,

    /// Serve only clients that send the token in this file, or a ticket
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Serve only clients with a ticket that this key signed (an Ed25519 public key in PEM, or a secret
    /// of 32 bytes or more), or with the token; may be repeated
    #[arg(long, value_name = "FILE")]
    ticket_key: Vec<PathBuf>,
    /// The audience (aud) that tickets must name [default: oraedge-bridge]
    #[arg(long, value_name = "NAME")]
    ticket_audience: Option<String>,

    /// A PEM file with root certificates to trust for TCPS targets and identity services; may be
    /// repeated
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,
    /// Trust the roots of --ca alone, and not Mozilla's
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    ca_only: Option<bool>,
    /// Listen for TLS (wss) with this certificate chain (PEM)
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert (PEM)
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,

    /// Connections in all [default: 1000]
    #[arg(long, value_name = "N")]
    max_connections: Option<usize>,
    /// Connections from one address (an IPv6 /64 counts as one) [default: 100]
    #[arg(long, value_name = "N")]
    max_connections_per_address: Option<usize>,
    /// Bytes in one frame from the client [default: 1048576]
    #[arg(long, value_name = "BYTES")]
    max_message_bytes: Option<usize>,
    /// Seconds for the HTTP request, and again for the connect frame [default: 10]
    #[arg(long, value_name = "SECONDS")]
    handshake_timeout: Option<u64>,
    /// Seconds for name look-up, TCP and TLS to the target, together [default: 20]
    #[arg(long, value_name = "SECONDS")]
    connect_timeout: Option<u64>,
    /// Seconds for one identity request, whatever the client asks for [default: 60]
    #[arg(long, value_name = "SECONDS")]
    identity_timeout: Option<u64>,
    /// Seconds without a byte either way until a connection is closed; 0 for no limit
    /// [default: 3600]
    #[arg(long, value_name = "SECONDS")]
    idle_timeout: Option<u64>,
    /// Seconds that a connection may be open at all; 0 for no limit [default: 0]
    #[arg(long, value_name = "SECONDS")]
    max_lifetime: Option<u64>,
    /// Bytes that a connection may carry, both ways together; 0 for no limit [default: 0]
    #[arg(long, value_name = "BYTES")]
    max_bytes: Option<u64>,
    /// Seconds for the client to take a frame [default: 120]
    #[arg(long, value_name = "SECONDS")]
    stall_timeout: Option<u64>,
    /// Seconds between two pings to the client [default: 20]
    #[arg(long, value_name = "SECONDS")]
    ping_interval: Option<u64>,
    /// Seconds that open connections get to end when the bridge goes down [default: 30]
    #[arg(long, value_name = "SECONDS")]
    drain_timeout: Option<u64>,

    /// Serve figures for Prometheus (/metrics) and /healthz on this address, plain HTTP
    #[arg(long, value_name = "ADDRESS:PORT")]
    admin: Option<String>,
    /// How the log is written [default: text]
    #[arg(long, value_enum)]
    pub(crate) log_format: Option<LogFormat>,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// A line an event, for people.
    #[default]
    Text,
    /// A JSON object an event, for programs.
    Json,
}

impl Settings {
    /// From a configuration file; paths in it are relative to its folder.
    pub(crate) fn from_file(file: &Path) -> Result<Self, ConfigError> {
        let wrong = |error: &dyn std::fmt::Display| {
            ConfigError::new(format!(
                "cannot use the configuration file {}: {error}",
                file.display()
            ))
        };
        let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
        let mut settings: Settings = toml::from_str(&text).map_err(|error| wrong(&error))?;
        if let Some(folder) = file.parent() {
            for path in settings.paths() {
                *path = folder.join(&*path);
            }
        }
        Ok(settings)
    }

    fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let single = [&mut self.token_file, &mut self.tls_cert, &mut self.tls_key];
        let lists = self.ca.iter_mut().chain(&mut self.ticket_key);
        single.into_iter().flatten().chain(lists)
    }

    /// These settings, and those of `file` where these say nothing. A list that is given replaces
    /// the file's.
    pub(crate) fn over(self, file: Settings) -> Settings {
        fn list<T>(first: Vec<T>, second: Vec<T>) -> Vec<T> {
            if first.is_empty() { second } else { first }
        }
        Settings {
            listen: self.listen.or(file.listen),
            allow: list(self.allow, file.allow),
            allow_origin: list(self.allow_origin, file.allow_origin),
            allow_no_origin: self.allow_no_origin.or(file.allow_no_origin),
            allow_network: list(self.allow_network, file.allow_network),
            allow_identity: list(self.allow_identity, file.allow_identity),
            sqlnet: self.sqlnet.or(file.sqlnet),
            token_file: self.token_file.or(file.token_file),
            ticket_key: list(self.ticket_key, file.ticket_key),
            ticket_audience: self.ticket_audience.or(file.ticket_audience),
            ca: list(self.ca, file.ca),
            ca_only: self.ca_only.or(file.ca_only),
            tls_cert: self.tls_cert.or(file.tls_cert),
            tls_key: self.tls_key.or(file.tls_key),
            max_connections: self.max_connections.or(file.max_connections),
            max_connections_per_address: self
                .max_connections_per_address
                .or(file.max_connections_per_address),
            max_message_bytes: self.max_message_bytes.or(file.max_message_bytes),
            handshake_timeout: self.handshake_timeout.or(file.handshake_timeout),
            connect_timeout: self.connect_timeout.or(file.connect_timeout),
            identity_timeout: self.identity_timeout.or(file.identity_timeout),
            idle_timeout: self.idle_timeout.or(file.idle_timeout),
            max_lifetime: self.max_lifetime.or(file.max_lifetime),
            max_bytes: self.max_bytes.or(file.max_bytes),
            stall_timeout: self.stall_timeout.or(file.stall_timeout),
            ping_interval: self.ping_interval.or(file.ping_interval),
            drain_timeout: self.drain_timeout.or(file.drain_timeout),
            admin: self.admin.or(file.admin),
            log_format: self.log_format.or(file.log_format),
        }
    }

    /// Where to listen.
    pub(crate) fn listen(&self) -> &str {
        self.listen.as_deref().unwrap_or(LISTEN)
    }

    /// What is most likely not meant: one sentence each.
    pub(crate) fn warnings(&self) -> Vec<&'static str> {
        let no_origin = self.allow_no_origin.unwrap_or_default();
        let cases = [
            (
                self.allow.is_empty() && self.allow_identity.is_empty() && self.sqlnet.is_none(),
                "no target is allowed: every connection will be refused; see --allow",
            ),
            (
                self.allow_origin.is_empty() && !no_origin,
                "no client is allowed: see --allow-origin and --allow-no-origin",
            ),
            (
                no_origin && self.token_file.is_none() && self.ticket_key.is_empty(),
                "programs are let in without a token: whoever reaches this port reaches the targets; see --token-file and --ticket-key",
            ),
        ];
        cases.into_iter().filter_map(|(holds, text)| holds.then_some(text)).collect()
    }

    /// The bridge that these settings describe.
    pub(crate) fn builder(&self) -> Result<Builder, ConfigError> {
        let mut builder = Bridge::builder().allow_no_origin(self.allow_no_origin.unwrap_or(false));
        for target in &self.allow {
            builder = builder.allow(target)?;
        }
        for origin in &self.allow_origin {
            builder = builder.allow_origin(origin)?;
        }
        for host in &self.allow_identity {
            builder = builder.allow_identity(host)?;
        }
        for network in &self.allow_network {
            builder = builder.allow_network(network)?;
        }
        if let Some(target) = &self.sqlnet {
            builder = builder.sqlnet(target)?;
        }
        if let Some(file) = &self.token_file {
            builder = builder.token_file(file);
        }
        for file in &self.ticket_key {
            builder = builder.ticket_key_file(file);
        }
        if let Some(audience) = &self.ticket_audience {
            builder = builder.ticket_audience(audience);
        }
        if let Some(address) = &self.admin {
            builder = builder.admin(address);
        }
        for file in &self.ca {
            builder = builder.ca_file(file);
        }
        let ca_only = self.ca_only.unwrap_or(false);
        if ca_only && self.ca.is_empty() {
            return Err(ConfigError::new("--ca-only needs a --ca FILE"));
        }
        builder = builder.ca_only(ca_only);
        builder = match (&self.tls_cert, &self.tls_key) {
            (Some(chain), Some(key)) => builder.listen_tls_files(chain, key),
            (None, None) => builder,
            (Some(_), None) => return Err(ConfigError::new("--tls-cert needs a --tls-key FILE")),
            (None, Some(_)) => return Err(ConfigError::new("--tls-key needs a --tls-cert FILE")),
        };
        Ok(builder.limits(self.limits()))
    }

    /// The limits, defaults filled in.
    pub(crate) fn limits(&self) -> Limits {
        let standard = Limits::default();
        let seconds = |set: Option<u64>, standard| set.map_or(standard, Duration::from_secs);
        let or_none = |set: Option<u64>, standard| match set {
            None => standard,
            Some(0) => None,
            Some(seconds) => Some(Duration::from_secs(seconds)),
        };
        Limits {
            max_connections: self.max_connections.unwrap_or(standard.max_connections),
            max_connections_per_address: self
                .max_connections_per_address
                .unwrap_or(standard.max_connections_per_address),
            max_message_bytes: self.max_message_bytes.unwrap_or(standard.max_message_bytes),
            handshake: seconds(self.handshake_timeout, standard.handshake),
            connect: seconds(self.connect_timeout, standard.connect),
            identity: seconds(self.identity_timeout, standard.identity),
            idle: or_none(self.idle_timeout, standard.idle),
            lifetime: or_none(self.max_lifetime, standard.lifetime),
            max_bytes: self.max_bytes.map_or(standard.max_bytes, |n| (n > 0).then_some(n)),
            stall: seconds(self.stall_timeout, standard.stall),
            ping_interval: seconds(self.ping_interval, standard.ping_interval),
            drain: seconds(self.drain_timeout, standard.drain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    fn line(arguments: &[&str]) -> Settings {
        Line::parse_from([&["oraedge-bridge"], arguments].concat()).settings
    }

    #[test]
    fn the_command_line_goes_before_the_file() {
        let file: Settings = toml::from_str(
            "allow = ['db:1']\nallow-no-origin = true\nmax-connections = 7\nidle-timeout = 0\n",
        )
        .unwrap();
        let both =
            line(&["--allow", "other:2", "--max-connections", "9", "--allow-no-origin=false"])
                .over(file);
        assert_eq!(both.allow, ["other:2"]);
        assert_eq!(both.allow_no_origin, Some(false));
        let limits = both.limits();
        assert_eq!((limits.max_connections, limits.idle), (9, None));
        assert_eq!(limits.connect, Limits::default().connect);
        assert_eq!(both.listen(), LISTEN);
    }

    #[test]
    fn every_option_is_a_key_of_the_file_and_is_documented() {
        use clap::CommandFactory as _;
        for option in Line::command().get_arguments() {
            let name = option.get_long().unwrap();
            let error = toml::from_str::<Settings>(&format!("{name} = {{}}")).unwrap_err();
            // A key that the file knows is refused for its type, not its name.
            assert!(!error.to_string().contains("unknown field"), "{name}: {error}");
            let manual = include_str!("../../README.md");
            assert!(manual.contains(&format!("`--{name}")), "README.md does not tell of --{name}");
        }
        let error = toml::from_str::<Settings>("allow-all = true").unwrap_err().to_string();
        assert!(error.contains("allow-all") && error.contains("allow-origin"), "{error}");
    }

    #[test]
    fn paths_in_a_file_are_relative_to_its_folder() {
        let folder = std::env::temp_dir().join(format!("oraedge-settings-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("bridge.toml");
        std::fs::write(&file, "token-file = 'token'\nca = ['a.pem', '/etc/b.pem']\n").unwrap();
        let settings = Settings::from_file(&file).unwrap();
        assert_eq!(settings.token_file, Some(folder.join("token")));
        assert_eq!(settings.ca, [folder.join("a.pem"), "/etc/b.pem".into()]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
