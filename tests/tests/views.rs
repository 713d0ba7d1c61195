//! Views over the network: `/views`, the same as Kubernetes objects, and the files that go with them.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi_tests::{Target, TestServer, clients::Kubectl, http::Connection, manifests};
use serde_json::{Value, json};
use std::path::Path;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn map(name: &str, value: &str) -> Value {
    json!({"metadata": {"name": name}, "data": {"value": value, "other": "x"}})
}

/// Where a view's API is, after creating the view.
fn create(server: &TestServer, name: &str, options: &Value) -> Target {
    server.root().create(&format!("/views/{name}"), options);
    Target { prefix: format!("/{name}"), ..server.root() }
}

#[test]
fn a_second_creation_with_the_same_options_finds_the_view() {
    let server = TestServer::launch();
    let options = json!({"mode": "frozen", "labels": {"team": "a"}});
    let created = server.root().create("/views/a", &options);
    assert_eq!(server.root().call("POST", "/views/a", &options).0, 200);
    assert_eq!(server.root().call("POST", "/views/a", &json!({"mode": "live"})).0, 409);
    assert_eq!(
        (created["parent"].as_str(), created["mode"].as_str(), created["changes"].as_u64()),
        (Some("base"), Some("frozen"), Some(0))
    );
    assert_eq!(created["labels"], json!({"team": "a"}));
    assert!(Path::new(created["kubeconfig"].as_str().unwrap()).exists());
}

#[test]
fn a_fork_starts_at_any_revision_of_its_parent() {
    let server = TestServer::launch();
    let base = server.base();
    let first = base.create(MAPS, &map("a", "1"));
    base.create(MAPS, &map("b", "1"));
    let revision: u64 = first["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
    for mode in ["live", "frozen"] {
        let view = create(&server, mode, &json!({"mode": mode, "atRevision": revision}));
        assert_eq!(view.call("GET", &format!("{MAPS}/a"), &Value::Null).0, 200, "{mode}");
        assert_eq!(view.call("GET", &format!("{MAPS}/b"), &Value::Null).0, 404, "{mode}");
    }
    base.create(MAPS, &map("c", "1"));
    let sees_c = |view: &str| Target { prefix: format!("/{view}"), ..server.root() }.call("GET", &format!("{MAPS}/c"), &Value::Null).0;
    assert_eq!((sees_c("live"), sees_c("frozen")), (200, 404));
    assert_eq!(server.root().call("POST", "/views/future", &json!({"mode": "frozen", "atRevision": 1_000_000})).0, 422);
}

#[test]
fn views_nest_without_limit() {
    let server = TestServer::launch();
    server.base().create(MAPS, &map("a", "1"));
    let mut parent = "base".to_owned();
    for depth in 0..100 {
        let name = format!("v{depth}");
        let view = create(&server, &name, &json!({"from": parent, "mode": if depth % 2 == 0 { "live" } else { "frozen" }}));
        view.create(MAPS, &map(&format!("own-{depth}"), "1"));
        parent = name;
    }
    let deepest = Target { prefix: "/v99".to_owned(), ..server.root() };
    assert_eq!(deepest.get(MAPS)["items"].as_array().unwrap().iter().filter(|m| m["metadata"]["name"] != "kube-root-ca.crt").count(), 101);
}

#[test]
fn a_view_with_children_goes_only_with_them() {
    let server = TestServer::launch();
    create(&server, "a", &Value::Null);
    create(&server, "b", &json!({"from": "a"}));
    assert_eq!(server.root().call("DELETE", "/views/a", &Value::Null).0, 409);
    let (code, answer) = server.root().call("DELETE", "/views/a?cascade=true", &Value::Null);
    assert_eq!((code, answer["deleted"].as_array().unwrap().len()), (200, 2));
    assert_eq!(server.root().call("GET", "/views/b", &Value::Null).0, 404);
}

#[test]
fn a_diff_is_told_to_programs_and_to_people() {
    let server = TestServer::launch();
    ["changed", "deleted"].iter().for_each(|name| drop(server.base().create(MAPS, &map(name, "1"))));
    let view = create(&server, "a", &Value::Null);
    view.call("PATCH", &format!("{MAPS}/changed"), &json!({"data": {"value": "2"}}));
    view.call("DELETE", &format!("{MAPS}/deleted"), &Value::Null);
    view.create(MAPS, &map("made", "1"));
    let diff = server.root().get("/views/a/diff?against=base");
    assert_eq!(diff["created"][0]["metadata"]["name"], "made");
    assert_eq!(diff["modified"][0]["patch"], json!({"data": {"value": "2"}}));
    assert_eq!(diff["deleted"][0]["name"], "deleted");
    let headers = [("Accept".to_owned(), "text/plain".to_owned())];
    let (_, text) = Connection::open(&server.root().host).unwrap().call("GET", "/views/a/diff", &headers, None).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("~ ConfigMap default/changed\n    data.value: \"1\" -> \"2\"\n"), "{text}");
    assert!(text.ends_with("1 created, 1 modified, 1 deleted\n"), "{text}");
}

