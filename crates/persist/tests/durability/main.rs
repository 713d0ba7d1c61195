//! What is kept, what a crash can take away, and what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod actions;
mod cuts;
mod faults;
mod restore;
mod state;
