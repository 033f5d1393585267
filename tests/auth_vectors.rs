//! The password log-on against exchanges and stored verifiers that others recorded
//! (`auth.jsonl` of the wire recordings), and client against server for what nobody recorded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use oraedge::Error;
use oraedge::auth::Secret;
use oraedge::auth::o5logon::server::{
    Denied, Mixing, ServerEntropy, ServerLogon, Verifier, decrypt_password,
};
use oraedge::auth::o5logon::{
    Answer, Challenge, ClientEntropy, ComboKey, PasswordKey, PasswordKeyCache, VerifierType,
    answer, answer_with_key, change_password, verifier_11g, verifier_12c, verify_server_proof,
};
use proptest::prelude::*;
use serde_json::Value;

/// The folder of the recordings; `None`, said aloud, where it is missing.
fn recordings() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/wire");
    let folder = std::env::var_os("ORAEDGE_WIRE").map_or(beside, PathBuf::from);
    if folder.join("auth.jsonl").is_file() {
        return Some(folder);
    }
    println!("NOT TESTED: no recordings in {}; set ORAEDGE_WIRE", folder.display());
    None
}

/// The records of `auth.jsonl` whose kind starts so.
fn records(kind: &str) -> Vec<Value> {
    let Some(folder) = recordings() else { return Vec::new() };
    let text = std::fs::read_to_string(folder.join("auth.jsonl")).unwrap();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let records: Vec<Value> =
        all.filter(|record| record["kind"].as_str().unwrap().starts_with(kind)).collect();
    assert!(!records.is_empty(), "no records of kind {kind}");
    records
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

fn bytes(value: &Value, name: &str) -> Vec<u8> {
    base16ct::mixed::decode_vec(text(value, name)).unwrap()
}

fn array<const N: usize>(value: &Value, name: &str) -> [u8; N] {
    bytes(value, name).try_into().unwrap()
}

/// The challenge of a recorded exchange.
fn challenge(expect: &Value) -> Challenge {
    let flag = expect["verifier_type"].as_u64().map_or(0xb152, |flag| flag as u32);
    let vgen = expect["AUTH_PBKDF2_VGEN_COUNT"].to_string();
    let sder = expect["AUTH_PBKDF2_SDER_COUNT"].to_string();
    Challenge::from_parameters(flag, |name| match name {
        "AUTH_SESSKEY" => Some(text(expect, "server_AUTH_SESSKEY")),
        "AUTH_PBKDF2_VGEN_COUNT" => Some(&vgen),
        "AUTH_PBKDF2_SDER_COUNT" => Some(&sder),
        name => expect[name].as_str(),
    })
    .unwrap()
}

fn entropy(session_key: &[u8], speedy_salt: [u8; 16], password_salt: [u8; 16]) -> ClientEntropy {
    let mut entropy = ClientEntropy { session_key: [0; 48], speedy_salt, password_salt };
    entropy.session_key[..session_key.len()].copy_from_slice(session_key);
    entropy
}

#[test]
fn recorded_12c_exchanges_are_recomputed_to_the_byte() {
    let mut with_proof = 0;
    for record in records("auth 12C log-on") {
        let expect = &record["expect"];
        let password = Secret::from(text(expect, "password"));
        let challenge = challenge(expect);
        assert_eq!(challenge.verifier_type(), VerifierType::Oracle12c);
        let salt = bytes(expect, "AUTH_VFR_DATA");
        let key = verifier_12c::password_key(password.expose(), &salt, 4096);
        let hash = verifier_12c::hash(&key, &salt);
        assert_eq!(hash[..32], bytes(expect, "password_hash"), "{}", record["id"]);
        if expect["client_AUTH_SESSKEY"].is_null() {
            continue;
        }
        let entropy = entropy(
            &bytes(expect, "random_session_key_b"),
            array(expect, "random_speedy_salt"),
            array(expect, "random_password_salt"),
        );
        let answer = answer(&challenge, &password, None, &entropy).unwrap();
        assert_eq!(answer.session_key, text(expect, "client_AUTH_SESSKEY"));
        assert_eq!(answer.speedy_key.as_deref(), Some(text(expect, "AUTH_PBKDF2_SPEEDY_KEY")));
        assert_eq!(answer.password, text(expect, "AUTH_PASSWORD"));
        assert_eq!(answer.new_password, None);
        assert_eq!(answer.combo_key.expose(), bytes(expect, "combo_key"));
        if let Some(response) = expect["AUTH_SVR_RESPONSE"].as_str() {
            verify_server_proof(&answer.combo_key, Some(response)).unwrap();
            with_proof += 1;
        }
    }
    assert!(with_proof >= 4 || recordings().is_none());
}

#[test]
fn recorded_log_ons_are_made_again_by_the_server_side() {
    for record in records("auth 12C log-on") {
        let expect = &record["expect"];
        let Some(response) = expect["AUTH_SVR_RESPONSE"].as_str() else { continue };
        let password = Secret::from(text(expect, "password"));
        let verifier = Verifier::new_12c(&password, array(expect, "AUTH_VFR_DATA"));
        let mut server_entropy = ServerEntropy {
            session_key: [0; 48],
            combo_salt: array(expect, "AUTH_PBKDF2_CSK_SALT"),
            proof_salt: bytes(expect, "svr_response_plain")[..16].try_into().unwrap(),
        };
        server_entropy.session_key[..32].copy_from_slice(&bytes(expect, "session_key_a"));
        let logon = ServerLogon::start(&verifier, Mixing::Pbkdf2, &server_entropy).unwrap();
        let names = ["server_AUTH_SESSKEY", "AUTH_VFR_DATA", "AUTH_PBKDF2_CSK_SALT"];
        for ((name, value, flag), recorded) in logon.parameters().into_iter().zip(names) {
            assert_eq!(value, text(expect, recorded));
            assert_eq!(flag, if name == "AUTH_VFR_DATA" { 0x4815 } else { 0 });
        }
        let sent = |name: &str| match name {
            "AUTH_SESSKEY" => expect["client_AUTH_SESSKEY"].as_str(),
            name => expect[name].as_str(),
        };
        let accepted = logon.check(sent).unwrap();
        assert_eq!(accepted.proof, response);
        assert_eq!(accepted.password.expose(), password.expose());
        assert_eq!(accepted.combo_key.expose(), bytes(expect, "combo_key"));
    }
}

#[test]
fn sessions_carry_the_parameters_that_their_random_values_give() {
    let Some(folder) = recordings() else { return };
    let exchanges = records("auth 12C log-on");
    for session in ["pyo4-fetch-df", "pyo4-dbobject", "pyo4-pipeline", "pyo4-sessionless"] {
        let path = folder.join("sessions").join(format!("{session}.jsonl"));
        let file = std::fs::read_to_string(path).unwrap();
        let head: Value = serde_json::from_str(file.lines().next().unwrap()).unwrap();
        let auth = &head["expect"]["auth"];
        let exchange = exchanges
            .iter()
            .find(|exchange| exchange["id"] == format!("auth12c-{session}"))
            .unwrap();
        let entropy = entropy(
            &bytes(auth, "session_key_b"),
            array(auth, "speedy_salt"),
            array(auth, "password_salt"),
        );
        let password = Secret::from(text(auth, "user_password"));
        let answer = answer(&challenge(&exchange["expect"]), &password, None, &entropy).unwrap();
        for sent in [&answer.session_key, answer.speedy_key.as_ref().unwrap(), &answer.password] {
            let hex = base16ct::lower::encode_string(sent.as_bytes());
            assert!(file.contains(&hex), "{session} has no packet with {sent}");
        }
    }
}

#[test]
fn recorded_11g_challenges_are_decrypted() {
    for record in records("auth 11G verifier") {
        let expect = &record["expect"];
        let password = Secret::from(text(expect, "password"));
        let salt: [u8; 10] = array(expect, "AUTH_VFR_DATA");
        let hash = verifier_11g::hash(password.expose(), &salt);
        assert_eq!(hash[..], bytes(expect, "password_hash")[..20]);

        // The same half, encrypted again by the server side, is the recorded AUTH_SESSKEY.
        let mut entropy =
            ServerEntropy { session_key: [0; 48], combo_salt: [0; 16], proof_salt: [7; 16] };
        entropy.session_key[..40].copy_from_slice(&bytes(expect, "session_key_a"));
        let verifier = Verifier::new_11g(&password, salt);
        let logon = ServerLogon::start(&verifier, Mixing::Md5, &entropy).unwrap();
        assert_eq!(logon.parameters()[0].1, text(expect, "server_AUTH_SESSKEY"));
        assert_eq!(logon.parameters().len(), 2);

        // And a client that got the recorded one is let in.
        let answer = answer(&challenge(expect), &password, None, &client_entropy()).unwrap();
        assert_eq!(answer.combo_key.expose().len(), 24);
        let accepted = logon.check(sent(&answer)).unwrap();
        verify_server_proof(&answer.combo_key, Some(&accepted.proof)).unwrap();
    }
}

#[test]
fn stored_verifiers_match_their_passwords_and_no_others() {
    for (kind, letter) in [("stored verifier 11G", "S"), ("stored verifier 12C", "T")] {
        for record in records(kind) {
            let stored = format!("{letter}:{}", text(&record, "hex").to_uppercase());
            let verifier = Verifier::from_stored(&stored).unwrap();
            let password = text(&record["expect"], "password");
            assert!(verifier.matches(&Secret::from(password)));
            assert!(!verifier.matches(&Secret::from(password.to_uppercase() + "x")));
            assert_eq!(verifier.to_stored(), stored);
            let again = match letter {
                "S" => Verifier::new_11g(&Secret::from(password), array(&record["expect"], "salt")),
                _ => Verifier::new_12c(&Secret::from(password), array(&record["expect"], "salt")),
            };
            assert_eq!(again.to_stored(), stored);
        }
    }
}

fn client_entropy() -> ClientEntropy {
    let mut next = 0;
    ClientEntropy::draw(&mut |buffer| {
        for byte in buffer {
            next += 1;
            *byte = next;
        }
    })
}

/// What a client that got this answer would send in phase two.
fn sent<'a>(answer: &'a Answer) -> impl Fn(&str) -> Option<&'a str> {
    move |name| match name {
        "AUTH_SESSKEY" => Some(&answer.session_key),
        "AUTH_PBKDF2_SPEEDY_KEY" => answer.speedy_key.as_deref(),
        "AUTH_PASSWORD" => Some(&answer.password),
        "AUTH_NEWPASSWORD" => answer.new_password.as_deref(),
        _ => None,
    }
}