#[test]
fn a_commit_merges_fields_and_refuses_what_conflicts() {
    let server = TestServer::launch();
    let (root, base) = (server.root(), server.base());
    base.create(MAPS, &map("a", "1"));
    let view = create(&server, "a", &Value::Null);
    let patch = |view: &Target, field: &str, value: &str| view.call("PATCH", &format!("{MAPS}/a"), &json!({"data": {field: value}}));
    patch(&view, "value", "mine");
    patch(&base, "other", "theirs");
    assert_eq!(root.expect("POST", "/views/a/commit?dryRun=All", &Value::Null, 200)["modified"], 1);
    assert_eq!(base.get(&format!("{MAPS}/a"))["data"]["value"], "1", "a dry run writes nothing");
    root.expect("POST", "/views/a/commit", &Value::Null, 200);
    assert_eq!(base.get(&format!("{MAPS}/a"))["data"], json!({"value": "mine", "other": "theirs"}));
    assert_eq!(root.get("/views/a")["changes"], 0);

    patch(&view, "value", "again");
    patch(&base, "value", "otherwise");
    view.create(MAPS, &map("b", "1"));
    let (code, status) = root.call("POST", "/views/a/commit", &Value::Null);
    assert_eq!(code, 409);
    assert_eq!(
        status["details"]["causes"],
        json!([{"reason": "ViewConflict", "message": "ConfigMap default/a: changed here and there", "field": "data.value"}])
    );
    assert_eq!(base.call("GET", &format!("{MAPS}/b"), &Value::Null).0, 404, "all or nothing");
}

#[test]
fn a_reset_view_shows_its_parent_and_a_rewound_one_what_it_showed() {
    let server = TestServer::launch();
    let root = server.root();
    let view = create(&server, "a", &Value::Null);
    let first = view.create(MAPS, &map("a", "1"));
    view.call("PATCH", &format!("{MAPS}/a"), &json!({"data": {"value": "2"}}));
    let revision = first["metadata"]["resourceVersion"].as_str().unwrap();
    assert_eq!(root.expect("POST", &format!("/views/a/rewind?revision={revision}"), &Value::Null, 200)["changed"], 1);
    assert_eq!(view.get(&format!("{MAPS}/a"))["data"]["value"], "1");
    root.expect("POST", "/views/a/reset", &Value::Null, 200);
    assert_eq!(view.call("GET", &format!("{MAPS}/a"), &Value::Null).0, 404);
    assert_eq!(root.call("POST", &format!("/views/a/rewind?revision={revision}"), &Value::Null).0, 410);
}

