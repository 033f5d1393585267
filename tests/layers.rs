//! The layers of the crate, read from its own source: no module knows one above it.
//!
//! Every path that begins with `crate::`, or with enough `super::` to reach the root, counts,
//! in groups and in test modules as well; comments and strings do not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Each module at the root, and those that it may know besides itself.
const LAYERS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("time", &[]),
    ("wire", &["error", "time"]),
    ("auth", &["wire", "error", "time"]),
    ("connect_string", &["wire", "error", "time"]),
    ("protocol", &["wire", "error", "time"]),
    ("session", &["protocol", "auth", "connect_string", "wire", "error", "time"]),
    ("client", &["session", "protocol", "auth", "connect_string", "wire", "error", "time"]),
    ("wasm", &["client", "session", "protocol", "auth", "connect_string", "wire", "error", "time"]),
];

/// What the simulator must write for itself: a client and a server that shared their messages
/// would share their mistakes.
const NOT_IN_SIMULATOR: &[&[&str]] = &[
    &["protocol"],
    &["session"],
    &["client"],
    &["wire", "ttc"],
    &["wire", "packet"],
    &["wire", "connect"],
    &["wire", "capabilities"],
];

// ---- tokens ----

/// A name, or one of `::`, `{`, `}`, `,`, `*`, `;`. What else there is in Rust is a `.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Name(&'a str),
    Colons,
    Open,
    Close,
    Comma,
    Star,
    Semicolon,
    Other,
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The tokens of a file, each with its line, without comments, strings and characters.
fn tokens(source: &str) -> Vec<(usize, Token<'_>)> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut line = 1;
    while at < bytes.len() {
        let start = at;
        let rest = &source[at..];
        let token = if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            None
        } else if rest.starts_with("/*") {
            at += block_comment(rest);
            None
        } else if let Some(length) = string(rest) {
            at += length;
            Some(Token::Other)
        } else if is_name(bytes[at]) {
            at += rest.bytes().take_while(|byte| is_name(*byte)).count();
            Some(Token::Name(&source[start..at]))
        } else if rest.starts_with("::") {
            at += 2;
            Some(Token::Colons)
        } else {
            at += 1;
            match bytes[start] {
                b'{' => Some(Token::Open),
                b'}' => Some(Token::Close),
                b',' => Some(Token::Comma),
                b'*' => Some(Token::Star),
                b';' => Some(Token::Semicolon),
                byte if byte.is_ascii_whitespace() => None,
                _ => Some(Token::Other),
            }
        };
        tokens.extend(token.map(|token| (line, token)));
        line += source[start..at].matches('\n').count();
    }
    tokens
}

/// Length of the comment, which may hold others.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// Length of the string or character that the text begins with, if it does.
fn string(text: &str) -> Option<usize> {
    let prefix = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let hashes = text[prefix..].bytes().take_while(|byte| *byte == b'#').count();
    match &text[..prefix] {
        "r" | "br" | "cr" if text[prefix + hashes..].starts_with('"') => {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = &text[prefix + hashes + 1..];
            Some(text.len() - body.len() + body.find(&end)? + end.len())
        }
        "" | "b" | "c" if text[prefix..].starts_with('"') => {
            Some(prefix + 1 + quoted(&text[prefix + 1..], b'"'))
        }
        "" | "b" if text[prefix..].starts_with('\'') => {
            // A lifetime has no quotation mark behind one character.
            let body = &text[prefix + 1..];
            let first = body.chars().next()?;
            let is_character = first == '\\' || body[first.len_utf8()..].starts_with('\'');
            is_character.then(|| prefix + 1 + quoted(body, b'\''))
        }
        _ => None,
    }
}

/// Length up to and with the closing quotation mark.
fn quoted(body: &str, mark: u8) -> usize {
    let mut bytes = body.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if byte == b'\\' {
            bytes.next();
        } else if byte == mark {
            return at + 1;
        }
    }
    body.len()
}

// ---- paths ----

/// A path from the root: its line and its first two names at most (`*` for all of them).
type RootPath<'a> = (usize, Vec<&'a str>);

