//! A pod of an enhanced OKE cluster: the token of its Kubernetes service account is exchanged for a
//! session token at the cluster's own proxy, which has a certificate of the cluster's own authority.

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use super::credentials::{Credentials, SigningKey, in_place, regions_of};
use super::driver::Host;
use super::oauth::{expiry, refuse_expired};
use super::retry::{RetryPolicy, Unsigned, send};
use super::{AuthParams, DatabaseToken, Key, endpoint, scoped_token, service_error};
use crate::auth::Secret;
use crate::auth::http::HttpRequest;
use crate::auth::jwt::Claims;
use crate::auth::oci::region;
use crate::error::{Error, Result};

const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const CERTIFICATE_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";
const CERTIFICATE_VARIABLE: &str = "OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH";
const HOST_VARIABLE: &str = "KUBERNETES_SERVICE_HOST";
const REGION_VARIABLE: &str = "OCI_RESOURCE_PRINCIPAL_REGION";
const PROXYMUX_PORT: u16 = 12250;
const PROXYMUX_PATH: &str = "/resourcePrincipalSessionTokens";

const SESSION_KEY_BITS: u32 = 2048;

const DOING: &str = "exchanging the pod's service account token for a session token";
const HINT: &str = "this method works in a pod of an enhanced OKE cluster only, whose service account \
                    token is mounted (automountServiceAccountToken)";

pub(crate) async fn run(host: Host, params: &AuthParams) -> Result<DatabaseToken> {
    let url = proxymux_url(&host, params)?;
    let regions = regions_of(host.environment());
    let region = match params.text(Key::Region).or_else(|| host.variable(REGION_VARIABLE)) {
        Some(region) => region::identifier(region, &regions),
        None => {
            return Err(Error::auth(
                format!("no region is known: neither `region` nor {REGION_VARIABLE} is set"),
                format!("set {REGION_VARIABLE} in the pod's specification"),
            ));
        }
    };
    let account = service_account_token(&host, params).await?;
    let certificate = certificate(&host, params).await?;
    let key = SigningKey::make(&host, SESSION_KEY_BITS).await?;
    let body = json!({ "podKey": Base64::encode_string(key.public_key()) });
    let mut request = HttpRequest::post(url, "application/json", body.to_string())
        .with_header(
            "authorization",
            format!("Bearer {}", account.expose_text().unwrap_or_default()),
        )
        .with_header("opc-request-id", scoped_token::request_id(&host));
    request.ca_pem = Some(certificate);
    let answer = send(&host, DOING, &request, &Unsigned, RetryPolicy::SERVICE).await?;
    if !answer.response.is_success() {
        let remedy = match answer.response.status {
            403 => "workload identity needs an enhanced cluster: check the cluster's type",
            401 => {
                "the cluster does not accept the service account token: check that it is the pod's own"
            }
            _ => "",
        };
        return Err(service_error::refused(DOING, &answer, remedy));
    }
    let token = session_token(&host, &answer.response.body)?;
    let credentials = Credentials::token(&token, key);
    scoped_token::request(&host, params, &credentials, &region, &regions).await
}

fn proxymux_url(host: &Host, params: &AuthParams) -> Result<String> {
    let base = match (params.text(Key::ProxymuxEndpoint), host.variable(HOST_VARIABLE)) {
        (Some(url), _) => endpoint::checked(url, "`proxymux_endpoint`")?,
        (None, Some(name)) => {
            let name = name.trim();
            let name = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
            endpoint::checked(&format!("https://{name}:{PROXYMUX_PORT}"), HOST_VARIABLE)?
        }
        (None, None) => {
            return Err(Error::auth(
                format!("the environment variable {HOST_VARIABLE} is not set"),
                HINT,
            ));
        }
    };
    let base = base.trim_end_matches('/');
    Ok(if base.ends_with(PROXYMUX_PATH) {
        base.to_owned()
    } else {
        format!("{base}{PROXYMUX_PATH}")
    })
}

async fn service_account_token(host: &Host, params: &AuthParams) -> Result<Secret> {
    let token = match params.text(Key::ServiceAccountToken) {
        Some(token) => token.to_owned(),
        None => {
            let path = params.text(Key::ServiceAccountTokenPath).unwrap_or(TOKEN_PATH);
            host.read_text(path, "the pod's service account token").await?
        }
    };
    let what = "the pod's service account token";
    let claims = Claims::parse(token.trim()).map_err(|error| in_place(error, what))?;
    match claims.expires_at().map_err(|error| in_place(error, what))? {
        None => Err(Error::auth(
            format!("{what} does not say when it expires"),
            "use a projected token of the pod, not one of a Secret",
        )),
        Some(at) if at <= host.now() => Err(Error::auth(
            format!("{what} expired at {at} (it is {} now)", host.now()),
            "Kubernetes replaces the file in time: check the path, and the clock",
        )),
        Some(_) => Ok(Secret::from(token.trim())),
    }
}

async fn certificate(host: &Host, params: &AuthParams) -> Result<String> {
    let path = params
        .text(Key::ServiceAccountCertPath)
        .or_else(|| host.variable(CERTIFICATE_VARIABLE))
        .unwrap_or(CERTIFICATE_PATH);
    host.read_text(path, "the certificate of the cluster's authority").await
}

/// The answer is JSON in base64, and the token in it has its `ST$` in front already.
fn session_token(host: &Host, body: &[u8]) -> Result<String> {
    let broken =
        |why: &str| Error::auth(format!("{DOING}: the answer cannot be read: {why}"), HINT);
    let text: String = std::str::from_utf8(body)
        .map_err(|_| broken("it is not text"))?
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '"')
        .collect();
    let json = Base64::decode_vec(&text).map_err(|_| broken("it is not base64"))?;
    let value: Value = serde_json::from_slice(&json).map_err(|_| broken("it is not JSON"))?;
    let token =
        value.get("token").and_then(Value::as_str).ok_or_else(|| broken("it has no token"))?;
    let token = token.strip_prefix("ST$").unwrap_or(token).trim();
    let claims = Claims::parse(token).map_err(|error| in_place(error, DOING))?;
    refuse_expired(host, DOING, expiry(DOING, &claims)?)?;
    Ok(token.to_owned())
}
