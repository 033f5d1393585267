//! What running a statement gave, and the rows behind it.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use super::columns::{Columns, describe};
use super::errors::to_js;
use crate::client::{ExecuteResult, ResultSet};
use crate::error::{Error, Result};

/// What running a statement gave. Freeing it closes the cursor with the next call.
#[wasm_bindgen]
pub struct Outcome {
    rows: Option<Rc<RefCell<Rows>>>,
    result: ExecuteResult,
}

/// The rows of a query on their way to JavaScript.
struct Rows {
    /// Taken out while a fetch is under way.
    result_set: Option<ResultSet>,
    /// How JavaScript wants the columns; empty if as their types are.
    kinds: Vec<u8>,
    zone_minutes: i32,
    columns: Option<Columns>,
    /// What JavaScript reads of the last batch, by its address.
    header: Vec<u32>,
}

impl Outcome {
    pub(super) fn new(
        mut result: ExecuteResult,
        fetch_array_size: u32,
        zone_minutes: i32,
    ) -> Outcome {
        let rows = result.result_set.take().map(|mut result_set| {
            result_set.set_array_size(fetch_array_size);
            Rc::new(RefCell::new(Rows {
                result_set: Some(result_set),
                kinds: Vec::new(),
                zone_minutes,
                columns: None,
                header: Vec::new(),
            }))
        });
        Outcome { rows, result }
    }
}

#[wasm_bindgen]
impl Outcome {
    /// Whether there are rows to fetch.
    #[wasm_bindgen(getter, js_name = isQuery)]
    pub fn is_query(&self) -> bool {
        self.rows.is_some()
    }

    /// Rows that DML changed.
    #[wasm_bindgen(getter, js_name = rowsAffected)]
    pub fn rows_affected(&self) -> f64 {
        self.result.rows_affected as f64
    }

    /// The last row that DML changed.
    #[wasm_bindgen(getter, js_name = lastRowid)]
    pub fn last_rowid(&self) -> Option<String> {
        self.result.last_rowid.map(|rowid| rowid.to_string())
    }

    /// Number and text of a warning.
    #[wasm_bindgen(getter)]
    pub fn warning(&self) -> Option<Array> {
        let warning = self.result.warning.as_ref()?;
        Some(Array::of2(&warning.number.into(), &warning.message.as_str().into()))
    }

    /// Rows changed by each row of binds.
    #[wasm_bindgen(js_name = rowCounts)]
    pub fn row_counts(&self) -> Vec<f64> {
        self.result.dml_row_counts.iter().map(|count| *count as f64).collect()
    }

    /// Number, index and text of each row of binds that failed.
    #[wasm_bindgen(js_name = batchErrors)]
    pub fn batch_errors(&self) -> Array {
        self.result
            .batch_errors
            .iter()
            .map(|error| {
                Array::of3(&error.number.into(), &error.row.into(), &error.message.as_str().into())
            })
            .collect()
    }

    /// The columns' descriptions, as [`super::border`] says.
    #[wasm_bindgen(js_name = metaData)]
    pub fn meta_data(&self) -> Uint8Array {
        let described = self.rows.as_ref().and_then(|rows| {
            rows.borrow().result_set.as_ref().map(|result_set| describe(result_set.columns()))
        });
        Uint8Array::from(described.unwrap_or_default().as_slice())
    }

    /// Says how the columns shall come, before the first [`Outcome::fetch`].
    #[wasm_bindgen(js_name = chooseKinds)]
    pub fn choose_kinds(&self, kinds: Vec<u8>) {
        if let Some(rows) = &self.rows {
            rows.borrow_mut().kinds = kinds;
        }
    }

    /// The address of the next batch, 0 behind the last; a promise of it, unless the rows are here
    /// already. It holds until the next fetch.
    pub fn fetch(&self) -> Result<JsValue, JsValue> {
        let Some(rows) = self.rows.clone() else { return Ok(JsValue::from(0)) };
        let mut fetching = Box::pin(async move {
            fetch(&rows).await.map(JsValue::from).map_err(|error| to_js(&error))
        });
        // Most small results came along with the execution: no need for a turn of the event loop.
        match Pin::new(&mut fetching).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(fetched) => fetched,
            // Polled again by the promise, with a waker that wakes.
            Poll::Pending => Ok(future_to_promise(fetching).into()),
        }
    }
}

async fn fetch(rows: &RefCell<Rows>) -> Result<u32> {
    let taken = rows.borrow_mut().result_set.take();
    let Some(mut result_set) = taken else {
        return Err(Error::misuse("a fetch is under way already", "wait for it"));
    };
    let fetched = result_set.next_batch().await;
    let mut rows = rows.borrow_mut();
    let rows = &mut *rows;
    let more = result_set.has_more();
    let columns = match &mut rows.columns {
        Some(columns) => columns,
        None => {
            let described = result_set.columns();
            rows.columns.insert(Columns::new(described, &rows.kinds, rows.zone_minutes)?)
        }
    };
    rows.result_set = Some(result_set);
    let Some(batch) = fetched? else { return Ok(0) };
    columns.fill(&batch)?;
    columns.write_header(more, &mut rows.header);
    Ok(u32::try_from(rows.header.as_ptr().addr()).unwrap_or_default())
}
