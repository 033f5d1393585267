//! The command `oraedge-simulator`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use oraedge_simulator::generation::Generation;
use oraedge_simulator::listen::{
    Builder, ClientDefect, Fault, Identity, Simulator, TlsDefect, WALLET_PASSWORD,
};
use oraedge_simulator::server::{Account, AccountState, VerifierKind};
use tokio::signal::unix::{SignalKind, signal};

/// A small Oracle Database for tests, demos and offline work: the wire protocol of the release that
/// you choose, and SQL on SQLite. Not for data that matters.
#[derive(Parser)]
#[command(name = "oraedge-simulator", version)]
struct Options {
    /// The release to pass for: 12.1, 12.2, 18c, 19c, 21c, 23ai or 26ai
    #[arg(long, default_value = "23ai")]
    generation: Generation,
    /// Where to listen without TLS; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:1521")]
    listen: SocketAddr,
    /// Where to listen with TLS as well; port 0 takes any free one
    #[arg(long, alias = "tls-listen", value_name = "ADDRESS")]
    listen_tls: Option<SocketAddr>,
    /// Folder for the certificates: ca.pem is what clients have to trust; made if they are not there
    #[arg(long, value_name = "FOLDER", default_value = "simulator-tls")]
    tls_dir: PathBuf,
    /// Hang up on clients of TLS that show no certificate (mutual TLS); wallet/ewallet.pem in the
    /// folder of the certificates has one, with the password Wallet_Password_1
    #[arg(long)]
    require_client_certificate: bool,
    /// One more port of 127.0.0.1, any free one, that is meant to speak TLS and has a defect, such as
    /// expired-leaf; `all` opens one for each. Can be repeated
    #[arg(long, value_name = "NAME")]
    tls_defect: Vec<String>,
    /// What happens to a byte of each connection, as it is on the wire: cut, stall, corrupt or duplicate,
    /// @to-client: or @to-server:, and the number of the byte from 0 on, such as cut@to-client:100
    #[arg(long)]
    fault: Option<Fault>,
    /// A service to answer for; can be repeated
    #[arg(long, value_name = "NAME", default_value = "FREEPDB1")]
    service: Vec<String>,
    /// An account: name/password, with `,11g` (its verifier), `,locked`, `,expiring`, `,expired`, `,sysdba` or
    /// `,iam` (an IAM user's database password) behind it; can be repeated
    #[arg(long, value_name = "ACCOUNT", default_value = "scott/tiger")]
    account: Vec<String>,
    /// File of the database, or :memory:
    #[arg(long, value_name = "FILE", default_value = ":memory:")]
    database: String,
    /// Largest packet, in bytes
    #[arg(long, default_value_t = 8192)]
    sdu: u32,
    /// Begin each answer with the notice of a shared server
    #[arg(long)]
    shared_server: bool,
    /// Send clients to this address instead of serving them
    #[arg(long, value_name = "DESCRIPTOR")]
    redirect: Option<String>,
    /// Where the identity services listen without TLS; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS")]
    identity: Option<SocketAddr>,
    /// Where the identity services listen with TLS; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS")]
    identity_tls: Option<SocketAddr>,
    /// Lets principals of the identity services log on as a user, besides those that the sample's users are
    /// IDENTIFIED GLOBALLY AS: USER=KEY=VALUE such as shared_user=IAM_GROUP_NAME=demodg; can be repeated
    #[arg(long, value_name = "MAPPING")]
    map: Vec<String>,
    /// OCID of the database, for tokens whose scope names one; the sample's if not given
    #[arg(long, value_name = "OCID")]
    database_ocid: Option<String>,
    /// OCID of the database's compartment, for tokens whose scope names one; the sample's if not given
    #[arg(long, value_name = "OCID")]
    compartment_ocid: Option<String>,
    /// Folder for what the people and machines of the identity services have: config, keys, tokens;
    /// environment.json says where everything is
    #[arg(long, value_name = "FOLDER")]
    identity_dir: Option<PathBuf>,
    /// Say on standard error why each connection ended
    #[arg(long)]
    verbose: bool,
    /// Say in JSON where it listens
    #[arg(long)]
    print_ready_json: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    match runtime.block_on(run(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(error.as_ref()),
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("oraedge-simulator: {error}");
    ExitCode::FAILURE
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let simulator = builder(&options)?.start().await?;
    write_defects(&options, &simulator)?;
    println!("{}", ready_line(&options, &simulator));
    std::io::stdout().flush()?;
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result?,
    }
    simulator.shut_down().await;
    Ok(())
}

fn builder(options: &Options) -> Result<Builder, Box<dyn std::error::Error>> {
    let mut builder = Simulator::builder()
        .generation(options.generation)
        .listen(options.listen)
        .tls_folder(&options.tls_dir)
        .require_client_certificate(options.require_client_certificate)
        .sdu(options.sdu)
        .shared_server(options.shared_server)
        .verbose(options.verbose);
    if let Some(address) = options.listen_tls {
        builder = builder.listen_tls(address);
    }
    for name in &options.tls_defect {
        if name == "all" {
            builder = TlsDefect::ALL.iter().fold(builder, |all, &one| all.tls_defect(one));
        } else {
            builder = builder.tls_defect(name.parse()?);
        }
    }
    if let Some(fault) = options.fault {
        builder = builder.fault(fault);
    }
    if let Some(address) = options.identity {
        builder = builder.identity(address);
    }
    if let Some(address) = options.identity_tls {
        builder = builder.identity_tls(address);
    }
    if let Some(folder) = &options.identity_dir {
        builder = builder.identity_folder(folder);
    }
    if let Some(address) = &options.redirect {
        builder = builder.redirect(address);
    }
    if options.database != ":memory:" {
        builder = builder.database(&options.database);
    }
    for service in &options.service {
        builder = builder.service(service);
    }
    if let Some(ocid) = &options.database_ocid {
        builder = builder.database_ocid(ocid);
    }
    if let Some(ocid) = &options.compartment_ocid {
        builder = builder.compartment_ocid(ocid);
    }
    for mapping in &options.map {
        let (user, mapping) = mapping
            .split_once('=')
            .ok_or("a mapping is USER=KEY=VALUE, such as shared_user=IAM_GROUP_NAME=demodg")?;
        builder = builder.map_user(user.to_uppercase(), mapping);
    }
    for account in &options.account {
        builder = builder.account(parse_account(account)?);
    }
    Ok(builder)
}

fn parse_account(text: &str) -> Result<Account, String> {
    let mut parts = text.split(',');
    let (name, password) = parts
        .next()
        .and_then(|credentials| credentials.split_once('/'))
        .ok_or("an account is name/password")?;
    let mut account = Account::new(name, password);
    for part in parts {
        match part {
            "11g" => account.verifier = VerifierKind::Oracle11g,
            "12c" => account.verifier = VerifierKind::Oracle12c,
            "locked" => account.state = AccountState::Locked,
            "expiring" => account.state = AccountState::Expiring,
            "expired" => account.state = AccountState::Expired,
            "sysdba" => account.sysdba = true,
            "iam" => account.iam = true,
            other => {
                return Err(format!(
                    "behind an account there can be 11g, 12c, locked, expiring, expired, sysdba or iam, not {other:?}"
                ));
            }
        }
    }
    Ok(account)
}

/// Where the files of the ports with a defect are.
fn defects_folder(options: &Options) -> PathBuf {
    options.tls_dir.join("defects")
}

/// The file with what clients of the port with this defect have to trust.
fn ca_file(defect: TlsDefect) -> String {
    format!("{}.ca.pem", defect.name())
}

/// Writes what the clients of ports with a defect need: what to trust for each, and wallets whose certificate
/// the port that wants one refuses.
fn write_defects(options: &Options, simulator: &Simulator) -> std::io::Result<()> {
    if simulator.defective_ports().is_empty() {
        return Ok(());
    }
    let folder = defects_folder(options);
    std::fs::create_dir_all(&folder)?;
    for port in simulator.defective_ports() {
        std::fs::write(folder.join(ca_file(port.defect)), &port.ca_pem)?;
    }
    for &defect in ClientDefect::ALL {
        if let Some(wallet) = simulator.defective_client_wallet(defect, WALLET_PASSWORD) {
            let folder = folder.join("wallets").join(defect.name());
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join("ewallet.pem"), wallet?)?;
        }
    }
    Ok(())
}

