//! The options of a log-on, read from the object that `src/js/options.js` made and checked.

use std::sync::Arc;

use js_sys::{Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::sign::JsSigner;
use crate::auth::{AccessToken, AuthMode, Secret};
use crate::client::LogOnToken;
use crate::connect_string::{ClientInfo, ParameterValue, TnsNames, resolve};
use crate::error::{Error, Result};
use crate::session::SessionOptions;

/// What to log on with.
pub(super) struct Options {
    /// For the session.
    pub(super) session: SessionOptions,
    /// A token instead of the password.
    pub(super) token: Option<LogOnToken>,
    /// How far the session's time zone is ahead of UTC, in minutes.
    pub(super) zone_minutes: i32,
    /// Limit of each call in milliseconds, 0 for none.
    pub(super) call_timeout: f64,
}

/// What a connect string says about tokens: see [`super::client::Client::token_settings`].
pub(super) fn token_settings(connect_string: &str, tns_names: Option<&str>) -> Result<Object> {
    let names = tns_names.map(TnsNames::parse).transpose()?;
    let descriptor = resolve(connect_string, names.as_ref())?;
    let found = Object::new();
    let securities = descriptor.descriptions.iter().map(|description| &description.security);
    if let Some(security) = securities.into_iter().find(|it| it.token_auth().is_some()) {
        for parameter in &security.extra {
            if let ParameterValue::Text(text) = &parameter.value {
                // An object of our own takes every property.
                let _ =
                    Reflect::set(&found, &parameter.name.as_str().into(), &text.as_str().into());
            }
        }
    }
    Ok(found)
}

/// Reads the options.
///
/// # Errors
///
/// [`Error::ConnectString`] with the place in the text; [`Error::Misuse`] for a privilege that there
/// is not; [`Error::Auth`] for a token that cannot be read.
pub(super) fn read(object: &JsValue) -> Result<Options> {
    let names = match text(object, "tnsNames") {
        Some(text) => Some(TnsNames::parse(&text)?),
        None => None,
    };
    let connect_string = text(object, "connectString").unwrap_or_default();
    let descriptor = resolve(&connect_string, names.as_ref())?;
    let user = text(object, "user").unwrap_or_default();
    let password = secret(object, "password").unwrap_or_default();
    let mut session = SessionOptions::new(descriptor, user, password);
    session.new_password = secret(object, "newPassword");
    session.mode = mode(number(object, "privilege"))?;
    let or_unknown = |name: &str| text(object, name).unwrap_or_else(|| "unknown".to_owned());
    let client =
        ClientInfo::new(&or_unknown("program"), &or_unknown("machine"), &or_unknown("osUser"));
    session.client =
        client.with_terminal(&or_unknown("terminal")).with_pid(number(object, "pid") as u32);
    if let Some(name) = text(object, "driverName") {
        session.driver_name = name;
    }
    let zone_minutes = number(object, "zoneMinutes") as i32;
    session.time_zone = zone(zone_minutes);
    session.statement_cache_size = number(object, "stmtCacheSize") as usize;
    let token = token(object)?;
    Ok(Options { session, token, zone_minutes, call_timeout: number(object, "callTimeout") })
}

/// `+02:00`.
fn zone(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The privilege with node-oracledb's number.
fn mode(privilege: f64) -> Result<AuthMode> {
    Ok(match privilege as u32 {
        0 => AuthMode::Default,
        0x0002 => AuthMode::SysDba,
        0x0004 => AuthMode::SysOper,
        0x8000 => AuthMode::SysAsm,
        0x2_0000 => AuthMode::SysBackup,
        0x4_0000 => AuthMode::SysDg,
        0x8_0000 => AuthMode::SysKm,
        0x10_0000 => AuthMode::SysRac,
        other => {
            return Err(Error::misuse(
                format!("there is no privilege with the number {other}"),
                "use one of the constants SYSDBA, SYSOPER, SYSBACKUP, SYSDG, SYSKM, SYSASM, SYSRAC",
            ));
        }
    })
}

fn token(object: &JsValue) -> Result<Option<LogOnToken>> {
    let Some(token) = secret(object, "accessToken") else { return Ok(None) };
    let token = AccessToken::new(token)?;
    let sign = Reflect::get(object, &JsValue::from_str("sign")).ok();
    Ok(Some(match sign.and_then(|sign| sign.dyn_into::<Function>().ok()) {
        Some(sign) => LogOnToken::with_key(token, Arc::new(JsSigner::new(sign))),
        None => LogOnToken::bearer(token),
    }))
}

fn text(object: &JsValue, name: &str) -> Option<String> {
    Reflect::get(object, &JsValue::from_str(name)).ok()?.as_string()
}

fn secret(object: &JsValue, name: &str) -> Option<Secret> {
    text(object, name).map(|text| Secret::new(text.into_bytes()))
}

fn number(object: &JsValue, name: &str) -> f64 {
    Reflect::get(object, &JsValue::from_str(name))
        .ok()
        .and_then(|value| value.as_f64())
        .unwrap_or_default()
}
