//! The short way to a connection.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use oraedge::auth::flow::{AuthParams, ParamValue};
use oraedge::auth::o5logon::PasswordKeyCache;
use oraedge::auth::{AuthMode, Secret};
use oraedge::client::TokenSource;
use oraedge::connect_string::{ConnectDescriptor, Description, TnsNames, is_alias, resolve};
use oraedge::session::SessionOptions;
use oraedge::{Connection, Result};
use oraedge_wallet::Wallet;

use crate::config_dir::{config_dir, read_tnsnames};
use crate::environment::{TokioRuntime, client_info, time_zone};
use crate::tls::Trust;
use crate::token::cache::{Fetcher, TokenCache};
use crate::token::descriptor::{FromDescriptor, token_of};
use crate::token::fetch::{Notes, environment, process_environment};
use crate::token::given::{Callback, GivenToken};
use crate::token::http::HttpClient;
use crate::token::provider::{CachedSource, TokenProvider};
use crate::transport::NativeTransport;
use crate::wallet::{WalletOptions, of_sqlnet};

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
    trust: Trust,
    wallet: WalletOptions,
    prepared: Arc<Prepared>,
    user: String,
    password: Secret,
    password_keys: PasswordKeyCache,
    new_password: Option<Secret>,
    mode: AuthMode,
    edition: Option<String>,
    time_zone: Option<String>,
    statement_cache_size: Option<usize>,
    token: Option<Token>,
    http: HttpClient,
    tokens: Tokens,
}

/// What connections share, made for the first of them.
#[derive(Debug, Default)]
struct Prepared {
    wallet: OnceLock<Option<Wallet>>,
    transport: OnceLock<Arc<NativeTransport>>,
}

/// What to log on with instead of a password.
#[derive(Clone)]
enum Token {
    Given(GivenToken),
    Source(Arc<dyn TokenSource>),
    Method(AuthParams),
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Token::Given(given) => given.fmt(f),
            Token::Source(_) => f.write_str("TokenSource"),
            Token::Method(params) => params.fmt(f),
        }
    }
}

/// How methods work that fetch tokens.
#[derive(Clone)]
struct Tokens {
    variables: Option<Arc<BTreeMap<String, String>>>,
    cache: Arc<TokenCache>,
    notes: Notes,
}

