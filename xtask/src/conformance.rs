//! `cargo xtask conformance`: recorded conversations with a real kube-apiserver, replayed, with every difference shown.

use crate::{Outcome, cargo};

/// What is replayed, and how much of the outcome is shown.
#[derive(clap::Args)]
pub struct Args {
    /// Only cases whose name (06-watch/bookmarks) matches one of these patterns
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,
    /// Differences shown for each failing case
    #[arg(long, value_name = "N", default_value_t = 3)]
    diffs: usize,
    /// A running server (http://127.0.0.1:8091/base) instead of one for each chapter
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

/// Replays the recordings: a program of the tests does it, as this crate does not compile the product.
pub fn run(args: &Args) -> Outcome {
    let diffs = args.diffs.to_string();
    let mut line = vec!["run", "--quiet", "--package", "minkapi-tests", "--bin", "conformance", "--", "--diffs", &diffs];
    args.only.iter().for_each(|pattern| line.extend(["--only", pattern]));
    line.extend(args.server.iter().flat_map(|url| ["--server", url]));
    cargo(&line, &[])
}