/// A server's log-on and the challenge that its client reads.
fn pair(verifier: &Verifier, mixing: Mixing) -> (ServerLogon, Challenge) {
    let mut next = 100;
    let entropy = ServerEntropy::draw(&mut |buffer| {
        for byte in buffer {
            next += 1;
            *byte = next;
        }
    });
    let logon = ServerLogon::start(verifier, mixing, &entropy).unwrap();
    let parameters = logon.parameters();
    let flag = parameters.iter().map(|(_, _, flag)| *flag).max().unwrap();
    let challenge = Challenge::from_parameters(flag, |name| {
        parameters.iter().find(|(known, ..)| *known == name).map(|(_, text, _)| text.as_str())
    })
    .unwrap();
    (logon, challenge)
}

/// Every combination that a server may offer.
fn offers(password: &Secret) -> [(Verifier, Mixing); 4] {
    [
        (Verifier::new_11g(password, [1; 10]), Mixing::Md5),
        (Verifier::new_11g(password, [2; 10]), Mixing::Pbkdf2),
        (Verifier::new_12c(password, [3; 16]), Mixing::Md5),
        (Verifier::new_12c(password, [4; 16]), Mixing::Pbkdf2),
    ]
}

#[test]
fn a_wrong_password_is_denied_by_every_verifier() {
    for (verifier, mixing) in offers(&Secret::from("tiger")) {
        let (logon, challenge) = pair(&verifier, mixing);
        for wrong in ["Tiger", "tiger ", "", "a password that fills several blocks of the cipher"] {
            let answer = answer(&challenge, &Secret::from(wrong), None, &client_entropy()).unwrap();
            assert_eq!(logon.check(sent(&answer)).unwrap_err(), Denied::WrongPassword);
        }
    }
}

