//! kube-rs against a base view and a sandbox, over the network and in process.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use futures_util::{StreamExt as _, TryStreamExt as _, pin_mut};
use k8s_openapi::api::core::v1::{ConfigMap, Node, Pod};
use kube::{
    Api, Client, ResourceExt as _,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
    runtime::{WatchStreamExt as _, reflector, watcher},
};
use minkapi_tests::{TestServer, manifests};
use std::time::Duration;

/// Runs a check with every kind of client: in a sandbox and in the base view, over the network and in process.
fn with_every_client(check: impl AsyncFn(Client)) {
    let server = TestServer::launch();
    for view in server.both() {
        server.block_on(async {
            let network = server.server().network_client(&view).unwrap();
            let in_process = server.server().client(&view);
            for client in [network, in_process] {
                let limited = tokio::time::timeout(Duration::from_secs(60), check(client));
                limited.await.unwrap_or_else(|_| panic!("{}: not within a minute", view.name()));
            }
        });
    }
}

fn config_map(name: &str, value: &str) -> ConfigMap {
    serde_json::from_value(manifests::config_map(name, value)).unwrap()
}

fn value(map: &ConfigMap) -> &str {
    &map.data.as_ref().unwrap()["key"]
}

#[test]
fn an_api_creates_reads_changes_and_deletes() {
    with_every_client(async |client| {
        let api: Api<ConfigMap> = Api::default_namespaced(client);
        let created = api.create(&PostParams::default(), &config_map("a", "1")).await.unwrap();
        assert!(created.uid().is_some());
        let taken = api.create(&PostParams::default(), &config_map("a", "2")).await.unwrap_err();
        assert!(matches!(taken, kube::Error::Api(status) if status.reason == "AlreadyExists"));
        let mut changed = created.clone();
        changed.data.as_mut().unwrap().insert("key".to_owned(), "2".to_owned());
        let changed = api.replace("a", &PostParams::default(), &changed).await.unwrap();
        assert_eq!(value(&changed), "2");
        let stale = api.replace("a", &PostParams::default(), &created).await.unwrap_err();
        assert!(matches!(stale, kube::Error::Api(status) if status.reason == "Conflict"));
        let patch = Patch::Merge(serde_json::json!({"data": {"key": "3"}}));
        assert_eq!(value(&api.patch("a", &PatchParams::default(), &patch).await.unwrap()), "3");
        let applied = api.patch("a", &PatchParams::apply("test").force(), &Patch::Apply(config_map("a", "4"))).await.unwrap();
        assert_eq!(value(&applied), "4");
        let listed = api.list(&ListParams::default().fields("metadata.name=a")).await.unwrap();
        assert_eq!(listed.items.iter().map(value).collect::<Vec<_>>(), ["4"]);
        assert_eq!(api.list_metadata(&ListParams::default()).await.unwrap().items.len(), 1);
        api.delete("a", &DeleteParams::default()).await.unwrap();
        assert!(api.get_opt("a").await.unwrap().is_none());
    });
}

#[test]
fn an_api_reaches_cluster_scoped_objects_and_subresources() {
    with_every_client(async |client| {
        let nodes: Api<Node> = Api::all(client.clone());
        nodes.create(&PostParams::default(), &serde_json::from_value(manifests::node("n1")).unwrap()).await.unwrap();
        let pods: Api<Pod> = Api::default_namespaced(client);
        pods.create(&PostParams::default(), &serde_json::from_value(manifests::pod("a")).unwrap()).await.unwrap();
        let status = Patch::Merge(serde_json::json!({"status": {"phase": "Running"}}));
        let running = pods.patch_status("a", &PatchParams::default(), &status).await.unwrap();
        assert_eq!(running.status.unwrap().phase.unwrap(), "Running");
        let now = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
        pods.delete("a", &now).await.unwrap();
        nodes.delete("n1", &DeleteParams::default()).await.unwrap();
    });
}

