//! `cargo xtask demo`: everything from the page to the database on this machine, and one query
//! through all of it.

use anyhow::{Context, Result};

use crate::services::{self, Bridge, Simulator};
use crate::web::{self, Page};
use crate::{dist, npm, process, workspace};

/// Where the page is unless something else is there already.
const PAGE_PORT: u16 = 8080;

/// Arguments of `demo`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// End after the rows of the query, with exit status 0 if they came
    #[arg(long)]
    pub(crate) check: bool,
}

/// `cargo xtask demo`.
pub(crate) fn run(args: &Args) -> Result<()> {
    npm::require_node()?;
    dist::build_default()?;
    process::timed("build the page", build_page)?;
    let simulator = process::timed("start the simulator: Oracle Database 23ai on SQLite", || {
        Simulator::start("23ai")
    })?;
    let stack = process::timed("start bridge and page", || Stack::start(&simulator))?;
    process::timed("query: wasm in Node -> WebSocket -> bridge -> TCPS -> simulator", || {
        query(&simulator, &stack.bridge)
    })?;
    if args.check {
        return Ok(());
    }
    println!("\nthe page:  {}", stack.page_address(&simulator)?);
    println!("account:   {} / {}", services::USER, services::PASSWORD);
    println!("Ctrl-C ends everything");
    wait_for_interrupt()
}

/// A bridge to one simulator, and the page that is allowed to use it.
pub(crate) struct Stack {
    pub(crate) bridge: Bridge,
    pub(crate) page: Page,
}

impl Stack {
    /// Starts both; the page has to be built.
    pub(crate) fn start(simulator: &Simulator) -> Result<Stack> {
        let page = Page::serve(web::listen_near(PAGE_PORT)?)?;
        let tcps = simulator.tcps()?;
        let [by_number, by_name] = page.origins();
        let bridge = Bridge::start(
            &[&tcps, simulator.tcp()?],
            &simulator.ca_file(),
            &[&by_number, &by_name],
        )?;
        Ok(Stack { bridge, page })
    }

    /// The page's address, with what its form is to be filled with.
    pub(crate) fn page_address(&self, simulator: &Simulator) -> Result<String> {
        Ok(format!(
            "http://127.0.0.1:{}/?bridge={}&connectString={}&user={}",
            self.page.port(),
            percent_encode(&self.bridge.url()?),
            percent_encode(&connect_string(simulator)?),
            services::USER,
        ))
    }
}

/// The simulator over TLS, as the bridge reaches it.
pub(crate) fn connect_string(simulator: &Simulator) -> Result<String> {
    Ok(format!("tcps://{}/{}", simulator.tcps()?, services::SERVICE))
}

/// Builds `www/dist`.
pub(crate) fn build_page() -> Result<()> {
    let www = workspace::path("www");
    npm::install(&www)?;
    process::run(process::command("npm").current_dir(www).args(["run", "--silent", "build"]))
}

/// The packed npm package, installed as a user would, asks for the employees.
fn query(simulator: &Simulator, bridge: &Bridge) -> Result<()> {
    let folder = workspace::target("demo");
    std::fs::create_dir_all(&folder).context("target/demo")?;
    std::fs::write(folder.join("package.json"), "{ \"private\": true, \"type\": \"module\" }\n")?;
    std::fs::copy(workspace::path("crates/xtask/npm/demo-query.mjs"), folder.join("query.mjs"))
        .context("demo-query.mjs")?;
    npm::install_tarball(&folder, &dist::pack()?)?;
    process::run(
        npm::node_with_web_socket()?
            .current_dir(&folder)
            .arg("query.mjs")
            .arg(bridge.url()?)
            .arg(connect_string(simulator)?)
            .args([services::USER, services::PASSWORD]),
    )
}

fn wait_for_interrupt() -> Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(tokio::signal::ctrl_c())
        .context("waiting for Ctrl-C")
}

/// Everything but letters and digits as `%XX`.
fn percent_encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
