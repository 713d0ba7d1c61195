//! `cargo xtask test`: every check of the project, as CI runs them.

use crate::{Outcome, cargo, tidy};
use std::{
    process::{Command, Stdio},
    time::Instant,
};

/// Runs all checks; the first failure ends it.
pub fn run() -> Outcome {
    step("formatting", || cargo(&["fmt", "--all", "--check"], &[]))?;
    step("layout, layers and generated tables", tidy::run)?;
    step("clippy", || cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"], &[]))?;
    step("documentation", || cargo(&["doc", "--workspace", "--no-deps", "--all-features"], &[("RUSTDOCFLAGS", "-D warnings")]))?;
    step("dependencies", deny)?;
    step("tests", || cargo(&["test", "--workspace", "--all-features"], &[]))
}

fn step(name: &str, check: impl FnOnce() -> Outcome) -> Outcome {
    println!("== {name}");
    let start = Instant::now();
    check().map_err(|why| format!("{name}: {why}"))?;
    println!("== {name}: ok in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Bans, licences and sources. The advisory database lives in a repository of its own, so it is not asked here.
fn deny() -> Outcome {
    let installed = Command::new("cargo-deny").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if installed.is_ok_and(|s| s.success()) {
        return cargo(&["deny", "--offline", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"], &[]);
    }
    println!("skipped: cargo-deny is not installed (cargo install --locked cargo-deny)");
    Ok(())
}
