//! `minkapi simulate` with the real kube-scheduler.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::{Running, minkapi, text};
use serde_json::{Value, json};
use std::{env, fs, path::PathBuf};

/// Two nodes with two GPUs each, and five pods that want one.
fn cluster() -> Value {
    let room = json!({"cpu": "8", "memory": "32Gi", "pods": "110", "example.com/gpu": "2"});
    let node = |n: usize| {
        json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("n{n}")},
            "status": {"capacity": room, "allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]},
        })
    };
    let wants = json!({"requests": {"cpu": "1", "example.com/gpu": "1"}, "limits": {"example.com/gpu": "1"}});
    let pod = |n: usize| {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("p{n}"), "namespace": "default"},
            "spec": {"containers": [{"name": "main", "image": "registry.example/app:1", "resources": wants}]},
        })
    };
    json!({"apiVersion": "v1", "kind": "List", "items": (0..2).map(node).chain((0..5).map(pod)).collect::<Vec<_>>()})
}

/// kube-scheduler as `MINKAPI_CLIENTS` or `cargo xtask clients` has it.
fn scheduler() -> Option<PathBuf> {
    let built = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/clients");
    let folder = env::var_os("MINKAPI_CLIENTS").map_or(built, PathBuf::from);
    let found = Some(folder.join("kube-scheduler")).filter(|path| path.is_file());
    if found.is_none() {
        eprintln!("skipped: no kube-scheduler in {} (cargo xtask clients builds it)", folder.display());
    }
    found
}

#[test]
fn a_simulation_tells_what_a_scheduler_does_and_leaves_the_base_view_alone() {
    let Some(scheduler) = scheduler() else { return };
    let server = Running::start("simulation", &[]);
    let url = format!("http://{}", server.host());
    let ask = |args: &[&str]| {
        let output = minkapi().env("MINKAPI_SERVER", &url).args(args).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let file = server.folder.join("cluster.json");
    fs::write(&file, cluster().to_string()).unwrap();
    ask(&["import", file.to_str().unwrap()]);
    let told = ask(&["simulate", "--idle", "3", "--", scheduler.to_str().unwrap(), "--config", "{config}", "--secure-port", "0"]);
    let row = |name: &str| -> Vec<String> {
        let line = told.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().skip(1).map(str::to_owned).collect()
    };
    // Bound, pending, nodes, used nodes; then CPU, memory and GPUs.
    assert_eq!(row("base")[..4], ["0", "5", "2", "0"], "{told}");
    assert_eq!((&row("simulate")[..4], row("simulate")[6].as_str()), (&["4", "1", "2", "2"].map(str::to_owned)[..], "100.0%"), "{told}");
    let views = ask(&["view", "list"]);
    assert!(!views.contains("simulate"), "the fork is gone:\n{views}");
}
