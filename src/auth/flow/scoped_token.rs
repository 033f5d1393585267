//! The last step of every OCI method: a principal asks for a token that is good for a database, and
//! names the public half of a new key pair, whose private half then proves possession at log-on.
//!
//! `POST /v1/actions/generateScopedAccessToken` of the service `auth` (Identity Data Plane API).

use base64ct::{Base64, Encoding};
use serde_json::json;

use super::credentials::{Credentials, Regions, SigningKey};
use super::driver::Host;
use super::oauth::{expiry, json_object, refuse_expired};
use super::retry::{Answer, RetryPolicy, send};
use super::{AuthMethod, AuthParams, DatabaseToken, Key, endpoint, service_error};
use crate::auth::Secret;
use crate::auth::http::HttpRequest;
use crate::auth::jwt::Claims;
use crate::auth::oci::region;
use crate::error::{Error, Result};

/// All databases that the principal may use.
const DEFAULT_SCOPE: &str = "urn:oracle:db::id::*";
/// What a scope begins with; a compartment, or a compartment and a database, follow.
const SCOPE_PREFIX: &str = "urn:oracle:db::id::";

const BASE_PATH: &str = "/v1";
const ACTION: &str = "/actions/generateScopedAccessToken";

/// The size of the key pair: the least that OCI takes. The official drivers make 4096 bits, which
/// takes many times as long; `key_bits` chooses.
const DEFAULT_BITS: u32 = 2048;

pub(crate) const DOING: &str = "asking OCI for a database token";

/// Asks in `region`, with the credentials of the principal.
pub(crate) async fn request(
    host: &Host,
    params: &AuthParams,
    credentials: &Credentials,
    region: &str,
    regions: &Regions,
) -> Result<DatabaseToken> {
    let (answer, key) = ask(host, params, credentials, region, regions).await?;
    read(host, params, &answer, &key)
}

/// The answer whatever it is, and the key that was named in the request.
pub(crate) async fn ask(
    host: &Host,
    params: &AuthParams,
    credentials: &Credentials,
    region: &str,
    regions: &Regions,
) -> Result<(Answer, SigningKey)> {
    let url = url(params, region, regions)?;
    let scope = scope(params)?;
    let key = SigningKey::make(host, key_bits(params)).await?;
    let body = json!({ "scope": scope, "publicKey": pem("PUBLIC KEY", key.public_key()) });
    let request = HttpRequest::post(url, "application/json", body.to_string())
        .with_header("accept", "application/json")
        .with_header("opc-request-id", request_id(host));
    let answer = send(host, DOING, &request, credentials, RetryPolicy::SERVICE).await?;
    Ok((answer, key))
}

/// The token of an answer, or why there is none.
pub(crate) fn read(
    host: &Host,
    params: &AuthParams,
    answer: &Answer,
    key: &SigningKey,
) -> Result<DatabaseToken> {
    if !answer.response.is_success() {
        return Err(service_error::refused(DOING, answer, &remedy(params, answer)));
    }
    let body = json_object(DOING, answer)?;
    let token = body.get("token").and_then(serde_json::Value::as_str).map(str::trim);
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Err(Error::auth(
            format!("{DOING}: {} was answered without a token", answer.asked),
            "check that `endpoint` is the address of the service `auth`",
        ));
    };
    let claims = Claims::parse(token).map_err(|error| {
        super::credentials::in_place(error, &format!("{DOING}: the service's answer"))
    })?;
    let expires_at = expiry(DOING, &claims)?;
    refuse_expired(host, DOING, expires_at)?;
    let key = match key {
        SigningKey::Made { key, .. } => Some(*key),
        SigningKey::Given(_) => None,
    };
    Ok(DatabaseToken { token: Secret::from(token), expires_at, key })
}

/// Bits of the key pairs.
pub(crate) fn key_bits(params: &AuthParams) -> u32 {
    params.text(Key::KeyBits).and_then(|bits| bits.parse().ok()).unwrap_or(DEFAULT_BITS)
}

