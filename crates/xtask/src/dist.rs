//! The npm package: the core as wasm, its JavaScript bindings, and the hand-written half from
//! `src/js`, put together in `pkg/`.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::{Compression, write::GzEncoder};
use wasm_bindgen_cli_support::Bindgen;

use crate::{npm, process, setup, workspace};

/// One wasm file of the package, with its bindings.
struct Module {
    /// What it does, for messages.
    what: &'static str,
    /// The name of its files.
    out_name: &'static str,
    /// The feature of the root package that chooses its exports.
    feature: &'static str,
    /// The profile it is built with. Each has its own, hence its own folder: the compiler's file has
    /// the same name for all features.
    profile: &'static str,
    /// The most that it may weigh after gzip, in bytes.
    gzip_limit: usize,
}

/// What every program loads.
const CLIENT: Module = Module {
    what: "client",
    out_name: "oraedge",
    feature: "wasm-client",
    profile: "wasm",
    gzip_limit: 250_000,
};

/// What is loaded for a log-on whose token has to be fetched: every method of OCI and Azure, all
/// forms of keys and certificates, RSA. A third of it is cryptography that WebCrypto has not. It
/// is loaded once, while the client is loaded as well, and a request to an identity service takes
/// longer than these bytes do; so it may weigh a little more than the client, and no more than that.
const TOKENS: Module = Module {
    what: "tokens",
    out_name: "oraedge_tokens",
    feature: "wasm-tokens",
    profile: "wasm-tokens",
    gzip_limit: 300_000,
};

/// The hand-written half, copied as it is.
const HAND_WRITTEN: &str = "src/js";

/// How much wasm-opt shall do. More (`-Os`, `-O2`) comes out no smaller after gzip, and a fifth
/// slower in log-ons and wide rows: rustc has decided already what is worth inlining.
const WASM_OPT_LEVEL: &str = "-O1";

/// What rustc uses on this target by default, and wasm-opt has to be told.
const WASM_FEATURES: [&str; 6] = [
    "bulk-memory",
    "multivalue",
    "mutable-globals",
    "nontrapping-float-to-int",
    "reference-types",
    "sign-ext",
];

/// Arguments of `dist`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where to write the package
    #[arg(long, default_value = "pkg")]
    out: PathBuf,
}

/// `cargo xtask dist`.
pub(crate) fn run(args: &Args) -> Result<()> {
    build(&workspace::root().join(&args.out))
}

/// Writes the package to `pkg/`.
pub(crate) fn build_default() -> Result<()> {
    build(&workspace::path("pkg"))
}

/// Packs `pkg/` as it would be published, and says where the tarball is.
pub(crate) fn pack() -> Result<PathBuf> {
    let folder = workspace::target("package");
    std::fs::create_dir_all(&folder).context("target/package")?;
    let printed = process::output(
        process::command("npm")
            .current_dir(workspace::path("pkg"))
            .args(["pack", "--silent", "--pack-destination"])
            .arg(&folder),
    )?;
    let name = printed.lines().last().context("npm pack printed no name")?;
    Ok(folder.join(name.trim()))
}

fn build(out: &Path) -> Result<()> {
    let compiler = setup::wasm_compiler()?;
    npm::install(&workspace::path("crates/xtask/npm"))?;
    let wasm_folder = workspace::target("dist-wasm");
    if wasm_folder.exists() {
        std::fs::remove_dir_all(&wasm_folder).context("target/dist-wasm")?;
    }
    std::fs::create_dir_all(&wasm_folder).context("target/dist-wasm")?;
    for module in [&CLIENT, &TOKENS] {
        build_module(module, compiler, &wasm_folder)?;
    }
    // Only now, so that a build that fails leaves the package as it was.
    if out.exists() {
        std::fs::remove_dir_all(out).with_context(|| out.display().to_string())?;
    }
    process::timed("add the hand-written half, licences and README", || {
        copy_folder(&wasm_folder, &out.join("wasm"))?;
        assemble(out)
    })?;
    for module in [&CLIENT, &TOKENS] {
        check_size(module, out)?;
    }
    Ok(())
}