/// The paths behind `tokens[at]`, which follows the root's name: one, or each of a group.
fn paths_behind<'a>(tokens: &[(usize, Token<'a>)], at: usize) -> Vec<RootPath<'a>> {
    let token = |at: usize| tokens.get(at).map_or(Token::Other, |(_, token)| *token);
    let line = tokens.get(at).map_or(0, |(line, _)| *line);
    if token(at) != Token::Colons {
        // `use crate as root` would hide what comes behind.
        let renamed = token(at) == Token::Name("as");
        return if renamed { vec![(line, vec!["*"])] } else { Vec::new() };
    }
    match token(at + 1) {
        Token::Star | Token::Name("self") => vec![(line, vec!["*"])],
        Token::Name(name) => {
            let deeper = match token(at + 2) {
                Token::Colons => names_behind(tokens, at + 2),
                _ => Vec::new(),
            };
            if deeper.is_empty() {
                return vec![(line, vec![name])];
            }
            deeper.into_iter().map(|(line, below)| (line, vec![name, below])).collect()
        }
        Token::Open => {
            let mut paths = Vec::new();
            for item in group_items(tokens, at + 1) {
                match token(item) {
                    Token::Star | Token::Name("self") => {
                        paths.push((tokens[item].0, vec!["*"]));
                    }
                    Token::Name(name) => {
                        let deeper = names_behind(tokens, item + 1);
                        if deeper.is_empty() {
                            paths.push((tokens[item].0, vec![name]));
                        }
                        paths.extend(deeper.into_iter().map(|(at, below)| (at, vec![name, below])));
                    }
                    _ => {}
                }
            }
            paths
        }
        _ => Vec::new(),
    }
}

/// The names behind a `::` at `tokens[at]`: one, or the first of each item of a group.
fn names_behind<'a>(tokens: &[(usize, Token<'a>)], at: usize) -> Vec<(usize, &'a str)> {
    let token = |at: usize| tokens.get(at).map_or(Token::Other, |(_, token)| *token);
    if token(at) != Token::Colons {
        return Vec::new();
    }
    match token(at + 1) {
        Token::Name(name) => vec![(tokens[at + 1].0, name)],
        Token::Star => vec![(tokens[at + 1].0, "*")],
        Token::Open => group_items(tokens, at + 1)
            .into_iter()
            .filter_map(|item| match token(item) {
                Token::Name(name) => Some((tokens[item].0, name)),
                Token::Star => Some((tokens[item].0, "*")),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Where each item of the group that opens at `tokens[open]` begins.
fn group_items(tokens: &[(usize, Token<'_>)], open: usize) -> Vec<usize> {
    let mut items = vec![open + 1];
    let mut depth = 0;
    for (at, (_, token)) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth -= 1,
            Token::Comma if depth == 1 => items.push(at + 1),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    items
}

/// Every path from the root in a file whose module has this many names (2 for `wire::reader`).
fn root_paths<'a>(tokens: &[(usize, Token<'a>)], depth: usize) -> Vec<RootPath<'a>> {
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let inside_path = at > 0 && tokens[at - 1].1 == Token::Colons;
        match tokens[at].1 {
            Token::Name("crate") => paths.extend(paths_behind(tokens, at + 1)),
            Token::Name("super") if !inside_path => {
                let mut supers = 1;
                let next = [Token::Colons, Token::Name("super")];
                while tokens.get(at + 1..at + 3).is_some_and(|two| two.iter().map(|t| t.1).eq(next))
                {
                    supers += 1;
                    at += 2;
                }
                if supers >= depth {
                    paths.extend(paths_behind(tokens, at + 1));
                }
            }
            _ => {}
        }
        at += 1;
    }
    paths
}

/// What `lib.rs` exports at the root from its modules: name and module.
fn exports(lib: &str) -> BTreeMap<String, String> {
    let tokens = tokens(lib);
    let mut exports = BTreeMap::new();
    for (at, window) in tokens.windows(2).enumerate() {
        if let [(_, Token::Name("pub")), (_, Token::Name("use"))] = window
            && let Some((_, Token::Name(module))) = tokens.get(at + 2)
        {
            let end = tokens.iter().skip(at).position(|(_, token)| *token == Token::Semicolon);
            let end = at + end.expect("`use` ends with a semicolon");
            // Every name up to the end of the statement: more than is exported does no harm.
            for (_, token) in &tokens[at + 3..end] {
                if let Token::Name(name) = token {
                    exports.insert((*name).to_owned(), (*module).to_owned());
                }
            }
        }
    }
    exports
}

// ---- the rules ----

/// What a file of the root package does that it must not, each with its line. `module` is its path:
/// `wire::reader`.
fn violations(module: &str, source: &str, exports: &BTreeMap<String, String>) -> Vec<String> {
    let names: Vec<&str> = module.split("::").collect();
    let top = names[0];
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == top) else {
        return vec![format!("{module}: add {top} to LAYERS, and say what it may know")];
    };
    let tokens = tokens(source);
    let mut found = Vec::new();
    for (line, path) in root_paths(&tokens, names.len()) {
        let name = path[0];
        if name == "*" {
            found.push(format!("{module}:{line}: takes in the whole root; name what is used"));
            continue;
        }
        let target = exports.get(name).map_or(name, String::as_str);
        let is_layer = LAYERS.iter().any(|(layer, _)| *layer == target);
        if is_layer && target != top && !allowed.contains(&target) {
            found.push(format!("{module}:{line}: {top} must not know {target} (crate::{name})"));
        }
    }
    // An item of a group may name the module several times.
    found.dedup();
    for (line, token) in &tokens {
        if let Token::Name(name) = token
            && name.starts_with("oraedge_")
        {
            found.push(format!("{module}:{line}: the root must not know its member {name}"));
        }
    }
    found
}