impl Default for Tokens {
    fn default() -> Self {
        Tokens { variables: None, cache: TokenCache::shared(), notes: Arc::new(|_| {}) }
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
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
            trust: Trust::public(),
            wallet: WalletOptions::default(),
            prepared: Arc::default(),
            user: user.into(),
            password: password.into(),
            password_keys: PasswordKeyCache::default(),
            new_password: None,
            mode: AuthMode::Default,
            edition: None,
            time_zone: None,
            statement_cache_size: None,
            token: None,
            http: HttpClient::new(Trust::public()),
            tokens: Tokens::default(),
        }
    }

    /// No user and no password: for a log-on by token, by one of the methods below or by
    /// `TOKEN_AUTH` in the connect string. The token tells who logs on.
    pub fn without_password(connect_string: impl Into<String>) -> Self {
        ConnectOptions::new("", Secret::default(), connect_string)
    }

    /// The user. With a token there is none, but for `[name]`: a session of `name`, who lets the
    /// token's user in as a proxy.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// Logs on with a bearer token (OAuth 2.0, Microsoft Entra ID).
    pub fn access_token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(Token::Given(GivenToken::Bearer(token.into())));
        self
    }

    /// Logs on with a token of OCI IAM and the private key in PEM that it is bound to.
    pub fn access_token_with_key(
        mut self,
        token: impl Into<Secret>,
        private_key: impl Into<Secret>,
    ) -> Self {
        self.token = Some(Token::Given(GivenToken::WithKey(token.into(), private_key.into())));
        self
    }

    /// Logs on with what a function gives: a token, or a pair of a token and its private key in
    /// PEM. It is called with `false` at first, and with `true` when what it gave has expired;
    /// what is good is kept for the next connection of these options and their clones.
    pub fn access_token_callback<F, G, T>(self, callback: F) -> Self
    where
        F: Fn(bool) -> G + Send + Sync + 'static,
        G: Future<Output = Result<T>> + Send + 'static,
        T: Into<GivenToken>,
    {
        self.token_source(Callback::new(callback))
    }

    /// Logs on with tokens of any source.
    pub fn token_source(mut self, source: impl TokenSource) -> Self {
        self.token = Some(Token::Source(Arc::new(source)));
        self
    }

    /// Logs on with a token that a method fetches: `auth_type` names it
    /// (`ConfigFileAuthentication`, `InstancePrincipal`, `AzureServicePrincipal` ...), the others
    /// are its parameters, by the names that python-oracledb or node-oracledb have for them. Tokens
    /// are kept for the whole process until a minute before they expire, and fetched once for
    /// however many connections.
    ///
    /// ```no_run
    /// # async fn example() -> oraedge::Result<()> {
    /// let connection = oraedge_native::ConnectOptions::without_password("tcps://db:2484/sales")
    ///     .extra_auth_params([("auth_type", "ConfigFileAuthentication"), ("profile", "DEFAULT")])?
    ///     .connect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`oraedge::Error::Misuse`] for an unknown method or parameter, or one that is missing; it
    /// lists those that there are.
    pub fn extra_auth_params<N, V>(
        mut self,
        params: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self>
    where
        N: Into<String>,
        V: Into<ParamValue>,
    {
        let pairs = params.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.token = Some(Token::Method(AuthParams::from_pairs(pairs)?));
        Ok(self)
    }

    /// The environment variables that methods see, instead of the process's own. Tokens that are
    /// fetched with them are shared with these options and their clones only.
    pub fn token_environment<N, V>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.tokens.variables = Some(Arc::new(variables.collect()));
        self.tokens.cache = Arc::default();
        self
    }

    /// Hears what methods have to say beside their result: a parameter without effect, a renewal
    /// that failed. No secrets are in it.
    pub fn token_notes(mut self, notes: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.tokens.notes = Arc::new(notes);
        self
    }

    /// The wallet: its folder, a wallet.zip, or one of its files (`ewallet.pem`, `ewallet.p12`,
    /// `cwallet.sso`). Its authorities are trusted besides those of [`trust`](Self::trust), its
    /// certificate identifies this client (mutual TLS), and its tnsnames.ora is looked into for
    /// aliases. Without this, what the connect string names (`MY_WALLET_DIRECTORY`), else what
    /// sqlnet.ora in the folder of configuration files names; `SYSTEM` is no wallet at all.
    pub fn wallet_location(mut self, location: impl Into<PathBuf>) -> Self {
        self.wallet.location = Some(location.into());
        self.prepared = Arc::default();
        self
    }

    /// The wallet's own password, set when it was downloaded or made; not that of a database user.
    pub fn wallet_password(mut self, password: impl Into<Secret>) -> Self {
        self.wallet.password = Some(password.into());
        self.prepared = Arc::default();
        self
    }

    /// The wallet itself, instead of its location: the text of an `ewallet.pem`, or any of its files or
    /// a wallet.zip in base64.
    pub fn wallet_content(mut self, content: impl Into<Secret>) -> Self {
        self.wallet.content = Some(content.into());
        self.prepared = Arc::default();
        self
    }

    /// The folder of tnsnames.ora; by default what [`config_dir`] finds.
    pub fn config_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.config_dir = Some(folder.into());
        self.prepared = Arc::default();
        self
    }

    /// Whom TCPS trusts, and identity services; [`Trust::public`] by default.
    pub fn trust(mut self, trust: Trust) -> Self {
        self.http = HttpClient::new(trust.clone());
        self.trust = trust;
        self.prepared = Arc::default();
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
        let source = self.source(&options.descriptor)?;
        self.open(options, source.as_deref()).await
    }

    /// [`connect`](Self::connect) with the token of a provider.
    ///
    /// # Errors
    /// Those of [`connect`](Self::connect).
    pub async fn connect_with(&self, provider: &TokenProvider) -> Result<Connection> {
        self.open(self.session_options()?, Some(provider)).await
    }

    async fn open(
        &self,
        options: SessionOptions,
        source: Option<&dyn TokenSource>,
    ) -> Result<Connection> {
        let transport = self.transport(&options.descriptor)?;
        let runtime = Arc::new(TokioRuntime::new());
        match source {
            Some(source) => {
                Connection::connect_with_token(transport, runtime, options, source).await
            }
            None => Connection::connect(transport, runtime, options).await,
        }
    }

    /// Keeps the token of these options' method fresh while it lives; `None` for options that log
    /// on otherwise.
    ///
    /// # Errors
    /// Those of [`session_options`](Self::session_options).
    pub fn token_provider(&self) -> Result<Option<TokenProvider>> {
        let method = match &self.token {
            Some(Token::Method(params)) => Some(params.clone()),
            Some(_) => None,
            None if !self.password.is_empty() => None,
            None => match self.token_in(&self.descriptor()?)? {
                Some(FromDescriptor::Method(params)) => Some(params),
                _ => None,
            },
        };
        Ok(method.map(|params| TokenProvider::new(self.cached(params))))
    }

    fn source(&self, descriptor: &ConnectDescriptor) -> Result<Option<Arc<dyn TokenSource>>> {
        Ok(Some(match &self.token {
            Some(Token::Given(given)) => Arc::new(given.clone().read()?),
            Some(Token::Source(source)) => source.clone(),
            Some(Token::Method(params)) => Arc::new(self.cached(params.clone())),
            None => match self.token_in(descriptor)? {
                Some(FromDescriptor::File(file)) => Arc::new(file),
                Some(FromDescriptor::Method(params)) => Arc::new(self.cached(params)),
                None => return Ok(None),
            },
        }))
    }

    /// `TOKEN_AUTH` counts where no user with a password is named, as in Oracle's own drivers.
    fn token_in(&self, descriptor: &ConnectDescriptor) -> Result<Option<FromDescriptor>> {
        if !self.password.is_empty() {
            return Ok(None);
        }
        let environment = match &self.tokens.variables {
            Some(variables) => environment(variables.as_ref().clone()),
            None => process_environment(),
        };
        token_of(descriptor, environment.home.as_deref())
    }

    fn cached(&self, params: AuthParams) -> CachedSource {
        let Tokens { variables, cache, notes } = self.tokens.clone();
        let slot = cache.slot(&params);
        let fetcher = Fetcher::of_method(params, variables, self.http.clone(), notes);
        CachedSource { slot, fetcher }
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
        // Nothing is read for a connect string that says all by itself.
        let alias = self.connect_string.trim();
        let names = if is_alias(alias) { self.names(alias)? } else { None };
        Ok(resolve(&self.connect_string, names.as_ref())?)
    }

    /// Where an alias is looked up: in the folder that was named, else in the wallet if it has it, else
    /// in the folder of the environment.
    fn names(&self, alias: &str) -> Result<Option<TnsNames>> {
        if let Some(folder) = &self.config_dir {
            return read_tnsnames(folder).map(Some);
        }
        let of_wallet = match self.wallet()?.and_then(|wallet| wallet.tnsnames.as_deref()) {
            Some(text) => Some(TnsNames::parse(text)?),
            None => None,
        };
        if of_wallet.as_ref().is_some_and(|names| names.get(alias).is_some()) {
            return Ok(of_wallet);
        }
        match config_dir() {
            Some(folder) => read_tnsnames(&folder).map(Some),
            None => Ok(of_wallet),
        }
    }

    /// The wallet that these options name, opened once.
    fn wallet(&self) -> Result<Option<&Wallet>> {
        if let Some(wallet) = self.prepared.wallet.get() {
            return Ok(wallet.as_ref());
        }
        let wallet = self.wallet.open(&self.password)?;
        Ok(self.prepared.wallet.get_or_init(|| wallet).as_ref())
    }

    fn transport(&self, descriptor: &ConnectDescriptor) -> Result<Arc<NativeTransport>> {
        if let Some(transport) = self.prepared.transport.get() {
            return Ok(transport.clone());
        }
        let wallet = match self.wallet()? {
            Some(wallet) => Some(wallet.clone()),
            None => self.wallet_of_sqlnet(descriptor)?,
        };
        let transport = NativeTransport::new(self.trust.clone());
        let transport = Arc::new(transport.with_wallet(wallet, self.wallet.password.clone()));
        Ok(self.prepared.transport.get_or_init(|| transport).clone())
    }

    /// The wallet of sqlnet.ora, where neither these options nor the connect string name one.
    fn wallet_of_sqlnet(&self, descriptor: &ConnectDescriptor) -> Result<Option<Wallet>> {
        let mut descriptions = descriptor.descriptions.iter();
        let named = !self.wallet.is_empty()
            || descriptions.any(|description| description.security.wallet_location.is_some());
        if named || !descriptor.descriptions.iter().any(Description::uses_tls) {
            return Ok(None);
        }
        let folder = self.config_dir.clone().or_else(config_dir);
        let location = folder.and_then(|folder| of_sqlnet(&folder));
        WalletOptions { location, ..self.wallet.clone() }.open(&self.password)
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
