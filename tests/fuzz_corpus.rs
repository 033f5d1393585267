//! The bodies of the fuzz targets without libFuzzer: over inputs made from the recordings, over
//! inputs that once broke something (`tests/vectors/fuzz`), and over random mutations of both.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `ORAEDGE_FUZZ_SECONDS` | how long each target mutates, in seconds; 3 unless set |
//! | `ORAEDGE_FUZZ_SEED` | where the random numbers begin; fixed unless set |
//!
//! `cargo xtask test --only fuzz` runs the same bodies for longer, led by coverage.
//!
//! A failure prints the input in hexadecimal. Once it is mended, the input goes into
//! `tests/vectors/fuzz/<target>.hex`, one a line, and is run for ever.

mod common;
#[path = "../crates/fuzz/src/lib.rs"]
#[allow(unreachable_pub)]
mod targets;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use common::{bytes, hex, unhex, wire_dir};
use oraedge::wire::value::DbType;
use serde_json::Value as Json;
use targets::{Body, TARGETS};

/// Mutated inputs grow no longer than this, in bytes.
const MAX_LENGTH: usize = 4096;
/// One input that takes longer hangs, however busy the machine is.
const MAX_TIME: Duration = Duration::from_secs(20);
const DEFAULT_SECONDS: u64 = 3;
const DEFAULT_SEED: u64 = 0x0e_da6e;

// ---- inputs ----

/// Inputs for a target from the recordings, none if they are missing.
fn recorded(target: &str) -> Vec<Vec<u8>> {
    let Some(folder) = wire_dir() else { return Vec::new() };
    match target {
        "number" => number_inputs(bytes),
        "number_text" => number_inputs(|record| record["expect"]["sql"].as_str().unwrap().into()),
        "value" => value_inputs(),
        "connect_string" | "oci_config" | "oci_key" | "jwt" | "token_flow" => Vec::new(),
        _ => {
            let sessions = sessions(&folder);
            let streams = sessions.iter().flat_map(|packets| match target {
                "framer" => framer_inputs(packets),
                "response" => response_inputs(packets),
                "connection" => connection_inputs(packets),
                other => panic!("no inputs are made for {other}"),
            });
            streams.collect()
        }
    }
}

fn value_records() -> Vec<Json> {
    common::records("values.jsonl").unwrap_or_default()
}

fn number_inputs(part: impl Fn(&Json) -> Vec<u8>) -> Vec<Vec<u8>> {
    value_records().iter().filter(|record| record["expect"]["type"] == "NUMBER").map(part).collect()
}

fn value_inputs() -> Vec<Vec<u8>> {
    let mut inputs = Vec::new();
    for record in value_records() {
        let name = record["expect"]["type"].as_str().unwrap();
        for db_type in DbType::ALL.iter().filter(|known| name.starts_with(known.column_type())) {
            let choice = [db_type.ora_type(), db_type.csfrm()];
            inputs.push([&choice, bytes(&record).as_slice()].concat());
            let text = record["expect"]["value"].as_str().unwrap_or_default();
            inputs.push([&choice, text.as_bytes()].concat());
        }
    }
    inputs
}

/// The server's packets of each recorded session.
fn sessions(folder: &Path) -> Vec<Vec<Vec<u8>>> {
    let mut names: Vec<_> = std::fs::read_dir(folder.join("sessions"))
        .expect("recorded sessions")
        .map(|entry| entry.expect("a file").file_name())
        .collect();
    names.sort();
    let server = |name: &std::ffi::OsString| {
        let records = common::records(&format!("sessions/{}", name.display())).unwrap();
        let packets = records
            .iter()
            .filter(|record| record["direction"] == "server" && record["kind"] == "packet");
        packets.map(bytes).collect()
    };
    names.iter().map(server).collect()
}

/// Whether a packet's length has four bytes, as behind an ACCEPT.
fn is_wide(packet: &[u8]) -> bool {
    packet.starts_with(&[0, 0])
}

fn framer_inputs(packets: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let stream = |wide: bool| {
        let same = packets.iter().filter(|packet| is_wide(packet) == wide);
        [&[u8::from(wide), 7], same.flatten().copied().collect::<Vec<u8>>().as_slice()].concat()
    };
    vec![stream(false), stream(true)]
}

fn response_inputs(packets: &[Vec<u8>]) -> Vec<Vec<u8>> {
    // The end marked: a log-on, a query, a fetch. Not marked: a query, and RETURNING.
    let kinds = [0x83, 0x84, 0x85, 0x04, 0x47];
    let payloads = packets.iter().filter(|packet| packet.len() > 10 && packet[4] == 6);
    let inputs =
        payloads.flat_map(|packet| kinds.map(|kind| [&[24, kind, 5], &packet[10..]].concat()));
    inputs.collect()
}

