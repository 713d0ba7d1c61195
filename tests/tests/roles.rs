//! The real clients where roles decide: kube-controller-manager with a service account for each of its controllers, and
//! kube-scheduler, as their users with the default roles; kubectl as one who has no more than he is given.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi::AuthorizationMode;
use minkapi_tests::{
    TestServer,
    clients::{self, Kubectl},
    eventually,
    process::Background,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const SOON: Duration = Duration::from_secs(90);

/// A server that knows users by these tokens.
fn server(folder: &Path, tokens: &str) -> TestServer {
    let file = folder.join("tokens.csv");
    fs::write(&file, tokens).unwrap();
    TestServer::launch_with(|config| {
        config.access.token_auth_file = Some(file);
        config.access.authorization_mode = AuthorizationMode::Rbac;
    })
}

/// The base view's kubeconfig with another token.
fn kubeconfig(server: &TestServer, folder: &Path, token: &str) -> PathBuf {
    let text = fs::read_to_string(server.server().kubeconfig()).unwrap();
    let lines = text.lines().map(|line| match line.split_once("token: ") {
        Some((indent, _)) => format!("{indent}token: {token}"),
        None => line.to_owned(),
    });
    let name: String = token.chars().take(16).collect();
    let path = folder.join(name).with_extension("yaml");
    fs::write(&path, lines.collect::<Vec<_>>().join("\n")).unwrap();
    path
}

#[test]
fn controllers_and_the_scheduler_need_no_more_than_the_default_roles() {
    let (Some(manager), Some(scheduler)) = (clients::find("kube-controller-manager"), clients::find("kube-scheduler")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "manager,system:kube-controller-manager,m\nscheduler,system:kube-scheduler,s\n");
    let Some(root) = Kubectl::find(&server.server().kubeconfig()) else { return };
    let mut command = Command::new(manager);
    command.arg("--kubeconfig").arg(kubeconfig(&server, folder.path(), "manager")).arg("--cert-dir").arg(folder.path());
    // Each controller asks for a token of its own service account and comes with that.
    command.args(["--use-service-account-credentials", "--controllers=*", "--leader-elect=false", "--secure-port=0"]);
    let manager = Background::start(&mut command, folder.path());
    let mut command = Command::new(scheduler);
    command.arg("--kubeconfig").arg(kubeconfig(&server, folder.path(), "scheduler")).args(["--leader-elect=false", "--secure-port=0"]);
    let scheduler = Background::start(&mut command, folder.path());
    root.run("create namespace shop");
    let ready = r#"{"capacity": {"cpu": "8", "memory": "8Gi", "pods": "110"}, "allocatable": {"cpu": "8", "memory": "8Gi", "pods": "110"}, "conditions": [{"type": "Ready", "status": "True"}]}"#;
    root.run_on("create", &format!("{{apiVersion: v1, kind: Node, metadata: {{name: n1}}, status: {ready}}}"));
    root.run("-n shop create deployment web --image=registry.example/web:1 --replicas=2");
    eventually(SOON, || {
        let nodes = root.run("-n shop get pods -o jsonpath={.items[*].spec.nodeName}");
        if nodes == "n1 n1" { Ok(()) } else { Err(format!("pods on [{nodes}]")) }
    });
    eventually(SOON, || {
        let rules = root.run("get clusterrole view -o jsonpath={.rules[*].resources}");
        if rules.contains("pods") { Ok(()) } else { Err(format!("the aggregated role is not filled: {rules}")) }
    });
    for program in [&manager, &scheduler] {
        let output = program.output();
        let refused = |line: &&str| ["orbidden", "nauthorized", "cannot "].iter().any(|word| line.contains(word));
        let lines: Vec<&str> = output.lines().filter(refused).take(3).collect();
        assert!(lines.is_empty(), "something was refused: {lines:#?}");
    }
}

#[test]
fn kubectl_can_do_what_its_user_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "anna,anna,a,\"dev\"\n");
    let Some(root) = Kubectl::find(&server.server().kubeconfig()) else { return };
    let Some(anna) = Kubectl::find(&kubeconfig(&server, folder.path(), "anna")) else { return };
    assert!(anna.run("auth whoami").contains("[dev system:authenticated]"));
    let refused = anna.fail("get pods");
    assert!(refused.contains(r#"User "anna" cannot list resource "pods" in API group "" in the namespace "default""#), "{refused}");
    root.run("create rolebinding dev --clusterrole=edit --group=dev");
    assert_eq!(anna.run("auth can-i create deployments.apps").trim(), "yes", "edit is an aggregated role");
    let denied = anna.command("auth can-i create rolebindings").output().unwrap();
    assert_eq!((denied.status.code(), String::from_utf8_lossy(&denied.stdout).trim()), (Some(1), "no"));
    assert!(anna.run("auth can-i --list").contains("deployments.apps"));
    anna.run("create configmap hers --from-literal=a=b");
    root.run("create serviceaccount robot");
    root.run("create rolebinding robot --clusterrole=view --serviceaccount=default:robot");
    let token = root.run("create token robot");
    let Some(robot) = Kubectl::find(&kubeconfig(&server, folder.path(), token.trim())) else { return };
    assert!(robot.run("get configmaps -o name").contains("configmap/hers"));
    assert!(robot.fail("delete configmap hers").contains(r#"User "system:serviceaccount:default:robot" cannot delete"#));
    assert_eq!(root.run("auth can-i list pods --as=system:serviceaccount:default:robot").trim(), "yes");
}
