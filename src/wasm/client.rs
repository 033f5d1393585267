//! The exported connection.

use std::sync::Arc;
use std::time::Duration;

use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use super::binds::{Binds, execute_options};
use super::border::EXECUTE_MANY;
use super::errors::to_js;
use super::options::{self, Options};
use super::outcome::Outcome;
use super::runtime::JsRuntime;
use super::transport::JsTransport;
use crate::client::{Connection, ExecuteResult, SessionlessOptions};
use crate::error::{Error, Result};
use crate::wire::ttc::piggyback::EndToEnd;

/// A logged-on connection. `src/js/session.js` makes one call at a time; only [`Client::interrupt`]
/// comes in between.
#[wasm_bindgen]
pub struct Client {
    connection: Connection,
    zone_minutes: i32,
}

#[wasm_bindgen]
impl Client {
    /// Connects and logs on. `open` is called with an address, and resolves to a channel of bytes.
    /// `options.accessToken` is a token to log on with; `options.sign`, for one that is bound to a
    /// key, is called with the bytes to sign and resolves to the signature (RSASSA-PKCS1-v1_5 with
    /// SHA-256), a Uint8Array or ArrayBuffer.
    pub async fn connect(options: JsValue, open: Function) -> Result<Client, JsValue> {
        let Options { session, token, zone_minutes, call_timeout } =
            options::read(&options).map_err(|error| to_js(&error))?;
        let transport = Arc::new(JsTransport::new(open));
        let runtime = Arc::new(JsRuntime);
        let connection = match token {
            Some(token) => {
                Connection::connect_with_token(transport, runtime, session, &token).await
            }
            None => Connection::connect(transport, runtime, session).await,
        };
        let connection = connection.map_err(|error| to_js(&error))?;
        let client = Client { connection, zone_minutes };
        client.set_call_timeout(call_timeout);
        Ok(client)
    }

    /// What a connect string says about tokens: the parameters of `SECURITY` in the first description
    /// with a `TOKEN_AUTH`, by their names; empty if there is none.
    #[wasm_bindgen(js_name = tokenSettings)]
    pub fn token_settings(
        connect_string: &str,
        tns_names: Option<String>,
    ) -> Result<Object, JsValue> {
        options::token_settings(connect_string, tns_names.as_deref()).map_err(|error| to_js(&error))
    }

    /// The server's version as text.
    #[wasm_bindgen(getter, js_name = serverVersion)]
    pub fn server_version(&self) -> String {
        self.connection.info().version_text()
    }

    /// The server's version as a number, 1921000000 for 19.21.0.0.0.
    #[wasm_bindgen(getter, js_name = serverVersionNumber)]
    pub fn server_version_number(&self) -> f64 {
        self.connection.info().version.iter().fold(0.0, |sum, part| sum * 100.0 + f64::from(*part))
    }

    /// When the access token expires that was logged on with, in milliseconds since 1970;
    /// undefined after a log-on with a password.
    #[wasm_bindgen(getter, js_name = tokenExpiresAt)]
    pub fn token_expires_at(&self) -> Option<f64> {
        self.connection.token_expires_at().map(|time| time.as_millis() as f64)
    }

    /// Limits each call to so many milliseconds; 0 for no limit.
    #[wasm_bindgen(js_name = setCallTimeout)]
    pub fn set_call_timeout(&self, milliseconds: f64) {
        let timeout = Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
        self.connection.set_call_timeout(timeout.filter(|timeout| !timeout.is_zero()));
    }

    /// Runs a statement; resolves to an [`Outcome`]. `binds` and `flags` are as [`super::border`]
    /// says.
    pub fn execute(
        &self,
        sql: String,
        binds: &[u8],
        flags: u32,
        prefetch_rows: u32,
        fetch_array_size: u32,
    ) -> Promise {
        let connection = self.connection.clone();
        let zone_minutes = self.zone_minutes;
        let binds = Binds::read(binds, &sql, zone_minutes);
        future_to_promise(async move {
            let result = execute(&connection, &sql, binds, flags, prefetch_rows).await;
            match result {
                Ok(result) => Ok(Outcome::new(result, fetch_array_size, zone_minutes).into()),
                Err(error) => Err(to_js(&error)),
            }
        })
    }

