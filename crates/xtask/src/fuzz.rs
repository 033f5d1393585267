//! The fuzz targets of `crates/fuzz` for a few seconds each, from what real servers sent. They
//! are built with the instrumentation of libFuzzer by the stable compiler, without a sanitizer:
//! the core has no unsafe code.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{process, workspace};

/// What makes coverage visible to libFuzzer (cargo-fuzz gives the same).
const INSTRUMENTATION: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// More memory than this is a failure: a length was believed before the bytes came.
const MEMORY_LIMIT_MB: u32 = 1024;
/// An input that takes longer than this is a failure, in seconds.
const INPUT_TIMEOUT_S: u32 = 10;

/// Builds and runs every target for this long.
pub(crate) fn run(each: Duration) -> Result<()> {
    let folder = workspace::path("crates/fuzz");
    let host = host_target()?;
    process::run(
        process::cargo()
            .current_dir(&folder)
            .env("RUSTFLAGS", INSTRUMENTATION)
            // With a target of its own the flags stay away from build scripts.
            .args(["build", "--quiet", "--release", "--target", &host, "--target-dir"])
            .arg(workspace::target("fuzz")),
    )?;
    let programs = workspace::target("fuzz").join(&host).join("release");
    let mut failed = Vec::new();
    for target in targets(&folder)? {
        let work = workspace::target("fuzz").join("work").join(&target);
        let (corpus, seeds, artifacts) =
            (work.join("corpus"), work.join("seeds"), work.join("artifacts"));
        for folder in [&corpus, &seeds, &artifacts] {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let count = write_seeds(&target, &seeds)?;
        let log = work.join("log");
        let run = process::run(
            process::command(programs.join(&target))
                .stderr(File::create(&log).with_context(|| log.display().to_string())?)
                .arg(format!("-max_total_time={}", each.as_secs()))
                .arg(format!("-rss_limit_mb={MEMORY_LIMIT_MB}"))
                .arg(format!("-timeout={INPUT_TIMEOUT_S}"))
                .args(["-max_len=65536", "-verbosity=0", "-print_final_stats=1"])
                .arg(format!("-artifact_prefix={}/", artifacts.display()))
                .arg(&corpus)
                .arg(&seeds),
        );
        let log = std::fs::read_to_string(&log)?;
        let runs =
            log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units: "));
        println!("{target}: {count} seeds, {} runs", runs.unwrap_or("?").trim());
        if let Err(error) = run {
            println!("{log}\n{error:#}; the input is in {}", artifacts.display());
            failed.push(target);
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn host_target() -> Result<String> {
    let printed = process::output(process::command("rustc").arg("-vV"))?;
    let host = printed.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

fn targets(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder.join("fuzz_targets"))? {
        if let Some(name) = file?.path().file_stem() {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Writes what the target starts from, and says how many inputs that is.
fn write_seeds(target: &str, folder: &Path) -> Result<usize> {
    let seeds = match target {
        "connect_string" | "jwt" => {
            std::fs::read_to_string(workspace::path(&format!("crates/fuzz/seeds/{target}.txt")))?
                .lines()
                .map(|line| line.as_bytes().to_vec())
                .collect()
        }
        "oci_config" => read_lines(&workspace::path("tests/vectors/oci_config.jsonl"))?
            .iter()
            .filter_map(|row| Some(row["text"].as_str()?.as_bytes().to_vec()))
            .collect(),
        "oci_key" => std::fs::read_dir(workspace::path("tests/vectors/oci_keys"))?
            .map(|file| Ok(std::fs::read(file?.path())?))
            .collect::<Result<_>>()?,
        "number" => recorded_values(|value| value["type"] == "NUMBER", |_, bytes| bytes)?,
        "number_text" => recorded_values(
            |value| value["type"] == "NUMBER",
            |value, _| value["value"].as_str().unwrap_or_default().as_bytes().to_vec(),
        )?,
        "value" => recorded_values(|_| true, with_type)?,
        "framer" => recorded_packets(|packets| {
            let whole: Vec<u8> = packets.concat();
            vec![[vec![0, 7], whole.clone()].concat(), [vec![1, 200], whole].concat()]
        })?,
        "response" => {
            recorded_packets(|packets| packets.iter().flat_map(|p| answers(p)).collect())?
        }
        "connection" => recorded_packets(|packets| {
            let whole: Vec<u8> = packets.concat();
            (0..8).map(|call| [vec![call], whole.clone()].concat()).collect()
        })?,
        "token_flow" => remembered("token_flow")?,
        _ => Vec::new(),
    };
    for (index, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("{index:04}")), seed)?;
    }
    Ok(seeds.len())
}

/// The inputs that `tests/fuzz_corpus.rs` begins with.
fn remembered(target: &str) -> Result<Vec<Vec<u8>>> {
    let text =
        std::fs::read_to_string(workspace::path(&format!("tests/vectors/fuzz/{target}.hex")))?;
    let inputs = text.lines().filter(|line| !line.starts_with('#'));
    inputs.map(|line| hex(line).context("an input is not hexadecimal")).collect()
}

/// A DATA packet's payload behind the three bytes that choose how it is read: by 23ai and by
/// 19c, as a log-on and as an execute.
fn answers(packet: &[u8]) -> Vec<Vec<u8>> {
    const DATA: u8 = 6;
    const HEADER_AND_DATA_FLAGS: usize = 10;
    if packet.get(4) != Some(&DATA) {
        return Vec::new();
    }
    let payload = packet.get(HEADER_AND_DATA_FLAGS..).unwrap_or_default();
    let choices: [[u8; 3]; 4] = [[24, 0x83, 0], [24, 0x84, 40], [12, 0x03, 9], [12, 0x04, 255]];
    choices.iter().map(|choice| [choice.as_slice(), payload].concat()).collect()
}

/// Oracle's type number and character set form in front of a value.
fn with_type(value: &Value, bytes: Vec<u8>) -> Vec<u8> {
    let name = value["type"].as_str().unwrap_or_default();
    let (ora_type, form) = match name {
        "NUMBER" => (2, 0),
        "DATE" => (12, 0),
        "BINARY_FLOAT" => (100, 0),
        "BINARY_DOUBLE" => (101, 0),
        name if name.starts_with("INTERVAL YEAR") => (182, 0),
        name if name.starts_with("INTERVAL") => (183, 0),
        name if name.contains("LOCAL") => (231, 0),
        name if name.contains("TIME ZONE") => (181, 0),
        name if name.starts_with("TIMESTAMP") => (180, 0),
        "RAW" => (23, 0),
        name if name.starts_with('N') => (1, 2),
        _ => (1, 1),
    };
    [vec![ora_type, form], bytes].concat()
}

fn recorded_values(
    wanted: impl Fn(&Value) -> bool,
    seed: impl Fn(&Value, Vec<u8>) -> Vec<u8>,
) -> Result<Vec<Vec<u8>>> {
    let Some(file) = recordings().map(|folder| folder.join("values.jsonl")) else {
        return Ok(Vec::new());
    };
    Ok(read_lines(&file)?
        .iter()
        .filter(|record| wanted(&record["expect"]))
        .filter_map(|record| Some(seed(&record["expect"], hex(record["hex"].as_str()?)?)))
        .collect())
}

fn recorded_packets(seeds: impl Fn(&[Vec<u8>]) -> Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
    let Some(folder) = recordings() else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for file in std::fs::read_dir(folder.join("sessions"))? {
        let packets: Vec<Vec<u8>> = read_lines(&file?.path())?
            .iter()
            .filter(|record| record["direction"] == "server")
            .filter_map(|record| hex(record["hex"].as_str()?))
            .collect();
        all.extend(seeds(&packets));
    }
    Ok(all)
}

/// The recordings of real servers, or a line that says they are missing.
fn recordings() -> Option<PathBuf> {
    let folder = workspace::recordings();
    if folder.is_none() {
        println!("!!! RECORDINGS MISSING: no ../shared/wire and no ORAEDGE_WIRE; no seeds !!!");
    }
    folder
}

fn read_lines(file: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    text.lines()
        .map(|line| serde_json::from_str(line).with_context(|| file.display().to_string()))
        .collect()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect()
}
