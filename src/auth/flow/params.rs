//! The parameters of a method as the user gave them, checked.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::method::{AuthMethod, KEYS, Key, METHODS, MethodSpec, normalized, one_of};
use crate::auth::Secret;
use crate::error::{Error, Result};

/// Names of the method itself.
const METHOD_NAMES: [&str; 2] = ["authtype", "authmethod"];

/// The most one value may be long; an OCI configuration file given as text is the longest.
const MAX_VALUE_BYTES: usize = 1 << 20;

/// The value of one parameter.
#[derive(Clone)]
pub enum ParamValue {
    /// Text.
    Text(String),
    /// Several texts (`scopes`).
    List(Vec<String>),
    /// A whole number (`token_timeout_ms`).
    Number(i64),
}

// It may be a client secret.
impl fmt::Debug for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ParamValue::Text(_) => "Text(redacted)",
            ParamValue::List(_) => "List(redacted)",
            ParamValue::Number(_) => "Number(redacted)",
        })
    }
}

impl From<&str> for ParamValue {
    fn from(text: &str) -> Self {
        ParamValue::Text(text.to_owned())
    }
}

impl From<String> for ParamValue {
    fn from(text: String) -> Self {
        ParamValue::Text(text)
    }
}

/// A method and its parameters (`extra_auth_params` of python-oracledb, `extraAuthParams` or
/// `tokenAuthConfigOci`/`tokenAuthConfigAzure` of node-oracledb).
#[derive(Clone)]
pub struct AuthParams {
    method: AuthMethod,
    values: BTreeMap<Key, Secret>,
    /// Known parameters that this method does nothing with.
    unused: Vec<Key>,
}

