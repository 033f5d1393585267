//! Version 2.2: session token and private key are in the environment, as values or as paths of files
//! that the platform replaces in time.

use super::{Principal, Variables, private_key, region_of};
use crate::auth::flow::AuthParams;
use crate::auth::flow::credentials::{Credentials, Regions, in_place};
use crate::auth::jwt::Claims;
use crate::error::{Error, Result};

pub(super) const SESSION_TOKEN: &str = "OCI_RESOURCE_PRINCIPAL_RPST";

pub(super) async fn log_in(
    variables: Variables<'_>,
    params: &AuthParams,
    regions: &Regions,
) -> Result<Principal> {
    variables.require(SESSION_TOKEN)?;
    variables.require(super::PRIVATE_KEY)?;
    let region = region_of(variables, params, regions)?;
    let what =
        format!("the resource principal's session token ({})", variables.name(SESSION_TOKEN));
    let token = variables.content(SESSION_TOKEN, &what).await?.unwrap_or_default();
    let token = token.trim();
    let claims = Claims::parse(token).map_err(|error| in_place(error, &what))?;
    let now = variables.host.now();
    if let Some(at) = claims.expires_at().map_err(|error| in_place(error, &what))?
        && at <= now
    {
        return Err(Error::auth(
            format!("{what} expired at {at} (it is {now} now)"),
            "the platform should have replaced it: give it as a path, so that the new one is read, or \
             restart the program; check the clock",
        ));
    }
    let key = private_key(variables).await?;
    Ok(Principal { credentials: Credentials::token(token, key), region })
}
