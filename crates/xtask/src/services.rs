//! The programs that demo, tests and benchmarks run against: simulator and bridge, each on ports
//! that it chose, ended when its handle goes out of scope.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::{process, workspace};

/// The simulator's sample account and service.
pub(crate) const USER: &str = "scott";
/// The password of [`USER`].
pub(crate) const PASSWORD: &str = "tiger";
/// The password of the wallet that the simulator makes for a client of mutual TLS.
pub(crate) const WALLET_PASSWORD: &str = "Wallet_Password_1";
/// The service that the simulator answers for.
pub(crate) const SERVICE: &str = "FREEPDB1";

/// How long a program may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// The releases of Oracle Database that the simulator can be.
pub(crate) const GENERATIONS: [&str; 5] = ["12.1", "18c", "19c", "21c", "23ai"];

/// A running simulator.
pub(crate) struct Simulator {
    program: Service,
    tls_folder: PathBuf,
}

impl Simulator {
    /// Builds the simulator and starts it on free ports.
    pub(crate) fn start(generation: &str) -> Result<Simulator> {
        Simulator::start_with(generation, &[])
    }

    /// [`start`](Simulator::start), with more options of its command line.
    pub(crate) fn start_with(generation: &str, options: &[&str]) -> Result<Simulator> {
        Simulator::launch(build("oraedge-simulator")?, generation, options)
    }

    /// [`start_with`](Simulator::start_with), built with optimisation: for measuring.
    pub(crate) fn start_release(generation: &str, options: &[&str]) -> Result<Simulator> {
        Simulator::launch(build_release("oraedge-simulator")?, generation, options)
    }

    fn launch(binary: PathBuf, generation: &str, options: &[&str]) -> Result<Simulator> {
        let tls_folder = workspace::target("simulator-tls");
        std::fs::create_dir_all(&tls_folder).context("target/simulator-tls")?;
        let mut command = process::command(binary);
        command
            .args(["--generation", generation])
            .args(["--listen", "127.0.0.1:0", "--listen-tls", "127.0.0.1:0", "--tls-dir"])
            .arg(&tls_folder)
            .args(options);
        let program = Service::start("oraedge-simulator", command)?;
        Ok(Simulator { program, tls_folder })
    }

    /// `127.0.0.1:PORT` without TLS.
    pub(crate) fn tcp(&self) -> Result<&str> {
        self.program.address("tcp")
    }

    /// `localhost:PORT` with TLS: the name is the one in the certificate.
    pub(crate) fn tcps(&self) -> Result<String> {
        Ok(self.program.address("tcps")?.replace("127.0.0.1", "localhost"))
    }

    /// How it ended, if it did, which it must not while it is in use.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.program.child.try_wait()?)
    }

    /// `http://127.0.0.1:PORT` of the identity services, if they were asked for.
    pub(crate) fn identity(&self) -> Result<String> {
        Ok(format!("http://{}", self.program.address("identity")?))
    }

    /// The folder of the wallet that a client of mutual TLS needs.
    pub(crate) fn client_wallet(&self) -> PathBuf {
        self.tls_folder.join("wallet")
    }

    /// The certificate of the authority that signed the simulator's, as PEM.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.tls_folder.join("ca.pem")
    }
}

/// A running bridge.
pub(crate) struct Bridge {
    program: Service,
}

impl Bridge {
    /// Builds the bridge and starts it on a free port, for these targets (`host:port`) and
    /// origins. Clients that send no Origin (Node) are let in.
    pub(crate) fn start(allow: &[&str], ca_file: &Path, origins: &[&str]) -> Result<Bridge> {
        Bridge::start_with(allow, ca_file, origins, &[])
    }

    /// [`start`](Bridge::start), with more options of its command line.
    pub(crate) fn start_with(
        allow: &[&str],
        ca_file: &Path,
        origins: &[&str],
        options: &[&str],
    ) -> Result<Bridge> {
        let mut command = process::command(build("oraedge-bridge")?);
        command.env("RUST_LOG", "warn");
        command.args(["--listen", "127.0.0.1:0", "--allow-no-origin", "--ca"]).arg(ca_file);
        for target in allow {
            command.args(["--allow", target]);
        }
        for origin in origins {
            command.args(["--allow-origin", origin]);
        }
        command.args(options);
        Ok(Bridge { program: Service::start("oraedge-bridge", command)? })
    }

    /// `ws://127.0.0.1:PORT/`.
    pub(crate) fn url(&self) -> Result<String> {
        Ok(format!("ws://{}/", self.program.address("ws")?))
    }
}

/// Builds a program of the workspace that has the name of its package, and says where it is.
pub(crate) fn build(package: &str) -> Result<PathBuf> {
    process::run(process::cargo().args(["build", "--quiet", "--package", package]))?;
    Ok(workspace::target("debug").join(package))
}

/// [`build`] with optimisation.
pub(crate) fn build_release(package: &str) -> Result<PathBuf> {
    process::run(process::cargo().args(["build", "--quiet", "--release", "--package", package]))?;
    Ok(workspace::target("release").join(package))
}

/// A program that says `listening NAME=ADDRESS ...` once it listens.
struct Service {
    name: &'static str,
    child: Child,
    addresses: HashMap<String, String>,
}

impl Service {
    fn start(name: &'static str, mut command: Command) -> Result<Service> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let stdout = child.stdout.take().context("standard output is piped")?;
        let mut service = Service { name, child, addresses: HashMap::new() };
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                match line.strip_prefix("listening ") {
                    // Nobody waits any more after the first.
                    Some(addresses) => drop(send.send(addresses.to_owned())),
                    None => eprintln!("{line}"),
                }
            }
        });
        let line = receive.recv_timeout(START_TIMEOUT).map_err(|error| match error {
            mpsc::RecvTimeoutError::Disconnected => anyhow!("{name} ended before it listened"),
            mpsc::RecvTimeoutError::Timeout => {
                anyhow!("{name} did not listen within {START_TIMEOUT:?}")
            }
        })?;
        for pair in line.split_whitespace() {
            let Some((key, address)) = pair.split_once('=') else {
                bail!("{name} said `listening {line}`; expected NAME=ADDRESS pairs");
            };
            service.addresses.insert(key.to_owned(), address.to_owned());
        }
        Ok(service)
    }

    fn address(&self, key: &str) -> Result<&str> {
        self.addresses
            .get(key)
            .map(String::as_str)
            .with_context(|| format!("{} does not listen for {key}", self.name))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Already gone is as good as ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
