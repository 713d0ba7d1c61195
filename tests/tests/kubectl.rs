//! The real kubectl against a base view and a sandbox.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi_tests::{TestServer, clients::Kubectl, eventually, manifests, process::Background};
use std::time::Duration;

/// Runs a check in a sandbox and in the base view, each a server to itself.
fn in_both_views(check: impl Fn(&Kubectl)) {
    let server = TestServer::launch();
    for view in server.both() {
        let Some(kubectl) = Kubectl::find(&server.kubeconfig(&view)) else { return };
        check(&kubectl);
    }
}

fn assert_has(text: &str, wanted: &[&str]) {
    wanted.iter().for_each(|w| assert!(text.contains(w), "no {w:?} in:\n{text}"));
}

#[test]
fn get_prints_the_columns_of_pods_and_nodes() {
    in_both_views(|kubectl| {
        kubectl.run_on("create", &manifests::node("n1").to_string());
        kubectl.run_on("create", &manifests::pod("a").to_string());
        let text = kubectl.run("get pods,nodes -o wide");
        assert_has(&text, &["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED NODE", "READINESS GATES"]);
        assert_has(&text, &["pod/a", "0/1", "Pending", "node/n1", "Ready", "INTERNAL-IP", "KERNEL-VERSION"]);
        assert_has(&kubectl.run("get pod a -o yaml"), &["kind: Pod", "dnsPolicy: ClusterFirst"]);
        assert_eq!(kubectl.run("get pods -o name"), "pod/a\n");
        assert_eq!(kubectl.run("get po a -o jsonpath={.spec.schedulerName}"), "default-scheduler");
        assert_has(&kubectl.run("get pods --all-namespaces --sort-by=.metadata.name"), &["NAMESPACE", "default"]);
        assert_has(&kubectl.run("get all"), &["pod/a", "service/kubernetes"]);
    });
}

#[test]
fn describe_tells_of_an_object_and_its_events() {
    in_both_views(|kubectl| {
        kubectl.run_on("create", &manifests::node("n1").to_string());
        kubectl.run_on("create", &manifests::pod("a").to_string());
        kubectl.run_on("create", &manifests::deployment("web", 2).to_string());
        assert_has(&kubectl.run("describe pod a"), &["Name:", "Status:", "Pending", "registry.example/app:1", "Events:"]);
        assert_has(&kubectl.run("describe node n1"), &["Capacity:", "Non-terminated Pods:"]);
        assert_has(&kubectl.run("describe deployment web"), &["Selector:", "app=web", "RollingUpdateStrategy:", "25% max unavailable"]);
    });
}

#[test]
fn apply_creates_changes_and_leaves_alone() {
    in_both_views(|kubectl| {
        let one = manifests::deployment("web", 1).to_string();
        let two = manifests::deployment("web", 2).to_string();
        assert_eq!(kubectl.run_on("apply", &one), "deployment.apps/web created\n");
        assert_eq!(kubectl.run_on("apply", &one), "deployment.apps/web unchanged\n");
        assert_eq!(kubectl.run_on("apply", &two), "deployment.apps/web configured\n");
        assert_eq!(kubectl.run("get deployment web -o jsonpath={.spec.replicas}"), "2");
        assert_eq!(kubectl.run_on("apply --dry-run=server", &one), "deployment.apps/web configured (server dry run)\n");
        assert_eq!(kubectl.run("get deployment web -o jsonpath={.spec.replicas}"), "2");
    });
}

#[test]
fn server_side_apply_finds_conflicts() {
    in_both_views(|kubectl| {
        let one = manifests::config_map("settings", "1").to_string();
        let two = manifests::config_map("settings", "2").to_string();
        assert_eq!(kubectl.run_on("apply --server-side", &one), "configmap/settings serverside-applied\n");
        std::fs::write(kubectl.folder().join("two.yaml"), two).unwrap();
        let manifest = kubectl.folder().join("two.yaml").display().to_string();
        let refused = kubectl.fail(&format!("apply --server-side --field-manager=other -f {manifest}"));
        assert_has(&refused, &["conflict with \"kubectl\"", ".data.key"]);
        kubectl.run(&format!("apply --server-side --field-manager=other --force-conflicts -f {manifest}"));
        assert_eq!(kubectl.run("get configmap settings -o jsonpath={.data.key}"), "2");
    });
}

