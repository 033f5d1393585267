//! Configuration files as Oracle's SDK reads them: each row of `vectors/oci_config.jsonl`, which
//! `tests/peers/python/oci_config_vectors.py` wrote with the SDK.
#![cfg(feature = "tokens")]

use std::collections::BTreeMap;

use oraedge::auth::oci::OciConfig;
use oraedge::auth::oci::config::{Problem, expand_home};
use proptest::prelude::*;
use serde_json::Value;

fn rows() -> Vec<Value> {
    include_str!("vectors/oci_config.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_else(|| panic!("no {key} in {row}"))
}

/// How our errors name what the SDK has classes for.
fn wording(kind: &str) -> &'static str {
    match kind {
        "no section" => "there is no section in front of this line",
        "section twice" => "is there already",
        "key twice" => "is set in line",
        "unreadable" => "neither a section nor KEY=VALUE",
        "no profile" => "has no profile",
        "key_content" => "key_content",
        "log_requests" => "neither true nor false",
        other => panic!("{other}"),
    }
}

#[test]
fn files_are_read_as_the_sdk_reads_them() {
    let mut count = 0;
    for row in rows().iter().filter(|row| row.get("text").is_some()) {
        count += 1;
        let name = text(row, "name");
        let result =
            OciConfig::parse(text(row, "text")).and_then(|all| all.profile(text(row, "profile")));
        if let Some(kind) = row["error"].as_str() {
            let error = result.expect_err(name).to_string();
            assert!(error.contains(wording(kind)), "{name}: {error}");
            if let Some(line) = row["line"].as_u64() {
                assert!(error.contains(&format!("line {line}:")), "{name}: {error}");
            }
            continue;
        }
        let config = result.unwrap_or_else(|error| panic!("{name}: {error}"));
        let values: BTreeMap<&str, &str> = config
            .keys()
            .filter(|key| *key != "log_requests")
            .map(|key| (key, config.get(key).unwrap()))
            .collect();
        let expected: BTreeMap<&str, &str> = row["values"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str().unwrap()))
            .collect();
        assert_eq!(values, expected, "{name}");
        let problems: BTreeMap<&str, &str> = config
            .problems()
            .into_iter()
            .map(|(key, problem)| match problem {
                Problem::Missing => (key, "missing"),
                Problem::Malformed => (key, "malformed"),
            })
            .collect();
        let expected: BTreeMap<&str, &str> = row["problems"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str().unwrap()))
            .collect();
        assert_eq!(problems, expected, "{name}");
        assert_eq!(config.validate().is_ok(), expected.is_empty(), "{name}");
    }
    assert!(count >= 200, "{count}");
}

#[test]
fn home_directories_are_put_in_as_the_sdk_does() {
    let mut count = 0;
    for row in rows().iter().filter(|row| row.get("path").is_some()) {
        let expanded = expand_home(text(row, "path"), Some(text(row, "home")));
        assert_eq!(expanded, text(row, "expanded"), "{row}");
        count += 1;
    }
    assert!(count > 20, "{count}");
}

#[test]
fn what_is_wrong_with_a_profile_is_told_with_its_lines() {
    let config = OciConfig::parse("[WORK]\nuser=me\n\ntenancy=ocid1.tenancy.oc1..a\nregion=phx\n")
        .unwrap()
        .profile("WORK")
        .unwrap();
    let error = config.validate().unwrap_err().to_string();
    for part in [
        "profile WORK",
        "user in line 2 of the profile WORK is malformed",
        "fingerprint is missing",
        "key_file is missing",
        "oci setup config",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let error = config.validate_session().unwrap_err().to_string();
    for part in
        ["security_token_file, key_file missing", "oci session authenticate --profile-name WORK"]
    {
        assert!(error.contains(part), "{part}: {error}");
    }
    let error = config.require("compartment").unwrap_err().to_string();
    assert!(error.contains("profile WORK") && error.contains("no compartment"), "{error}");
}

#[test]
fn a_profile_that_is_not_there_is_told_with_those_that_are() {
    let all = OciConfig::parse("[DEFAULT]\na=1\n[WORK]\n").unwrap();
    let error = all.profile("PLAY").unwrap_err().to_string();
    assert!(error.contains("no profile PLAY; it has DEFAULT, WORK"), "{error}");
}

#[test]
fn delegation_is_ignored_with_a_note() {
    let text = "[DEFAULT]\nauthentication_type=instance_principal\ndelegation_token_file=/t\n";
    let config = OciConfig::parse(text).unwrap().profile("DEFAULT").unwrap();
    let notes = config.notes().join("\n");
    assert!(notes.contains("authentication_type in line 2 of the profile DEFAULT is ignored"));
    assert!(notes.contains("delegation_token_file in line 3 of the profile DEFAULT is ignored"));
}

#[test]
fn no_value_is_in_debug_output_or_in_errors() {
    let text = "[DEFAULT]\npass_phrase=hunter2\nuser=hunter2\nhunter2\n";
    let error = OciConfig::parse(text).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    let all = OciConfig::parse(text.strip_suffix("hunter2\n").unwrap()).unwrap();
    let config = all.profile("DEFAULT").unwrap();
    let error = config.validate().unwrap_err();
    let shown = format!("{all:?} {config:?} {config:#?} {error} {:?}", config.pass_phrase());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(config.pass_phrase().unwrap().expose_text(), Some("hunter2"));
}

proptest! {
    /// What is written as KEY=VALUE comes back.
    #[test]
    fn profiles_come_back(
        sections in proptest::collection::btree_map(
            "[A-Za-z0-9_-]{1,12}",
            proptest::collection::btree_map("[a-z_][a-z0-9_.]{0,12}", "[!-~]([ -~]{0,30}[!-~])?", 0..6),
            0..4,
        ),
        windows: bool,
    ) {
        let end = if windows { "\r\n" } else { "\n" };
        let mut text = String::new();
        for (name, keys) in &sections {
            text += &format!("[{name}]{end}");
            for (key, value) in keys {
                text += &format!("{key} = {value}{end}");
            }
        }
        let all = OciConfig::parse(&text).unwrap();
        let defaults = sections.get("DEFAULT").cloned().unwrap_or_default();
        for (name, keys) in &sections {
            let mut expected = defaults.clone();
            expected.extend(keys.clone());
            if expected.contains_key("key_content") || expected.contains_key("log_requests") {
                continue;
            }
            let config = all.profile(name).unwrap();
            let found: BTreeMap<String, String> =
                config.keys().map(|key| (key.to_owned(), config.get(key).unwrap().to_owned())).collect();
            prop_assert_eq!(found, expected);
        }
    }

    /// Whatever a file holds, it is read or refused.
    #[test]
    fn any_text_is_read_or_refused(text in "(\\PC|[\\[\\]=:#;\\t\\r\\n ]){0,200}") {
        if let Ok(all) = OciConfig::parse(&text) {
            for name in all.names() {
                if let Ok(config) = all.profile(name) {
                    let _ = config.validate();
                }
            }
        }
    }
}
