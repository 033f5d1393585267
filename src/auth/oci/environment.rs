//! What the environment says about OCI's configuration: the variables of the command line
//! (`OCI_CLI_*`) and of the SDKs. Whoever runs a flow reads the variables; here they are a map.

use std::collections::BTreeMap;

use super::config::{DEFAULT_FILE, FALLBACK_FILE, OciConfig};

/// The variables of the environment by name.
pub type Variables = BTreeMap<String, String>;

/// The variables that stand for keys of a profile, and the keys.
pub const KEY_VARIABLES: [(&str, &str); 8] = [
    ("OCI_CLI_FINGERPRINT", "fingerprint"),
    ("OCI_CLI_KEY_CONTENT", "key_content"),
    ("OCI_CLI_KEY_FILE", "key_file"),
    ("OCI_CLI_PASSPHRASE", "pass_phrase"),
    ("OCI_CLI_REGION", "region"),
    ("OCI_CLI_SECURITY_TOKEN_FILE", "security_token_file"),
    ("OCI_CLI_TENANCY", "tenancy"),
    ("OCI_CLI_USER", "user"),
];

/// All variables that are looked at, for hosts that hand over no more than these.
pub const NAMES: [&str; 14] = [
    "OCI_CLI_CONFIG_FILE",
    "OCI_CLI_FINGERPRINT",
    "OCI_CLI_KEY_CONTENT",
    "OCI_CLI_KEY_FILE",
    "OCI_CLI_PASSPHRASE",
    "OCI_CLI_PROFILE",
    "OCI_CLI_REGION",
    "OCI_CLI_SECURITY_TOKEN_FILE",
    "OCI_CLI_TENANCY",
    "OCI_CLI_USER",
    "OCI_CONFIG_FILE",
    "OCI_DEFAULT_REALM",
    "OCI_REGION",
    "OCI_REGION_METADATA",
];

/// A variable that is set and not empty.
fn variable<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// The files to try, in this order, if the caller names none: `OCI_CLI_CONFIG_FILE` alone if it is
/// set; else `~/.oci/config`, then what `OCI_CONFIG_FILE` names or, without that,
/// `~/.oraclebmc/config`.
pub fn config_files(variables: &Variables) -> Vec<String> {
    if let Some(file) = variable(variables, "OCI_CLI_CONFIG_FILE") {
        return vec![file.to_owned()];
    }
    let second = variable(variables, "OCI_CONFIG_FILE").unwrap_or(FALLBACK_FILE);
    vec![DEFAULT_FILE.to_owned(), second.to_owned()]
}

/// The profile to use if the caller names none (`OCI_CLI_PROFILE`).
pub fn profile(variables: &Variables) -> Option<&str> {
    variable(variables, "OCI_CLI_PROFILE")
}

/// Puts what the environment says over what the file says, as the command line does, and then
/// `OCI_REGION` where there still is no region, as the SDKs do. A key that comes as `key_content`
/// replaces the `key_file`, and the other way round.
pub fn apply(variables: &Variables, config: &mut OciConfig) {
    for (name, key) in KEY_VARIABLES {
        if let Some(value) = variable(variables, name) {
            config.set(key, value);
        }
    }
    match (variable(variables, "OCI_CLI_KEY_CONTENT"), variable(variables, "OCI_CLI_KEY_FILE")) {
        (Some(_), None) => config.remove("key_file"),
        (None, Some(_)) => config.remove("key_content"),
        _ => {}
    }
    if config.get("region").is_none()
        && let Some(region) = variable(variables, "OCI_REGION")
    {
        config.set("region", region);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    #[test]
    fn files_are_tried_in_order() {
        for (pairs, files) in [
            (&[][..], &["~/.oci/config", "~/.oraclebmc/config"][..]),
            (&[("OCI_CONFIG_FILE", "/a")], &["~/.oci/config", "/a"]),
            (&[("OCI_CONFIG_FILE", "")], &["~/.oci/config", "~/.oraclebmc/config"]),
            (&[("OCI_CONFIG_FILE", "/a"), ("OCI_CLI_CONFIG_FILE", "/b")], &["/b"]),
        ] {
            assert_eq!(config_files(&variables(pairs)), files);
        }
    }

    #[test]
    fn the_environment_goes_over_the_file() {
        let file = [("region", "us-ashburn-1"), ("user", "a"), ("key_file", "k")];
        for (pairs, expected) in [
            (&[("OCI_CLI_REGION", "phx")][..], [Some("phx"), Some("a"), Some("k"), None]),
            (&[("OCI_REGION", "phx")], [Some("us-ashburn-1"), Some("a"), Some("k"), None]),
            (&[("OCI_CLI_USER", "b")], [Some("us-ashburn-1"), Some("b"), Some("k"), None]),
            (
                &[("OCI_CLI_KEY_CONTENT", "pem")],
                [Some("us-ashburn-1"), Some("a"), None, Some("pem")],
            ),
            (&[("OCI_CLI_KEY_FILE", "l")], [Some("us-ashburn-1"), Some("a"), Some("l"), None]),
        ] {
            let mut config = OciConfig::from_pairs("DEFAULT", file);
            apply(&variables(pairs), &mut config);
            let found = ["region", "user", "key_file", "key_content"].map(|key| config.get(key));
            assert_eq!(found, expected, "{pairs:?}");
        }
        let mut config = OciConfig::from_pairs("DEFAULT", [("user", "a")]);
        apply(&variables(&[("OCI_REGION", "phx")]), &mut config);
        assert_eq!(config.get("region"), Some("phx"));
    }

    #[test]
    fn every_variable_of_a_key_is_among_the_names() {
        for (name, _) in KEY_VARIABLES {
            assert!(NAMES.contains(&name), "{name}");
        }
    }
}
