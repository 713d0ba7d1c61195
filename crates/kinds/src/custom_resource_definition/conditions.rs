//! The conditions of a definition, which controllers inside the API server keep (C-10-03 to C-10-05, C-10-07).
//!
//! Pure functions from a definition (and the names in use) to the next one; the view calls them after each change.

use super::{approval, structural};
use crate::value;
use minkapi_schema::field::{Error, ErrorList, Path, quoted};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The finalizer under which the server deletes a definition's objects.
pub const CLEANUP_FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";
/// Its objects are served.
pub const ESTABLISHED: &str = "Established";
/// Its names do not clash.
pub const NAMES_ACCEPTED: &str = "NamesAccepted";
/// It is being deleted.
pub const TERMINATING: &str = "Terminating";

/// The names that definitions of one group have accepted.
#[derive(Debug, Clone, Default)]
pub struct Names {
    resources: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

/// The condition of this type.
pub fn condition<'a>(definition: &'a Value, kind: &str) -> Option<&'a Value> {
    value::items(definition.get("status")?, "conditions").iter().find(|c| value::text(c, "type") == kind)
}

/// Whether the condition of this type is True.
pub fn is_condition_true(definition: &Value, kind: &str) -> bool {
    condition(definition, kind).is_some_and(|c| value::text(c, "status") == "True")
}

/// A condition without its time.
fn new_condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": message})
}

/// Sets a condition; its transition time changes with its status.
pub fn set_condition(definition: &mut Value, condition: &Value, now: &str) {
    let kind = value::text(condition, "type").to_owned();
    let Some(status) = value::object_mut(definition, "status") else { return };
    value::set_default(status, "conditions", json!([]));
    let Some(list) = status.get_mut("conditions").and_then(Value::as_array_mut) else { return };
    let mut next = condition.clone();
    let old = list.iter_mut().find(|c| value::text(c, "type") == kind);
    let same_status = old.as_ref().is_some_and(|o| value::text(o, "status") == value::text(condition, "status"));
    let since = old.as_ref().filter(|_| same_status).and_then(|o| value::field(o, "lastTransitionTime")).cloned();
    value::set(&mut next, "lastTransitionTime", since.unwrap_or_else(|| now.into()));
    match old {
        Some(old) => *old = next,
        None => list.push(next),
    }
}

/// The names that the definitions of `group` have accepted.
pub fn names_in_use<'a>(definitions: impl IntoIterator<Item = &'a Value>, group: &str) -> Names {
    let mut names = Names::default();
    for definition in definitions {
        if definition.get("spec").map_or("", |spec| value::text(spec, "group")) != group {
            continue;
        }
        let Some(accepted) = value::at(definition, &["status", "acceptedNames"]) else { continue };
        let of = |key: &str| value::text(accepted, key).to_owned();
        names.resources.extend([of("plural"), of("singular")]);
        names.resources.extend(value::items(accepted, "shortNames").iter().filter_map(Value::as_str).map(str::to_owned));
        names.kinds.extend([of("kind"), of("listKind")]);
    }
    names
}

/// The definition with its names accepted or refused (C-10-03, C-10-04), given those in use in its group (its own
/// included); None if nothing changes.
pub fn update_names(definition: &Value, in_use: &Names, now: &str) -> Option<Value> {
    let null = Value::Null;
    let requested = value::at(definition, &["spec", "names"]).unwrap_or(&null);
    let accepted = value::at(definition, &["status", "acceptedNames"]).unwrap_or(&null);
    if crate::update::same(Some(requested), Some(accepted)) {
        return None;
    }
    let mut next = accepted.clone();
    let mut conflict: Option<(&str, String)> = None;
    for (key, reason, used) in [("plural", "PluralConflict", &in_use.resources), ("singular", "SingularConflict", &in_use.resources)] {
        accept(requested, accepted, &mut next, (key, reason), used, &mut conflict);
    }
    accept_short_names(requested, accepted, &mut next, in_use, &mut conflict);
    for (key, reason) in [("kind", "KindConflict"), ("listKind", "ListKindConflict")] {
        accept(requested, accepted, &mut next, (key, reason), &in_use.kinds, &mut conflict);
    }
    match value::items(requested, "categories") {
        [] => value::unset(&mut next, "categories"),
        categories => value::set(&mut next, "categories", categories.to_vec()),
    }
    let names = match &conflict {
        Some((reason, message)) => new_condition(NAMES_ACCEPTED, "False", reason, message),
        None => new_condition(NAMES_ACCEPTED, "True", "NoConflicts", "no conflicts found"),
    };
    if next == *accepted && condition(definition, NAMES_ACCEPTED).is_some_and(|c| equivalent(c, &names)) {
        return None;
    }
    let mut out = definition.clone();
    value::set(value::object_mut(&mut out, "status")?, "acceptedNames", next);
    set_condition(&mut out, &names, now);
    let established = match condition(definition, ESTABLISHED) {
        Some(old) if value::text(old, "status") == "True" || conflict.is_some() => old.clone(),
        None if conflict.is_some() => new_condition(ESTABLISHED, "False", "NotAccepted", "not all names are accepted"),
        _ => new_condition(ESTABLISHED, "False", "Installing", "the initial names have been accepted"),
    };
    set_condition(&mut out, &established, now);
    Some(out)
}

