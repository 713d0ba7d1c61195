//! `cargo xtask clients`: the real Kubernetes programs that tests run, from their Go modules.

use crate::{Outcome, workspace};
use std::process::Command;

/// Which programs to build.
#[derive(clap::Args)]
pub struct Args {
    /// Programs; all that the tests run by default. Also kube-apiserver and etcd, to compare with.
    programs: Vec<String>,
}

/// Builds them into `target/clients`.
pub fn run(args: &Args) -> Outcome {
    let root = workspace();
    let script = root.join("tests/clients/build");
    let programs = if args.programs.is_empty() {
        ["kubectl", "kube-scheduler", "kube-controller-manager", "helm"].map(str::to_owned).to_vec()
    } else {
        args.programs.clone()
    };
    match Command::new(script).arg(root.join("target/clients")).args(programs).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("building the clients ended with {status}")),
        Err(err) => Err(format!("cannot build the clients: {err}")),
    }
}
