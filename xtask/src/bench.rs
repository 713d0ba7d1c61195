//! `cargo xtask bench`: a release build, measured against a bare hyper server and kube-apiserver; writes docs/performance.md.

use crate::{Outcome, instructions, workspace};
use xshell::{Shell, cmd};

/// How much is measured.
#[derive(clap::Args)]
pub struct Args {
    /// Fewer requests and sizes: three minutes. Writes nothing.
    #[arg(long)]
    quick: bool,
    /// One million pods, too.
    #[arg(long)]
    million: bool,
    /// Compare with kube-apiserver and etcd from target/clients (`cargo xtask clients kube-apiserver etcd kubectl`).
    #[arg(long)]
    with_kube_apiserver: bool,
    /// Only these parts: start, requests, events, lists, sizes, stalls, commits, scheduler, kube-apiserver. Writes nothing.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Count the instructions of requests by valgrind instead, and compare with those written down.
    #[arg(long)]
    instructions: bool,
    /// With --instructions: the profile to build with.
    #[arg(long, default_value = "profiling")]
    profile: String,
    /// With --instructions: write the counts down.
    #[arg(long)]
    record: bool,
}

/// Builds, measures, and writes unless the run was a partial one.
pub fn run(args: &Args) -> Outcome {
    if args.instructions {
        return instructions::run(&args.profile, args.record);
    }
    let root = workspace();
    let shell = Shell::new().map_err(|e| e.to_string())?;
    shell.change_dir(&root);
    cmd!(shell, "cargo build --release --package minkapi-cli --package minkapi-bench").run().map_err(|e| e.to_string())?;
    let target = shell.var("CARGO_TARGET_DIR").map_or_else(|_| root.join("target"), Into::into);
    let (bench, minkapi) = (target.join("release/minkapi-bench"), target.join("release/minkapi"));
    // As the tests: what is built already need not be built again.
    let clients = shell.var("MINKAPI_CLIENTS").map_or_else(|_| root.join("target/clients"), Into::into);
    let mut options: Vec<String> = Vec::new();
    options.extend(args.quick.then(|| "--quick".to_owned()));
    options.extend(args.million.then(|| "--million".to_owned()));
    options.extend(args.with_kube_apiserver.then(|| "--with-kube-apiserver".to_owned()));
    options.extend(args.only.iter().map(|part| format!("--only={part}")));
    if !args.quick && args.only.is_empty() {
        options.push(format!("--docs={}", root.join("docs").display()));
    }
    // A thousand watchers need more open files than a shell usually allows.
    let script = r#"ulimit -n 20000 2>/dev/null; exec "$@""#;
    cmd!(shell, "sh -c {script} bench {bench} run --minkapi {minkapi} --clients {clients} {options...}").run().map_err(|e| e.to_string())
}
