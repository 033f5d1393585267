//! Databases: files, connections, the catalog.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use oraedge::error::DbError;
use rusqlite::{Connection, ErrorCode, InterruptHandle, OptionalExtension};

use super::authorization::{CREATE_SESSION, Mapping, NotAdmitted};
use super::catalog::{Catalog, Definition};
use super::environment::{Environment, SequenceState, Sequences};
use super::error::{Result, from_text, ora, plain};
use super::num::Num;
use super::session::Session;
use super::settings::Settings;
use super::{dictionary, functions, generators, sample};
use crate::identity::{Principal, PrincipalKind};

/// Written into the file so that other databases of SQLite are not taken for one of ours.
const APPLICATION_ID: i32 = 0x6f72_6165;
const STATEMENT_CACHE: usize = 128;

/// A connection for reading beside a session.
pub(crate) struct Reader {
    pub(crate) connection: Connection,
    pub(crate) handle: Arc<InterruptHandle>,
    pub(crate) environment: Arc<Environment>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Arc<Settings>,
    path: PathBuf,
    /// Removed with the last handle.
    _directory: Option<tempfile::TempDir>,
    catalog: RwLock<Arc<Catalog>>,
    pub(crate) sequences: Arc<Sequences>,
    ddl: Mutex<()>,
}

/// A database that any number of sessions share. Cloning gives another handle on the same one.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) shared: Arc<Shared>,
}

impl Database {
    /// A new database that lasts as long as its handles and sessions.
    ///
    /// # Errors
    ///
    /// When the files of SQLite cannot be made.
    pub fn in_memory(settings: Settings) -> Result<Database, DbError> {
        let directory = tempfile::Builder::new()
            .prefix("oraedge-simulator-")
            .tempdir()
            .map_err(|e| ora(1116, format!("error in opening database file: {e}")))?;
        let path = directory.path().join("database");
        Database::at(path, Some(directory), settings)
    }

    /// The database in a file, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened or is not one of the simulator's.
    pub fn open(path: &Path, settings: Settings) -> Result<Database, DbError> {
        Database::at(path.to_owned(), None, settings)
    }

    fn at(
        path: PathBuf,
        directory: Option<tempfile::TempDir>,
        settings: Settings,
    ) -> Result<Database> {
        let connection = Connection::open(&path).map_err(sqlite_error)?;
        let application: i32 = connection
            .pragma_query_value(None, "application_id", |row| row.get(0))
            .map_err(sqlite_error)?;
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(sqlite_error)?;
        if tables > 0 && application != APPLICATION_ID {
            return Err(ora(
                1130,
                format!("{} is not a database of the simulator", path.display()),
            ));
        }
        connection
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL; PRAGMA application_id = {APPLICATION_ID};
                 CREATE TABLE IF NOT EXISTS o_catalog (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
                 CREATE TABLE IF NOT EXISTS o_sequence (id INTEGER PRIMARY KEY, next BLOB, exhausted INTEGER);"
            ))
            .map_err(sqlite_error)?;
        let kept: Option<String> = connection
            .query_row("SELECT text FROM o_catalog WHERE id = 1", [], |row| row.get(0))
            .optional()
            .map_err(sqlite_error)?;
        let is_new = kept.is_none();
        let mut catalog = match kept {
            Some(text) => serde_json::from_str(&text)
                .map_err(|e| ora(1130, format!("the catalog in the file cannot be read: {e}")))?,
            None => Catalog::new(),
        };
        catalog.index_names();
        // A file of an earlier version has none.
        catalog.add_predefined_roles();
        let sequences = Arc::new(Sequences::default());
        load_sequences(&connection, &catalog, &sequences)?;
        drop(connection);
        let shared = Shared {
            settings: Arc::new(settings),
            path,
            _directory: directory,
            catalog: RwLock::new(Arc::new(catalog)),
            sequences,
            ddl: Mutex::new(()),
        };
        let database = Database { shared: Arc::new(shared) };
        dictionary::install(&database)?;
        if is_new && database.shared.settings.sample_schema {
            sample::install(&database)?;
        }
        if is_new && database.shared.settings.sample_global_users {
            sample::install_global_users(&database)?;
        }
        Ok(database)
    }

    /// What the database says about itself.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Starts a session of `user` (upper case), who becomes an owner of objects if new.
    ///
    /// # Errors
    ///
    /// When SQLite cannot be opened once more.
    pub fn session(&self, user: &str) -> Result<Session, DbError> {
        if !self.shared.catalog().users.contains_key(user) {
            let mut own = Session::new(self, "SYS", Vec::new())?;
            own.change_catalog(|catalog, _| {
                catalog.add_user(user, now());
                catalog.grant_defaults(user);
                Ok(())
            })?;
        }
        let roles = self.shared.catalog().roles_of(user);
        Session::new(self, user, roles)
    }

    /// Starts a session for a principal of an identity provider, in the schema that is identified
    /// globally as it or one of its groups or roles.
    ///
    /// # Errors
    ///
    /// When there is no such schema, or SQLite cannot be opened once more.
    pub fn global_session(
        &self,
        principal: &Principal,
        method: AuthenticationMethod,
    ) -> Result<Result<Session, NotAdmitted>, DbError> {
        let admission = match self.shared.catalog().admit(principal) {
            Ok(admission) => admission,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut session = Session::new(self, &admission.user, admission.roles)?;
        // A token of an instance or resource has its identifier alone.
        let identity = match principal.kind {
            PrincipalKind::Instance | PrincipalKind::Resource => &principal.ocid,
            _ => &principal.name,
        };
        let kind = if admission.exclusive { "GLOBAL EXCLUSIVE" } else { "GLOBAL SHARED" };
        for (key, value) in [
            ("AUTHENTICATED_IDENTITY", identity.as_str()),
            ("ENTERPRISE_IDENTITY", principal.ocid.as_str()),
            ("AUTHENTICATION_METHOD", method.name()),
            ("IDENTIFICATION_TYPE", kind),
        ] {
            session.set_context(key, value);
        }
        Ok(Ok(session))
    }

    /// Lets principals log on as `user` in addition to those that it is IDENTIFIED GLOBALLY AS,
    /// which Oracle's own cannot; the user is made if it is not there.
    ///
    /// # Errors
    ///
    /// `ORA-25715` for an unknown key in the mapping (`IAM_GROUP_NAME=...`).
    pub fn map_user(&self, user: &str, mapping: &str) -> Result<(), DbError> {
        let mapping = Mapping::parse(mapping)?;
        let mut own = Session::new(self, "SYS", Vec::new())?;
        own.change_catalog(|catalog, _| {
            catalog.add_user(user, now());
            catalog.system_grants.insert((user.to_owned(), CREATE_SESSION.to_owned()));
            if let Some(user) = catalog.users.get_mut(user)
                && !user.mappings.contains(&mapping)
            {
                user.mappings.push(mapping);
            }
            Ok(())
        })
    }
}

