//! What several tests share: the recordings that other people made of real servers.

// Each test file uses a part of this.
#![allow(dead_code, unreachable_pub)]

pub mod answer;
pub mod replay;
pub mod scripted;

use std::io::Write;
use std::path::PathBuf;

use serde_json::Value as Json;

/// The folder with the recordings: `ORAEDGE_WIRE`, or `../shared/wire` beside the checkout.
///
/// Where it is missing, the test's output says so even when the test passes, so that nobody takes
/// a skipped test for one that passed.
pub fn wire_dir() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/wire");
    let folder = std::env::var_os("ORAEDGE_WIRE").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    // Not `println!`: the test harness swallows that of tests that pass.
    let _ = writeln!(
        std::io::stderr(),
        "\n!!!! NOT TESTED: there are no recordings in {}; set ORAEDGE_WIRE to their folder !!!!\n",
        folder.display()
    );
    None
}

/// The records of one file of recordings, one JSON object a line; `None` if there is no folder.
pub fn records(file: &str) -> Option<Vec<Json>> {
    let path = wire_dir()?.join(file);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
    let records = text.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    Some(records.collect())
}

/// The record with this `id`; `None` if there is no folder.
pub fn record(file: &str, id: &str) -> Option<Json> {
    let found = records(file)?.into_iter().find(|record| record["id"] == id);
    Some(found.unwrap_or_else(|| panic!("{file} has no record {id}")))
}

/// The bytes of a record.
pub fn bytes(record: &Json) -> Vec<u8> {
    unhex(record["hex"].as_str().unwrap_or_else(|| panic!("{} has no hex", record["id"])))
}

/// Bytes from hexadecimal digits.
pub fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "an odd number of hexadecimal digits: {text}");
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal digits");
    (0..text.len()).step_by(2).map(byte).collect()
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
