//! `pods/binding` and `bindings`: how a scheduler assigns a pod (C-09-01 to C-09-04).

use super::{Answer, Post};
use crate::{Call, Content, Outcome, View, WriteOptions, metadata};
use minkapi_object::{GroupResource, Status};
use minkapi_store::{Change, CommitError, Expect, Key, Kind};
use serde_json::{Value, json};

pub(super) struct Binding;

impl Post for Binding {
    fn post<'a>(&'a self, view: &'a View, call: &'a mut Call, object: Value, options: &'a WriteOptions) -> Answer<'a> {
        Box::pin(async move { bind(view, call, &object, options) })
    }
}

/// What errors of a binding speak of.
fn resource() -> GroupResource {
    GroupResource::new("", "pods/binding")
}

fn bind(view: &View, call: &mut Call, binding: &Value, options: &WriteOptions) -> Result<Outcome, Status> {
    let name = metadata::text(binding, "name");
    if !call.target.name.is_empty() && name != call.target.name {
        return Err(Status::bad_request("name in URL does not match name in Binding object"));
    }
    let node = check_target(binding)?;
    let pods = Kind::new("pods");
    let key = Key::new(&call.target.namespace, name);
    let served = view.catalog().find("", "v1", "pods").ok_or_else(Status::unknown_path)?;
    loop {
        let stored = view.snapshot().get(pods, &key).ok_or_else(|| Status::not_found(&GroupResource::new("", "pods"), name))?;
        let mut pod = view.object_in_flight(&served, &stored)?;
        check_preconditions(binding, &pod, name)?;
        assign(&mut pod, binding, node, &view.moment().text).map_err(|why| Status::conflict(&resource(), name, why))?;
        if options.dry_run {
            break;
        }
        let draft = view.draft_at_once(&served, pod)?;
        let expect = Expect::Revision(stored.resource_version());
        match view.store.commit(pods, key.clone(), expect, |revision, _| Change::Put(draft.stamp(revision))) {
            Ok(_) => break,
            Err(CommitError::Conflict { .. } | CommitError::NotFound) => {}
            Err(err) => return Err(view.commit_status(call, &err)),
        }
    }
    Ok(Outcome::created(Content::Status(Status::success(201, None))))
}

/// The node that a binding names. A binding that names none is an error that upstream does not classify (C-09-03).
fn check_target(binding: &Value) -> Result<&str, Status> {
    let target = &binding["target"];
    let mut errors = Vec::new();
    let kind = target["kind"].as_str().unwrap_or_default();
    if !matches!(kind, "" | "Node") {
        errors.push(format!("target.kind: Unsupported value: \"{kind}\": supported values: \"Node\", \"<empty>\""));
    }
    let node = target["name"].as_str().unwrap_or_default();
    if node.is_empty() {
        errors.push("target.name: Required value".to_owned());
    }
    match errors.as_slice() {
        [] => Ok(node),
        [one] => Err(Status::unclassified(one.clone())),
        several => Err(Status::unclassified(format!("[{}]", several.join(", ")))),
    }
}

/// C-09-02: a uid or resourceVersion in the binding must be the pod's.
fn check_preconditions(binding: &Value, pod: &Value, name: &str) -> Result<(), Status> {
    for (key, words) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
        let (asked, found) = (metadata::text(binding, key), metadata::text(pod, key));
        if !asked.is_empty() && asked != found {
            let namespace = metadata::text(pod, "namespace");
            let why = format!(
                "StorageError: invalid object, Code: 4, Key: /registry/pods/{namespace}/{name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: {words} in precondition: {asked}, {words} in object meta: {found}"
            );
            return Err(Status::conflict(&GroupResource::new("", "pods"), name, why));
        }
    }
    Ok(())
}

/// Assigns a pod; Err says why it cannot be.
fn assign(pod: &mut Value, binding: &Value, node: &str, now: &str) -> Result<(), String> {
    let name = metadata::text(pod, "name").to_owned();
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        return Err(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    if let Some(assigned) = pod["spec"]["nodeName"].as_str().filter(|n| !n.is_empty()) {
        return Err(format!("pod {name} is already assigned to node \"{assigned}\""));
    }
    if pod["spec"]["schedulingGates"].as_array().is_some_and(|g| !g.is_empty()) {
        return Err(format!("pod {name} has non-empty .spec.schedulingGates"));
    }
    pod["spec"]["nodeName"] = node.into();
    for members in ["annotations", "labels"] {
        if let Some(added) = binding["metadata"][members].as_object().filter(|m| !m.is_empty()) {
            let place = &mut pod["metadata"][members];
            for (key, value) in added {
                place[key.as_str()] = value.clone();
            }
        }
    }
    if let Some(status) = pod["status"].as_object_mut() {
        status.remove("nominatedNodeName");
    }
    set_scheduled(pod, now);
    Ok(())
}

/// Makes the PodScheduled condition True, and leaves nothing else in it but the time since when it is.
fn set_scheduled(pod: &mut Value, now: &str) {
    let conditions = &mut pod["status"]["conditions"];
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Some(list) = conditions.as_array_mut() else { return };
    let mut scheduled = json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now});
    match list.iter_mut().find(|c| c["type"] == "PodScheduled") {
        Some(existing) => {
            if existing["status"] == "True" {
                scheduled["lastTransitionTime"] = existing["lastTransitionTime"].take();
            }
            *existing = scheduled;
        }
        None => list.push(scheduled),
    }
}
