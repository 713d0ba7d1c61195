//! The minkapi server.
fn main() {}
