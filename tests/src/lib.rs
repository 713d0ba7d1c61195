//! What the integration tests share: servers to test, the real clients, and replaying recorded conversations.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

pub mod clients;
pub mod conversion_webhook;
pub mod create_fuzz;
pub mod http;
pub mod kubelet;
pub mod manifests;
pub mod process;
pub mod replay;
pub mod server;

pub use server::{Target, TestServer};

use std::{
    thread,
    time::{Duration, Instant},
};

/// Tries until it works, and panics with the last refusal after `limit`.
pub fn eventually<T>(limit: Duration, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let until = Instant::now() + limit;
    loop {
        match attempt() {
            Ok(done) => return done,
            Err(why) => assert!(Instant::now() < until, "not within {limit:?}: {why}"),
        }
        thread::sleep(Duration::from_millis(100));
    }
}
