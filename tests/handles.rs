//! Handles of suspended transactions against the vectors that Python wrote, which JavaScript reads
//! as well (`src/js/test/handles.test.js`).

use oraedge::client::{HandleKey, TransactionHandle};
use oraedge::time::UnixTime;
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/handles.json")).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn keys(value: &Value) -> Vec<HandleKey> {
    let key = |hex: &Value| HandleKey::new(bytes(hex.as_str().unwrap())).unwrap();
    value["keys"].as_array().unwrap().iter().map(key).collect()
}

#[test]
fn handles_are_written_and_read_as_everywhere_else() {
    for vector in vectors()["good"].as_array().unwrap() {
        let handle = TransactionHandle {
            id: bytes(text(vector, "id")),
            database: text(vector, "database").to_owned(),
            timeout: vector["timeout"].as_u64().map(|seconds| seconds.try_into().unwrap()),
            expiry: vector["expiry"].as_u64().map(UnixTime::from_millis),
        };
        assert_eq!(handle.to_string(), text(vector, "text"));
        assert_eq!(text(vector, "text").parse::<TransactionHandle>().unwrap(), handle);
        let key = HandleKey::new(bytes(text(vector, "key"))).unwrap();
        assert_eq!(handle.seal(&key).unwrap(), text(vector, "sealed"));
        assert_eq!(TransactionHandle::open(text(vector, "sealed"), &[key]).unwrap(), handle);
    }
    let rotation = &vectors()["rotation"];
    let opened = TransactionHandle::open(text(rotation, "sealed"), &keys(rotation)).unwrap();
    assert_eq!(opened.to_string(), text(rotation, "text"));
}

#[test]
fn what_is_no_handle_is_refused_with_its_own_code() {
    for bad in vectors()["bad_texts"].as_array().unwrap() {
        let error = bad.as_str().unwrap().parse::<TransactionHandle>().unwrap_err();
        assert_eq!(error.code(), "OED-HANDLE-MALFORMED", "{bad}: {error}");
    }
    for bad in vectors()["bad_seals"].as_array().unwrap() {
        let error = TransactionHandle::open(text(bad, "sealed"), &keys(bad)).unwrap_err();
        assert_eq!(error.code(), text(bad, "error"), "{bad}: {error}");
    }
}
