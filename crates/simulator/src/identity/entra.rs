//! Entra ID (Azure): discovery, and tokens for applications that show a secret or sign an assertion
//! with their certificate, for themselves or on behalf of a user.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::directory::{Application, Directory};
use super::http::{Request, Response, percent_decoded};
use super::jwt::{self, Token};
use super::sample::{AZURE_TENANT, AZURE_USER, AZURE_USER_OBJECT};

/// The host of Entra ID; tokens name it wherever it is simulated.
pub const HOST: &str = "login.microsoftonline.com";
/// The key id of its tokens.
const KEY_ID: &str = "simulator-entra-1";
/// What a scope for an application itself ends in.
const DEFAULT_SCOPE: &str = "/.default";
/// A token that the client got for a user, shown to get another one.
const ON_BEHALF_OF: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The only kind of assertion that clients authenticate with.
const CLIENT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Who issues the tokens: version 2 of the sample's tenant.
pub fn issuer() -> String {
    format!("https://{HOST}/{AZURE_TENANT}/v2.0")
}

/// Whether a token says that it comes from the simulated Entra ID.
pub(crate) fn is_issuer(text: &str) -> bool {
    text == issuer()
}

/// An error of Entra ID: a number, and the error of OAuth2 that it is a case of.
#[derive(Clone, Debug)]
struct Refusal {
    status: u16,
    error: &'static str,
    number: u32,
    text: String,
}

fn refused(status: u16, error: &'static str, number: u32, text: impl Into<String>) -> Refusal {
    Refusal { status, error, number, text: text.into() }
}

impl Refusal {
    fn response(&self, now: SystemTime) -> Response {
        let (trace, correlation) = (super::random_uuid(), super::random_uuid());
        let time = super::rfc3339(now).replace('T', " ");
        let description = format!(
            "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}",
            self.number, self.text
        );
        let body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [self.number],
            "timestamp": time,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://{HOST}/error?code={}", self.number),
        });
        Response::json(self.status, &body).with_header("cache-control", "no-store, no-cache")
    }
}

