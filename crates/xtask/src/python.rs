//! Python packages in virtual environments of the project.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{process, system, workspace};

/// The independent server that our client is tested against, and what it needs for that: its
/// log-on and its time zones, not its export to Arrow.
const SEERDB: [&str; 4] = ["--no-deps", "seerdb==3.3.0", "pycryptodome==4.4.0", "tzdata==2026.6"];

/// A Python that has the independent server seerdb.
pub(crate) fn with_seerdb() -> Result<PathBuf> {
    environment("seerdb", &SEERDB)
}

/// A Python that has Oracle's SDK for its cloud, of the version that the vectors are written with, and
/// what python-oracledb needs for its token plugins. The SDK is a client of some two hundred services;
/// what is not used is not compiled.
pub(crate) fn with_oci_sdk() -> Result<PathBuf> {
    environment("oci", &["--no-compile", "oci==2.189.0", "msal==1.39.0", "oracledb==26.1.0"])
}

/// A Python that has exactly these packages, in an environment of its own under
/// `target/python/NAME`.
pub(crate) fn environment(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = workspace::target("python").join(name);
    let python = folder.join("bin/python");
    let wanted = packages.join("\n");
    let mark = folder.join("installed-packages");
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let make = || {
        let mut venv = process::command("python3");
        process::run(venv.args(["-m", "venv", "--clear"]).arg(&folder))
    };
    if make().is_err() {
        // Debian ships Python without the part that makes environments.
        system::apt_install(&["python3", "python3-venv"])?;
        make()?;
    }
    process::run(
        process::command(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(packages),
    )?;
    std::fs::write(&mark, wanted).with_context(|| mark.display().to_string())?;
    Ok(python)
}

/// Where the packages of an environment lie.
pub(crate) fn site_packages(python: &Path) -> Result<PathBuf> {
    let code = "import sysconfig; print(sysconfig.get_path('purelib'))";
    Ok(process::output(process::command(python).args(["-c", code]))?.trim().into())
}
