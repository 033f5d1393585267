//! Wallets against the simulator's TLS ports, and the programs of the articles about them, run as a user
//! would run them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use oraedge::Result;
use oraedge_native::{ConnectOptions, Trust};
use oraedge_simulator::generation::Generation;
use oraedge_simulator::listen::{Builder, Simulator, TlsDefect};
use oraedge_simulator::server::Account;

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const WALLET_PASSWORD: &str = "password2";

/// A folder that is gone when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("oraedge-wallets-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A database that lets in nobody without a certificate; 19c as in the articles.
async fn mutual_tls(identity: &Path) -> Simulator {
    Builder::default()
        .generation(Generation::V19c)
        .listen_tls(ANY_PORT)
        .require_client_certificate(true)
        .identity(ANY_PORT)
        .identity_tls(ANY_PORT)
        .identity_folder(identity)
        .account(Account::new("scott", "tiger"))
        .account(Account { iam: true, ..Account::new("vkv", "password1") })
        .start()
        .await
        .unwrap()
}

fn at(simulator: &Simulator) -> String {
    format!("tcps://localhost:{}/FREEPDB1", simulator.tcps_address().unwrap().port())
}

async fn user(options: &ConnectOptions) -> Result<String> {
    let connection = options.connect().await?;
    let mut rows = connection.query("select user from dual", ()).await?;
    let user = rows.next().await?.unwrap().get(0)?;
    drop(rows);
    connection.close().await?;
    Ok(user)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_identifies_the_client_and_tells_whom_to_trust() {
    let identity = Folder::new("identity");
    let simulator = mutual_tls(&identity.0).await;
    let folder = Folder::new("client");
    let pem = simulator.client_wallet(WALLET_PASSWORD).unwrap().unwrap();
    folder.write("ewallet.pem", &pem);
    let port = simulator.tcps_address().unwrap().port();
    let descriptor = format!(
        "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=localhost)(PORT={port}))(CONNECT_DATA=(SERVICE_NAME=FREEPDB1)))"
    );
    folder.write("tnsnames.ora", &format!("db_high = {descriptor}\n"));
    let named = descriptor.replace(
        "(CONNECT_DATA",
        &format!("(SECURITY=(MY_WALLET_DIRECTORY={}))(CONNECT_DATA", folder.0.display()),
    );
    let scott = |connect_string: &str| ConnectOptions::new("scott", "tiger", connect_string);
    let at = at(&simulator);
    for options in [
        scott(&at).wallet_location(&folder.0).wallet_password(WALLET_PASSWORD),
        scott(&at).wallet_location(folder.0.join("ewallet.pem")).wallet_password(WALLET_PASSWORD),
        scott(&at).wallet_content(pem.clone()).wallet_password(WALLET_PASSWORD),
        scott("db_high").wallet_location(&folder.0).wallet_password(WALLET_PASSWORD),
        scott(&named).wallet_password(WALLET_PASSWORD),
    ] {
        for _ in 0..2 {
            assert_eq!(user(&options).await.unwrap(), "SCOTT", "{options:?}");
        }
    }

    // sqlnet.ora in the folder of configuration files names the wallet, which has no password there.
    let admin = Folder::new("admin");
    let key = simulator.client_identity_pem().unwrap();
    let plain = Folder::new("plain");
    plain.write("ewallet.pem", &format!("{}{}{}", key.0, key.1, simulator.ca_pem().unwrap()));
    let sqlnet = format!(
        "WALLET_LOCATION = (SOURCE = (METHOD = file) (METHOD_DATA = (DIRECTORY=\"{}\")))\n",
        plain.0.display()
    );
    admin.write("sqlnet.ora", &sqlnet);
    assert_eq!(user(&scott(&at).config_dir(&admin.0)).await.unwrap(), "SCOTT");

    let trust = Trust::only_pem(simulator.ca_pem().unwrap().as_bytes()).unwrap();
    for (options, expected) in [
        (scott(&at).wallet_location(&folder.0), "no wallet password was given"),
        (
            scott(&at).wallet_location(&folder.0).wallet_password("tiger"),
            "it is the database user's password",
        ),
        (
            scott(&at).wallet_location(&folder.0).wallet_password("lion"),
            "the wallet password is wrong; give",
        ),
        (scott(&at).wallet_location("/nonexistent"), "No such file"),
        (scott(&at).wallet_location("SYSTEM"), "trusted"),
        // The server wants a certificate, and there is none.
        (scott(&at).trust(trust), "certificate"),
    ] {
        let error = options.connect().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(!error.contains("lion") && !error.contains("tiger"), "{error}");
    }
}

/// Builds the examples if they are not there; gives their folder.
fn examples() -> PathBuf {
    let status = std::process::Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "oraedge-native", "--examples"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo");
    assert!(status.success(), "the examples do not build");
    // The test itself is target/debug/deps/wallets-HASH.
    let test = std::env::current_exe().expect("a path");
    test.parent().and_then(Path::parent).expect("a folder").join("examples")
}

/// What a program prints.
async fn run(program: &Path, variables: &[(&str, &str)]) -> String {
    let mut command = tokio::process::Command::new(program);
    command.env_clear().envs(variables.iter().copied()).stdin(Stdio::null());
    let output = command.output().await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", program.display());
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_iam_user_with_a_password_over_mutual_tls_sees_what_the_article_prints() {
    let identity = Folder::new("iam");
    let simulator = mutual_tls(&identity.0).await;
    let wallet = Folder::new("Wallet_myclouddb19");
    wallet.write("ewallet.pem", &simulator.client_wallet(WALLET_PASSWORD).unwrap().unwrap());
    let printed = run(
        &examples().join("iam_password"),
        &[
            ("CONNECT_STRING", &at(&simulator)),
            ("DB_USER", "vkv"),
            ("DB_PASSWORD", "password1"),
            ("WALLET_LOCATION", &wallet.0.display().to_string()),
            ("WALLET_PASSWORD", WALLET_PASSWORD),
        ],
    )
    .await;
    let (version, rest) = printed.split_once('\n').unwrap();
    assert!(version.starts_with("Database version is: 19."), "{version}");
    assert_eq!(
        rest,
        "current_user: [('VKV',)]\n\
         session_roles: [('NWEXPORT_ROLE',), ('DWROLE',)]\n\
         authenticated_identity: [('vkv',)]\n\
         authentication_method: [('PASSWORD_GLOBAL',)]\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_of_an_untrusted_authority_and_the_three_ways_to_trust_it() {
    let simulator = Builder::default()
        .generation(Generation::V19c)
        .listen_tls(ANY_PORT)
        .tls_defect(TlsDefect::RootInChain)
        .account(Account::new("admin", "password1"))
        .start()
        .await
        .unwrap();
    let [port] = simulator.defective_ports() else { panic!("one port") };
    let at = format!("tcps://localhost:{}/FREEPDB1", port.address.port());
    let folder = Folder::new("one-way");
    folder.write("ewallet.pem", &port.ca_pem);
    let root = folder.write("root_cert.pem", &port.ca_pem).display().to_string();
    let others = include_str!("../../wallet/tests/vectors/ca.pem");
    let bundle =
        folder.write("bundle.pem", &format!("{others}{}", port.ca_pem)).display().to_string();
    let wallet = folder.0.display().to_string();
    let program = examples().join("one_way_tls");
    let connect = async |fix: Option<(&str, &str)>| {
        let mut variables = vec![
            ("CONNECT_STRING", at.as_str()),
            ("DB_USER", "admin"),
            ("DB_PASSWORD", "password1"),
        ];
        variables.extend(fix);
        run(&program, &variables).await
    };
    let error = connect(None).await;
    assert!(error.contains("certificate") && error.contains("trusted"), "{error}");
    for fix in [("WALLET_LOCATION", &wallet), ("ROOT_CERTIFICATE", &root), ("CA_BUNDLE", &bundle)] {
        let printed = connect(Some((fix.0, fix.1))).await;
        assert!(printed.starts_with("19."), "{fix:?}: {printed}");
    }
}
