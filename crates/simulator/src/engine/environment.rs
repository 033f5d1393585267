//! What the functions of a session know: its settings, its context, its sequences.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use super::catalog::Rights;
use super::datetime::Moment;
use super::error::{Result, ora};
use super::num::Num;
use super::settings::Settings;

/// The part of the NLS settings that the engine follows.
#[derive(Debug, Clone)]
pub(crate) struct Nls {
    pub(crate) date_format: String,
    pub(crate) timestamp_format: String,
    pub(crate) timestamp_tz_format: String,
    /// Everything that was set with ALTER SESSION, by parameter.
    pub(crate) others: BTreeMap<String, String>,
}

impl Default for Nls {
    fn default() -> Self {
        Nls {
            date_format: "DD-MON-RR".to_owned(),
            timestamp_format: "DD-MON-RR HH.MI.SSXFF AM".to_owned(),
            timestamp_tz_format: "DD-MON-RR HH.MI.SSXFF AM TZR".to_owned(),
            others: BTreeMap::new(),
        }
    }
}

/// What changes during a session.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// Where names without an owner are looked up.
    pub(crate) schema: String,
    pub(crate) nls: Nls,
    /// Minutes east of UTC.
    pub(crate) time_zone: i32,
    /// SYS_CONTEXT('USERENV', ...).
    pub(crate) context: BTreeMap<String, String>,
    /// Other namespaces of SYS_CONTEXT, by namespace and attribute.
    pub(crate) application: BTreeMap<(String, String), String>,
    /// Nanoseconds since 1970 at the start of the statement: all of it sees one time.
    pub(crate) now: i128,
    /// CURRVAL of sequences, by object number.
    pub(crate) current: HashMap<u64, Num>,
    /// The roles that are on.
    pub(crate) roles: Vec<String>,
}

/// What the functions of a session know.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) settings: Arc<Settings>,
    pub(crate) sequences: Arc<Sequences>,
    pub(crate) user: String,
    state: Mutex<State>,
}

