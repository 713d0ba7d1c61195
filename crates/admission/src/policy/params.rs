//! Parameters of policies: objects that bindings refer to.

use crate::{Cluster, extension::text};
use minkapi_object::{LabelSelector, Object};
use minkapi_registry::{Ref, Resource};
use serde_json::Value;

/// What is wrong with a policy's `paramKind`.
pub(super) fn check_kind(policy: &Value, cluster: &dyn Cluster) -> Result<(), String> {
    let kind = &policy["spec"]["paramKind"];
    if kind.is_null() || resource(kind, cluster).is_some() {
        return Ok(());
    }
    let version = text(kind, "apiVersion");
    let slash = if version.contains('/') { "" } else { "/" };
    Err(format!("failed to find resource referenced by paramKind: '{slash}{version}, Kind={}'", text(kind, "kind")))
}

fn resource(kind: &Value, cluster: &dyn Cluster) -> Option<Ref<Resource>> {
    cluster.resource_of(text(kind, "apiVersion"), text(kind, "kind"))
}

/// The parameters with which a policy is evaluated, each in turn: Null where it has none, nothing where there are none and
/// that is no error.
pub(super) fn collect(policy: &Value, binding: &Value, namespace: &str, cluster: &dyn Cluster) -> Result<Vec<Value>, String> {
    let (kind, reference) = (&policy["spec"]["paramKind"], &binding["spec"]["paramRef"]);
    if kind.is_null() || reference.is_null() {
        return Ok(vec![Value::Null]);
    }
    let Some(resource) = resource(kind, cluster) else {
        return Err(format!("paramKind kind `{}, Kind={}` not known", text(kind, "apiVersion"), text(kind, "kind")));
    };
    let given = text(reference, "namespace");
    let namespace = match (resource.namespaced, given.is_empty()) {
        (false, true) => "",
        (false, false) => return Err("paramRef.namespace must not be provided for a cluster-scoped `paramKind`".to_owned()),
        (true, false) => given,
        (true, true) if namespace.is_empty() => {
            return Err("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources".to_owned());
        }
        (true, true) => namespace,
    };
    let value = |object: &Object| object.to_typed_value(text(kind, "apiVersion"), text(kind, "kind"));
    let name = text(reference, "name");
    let params: Vec<Value> = if name.is_empty() {
        let selector = LabelSelector::from_value(&reference["selector"]).map_err(|err| err.0)?;
        let all = cluster.list(&resource.storage, Some(namespace).filter(|_| resource.namespaced));
        all.iter().filter(|object| selector.matches(&object.head().labels)).map(|object| value(object)).collect()
    } else {
        cluster.get(&resource.storage, namespace, name).iter().map(|object| value(object)).collect()
    };
    if params.is_empty() && text(reference, "parameterNotFoundAction") == "Deny" {
        return Err("no params found for policy binding with `Deny` parameterNotFoundAction".to_owned());
    }
    Ok(params)
}
