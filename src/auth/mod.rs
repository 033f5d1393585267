//! Proving who one is. Pure functions: no connection, no clock, no random source in here, so that
//! a recorded log-on replays to the byte.
//!
//! [`o5logon`] is the password log-on, both sides of it; [`token`] is what a log-on by token sends.
//! With the feature `tokens`, `flow` gets such tokens by the methods of the official drivers, with
//! what `oci` and `azure` know of these clouds. [`mode`] names the flags that go with every log-on;
//! [`Secret`] holds what must never be printed.

#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::cast_possible_truncation
    )
)]

#[cfg(feature = "tokens")]
pub mod azure;
#[cfg(feature = "tokens")]
pub mod flow;
pub mod http;
pub mod jwt;
pub mod mode;
pub mod o5logon;
#[cfg(feature = "tokens")]
pub mod oci;
pub mod secret;
pub mod token;

pub use mode::AuthMode;
pub use secret::Secret;
pub use token::AccessToken;
