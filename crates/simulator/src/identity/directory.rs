//! Who there is: users, instances, resources and applications, with their groups and keys, and the
//! keys that the services sign with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime};

use super::keys::{KeyError, PrivateKey, PublicKey};

/// How long a token is good for if nobody says otherwise, as IAM's database tokens.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(3600);

/// What a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// A user of OCI IAM.
    User,
    /// A compute instance.
    Instance,
    /// Another resource of OCI: a notebook session, a function, a workload of Kubernetes.
    Resource,
    /// An application of Entra ID (a service principal).
    AzureApplication,
    /// A user of Entra ID, on whose behalf an application asked.
    AzureUser,
    /// A confidential application of an identity domain.
    DomainApplication,
}

impl PrincipalKind {
    /// The claim `ptype` of OCI's tokens.
    pub fn claim(self) -> &'static str {
        match self {
            PrincipalKind::User => "user",
            PrincipalKind::Instance => "instance",
            PrincipalKind::Resource => "resource",
            PrincipalKind::AzureApplication | PrincipalKind::DomainApplication => "client",
            PrincipalKind::AzureUser => "azure_user",
        }
    }
}

/// Somebody or something that may log on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// What it is.
    pub kind: PrincipalKind,
    /// Its identifier: an OCID, an object id of Entra ID, a client id of an identity domain.
    pub ocid: String,
    /// Its name: of the user, the instance, the application.
    pub name: String,
    /// The IAM groups of a user, the dynamic groups of an instance or resource.
    pub groups: Vec<String>,
    /// The application roles, from the token (Entra ID, identity domains).
    pub roles: Vec<String>,
    /// The tenancy or tenant.
    pub tenancy: String,
}

/// An application that gets tokens from Entra ID or an identity domain.
#[derive(Clone, Debug)]
pub struct Application {
    /// The principal that it is; `ocid` is the object id.
    pub principal: Principal,
    /// Its client id.
    pub client_id: String,
    /// Its client secret.
    pub secret: String,
    /// The certificate that it may sign assertions with instead: SHA-1 and SHA-256 thumbprints
    /// (base64url) and the key.
    pub certificate: Option<AssertionKey>,
}

/// The certificate of a client assertion.
#[derive(Clone, Debug)]
pub struct AssertionKey {
    /// SHA-1 of the certificate, base64url: header `x5t`.
    pub sha1_thumbprint: String,
    /// SHA-256 of the certificate, base64url: header `x5t#S256`.
    pub sha256_thumbprint: String,
    /// Its key.
    pub key: PublicKey,
}

/// A database as token services know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseIdentity {
    /// Its OCID.
    pub ocid: String,
    /// The OCID of the compartment that it is in.
    pub compartment: String,
    /// The OCID of its tenancy.
    pub tenancy: String,
    /// The application id URI that it is registered with in Entra ID.
    pub azure_application_uri: String,
    /// Its client id there: the audience of version 2 tokens.
    pub azure_client_id: String,
    /// The audience of the identity domain's tokens.
    pub domain_audience: String,
}

/// What tests may turn to see how clients cope.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How far the services' clock is ahead (or behind), in seconds.
    pub clock_offset_seconds: i64,
    /// How long new tokens are good for.
    pub token_lifetime: Duration,
    /// What stands in the claim `exp` of new tokens instead of a time.
    pub broken_expiry: Option<serde_json::Value>,
    /// Metadata serves a certificate that expired.
    pub expired_certificate: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            clock_offset_seconds: 0,
            token_lifetime: TOKEN_LIFETIME,
            broken_expiry: None,
            expired_certificate: false,
        }
    }
}

/// The signing keys of the three issuers, each with its key id.
#[derive(Debug)]
pub(crate) struct IssuerKeys {
    pub(crate) oci: PrivateKey,
    pub(crate) azure: PrivateKey,
    pub(crate) domain: PrivateKey,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    principals: BTreeMap<String, Principal>,
    /// By `tenancy/user/fingerprint`.
    api_keys: BTreeMap<String, (String, PublicKey)>,
    azure: BTreeMap<String, Application>,
    domain: BTreeMap<String, Application>,
    /// The keys of resources (resource principals 2.1), by their OCID.
    resource_keys: BTreeMap<String, PublicKey>,
    /// Who may become which resource, in the order in which that was said.
    delegations: Vec<(String, String)>,
    /// Whom no policy lets connect to databases.
    without_policy: BTreeSet<String>,
    pub(crate) settings: Settings,
}

/// The directory that all services and the simulated database share; a clone is the same one.
#[derive(Clone, Debug)]
pub struct Directory {
    keys: Arc<IssuerKeys>,
    state: Arc<RwLock<State>>,
    database: Arc<DatabaseIdentity>,
}

