//! TLS for Oracle's wire protocol, on rustls: natively and in wasm, over whatever carries bytes.
//!
//! It has no socket, no file and no clock of its own. [`TlsTransport`] puts TLS on any
//! [`oraedge::client::Transport`], [`Connector`] on any stream, and [`TlsSession`] does no I/O at all:
//! it takes ciphertext and gives plaintext, and the other way round.
//!
//! What a server must show is a [`ServerPolicy`], read from the connect string by the rules that
//! Oracle's own thin drivers have; whom to trust, whom to be and which certificates to insist on
//! are [`TlsOptions`]. What goes wrong is a [`TlsFailure`]: a [`Situation`], which certificate of
//! the chain it is about, what it says, and what to do, in the words of the API in use.

pub mod chain;
mod connector;
mod failure;
mod identity;
mod names;
mod peer;
mod policy;
mod remedy;
mod session;
mod stream;
mod transport;
mod trust;
mod verifier;

pub use connector::{Connector, TlsOptions};
pub use failure::{Situation, TlsFailure};
pub use identity::ClientIdentity;
pub use policy::{NameRule, ServerPolicy};
pub use remedy::Words;
pub use session::{Handshake, TlsSession};
pub use stream::TlsStream;
pub use transport::TlsTransport;
pub use trust::{Fingerprint, Pins, Trust};
