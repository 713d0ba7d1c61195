//! Kubernetes objects of one kind, without an API around them: `cargo run -p minkapi-store --example objects`.

use minkapi_object::{Draft, GroupVersionKind, LabelSelector};
use minkapi_store::{Kind, MatchCriteria, Options, ResourceStore, Store};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::new(Options::default());
    let gvk = |kind| GroupVersionKind::new("", "v1", kind);
    let pods = ResourceStore::new(store.base(), Kind::new("pods"), gvk("Pod"), gvk("PodList"));
    for (name, app) in [("a", "web"), ("b", "db")] {
        let pod = json!({"metadata": {"name": name, "namespace": "default", "labels": {"app": app}}});
        pods.add(&Draft::new(&pod, Box::default(), 0).stamp(0))?;
    }
    let web = MatchCriteria { label_selector: LabelSelector::parse("app in (web)")?, ..MatchCriteria::all() };
    for pod in pods.list(&web).items {
        println!("{} at {}", pod.head().name, pod.resource_version());
    }
    Ok(())
}
