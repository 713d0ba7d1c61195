//! The Go program of the same purpose got these wrong; each has a test here, so that none comes back.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi_tests::{TestServer, manifests};
use serde_json::{Value, json};
use std::{collections::BTreeSet, thread};

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn one(name: &str) -> String {
    format!("{CONFIG_MAPS}/{name}")
}

fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

#[test]
fn a_deletion_reaches_every_watch() {
    let server = TestServer::launch();
    for view in server.both() {
        let api = server.target(&view);
        let created = api.create(CONFIG_MAPS, &manifests::config_map("a", "1"));
        let since = version(&created);
        let mut watches = [(); 3].map(|()| api.watch(&format!("{CONFIG_MAPS}?watch=1&resourceVersion={since}")));
        api.expect("DELETE", &one("a"), &Value::Null, 200);
        watches.iter_mut().for_each(|watch| assert_eq!(watch.take(1), ["DELETED a"]));
    }
}

#[test]
fn events_come_in_the_order_of_the_changes() {
    let server = TestServer::launch();
    for view in server.both() {
        let api = server.target(&view);
        let since = version(&api.get(CONFIG_MAPS));
        let mut watch = api.watch(&format!("{CONFIG_MAPS}?watch=1&resourceVersion={since}"));
        thread::scope(|scope| {
            for writer in 0..8 {
                let api = &api;
                scope.spawn(move || api.create_all(CONFIG_MAPS, (0..25).map(|n| manifests::config_map(&format!("w{writer}-{n}"), "1"))));
            }
        });
        let events: Vec<Value> = std::iter::from_fn(|| watch.next_event()).take(200).collect();
        let versions: Vec<u64> = events.iter().map(|event| version(&event["object"])).collect();
        assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
        let names: BTreeSet<&str> = events.iter().filter_map(|event| event["object"]["metadata"]["name"].as_str()).collect();
        assert_eq!(names.len(), 200, "each of them once");
        api.expect("DELETE", CONFIG_MAPS, &Value::Null, 200);
    }
}

#[test]
fn a_watcher_that_does_not_read_holds_up_nobody() {
    let server = TestServer::launch();
    let api = server.base();
    let since = version(&api.create(CONFIG_MAPS, &manifests::config_map("big", "0")));
    let path = format!("{CONFIG_MAPS}?watch=1&resourceVersion={since}");
    let _stuck = api.watch(&path);
    let mut reading = api.watch(&path);
    // Far more than sockets buffer.
    for n in 1..=400 {
        api.expect("PUT", &one("big"), &manifests::config_map("big", &format!("{n}{}", "x".repeat(50_000))), 200);
    }
    for n in 1..=400 {
        let event = reading.next_event().unwrap();
        assert!(event["object"]["data"]["key"].as_str().unwrap().starts_with(&format!("{n}x")), "change {n}");
    }
}