#[test]
fn patch_speaks_all_three_dialects() {
    in_both_views(|kubectl| {
        kubectl.run_on("create", &manifests::deployment("web", 1).to_string());
        kubectl.run_with("patch deployment web -p", r#"{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"side:1"}]}}}}"#);
        kubectl.run_with("patch deployment web --type=merge -p", r#"{"spec":{"replicas":4}}"#);
        kubectl.run_with("patch deployment web --type=json -p", r#"[{"op":"replace","path":"/spec/paused","value":true},{"op":"add","path":"/spec/minReadySeconds","value":3}]"#.replace("replace", "add").as_str());
        let shown = kubectl.run("get deployment web -o jsonpath={.spec.replicas},{.spec.paused},{.spec.minReadySeconds},{.spec.template.spec.containers[*].name}");
        assert_eq!(shown, "4,true,3,side main");
        kubectl.run_with("patch deployment web --subresource=status --type=merge -p", r#"{"status":{"replicas":4,"readyReplicas":1}}"#);
        assert_has(&kubectl.run("get deployment web"), &["1/4"]);
    });
}

#[test]
fn label_annotate_taint_and_cordon_change_metadata_and_nodes() {
    in_both_views(|kubectl| {
        kubectl.run_on("create", &manifests::node("n1").to_string());
        assert_eq!(kubectl.run("label node n1 zone=a"), "node/n1 labeled\n");
        assert_has(&kubectl.run("get nodes -l zone=a -L zone"), &["ZONE", "n1"]);
        assert_has(&kubectl.fail("label node n1 zone=b"), &["already has a value"]);
        kubectl.run("label node n1 zone=b --overwrite");
        kubectl.run("label node n1 zone-");
        assert_eq!(kubectl.run("get nodes -l zone -o name"), "");
        kubectl.run("annotate node n1 note=x");
        assert_has(
            &kubectl.fail("annotate node n1 note=y"),
            &["--overwrite is false but found the following declared annotation(s): 'note'"],
        );
        assert_eq!(kubectl.run("annotate node n1 note=y --overwrite"), "node/n1 annotated\n");
        assert_eq!(kubectl.run("get node n1 -o jsonpath={.metadata.annotations.note}"), "y");
        kubectl.run("taint node n1 key=value:NoSchedule");
        kubectl.run("cordon n1");
        assert_has(&kubectl.run("get node n1"), &["Ready,SchedulingDisabled"]);
        assert_has(&kubectl.run("get node n1 -o jsonpath={.spec.taints}"), &[r#""key":"key""#, "NoSchedule"]);
    });
}

#[test]
fn delete_deletes_and_waits() {
    in_both_views(|kubectl| {
        kubectl.run_on("create", &manifests::config_map("settings", "1").to_string());
        kubectl.run_on("create", &manifests::pod("a").to_string());
        assert_eq!(kubectl.run("delete configmap settings"), "configmap \"settings\" deleted from default namespace\n");
        assert_eq!(kubectl.fail("get configmap settings"), "Error from server (NotFound): configmaps \"settings\" not found\n");
        kubectl.run("delete pods -l app=demo");
        assert_eq!(kubectl.run("get pods -o name"), "");
        assert_has(&kubectl.fail("delete pod a"), &["NotFound"]);
    });
}

#[test]
fn get_watch_shows_every_change() {
    in_both_views(|kubectl| {
        kubectl.run_on("create", &manifests::config_map("before", "1").to_string());
        let watch = Background::start(&mut kubectl.command("get configmaps --watch --output-watch-events"), kubectl.folder());
        let sees = |wanted: &str| {
            let lines =
                || watch.output().lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>();
            eventually(Duration::from_secs(30), || lines().iter().any(|line| line == wanted).then_some(()).ok_or_else(|| watch.output()));
        };
        sees("ADDED before");
        kubectl.run("create configmap settings --from-literal=key=1");
        sees("ADDED settings");
        kubectl.run("label configmap settings tier=x");
        sees("MODIFIED settings");
        kubectl.run("delete configmap settings");
        sees("DELETED settings");
        kubectl.run("delete configmap before");
    });
}

#[test]
fn explain_reads_the_openapi_documents() {
    in_both_views(|kubectl| {
        assert_has(
            &kubectl.run("explain deployment.spec.replicas"),
            &["GROUP:", "apps", "KIND:", "Deployment", "FIELD: replicas <integer>"],
        );
        assert_has(&kubectl.run("explain pod.spec.containers"), &["FIELD: containers <[]Container>", "imagePullPolicy"]);
        let recursive = kubectl.run("explain statefulset.spec --recursive");
        assert_has(&recursive, &["volumeClaimTemplates\t<[]PersistentVolumeClaim>", "enum: OrderedReady, Parallel"]);
    });
}

#[test]
fn scale_edit_rollout_and_replace_change_a_deployment() {
    in_both_views(|kubectl| {
        assert_eq!(kubectl.run("create deployment web --image=web:1"), "deployment.apps/web created\n");
        assert_eq!(kubectl.run("scale deployment web --replicas=5"), "deployment.apps/web scaled\n");
        let mut edit = kubectl.command("edit deployment web");
        let edited = edit.env("KUBE_EDITOR", "sed -i s/web:1/web:2/").output().unwrap();
        assert_has(&String::from_utf8_lossy(&edited.stdout), &["deployment.apps/web edited"]);
        assert_eq!(kubectl.run("rollout restart deployment web"), "deployment.apps/web restarted\n");
        let shown = kubectl.run("get deployment web -o jsonpath={.spec.replicas},{.spec.template.spec.containers[0].image},{.spec.template.metadata.annotations}");
        assert_has(&shown, &["5,web:2,", "kubectl.kubernetes.io/restartedAt"]);
        kubectl.run("set image deployment web web=web:3");
        assert_has(&kubectl.run("get deployments -o wide"), &["web:3", "0/5"]);
        kubectl.run("expose deployment web --port=80");
        assert_has(&kubectl.run("get service web"), &["ClusterIP", "80/TCP"]);
        kubectl.run("autoscale deployment web --min=1 --max=3");
        assert_has(&kubectl.run("get hpa web"), &["Deployment/web", "1", "3"]);
    });
}

#[test]
fn discovery_names_what_is_served() {
    in_both_views(|kubectl| {
        assert_has(&kubectl.run("version"), &["Server Version: v1.37.2"]);
        assert_has(&kubectl.run("api-versions"), &["apps/v1", "resource.k8s.io/v1", "v1"]);
        assert_has(&kubectl.run("api-resources"), &["pods", "po", "deployments", "deploy", "customresourcedefinitions"]);
        assert_has(&kubectl.fail("get gadgets"), &["the server doesn't have a resource type \"gadgets\""]);
        kubectl.run("create namespace team");
        kubectl.run("create configmap settings -n team");
        assert_has(&kubectl.run("get configmaps -n team"), &["settings"]);
    });
}
