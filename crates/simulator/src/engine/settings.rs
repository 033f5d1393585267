//! What a database says about itself.

/// A generation of Oracle Database, as far as SQL shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Generation {
    /// 12c Release 1.
    V12,
    /// 18c.
    V18,
    /// 19c.
    V19,
    /// 21c.
    V21,
    /// 23ai and later: BOOLEAN, SELECT without FROM, IF EXISTS, longer error texts.
    #[default]
    V23,
}

impl Generation {
    /// The full version (`V$INSTANCE.VERSION_FULL`).
    pub fn version_full(self) -> &'static str {
        match self {
            Generation::V12 => "12.1.0.2.0",
            Generation::V18 => "18.14.0.0.0",
            Generation::V19 => "19.23.0.0.0",
            Generation::V21 => "21.3.0.0.0",
            Generation::V23 => "23.9.0.25.07",
        }
    }

    /// The base version (`V$INSTANCE.VERSION`).
    pub fn version(self) -> &'static str {
        match self {
            Generation::V12 => "12.1.0.2.0",
            Generation::V18 => "18.0.0.0.0",
            Generation::V19 => "19.0.0.0.0",
            Generation::V21 => "21.0.0.0.0",
            Generation::V23 => "23.0.0.0.0",
        }
    }

    /// The banner (`V$VERSION.BANNER`).
    pub fn banner(self) -> &'static str {
        match self {
            Generation::V12 => {
                "Oracle Database 12c Enterprise Edition Release 12.1.0.2.0 - 64bit Production"
            }
            Generation::V18 => {
                "Oracle Database 18c Enterprise Edition Release 18.0.0.0.0 - Production"
            }
            Generation::V19 => {
                "Oracle Database 19c Enterprise Edition Release 19.0.0.0.0 - Production"
            }
            Generation::V21 => {
                "Oracle Database 21c Enterprise Edition Release 21.0.0.0.0 - Production"
            }
            Generation::V23 => {
                "Oracle Database 23ai Free Release 23.0.0.0.0 - Develop, Learn, and Run for Free"
            }
        }
    }

    /// The longest identifier, in bytes: 30 up to 12.1, then 128.
    pub fn max_identifier(self) -> usize {
        if self == Generation::V12 { 30 } else { 128 }
    }
}

/// What a database says about itself.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which Oracle it plays.
    pub generation: Generation,
    /// `V$DATABASE.NAME`, `SYS_CONTEXT('USERENV', 'DB_NAME')`.
    pub db_name: String,
    /// `SYS_CONTEXT('USERENV', 'SERVICE_NAME')` when the session was not told another one.
    pub service_name: String,
    /// `V$INSTANCE.INSTANCE_NAME`.
    pub instance_name: String,
    /// `V$INSTANCE.HOST_NAME`.
    pub host_name: String,
    /// How long a statement waits for another session's transaction, in milliseconds.
    pub lock_timeout_ms: u32,
    /// Whether EMP, DEPT and the other sample tables are made in a new database.
    pub sample_schema: bool,
    /// Whether a new database has the sample's users for principals of identity providers, and lets
    /// these in.
    pub sample_global_users: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            generation: Generation::default(),
            db_name: "FREE".to_owned(),
            service_name: "freepdb1".to_owned(),
            instance_name: "FREE".to_owned(),
            host_name: "simulator".to_owned(),
            lock_timeout_ms: 2_000,
            sample_schema: true,
            sample_global_users: false,
        }
    }
}
