//! The short way to a connection.

use std::path::PathBuf;
use std::sync::Arc;

use oraedge::auth::o5logon::PasswordKeyCache;
use oraedge::auth::{AuthMode, Secret};
use oraedge::connect_string::{ConnectDescriptor, is_alias, resolve};
use oraedge::session::SessionOptions;
use oraedge::{Connection, Result};

use crate::config_dir::{config_dir, read_tnsnames};
use crate::environment::{TokioRuntime, client_info, time_zone};
use crate::tls::Trust;
use crate::transport::NativeTransport;

/// Connects with everything as usual: see [`ConnectOptions`].
///
/// ```no_run
/// # async fn example() -> oraedge::Result<()> {
/// let connection = oraedge_native::connect("scott", "tiger", "localhost:1521/FREEPDB1").await?;
/// let mut rows = connection.query("select sysdate from dual", ()).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`ConnectOptions::connect`].
pub async fn connect(
    user: &str,
    password: impl Into<Secret>,
    connect_string: &str,
) -> Result<Connection> {
    ConnectOptions::new(user, password, connect_string).connect().await
}

/// How to connect. One of them can make any number of connections; they share what spares further
/// log-ons their most expensive steps: TLS tickets, and the hashed password.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    connect_string: String,
    config_dir: Option<PathBuf>,
    transport: Arc<NativeTransport>,
    user: String,
    password: Secret,
    password_keys: PasswordKeyCache,
    new_password: Option<Secret>,
    mode: AuthMode,
    edition: Option<String>,
    time_zone: Option<String>,
    statement_cache_size: Option<usize>,
}

impl ConnectOptions {
    /// User, password, and a connect string: `host:port/service` (Easy Connect), a descriptor, or
    /// an alias of tnsnames.ora.
    pub fn new(
        user: impl Into<String>,
        password: impl Into<Secret>,
        connect_string: impl Into<String>,
    ) -> Self {
        ConnectOptions {
            connect_string: connect_string.into(),
            config_dir: None,
            transport: Arc::default(),
            user: user.into(),
            password: password.into(),
            password_keys: PasswordKeyCache::default(),
            new_password: None,
            mode: AuthMode::Default,
            edition: None,
            time_zone: None,
            statement_cache_size: None,
        }
    }

    /// The folder of tnsnames.ora; by default what [`config_dir`] finds.
    pub fn config_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.config_dir = Some(folder.into());
        self
    }

    /// Whom TCPS trusts; [`Trust::public`] by default.
    pub fn trust(mut self, trust: Trust) -> Self {
        self.transport = Arc::new(NativeTransport::new(trust));
        self
    }

    /// Logs on with an administrative privilege.
    pub fn mode(mut self, mode: AuthMode) -> Self {
        self.mode = mode;
        self
    }

    /// Changes the password while logging on with the old one.
    pub fn new_password(mut self, password: impl Into<Secret>) -> Self {
        self.new_password = Some(password.into());
        self
    }

    /// The edition to use.
    pub fn edition(mut self, edition: impl Into<String>) -> Self {
        self.edition = Some(edition.into());
        self
    }

    /// The session's time zone; by default what [`time_zone`] finds.
    pub fn time_zone(mut self, time_zone: impl Into<String>) -> Self {
        self.time_zone = Some(time_zone.into());
        self
    }

    /// How many statements stay open when they are not in use; 0 for none.
    pub fn statement_cache_size(mut self, statements: usize) -> Self {
        self.statement_cache_size = Some(statements);
        self
    }

    /// Connects and logs on, on the tokio runtime that this is awaited on.
    ///
    /// # Errors
    /// [`oraedge::Error::ConnectString`] for a connect string that cannot be read or an alias that
    /// is not there; else those of [`Connection::connect`].
    pub async fn connect(&self) -> Result<Connection> {
        let options = self.session_options()?;
        Connection::connect(self.transport.clone(), Arc::new(TokioRuntime::new()), options).await
    }

    /// What the core needs to know, with this machine's names and time zone filled in.
    ///
    /// # Errors
    /// [`oraedge::Error::ConnectString`] for a connect string that cannot be read;
    /// [`oraedge::Error::Misuse`] for a tnsnames.ora that cannot.
    pub fn session_options(&self) -> Result<SessionOptions> {
        let mut options =
            SessionOptions::new(self.descriptor()?, self.user.clone(), self.password.clone());
        options.password_keys = self.password_keys.clone();
        options.new_password = self.new_password.clone();
        options.mode = self.mode;
        options.edition = self.edition.clone();
        options.client = client_info();
        options.time_zone = self.time_zone.clone().unwrap_or_else(time_zone);
        if let Some(size) = self.statement_cache_size {
            options.statement_cache_size = size;
        }
        Ok(options)
    }

    fn descriptor(&self) -> Result<ConnectDescriptor> {
        let folder = self.config_dir.clone().or_else(config_dir);
        let names = match folder {
            // Nothing is read for a connect string that says all by itself.
            Some(folder) if is_alias(self.connect_string.trim()) => Some(read_tnsnames(&folder)?),
            _ => None,
        };
        Ok(resolve(&self.connect_string, names.as_ref())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_looked_up_in_the_folder_and_an_address_is_not() {
        let options = ConnectOptions::new("u", "p", "sales").config_dir("/nonexistent");
        let error = options.session_options().unwrap_err().to_string();
        assert!(error.contains("/nonexistent/tnsnames.ora"), "{error}");
        let options = ConnectOptions::new("u", "p", "db:1521/s").config_dir("/nonexistent");
        let options = options.session_options().unwrap();
        assert_eq!(options.descriptor.addresses().next().unwrap().host, "db");
    }

    #[test]
    fn debug_output_shows_no_password() {
        let options = ConnectOptions::new("scott", "tiger", "db/s").new_password("lion");
        let text = format!("{options:?}{:?}", options.session_options().unwrap());
        assert!(!text.contains("tiger") && !text.contains("lion"), "{text}");
    }
}
