//! A user's API key: `ConfigFileAuthentication` finds it in a profile, `SimpleAuthentication` in the
//! parameters.

use super::credentials::{Credentials, SigningKey};
use super::driver::Host;
use super::{
    AuthParams, DatabaseToken, Key, instance_principal, profile, resource_principal, scoped_token,
};
use crate::auth::oci::config::{OciConfig, Problem};
use crate::auth::oci::signer;
use crate::error::{Error, Result};

/// With a profile of the configuration file.
pub(crate) async fn with_profile(host: Host, params: &AuthParams) -> Result<DatabaseToken> {
    let config = profile::load(&host, params).await?;
    // What OCI's Cloud Shell writes; the SDK goes by it as well.
    match config.get("authentication_type") {
        Some("instance_principal") if config.get("delegation_token_file").is_none() => {
            return instance_principal::run(host, params).await;
        }
        Some("resource_principal") => return resource_principal::run(host, params).await,
        _ => {}
    }
    if config.get("user").is_none() && config.get("security_token_file").is_some() {
        return Err(Error::auth(
            format!(
                "the profile {} of the OCI configuration has a session token and no user",
                config.name()
            ),
            "use the authentication method SecurityToken for it",
        ));
    }
    config.validate()?;
    sign_and_ask(host, params, &config).await
}

/// With the parameters.
pub(crate) async fn with_parameters(host: Host, params: &AuthParams) -> Result<DatabaseToken> {
    let config = simple_config(params);
    for (key, problem) in config.problems() {
        if problem == Problem::Malformed {
            let form = match key {
                "fingerprint" => "16 pairs of digits 0-9 a-f with colons between".to_owned(),
                key => format!("an OCID such as ocid1.{key}.oc1..aaaa"),
            };
            return Err(Error::misuse(
                format!("`{key}` of {} is malformed", params.method()),
                format!("expected {form}"),
            ));
        }
    }
    sign_and_ask(host, params, &config).await
}

/// The parameters in the words of a profile.
pub(crate) fn simple_config(params: &AuthParams) -> OciConfig {
    const FIELDS: [(Key, &str); 8] = [
        (Key::User, "user"),
        (Key::Tenancy, "tenancy"),
        (Key::Fingerprint, "fingerprint"),
        (Key::KeyFile, "key_file"),
        (Key::KeyContent, "key_content"),
        (Key::PassPhrase, "pass_phrase"),
        (Key::Region, "region"),
        (Key::SecurityTokenFile, "security_token_file"),
    ];
    let given = FIELDS.iter().filter_map(|(key, field)| Some((*field, params.text(*key)?.trim())));
    OciConfig::from_pairs(params.method().name(), given)
}

async fn sign_and_ask(
    host: Host,
    params: &AuthParams,
    config: &OciConfig,
) -> Result<DatabaseToken> {
    let key = profile::key(&host, config).await?;
    let fingerprint = config.require("fingerprint")?;
    if let SigningKey::Given(key) = &key {
        key.check_fingerprint(fingerprint)?;
    }
    let key_id =
        signer::api_key_id(config.require("tenancy")?, config.require("user")?, fingerprint);
    let credentials = Credentials::new(key_id, key);
    let region = config.require("region")?;
    let regions = profile::regions(&host, params, region).await;
    scoped_token::request(&host, params, &credentials, region, &regions).await
}
