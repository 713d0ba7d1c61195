//! The real kube-scheduler, working in sandboxes.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi::View;
use minkapi_tests::{
    Target, TestServer,
    clients::{self, Kubectl},
    eventually, manifests,
    process::Background,
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const PODS: &str = "/api/v1/namespaces/default/pods";

fn fill(base: &Target, nodes: usize, pods: usize) {
    base.create_all("/api/v1/nodes", (0..nodes).map(|n| manifests::node(&format!("node-{n}"))));
    base.create_all(PODS, (0..pods).map(|n| manifests::pod(&format!("pod-{n}"))));
}

/// The nodes of all bound pods.
fn bindings(api: &Target) -> Vec<String> {
    let list = api.get(PODS);
    list["items"].as_array().unwrap().iter().filter_map(|pod| pod["spec"]["nodeName"].as_str().map(str::to_owned)).collect()
}

fn start(program: &Path, server: &TestServer, view: &View, folder: &Path) -> Background {
    let mut command = Command::new(program);
    command.arg("--config").arg(server.server().scheduler_config(view)).arg("--secure-port=0");
    Background::start(&mut command, folder)
}

fn wait_until_bound(api: &Target, count: usize) {
    eventually(Duration::from_secs(300), || match bindings(api).len() {
        bound if bound == count => Ok(()),
        bound => Err(format!("{bound} of {count} pods are bound")),
    });
}

fn scheduler() -> Option<PathBuf> {
    clients::find("kube-scheduler")
}

#[test]
fn a_scheduler_in_a_sandbox_binds_every_pod_there_and_nowhere_else() {
    let Some(program) = scheduler() else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::launch();
    let base = server.base();
    fill(&base, 100, 2_000);
    let blue = server.sandbox("blue");
    let green = server.sandbox("green");
    let scheduler = start(&program, &server, &blue.view, folder.path());
    wait_until_bound(&server.target(&blue.view), 2_000);

    let used: BTreeSet<String> = bindings(&server.target(&blue.view)).into_iter().collect();
    assert!(used.len() < 40, "packed onto few nodes, not onto {}", used.len());
    assert_eq!(bindings(&base).len(), 0);
    assert_eq!(bindings(&server.target(&green.view)).len(), 0);
    let pod = server.target(&blue.view).get(&format!("{PODS}/pod-7"));
    assert_eq!(pod["status"]["conditions"][0]["type"], "PodScheduled");
    assert_eq!(pod["status"]["conditions"][0]["status"], "True");
    assert_eq!(base.get("/api/v1/namespaces/default/events")["items"], Value::Array(Vec::new()));

    // Pods that come later, in the sandbox or in the base view that shows through, are bound too.
    base.create(PODS, &manifests::pod("late"));
    server.target(&blue.view).create(PODS, &manifests::pod("later"));
    wait_until_bound(&server.target(&blue.view), 2_002);
    assert_eq!(bindings(&base).len(), 0);
    drop(scheduler);

    if let Some(kubectl) = Kubectl::find(&blue.kubeconfig) {
        let shown = kubectl.run("get pods -o wide --no-headers");
        assert_eq!(shown.lines().count(), 2_002);
        assert!(shown.lines().all(|line| line.contains("node-")), "every pod shows its node");
        assert!(kubectl.run("describe pod pod-7").contains("Successfully assigned default/pod-7"), "the scheduler's event");
    }
}

#[test]
fn two_schedulers_work_in_two_sandboxes_at_once() {
    let Some(program) = scheduler() else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::launch();
    let base = server.base();
    fill(&base, 10, 200);
    let views = ["blue", "green"].map(|name| server.sandbox(name).view);
    let [blue, green] = [0, 1].map(|n: usize| server.target(&views[n]));
    // One fork has half of the nodes, so that the two come to different results.
    (5..10).for_each(|n| drop(green.expect("DELETE", &format!("/api/v1/nodes/node-{n}"), &Value::Null, 200)));
    let _schedulers = views.each_ref().map(|view| start(&program, &server, view, folder.path()));
    wait_until_bound(&blue, 200);
    wait_until_bound(&green, 200);
    let left = ["node-0", "node-1", "node-2", "node-3", "node-4"];
    assert!(bindings(&green).iter().all(|node| left.contains(&node.as_str())));
    assert_eq!(bindings(&base).len(), 0);
    assert_eq!(base.get("/api/v1/nodes")["items"].as_array().unwrap().len(), 10);
}
