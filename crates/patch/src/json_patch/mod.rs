//! JSON patch (RFC 6902) with the habits of the library that kube-apiserver uses.

mod decode;
mod pointer;
mod test_value;

use crate::{PatchError, go_format};
use pointer::Place;
use serde_json::{Value, value::RawValue};

/// Most operations in one patch (C-07-22).
const MAX_OPERATIONS: usize = 10_000;
/// How much all `copy` operations of a patch may add, in bytes of JSON (C-07-22).
const MAX_COPIED_BYTES: usize = 3 * 1024 * 1024;

/// A JSON patch: a list of operations that apply together or not at all (C-07-20, C-07-21).
///
/// ```
/// use minkapi_patch::JsonPatch;
/// use serde_json::json;
///
/// let patch = JsonPatch::parse(br#"[{"op": "add", "path": "/data/a~1b", "value": "1"}]"#, true).unwrap();
/// assert_eq!(patch.apply(json!({"data": {}})).unwrap(), json!({"data": {"a/b": "1"}}));
/// ```
#[derive(Debug, Clone)]
pub struct JsonPatch {
    operations: Vec<Operation>,
    strict_errors: Vec<String>,
}

/// One operation. Members that are missing or not text are found out when it is applied, as upstream does.
#[derive(Debug, Clone, Default)]
struct Operation {
    op: Option<String>,
    path: Option<String>,
    from: Option<String>,
    /// None stands for null too.
    value: Option<Box<RawValue>>,
}

impl JsonPatch {
    /// The objects and lists that the patch goes into, as a tree of the names on the way. Errors show these in another
    /// order than what it leaves alone.
    pub fn opened(&self) -> Value {
        let mut tree = Value::Object(serde_json::Map::new());
        for pointer in self.operations.iter().flat_map(|op| [&op.path, &op.from]).flatten() {
            let Some((above, _)) = pointer.strip_prefix('/').and_then(|path| path.rsplit_once('/')) else { continue };
            let mut at = &mut tree;
            for name in above.split('/') {
                let entry = &mut at[name.replace("~1", "/").replace("~0", "~")];
                if !entry.is_object() {
                    *entry = Value::Object(serde_json::Map::new());
                }
                at = entry;
            }
        }
        tree
    }

    /// Reads a patch. `strict` is whether `fieldValidation` is Warn or Strict: what is found then is in
    /// [`strict_errors`](Self::strict_errors), and types of members are checked.
    ///
    /// # Errors
    /// 400 for a body that is no list of objects (C-07-22); 413 for more than 10,000 operations.
    pub fn parse(body: &[u8], strict: bool) -> Result<Self, PatchError> {
        let (operations, strict_errors) = decode::operations(body, strict)?;
        if operations.len() > MAX_OPERATIONS {
            return Err(PatchError::TooManyOperations { limit: MAX_OPERATIONS, count: operations.len() });
        }
        Ok(Self { operations, strict_errors })
    }

    /// What strict decoding found in the patch itself, such as `json patch unknown field "[0].x"`.
    pub fn strict_errors(&self) -> &[String] {
        &self.strict_errors
    }

    /// The patched object.
    ///
    /// # Errors
    /// 422 if an operation does not apply; the object is then lost, keep a copy where it is needed.
    pub fn apply(&self, object: Value) -> Result<Value, PatchError> {
        let mut run = Run { object, copied: 0, written: false };
        for operation in &self.operations {
            run.step(operation).map_err(PatchError::Unprocessable)?;
        }
        Ok(run.object)
    }
}

/// A patch being applied.
struct Run {
    object: Value,
    copied: usize,
    /// Whether an operation has written a value: its spelling then stands in the object (see [`test_value`]).
    written: bool,
}

impl Run {
    fn step(&mut self, operation: &Operation) -> Result<(), String> {
        match operation.op.as_deref().unwrap_or("unknown") {
            "test" => return self.test(operation),
            "add" => self.place(&operation.path, "path")?.add(operation.new_value()?)?,
            "remove" => {
                self.place(&operation.path, "path")?.remove()?;
            }
            "replace" => self.replace(operation)?,
            "move" => {
                let value = self.place(&operation.from, "from")?.remove()?;
                self.place(&operation.path, "path")?.add(value)?;
            }
            "copy" => self.copy(operation)?,
            other => return Err(format!("Unexpected kind: {other}")),
        }
        self.written = true;
        Ok(())
    }

    /// The place that a pointer names; its parent must exist.
    fn place(&mut self, pointer: &Option<String>, member: &str) -> Result<Place<'_>, String> {
        let pointer = pointer.as_deref().ok_or_else(|| format!("operation missing {member} field: missing value"))?;
        Place::find(&mut self.object, pointer).ok_or_else(|| format!("doc is missing {member}: \"{pointer}\": missing value"))
    }

    /// Replacing a missing member of an object adds it; the empty pointer replaces the whole object.
    fn replace(&mut self, operation: &Operation) -> Result<(), String> {
        let value = operation.new_value()?;
        if operation.path.as_deref() == Some("") {
            if !value.is_object() && !value.is_array() {
                return Err("replace operation value must be object or array".into());
            }
            self.object = value;
            return Ok(());
        }
        let mut place = self.place(&operation.path, "path")?;
        place.get()?;
        place.set(value)
    }

    /// Copying from a missing member of an object copies null.
    fn copy(&mut self, operation: &Operation) -> Result<(), String> {
        let value = self.place(&operation.from, "from")?.get()?.cloned().unwrap_or_default();
        self.place(&operation.path, "path")?;
        self.copied += if value.is_null() { 0 } else { go_format::json(&value).len() };
        if self.copied > MAX_COPIED_BYTES {
            let copied = self.copied;
            return Err(format!(
                "Unable to complete the copy, the accumulated size increase of copy is {copied}, exceeding the limit {MAX_COPIED_BYTES}"
            ));
        }
        self.place(&operation.path, "path")?.add(value)
    }

    fn test(&mut self, operation: &Operation) -> Result<(), String> {
        let written = self.written;
        let expected = operation.value.as_deref();
        let failed = || format!("testing value {} failed: test failed", operation.path.as_deref().unwrap_or_default());
        let equal = if operation.path.as_deref() == Some("") {
            expected.is_some_and(|e| test_value::equal(&self.object, e, written))
        } else {
            match (self.place(&operation.path, "path")?.get()?, expected) {
                (None | Some(Value::Null), expected) => expected.is_none(),
                (Some(value), Some(expected)) => test_value::equal(value, expected, written),
                (Some(_), None) => false,
            }
        };
        if equal { Ok(()) } else { Err(failed()) }
    }
}

impl Operation {
    fn new_value(&self) -> Result<Value, String> {
        match &self.value {
            Some(raw) => serde_json::from_str(raw.get()).map_err(|err| err.to_string()),
            None => Ok(Value::Null),
        }
    }
}
