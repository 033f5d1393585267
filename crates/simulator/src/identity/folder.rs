//! The folder that `--identity-dir` names: what the people and machines of the sample have on their
//! disks and in their environment.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::directory::Directory;
use super::keys::{KeyError, PrivateKey};
use super::world::World;
use super::{entra, key_files, sample, session_token};

/// The pass phrase of the encrypted keys.
const PASS_PHRASE: &str = "Simulator pass phrase 1";
/// How long ago the session of the profile EXPIRED began.
const LONG_AGO: Duration = Duration::from_secs(2 * 24 * 3600);

/// Where the services listen.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// `https://localhost:PORT`.
    pub tls: Option<String>,
    /// `http://127.0.0.1:PORT`.
    pub plain: Option<String>,
}

fn other(error: KeyError) -> io::Error {
    io::Error::other(error)
}

/// Writes a file that only its owner may read.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    // Replaced as a whole, so that nobody reads half of a file that rotates.
    let part = path.with_extension("part");
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600);
    options.open(&part)?.write_all(text.as_bytes())?;
    std::fs::rename(part, path)
}

/// The files of a resource principal of version 2.2, which rotate.
#[derive(Debug)]
pub struct ResourceFiles {
    folder: PathBuf,
    keys: [PrivateKey; 2],
    turn: AtomicUsize,
}

impl ResourceFiles {
    /// The file of the session token.
    pub fn token(&self) -> PathBuf {
        self.folder.join("rpst")
    }

    /// The file of the private key, in PEM.
    pub fn private_key(&self) -> PathBuf {
        self.folder.join("private.pem")
    }

    /// The same key, encrypted with [`ResourceFiles::pass_phrase`].
    pub fn encrypted_private_key(&self) -> PathBuf {
        self.folder.join("private-encrypted.pem")
    }

    /// The file of the pass phrase.
    pub fn pass_phrase(&self) -> PathBuf {
        self.folder.join("passphrase")
    }

    /// Writes a new token and the other key.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn rotate(&self, directory: &Directory) -> io::Result<()> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.keys.len();
        let key = self.keys.get(turn).unwrap_or(&self.keys[0]);
        let encrypted = key_files::encrypted_pkcs8_pem(key, PASS_PHRASE).map_err(other)?;
        write(&self.private_key(), &key.to_pkcs8_pem().map_err(other)?)?;
        write(&self.encrypted_private_key(), &encrypted)?;
        write(&self.pass_phrase(), PASS_PHRASE)?;
        write(&self.token(), &resource_session(directory, key)?)
    }
}

fn resource_session(directory: &Directory, key: &PrivateKey) -> io::Result<String> {
    let resource = directory.principal(sample::RESOURCE);
    let resource = resource.ok_or_else(|| io::Error::other("the sample has no resource"))?;
    Ok(directory.issue_session_token(&resource, &key.public_key(), directory.now()))
}

/// Writes the folder; gives what stands in `environment.json`. `ca` is the file of the authority that
/// clients have to trust.
///
/// # Errors
/// When a file cannot be written.
pub fn write_folder(
    folder: &Path,
    world: &World,
    addresses: &Addresses,
    ca: Option<&str>,
) -> io::Result<Value> {
    std::fs::create_dir_all(folder)?;
    let folder = std::path::absolute(folder)?;
    let mut writer = Writer { folder: &folder, world, addresses };
    let ca = ca.map(|ca| writer.file("ca.pem", ca)).transpose()?;
    let profiles = writer.configuration()?;
    let resource = writer.resource_files()?;
    let principals = writer.principals(&resource, ca.as_deref())?;
    let environment = json!({
        "folder": folder,
        "ca": ca,
        "urls": {"tls": addresses.tls, "plain": addresses.plain},
        "hosts": sample::HOSTS,
        "region": sample::REGION,
        "regionMetadata": writer.region_metadata(),
        "config": folder.join("config"),
        "profiles": profiles,
        "passPhrase": PASS_PHRASE,
        "endpoints": writer.endpoints(),
        "oci": writer.api_key(),
        "principals": principals,
        "azure": writer.azure()?,
        "domain": writer.domain(),
        "database": {
            "ocid": sample::DATABASE,
            "compartment": sample::COMPARTMENT,
            "tenancy": sample::TENANCY,
        },
    });
    let text = serde_json::to_string_pretty(&environment)?;
    writer.file("environment.json", &text)?;
    world.services.set_resource_files(resource);
    Ok(environment)
}

struct Writer<'a> {
    folder: &'a Path,
    world: &'a World,
    addresses: &'a Addresses,
}