fn connection_inputs(packets: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let stream = packets.concat();
    (0..8).map(|kind| [&[kind], stream.as_slice()].concat()).collect()
}

/// Inputs that every target begins with, recordings or not.
fn written(target: &str) -> Vec<Vec<u8>> {
    let texts: &[&str] = match target {
        "oci_config" => return config_inputs(),
        "oci_key" => return key_inputs(),
        "jwt" => return lines(include_str!("../crates/fuzz/seeds/jwt.txt")),
        "number_text" => &["0", " -12.50 ", "1e-130", "9.99e125", "~", "-~", "1234567890123456789"],
        "value" => &[
            "\u{c}\u{0}2013-01-02 10:06:49.5",
            "\u{c}\u{0}1999-10-29 21:00:00 -07:00",
            "\u{c}\u{0}+02-03",
            "\u{c}\u{0}+05 04:03:02.123456",
            "\u{c}\u{0}AAAK6JAAEAAACGPAAA",
            "\u{c}\u{0}*BAEAGYMCwQL+",
        ],
        "connect_string" => &[
            "db.example:1521/orclpdb",
            "tcps://db1.example,db2.example:1522/service:dedicated/instance?wallet_location=\"/w\"",
            "tcp://[::1]:1521/service?retry_count=3&retry_delay=2&connect_timeout=10s",
            "(DESCRIPTION=(RETRY_COUNT=3)(ADDRESS_LIST=(LOAD_BALANCE=ON)(ADDRESS=(PROTOCOL=TCP)\
             (HOST=a)(PORT=1521))(ADDRESS=(PROTOCOL=TCPS)(HOST=b)(PORT=2484)))(CONNECT_DATA=\
             (SERVICE_NAME=s)(SERVER=POOLED))(SECURITY=(SSL_SERVER_DN_MATCH=ON)\
             (SSL_SERVER_CERT_DN=\"CN=b,O=c\")))",
            "(DESCRIPTION_LIST=(FAILOVER=ON)(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=a)(PORT=1))\
             (CONNECT_DATA=(SID=x)))(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=b)(PORT=2))\
             (CONNECT_DATA=(SERVICE_NAME=y))))",
            "# comment\nprod, test = (DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=a)(PORT=1521))\n \
             (CONNECT_DATA=(SERVICE_NAME=s)))\nshort = a:1521/s\nIFILE = other.ora\n",
            "scott/tiger@db.example/orclpdb",
        ],
        _ => &[],
    };
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn lines(text: &str) -> Vec<Vec<u8>> {
    text.lines().map(|line| line.as_bytes().to_vec()).collect()
}

/// The files whose meaning Oracle's SDK was asked for.
fn config_inputs() -> Vec<Vec<u8>> {
    let rows = include_str!("vectors/oci_config.jsonl").lines();
    let texts = rows.filter_map(|row| {
        let row: Json = serde_json::from_str(row).unwrap();
        Some(row["text"].as_str()?.as_bytes().to_vec())
    });
    texts.collect()
}

/// Keys in every form.
fn key_inputs() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/oci_keys");
    let files = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    // The order of the folder is not the same everywhere, and a seed is to do the same again.
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Inputs that broke something once.
fn remembered(target: &str) -> Vec<Vec<u8>> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/vectors/fuzz/{target}.hex"));
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter(|line| !line.starts_with('#')).map(unhex).collect()
}

// ---- mutation ----

/// SplitMix64: good enough, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `limit`, or 0.
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        // Where protocols change their meaning.
        const TELLING: [u8; 16] =
            [0, 1, 2, 7, 0x1d, 0x20, 0x65, 0x7f, 0x80, 0x81, 0xfc, 0xfd, 0xfe, 0xff, b'(', b'='];
        if self.below(2) == 0 { TELLING[self.below(16)] } else { self.next().to_be_bytes()[0] }
    }

    /// A part of `bytes` of at most `longest` bytes.
    fn part(&mut self, bytes: &[u8], longest: usize) -> std::ops::Range<usize> {
        let start = self.below(bytes.len());
        start..(start + 1 + self.below(longest)).min(bytes.len())
    }
}

