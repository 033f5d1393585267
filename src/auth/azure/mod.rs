//! Microsoft Entra ID (Azure AD): an application's token by OAuth2 client credentials, or a user's by
//! the on-behalf-of exchange. The application proves who it is with a secret or with a certificate.
//!
//! The database is an application registration of its own; its application ID URI with `/.default`
//! behind is the scope. The same requests as those of MSAL for Python, which python-oracledb's
//! `azure_tokens` and (for Node) `extensionAzure` use.

mod assertion;
mod authority;

use super::flow::driver::Host;
use super::flow::oauth::{Form, request_token};
use super::flow::retry::Answer;
use super::flow::{AuthParams, DatabaseToken, Key, service_error};
use super::http::HttpRequest;
use crate::error::{Error, Result};

const DOING: &str = "asking Microsoft Entra ID for a token";

/// RFC 7523, section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// RFC 7523, section 2.1: the grant type of the on-behalf-of exchange.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

pub(super) async fn run(host: Host, params: &AuthParams) -> Result<DatabaseToken> {
    let url = authority::token_endpoint(params.required(Key::Authority)?)?;
    let client_id = params.required(Key::ClientId)?.trim();
    let mut form = Form::default();
    form.add("client_id", client_id);
    form.add("scope", params.required(Key::Scope)?.trim());
    if on_behalf_of(params)? {
        form.add("grant_type", JWT_BEARER);
        form.add("requested_token_use", "on_behalf_of");
        form.add("assertion", params.required(Key::UserAssertion)?.trim());
    } else {
        form.add("grant_type", "client_credentials");
    }
    match params.text(Key::ClientCredential) {
        Some(secret) => form.add("client_secret", secret),
        None => {
            let assertion = assertion::make(&host, params, client_id, &url).await?;
            form.add("client_assertion_type", ASSERTION_TYPE);
            form.add("client_assertion", &assertion);
        }
    }
    let request = HttpRequest::post(url, "application/x-www-form-urlencoded", form.into_bytes())
        .with_header("accept", "application/json");
    request_token(&host, DOING, request, remedy).await
}

/// Whether the token is for a user: `auth_flow` says so, or a user's token is there.
fn on_behalf_of(params: &AuthParams) -> Result<bool> {
    let user = params.secret(Key::UserAssertion).is_some();
    let Some(flow) = params.text(Key::AuthFlow) else { return Ok(user) };
    let flow_name: String =
        flow.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match (flow_name.as_str(), user) {
        ("clientcredentials" | "app", false) => Ok(false),
        ("onbehalfof" | "obo", true) => Ok(true),
        ("onbehalfof" | "obo", false) => Err(Error::misuse(
            "the flow on_behalf_of needs the authentication parameter user_assertion",
            "give it the access token with which the user called this application",
        )),
        ("clientcredentials" | "app", true) => Err(Error::misuse(
            "`user_assertion` is given, and `auth_flow` is client_credentials",
            "leave one of them out, or set `auth_flow` to on_behalf_of",
        )),
        _ => Err(Error::misuse(
            format!("unknown authentication flow `{flow}` for AzureServicePrincipal"),
            "set `auth_flow` to client_credentials (the default) or on_behalf_of",
        )),
    }
}

/// What to do about Entra ID's error codes (`AADSTS...`); the codes are from Microsoft's list
/// "Microsoft Entra authentication and authorization error codes".
fn remedy(answer: &Answer) -> String {
    const REMEDIES: [(&str, &str); 12] = [
        (
            "AADSTS7000215",
            "client_credential must be the secret's value, not its id; make a new secret in the \
             application's registration if the value is lost",
        ),
        (
            "AADSTS7000222",
            "the client secret expired; make a new one in the application's registration",
        ),
        (
            "AADSTS700016",
            "check client_id, and that `authority` names the tenant of the application",
        ),
        ("AADSTS90002", "`authority` names a tenant that does not exist; check its id or domain"),
        ("AADSTS900023", "`authority` names no valid tenant; use its id or one of its domains"),
        (
            "AADSTS500011",
            "`scopes` names an application that this tenant does not have; use the database's \
             application ID URI with /.default behind",
        ),
        ("AADSTS70011", "`scopes` must be the database's application ID URI with /.default behind"),
        ("AADSTS1002012", "`scopes` must end in /.default for client credentials"),
        (
            "AADSTS700027",
            "the certificate is not registered with the application, or the key is not its own",
        ),
        (
            "AADSTS50013",
            "the user's token is not for this application, or expired; ask for a new one",
        ),
        ("AADSTS500133", "the user's token expired; ask for a new one"),
        ("AADSTS65001", "an administrator has to grant the application its permissions"),
    ];
    let message = service_error::message_of(&answer.response).unwrap_or_default();
    if let Some(code) =
        message.split(|c: char| !c.is_ascii_alphanumeric()).find(|w| w.starts_with("AADSTS"))
        && let Some((_, remedy)) = REMEDIES.iter().find(|(known, _)| *known == code)
    {
        return (*remedy).to_owned();
    }
    match service_error::code_of(&answer.response).as_deref() {
        Some("invalid_client") => "check client_id and client_credential",
        Some("invalid_scope") => {
            "`scopes` must be the database's application ID URI with /.default behind"
        }
        Some("unauthorized_client") => {
            "check client_id, and that `authority` names the tenant of the application"
        }
        Some("invalid_grant") => "the user's token is not for this application, or expired",
        _ => "",
    }
    .to_owned()
}
