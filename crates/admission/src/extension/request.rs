//! What webhooks and expressions are told of a request.

use crate::Attributes;
use minkapi_registry::Resource;
use serde_json::{Map, Value, json};

/// An `AdmissionRequest` without the objects. `matched` is the resource in the version that a rule asked for.
pub(crate) fn admission_request(attributes: &Attributes<'_>, matched: &Resource) -> Value {
    let user_extra: Map<String, Value> =
        attributes.user_extra.iter().map(|(key, values)| (key.clone(), values.as_slice().into())).collect();
    let mut user = json!({"username": attributes.user, "groups": attributes.groups});
    if !attributes.user_uid.is_empty() {
        user["uid"] = attributes.user_uid.into();
    }
    if !user_extra.is_empty() {
        user["extra"] = user_extra.into();
    }
    let mut request = json!({
        "kind": kind(attributes, matched),
        "resource": resource(matched),
        "requestKind": kind(attributes, attributes.resource),
        "requestResource": resource(attributes.resource),
        "operation": attributes.operation.as_str(),
        "userInfo": user,
        "dryRun": attributes.dry_run,
        "options": attributes.options
    });
    for (key, value) in [
        ("subResource", attributes.subresource),
        ("requestSubResource", attributes.subresource),
        ("name", attributes.name),
        ("namespace", attributes.namespace),
    ] {
        if !value.is_empty() {
            request[key] = value.into();
        }
    }
    request
}

fn resource(resource: &Resource) -> Value {
    json!({"group": resource.group, "version": resource.version, "resource": resource.plural})
}

/// The kind of the resource, or that of the subresource's own body.
fn kind(attributes: &Attributes<'_>, resource: &Resource) -> Value {
    let own = attributes.object["kind"].as_str().filter(|kind| *kind != resource.kind && !attributes.subresource.is_empty());
    match own {
        Some(kind) => {
            let api_version = attributes.object["apiVersion"].as_str().unwrap_or_default();
            let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
            json!({"group": group, "version": version, "kind": kind})
        }
        None => json!({"group": resource.group, "version": resource.version, "kind": resource.kind}),
    }
}
