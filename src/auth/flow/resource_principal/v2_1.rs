//! Versions 2.1, 2.1.1 and 2.1.2: the resource has a private key in its environment, and its service
//! knows the public half.

use super::exchange::{resource_tokens, session};
use super::{Principal, Variables, private_key, region_of};
use crate::auth::flow::credentials::{Credentials, Regions};
use crate::auth::flow::{AuthParams, endpoint};
use crate::error::Result;

const TOKEN_ENDPOINT: &str = "OCI_RESOURCE_PRINCIPAL_RPT_ENDPOINT";
const SESSION_ENDPOINT: &str = "OCI_RESOURCE_PRINCIPAL_RPST_ENDPOINT";
const RESOURCE_ID: &str = "OCI_RESOURCE_PRINCIPAL_RESOURCE_ID";
const TENANCY_ID: &str = "OCI_RESOURCE_PRINCIPAL_TENANCY_ID";
const SECURITY_CONTEXT: &str = "OCI_RESOURCE_PRINCIPAL_SECURITY_CONTEXT";
const TOKEN_PATH: &str = "OCI_RESOURCE_PRINCIPAL_RPT_PATH";

pub(super) async fn log_in(
    version: &str,
    variables: Variables<'_>,
    params: &AuthParams,
    regions: &Regions,
) -> Result<Principal> {
    let host = variables.host;
    let base =
        endpoint::checked(variables.require(TOKEN_ENDPOINT)?, &variables.name(TOKEN_ENDPOINT))?;
    let session_endpoint =
        endpoint::checked(variables.require(SESSION_ENDPOINT)?, &variables.name(SESSION_ENDPOINT))?;
    let resource = variables.require(RESOURCE_ID)?.trim();
    let key_id = if version == "2.1" {
        format!("resource/v2.1/{resource}")
    } else {
        format!("resource/v{version}/{}/{resource}", variables.require(TENANCY_ID)?.trim())
    };
    let region = region_of(variables, params, regions)?;
    let key = private_key(variables).await?;
    let signer = Credentials::new(key_id, key.clone());
    let (path, context) = if version == "2.1.2" {
        (path_of_2_1_2(variables.get(TOKEN_PATH), resource), variables.get(SECURITY_CONTEXT))
    } else {
        (format!("/20180711/resourcePrincipalTokenV2/{resource}"), None)
    };
    let url = format!("{}{path}", base.trim_end_matches('/'));
    let tokens = resource_tokens(host, &url, context, &signer).await?;
    let credentials = session(host, &session_endpoint, &tokens, &signer, key).await?;
    Ok(Principal { credentials, region })
}

/// The path that the environment gives, the resource at its `{}` or at its end; else the usual one.
fn path_of_2_1_2(given: Option<&str>, resource: &str) -> String {
    match given.map(str::trim) {
        None => format!("/20180711/resourcePrincipalTokenV212/{resource}"),
        Some(path) => match path.strip_suffix("{}") {
            Some(stem) => format!("{stem}{resource}"),
            None => format!("{}/{resource}", path.trim_end_matches('/')),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_environment_gets_the_resource() {
        for (given, path) in [
            (None, "/20180711/resourcePrincipalTokenV212/r"),
            (Some("/x/{}"), "/x/r"),
            (Some("/x"), "/x/r"),
            (Some("/x/"), "/x/r"),
        ] {
            assert_eq!(path_of_2_1_2(given, "r"), path);
        }
    }
}
