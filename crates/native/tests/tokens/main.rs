//! Log-on by token from end to end: every method against simulated identity services and a
//! simulated database, over real sockets.

mod failures;
mod given;
mod methods;
mod programs;
mod world;
