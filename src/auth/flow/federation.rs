//! X.509 federation: an instance shows its certificate and gets a session token for a key pair of
//! the session.

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use super::certificate::Certificate;
use super::credentials::{Credentials, SigningKey};
use super::driver::Host;
use super::oauth::{expiry, json_object, refuse_expired};
use super::retry::{Answer, RetryPolicy, send};
use super::service_error;
use crate::auth::http::HttpRequest;
use crate::auth::jwt::Claims;
use crate::error::{Error, Result};

const DOING: &str = "exchanging the certificate of this instance for a session token";

/// What an instance is known by.
pub(crate) struct Identity {
    pub(crate) tenancy: String,
    pub(crate) leaf: Certificate,
    pub(crate) leaf_key: SigningKey,
    pub(crate) intermediates: Vec<Certificate>,
}

/// Exchanges an instance's certificate at `url`; `session_key` is the key that the token is for.
pub(crate) async fn exchange(
    host: &Host,
    url: &str,
    identity: &Identity,
    session_key: SigningKey,
) -> Result<Credentials> {
    let intermediates: Vec<String> =
        identity.intermediates.iter().map(Certificate::base64).collect();
    let body = json!({
        "certificate": identity.leaf.base64(),
        "publicKey": Base64::encode_string(session_key.public_key()),
        "intermediateCertificates": intermediates,
    });
    let request = HttpRequest::post(url, "application/json", body.to_string())
        .with_header("accept", "application/json");
    let key_id = format!("{}/fed-x509/{}", identity.tenancy, identity.leaf.fingerprint());
    let signer = Credentials::new(key_id, identity.leaf_key.clone()).without_host();
    let answer = send(host, DOING, &request, &signer, RetryPolicy::FEDERATION).await?;
    if !answer.response.is_success() {
        let remedy = match answer.response.status {
            401 | 403 | 404 => {
                "the service does not accept the instance's certificate: check the clock, and whether \
                 the instance was moved or is being terminated"
            }
            _ => "",
        };
        return Err(service_error::refused(DOING, &answer, remedy));
    }
    let token = session_token(host, DOING, &answer)?;
    Ok(Credentials::token(&token, session_key))
}

/// The field `token` of an answer, a JWT that is still good.
pub(crate) fn session_token(host: &Host, doing: &str, answer: &Answer) -> Result<String> {
    let body = json_object(doing, answer)?;
    let token = body.get("token").and_then(Value::as_str).map(str::trim).unwrap_or_default();
    if token.is_empty() {
        return Err(Error::auth(
            format!("{doing}: {} was answered without a token", answer.asked),
            "check that the address is that of the service",
        ));
    }
    let claims = Claims::parse(token).map_err(|error| {
        super::credentials::in_place(error, &format!("{doing}: the service's answer"))
    })?;
    refuse_expired(host, doing, expiry(doing, &claims)?)?;
    Ok(token.to_owned())
}
