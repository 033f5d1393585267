//! The command `oraedge-bridge`.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use oraedge_bridge::{Bridge, Limits, RunningBridge};
use tracing_subscriber::EnvFilter;

/// Carries Oracle's wire protocol from WebSockets to the databases that you list.
///
/// Nothing is allowed by default: name every target with --allow and every page with
/// --allow-origin. Prints `listening ws=ADDRESS` on standard output once it serves; the log goes
/// to standard error (RUST_LOG sets what is in it) and never holds what is carried. SIGTERM and
/// SIGINT let open connections end, up to --drain-timeout; a second one ends at once.
#[derive(Debug, Parser)]
#[command(name = "oraedge-bridge", version)]
struct Options {
    /// Address and port to listen on; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8521")]
    listen: String,
    /// A target that clients may be connected to, exactly as they name it; may be repeated.
    #[arg(long, value_name = "HOST:PORT")]
    allow: Vec<String>,
    /// An Origin whose pages may use the bridge (https://console.example); may be repeated.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// An identity service that token requests may be relayed to: HOST[:PORT] (HTTPS), oci:REGION for
    /// auth.REGION.oraclecloud.com, or http://LOOPBACK:PORT for tests; may be repeated.
    #[arg(long, value_name = "HOST[:PORT]")]
    allow_identity: Vec<String>,
    /// A network that is not public and that names on the lists may lead to all the same (10.0.0.0/8,
    /// or one address); may be repeated.
    #[arg(long, value_name = "ADDRESS/BITS")]
    allow_network: Vec<String>,
    /// Also serve clients without an Origin header: programs, not pages.
    #[arg(long)]
    allow_no_origin: bool,
    /// Serve only clients that send the token in this file.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// A PEM file with root certificates to trust for TCPS targets; may be repeated.
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,
    /// Trust the roots of --ca alone, and not Mozilla's.
    #[arg(long, requires = "ca")]
    ca_only: bool,
    /// Listen for TLS (wss) with this certificate chain (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Connections in all.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    max_connections: usize,
    /// Connections from one address (an IPv6 /64 counts as one).
    #[arg(long, value_name = "N", default_value_t = 100)]
    max_connections_per_address: usize,
    /// Bytes in one frame from the client.
    #[arg(long, value_name = "BYTES", default_value_t = 1024 * 1024)]
    max_message_bytes: usize,
    /// Seconds for the HTTP request, and again for the connect frame.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    handshake_timeout: u64,
    /// Seconds for name look-up, TCP and TLS to the target, together.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    connect_timeout: u64,
    /// Seconds for one identity request, whatever the client asks for.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    identity_timeout: u64,
    /// Seconds without a byte either way until a connection is closed; 0 for no limit.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    idle_timeout: u64,
    /// Seconds between two pings to the client.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    ping_interval: u64,
    /// Seconds that open connections get to end when the bridge goes down.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    drain_timeout: u64,

    /// How the log is written.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    start_log(options.log_format);
    // Caught before anyone can know that the bridge runs, so that no signal ends it out of turn.
    let started = match StopSignals::catch() {
        Ok(signals) => start(&options).await.map(|running| (signals, running)),
        Err(error) => Err(format!("cannot listen for signals: {error}").into()),
    };
    let (mut signals, running) = match started {
        Ok(started) => started,
        Err(error) => {
            eprintln!("oraedge-bridge: {error}");
            return ExitCode::FAILURE;
        }
    };
    if options.allow.is_empty() {
        tracing::warn!("no target is allowed: every connection will be refused; see --allow");
    }
    if options.allow_origin.is_empty() && !options.allow_no_origin {
        tracing::warn!("no client is allowed: see --allow-origin and --allow-no-origin");
    }
    let scheme = if options.tls_cert.is_some() { "wss" } else { "ws" };
    let mut stdout = std::io::stdout();
    // Whoever started the bridge may have closed its standard output, which is no reason to stop.
    let _ = writeln!(stdout, "listening {scheme}={}", running.addr()).and_then(|()| stdout.flush());

    signals.next().await;
    tracing::info!(connections = running.connections(), "going down; once more to end at once");
    tokio::select! {
        () = running.shutdown() => {}
        () = signals.next() => {}
    }
    ExitCode::SUCCESS
}

async fn start(options: &Options) -> Result<RunningBridge, Box<dyn std::error::Error>> {
    let mut builder = Bridge::builder().allow_no_origin(options.allow_no_origin);
    for target in &options.allow {
        builder = builder.allow(target)?;
    }
    for origin in &options.allow_origin {
        builder = builder.allow_origin(origin)?;
    }
    for host in &options.allow_identity {
        builder = builder.allow_identity(host)?;
    }
    for network in &options.allow_network {
        builder = builder.allow_network(network)?;
    }
    if let Some(file) = &options.token_file {
        builder = builder.token(&String::from_utf8(read(file)?)?)?;
    }
    for file in &options.ca {
        builder = builder.ca_pem(read(file)?);
    }
    builder = builder.ca_only(options.ca_only);
    if let (Some(chain), Some(key)) = (&options.tls_cert, &options.tls_key) {
        builder = builder.listen_tls(read(chain)?, read(key)?);
    }
    let seconds = Duration::from_secs;
    builder = builder.limits(Limits {
        max_connections: options.max_connections,
        max_connections_per_address: options.max_connections_per_address,
        max_message_bytes: options.max_message_bytes,
        handshake: seconds(options.handshake_timeout),
        connect: seconds(options.connect_timeout),
        identity: seconds(options.identity_timeout),
        idle: (options.idle_timeout > 0).then(|| seconds(options.idle_timeout)),
        ping_interval: seconds(options.ping_interval),
        drain: seconds(options.drain_timeout),
    });
    Ok(builder.bind(&options.listen).await?)
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// SIGTERM and SIGINT (Ctrl-C), caught from the moment it is made.
struct StopSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl StopSignals {
    #[cfg(unix)]
    fn catch() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(StopSignals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    #[cfg(windows)]
    fn catch() -> std::io::Result<Self> {
        Ok(StopSignals { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    /// Resolves at the next one.
    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(windows)]
        self.interrupt.recv().await;
    }
}
