//! Version 3.0: a resource within a resource. The innermost one logs in by a version of its own, and
//! signs for the token of the one that it is part of; that one may be part of a further one.

use super::exchange::{resource_tokens, session};
use super::{Principal, VERSION, Variables, of_version};
use crate::auth::flow::credentials::Regions;
use crate::auth::flow::driver::Host;
use crate::auth::flow::{AuthParams, endpoint};
use crate::error::{Error, Result};

pub(super) const LEAF: &str = "_FOR_LEAF_RESOURCE";

const PARENT_URL: &str = "OCI_RESOURCE_PRINCIPAL_RPT_URL_FOR_PARENT_RESOURCE";
const SESSION_ENDPOINT: &str = "OCI_RESOURCE_PRINCIPAL_RPST_ENDPOINT_FOR_PARENT_RESOURCE";

/// How many resources may be around each other; the SDK's limit.
const MAX_DEPTH: usize = 10;

pub(super) async fn log_in(
    host: &Host,
    params: &AuthParams,
    regions: &mut Regions,
) -> Result<Principal> {
    let own = Variables { host, suffix: "" };
    let leaf = Variables { host, suffix: LEAF };
    let mut url = endpoint::checked(own.require(PARENT_URL)?, PARENT_URL)?;
    let session_endpoint = endpoint::checked(own.require(SESSION_ENDPOINT)?, SESSION_ENDPOINT)?;
    let version = leaf.require(VERSION)?.trim();
    let mut principal =
        Box::pin(of_version(version, &leaf.name(VERSION), leaf, params, regions)).await?;
    let mut seen = Vec::new();
    loop {
        let signer = principal.credentials.clone();
        let tokens = resource_tokens(host, &url, None, &signer).await?;
        let key = signer.key().clone();
        principal.credentials = session(host, &session_endpoint, &tokens, &signer, key).await?;
        let Some(parent) = tokens.parent else { return Ok(principal) };
        seen.push(url);
        url = endpoint::checked(&parent, "the header opc-parent-rpt-url")?;
        if seen.len() >= MAX_DEPTH || seen.contains(&url) {
            return Err(Error::auth(
                format!(
                    "the resources around this one go round in a circle, or are more than {MAX_DEPTH}: \
                     {url}"
                ),
                "",
            ));
        }
    }
}
