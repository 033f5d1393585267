//! `cargo xtask test`: every check of the project, one after the other, with a summary.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::{consumers, demo, dist, fuzz, npm, peers, process, python, setup, tokens, workspace};

/// Arguments of `test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run the steps that take long, too
    #[arg(long)]
    all: bool,
    /// Run these steps alone (comma-separated names)
    #[arg(long, value_delimiter = ',', value_name = "STEP")]
    only: Vec<String>,
    #[command(flatten)]
    peers: peers::Filter,
    /// Print the names of the steps, and run none
    #[arg(long)]
    list: bool,
}

struct Step {
    name: &'static str,
    what: &'static str,
    /// Left out unless `--all` or its name asks for it.
    long: bool,
    run: fn(&Args) -> Result<()>,
}

const STEPS: &[Step] = &[
    Step { name: "fmt", what: "the formatting is rustfmt's", long: false, run: fmt },
    Step { name: "clippy", what: "no lint, native", long: false, run: clippy },
    Step { name: "clippy-wasm", what: "no lint, the core for wasm", long: false, run: clippy_wasm },
    Step { name: "rust", what: "the Rust tests of every member", long: false, run: rust },
    Step {
        name: "dist",
        what: "the npm package builds within its size",
        long: false,
        run: package,
    },
    Step {
        name: "js",
        what: "the hand-written half of the package, by itself",
        long: false,
        run: javascript,
    },
    Step {
        name: "demo",
        what: "page to database: `demo --check`",
        long: false,
        run: |_| demo::run(&demo::Args { check: true }),
    },
    Step {
        name: "pkg",
        what: "the packed package in Node, workerd, Chromium, a bundler, TypeScript",
        long: false,
        run: |_| consumers::run_package_tests(),
    },
    Step {
        name: "www",
        what: "the page in Chromium",
        long: false,
        run: |_| consumers::run_page_tests(),
    },
    Step {
        name: "fuzz",
        what: "fuzz targets, seconds each, from the recordings",
        long: false,
        run: |_| fuzz::run(Duration::from_secs(10)),
    },
    Step {
        name: "hostile-long",
        what: "a server that hangs up, stalls or garbles a byte, at every byte",
        long: true,
        run: hostile_at_every_byte,
    },
    Step {
        name: "fuzz-long",
        what: "fuzz targets, a minute each",
        long: true,
        run: |_| fuzz::run(Duration::from_secs(60)),
    },
    Step {
        name: "bridge-load",
        what: "the bridge with 2,000 idle and 200 busy connections, beside a plain relay",
        long: true,
        run: bridge_under_load,
    },
    Step {
        name: "oci-sdk",
        what: "configuration files, signatures and regions are still as Oracle's SDK has them",
        long: false,
        run: oci_sdk,
    },
    Step {
        name: "peers",
        what: "Oracle's own drivers work against the simulator",
        long: false,
        run: |args| peers::run(&args.peers),
    },
    Step {
        name: "tokens",
        what: "Oracle's own drivers, plugins and SDKs log on with simulated identities",
        long: false,
        run: |args| tokens::run(&args.peers),
    },
];

/// `cargo xtask test`.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.list {
        for step in STEPS {
            println!("{:12} {}{}", step.name, step.what, if step.long { " (long)" } else { "" });
        }
        return Ok(());
    }
    let known: BTreeSet<&str> = STEPS.iter().map(|step| step.name).collect();
    if let Some(unknown) = args.only.iter().find(|name| !known.contains(name.as_str())) {
        bail!("no step is called {unknown:?}; see `cargo xtask test --list`");
    }
    let chosen = STEPS.iter().filter(|step| {
        if args.only.is_empty() {
            args.all || !step.long
        } else {
            args.only.iter().any(|name| name == step.name)
        }
    });
    summarize(chosen.map(|step| run_step(step, args)).collect())
}

struct Ran {
    step: &'static Step,
    took: Duration,
    error: Option<anyhow::Error>,
}

fn run_step(step: &'static Step, args: &Args) -> Ran {
    println!("\n=== {}: {}", step.name, step.what);
    let start = Instant::now();
    let error = (step.run)(args).err();
    if let Some(error) = &error {
        println!("=== {} FAILED: {error:#}", step.name);
    }
    Ran { step, took: start.elapsed(), error }
}

fn summarize(steps: Vec<Ran>) -> Result<()> {
    println!("\n=== summary");
    for ran in &steps {
        let word = if ran.error.is_none() { "passed" } else { "FAILED" };
        println!("{word}  {:12} {:>12}", ran.step.name, process::seconds(ran.took));
        if let Some(error) = &ran.error {
            println!("        {error:#}");
        }
    }
    for step in STEPS.iter().filter(|step| !steps.iter().any(|ran| ran.step.name == step.name)) {
        println!("not run {:12} {}", step.name, step.what);
    }
    let failed = steps.iter().filter(|ran| ran.error.is_some()).count();
    println!("{} passed, {failed} failed", steps.len() - failed);
    if failed > 0 {
        std::process::exit(1);
    }
    Ok(())
}

fn fmt(_: &Args) -> Result<()> {
    process::run(process::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy(_: &Args) -> Result<()> {
    process::run(process::cargo().args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "-Dwarnings",
    ]))
}

fn clippy_wasm(_: &Args) -> Result<()> {
    let compiler = setup::wasm_compiler()?;
    for feature in ["wasm-client", "wasm-tokens"] {
        process::run(
            compiler
                .cargo(&["clippy", "--quiet", "--package", "oraedge", "--lib"])
                .args(["--no-default-features", "--features", feature])
                .args(["--target", setup::TARGET, "--target-dir"])
                .arg(compiler.target_dir())
                .args(["--", "-Dwarnings"]),
        )?;
    }
    Ok(())
}

fn rust(_: &Args) -> Result<()> {
    process::run(process::cargo().env("ORAEDGE_SEERDB_PYTHON", python::with_seerdb()?).args([
        "test",
        "--quiet",
        "--workspace",
        "--no-fail-fast",
    ]))
}

/// It must carry 0.7 of what a TCP relay does, and lose no connection.
fn bridge_under_load(_: &Args) -> Result<()> {
    let load =
        ["bench", "--package", "oraedge-bridge", "--bench", "load", "--", "--at-least", "0.7"];
    process::run(process::cargo().args(load))
}

fn hostile_at_every_byte(_: &Args) -> Result<()> {
    let test = ["test", "--quiet", "--package", "oraedge", "--test", "hostile"];
    process::run(process::cargo().env("ORAEDGE_THOROUGH", "1").args(test))
}

/// Compares the vectors that the Rust tests read with what the SDK does now.
fn oci_sdk(_: &Args) -> Result<()> {
    let python = python::with_oci_sdk()?;
    for what in ["oci_config_vectors", "oci_signature_vectors", "oci_region_vectors", "oci_regions"]
    {
        let script = workspace::path(&format!("tests/peers/python/{what}.py"));
        process::run(process::command(&python).arg(script).arg("--check"))?;
    }
    Ok(())
}

fn package(_: &Args) -> Result<()> {
    dist::build_default()
}

fn javascript(_: &Args) -> Result<()> {
    npm::require_node()?;
    let tests = std::fs::read_dir(workspace::path("src/js/test"))?
        .map(|file| Ok(file?.path()))
        .collect::<Result<Vec<_>>>()?;
    let tests = tests.iter().filter(|path| path.to_string_lossy().ends_with(".test.js"));
    process::run(process::command("node").args(["--test", "--test-reporter=dot"]).args(tests))
}