impl Writer<'_> {
    fn directory(&self) -> &Directory {
        self.world.services.directory()
    }

    fn base(&self) -> &str {
        self.addresses.tls.as_deref().or(self.addresses.plain.as_deref()).unwrap_or_default()
    }

    /// Writes a file; gives its path.
    fn file(&self, name: &str, text: &str) -> io::Result<String> {
        let path = self.folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        write(&path, text)?;
        Ok(path.display().to_string())
    }

    /// The configuration file of the OCI tools, and the keys and tokens that it names.
    fn configuration(&mut self) -> io::Result<Vec<String>> {
        let key = &self.world.user_key;
        let plain = key.to_pkcs8_pem().map_err(other)?;
        let fingerprint = key.public_key().fingerprint();
        let files = [
            ("oci_api_key.pem", plain.clone()),
            ("oci_api_key_public.pem", key.public_key().to_pem()),
            ("oci_api_key_pkcs1.pem", key.to_pkcs1_pem().map_err(other)?),
            (
                "oci_api_key_encrypted.pem",
                key_files::encrypted_pkcs8_pem(key, PASS_PHRASE).map_err(other)?,
            ),
            (
                "oci_api_key_legacy.pem",
                key_files::encrypted_pkcs1_pem(key, PASS_PHRASE).map_err(other)?,
            ),
            ("stranger_key.pem", self.world.stranger_key.to_pkcs8_pem().map_err(other)?),
        ];
        for (name, text) in &files {
            self.file(name, text)?;
        }
        let path = |name: &str| self.folder.join(name).display().to_string();
        let api_key = |name: &str| vec![("key_file", path(name))];
        let with_pass_phrase = |name: &str, pass_phrase: &str| {
            vec![("key_file", path(name)), ("pass_phrase", pass_phrase.to_owned())]
        };
        let stranger = self.world.stranger_key.public_key().fingerprint();
        let mut profiles = vec![
            ("DEFAULT", api_key("oci_api_key.pem")),
            ("PKCS1", api_key("oci_api_key_pkcs1.pem")),
            ("ENCRYPTED", with_pass_phrase("oci_api_key_encrypted.pem", PASS_PHRASE)),
            ("ENCRYPTED_LEGACY", with_pass_phrase("oci_api_key_legacy.pem", PASS_PHRASE)),
            ("ENCRYPTED_NO_PASS_PHRASE", api_key("oci_api_key_encrypted.pem")),
            ("WRONG_PASS_PHRASE", with_pass_phrase("oci_api_key_encrypted.pem", "another one")),
            (
                "LONER",
                vec![("user", sample::LONER.to_owned()), ("key_file", path("oci_api_key.pem"))],
            ),
            (
                "VKV",
                vec![
                    ("user", sample::OTHER_USER.to_owned()),
                    ("key_file", path("oci_api_key.pem")),
                ],
            ),
            ("NO_POLICY", vec![("user", sample::OUTSIDER.to_owned())]),
            ("SHORT_REGION", vec![("region", sample::REGION_CODE.to_owned())]),
            ("WRONG_FINGERPRINT", vec![("fingerprint", stranger.clone())]),
            (
                "UNREGISTERED_KEY",
                vec![("key_file", path("stranger_key.pem")), ("fingerprint", stranger)],
            ),
            ("MISSING_KEY_FILE", api_key("no_such_key.pem")),
            (
                "UNKNOWN_USER",
                vec![("user", "ocid1.user.oc1..aaaaaaaanobodyknowsthisuser".to_owned())],
            ),
        ];
        for (name, age) in [("st_1", Duration::ZERO), ("EXPIRED", LONG_AGO)] {
            profiles.push((name, self.session(name, age)?));
        }
        let mut text = String::new();
        for (name, entries) in &profiles {
            let mut entries = entries.clone();
            if *name == "DEFAULT" {
                entries.extend([
                    ("user", sample::USER.to_owned()),
                    ("fingerprint", fingerprint.clone()),
                    ("tenancy", sample::TENANCY.to_owned()),
                    ("region", sample::REGION.to_owned()),
                ]);
            }
            let _ = writeln!(text, "[{name}]");
            for (key, value) in entries {
                let _ = writeln!(text, "{key}={value}");
            }
            text.push('\n');
        }
        self.file("config", &text)?;
        Ok(profiles.iter().map(|(name, _)| (*name).to_owned()).collect())
    }

    /// What `oci session authenticate` leaves behind, `age` ago.
    fn session(&self, name: &str, age: Duration) -> io::Result<Vec<(&'static str, String)>> {
        let key = &self.world.session_key;
        let directory = self.directory();
        let user = directory.principal(sample::USER);
        let user = user.ok_or_else(|| io::Error::other("the sample has no user"))?;
        let began = SystemTime::now() - age;
        let token = directory.issue_session_token(&user, &key.public_key(), began);
        let pem = key.to_pkcs8_pem().map_err(other)?;
        Ok(vec![
            ("fingerprint", key.public_key().fingerprint()),
            ("key_file", self.file(&format!("sessions/{name}/oci_api_key.pem"), &pem)?),
            ("tenancy", sample::TENANCY.to_owned()),
            ("region", sample::REGION.to_owned()),
            ("security_token_file", self.file(&format!("sessions/{name}/token"), &token)?),
        ])
    }

    fn resource_files(&self) -> io::Result<ResourceFiles> {
        let folder = self.folder.join("resource");
        std::fs::create_dir_all(&folder)?;
        let keys = self.world.resource_keys.clone();
        let files = ResourceFiles { folder, keys, turn: AtomicUsize::new(0) };
        files.rotate(self.directory())?;
        Ok(files)
    }

    fn region_metadata(&self) -> Value {
        json!({
            "realmKey": sample::REALM,
            "realmDomainComponent": sample::REALM_DOMAIN,
            "regionKey": sample::REGION_CODE,
            "regionIdentifier": sample::REGION,
        })
    }

    fn endpoints(&self) -> Value {
        let base = self.base();
        let plain = self.addresses.plain.as_deref().unwrap_or(base);
        json!({
            "auth": base,
            "scopedToken": format!("{base}/v1/actions/generateScopedAccessToken"),
            "federation": format!("{base}/v1/x509"),
            "resourceSession": format!("{base}/v1/resourcePrincipalSessionToken"),
            "metadata": format!("{plain}/opc/v2"),
            "metadataV1": format!("{plain}/opc/v1"),
            "proxymux": format!("{base}/resourcePrincipalSessionTokens"),
            "azureAuthority": format!("{base}/{}", sample::AZURE_TENANT),
            "domainToken": format!("{base}/oauth2/v1/token"),
            "control": self.addresses.plain.as_ref().map(|plain| format!("{plain}/simulator")),
        })
    }

    fn api_key(&self) -> Value {
        json!({
            "user": sample::USER,
            "tenancy": sample::TENANCY,
            "fingerprint": self.world.user_key.public_key().fingerprint(),
            "region": sample::REGION,
            "keyFile": self.folder.join("oci_api_key.pem"),
            "encryptedKeyFile": self.folder.join("oci_api_key_encrypted.pem"),
            "securityTokenFile": self.folder.join("sessions/st_1/token"),
            "sessionKeyFile": self.folder.join("sessions/st_1/oci_api_key.pem"),
            "sessionFingerprint": self.world.session_key.public_key().fingerprint(),
        })
    }

    /// The environment variables of each kind of principal.
    fn principals(&self, files: &ResourceFiles, ca: Option<&str>) -> io::Result<Value> {
        let (base, endpoints) = (self.base(), self.endpoints());
        let region = json!(self.region_metadata().to_string());
        let metadata = [
            ("OCI_METADATA_BASE_URL", endpoints["metadata"].clone()),
            ("OCI_REGION_METADATA", region.clone()),
        ];
        let key = self.world.resource_keys[0].to_pkcs8_pem().map_err(other)?;
        let service_account = self.directory().issue_service_account_token(SystemTime::now());
        let service_account = self.file("kubernetes/token", &service_account)?;
        let resource = |version: &str, more: &[(&str, Value)]| {
            let mut variables = variables(&[
                ("OCI_RESOURCE_PRINCIPAL_VERSION", json!(version)),
                ("OCI_RESOURCE_PRINCIPAL_REGION", json!(sample::REGION)),
                ("OCI_REGION_METADATA", region.clone()),
            ]);
            variables.extend(self::variables(more));
            Value::Object(variables)
        };
        let endpoint = [
            ("OCI_RESOURCE_PRINCIPAL_RPT_ENDPOINT", json!(base)),
            ("OCI_RESOURCE_PRINCIPAL_RPST_ENDPOINT", json!(base)),
        ];
        let own_key = [
            ("OCI_RESOURCE_PRINCIPAL_RESOURCE_ID", json!(sample::RESOURCE)),
            ("OCI_RESOURCE_PRINCIPAL_TENANCY_ID", json!(sample::TENANCY)),
            ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", json!(key)),
        ];
        let parent = format!("{base}/20180711/resourcePrincipalToken/{}", sample::PARENT_RESOURCE);
        let nested = |parent_url: &str| {
            let key = files.private_key();
            resource(
                "3.0",
                &[
                    ("OCI_RESOURCE_PRINCIPAL_VERSION_FOR_LEAF_RESOURCE", json!("2.2")),
                    ("OCI_RESOURCE_PRINCIPAL_RPST_FOR_LEAF_RESOURCE", json!(files.token())),
                    ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_FOR_LEAF_RESOURCE", json!(key)),
                    ("OCI_RESOURCE_PRINCIPAL_REGION_FOR_LEAF_RESOURCE", json!(sample::REGION)),
                    ("OCI_RESOURCE_PRINCIPAL_RPT_URL_FOR_PARENT_RESOURCE", json!(parent_url)),
                    ("OCI_RESOURCE_PRINCIPAL_RPST_ENDPOINT_FOR_PARENT_RESOURCE", json!(base)),
                ],
            )
        };
        Ok(json!({
            "apiKey": variables(&[
                ("OCI_CONFIG_FILE", json!(self.folder.join("config"))),
                ("OCI_REGION_METADATA", region.clone()),
            ]),
            "instance": variables(&metadata),
            "resource1.1": resource("1.1", &[&metadata[..], &endpoint, &[
                ("OCI_RESOURCE_PRINCIPAL_RPT_ID", json!(sample::RESOURCE)),
                ("OCI_RESOURCE_PRINCIPAL_RPT_PATH", json!("/20180711/resourcePrincipalToken/{id}")),
            ]].concat()),
            "resource2.1": resource("2.1", &[&endpoint[..], &own_key].concat()),
            "resource2.1.1": resource("2.1.1", &[&endpoint[..], &own_key].concat()),
            "resource2.1.2": resource("2.1.2", &[&endpoint[..], &own_key, &[
                ("OCI_RESOURCE_PRINCIPAL_SECURITY_CONTEXT", json!("simulator")),
            ]].concat()),
            "resource2.2": resource("2.2", &[
                ("OCI_RESOURCE_PRINCIPAL_RPST", json!(files.token())),
                ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", json!(files.private_key())),
            ]),
            "resource2.2Encrypted": resource("2.2", &[
                ("OCI_RESOURCE_PRINCIPAL_RPST", json!(files.token())),
                ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", json!(files.encrypted_private_key())),
                ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE", json!(files.pass_phrase())),
            ]),
            "resource2.2Values": resource("2.2", &[
                (
                    "OCI_RESOURCE_PRINCIPAL_RPST",
                    json!(resource_session(self.directory(), &self.world.resource_keys[0])?),
                ),
                ("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", json!(key)),
            ]),
            "resource3.0": nested(&parent),
            "resource3.0Bare": nested(base),
            "workload": resource("2.2", &[
                ("KUBERNETES_SERVICE_HOST", json!("127.0.0.1")),
                ("OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH", json!(ca)),
                ("ORAEDGE_SERVICE_ACCOUNT_TOKEN_FILE", json!(service_account)),
                ("ORAEDGE_SERVICE_ACCOUNT", json!(session_token::SERVICE_ACCOUNT)),
            ]),
        }))
    }

    fn azure(&self) -> io::Result<Value> {
        let world = self.world;
        let key = world.azure_key.to_pkcs8_pem().map_err(other)?;
        let user = entra::user_token(self.directory(), sample::AZURE_CLIENT, SystemTime::now());
        let database = self.directory().database();
        Ok(json!({
            "authority": format!("{}/{}", self.base(), sample::AZURE_TENANT),
            "publicAuthority": format!("https://{}/{}", entra::HOST, sample::AZURE_TENANT),
            "tenant": sample::AZURE_TENANT,
            "clientId": sample::AZURE_CLIENT,
            "clientSecret": world.azure_secret,
            "scopes": format!("{}/.default", database.azure_application_uri),
            "onBehalfOfScopes": format!("{}/session:scope:connect", database.azure_application_uri),
            "keyFile": self.file("azure/key.pem", &key)?,
            "certificateFile": self.file("azure/certificate.pem", &world.azure_certificate)?,
            "sha1Thumbprint": hex_of(&world.azure_assertion.sha1_thumbprint),
            "sha256Thumbprint": hex_of(&world.azure_assertion.sha256_thumbprint),
            "userTokenFile": self.file("azure/user-token", &user)?,
            "user": sample::AZURE_USER,
        }))
    }

    fn domain(&self) -> Value {
        json!({
            "tokenUrl": format!("{}/oauth2/v1/token", self.base()),
            "publicTokenUrl": format!("https://{}/oauth2/v1/token", sample::DOMAIN_HOST),
            "clientId": sample::DOMAIN_CLIENT,
            "clientSecret": self.world.domain_secret,
            "scopes": format!("{}::connect", self.directory().database().domain_audience),
        })
    }
}

fn variables(pairs: &[(&str, Value)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// A thumbprint as configuration has it: base64url becomes hexadecimal digits.
fn hex_of(base64url: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(base64url);
    bytes.unwrap_or_default().iter().map(|byte| format!("{byte:02X}")).collect()
}
