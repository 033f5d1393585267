//! An application of an OCI identity domain: OAuth2 client credentials, a bearer token.
//!
//! As node-oracledb's `extensionOci` and python-oracledb's `oci_tokens` do it: `authority` is the
//! address of the token endpoint itself (`https://idcs-....identity.oraclecloud.com/oauth2/v1/token`),
//! id and secret go into a Basic header.

use base64ct::{Base64, Encoding};

use super::driver::Host;
use super::oauth::{Form, request_token};
use super::retry::Answer;
use super::{AuthParams, DatabaseToken, Key, endpoint, service_error};
use crate::auth::http::HttpRequest;
use crate::error::Result;

/// The path of the token endpoint of an identity domain, for an authority that has none.
const TOKEN_PATH: &str = "/oauth2/v1/token";

const DOING: &str = "asking the OCI identity domain for a token";

pub(crate) async fn run(host: Host, params: &AuthParams) -> Result<DatabaseToken> {
    let url = token_endpoint(params.required(Key::Authority)?)?;
    let mut form = Form::default();
    form.add("grant_type", "client_credentials");
    if let Some(scope) = params.text(Key::Scope) {
        form.add("scope", scope.trim());
    }
    let id = params.required(Key::ClientId)?;
    let secret = params.required(Key::ClientCredential)?;
    let credentials = Base64::encode_string(format!("{id}:{secret}").as_bytes());
    let request = HttpRequest::post(url, "application/x-www-form-urlencoded", form.into_bytes())
        .with_header("accept", "application/json")
        .with_header("authorization", format!("Basic {credentials}"));
    request_token(&host, DOING, request, remedy).await
}

fn token_endpoint(authority: &str) -> Result<String> {
    let url = endpoint::checked(authority, "`authority`")?;
    let path =
        url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| path);
    Ok(match path {
        None | Some("") => format!("{}{TOKEN_PATH}", url.trim_end_matches('/')),
        Some(_) => url,
    })
}

fn remedy(answer: &Answer) -> String {
    match service_error::code_of(&answer.response).as_deref() {
        Some("invalid_client" | "unauthorized") => {
            "check client_id and client_credential, and that the application is activated in the \
             identity domain with the grant type `client credentials`"
        }
        Some("invalid_scope") => {
            "set `scopes` to a scope that the application may ask for (primary audience and scope of \
             the database's resource application)"
        }
        Some("unauthorized_client" | "unsupported_grant_type") => {
            "allow the grant type `client credentials` in the application's OAuth configuration"
        }
        _ => "",
    }
    .to_owned()
}
