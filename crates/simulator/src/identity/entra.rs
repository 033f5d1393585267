//! Entra ID (Azure).

use super::sample::AZURE_TENANT;

/// Where Entra ID says it is in its tokens: version 2 of the sample's tenant.
pub fn issuer() -> String {
    format!("https://login.microsoftonline.test/{AZURE_TENANT}/v2.0")
}

/// Whether a token says that it comes from the simulated Entra ID.
pub(crate) fn is_issuer(text: &str) -> bool {
    text == issuer()
}
