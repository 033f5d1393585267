//! The packaged procedures that blocks may call.

use std::time::Duration;

use oraedge::wire::value::Value;

use super::super::error::{Result, ora, plain};
use super::super::session::Session;
use super::super::statement::Outcome;

const PROCEDURES: [&str; 28] = [
    "DBMS_OUTPUT.PUT_LINE",
    "DBMS_OUTPUT.PUT",
    "DBMS_OUTPUT.NEW_LINE",
    "DBMS_OUTPUT.ENABLE",
    "DBMS_OUTPUT.DISABLE",
    "DBMS_OUTPUT.GET_LINE",
    "DBMS_SESSION.SLEEP",
    "DBMS_LOCK.SLEEP",
    "DBMS_SESSION.SET_IDENTIFIER",
    "DBMS_SESSION.CLEAR_IDENTIFIER",
    "DBMS_SESSION.SET_CONTEXT",
    "DBMS_SESSION.SET_NLS",
    "DBMS_SESSION.RESET_PACKAGE",
    "DBMS_SESSION.MODIFY_PACKAGE_STATE",
    "DBMS_SESSION.SET_SQL_TRACE",
    "DBMS_APPLICATION_INFO.SET_MODULE",
    "DBMS_APPLICATION_INFO.SET_ACTION",
    "DBMS_APPLICATION_INFO.SET_CLIENT_INFO",
    "DBMS_STATS.GATHER_TABLE_STATS",
    "DBMS_STATS.GATHER_SCHEMA_STATS",
    "DBMS_RANDOM.SEED",
    "DBMS_RANDOM.INITIALIZE",
    "DBMS_RANDOM.TERMINATE",
    "DBMS_MONITOR.SESSION_TRACE_ENABLE",
    "DBMS_MONITOR.SESSION_TRACE_DISABLE",
    "RAISE_APPLICATION_ERROR",
    "DBMS_STANDARD.RAISE_APPLICATION_ERROR",
    "DBMS_UTILITY.COMPILE_SCHEMA",
];

pub(super) fn is_known(name: &str) -> bool {
    PROCEDURES.contains(&name)
}

/// Whether a procedure writes its argument at a position.
pub(super) fn is_out(name: &str, position: usize) -> bool {
    name == "DBMS_OUTPUT.GET_LINE" && position < 2
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(value) => value.to_string(),
    }
}

fn seconds(value: Option<&Value>) -> Result<f64> {
    match value {
        Some(Value::Number(number)) => Ok(number.to_f64()),
        Some(Value::BinaryDouble(number)) => Ok(*number),
        Some(Value::Text(text)) => text.trim().parse().map_err(|_| plain(1722)),
        _ => Err(ora(6502, "PL/SQL: numeric or value error")),
    }
}

/// Calls a procedure; what it writes comes back by position.
pub(super) fn call(
    session: &mut Session,
    outcome: &mut Outcome,
    name: &str,
    arguments: &[Value],
) -> Result<Vec<(usize, Value)>> {
    let argument = |at: usize| text(arguments.get(at));
    match name {
        "DBMS_OUTPUT.PUT_LINE" if session.output_enabled => {
            let line = std::mem::take(&mut session.output_line) + &argument(0);
            session.output.push(line);
        }
        "DBMS_OUTPUT.PUT" if session.output_enabled => session.output_line.push_str(&argument(0)),
        "DBMS_OUTPUT.NEW_LINE" if session.output_enabled => {
            let line = std::mem::take(&mut session.output_line);
            session.output.push(line);
        }
        "DBMS_OUTPUT.ENABLE" => session.output_enabled = true,
        "DBMS_OUTPUT.DISABLE" => {
            session.output_enabled = false;
            session.output.clear();
            session.output_line.clear();
        }
        "DBMS_OUTPUT.GET_LINE" => {
            // Status 1: there is no line.
            return Ok(if session.output.is_empty() {
                vec![(0, Value::Null), (1, Value::from(1))]
            } else {
                vec![(0, Value::from(session.output.remove(0))), (1, Value::from(0))]
            });
        }
        "DBMS_SESSION.SLEEP" | "DBMS_LOCK.SLEEP" => {
            let seconds = seconds(arguments.first())?;
            if !(0.0..=86_400.0 * 365.0).contains(&seconds) {
                return Err(plain(1428));
            }
            outcome.sleep += Duration::from_secs_f64(seconds);
        }
        "DBMS_SESSION.SET_IDENTIFIER" => session.set_context("CLIENT_IDENTIFIER", argument(0)),
        "DBMS_SESSION.CLEAR_IDENTIFIER" => session.set_context("CLIENT_IDENTIFIER", ""),
        "DBMS_SESSION.SET_CONTEXT" => {
            let key = (argument(0).to_uppercase(), argument(1).to_uppercase());
            let value = argument(2);
            session.environment.state().application.insert(key, value);
        }
        "DBMS_SESSION.SET_NLS" => {
            let sql = format!("ALTER SESSION SET {} = {}", argument(0), argument(1));
            session.execute_text(&sql, &[])?;
        }
        "DBMS_APPLICATION_INFO.SET_MODULE" => {
            session.set_context("MODULE", argument(0));
            session.set_context("ACTION", argument(1));
        }
        "DBMS_APPLICATION_INFO.SET_ACTION" => session.set_context("ACTION", argument(0)),
        "DBMS_APPLICATION_INFO.SET_CLIENT_INFO" => session.set_context("CLIENT_INFO", argument(0)),
        "RAISE_APPLICATION_ERROR" | "DBMS_STANDARD.RAISE_APPLICATION_ERROR" => {
            let number = seconds(arguments.first())? as i64;
            if !(-20_999..=-20_000).contains(&number) {
                return Err(ora(
                    21_000,
                    format!(
                        "error number argument to raise_application_error of {number} is out of range"
                    ),
                ));
            }
            return Err(ora(number.unsigned_abs() as u32, argument(1)));
        }
        _ => {}
    }
    Ok(Vec::new())
}
