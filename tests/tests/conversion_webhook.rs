//! Custom resources that a webhook converts between versions.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi_tests::{Target, TestServer, conversion_webhook::ConversionWebhook};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const V1: &str = "/apis/example.com/v1/namespaces/default/hosts";
const V2: &str = "/apis/example.com/v2/namespaces/default/hosts";

fn v1(name: &str, host_port: &str) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Host", "metadata": {"name": name}, "spec": {"hostPort": host_port}})
}

fn v2(name: &str, host: &str, port: &str) -> Value {
    json!({"apiVersion": "example.com/v2", "kind": "Host", "metadata": {"name": name}, "spec": {"host": host, "port": port}})
}

/// Runs a check with a webhook and the definition, in a sandbox and in the base view.
fn with_webhook(check: impl Fn(&ConversionWebhook, &Target)) {
    let server = TestServer::launch();
    for view in server.both() {
        let webhook = ConversionWebhook::launch(&server.runtime());
        let target = server.target(&view);
        target.create(DEFINITIONS, &webhook.definition("v1"));
        check(&webhook, &target);
    }
}

fn change_definition(target: &Target, patch: &Value) {
    target.expect("PATCH", &format!("{DEFINITIONS}/hosts.example.com"), patch, 200);
}

#[test]
fn every_version_is_read_and_written_whatever_is_stored() {
    with_webhook(|_, target| {
        // Defaults are those of the version that is written and of the one that is stored, as on kube-apiserver.
        assert_eq!(target.create(V2, &v2("a", "h", "80"))["spec"], json!({"host": "h", "port": "80", "note": "two"}));
        assert_eq!(target.get(&format!("{V1}/a"))["spec"], json!({"hostPort": "h:80", "note": "two"}));
        assert_eq!(target.create(V1, &v1("b", "x:1"))["spec"], json!({"hostPort": "x:1", "note": "one"}));
        let listed = target.get(V2);
        let specs: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|item| &item["spec"]).collect();
        assert_eq!(specs, [&json!({"host": "h", "port": "80", "note": "two"}), &json!({"host": "x", "port": "1", "note": "one"})]);
        let selected = target.get(&format!("{V2}?fieldSelector=spec.host%3Dx"));
        assert_eq!(selected["items"].as_array().unwrap().len(), 1, "fields are those of the version that is listed");
        let first = target.get(&format!("{V2}?limit=1"));
        let next = target.get(&format!("{V2}?limit=1&continue={}", first["metadata"]["continue"].as_str().unwrap()));
        assert_eq!((&first["items"][0]["spec"]["host"], &next["items"][0]["spec"]["host"]), (&json!("h"), &json!("x")));

        let patched = target.expect("PATCH", &format!("{V2}/b"), &json!({"spec": {"port": "2"}}), 200);
        assert_eq!(patched["spec"], json!({"host": "x", "port": "2", "note": "one"}));
        let mut whole = target.get(&format!("{V1}/b"));
        assert_eq!(whole["spec"]["hostPort"], "x:2");
        whole["spec"]["hostPort"] = "y:3".into();
        target.expect("PUT", &format!("{V1}/b"), &whole, 200);
        let ready = target.expect("PATCH", &format!("{V2}/b/status"), &json!({"status": {"ready": true}}), 200);
        assert_eq!((&ready["spec"]["host"], &ready["status"]["ready"]), (&json!("y"), &json!(true)));
        let dry = target.expect("PATCH", &format!("{V2}/b?dryRun=All"), &json!({"spec": {"port": "9"}}), 200);
        assert_eq!(dry["spec"]["port"], "9");
        target.expect("PATCH", &format!("{V2}/b"), &json!({"metadata": {"finalizers": ["example.com/x"]}}), 200);
        let deleting = target.expect("DELETE", &format!("{V2}/b"), &Value::Null, 200);
        assert_eq!((&deleting["spec"]["port"], deleting["metadata"]["deletionTimestamp"].is_string()), (&json!("3"), true));
        target.expect("PATCH", &format!("{V2}/b"), &json!({"metadata": {"finalizers": []}}), 200);
        target.expect("GET", &format!("{V1}/b"), &Value::Null, 404);
    });
}