fn build_module(module: &Module, compiler: setup::WasmCompiler, folder: &Path) -> Result<()> {
    let Module { what, out_name, .. } = module;
    let compiled =
        process::timed(&format!("compile {what} to wasm, with {}", compiler.name()), || {
            compile(module, compiler)
        })?;
    process::timed("make the JavaScript bindings", || bind(&compiled, out_name, folder))?;
    let wasm = folder.join(format!("{out_name}_bg.wasm"));
    process::timed("wasm-opt -O1", || optimize(&wasm))
}

fn check_size(module: &Module, out: &Path) -> Result<()> {
    let Module { what, out_name, gzip_limit, .. } = module;
    let (raw, gzip) = measure(&out.join("wasm").join(format!("{out_name}_bg.wasm")))?;
    println!("{}: {what} {raw} bytes, {gzip} after gzip (limit {gzip_limit})", out.display());
    if gzip > *gzip_limit {
        bail!("the wasm of {what} is {gzip} bytes after gzip; the limit is {gzip_limit}");
    }
    Ok(())
}

fn compile(module: &Module, compiler: setup::WasmCompiler) -> Result<PathBuf> {
    let target = compiler.target_dir();
    process::run(
        compiler
            .cargo(&["rustc", "--quiet", "--package", "oraedge", "--lib"])
            .args(["--profile", module.profile])
            .args(["--no-default-features", "--features", module.feature])
            // Only here: a cdylib beside the library would cost every native build a link.
            .args(["--crate-type", "cdylib", "--target", setup::TARGET])
            .arg("--target-dir")
            .arg(&target),
    )?;
    Ok(target.join(setup::TARGET).join(module.profile).join("oraedge.wasm"))
}

/// One set of bindings serves every runtime: those of wasm-bindgen's target "web", told where
/// the wasm is by the entry point of the runtime (`fetch`, an imported module, a file read).
fn bind(compiled: &Path, out_name: &str, folder: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(compiled)
        .out_name(out_name)
        .web(true)?
        .typescript(true)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)
}

fn optimize(wasm: &Path) -> Result<()> {
    let wasm_opt = workspace::path("crates/xtask/npm/node_modules/binaryen/bin/wasm-opt");
    process::run(
        process::command("node")
            .arg(wasm_opt)
            .arg(WASM_OPT_LEVEL)
            .args(WASM_FEATURES.map(|feature| format!("--enable-{feature}")))
            .arg(wasm)
            .arg("-o")
            .arg(wasm),
    )
}

fn assemble(out: &Path) -> Result<()> {
    copy_folder(&workspace::path(HAND_WRITTEN), out)?;
    let tests = out.join("test");
    if tests.exists() {
        std::fs::remove_dir_all(&tests).with_context(|| tests.display().to_string())?;
    }
    for file in ["README.md", "LICENSE-APACHE", "LICENSE-UPL"] {
        std::fs::copy(workspace::path(file), out.join(file)).with_context(|| file.to_owned())?;
    }
    set_version(&out.join("package.json"))
}

/// The package has the version of the workspace, whatever its `package.json` says.
fn set_version(package_json: &Path) -> Result<()> {
    let text = std::fs::read_to_string(package_json)
        .with_context(|| package_json.display().to_string())?;
    let mut package: serde_json::Value =
        serde_json::from_str(&text).with_context(|| package_json.display().to_string())?;
    package["version"] = env!("CARGO_PKG_VERSION").into();
    let text = serde_json::to_string_pretty(&package)? + "\n";
    std::fs::write(package_json, text).with_context(|| package_json.display().to_string())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in std::fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).with_context(|| target.display().to_string())?;
        }
    }
    Ok(())
}

/// The size of a file in bytes: as it is, and after gzip at its best level.
fn measure(wasm: &Path) -> Result<(usize, usize)> {
    let bytes = std::fs::read(wasm).with_context(|| wasm.display().to_string())?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    Ok((bytes.len(), encoder.finish()?.len()))
}
