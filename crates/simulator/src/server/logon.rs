//! Both steps of a log-on, and a change of the password.

use oraedge::auth::Secret;
use oraedge::auth::o5logon::ComboKey;
use oraedge::auth::o5logon::server::{Mixing, ServerEntropy, ServerLogon, decrypt_password};
use oraedge::error::DbError;

use super::accounts::{AccountState, Entry, VerifierKind, make_verifier};
use super::cursors::Cursors;
use super::lobs::Lobs;
use super::session::{LoggedOn, Session, db_error};
use crate::engine;
use crate::generation::Generation;
use crate::ttc::function;
use crate::ttc::logon::{LogonAnswer, LogonRequest, MODE_SYSDBA, MODE_SYSOPER};
use crate::ttc::notices::{put_session_settings, put_warning};
use crate::ttc::outcome::{EndOfCall, STATUS_IDLE};

/// `AUTH_GLOBALLY_UNIQUE_DBID`: which database this is, in hexadecimal.
const DATABASE_ID: &str = "9DD83F977969D06328BD1AE6966A23E0";
/// What a client says about itself in the first step, and the key of `SYS_CONTEXT('USERENV')` that
/// shows it.
const CLIENT_FACTS: [(&str, &str); 4] = [
    ("AUTH_TERMINAL", "TERMINAL"),
    ("AUTH_PROGRAM_NM", "CLIENT_PROGRAM_NAME"),
    ("AUTH_MACHINE", "HOST"),
    ("AUTH_SID", "OS_USER"),
];

/// How far a log-on has come.
#[derive(Debug, Default)]
pub(super) enum LogonState {
    /// Nobody tried.
    #[default]
    None,
    /// The client knows what its password has to be mixed with.
    Challenged(Box<Challenged>),
    /// The client is in.
    Done {
        /// The account.
        name: String,
        /// What a new password would be encrypted with; a session of a token has no password.
        combo_key: Option<Box<ComboKey>>,
    },
}

/// A log-on between its two steps.
#[derive(Debug)]
pub(super) struct Challenged {
    name: String,
    /// The account; `None` if there is none of this name, which the client must not be told.
    account: Option<Entry>,
    logon: ServerLogon,
    facts: Vec<(&'static str, String)>,
}

/// Whoever was let in.
pub(super) struct Admitted {
    pub(super) engine: engine::Session,
    pub(super) name: String,
    /// As SYSDBA or SYSOPER.
    pub(super) dba: bool,
    /// Facts about the client, for `SYS_CONTEXT('USERENV')`.
    pub(super) facts: Vec<(&'static str, String)>,
    /// That the server knows the password.
    pub(super) proof: Option<String>,
    pub(super) warning: Option<DbError>,
}

impl Session {
    /// Takes a step of a log-on.
    pub(super) fn handle_logon(&mut self, step: u8, request: &LogonRequest) {
        let state = std::mem::take(&mut self.logon);
        let result = match (step, state) {
            (function::AUTH_PHASE_ONE, _) => self.challenge(request),
            (_, LogonState::Challenged(challenged)) => self.admit(*challenged, request),
            (_, LogonState::Done { name, combo_key }) => {
                let result = match &combo_key {
                    Some(combo_key) => self.change_password(&name, combo_key, request),
                    None => Err(self.denied()),
                };
                self.logon = LogonState::Done { name, combo_key };
                result
            }
            (_, LogonState::None) => match request.text("AUTH_TOKEN") {
                Some(token) => self.log_on_by_token(token, request),
                None => Err(self.denied()),
            },
        };
        if let Err(error) = result {
            self.raise(error, EndOfCall::default());
        }
    }

    fn challenge(&mut self, request: &LogonRequest) -> Result<(), DbError> {
        let name = account_name(&request.user);
        let account = self.config.accounts().find(&name);
        let verifier = match &account {
            Some(entry) => entry.verifier.clone(),
            None => {
                let mut password = vec![0; 16];
                (self.entropy)(&mut password);
                make_verifier(VerifierKind::Oracle12c, &Secret::new(password), &mut self.entropy)
            }
        };
        let entropy = ServerEntropy::draw(&mut self.entropy);
        let logon = ServerLogon::start(&verifier, Mixing::Pbkdf2, &entropy)
            .map_err(super::cursors::internal_error)?;
        let mut answer = LogonAnswer::default();
        for (key, value, flags) in logon.parameters() {
            answer.pair_with_flags(key, &value, flags);
        }
        // The trailing zero is part of the key (recorded).
        answer.pair("AUTH_GLOBALLY_UNIQUE_DBID\0", DATABASE_ID);
        let facts = CLIENT_FACTS
            .iter()
            .filter_map(|(key, name)| Some((*name, request.text(key)?.to_owned())))
            .collect();
        self.logon = LogonState::Challenged(Box::new(Challenged { name, account, logon, facts }));
        self.end_step(&answer);
        Ok(())
    }