/// How a principal of an identity provider showed who it is
/// (`SYS_CONTEXT('USERENV', 'AUTHENTICATION_METHOD')`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthenticationMethod {
    /// A token of the provider.
    Token,
    /// The name and the database password that the provider keeps.
    Password,
}

impl AuthenticationMethod {
    fn name(self) -> &'static str {
        match self {
            AuthenticationMethod::Token => "TOKEN_GLOBAL",
            AuthenticationMethod::Password => "PASSWORD_GLOBAL",
        }
    }
}

impl Shared {
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    pub(crate) fn set_catalog(&self, catalog: Catalog) {
        *self.catalog.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Arc::new(catalog);
    }

    /// Held while the catalog is being changed.
    pub(crate) fn ddl_lock(&self) -> MutexGuard<'_, ()> {
        self.ddl.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A connection with everything registered.
    pub(crate) fn connect(&self, environment: &Arc<Environment>) -> Result<Connection> {
        let connection = Connection::open(&self.path).map_err(sqlite_error)?;
        let timeout = Duration::from_millis(self.settings.lock_timeout_ms.into());
        connection.busy_timeout(timeout).map_err(sqlite_error)?;
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        // Nothing here has to survive a power cut.
        connection
            .execute_batch(
                "PRAGMA synchronous = OFF; PRAGMA cache_size = -8000; PRAGMA wal_autocheckpoint = 4000;",
            )
            .map_err(sqlite_error)?;
        functions::register(&connection, environment).map_err(sqlite_error)?;
        generators::register(&connection).map_err(sqlite_error)?;
        Ok(connection)
    }

    pub(crate) fn reader(&self, environment: &Environment) -> Result<Reader> {
        let environment = Arc::new(environment.copy());
        let connection = self.connect(&environment)?;
        let handle = Arc::new(connection.get_interrupt_handle());
        Ok(Reader { connection, handle, environment })
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64)
}

/// A sequence as its definition starts it.
pub(crate) fn sequence_start(definition: &super::catalog::Sequence) -> Result<SequenceState> {
    let number = |text: &str| Num::parse(text).map_err(|_| plain(1722));
    Ok(SequenceState {
        next: number(&definition.start)?,
        increment: number(&definition.increment)?,
        min: number(&definition.min)?,
        max: number(&definition.max)?,
        cycle: definition.cycle,
        exhausted: false,
    })
}

fn load_sequences(connection: &Connection, catalog: &Catalog, sequences: &Sequences) -> Result<()> {
    for object in catalog.objects() {
        let Definition::Sequence(definition) = &object.definition else { continue };
        let mut state = sequence_start(definition)?;
        let kept: Option<(Vec<u8>, bool)> = connection
            .query_row(
                "SELECT next, exhausted FROM o_sequence WHERE id = ?1",
                [object.id as i64],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(sqlite_error)?;
        if let Some((next, exhausted)) = kept {
            state.next = Num::from_bytes(&next).unwrap_or(state.next);
            state.exhausted = exhausted;
        }
        sequences.set(object.id, state);
    }
    Ok(())
}

/// An error of SQLite's as one of Oracle's.
pub(crate) fn sqlite_error(error: rusqlite::Error) -> DbError {
    let text = error.to_string();
    if let Some(error) = from_text(&text) {
        return error;
    }
    if text.contains("misuse of aggregate") {
        return plain(934);
    }
    if let rusqlite::Error::SqliteFailure(failure, _) = &error {
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => return plain(54),
            ErrorCode::OperationInterrupted => return plain(1013),
            ErrorCode::TooBig => return plain(1489),
            _ => {}
        }
    }
    ora(600, format!("internal error code, arguments: [SQLite: {text}]"))
}
