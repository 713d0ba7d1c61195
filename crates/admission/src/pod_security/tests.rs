//! Pod Security: levels, modes and words.

use super::*;
use crate::testing::{FakeCluster, Request};
use serde_json::json;

fn namespace(labels: &[(&str, &str)]) -> Value {
    let labels: serde_json::Map<String, Value> =
        labels.iter().map(|(key, value)| (format!("pod-security.kubernetes.io/{key}"), Value::from(*value))).collect();
    json!({"metadata": {"name": "x", "labels": labels}})
}

fn cluster(labels: &[(&str, &str)]) -> FakeCluster {
    FakeCluster::with("namespaces", namespace(labels))
}

fn pod(spec: Value) -> Value {
    json!({"metadata": {"name": "web", "namespace": "x"}, "spec": spec})
}

fn refused(labels: &[(&str, &str)], spec: Value) -> Option<String> {
    let mut request = Request::create("", "v1", "Pod", pod(spec));
    request.validate(&PodSecurity, &cluster(labels)).err().map(|status| status.message)
}

fn hardened() -> Value {
    json!({
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "app", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]
    })
}

#[test]
fn a_plain_pod_is_told_all_that_the_restricted_level_asks_for() {
    let plain = json!({"containers": [{"name": "app"}]});
    assert_eq!(refused(&[("enforce", "baseline")], plain.clone()), None);
    assert_eq!(
        refused(&[("enforce", "restricted")], plain).unwrap(),
        "pods \"web\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"app\" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"app\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"app\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container \"app\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
    );
    assert_eq!(refused(&[("enforce", "restricted")], hardened()), None);
}

#[test]
fn each_check_of_the_baseline_refuses() {
    let container = |security: Value| json!({"containers": [{"name": "a", "securityContext": security}]});
    for (spec, told) in [
        (container(json!({"privileged": true})), "privileged (container \"a\" must not set securityContext.privileged=true)"),
        (
            container(json!({"capabilities": {"add": ["SYS_ADMIN", "CHOWN"]}})),
            "non-default capabilities (container \"a\" must not include \"SYS_ADMIN\" in securityContext.capabilities.add)",
        ),
        (json!({"hostNetwork": true, "hostPID": true}), "host namespaces (hostNetwork=true, hostPID=true)"),
        (json!({"volumes": [{"name": "v", "hostPath": {}}]}), "hostPath volumes (volume \"v\")"),
        (
            json!({"containers": [{"name": "a", "ports": [{"hostPort": 80}, {"hostPort": 443}]}]}),
            "hostPort (container \"a\" uses hostPorts 443, 80)",
        ),
        (
            json!({"containers": [{"name": "a", "livenessProbe": {"httpGet": {"host": "h"}}}]}),
            "probe or lifecycle host (container \"a\" uses probe or lifecycle host \"h\")",
        ),
        (container(json!({"procMount": "Unmasked"})), "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")"),
        (
            json!({"securityContext": {"seLinuxOptions": {"type": "t", "user": "u"}}}),
            "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"t\"; user may not be set)",
        ),
        (
            container(json!({"seccompProfile": {"type": "Unconfined"}})),
            "seccompProfile (container \"a\" must not set securityContext.seccompProfile.type to \"Unconfined\")",
        ),
        (json!({"securityContext": {"sysctls": [{"name": "kernel.msgmax"}]}}), "forbidden sysctls (kernel.msgmax)"),
        (
            json!({"securityContext": {"windowsOptions": {"hostProcess": true}}}),
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
        ),
        (
            json!({"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}),
            "forbidden AppArmor profile (pod must not set AppArmor profile type to \"Unconfined\")",
        ),
    ] {
        let message = refused(&[("enforce", "baseline")], spec).unwrap();
        assert_eq!(message, format!("pods \"web\" is forbidden: violates PodSecurity \"baseline:latest\": {told}"));
    }
}

#[test]
fn the_version_decides_which_rules_hold() {
    let sysctl = json!({"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem"}]}});
    assert!(refused(&[("enforce", "baseline"), ("enforce-version", "v1.31")], sysctl.clone()).is_some());
    assert!(refused(&[("enforce", "baseline"), ("enforce-version", "v1.32")], sysctl).is_none());
    let plain = json!({"containers": [{"name": "app"}], "securityContext": {"runAsNonRoot": true}});
    assert_eq!(refused(&[("enforce", "restricted"), ("enforce-version", "v1.7")], plain), None);
}