    fn admit(&mut self, challenged: Challenged, request: &LogonRequest) -> Result<(), DbError> {
        let Challenged { name, account, logon, facts } = challenged;
        let accepted = logon.check(|key| request.text(key)).map_err(|_| self.denied());
        // A locked account is told so whatever the password is, as the database does.
        let account = account.ok_or_else(|| self.denied())?;
        if account.state == AccountState::Locked {
            return Err(self.refusal(28000, "the account is locked"));
        }
        let accepted = accepted?;
        if request.mode & (MODE_SYSDBA | MODE_SYSOPER) != 0 {
            if !account.sysdba {
                return Err(self.denied());
            }
        } else if name == "SYS" {
            return Err(db_error(28009, "connection as SYS should be as SYSDBA or SYSOPER"));
        }
        if let Some(password) = &accepted.new_password {
            self.config.accounts().set_password(&name, password, &mut self.entropy);
        } else if account.state == AccountState::Expired {
            return Err(self.refusal(28001, "the password has expired"));
        }
        let engine = if account.iam {
            self.session_of_iam_user(&name)?
        } else {
            let mut engine = self.config.database.session(&name)?;
            engine.set_context("AUTHENTICATION_METHOD", "PASSWORD");
            engine
        };
        let dba = request.mode & (MODE_SYSDBA | MODE_SYSOPER) != 0;
        let warning = (account.state == AccountState::Expiring)
            .then(|| self.refusal(28002, "the password will expire within 7 days"));
        let (proof, combo_key) = (accepted.proof, accepted.combo_key);
        let admitted = Admitted { engine, name, dba, facts, proof: Some(proof), warning };
        self.begin_session(admitted, Some(Box::new(combo_key)), request)
    }

    /// Opens the session of whoever was let in, and answers the log-on.
    pub(super) fn begin_session(
        &mut self,
        admitted: Admitted,
        combo_key: Option<Box<ComboKey>>,
        request: &LogonRequest,
    ) -> Result<(), DbError> {
        let Admitted { mut engine, name, dba, facts, proof, warning } = admitted;
        let session_id = self.config.new_session_id();
        for (key, value) in facts {
            engine.set_context(key, value);
        }
        engine.set_context("SID", session_id.to_string());
        engine.set_context("SESSIONID", session_id.to_string());
        engine.set_context("IP_ADDRESS", self.origin.peer.clone());
        engine.set_context("NETWORK_PROTOCOL", if self.origin.encrypted { "tcps" } else { "tcp" });
        engine.set_context("SERVICE_NAME", self.service.clone());
        engine.set_context("ISDBA", if dba { "TRUE" } else { "FALSE" });
        if let Some(sql) = request.text("AUTH_ALTER_SESSION") {
            set_up(&mut engine, sql.trim_end_matches('\0'))?;
        }
        let told_schema = engine.current_schema();
        let (cursors, lobs) = (Cursors::default(), Lobs::default());
        self.user = Some(LoggedOn { engine, cursors, lobs, told_schema });
        self.logon = LogonState::Done { name, combo_key };
        self.session_facts(session_id, proof.as_deref()).put(&mut self.reply.writer);
        if let Some(warning) = warning {
            put_warning(&mut self.reply.writer, warning.number, &warning.message);
        }
        if self.config.generation >= Generation::V26ai {
            put_session_settings(&mut self.reply.writer);
        }
        self.reply.end_call(EndOfCall { status: STATUS_IDLE, ..EndOfCall::default() });
        Ok(())
    }

    fn change_password(
        &mut self,
        name: &str,
        combo_key: &ComboKey,
        request: &LogonRequest,
    ) -> Result<(), DbError> {
        let decrypt = |key| {
            let text = request.text(key).ok_or_else(|| self.denied())?;
            decrypt_password(combo_key, text).map_err(|_| self.denied())
        };
        let account = self.config.accounts().find(name).ok_or_else(|| self.denied())?;
        if !account.verifier.matches(&decrypt("AUTH_PASSWORD")?) {
            return Err(db_error(28008, "invalid old password"));
        }
        let new = decrypt("AUTH_NEWPASSWORD")?;
        self.config.accounts().set_password(name, &new, &mut self.entropy);
        self.end_step(&LogonAnswer::default());
        Ok(())
    }

    /// `ORA-01017`; 23ai says it in other words.
    pub(super) fn denied(&self) -> DbError {
        let text = if self.config.generation >= Generation::V23ai {
            "invalid credential or not authorized; logon denied"
        } else {
            "invalid username/password; logon denied"
        };
        db_error(1017, text)
    }

    /// An error that 23ai writes as a sentence.
    pub(super) fn refusal(&self, number: u32, text: &str) -> DbError {
        if self.config.generation < Generation::V23ai {
            return db_error(number, text);
        }
        let (first, rest) = text.split_at(1);
        db_error(number, &format!("{}{rest}.", first.to_uppercase()))
    }

    fn end_step(&mut self, answer: &LogonAnswer) {
        answer.put(&mut self.reply.writer);
        self.reply.end_call(EndOfCall { status: STATUS_IDLE, ..EndOfCall::default() });
    }