#[test]
fn a_watch_is_sent_the_version_that_it_asked_for() {
    with_webhook(|_, target| {
        target.create(V1, &v1("a", "h:80"));
        let mut all = target.watch(&format!("{V2}?watch=1&timeoutSeconds=20"));
        let mut of_x = target.watch(&format!("{V2}?watch=1&timeoutSeconds=20&fieldSelector=spec.host%3Dx"));
        let told = |event: Value| {
            let (kind, object) = (event["type"].as_str().unwrap().to_owned(), &event["object"]);
            format!("{kind} {} {} {}", object["apiVersion"].as_str().unwrap(), object["spec"]["host"], object["spec"]["port"])
        };
        assert_eq!(told(all.next_event().unwrap()), r#"ADDED example.com/v2 "h" "80""#);
        target.expect("PATCH", &format!("{V1}/a"), &json!({"spec": {"hostPort": "x:1"}}), 200);
        assert_eq!(told(all.next_event().unwrap()), r#"MODIFIED example.com/v2 "x" "1""#);
        assert_eq!(told(of_x.next_event().unwrap()), r#"ADDED example.com/v2 "x" "1""#, "it has begun to match");
        target.expect("PATCH", &format!("{V1}/a"), &json!({"spec": {"hostPort": "z:1"}}), 200);
        assert_eq!(told(of_x.next_event().unwrap()), r#"DELETED example.com/v2 "x" "1""#, "it has ceased to match");
        target.expect("DELETE", &format!("{V1}/a"), &Value::Null, 200);
        assert_eq!(told(all.next_event().unwrap()), r#"MODIFIED example.com/v2 "z" "1""#);
        assert_eq!(told(all.next_event().unwrap()), r#"DELETED example.com/v2 "z" "1""#);
    });
}

#[test]
fn managers_of_several_versions_keep_their_fields() {
    with_webhook(|_, target| {
        let apply = |path: &str, manager: &str, object: &Value| target.apply(&format!("{path}/a?fieldManager={manager}"), object);
        assert_eq!(apply(V1, "one", &v1("a", "h:80")).0, 201);
        let (status, conflict) = apply(V2, "two", &v2("a", "other", "80"));
        assert_eq!(status, 409, "{conflict}");
        let (status, same) = apply(V2, "two", &v2("a", "h", "80"));
        assert_eq!(status, 200, "{same}");
        let entries = same["metadata"]["managedFields"].as_array().unwrap();
        let version_of = |manager: &str| entries.iter().find(|entry| entry["manager"] == manager).map(|entry| &entry["apiVersion"]);
        assert_eq!((version_of("one"), version_of("two")), (Some(&json!("example.com/v1")), Some(&json!("example.com/v2"))));
    });
}

#[test]
fn objects_stay_in_the_version_in_which_they_were_stored_until_they_are_written() {
    with_webhook(|webhook, target| {
        target.create(V1, &v1("old", "h:80"));
        let mut definition = target.get(&format!("{DEFINITIONS}/hosts.example.com"));
        definition["spec"] = webhook.definition("v2")["spec"].clone();
        let changed = target.expect("PUT", &format!("{DEFINITIONS}/hosts.example.com"), &definition, 200);
        assert_eq!(changed["status"]["storedVersions"], json!(["v1", "v2"]));
        target.create(V1, &v1("new", "n:1"));
        let before = webhook.converted.load(Ordering::Relaxed);
        assert_eq!(target.get(&format!("{V1}/old"))["spec"]["hostPort"], "h:80");
        assert_eq!(webhook.converted.load(Ordering::Relaxed), before, "what is stored in the wanted version is not converted");
        let listed = target.get(V2);
        let hosts: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|item| &item["spec"]["host"]).collect();
        assert_eq!(hosts, [&json!("n"), &json!("h")]);
        // Written again without a change, it is stored anew, for the version of storage is another.
        let old = target.get(&format!("{V2}/old"));
        let migrated = target.expect("PUT", &format!("{V2}/old"), &old, 200);
        assert_ne!(migrated["metadata"]["resourceVersion"], old["metadata"]["resourceVersion"]);
        assert_eq!(target.expect("PUT", &format!("{V2}/old"), &migrated, 200), migrated, "and after that not again");
    });
}

#[test]
fn without_a_webhook_old_objects_keep_the_fields_of_the_version_in_which_they_were_stored() {
    with_webhook(|webhook, target| {
        change_definition(target, &json!({"spec": {"conversion": {"strategy": "None", "webhook": null}}}));
        target.create(V1, &v1("a", "h:80"));
        let mut definition = target.get(&format!("{DEFINITIONS}/hosts.example.com"));
        definition["spec"]["versions"] = webhook.definition("v2")["spec"]["versions"].clone();
        target.expect("PUT", &format!("{DEFINITIONS}/hosts.example.com"), &definition, 200);
        assert_eq!(target.get(&format!("{V1}/a"))["spec"]["hostPort"], "h:80");
        assert_eq!(target.get(&format!("{V2}/a"))["spec"], json!({"note": "one"}));
    });
}

#[test]
fn a_webhook_that_does_not_convert_is_told_of_as_by_kube_apiserver() {
    with_webhook(|webhook, target| {
        let revision = target.create(V1, &v1("a", "h:80"))["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
        webhook.refuses.store(true, Ordering::Relaxed);
        let why = "conversion webhook for example.com/v1, Kind=Host failed: not today";
        let undecodable = format!("object not decodable revision={revision}: {why}");
        let corrupt =
            |key: &str| format!("StorageError: corrupt object, Code: 7, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: {undecodable}");
        let message = |answer: Value| answer["message"].as_str().unwrap_or_default().to_owned();
        let read = target.expect("GET", &format!("{V2}/a"), &Value::Null, 500);
        assert_eq!(message(read), format!("Internal error occurred: {}", corrupt("/example.com/hosts/default/a")));
        let created = target.expect("POST", V2, &v2("b", "h", "80"), 500);
        assert_eq!(message(created), "conversion webhook for example.com/v2, Kind=Host failed: not today");
        let patched = target.expect("PATCH", &format!("{V2}/a"), &json!({"spec": {"port": "2"}}), 500);
        assert_eq!(message(patched), undecodable);
        target.expect("DELETE", &format!("{V2}/a"), &Value::Null, 500);
        let unread =
            format!("failed to read one or more hosts.example.com from the storage: {}", corrupt("/registry/example.com/hosts/default/a"));
        let limited = target.expect("GET", &format!("{V2}?limit=5"), &Value::Null, 500);
        assert_eq!((limited["reason"].as_str(), message(limited.clone())), (Some("StorageReadError"), unread.clone()));
        for path in [V2.to_owned(), format!("{V2}?watch=1")] {
            let refused = target.expect("GET", &path, &Value::Null, 429);
            assert_eq!(message(refused), format!("storage is (re)initializing: failed to list <unspecified>: {unread}"));
        }
        assert_eq!(target.get(&format!("{V1}/a"))["spec"]["hostPort"], "h:80", "what needs no conversion is served");
        webhook.refuses.store(false, Ordering::Relaxed);
        assert_eq!(target.get(&format!("{V2}/a"))["spec"]["host"], "h");
    });
}

#[test]
fn a_webhook_must_show_a_certificate_that_the_definition_trusts() {
    let server = TestServer::launch();
    let (webhook, other) = (ConversionWebhook::launch(&server.runtime()), ConversionWebhook::launch(&server.runtime()));
    let target = server.base();
    let distrusting = ConversionWebhook { certificate: other.certificate, ..webhook };
    target.create(DEFINITIONS, &distrusting.definition("v1"));
    let refused = target.expect("POST", V2, &v2("a", "h", "80"), 500);
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("tls: failed to verify certificate: x509: certificate signed by unknown authority"), "{message}");
}
