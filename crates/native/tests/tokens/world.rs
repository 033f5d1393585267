//! A simulator with its identity services, and what the people and machines of its sample have.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use oraedge::{Connection, Result};
use oraedge_native::{ConnectOptions, Trust};
use oraedge_simulator::generation::Generation;
use oraedge_simulator::identity::control::Control;
use oraedge_simulator::identity::directory::{Directory, Settings};
use oraedge_simulator::identity::world::World as IdentityWorld;
use oraedge_simulator::listen::{Builder, Simulator};
use serde_json::Value as Json;

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Parameters of a method.
pub(crate) type Pairs = Vec<(&'static str, String)>;

pub(crate) struct World {
    simulator: Simulator,
    environment: Json,
    folder: PathBuf,
    /// What methods had to say.
    pub(crate) notes: Arc<Mutex<Vec<String>>>,
}

impl World {
    pub(crate) async fn start(generation: Generation) -> World {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("oraedge-tokens-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let simulator = Builder::default()
            .generation(generation)
            .listen(ANY_PORT)
            .listen_tls(ANY_PORT)
            .identity(ANY_PORT)
            .identity_tls(ANY_PORT)
            .identity_folder(&folder)
            .start()
            .await
            .expect("a simulator");
        let identity = simulator.identity().expect("identity services");
        let environment = identity.environment().expect("a folder").clone();
        World { simulator, environment, folder, notes: Arc::default() }
    }

    fn identity(&self) -> &IdentityWorld {
        self.simulator.identity().expect("identity services").world()
    }

    pub(crate) fn directory(&self) -> &Directory {
        self.identity().services.directory()
    }

    pub(crate) fn control(&self) -> &Control {
        self.identity().services.control()
    }

    pub(crate) fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        self.directory().change_settings(change);
    }

    /// As if nothing had been changed.
    pub(crate) fn reset(&self) {
        self.control().clear_faults();
        self.control().reset_counts();
        self.change_settings(|settings| *settings = Settings::default());
    }

    /// A text of `environment.json`, by its JSON pointer.
    pub(crate) fn text(&self, pointer: &str) -> String {
        let found = self.environment.pointer(pointer);
        found.and_then(Json::as_str).unwrap_or_else(|| panic!("no {pointer}")).to_owned()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The environment variables of a principal.
    pub(crate) fn variables(&self, principal: &str) -> Vec<(String, String)> {
        let variables = &self.environment["principals"][principal];
        let variables = variables.as_object().unwrap_or_else(|| panic!("no {principal}"));
        let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        variables.iter().map(|(name, value)| (name.clone(), text(value))).collect()
    }

    pub(crate) fn connect_string(&self) -> String {
        format!("tcps://localhost:{}/FREEPDB1", self.simulator.tcps_address().unwrap().port())
    }

    pub(crate) fn plain_connect_string(&self) -> String {
        format!("localhost:{}/FREEPDB1", self.simulator.tcp_address().unwrap().port())
    }

    pub(crate) fn ca_pem(&self) -> &str {
        self.simulator.ca_pem().expect("certificates")
    }

    pub(crate) fn options_for(&self, connect_string: impl Into<String>) -> ConnectOptions {
        let notes = self.notes.clone();
        ConnectOptions::without_password(connect_string)
            .trust(Trust::only_pem(self.ca_pem().as_bytes()).unwrap())
            .token_notes(move |note| notes.lock().unwrap().push(note.to_owned()))
    }

    pub(crate) fn options(&self) -> ConnectOptions {
        self.options_for(self.connect_string())
    }

    /// Options with a method, which sees the variables of a principal and has a cache of its own.
    pub(crate) fn method(&self, pairs: Pairs, principal: &str) -> Result<ConnectOptions> {
        self.options().token_environment(self.variables(principal)).extra_auth_params(pairs)
    }

    /// A profile of the configuration file.
    pub(crate) fn profile(&self, method: &str, profile: &str) -> Pairs {
        vec![
            ("auth_type", method.to_owned()),
            ("file_location", self.text("/config")),
            ("profile", profile.to_owned()),
            ("endpoint", self.text("/endpoints/auth")),
        ]
    }

    pub(crate) fn config_file(&self, profile: &str) -> Pairs {
        self.profile("ConfigFileAuthentication", profile)
    }

    pub(crate) fn simple(&self) -> Pairs {
        vec![
            ("auth_type", "SimpleAuthentication".to_owned()),
            ("user", self.text("/oci/user")),
            ("key_file", self.text("/oci/keyFile")),
            ("fingerprint", self.text("/oci/fingerprint")),
            ("tenancy", self.text("/oci/tenancy")),
            ("region", self.text("/oci/region")),
            ("endpoint", self.text("/endpoints/auth")),
        ]
    }

    pub(crate) fn instance(&self) -> Pairs {
        vec![
            ("auth_type", "instanceprincipal".to_owned()),
            ("federation_endpoint", self.text("/endpoints/auth")),
            ("endpoint", self.text("/endpoints/auth")),
        ]
    }

    pub(crate) fn azure(&self) -> Pairs {
        vec![
            ("auth_type", "AzureServicePrincipal".to_owned()),
            ("authority", self.text("/azure/authority")),
            ("client_id", self.text("/azure/clientId")),
            ("client_credential", self.text("/azure/clientSecret")),
            ("scopes", self.text("/azure/scopes")),
        ]
    }

    /// A token of the sample's user and the key that it is bound to, as `oci iam db-token get` has
    /// it; the second key is another one.
    pub(crate) fn database_token(&self) -> (String, [String; 2]) {
        let user = self.directory().principal_named("vk23c").expect("the user");
        let world = self.identity();
        let token = self.directory().issue_database_token(
            &user,
            "urn:oracle:db::id::*",
            &world.user_key.public_key(),
            self.directory().now(),
        );
        (token, [&world.user_key, &world.stranger_key].map(|key| key.to_pkcs8_pem().unwrap()))
    }

    /// What must never be shown, as pieces of text.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = vec![
            self.text("/passPhrase"),
            self.text("/azure/clientSecret"),
            self.text("/domain/clientSecret"),
            "another one".to_owned(),
            "PRIVATE KEY".to_owned(),
            // Every JWT begins with this.
            "eyJ".to_owned(),
        ];
        for file in ["oci_api_key.pem", "stranger_key.pem", "resource/private.pem"] {
            let text = std::fs::read_to_string(self.folder.join(file)).expect(file);
            secrets.extend(text.lines().filter(|line| line.len() > 20).map(str::to_owned));
        }
        secrets
    }

    /// Panics where a secret is shown.
    pub(crate) fn check_secrets(&self, shown: &str) {
        for secret in self.secrets() {
            assert!(!shown.contains(&secret), "a secret ({} bytes) in: {shown}", secret.len());
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Who the database says that one is.
pub(crate) async fn who_am_i(connection: &Connection) -> String {
    let mut rows = connection.query("select user from dual", ()).await.expect("a query");
    let row = rows.next().await.expect("a row").expect("a row");
    row.get(0).expect("a text")
}
