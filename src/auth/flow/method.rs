//! The methods and their parameters, with every name that the official drivers have for them.
//!
//! python-oracledb writes `file_location`, node-oracledb `configFileLocation`; names are compared
//! without regard to case, `_` and `-`, so that one table serves both spellings.

use std::fmt;

/// How a database token is got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AuthMethod {
    /// An API key of a user, found by a profile of `~/.oci/config`.
    ConfigFileAuthentication,
    /// An API key of a user, given in the parameters.
    SimpleAuthentication,
    /// A session token of `oci session authenticate`, found by a profile of `~/.oci/config`.
    SecurityToken,
    /// A session token, given in the parameters.
    SecurityTokenSimple,
    /// The compute instance that the program runs on.
    InstancePrincipal,
    /// The resource that the program runs in: a function, a container instance, a data flow.
    ResourcePrincipal,
    /// The Kubernetes service account of a pod in an OKE cluster.
    OkeWorkloadIdentity,
    /// An application of an OCI identity domain, by OAuth2 client credentials.
    ClientCredentials,
    /// An application of Microsoft Entra ID, for itself or on behalf of a user.
    AzureServicePrincipal,
}

/// One parameter of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the table `KEYS` says what each is")]
pub enum Key {
    Authority,
    AuthFlow,
    ClientCertificate,
    ClientCertificateFile,
    ClientCredential,
    ClientId,
    Config,
    Endpoint,
    FederationEndpoint,
    FileLocation,
    Fingerprint,
    KeyBits,
    KeyContent,
    KeyFile,
    MetadataBaseUrl,
    PassPhrase,
    Profile,
    ProxymuxEndpoint,
    Region,
    Scope,
    SecurityToken,
    SecurityTokenFile,
    ServiceAccountCertPath,
    ServiceAccountToken,
    ServiceAccountTokenPath,
    Tenancy,
    TokenRequestTimeout,
    TokenTimeout,
    User,
    UserAssertion,
}

/// A parameter's names and nature.
pub(crate) struct KeySpec {
    pub(crate) key: Key,
    /// The name as python-oracledb (or, where it has none, this project) spells it.
    pub(crate) name: &'static str,
    /// Other names, normalised (see [`normalized`]).
    pub(crate) aliases: &'static [&'static str],
    /// Whether its value must not be printed.
    pub(crate) secret: bool,
}

const fn spec(
    key: Key,
    name: &'static str,
    aliases: &'static [&'static str],
    secret: bool,
) -> KeySpec {
    KeySpec { key, name, aliases, secret }
}

const PUBLIC: bool = false;
const SECRET: bool = true;

/// Every parameter.
pub(crate) const KEYS: &[KeySpec] = &[
    spec(Key::Authority, "authority", &["tokenendpoint", "tokenurl"], PUBLIC),
    spec(Key::AuthFlow, "auth_flow", &[], PUBLIC),
    spec(Key::ClientCertificate, "client_certificate", &["clientcertificatecontent"], SECRET),
    spec(Key::ClientCertificateFile, "client_certificate_file", &["clientcertificatepath"], PUBLIC),
    spec(Key::ClientCredential, "client_credential", &["clientsecret"], SECRET),
    spec(Key::ClientId, "client_id", &[], PUBLIC),
    spec(Key::Config, "config", &["configcontent"], SECRET),
    spec(Key::Endpoint, "endpoint", &["serviceendpoint"], PUBLIC),
    spec(Key::FederationEndpoint, "federation_endpoint", &[], PUBLIC),
    spec(Key::FileLocation, "file_location", &["configfilelocation", "configfile"], PUBLIC),
    spec(Key::Fingerprint, "fingerprint", &[], PUBLIC),
    spec(Key::KeyBits, "key_bits", &["keysize"], PUBLIC),
    spec(Key::KeyContent, "key_content", &["privatekey", "privatekeycontent"], SECRET),
    spec(Key::KeyFile, "key_file", &["privatekeylocation", "privatekeyfile"], PUBLIC),
    spec(Key::MetadataBaseUrl, "metadata_base_url", &[], PUBLIC),
    spec(Key::PassPhrase, "pass_phrase", &["privatekeypassphrase"], SECRET),
    spec(Key::Profile, "profile", &["configprofile", "profilename"], PUBLIC),
    spec(Key::ProxymuxEndpoint, "proxymux_endpoint", &[], PUBLIC),
    spec(Key::Region, "region", &["regionid"], PUBLIC),
    spec(Key::Scope, "scope", &["scopes"], PUBLIC),
    spec(Key::SecurityToken, "security_token", &["securitytokencontent", "sessiontoken"], SECRET),
    spec(Key::SecurityTokenFile, "security_token_file", &["securitytokenlocation"], PUBLIC),
    spec(Key::ServiceAccountCertPath, "service_account_cert_path", &[], PUBLIC),
    spec(Key::ServiceAccountToken, "service_account_token", &[], SECRET),
    spec(Key::ServiceAccountTokenPath, "service_account_token_path", &[], PUBLIC),
    spec(Key::Tenancy, "tenancy", &["tenancyid"], PUBLIC),
    spec(Key::TokenRequestTimeout, "token_request_timeout_ms", &["tokenrequesttimeout"], PUBLIC),
    spec(Key::TokenTimeout, "token_timeout_ms", &["tokentimeout"], PUBLIC),
    spec(Key::User, "user", &["userid"], PUBLIC),
    spec(
        Key::UserAssertion,
        "user_assertion",
        &["endusertoken", "usertoken", "oboassertion", "assertion"],
        SECRET,
    ),
];

