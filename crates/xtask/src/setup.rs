//! The compiler for `wasm32-unknown-unknown`: from rustup, or, where rustup cannot download,
//! from Debian's packages with a std that is built once from their sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{npm, process, system, workspace};

/// The target of the npm package.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's compiler for its browser builds, its std sources, linter and linkers. `clang` is for
/// C code in a dependency of a wasm member.
const DEBIAN_PACKAGES: [&str; 7] =
    ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "lld-19", "clang-19", "llvm-19"];
const DEBIAN_LIBDIR: &str = "/usr/lib/rustlib/wasm32-unknown-unknown/lib";

/// Arguments of `setup`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Do not try rustup; install and use Debian's compiler
    #[arg(long)]
    fallback: bool,
}

/// `cargo xtask setup`.
pub(crate) fn run(args: &Args) -> Result<()> {
    npm::require_node()?;
    let compiler = if args.fallback { debian()? } else { wasm_compiler()? };
    process::timed("npm packages for the build (binaryen)", || {
        npm::install(&workspace::path("crates/xtask/npm"))
    })?;
    println!("ready: wasm is built with {}", compiler.name());
    Ok(())
}

/// A compiler that has a std for wasm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WasmCompiler {
    /// The toolchain that runs this program.
    Rustup,
    /// Debian's packages `rustc-web` and `cargo-web`.
    Debian,
}

impl WasmCompiler {
    /// Its name, for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            WasmCompiler::Rustup => "the rustup toolchain",
            WasmCompiler::Debian => "Debian's rustc-web and a std built from its sources",
        }
    }

    /// A cargo command for wasm; `--target` is left to `arguments`.
    pub(crate) fn cargo(self, arguments: &[&str]) -> Command {
        let mut cargo = match self {
            WasmCompiler::Rustup => process::cargo(),
            WasmCompiler::Debian => debian_cargo(),
        };
        // A flag in the environment is for the native build; wasm has its own.
        cargo.env_remove("RUSTFLAGS").args(arguments);
        cargo
    }

    /// The folder of its builds; the two compilers do not share one, since each would throw
    /// away the other's work.
    pub(crate) fn target_dir(self) -> PathBuf {
        match self {
            WasmCompiler::Rustup => workspace::target("."),
            WasmCompiler::Debian => workspace::target("debian"),
        }
    }
}

/// Finds a compiler for wasm, and installs one where there is none. The environment variable
/// `ORAEDGE_WASM_FALLBACK=1` asks for Debian's.
pub(crate) fn wasm_compiler() -> Result<WasmCompiler> {
    if std::env::var_os("ORAEDGE_WASM_FALLBACK").is_some_and(|value| value == "1") {
        return debian();
    }
    if rustup_has_std() {
        return Ok(WasmCompiler::Rustup);
    }
    if has_std(Path::new(DEBIAN_LIBDIR)) {
        return Ok(WasmCompiler::Debian);
    }
    let added = process::timed("rustup: add the wasm target", || {
        process::run(process::command("rustup").args(["target", "add", TARGET]))
    });
    match added {
        Ok(()) if rustup_has_std() => Ok(WasmCompiler::Rustup),
        Ok(()) => {
            println!("    rustup's target is not of the toolchain in use: Debian's compiler then");
            debian()
        }
        Err(error) => {
            println!("    {error:#}: Debian's compiler then");
            debian()
        }
    }
}

fn rustup_has_std() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    process::output(process::command(rustc).args(["--print", "target-libdir", "--target", TARGET]))
        .is_ok_and(|folder| has_std(Path::new(folder.trim())))
}

fn has_std(folder: &Path) -> bool {
    let Ok(files) = std::fs::read_dir(folder) else { return false };
    files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
}

fn debian() -> Result<WasmCompiler> {
    if has_std(Path::new(DEBIAN_LIBDIR)) {
        return Ok(WasmCompiler::Debian);
    }
    process::timed("apt-get: a compiler that comes with the sources of its std", || {
        system::apt_install(&DEBIAN_PACKAGES)
    })?;
    process::timed("build std for wasm, once", build_std)?;
    Ok(WasmCompiler::Debian)
}

/// Builds std in an empty crate and installs its libraries where Debian's compiler looks.
fn build_std() -> Result<()> {
    let folder = workspace::target("wasm-std");
    std::fs::create_dir_all(folder.join("src")).context("target/wasm-std")?;
    std::fs::write(
        folder.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n",
    )?;
    std::fs::write(folder.join("src/lib.rs"), "")?;
    // Without the bitcode, link-time optimisation fails later: "failed to get bitcode".
    process::run(
        debian_cargo()
            .current_dir(&folder)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", "-Cembed-bitcode=yes")
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .args(["build", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort"]),
    )?;
    let built = folder.join("target").join(TARGET).join("release/deps");
    std::fs::create_dir_all(DEBIAN_LIBDIR).context(DEBIAN_LIBDIR)?;
    let mut copied = 0;
    for file in std::fs::read_dir(&built).with_context(|| built.display().to_string())? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libempty") {
            std::fs::copy(file.path(), Path::new(DEBIAN_LIBDIR).join(&name))
                .with_context(|| format!("{DEBIAN_LIBDIR}/{name}"))?;
            copied += 1;
        }
    }
    if copied == 0 || !has_std(Path::new(DEBIAN_LIBDIR)) {
        bail!("the build of std left no library in {}", built.display());
    }
    Ok(())
}

/// Debian's cargo and rustc, free of what rustup's cargo put into the environment.
fn debian_cargo() -> Command {
    let mut cargo = process::command("/usr/bin/cargo");
    for name in ["RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "CARGO"] {
        cargo.env_remove(name);
    }
    cargo
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTDOC", "/usr/bin/rustdoc")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-19")
        .env("CC_wasm32_unknown_unknown", "clang-19")
        .env("AR_wasm32_unknown_unknown", "llvm-ar-19");
    cargo
}