/// Where the ports with a defect are, by its name.
fn defects_report(options: &Options, simulator: &Simulator) -> serde_json::Value {
    let folder = defects_folder(options);
    let ports = simulator.defective_ports().iter().map(|port| {
        let name = port.defect.name();
        let report = serde_json::json!({
            "address": port.address.to_string(),
            "ca": folder.join(ca_file(port.defect)),
            "fingerprint": port.fingerprint,
            "what": port.defect.what(),
        });
        (name.to_owned(), report)
    });
    let wallets = ClientDefect::ALL.iter().map(|defect| {
        let folder = folder.join("wallets").join(defect.name());
        (defect.name().to_owned(), serde_json::json!(folder))
    });
    serde_json::json!({
        "ports": ports.collect::<serde_json::Map<_, _>>(),
        "clientWallets": wallets.collect::<serde_json::Map<_, _>>(),
    })
}

/// The one line that tells other programs that everything listens.
fn ready_line(options: &Options, simulator: &Simulator) -> String {
    let tcp = simulator.tcp_address().map(|address| address.to_string());
    let tcps = simulator.tcps_address().map(|address| address.to_string());
    let identity = simulator.identity();
    let plain = identity.and_then(Identity::plain_address).map(|address| address.to_string());
    let tls = identity.and_then(Identity::tls_address).map(|address| address.to_string());
    if options.print_ready_json {
        return serde_json::json!({
            "tcp": tcp,
            "tcps": tcps,
            "ca": tcps.as_ref().map(|_| options.tls_dir.join("ca.pem")),
            "wallet": tcps.as_ref().map(|_| options.tls_dir.join("wallet")),
            "defects": (!simulator.defective_ports().is_empty())
                .then(|| defects_report(options, simulator)),
            "services": options.service,
            "generation": options.generation.name(),
            "identity": identity.map(|_| identity_report(options, plain.as_ref(), tls.as_ref())),
        })
        .to_string();
    }
    let addresses = [("tcp", tcp), ("tcps", tcps), ("identity", plain), ("identity-tls", tls)];
    let addresses = addresses.into_iter().filter_map(|(name, at)| Some(format!("{name}={}", at?)));
    format!("listening {}", addresses.collect::<Vec<_>>().join(" "))
}

/// Where the identity services are. Secrets are in the folder alone.
fn identity_report(
    options: &Options,
    plain: Option<&String>,
    tls: Option<&String>,
) -> serde_json::Value {
    let folder = options.identity_dir.as_ref();
    let file = |name: &str| folder.map(|folder| folder.join(name));
    serde_json::json!({
        "plain": plain.map(|address| format!("http://{address}")),
        "tls": tls.and_then(|address| address.rsplit_once(':'))
            .map(|(_, port)| format!("https://localhost:{port}")),
        "folder": folder,
        "environment": file("environment.json"),
        "config": file("config"),
        "ca": tls.and_then(|_| file("ca.pem")),
    })
}
