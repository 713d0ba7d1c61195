//! `cargo xtask fuzz`: libFuzzer over every parser and over whole requests, on the stable toolchain.
//!
//! The targets are in `tests/fuzz`. `cargo fuzz` can run them too: `RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir
//! tests/fuzz/libfuzzer --sanitizer none TARGET`.

use crate::{Outcome, workspace};
use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// What is fuzzed, and for how long.
#[derive(clap::Args)]
pub struct Args {
    /// Minutes for all targets together, half of them for whole requests
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// Only these targets; all by default
    targets: Vec<String>,
}

/// What `cargo fuzz` compiles with: coverage that libFuzzer can see. No sanitizer, since the code is safe.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// How libFuzzer runs. Its weighing of inputs by what is rare, its names of functions and its shortening of known inputs took
/// nine tenths of the time of whole requests.
const OPTIONS: [&str; 7] =
    ["-timeout=120", "-rss_limit_mb=2048", "-max_len=8192", "-print_final_stats=1", "-entropic=0", "-print_funcs=0", "-reduce_inputs=0"];

/// The only one that is tried: libFuzzer needs Linux or macOS, and coverage must not reach build scripts.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// Builds the targets and runs them in turn. What is found is in `target/fuzz/found`; inputs that reach new code are kept in
/// `target/fuzz/corpus` for the next run.
pub fn run(args: &Args) -> Outcome {
    let root = workspace();
    let package = root.join("tests/fuzz/libfuzzer");
    let target_dir = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into).join("fuzz");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--release", "--bins", "--target", TRIPLE, "--target-dir"]).arg(&target_dir).current_dir(&package);
    let built = build.env("RUSTFLAGS", FLAGS).status().map_err(|err| format!("cannot run cargo: {err}"))?;
    if !built.success() {
        return Err("the targets do not build; libfuzzer-sys needs a C++ compiler".to_owned());
    }
    let targets = names(&root.join("tests/fuzz/corpus"), &args.targets)?;
    let unit = args.minutes * 60.0 / targets.iter().map(|name| shares(name)).sum::<f64>();
    let (mut failed, mut all) = (Vec::new(), 0);
    let begun = Instant::now();
    println!("{:<24}{:>12}{:>10}{:>10}", "target", "executions", "seconds", "result");
    for name in &targets {
        let started = Instant::now();
        let (executions, found) = fuzz(&root, &target_dir, name, Duration::from_secs_f64(unit * shares(name)))?;
        all += executions;
        println!("{name:<24}{executions:>12}{:>10}{:>10}", started.elapsed().as_secs(), if found { "FAULT" } else { "ok" });
        failed.extend(found.then_some(name.as_str()));
    }
    println!("{:<24}{all:>12}{:>10}", "all", begun.elapsed().as_secs());
    if failed.is_empty() { Ok(()) } else { Err(format!("faults in {}: see {}", failed.join(", "), target_dir.join("found").display())) }
}

/// How much of the time a target gets. Whole requests are the most code.
fn shares(name: &str) -> f64 {
    if name == "request" { 24.0 } else { 1.0 }
}

/// The targets that are asked for.
fn names(corpus: &Path, wanted: &[String]) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(corpus).map_err(|err| format!("{}: {err}", corpus.display()))?;
    let mut all: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    all.sort();
    match wanted.iter().find(|name| !all.contains(name)) {
        Some(unknown) => Err(format!("no target is called {unknown}; there are {}", all.join(", "))),
        None if wanted.is_empty() => Ok(all),
        None => Ok(wanted.to_vec()),
    }
}

/// Runs one target; returns how many inputs it had and whether one found a fault.
fn fuzz(root: &Path, target_dir: &Path, name: &str, time: Duration) -> Result<(u64, bool), String> {
    let (corpus, found) = (target_dir.join("corpus").join(name), target_dir.join("found").join(name));
    for folder in [&corpus, &found] {
        fs::create_dir_all(folder).map_err(|err| format!("{}: {err}", folder.display()))?;
    }
    let mut command = Command::new(target_dir.join(TRIPLE).join("release").join(name));
    command.arg(&corpus).arg(root.join("tests/fuzz/corpus").join(name)).arg(format!("-artifact_prefix={}/", found.display()));
    command.arg(format!("-max_total_time={}", time.as_secs().max(1))).args(OPTIONS);
    let output = command.output().map_err(|err| format!("{name}: {err}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let executions = text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:")).and_then(|n| n.trim().parse().ok());
    let log = target_dir.join("found").join(format!("{name}.log"));
    fs::write(&log, text.as_bytes()).map_err(|err| format!("{}: {err}", log.display()))?;
    Ok((executions.unwrap_or_default(), !output.status.success()))
}
