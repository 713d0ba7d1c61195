//! Clusters come in through kubeconfigs, and what is exported comes in again.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::{Running, minkapi, text};
use rcgen::{CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Output};

/// More than one page of a list.
const MAPS: usize = 1_203;

/// A List with a namespace, many ConfigMaps in it, a Deployment, and a pod of it that runs.
fn shop() -> Value {
    let map = |n: usize| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("map-{n}"), "namespace": "shop"}, "data": {"n": n.to_string()}});
    let container = json!({"name": "main", "image": "registry.example/app:1"});
    let uid = "11111111-2222-4333-8444-555555555555";
    let rest = [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
        json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web", "namespace": "shop", "uid": uid},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}},
        }),
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": "web-1", "namespace": "shop", "labels": {"app": "web"},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": uid, "controller": true}],
            },
            "spec": {"containers": [container]},
            "status": {"phase": "Running", "podIP": "10.1.2.3"},
        }),
        job(),
    ];
    json!({"apiVersion": "v1", "kind": "List", "items": (0..MAPS).map(map).chain(rest).collect::<Vec<_>>()})
}

/// A job as a cluster has it: selector and labels hold its uid.
fn job() -> Value {
    let uid = "21111111-2222-4333-8444-555555555555";
    let labels = json!({
        "batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": "sum", "controller-uid": uid, "job-name": "sum",
    });
    let container = json!({"name": "main", "image": "registry.example/app:1"});
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "sum", "namespace": "shop", "uid": uid, "labels": labels},
        "spec": {
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}},
            "template": {"metadata": {"labels": labels}, "spec": {"restartPolicy": "Never", "containers": [container]}},
        },
    })
}

/// `minkapi <command> --server ... <args>`.
fn ask(server: &Running, command: &[&str], args: &[&str]) -> Output {
    let url = format!("http://{}", server.host());
    minkapi().args(command).args(["--server", &url]).args(args).output().unwrap()
}

fn succeed(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// An authority, and a client certificate of it with its key.
fn certificates(folder: &Path) {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    fs::write(folder.join("clients.pem"), authority.self_signed(&key).unwrap().pem()).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "anna");
    let own = KeyPair::generate().unwrap();
    fs::write(folder.join("anna.pem"), params.signed_by(&own, &Issuer::new(authority, key)).unwrap().pem()).unwrap();
    fs::write(folder.join("anna.key"), own.serialize_pem()).unwrap();
}

/// A server that speaks TLS, asks for credentials and holds the shop.
fn cluster(folder: &Path) -> Running {
    let data = folder.join("data").display().to_string();
    let file = folder.join("shop.json");
    fs::write(&file, shop().to_string()).unwrap();
    let mut plain = Running::start("import_source", &["--data-dir", &data]);
    succeed(&ask(&plain, &["import"], &[file.to_str().unwrap()]));
    assert_eq!(plain.stop("-TERM"), 0);
    certificates(folder);
    fs::write(folder.join("tokens.csv"), "bob-token,bob,1\n").unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let (clients, tokens) = (path("clients.pem"), path("tokens.csv"));
    Running::start("import_source", &["--data-dir", &data, "--tls", "--client-ca-file", &clients, "--token-auth-file", &tokens])
}

/// The kubeconfig of a server with another user, and possibly another way to know the server.
fn kubeconfig(of: &Running, to: &Path, user: &str, cluster: Option<&str>) {
    let written = fs::read_to_string(of.folder.join("minkapi.yaml")).unwrap();
    let change = |line: &str| match (line.trim_start().split(':').next().unwrap(), cluster) {
        ("token", _) => user.to_owned(),
        ("certificate-authority-data", Some(other)) => format!("    {other}"),
        _ => line.to_owned(),
    };
    fs::write(to, written.lines().map(change).collect::<Vec<_>>().join("\n")).unwrap();
}

