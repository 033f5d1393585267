//! The exchange that all other versions share: a service says which resource this is (resource
//! principal token and service principal session token), and the service `auth` makes a session token
//! for a key of both.

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::auth::flow::credentials::{Credentials, SigningKey};
use crate::auth::flow::driver::Host;
use crate::auth::flow::federation::session_token;
use crate::auth::flow::oauth::json_object;
use crate::auth::flow::retry::{RetryPolicy, send};
use crate::auth::flow::service_error;
use crate::auth::http::HttpRequest;
use crate::error::{Error, Result};

const SESSION_PATH: &str = "/v1/resourcePrincipalSessionToken";

const ASKING: &str = "asking which resource this program runs in";
const EXCHANGING: &str = "exchanging the resource principal token for a session token";

/// Says that the resource is part of another one, and where that one's token is to be got.
const PARENT_HEADER: &str = "opc-parent-rpt-url";

/// Both tokens of a resource.
pub(super) struct ResourceTokens {
    resource: String,
    service: String,
    /// Where the token of the resource is that this one is a part of.
    pub(super) parent: Option<String>,
}

/// Asks the service at `url` for the tokens of the resource that `signer` stands for.
pub(super) async fn resource_tokens(
    host: &Host,
    url: &str,
    security_context: Option<&str>,
    signer: &Credentials,
) -> Result<ResourceTokens> {
    let mut request = HttpRequest::get(url).with_header("accept", "application/json");
    if let Some(context) = security_context {
        request = request.with_header("security-context", context);
    }
    let answer = send(host, ASKING, &request, signer, RetryPolicy::SERVICE).await?;
    if !answer.response.is_success() {
        return Err(service_error::refused(ASKING, &answer, ""));
    }
    let body = json_object(ASKING, &answer)?;
    let field = |name: &str| match body.get(name).and_then(Value::as_str) {
        Some(token) if !token.is_empty() => Ok(token.to_owned()),
        _ => Err(Error::auth(
            format!("{ASKING}: {} was answered without {name}", answer.asked),
            "check the address in OCI_RESOURCE_PRINCIPAL_RPT_ENDPOINT",
        )),
    };
    Ok(ResourceTokens {
        resource: field("resourcePrincipalToken")?,
        service: field("servicePrincipalSessionToken")?,
        parent: answer.response.header(PARENT_HEADER).map(str::to_owned),
    })
}

/// Exchanges both tokens at the service `auth`, for a session token that goes with `session_key`.
pub(super) async fn session(
    host: &Host,
    endpoint: &str,
    tokens: &ResourceTokens,
    signer: &Credentials,
    session_key: SigningKey,
) -> Result<Credentials> {
    let body = json!({
        "resourcePrincipalToken": tokens.resource,
        "servicePrincipalSessionToken": tokens.service,
        "sessionPublicKey": Base64::encode_string(session_key.public_key()),
    });
    let url = format!("{}{SESSION_PATH}", endpoint.trim_end_matches('/'));
    let request = HttpRequest::post(url, "application/json", body.to_string())
        .with_header("accept", "application/json");
    let answer = send(host, EXCHANGING, &request, signer, RetryPolicy::SERVICE).await?;
    if !answer.response.is_success() {
        return Err(service_error::refused(EXCHANGING, &answer, ""));
    }
    let token = session_token(host, EXCHANGING, &answer)?;
    Ok(Credentials::token(&token, session_key))
}
