//! What the API does with `metadata` of every kind.

use crate::{Call, Target, Warnings, view::Moment};
use minkapi_object::Status;
use minkapi_schema::field::ErrorList;
use serde_json::{Map, Value};

/// `metadata` of an object, made if it is not there.
pub(crate) fn of(object: &mut Value) -> &mut Map<String, Value> {
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let meta = &mut object["metadata"];
    if !meta.is_object() {
        *meta = Value::Object(Map::new());
    }
    match meta {
        Value::Object(map) => map,
        // It was just made one.
        _ => unreachable!("metadata is an object"),
    }
}

/// A text member of `metadata`; empty when absent.
pub(crate) fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get("metadata").and_then(|m| m.get(key)).and_then(Value::as_str).unwrap_or_default()
}

/// The resourceVersion in an object; 0 when absent.
///
/// # Errors
/// 500 for one that is not a number (chapter 18 on C-04-11).
pub(crate) fn resource_version(object: &Value) -> Result<u64, Status> {
    match text(object, "resourceVersion") {
        "" => Ok(0),
        text => text.parse().map_err(|_| {
            Status::unclassified(format!("strconv.ParseUint: parsing {}: invalid syntax", minkapi_schema::field::quoted(text)))
        }),
    }
}

/// Drops what a client may not set on create (C-03-10).
pub(crate) fn wipe_system_fields(object: &mut Value) {
    let meta = of(object);
    for key in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        meta.remove(key);
    }
}

/// Gives a new object its uid and creation time.
pub(crate) fn fill_system_fields(object: &mut Value, uid: String, moment: &Moment) {
    let meta = of(object);
    meta.insert("creationTimestamp".to_owned(), moment.text.clone().into());
    meta.insert("uid".to_owned(), uid.into());
}

/// C-03-14: an object's namespace is that of the URL.
///
/// # Errors
/// 400 when it names another.
pub(crate) fn match_namespace(object: &mut Value, target: &Target) -> Result<(), Status> {
    let expected = if target.served.resource.namespaced { target.namespace.as_str() } else { "" };
    let meta = of(object);
    match meta.get("namespace").and_then(Value::as_str).unwrap_or_default() {
        given if given == expected => {}
        "" => {
            meta.insert("namespace".to_owned(), expected.into());
        }
        _ if expected.is_empty() => {
            meta.remove("namespace");
        }
        _ => return Err(Status::bad_request("the namespace of the provided object does not match the namespace sent on the request")),
    }
    Ok(())
}

/// C-04-10: an object's name is that of the URL.
///
/// # Errors
/// 400 when it is absent or another.
pub(crate) fn match_name(object: &Value, target: &Target) -> Result<(), Status> {
    match text(object, "name") {
        "" => Err(Status::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            target.name
        ))),
        name if name != target.name => {
            Err(Status::bad_request(format!("the name of the object ({name}) does not match the name on the URL ({})", target.name)))
        }
        _ => Ok(()),
    }
}

/// C-03-19: exact duplicates among ownerReferences are dropped, with a warning. `after_admission` says whether the
/// mutating plugins have run, which upstream words differently.
pub(crate) fn dedup_owner_references(object: &mut Value, warnings: &mut Warnings, after_admission: bool) {
    let Some(owners) = object.get_mut("metadata").and_then(|m| m.get_mut("ownerReferences")).and_then(Value::as_array_mut) else { return };
    let mut dropped: Vec<String> = Vec::new();
    let mut kept: Vec<Value> = Vec::with_capacity(owners.len());
    for owner in owners.drain(..) {
        if kept.contains(&owner) {
            let uid = owner["uid"].as_str().unwrap_or_default().to_owned();
            if !dropped.contains(&uid) {
                dropped.push(uid);
            }
        } else {
            kept.push(owner);
        }
    }
    *owners = kept;
    if !dropped.is_empty() {
        let uids = dropped.join(", ");
        warnings.add(if after_admission {
            format!(".metadata.ownerReferences contains duplicate entries after mutating admission happens; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {uids}")
        } else {
            format!(".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {uids}")
        });
    }
}

/// `metadata.finalizers`.
pub(crate) fn finalizers(object: &Value) -> Vec<String> {
    let list = object["metadata"]["finalizers"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Sets `metadata.finalizers`; none removes the member.
pub(crate) fn set_finalizers(object: &mut Value, finalizers: &[String]) {
    let meta = of(object);
    if finalizers.is_empty() {
        meta.remove("finalizers");
    } else {
        meta.insert("finalizers".to_owned(), finalizers.into());
    }
}

/// Adds 1 to `metadata.generation` of an object that has one (C-04-30: starting a deletion counts).
pub(crate) fn bump_generation(object: &mut Value) {
    if let Some(generation) = object["metadata"]["generation"].as_i64().filter(|g| *g > 0) {
        of(object).insert("generation".to_owned(), generation.wrapping_add(1).into());
    }
}

/// The manager of a write in managedFields: the `fieldManager` parameter or the program's name (C-03-20).
pub(crate) fn manager<'a>(call: &'a Call, field_manager: &'a str) -> &'a str {
    if field_manager.is_empty() { &call.user_agent } else { field_manager }
}

/// The 422 for an object (C-02-16). It speaks of the group in which the kind is stored, as upstream's internal types do,
/// and of the kind that the object says it is.
pub(crate) fn invalid(call: &Call, object: &Value, mut errors: ErrorList) -> Status {
    let served = &call.target.served;
    // Go's empty lists and maps are not null.
    for error in errors.iter_mut().filter(|error| error.bad_value.as_deref() == Some("null")) {
        if let Some((_, empty)) = call.emptied.iter().find(|(path, _)| *path == error.field) {
            error.bad_value = Some((*empty).to_owned());
        }
    }
    let (group, _) = served.resource.storage_version.split_once('/').unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or(&served.resource.kind);
    minkapi_schema::field::invalid(group, kind, text(object, "name"), &errors)
}