#[test]
fn a_cluster_is_read_over_tls_with_every_kind_of_credential() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let source = cluster(folder);
    let target = Running::start("import_target", &[]);
    let plugin = folder.join("plugin.sh");
    let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "bob-token"}});
    fs::write(&plugin, format!("#!/bin/sh\n[ \"$ASKED\" = yes ] && echo '{credential}'\n")).unwrap();
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.join("token"), "bob-token\n").unwrap();
    let users = [
        ("token", "    token: bob-token", None),
        ("token-file", "    tokenFile: token", None),
        ("certificate", "    client-certificate: anna.pem\n    client-key: anna.key", None),
        (
            "plugin",
            "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: ./plugin.sh\n      env:\n      - {name: ASKED, value: \"yes\"}",
            None,
        ),
        ("unverified", "    token: bob-token", Some("insecure-skip-tls-verify: true")),
    ];
    for (name, user, known) in users {
        let path = folder.join(format!("{name}.yaml"));
        kubeconfig(&source, &path, user, known);
        succeed(&ask(&target, &["view", "create"], &[name]));
        let told = succeed(&ask(&target, &["import"], &["--from-kubeconfig", path.to_str().unwrap(), "--into", name]));
        let expected = format!("{} objects imported into {name}, ", MAPS + 4);
        assert!(told.starts_with(&expected) && told.ends_with(" 0 refused\n"), "{name}: {told}");
        let exported: Value = serde_json::from_str(&succeed(&ask(&target, &["export"], &[name]))).unwrap();
        assert_eq!(find(&exported, "Pod", "web-1")["status"]["podIP"], "10.1.2.3", "the status comes along");
    }
    let stranger = folder.join("stranger.yaml");
    kubeconfig(&source, &stranger, "    token: bob-token", Some("certificate-authority: clients.pem"));
    let refused = ask(&target, &["import"], &["--from-kubeconfig", stranger.to_str().unwrap()]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("certificate"), "{}", text(&refused.stderr));
    kubeconfig(&source, &stranger, "    token: wrong", None);
    let refused = ask(&target, &["import"], &["--from-kubeconfig", stranger.to_str().unwrap()]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("Unauthorized"), "{}", text(&refused.stderr));
}

fn find<'a>(list: &'a Value, kind: &str, name: &str) -> &'a Value {
    list["items"].as_array().unwrap().iter().find(|o| o["kind"] == kind && o["metadata"]["name"] == name).unwrap()
}

/// The objects of the shop, without what every server counts for itself.
fn of_shop(export: &str) -> Vec<Value> {
    let list: Value = serde_json::from_str(export).unwrap();
    let mut objects: Vec<Value> =
        list["items"].as_array().unwrap().iter().filter(|o| o["metadata"]["namespace"] == "shop").cloned().collect();
    objects.iter_mut().for_each(|o| drop(o["metadata"].as_object_mut().unwrap().remove("resourceVersion")));
    objects
}

#[test]
fn what_is_exported_comes_in_again_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (file, yaml) = (folder.path().join("shop.json"), folder.path().join("shop.yaml"));
    fs::write(&file, shop().to_string()).unwrap();
    let one = Running::start("round_trip", &[]);
    succeed(&ask(&one, &["import"], &[file.to_str().unwrap()]));
    let first = succeed(&ask(&one, &["export"], &[]));
    succeed(&ask(&one, &["export"], &["--format", "yaml", "--output", yaml.to_str().unwrap()]));
    let other = Running::start("round_trip_target", &[]);
    let told = succeed(&ask(&other, &["import"], &[yaml.to_str().unwrap()]));
    assert!(told.starts_with(&format!("{} objects imported into base, ", MAPS + 4)) && told.ends_with(" 0 refused\n"), "{told}");
    assert_eq!(of_shop(&succeed(&ask(&other, &["export"], &[]))), of_shop(&first));

    succeed(&ask(&other, &["view", "create"], &["replaced"]));
    let again = Running::start("round_trip_replaced", &[]);
    let told = succeed(&ask(&again, &["import"], &["--uids", "replace", yaml.to_str().unwrap()]));
    assert!(told.ends_with(" 0 refused\n"), "{told}");
    let exported: Value = serde_json::from_str(&succeed(&ask(&again, &["export"], &[]))).unwrap();
    let (set, pod) = (find(&exported, "ReplicaSet", "web"), find(&exported, "Pod", "web-1"));
    assert_ne!(set["metadata"]["uid"], "11111111-2222-4333-8444-555555555555");
    assert_eq!(pod["metadata"]["ownerReferences"][0]["uid"], set["metadata"]["uid"], "references still hold");
    let job = find(&exported, "Job", "sum");
    assert_eq!(job["spec"]["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"], job["metadata"]["uid"]);
}

#[test]
fn a_refused_object_is_told_of_and_the_rest_comes_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("some.yaml");
    fs::write(&file, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Bad Name, namespace: default}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: good, namespace: default}\n").unwrap();
    let server = Running::start("refused_import", &[]);
    let output = ask(&server, &["import"], &[file.to_str().unwrap()]);
    assert_eq!(text(&output.stdout), "1 objects imported into base, 0 were there already, 1 refused\n");
    assert!(text(&output.stderr).contains("refused: ConfigMap default/Bad Name: "), "{}", text(&output.stderr));
}

/// Against a real cluster: `MINKAPI_IMPORT_FROM=<kubeconfig>`.
#[test]
fn a_real_cluster_is_imported_wholly() {
    let Ok(kubeconfig) = std::env::var("MINKAPI_IMPORT_FROM") else {
        eprintln!("skipped: MINKAPI_IMPORT_FROM names no kubeconfig");
        return;
    };
    let server = Running::start("real_import", &[]);
    let output = ask(&server, &["import"], &["--from-kubeconfig", &kubeconfig]);
    eprintln!("{}{}", text(&output.stderr), text(&output.stdout));
    assert!(output.status.success() && text(&output.stdout).ends_with(" 0 refused\n"));
}
