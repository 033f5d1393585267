//! Version 1.1: the program runs on an instance of a service, and that service tells which resource
//! it is. The instance signs.

use super::exchange::{resource_tokens, session};
use super::{Principal, Variables};
use crate::auth::flow::credentials::{Regions, SigningKey};
use crate::auth::flow::instance_principal::Instance;
use crate::auth::flow::{AuthParams, endpoint};
use crate::auth::oci::region;
use crate::error::Result;

const TOKEN_ENDPOINT: &str = "OCI_RESOURCE_PRINCIPAL_RPT_ENDPOINT";
const SESSION_ENDPOINT: &str = "OCI_RESOURCE_PRINCIPAL_RPST_ENDPOINT";
const TOKEN_PATH: &str = "OCI_RESOURCE_PRINCIPAL_RPT_PATH";
const RESOURCE_ID: &str = "OCI_RESOURCE_PRINCIPAL_RPT_ID";

const DEFAULT_PATH: &str = "/20180711/resourcePrincipalToken/{id}";
const SESSION_KEY_BITS: u32 = 2048;

pub(super) async fn log_in(
    variables: Variables<'_>,
    params: &AuthParams,
    regions: &mut Regions,
) -> Result<Principal> {
    let host = variables.host;
    let base =
        endpoint::checked(variables.require(TOKEN_ENDPOINT)?, &variables.name(TOKEN_ENDPOINT))?;
    let mut instance = Instance::log_in(host, params, regions).await?;
    let path = variables.get(TOKEN_PATH).unwrap_or(DEFAULT_PATH);
    let path = if path.contains("{id}") {
        let id = match variables.get(RESOURCE_ID) {
            Some(id) => id.to_owned(),
            None => instance.metadata.text(host, "/instance/id", "its OCID").await?.to_lowercase(),
        };
        path.replace("{id}", id.trim())
    } else {
        path.to_owned()
    };
    let url = format!("{}{path}", base.trim_end_matches('/'));
    let tokens = resource_tokens(host, &url, None, &instance.credentials).await?;
    let session_endpoint = match variables.get(SESSION_ENDPOINT) {
        Some(url) => endpoint::checked(url, &variables.name(SESSION_ENDPOINT))?,
        None => region::endpoint("auth", &instance.region, regions),
    };
    let key = SigningKey::make(host, SESSION_KEY_BITS).await?;
    let credentials = session(host, &session_endpoint, &tokens, &instance.credentials, key).await?;
    Ok(Principal { credentials, region: instance.region })
}
