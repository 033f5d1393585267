//! The packages that Oracle supplies, as far as tools call them from blocks.

use std::time::Duration;

use oraedge::wire::value::Value;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::super::authorization::IdentityProvider;
use super::super::error::{ora, plain, unsupported};
use super::super::settings::Generation;
use super::super::types::{Kind, MAX_EXTENDED, OraType};
use super::code::{Mode, Pseudo};
use super::compiler::name_of;
use super::errors::Raised;
use super::machine::Machine;
use super::scope::{Formal, Signature};

/// A procedure of a package, or one that the language has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BuiltIn {
    PutLine,
    Put,
    NewLine,
    Enable,
    Disable,
    GetLine,
    SetIdentifier,
    ClearIdentifier,
    Sleep,
    SetModule,
    SetAction,
    SetClientInfo,
    ReadModule,
    ReadClientInfo,
    SetContext,
    SetNls,
    RaiseApplicationError,
    EnableExternalAuthentication,
    DisableExternalAuthentication,
    Nothing,
}

/// A procedure that blocks may call.
#[derive(Debug)]
pub(super) struct Procedure {
    pub(super) name: &'static str,
    built_in: BuiltIn,
    /// `+` in front of those that return a value, `?` in front of those that need not be given,
    /// `#` in front of numbers.
    parameters: &'static [&'static str],
}

const fn procedure(
    name: &'static str,
    built_in: BuiltIn,
    parameters: &'static [&'static str],
) -> Procedure {
    Procedure { name, built_in, parameters }
}

static PROCEDURES: [Procedure; 31] = [
    procedure(
        "RAISE_APPLICATION_ERROR",
        BuiltIn::RaiseApplicationError,
        &["#NUM", "MSG", "?KEEPERRORSTACK"],
    ),
    procedure(
        "DBMS_STANDARD.RAISE_APPLICATION_ERROR",
        BuiltIn::RaiseApplicationError,
        &["#NUM", "MSG", "?KEEPERRORSTACK"],
    ),
    procedure("DBMS_OUTPUT.PUT_LINE", BuiltIn::PutLine, &["A"]),
    procedure("DBMS_OUTPUT.PUT", BuiltIn::Put, &["A"]),
    procedure("DBMS_OUTPUT.NEW_LINE", BuiltIn::NewLine, &[]),
    procedure("DBMS_OUTPUT.ENABLE", BuiltIn::Enable, &["?#BUFFER_SIZE"]),
    procedure("DBMS_OUTPUT.DISABLE", BuiltIn::Disable, &[]),
    procedure("DBMS_OUTPUT.GET_LINE", BuiltIn::GetLine, &["+LINE", "+#STATUS"]),
    procedure("DBMS_SESSION.SET_IDENTIFIER", BuiltIn::SetIdentifier, &["CLIENT_ID"]),
    procedure("DBMS_SESSION.CLEAR_IDENTIFIER", BuiltIn::ClearIdentifier, &[]),
    procedure(
        "DBMS_SESSION.SET_CONTEXT",
        BuiltIn::SetContext,
        &["NAMESPACE", "ATTRIBUTE", "VALUE", "?USERNAME", "?CLIENT_ID"],
    ),
    procedure("DBMS_SESSION.SET_NLS", BuiltIn::SetNls, &["PARAM", "VALUE"]),
    procedure(SESSION_SLEEP, BuiltIn::Sleep, &["#SECONDS"]),
    procedure("DBMS_LOCK.SLEEP", BuiltIn::Sleep, &["#SECONDS"]),
    procedure(
        "DBMS_APPLICATION_INFO.SET_MODULE",
        BuiltIn::SetModule,
        &["MODULE_NAME", "ACTION_NAME"],
    ),
    procedure("DBMS_APPLICATION_INFO.SET_ACTION", BuiltIn::SetAction, &["ACTION_NAME"]),
    procedure("DBMS_APPLICATION_INFO.SET_CLIENT_INFO", BuiltIn::SetClientInfo, &["CLIENT_INFO"]),
    procedure(
        "DBMS_APPLICATION_INFO.READ_MODULE",
        BuiltIn::ReadModule,
        &["+MODULE_NAME", "+ACTION_NAME"],
    ),
    procedure("DBMS_APPLICATION_INFO.READ_CLIENT_INFO", BuiltIn::ReadClientInfo, &["+CLIENT_INFO"]),
    procedure(
        "DBMS_CLOUD_ADMIN.ENABLE_EXTERNAL_AUTHENTICATION",
        BuiltIn::EnableExternalAuthentication,
        &["TYPE", "?FORCE", "?PARAMS"],
    ),
    procedure(
        "DBMS_CLOUD_ADMIN.DISABLE_EXTERNAL_AUTHENTICATION",
        BuiltIn::DisableExternalAuthentication,
        &[],
    ),
    // What a simulator has no use for.
    procedure("DBMS_SESSION.RESET_PACKAGE", BuiltIn::Nothing, &[]),
    procedure("DBMS_SESSION.MODIFY_PACKAGE_STATE", BuiltIn::Nothing, &["#ACTION_FLAGS"]),
    procedure("DBMS_SESSION.SET_SQL_TRACE", BuiltIn::Nothing, &["SQL_TRACE"]),
    procedure("DBMS_STATS.GATHER_TABLE_STATS", BuiltIn::Nothing, &STATS),
    procedure("DBMS_STATS.GATHER_SCHEMA_STATS", BuiltIn::Nothing, &STATS),
    procedure("DBMS_RANDOM.SEED", BuiltIn::Nothing, &["VAL"]),
    procedure("DBMS_RANDOM.INITIALIZE", BuiltIn::Nothing, &["VAL"]),
    procedure("DBMS_RANDOM.TERMINATE", BuiltIn::Nothing, &[]),
    procedure("DBMS_MONITOR.SESSION_TRACE_ENABLE", BuiltIn::Nothing, &TRACE),
    procedure("DBMS_MONITOR.SESSION_TRACE_DISABLE", BuiltIn::Nothing, &TRACE),
];

