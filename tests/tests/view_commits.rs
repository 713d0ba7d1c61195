//! A commit into the parent keeps the parent's own rules, not only those of single objects.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi_tests::{Target, TestServer, manifests};
use serde_json::{Value, json};

const SERVICES: &str = "/api/v1/namespaces/default/services";
const NAMESPACES: &str = "/api/v1/namespaces";
const MAPS: &str = "/api/v1/namespaces/team/configmaps";
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// A server with a frozen fork, which does not see what happens in the base view afterwards.
struct Fork {
    server: TestServer,
    base: Target,
    fork: Target,
}

impl Fork {
    fn new(prepare: impl FnOnce(&Target)) -> Self {
        let server = TestServer::launch();
        let base = server.base();
        prepare(&base);
        server.root().create("/views/fork", &json!({"mode": "frozen"}));
        let fork = Target { prefix: "/fork".to_owned(), ..server.root() };
        Self { server, base, fork }
    }

    fn commit(&self) -> (u16, Value) {
        self.server.root().call("POST", "/views/fork/commit", &Value::Null)
    }

    /// Field and message of each conflict.
    fn conflicts(&self) -> Vec<(String, String)> {
        let (code, status) = self.commit();
        assert_eq!(code, 409, "{status}");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        status["details"]["causes"].as_array().unwrap().iter().map(|c| (text(&c["field"]), text(&c["message"]))).collect()
    }
}

fn node_port(name: &str, port: u16) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]}})
}

fn pair(field: &str, message: &str) -> (String, String) {
    (field.to_owned(), message.to_owned())
}

#[test]
fn two_services_never_get_one_node_port() {
    let both = Fork::new(|_| {});
    both.fork.create(SERVICES, &node_port("mine", 30080));
    both.base.create(SERVICES, &node_port("theirs", 30080));
    assert_eq!(both.conflicts(), [pair("spec.ports.nodePort", "Service default/mine: port 30080 is held by Service default/theirs there")]);
    both.base.call("DELETE", &format!("{SERVICES}/theirs"), &Value::Null);
    assert_eq!(both.commit().0, 200);
    let (code, status) = both.base.call("POST", SERVICES, &node_port("later", 30080));
    assert_eq!(code, 422, "the committed Service holds its port: {status}");
}

#[test]
fn a_port_that_is_given_up_in_the_fork_may_go_to_another_service() {
    let both = Fork::new(|base| drop(base.create(SERVICES, &node_port("old", 30080))));
    both.fork.call("DELETE", &format!("{SERVICES}/old"), &Value::Null);
    both.fork.create(SERVICES, &node_port("new", 30080));
    assert_eq!(both.commit().0, 200);
    assert_eq!(both.base.get(&format!("{SERVICES}/new"))["spec"]["ports"][0]["nodePort"], 30080);
}

#[test]
fn two_services_never_get_one_cluster_ip() {
    let both = Fork::new(|_| {});
    let service = |name: &str| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"clusterIP": "10.0.0.77", "ports": [{"port": 80}]}});
    both.fork.create(SERVICES, &service("mine"));
    both.base.create(SERVICES, &service("theirs"));
    assert_eq!(both.conflicts(), [pair("", "IPAddress 10.0.0.77: created here and there")]);
    both.base.call("DELETE", &format!("{SERVICES}/theirs"), &Value::Null);
    assert_eq!(both.commit().0, 200);
    assert_eq!(both.base.call("POST", SERVICES, &service("later")).0, 422, "the committed Service holds its address");
}

#[test]
fn an_object_needs_its_namespace_in_the_parent() {
    let both = Fork::new(|base| drop(base.create(NAMESPACES, &json!({"metadata": {"name": "team"}}))));
    both.fork.create(MAPS, &manifests::config_map("a", "1"));
    both.base.call("DELETE", &format!("{NAMESPACES}/team"), &Value::Null);
    assert_eq!(both.conflicts(), [pair("metadata.namespace", "ConfigMap team/a: the namespace is being deleted there")]);
    let mut namespace = both.base.get(&format!("{NAMESPACES}/team"));
    namespace["spec"]["finalizers"] = json!([]);
    both.base.expect("PUT", &format!("{NAMESPACES}/team/finalize"), &namespace, 200);
    assert_eq!(both.conflicts(), [pair("metadata.namespace", "ConfigMap team/a: the namespace is not there")]);
}