#[test]
fn the_restricted_level_tells_a_host_path_once() {
    let mut spec = hardened();
    spec["volumes"] = json!([{"name": "v", "hostPath": {}}]);
    let message = refused(&[("enforce", "restricted")], spec).unwrap();
    assert!(message.ends_with(": restricted volume types (volume \"v\" uses restricted volume type \"hostPath\")"), "{message}");
}

#[test]
fn warnings_come_for_pods_and_templates() {
    let labels = [("warn", "baseline")];
    let spec = json!({"hostNetwork": true});
    let mut request = Request::create("", "v1", "Pod", pod(spec.clone()));
    request.validate(&PodSecurity, &cluster(&labels)).unwrap();
    assert_eq!(request.warnings, ["would violate PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)"]);
    let deployment = json!({"metadata": {"name": "d", "namespace": "x"}, "spec": {"template": {"spec": spec}}});
    let mut request = Request::create("apps", "v1", "Deployment", deployment);
    request.validate(&PodSecurity, &cluster(&[("enforce", "baseline")])).unwrap();
    assert_eq!(request.warnings.len(), 1);
}

#[test]
fn updates_are_checked_when_an_image_changes() {
    let spec = |image: &str| json!({"hostNetwork": true, "containers": [{"name": "a", "image": image}]});
    for (image, refused) in [("a:1", false), ("a:2", true)] {
        let mut request = Request::create("", "v1", "Pod", pod(spec(image)));
        request.operation = Operation::Update;
        request.old = Some(pod(spec("a:1")));
        assert_eq!(request.validate(&PodSecurity, &cluster(&[("enforce", "baseline")])).is_err(), refused);
    }
}

#[test]
fn a_namespace_with_a_stricter_rule_warns_of_its_pods() {
    let existing = |name: &str| json!({"metadata": {"name": name, "namespace": "x"}, "spec": {"hostNetwork": true}});
    let cluster = FakeCluster::with("pods", existing("b")).and("pods", existing("a")).and("pods", existing("c"));
    let mut request = Request::create("", "v1", "Namespace", namespace(&[("enforce", "baseline")]));
    request.operation = Operation::Update;
    request.old = Some(namespace(&[]));
    request.validate(&PodSecurity, &cluster).unwrap();
    assert_eq!(
        request.warnings,
        [
            "existing pods in namespace \"x\" violate the new PodSecurity enforce level \"baseline:latest\"",
            "a (and 2 other pods): host namespaces"
        ]
    );
}

#[test]
fn wrong_labels_are_invalid_unless_they_were_there() {
    let wrong = namespace(&[("enforce", "strict")]);
    let mut request = Request::create("", "v1", "Namespace", wrong.clone());
    let status = request.validate(&PodSecurity, &FakeCluster::default()).unwrap_err();
    assert_eq!(
        status.message,
        "Namespace \"x\" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted"
    );
    request.operation = Operation::Update;
    request.old = Some(wrong);
    request.validate(&PodSecurity, &FakeCluster::default()).unwrap();
}

/// The newest version of the rules that was recorded.
const RECORDED: u64 = 37;

#[test]
fn every_check_says_in_every_version_what_kube_apiserver_says() {
    let recorded: Value = serde_json::from_str(include_str!("../../tests/data/pod_security.json")).unwrap();
    let told = |rule: Rule, pod: &Value| details(&evaluate(rule, Pod::of(pod)));
    for level in [Level::Baseline, Level::Restricted] {
        for (name, pod) in recorded["pods"].as_object().unwrap() {
            let rule = |version| Rule { level, version };
            let level_name = rule(policy::Version::Latest).to_string();
            let answers = recorded[level_name.trim_end_matches(":latest")][name].as_array().unwrap();
            for minor in 0..=RECORDED {
                let since = answers.iter().rev().find(|answer| answer[0].as_u64().unwrap() <= minor).unwrap();
                assert_eq!(told(rule(policy::Version::Minor(minor)), pod), since[1].as_str().unwrap(), "{name} in {level:?} v1.{minor}");
            }
            assert_eq!(told(rule(policy::Version::Latest), pod), answers.last().unwrap()[1].as_str().unwrap(), "{name} in {level:?}");
        }
    }
}
