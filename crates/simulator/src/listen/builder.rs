//! Starting and stopping a simulator.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use oraedge::error::DbError;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::rustls;

use super::certificates::Certificates;
use super::chains::Authorities;
use super::connection::{Socket, TlsRestart, serve_plain, serve_tls, since};
use super::defective::{Behaviour, Defective, DefectivePort};
use super::defects::{ClientDefect, TlsDefect};
use super::faults::{Fault, FaultyStream};
use crate::engine::{self, Database, Settings};
use crate::generation::Generation;
use crate::identity::Directory;
use crate::identity::folder::{Addresses, write_folder};
use crate::identity::listen::Listener;
use crate::identity::world::World;
use crate::server::{Account, Entropy, ServerConfig, ServerConnection};
use crate::ttc::describe::DateBytes;

/// How long a listener waits before it tries again to accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why a simulator does not start.
#[derive(Debug)]
pub enum StartError {
    /// A socket, a file, or random bytes.
    Io {
        /// What was being done.
        doing: String,
        /// What came back.
        error: io::Error,
    },
    /// The database.
    Database(DbError),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartError::Io { doing, error } => write!(f, "{doing}: {error}"),
            StartError::Database(error) => write!(f, "opening the database: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

fn io_error(doing: impl Into<String>) -> impl FnOnce(io::Error) -> StartError {
    let doing = doing.into();
    move |error| StartError::Io { doing, error }
}

/// What a simulator is to be.
#[derive(Debug, Default)]
pub struct Builder {
    generation: Option<Generation>,
    services: Vec<String>,
    accounts: Vec<Account>,
    database: Option<PathBuf>,
    listen: Option<SocketAddr>,
    listen_tls: Option<SocketAddr>,
    tls_folder: Option<PathBuf>,
    require_client_certificate: bool,
    defects: Vec<TlsDefect>,
    fault: Option<Fault>,
    sdu: Option<u32>,
    shared_server: bool,
    redirect: Option<String>,
    identity: Option<SocketAddr>,
    identity_tls: Option<SocketAddr>,
    identity_folder: Option<PathBuf>,
    mappings: Vec<(String, String)>,
    database_ocid: Option<String>,
    compartment_ocid: Option<String>,
    verbose: bool,
}

impl Builder {
    /// The release that it passes for; 23ai if not said.
    pub fn generation(mut self, generation: Generation) -> Self {
        self.generation = Some(generation);
        self
    }

    /// One more service; `FREEPDB1` if none is said.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.services.push(name.into());
        self
    }

    /// One more account; `scott` with the password `tiger` if none is said.
    pub fn account(mut self, account: Account) -> Self {
        self.accounts.push(account);
        self
    }

    /// The file of the database; in memory if not said.
    pub fn database(mut self, file: impl Into<PathBuf>) -> Self {
        self.database = Some(file.into());
        self
    }

    /// Where it listens without TLS; port 0 is any free one.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// Where it listens with TLS; port 0 is any free one.
    pub fn listen_tls(mut self, address: SocketAddr) -> Self {
        self.listen_tls = Some(address);
        self
    }

    /// The folder of the certificates, which are made if they are not there; in memory if not said.
    pub fn tls_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.tls_folder = Some(folder.into());
        self
    }

    /// Whether clients of TLS have to show a certificate of the simulator's authority (mutual
    /// TLS), such as that in the folder's `wallet`.
    pub fn require_client_certificate(mut self, require: bool) -> Self {
        self.require_client_certificate = require;
        self
    }

    /// One more port, at any free number of 127.0.0.1, that has this defect. It is meant to speak TLS; see
    /// [`Simulator::defective_ports`].
    pub fn tls_defect(mut self, defect: TlsDefect) -> Self {
        self.defects.push(defect);
        self
    }

    /// What happens to one byte of each connection to the ports without a defect, on the wire.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// The largest packet, in bytes; 8192 if not said.
    pub fn sdu(mut self, sdu: u32) -> Self {
        self.sdu = Some(sdu);
        self
    }

    /// Whether each answer begins with the notice of a shared server.
    pub fn shared_server(mut self, shared_server: bool) -> Self {
        self.shared_server = shared_server;
        self
    }

    /// Sends clients to this address (`(ADDRESS=(PROTOCOL=tcp)(HOST=..)(PORT=..))`).
    pub fn redirect(mut self, address: impl Into<String>) -> Self {
        self.redirect = Some(address.into());
        self
    }

    /// Where the identity services listen without TLS; port 0 is any free one.
    pub fn identity(mut self, address: SocketAddr) -> Self {
        self.identity = Some(address);
        self
    }

    /// Where the identity services listen with TLS; port 0 is any free one.
    pub fn identity_tls(mut self, address: SocketAddr) -> Self {
        self.identity_tls = Some(address);
        self
    }

