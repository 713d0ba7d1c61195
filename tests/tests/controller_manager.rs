//! kube-controller-manager, with and without kube-scheduler, keeps a view as it keeps a cluster.
//!
//! With `MINKAPI_LONG_TESTS` set the programs run for two minutes, through the first run of a CronJob.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi_tests::{Target, TestServer, clients, eventually, kubelet::Kubelets, manifests, process::Background};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

const SOON: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(125);

#[test]
fn controllers_act_on_what_the_base_view_holds() {
    let Some(program) = clients::find("kube-controller-manager") else { return };
    let server = TestServer::launch();
    let folder = tempfile::tempdir().unwrap();
    let base = server.base();
    base.create("/api/v1/nodes", &manifests::node("n1"));
    let manager = controller_manager(&program, &server.server().kubeconfig(), folder.path());
    let _kubelets = Kubelets::start(base.clone(), Some("n1"));
    lives_as_a_cluster(&base);
    assert_in_order(&manager);
}

#[test]
fn controllers_and_the_scheduler_work_together_in_a_sandbox() {
    let (Some(manager), Some(scheduler)) = (clients::find("kube-controller-manager"), clients::find("kube-scheduler")) else { return };
    let server = TestServer::launch();
    let folder = tempfile::tempdir().unwrap();
    server.base().create("/api/v1/nodes", &manifests::node("n1"));
    let sandbox = server.sandbox("cluster");
    let view = server.target(&sandbox.view);
    let manager = controller_manager(&manager, &sandbox.kubeconfig, folder.path());
    let mut command = Command::new(scheduler);
    command.arg("--kubeconfig").arg(&sandbox.kubeconfig).args(["--leader-elect=false", "--secure-port=0"]);
    let _scheduler = Background::start(&mut command, folder.path());
    let _kubelets = Kubelets::start(view.clone(), None);
    lives_as_a_cluster(&view);
    assert_in_order(&manager);
    for path in ["/api/v1/pods", "/apis/apps/v1/deployments", "/apis/batch/v1/jobs", "/api/v1/namespaces/shop/pods"] {
        assert_eq!(server.base().get(path)["items"], json!([]), "the base view has nothing of {path}");
    }
}

#[test]
fn a_deployment_gets_its_pods_in_the_sandbox_only() {
    let Some(program) = clients::find("kube-controller-manager") else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::launch();
    let (base, blue) = (server.base(), server.sandbox("blue"));
    let api = server.target(&blue.view);
    base.create("/apis/apps/v1/namespaces/default/deployments", &manifests::deployment("web", 3));
    let mut command = Command::new(program);
    command.arg("--kubeconfig").arg(&blue.kubeconfig);
    command.args([
        "--leader-elect=false",
        "--secure-port=0",
        "--controllers=deployment-controller,replicaset-controller,garbage-collector-controller",
    ]);
    let _manager = Background::start(&mut command, folder.path());
    let pods = "/api/v1/namespaces/default/pods";
    let count = |wanted: usize| {
        eventually(SOON, || {
            let list = api.get(pods);
            let found = list["items"].as_array().unwrap().len();
            if found == wanted { Ok(()) } else { Err(format!("{found} of {wanted} pods")) }
        });
    };
    count(3);
    let web = "/apis/apps/v1/namespaces/default/deployments/web";
    eventually(SOON, || {
        let deployment = api.get(web);
        if deployment["status"]["replicas"] == 3 { Ok(()) } else { Err(deployment["status"].to_string()) }
    });
    api.expect("PATCH", web, &json!({"spec": {"replicas": 5}}), 200);
    count(5);
    api.expect("DELETE", web, &json!({"propagationPolicy": "Background"}), 200);
    count(0);
    assert_eq!(base.get(pods)["items"].as_array().unwrap().len(), 0);
    assert_eq!(base.get(web)["spec"]["replicas"], 3);
}

fn controller_manager(program: &Path, kubeconfig: &Path, folder: &Path) -> Background {
    let mut command = Command::new(program);
    command.arg("--kubeconfig").arg(kubeconfig).arg("--cert-dir").arg(folder);
    // Nobody renews the leases of nodes here.
    command.args(["--controllers=*", "--leader-elect=false", "--secure-port=0", "--node-monitor-grace-period=1h"]);
    Background::start(&mut command, folder)
}

/// No informer of it lost its watch or was refused one.
fn assert_in_order(manager: &Background) {
    let output = manager.output();
    for trouble in ["ailed to list", "ailed to watch", "panic", "timed out waiting for", "unable to sync", "not in sync"] {
        let lines: Vec<&str> = output.lines().filter(|line| line.contains(trouble)).take(3).collect();
        assert!(lines.is_empty(), "kube-controller-manager says: {lines:#?}");
    }
}

fn lives_as_a_cluster(view: &Target) {
    let start = Instant::now();
    let long = std::env::var_os("MINKAPI_LONG_TESTS").is_some();
    view.create("/api/v1/namespaces", &json!({"metadata": {"name": "shop"}}));
    eventually(SOON, || found(view, "/api/v1/namespaces/shop/serviceaccounts/default", |_| true));
    create_workloads(view);
    workloads_are_run(view);
    what_is_derived_follows(view);
    if long {
        eventually(LONG, || found(view, "/apis/batch/v1/namespaces/shop/cronjobs/tick", |c| !c["status"]["lastScheduleTime"].is_null()));
        thread::sleep(LONG.saturating_sub(start.elapsed()));
    } else {
        eprintln!("skipped: two minutes of kube-controller-manager (set MINKAPI_LONG_TESTS to run them)");
    }
    garbage_goes(view);
    view.expect("DELETE", "/api/v1/namespaces/shop", &Value::Null, 200);
    eventually(SOON, || gone(view, "/api/v1/namespaces/shop"));
}

