//! Oracle's own drivers, unchanged, against the simulator: the script `tests/peers/script.json`
//! over TCP and TCPS on every generation, and over mutual TLS on the newest; what comes back compared
//! with what has to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::services::{self, Simulator};
use crate::{npm, process, python, workspace};

/// The versions of python-oracledb.
const PYTHON_DRIVERS: [&str; 3] = ["26.1.0", "4.0.2", "3.4.2"];
/// How long one driver may take for the whole script.
const RUN_TIMEOUT: Duration = Duration::from_secs(180);
const TRANSPORTS: [&str; 2] = ["tcp", "tcps"];
/// Mutual TLS: TCPS with a certificate of the client's own.
const MUTUAL: &str = "mtls";
/// The generation on which it is tried; TLS knows nothing of what it carries.
const MUTUAL_GENERATION: &str = "23ai";

/// Which runs to do; all by default.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Filter {
    /// In the steps `peers` and `tokens`: only drivers whose name contains this
    #[arg(long, value_name = "TEXT")]
    driver: Option<String>,
    /// In the steps `peers` and `tokens`: only this generation
    #[arg(long, value_name = "NAME")]
    generation: Option<String>,
}

impl Filter {
    pub(crate) fn takes_driver(&self, name: &str) -> bool {
        self.driver.as_ref().is_none_or(|text| name.contains(text))
    }

    pub(crate) fn takes_generation(&self, name: &str) -> bool {
        self.generation.as_ref().is_none_or(|wanted| wanted == name)
    }
}

/// The script of steps and what has to come back.
struct Script {
    path: PathBuf,
    content: Value,
}

/// Oracle's driver in one version, and how to run its script.
struct Driver {
    /// `python-oracledb 26.1.0`.
    name: String,
    /// The key of its answers under `as` in the script.
    language: &'static str,
    program: PathBuf,
    arguments: Vec<PathBuf>,
    /// Values of the step `numbers` can be bound as exactly as they are written.
    binds_exact_numbers: bool,
}

/// Runs every driver and fails if one step of one of them gave anything but what it has to.
pub(crate) fn run(filter: &Filter) -> Result<()> {
    let script = Script::load()?;
    let drivers: Vec<Driver> =
        drivers()?.into_iter().filter(|driver| filter.takes_driver(&driver.name)).collect();
    let generations: Vec<&str> =
        services::GENERATIONS.into_iter().filter(|name| filter.takes_generation(name)).collect();
    if drivers.is_empty() || generations.is_empty() {
        bail!("no driver or no generation is left to run");
    }
    let mut table: BTreeMap<(usize, &str), Vec<String>> = BTreeMap::new();
    let mut failed = 0;
    let mut runs = 0;
    for generation in &generations {
        let mut simulator = Simulator::start(generation)?;
        let mut mutual = match *generation == MUTUAL_GENERATION {
            true => Some(Simulator::start_with(generation, &["--require-client-certificate"])?),
            false => None,
        };
        for (index, driver) in drivers.iter().enumerate() {
            for transport in TRANSPORTS.into_iter().chain([MUTUAL]) {
                let simulator = match (transport, &mut mutual) {
                    (MUTUAL, Some(mutual)) => mutual,
                    (MUTUAL, None) => {
                        table.entry((index, transport)).or_default().push(String::new());
                        continue;
                    }
                    _ => &mut simulator,
                };
                let start = Instant::now();
                let mut failures = driver.run(&script, simulator, transport, generation)?;
                if transport == MUTUAL && !driver.is_refused_without_wallet(&script, simulator)? {
                    failures.insert("mtls".into(), "logged on without a certificate".into());
                }
                if let Some(status) = simulator.ended()? {
                    bail!("the simulator ended with {status} while {} used it", driver.name);
                }
                runs += 1;
                println!(
                    "{}",
                    json!({
                        "driver": driver.name,
                        "transport": transport,
                        "generation": generation,
                        "seconds": (start.elapsed().as_secs_f64() * 10.0).round() / 10.0,
                        "failed": failures,
                    })
                );
                failed += usize::from(!failures.is_empty());
                let cell = match failures.len() {
                    0 => "ok".to_owned(),
                    _ => failures.keys().cloned().collect::<Vec<_>>().join("+"),
                };
                table.entry((index, transport)).or_default().push(cell);
            }
        }
    }
    println!("\n| driver | transport | {} |", generations.join(" | "));
    println!("|---|---|{}", "---|".repeat(generations.len()));
    for ((index, transport), cells) in &table {
        let name = drivers.get(*index).map_or("", |driver| driver.name.as_str());
        println!("| {name} | {transport} | {} |", cells.join(" | "));
    }
    if failed > 0 {
        bail!("{failed} of {runs} runs failed");
    }
    Ok(())
}

/// A Python that has python-oracledb of this version.
pub(crate) fn python_driver(version: &str) -> Result<PathBuf> {
    let package = format!("oracledb=={version}");
    // 3.4 does not ask for it, and cannot encrypt a password without.
    python::environment(&format!("oracledb-{version}"), &[&package, "cryptography"])
}

