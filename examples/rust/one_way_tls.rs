//! One-way TLS, and the three ways to make a server trusted whose authority is not a public one.
//!
//! After the article "Handling SSLCertVerificationError in 1-way TLS Connection to Oracle Autonomous
//! Database". Environment: CONNECT_STRING, DB_USER, DB_PASSWORD, and one of WALLET_LOCATION (the
//! article's fix 1), ROOT_CERTIFICATE (fix 2: the last certificate that `openssl s_client -showcerts`
//! shows, in a file), CA_BUNDLE (fix 3: a bundle of authorities, such as certifi's), or none of them.

use std::env::var;
use std::error::Error;

use oraedge_native::{ConnectOptions, Trust};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut options =
        ConnectOptions::new(var("DB_USER")?, var("DB_PASSWORD")?, var("CONNECT_STRING")?);
    if let Ok(wallet) = var("WALLET_LOCATION") {
        options = options.wallet_location(wallet);
    } else if let Ok(root) = var("ROOT_CERTIFICATE") {
        options = options.trust(Trust::public().and(Trust::only_file(root)?));
    } else if let Ok(bundle) = var("CA_BUNDLE") {
        options = options.trust(Trust::only_file(bundle)?);
    }
    match options.connect().await {
        Ok(connection) => {
            println!("{}", connection.info().version_text());
            connection.close().await?;
        }
        Err(error) => println!("{error}"),
    }
    Ok(())
}