/// An id for support to find the request by, in the SDK's form: 32 hexadecimal digits.
pub(crate) fn request_id(host: &Host) -> String {
    let random = host.random();
    let (id, _) = random.split_at(16);
    base16ct::upper::encode_string(id)
}

/// PEM with lines of 64 characters (RFC 7468).
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for (at, c) in Base64::encode_string(der).chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text + &format!("\n-----END {label}-----\n")
}

fn scope(params: &AuthParams) -> Result<&str> {
    let scope = params.text(Key::Scope).map_or(DEFAULT_SCOPE, str::trim);
    if scope.starts_with(SCOPE_PREFIX) {
        return Ok(scope);
    }
    Err(Error::misuse(
        format!("`scope` is {scope:?}"),
        format!(
            "leave it out for all databases, or write {SCOPE_PREFIX}<compartment OCID> or \
             {SCOPE_PREFIX}<compartment OCID>::<database OCID>"
        ),
    ))
}

/// The address of the action: as `endpoint` says, or that of the region.
fn url(params: &AuthParams, region: &str, regions: &Regions) -> Result<String> {
    let base = match params.text(Key::Endpoint) {
        Some(given) => endpoint::checked(given, "`endpoint`")?,
        None => {
            endpoint::checked(&region::endpoint("auth", region, regions), "the region's address")?
        }
    };
    let base = base.trim_end_matches('/');
    Ok(if base.ends_with(ACTION) {
        base.to_owned()
    } else if base.ends_with(BASE_PATH) {
        format!("{base}{ACTION}")
    } else {
        format!("{base}{BASE_PATH}{ACTION}")
    })
}

/// What to do if the service refuses, which depends on who asked.
fn remedy(params: &AuthParams, answer: &Answer) -> String {
    let status = answer.response.status;
    let (unknown, unauthorised) = match params.method() {
        AuthMethod::ConfigFileAuthentication | AuthMethod::SimpleAuthentication => (
            "the service does not know the API key: compare user, tenancy and fingerprint with the \
             console (User settings, API keys), check that the key was not deleted, that the region is \
             one the tenancy is subscribed to, and the clock of this computer",
            "the user needs a policy such as `allow group <group> to use autonomous-database-family in \
             compartment <compartment>` (or database-connections), and must be in that group",
        ),
        AuthMethod::SecurityToken | AuthMethod::SecurityTokenSimple => (
            "the session has ended, or token and key do not belong together: run `oci session refresh \
             --profile <profile>`, or `oci session authenticate`",
            "the user needs a policy such as `allow group <group> to use autonomous-database-family in \
             compartment <compartment>`, and must be in that group",
        ),
        _ => (
            "the service does not accept the principal's token: check the clock of this computer, and \
             that the principal was not deleted",
            "put the principal into a dynamic group (its matching rule must name the instance or \
             resource), and give the group a policy such as `allow dynamic-group <group> to use \
             autonomous-database-family in compartment <compartment>`",
        ),
    };
    match status {
        401 => unknown.to_owned(),
        400 => "check `scope` (compartment and database OCID) and the region".to_owned(),
        403 | 404 => format!("{unauthorised}; check `scope` as well"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_is_found_from_any_form_of_endpoint() {
        const ACTION_URL: &str = "https://h/v1/actions/generateScopedAccessToken";
        for given in ["https://h", "https://h/", "https://h/v1", "https://h/v1/", ACTION_URL] {
            let pairs = [("auth_type", "InstancePrincipal"), ("endpoint", given)];
            let params =
                AuthParams::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value.into())))
                    .unwrap();
            assert_eq!(url(&params, "phx", &Regions::default()).unwrap(), ACTION_URL);
        }
        let params =
            AuthParams::from_pairs([("auth_type".to_owned(), "InstancePrincipal".into())]).unwrap();
        assert_eq!(
            url(&params, "phx", &Regions::default()).unwrap(),
            "https://auth.us-phoenix-1.oraclecloud.com/v1/actions/generateScopedAccessToken"
        );
    }

    #[test]
    fn pem_has_lines_of_64() {
        let text = pem("PUBLIC KEY", &[0; 60]);
        let lines: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(lines, [26, 64, 16, 24]);
    }
}
