//! The store of one kind.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use minkapi_object::{Draft, GroupVersionKind, LabelSelector, Object};
use minkapi_store::{Fork, Key, Kind, MatchCriteria, Options, ResourceError, ResourceStore, Store, Transition};
use serde_json::json;
use std::ops::ControlFlow;

fn pods() -> ResourceStore<Object> {
    of(&Store::new(Options::default()))
}

fn of(store: &Store<Object>) -> ResourceStore<Object> {
    let gvk = |kind| GroupVersionKind::new("", "v1", kind);
    ResourceStore::new(store.base(), Kind::new("pods"), gvk("Pod"), gvk("PodList"))
}

fn pod(namespace: &str, name: &str, app: &str) -> Object {
    let value = json!({"metadata": {"name": name, "namespace": namespace, "labels": {"app": app}}});
    Draft::new(&value, Box::default(), 0).stamp(0)
}

fn labelled(selector: &str) -> MatchCriteria {
    MatchCriteria { label_selector: LabelSelector::parse(selector).unwrap(), ..MatchCriteria::all() }
}

#[test]
fn an_object_lives_from_add_to_delete() {
    let pods = pods();
    let added = pods.add(&pod("a", "x", "web")).unwrap();
    assert_eq!(added.resource_version(), 1);
    assert_eq!(pods.add(&pod("a", "x", "web")).unwrap_err(), ResourceError::AlreadyExists);
    let updated = pods.update(&pod("a", "x", "db")).unwrap();
    assert_eq!(updated.resource_version(), 2);
    assert_eq!(pods.update(&added).unwrap_err(), ResourceError::Conflict { current: 2 });
    assert_eq!(pods.get_by_name("a", "x").unwrap().head().labels.get("app"), Some("db"));
    assert_eq!(pods.delete_by_name("a", "x").unwrap().resource_version(), 3);
    assert_eq!(pods.delete(&Key::new("a", "x")).unwrap_err(), ResourceError::NotFound);
    assert_eq!(pods.update(&updated).unwrap_err(), ResourceError::NotFound);
    assert_eq!(pods.current_version(), 3);
}

#[test]
fn criteria_narrow_lists_and_deletions() {
    let pods = pods();
    for (namespace, name, app) in [("b", "x", "web"), ("a", "x", "web"), ("a", "y", "db")] {
        pods.add(&pod(namespace, name, app)).unwrap();
    }
    let names = |criteria: &MatchCriteria| {
        pods.list(criteria).items.iter().map(|p| format!("{}/{}", p.head().namespace, p.head().name)).collect::<Vec<_>>()
    };
    assert_eq!(names(&MatchCriteria::all()), ["a/x", "a/y", "b/x"]);
    assert_eq!(names(&MatchCriteria::in_namespace("a")), ["a/x", "a/y"]);
    assert_eq!(names(&labelled("app=web")), ["a/x", "b/x"]);
    let named = MatchCriteria { names: ["y".into()].into(), ..MatchCriteria::all() };
    assert_eq!(names(&named), ["a/y"]);
    let (heads, highest) = pods.list_metadata(&MatchCriteria::in_namespace("a"));
    assert_eq!((heads.len(), highest), (2, 3));
    assert_eq!(pods.delete_matching(&labelled("app=web")).unwrap(), 2);
    assert_eq!(names(&MatchCriteria::all()), ["a/y"]);
}

#[tokio::test]
async fn a_watch_tells_what_was_there_and_what_happens() {
    let pods = pods();
    pods.add(&pod("a", "x", "web")).unwrap();
    let mut web = pods.watcher(0, &labelled("app=web"));
    pods.add(&pod("a", "y", "db")).unwrap();
    pods.update(&pod("a", "x", "db")).unwrap();
    let mut seen = Vec::new();
    for _ in 0..2 {
        let event = web.next().await.unwrap().unwrap();
        seen.push((event.transition, event.object.resource_version(), event.object.head().labels.get("app").unwrap().to_owned()));
    }
    assert_eq!(seen, [(Transition::Added, 1, "web".to_owned()), (Transition::Deleted, 3, "web".to_owned())]);
}

#[tokio::test]
async fn closing_ends_watches_and_leaves_the_objects() {
    let pods = pods();
    let mut before = pods.watcher(0, &MatchCriteria::all());
    let waiting = tokio::spawn(async move { before.next().await.is_none() });
    tokio::task::yield_now().await;
    pods.close();
    assert!(waiting.await.unwrap());
    assert!(pods.watcher(0, &MatchCriteria::all()).next().await.is_none());
    pods.add(&pod("a", "x", "web")).unwrap();
}

#[tokio::test]
async fn a_reset_ends_watches_with_an_error() {
    let store = Store::new(Options::default());
    let pods = of(&store);
    pods.add(&pod("a", "x", "web")).unwrap();
    let mut watch = pods.watcher(1, &MatchCriteria::all());
    pods.reset().unwrap();
    assert!(pods.list(&MatchCriteria::all()).items.is_empty());
    assert_eq!(watch.next().await.unwrap().unwrap_err().floor, 2);
    assert!(watch.next().await.is_none());
}

#[tokio::test]
async fn a_callback_can_end_its_watch() {
    let pods = pods();
    for name in ["x", "y", "z"] {
        pods.add(&pod("a", name, "web")).unwrap();
    }
    let mut seen = 0;
    pods.watch(1, &MatchCriteria::all(), |event| {
        assert_eq!(event.transition, Transition::Added);
        seen += 1;
        if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .await
    .unwrap();
    assert_eq!(seen, 2);
}

#[tokio::test]
async fn removing_the_view_ends_its_watches_after_what_is_left() {
    let store = Store::new(Options::default());
    let view = store.fork("s", Fork::default()).unwrap();
    let pods =
        ResourceStore::new(view, Kind::new("pods"), GroupVersionKind::new("", "v1", "Pod"), GroupVersionKind::new("", "v1", "PodList"));
    let mut watch = pods.watcher(0, &MatchCriteria::all());
    pods.add(&pod("a", "x", "web")).unwrap();
    store.remove_view("s", false).unwrap();
    assert!(watch.next().await.unwrap().is_ok());
    assert!(watch.next().await.is_none());
}
