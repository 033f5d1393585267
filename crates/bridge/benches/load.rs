//! The bridge under load beside a plain TCP relay (tokio's copy loop), each in a process of its own,
//! in one run: memory for each of many idle connections, and then bytes a second through busy ones
//! while the idle ones stay.
//!
//! `cargo bench -p oraedge-bridge --bench load -- [--idle N] [--busy N] [--seconds S] [--at-least RATIO]`.
//! With `--at-least` it fails where the bridge carries less than that share of what the relay does, or
//! loses a connection. The clients of the bridge mask and frame what they send, on the same machine,
//! and that counts against it.

mod common;

use std::io::{BufRead, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use common::{Client, listen, open, receive, relay};
use futures_util::{SinkExt, StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

/// Bytes of one request and its answer.
const BLOCK: usize = 16 * 1024;

/// Rounds of relay and bridge in turn; the middle one counts.
const ROUNDS: usize = 3;

/// Connections that are being opened at a time.
const OPENING: usize = 50;

#[derive(Parser)]
struct Options {
    #[arg(long, default_value_t = 2000)]
    idle: usize,
    #[arg(long, default_value_t = 200)]
    busy: usize,
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    #[arg(long)]
    at_least: Option<f64>,
    /// Be the relay to this target: how the measurement starts its other process.
    #[arg(long, hide = true)]
    relay: Option<SocketAddr>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A process that prints its address first, and is ended with the measurement.
struct Service {
    child: Child,
    address: SocketAddr,
}

impl Service {
    fn start(program: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("its output is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a first line");
        let address = line.trim().rsplit('=').next().and_then(|text| text.parse().ok());
        Service { child, address: address.expect("an address in the first line") }
    }

    /// Its memory, where Linux tells it.
    fn resident_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    if measure(Options::parse()).await { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether the bridge carries what `--at-least` asks for. The processes end with this function.
async fn measure(options: Options) -> bool {
    // Each connection is two sockets here: the client's and the database's, through either process.
    let _ = rlimit::increase_nofile_limit(4 * (options.idle + options.busy) as u64 + 256);
    if let Some(target) = options.relay {
        println!("listening tcp={}", relay(target).await);
        std::io::stdout().flush().expect("an open output");
        return std::future::pending().await;
    }
    let database = listen(echo).await;
    let target = database.to_string();
    let this = std::env::current_exe().expect("this program has a path");
    let relay = Service::start(&this, &["--relay", &target]);
    let all = (options.idle + options.busy + OPENING).to_string();
    let bridge = Service::start(
        Path::new(env!("CARGO_BIN_EXE_oraedge-bridge")),
        &[
            "--listen",
            "127.0.0.1:0",
            "--allow-no-origin",
            "--allow",
            &target,
            "--max-connections",
            &all,
            "--max-connections-per-address",
            &all,
        ],
    );

    let (relay_address, bridge_address) = (relay.address, bridge.address);
    let plain = grow(&relay, options.idle, move || open_plain(relay_address)).await;
    let web = grow(&bridge, options.idle, move || open(bridge_address, database)).await;
    println!("{} idle connections, {} busy ones", options.idle, options.busy);
    println!("{:<34}{:>12}{:>12}{:>8}", "", "TCP relay", "bridge", "ratio");
    if let (Some(a), Some(b)) = (plain.kib_each, web.kib_each) {
        println!("{:<34}{a:>12.1}{b:>12.1}{:>8.2}", "memory for each idle one, KiB", b / a);
    }
    println!(
        "{:<34}{:>12.0}{:>12.0}{:>8.2}",
        "connections opened, 1/s",
        plain.rate,
        web.rate,
        web.rate / plain.rate
    );

    let lost = Arc::new(AtomicUsize::new(0));
    let mut idle = JoinSet::new();
    for client in web.clients {
        idle.spawn(stay(client, Arc::clone(&lost)));
    }
    let time = Duration::from_secs(options.seconds);
    let (mut through_relay, mut through_bridge) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        through_relay.push(
            busy(options.busy, time, move || async move {
                trips_plain(open_plain(relay_address).await, time).await
            })
            .await,
        );
        through_bridge.push(
            busy(options.busy, time, move || async move {
                trips_web(open(bridge_address, database).await, time).await
            })
            .await,
        );
    }
    let (a, b) = (middle(through_relay), middle(through_bridge));
    let ratio = b / a;
    println!("{:<34}{a:>12.0}{b:>12.0}{ratio:>8.2}", "both ways together, MB/s");
    let lost = lost.load(Relaxed);
    println!("{lost} of the bridge's idle connections were lost");
    drop(plain.clients);
    if let Some(least) = options.at_least
        && (ratio < least || lost > 0)
    {
        eprintln!("the bridge must carry {least} of what the relay does, and lose no connection");
        return false;
    }
    true
}

async fn echo(mut tcp: TcpStream) -> std::io::Result<()> {
    let mut buffer = vec![0; BLOCK];
    loop {
        let n = tcp.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        tcp.write_all(&buffer[..n]).await?;
    }
}

/// Many connections that were opened, and what that took.
struct Grown<C> {
    clients: Vec<C>,
    kib_each: Option<f64>,
    rate: f64,
}

async fn grow<C, R>(service: &Service, count: usize, connect: impl Fn() -> R) -> Grown<C>
where
    R: Future<Output = C>,
{
    // The first connection pays for what all share.
    let first = connect().await;
    let before = service.resident_kib();
    let begin = Instant::now();
    let clients = stream::iter(0..count).map(|_| connect()).buffer_unordered(OPENING);
    let clients: Vec<C> = clients.collect().await;
    let rate = count as f64 / begin.elapsed().as_secs_f64();
    let grown = |before: u64| Some(service.resident_kib()?.saturating_sub(before) as f64);
    let kib_each = before.and_then(grown).map(|kib| kib / count as f64);
    drop(first);
    Grown { clients, kib_each, rate }
}

/// An idle client: answers pings, and counts as lost if its connection ends.
async fn stay(mut client: Client, lost: Arc<AtomicUsize>) {
    while let Some(Ok(message)) = client.next().await {
        if message.is_close() {
            break;
        }
    }
    lost.fetch_add(1, Relaxed);
}

async fn open_plain(relay: SocketAddr) -> TcpStream {
    let mut tcp = TcpStream::connect(relay).await.expect("the relay listens");
    tcp.set_nodelay(true).expect("an open socket");
    // Through to the database and back, as the bridge's `connected` is.
    tcp.write_all(&[1]).await.expect("the relay reads");
    tcp.read_exact(&mut [0]).await.expect("the relay sends");
    tcp
}

/// Megabytes a second of `count` connections, both ways together.
async fn busy<R>(count: usize, time: Duration, one: impl Fn() -> R) -> f64
where
    R: Future<Output = usize> + Send + 'static,
{
    let mut all = JoinSet::new();
    for _ in 0..count {
        all.spawn(one());
    }
    let blocks: usize = all.join_all().await.into_iter().sum();
    (blocks * 2 * BLOCK) as f64 / 1e6 / time.as_secs_f64()
}

async fn trips_plain(mut tcp: TcpStream, time: Duration) -> usize {
    let mut block = vec![7; BLOCK];
    let end = Instant::now() + time;
    let mut blocks = 0;
    while Instant::now() < end {
        tcp.write_all(&block).await.expect("the relay reads");
        tcp.read_exact(&mut block).await.expect("the relay sends");
        blocks += 1;
    }
    blocks
}

async fn trips_web(mut ws: Client, time: Duration) -> usize {
    let block = Bytes::from(vec![7; BLOCK]);
    let end = Instant::now() + time;
    let mut blocks = 0;
    while Instant::now() < end {
        ws.send(Message::Binary(block.clone())).await.expect("the bridge reads");
        receive(&mut ws, BLOCK).await;
        blocks += 1;
    }
    blocks
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