    /// Commits.
    pub fn commit(&self) -> Promise {
        let connection = self.connection.clone();
        nothing(async move { connection.commit().await })
    }

    /// Rolls back.
    pub fn rollback(&self) -> Promise {
        let connection = self.connection.clone();
        nothing(async move { connection.rollback().await })
    }

    /// Begins a sessionless transaction, or resumes one that was suspended; with `deferred` along with
    /// the next call.
    #[wasm_bindgen(js_name = startSessionless)]
    pub fn start_sessionless(
        &self,
        resume: bool,
        transaction_id: Vec<u8>,
        timeout: u32,
        deferred: bool,
    ) -> Promise {
        let connection = self.connection.clone();
        let options = SessionlessOptions { timeout, defer_round_trip: deferred };
        nothing(async move {
            if resume {
                connection.resume_sessionless_transaction(&transaction_id, options).await
            } else {
                let id = Some(&transaction_id[..]);
                connection.begin_sessionless_transaction(id, options).await.map(|_| ())
            }
        })
    }

    /// Suspends the sessionless transaction that is active.
    #[wasm_bindgen(js_name = suspendSessionless)]
    pub fn suspend_sessionless(&self) -> Promise {
        let connection = self.connection.clone();
        nothing(async move { connection.suspend_sessionless_transaction().await })
    }

    /// Makes a round trip.
    pub fn ping(&self) -> Promise {
        let connection = self.connection.clone();
        nothing(async move { connection.ping().await })
    }

    /// Logs off.
    pub fn close(&self) -> Promise {
        let connection = self.connection.clone();
        nothing(async move { connection.close().await })
    }

    /// What the server told at log-on under one of its names (`AUTH_DBNAME` ...).
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.connection.info().parameters.get(name).cloned()
    }

    /// Tells the server about the session with the next call: `module`, `action`, `clientId`,
    /// `clientInfo`, `dbOp` or `currentSchema`.
    #[wasm_bindgen(js_name = setAttribute)]
    pub fn set_attribute(&self, name: &str, value: String) -> Promise {
        let connection = self.connection.clone();
        let mut changes = EndToEnd::default();
        let schema = name == "currentSchema";
        match name {
            "module" => changes.module = Some(value.clone()),
            "action" => changes.action = Some(value.clone()),
            "clientId" => changes.client_identifier = Some(value.clone()),
            "clientInfo" => changes.client_info = Some(value.clone()),
            "dbOp" => changes.dbop = Some(value.clone()),
            _ => {}
        }
        nothing(async move {
            if schema {
                connection.set_current_schema(&value).await;
            } else {
                connection.set_end_to_end(changes).await;
            }
            Ok(())
        })
    }

    /// Ends the call that is under way, if there is one; it fails with ORA-01013.
    pub fn interrupt(&self) {
        self.connection.cancel();
    }
}

fn nothing(work: impl Future<Output = Result<()>> + 'static) -> Promise {
    future_to_promise(async move {
        work.await.map(|()| JsValue::UNDEFINED).map_err(|error| to_js(&error))
    })
}

async fn execute(
    connection: &Connection,
    sql: &str,
    binds: Result<Binds>,
    flags: u32,
    prefetch_rows: u32,
) -> Result<ExecuteResult> {
    let Binds { rows, batch } = binds?;
    let options = execute_options(flags, prefetch_rows);
    if flags & EXECUTE_MANY == 0 || rows <= 1 || !batch.is_empty() {
        return connection.execute_with(sql, batch, options).await;
    }
    // Rows without values cannot be counted on the wire.
    let mut total: Option<ExecuteResult> = None;
    for _ in 0..rows {
        let mut result = connection.execute_with(sql, batch.clone(), options.clone()).await?;
        if result.result_set.is_some() {
            return Err(Error::misuse("executeMany() cannot be used for queries", "use execute()"));
        }
        if let Some(before) = total {
            result.rows_affected += before.rows_affected;
            let mut counts = before.dml_row_counts;
            counts.append(&mut result.dml_row_counts);
            result.dml_row_counts = counts;
        }
        total = Some(result);
    }
    total.ok_or_else(|| Error::misuse("there is nothing to execute", ""))
}
