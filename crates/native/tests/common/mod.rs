//! Server programs that tests start and end.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A server program that is ended with the test.
pub(crate) struct Server {
    child: Child,
    /// Port of its TCP listener; 0 if it has none.
    pub(crate) tcp: u16,
    /// Port of its TCPS listener; 0 if it has none.
    pub(crate) tcps: u16,
}

impl Server {
    /// Starts it and waits for its line `listening tcp=127.0.0.1:PORT tcps=127.0.0.1:PORT`.
    pub(crate) fn start(command: &mut Command) -> Server {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = |kind: &str| {
            line.split_ascii_whitespace()
                .find_map(|word| word.strip_prefix(kind)?.rsplit(':').next()?.parse().ok())
                .unwrap_or(0)
        };
        let (tcp, tcps) = (port("tcp="), port("tcps="));
        let server = Server { child, tcp, tcps };
        assert!(server.tcp != 0 || server.tcps != 0, "{command:?} said {line:?}");
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
