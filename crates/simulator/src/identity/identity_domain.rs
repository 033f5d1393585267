//! An identity domain of OCI IAM: tokens of OAuth2 for confidential applications.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::database_token::DOMAIN_ISSUER;
use super::directory::{Application, Directory};
use super::http::{Request, Response, percent_decoded};
use super::jwt;

/// The key id of its tokens.
const KEY_ID: &str = "SIGNING_KEY";

/// `POST /oauth2/v1/token`.
pub(crate) fn token(directory: &Directory, request: &Request, now: SystemTime) -> Response {
    match issue(directory, request, now) {
        Ok(body) => Response::json(200, &body).with_header("cache-control", "no-store"),
        Err((status, error, description)) => {
            Response::json(status, &json!({"error": error, "error_description": description}))
        }
    }
}

type Refusal = (u16, &'static str, &'static str);

fn issue(directory: &Directory, request: &Request, now: SystemTime) -> Result<Value, Refusal> {
    let application = authenticate(directory, request).ok_or((
        401,
        "invalid_client",
        "Client authentication failed.",
    ))?;
    match request.form_field("grant_type").as_deref() {
        Some("client_credentials") => {}
        Some(_) => return Err((400, "unsupported_grant_type", "The grant type is not supported.")),
        None => return Err((400, "invalid_request", "Missing parameter: grant_type.")),
    }
    let scope = request.form_field("scope").unwrap_or_default();
    let audience = &directory.database().domain_audience;
    if scope.strip_prefix(audience.as_str()).is_none_or(str::is_empty) {
        return Err((400, "invalid_scope", "Invalid scope."));
    }
    let claims = json!({
        "iss": DOMAIN_ISSUER,
        "aud": audience,
        "sub": application.client_id,
        "client_id": application.client_id,
        "client_name": application.principal.name,
        "sub_type": "client",
        "tok_type": "AT",
        "tenant": application.principal.tenancy,
        "scope": scope,
        "roles": application.principal.roles,
        "jti": super::random_id(),
    });
    Ok(json!({
        "access_token": jwt::issue(&directory.keys().domain, KEY_ID, &directory.with_times(claims, now)),
        "token_type": "Bearer",
        "expires_in": directory.settings().token_lifetime.as_secs(),
    }))
}

/// The application whose id and secret come as `Authorization: Basic`.
fn authenticate(directory: &Directory, request: &Request) -> Option<Application> {
    let header = request.header("authorization")?;
    let credentials = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let credentials = String::from_utf8(credentials).ok()?;
    let (client_id, secret) = credentials.split_once(':')?;
    let application = directory.domain_application(client_id)?;
    // RFC 6749 has both form-encoded; most clients do not do so.
    (application.secret == secret || application.secret == percent_decoded(secret))
        .then_some(application)
}
