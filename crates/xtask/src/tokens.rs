//! Log-on by token, judged by others: Oracle's drivers with their own token plugins, Oracle's SDKs
//! and Microsoft's libraries, all as published, fetch tokens from the simulated identity services
//! and log on to the simulator with them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};

use crate::peers::{self, Filter};
use crate::services::{self, Simulator};
use crate::{npm, process, python, workspace};

/// Older versions of python-oracledb that know tokens, run in the same environment.
const OLDER_DRIVERS: [&str; 2] = ["4.0.2", "3.4.2"];
/// The generations that Autonomous Database has or had. What has to be refused is tried on the last.
const GENERATIONS: [&str; 3] = ["19c", "21c", "23ai"];
/// The generation that the older drivers are run on.
const OLDER_DRIVERS_ON: &str = "21c";
/// The forms of the requests that [`RECORDED`] sends; a Rust test compares ours with them.
const REQUESTS: &str = "tests/vectors/token_requests.jsonl";
const RECORDED: &str = "python-oracledb 26.1.0";
/// How long one driver may take for all methods; each makes a key of 4096 bits for each log-on.
const RUN_TIMEOUT: Duration = Duration::from_secs(240);

/// A driver with its plugins, and how to run its script.
struct Driver {
    name: String,
    command: fn(&Driver) -> Command,
    program: PathBuf,
    /// Site packages that go before those of the environment.
    packages: Option<PathBuf>,
    older: bool,
}

/// What has to come back.
struct Expected {
    /// `tests/peers/tokens.json`.
    content: Value,
    /// [`REQUESTS`].
    requests: Value,
}

/// Runs every driver; fails if one method of one of them did not log on as it has to.
pub(crate) fn run(filter: &Filter) -> Result<()> {
    let python = python::with_oci_sdk()?;
    let expected = Expected::load()?;
    let drivers: Vec<Driver> =
        drivers(&python)?.into_iter().filter(|driver| filter.takes_driver(&driver.name)).collect();
    // One after the other, since the first makes the certificates that all of them take.
    let worlds: Vec<World> = GENERATIONS
        .into_iter()
        .filter(|name| filter.takes_generation(name))
        .map(World::start)
        .collect::<Result<_>>()?;
    // At the same time: most of it is the making of keys, on one processor each.
    let failures: Vec<Result<usize>> = std::thread::scope(|scope| {
        let run = |world| {
            let (expected, drivers) = (&expected, &drivers);
            scope.spawn(move || run_on(world, drivers, expected))
        };
        let running: Vec<_> = worlds.iter().map(run).collect();
        let panicked = || Err(anyhow!("a run panicked"));
        running.into_iter().map(|run| run.join().unwrap_or_else(|_| panicked())).collect()
    });
    let failed: usize = failures.into_iter().sum::<Result<usize>>()?;
    if failed > 0 || drivers.is_empty() || worlds.is_empty() {
        bail!("{failed} runs failed, of {} drivers", drivers.len());
    }
    Ok(())
}

/// A database and the services of the identities that it knows.
struct World {
    generation: &'static str,
    simulator: Simulator,
    /// What people and machines have.
    folder: PathBuf,
}

impl World {
    fn start(generation: &'static str) -> Result<World> {
        let folder = workspace::target("tokens").join(generation);
        let address = "127.0.0.1:0";
        let simulator = Simulator::start_with(
            generation,
            &[
                "--identity",
                address,
                "--identity-tls",
                address,
                "--identity-dir",
                &folder.to_string_lossy(),
            ],
        )?;
        Ok(World { generation, simulator, folder })
    }
}

/// Runs the drivers on one generation; gives how many failed.
fn run_on(world: &World, drivers: &[Driver], expected: &Expected) -> Result<usize> {
    let generation = world.generation;
    let refusals = Some(&generation) == GENERATIONS.last();
    let mut failed = 0;
    for driver in drivers.iter().filter(|d| !d.older || generation == OLDER_DRIVERS_ON) {
        let start = Instant::now();
        let output = driver.run(world, refusals)?;
        let failures = expected.compare(driver, &output, refusals);
        println!(
            "{}",
            json!({
                "driver": driver.name,
                "generation": generation,
                "seconds": (start.elapsed().as_secs_f64() * 10.0).round() / 10.0,
                "steps": output.lines().count(),
                "failed": failures,
            })
        );
        failed += usize::from(!failures.is_empty());
    }
    Ok(failed)
}

fn drivers(python: &Path) -> Result<Vec<Driver>> {
    let script = |driver: &Driver| {
        let mut command = process::command(&driver.program);
        let redirect = workspace::path("tests/peers/python/redirect");
        let folders = [Some(redirect), driver.packages.clone()];
        // A driver of another version comes before that of the environment.
        let folders = std::env::join_paths(folders.into_iter().flatten()).unwrap_or_default();
        command.env("PYTHONPATH", folders).arg(workspace::path("tests/peers/python/tokens.py"));
        command
    };
    let mut drivers = vec![Driver {
        name: RECORDED.to_owned(),
        command: script,
        program: python.to_owned(),
        packages: None,
        older: false,
    }];
    for version in OLDER_DRIVERS {
        drivers.push(Driver {
            name: format!("python-oracledb {version}"),
            command: script,
            program: python.to_owned(),
            packages: Some(python::site_packages(&peers::python_driver(version)?)?),
            older: true,
        });
    }
    let node = workspace::path("tests/peers/node");
    npm::install(&node)?;
    drivers.push(Driver {
        name: format!("node-oracledb {}", npm::installed_version(&node, "oracledb")?),
        command: |_| {
            let node = workspace::path("tests/peers/node");
            let mut command = process::command("node");
            command.arg("--require").arg(node.join("redirect.cjs")).arg(node.join("tokens.mjs"));
            command
        },
        program: "node".into(),
        packages: None,
        older: false,
    });
    Ok(drivers)
}