impl Directory {
    /// An empty one with new signing keys, in which `database` is the database that tokens are for.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn new(database: DatabaseIdentity) -> Result<Directory, KeyError> {
        let [oci, azure, domain] = super::make_keys()?;
        Ok(Directory::with_keys(database, IssuerKeys { oci, azure, domain }))
    }

    pub(crate) fn with_keys(database: DatabaseIdentity, keys: IssuerKeys) -> Directory {
        Directory { keys: Arc::new(keys), state: Arc::default(), database: Arc::new(database) }
    }

    /// The database that tokens are for.
    pub fn database(&self) -> &DatabaseIdentity {
        &self.database
    }

    pub(crate) fn keys(&self) -> &IssuerKeys {
        &self.keys
    }

    /// Adds a principal, or replaces the one with its identifier.
    pub fn add_principal(&self, principal: Principal) {
        self.write().principals.insert(principal.ocid.clone(), principal);
    }

    /// Lets `key` sign requests of the user with this OCID; gives the key id
    /// (`tenancy/user/fingerprint`).
    pub fn add_api_key(&self, tenancy: &str, user: &str, key: PublicKey) -> String {
        let key_id = format!("{tenancy}/{user}/{}", key.fingerprint());
        self.write().api_keys.insert(key_id.clone(), (user.to_owned(), key));
        key_id
    }

    /// Lets `key` sign the requests of the resource with this OCID (resource principals 2.1).
    pub fn add_resource_key(&self, resource: &str, key: PublicKey) {
        self.write().resource_keys.insert(resource.to_owned(), key);
    }

    /// Lets `holder` become `resource`: the instance that it runs on, or a resource that it is the
    /// parent of.
    pub fn add_delegation(&self, holder: &str, resource: &str) {
        self.write().delegations.push((holder.to_owned(), resource.to_owned()));
    }

    /// The resource that `holder` becomes when it asks for `id`: that one, or the first that runs on
    /// it when it asks for itself. `None` if it may not.
    pub fn delegated(&self, holder: &str, id: &str) -> Option<Principal> {
        let state = self.read();
        let (_, resource) = state
            .delegations
            .iter()
            .find(|(of, resource)| of == holder && (resource == id || holder == id))?;
        state.principals.get(resource).cloned()
    }

    /// The resource that `holder` belongs to.
    pub fn parent(&self, holder: &str) -> Option<Principal> {
        let state = self.read();
        let mut delegations = state.delegations.iter();
        let (_, parent) = delegations.find(|(of, resource)| of == holder && resource != holder)?;
        state.principals.get(parent).cloned()
    }

    /// The key of the resource with this OCID.
    pub fn resource_key(&self, resource: &str) -> Option<(Principal, PublicKey)> {
        let state = self.read();
        let key = state.resource_keys.get(resource)?;
        Some((state.principals.get(resource)?.clone(), key.clone()))
    }

    /// Takes the policy away by which the principal with this OCID may connect to databases.
    pub fn remove_policy(&self, ocid: &str) {
        self.write().without_policy.insert(ocid.to_owned());
    }

    /// Whether a policy lets the principal with this OCID connect to databases.
    pub fn has_policy(&self, ocid: &str) -> bool {
        !self.read().without_policy.contains(ocid)
    }

    /// Adds an application of Entra ID.
    pub fn add_azure_application(&self, application: Application) {
        self.add_principal(application.principal.clone());
        self.write().azure.insert(application.client_id.clone(), application);
    }

    /// Adds a confidential application of the identity domain.
    pub fn add_domain_application(&self, application: Application) {
        self.add_principal(application.principal.clone());
        self.write().domain.insert(application.client_id.clone(), application);
    }

    /// The principal with this identifier.
    pub fn principal(&self, ocid: &str) -> Option<Principal> {
        self.read().principals.get(ocid).cloned()
    }

    /// The principal with this name.
    pub fn principal_named(&self, name: &str) -> Option<Principal> {
        self.read().principals.values().find(|principal| principal.name == name).cloned()
    }

    /// The user and the key behind `tenancy/user/fingerprint`.
    pub fn api_key(&self, key_id: &str) -> Option<(Principal, PublicKey)> {
        let state = self.read();
        let (user, key) = state.api_keys.get(key_id)?;
        Some((state.principals.get(user)?.clone(), key.clone()))
    }

    /// The application of Entra ID with this client id.
    pub fn azure_application(&self, client_id: &str) -> Option<Application> {
        self.read().azure.get(client_id).cloned()
    }

    /// The application of the identity domain with this client id.
    pub fn domain_application(&self, client_id: &str) -> Option<Application> {
        self.read().domain.get(client_id).cloned()
    }

    /// What tests have turned.
    pub fn settings(&self) -> Settings {
        self.read().settings.clone()
    }

    /// Turns something.
    pub fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.write().settings);
    }

    /// The time on the services' clock.
    pub fn now(&self) -> SystemTime {
        let offset = self.read().settings.clock_offset_seconds;
        let distance = Duration::from_secs(offset.unsigned_abs());
        let now = SystemTime::now();
        let shifted =
            if offset < 0 { now.checked_sub(distance) } else { now.checked_add(distance) };
        shifted.unwrap_or(now)
    }

    // A thread that panicked while it held the lock leaves maps as they were before or after.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
