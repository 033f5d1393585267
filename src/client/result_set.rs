//! The rows of a query, a batch at a time; the next batch is fetched when it is asked for.

use std::sync::Arc;

use super::connection::{Shared, unexpected};
use super::from_sql::FromSql;
use crate::error::{Error, Result};
use crate::protocol::RowBatch;
use crate::session::{CursorHandle, Event};
use crate::wire::ttc::describe::ColumnInfo;

/// The rows of a query. Dropping it half-way leaves the connection clean: the server hears of it
/// with the next call.
pub struct ResultSet {
    shared: Arc<Shared>,
    columns: Arc<[ColumnInfo]>,
    cursor: Option<CursorHandle>,
    /// A batch that came and was not handed out yet.
    pending: Option<RowBatch>,
    /// The batch that rows are handed out of.
    current: Option<Arc<RowBatch>>,
    next_row: usize,
    array_size: u32,
}

impl std::fmt::Debug for ResultSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResultSet")
            .field("columns", &self.columns.len())
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}

impl ResultSet {
    pub(super) fn new(
        shared: Arc<Shared>,
        columns: Arc<[ColumnInfo]>,
        cursor: Option<CursorHandle>,
        pending: Option<RowBatch>,
        array_size: u32,
    ) -> Self {
        ResultSet { shared, columns, cursor, pending, current: None, next_row: 0, array_size }
    }

    /// What the columns are.
    pub fn columns(&self) -> &Arc<[ColumnInfo]> {
        &self.columns
    }

    /// How many rows each fetch asks for from now on (100 unless changed).
    pub fn set_array_size(&mut self, rows: u32) {
        self.array_size = rows.max(1);
    }

    /// Whether there are rows here, or may be more at the server.
    pub fn has_more(&self) -> bool {
        self.pending.is_some() || self.cursor.is_some()
    }

    /// The next rows as they came; `None` behind the last. Never an empty batch.
    ///
    /// If the future is dropped before it is done, the fetch is broken off and the cursor's rows
    /// that were on their way are lost: the result set should be dropped as well.
    ///
    /// # Errors
    /// As [`super::Connection::execute`].
    pub async fn next_batch(&mut self) -> Result<Option<RowBatch>> {
        loop {
            if let Some(batch) = self.pending.take().filter(|batch| !batch.is_empty()) {
                return Ok(Some(batch));
            }
            let Some(cursor) = self.cursor.take() else { return Ok(None) };
            let release = ReleaseOnDrop { shared: &self.shared, cursor: Some(cursor) };
            let rows = self.array_size;
            let event = self.shared.call(|session, now| session.fetch(now, cursor, rows)).await?;
            let Event::Fetched { batch, more_rows } = event else { return Err(unexpected()) };
            release.keep();
            self.cursor = more_rows.then_some(cursor);
            self.pending = Some(batch);
        }
    }

    /// The next row; `None` behind the last.
    ///
    /// # Errors
    /// As [`ResultSet::next_batch`].
    pub async fn next(&mut self) -> Result<Option<Row>> {
        loop {
            if let Some(batch) = &self.current
                && self.next_row < batch.rows()
            {
                let row = Row { batch: batch.clone(), index: self.next_row };
                self.next_row += 1;
                return Ok(Some(row));
            }
            self.next_row = 0;
            self.current = self.next_batch().await?.map(Arc::new);
            if self.current.is_none() {
                return Ok(None);
            }
        }
    }

    /// The rows as a [`futures::Stream`], which fetches no further than it is polled.
    pub fn into_stream(self) -> impl futures::Stream<Item = Result<Row>> {
        futures::stream::try_unfold(self, |mut rows| async move {
            Ok(rows.next().await?.map(|row| (row, rows)))
        })
    }

    /// All the rows that are left.
    ///
    /// # Errors
    /// As [`ResultSet::next_batch`].
    pub async fn all(mut self) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        while let Some(row) = self.next().await? {
            rows.push(row);
        }
        Ok(rows)
    }

    /// Gives up the rows that are left, which dropping does as well.
    pub fn close(self) {}
}

impl Drop for ResultSet {
    fn drop(&mut self) {
        if let Some(cursor) = self.cursor.take() {
            self.shared.release(cursor);
        }
    }
}

/// Closes the cursor if the fetch fails, or nobody waits for it any more.
struct ReleaseOnDrop<'a> {
    shared: &'a Shared,
    cursor: Option<CursorHandle>,
}

impl ReleaseOnDrop<'_> {
    fn keep(mut self) {
        self.cursor = None;
    }
}

impl Drop for ReleaseOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(cursor) = self.cursor.take() {
            self.shared.release(cursor);
        }
    }
}

/// One row; a cheap handle into its batch. Values are decoded when they are asked for.
#[derive(Debug, Clone)]
pub struct Row {
    batch: Arc<RowBatch>,
    index: usize,
}

impl Row {
    /// What the columns are.
    pub fn columns(&self) -> &Arc<[ColumnInfo]> {
        self.batch.columns()
    }

    /// The value of a column, from 0.
    ///
    /// # Errors
    /// [`Error::Misuse`] if there is no such column, or its value does not fit the type: null into
    /// a type that is not an `Option`, text into a number, a number out of range.
    pub fn get<'a, T: FromSql<'a>>(&'a self, column: usize) -> Result<T> {
        let Some(info) = self.columns().get(column) else {
            return Err(Error::misuse(
                format!("there is no column {column}; the row has {}", self.columns().len()),
                "count from 0",
            ));
        };
        T::from_cell(info, self.batch.cell(self.index, column))
    }

    /// The value of a column by its name; case matters only if two names differ by nothing else.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn get_by_name<'a, T: FromSql<'a>>(&'a self, name: &str) -> Result<T> {
        let columns = self.columns();
        let exact = columns.iter().position(|column| column.name == name);
        let found = exact
            .or_else(|| columns.iter().position(|column| column.name.eq_ignore_ascii_case(name)));
        match found {
            Some(column) => self.get(column),
            None => {
                let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
                Err(Error::misuse(
                    format!("there is no column {name}"),
                    format!("the columns are {}", names.join(", ")),
                ))
            }
        }
    }
}
