//! The real kube-controller-manager, working in a sandbox.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi_tests::{TestServer, clients, eventually, manifests, process::Background};
use std::{process::Command, time::Duration};

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
        eventually(Duration::from_secs(120), || {
            let list = api.get(pods);
            let found = list["items"].as_array().unwrap().len();
            if found == wanted { Ok(()) } else { Err(format!("{found} of {wanted} pods")) }
        });
    };
    count(3);
    let web = "/apis/apps/v1/namespaces/default/deployments/web";
    eventually(Duration::from_secs(60), || {
        let deployment = api.get(web);
        if deployment["status"]["replicas"] == 3 { Ok(()) } else { Err(deployment["status"].to_string()) }
    });
    api.expect("PATCH", web, &serde_json::json!({"spec": {"replicas": 5}}), 200);
    count(5);
    api.expect("DELETE", web, &serde_json::json!({"propagationPolicy": "Background"}), 200);
    count(0);
    assert_eq!(base.get(pods)["items"].as_array().unwrap().len(), 0);
    assert_eq!(base.get(web)["spec"]["replicas"], 3);
}
