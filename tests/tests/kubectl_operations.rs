//! What people who run a cluster do with kubectl, in the base view and in a sandbox, in the words of kube-apiserver 1.37.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi_tests::{TestServer, clients::Kubectl, kubelet::Kubelets, manifests};

/// Runs a check in a sandbox and in the base view, each with a running pod `web` on node `n1`.
fn in_both_views(check: impl Fn(&Kubectl)) {
    let server = TestServer::launch();
    for view in server.both() {
        let Some(kubectl) = Kubectl::find(&server.kubeconfig(&view)) else { return };
        let _kubelets = Kubelets::start(server.target(&view), Some("n1"));
        kubectl.run_on("create", &manifests::node("n1").to_string());
        kubectl.run_on("create", &manifests::pod("web").to_string());
        kubectl.run("wait pod/web --for=condition=Ready --timeout=30s");
        check(&kubectl);
    }
}

fn assert_has(text: &str, wanted: &[&str]) {
    wanted.iter().for_each(|w| assert!(text.contains(w), "no {w:?} in:\n{text}"));
}

#[test]
fn drain_evicts_what_a_budget_allows() {
    in_both_views(|kubectl| {
        kubectl.run("create pdb web --selector=app=demo --min-available=1");
        assert_has(&kubectl.fail("drain n1"), &["cannot delete Pods that declare no controller (use --force to override): default/web"]);
        // A controller's part: without a status that is up to date, clients are told to come back later.
        let allow = |count: u32| {
            let healthy = r#""observedGeneration":1,"currentHealthy":1,"desiredHealthy":1,"expectedPods":1"#;
            let status = format!(r#"{{"status":{{{healthy},"disruptionsAllowed":{count}}}}}"#);
            kubectl.run_with("patch pdb web --subresource=status --type=merge -p", &status);
        };
        allow(0);
        let refused = kubectl.fail("drain n1 --force --timeout=2s");
        assert_has(&refused, &["Cannot evict pod as it would violate the pod's disruption budget.", "global timeout reached: 2s"]);
        allow(1);
        assert_has(&kubectl.run("drain n1 --force --timeout=30s"), &["evicting pod default/web", "pod/web evicted", "node/n1 drained"]);
        assert_has(&kubectl.run("get node n1"), &["Ready,SchedulingDisabled"]);
        assert_eq!(kubectl.run("uncordon n1"), "node/n1 uncordoned\n");
    });
}

#[test]
fn debug_adds_a_container_to_a_running_pod() {
    in_both_views(|kubectl| {
        kubectl.run("debug web --image=busybox -c look --attach=false");
        assert_eq!(kubectl.run("get pod web -o jsonpath={.spec.ephemeralContainers[*].name}"), "look");
        assert_has(&kubectl.fail("logs web"), &["Error from server"]);
    });
}

#[test]
fn wait_and_rollout_status_end_when_something_is_so_or_time_is_up() {
    in_both_views(|kubectl| {
        assert_eq!(kubectl.run("wait pod/web --for=jsonpath={.status.phase}=Running --timeout=5s"), "pod/web condition met\n");
        assert_has(&kubectl.fail("wait pod/web --for=condition=Odd --timeout=1s"), &["timed out waiting for the condition on pods/web"]);
        kubectl.run_on("create", &manifests::deployment("slow", 1).to_string());
        assert_has(&kubectl.fail("rollout status deployment/slow --timeout=1s"), &["timed out waiting for the condition"]);
        kubectl.run("delete pod web");
        kubectl.run("wait pod/web --for=delete --timeout=10s");
    });
}

#[test]
fn diff_shows_what_apply_would_change_and_strict_validation_refuses_it() {
    in_both_views(|kubectl| {
        let (one, two) = (manifests::deployment("web", 1).to_string(), manifests::deployment("web", 2).to_string());
        kubectl.run_on("apply", &one);
        assert_eq!(kubectl.run_on("diff", &one), "");
        let path = kubectl.folder().join("changed.yaml");
        std::fs::write(&path, two.replace("app:1", "app:2")).unwrap();
        let output = kubectl.command("diff -f").arg(&path).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_has(
            &String::from_utf8(output.stdout).unwrap(),
            &["-  replicas: 1", "+  replicas: 2", "+      - image: registry.example/app:2"],
        );
        std::fs::write(&path, one.replace("\"replicas\"", "\"replicaz\"")).unwrap();
        let output = kubectl.command("apply --validate=strict -f").arg(&path).output().unwrap();
        assert_has(&String::from_utf8(output.stderr).unwrap(), &["strict decoding error: unknown field \"spec.replicaz\""]);
    });
}

#[test]
fn access_tokens_and_certificates_are_given() {
    in_both_views(|kubectl| {
        assert_has(&kubectl.run("auth can-i --list"), &["Resources", "*.*", "[*]"]);
        assert_eq!(kubectl.run("auth can-i create pods"), "yes\n");
        kubectl.run("create serviceaccount bot");
        assert_eq!(kubectl.run("create token bot --duration=1h").trim().split('.').count(), 3);
        assert_has(&kubectl.fail("create token nobody"), &["serviceaccounts \"nobody\" not found"]);
        kubectl.run_on("create", &certificate_request().to_string());
        assert_has(&kubectl.run("certificate approve joe"), &["certificatesigningrequest.certificates.k8s.io/joe approved"]);
        assert_has(&kubectl.run("get csr joe"), &["REQUESTEDDURATION", "Approved"]);
    });
}

#[test]
fn top_says_that_there_are_no_metrics() {
    in_both_views(|kubectl| assert_has(&kubectl.fail("top nodes"), &["error: Metrics API not available"]));
}

/// The request of a key that was thrown away.
fn certificate_request() -> serde_json::Value {
    serde_json::json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "joe"},
        "spec": {"request": include_str!("../data/joe.csr.base64").trim(), "signerName": "example.com/signer", "usages": ["client auth"]}
    })
}