fn create_workloads(view: &Target) {
    let labels = json!({"app": "set"});
    let template = |restart: &str| json!({"metadata": {"labels": labels}, "spec": {"restartPolicy": restart, "containers": [{"name": "main", "image": "registry.example/app:1"}]}});
    let spec = |more: Value| {
        let mut spec = json!({"selector": {"matchLabels": labels}, "template": template("Always")});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    };
    let claim = json!({
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "", "volumeName": "disk", "resources": {"requests": {"storage": "1Gi"}}}
    });
    view.create(
        "/api/v1/persistentvolumes",
        &json!({"metadata": {"name": "disk"}, "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}}),
    );
    let apps = "/apis/apps/v1/namespaces/shop";
    view.create(&format!("{apps}/deployments"), &manifests::deployment("web", 3));
    view.create(&format!("{apps}/daemonsets"), &json!({"metadata": {"name": "agent"}, "spec": spec(json!({}))}));
    let set = spec(json!({"serviceName": "set", "replicas": 2}));
    view.create(&format!("{apps}/statefulsets"), &json!({"metadata": {"name": "set"}, "spec": set}));
    view.create("/api/v1/namespaces/shop/persistentvolumeclaims", &claim);
    let batch = "/apis/batch/v1/namespaces/shop";
    let job = json!({"completions": 2, "parallelism": 1, "template": template("Never")});
    view.create(&format!("{batch}/jobs"), &json!({"metadata": {"name": "once"}, "spec": job}));
    let tick = json!({"schedule": "* * * * *", "jobTemplate": {"spec": job}});
    view.create(&format!("{batch}/cronjobs"), &json!({"metadata": {"name": "tick"}, "spec": tick}));
    let service = json!({"selector": {"app": "web"}, "ports": [{"port": 80}]});
    view.create("/api/v1/namespaces/shop/services", &json!({"metadata": {"name": "web"}, "spec": service}));
    let budget = json!({"selector": {"matchLabels": {"app": "web"}}, "minAvailable": 2});
    view.create("/apis/policy/v1/namespaces/shop/poddisruptionbudgets", &json!({"metadata": {"name": "web"}, "spec": budget}));
    let quota = json!({"hard": {"count/configmaps": "10"}});
    view.create("/api/v1/namespaces/shop/resourcequotas", &json!({"metadata": {"name": "all"}, "spec": quota}));
}

fn workloads_are_run(view: &Target) {
    let apps = "/apis/apps/v1/namespaces/shop";
    let status = |path: &str, field: &str, want: u64| {
        eventually(SOON, || found(view, path, |object| object["status"][field] == want));
    };
    status(&format!("{apps}/deployments/web"), "readyReplicas", 3);
    status(&format!("{apps}/daemonsets/agent"), "numberReady", 1);
    status(&format!("{apps}/statefulsets/set"), "readyReplicas", 2);
    status("/apis/batch/v1/namespaces/shop/jobs/once", "succeeded", 2);
    let complete = |job: &Value| job["status"]["conditions"].as_array().is_some_and(|list| list.iter().any(|c| c["type"] == "Complete"));
    eventually(SOON, || found(view, "/apis/batch/v1/namespaces/shop/jobs/once", complete));
    eventually(SOON, || found(view, "/api/v1/namespaces/shop/persistentvolumeclaims/data", |claim| claim["status"]["phase"] == "Bound"));
}

fn what_is_derived_follows(view: &Target) {
    eventually(SOON, || {
        found(view, "/apis/policy/v1/namespaces/shop/poddisruptionbudgets/web", |b| {
            b["status"]["currentHealthy"] == 3 && b["status"]["disruptionsAllowed"] == 1
        })
    });
    eventually(SOON, || {
        found(view, "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=kubernetes.io/service-name=web", |list| {
            list["items"][0]["endpoints"].as_array().is_some_and(|endpoints| endpoints.len() == 3)
        })
    });
    eventually(SOON, || found(view, "/api/v1/namespaces/shop/resourcequotas/all", |q| q["status"]["hard"]["count/configmaps"] == "10"));
}

/// Deleting an owner deletes what it owns, in the background and in the foreground.
fn garbage_goes(view: &Target) {
    let left = |path: &str| match view.get(path)["items"].as_array().map(Vec::len) {
        Some(0) => Ok(()),
        count => Err(format!("{path} still has {count:?}")),
    };
    view.expect("DELETE", "/apis/apps/v1/namespaces/shop/deployments/web", &json!({"propagationPolicy": "Foreground"}), 200);
    eventually(SOON, || gone(view, "/apis/apps/v1/namespaces/shop/deployments/web"));
    left("/apis/apps/v1/namespaces/shop/replicasets").unwrap();
    left("/api/v1/namespaces/shop/pods?labelSelector=app=web").unwrap();
    view.expect("DELETE", "/apis/batch/v1/namespaces/shop/jobs/once", &json!({"propagationPolicy": "Background"}), 200);
    eventually(SOON, || left("/api/v1/namespaces/shop/pods?labelSelector=job-name=once"));
}

fn found(view: &Target, path: &str, is_right: impl Fn(&Value) -> bool) -> Result<(), String> {
    match view.call("GET", path, &Value::Null) {
        (200, object) if is_right(&object) => Ok(()),
        (code, object) => Err(format!("{path}: {code} {object}")),
    }
}

fn gone(view: &Target, path: &str) -> Result<(), String> {
    match view.call("GET", path, &Value::Null) {
        (404, _) => Ok(()),
        (code, object) => Err(format!("{path}: {code} {object}")),
    }
}