impl Key {
    /// The name as messages write it.
    pub fn name(self) -> &'static str {
        KEYS.iter().find(|spec| spec.key == self).map_or("?", |spec| spec.name)
    }

    /// Whether its value must not be printed.
    pub fn is_secret(self) -> bool {
        KEYS.iter().any(|spec| spec.key == self && spec.secret)
    }

    /// The key of a name in any spelling.
    pub(crate) fn from_name(name: &str) -> Option<Key> {
        let wanted = normalized(name);
        KEYS.iter()
            .find(|spec| normalized(spec.name) == wanted || spec.aliases.contains(&wanted.as_str()))
            .map(|spec| spec.key)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A method's names and parameters.
pub(crate) struct MethodSpec {
    pub(crate) method: AuthMethod,
    /// The name as the official drivers document it.
    pub(crate) name: &'static str,
    /// Other names, normalised.
    pub(crate) aliases: &'static [&'static str],
    /// One of each group must be there.
    pub(crate) required: &'static [&'static [Key]],
    pub(crate) optional: &'static [Key],
}

/// What every method takes.
pub(crate) const COMMON: &[Key] = &[Key::TokenRequestTimeout, Key::TokenTimeout];

/// Every method.
pub(crate) const METHODS: &[MethodSpec] = &[
    MethodSpec {
        method: AuthMethod::ConfigFileAuthentication,
        name: "ConfigFileAuthentication",
        aliases: &["configfilebasedauthentication", "configfile"],
        required: &[],
        optional: &[
            Key::FileLocation,
            Key::Config,
            Key::Profile,
            Key::KeyContent,
            Key::PassPhrase,
            Key::Scope,
            Key::Endpoint,
            Key::KeyBits,
        ],
    },
    MethodSpec {
        method: AuthMethod::SimpleAuthentication,
        name: "SimpleAuthentication",
        aliases: &["simple"],
        required: &[
            &[Key::User],
            &[Key::Tenancy],
            &[Key::Fingerprint],
            &[Key::KeyFile, Key::KeyContent],
            &[Key::Region],
        ],
        // `profile` is what python-oracledb wants here, and does nothing with.
        optional: &[Key::PassPhrase, Key::Profile, Key::Scope, Key::Endpoint, Key::KeyBits],
    },
    MethodSpec {
        method: AuthMethod::SecurityToken,
        name: "SecurityToken",
        aliases: &["sessiontoken"],
        required: &[],
        optional: &[
            Key::FileLocation,
            Key::Config,
            Key::Profile,
            Key::SecurityToken,
            Key::KeyContent,
            Key::PassPhrase,
            Key::Scope,
            Key::Endpoint,
            Key::KeyBits,
        ],
    },
    MethodSpec {
        method: AuthMethod::SecurityTokenSimple,
        name: "SecurityTokenSimple",
        aliases: &["sessiontokensimple"],
        required: &[
            &[Key::KeyFile, Key::KeyContent],
            &[Key::SecurityTokenFile, Key::SecurityToken],
            &[Key::Region],
        ],
        // The tenancy is in the token as well; the articles pass it, and the profile too.
        optional: &[
            Key::Fingerprint,
            Key::Tenancy,
            Key::PassPhrase,
            Key::Profile,
            Key::Scope,
            Key::Endpoint,
            Key::KeyBits,
        ],
    },
    MethodSpec {
        method: AuthMethod::InstancePrincipal,
        name: "InstancePrincipal",
        aliases: &["instanceprincipals"],
        required: &[],
        optional: &[
            Key::Region,
            Key::Scope,
            Key::Endpoint,
            Key::FederationEndpoint,
            Key::MetadataBaseUrl,
            Key::KeyBits,
        ],
    },
    MethodSpec {
        method: AuthMethod::ResourcePrincipal,
        name: "ResourcePrincipal",
        aliases: &["resourceprincipals"],
        required: &[],
        optional: &[
            Key::Region,
            Key::Scope,
            Key::Endpoint,
            Key::FederationEndpoint,
            Key::MetadataBaseUrl,
            Key::KeyBits,
        ],
    },
    MethodSpec {
        method: AuthMethod::OkeWorkloadIdentity,
        name: "OkeWorkloadIdentity",
        aliases: &["workloadidentity", "okeworkload"],
        required: &[],
        optional: &[
            Key::ServiceAccountToken,
            Key::ServiceAccountTokenPath,
            Key::ServiceAccountCertPath,
            Key::ProxymuxEndpoint,
            Key::Region,
            Key::Scope,
            Key::Endpoint,
            Key::KeyBits,
        ],
    },
    MethodSpec {
        method: AuthMethod::ClientCredentials,
        name: "ClientCredentials",
        aliases: &["clientcredential"],
        required: &[&[Key::Authority], &[Key::ClientId], &[Key::ClientCredential]],
        optional: &[Key::Scope],
    },
    MethodSpec {
        method: AuthMethod::AzureServicePrincipal,
        name: "AzureServicePrincipal",
        aliases: &["azure"],
        required: &[
            &[Key::Authority],
            &[Key::ClientId],
            &[Key::ClientCredential, Key::ClientCertificate, Key::ClientCertificateFile],
            &[Key::Scope],
        ],
        optional: &[
            Key::AuthFlow,
            Key::UserAssertion,
            Key::KeyContent,
            Key::KeyFile,
            Key::PassPhrase,
        ],
    },
];

