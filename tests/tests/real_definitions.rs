//! The CustomResourceDefinitions of well-known projects install, and small objects of theirs are answered as
//! kube-apiserver 1.37 answered them.
//!
//! The definitions are read from Go's module cache (`go mod download MODULE@VERSION`); projects that are not there are
//! skipped. `data/samples.json` holds the objects with the answers of the real server.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi_tests::{Target, TestServer, eventually, http::Connection};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::PathBuf, process::Command, time::Duration};

/// Modules with the folders of their definitions.
const PROJECTS: &[(&str, &[&str])] = &[
    ("github.com/cert-manager/cert-manager@v1.21.2", &["deploy/crds"]),
    ("github.com/argoproj/argo-cd/v3@v3.4.0", &["manifests/crds"]),
    ("github.com/prometheus-operator/prometheus-operator@v0.85.0", &["example/prometheus-operator-crd"]),
    (
        "sigs.k8s.io/cluster-api@v1.14.2",
        &[
            "core/config/crd/bases",
            "bootstrap/kubeadm/config/crd/bases",
            "controlplane/kubeadm/config/crd/bases",
            "cmd/clusterctl/config/crd/bases",
        ],
    ),
    ("sigs.k8s.io/gateway-api@v1.5.1", &["config/crd/experimental"]),
    ("sigs.k8s.io/karpenter@v1.10.0", &["pkg/apis/crds"]),
    ("github.com/crossplane/crossplane/v2@v2.1.3", &["cluster/crds"]),
];

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

#[test]
fn definitions_of_well_known_projects_install_in_a_sandbox_and_their_objects_are_answered_as_by_kube_apiserver() {
    let Some(cache) = module_cache() else { return };
    let server = TestServer::launch();
    let sandbox = server.sandbox("projects");
    let view = server.target(&sandbox.view);
    for (module, folders) in PROJECTS {
        let module = cache.join(module);
        if !module.is_dir() {
            eprintln!("skipped: no {} (go mod download gets it)", module.display());
            continue;
        }
        folders.iter().for_each(|folder| install(&view, &module.join(folder)));
    }
    let groups = established(&view);
    let samples: Vec<Value> = serde_json::from_str(include_str!("../data/samples.json")).unwrap();
    for sample in samples.iter().filter(|s| groups.contains(group_of(&s["object"]))) {
        let (status, answer) = view.call("POST", sample["path"].as_str().unwrap(), &sample["object"]);
        let mut answer = answer;
        answer.as_object_mut().unwrap().remove("metadata");
        forget_times(&mut answer);
        assert_eq!((status, &answer), (sample["status"].as_u64().unwrap() as u16, &sample["answer"]), "{}", sample["object"]);
    }
    let base = server.base().get(DEFINITIONS);
    assert_eq!(base["items"].as_array().map(Vec::len), Some(0), "the base view has none of them");
}

/// Posts every definition in a folder as it is written.
fn install(view: &Target, folder: &std::path::Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for document in text.split("\n---\n").filter(|d| d.contains("kind: CustomResourceDefinition")) {
            let path = format!("{}{DEFINITIONS}", view.prefix);
            let headers = [("Content-Type".to_owned(), "application/yaml".to_owned())];
            let (head, body) = Connection::open(&view.host).unwrap().call("POST", &path, &headers, Some(document.as_bytes())).unwrap();
            assert_eq!(head.status, 201, "{}", String::from_utf8_lossy(&body).chars().take(2000).collect::<String>());
        }
    }
}

/// The groups of the definitions, once all of them are established.
fn established(view: &Target) -> BTreeSet<String> {
    eventually(Duration::from_secs(10), || {
        let list = view.get(DEFINITIONS);
        let items = list["items"].as_array().unwrap();
        let pending = items.iter().find(|d| {
            !d["status"]["conditions"]
                .as_array()
                .is_some_and(|list| list.iter().any(|c| c["type"] == "Established" && c["status"] == "True"))
        });
        match pending {
            Some(definition) => Err(definition["metadata"]["name"].to_string()),
            None => {
                eprintln!("{} definitions are established", items.len());
                Ok(items.iter().map(|d| d["spec"]["group"].as_str().unwrap().to_owned()).collect())
            }
        }
    })
}

fn group_of(object: &Value) -> &str {
    object["apiVersion"].as_str().unwrap().split('/').next().unwrap()
}

/// Times that defaults hold are those of the definition; those that the server sets are not compared.
fn forget_times(answer: &mut Value) {
    match answer {
        Value::Object(members) => {
            members.remove("lastTransitionTime");
            members.values_mut().for_each(forget_times);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_times),
        _ => {}
    }
}

/// Go's module cache; None after printing that the test is skipped.
fn module_cache() -> Option<PathBuf> {
    let Ok(output) = Command::new("go").args(["env", "GOMODCACHE"]).output() else {
        eprintln!("skipped: Go does not run here");
        return None;
    };
    Some(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}
