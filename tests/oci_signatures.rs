//! Signed requests, byte for byte those of Oracle's SDK: each row of `vectors/oci_signatures.jsonl`,
//! which `tests/peers/python/oci_signature_vectors.py` wrote with the SDK.
#![cfg(feature = "tokens")]

use std::collections::BTreeMap;

use base64ct::{Base64, Encoding};
use oraedge::auth::http::{HttpRequest, Method};
use oraedge::auth::oci::{ApiKey, signer};
use oraedge::time::UnixTime;
use serde_json::Value;

fn method(name: &str) -> Method {
    [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete]
        .into_iter()
        .find(|method| method.as_str() == name)
        .unwrap()
}

fn request(row: &Value) -> HttpRequest {
    let mut request =
        HttpRequest::new(method(row["method"].as_str().unwrap()), row["url"].as_str().unwrap());
    request.body = row["body"].as_str().map(|text| Base64::decode_vec(text).unwrap());
    for (name, value) in row["headers"].as_object().unwrap() {
        request = request.with_header(name, value.as_str().unwrap());
    }
    request
}

fn key(name: &str) -> ApiKey {
    let path = format!("{}/tests/vectors/oci_keys/{name}", env!("CARGO_MANIFEST_DIR"));
    ApiKey::from_file(&std::fs::read(path).unwrap(), None).unwrap()
}

#[test]
fn requests_are_signed_as_the_sdk_signs_them() {
    let mut keys = BTreeMap::new();
    let mut count = 0;
    for line in include_str!("vectors/oci_signatures.jsonl").lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let name = row["key"].as_str().unwrap();
        let key = keys.entry(name.to_owned()).or_insert_with(|| key(name));
        let now = UnixTime::from_secs(row["now"].as_u64().unwrap());
        let mut request = request(&row);
        let (text, _) = signer::string_to_sign(&request, now).unwrap();
        assert_eq!(text, row["text"], "{line}");
        signer::sign_request(&mut request, row["key_id"].as_str().unwrap(), key, now).unwrap();
        assert_eq!(request.header("authorization"), row["authorization"].as_str(), "{line}");
        for (header, value) in row["signed"].as_object().unwrap() {
            assert_eq!(request.header(header), value.as_str(), "{header}: {line}");
            let times =
                request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(header));
            assert_eq!(times.count(), 1, "{header}: {line}");
        }
        assert_eq!(request.header("accept"), Some("application/json"), "{line}");
        count += 1;
    }
    assert!(count >= 200, "{count}");
}

#[test]
fn key_ids_have_the_forms_of_the_sdk() {
    assert_eq!(signer::api_key_id("t", "u", "f"), "t/u/f");
    assert_eq!(signer::token_key_id("a.b.c"), "ST$a.b.c");
}

#[test]
fn what_would_not_be_sent_as_it_is_is_not_signed() {
    for (url, what) in [
        ("https://h/a b", "spaces"),
        ("https://h/b\u{fc}cher", "ASCII"),
        ("https://b\u{fc}cher/", "ASCII"),
        ("https://h/\r\nx: y", "spaces"),
        ("https://user:hunter2@h/", "user in it"),
        ("/v1", "no host"),
        ("https:///v1", "no host"),
    ] {
        let error = signer::string_to_sign(&HttpRequest::get(url), UnixTime::default())
            .expect_err(url)
            .to_string();
        assert!(error.contains(what), "{url}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    for value in ["a\nhost: b", "\u{fc}"] {
        let request = HttpRequest::post("https://h/", value, "");
        let error = signer::string_to_sign(&request, UnixTime::default()).unwrap_err().to_string();
        assert!(error.contains("content-type"), "{error}");
    }
}
