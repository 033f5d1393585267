//! Logs on with an API key whose parts are parameters.
//!
//! After the article "Cloud Native Authentication in python-oracledb using OCI-IAM Tokens".

mod common;

use common::{Result, from_variables, options, print_user};

#[tokio::main]
async fn main() -> Result<()> {
    let mut params = from_variables([
        ("user", "PYO_OCI_USER_OCID"),
        ("key_file", "PYO_OCI_KEYFILE"),
        ("fingerprint", "PYO_OCI_FINGERPRINT"),
        ("tenancy", "PYO_OCI_TENANCY"),
        ("region", "PYO_OCI_REGION"),
        ("profile", "PYO_OCI_PROFILE"),
        // Where not the region says which service to ask.
        ("endpoint", "OCI_AUTH_ENDPOINT"),
    ]);
    params.push(("auth_type", "simpleAuthentication".to_owned()));
    let connection = options()?.extra_auth_params(params)?.connect().await?;
    print_user(&connection).await
}