#[test]
fn a_watcher_sees_what_is_there_and_then_every_change() {
    for streaming in [false, true] {
        with_every_client(async |client| {
            let api: Api<ConfigMap> = Api::default_namespaced(client);
            for name in ["a", "b"] {
                api.create(&PostParams::default(), &config_map(name, "1")).await.unwrap();
            }
            let config = if streaming { watcher::Config::default().streaming_lists() } else { watcher::Config::default() };
            let events = watcher(api.clone(), config);
            pin_mut!(events);
            let mut seen = Vec::new();
            while let Some(event) = events.try_next().await.unwrap() {
                use watcher::Event::{Apply, Delete, Init, InitApply, InitDone};
                match event {
                    // Streamed lists begin without it.
                    Init => {}
                    InitApply(map) => seen.push(format!("has {}", map.name_any())),
                    InitDone => {
                        seen.push("done".to_owned());
                        api.create(&PostParams::default(), &config_map("c", "1")).await.unwrap();
                        api.delete("a", &DeleteParams::default()).await.unwrap();
                    }
                    Apply(map) => seen.push(format!("applied {}", map.name_any())),
                    Delete(map) => {
                        seen.push(format!("deleted {}", map.name_any()));
                        break;
                    }
                }
            }
            assert_eq!(seen, ["has a", "has b", "done", "applied c", "deleted a"], "streaming lists: {streaming}");
            api.delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap();
        });
    }
}

#[test]
fn a_reflector_holds_what_the_view_holds() {
    with_every_client(async |client| {
        let api: Api<ConfigMap> = Api::default_namespaced(client);
        api.create(&PostParams::default(), &config_map("a", "1")).await.unwrap();
        let (store, writer) = reflector::store();
        let events = reflector(writer, watcher(api.clone(), watcher::Config::default())).applied_objects();
        let reflecting = tokio::spawn(async move { events.for_each(|_| async {}).await });
        store.wait_until_ready().await.unwrap();
        assert_eq!(store.state().len(), 1);
        api.create(&PostParams::default(), &config_map("b", "1")).await.unwrap();
        api.delete("a", &DeleteParams::default()).await.unwrap();
        while store.state().iter().map(|map| map.name_any()).collect::<Vec<_>>() != ["b"] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        reflecting.abort();
        api.delete("b", &DeleteParams::default()).await.unwrap();
    });
}

#[test]
fn a_sandbox_shows_the_base_view_and_hides_its_own_changes_from_it() {
    let server = TestServer::launch();
    let blue = server.sandbox("blue").view;
    server.block_on(async {
        let base: Api<ConfigMap> = Api::default_namespaced(server.server().client(&server.server().base()));
        let sandbox: Api<ConfigMap> = Api::default_namespaced(server.server().network_client(&blue).unwrap());
        base.create(&PostParams::default(), &config_map("shared", "1")).await.unwrap();
        let (store, writer) = reflector::store();
        let events = reflector(writer, watcher(sandbox.clone(), watcher::Config::default())).applied_objects();
        let reflecting = tokio::spawn(async move { events.for_each(|_| async {}).await });
        store.wait_until_ready().await.unwrap();
        let holds = async |wanted: &str| {
            while store.state().iter().all(|map| map.name_any() != "shared" || value(map) != wanted) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let patch = |value: &str| Patch::Merge(serde_json::json!({"data": {"key": value}}));
        holds("1").await;
        base.patch("shared", &PatchParams::default(), &patch("2")).await.unwrap();
        holds("2").await;
        sandbox.patch("shared", &PatchParams::default(), &patch("mine")).await.unwrap();
        holds("mine").await;
        base.patch("shared", &PatchParams::default(), &patch("3")).await.unwrap();
        base.create(&PostParams::default(), &config_map("mark", "1")).await.unwrap();
        while store.state().len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        holds("mine").await;
        assert_eq!(value(&base.get("shared").await.unwrap()), "3");
        reflecting.abort();
    });
}
