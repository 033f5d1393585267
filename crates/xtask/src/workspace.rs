//! Where things are in the checkout.

use std::path::{Path, PathBuf};

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/xtask is two levels below the root")
        .to_path_buf()
}

/// A path below the root of the checkout.
pub(crate) fn path(relative: &str) -> PathBuf {
    root().join(relative)
}

/// A path below cargo's target folder, which `CARGO_TARGET_DIR` may have moved.
pub(crate) fn target(relative: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |dir| root().join(dir));
    target.join(relative)
}

/// What real servers sent: `../shared/wire` beside the checkout, or where `ORAEDGE_WIRE` says.
pub(crate) fn recordings() -> Option<PathBuf> {
    let folder = std::env::var_os("ORAEDGE_WIRE")
        .map_or_else(|| root().join("../shared/wire"), PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// The benchmark of all drivers: `../shared/bench` beside the checkout, or where
/// `ORAEDGE_BENCH` says.
pub(crate) fn benchmark() -> Option<PathBuf> {
    let folder = std::env::var_os("ORAEDGE_BENCH")
        .map_or_else(|| root().join("../shared/bench"), PathBuf::from);
    folder.is_dir().then_some(folder)
}