const SESSION_SLEEP: &str = "DBMS_SESSION.SLEEP";
const STATS: [&str; 8] = [
    "?OWNNAME",
    "?TABNAME",
    "?PARTNAME",
    "?#ESTIMATE_PERCENT",
    "?METHOD_OPT",
    "?#DEGREE",
    "?CASCADE",
    "?OPTIONS",
];
const TRACE: [&str; 4] = ["?#SESSION_ID", "?#SERIAL_NUM", "?WAITS", "?BINDS"];
/// Packages of which everything that blocks may call is in the list.
const WHOLE: [&str; 4] = ["DBMS_OUTPUT", "DBMS_SESSION", "DBMS_LOCK", "DBMS_APPLICATION_INFO"];

/// Longest sleep, in seconds.
const MAX_SLEEP: f64 = 86_400.0 * 365.0;
/// Longest line that DBMS_OUTPUT takes, in bytes.
const MAX_LINE: usize = 32_767;

fn without_sys(parts: &[String]) -> &[String] {
    match parts {
        [owner, rest @ ..] if owner == "SYS" => rest,
        _ => parts,
    }
}

/// The procedure of this name.
pub(super) fn find(parts: &[String], generation: Generation) -> Option<&'static Procedure> {
    let name = without_sys(parts).join(".");
    // It came with 18c.
    if name == SESSION_SLEEP && generation < Generation::V18 {
        return None;
    }
    PROCEDURES.iter().find(|procedure| procedure.name == name)
}

/// Whether the name is of a component of one of the packages.
pub(super) fn is_package(parts: &[String]) -> bool {
    let [package, _component] = without_sys(parts) else { return false };
    WHOLE.contains(&package.as_str())
}

