//! Each token method against written answers: what it asks, in which order, signed by whom, and what
//! it says when an answer is not what it hoped for.

mod bearer;
mod errors;
mod garbled;
mod methods;
mod retries;
mod script;
mod secrets;
