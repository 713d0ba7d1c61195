//! JSON merge patch.

use crate::{PatchError, body};
use serde_json::{Map, Value};

/// A JSON merge patch (RFC 7386, C-07-25): objects merge, everything else replaces, null deletes.
///
/// ```
/// use minkapi_patch::MergePatch;
/// use serde_json::json;
///
/// let patch = MergePatch::parse(br#"{"data": {"a": null, "b": "2"}}"#, true).unwrap();
/// let object = patch.apply(json!({"data": {"a": "1", "c": "3"}}));
/// assert_eq!(object, json!({"data": {"b": "2", "c": "3"}}));
/// ```
#[derive(Debug, Clone)]
pub struct MergePatch {
    patch: Value,
    strict_errors: Vec<String>,
}

impl MergePatch {
    /// The objects that the patch goes into, as a tree of the names on the way; see [`crate::JsonPatch::opened`].
    pub const fn opened(&self) -> &Value {
        &self.patch
    }

    /// Reads a patch. `strict` is whether `fieldValidation` is Warn or Strict: what is found then is in
    /// [`strict_errors`](Self::strict_errors), and a body that is no object is told apart more precisely.
    ///
    /// # Errors
    /// 400 for a body that is not JSON, null or a scalar; an array too, if `strict` (without, it replaces the object: C-07-25).
    pub fn parse(text: &[u8], strict: bool) -> Result<Self, PatchError> {
        let (patch, strict_errors) = body::parse(text, strict)?;
        match &patch {
            Value::Object(_) => {}
            Value::Null => return Err(PatchError::BadRequest("Invalid JSON Patch".into())),
            other if strict => return Err(PatchError::BadRequest(format!("error decoding patch: {}", body::not_an_object(other)))),
            Value::Array(_) => {}
            _ => return Err(PatchError::BadRequest("Invalid JSON Patch".into())),
        }
        Ok(Self { patch, strict_errors })
    }

    /// What strict decoding found in the patch itself, such as `duplicate field "data.a"`.
    pub fn strict_errors(&self) -> &[String] {
        &self.strict_errors
    }

    /// Whether it says anything of `metadata.managedFields`.
    pub fn touches_managed_fields(&self) -> bool {
        body::touches_managed_fields(self.patch.get("metadata"))
    }

    /// The patched object.
    pub fn apply(&self, mut object: Value) -> Value {
        match (&mut object, self.patch.clone()) {
            (Value::Object(members), Value::Object(patch)) => {
                merge_members(members, patch);
                object
            }
            (_, mut patch) => {
                drop_nulls(&mut patch);
                patch
            }
        }
    }
}

fn merge_members(members: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, mut value) in patch {
        match (members.get_mut(&name), &mut value) {
            (_, Value::Null) => {
                members.remove(&name);
            }
            (Some(Value::Object(current)), Value::Object(patch)) => merge_members(current, std::mem::take(patch)),
            // What replaces an object keeps its nulls, what replaces anything else or nothing does not.
            (Some(current @ Value::Object(_)), _) => *current = value,
            (_, _) => {
                drop_nulls(&mut value);
                members.insert(name, value);
            }
        }
    }
}

/// Takes null members out of all objects; null items of lists stay.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
