//! Development tasks of the workspace: `cargo xtask <command>`.
//!
//! One file per command, with a line in [`Command`] and one in `main`. This crate stays light on purpose: building it must not compile the product.

mod bench;
mod clients;
mod codegen;
mod conformance;
mod fuzz;
mod instructions;
mod soak;
mod test;
mod tidy;

use clap::{Parser, Subcommand};
use std::{
    path::PathBuf,
    process::{self, ExitCode},
};

/// Development tasks of the workspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the tables of crates/registry from a Kubernetes source tree, or check that they are current.
    Codegen(codegen::Args),
    /// Check the layout rules: layers, file lengths, first lines, READMEs, generated files, the root directory.
    Tidy,
    /// Run every check: formatting, layout, generated tables, clippy, documentation, dependencies, tests.
    Test,
    /// Build the real Kubernetes programs that tests run into target/clients; needs Go.
    Clients(clients::Args),
    /// Replay recorded conversations with a real kube-apiserver and show where answers differ.
    Conformance(conformance::Args),
    /// Feed every parser and whole requests with inputs that libFuzzer makes up; needs a C++ compiler.
    Fuzz(fuzz::Args),
    /// Hold load on a release build and see that memory does not grow and no event is lost.
    Soak(soak::Args),
    /// Measure a release build against a bare hyper server and kube-apiserver.
    Bench(bench::Args),
}

/// What every command answers with: text for a person on failure.
type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Codegen(args) => codegen::run(&args),
        Command::Tidy => tidy::run(),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Soak(args) => soak::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Test => test::run(),
        Command::Clients(args) => clients::run(&args),
        Command::Conformance(args) => conformance::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace, wherever the command was called.
fn workspace() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// Runs cargo in the workspace.
fn cargo(args: &[&str], env: &[(&str, &str)]) -> Outcome {
    let status = process::Command::new(env!("CARGO")).args(args).envs(env.iter().copied()).current_dir(workspace()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("cargo {} ended with {status}", args.join(" "))),
        Err(err) => Err(format!("cannot run cargo: {err}")),
    }
}