/// Installs or builds all drivers.
fn drivers() -> Result<Vec<Driver>> {
    let mut drivers = Vec::new();
    for version in PYTHON_DRIVERS {
        let program = python_driver(version)?;
        drivers.push(Driver {
            name: format!("python-oracledb {version}"),
            language: "python",
            program,
            arguments: vec![workspace::path("tests/peers/python/peer.py")],
            binds_exact_numbers: true,
        });
    }
    let node = workspace::path("tests/peers/node");
    npm::install(&node)?;
    drivers.push(Driver {
        name: format!("node-oracledb {}", npm::installed_version(&node, "oracledb")?),
        language: "node",
        program: "node".into(),
        arguments: vec![node.join("peer.mjs")],
        binds_exact_numbers: false,
    });
    let rust = workspace::path("tests/peers/rust");
    let target = workspace::target("peers/rust");
    process::run(
        process::cargo().current_dir(&rust).args(["build", "--quiet", "--target-dir"]).arg(&target),
    )?;
    drivers.push(Driver {
        name: "rust oracledb 26.0.0-beta.5".to_owned(),
        language: "rust",
        program: target.join("debug/oraedge-peer-rust"),
        arguments: Vec::new(),
        binds_exact_numbers: true,
    });
    Ok(drivers)
}

impl Driver {
    /// Runs the script and gives the steps that failed, with what was wrong in each.
    fn run(
        &self,
        script: &Script,
        simulator: &Simulator,
        transport: &str,
        generation: &str,
    ) -> Result<BTreeMap<String, String>> {
        let output = self.output(script, simulator, transport)?;
        Ok(self.compare(script, &output, version_of(generation)))
    }

    /// Whether a simulator of mutual TLS refuses this driver when it shows no certificate.
    fn is_refused_without_wallet(&self, script: &Script, simulator: &Simulator) -> Result<bool> {
        let output = self.output(script, simulator, "tcps")?;
        let log_on = output.lines().find_map(|line| {
            let answer: Value = serde_json::from_str(line).ok()?;
            (answer["step"] == "logon").then_some(answer)
        });
        Ok(log_on.is_some_and(|answer| answer["error"].is_string()))
    }

    fn output(&self, script: &Script, simulator: &Simulator, transport: &str) -> Result<String> {
        let mut command = process::command(&self.program);
        // So that a value of a local time zone is the same on every machine.
        command.args(&self.arguments).arg(&script.path).env("TZ", "UTC");
        let connect_string = match transport {
            "tcp" => format!("{}/{}", simulator.tcp()?, services::SERVICE),
            _ => format!("tcps://{}/{}", simulator.tcps()?, services::SERVICE),
        };
        command.args([&connect_string, services::USER, services::PASSWORD]);
        match transport {
            "tcps" => self.trust(&mut command, &simulator.ca_file())?,
            MUTUAL => {
                command.arg(simulator.client_wallet()).arg(services::WALLET_PASSWORD);
                if self.language == "rust" {
                    // Beside a key, it does not take roots from the wallet.
                    command.env("ORAEDGE_PEER_ROOTS", simulator.ca_file());
                }
            }
            _ => {}
        }
        output_within(&mut command, RUN_TIMEOUT)
    }

    /// The rest of the command line, with the simulator's authority in the way that the driver
    /// has for it.
    fn trust(&self, command: &mut Command, ca_file: &Path) -> Result<()> {
        match self.language {
            "python" => drop(command.arg(ca_file)),
            "node" => drop(command.env("NODE_EXTRA_CA_CERTS", ca_file)),
            _ => {
                let wallet = workspace::target("peers/wallet");
                std::fs::create_dir_all(&wallet).context("target/peers/wallet")?;
                std::fs::copy(ca_file, wallet.join("ewallet.pem"))
                    .with_context(|| ca_file.display().to_string())?;
                command.arg(wallet);
            }
        }
        Ok(())
    }

    fn compare(&self, script: &Script, output: &str, version: u64) -> BTreeMap<String, String> {
        let mut answers: BTreeMap<String, Value> = BTreeMap::new();
        let mut failures = BTreeMap::new();
        for line in output.lines() {
            match serde_json::from_str::<Value>(line) {
                Ok(answer) if answer["step"].is_string() => {
                    answers.insert(answer["step"].as_str().unwrap_or_default().to_owned(), answer);
                }
                _ => drop(failures.insert("output".to_owned(), line.to_owned())),
            }
        }
        for (step, expected) in script.expected(self, version) {
            let failure = match answers.get(step) {
                None => "did not come to it".to_owned(),
                Some(answer) if answer["error"].is_string() => answer["error"].to_string(),
                Some(answer) => {
                    match difference(&canonical(&expected), &canonical(&answer["value"])) {
                        None => continue,
                        Some(difference) => difference,
                    }
                }
            };
            failures.insert(step.to_owned(), failure);
            if step == "logon" {
                // Nothing else can be expected.
                break;
            }
        }
        failures
    }
}

impl Script {
    fn load() -> Result<Script> {
        let path = workspace::path("tests/peers/script.json");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(Script { content: serde_json::from_str(&text).context("script.json")?, path })
    }