impl Driver {
    fn run(&self, world: &World, refusals: bool) -> Result<String> {
        let (simulator, folder) = (&world.simulator, &world.folder);
        let mut command = (self.command)(self);
        let tcps = format!("tcps://{}/{}", simulator.tcps()?, services::SERVICE);
        command.arg(folder).arg(tcps);
        if refusals {
            command.arg(format!("tcp://{}/{}", simulator.tcp()?, services::SERVICE));
        }
        command.env("ORAEDGE_REDIRECT", redirections(folder)?);
        // The three ways in which programs are told whom to trust beside the public authorities.
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
            command.env(name, simulator.ca_file());
        }
        peers::output_within(&mut command, RUN_TIMEOUT)
    }
}

/// Which service names go to which of the simulated services' addresses.
fn redirections(folder: &Path) -> Result<String> {
    let file = folder.join("environment.json");
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let identity: Value = serde_json::from_str(&text)?;
    let address = |url: &Value| -> Result<String> {
        let (_, address) = url.as_str().and_then(|url| url.split_once("://")).context("a URL")?;
        Ok(address.replace("localhost", "127.0.0.1"))
    };
    let tls = address(&identity["urls"]["tls"])?;
    let mut targets = BTreeMap::new();
    for host in identity["hosts"].as_array().context("hosts")? {
        targets.insert(format!("{}:443", host.as_str().unwrap_or_default()), tls.clone());
    }
    // The metadata service; the SDK for Node knows no other address.
    targets.insert("169.254.169.254:80".to_owned(), address(&identity["urls"]["plain"])?);
    Ok(serde_json::to_string(&targets)?)
}

impl Expected {
    fn load() -> Result<Expected> {
        let path = workspace::path("tests/peers/tokens.json");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let content = serde_json::from_str(&text).context("tokens.json")?;
        let path = workspace::path(REQUESTS);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let requests: Vec<Value> =
            text.lines().map(serde_json::from_str).collect::<Result<_, _>>().context(REQUESTS)?;
        Ok(Expected { content, requests: requests.into() })
    }

    /// The steps that failed, with what was wrong in each.
    fn compare(&self, driver: &Driver, output: &str, refusals: bool) -> BTreeMap<String, String> {
        let mut failures = BTreeMap::new();
        // The SDK for Node writes of its retries to the same output.
        let answers: BTreeMap<String, Value> = output
            .lines()
            .filter_map(|line| {
                let answer: Value = serde_json::from_str(line).ok()?;
                Some((answer["step"].as_str()?.to_owned(), answer))
            })
            .collect();
        let lacks = self.content["lacks"][&driver.name].as_array().cloned().unwrap_or_default();
        let has = |step: &str| !lacks.iter().any(|lacking| *lacking == step);
        let steps = self.content["steps"].as_object().into_iter().flatten();
        for (step, principal) in steps.filter(|(step, _)| has(step)) {
            let wanted = &self.content["principals"][principal.as_str().unwrap_or_default()];
            let failure = match answers.get(step) {
                None => "did not come to it".to_owned(),
                Some(answer) if answer["error"].is_string() => answer["error"].to_string(),
                Some(answer) => {
                    let wrong =
                        wanted.as_object().into_iter().flatten().find_map(|(key, value)| {
                            let came = &answer["value"][key];
                            (came != value).then(|| format!("{key}: expected {value}, came {came}"))
                        });
                    match (wrong, wanted.is_object()) {
                        (None, true) => continue,
                        (None, false) => format!("tokens.json knows no principal {principal}"),
                        (Some(wrong), _) => wrong,
                    }
                }
            };
            failures.insert(step.clone(), failure);
        }
        if driver.name == RECORDED {
            let forms = answers.get("requests").map_or(&Value::Null, |answer| &answer["value"]);
            if *forms != self.requests {
                let file = workspace::target("tokens/token_requests.jsonl");
                let lines = forms.as_array().into_iter().flatten();
                // Only a help to whoever looks into the difference.
                let _ = std::fs::write(&file, lines.map(|l| format!("{l}\n")).collect::<String>());
                let text = format!("not those of {REQUESTS}; see {}", file.display());
                failures.insert("requests".to_owned(), text);
            }
        }
        let refused =
            self.content["refused"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for step in refused.filter(|step| refusals && has(step)) {
            match answers.get(step) {
                Some(answer) if answer["error"].is_string() => {}
                Some(answer) => {
                    failures.insert(step.to_owned(), format!("not refused: {}", answer["value"]));
                }
                None => drop(failures.insert(step.to_owned(), "did not come to it".to_owned())),
            }
        }
        failures
    }
}
