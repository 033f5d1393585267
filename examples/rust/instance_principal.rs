//! Logs on as the compute instance that the program runs on: no user, no password, no key.
//!
//! After the article "No More Credentials: Connect to Oracle Autonomous Database Using Instance
//! Principals".

mod common;

use common::{Result, from_variables, options, print_user};

#[tokio::main]
async fn main() -> Result<()> {
    let mut params = from_variables([
        // Where not the region says which services to ask.
        ("federation_endpoint", "OCI_FEDERATION_ENDPOINT"),
        ("endpoint", "OCI_AUTH_ENDPOINT"),
    ]);
    params.push(("auth_type", "instanceprincipal".to_owned()));
    let connection = options()?.extra_auth_params(params)?.connect().await?;
    print_user(&connection).await
}
