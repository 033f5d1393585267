//! The transports of `oraedge` for native programs: TCP and TLS, one-way and mutual, on tokio and rustls.
//! Everything that needs the operating system lives here and not in the core: sockets, files, the
//! environment, the clock and random bytes.

mod config_dir;
mod connect;
mod endpoint;
mod environment;
mod pool;
mod proxy;
mod stream;
mod tcp;
mod tls;
mod token;
mod transport;
mod wallet;

pub use config_dir::{config_dir, read_tnsnames};
pub use connect::{ConnectOptions, connect};
pub use endpoint::{Endpoint, ServerName, TlsTarget};
pub use environment::{TokioRuntime, client_info, time_zone};
pub use stream::NativeStream;
pub use tls::Trust;
pub use token::given::GivenToken;
pub use token::provider::TokenProvider;
pub use transport::NativeTransport;
pub use wallet::read_wallet;
