//! The doctor in front of healthy and broken set-ups of the simulator: what it prints, word by word. Ports
//! and fingerprints, which differ from run to run, are blanked.

use std::net::{Ipv4Addr, SocketAddr};

use oraedge::auth::Secret;
use oraedge_doctor::{Patient, State, diagnose, to_pem};
use oraedge_simulator::generation::Generation;
use oraedge_simulator::listen::{Builder, Simulator, TlsDefect};
use oraedge_simulator::server::Account;

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn simulator(builder: Builder) -> Simulator {
    let builder = builder.generation(Generation::V23ai).account(Account::new("scott", "tiger"));
    builder.start().await.unwrap()
}

fn scott(connect_string: String) -> Patient {
    let (user, password) = (Some("scott".to_owned()), Secret::from("tiger"));
    Patient { connect_string, user, password, ..Patient::default() }
}

/// The report with what differs from run to run blanked.
async fn printed(patient: &Patient, port: u16) -> String {
    let report = diagnose(patient).await.to_string();
    assert!(!report.contains("tiger") && !report.contains("hunter2"), "{report}");
    let lines = report.replace(&format!(":{port}"), ":PORT");
    let lines = lines.lines().map(|line| match line.split_once("SHA-256: ") {
        Some((before, fingerprint)) => {
            assert_eq!(fingerprint.len(), 95, "{line}");
            format!("{before}SHA-256: ...\n")
        }
        None => format!("{line}\n"),
    });
    lines.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_database_passes_every_step() {
    let simulator = simulator(Builder::default().listen(ANY_PORT).listen_tls(ANY_PORT)).await;
    let port = simulator.tcp_address().unwrap().port();
    let text = printed(&scott(format!("127.0.0.1:{port}/FREEPDB1")), port).await;
    let (text, log_on) = text.split_once("log-on: ").unwrap();
    assert_eq!(
        text,
        "connect string: passed\n\
         \x20   tcp 127.0.0.1:PORT, service FREEPDB1\n\
         wallet: passed\n\
         \x20   none is named\n\
         name look-up: passed\n\
         \x20   127.0.0.1\n\
         TCP: passed\n\
         \x20   127.0.0.1:PORT takes connections\n\
         TLS: passed\n\
         \x20   the connect string asks for none: nothing is encrypted by it\n\
         listener: passed\n\
         \x20   ACCEPT: TNS version 319, SDU 8192, flags 0x12000000\n\
         native encryption: passed\n\
         \x20   the server does not demand it\n"
    );
    assert!(log_on.starts_with("passed\n    Oracle Database 23."), "{log_on}");

    let tcps = simulator.tcps_address().unwrap().port();
    let mut patient = scott(format!("tcps://127.0.0.1:{tcps}/FREEPDB1"));
    patient.ca = Some(simulator.ca_pem().unwrap().as_bytes().to_vec());
    let report = diagnose(&patient).await;
    assert!(report.steps.iter().all(|step| step.state == State::Passed), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_not_trusted_is_shown_and_its_root_can_be_saved() {
    let defect = TlsDefect::RootInChain;
    let simulator = simulator(Builder::default().listen_tls(ANY_PORT).tls_defect(defect)).await;
    let [port] = simulator.defective_ports() else { panic!("one port") };
    let mut patient = scott(format!("tcps://127.0.0.1:{}/FREEPDB1", port.address.port()));
    let report = diagnose(&patient).await;
    let tls = report.steps.iter().find(|step| step.name == "TLS").unwrap();
    assert_eq!(tls.state, State::Failed, "{report}");
    assert_eq!(report.chain.len(), 3);
    for line in ["certificate 0 is for: ", "certificate 2 is for: ", " (itself)", "  valid from "] {
        assert!(tls.findings.iter().any(|found| found.contains(line)), "{line}: {report}");
    }
    assert!(tls.findings.last().unwrap().contains("not trusted"), "{report}");
    assert!(tls.remedy.is_some(), "{report}");
    let fingerprint = port.fingerprint.clone().unwrap().to_uppercase();
    let shown = tls.findings.iter().find(|line| line.contains("SHA-256")).unwrap();
    assert_eq!(shown.replace(':', "").trim(), format!("SHA-256 {fingerprint}"));
    let states: Vec<_> = report.steps.iter().map(|step| step.state).collect();
    assert_eq!(states[5..], [State::NotReached; 3]);

    // What `--save-root` writes makes the same server good.
    patient.ca = Some(to_pem(report.chain.last().unwrap()).into_bytes());
    let report = diagnose(&patient).await;
    assert!(!report.has_failed(), "{report}");
    assert_eq!(to_pem(report.chain.last().unwrap()).trim(), port.ca_pem.replace('\r', "").trim());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_set_up_stops_at_its_step_with_a_remedy() {
    let simulator = simulator(Builder::default().listen(ANY_PORT)).await;
    let port = simulator.tcp_address().unwrap().port();
    // A port that nobody listens at: one that was just given up.
    let free = std::net::TcpListener::bind(ANY_PORT).unwrap().local_addr().unwrap().port();
    let wallet = concat!(env!("CARGO_MANIFEST_DIR"), "/../wallet/tests/vectors/aes256.pem");
    let healthy = format!("127.0.0.1:{port}/FREEPDB1");
    let with_wallet = Patient {
        wallet_location: Some(wallet.into()),
        wallet_password: Some(Secret::from("hunter2")),
        ..scott(healthy.clone())
    };
    let wrong_password = Patient { password: Secret::from("hunter2"), ..scott(healthy) };
    for (patient, step, finding, remedy) in [
        (scott("127.0.0.1:99999/x".to_owned()), "connect string", "99999", ""),
        (with_wallet, "wallet", "the wallet password is wrong", "downloaded or made"),
        (
            scott("no-such-host.invalid/x".to_owned()),
            "name look-up",
            "no-such-host.invalid",
            "check the host",
        ),
        (scott(format!("127.0.0.1:{free}/x")), "TCP", "refused", "nothing listens there"),
        (scott(format!("tcps://127.0.0.1:{port}/x")), "TLS", "TLS handshake with", ""),
        (
            scott(format!("127.0.0.1:{port}/nowhere")),
            "listener",
            "ORA-12514",
            "does not know the service",
        ),
        (wrong_password, "log-on", "ORA-01017", ""),
    ] {
        let report = diagnose(&patient).await;
        let failed: Vec<_> =
            report.steps.iter().filter(|step| step.state == State::Failed).collect();
        let [failed] = failed.as_slice() else { panic!("{step}: {report}") };
        assert_eq!(failed.name, step, "{report}");
        assert!(failed.findings.last().unwrap().contains(finding), "{report}");
        assert!(failed.remedy.as_deref().unwrap_or_default().contains(remedy), "{report}");
        let text = format!("{report}{}", report.to_json());
        assert!(!text.contains("tiger") && !text.contains("hunter2"), "{text}");
    }
}

/// A listener that reads CONNECT and answers with these bytes, or just hangs up.
async fn stub(answer: Vec<u8>) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind(ANY_PORT).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut packet = [0; 512];
                if stream.read(&mut packet).await.is_ok_and(|length| length > 0) {
                    let _ = stream.write_all(&answer).await;
                }
            });
        }
    });
    address
}