impl fmt::Debug for AuthParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthParams")
            .field("method", &self.method)
            .field("given", &self.values.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl AuthParams {
    /// Takes parameters by name, in either driver's spelling.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for an unknown method or parameter, one that is missing, given twice or of
    /// the wrong type. Each says which ones there are.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, ParamValue)>) -> Result<AuthParams> {
        let mut method: Option<&'static MethodSpec> = None;
        let mut given: BTreeMap<Key, (String, Secret)> = BTreeMap::new();
        let mut unknown = Vec::new();
        for (name, value) in pairs {
            if METHOD_NAMES.contains(&normalized(&name).as_str()) {
                method = Some(method_named(&value)?);
                continue;
            }
            let Some(key) = Key::from_name(&name) else {
                unknown.push(name);
                continue;
            };
            let secret = to_secret(&name, value)?;
            if let Some((other, _)) = given.insert(key, (name.clone(), secret)) {
                return Err(Error::misuse(
                    format!(
                        "the authentication parameter `{key}` is given twice, as `{other}` and as `{name}`"
                    ),
                    "leave one of them out",
                ));
            }
        }
        let Some(spec) = method else {
            return Err(Error::misuse(
                "no authentication method is named",
                format!("set `auth_type` (authType) to one of {}", method_names()),
            ));
        };
        if let Some(name) = unknown.first() {
            return Err(unknown_parameter(spec, name));
        }
        let mut params =
            AuthParams { method: spec.method, values: BTreeMap::new(), unused: vec![] };
        for (key, (_, value)) in given {
            if spec.takes(key) {
                params.values.insert(key, value);
            } else {
                params.unused.push(key);
            }
        }
        params.require(spec)?;
        params.check_numbers()?;
        Ok(params)
    }

    /// The method.
    pub fn method(&self) -> AuthMethod {
        self.method
    }

    /// Parameters that exist but do nothing with this method; worth a note.
    pub fn unused(&self) -> &[Key] {
        &self.unused
    }

    /// Whether the flow will read files: false if all is given as text, as a browser needs it.
    pub fn needs_files(&self) -> bool {
        let has = |key| self.values.contains_key(&key);
        match self.method {
            AuthMethod::ConfigFileAuthentication => !(has(Key::Config) && has(Key::KeyContent)),
            AuthMethod::SecurityToken => {
                !(has(Key::Config) && has(Key::KeyContent) && has(Key::SecurityToken))
            }
            AuthMethod::SimpleAuthentication => !has(Key::KeyContent),
            AuthMethod::SecurityTokenSimple => !(has(Key::KeyContent) && has(Key::SecurityToken)),
            AuthMethod::InstancePrincipal | AuthMethod::ClientCredentials => false,
            AuthMethod::ResourcePrincipal | AuthMethod::OkeWorkloadIdentity => true,
            AuthMethod::AzureServicePrincipal => {
                has(Key::ClientCertificateFile) || has(Key::KeyFile)
            }
        }
    }

    /// A name for tokens made of these parameters: equal parameters, equal names. It is a SHA-256
    /// in hexadecimal, so no secret can be read from it.
    pub fn cache_key(&self) -> String {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(bytes);
        };
        part(self.method.name().as_bytes());
        for (key, value) in &self.values {
            part(key.name().as_bytes());
            part(value.expose());
        }
        base16ct::lower::encode_string(&hash.finalize())
    }

    /// A parameter as text; `None` if it is not given.
    pub(crate) fn text(&self, key: Key) -> Option<&str> {
        self.values.get(&key).and_then(Secret::expose_text)
    }

    /// A secret parameter; `None` if it is not given.
    pub(crate) fn secret(&self, key: Key) -> Option<&Secret> {
        self.values.get(&key)
    }

    /// A parameter that [`Self::from_pairs`] has seen to be there.
    pub(crate) fn required(&self, key: Key) -> Result<&str> {
        self.text(key).ok_or_else(|| missing(self.method.spec(), &[key]))
    }

    /// A time in milliseconds.
    pub(crate) fn millis(&self, key: Key) -> Option<Duration> {
        self.text(key)?.parse().ok().map(Duration::from_millis)
    }

    /// The values that must appear in no text.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.values
            .iter()
            .filter(|(key, _)| key.is_secret())
            .filter_map(|(_, value)| value.expose_text())
    }

    fn require(&self, spec: &MethodSpec) -> Result<()> {
        for (key, value) in &self.values {
            if value.expose().iter().all(u8::is_ascii_whitespace) {
                return Err(Error::misuse(
                    format!("the authentication parameter `{key}` of {} is empty", spec.name),
                    "give it a value, or leave it out where it is optional",
                ));
            }
        }
        match spec
            .required
            .iter()
            .find(|group| !group.iter().any(|key| self.values.contains_key(key)))
        {
            Some(group) => Err(missing(Some(spec), group)),
            None => Ok(()),
        }
    }

    fn check_numbers(&self) -> Result<()> {
        for key in [Key::TokenRequestTimeout, Key::TokenTimeout] {
            if let Some(text) = self.text(key)
                && !text.parse::<u64>().is_ok_and(|millis| (1..=3_600_000).contains(&millis))
            {
                return Err(Error::misuse(
                    format!("`{key}` is {text:?}"),
                    "give whole milliseconds, from 1 to 3600000",
                ));
            }
        }
        if let Some(text) = self.text(Key::KeyBits)
            && !matches!(text, "2048" | "3072" | "4096")
        {
            return Err(Error::misuse(
                format!("`{}` is {text:?}", Key::KeyBits),
                "give 2048 (the default), 3072 or 4096",
            ));
        }
        Ok(())
    }
}

fn to_secret(name: &str, value: ParamValue) -> Result<Secret> {
    let secret = match value {
        ParamValue::Text(text) => Secret::from(text),
        ParamValue::Number(number) => Secret::from(number.to_string()),
        ParamValue::List(texts) => {
            if !matches!(Key::from_name(name), Some(Key::Scope)) {
                return Err(Error::misuse(
                    format!("the authentication parameter `{name}` is a list"),
                    "give one text; only `scopes` may be a list",
                ));
            }
            // OAuth2 separates scopes by blanks. Sorted, so that their order makes no difference
            // to the cache.
            let mut scopes: Vec<&str> = texts.iter().map(|text| text.trim()).collect();
            scopes.sort_unstable();
            Secret::from(scopes.join(" "))
        }
    };
    if secret.expose().len() > MAX_VALUE_BYTES {
        return Err(Error::misuse(
            format!(
                "the authentication parameter `{name}` is {} bytes long",
                secret.expose().len()
            ),
            format!("at most {MAX_VALUE_BYTES} bytes are taken"),
        ));
    }
    Ok(secret)
}