impl MethodSpec {
    /// Whether the method does something with this parameter.
    pub(crate) fn takes(&self, key: Key) -> bool {
        self.required.iter().any(|group| group.contains(&key))
            || self.optional.contains(&key)
            || COMMON.contains(&key)
    }

    /// Its parameters in words: `user, tenancy, key_file or key_content; optional: scope, ...`.
    pub(crate) fn parameters(&self) -> String {
        let required: Vec<String> = self.required.iter().map(|group| one_of(group)).collect();
        let optional: Vec<&str> =
            self.optional.iter().chain(COMMON).map(|key| key.name()).collect();
        if required.is_empty() {
            format!("all optional: {}", optional.join(", "))
        } else {
            format!("{}; optional: {}", required.join(", "), optional.join(", "))
        }
    }
}

/// `key_file or key_content`.
pub(crate) fn one_of(keys: &[Key]) -> String {
    keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(" or ")
}

impl AuthMethod {
    /// The name as the official drivers document it.
    pub fn name(self) -> &'static str {
        self.spec().map_or("?", |spec| spec.name)
    }

    /// Whether the token is accepted without proof of possession of a key.
    pub fn is_bearer(self) -> bool {
        matches!(self, AuthMethod::ClientCredentials | AuthMethod::AzureServicePrincipal)
    }

    pub(crate) fn spec(self) -> Option<&'static MethodSpec> {
        METHODS.iter().find(|spec| spec.method == self)
    }

    /// The method of a name in any spelling.
    pub(crate) fn from_name(name: &str) -> Option<&'static MethodSpec> {
        let wanted = normalized(name);
        METHODS
            .iter()
            .find(|spec| normalized(spec.name) == wanted || spec.aliases.contains(&wanted.as_str()))
    }
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name without case, `_` and `-`.
pub(crate) fn normalized(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_given_twice() {
        let mut names = std::collections::BTreeSet::new();
        for spec in KEYS {
            assert!(names.insert(normalized(spec.name)), "{}", spec.name);
            for alias in spec.aliases {
                assert_eq!(normalized(alias), *alias);
                assert!(names.insert((*alias).to_owned()), "{alias}");
            }
        }
        names.clear();
        for spec in METHODS {
            assert!(names.insert(normalized(spec.name)), "{}", spec.name);
            for alias in spec.aliases {
                assert_eq!(normalized(alias), *alias);
                assert!(names.insert((*alias).to_owned()), "{alias}");
            }
        }
    }

    #[test]
    fn both_drivers_spellings_name_the_same_parameter() {
        for (python, node) in [
            ("file_location", "configFileLocation"),
            ("key_file", "privateKeyLocation"),
            ("pass_phrase", "passphrase"),
            ("region", "regionId"),
            ("client_id", "clientId"),
            ("client_credential", "clientSecret"),
            ("scopes", "scope"),
            ("security_token_file", "securityTokenFile"),
            ("auth_flow", "authFlow"),
        ] {
            assert!(Key::from_name(python).is_some(), "{python}");
            assert_eq!(Key::from_name(python), Key::from_name(node), "{python} {node}");
        }
    }
}
