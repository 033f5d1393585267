//! Oracle Cloud Infrastructure as its SDKs see it: configuration files ([`config`]), regions
//! ([`region`]), API keys ([`key`]) and signed requests ([`signer`]). Facts are taken from Oracle's
//! SDK for Python, the PyPI package `oci`, version 2.189.0, and tested against it.

pub mod config;
pub mod environment;
mod ini;
pub mod key;
mod pem;
pub mod region;
pub mod signer;

pub use config::{OciConfig, Profiles};
pub use key::ApiKey;
