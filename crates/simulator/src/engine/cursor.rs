//! The rows of a query.
//!
//! A statement of rusqlite borrows its connection, so an open cursor cannot lie beside the
//! session's connection in one struct. Small results (and all results while the session has
//! changes of its own) are read at once. For the others a thread reads on a connection of its own
//! and hands over batches through a bounded channel: memory stays constant, and the read
//! transaction of that connection is the snapshot that Oracle's read consistency promises,
//! whatever the session or others do meanwhile.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use oraedge::error::DbError;
use oraedge::wire::value::Value;
use rusqlite::InterruptHandle;
use rusqlite::types::Value as Sql;

use super::database::{Reader, sqlite_error};
use super::error::Result;
use super::interrupt::Interrupter;
use super::spill::SpillReader;
use super::statement::Column;
use super::storage::read_value;
use super::types::Kind;

const BATCH_ROWS: usize = 256;
/// Batches that wait in the channel.
const BATCHES_AHEAD: usize = 4;

type Batch = Result<Vec<Vec<Value>>>;

#[derive(Default)]
enum Source {
    #[default]
    Empty,
    Complete(SpillReader),
    Streaming(Streaming),
}

struct Streaming {
    batches: Receiver<Batch>,
    current: std::vec::IntoIter<Vec<Value>>,
    interrupter: Interrupter,
    /// Of the connection that reads.
    handle: Arc<InterruptHandle>,
}

/// The rows of a query, made as they are asked for.
///
/// The rows are those that were there when the query was executed, whatever is changed, committed
/// or rolled back meanwhile. LOB columns give [`Value::Text`] and [`Value::Bytes`].
#[derive(Default)]
pub struct RowSource {
    columns: Vec<Column>,
    kinds: Vec<Kind>,
    source: Source,
}

impl std::fmt::Debug for RowSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowSource").field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl RowSource {
    pub(crate) fn complete(columns: Vec<Column>, kinds: Vec<Kind>, rows: SpillReader) -> RowSource {
        RowSource { columns, kinds, source: Source::Complete(rows) }
    }

    /// Runs `sql` on a connection of its own, which goes back to `pool` afterwards.
    pub(crate) fn streaming(
        columns: Vec<Column>,
        kinds: Vec<Kind>,
        sql: String,
        binds: Vec<Sql>,
        reader: Reader,
        pool: Arc<Mutex<Vec<Reader>>>,
        interrupter: Interrupter,
    ) -> Result<RowSource> {
        let (sender, batches) = sync_channel(BATCHES_AHEAD);
        let (started, wait) = sync_channel(1);
        let own_kinds = kinds.clone();
        let handle = Arc::clone(&reader.handle);
        let working = interrupter.working(&handle);
        let builder = std::thread::Builder::new().name("simulator-cursor".to_owned());
        let spawned = builder.spawn(move || {
            if let Err(error) = read_all(&reader, &sql, &binds, &own_kinds, &sender, &started) {
                let _ = started.try_send(());
                let _ = sender.send(Err(error));
            }
            pool.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(reader);
        });
        spawned.map_err(|e| super::error::ora(4030, format!("out of process memory: {e}")))?;
        // The snapshot is taken once the first row was read; only then may the session go on.
        let _ = wait.recv();
        drop(working);
        let current = Vec::new().into_iter();
        let source = Streaming { batches, current, interrupter, handle };
        Ok(RowSource { columns, kinds, source: Source::Streaming(source) })
    }

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
        match &mut self.source {
            Source::Empty => Ok(false),
            Source::Complete(rows) => rows.next(&self.kinds, row),
            Source::Streaming(streaming) => loop {
                if let Some(next) = streaming.current.next() {
                    *row = next;
                    return Ok(true);
                }
                let working = streaming.interrupter.working(&streaming.handle);
                let received = streaming.batches.recv();
                drop(working);
                match received {
                    Ok(Ok(batch)) => streaming.current = batch.into_iter(),
                    Ok(Err(error)) => {
                        self.source = Source::Empty;
                        return Err(error);
                    }
                    Err(_) => {
                        self.source = Source::Empty;
                        return Ok(false);
                    }
                }
            },
        }
    }
}

fn read_all(
    reader: &Reader,
    sql: &str,
    binds: &[Sql],
    kinds: &[Kind],
    sender: &SyncSender<Batch>,
    started: &SyncSender<()>,
) -> Result<()> {
    let mut statement = reader.connection.prepare_cached(sql).map_err(sqlite_error)?;
    let mut rows = statement.query(rusqlite::params_from_iter(binds)).map_err(sqlite_error)?;
    let mut batch = Vec::with_capacity(BATCH_ROWS);
    let mut is_first = true;
    loop {
        let row = match rows.next() {
            Ok(row) => row,
            Err(error) => {
                // The rows before the error are good.
                let _ = sender.send(Ok(batch));
                return Err(sqlite_error(error));
            }
        };
        if is_first {
            let _ = started.try_send(());
            is_first = false;
        }
        let Some(row) = row else { break };
        let mut values = Vec::with_capacity(kinds.len());
        for (at, kind) in kinds.iter().enumerate() {
            values.push(read_value(*kind, row.get_ref_unwrap(at))?);
        }
        batch.push(values);
        if batch.len() == BATCH_ROWS {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_ROWS));
            // Nobody reads any more: the cursor was closed.
            if sender.send(Ok(full)).is_err() {
                return Ok(());
            }
        }
    }
    let _ = sender.send(Ok(batch));
    Ok(())
}