fn method_named(value: &ParamValue) -> Result<&'static MethodSpec> {
    let ParamValue::Text(name) = value else {
        return Err(Error::misuse(
            "the authentication method (`auth_type`) is not text",
            format!("name one of {}", method_names()),
        ));
    };
    AuthMethod::from_name(name.trim()).ok_or_else(|| {
        let names = METHODS.iter().map(|spec| spec.name);
        Error::misuse(
            format!("unknown authentication method `{name}`{}", did_you_mean(name, names)),
            format!("set `auth_type` (authType) to one of {}", method_names()),
        )
    })
}

fn method_names() -> String {
    METHODS.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ")
}

fn missing(spec: Option<&MethodSpec>, group: &[Key]) -> Error {
    let (method, parameters) =
        spec.map_or(("this method", String::new()), |spec| (spec.name, spec.parameters()));
    Error::misuse(
        format!("{method} needs the authentication parameter {}", one_of(group)),
        format!("{method} takes {parameters} (camelCase spelling works as well)"),
    )
}

fn unknown_parameter(spec: &MethodSpec, name: &str) -> Error {
    let names = KEYS.iter().filter(|known| spec.takes(known.key)).map(|known| known.name);
    Error::misuse(
        format!(
            "unknown authentication parameter `{name}` for {}{}",
            spec.name,
            did_you_mean(name, names)
        ),
        format!("{} takes {} (camelCase spelling works as well)", spec.name, spec.parameters()),
    )
}

