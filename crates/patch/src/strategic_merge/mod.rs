//! Strategic merge patch: a merge patch that knows which lists merge by key, with directives (C-07-30 ff.).

mod diff;
mod element_order;
mod error;
mod lists;
mod lookup;
mod maps;
mod restore;

pub use diff::diff;
pub use restore::misfit;

use crate::{PatchError, body};
use lookup::Node;
use minkapi_registry::Struct;
use serde_json::{Map, Value};

pub(crate) type Members = Map<String, Value>;

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_PRIMITIVE_LIST: &str = "$deleteFromPrimitiveList";
const SET_ELEMENT_ORDER: &str = "$setElementOrder";

/// A strategic merge patch; only kinds that are built in take one (C-07-01).
#[derive(Debug, Clone)]
pub struct StrategicMergePatch {
    patch: Members,
    strict_errors: Vec<String>,
}

/// What a strategic merge patch makes of an object.
#[derive(Debug, Clone)]
pub struct Patched {
    /// The patched object.
    pub object: Value,
    /// The patch as the merge left it, without the directives that it has followed. kube-apiserver quotes it (as
    /// [`plain`](crate::go_format::plain) prints it) in errors about the patched object (C-07-15, C-07-16).
    pub patch: Value,
}

impl StrategicMergePatch {
    /// Reads a patch. `strict` is whether `fieldValidation` is Warn or Strict: what is found then is in
    /// [`strict_errors`](Self::strict_errors). A body of `null` changes nothing.
    ///
    /// # Errors
    /// 400 for a body that is no JSON object.
    pub fn parse(text: &[u8], strict: bool) -> Result<Self, PatchError> {
        let (patch, strict_errors) = body::parse(text, strict)?;
        match patch {
            Value::Object(patch) => Ok(Self { patch, strict_errors }),
            Value::Null => Ok(Self { patch: Members::new(), strict_errors }),
            other => Err(PatchError::BadRequest(body::not_an_object(&other))),
        }
    }

    /// What strict decoding found in the patch itself, such as `duplicate field "data.a"`.
    pub fn strict_errors(&self) -> &[String] {
        &self.strict_errors
    }

    /// Whether it says anything of `metadata.managedFields`.
    pub fn touches_managed_fields(&self) -> bool {
        body::touches_managed_fields(self.patch.get("metadata"))
    }

    /// The patched object. `schema` is that of the object's kind.
    ///
    /// # Errors
    /// 400, 422 or 500, as C-07-32 has them.
    pub fn apply(&self, object: Value, schema: &Struct) -> Result<Patched, PatchError> {
        let mut patch = self.patch.clone();
        let object = match object {
            Value::Object(members) => members,
            _ => Members::new(),
        };
        let object = maps::merge(object, &mut patch, Node::Struct(schema))?;
        Ok(Patched { object: Value::Object(object), patch: Value::Object(patch) })
    }
}
