//! The packed npm package and the page, each in the runtimes that people use them in, against
//! simulator and bridge.

use std::path::Path;

use anyhow::Result;

use crate::demo::{self, Stack};
use crate::services::{self, Simulator};
use crate::web;
use crate::{dist, npm, process, python, system, workspace};

/// Packs `pkg/` and lets every consumer under `pkg-tests/` install and run it.
pub(crate) fn run_package_tests() -> Result<()> {
    let folder = workspace::path("pkg-tests");
    npm::install(&folder)?;
    dist::build_default()?;
    let tarball = dist::pack()?;
    let identity_folder = workspace::target("simulator-identity");
    let simulator = Simulator::start_with(
        "23ai",
        &["--identity", "127.0.0.1:0", "--identity-dir", &identity_folder.to_string_lossy()],
    )?;
    // The tests serve their own page there, whose origin the bridge has to know before.
    let page_port = web::listen_near(0)?.local_addr()?.port();
    let bridge = services::Bridge::start_with(
        &[&simulator.tcps()?, simulator.tcp()?],
        &simulator.ca_file(),
        &[&format!("http://127.0.0.1:{page_port}")],
        &["--allow-identity", &simulator.identity()?],
    )?;
    process::run(
        npm::node_with_web_socket()?
            .current_dir(&folder)
            .arg("run.mjs")
            .env("ORAEDGE_TARBALL", &tarball)
            .env("ORAEDGE_TEST_TCP", format!("{}/{}", simulator.tcp()?, services::SERVICE))
            .env("ORAEDGE_TEST_TCPS", demo::connect_string(&simulator)?)
            .env("ORAEDGE_TEST_CA", simulator.ca_file())
            .env("ORAEDGE_TEST_WS", bridge.url()?)
            .env("ORAEDGE_TEST_WS_TARGET", demo::connect_string(&simulator)?)
            .env("ORAEDGE_TEST_PAGE_PORT", page_port.to_string())
            .env("ORAEDGE_TEST_IDENTITY", identity_folder.join("environment.json"))
            .env("ORAEDGE_CHROMIUM", system::chromium()?)
            .env("ORAEDGE_SEERDB_PYTHON", python::with_seerdb()?),
    )?;
    for generation in OTHER_GENERATIONS {
        println!("the package in Node against {generation}");
        run_in_node(generation, &folder, &tarball)?;
    }
    Ok(())
}

/// Those beside 23ai, on which everything runs.
const OTHER_GENERATIONS: [&str; 6] = ["12.1", "12.2", "18c", "19c", "21c", "26ai"];

/// The scenarios in Node, with fewer rows.
fn run_in_node(generation: &str, folder: &Path, tarball: &Path) -> Result<()> {
    let simulator = Simulator::start(generation)?;
    process::run(
        npm::node_with_web_socket()?
            .current_dir(folder)
            .args(["run.mjs", "node"])
            .env("ORAEDGE_TARBALL", tarball)
            .env("ORAEDGE_TEST_TCP", format!("{}/{}", simulator.tcp()?, services::SERVICE))
            .env("ORAEDGE_TEST_TCPS", demo::connect_string(&simulator)?)
            .env("ORAEDGE_TEST_CA", simulator.ca_file())
            .env("ORAEDGE_TEST_ROWS", "50000")
            // DBMS_SESSION has SLEEP from 18c on only.
            .env("ORAEDGE_TEST_SLOW", "begin dbms_lock.sleep(10); end;"),
    )
}

/// Builds the page and runs its tests in a browser.
pub(crate) fn run_page_tests() -> Result<()> {
    dist::build_default()?;
    demo::build_page()?;
    let simulator = Simulator::start("23ai")?;
    let stack = Stack::start(&simulator)?;
    process::run(
        process::command("npm")
            .current_dir(workspace::path("www"))
            .args(["test", "--silent"])
            .env("ORAEDGE_PAGE_URL", format!("http://127.0.0.1:{}/", stack.page.port()))
            .env("ORAEDGE_BRIDGE_URL", stack.bridge.url()?)
            .env("ORAEDGE_CONNECT_STRING", demo::connect_string(&simulator)?)
            .env("ORAEDGE_USER", services::USER)
            .env("ORAEDGE_PASSWORD", services::PASSWORD)
            .env("ORAEDGE_CHROMIUM", system::chromium()?),
    )
}