/// Answers discovery: of hosts, of a tenant, of signing keys. `base` is the URL that the client
/// reached us by.
pub(crate) fn discovery(
    directory: &Directory,
    request: &Request,
    base: &str,
    now: SystemTime,
) -> Response {
    let segments: Vec<_> = request.path().trim_matches('/').split('/').collect();
    match segments.as_slice() {
        ["common", "discovery", "instance"] => instance_discovery(request, base),
        [tenant, ..] if !is_tenant(tenant) => unknown_tenant(tenant).response(now),
        [_, "discovery", "v2.0", "keys"] => {
            let key = directory.keys().azure.public_key().to_jwk(KEY_ID);
            Response::json(200, &json!({"keys": [key]}))
        }
        [tenant, "v2.0", ".well-known", "openid-configuration"] => {
            let endpoint = format!("{base}/{tenant}/oauth2/v2.0");
            let body = json!({
                "issuer": issuer(),
                "token_endpoint": format!("{endpoint}/token"),
                "authorization_endpoint": format!("{endpoint}/authorize"),
                "device_authorization_endpoint": format!("{endpoint}/devicecode"),
                "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
                "token_endpoint_auth_methods_supported":
                    ["client_secret_post", "private_key_jwt", "client_secret_basic"],
                "response_types_supported": ["code", "id_token", "code id_token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "tenant_region_scope": "EU",
                "cloud_instance_name": "microsoftonline.com",
            });
            Response::json(200, &body)
        }
        _ => Response::text(404, ""),
    }
}

fn is_tenant(tenant: &str) -> bool {
    tenant.eq_ignore_ascii_case(AZURE_TENANT)
}

fn unknown_tenant(tenant: &str) -> Refusal {
    let text = format!(
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are \
         signing into the correct cloud."
    );
    refused(400, "invalid_tenant", 90002, text)
}

/// `GET /common/discovery/instance?authorization_endpoint=https://HOST/TENANT/oauth2/v2.0/authorize`.
fn instance_discovery(request: &Request, base: &str) -> Response {
    let mut fields = request.query().split('&').filter_map(|field| field.split_once('='));
    let endpoint = fields.find(|(name, _)| *name == "authorization_endpoint");
    let endpoint = endpoint.map(|(_, value)| percent_decoded(value)).unwrap_or_default();
    let path = endpoint.strip_prefix("https://").and_then(|rest| rest.split_once('/'));
    match path.and_then(|(host, path)| Some((host, path.split('/').next()?))) {
        Some((host, tenant)) if !tenant.is_empty() => {
            let body = json!({
                "tenant_discovery_endpoint":
                    format!("{base}/{tenant}/v2.0/.well-known/openid-configuration"),
                "api-version": "1.1",
                "metadata": [{
                    "preferred_network": host,
                    "preferred_cache": host,
                    "aliases": [host, HOST],
                }],
            });
            Response::json(200, &body)
        }
        _ => Response::json(400, &json!({"error": "invalid_instance"})),
    }
}

/// `POST /TENANT/oauth2/v2.0/token`.
pub(crate) fn token(directory: &Directory, request: &Request, now: SystemTime) -> Response {
    match issue(directory, request, now) {
        Ok(body) => Response::json(200, &body).with_header("cache-control", "no-store, no-cache"),
        Err(refusal) => refusal.response(now),
    }
}

fn issue(directory: &Directory, request: &Request, now: SystemTime) -> Result<Value, Refusal> {
    let tenant = request.path().trim_matches('/').split('/').next().unwrap_or_default();
    if !is_tenant(tenant) {
        return Err(unknown_tenant(tenant));
    }
    let field = |name: &str| {
        let missing = format!("The request body must contain the following parameter: '{name}'.");
        request
            .form_field(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| refused(400, "invalid_request", 900_144, missing))
    };
    let grant = field("grant_type")?;
    let client_id = field("client_id")?;
    let application = directory.azure_application(&client_id).ok_or_else(|| {
        let text = format!(
            "Application with identifier '{client_id}' was not found in the directory 'Simulator'. \
             This can happen if the application has not been installed by the administrator of the \
             tenant or consented to by any user in the tenant. You may have sent your \
             authentication request to the wrong tenant."
        );
        refused(400, "unauthorized_client", 700_016, text)
    })?;
    authenticate(&application, request, now)?;
    let claims = match grant.as_str() {
        "client_credentials" => {
            let audience = application_audience(directory, &field("scope")?)?;
            json!({
                "aud": audience,
                "azp": client_id,
                "oid": application.principal.ocid,
                "sub": application.principal.ocid,
                "roles": application.principal.roles,
                "idtyp": "app",
            })
        }
        ON_BEHALF_OF => {
            let user = user_assertion(directory, &field("assertion")?, &client_id, now)?;
            if field("requested_token_use")? != "on_behalf_of" {
                let text = "The 'requested_token_use' parameter is not supported.";
                return Err(refused(400, "invalid_request", 90014, text));
            }
            let audience = user_audience(directory, &field("scope")?)?;
            json!({
                "aud": audience,
                "azp": client_id,
                "oid": user.text("oid"),
                "sub": user.text("oid"),
                "upn": user.text("upn"),
                "preferred_username": user.text("upn"),
                "name": user.text("name"),
                "scp": "session:scope:connect",
                "roles": application.principal.roles,
            })
        }
        _ => {
            let text = format!("The app requested an unsupported grant type '{grant}'.");
            return Err(refused(400, "unsupported_grant_type", 70003, text));
        }
    };
    let lifetime = directory.settings().token_lifetime.as_secs();
    Ok(json!({
        "token_type": "Bearer",
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": sign(directory, claims, now),
    }))
}

/// A token of version 2 with these claims.
fn sign(directory: &Directory, mut claims: Value, now: SystemTime) -> String {
    for (name, value) in [
        ("iss", json!(issuer())),
        ("tid", json!(AZURE_TENANT)),
        ("ver", json!("2.0")),
        ("uti", json!(super::random_id())),
        ("nbf", json!(jwt::seconds(now))),
    ] {
        claims[name] = value;
    }
    jwt::issue(&directory.keys().azure, KEY_ID, &directory.with_times(claims, now))
}

/// A token that the sample's user got for the application with this client id: what the application
/// shows to act on behalf of the user.
pub(crate) fn user_token(directory: &Directory, client_id: &str, now: SystemTime) -> String {
    let claims = json!({
        "aud": client_id,
        "azp": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        "oid": AZURE_USER_OBJECT,
        "sub": AZURE_USER_OBJECT,
        "upn": AZURE_USER,
        "preferred_username": AZURE_USER,
        "name": "Peter Fitch",
        "scp": "user_impersonation",
    });
    sign(directory, claims, now)
}

/// Checks the secret or the assertion of `application`.
fn authenticate(
    application: &Application,
    request: &Request,
    now: SystemTime,
) -> Result<(), Refusal> {
    if let Some(secret) = request.form_field("client_secret") {
        if secret == application.secret {
            return Ok(());
        }
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the \
             client secret value, not the client secret ID, for a secret added to app '{}'.",
            application.client_id
        );
        return Err(refused(401, "invalid_client", 7_000_215, text));
    }
    let Some(assertion) = request.form_field("client_assertion") else {
        let text = "The request body must contain the following parameter: 'client_assertion' or \
                    'client_secret'.";
        return Err(refused(401, "invalid_client", 7_000_218, text));
    };
    let invalid = |text: &str| refused(401, "invalid_client", 700_027, text);
    if request.form_field("client_assertion_type").as_deref() != Some(CLIENT_ASSERTION) {
        let text = "The client assertion type is not supported.";
        return Err(refused(400, "invalid_request", 900_144, text));
    }
    let token = Token::parse(&assertion).ok_or_else(|| {
        refused(401, "invalid_client", 50027, "JWT token is invalid or malformed.")
    })?;
    let certificate = application.certificate.as_ref().ok_or_else(|| {
        invalid("The certificate with identifier used to sign the client assertion is not registered on application.")
    })?;
    // MSAL for Python pads its base64.
    let header = |name: &str| {
        token.header.get(name).and_then(Value::as_str).map(|text| text.trim_end_matches('='))
    };
    let known = header("x5t#S256") == Some(&certificate.sha256_thumbprint)
        || header("x5t") == Some(&certificate.sha1_thumbprint);
    if !known {
        return Err(invalid(
            "The certificate with identifier used to sign the client assertion is not registered on application.",
        ));
    }
    if !token.is_signed_by(&certificate.key) {
        return Err(invalid("Client assertion failed signature validation."));
    }
    let client = Some(application.client_id.as_str());
    if token.text("iss") != client || token.text("sub") != client {
        let text = "The 'iss' and 'sub' of the client assertion have to be the client_id.";
        return Err(refused(401, "invalid_client", 700_021, text));
    }
    let audience = token.text("aud").unwrap_or_default();
    let endpoint = format!("/{AZURE_TENANT}/oauth2/v2.0/token");
    if !audience.ends_with(&endpoint) && !is_issuer(audience) {
        return Err(refused(
            401,
            "invalid_client",
            700_023,
            "Client assertion audience claim does not match Realm issuer.",
        ));
    }
    let current = token.time("exp").is_some_and(|expiry| now < expiry)
        && token
            .time("nbf")
            .is_none_or(|start| start <= now + super::request_signature::DATE_TOLERANCE);
    if !current {
        let text = "Client assertion is not within its valid time range.";
        return Err(refused(401, "invalid_client", 700_024, text));
    }
    Ok(())
}

