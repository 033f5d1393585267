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
