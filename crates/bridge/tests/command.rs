//! The command: what it prints, how it ends, and what it says when it cannot start.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
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
        (vec!["--ca-only"], "--ca <FILE>"),
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
