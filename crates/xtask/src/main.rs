//! The project's own commands. `cargo xtask setup`, `demo`, `dist`, `test` and `bench` need
//! nothing but cargo and Node: what else a step uses, it installs into the project's folders
//! or, where it is a system package, with apt-get.

mod bench;
mod consumers;
mod demo;
mod dist;
mod fuzz;
mod npm;
mod peers;
mod process;
mod python;
mod services;
mod setup;
mod suite;
mod system;
mod tokens;
mod web;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make this machine able to build the wasm
    Setup(setup::Args),
    /// Start simulator, bridge and page, and run one query through all of them
    Demo(demo::Args),
    /// Build the npm package into pkg/
    Dist(dist::Args),
    /// Run every check of the project
    Test(suite::Args),
    /// Measure our clients beside the official drivers
    Bench(bench::Args),
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Setup(args) => setup::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Dist(args) => dist::run(&args),
        Command::Test(args) => suite::run(&args),
        Command::Bench(args) => bench::run(&args),
    }
}