    /// The OCID of the database, which the scope of tokens may name; the sample's if not said.
    pub fn database_ocid(mut self, ocid: impl Into<String>) -> Self {
        self.database_ocid = Some(ocid.into());
        self
    }

    /// The OCID of its compartment, which the scope of tokens may name; the sample's if not said.
    pub fn compartment_ocid(mut self, ocid: impl Into<String>) -> Self {
        self.compartment_ocid = Some(ocid.into());
        self
    }

    /// Lets principals log on as one more user, or as one more of a user's: `SHARED_USER` and
    /// `IAM_GROUP_NAME=demodg`.
    pub fn map_user(mut self, user: impl Into<String>, mapping: impl Into<String>) -> Self {
        self.mappings.push((user.into(), mapping.into()));
        self
    }

    /// The folder for what the people and machines of the sample directory have: configuration, keys,
    /// tokens, `environment.json`. Nothing is written if not said.
    pub fn identity_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.identity_folder = Some(folder.into());
        self
    }

    /// Whether the end of each connection is written to standard error.
    pub fn verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    /// Starts it, inside of a tokio runtime.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(self) -> Result<Simulator, StartError> {
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let started = Instant::now();
        let verbose = self.verbose;
        let mut simulator = Simulator {
            tcp: None,
            tcps: None,
            certificates: None,
            defective: Vec::new(),
            authorities: None,
            identity: None,
            stop,
            tasks: JoinSet::new(),
        };
        let defects = !self.defects.is_empty();
        if self.listen_tls.is_some() || self.identity_tls.is_some() || defects {
            simulator.certificates = Some(self.certificates()?);
        }
        if self.identity.is_some() || self.identity_tls.is_some() {
            let certificates = simulator.certificates.as_ref();
            let identity = self.start_identity(certificates, &mut tasks, &stopping).await?;
            simulator.identity = Some(identity);
        }
        let directory = simulator.identity.as_ref().map(|identity| identity.world());
        let directory = directory.map(|world| world.services.directory().clone());
        let config = Arc::new(self.server_config(directory)?);
        let accept = |port| Accept { config: Arc::clone(&config), port, started, verbose };
        if let Some(address) = self.listen {
            let listener = bind(address).await?;
            simulator.tcp = listener.local_addr().ok();
            let accept = accept(Port::Plain(self.fault));
            tasks.spawn(accept.run(listener, stopping.clone()));
        }
        if let (Some(address), Some(certificates)) = (self.listen_tls, &simulator.certificates) {
            let tls = certificates
                .server_config(self.require_client_certificate)
                .map_err(io_error("setting up TLS"))?;
            let listener = bind(address).await?;
            simulator.tcps = listener.local_addr().ok();
            tasks.spawn(accept(Port::Tls(tls, self.fault)).run(listener, stopping.clone()));
        }
        if let (true, Some(certificates)) = (defects, &simulator.certificates) {
            let failed = || io_error("making certificates with defects");
            let authorities = Authorities::generate().map_err(io::Error::other).map_err(failed())?;
            let client_roots = [certificates.ca_der().map_err(failed())?];
            for &defect in &self.defects {
                let made = Defective::new(defect, &authorities, &client_roots).map_err(failed())?;
                let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
                let address = listener.local_addr().map_err(failed())?;
                let Defective { behaviour, ca_pem, fingerprint } = made;
                simulator.defective.push(DefectivePort { defect, address, ca_pem, fingerprint });
                tasks.spawn(accept(Port::Defective(behaviour)).run(listener, stopping.clone()));
            }
            simulator.authorities = Some(authorities);
        }
        simulator.tasks = tasks;
        Ok(simulator)
    }

    fn certificates(&self) -> Result<Certificates, StartError> {
        match &self.tls_folder {
            Some(folder) => Certificates::load_or_generate(folder)
                .map_err(io_error(format!("certificates in {}", folder.display()))),
            None => Certificates::generate()
                .map_err(io::Error::other)
                .map_err(io_error("making certificates")),
        }
    }

    /// Makes the sample directory and starts the services that know it.
    async fn start_identity(
        &self,
        certificates: Option<&Certificates>,
        tasks: &mut JoinSet<()>,
        stopping: &watch::Receiver<bool>,
    ) -> Result<Identity, StartError> {
        let folder = self.identity_folder.clone();
        let world = tokio::task::spawn_blocking(move || match folder {
            Some(folder) => World::load_or_generate(&folder),
            None => World::generate().map_err(io::Error::other),
        });
        let world = world.await.map_err(io::Error::other).map_err(io_error("making keys"))?;
        let world = world.map_err(io_error("making keys"))?;
        let mut identity = Identity { world, plain: None, tls: None, environment: None };
        let mut listeners = Vec::new();
        if let Some(address) = self.identity {
            let listener = bind(address).await?;
            identity.plain = listener.local_addr().ok();
            listeners.push((listener, None));
        }
        if let (Some(address), Some(certificates)) = (self.identity_tls, certificates) {
            let tls = certificates.server_config(false).map_err(io_error("setting up TLS"))?;
            let listener = bind(address).await?;
            identity.tls = listener.local_addr().ok();
            listeners.push((listener, Some(tls)));
        }
        if let Some(folder) = &self.identity_folder {
            let addresses = Addresses {
                tls: identity.tls.map(|at| format!("https://localhost:{}", at.port())),
                plain: identity.plain.map(|at| format!("http://{at}")),
            };
            let ca = certificates.map(Certificates::ca_pem);
            let written = write_folder(folder, &identity.world, &addresses, ca);
            let doing = format!("identities in {}", folder.display());
            identity.environment = Some(written.map_err(io_error(doing))?);
        }
        for (listener, tls) in listeners {
            let services = identity.world.services.clone();
            let serve = Listener { services, tls, verbose: self.verbose };
            tasks.spawn(serve.run(listener, stopping.clone()));
        }
        Ok(identity)
    }

    fn server_config(&self, directory: Option<Directory>) -> Result<ServerConfig, StartError> {
        let generation = self.generation.unwrap_or(Generation::V23ai);
        let services = match self.services.as_slice() {
            [] => vec!["FREEPDB1".to_owned()],
            services => services.to_vec(),
        };
        let settings = Settings {
            generation: engine_generation(generation),
            service_name: services.first().map(|name| name.to_lowercase()).unwrap_or_default(),
            sample_global_users: directory.is_some(),
            ..Settings::default()
        };
        let database = match &self.database {
            Some(file) => Database::open(file, settings),
            None => Database::in_memory(settings),
        }
        .map_err(StartError::Database)?;
        for (user, mapping) in &self.mappings {
            database.map_user(user, mapping).map_err(StartError::Database)?;
        }
        let accounts = match self.accounts.as_slice() {
            [] => vec![Account::new("scott", "tiger")],
            accounts => accounts.to_vec(),
        };
        let mut config = ServerConfig::new(generation, database, accounts, &mut random);
        config.services = services;
        config.shared_server = self.shared_server;
        config.redirect = self.redirect.clone();
        config.set_clock(date_now);
        config.database_identity = directory.as_ref().map(|directory| {
            let mut identity = directory.database().clone();
            identity.ocid = self.database_ocid.clone().unwrap_or(identity.ocid);
            identity.compartment = self.compartment_ocid.clone().unwrap_or(identity.compartment);
            identity
        });
        config.directory = directory;
        if self.verbose {
            config.notes = Some(|note| eprintln!("{note}"));
        }
        if let Some(sdu) = self.sdu {
            config.sdu = sdu;
        }
        Ok(config)
    }
}

