//! What kube-apiserver holds at its start (C-01-37).

use crate::{Call, Target, UserInfo, View, Warnings, WriteOptions, form::Form};
use minkapi_store::{Change, Expect, Key};
use serde_json::{Value, json};

/// Creates the objects in the base view. Those that cannot be made are left out: the server works without them.
pub(crate) fn fill(view: &View) {
    for object in objects() {
        create(view, object);
    }
}

fn objects() -> Vec<Value> {
    let mut all = Vec::new();
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        all.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    }
    for (name, value, description) in [
        ("system-node-critical", 2_000_001_000, "Used for system critical pods that must not be moved from their current node."),
        ("system-cluster-critical", 2_000_000_000, "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."),
    ] {
        all.push(json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value, "description": description}));
    }
    all
}

fn create(view: &View, mut object: Value) {
    let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let Some(served) = view.catalog().all().find(|s| s.resource.api_version() == api_version && s.resource.kind == kind).cloned() else {
        return;
    };
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
    let call = Call {
        target: Target { served: served.clone(), namespace: namespace.clone(), name: String::new(), subresource: String::new() },
        user: UserInfo { name: "system:apiserver".to_owned(), groups: vec!["system:masters".to_owned()], ..UserInfo::default() },
        user_agent: "kube-apiserver".to_owned(),
        warnings: Warnings::default(),
    };
    let moment = view.moment();
    served.strategy.default(&mut object);
    crate::managed_fields::update(&Form::of(&call.target), &call, &WriteOptions::default(), &moment, None, &mut object);
    crate::metadata::fill_system_fields(&mut object, view.config().ids.uid(), &moment);
    let key = Key::new(&namespace, crate::metadata::text(&object, "name"));
    let target = call.target.clone();
    let user = call.user.clone();
    served.strategy.prepare_for_create(&moment.context(&target, &user, &api_version), &mut object);
    if let Ok(draft) = view.draft(&served, object) {
        let _ = view.store.commit(served.storage, key, Expect::Absent, |revision, _| Change::Put(draft.stamp(revision)));
    }
}