#[test]
fn nothing_is_lost_or_doubled_between_a_list_and_its_watch() {
    let server = TestServer::launch();
    for view in server.both() {
        let api = server.target(&view);
        thread::scope(|scope| {
            let writer = scope.spawn(|| api.create_all(CONFIG_MAPS, (0..300).map(|n| manifests::config_map(&format!("n{n}"), "1"))));
            for _ in 0..5 {
                let list = api.get(CONFIG_MAPS);
                let mut names: Vec<String> = list["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| format!("ADDED {}", item["metadata"]["name"].as_str().unwrap()))
                    .collect();
                // The root certificates' map is there from the start in namespaces with a controller manager; here it is not.
                let mut watch = api.watch(&format!("{CONFIG_MAPS}?watch=1&resourceVersion={}", version(&list)));
                names.extend(watch.take(300 - names.len()));
                let unique: BTreeSet<&String> = names.iter().collect();
                assert_eq!((names.len(), unique.len()), (300, 300));
            }
            writer.join().unwrap();
        });
        api.expect("DELETE", CONFIG_MAPS, &Value::Null, 200);
    }
}

#[test]
fn an_update_of_an_old_version_is_a_conflict() {
    let server = TestServer::launch();
    for view in server.both() {
        let api = server.target(&view);
        let mut old = api.create(CONFIG_MAPS, &manifests::config_map("a", "1"));
        api.expect("PUT", &one("a"), &manifests::config_map("a", "2"), 200);
        old["data"]["key"] = "3".into();
        let refused = api.expect("PUT", &one("a"), &old, 409);
        assert_eq!(refused["reason"], "Conflict");
        assert_eq!(api.get(&one("a"))["data"]["key"], "2");
    }
}

#[test]
fn a_create_does_not_overwrite() {
    let server = TestServer::launch();
    let blue = server.target(&server.sandbox("blue").view);
    for api in [server.base(), blue] {
        let _ = api.call("POST", CONFIG_MAPS, &manifests::config_map("a", "1"));
        let refused = api.expect("POST", CONFIG_MAPS, &manifests::config_map("a", "2"), 409);
        assert_eq!(refused["reason"], "AlreadyExists");
        assert_eq!(api.get(&one("a"))["data"]["key"], "1");
    }
}

#[test]
fn a_put_replaces_and_does_not_merge() {
    let server = TestServer::launch();
    for view in server.both() {
        let api = server.target(&view);
        let mut object = manifests::config_map("a", "1");
        object["metadata"]["labels"] = json!({"tier": "x"});
        object["data"]["more"] = "2".into();
        api.create(CONFIG_MAPS, &object);
        let replaced = api.expect("PUT", &one("a"), &manifests::config_map("a", "1"), 200);
        assert_eq!(replaced["data"], json!({"key": "1"}));
        assert_eq!(replaced["metadata"]["labels"], Value::Null);
    }
}

#[test]
fn a_patch_in_a_sandbox_leaves_the_base_view_as_it_was() {
    let server = TestServer::launch();
    let (base, blue) = (server.base(), server.target(&server.sandbox("blue").view));
    let before = base.create(CONFIG_MAPS, &manifests::config_map("a", "1"));
    let patched = blue.expect("PATCH", &one("a"), &json!({"data": {"key": "2"}}), 200);
    assert_eq!(patched["data"]["key"], "2");
    assert_eq!(base.get(&one("a")), before);
    assert_eq!(blue.get(&one("a")), patched);
}

#[test]
fn a_deletion_in_a_sandbox_leaves_the_base_view_as_it_was() {
    let server = TestServer::launch();
    let (base, blue) = (server.base(), server.target(&server.sandbox("blue").view));
    let before = base.create(CONFIG_MAPS, &manifests::config_map("a", "1"));
    base.create(CONFIG_MAPS, &manifests::config_map("b", "1"));
    blue.expect("DELETE", &one("a"), &Value::Null, 200);
    blue.expect("GET", &one("a"), &Value::Null, 404);
    blue.expect("DELETE", CONFIG_MAPS, &Value::Null, 200);
    assert_eq!(blue.get(CONFIG_MAPS)["items"], json!([]));
    assert_eq!(base.get(&one("a")), before);
    assert_eq!(base.get(CONFIG_MAPS)["items"].as_array().unwrap().len(), 2);
}

#[test]
fn asking_for_a_sandbox_twice_gives_the_same_one() {
    let server = TestServer::launch();
    let root = server.root();
    let first = root.expect("POST", "/views/blue", &Value::Null, 201);
    assert_eq!(first["url"], format!("http://{}/blue", root.host));
    assert!(std::fs::exists(first["kubeconfig"].as_str().unwrap()).unwrap());
    server.target(&server.server().views().get("blue").unwrap()).create(CONFIG_MAPS, &manifests::config_map("a", "1"));
    let second = root.expect("POST", "/views/blue", &Value::Null, 200);
    assert_eq!((&second["url"], &second["kubeconfig"]), (&first["url"], &first["kubeconfig"]));
    let blue = server.target(&server.server().views().get("blue").unwrap());
    assert_eq!(blue.get(&one("a"))["data"]["key"], "1", "what was done in it is still there");
}

#[test]
fn a_sandbox_needs_a_name_that_can_stand_in_a_path() {
    let server = TestServer::launch();
    for name in ["base", "views", "debug", "healthz", "readyz", "livez", "Upper", "dot.ted", "-dash"] {
        let refused = server.root().expect("POST", &format!("/views/{name}"), &Value::Null, 422);
        assert!(refused["message"].as_str().unwrap().contains(name), "{refused}");
    }
}

#[test]
fn an_unknown_kind_is_not_found() {
    let server = TestServer::launch();
    for view in server.both() {
        let api = server.target(&view);
        api.expect("GET", "/api/v1/namespaces/default/gadgets", &Value::Null, 404);
        api.expect("GET", "/apis/example.com/v1/gadgets", &Value::Null, 404);
        api.expect("POST", "/api/v1/namespaces/default/gadgets", &json!({"apiVersion": "v1", "kind": "Gadget"}), 404);
    }
}

#[test]
fn a_create_answers_201() {
    let server = TestServer::launch();
    for view in server.both() {
        let api = server.target(&view);
        api.expect("POST", CONFIG_MAPS, &manifests::config_map("a", "1"), 201);
        api.expect("POST", "/api/v1/nodes", &manifests::node("n1"), 201);
        api.expect("POST", "/apis/apps/v1/namespaces/default/deployments", &manifests::deployment("web", 1), 201);
    }
}

#[test]
fn selectors_choose_in_lists_and_watches() {
    let server = TestServer::launch();
    for view in server.both() {
        let api = server.target(&view);
        let pods = "/api/v1/namespaces/default/pods";
        let since = version(&api.get(pods));
        let mut other = manifests::pod("b");
        other["metadata"]["labels"]["app"] = "other".into();
        other["spec"]["nodeName"] = "n1".into();
        api.create(pods, &other);
        api.create(pods, &manifests::pod("a"));
        for (selector, chosen) in
            [("labelSelector=app%3Ddemo", "a"), ("fieldSelector=spec.nodeName%3Dn1", "b"), ("fieldSelector=metadata.name%3Da", "a")]
        {
            let list = api.get(&format!("{pods}?{selector}"));
            let names: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| &item["metadata"]["name"]).collect();
            assert_eq!(names, [chosen], "{selector}");
            let mut watch = api.watch(&format!("{pods}?watch=1&resourceVersion={since}&timeoutSeconds=1&{selector}"));
            assert_eq!(watch.take(2), [format!("ADDED {chosen}")], "{selector}");
        }
    }
}

#[test]
fn status_is_a_subresource_outside_the_core_group_too() {
    let server = TestServer::launch();
    for view in server.both() {
        let api = server.target(&view);
        let deployments = "/apis/apps/v1/namespaces/default/deployments";
        api.create(deployments, &manifests::deployment("web", 3));
        let path = format!("{deployments}/web/status");
        let patched = api.expect("PATCH", &path, &json!({"status": {"replicas": 3}, "spec": {"replicas": 9}}), 200);
        assert_eq!((&patched["status"]["replicas"], &patched["spec"]["replicas"]), (&json!(3), &json!(3)));
        assert_eq!(api.get(&path)["status"]["replicas"], 3);
    }
}