fn engine_generation(generation: Generation) -> engine::Generation {
    match generation {
        Generation::V12_1 | Generation::V12_2 => engine::Generation::V12,
        Generation::V18c => engine::Generation::V18,
        Generation::V19c => engine::Generation::V19,
        Generation::V21c => engine::Generation::V21,
        Generation::V23ai | Generation::V26ai => engine::Generation::V23,
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(io_error(format!("listening on {address}")))
}

/// Random bytes of the operating system.
fn random(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        // Without them nobody can log on safely.
        panic!("the operating system gives no random bytes: {error}");
    }
}

/// The date in UTC, as the bytes of a DATE.
fn date_now() -> DateBytes {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    date_bytes(since_epoch)
}

fn date_bytes(seconds: u64) -> DateBytes {
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01, in eras of 400 years (Howard Hinnant's `civil_from_days`).
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    [
        year / 100 + 100,
        year % 100 + 100,
        month,
        day,
        seconds / 3_600 + 1,
        seconds / 60 % 60 + 1,
        seconds % 60 + 1,
    ]
    .map(|part| u8::try_from(part).unwrap_or(u8::MAX))
}

/// The identity services of a running simulator.
#[derive(Debug)]
pub struct Identity {
    world: World,
    plain: Option<SocketAddr>,
    tls: Option<SocketAddr>,
    environment: Option<serde_json::Value>,
}

impl Identity {
    /// What the people and machines of the sample directory hold, and the services.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Where they listen without TLS.
    pub fn plain_address(&self) -> Option<SocketAddr> {
        self.plain
    }

    /// Where they listen with TLS.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls
    }

    /// What stands in `environment.json`, if a folder was named.
    pub fn environment(&self) -> Option<&serde_json::Value> {
        self.environment.as_ref()
    }
}

