//! Logs on as an application of Microsoft Entra ID (Azure).
//!
//! After the article "Cloud Native Authentication in python-oracledb using OCI-IAM Tokens".

mod common;

use common::{Result, from_variables, options, print_user};

#[tokio::main]
async fn main() -> Result<()> {
    let params = from_variables([
        ("auth_type", "PYO_AZURE_AUTHTYPE"),
        ("authority", "PYO_AZURE_AUTHORITY"),
        ("client_id", "PYO_AZURE_CLIENTID"),
        ("client_credential", "PYO_AZURE_CLIENTSECRET"),
        ("scopes", "PYO_AZURE_SCOPES"),
    ]);
    let connection = options()?.extra_auth_params(params)?.connect().await?;
    print_user(&connection).await
}
