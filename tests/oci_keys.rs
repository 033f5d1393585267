//! Private keys in every form that OpenSSL writes, and what is no such key
//! (`tests/peers/python/oci_keys.py` makes the files).
#![cfg(feature = "tokens")]

use std::path::{Path, PathBuf};

use oraedge::auth::Secret;
use oraedge::auth::oci::ApiKey;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::pkcs8::DecodePublicKey;
use serde_json::Value;
use sha2::{Digest, Sha256};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/oci_keys")
}

fn expected() -> Vec<(String, Value)> {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    let Value::Object(rows) = serde_json::from_str(&text).unwrap() else { panic!("no object") };
    rows.into_iter().collect()
}

fn read(name: &str, pass_phrase: Option<&str>) -> Result<ApiKey, oraedge::Error> {
    let bytes = std::fs::read(folder().join(name)).unwrap();
    ApiKey::from_file(&bytes, pass_phrase.map(Secret::from).as_ref())
}

#[test]
fn each_form_of_a_key_is_read_or_told_what_it_is() {
    for (name, row) in expected() {
        let result = read(&name, row["pass_phrase"].as_str());
        match (row["fingerprint"].as_str(), row["error"].as_str()) {
            (Some(fingerprint), _) => {
                let key = result.unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(key.fingerprint(), fingerprint, "{name}");
            }
            (None, Some(text)) => {
                let error = result.expect_err(&name).to_string();
                assert!(error.contains(text), "{name}: {error}");
            }
            _ => panic!("{name}: neither fingerprint nor error"),
        }
    }
}

#[test]
fn an_encrypted_key_needs_its_pass_phrase() {
    let encrypted = expected()
        .into_iter()
        .filter(|(_, row)| row["pass_phrase"].is_string() && row["fingerprint"].is_string());
    let mut seen = 0;
    for (name, _) in encrypted {
        for missing in [None, Some("")] {
            let error = read(&name, missing).expect_err(&name).to_string();
            assert!(error.contains("no pass phrase was given"), "{name}: {error}");
        }
        let error = read(&name, Some("wrong horse")).expect_err(&name).to_string();
        assert!(error.contains("pass phrase is wrong"), "{name}: {error}");
        assert!(!error.contains("horse"), "{name}: {error}");
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn a_pass_phrase_that_is_not_needed_is_ignored() {
    assert!(read("pkcs8.pem", Some("inherited")).is_ok());
    assert!(read("pkcs1.pem", Some("inherited")).is_ok());
}

#[test]
fn the_wrong_fingerprint_is_told_with_both() {
    let key = read("pkcs8.pem", None).unwrap();
    let right = key.fingerprint();
    key.check_fingerprint(&right).unwrap();
    key.check_fingerprint(&format!(" {} ", right.to_uppercase())).unwrap();
    let wrong = read("rsa4096.pem", None).unwrap().fingerprint();
    let error = key.check_fingerprint(&wrong).unwrap_err().to_string();
    assert!(error.contains(&right) && error.contains(&wrong), "{error}");
}

#[test]
fn a_signature_verifies_with_the_public_half() {
    for name in ["pkcs8.pem", "rsa4096.pem"] {
        let key = read(name, None).unwrap();
        let signature = key.sign_sha256(b"message").unwrap();
        assert_eq!(signature.len() * 8, usize::try_from(key.bits()).unwrap());
        let scheme = || Pkcs1v15Sign::new::<Sha256>();
        let public = rsa::PublicKey::from_public_key_der(key.spki_der()).unwrap();
        public.verify(scheme(), &Sha256::digest(b"message"), &signature).unwrap();
        assert!(public.verify(scheme(), &Sha256::digest(b"massage"), &signature).is_err());
        let pem = key.public_key_pem().unwrap();
        assert_eq!(rsa::PublicKey::from_public_key_pem(&pem).unwrap(), public);
        let again = key.to_pkcs8_der().unwrap();
        assert_eq!(again.expose().first(), Some(&0x30));
    }
}

#[test]
fn files_that_are_no_text_are_told_apart() {
    let pem = std::fs::read_to_string(folder().join("pkcs8.pem")).unwrap();
    let der = read("pkcs8.pem", None).unwrap().to_pkcs8_der().unwrap();
    let utf16: Vec<u8> = "\u{feff}k".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, text) in [
        (der.expose().to_vec(), "openssl pkey -inform DER"),
        (utf16, "UTF-16"),
        (vec![0xc3, 0x28, 0x00], "binary"),
        (vec![b'-'; 100_000], "more than 65536"),
    ] {
        let error = ApiKey::from_file(&bytes, None).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    let marked = format!("\u{feff}{pem}");
    assert!(ApiKey::from_file(marked.as_bytes(), None).is_ok());
    let one_line = pem.trim().replace('\n', " ");
    assert!(ApiKey::from_pem(&one_line, None).is_ok());
}

#[test]
fn debug_shows_size_and_fingerprint_only() {
    let key = read("pkcs8.pem", None).unwrap();
    let expected = format!("ApiKey {{ bits: 2048, fingerprint: {:?}, .. }}", key.fingerprint());
    assert_eq!(format!("{key:?}"), expected);
}

/// Each cut and each changed byte of an encrypted key is an error or a key, never a panic.
#[test]
fn damaged_files_are_errors() {
    let secret = Secret::from("correct horse");
    for name in ["legacy_aes256.pem", "pkcs1.pem"] {
        let text = std::fs::read_to_string(folder().join(name)).unwrap();
        for end in 0..text.trim_end().len() {
            assert!(ApiKey::from_pem(&text[..end], Some(&secret)).is_err(), "{name} {end}");
        }
    }
}