impl Environment {
    pub(crate) fn new(
        settings: Arc<Settings>,
        sequences: Arc<Sequences>,
        user: &str,
    ) -> Environment {
        let state = State {
            schema: user.to_owned(),
            nls: Nls::default(),
            time_zone: 0,
            context: BTreeMap::new(),
            application: BTreeMap::new(),
            now: wall_clock(),
            current: HashMap::new(),
            roles: Vec::new(),
        };
        Environment { settings, sequences, user: user.to_owned(), state: Mutex::new(state) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held would leave settings that are still whole.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The same settings for a connection that reads beside the session.
    pub(crate) fn copy(&self) -> Environment {
        Environment {
            settings: Arc::clone(&self.settings),
            sequences: Arc::clone(&self.sequences),
            user: self.user.clone(),
            state: Mutex::new(self.state().clone()),
        }
    }

    /// What the user and the roles that are on may do.
    pub(crate) fn rights(&self) -> Rights {
        Rights { user: self.user.clone(), roles: self.state().roles.clone() }
    }

    /// Takes the time for a new statement.
    pub(crate) fn tick(&self) {
        self.state().now = wall_clock();
    }

    /// The statement's time in UTC.
    pub(crate) fn utc(&self) -> Result<Moment> {
        Moment::from_nanos(self.state().now)
    }

    /// The statement's time on the session's clock.
    pub(crate) fn local(&self) -> Result<Moment> {
        let (now, zone) = {
            let state = self.state();
            (state.now, state.time_zone)
        };
        Moment::from_nanos(now + i128::from(zone) * 60_000_000_000)
    }

    /// SYS_CONTEXT.
    pub(crate) fn context(&self, namespace: &str, key: &str) -> Result<Option<String>> {
        let key = key.to_uppercase();
        let namespace = namespace.to_uppercase();
        let state = self.state();
        if namespace == "SYS_SESSION_ROLES" {
            let is_on = state.roles.contains(&key);
            return Ok(Some(is_on.to_string().to_uppercase()));
        }
        if namespace != "USERENV" {
            return Ok(state.application.get(&(namespace, key)).cloned());
        }
        if let Some(value) = state.context.get(&key) {
            return Ok(Some(value.clone()).filter(|v| !v.is_empty()));
        }
        let settings = &self.settings;
        let value = match key.as_str() {
            "SESSION_USER" | "CURRENT_USER" | "PROXY_USER_NAME" | "AUTHENTICATED_IDENTITY" => {
                self.user.clone()
            }
            "CURRENT_SCHEMA" => state.schema.clone(),
            "DB_NAME" | "DB_UNIQUE_NAME" | "CDB_NAME" => settings.db_name.clone(),
            "CON_NAME" | "PDB_NAME" => settings.service_name.to_uppercase(),
            "CON_ID" => "3".to_owned(),
            "SERVICE_NAME" => settings.service_name.clone(),
            "INSTANCE_NAME" => settings.instance_name.clone(),
            "INSTANCE" => "1".to_owned(),
            "SERVER_HOST" => settings.host_name.clone(),
            "LANGUAGE" => "AMERICAN_AMERICA.AL32UTF8".to_owned(),
            "LANG" => "US".to_owned(),
            "NLS_TERRITORY" => "AMERICA".to_owned(),
            "NLS_CALENDAR" => "GREGORIAN".to_owned(),
            "NLS_CURRENCY" => "$".to_owned(),
            "NLS_DATE_FORMAT" => state.nls.date_format.clone(),
            "NLS_DATE_LANGUAGE" => "AMERICAN".to_owned(),
            "NLS_SORT" => "BINARY".to_owned(),
            "ISDBA" => (self.user == "SYS").to_string().to_uppercase(),
            "AUTHENTICATION_METHOD" => "PASSWORD".to_owned(),
            "IDENTIFICATION_TYPE" => "LOCAL".to_owned(),
            "DATABASE_ROLE" => "PRIMARY".to_owned(),
            "ENTRYID" | "SESSIONID" | "SID" => "1".to_owned(),
            "NETWORK_PROTOCOL" => "tcp".to_owned(),
            "MODULE"
            | "ACTION"
            | "CLIENT_IDENTIFIER"
            | "CLIENT_INFO"
            | "TERMINAL"
            | "OS_USER"
            | "HOST"
            | "IP_ADDRESS"
            | "PROXY_USER"
            | "PROXY_USERID"
            | "EXTERNAL_NAME"
            | "ENTERPRISE_IDENTITY"
            | "CLIENT_PROGRAM_NAME"
            | "GLOBAL_UID"
            | "POLICY_INVOKER"
            | "SESSION_EDITION_NAME"
            | "CURRENT_EDITION_NAME"
            | "DB_DOMAIN"
            | "CURRENT_USERID"
            | "SESSION_USERID"
            | "CURRENT_SCHEMAID"
            | "SCHEDULER_JOB"
            | "STATEMENTID"
            | "BG_JOB_ID"
            | "FG_JOB_ID"
            | "AUDITED_CURSORID"
            | "CURRENT_SQL"
            | "CURRENT_BIND"
            | "DRAIN_STATUS"
            | "AUTHENTICATION_DATA"
            | "CLOUD_SERVICE"
            | "ORACLE_HOME"
            | "PLATFORM_SLASH"
            | "UNIFIED_AUDIT_SESSIONID"
            | "IS_APPLY_SERVER"
            | "IS_DG_ROLLING_UPGRADE"
            | "LDAP_SERVER_TYPE" => return Ok(None),
            _ => return Err(ora(2003, "invalid USERENV parameter")),
        };
        Ok(Some(value))
    }
}

fn wall_clock() -> i128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as i128 * 1000)
}

/// How a sequence goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SequenceState {
    pub(crate) next: Num,
    pub(crate) increment: Num,
    pub(crate) min: Num,
    pub(crate) max: Num,
    pub(crate) cycle: bool,
    pub(crate) exhausted: bool,
}

/// The sequences of a database: shared, and outside of transactions, as Oracle's are.
#[derive(Debug, Default)]
pub(crate) struct Sequences {
    by_id: Mutex<HashMap<u64, SequenceState>>,
}

impl Sequences {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, SequenceState>> {
        self.by_id.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(crate) fn set(&self, id: u64, state: SequenceState) {
        self.lock().insert(id, state);
    }

    pub(crate) fn remove(&self, id: u64) {
        self.lock().remove(&id);
    }

    pub(crate) fn get(&self, id: u64) -> Option<SequenceState> {
        self.lock().get(&id).copied()
    }

    /// NEXTVAL.
    pub(crate) fn next(&self, id: u64, name: &str) -> Result<Num> {
        let mut sequences = self.lock();
        let state = sequences.get_mut(&id).ok_or_else(|| ora(2289, "sequence does not exist"))?;
        if state.exhausted {
            let (bound, down) = if state.increment.is_negative() {
                ("MINVALUE", "goes below")
            } else {
                ("MAXVALUE", "exceeds")
            };
            return Err(ora(
                8004,
                format!("sequence {name}.NEXTVAL {down} {bound} and cannot be instantiated"),
            ));
        }
        let value = state.next;
        let next = value.add(state.increment).map_err(|_| ora(1426, "numeric overflow"))?;
        let down = state.increment.is_negative();
        state.next = next;
        if (!down && next > state.max) || (down && next < state.min) {
            if state.cycle {
                state.next = if down { state.max } else { state.min };
            } else {
                state.exhausted = true;
            }
        }
        Ok(value)
    }
}
