//! The services of OCI IAM that issue tokens: scoped tokens, federation, resource principals.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::directory::{Directory, Principal};
use super::http::{Request, Response, invalid_parameter, not_authenticated, not_found};
use super::instance_certificates::InstanceCertificates;
use super::keys::PublicKey;
use super::request_signature::RequestSignature;
use super::scope::DatabaseScope;
use super::{sample, session_token};

/// Verifies who signed `request`: an API key, a session token, or the key of a resource.
fn authenticate(
    directory: &Directory,
    request: &Request,
    now: SystemTime,
) -> Result<Principal, Response> {
    let signature = RequestSignature::parse(request)?;
    let key_id = signature.key_id.as_str();
    let (principal, key) = match key_id.strip_prefix(session_token::PREFIX) {
        Some(token) => directory.verify_session_token(token, now),
        None if key_id.starts_with("resource/") => resource_key(directory, key_id),
        None => directory.api_key(key_id),
    }
    .ok_or_else(not_authenticated)?;
    signature.verify(request, &key, now, true)?;
    Ok(principal)
}

/// The owner of `resource/v2.1/RESOURCE` or `resource/v2.1.1/TENANCY/RESOURCE`.
fn resource_key(directory: &Directory, key_id: &str) -> Option<(Principal, PublicKey)> {
    let parts: Vec<_> = key_id.split('/').collect();
    let (tenancy, resource) = match parts.as_slice() {
        [_, "v2.1", resource] => (None, resource),
        [_, "v2.1.1" | "v2.1.2", tenancy, resource] => (Some(tenancy), resource),
        _ => return None,
    };
    let (principal, key) = directory.resource_key(resource)?;
    tenancy.is_none_or(|tenancy| *tenancy == principal.tenancy).then_some((principal, key))
}

fn body(request: &Request) -> Result<Value, Response> {
    request.json().ok_or_else(|| {
        Response::error(400, "CannotParseRequest", "Unable to parse the body of the request.")
    })
}

fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, Response> {
    let missing = || invalid_parameter(&format!("{name} must not be null."));
    body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).ok_or_else(missing)
}

fn public_key(body: &Value, name: &str) -> Result<PublicKey, Response> {
    PublicKey::from_pem(text(body, name)?)
        .map_err(|error| invalid_parameter(&format!("{name} is not valid: {error}.")))
}

/// `POST /v1/actions/generateScopedAccessToken`.
pub(crate) fn scoped_token(
    directory: &Directory,
    request: &Request,
    now: SystemTime,
) -> Result<Response, Response> {
    let principal = authenticate(directory, request, now)?;
    let body = body(request)?;
    let scope = text(&body, "scope")?;
    if DatabaseScope::parse(scope).is_none() {
        return Err(invalid_parameter("The scope is not valid."));
    }
    let key = public_key(&body, "publicKey")?;
    if !directory.has_policy(&principal.ocid) {
        return Err(not_found());
    }
    let token = directory.issue_database_token(&principal, scope, &key, now);
    Ok(Response::json(200, &json!({"token": token})))
}

/// `POST /v1/x509`: an instance becomes a principal.
pub(crate) fn federation(
    directory: &Directory,
    certificates: &InstanceCertificates,
    request: &Request,
    now: SystemTime,
) -> Result<Response, Response> {
    let signature = RequestSignature::parse(request)?;
    let body = body(request)?;
    let intermediates = body.get("intermediateCertificates").and_then(Value::as_array);
    let intermediates: Vec<_> =
        intermediates.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let found = certificates
        .verify(text(&body, "certificate")?, &intermediates, now)
        .map_err(|_| not_authenticated())?;
    let key_id: Vec<_> = signature.key_id.split('/').collect();
    let (tenancy, fingerprint, sha256) = match key_id.as_slice() {
        [tenancy, "fed-x509", fingerprint] => (*tenancy, *fingerprint, false),
        [tenancy, "fed-x509-sha256", fingerprint] => (*tenancy, *fingerprint, true),
        _ => return Err(not_authenticated()),
    };
    if tenancy != found.tenancy || !found.has_fingerprint(fingerprint, sha256) {
        return Err(not_authenticated());
    }
    signature.verify(request, &found.key, now, false)?;
    let key = public_key(&body, "publicKey")?;
    let instance = directory.principal(&found.instance).ok_or_else(not_found)?;
    let token = directory.issue_session_token(&instance, &key, now);
    Ok(Response::json(200, &json!({"token": token})))
}

/// `GET /20180711/resourcePrincipalToken/ID`: what a resource's host shows to become it. `ID` is the
/// resource or the instance that it runs on; without one it is the holder's parent.
pub(crate) fn resource_tokens(
    directory: &Directory,
    request: &Request,
    now: SystemTime,
) -> Result<Response, Response> {
    let holder = authenticate(directory, request, now)?;
    let id = request.path().rsplit('/').next().unwrap_or_default();
    let resource = match id {
        "" => directory.parent(&holder.ocid),
        id => directory.delegated(&holder.ocid, id),
    };
    let resource = resource.ok_or_else(not_found)?;
    let (resource_token, service_token) = directory.issue_resource_tokens(&holder, &resource, now);
    Ok(Response::json(
        200,
        &json!({
            "resourcePrincipalToken": resource_token,
            "servicePrincipalSessionToken": service_token,
        }),
    ))
}

/// `POST /v1/resourcePrincipalSessionToken`: a resource becomes a principal.
pub(crate) fn resource_session(
    directory: &Directory,
    request: &Request,
    now: SystemTime,
) -> Result<Response, Response> {
    let holder = authenticate(directory, request, now)?;
    let body = body(request)?;
    let (resource_token, service_token) =
        (text(&body, "resourcePrincipalToken")?, text(&body, "servicePrincipalSessionToken")?);
    let resource = directory
        .verify_resource_tokens(&holder, resource_token, service_token, now)
        .ok_or_else(not_authenticated)?;
    let key = public_key(&body, "sessionPublicKey")?;
    let token = directory.issue_session_token(&resource, &key, now);
    Ok(Response::json(200, &json!({"token": token})))
}

/// `POST /resourcePrincipalSessionTokens` of a cluster's proxymux: a workload becomes a principal.
/// The answer is base64 of JSON.
pub(crate) fn workload_session(
    directory: &Directory,
    request: &Request,
    now: SystemTime,
) -> Result<Response, Response> {
    let header = request.header("authorization").ok_or_else(not_authenticated)?;
    let account = header
        .strip_prefix("Bearer ")
        .and_then(|token| directory.verify_service_account_token(token, now))
        .ok_or_else(not_authenticated)?;
    if account != session_token::SERVICE_ACCOUNT {
        return Err(Response::error(403, "NotAuthorized", "The cluster type is not enhanced."));
    }
    let body = body(request)?;
    let key = public_key(&body, "podKey")?;
    let workload = directory.principal(sample::WORKLOAD).ok_or_else(not_found)?;
    let token = directory.issue_session_token(&workload, &key, now);
    let answer = json!({"token": format!("{}{token}", session_token::PREFIX)}).to_string();
    Ok(Response::text(200, STANDARD.encode(answer)))
}
