//! Every token method, over real sockets, against the simulated identity services; each token is then
//! shown to the database's own check, with the proof of its key, and must name the right principal.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use base64ct::{Base64, Encoding};
use oraedge::auth::token::proof_header;
use oraedge::client::{LogOnToken, TokenSource};
use oraedge::time::UnixTime;
use oraedge::{Error, Result};
use oraedge_native::{ConnectOptions, Trust};
use oraedge_simulator::identity::control::{Endpoint, Fault};
use oraedge_simulator::identity::directory::Principal;
use oraedge_simulator::listen::{Builder, Simulator};
use serde_json::{Value, json};

/// Names and values.
type Params = Vec<(&'static str, String)>;

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Identity services, and what their users have.
struct World {
    simulator: Simulator,
    folder: PathBuf,
    trust: Trust,
    notes: Arc<Mutex<Vec<String>>>,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl World {
    async fn start(name: &str) -> World {
        let folder = std::env::temp_dir().join(format!("oraedge-{name}-{}", std::process::id()));
        let simulator = Builder::default()
            .identity(ANY_PORT)
            .identity_tls(ANY_PORT)
            .identity_folder(&folder)
            .start()
            .await
            .unwrap();
        let trust = Trust::only_pem(simulator.ca_pem().unwrap().as_bytes()).unwrap();
        World { simulator, folder, trust, notes: Arc::default() }
    }

    /// A value of `environment.json`, by the names on the way to it.
    fn get(&self, path: &str) -> Value {
        let environment = self.simulator.identity().unwrap().environment().unwrap().clone();
        path.split('/').fold(environment, |value, name| value[name].clone())
    }

    fn text(&self, path: &str) -> String {
        let value = self.get(path);
        value.as_str().unwrap_or_else(|| panic!("{path}: {value}")).to_owned()
    }

    fn file(&self, path: &str) -> String {
        std::fs::read_to_string(self.text(path)).unwrap()
    }

    fn services(&self) -> &oraedge_simulator::identity::services::Services {
        &self.simulator.identity().unwrap().world().services
    }

    /// Asks by a method, with the variables of a kind of principal.
    async fn ask(&self, kind: &str, params: &[(&str, &str)]) -> Result<LogOnToken> {
        let variables = match kind {
            "" => Vec::new(),
            kind => self.get("principals")[kind]
                .as_object()
                .unwrap()
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
        };
        let notes = Arc::clone(&self.notes);
        let provider = ConnectOptions::without_password("tcps://localhost:1/x")
            .trust(self.trust.clone())
            .token_environment(variables)
            .token_notes(move |note| notes.lock().unwrap().push(note.to_owned()))
            .extra_auth_params(params.iter().copied())?
            .token_provider()?
            .unwrap();
        provider.token(false).await
    }

    /// The principal that the database finds in a token.
    async fn principal(&self, token: &LogOnToken) -> Principal {
        let directory = self.services().directory();
        let text = token.token.token.expose_text().unwrap();
        let now = SystemTime::now();
        let millis = now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
        let header =
            proof_header(UnixTime::from_millis(millis.try_into().unwrap()), "service", "host", 1);
        let signature = match &token.signer {
            Some(signer) => {
                Some(Base64::encode_string(&signer.sign(header.as_bytes()).await.unwrap()))
            }
            None => None,
        };
        let proof = signature.as_deref().map(|signature| (header.as_str(), signature));
        directory.verify_database_token(text, proof, now, directory.database()).unwrap()
    }

    async fn fails(&self, kind: &str, params: &[(&str, &str)], parts: &[&str]) -> Error {
        let start = Instant::now();
        let Err(error) = self.ask(kind, params).await else { panic!("{kind} is not refused") };
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
        let text = error.to_string();
        for part in parts {
            assert!(text.contains(part), "{text}\nlacks: {part}");
        }
        let shown = format!("{text} {error:?} {:?}", self.notes.lock().unwrap());
        let secrets = [
            self.text("passPhrase"),
            self.text("azure/clientSecret"),
            self.text("domain/clientSecret"),
        ];
        for secret in secrets.iter().map(String::as_str).chain(["eyJ", "PRIVATE KEY-----\n"]) {
            assert!(!shown.contains(secret), "{shown}\nshows {secret}");
        }
        error
    }
}

#[tokio::test]
async fn every_method_gives_a_token_that_the_database_takes() {
    let world = World::start("methods").await;
    let text = |path: &str| world.text(path);
    let endpoint = text("urls/tls");
    let config = std::fs::read_to_string(text("config")).unwrap();
    let (user, key) = (text("oci/user"), world.file("oci/keyFile"));
    let session_token = world.file("oci/securityTokenFile");
    let service_account = text("principals/workload/ORAEDGE_SERVICE_ACCOUNT_TOKEN_FILE");
    let database =
        format!("urn:oracle:db::id::{}::{}", text("database/compartment"), text("database/ocid"));

    // What is asked, with whose environment, and the kind of principal that comes of it.
    let by_profile =
        |profile| vec![("auth_type", "ConfigFileAuthentication"), ("profile", profile)];
    let simple = vec![
        ("auth_type", "SimpleAuthentication".to_owned()),
        ("user", user.clone()),
        ("tenancy", text("oci/tenancy")),
        ("fingerprint", text("oci/fingerprint")),
        ("region", text("oci/region")),
    ];
    let with = |more: &[(&'static str, String)]| {
        let mut params = simple.clone();
        params.extend_from_slice(more);
        params
    };
    let encrypted = with(&[
        ("privateKeyLocation", text("oci/encryptedKeyFile")),
        ("passPhrase", text("passPhrase")),
        ("key_bits", "4096".to_owned()),
    ]);
    let in_hand = with(&[("key_content", key.clone())]);
    let for_one_database = with(&[("key_file", text("oci/keyFile")), ("scope", database.clone())]);
    let session_simple = vec![
        ("auth_type", "SecurityTokenSimple".to_owned()),
        ("key_file", text("oci/sessionKeyFile")),
        ("fingerprint", text("oci/sessionFingerprint")),
        ("tenancy", text("oci/tenancy")),
        ("region", text("oci/region")),
        ("profile", "st_1".to_owned()),
        ("security_token_file", text("oci/securityTokenFile")),
    ];
    let session_in_hand = vec![
        ("auth_type", "SecurityToken".to_owned()),
        ("config", config.clone()),
        ("profile", "st_1".to_owned()),
        ("key_content", world.file("oci/sessionKeyFile")),
        ("security_token", session_token),
    ];
    let config_in_hand = vec![
        ("authType", "configFileBasedAuthentication".to_owned()),
        ("configContent", config),
        ("privateKey", key),
    ];
    let owned = |pairs: Vec<(&'static str, &str)>| -> Params {
        pairs.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
    };
    let oci: Vec<(&str, Params, &str)> = vec![
        ("apiKey", owned(by_profile("DEFAULT")), "User"),
        ("apiKey", owned(by_profile("PKCS1")), "User"),
        ("apiKey", owned(by_profile("ENCRYPTED")), "User"),
        ("apiKey", owned(by_profile("ENCRYPTED_LEGACY")), "User"),
        ("apiKey", owned(by_profile("SHORT_REGION")), "User"),
        ("", config_in_hand, "User"),
        ("", encrypted, "User"),
        ("", in_hand, "User"),
        ("", for_one_database, "User"),
        ("apiKey", owned(vec![("auth_type", "SecurityToken"), ("profile", "st_1")]), "User"),
        ("", session_simple, "User"),
        ("", session_in_hand, "User"),
        ("instance", owned(vec![("auth_type", "instanceprincipal")]), "Instance"),
        ("resource1.1", owned(vec![("auth_type", "ResourcePrincipal")]), "Resource"),
        ("resource2.1", owned(vec![("auth_type", "ResourcePrincipal")]), "Resource"),
        ("resource2.1.1", owned(vec![("auth_type", "ResourcePrincipal")]), "Resource"),
        ("resource2.1.2", owned(vec![("auth_type", "ResourcePrincipal")]), "Resource"),
        ("resource2.2", owned(vec![("auth_type", "ResourcePrincipal")]), "Resource"),
        ("resource2.2Encrypted", owned(vec![("auth_type", "ResourcePrincipal")]), "Resource"),
        ("resource2.2Values", owned(vec![("auth_type", "ResourcePrincipal")]), "Resource"),
        ("resource3.0", owned(vec![("auth_type", "ResourcePrincipal")]), "Resource"),
        (
            "workload",
            vec![
                ("auth_type", "oke_workload_identity".to_owned()),
                ("service_account_token_path", service_account),
                ("proxymux_endpoint", text("endpoints/proxymux")),
            ],
            "Resource",
        ),
    ];
    for (kind, mut params, expected) in oci {
        params.push(("endpoint", endpoint.clone()));
        if matches!(kind, "instance" | "resource1.1") {
            params.push(("federationEndpoint", endpoint.clone()));
        }
        let params: Vec<(&str, &str)> = params.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let label = format!("{kind} {:?}", &params[..2]);
        let token = world.ask(kind, &params).await.unwrap_or_else(|e| panic!("{label}: {e}"));
        assert!(token.token.expires_at.is_some() && token.signer.is_some(), "{label}");
        let principal = world.principal(&token).await;
        assert_eq!(format!("{:?}", principal.kind), expected, "{label}");
        if expected == "User" {
            assert_eq!(principal.ocid, user, "{label}");
        }
    }

    let azure = |more: &[(&'static str, String)]| {
        let mut params = vec![
            ("auth_type", "AzureServicePrincipal".to_owned()),
            ("authority", text("azure/authority")),
            ("client_id", text("azure/clientId")),
        ];
        params.extend_from_slice(more);
        params
    };
    let secret = ("client_credential", text("azure/clientSecret"));
    let scopes = ("scopes", text("azure/scopes"));
    for (params, expected) in [
        (azure(&[secret.clone(), scopes.clone()]), "AzureApplication"),
        (
            azure(&[
                ("client_certificate_file", text("azure/certificateFile")),
                ("key_file", text("azure/keyFile")),
                scopes.clone(),
            ]),
            "AzureApplication",
        ),
        (
            azure(&[
                secret,
                ("auth_flow", "on_behalf_of".to_owned()),
                ("user_assertion", world.file("azure/userTokenFile")),
                ("scopes", text("azure/onBehalfOfScopes")),
            ]),
            "AzureUser",
        ),
        (
            vec![
                ("authType", "clientCredentials".to_owned()),
                ("authority", text("domain/tokenUrl")),
                ("clientId", text("domain/clientId")),
                ("clientSecret", text("domain/clientSecret")),
                ("scopes", text("domain/scopes")),
            ],
            "DomainApplication",
        ),
    ] {
        let params: Vec<(&str, &str)> = params.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let token = world.ask("", &params).await.unwrap_or_else(|e| panic!("{expected}: {e}"));
        assert!(token.signer.is_none(), "{expected}");
        let principal = world.principal(&token).await;
        assert_eq!(format!("{:?}", principal.kind), expected);
    }
    // Notes are for what the user should mend; here all is right.
    let notes = world.notes.lock().unwrap();
    assert!(notes.is_empty(), "{notes:?}");
}

#[tokio::test]
async fn what_is_refused_is_told_with_its_remedy() {
    let world = World::start("refusals").await;
    let endpoint = world.text("urls/tls");
    let control = world.services().control();
    let profile = |name| {
        [("auth_type", "ConfigFileAuthentication"), ("profile", name), ("endpoint", &endpoint)]
    };
    let default = profile("DEFAULT");

    for (name, parts) in [
        ("UNREGISTERED_KEY", &["401 NotAuthenticated", "opc-request-id", "fingerprint"][..]),
        ("UNKNOWN_USER", &["401", "opc-request-id"]),
        ("NO_POLICY", &["404 NotAuthorizedOrNotFound", "policy", "group"]),
        ("WRONG_FINGERPRINT", &["fingerprint"]),
        ("WRONG_PASS_PHRASE", &["pass phrase"]),
        ("ENCRYPTED_NO_PASS_PHRASE", &["pass phrase"]),
        ("MISSING_KEY_FILE", &["key_file in line", "no_such_key.pem"]),
        ("NO_SUCH_PROFILE", &["no profile NO_SUCH_PROFILE", "DEFAULT"]),
    ] {
        world.fails("apiKey", &profile(name), parts).await;
    }
    world
        .fails(
            "apiKey",
            &[("auth_type", "SecurityToken"), ("profile", "EXPIRED"), ("endpoint", &endpoint)],
            &["the session token expired at", "oci session refresh --profile EXPIRED"],
        )
        .await;

    // Faults that stay, and what is told of them.
    for (fault, parts) in [
        (Fault::Status(404), &["404 NotAuthorizedOrNotFound", "policy"][..]),
        (Fault::TruncatedJson, &["ends too early"]),
        (Fault::Html, &["no JSON object"]),
    ] {
        control.add_fault(Endpoint::ScopedToken, fault, 1);
        world.fails("apiKey", &default, parts).await;
        control.clear_faults();
    }
    // And such as pass.
    for fault in [Fault::Status(429), Fault::Status(500), Fault::Dropped, Fault::TruncatedBody] {
        control.reset_counts();
        control.add_fault(Endpoint::ScopedToken, fault.clone(), 1);
        let token = world.ask("apiKey", &default).await;
        assert!(token.is_ok(), "{fault:?}: {}", token.err().unwrap());
        assert_eq!(control.count(Endpoint::ScopedToken), 2, "{fault:?}");
    }
    control.add_fault(Endpoint::ScopedToken, Fault::Stall(Duration::from_secs(60)), 9);
    let hasty = [default.as_slice(), &[("token_timeout_ms", "2500")]].concat();
    let start = Instant::now();
    world.fails("apiKey", &hasty, &["asking OCI for a database token"]).await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    control.clear_faults();

    // Ten minutes off, either way: once more with the service's time.
    let directory = world.services().directory();
    for offset in [600, -600] {
        directory.change_settings(|settings| settings.clock_offset_seconds = offset);
        control.reset_counts();
        let token = world.ask("apiKey", &default).await;
        assert!(token.is_ok(), "{offset}: {}", token.err().unwrap());
        assert_eq!(control.count(Endpoint::ScopedToken), 2);
        let notes = world.notes.lock().unwrap();
        assert!(notes.last().unwrap().contains("clock"), "{notes:?}");
    }
    directory.change_settings(|settings| {
        settings.clock_offset_seconds = 0;
        settings.broken_expiry = Some(json!("tomorrow"));
    });
    world.fails("apiKey", &default, &["a token that is broken", "`exp`"]).await;

    directory.change_settings(|settings| {
        settings.broken_expiry = None;
        settings.expired_certificate = true;
    });
    let instance = [
        ("auth_type", "InstancePrincipal"),
        ("endpoint", endpoint.as_str()),
        ("federation_endpoint", endpoint.as_str()),
    ];
    world
        .fails("instance", &instance, &["the certificate of this instance expired", "valid from"])
        .await;
    directory.change_settings(|settings| settings.expired_certificate = false);

    // Where there is no metadata service.
    let nowhere =
        [("auth_type", "InstancePrincipal"), ("metadata_base_url", "http://127.0.0.1:1/opc/v2")];
    world.fails("", &nowhere, &["no answer", "OCI compute instances only"]).await;
    world
        .fails(
            "",
            &[("auth_type", "ResourcePrincipal")],
            &["OCI_RESOURCE_PRINCIPAL_VERSION is not set"],
        )
        .await;

    let azure = |secret: &'static str| {
        [
            ("auth_type", "AzureServicePrincipal".to_owned()),
            ("authority", world.text("azure/authority")),
            ("client_id", world.text("azure/clientId")),
            ("client_credential", secret.to_owned()),
            ("scopes", world.text("azure/scopes")),
        ]
    };
    let wrong = azure("wrong secret");
    let wrong: Vec<(&str, &str)> = wrong.iter().map(|(n, v)| (*n, v.as_str())).collect();
    world.fails("", &wrong, &["invalid_client", "AADSTS7000215", "the secret's value"]).await;
    let domain_url = world.text("domain/tokenUrl");
    let domain_client = world.text("domain/clientId");
    world
        .fails(
            "",
            &[
                ("auth_type", "ClientCredentials"),
                ("authority", &domain_url),
                ("client_id", &domain_client),
                ("client_credential", "wrong secret"),
            ],
            &["invalid_client", "client_credential"],
        )
        .await;
}