#[test]
fn a_namespace_comes_together_with_what_is_in_it() {
    let both = Fork::new(|_| {});
    both.fork.create(NAMESPACES, &json!({"metadata": {"name": "team"}}));
    both.fork.create(MAPS, &manifests::config_map("a", "1"));
    assert_eq!(both.commit().0, 200);
    assert_eq!(both.base.get(&format!("{MAPS}/a"))["data"]["key"], "1");
}

fn definition() -> Value {
    let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}],
        },
    })
}

const WIDGETS: &str = "/apis/example.com/v1/namespaces/default/widgets";

fn widget(name: &str) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name}})
}

#[test]
fn a_definition_that_is_committed_is_served_at_once_and_watched() {
    let both = Fork::new(|_| {});
    let mut watch = both.base.watch(&format!("{DEFINITIONS}?watch=true"));
    both.fork.create(DEFINITIONS, &definition());
    both.fork.create(WIDGETS, &widget("a"));
    assert_eq!(both.commit().0, 200);
    assert_eq!(both.base.get(&format!("{WIDGETS}/a"))["kind"], "Widget");
    assert_eq!(watch.take(1), ["ADDED widgets.example.com"]);
    both.base.create(WIDGETS, &widget("b"));
}

#[test]
fn a_definition_goes_only_with_all_its_objects() {
    let both = Fork::new(|base| drop(base.create(DEFINITIONS, &definition())));
    both.fork.call("DELETE", &format!("{DEFINITIONS}/widgets.example.com"), &Value::Null);
    both.base.create(WIDGETS, &widget("late"));
    let told = both.conflicts();
    assert!(
        told.contains(&pair(
            "",
            "CustomResourceDefinition widgets.example.com: deleted here, but widgets.example.com default/late is there"
        )),
        "{told:?}"
    );
}

#[test]
fn an_object_needs_its_definition_in_the_parent() {
    let both = Fork::new(|base| drop(base.create(DEFINITIONS, &definition())));
    both.fork.create(WIDGETS, &widget("a"));
    both.base.call("DELETE", &format!("{DEFINITIONS}/widgets.example.com"), &Value::Null);
    assert_eq!(both.conflicts(), [pair("apiVersion", "Widget default/a: its CustomResourceDefinition is not there")]);
}

#[test]
fn quotas_count_what_both_sides_have_created() {
    const PODS: &str = "/api/v1/namespaces/default/pods";
    let quota = json!({"metadata": {"name": "pods"}, "spec": {"hard": {"pods": "3"}}});
    let both = Fork::new(|base| {
        base.create("/api/v1/namespaces/default/resourcequotas", &quota);
        base.call(
            "PATCH",
            "/api/v1/namespaces/default/resourcequotas/pods/status",
            &json!({"status": {"hard": {"pods": "3"}, "used": {"pods": "0"}}}),
        );
    });
    let used = || both.base.get("/api/v1/namespaces/default/resourcequotas/pods")["status"]["used"]["pods"].clone();
    both.fork.create(PODS, &manifests::pod("mine"));
    both.base.create(PODS, &manifests::pod("theirs"));
    assert_eq!(both.commit().0, 200);
    assert_eq!(used(), "2");
    both.fork.create(PODS, &manifests::pod("mine-2"));
    both.base.create(PODS, &manifests::pod("theirs-2"));
    assert_eq!(both.conflicts(), [pair("status.used.pods", "ResourceQuota default/pods: exceeded quota: used 4, limited 3")]);
}

#[test]
fn what_the_parent_has_of_its_own_outlives_a_second_commit() {
    const MAP: &str = "/api/v1/namespaces/default/configmaps/a";
    let both = Fork::new(|base| drop(base.create("/api/v1/namespaces/default/configmaps", &manifests::config_map("a", "1"))));
    both.fork.call("PATCH", MAP, &json!({"data": {"mine": "1"}}));
    both.base.call("PATCH", MAP, &json!({"data": {"theirs": "1"}}));
    assert_eq!(both.commit().0, 200);
    both.fork.call("PATCH", MAP, &json!({"data": {"mine": "2"}}));
    assert_eq!(both.commit().0, 200);
    assert_eq!(both.base.get(MAP)["data"], json!({"key": "1", "mine": "2", "theirs": "1"}));
}
