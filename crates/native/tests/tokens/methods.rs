//! Every method gets a token, and the database takes it.

use std::time::Duration;

use oraedge::time::UnixTime;
use oraedge_simulator::generation::Generation;
use oraedge_simulator::identity::control::Endpoint;

use crate::world::{Pairs, World, who_am_i};

/// A method's name in this table, its parameters, whose environment it sees, and the user that its
/// principal is mapped to.
fn methods(world: &World) -> Vec<(&'static str, Pairs, &'static str, Option<&'static str>)> {
    let user = Some("VK23C");
    let shared = Some("SHARED_USER");
    let with = |mut pairs: Pairs, name: &'static str, value: String| {
        pairs.retain(|(other, _)| *other != name);
        pairs.push((name, value));
        pairs
    };
    let endpoint = || ("endpoint", world.text("/endpoints/auth"));
    let resource = || {
        let federation = ("federation_endpoint", world.text("/endpoints/auth"));
        vec![("auth_type", "ResourcePrincipal".to_owned()), federation, endpoint()]
    };
    let session = vec![
        ("auth_type", "SecurityTokenSimple".to_owned()),
        ("key_file", world.text("/oci/sessionKeyFile")),
        ("fingerprint", world.text("/oci/sessionFingerprint")),
        ("tenancy", world.text("/oci/tenancy")),
        ("region", world.text("/oci/region")),
        ("security_token_file", world.text("/oci/securityTokenFile")),
        endpoint(),
    ];
    let domain = vec![
        ("auth_type", "clientCredentials".to_owned()),
        ("authority", world.text("/domain/tokenUrl")),
        ("client_id", world.text("/domain/clientId")),
        ("client_credential", world.text("/domain/clientSecret")),
        ("scopes", world.text("/domain/scopes")),
    ];
    let mut certificate = world.azure();
    certificate.retain(|(name, _)| *name != "client_credential");
    certificate.push(("client_certificate_file", world.text("/azure/certificateFile")));
    certificate.push(("key_file", world.text("/azure/keyFile")));
    let workload = vec![
        ("auth_type", "OkeWorkloadIdentity".to_owned()),
        ("proxymux_endpoint", world.text("/endpoints/proxymux")),
        (
            "service_account_token_path",
            world.folder().join("kubernetes/token").display().to_string(),
        ),
        endpoint(),
    ];
    let mut methods = vec![
        ("simple", world.simple(), "apiKey", user),
        (
            "simple, encrypted key",
            with(
                with(world.simple(), "key_file", world.text("/oci/encryptedKeyFile")),
                "pass_phrase",
                world.text("/passPhrase"),
            ),
            "apiKey",
            user,
        ),
        ("session token, simple", session, "apiKey", user),
        ("session token", world.profile("SecurityToken", "st_1"), "apiKey", user),
        ("instance", world.instance(), "instance", shared),
        ("workload", workload, "workload", shared),
        ("identity domain", domain, "apiKey", None),
        ("Entra ID", world.azure(), "apiKey", None),
        ("Entra ID, certificate", certificate, "apiKey", None),
    ];
    for profile in ["DEFAULT", "PKCS1", "ENCRYPTED", "ENCRYPTED_LEGACY", "SHORT_REGION"] {
        methods.push((profile, world.config_file(profile), "apiKey", user));
    }
    for principal in [
        "resource1.1",
        "resource2.1",
        "resource2.1.1",
        "resource2.1.2",
        "resource2.2",
        "resource2.2Encrypted",
        "resource2.2Values",
        "resource3.0",
        "resource3.0Bare",
    ] {
        methods.push((principal, resource(), principal, shared));
    }
    methods
}

async fn every_method_logs_on(generation: Generation) {
    let world = World::start(generation).await;
    let mut failed = Vec::new();
    for (name, pairs, principal, expected) in methods(&world) {
        let options = world.method(pairs, principal).unwrap_or_else(|error| {
            panic!("{name}: {error}");
        });
        world.check_secrets(&format!("{options:?}"));
        match options.connect().await {
            Ok(connection) => {
                let user = who_am_i(&connection).await;
                if expected.is_some_and(|expected| expected != user) {
                    failed.push(format!("{name}: the user is {user}"));
                }
                let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
                let expires_at = connection.token_expires_at().expect("a time");
                assert!(expires_at > UnixTime::from_secs(now), "{name}: {expires_at}");
                world.check_secrets(&format!("{connection:?} {:?}", connection.info()));
                connection.close().await.unwrap();
            }
            Err(error) => failed.push(format!("{name}: {error}")),
        }
    }
    world.check_secrets(&world.notes.lock().unwrap().join("\n"));
    assert!(failed.is_empty(), "{generation:?}:\n{}", failed.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_logs_on_to_23ai() {
    every_method_logs_on(Generation::V23ai).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_logs_on_to_19c() {
    every_method_logs_on(Generation::V19c).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_connections_fetch_one_token() {
    let world = World::start(Generation::V23ai).await;
    let options = world.method(world.config_file("DEFAULT"), "apiKey").unwrap();
    let connects = (0..50).map(|_| options.connect());
    for connection in futures::future::join_all(connects).await {
        assert_eq!(who_am_i(&connection.unwrap()).await, "VK23C");
    }
    assert_eq!(world.control().count(Endpoint::ScopedToken), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_in_the_background_while_a_provider_lives() {
    let world = World::start(Generation::V19c).await;
    world.change_settings(|settings| settings.token_lifetime = Duration::from_secs(62));
    let options = world.method(world.config_file("DEFAULT"), "apiKey").unwrap();
    let provider = options.token_provider().unwrap().expect("a method");
    let requests = || world.control().count(Endpoint::ScopedToken);
    let connection = options.connect_with(&provider).await.unwrap();
    assert_eq!(requests(), 1);
    assert_eq!(provider.expires_at(), connection.token_expires_at());
    // It is good for a connection until a minute before it expires, then the next one is there.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(requests(), 2);
    drop(provider);
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(requests(), 2);
    // A session goes on when its token has expired; only a new one needs a new token.
    assert_eq!(who_am_i(&connection).await, "VK23C");
}
