//! The command `oraedge-bridge`.

fn main() {}
