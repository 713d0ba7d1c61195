//! `cargo xtask soak`: the long form of the soak that `cargo xtask test` runs for a minute.

use crate::{Outcome, cargo};

/// How long load is held.
#[derive(clap::Args)]
pub struct Args {
    /// Minutes
    #[arg(long, default_value_t = 20.0)]
    minutes: f64,
}

/// Runs the soak of crates/cli/tests/robustness/soak.rs on a release build.
pub fn run(args: &Args) -> Outcome {
    let minutes = args.minutes.to_string();
    let command = ["test", "--release", "--package", "minkapi-cli", "--test", "robustness", "soak", "--", "--nocapture"];
    cargo(&command, &[("MINKAPI_SOAK_MINUTES", &minutes)])
}