/// The audience of a scope of an application itself: `APPLICATION/.default`.
fn application_audience(directory: &Directory, scope: &str) -> Result<String, Refusal> {
    let scopes: Vec<_> = resource_scopes(scope);
    let [scope] = scopes.as_slice() else {
        let text = format!(
            "The provided value for the input parameter 'scope' is not valid. The scope '{scope}' is not valid."
        );
        return Err(refused(400, "invalid_scope", 70011, text));
    };
    let Some(resource) = scope.strip_suffix(DEFAULT_SCOPE) else {
        let text = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a \
             scope value with /.default suffixed to the resource identifier (application ID URI)."
        );
        return Err(refused(400, "invalid_scope", 1_002_012, text));
    };
    audience(directory, resource)
}

/// The audience of a scope for a user: `APPLICATION/PERMISSION`.
fn user_audience(directory: &Directory, scope: &str) -> Result<String, Refusal> {
    let scopes = resource_scopes(scope);
    let resource = scopes.first().and_then(|scope| scope.rsplit_once('/'));
    let Some((resource, _)) = resource else {
        let text = format!(
            "The provided request must include a 'scope' input parameter. The scope '{scope}' is not valid."
        );
        return Err(refused(400, "invalid_scope", 70011, text));
    };
    audience(directory, resource)
}

/// The scopes that name a resource: MSAL adds those of OpenID Connect.
fn resource_scopes(scope: &str) -> Vec<&str> {
    let standard = ["openid", "profile", "email", "offline_access"];
    scope.split_ascii_whitespace().filter(|scope| !standard.contains(scope)).collect()
}

fn audience(directory: &Directory, resource: &str) -> Result<String, Refusal> {
    let database = directory.database();
    if resource == database.azure_application_uri || resource == database.azure_client_id {
        return Ok(database.azure_client_id.clone());
    }
    let text = format!(
        "The resource principal named {resource} was not found in the tenant named Simulator. This \
         can happen if the application has not been installed by the administrator of the tenant or \
         consented to by any user in the tenant."
    );
    Err(refused(400, "invalid_resource", 500_011, text))
}

/// The token of a user that the application got.
fn user_assertion(
    directory: &Directory,
    assertion: &str,
    client_id: &str,
    now: SystemTime,
) -> Result<Token, Refusal> {
    let invalid = |number, text: &str| refused(400, "invalid_grant", number, text);
    let token = Token::parse(assertion)
        .ok_or_else(|| invalid(50027, "JWT token is invalid or malformed."))?;
    if !token.is_signed_by(&directory.keys().azure.public_key()) {
        return Err(invalid(50013, "Assertion failed signature validation."));
    }
    if token.text("aud") != Some(client_id) {
        let text = "Assertion audience does not match the Client app presenting the assertion.";
        return Err(invalid(500_131, text));
    }
    if token.time("exp").is_none_or(|expiry| now >= expiry) {
        return Err(invalid(500_133, "Assertion is not within its valid time range."));
    }
    Ok(token)
}