/// ` (did you mean ...?)`, or nothing if no name is near.
fn did_you_mean<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    const NEAR: f64 = 0.75;
    let wanted = normalized(name);
    names
        .map(|known| (strsim::jaro_winkler(&wanted, &normalized(known)), known))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| format!(" (did you mean `{known}`?)"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn params(pairs: &[(&str, &str)]) -> Result<AuthParams> {
        AuthParams::from_pairs(
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())),
        )
    }

    const SIMPLE: [(&str, &str); 6] = [
        ("auth_type", "SimpleAuthentication"),
        ("user", "ocid1.user.oc1..u"),
        ("tenancy", "ocid1.tenancy.oc1..t"),
        ("fingerprint", "aa:bb"),
        ("key_file", "~/.oci/key.pem"),
        ("region", "us-phoenix-1"),
    ];

    #[test]
    fn every_name_of_a_method_is_taken_in_any_case() {
        for (name, method) in [
            ("ConfigFileAuthentication", AuthMethod::ConfigFileAuthentication),
            ("configFileBasedAuthentication", AuthMethod::ConfigFileAuthentication),
            ("CONFIGFILEAUTHENTICATION", AuthMethod::ConfigFileAuthentication),
            ("securitytoken", AuthMethod::SecurityToken),
            ("instanceprincipal", AuthMethod::InstancePrincipal),
            ("resourcePrincipal", AuthMethod::ResourcePrincipal),
            ("oke_workload_identity", AuthMethod::OkeWorkloadIdentity),
        ] {
            for key in ["auth_type", "authType", "AUTH_TYPE"] {
                assert_eq!(params(&[(key, name)]).unwrap().method(), method, "{key} {name}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_what_would_be_right() {
        let without = |gone: &str| -> Vec<(&str, &str)> {
            SIMPLE.iter().copied().filter(|(name, _)| *name != gone).collect()
        };
        let with = |pair: (&'static str, &'static str)| -> Vec<(&str, &str)> {
            SIMPLE.iter().copied().chain([pair]).collect()
        };
        for (given, wanted) in [
            (vec![], &["`auth_type`", "InstancePrincipal"][..]),
            (
                vec![("auth_type", "SimpelAuthentication")],
                &["did you mean `SimpleAuthentication`", "ResourcePrincipal"],
            ),
            (
                vec![("auth_type", "kerberos")],
                &["unknown authentication method `kerberos`", "SecurityTokenSimple"],
            ),
            (
                without("user"),
                &["needs the authentication parameter user", "key_file or key_content"],
            ),
            (without("key_file"), &["key_file or key_content", "optional: pass_phrase"]),
            (without("region"), &["needs the authentication parameter region"]),
            (
                with(("finger_print2", "x")),
                &["unknown authentication parameter `finger_print2`", "did you mean `fingerprint`"],
            ),
            (with(("regionId", "x")), &["given twice, as `region` and as `regionId`"]),
            (with(("scope", " ")), &["`scope`", "is empty"]),
            (with(("key_bits", "1024")), &["`key_bits` is \"1024\"", "2048"]),
            (with(("token_timeout_ms", "soon")), &["`token_timeout_ms`", "milliseconds"]),
        ] {
            let error = params(&given).unwrap_err();
            assert_eq!(error.code(), "OED-MISUSE");
            let text = error.to_string();
            for part in wanted {
                assert!(text.contains(part), "{text}\nlacks {part}");
            }
        }
    }

    #[test]
    fn parameters_of_other_methods_are_known_but_unused() {
        let mut given = SIMPLE.to_vec();
        given.push(("client_id", "x"));
        given.push(("profile", "DEFAULT"));
        assert_eq!(params(&given).unwrap().unused(), [Key::ClientId]);
    }

    #[test]
    fn the_cache_key_tells_parameters_apart_but_not_their_spelling() {
        let key = |pairs: &[(&str, &str)]| params(pairs).unwrap().cache_key();
        let node = [
            ("authType", "simpleauthentication"),
            ("regionId", "us-phoenix-1"),
            ("user", "ocid1.user.oc1..u"),
            ("tenancy", "ocid1.tenancy.oc1..t"),
            ("fingerprint", "aa:bb"),
            ("privateKeyLocation", "~/.oci/key.pem"),
        ];
        assert_eq!(key(&SIMPLE), key(&node));
        let mut other = SIMPLE;
        other[5].1 = "us-ashburn-1";
        assert_ne!(key(&SIMPLE), key(&other));
        assert_eq!(key(&SIMPLE).len(), 64);
    }

    #[test]
    fn scopes_may_be_a_list() {
        let pairs = |scopes: &[&str]| {
            let scopes = scopes.iter().map(|s| (*s).to_owned()).collect();
            vec![
                ("auth_type".to_owned(), "azureserviceprincipal".into()),
                ("authority".to_owned(), "t".into()),
                ("clientId".to_owned(), "c".into()),
                ("clientSecret".to_owned(), "hunter2!".into()),
                ("scopes".to_owned(), ParamValue::List(scopes)),
            ]
        };
        let one = AuthParams::from_pairs(pairs(&["b/.default", "a/.default"])).unwrap();
        let other = AuthParams::from_pairs(pairs(&["a/.default", " b/.default"])).unwrap();
        assert_eq!(one.text(Key::Scope), Some("a/.default b/.default"));
        assert_eq!(one.cache_key(), other.cache_key());
        assert!(!format!("{one:?} {:?}", pairs(&["x"])).contains("hunter2"));
        assert!(AuthParams::from_pairs(pairs(&[])).is_err());
    }

    #[test]
    fn what_needs_files_is_known_beforehand() {
        for (given, files) in [
            (vec![("auth_type", "ConfigFileAuthentication")], true),
            (
                vec![
                    ("auth_type", "ConfigFileAuthentication"),
                    ("config", "[X]"),
                    ("key_content", "k"),
                ],
                false,
            ),
            (SIMPLE.to_vec(), true),
            (vec![("auth_type", "InstancePrincipal")], false),
        ] {
            assert_eq!(params(&given).unwrap().needs_files(), files, "{given:?}");
        }
    }
}