    /// What the server says about itself and the session, in the order of a recorded server.
    /// `proof` shows that the server, too, knows the password; where there is none, it is left out.
    fn session_facts(&self, session_id: u32, proof: Option<&str>) -> LogonAnswer {
        let generation = self.config.generation;
        let settings = self.config.database.settings();
        let instance = settings.instance_name.as_str();
        let database = settings.db_name.as_str();
        let service = self.service.as_str();
        let mut answer = LogonAnswer::default();
        let session_id = session_id.to_string();
        let version = generation.version_number().to_string();
        let sql_version = generation.sql_version().to_string();
        let open_cursors = self.config.open_cursors.to_string();
        let identifier_length = settings.generation.max_identifier().to_string();
        let facts = [
            ("AUTH_VERSION_STRING", generation.version_text()),
            ("AUTH_VERSION_SQL", &sql_version),
            ("AUTH_XACTION_TRAITS", "3"),
            ("AUTH_VERSION_NO", &version),
            ("AUTH_VERSION_STATUS", "0"),
            ("AUTH_CAPABILITY_TABLE", ""),
            ("AUTH_LAST_LOGIN", "787E0101010101000000000000"),
            ("AUTH_DBNAME", service),
            ("AUTH_DB_MOUNT_ID\0", "1507733648"),
            ("AUTH_DB_ID\0", "1385559638"),
            ("AUTH_USER_ID", "137"),
            ("AUTH_SESSION_ID", &session_id),
            ("AUTH_SERIAL_NUM", "5001"),
            ("AUTH_INSTANCE_NO", "1"),
            ("AUTH_FAILOVER_ID", "1"),
            ("AUTH_SERVER_PID", "4711"),
            ("AUTH_SC_SERVER_HOST", &settings.host_name),
            ("AUTH_SC_DBUNIQUE_NAME", database),
            ("AUTH_SC_INSTANCE_NAME", instance),
            ("AUTH_SC_INSTANCE_ID", "1"),
            ("AUTH_SC_INSTANCE_START_TIME", "2026-01-01 00:00:00.000000000 +00:00"),
            ("AUTH_SC_DB_DOMAIN", ""),
            ("AUTH_SC_SERVICE_NAME", service),
            ("AUTH_SC_REAL_DBUNIQUE_NAME", database),
            ("AUTH_INSTANCENAME", instance),
            ("AUTH_NLS_LXLAN", "AMERICAN"),
            ("AUTH_NLS_LXCTERRITORY", "AMERICA"),
            ("AUTH_NLS_LXCCURRENCY", "$"),
            ("AUTH_NLS_LXCISOCURR", "AMERICA"),
            ("AUTH_NLS_LXCNUMERICS", ".,"),
            ("AUTH_NLS_LXCDATEFM", "DD-MON-RR"),
            ("AUTH_NLS_LXCDATELANG", "AMERICAN"),
            ("AUTH_NLS_LXCSORT", "BINARY"),
            ("AUTH_NLS_LXCCALENDAR", "GREGORIAN"),
            ("AUTH_NLS_LXCUNIONCUR", "$"),
            ("AUTH_NLS_LXCTIMEFM", "HH.MI.SSXFF AM"),
            ("AUTH_NLS_LXCSTMPFM", "DD-MON-RR HH.MI.SSXFF AM"),
            ("AUTH_NLS_LXCTTZNFM", "HH.MI.SSXFF AM TZR"),
            ("AUTH_NLS_LXCSTZNFM", "DD-MON-RR HH.MI.SSXFF AM TZR"),
            ("AUTH_NLS_LXLENSEMANTICS", "BYTE"),
            ("AUTH_NLS_LXNCHARCONVEXCP", "FALSE"),
            ("AUTH_NLS_LXCOMP", "BINARY"),
            ("AUTH_SVR_RESPONSE", proof.unwrap_or_default()),
            ("AUTH_MAX_OPEN_CURSORS", &open_cursors),
            ("AUTH_PDB_UID", "1385559638"),
            ("AUTH_MAX_IDEN_LENGTH", &identifier_length),
            ("AUTH_FLAGS", "1"),
            ("AUTH_SERVER_TYPE", "1"),
        ];
        for (key, value) in facts {
            if key != "AUTH_SVR_RESPONSE" || proof.is_some() {
                answer.pair(key, value);
            }
        }
        answer
    }
}

/// Runs the ALTER SESSION that comes with a log-on. One that this engine does not know must not
/// keep the client out.
fn set_up(engine: &mut engine::Session, sql: &str) -> Result<(), DbError> {
    /// `ORA-03001: unimplemented feature`.
    const UNIMPLEMENTED: u32 = 3001;
    let statement = engine.prepare(sql);
    match statement.and_then(|statement| engine.execute(&statement, &[])) {
        Err(error) if error.number != UNIMPLEMENTED => Err(error),
        _ => Ok(()),
    }
}

/// The name of the account: in upper case unless it is quoted.
fn account_name(user: &str) -> String {
    match user.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.to_owned(),
        None => user.to_uppercase(),
    }
}
