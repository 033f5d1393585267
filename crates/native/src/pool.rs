//! Pools of native connections.

use std::sync::Arc;

use oraedge::client::{BoxFuture, Connector, Pool, PoolOptions};
use oraedge::{Connection, Result};

use crate::connect::ConnectOptions;
use crate::environment::TokioRuntime;
use crate::token::provider::TokenProvider;

impl Connector for ConnectOptions {
    fn connect(&self) -> BoxFuture<'_, Result<Connection>> {
        Box::pin(ConnectOptions::connect(self))
    }
}

/// Opens a pool's connections. The token of a method is kept fresh while the pool lives.
struct Opener {
    options: ConnectOptions,
    provider: Option<TokenProvider>,
}

impl Connector for Opener {
    fn connect(&self) -> BoxFuture<'_, Result<Connection>> {
        match &self.provider {
            Some(provider) => Box::pin(self.options.connect_with(provider)),
            None => Box::pin(self.options.connect()),
        }
    }
}

impl ConnectOptions {
    /// A pool of connections that are opened with these options.
    ///
    /// ```no_run
    /// # async fn example() -> oraedge::Result<()> {
    /// use oraedge::client::PoolOptions;
    /// use oraedge_native::ConnectOptions;
    ///
    /// let options = ConnectOptions::new("scott", "tiger", "localhost:1521/FREEPDB1");
    /// let pool = options.into_pool(PoolOptions { max: 10, ..PoolOptions::default() })?;
    /// let connection = pool.acquire().await?;
    /// connection.execute("update emp set sal = sal + 1", ()).await?;
    /// connection.commit().await?;
    /// connection.release().await;
    /// pool.close().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`oraedge::Error::Misuse`] for sizes that contradict each other; for a log-on by token,
    /// [`oraedge::Error::ConnectString`] for a connect string that cannot be read.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn into_pool(self, options: PoolOptions) -> Result<Pool> {
        let provider = self.token_provider()?;
        let opener = Opener { options: self, provider };
        Pool::new(opener, Arc::new(TokioRuntime::new()), options)
    }
}