fn mutate(random: &mut Random, input: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..=random.below(6) {
        if input.is_empty() {
            input.push(random.byte());
        }
        let at = random.below(input.len());
        match random.below(8) {
            0 => input[at] ^= 1 << random.below(8),
            1 | 2 => input[at] = random.byte(),
            3 => input.insert(at, random.byte()),
            4 => {
                let part = random.part(input, 16);
                input.drain(part);
            }
            5 => {
                let part = random.part(input, 64);
                let copy = input[part].to_vec();
                input.splice(at..at, copy);
            }
            6 => {
                let copy = &other[random.part(other, 64)];
                let end = (at + random.below(copy.len() + 1)).min(input.len());
                input.splice(at..end, copy.iter().copied());
            }
            _ if random.below(4) == 0 => input.truncate(at),
            _ => input[at] = input[at].wrapping_add(1).wrapping_sub((random.below(2) as u8) * 2),
        }
    }
    input.truncate(MAX_LENGTH);
}

// ---- the runner ----

/// Runs `body` over the inputs, then for so long over mutations of them.
///
/// # Errors
///
/// The input on which it panicked or took too long, in hexadecimal.
fn run(body: Body, inputs: &[Vec<u8>], seed: u64, time: Duration) -> Result<u64, String> {
    let mut random = Random(seed);
    let begin = Instant::now();
    let mut runs = 0;
    let mut mutated = Vec::new();
    loop {
        let input = match inputs.get(usize::try_from(runs).unwrap_or(usize::MAX)) {
            Some(input) => input,
            None if begin.elapsed() >= time => return Ok(runs),
            None => {
                mutated.clone_from(&inputs[random.below(inputs.len())]);
                let other = &inputs[random.below(inputs.len())];
                mutate(&mut random, &mut mutated, other);
                &mutated
            }
        };
        runs += 1;
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| body(input)));
        let took = start.elapsed();
        if outcome.is_err() {
            return Err(format!("run {runs} panics on {}", hex(input)));
        }
        if took > MAX_TIME {
            return Err(format!("run {runs} takes {took:?} on {}", hex(input)));
        }
    }
}

fn variable(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number"))
}

fn run_target(target: &str) {
    let (_, body) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let inputs = [remembered(target), written(target), recorded(target)].concat();
    // Nothing to mutate but emptiness, where there are no recordings.
    let inputs = if inputs.is_empty() { vec![Vec::new()] } else { inputs };
    let seed = variable("ORAEDGE_FUZZ_SEED", DEFAULT_SEED);
    let time = Duration::from_secs(variable("ORAEDGE_FUZZ_SECONDS", DEFAULT_SECONDS));
    match run(*body, &inputs, seed, time) {
        Ok(runs) => {
            let count = inputs.len();
            // Not `println!`, which is swallowed: how much was done belongs in the log.
            let _ = writeln!(std::io::stderr(), "fuzz {target}: {count} inputs, {runs} runs");
        }
        Err(failure) => panic!("fuzz {target}, ORAEDGE_FUZZ_SEED={seed}: {failure}"),
    }
}

#[test]
fn number() {
    run_target("number");
}

#[test]
fn number_text() {
    run_target("number_text");
}

#[test]
fn value() {
    run_target("value");
}

#[test]
fn connect_string() {
    run_target("connect_string");
}

#[test]
fn framer() {
    run_target("framer");
}

#[test]
fn response() {
    run_target("response");
}

#[test]
fn connection() {
    run_target("connection");
}

#[test]
fn oci_config() {
    run_target("oci_config");
}

#[test]
fn oci_key() {
    run_target("oci_key");
}

#[test]
fn jwt() {
    run_target("jwt");
}

#[test]
fn token_flow() {
    run_target("token_flow");
}

#[test]
fn every_target_has_a_test_and_a_libfuzzer_program() {
    let this = include_str!("fuzz_corpus.rs");
    let manifest = include_str!("../crates/fuzz/Cargo.toml");
    for (target, _) in TARGETS {
        assert!(this.contains(&format!("run_target(\"{target}\");")), "no test for {target}");
        assert!(manifest.contains(&format!("name = \"{target}\"")), "no program for {target}");
    }
}

#[test]
fn the_runner_finds_an_input_that_breaks_a_body() {
    let body = |data: &[u8]| assert!(!data.starts_with(&[0xfe]), "it begins with 0xfe");
    let failure = run(body, &[vec![1, 2, 3]], 1, Duration::from_secs(60)).unwrap_err();
    assert!(failure.contains("panics on fe"), "{failure}");
}

#[test]
fn the_runner_does_the_same_again_with_the_same_seed() {
    let once = |seed| {
        let mut random = Random(seed);
        let mut input = vec![1, 2, 3, 4];
        (0..100).for_each(|_| mutate(&mut random, &mut input, &[9, 9, 9]));
        input
    };
    assert_eq!(once(7), once(7));
    assert_ne!(once(7), once(8));
}
