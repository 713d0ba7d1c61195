//! The API at the tower seam, in process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod access;
mod client;
mod clock;
mod custom_resources;
mod discovery;
mod documents;
mod metrics;
mod negotiation;
mod numbers;
mod objects;
mod paths;
mod rbac;
mod service_accounts;
mod serving;
mod views;
mod watches;
mod websockets;
