//! The sample schema: EMP, DEPT, SALGRADE and BONUS with Oracle's classic rows, a table with a
//! column of every scalar type, and a table for bulk loads.

use super::database::Database;
use super::error::Result;

const STATEMENTS: &str = include_str!("sample.sql");

/// Makes the sample schema in SCOTT.
pub(crate) fn install(database: &Database) -> Result<()> {
    let mut session = database.session("SCOTT")?;
    for statement in STATEMENTS.split(";\n").map(str::trim).filter(|s| !s.is_empty()) {
        session.execute_text(statement, &[])?;
    }
    session.commit()
}