#[test]
fn a_server_without_the_speedy_key_compares_the_password() {
    let (logon, challenge) =
        pair(&Verifier::new_12c(&Secret::from("tiger"), [9; 16]), Mixing::Pbkdf2);
    let answer = answer(&challenge, &Secret::from("tiger"), None, &client_entropy()).unwrap();
    let all = sent(&answer);
    logon.check(|name| if name == "AUTH_PBKDF2_SPEEDY_KEY" { None } else { all(name) }).unwrap();
}

#[test]
fn malformed_answers_are_denied_by_name() {
    let (logon, challenge) =
        pair(&Verifier::new_12c(&Secret::from("tiger"), [9; 16]), Mixing::Pbkdf2);
    let answer = answer(&challenge, &Secret::from("tiger"), None, &client_entropy()).unwrap();
    let good = sent(&answer);
    let long = "00".repeat(5000);
    for (broken, value, expected) in [
        ("AUTH_SESSKEY", None, Denied::Missing("AUTH_SESSKEY")),
        ("AUTH_SESSKEY", Some("00"), Denied::Malformed("AUTH_SESSKEY")),
        ("AUTH_SESSKEY", Some("zz"), Denied::Malformed("AUTH_SESSKEY")),
        ("AUTH_PASSWORD", None, Denied::Missing("AUTH_PASSWORD")),
        ("AUTH_PASSWORD", Some(""), Denied::Malformed("AUTH_PASSWORD")),
        ("AUTH_PASSWORD", Some("0011"), Denied::Malformed("AUTH_PASSWORD")),
        ("AUTH_PASSWORD", Some(long.as_str()), Denied::Malformed("AUTH_PASSWORD")),
        ("AUTH_PBKDF2_SPEEDY_KEY", Some("00"), Denied::Malformed("AUTH_PBKDF2_SPEEDY_KEY")),
    ] {
        let denied = logon.check(|name| if name == broken { value } else { good(name) });
        assert_eq!(denied.unwrap_err(), expected);
    }
}

