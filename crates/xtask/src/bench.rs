//! `cargo xtask bench`: our clients beside the official drivers in the benchmark of
//! `../shared/bench`, then the micro-benchmarks of the core.

use anyhow::{Result, bail};

use crate::services::Simulator;
use crate::{demo, dist, process, services, workspace};

/// Workloads that our clients can do: two fetches, round trips, array inserts, log-ons.
const WORKLOADS: &str = "a,b,c,d,f";
/// The releases of Oracle Database that the benchmark's server can be, as far as they differ.
const GENERATIONS: [&str; 2] = ["23ai", "19c"];
/// What the benchmark fills in for each run.
const ARGUMENTS: &str = "{dsn} {user} {password} {workload} {n} {arraysize}";

/// Arguments of `bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How often everything is measured
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Which workloads, of a, b, c, d and f
    #[arg(long, default_value = WORKLOADS)]
    workloads: String,
    /// Only this generation of the server: 23ai or 19c
    #[arg(long)]
    generation: Option<String>,
    /// Also build and measure the peer that needs a nightly compiler and ten minutes
    #[arg(long)]
    muhdur: bool,
    /// Leave out the micro-benchmarks
    #[arg(long)]
    no_micro: bool,
    /// Measure nothing but log-ons with tokens, natively and in Node, and RSA there
    #[arg(long)]
    only_tokens: bool,
    /// How many log-ons with tokens are measured of each kind
    #[arg(long, default_value_t = 30)]
    log_ons: u32,
}

/// `cargo xtask bench`.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.only_tokens {
        native_tokens(args)?;
        return tokens();
    }
    side_by_side(args)?;
    native_tokens(args)?;
    if !args.no_micro {
        process::timed("micro-benchmarks", || {
            process::run(process::cargo().args(["bench", "--package", "oraedge", "--benches"]))
        })?;
    }
    Ok(())
}

/// Log-ons with tokens by our native client, and RSA by the crate; client and simulator are built
/// with optimisation.
fn native_tokens(args: &Args) -> Result<()> {
    let client = process::timed("build our native client", || {
        services::build_release("oraedge-bench-client")
    })?;
    let client = client.with_file_name("oraedge-bench-tokens");
    let folder = workspace::target("bench-identity");
    for generation in GENERATIONS {
        if args.generation.as_ref().is_some_and(|wanted| wanted != generation) {
            continue;
        }
        println!("\n## log-on with tokens, native, generation {generation}");
        let any = "127.0.0.1:0";
        let simulator = Simulator::start_release(
            generation,
            &[
                "--identity",
                any,
                "--identity-tls",
                any,
                "--identity-dir",
                &folder.to_string_lossy(),
            ],
        )?;
        process::run(
            process::command(&client)
                .arg(format!("tcps://{}/{}", simulator.tcps()?, services::SERVICE))
                .arg(folder.join("environment.json"))
                .args([services::USER, services::PASSWORD, &args.log_ons.to_string()]),
        )?;
    }
    Ok(())
}

/// Log-ons with tokens in Node against the simulator (which is built without optimisation, but for
/// its cryptography), and RSA by WebCrypto and in wasm.
fn tokens() -> Result<()> {
    dist::build_default()?;
    let folder = workspace::target("simulator-identity");
    let simulator = Simulator::start_with(
        "23ai",
        &["--identity", "127.0.0.1:0", "--identity-dir", &folder.to_string_lossy()],
    )?;
    process::run(
        process::command("node")
            .arg(workspace::path("pkg-tests/bench/tokens.mjs"))
            .env("ORAEDGE_TEST_TCPS", demo::connect_string(&simulator)?)
            .env("ORAEDGE_TEST_CA", simulator.ca_file())
            .env("ORAEDGE_TEST_IDENTITY", folder.join("environment.json")),
    )
}

fn side_by_side(args: &Args) -> Result<()> {
    let Some(suite) = workspace::benchmark() else {
        bail!("!!! BENCHMARK MISSING: no ../shared/bench and no ORAEDGE_BENCH; nothing measured");
    };
    let work = workspace::target("bench");
    process::timed("build the benchmark's server and the other drivers' clients", || {
        let mut setup = process::command(suite.join("setup.sh"));
        setup.env("BENCH_TMP", &work);
        if !args.muhdur {
            setup.env("NO_MUHDUR", "1");
        }
        process::run(&mut setup)
    })?;
    dist::build_default()?;
    let native = process::timed("build our native client", || {
        services::build_release("oraedge-bench-client")
    })?;
    let node = workspace::path("benches/node-client.mjs");
    let mut clients = "python,node,rs-official,rs-oracle-rs,oraedge,oraedge-node".to_owned();
    if args.muhdur {
        clients.push_str(",rs-muhdur");
    }
    for generation in GENERATIONS {
        if args.generation.as_ref().is_some_and(|wanted| wanted != generation) {
            continue;
        }
        println!("\n## generation {generation}");
        process::run(
            process::command("python3")
                .arg(suite.join("bench.py"))
                .env("BENCH_TMP", &work)
                .args(["--gen", generation, "--rounds", &args.rounds.to_string()])
                .args(["--workloads", &args.workloads, "--clients", &clients])
                .args(["--client", &format!("oraedge={} {ARGUMENTS}", native.display())])
                .args(["--client", &format!("oraedge-node=node {} {ARGUMENTS}", node.display())])
                .arg("--out")
                .arg(work.join(format!("results-{generation}.json"))),
        )?;
    }
    Ok(())
}
