//! A session of `oci session authenticate`: `SecurityToken` finds it by a profile,
//! `SecurityTokenSimple` in the parameters.

use super::credentials::{Credentials, in_place};
use super::driver::Host;
use super::{AuthParams, DatabaseToken, Key, api_key, profile, scoped_token};
use crate::auth::jwt::Claims;
use crate::auth::oci::config::OciConfig;
use crate::error::{Error, Result};

/// With a profile of the configuration file.
pub(crate) async fn with_profile(host: Host, params: &AuthParams) -> Result<DatabaseToken> {
    let mut config = profile::load(&host, params).await?;
    // What is in the hand needs no file.
    for (key, field) in [(Key::SecurityToken, "security_token_file"), (Key::KeyContent, "key_file")]
    {
        if params.secret(key).is_some() && config.get(field).is_none() {
            config.set(field, "(given as text)");
        }
    }
    config.validate_session()?;
    sign_and_ask(host, params, &config).await
}

/// With the parameters.
pub(crate) async fn with_parameters(host: Host, params: &AuthParams) -> Result<DatabaseToken> {
    let config = api_key::simple_config(params);
    sign_and_ask(host, params, &config).await
}

async fn sign_and_ask(
    host: Host,
    params: &AuthParams,
    config: &OciConfig,
) -> Result<DatabaseToken> {
    let token = match params.text(Key::SecurityToken) {
        Some(token) => token.to_owned(),
        None => {
            let path = config.require("security_token_file")?;
            host.read_text(path, "the session token")
                .await
                .map_err(|error| with_remedy(error, &authenticate(params, config)))?
        }
    };
    let token = token.trim();
    refuse_expired(&host, token, params, config)?;
    let key = profile::key(&host, config).await?;
    let credentials = Credentials::token(token, key);
    let region = config.require("region")?;
    let regions = profile::regions(&host, params, region).await;
    scoped_token::request(&host, params, &credentials, region, &regions).await
}

/// The service would answer a session that has ended with 401 and nothing more.
fn refuse_expired(host: &Host, token: &str, params: &AuthParams, config: &OciConfig) -> Result<()> {
    let place = "the session token";
    let claims = Claims::parse(token)
        .map_err(|error| with_remedy(in_place(error, place), &authenticate(params, config)))?;
    let expires_at = claims
        .expires_at()
        .map_err(|error| with_remedy(in_place(error, place), &authenticate(params, config)))?;
    match expires_at {
        Some(at) if at <= host.now() => Err(Error::auth(
            format!("the session token expired at {at} (it is {} now)", host.now()),
            format!(
                "run `oci session refresh --profile {}` while the session can still be refreshed, else {}",
                profile_name(params, config),
                authenticate(params, config)
            ),
        )),
        _ => Ok(()),
    }
}

/// The profile in commands; with `SecurityTokenSimple` the user may have told it.
fn profile_name<'a>(params: &'a AuthParams, config: &'a OciConfig) -> &'a str {
    match (params.text(Key::Profile), config.name()) {
        (Some(name), _) => name,
        (None, "SecurityTokenSimple") => "<profile>",
        (None, name) => name,
    }
}

fn authenticate(params: &AuthParams, config: &OciConfig) -> String {
    format!("run `oci session authenticate --profile-name {}`", profile_name(params, config))
}

fn with_remedy(error: Error, remedy: &str) -> Error {
    match error {
        Error::Auth { what, .. } => Error::auth(what, remedy),
        other => other,
    }
}