#[test]
fn a_server_that_does_not_know_the_password_is_found_out() {
    let (logon, challenge) =
        pair(&Verifier::new_12c(&Secret::from("tiger"), [9; 16]), Mixing::Pbkdf2);
    let answer = answer(&challenge, &Secret::from("tiger"), None, &client_entropy()).unwrap();
    let proof = logon.check(sent(&answer)).unwrap().proof;
    verify_server_proof(&answer.combo_key, Some(&proof)).unwrap();
    let other = ComboKey::new(vec![0; 32]).unwrap();
    for (key, response) in [
        (&other, Some(proof.as_str())),
        (&answer.combo_key, None),
        (&answer.combo_key, Some("")),
        (&answer.combo_key, Some("00112233")),
        (&answer.combo_key, Some(&proof[32..])),
    ] {
        let error = verify_server_proof(key, response).unwrap_err();
        assert!(matches!(error, Error::Auth { .. }), "{error}");
        assert!(error.to_string().contains("did not prove"), "{error}");
    }
    let error = verify_server_proof(&answer.combo_key, Some("xyz")).unwrap_err();
    assert!(error.to_string().contains("AUTH_SVR_RESPONSE is not an even number"), "{error}");
}

#[test]
fn challenges_that_cannot_be_are_refused_by_name() {
    let good = [
        ("AUTH_SESSKEY", "00".repeat(32)),
        ("AUTH_VFR_DATA", "00".repeat(16)),
        ("AUTH_PBKDF2_CSK_SALT", "00".repeat(16)),
        ("AUTH_PBKDF2_VGEN_COUNT", "4096".to_owned()),
        ("AUTH_PBKDF2_SDER_COUNT", "3".to_owned()),
    ];
    let read = |flag: u32, broken: &str, value: Option<&str>| {
        Challenge::from_parameters(flag, |name| {
            if name == broken {
                return value;
            }
            good.iter().find(|(known, _)| *known == name).map(|(_, text)| text.as_str())
        })
    };
    read(0x4815, "", None).unwrap();
    let odd_length = "00".repeat(40);
    let too_long = "00".repeat(1000);
    for (name, value) in [
        ("AUTH_SESSKEY", None),
        ("AUTH_SESSKEY", Some("0")),
        ("AUTH_SESSKEY", Some("GG")),
        ("AUTH_SESSKEY", Some("é")),
        ("AUTH_SESSKEY", Some("0011")),
        ("AUTH_SESSKEY", Some(odd_length.as_str())),
        ("AUTH_SESSKEY", Some(too_long.as_str())),
        ("AUTH_VFR_DATA", None),
        ("AUTH_VFR_DATA", Some("")),
        ("AUTH_VFR_DATA", Some(too_long.as_str())),
        ("AUTH_PBKDF2_CSK_SALT", None),
        ("AUTH_PBKDF2_CSK_SALT", Some("x")),
        ("AUTH_PBKDF2_VGEN_COUNT", None),
        ("AUTH_PBKDF2_VGEN_COUNT", Some("0")),
        ("AUTH_PBKDF2_VGEN_COUNT", Some("-1")),
        ("AUTH_PBKDF2_VGEN_COUNT", Some("100001")),
        ("AUTH_PBKDF2_VGEN_COUNT", Some("99999999999999999999")),
        ("AUTH_PBKDF2_SDER_COUNT", Some("many")),
        ("AUTH_PBKDF2_SDER_COUNT", None),
    ] {
        let error = read(0x4815, name, value).unwrap_err();
        assert!(matches!(error, Error::PeerMisbehaved { .. }), "{name} {value:?}: {error}");
        assert!(error.to_string().contains(name), "{name} {value:?}: {error}");
        assert!(error.to_string().len() < 200, "{error}");
    }
    // An 11G verifier has no use for the count of a 12C one.
    read(0xb152, "AUTH_PBKDF2_VGEN_COUNT", None).unwrap();
}