#[test]
fn many_forks_are_compared_in_one_call() {
    let server = TestServer::launch();
    server.base().create("/api/v1/nodes", &manifests::node("n1"));
    ["p1", "p2"].iter().for_each(|pod| drop(server.base().create("/api/v1/namespaces/default/pods", &manifests::pod(pod))));
    let binding = |pod: &str| json!({"metadata": {"name": pod}, "target": {"kind": "Node", "name": "n1"}});
    for (name, mode) in [("a", "live"), ("b", "frozen")] {
        let view = create(&server, name, &json!({"mode": mode}));
        view.create("/api/v1/namespaces/default/pods/p1/binding", &binding("p1"));
    }
    server.base().create("/api/v1/namespaces/default/pods/p2/binding", &binding("p2"));
    let answer = server.root().get("/views/compare?names=a,b&nodes=true");
    let counts = |view: &Value| ["bound", "pending", "nodesUsed"].map(|key| view[key].as_i64().unwrap());
    assert_eq!(counts(&answer["parents"]["base"]), [1, 1, 1]);
    assert_eq!(counts(&answer["views"][0]), [2, 0, 1], "a live fork sees what its parent has bound");
    assert_eq!(counts(&answer["views"][1]), [1, 1, 1], "a frozen one does not");
    assert_eq!(answer["views"][0]["byNode"]["n1"]["pods"], 2);
    assert_eq!(answer["views"][0]["againstParent"]["bound"], 1);
    assert_eq!(server.root().get("/views/compare?of=base")["views"].as_array().unwrap().len(), 2);
}

#[test]
fn an_import_keeps_status_and_uids_and_tells_what_it_refused() {
    let server = TestServer::launch();
    let uid = "11111111-2222-3333-4444-555555555555";
    let mut pod = manifests::pod("p");
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["namespace"] = "default".into();
    pod["metadata"]["uid"] = uid.into();
    pod["status"] = json!({"phase": "Running", "podIP": "10.1.2.3"});
    let owned = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "owned", "namespace": "default", "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": uid}]},
    });
    let bad = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Bad Name", "namespace": "default"}});
    let objects = json!([pod, owned, bad]);
    for (name, uids) in [("kept", "keep"), ("replaced", "replace&salt=x")] {
        let view = create(&server, name, &Value::Null);
        let answer = server.root().expect("POST", &format!("/views/{name}/import?uids={uids}"), &objects, 200);
        assert_eq!((answer["created"].as_u64(), answer["refused"].as_array().map(Vec::len)), (Some(2), Some(1)), "{answer}");
        let stored = view.get("/api/v1/namespaces/default/pods/p");
        assert_eq!((stored["status"]["phase"].as_str(), stored["status"]["podIP"].as_str()), (Some("Running"), Some("10.1.2.3")));
        assert_eq!(stored["metadata"]["uid"] == uid, name == "kept");
        let owner = &view.get(&format!("{MAPS}/owned"))["metadata"]["ownerReferences"][0]["uid"];
        assert_eq!(*owner, stored["metadata"]["uid"], "references still hold");
        let again = server.root().expect("POST", &format!("/views/{name}/import?uids={uids}"), &objects, 200);
        assert_eq!(again["existing"], 2);
    }
}

#[test]
fn kubectl_makes_lists_and_deletes_views_of_the_base_view() {
    let server = TestServer::launch();
    let Some(kubectl) = Kubectl::find(&server.kubeconfig(&server.server().base())) else { return };
    let object = json!({"apiVersion": "views.minkapi.dev/v1", "kind": "View", "metadata": {"name": "blue"}, "spec": {"mode": "frozen"}});
    kubectl.run_on("apply", &object.to_string());
    let info = server.root().get("/views/blue");
    assert_eq!((info["mode"].as_str(), info["parent"].as_str()), (Some("frozen"), Some("base")), "both show one state");
    assert!(Path::new(info["kubeconfig"].as_str().unwrap()).exists());
    create(&server, "green", &json!({"from": "blue"}));
    let text = kubectl.run("get views");
    assert!(text.lines().next().unwrap().split_whitespace().eq(["NAME", "FROM", "MODE", "REVISION", "CHANGES", "AGE"]), "{text}");
    assert!(text.contains("blue") && text.contains("green"), "{text}");
    kubectl.run("delete view green");
    assert_eq!(server.root().call("GET", "/views/green", &Value::Null).0, 404);
    kubectl.run("delete view blue");
    assert!(!Path::new(info["kubeconfig"].as_str().unwrap()).exists());
}

#[test]
fn a_view_with_a_time_to_live_goes_by_itself() {
    let server = TestServer::launch();
    let view = create(&server, "short", &json!({"ttlSeconds": 1}));
    minkapi_tests::eventually(std::time::Duration::from_secs(10), || match view.call("GET", MAPS, &Value::Null).0 {
        404 => Ok(()),
        code => Err(format!("it answers {code}")),
    });
}
