//! Logs on with the session token that `oci session authenticate` left in a profile.
//!
//! After the article "Using OCI Session Token Authentication with Python-oracledb".

mod common;

use common::{Result, from_variables, options, print_user};

#[tokio::main]
async fn main() -> Result<()> {
    let mut params = from_variables([
        ("file_location", "PYO_OCI_CONFIG_FILE_LOCATION"),
        ("profile", "PYO_OCI_PROFILE"),
        // Where not the region says which service to ask.
        ("endpoint", "OCI_AUTH_ENDPOINT"),
    ]);
    params.push(("auth_type", "SecurityToken".to_owned()));
    let connection = options()?.extra_auth_params(params)?.connect().await?;
    print_user(&connection).await
}