/// A packet of this type.
fn packet(packet_type: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap().to_be_bytes();
    [&[length[0], length[1], 0, 0, packet_type, 0, 0, 0], payload].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn access_lists_and_native_encryption_are_named() {
    let text =
        b"(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR=12506)(ERROR_STACK=(ERROR=(CODE=12506)(EMFI=4))))";
    let length = u16::try_from(text.len()).unwrap().to_be_bytes();
    let filtered = packet(4, &[&[34, 0, length[0], length[1]][..], text].concat());
    // ACCEPT of version 315: its flags of native services say "required".
    let mut accept = vec![0; 33];
    accept[..2].copy_from_slice(&315u16.to_be_bytes());
    accept[14] = 0x10;
    accept[24..28].copy_from_slice(&8192u32.to_be_bytes());
    for (answer, step, finding, remedy) in [
        (Vec::new(), "listener", "closed without an answer", "access control list may keep"),
        (filtered, "listener", "the listener refuses: ORA-12506", "access control list keeps"),
        (packet(2, &accept), "native encryption", "native encryption", "use TCPS"),
    ] {
        let address = stub(answer).await;
        let report = diagnose(&scott(format!("127.0.0.1:{}/x", address.port()))).await;
        let failed = report.steps.iter().find(|step| step.state == State::Failed).unwrap();
        assert_eq!(failed.name, step, "{report}");
        assert!(failed.findings.last().unwrap().contains(finding), "{report}");
        assert!(failed.remedy.as_deref().unwrap_or_default().contains(remedy), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_prints_saves_and_tells_by_its_exit_code() {
    let defect = TlsDefect::RootInChain;
    let simulator = simulator(Builder::default().listen_tls(ANY_PORT).tls_defect(defect)).await;
    let [port] = simulator.defective_ports() else { panic!("one port") };
    let target = format!("tcps://127.0.0.1:{}/FREEPDB1", port.address.port());
    let root = std::env::temp_dir().join(format!("oraedge-doctor-{}.pem", std::process::id()));
    let command = async |more: &[&str]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_oraedge"));
        command.env_clear().env("DB_PASSWORD", "tiger");
        command.args(["doctor", &target, "--user", "scott"]).args(more);
        let output = command.output().await.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let file = root.display().to_string();
    let (code, text) = command(&["--save-root", &file]).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("TLS: failed") && text.contains("What to do: "), "{text}");
    let (code, text) = command(&["--ca", &file, "--json"]).await;
    let _ = std::fs::remove_file(&root);
    assert_eq!(code, Some(0), "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["steps"][7]["step"], "log-on");
    assert_eq!(json["steps"][7]["state"], "passed");
    let (code, _) = command(&["--ca", "/nonexistent"]).await;
    assert_eq!(code, Some(2));
}
