//! npm packages in folders of the project, at the versions of their committed lock files.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process;

/// The oldest Node that the project's scripts run on.
const NODE_MAJOR: u32 = 20;

/// Checks that Node is there and new enough.
pub(crate) fn require_node() -> Result<()> {
    let version = process::output(process::command("node").arg("--version"))
        .with_context(|| format!("Node {NODE_MAJOR} or newer is needed in PATH"))?;
    let major = version.trim().trim_start_matches('v').split('.').next().unwrap_or_default();
    if major.parse::<u32>().is_ok_and(|major| major >= NODE_MAJOR) {
        return Ok(());
    }
    bail!("Node {NODE_MAJOR} or newer is needed, and {} is in PATH", version.trim());
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