/// What a file of the simulator takes from the client that it must not.
fn simulator_violations(file: &str, source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    for (at, (line, token)) in tokens.iter().enumerate() {
        if *token != Token::Name("oraedge") {
            continue;
        }
        for (_, path) in paths_behind(&tokens, at + 1) {
            if path == ["*"] {
                found.push(format!("{file}:{line}: takes in the whole crate; name what is used"));
            }
            if NOT_IN_SIMULATOR.iter().any(|forbidden| path.starts_with(forbidden)) {
                found.push(format!("{file}:{line}: must not use oraedge::{}", path.join("::")));
            }
        }
    }
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn no_module_knows_one_above_it() {
    let source = root().join("src");
    let exports = exports(&read(&source.join("lib.rs")));
    let mut found = Vec::new();
    let mut files = 0;
    for path in rust_files(&source) {
        let relative = path.strip_prefix(&source).unwrap().with_extension("");
        let module = relative.to_str().unwrap().replace(std::path::MAIN_SEPARATOR, "::");
        let module = module.strip_suffix("::mod").unwrap_or(&module);
        if module != "lib" {
            found.extend(violations(module, &read(&path), &exports));
            files += 1;
        }
    }
    assert!(files > 20, "only {files} files were looked at");
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn the_root_depends_on_no_member() {
    let manifest = read(&root().join("Cargo.toml"));
    let mut section = "";
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        }
        let counts = section.ends_with("dependencies]") && !section.contains("dev-dependencies");
        let is_member = line.starts_with("oraedge-") || line.contains("path = \"crates/");
        assert!(!(counts && section != "[workspace.dependencies]" && is_member), "{line}");
    }
}

