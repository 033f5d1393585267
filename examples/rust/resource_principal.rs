//! Logs on as the resource that the program runs in: a notebook, a function, a job.
//!
//! After the article "No More Credentials: Connect to Oracle Autonomous Database Using Resource
//! Principals".

mod common;

use common::{Result, from_variables, options, print_user};

#[tokio::main]
async fn main() -> Result<()> {
    let mut params = from_variables([
        // Where not the region says which service to ask.
        ("endpoint", "OCI_AUTH_ENDPOINT"),
    ]);
    params.push(("auth_type", "ResourcePrincipal".to_owned()));
    let connection = options()?.extra_auth_params(params)?.connect().await?;
    print_user(&connection).await
}
