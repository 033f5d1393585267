//! Errors on their way to JavaScript, and back.

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::error::{Error, TransactionOutcome};

/// The array that JavaScript makes an error of: code, message, whether the connection is gone, for
/// the database's own errors number, offset and rows done before; whether trying again may work, and
/// what became of the transaction. See `src/js/errors.js`.
pub(super) fn to_js(error: &Error) -> JsValue {
    let array = Array::of3(
        &JsValue::from_str(&error.code()),
        &JsValue::from_str(&error.to_string()),
        &JsValue::from_bool(error.is_fatal()),
    );
    let (number, offset, rows) = match error {
        Error::Database(error) => (Some(error.number), error.offset, error.rows_affected),
        Error::Cancelled => (Some(CANCELLED), None, 0),
        _ => (None, None, 0),
    };
    array.push(&number.map_or(JsValue::UNDEFINED, JsValue::from));
    array.push(&offset.map_or(JsValue::UNDEFINED, JsValue::from));
    array.push(&JsValue::from_f64(rows as f64));
    array.push(&JsValue::from_bool(error.is_recoverable()));
    if let Some(outcome) = error.transaction_outcome() {
        array.push(&JsValue::from_str(match outcome {
            TransactionOutcome::NotCommitted => "notCommitted",
            TransactionOutcome::Unknown => "unknown",
            TransactionOutcome::Suspended => "suspended",
            TransactionOutcome::InDoubt => "inDoubt",
        }));
    }
    array.into()
}

/// ORA-01013: user requested cancel of current operation.
const CANCELLED: u32 = 1013;

#[cfg(feature = "wasm-client")]
/// What a transport of JavaScript threw, with what was being done.
pub(super) fn from_js(doing: impl Into<String>, thrown: &JsValue) -> Error {
    if property(thrown, "code").as_deref() == Some("OED-MISUSE") {
        return Error::misuse(message(thrown), "");
    }
    Error::transport(doing, message(thrown), "")
}

/// The text of whatever was thrown.
pub(super) fn message(thrown: &JsValue) -> String {
    property(thrown, "message")
        .or_else(|| thrown.as_string())
        .unwrap_or_else(|| "an unknown error".to_owned())
}

fn property(value: &JsValue, name: &str) -> Option<String> {
    if !value.is_object() {
        return None;
    }
    Reflect::get(value.unchecked_ref(), &JsValue::from_str(name)).ok()?.as_string()
}
