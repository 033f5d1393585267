//! Logs on with a session token whose parts are parameters.
//!
//! After the article "Using OCI Session Token Authentication with Python-oracledb".

mod common;

use common::{Result, from_variables, options, print_user};

#[tokio::main]
async fn main() -> Result<()> {
    let mut params = from_variables([
        ("key_file", "PYO_STSA_OCI_KEYFILE"),
        ("fingerprint", "PYO_STSA_OCI_FINGERPRINT"),
        ("tenancy", "PYO_STSA_OCI_TENANCY"),
        ("region", "PYO_STSA_OCI_REGION"),
        ("profile", "PYO_STSA_OCI_PROFILE"),
        ("security_token_file", "PYO_STSA_OCI_SECURITY_TOKEN_FILE"),
        // Where not the region says which service to ask.
        ("endpoint", "OCI_AUTH_ENDPOINT"),
    ]);
    params.push(("auth_type", "SecurityTokenSimple".to_owned()));
    let connection = options()?.extra_auth_params(params)?.connect().await?;
    print_user(&connection).await
}
