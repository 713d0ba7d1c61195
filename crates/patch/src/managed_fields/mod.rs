//! Who owns which fields: the bookkeeping of `metadata.managedFields`, and server-side apply (C-07-40 to C-07-53).

mod apply;
mod cap;
mod conflict;
mod entry;
mod last_applied;
mod owned;
mod reset_fields;
mod scale;
mod times;
mod update;
mod updater;

pub use apply::{ApplyError, apply};
pub use entry::{ManagedFieldsError, validate_managed_fields};
pub use reset_fields::ResetFields;
pub use scale::{ReplicasPaths, scale_to_parent, scale_to_subresource};
pub use times::keep_times_if_unchanged;
pub use update::update_managed_fields;

use minkapi_registry::{Ref, Struct};
use serde_json::Value;

/// What the bookkeeping of a write needs to know.
#[derive(Clone, Copy)]
pub struct FieldManagerInput<'a> {
    /// Schema of the objects, in the version of the request.
    pub schema: &'a Ref<Struct>,
    /// That version, such as `apps/v1`.
    pub api_version: &'a str,
    /// The kind of the endpoint.
    pub kind: &'a str,
    /// The subresource that is written; empty for the object itself.
    pub subresource: &'a str,
    /// What a write here cannot own (C-07-50).
    pub reset_fields: ResetFields<'a>,
    /// RFC 3339 with whole seconds.
    pub now: &'a str,
    /// How the kind looks in the versions that other managers wrote.
    pub versions: &'a dyn Versions,
}

/// The other versions of a kind.
pub trait Versions {
    /// The object in another version, and the schema of that version; None if the kind has no such version, and what was
    /// written in it is forgotten.
    fn convert(&self, object: &Value, to: &str) -> Option<(Value, Ref<Struct>)>;
}

/// A kind with one version.
#[derive(Debug, Clone, Copy, Default)]
pub struct OneVersion;

impl Versions for OneVersion {
    fn convert(&self, _object: &Value, _to: &str) -> Option<(Value, Ref<Struct>)> {
        None
    }
}

/// The entries in an object's metadata, as JSON.
fn recorded(object: &Value) -> Option<&Value> {
    object.get("metadata")?.get("managedFields").filter(|fields| !fields.is_null())
}

/// Puts entries into an object's metadata, or takes them out.
fn record(object: &mut Value, managed: &entry::Managed) {
    record_entries(object, managed.encode());
}

fn record_entries(object: &mut Value, entries: Option<Value>) {
    let Some(Value::Object(metadata)) = object.get_mut("metadata") else { return };
    match entries {
        Some(entries) => metadata.insert("managedFields".into(), entries),
        None => metadata.remove("managedFields"),
    };
}