fn equivalent(a: &Value, b: &Value) -> bool {
    ["type", "status", "reason", "message"].iter().all(|key| value::text(a, key) == value::text(b, key))
}

fn in_use(name: &str) -> String {
    format!("{} is already in use", quoted(name))
}

fn accept<'a>(
    requested: &Value,
    accepted: &Value,
    next: &mut Value,
    (key, reason): (&str, &'a str),
    used: &BTreeSet<String>,
    conflict: &mut Option<(&'a str, String)>,
) {
    let name = value::text(requested, key);
    if name != value::text(accepted, key) && used.contains(name) {
        *conflict = Some((reason, in_use(name)));
    } else {
        value::set(next, key, name);
    }
}

fn accept_short_names(requested: &Value, accepted: &Value, next: &mut Value, used: &Names, conflict: &mut Option<(&str, String)>) {
    let wanted = value::items(requested, "shortNames");
    let mine = value::items(accepted, "shortNames");
    if wanted == mine {
        return;
    }
    let taken: Vec<String> = wanted
        .iter()
        .filter(|name| !mine.contains(name))
        .filter_map(Value::as_str)
        .filter(|name| used.resources.contains(*name))
        .map(in_use)
        .collect();
    match taken.as_slice() {
        [] if wanted.is_empty() => value::unset(next, "shortNames"),
        [] => value::set(next, "shortNames", wanted.to_vec()),
        [one] => *conflict = Some(("ShortNamesConflict", one.clone())),
        several => *conflict = Some(("ShortNamesConflict", format!("[{}]", several.join(", ")))),
    }
}

/// The definition established, once its names are accepted; None if it is or may not be. Established never ends.
pub fn established(definition: &Value, now: &str) -> Option<Value> {
    if !is_condition_true(definition, NAMES_ACCEPTED) || is_condition_true(definition, ESTABLISHED) {
        return None;
    }
    let mut out = definition.clone();
    set_condition(&mut out, &new_condition(ESTABLISHED, "True", "InitialNamesAccepted", "the initial names have been accepted"), now);
    Some(out)
}

/// The definition with its condition about the approval of a protected group; None if nothing changes.
pub fn approval_condition(definition: &Value, now: &str) -> Option<Value> {
    const KIND: &str = "KubernetesAPIApprovalPolicyConformant";
    let (approval, message) = approval::of(definition)?;
    let (status, reason) = match approval {
        approval::Approval::Invalid => ("False", "InvalidAnnotation"),
        approval::Approval::Missing => ("False", "MissingAnnotation"),
        approval::Approval::Approved => ("True", "ApprovedAnnotation"),
        approval::Approval::Bypassed => ("False", "UnapprovedAnnotation"),
    };
    changed(definition, &new_condition(KIND, status, reason, &message), now)
}

/// The definition with its condition about schemas that are not structural; None if nothing changes. Definitions that
/// were validated never have one; those imported from elsewhere may.
pub fn non_structural_condition(definition: &Value, now: &str) -> Option<Value> {
    const KIND: &str = "NonStructuralSchema";
    let spec = Path::new("spec");
    let versions = spec.child("versions");
    let mut errors = ErrorList::new();
    for (index, version) in definition.get("spec").map_or(&[][..], |s| value::items(s, "versions")).iter().enumerate() {
        if let Some(schema) = value::at(version, &["schema", "openAPIV3Schema"]) {
            errors.extend(structural::validate(schema, &versions.index(index).child("schema").child("openAPIV3Schema")));
        }
    }
    let texts: Vec<String> = errors.iter().map(Error::to_string).collect();
    let message = match texts.as_slice() {
        [] => {
            condition(definition, KIND)?;
            let mut out = definition.clone();
            let list = out.get_mut("status")?.get_mut("conditions")?.as_array_mut()?;
            list.retain(|c| value::text(c, "type") != KIND);
            return Some(out);
        }
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    changed(definition, &new_condition(KIND, "True", "Violations", &message), now)
}

fn changed(definition: &Value, condition: &Value, now: &str) -> Option<Value> {
    if self::condition(definition, value::text(condition, "type")).is_some_and(|old| equivalent(old, condition)) {
        return None;
    }
    let mut out = definition.clone();
    set_condition(&mut out, condition, now);
    Some(out)
}

/// What the first DELETE makes of a definition (C-10-07): its deletion has begun, its objects go first.
pub fn mark_terminating(definition: &mut Value, now: &str) {
    if let Some(meta) = value::object_mut(definition, "metadata") {
        value::set_default(meta, "deletionTimestamp", now);
        let mut finalizers = value::items(meta, "finalizers").to_vec();
        if !finalizers.iter().any(|f| f.as_str() == Some(CLEANUP_FINALIZER)) {
            finalizers.push(CLEANUP_FINALIZER.into());
        }
        value::set(meta, "finalizers", finalizers);
    }
    let pending = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    set_condition(definition, &new_condition(TERMINATING, "True", "InstanceDeletionPending", pending), now);
}

/// What the finalizer's second write makes of a definition while its objects are being deleted.
pub fn finalizing(definition: &mut Value, now: &str) {
    let in_progress = new_condition(TERMINATING, "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress");
    set_condition(definition, &in_progress, now);
}
