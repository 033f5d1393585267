//! What a session shall be like.

use std::time::Duration;

use super::token::SessionToken;
use crate::auth::o5logon::{ClientEntropy, PasswordKeyCache};
use crate::auth::{AuthMode, Secret};
use crate::connect_string::{ClientInfo, ConnectDescriptor, PoolPurity};

/// Statements kept open by default, as in node-oracledb.
pub const DEFAULT_STATEMENT_CACHE_SIZE: usize = 30;

/// What a session shall be like.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// Where to connect to.
    pub descriptor: ConnectDescriptor,
    /// Who logs on. Quoted names keep their case; the server makes others upper case.
    /// `proxy[user]` logs on as `proxy` and gives a session of `user`; with a token it may be
    /// `[user]`, or empty.
    pub user: String,
    /// The password.
    pub password: Secret,
    /// Spares each further log-on with clones of these options the hashing of the password, which
    /// is most of its work.
    pub password_keys: PasswordKeyCache,
    /// A token to log on with instead of the password.
    pub token: Option<SessionToken>,
    /// A new password, set while logging on with the old one.
    pub new_password: Option<Secret>,
    /// With which privilege.
    pub mode: AuthMode,
    /// Who connects, as the session views show it.
    pub client: ClientInfo,
    /// The driver's name, as `V$SESSION_CONNECT_INFO.CLIENT_DRIVER` shows it.
    pub driver_name: String,
    /// The driver's version: major, minor, patch.
    pub driver_version: (u8, u8, u8),
    /// The session's time zone: `+02:00`, a region's name, `LOCAL` or `DBTIMEZONE`.
    pub time_zone: String,
    /// Edition to use.
    pub edition: Option<String>,
    /// Values that are set in application contexts before the first statement, and before a
    /// log-on trigger runs.
    pub app_context: Vec<AppContext>,
    /// The connection class of resident pooling (`cclass`): the server's pooled sessions are shared
    /// by those of one class. `None` for what the connect string says.
    pub connection_class: Option<String>,
    /// Whether a session of the server's pool may have state of an earlier user;
    /// [`PoolPurity::Default`] for what the connect string says.
    pub purity: PoolPurity,
    /// The session belongs to a pool of this program: it is used by one after the other.
    pub pooled: bool,
    /// How many statements stay open when they are not in use; 0 for none.
    pub statement_cache_size: usize,
    /// How long each step of opening and logging on may take. `None` for no limit.
    pub log_on_timeout: Option<Duration>,
}

/// One value of an application context (`SYS_CONTEXT(namespace, attribute)`), set at log-on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppContext {
    /// The namespace (`CLIENTCONTEXT`, or one made with CREATE CONTEXT).
    pub namespace: String,
    /// The attribute.
    pub attribute: String,
    /// Its value.
    pub value: String,
}

impl SessionOptions {
    /// A session of `user` at `descriptor`, everything else as usual.
    pub fn new(descriptor: ConnectDescriptor, user: impl Into<String>, password: Secret) -> Self {
        SessionOptions {
            descriptor,
            user: user.into(),
            password,
            password_keys: PasswordKeyCache::default(),
            token: None,
            new_password: None,
            mode: AuthMode::Default,
            client: ClientInfo::new("oraedge", "unknown", "unknown"),
            driver_name: "oraedge".to_owned(),
            driver_version: crate_version(),
            time_zone: "+00:00".to_owned(),
            edition: None,
            app_context: Vec::new(),
            connection_class: None,
            purity: PoolPurity::Default,
            pooled: false,
            statement_cache_size: DEFAULT_STATEMENT_CACHE_SIZE,
            log_on_timeout: Some(Duration::from_secs(60)),
        }
    }
}

/// This crate's own version.
fn crate_version() -> (u8, u8, u8) {
    let mut parts = env!("CARGO_PKG_VERSION").split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

/// Every random bit that a session needs until it is logged on.
#[derive(Clone)]
pub struct SessionEntropy {
    /// Decides the order of addresses where LOAD_BALANCE is on.
    pub plan_seed: u64,
    /// Becomes the CONNECTION_ID that traces of client and server share.
    pub connection_id: [u8; 16],
    /// For the password log-on.
    pub log_on: ClientEntropy,
}

impl SessionEntropy {
    /// Draws from a cryptographic random source.
    pub fn draw(random: &mut dyn FnMut(&mut [u8])) -> Self {
        let (mut seed, mut connection_id) = ([0; 8], [0; 16]);
        random(&mut seed);
        random(&mut connection_id);
        SessionEntropy {
            plan_seed: u64::from_le_bytes(seed),
            connection_id,
            log_on: ClientEntropy::draw(random),
        }
    }
}

impl std::fmt::Debug for SessionEntropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionEntropy(redacted)")
    }
}
