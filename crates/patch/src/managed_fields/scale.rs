//! Ownership of replicas between an object and its scale subresource (C-07-61).

use super::entry::{Entry, Managed, ManagedFieldsError};
use crate::field_set::{FieldSet, Path};
use serde_json::Value;

const SCALE_VERSION: &str = "autoscaling/v1";

/// Where each version of the object has its replicas, such as `("apps/v1", &["spec", "replicas"])`; None for a version of a
/// custom resource without scale.
pub type ReplicasPaths<'a> = &'a [(&'a str, Option<&'a [&'a str]>)];

/// The managedFields of a Scale: those entries of the object that own its replicas.
///
/// # Errors
/// Entries that cannot be read.
pub fn scale_to_subresource(parent_entries: Option<&Value>, paths: ReplicasPaths<'_>) -> Result<Option<Value>, ManagedFieldsError> {
    let parent = Managed::decode(parent_entries)?;
    let owns_replicas = |entry: &Entry| matches!(path(paths, &entry.api_version), Some(Some(path)) if entry.fields.contains(&path.0));
    let owners = parent.entries.into_iter().filter(owns_replicas);
    let entries =
        owners.map(|entry| Entry { api_version: SCALE_VERSION.to_owned(), fields: only(replicas_in_scale()).into(), ..entry }).collect();
    Ok(Managed { entries }.encode())
}

/// The managedFields of the object after a write of its Scale: who no longer owns the replicas there loses them here.
///
/// `api_version` is that of the object in the request.
///
/// # Errors
/// Entries that cannot be read.
pub fn scale_to_parent(
    parent_entries: Option<&Value>,
    scale_entries: Option<&Value>,
    api_version: &str,
    paths: ReplicasPaths<'_>,
) -> Result<Option<Value>, ManagedFieldsError> {
    let mut managed = Managed::default();
    let mut scale = Managed::decode(scale_entries)?;
    let parent = Managed::decode(parent_entries)?;
    for entry in &parent.entries {
        let Some(replicas) = path(paths, &entry.api_version) else { continue };
        let mut entry = entry.clone();
        if let Some(replicas) = replicas.filter(|replicas| entry.fields.contains(&replicas.0)) {
            // An applier is the same in both. An update's entry has the Scale's version there: its replicas move to an entry of their
            // own, without a time.
            if scale.take(&entry.manager).is_none() {
                entry.fields.remove(&only(replicas));
            }
        }
        if !entry.fields.is_empty() {
            managed.entries.push(entry);
        }
    }
    let Some(Some(replicas)) = path(paths, api_version) else { return Ok(managed.encode()) };
    for entry in scale.entries.into_iter().filter(|entry| entry.fields.contains(&replicas_in_scale().0)) {
        let time = parent.get(&entry.manager).and_then(|entry| entry.time.clone());
        managed.entries.retain(|other| other.manager != entry.manager);
        managed.entries.push(Entry { api_version: api_version.to_owned(), fields: only(replicas.clone()).into(), time, ..entry });
    }
    Ok(managed.encode())
}

fn path(paths: ReplicasPaths<'_>, api_version: &str) -> Option<Option<Path>> {
    let (_, path) = paths.iter().find(|(version, _)| *version == api_version)?;
    Some(path.map(|path| Path::of_fields(path.iter().copied())))
}

fn replicas_in_scale() -> Path {
    Path::of_fields(["spec", "replicas"])
}

fn only(path: Path) -> FieldSet {
    [path].into_iter().collect()
}