/// A running simulator. Dropping it ends it at once.
#[derive(Debug)]
pub struct Simulator {
    tcp: Option<SocketAddr>,
    tcps: Option<SocketAddr>,
    certificates: Option<Certificates>,
    defective: Vec<DefectivePort>,
    authorities: Option<Authorities>,
    identity: Option<Identity>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Simulator {
    /// Begins to say what a simulator is to be.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens without TLS.
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        self.tcp
    }

    /// Where it listens with TLS.
    pub fn tcps_address(&self) -> Option<SocketAddr> {
        self.tcps
    }

    /// The authority that clients of TLS have to trust, in PEM.
    pub fn ca_pem(&self) -> Option<&str> {
        self.certificates.as_ref().map(Certificates::ca_pem)
    }

    /// What a client of mutual TLS shows: its certificate and its key, in PEM.
    pub fn client_identity_pem(&self) -> Option<(&str, &str)> {
        self.certificates.as_ref().map(Certificates::client_identity_pem)
    }

    /// An `ewallet.pem` with the client's key encrypted by `password`.
    pub fn client_wallet(&self, password: &str) -> Option<io::Result<String>> {
        self.certificates.as_ref().map(|certificates| certificates.client_wallet(password))
    }

    /// The ports that have a defect, in the order in which they were asked for.
    pub fn defective_ports(&self) -> &[DefectivePort] {
        &self.defective
    }

    /// The authority of the sound chain, and of most of those with a defect, in PEM; if there are any.
    pub fn defects_ca_pem(&self) -> Option<String> {
        self.authorities.as_ref().map(Authorities::root_pem)
    }

    /// An `ewallet.pem` that the port `wants-certificate` does not like, with the client's key encrypted by
    /// `password`; if there are ports with a defect.
    pub fn defective_client_wallet(
        &self,
        defect: ClientDefect,
        password: &str,
    ) -> Option<io::Result<String>> {
        self.authorities.as_ref().map(|authorities| authorities.client_wallet(defect, password))
    }

    /// The identity services, if they were asked for.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// Takes no more connections, ends those that are there, and waits until they are.
    pub async fn shut_down(mut self) {
        // It fails only when every listener is gone already.
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// How connections to a port are dealt with.
#[derive(Clone)]
enum Port {
    Plain(Option<Fault>),
    Tls(Arc<rustls::ServerConfig>, Option<Fault>),
    Defective(Behaviour),
}

impl Port {
    async fn handle(
        self,
        stream: TcpStream,
        connection: ServerConnection,
        started: Instant,
    ) -> io::Result<String> {
        match self {
            Port::Plain(fault) => serve_plain(faulty(stream, fault), connection, started).await,
            Port::Tls(tls, fault) => {
                let socket = faulty(stream, fault);
                serve_tls(socket, tls, TlsRestart::No, connection, started).await
            }
            Port::Defective(behaviour) => behaviour.handle(stream, connection, started).await,
        }
    }
}

fn faulty(stream: TcpStream, fault: Option<Fault>) -> Socket {
    match fault {
        Some(fault) => Box::new(FaultyStream::new(stream, fault)),
        None => Box::new(stream),
    }
}

/// One listener.
struct Accept {
    config: Arc<ServerConfig>,
    port: Port,
    started: Instant,
    verbose: bool,
}

impl Accept {
    async fn run(self, listener: TcpListener, mut stopping: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stopping.changed() => break,
            };
            let Ok((stream, peer)) = accepted else {
                // Running out of file descriptors passes, but not at once.
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            while connections.try_join_next().is_some() {}
            connections.spawn(self.handle(stream, peer));
        }
        connections.shutdown().await;
    }

    fn handle(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (port, started, verbose) = (self.port.clone(), self.started, self.verbose);
        let entropy: Entropy = Box::new(random);
        let (config, address) = (Arc::clone(&self.config), peer.ip().to_string());
        let connection = ServerConnection::new(since(started), config, entropy, address);
        async move {
            // Answers are small and waited for.
            let _ = stream.set_nodelay(true);
            let end = port.handle(stream, connection, started).await;
            if verbose {
                match end {
                    Ok(reason) => eprintln!("{peer}: {reason}"),
                    Err(error) => eprintln!("{peer}: {error}"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, [119, 170, 1, 1, 1, 1, 1]),
            (951_782_399, [120, 100, 2, 28, 24, 60, 60]),
            (951_782_400, [120, 100, 2, 29, 1, 1, 1]),
            (1_767_225_599, [120, 125, 12, 31, 24, 60, 60]),
        ] {
            assert_eq!(date_bytes(seconds), expected);
        }
    }
}
