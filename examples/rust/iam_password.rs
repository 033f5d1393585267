//! Mutual TLS with a wallet, and an IAM user with a database password.
//!
//! After the article "Guide to Creating an OCI IAM User and Password and Connecting to Oracle Autonomous
//! Database". Environment: CONNECT_STRING, DB_USER, DB_PASSWORD, WALLET_LOCATION (a folder, a wallet.zip
//! or a file of a wallet), WALLET_PASSWORD.

use std::env::var;
use std::error::Error;

use oraedge::Connection;
use oraedge_native::ConnectOptions;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let connection =
        ConnectOptions::new(var("DB_USER")?, var("DB_PASSWORD")?, var("CONNECT_STRING")?)
            .wallet_location(var("WALLET_LOCATION")?)
            .wallet_password(var("WALLET_PASSWORD")?)
            .connect()
            .await?;
    println!("Database version is: {}", connection.info().version_text());
    for (name, sql) in [
        ("current_user", "select sys_context('userenv', 'current_user') from dual"),
        ("session_roles", "select * from session_roles"),
        (
            "authenticated_identity",
            "select sys_context('userenv', 'authenticated_identity') from dual",
        ),
        (
            "authentication_method",
            "select sys_context('userenv', 'authentication_method') from dual",
        ),
    ] {
        println!("{name}: {}", records(&connection, sql).await?);
    }
    connection.close().await?;
    Ok(())
}

/// Rows of one text each, as the article prints them.
async fn records(connection: &Connection, sql: &str) -> oraedge::Result<String> {
    let mut rows = connection.query(sql, ()).await?;
    let mut records = Vec::new();
    while let Some(row) = rows.next().await? {
        let text: String = row.get(0)?;
        records.push(format!("('{text}',)"));
    }
    Ok(format!("[{}]", records.join(", ")))
}
