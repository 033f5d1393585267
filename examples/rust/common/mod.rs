//! What all examples do alike: where to connect to, and who the database says one is.

use std::error::Error;

use oraedge::Connection;
use oraedge_native::{ConnectOptions, Trust};

/// What goes wrong.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Options without user and password. The database is in CONNECT_STRING, or the program's first
/// argument; SSL_CERT_FILE names certificates of authorities to trust instead of the public ones.
pub(crate) fn options() -> Result<ConnectOptions> {
    let connect_string = std::env::args().nth(1).or_else(|| variable("CONNECT_STRING"));
    let connect_string = connect_string.ok_or("set CONNECT_STRING, or give a connect string")?;
    let options = ConnectOptions::without_password(connect_string);
    Ok(match variable("SSL_CERT_FILE") {
        Some(file) => options.trust(Trust::only_file(file)?),
        None => options,
    })
}

/// An environment variable.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A parameter for each environment variable that is set.
pub(crate) fn from_variables<const N: usize>(
    pairs: [(&'static str, &str); N],
) -> Vec<(&'static str, String)> {
    pairs.into_iter().filter_map(|(name, set)| Some((name, variable(set)?))).collect()
}

/// Prints the user of the session, as `select user from dual` gives it.
pub(crate) async fn print_user(connection: &Connection) -> Result<()> {
    let mut rows = connection.query("select user from dual", ()).await?;
    while let Some(row) = rows.next().await? {
        let user: String = row.get(0)?;
        println!("{user}");
    }
    connection.close().await?;
    Ok(())
}
