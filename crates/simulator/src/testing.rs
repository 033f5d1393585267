//! What tests share: hexadecimal, and the recordings of real servers and drivers.

use std::path::PathBuf;

/// Bytes from hexadecimal digits; white space is passed over.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
        .collect()
}

/// One line of a recording.
pub(crate) struct Record {
    /// Its unique name.
    pub(crate) id: String,
    /// Whether the client sent it.
    pub(crate) from_client: bool,
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
}

/// The folder with the recordings.
pub(crate) struct Recordings {
    folder: PathBuf,
}

impl Recordings {
    /// Finds the folder beside the checkout or by `ORAEDGE_WIRE`; says so if it is not there.
    pub(crate) fn open() -> Option<Recordings> {
        let folder = match std::env::var_os("ORAEDGE_WIRE") {
            Some(folder) => PathBuf::from(folder),
            None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/wire"),
        };
        if folder.join("messages.jsonl").is_file() {
            return Some(Recordings { folder });
        }
        eprintln!("!!! NOT TESTED: no recordings at {} (set ORAEDGE_WIRE)", folder.display());
        None
    }

    fn lines(&self, file: &str) -> Vec<Record> {
        let text = std::fs::read_to_string(self.folder.join(file)).unwrap();
        text.lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .filter(|line| line["hex"].is_string())
            .map(|line| Record {
                id: line["id"].as_str().unwrap().to_owned(),
                from_client: line["direction"] == "client",
                bytes: unhex(line["hex"].as_str().unwrap()),
            })
            .collect()
    }

    /// The bytes of one line of `messages.jsonl`.
    pub(crate) fn message(&self, id: &str) -> Vec<u8> {
        self.lines("messages.jsonl").into_iter().find(|record| record.id == id).unwrap().bytes
    }

    /// Every packet of a session, in order.
    pub(crate) fn session(&self, name: &str) -> Vec<Record> {
        self.lines(&format!("sessions/{name}.jsonl"))
    }

    /// A random value or a key of a session's log-on.
    pub(crate) fn log_on_value(&self, session: &str, name: &str) -> Vec<u8> {
        let path = self.folder.join(format!("sessions/{session}.jsonl"));
        let text = std::fs::read_to_string(path).unwrap();
        let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        unhex(line["expect"]["auth"][name].as_str().unwrap())
    }

    /// The names of all sessions.
    pub(crate) fn sessions(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.join("sessions"))
            .unwrap()
            .filter_map(|entry| {
                Some(entry.unwrap().file_name().to_str()?.strip_suffix(".jsonl")?.to_owned())
            })
            .collect();
        names.sort();
        names
    }

    /// One packet of a session.
    pub(crate) fn packet(&self, session: &str, number: usize) -> Vec<u8> {
        let id = format!("{session}#{number:04}");
        self.session(session).into_iter().find(|record| record.id == id).unwrap().bytes
    }
}
