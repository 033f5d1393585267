//! Packages of the operating system, for the few things that no language's registry has.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::process;

/// Installs Debian packages; needs root, and says so where it is not.
pub(crate) fn apt_install(packages: &[&str]) -> Result<()> {
    let by_hand = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    let apt = |arguments: &[&str]| {
        process::run(
            process::command("apt-get")
                .env("DEBIAN_FRONTEND", "noninteractive")
                .stdout(Stdio::null())
                .args(arguments),
        )
        .with_context(|| format!("as root, run: {by_hand}"))
    };
    apt(&["-qq", "update"])?;
    let mut arguments = vec!["-qq", "-y", "install", "--no-install-recommends"];
    arguments.extend_from_slice(packages);
    apt(&arguments)
}

/// A Chromium for tests of pages; installed where it is missing.
pub(crate) fn chromium() -> Result<PathBuf> {
    let path = PathBuf::from("/usr/bin/chromium");
    if !path.exists() {
        apt_install(&["chromium"])?;
    }
    Ok(path)
}