impl Procedure {
    /// How it is called.
    pub(super) fn signature(&self) -> Signature {
        let formals = self.parameters.iter().map(|name| Formal {
            name: name.trim_start_matches(['+', '?', '#']).to_owned(),
            mode: if name.contains('+') { Mode::Out } else { Mode::In },
            ty: match name.trim_start_matches('?') {
                "KEEPERRORSTACK" | "SQL_TRACE" | "WAITS" | "BINDS" | "CASCADE" | "FORCE" => {
                    OraType::BOOLEAN
                }
                n if n.contains('#') => OraType::NUMBER,
                _ => OraType::text(Kind::Varchar, MAX_EXTENDED, false),
            },
            has_default: name.starts_with('?'),
        });
        Signature { formals: formals.collect(), returns: None }
    }
}

/// Takes a function without arguments that asks for the state of the block.
pub(super) fn pseudo(tokens: &[TokenWithSpan], at: &mut usize) -> Option<Pseudo> {
    let name = |ahead: usize| tokens.get(*at + ahead).and_then(|t| name_of(&t.token));
    let is_dot = tokens.get(*at + 1).is_some_and(|t| t.token == Token::Period);
    if name(0)? != "DBMS_UTILITY" || !is_dot {
        return None;
    }
    let pseudo = match name(2)?.as_str() {
        "GET_TIME" => Pseudo::GetTime,
        "FORMAT_ERROR_STACK" => Pseudo::ErrorStack,
        "FORMAT_ERROR_BACKTRACE" => Pseudo::ErrorBacktrace,
        _ => return None,
    };
    *at += 3;
    Some(pseudo)
}