    /// What each step has to give on a server of this major version.
    fn expected(&self, driver: &Driver, version: u64) -> Vec<(&'static str, Value)> {
        let list = |key: &str| self.content[key].as_array().cloned().unwrap_or_default();
        let columns: Vec<Value> = list("types")
            .into_iter()
            .filter(|column| column["since"].as_u64().unwrap_or(0) <= version)
            .collect();
        let row = |value: &dyn Fn(&Value) -> Value| -> Value {
            columns
                .iter()
                .map(|column| {
                    (column["name"].as_str().unwrap_or_default().to_owned(), value(column))
                })
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let literals = row(&|column| match &column["as"][driver.language] {
            Value::Null => column["value"].clone(),
            value => value.clone(),
        });
        let types =
            json!([literals, row(&|column| column["value"].clone()), row(&|_| Value::Null)]);
        let numbers = list("numbers");
        let bound: Vec<Value> = if driver.binds_exact_numbers {
            numbers.clone()
        } else {
            let float = |number: &Value| number.as_str().and_then(|text| text.parse::<f64>().ok());
            numbers.iter().map(|number| float(number).map(|f| f.to_string()).into()).collect()
        };
        let errors: Vec<Value> = list("errors")
            .iter()
            .map(|wrong| json!({ "code": wrong["code"], "usable": true }))
            .collect();
        vec![
            ("logon", version.into()),
            ("types", types),
            ("numbers", json!({ "literals": numbers, "bound": bound })),
            ("long", json!({ "text": true, "raw": true })),
            ("rows", self.content["rows"]["expect"].clone()),
            (
                "dml",
                // ids 1 to 900 are left; the names of 1 to 10 were made one.
                json!({ "rows_affected": [1, 999, 10, 100], "after": [900, 405_450, 891] }),
            ),
            ("errors", errors.into()),
            (
                "transactions",
                json!({ "before": [901, 900], "rolled_back": [900, 900], "committed": [901, 901] }),
            ),
            ("plsql", "block".into()),
            ("ping", true.into()),
            ("wrong_password", 1017.into()),
            ("logoff", true.into()),
        ]
    }
}

/// The major version that a server of this generation says it has.
fn version_of(generation: &str) -> u64 {
    generation.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}

/// Runs a command, and ends it when it takes too long; its exit status does not matter, since
/// a step that it did not come to is seen in the output.
pub(crate) fn output_within(command: &mut Command, limit: Duration) -> Result<String> {
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("{command:?}"))?;
    let mut stdout = child.stdout.take().context("standard output is piped")?;
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came until a failure is still worth comparing.
        let _ = std::io::Read::read_to_end(&mut stdout, &mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(reader.join().unwrap_or_default())
}

/// The value with every text that is a number in one form, so that `1E+2`, `100` and `1e2` are
/// the same.
fn canonical(value: &Value) -> Value {
    match value {
        Value::String(text) => canonical_number(text).unwrap_or_else(|| text.clone()).into(),
        Value::Array(items) => items.iter().map(canonical).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), canonical(value))).collect()
        }
        other => other.clone(),
    }
}

/// `-12.50E+3` as `-125e2`; `None` for what is no number.
fn canonical_number(text: &str) -> Option<String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    let dropped = digits.len() - digits.trim_end_matches('0').len();
    let exponent = exponent - i64::try_from(fraction.len()).ok()? + i64::try_from(dropped).ok()?;
    Some(format!("{sign}{significant}e{exponent}"))
}

/// Where two values differ first, in words.
fn difference(expected: &Value, came: &Value) -> Option<String> {
    match (expected, came) {
        (Value::Object(fields), Value::Object(others)) if fields.len() == others.len() => {
            fields.iter().find_map(|(key, value)| {
                difference(value, others.get(key).unwrap_or(&Value::Null))
                    .map(|difference| format!("{key}: {difference}"))
            })
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            items.iter().zip(others).enumerate().find_map(|(index, (value, other))| {
                difference(value, other).map(|difference| format!("[{index}] {difference}"))
            })
        }
        _ => (expected != came).then(|| format!("expected {expected}, came {came}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_by_value() {
        for (text, canonical) in [
            ("0", Some("0")),
            ("-0.00", Some("0")),
            ("100", Some("1e2")),
            ("1E+2", Some("1e2")),
            ("-12.50E+3", Some("-125e2")),
            ("0.00010", Some("1e-4")),
            (".5", Some("5e-1")),
            ("abc", None),
            ("1234-11", None),
            ("", None),
        ] {
            assert_eq!(canonical_number(text).as_deref(), canonical, "{text}");
        }
    }

    #[test]
    fn a_difference_is_named_where_it_is() {
        let expected = json!([{ "a": "1", "b": null }]);
        assert_eq!(difference(&expected, &expected), None);
        let came = json!([{ "a": "1", "b": "x" }]);
        assert_eq!(difference(&expected, &came).unwrap(), "[0] b: expected null, came \"x\"");
        assert!(difference(&expected, &json!([])).is_some());
    }
}
