//! The command `oraedge-bridge`.

mod command;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use oraedge_bridge::RunningBridge;
use tracing_subscriber::EnvFilter;

use crate::command::settings::{LogFormat, Settings};
use crate::command::signals::{Asked, Signals};
use crate::command::ticket::TicketOptions;

/// Carries Oracle's wire protocol from WebSockets to the databases that you list.
///
/// Nothing is allowed by default: name every target with --allow and every page with
/// --allow-origin. Prints `listening ws=ADDRESS` (and ` admin=ADDRESS`) on standard output once it serves; the log goes
/// to standard error (RUST_LOG sets what is in it) and never holds what is carried. SIGTERM and
/// SIGINT let open connections end, up to --drain-timeout; a second one ends at once. SIGHUP reads
/// certificates, keys, tokens and roots anew, which is also done when their files change.
#[derive(Debug, Parser)]
#[command(name = "oraedge-bridge", version, args_conflicts_with_subcommands = true)]
struct Options {
    /// A configuration file (TOML): every option below is a key of it. What the command line says
    /// goes before
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Check settings and every file that they name, and end
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Ticket(TicketOptions),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("oraedge-bridge: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(Command::Ticket(ticket)) = options.command {
        println!("{}", ticket.make()?);
        return Ok(());
    }
    let file = options.config.as_deref().map(Settings::from_file).transpose()?;
    let settings = options.settings.over(file.unwrap_or_default());
    if options.check {
        settings.builder()?.check()?;
        for warning in settings.warnings() {
            eprintln!("oraedge-bridge: {warning}");
        }
        println!("the settings can be used");
        return Ok(());
    }
    start_log(settings.log_format.unwrap_or_default());
    // Caught before anyone can know that the bridge runs, so that no signal ends it out of turn.
    let mut signals =
        Signals::catch().map_err(|error| format!("cannot listen for signals: {error}"))?;
    allow_open_files(&settings);
    let running = settings.builder()?.bind(settings.listen()).await?;
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    announce(&running);
    while signals.next().await == Asked::Reload {
        running.reload();
    }
    tracing::info!(connections = running.connections(), "going down; once more to end at once");
    tokio::select! {
        () = running.shutdown() => {}
        () = signals.stop() => {}
    }
    Ok(())
}

/// Asks for as many open files as the limit of connections needs: the usual 1024 are not enough.
fn allow_open_files(settings: &Settings) {
    /// Listeners, files, refusals, and what has not said yet what it wants.
    const BESIDES: u64 = 256;
    let connections = settings.limits().max_connections as u64;
    let needed = connections.saturating_mul(2).saturating_add(BESIDES);
    match rlimit::increase_nofile_limit(needed) {
        Ok(granted) if granted < needed => tracing::warn!(
            granted,
            needed,
            "fewer open files than --max-connections needs: raise the limit (ulimit -n, LimitNOFILE)"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!("cannot raise the limit of open files: {error}"),
    }
}

/// Says on standard output that the bridge serves, and where.
fn announce(running: &RunningBridge) {
    let url = running.url();
    let scheme = url.split(':').next().unwrap_or_default();
    let mut stdout = std::io::stdout();
    // Whoever started the bridge may have closed its standard output, which is no reason to stop.
    let admin = running.admin_addr().map(|address| format!(" admin={address}")).unwrap_or_default();
    let _ = writeln!(stdout, "listening {scheme}={}{admin}", running.addr())
        .and_then(|()| stdout.flush());
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
