//! The README's example, which a doc test cannot hold: it awaits.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi_view::{Config, Views};
use serde_json::json;

#[tokio::test]
async fn a_fork_is_a_value_that_is_compared_and_committed() {
    let cluster = Views::new(Config::default()).base();
    cluster.create_object(&json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})).await.unwrap();

    let fork = cluster.fork().unwrap();
    fork.delete_object("v1", "Node", "", "n1").await.unwrap();
    assert_eq!((cluster.nodes().len(), fork.nodes().len()), (1, 0));
    assert_eq!(fork.diff(&cluster).to_string(), "- Node n1\n0 created, 0 modified, 1 deleted\n");
    assert_eq!(fork.commit(true).unwrap().deleted, 1);
    assert_eq!(cluster.nodes().len(), 1, "a dry run deletes nothing");
    fork.commit(false).unwrap();
    assert_eq!(cluster.nodes().len(), 0);
}

#[tokio::test]
async fn a_fork_goes_with_the_last_handle_on_it_or_on_a_fork_of_it() {
    let cluster = Views::new(Config::default()).base();
    let fork = cluster.fork().unwrap();
    let inner = fork.fork_frozen().unwrap();
    assert_eq!(cluster.store().children().len(), 1);
    drop(fork);
    assert_eq!(cluster.store().children().len(), 1, "the inner fork keeps what it was forked from");
    assert!(inner.create_object(&json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})).await.is_ok());
    drop(inner);
    assert_eq!(cluster.store().children().len(), 0);
}

#[tokio::test]
async fn summaries_are_reckoned_from_what_was_changed() {
    let cluster = Views::new(Config::default()).base();
    cluster.create_object(&json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "status": {"allocatable": {"cpu": "4", "memory": "8Gi"}}})).await.unwrap();
    let pod = |name: &str| {
        let resources = json!({"requests": {"cpu": "500m", "memory": "1Gi", "example.com/gpu": "1"}, "limits": {"example.com/gpu": "1"}});
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]}})
    };
    for name in ["a", "b"] {
        cluster.create_object(&pod(name)).await.unwrap();
    }
    let frozen = cluster.fork_frozen().unwrap();
    let live = cluster.fork().unwrap();
    live.bind("default", "a", "n1").await.unwrap();
    cluster.bind("default", "b", "n1").await.unwrap();
    cluster.delete_object("v1", "Pod", "default", "a").await.unwrap();
    let counts = |view: &minkapi_view::View| {
        let summary = view.summary();
        [summary.bound, summary.pending, summary.requested.cpu_millis, summary.requested.gpus, summary.allocatable.cpu_millis]
    };
    for _ in 0..2 {
        assert_eq!(counts(&cluster), [1, 0, 500, 1, 4000]);
        assert_eq!(counts(&frozen), [0, 2, 0, 0, 4000], "as it was at the fork");
        assert_eq!(counts(&live), [2, 0, 1000, 2, 4000], "its own pod, and the parent's");
    }
}
