//! The real program under bad input, slow and rude clients, and faults of its surroundings: each gets a clear Status or a
//! closed connection, memory stays bounded, and the server answers afterwards.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod bad_input;
mod client;
mod connections;
mod faults;
mod http2;
mod server;
mod slow_clients;
mod soak;
