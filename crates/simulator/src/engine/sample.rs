//! The sample schema: EMP, DEPT, SALGRADE and BONUS with Oracle's classic rows, a table with a
//! column of every scalar type, and a table for bulk loads; and the users and roles that the guides
//! about logging on without passwords make.

use super::authorization::IdentityProvider;
use super::database::Database;
use super::error::Result;
use super::session::Session;

const TABLES: &str = include_str!("sample.sql");
const USERS: &str = include_str!("sample_users.sql");

/// Makes the sample schema in SCOTT.
pub(crate) fn install(database: &Database) -> Result<()> {
    let mut session = database.session("SCOTT")?;
    run(&mut session, TABLES)?;
    session.commit()
}

/// Makes the users and roles for principals of identity providers, and enables all of these.
pub(crate) fn install_global_users(database: &Database) -> Result<()> {
    let mut session = database.session("SYS")?;
    run(&mut session, USERS)?;
    // Each of the guides has SHARED_USER for its own group.
    database.map_user("SHARED_USER", "IAM_GROUP_NAME=demodg")?;
    session.change_catalog(|catalog, _| {
        catalog.identity_providers.extend([IdentityProvider::OciIam, IdentityProvider::AzureAd]);
        Ok(())
    })
}

fn run(session: &mut Session, statements: &str) -> Result<()> {
    for statement in statements.split(";\n").map(str::trim).filter(|s| !s.is_empty()) {
        session.execute_text(statement, &[])?;
    }
    Ok(())
}
