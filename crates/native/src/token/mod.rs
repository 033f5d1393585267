//! Access tokens for native programs: where they come from, how long they are kept, and who signs
//! with their keys.
//!
//! | what | where |
//! | --- | --- |
//! | a token that the program has: plain, with its key, or from a callback | [`given`] |
//! | a token in files (`TOKEN_AUTH`, `TOKEN_LOCATION` of a connect string) | [`file`](mod@file), [`descriptor`] |
//! | a token that a method fetches (`extra_auth_params`) | [`fetch`] runs the method's machine, [`http`] sends |
//! | kept until a minute before it expires, fetched once for many, renewed | [`cache`], [`provider`] |
//! | signatures | [`keys`] |

pub(crate) mod cache;
pub(crate) mod descriptor;
pub(crate) mod fetch;
pub(crate) mod file;
pub(crate) mod given;
pub(crate) mod http;
pub(crate) mod keys;
pub(crate) mod provider;
