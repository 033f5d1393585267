//! Pools of native connections.

use std::sync::Arc;

use oraedge::client::{BoxFuture, Connector, Pool, PoolOptions};
use oraedge::{Connection, Result};

use crate::connect::ConnectOptions;
use crate::environment::TokioRuntime;

impl Connector for ConnectOptions {
    fn connect(&self) -> BoxFuture<'_, Result<Connection>> {
        Box::pin(ConnectOptions::connect(self))
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
    /// [`oraedge::Error::Misuse`] for sizes that contradict each other.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn into_pool(self, options: PoolOptions) -> Result<Pool> {
        Pool::new(self, Arc::new(TokioRuntime::new()), options)
    }
}
