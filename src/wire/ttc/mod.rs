//! TTC messages, one file a message: what client and server say inside DATA packets.
//!
//! Source of the layouts: the published sources of python-oracledb (thin/messages/*.pyx), checked
//! against the recorded sessions. Only the client's direction of each message is here: requests
//! are written, answers are read. The simulator has its own code for the other direction, so that
//! one's mistake is not the other's.

pub mod auth;
pub mod binds;
pub mod codes;
pub mod describe;
pub mod error_info;
pub mod execute;
pub mod fast_auth;
pub mod function;
pub mod io_vector;
pub mod negotiation;
pub mod piggyback;
pub mod return_parameters;
pub mod row;
pub mod server_piggyback;
pub mod session_release;
pub mod transaction;
