//! What goes wrong is told: what was tried, what came, what to do; in time, and without secrets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use oraedge::auth::AccessToken;
use oraedge::auth::oci::key::ApiKey;
use oraedge::client::{BoxFuture, LogOnToken, Runtime, Signer};
use oraedge::time::{Timestamp, UnixTime};
use oraedge::{Connection, Result};
use oraedge_native::{ConnectOptions, NativeTransport, TokioRuntime, Trust};
use oraedge_simulator::generation::Generation;
use oraedge_simulator::identity::control::{Endpoint, Fault};

use crate::world::{Pairs, World};

/// Each attempt has its own limit; the longest of them, and a margin for a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

fn with(mut pairs: Pairs, more: &[(&'static str, &str)]) -> Pairs {
    for (name, value) in more {
        pairs.retain(|(other, _)| other != name);
        pairs.push((name, (*value).to_owned()));
    }
    pairs
}

/// Fails to connect; the error has one of the codes and all of the words in it.
async fn refused(world: &World, case: &str, options: &ConnectOptions, codes: &str, words: &[&str]) {
    let started = Instant::now();
    let connecting = tokio::time::timeout(LIMIT, options.connect()).await;
    let error = match connecting.unwrap_or_else(|_| panic!("{case}: it takes too long")) {
        Ok(_) => panic!("{case}: it is let in"),
        Err(error) => error,
    };
    let text = error.to_string();
    println!("{case} ({} ms): {text}", started.elapsed().as_millis());
    assert!(codes.split(' ').any(|code| error.code() == code), "{case}: {} {text}", error.code());
    for word in words {
        assert!(
            text.to_lowercase().contains(&word.to_lowercase()),
            "{case}: no {word:?} in {text}"
        );
    }
    world.check_secrets(&format!("{text} {error:?} {options:?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_configuration_gets_wrong_is_told() {
    let world = World::start(Generation::V23ai).await;
    for (profile, words) in [
        ("NOBODY", &["NOBODY"][..]),
        ("MISSING_KEY_FILE", &["no_such_key.pem"]),
        ("WRONG_FINGERPRINT", &["fingerprint"]),
        ("UNREGISTERED_KEY", &["401"]),
        ("UNKNOWN_USER", &["40"]),
        ("WRONG_PASS_PHRASE", &["pass phrase"]),
        ("ENCRYPTED_NO_PASS_PHRASE", &["pass phrase"]),
    ] {
        let options = world.method(world.config_file(profile), "apiKey").unwrap();
        refused(&world, profile, &options, "OED-AUTH", words).await;
    }
    world.reset();
    let expired = world.method(world.profile("SecurityToken", "EXPIRED"), "apiKey").unwrap();
    refused(&world, "expired session", &expired, "OED-AUTH", &["oci session"]).await;
    assert_eq!(world.control().count(Endpoint::ScopedToken), 0, "told before it is sent");
    let secret = with(world.azure(), &[("client_credential", "a made-up secret")]);
    let options = world.method(secret, "apiKey").unwrap();
    refused(&world, "wrong client secret", &options, "OED-AUTH", &["AADSTS7000215"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_answers_is_told() {
    let world = World::start(Generation::V19c).await;
    let short = [("token_timeout_ms", "12000"), ("token_request_timeout_ms", "1000")];
    let method = || world.method(with(world.config_file("DEFAULT"), &short), "apiKey").unwrap();
    for (fault, words) in [
        (Fault::Status(401), &["401"][..]),
        (Fault::Status(404), &["404", "NotAuthorizedOrNotFound"]),
        (Fault::Status(429), &["429"]),
        (Fault::Status(500), &["500"]),
        (Fault::TruncatedJson, &["JSON"]),
        (Fault::TruncatedBody, &[]),
        (Fault::Dropped, &[]),
        (Fault::Html, &[]),
        (Fault::Stall(Duration::from_secs(30)), &["1000 ms"]),
    ] {
        world.control().add_fault(Endpoint::ScopedToken, fault.clone(), 100);
        let codes = "OED-AUTH OED-TRANSPORT OED-TIMEOUT";
        refused(&world, &format!("{fault:?}"), &method(), codes, words).await;
        world.reset();
    }
    // The clock of this machine is an hour and a half ahead of the services': what they give has
    // expired already.
    world.change_settings(|settings| settings.clock_offset_seconds = -5400);
    refused(&world, "clock", &method(), "OED-AUTH", &["expired at", "clock"]).await;
    world.reset();
    world.change_settings(|settings| settings.broken_expiry = Some("tomorrow".into()));
    refused(&world, "broken exp", &method(), "OED-AUTH", &["exp"]).await;
    world.reset();
    // Ten minutes are made up for by what the services say of the time, and busy for a moment is no
    // failure.
    for offset in [600, -600] {
        world.change_settings(|settings| settings.clock_offset_seconds = offset);
        method().connect().await.unwrap();
        world.reset();
    }
    for fault in [Fault::Status(429), Fault::Status(503)] {
        world.control().add_fault(Endpoint::ScopedToken, fault, 1);
        let options = world.method(world.config_file("DEFAULT"), "apiKey").unwrap();
        options.connect().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_instance_is_told() {
    let world = World::start(Generation::V23ai).await;
    let nowhere =
        [("metadata_base_url", "http://127.0.0.1:9/opc/v2"), ("token_timeout_ms", "5000")];
    let options = world.method(with(world.instance(), &nowhere), "instance").unwrap();
    refused(&world, "no metadata", &options, "OED-TRANSPORT", &["metadata"]).await;
    world.change_settings(|settings| settings.expired_certificate = true);
    let options = world.method(world.instance(), "instance").unwrap();
    refused(&world, "expired certificate", &options, "OED-AUTH", &["certificate"]).await;
    let options =
        world.method(vec![("auth_type", "ResourcePrincipal".to_owned())], "instance").unwrap();
    refused(&world, "no environment", &options, "OED-AUTH", &["OCI_RESOURCE_PRINCIPAL"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_refuses_is_explained() {
    for generation in [Generation::V19c, Generation::V23ai] {
        let world = World::start(generation).await;
        let (token, [key, other_key]) = world.database_token();
        let given = |key: &str| world.options().access_token_with_key(token.as_str(), key);
        given(&key).connect().await.unwrap();
        let words = ["access token", "clock"];
        refused(&world, "another key", &given(&other_key), "ORA-01017", &words).await;
        let bearer = world.options().access_token(token.as_str());
        refused(&world, "no proof", &bearer, "ORA-01017", &words).await;
        let loner = world.method(world.config_file("LONER"), "apiKey").unwrap();
        let words = ["mapped to no user", "IAM_GROUP_NAME"];
        refused(&world, "not mapped", &loner, "ORA-01017", &words).await;
        let scope = "urn:oracle:db::id::ocid1.compartment.oc1..other\
                     ::ocid1.autonomousdatabase.oc1..other";
        let scoped = with(world.config_file("DEFAULT"), &[("scope", scope)]);
        let scoped = world.method(scoped, "apiKey").unwrap();
        let words = ["another database"];
        refused(&world, "another database", &scoped, "ORA-01017", &words).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_without_tls() {
    let world = World::start(Generation::V23ai).await;
    let (token, [key, _]) = world.database_token();
    let options = world.options_for(world.plain_connect_string());
    let given = options.clone().access_token_with_key(token, key);
    refused(&world, "a pair without TLS", &given, "OED-AUTH", &["tcps://"]).await;
    let options = options.token_environment(world.variables("apiKey"));
    let method = options.extra_auth_params(world.config_file("DEFAULT")).unwrap();
    refused(&world, "a method without TLS", &method, "OED-AUTH", &["tcps://"]).await;
}

#[test]
fn a_method_that_there_is_not_is_told_with_those_that_there_are() {
    let options = || ConnectOptions::without_password("tcps://db/s");
    let error = options().extra_auth_params([("auth_type", "ApiKey")]).unwrap_err().to_string();
    assert!(error.contains("ConfigFileAuthentication"), "{error}");
    assert!(error.contains("AzureServicePrincipal"), "{error}");
    let pairs = [("auth_type", "ConfigFileAuthentication"), ("profil", "X")];
    let error = options().extra_auth_params(pairs).unwrap_err().to_string();
    assert!(error.contains("`profile`"), "{error}");
}

/// This machine with its clock of the day set wrong, ahead by so much.
struct WrongClock(TokioRuntime, Duration);

impl Runtime for WrongClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn unix_time(&self) -> UnixTime {
        self.0.unix_time() + self.1
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.0.spawn(task);
    }

    fn random(&self, bytes: &mut [u8]) -> Result<()> {
        self.0.random(bytes)
    }
}

/// Signs with a key in PEM.
struct KeySigner(ApiKey);

impl Signer for KeySigner {
    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>>> {
        Box::pin(std::future::ready(self.0.sign_sha256(message)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_ten_minutes_off_makes_the_proof_invalid_and_is_named() {
    for generation in [Generation::V19c, Generation::V23ai] {
        let world = World::start(generation).await;
        let (token, [key, _]) = world.database_token();
        let signer = Arc::new(KeySigner(ApiKey::from_pem(&key, None).unwrap()));
        let token = LogOnToken::with_key(AccessToken::new(token.as_str()).unwrap(), signer);
        for (minutes, taken) in [(0, true), (10, false)] {
            let ahead = Duration::from_secs(60 * minutes);
            let runtime = Arc::new(WrongClock(TokioRuntime::new(), ahead));
            let trust = Trust::only_pem(world.ca_pem().as_bytes()).unwrap();
            let transport = Arc::new(NativeTransport::new(trust));
            let options = world.options().session_options().unwrap();
            let result = Connection::connect_with_token(transport, runtime, options, &token).await;
            assert_eq!(result.is_ok(), taken, "{generation}");
            if let Err(error) = result {
                let text = error.to_string();
                assert_eq!(error.code(), "ORA-01017");
                assert!(text.contains("this machine's clock says"), "{text}");
                world.check_secrets(&format!("{text} {error:?}"));
            }
        }
    }
}
