//! From an authority to its token endpoint.
//!
//! MSAL asks `/.well-known/openid-configuration` first, and for unknown hosts
//! `login.microsoftonline.com` before that. The endpoint follows from the authority by fixed rules,
//! so those requests are spared.

use crate::auth::flow::endpoint;
use crate::error::{Error, Result};

/// Where an authority that is only a tenant belongs.
const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";
/// Customer tenants of Entra External ID: the tenant may be left out of the path.
const CIAM_SUFFIX: &str = ".ciamlogin.com";
/// Paths of token endpoints, for an authority that is one already.
const TOKEN_PATHS: [&str; 2] = ["/oauth2/v2.0/token", "/oauth2/token"];

/// The token endpoint of `authority`: a tenant (`contoso.onmicrosoft.com`, or its GUID), the address
/// of one (`https://login.microsoftonline.com/<tenant>`, of a national cloud, of Entra External ID,
/// of B2C with its policy, of ADFS), or the address of a token endpoint.
pub(super) fn token_endpoint(authority: &str) -> Result<String> {
    let authority = authority.trim().trim_end_matches('/');
    let url = if authority.contains("://") || authority.contains('/') {
        endpoint::checked(authority, "`authority`")?
    } else {
        endpoint::checked(&format!("{PUBLIC_CLOUD}/{authority}"), "`authority`")?
    };
    if url.contains(['?', '#']) {
        return Err(Error::misuse(
            "`authority` has a query or a fragment",
            "write https://login.microsoftonline.com/<tenant>",
        ));
    }
    let url = url.trim_end_matches('/');
    if TOKEN_PATHS.iter().any(|path| url.ends_with(path)) {
        return Ok(url.to_owned());
    }
    let url = url.strip_suffix("/v2.0").unwrap_or(url);
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let tenant = path.split('/').next().unwrap_or_default();
    if tenant.is_empty() {
        return match host.to_ascii_lowercase().strip_suffix(CIAM_SUFFIX) {
            Some(name) => Ok(format!("{url}/{name}.onmicrosoft.com/oauth2/v2.0/token")),
            None => Err(Error::misuse(
                format!("`authority` is {url:?}, which names no tenant"),
                "write https://login.microsoftonline.com/<tenant id or domain>",
            )),
        };
    }
    // ADFS has no version in its paths.
    let path =
        if path.eq_ignore_ascii_case("adfs") { "/oauth2/token" } else { "/oauth2/v2.0/token" };
    Ok(format!("{url}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_in_all_their_forms() {
        const TENANT: &str = "https://login.microsoftonline.com/t/oauth2/v2.0/token";
        for (authority, url) in [
            ("https://login.microsoftonline.com/t", TENANT),
            ("https://login.microsoftonline.com/t/", TENANT),
            ("https://login.microsoftonline.com/t/v2.0", TENANT),
            (" https://login.microsoftonline.com/t/oauth2/v2.0/token", TENANT),
            ("t", TENANT),
            (
                "https://login.microsoftonline.us/contoso.com",
                "https://login.microsoftonline.us/contoso.com/oauth2/v2.0/token",
            ),
            (
                "https://login.microsoftonline.com/t/oauth2/token",
                "https://login.microsoftonline.com/t/oauth2/token",
            ),
            ("https://sts.contoso.com/adfs", "https://sts.contoso.com/adfs/oauth2/token"),
            (
                "https://contoso.ciamlogin.com",
                "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
            ),
            (
                "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_x",
                "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_x/oauth2/v2.0/token",
            ),
            ("http://127.0.0.1:99/t", "http://127.0.0.1:99/t/oauth2/v2.0/token"),
        ] {
            assert_eq!(token_endpoint(authority).unwrap(), url, "{authority}");
        }
        for authority in [
            "https://login.microsoftonline.com",
            "https://login.microsoftonline.com//",
            "http://login.microsoftonline.com/t",
            "login.microsoftonline.com/t",
            "https://login.microsoftonline.com/t?x=y",
        ] {
            assert!(token_endpoint(authority).is_err(), "{authority}");
        }
    }
}
