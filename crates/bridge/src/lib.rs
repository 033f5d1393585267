//! WebSocket in, TCP or TCPS out: lets a browser page speak Oracle's wire protocol to the databases
//! that the operator lists. What goes over the WebSocket is described in `PROTOCOL.md`.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use oraedge_bridge::Bridge;
//!
//! let bridge = Bridge::builder()
//!     .allow("localhost:1521")?
//!     .allow_origin("http://localhost:8080")?
//!     .bind("127.0.0.1:0")
//!     .await?;
//! println!("{}", bridge.url());
//! bridge.shutdown().await;
//! # Ok(()) }
//! ```
//!
//! From the outside in: `server` accepts and lets in, `tunnel` brings one WebSocket to its
//! target, `pump` carries the bytes; `identity` relays a token request. `policy`, `address` and
//! `admission` say who, where and how many, `dial`, `tls` and `dn` reach the target, `refusal` holds every reason that a page may be shown.

mod address;
mod admin;
mod admission;
mod bridge;
mod credentials;
mod dial;
mod dn;
mod identity;
mod message;
mod metrics;
mod policy;
mod pump;
mod refusal;
mod reload;
mod server;
mod sqlnet;
mod ticket;
mod tls;
mod token;
mod tunnel;
mod upstream;

pub use bridge::{Bridge, Builder, RunningBridge, StartError};
pub use identity::IdentityHost;
pub use message::SUBPROTOCOL;
pub use policy::{ConfigError, Origin, Target};
pub use refusal::{Code, Refusal};
pub use server::Limits;
pub use sqlnet::SqlNetTarget;
pub use ticket::{DEFAULT_AUDIENCE, SigningKey, Ticket};