#[test]
fn the_simulator_writes_its_own_messages() {
    let source = root().join("crates/simulator/src");
    let mut found = Vec::new();
    for path in rust_files(&source) {
        found.extend(simulator_violations(&path.display().to_string(), &read(&path)));
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

// ---- the checker itself ----

const LIB: &str =
    "pub use client::{Connection, pool::Pool as Many};\npub use error::{Error, Result};";

#[test]
fn the_checker_finds_an_upward_path_however_it_is_written() {
    let bad = [
        ("wire::reader", "use crate::session::Session;"),
        ("wire::reader", "use crate::{error::Error, client};"),
        (
            "wire::reader",
            "use crate::{\n    error::{Error, Result},\n    protocol::{self, Rows},\n};",
        ),
        ("wire::reader", "fn f() -> crate::protocol::Rows { todo!() }"),
        ("wire::reader", "use super::super::protocol::Rows;"),
        ("wire", "use super::protocol::Rows;"),
        ("wire::value::number", "use super::super::super::auth;"),
        ("wire", "use crate::Connection;"),
        ("wire", "use crate::{Error, Many};"),
        ("wire", "use crate::*;"),
        ("wire", "use crate::{self as root};"),
        ("wire", "use crate as root;"),
        ("wire", "use oraedge_native::tcp;"),
        ("wire", "macro_rules! m { () => { $crate::client::Connection } }"),
        ("wire", "/* a /* nested */ comment */ use crate::wasm;"),
        ("wire", "const A: char = '\"'; use crate::client; const B: char = '\"';"),
        ("wire", "fn f<'a>(a: &'a str) -> crate::client::X<'a> { }"),
        ("error", "use crate::wire::Reader;"),
        ("time", "use crate::error::Error;"),
        ("auth::token", "use crate::protocol;"),
        ("auth::token", "use crate::connect_string;"),
        ("connect_string", "use crate::auth;"),
        ("protocol::rows", "use crate::session;"),
        ("protocol::rows", "use crate::auth;"),
        ("session::binds", "use crate::client;"),
        ("client", "use crate::wasm;"),
        ("gadget", "fn f() {}"),
    ];
    for (module, source) in bad {
        let found = violations(module, source, &exports(LIB));
        assert_eq!(found.len(), 1, "{module}: {source}: {found:?}");
    }
}

#[test]
fn the_checker_lets_pass_what_is_in_order() {
    let good = [
        ("wire::reader", "use crate::error::Error; use crate::wire::Writer; use super::writer;"),
        ("wire::reader", "use crate::{Error, Result};"),
        ("wire::reader", "// crate::client\n/// [`crate::session`]\n/* crate::client */"),
        (
            "wire::reader",
            "const A: &str = \"crate::client\"; const B: &str = r#\"\"crate::client\"#;",
        ),
        ("wire::reader", "const A: &[u8] = b\"\\\"crate::client\";"),
        ("wire::reader", "pub(crate) fn f() {}"),
        ("wire::value::number", "use super::super::reader::Reader;"),
        ("session::binds", "use crate::{auth, connect_string, protocol, time, wire};"),
        ("client", "use crate::session::Session;"),
        ("wasm::rows", "use crate::{Connection, client, wire};"),
        ("wire", "use futures::{protocol::X, client};"),
    ];
    for (module, source) in good {
        assert_eq!(violations(module, source, &exports(LIB)), [""; 0], "{module}: {source}");
    }
}

#[test]
fn the_checker_tells_the_line() {
    let source = "//! Docs.\n\nuse std::fmt;\n\nuse crate::{\n    error,\n    client,\n};\n";
    let found = violations("wire", source, &exports(LIB));
    assert_eq!(found, ["wire:7: wire must not know client (crate::client)"]);
}

#[test]
fn the_checker_finds_what_the_simulator_must_not_use() {
    for source in [
        "use oraedge::wire::ttc::row;",
        "use oraedge::wire::{ttc, value};",
        "use oraedge::{error::Error, session::Session};",
        "use oraedge::{wire::{packet::Packet, value::Number}};",
        "use oraedge::*;",
    ] {
        assert_eq!(simulator_violations("x.rs", source).len(), 1, "{source}");
    }
    for source in [
        "use oraedge::wire::value::Number;",
        "use oraedge::wire::{Reader, Writer, value};",
        "use oraedge::{error::Error, time::Timestamp};",
        "// oraedge::session",
    ] {
        assert_eq!(simulator_violations("x.rs", source), [""; 0], "{source}");
    }
}
