//! Talking to a database: [`Connection`], [`ResultSet`], and the traits through which they reach a
//! network, a clock and a random source. Asynchronous, but tied to no runtime.
//!
//! There is no task to spawn. Every handle shares one [`driver::Driver`] that owns the stream and
//! the [`crate::session::Session`]; whoever waits for an answer drives it. All of a call's state
//! lives in the driver, so a future that is dropped half-way leaves the connection in order: the
//! next call breaks off what was left running, waits for the server to say so, and goes on.

mod connection;
mod driver;
pub mod faults;
mod from_sql;
mod handle;
pub mod loopback;
mod pipeline;
pub mod pool;
mod result_set;
mod to_sql;
mod token;
mod transactions;
pub mod transport;

pub use connection::{Connection, ExecuteResult};
pub use from_sql::FromSql;
pub use handle::{HandleKey, TransactionHandle};
pub use pipeline::{Pipeline, PipelineResult};
pub use pool::{Connector, Pool, PoolOptions, PoolStatistics, PooledConnection};
pub use result_set::{ResultSet, Row};
pub use to_sql::{IntoBinds, Named, ToSql};
pub use token::{LogOnToken, Signer, TokenSource};
pub use transactions::SessionlessOptions;
pub use transport::{BoxFuture, BoxedStream, MaybeSend, MaybeSync, Runtime, Stream, Transport};