#[test]
fn unusable_verifiers_name_cause_and_remedy() {
    for (flag, cause) in [(0x939, "only a 10G verifier"), (0x1e81, "0x1e81"), (0, "0x0")] {
        let error = Challenge::from_parameters(flag, |_| None).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }));
        let message = error.to_string();
        assert!(message.contains(cause), "{message}");
        assert!(message.contains("ALTER USER ... IDENTIFIED BY"), "{message}");
        assert!(message.contains("SQLNET.ALLOWED_LOGON_VERSION_SERVER"), "{message}");
    }
    for flag in [0xb152, 0x1b25, 0x4815] {
        assert_eq!(VerifierType::from_wire(flag).unwrap().to_wire(), flag);
    }
}

#[test]
fn a_kept_password_key_gives_the_same_answer_until_the_password_is_set_again() {
    let password = Secret::from("tiger");
    let (logon, challenge) = pair(&Verifier::new_12c(&password, [5; 16]), Mixing::Pbkdf2);
    let key = PasswordKey::derive(&challenge, &password);
    let answer = answer_with_key(&challenge, &key, &password, None, &client_entropy()).unwrap();
    logon.check(sent(&answer)).unwrap();

    let (_, other) = pair(&Verifier::new_12c(&password, [6; 16]), Mixing::Pbkdf2);
    assert!(key.fits(&challenge) && !key.fits(&other));
    let error = answer_with_key(&other, &key, &password, None, &client_entropy()).unwrap_err();
    assert!(matches!(error, Error::Misuse { .. }));
}

#[test]
fn a_cache_gives_each_password_and_verifier_its_own_key() {
    let cache = PasswordKeyCache::default();
    for (password, salt) in [("tiger", 5), ("tiger", 5), ("lion", 5), ("lion", 6), ("tiger", 5)] {
        let password = Secret::from(password);
        let (logon, challenge) = pair(&Verifier::new_12c(&password, [salt; 16]), Mixing::Pbkdf2);
        let key = cache.key(&challenge, &password);
        assert!(Arc::ptr_eq(&key, &cache.clone().key(&challenge, &password)));
        let answer = answer_with_key(&challenge, &key, &password, None, &client_entropy()).unwrap();
        logon.check(sent(&answer)).unwrap();
    }
}

#[test]
fn debug_output_shows_no_key_and_no_password() {
    let password = Secret::from("tiger");
    let verifier = Verifier::new_12c(&password, [5; 16]);
    let (logon, challenge) = pair(&verifier, Mixing::Pbkdf2);
    let entropy = client_entropy();
    let answer = answer(&challenge, &password, Some(&password), &entropy).unwrap();
    let accepted = logon.check(sent(&answer)).unwrap();
    let combo_key = format!("{:?}", answer.combo_key.expose());
    let key = PasswordKey::derive(&challenge, &password);
    let all = format!("{password:?}{verifier:?}{logon:?}{entropy:?}{answer:?}{accepted:?}{key:?}");
    assert!(!all.contains("tiger") && !all.contains(&combo_key), "{all}");
    assert!(!all.contains("[116, 105, 103, 101, 114]"), "{all}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn client_and_server_agree_for_any_password(
        password in "\\PC{0,40}|[äß€漢🔑]{1,30}|[ -~]{200,1024}",
        new_password in proptest::option::of("\\PC{1,40}"),
        seed in any::<[u8; 80]>(),
    ) {
        let password = Secret::from(password);
        let new_password = new_password.map(Secret::from);
        let mut seed = seed.into_iter();
        let entropy = ClientEntropy::draw(&mut |buffer| buffer.fill_with(|| seed.next().unwrap()));
        for (verifier, mixing) in offers(&password) {
            let (logon, challenge) = pair(&verifier, mixing);
            let answer = answer(&challenge, &password, new_password.as_ref(), &entropy).unwrap();
            let accepted = logon.check(sent(&answer)).unwrap();
            prop_assert_eq!(accepted.password.expose(), password.expose());
            prop_assert_eq!(
                accepted.new_password.as_ref().map(Secret::expose),
                new_password.as_ref().map(Secret::expose)
            );
            verify_server_proof(&answer.combo_key, Some(&accepted.proof)).unwrap();

            let later = Secret::from("later");
            let changed =
                change_password(&answer.combo_key, &password, &later, &[3; 16]).unwrap();
            let old = decrypt_password(&accepted.combo_key, &changed.password).unwrap();
            let new = decrypt_password(&accepted.combo_key, &changed.new_password).unwrap();
            prop_assert_eq!((old.expose(), new.expose()), (password.expose(), later.expose()));
        }
    }
}
