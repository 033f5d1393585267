//! Clock, timer and random source of the JavaScript runtime.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::errors::message;
use crate::client::{BoxFuture, Runtime};
use crate::error::{Error, Result};
use crate::time::{Timestamp, UnixTime};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues, catch)]
    fn get_random_values(bytes: &mut [u8]) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// The longest time that `setTimeout` takes; a longer one fires at once.
const LONGEST_TIMEOUT_MS: f64 = 2_147_483_647.0;
/// The most bytes that `getRandomValues` gives at a time.
const RANDOM_QUOTA: usize = 65_536;

/// The runtime that this module is loaded in.
pub(super) struct JsRuntime;

impl Runtime for JsRuntime {
    fn now(&self) -> Timestamp {
        // Milliseconds with a fraction; the cast saturates.
        Timestamp::from_micros((performance_now() * 1000.0) as u64)
    }

    fn unix_time(&self) -> UnixTime {
        UnixTime::from_millis(js_sys::Date::now() as u64)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let milliseconds = (duration.as_secs_f64() * 1000.0).ceil().min(LONGEST_TIMEOUT_MS);
        let timer = Rc::new(Cell::new(JsValue::UNDEFINED));
        let promise = Promise::new(&mut |resolve, _| {
            timer.set(set_timeout(&resolve, milliseconds));
        });
        Box::pin(Sleep { done: JsFuture::from(promise), timer })
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        wasm_bindgen_futures::spawn_local(task);
    }

    fn random(&self, bytes: &mut [u8]) -> Result<()> {
        for part in bytes.chunks_mut(RANDOM_QUOTA) {
            get_random_values(part).map_err(|thrown| {
                Error::unsupported(
                    format!("logging on without random numbers ({})", message(&thrown)),
                    "use a runtime that has crypto.getRandomValues",
                )
            })?;
        }
        Ok(())
    }
}

/// A timer that is taken back when nobody waits for it any more: it would keep a process alive.
struct Sleep {
    done: JsFuture,
    timer: Rc<Cell<JsValue>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.done).poll(cx).map(|_| ())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        clear_timeout(&self.timer.take());
    }
}