fn text(values: &[Value], index: usize) -> String {
    match values.get(index) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

fn number(values: &[Value], index: usize) -> Option<f64> {
    match values.get(index) {
        Some(Value::Number(number)) => Some(number.to_f64()),
        _ => None,
    }
}

impl Machine<'_> {
    /// Runs one; gives the values of all its parameters afterwards.
    pub(super) fn built_in(
        &mut self,
        procedure: &Procedure,
        mut values: Vec<Value>,
    ) -> Result<Vec<Value>, Box<Raised>> {
        match procedure.built_in {
            BuiltIn::PutLine | BuiltIn::Put => {
                let line = text(&values, 0);
                let output = &mut self.session.plsql;
                if output.enabled {
                    if output.partial.len() + line.len() > MAX_LINE {
                        let message =
                            "ORU-10028: line length overflow, limit of 32767 bytes per line";
                        return Err(ora(20_000, message).into());
                    }
                    output.partial.push_str(&line);
                    if procedure.built_in == BuiltIn::PutLine {
                        output.end_line();
                    }
                }
            }
            BuiltIn::NewLine => {
                if self.session.plsql.enabled {
                    self.session.plsql.end_line();
                }
            }
            BuiltIn::Enable => self.session.plsql.enabled = true,
            BuiltIn::Disable => {
                let output = &mut self.session.plsql;
                output.enabled = false;
                output.partial.clear();
                output.lines.clear();
            }
            BuiltIn::GetLine => {
                let line = self.session.plsql.lines.pop_front();
                let status = i64::from(line.is_none());
                values = vec![
                    line.filter(|l| !l.is_empty()).map_or(Value::Null, Value::Text),
                    Value::from(status),
                ];
            }
            BuiltIn::SetIdentifier => {
                self.session.set_context("CLIENT_IDENTIFIER", text(&values, 0))
            }
            BuiltIn::ClearIdentifier => self.session.set_context("CLIENT_IDENTIFIER", ""),
            BuiltIn::SetContext => {
                let key = (text(&values, 0).to_uppercase(), text(&values, 1).to_uppercase());
                self.session.environment.state().application.insert(key, text(&values, 2));
            }
            BuiltIn::SetNls => {
                let sql = format!("ALTER SESSION SET {} = {}", text(&values, 0), text(&values, 1));
                let statement = self.session.prepare(&sql)?;
                self.session.run(&statement.sql, &statement.prepared, &[])?;
            }
            BuiltIn::Sleep => {
                let seconds = number(&values, 0).filter(|s| *s <= MAX_SLEEP);
                let wait = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok());
                self.sleep += wait.ok_or_else(|| plain(1428))?;
            }
            BuiltIn::EnableExternalAuthentication => {
                let provider = text(&values, 0).to_uppercase();
                let force = values.get(1) == Some(&Value::Boolean(true));
                self.enable_external_authentication(&provider, force)?;
            }
            BuiltIn::DisableExternalAuthentication => self.set_identity_provider("NONE")?,
            BuiltIn::Nothing => {}
            BuiltIn::SetModule => {
                self.session.set_context("MODULE", text(&values, 0));
                self.session.set_context("ACTION", text(&values, 1));
            }
            BuiltIn::SetAction => self.session.set_context("ACTION", text(&values, 0)),
            BuiltIn::SetClientInfo => self.session.set_context("CLIENT_INFO", text(&values, 0)),
            BuiltIn::ReadModule => values = vec![self.context("MODULE"), self.context("ACTION")],
            BuiltIn::ReadClientInfo => values = vec![self.context("CLIENT_INFO")],
            BuiltIn::RaiseApplicationError => return Err(self.application_error(&values)),
        }
        Ok(values)
    }

    fn context(&self, key: &str) -> Value {
        self.session.context(key).filter(|v| !v.is_empty()).map_or(Value::Null, Value::Text)
    }

    /// One identity provider at a time: another one is only replaced if that is asked for.
    fn enable_external_authentication(
        &mut self,
        provider: &str,
        force: bool,
    ) -> Result<(), Box<Raised>> {
        let Some(wanted) = IdentityProvider::parse(provider) else {
            let message = format!("external authentication of type {provider:?}");
            return Err(unsupported(message).into());
        };
        let enabled = &self.session.catalog().identity_providers;
        if !enabled.is_empty() && !enabled.contains(&wanted) && !force {
            let names: Vec<_> = enabled.iter().map(|provider| provider.name()).collect();
            let message =
                format!("External authentication is already enabled: {}", names.join(", "));
            return Err(ora(20_004, message).into());
        }
        self.set_identity_provider(wanted.name())
    }

    fn set_identity_provider(&mut self, name: &str) -> Result<(), Box<Raised>> {
        let sql = format!("ALTER SYSTEM SET IDENTITY_PROVIDER_TYPE = {name}");
        let statement = self.session.prepare(&sql)?;
        self.session.run(&statement.sql, &statement.prepared, &[])?;
        Ok(())
    }

    fn application_error(&self, values: &[Value]) -> Box<Raised> {
        let number = number(values, 0).unwrap_or(0.0);
        if !(-20_999.0..=-20_000.0).contains(&number) {
            let message = format!(
                "error number argument to raise_application_error of {number} is out of range"
            );
            return ora(21_000, message).into();
        }
        let keeps = values.get(2) == Some(&Value::Boolean(true));
        // Between 20000 and 20999.
        let number = -number as u32;
        let mut raised = Box::<Raised>::from(ora(number, text(values, 1)));
        raised.previous = self.handled().filter(|_| keeps).map(Raised::full_text);
        raised
    }
}

/// What DBMS_OUTPUT and the like keep for a session.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Whole lines that nobody read yet.
    pub(super) lines: std::collections::VecDeque<String>,
    /// The line that PUT wrote to.
    pub(super) partial: String,
    pub(super) enabled: bool,
    /// Stored programs that were compiled, by owner and name, with the catalog's version.
    pub(super) compiled:
        std::collections::HashMap<(String, String), (u64, std::sync::Arc<super::code::Code>)>,
}

impl State {
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.partial);
        self.lines.push_back(line);
    }

    /// Takes all lines.
    pub(crate) fn take_lines(&mut self) -> Vec<String> {
        self.lines.drain(..).collect()
    }
}
