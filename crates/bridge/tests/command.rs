//! The command: what it prints, how it ends, and what it says when it cannot start.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oraedge-bridge"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts it and returns it with the address that it printed.
fn start(arguments: &[&str]) -> (Child, String) {
    let mut child = command(arguments).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening ws=").expect("its first line");
    let address = address.to_owned();
    (child, address)
}

#[test]
fn it_says_where_it_listens_and_ends_on_either_signal() {
    for signal in ["TERM", "INT"] {
        let (mut child, address) = start(&["--listen", "127.0.0.1:0", "--allow", "db:1521"]);
        TcpStream::connect(&address).unwrap();
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        let begin = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(begin.elapsed() < Duration::from_secs(20), "{signal} does not end it");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(child.wait().unwrap().success(), "{signal}");
        let mut log = String::new();
        child.stderr.unwrap().read_to_string(&mut log).unwrap();
        assert!(log.contains("no client is allowed"), "{log}");
    }
}

#[test]
fn what_it_cannot_do_it_names() {
    let (mut first, taken) = start(&["--listen", "127.0.0.1:0"]);
    for (arguments, says) in [
        (vec!["--allow", "db"], "HOST:PORT"),
        (vec!["--allow", "*:1521"], "no patterns"),
        (vec!["--allow-origin", "console.example"], "SCHEME://"),
        (vec!["--ca", "/no/such/file.pem"], "/no/such/file.pem"),
        (vec!["--listen", &taken], taken.as_str()),
        (vec!["--max-connections", "0"], "max-connections"),
        (vec!["--ca-only"], "--ca FILE"),
        (vec!["--tls-cert", "x.pem"], "--tls-key"),
    ] {
        let mut all = arguments.clone();
        if !all.contains(&"--listen") {
            all.extend(["--listen", "127.0.0.1:0"]);
        }
        let output = command(&all).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(text.contains(says), "{arguments:?}: {text}");
    }
    first.kill().unwrap();
    first.wait().unwrap();
}

/// A folder of the test's own.
fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("oraedge-bridge-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn check_reads_the_configuration_and_every_file_that_it_names() {
    let folder = folder("check");
    let config = folder.join("bridge.toml");
    let secret = folder.join("ticket.secret");
    std::fs::write(&secret, "x".repeat(40)).unwrap();
    for (text, good, says) in [
        (
            "allow = ['db:1521']\nallow-origin = ['https://a.example']\nticket-key = ['ticket.secret']",
            true,
            "",
        ),
        ("allow = ['db:1521']", true, "no client is allowed"),
        ("allow-no-origin = true\nallow = ['db:1521']", true, "without a token"),
        ("allow = 'db:1521'", false, "sequence"),
        ("alow = ['db:1521']", false, "alow"),
        ("allow = ['db']", false, "port"),
        ("ticket-key = ['no-such-file']", false, "no-such-file"),
        ("tls-cert = 'ticket.secret'", false, "--tls-key"),
        ("tls-cert = 'ticket.secret'\ntls-key = 'ticket.secret'", false, "ticket.secret"),
        ("ca = ['ticket.secret']", false, "CERTIFICATE"),
        ("max-connections = 0", false, "max-connections"),
        ("allow-network = ['10.0.0.0/40']", false, "ADDRESS/BITS"),
        ("allow-identity = ['http://auth.example']", false, "loopback"),
    ] {
        std::fs::write(&config, text).unwrap();
        let output = command(&["--check", "--config", config.to_str().unwrap()]).output().unwrap();
        let all = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.success(), good, "{text}: {all}");
        assert!(all.contains(says), "{text}: {all}");
        assert_eq!(all.contains("the settings can be used"), good, "{all}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_ticket_that_it_makes_is_one_that_it_takes() {
    let folder = folder("ticket");
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let openssl = |arguments: &[&str]| {
        assert!(Command::new("openssl").args(arguments).status().unwrap().success());
    };
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", &path("key.pem")]);
    openssl(&["pkey", "-in", &path("key.pem"), "-pubout", "-out", &path("public.pem")]);
    let make = |target: &str| {
        let output = command(&["ticket", "--key", &path("key.pem"), "--target", target]).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    // An identity request with the ticket: one round trip by hand, and no WebSocket library.
    let host = "127.0.0.1:1";
    let url = format!("http://{host}");
    let (mut child, address) = start(&[
        "--listen",
        "127.0.0.1:0",
        "--allow-no-origin",
        "--allow-identity",
        &url,
        "--ticket-key",
        &path("public.pem"),
    ]);
    let ask = |ticket: &str| {
        let body = format!(r#"{{"method":"POST","url":"{url}/v1/x509"}}"#);
        let mut tcp = TcpStream::connect(&address).unwrap();
        write!(
            tcp,
            "POST /identity HTTP/1.1\r\nHost: b\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: Bearer {ticket}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).unwrap();
        answer
    };
    let good = make(host);
    // Past the guards; nothing listens there.
    assert!(ask(&good).contains("CONNECTION_REFUSED"), "{}", ask(&good));
    assert!(ask(&make("127.0.0.1:2")).contains("not for 127.0.0.1:1"));
    assert!(ask("geheim").contains("UNAUTHORIZED"));

    // A new key, and the old ticket is worth nothing.
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", &path("key.pem")]);
    openssl(&["pkey", "-in", &path("key.pem"), "-pubout", "-out", &path("public.pem")]);
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-s", "HUP", &pid]).status().unwrap().success());
    let begin = Instant::now();
    while !ask(&good).contains("none of this bridge") {
        assert!(begin.elapsed() < Duration::from_secs(20), "the old key still holds");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(ask(&make(host)).contains("CONNECTION_REFUSED"));

    child.kill().unwrap();
    child.wait().unwrap();
    let mut log = String::new();
    child.stderr.unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("read anew"), "{log}");
    assert!(!log.contains("geheim") && !log.contains(&good), "{log}");
    std::fs::remove_dir_all(&folder).unwrap();
}
