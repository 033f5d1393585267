//! npm packages in folders of the project, at the versions of their committed lock files.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// The oldest Node that the project's scripts run on.
const NODE_MAJOR: u32 = 20;

/// Checks that Node is there and new enough.
pub(crate) fn require_node() -> Result<()> {
    let major = node_major()?;
    if major < NODE_MAJOR {
        bail!("Node {NODE_MAJOR} or newer is needed, and Node {major} is in PATH");
    }
    Ok(())
}

fn node_major() -> Result<u32> {
    let version = process::output(process::command("node").arg("--version"))
        .with_context(|| format!("Node {NODE_MAJOR} or newer is needed in PATH"))?;
    let major = version.trim().trim_start_matches('v').split('.').next().unwrap_or_default();
    major.parse().with_context(|| format!("`node --version` said {version:?}"))
}

/// Node with the `WebSocket` of browsers, which it has without being asked since version 22.
pub(crate) fn node_with_web_socket() -> Result<Command> {
    let mut node = process::command("node");
    if node_major()? < 22 {
        node.args(["--experimental-websocket", "--no-warnings"]);
    }
    Ok(node)
}

/// Installs what `folder/package-lock.json` says, unless that was already done for this very
/// lock file.
pub(crate) fn install(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let wanted = std::fs::read_to_string(&lock).with_context(|| lock.display().to_string())?;
    let mark = folder.join("node_modules/.installed-lock");
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    require_node()?;
    process::run(
        process::command("npm")
            .current_dir(folder)
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .env("npm_config_update_notifier", "false"),
    )?;
    std::fs::write(&mark, wanted).with_context(|| mark.display().to_string())
}

/// Installs a packed package, and nothing else, into `folder`, which has a `package.json`.
pub(crate) fn install_tarball(folder: &Path, tarball: &Path) -> Result<()> {
    // npm would take an older build of the same version for this one.
    let modules = folder.join("node_modules");
    if modules.exists() {
        std::fs::remove_dir_all(&modules).with_context(|| modules.display().to_string())?;
    }
    process::run(
        process::command("npm")
            .current_dir(folder)
            .args(["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"])
            .arg(tarball),
    )
}

/// The version of a package that is installed in `folder`.
pub(crate) fn installed_version(folder: &Path, package: &str) -> Result<String> {
    let path = folder.join("node_modules").join(package).join("package.json");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let content: serde_json::Value = serde_json::from_str(&text)?;
    Ok(content["version"].as_str().unwrap_or("?").to_owned())
}
