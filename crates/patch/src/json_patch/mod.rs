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
            "add" => self.add(operation)?,
            "remove" => self.remove(operation)?,
            "replace" => self.replace(operation)?,
            "move" => self.move_(operation)?,
            "copy" => self.copy(operation)?,
            other => return Err(format!("Unexpected kind: {other}")),
        }
        self.written = true;
        Ok(())
    }

    /// The place that a pointer names; its parent must exist, or `missing` says what does not apply.
    fn place(&mut self, pointer: &str, missing: &str) -> Result<Place<'_>, String> {
        Place::find(&mut self.object, pointer).ok_or_else(|| format!("{missing}: missing value"))
    }

    fn add(&mut self, operation: &Operation) -> Result<(), String> {
        let path = operation.path.as_deref().ok_or("add operation failed to decode path: missing value")?;
        let value = operation.new_value()?;
        let place = self.place(path, &format!("add operation does not apply: doc is missing path: \"{path}\""))?;
        place.add(value).map_err(|why| format!("error in add for path: '{path}': {why}"))
    }

    fn remove(&mut self, operation: &Operation) -> Result<(), String> {
        let path = operation.path.as_deref().ok_or("remove operation failed to decode path: missing value")?;
        let place = self.place(path, &format!("remove operation does not apply: doc is missing path: \"{path}\""))?;
        place.remove().map(|_| ()).map_err(|why| format!("error in remove for path: '{path}': {why}"))
    }

    /// Replacing a missing member of an object adds it; the empty pointer replaces the whole object.
    fn replace(&mut self, operation: &Operation) -> Result<(), String> {
        let path = operation.path_of("replace")?;
        let value = operation.new_value()?;
        if path.is_empty() {
            if !value.is_object() && !value.is_array() {
                return Err("replace operation value must be object or array".into());
            }
            self.object = value;
            return Ok(());
        }
        let mut place = self.place(path, &format!("replace operation does not apply: doc is missing path: {path}"))?;
        place.get().map_err(|_| format!("replace operation does not apply: doc is missing key: {path}: missing value"))?;
        place.set(value).map_err(|why| format!("error in remove for path: '{path}': {why}"))
    }

    fn move_(&mut self, operation: &Operation) -> Result<(), String> {
        let from = operation.source_of("move")?;
        let place = self.place(from, &format!("move operation does not apply: doc is missing from path: {from}"))?;
        let key = place.key().to_owned();
        let value = place.remove().map_err(|why| format!("error in move for path: '{key}': {why}"))?;
        let path = operation.path_of("move")?;
        let place = self.place(path, &format!("move operation does not apply: doc is missing destination path: {path}"))?;
        place.add(value).map_err(|why| format!("error in move for path: '{path}': {why}"))
    }

    /// Copying from a missing member of an object copies null.
    fn copy(&mut self, operation: &Operation) -> Result<(), String> {
        let from = operation.source_of("copy")?;
        let mut place = self.place(from, &format!("copy operation does not apply: doc is missing from path: {from}"))?;
        let value = place.get().map_err(|why| format!("error in copy for from: '{from}': {why}"))?.cloned().unwrap_or_default();
        let path = operation.path.as_deref().ok_or("copy operation failed to decode path: missing value")?;
        let missing = format!("copy operation does not apply: doc is missing destination path: {path}");
        self.place(path, &missing)?;
        self.copied += if value.is_null() { 0 } else { go_format::json(&value).len() };
        if self.copied > MAX_COPIED_BYTES {
            let copied = self.copied;
            return Err(format!(
                "Unable to complete the copy, the accumulated size increase of copy is {copied}, exceeding the limit {MAX_COPIED_BYTES}"
            ));
        }
        self.place(path, &missing)?.add(value).map_err(|why| format!("error while adding value during copy: {why}"))
    }

    fn test(&mut self, operation: &Operation) -> Result<(), String> {
        let written = self.written;
        let expected = operation.value.as_deref();
        let path = operation.path_of("test")?;
        let equal = if path.is_empty() {
            expected.is_some_and(|e| test_value::equal(&self.object, e, written))
        } else {
            let mut place = self.place(path, &format!("test operation does not apply: is missing path: {path}"))?;
            let value = place.get().map_err(|why| format!("error in test for path: '{path}': {why}"))?;
            match (value, expected) {
                (None | Some(Value::Null), expected) => expected.is_none(),
                (Some(value), Some(expected)) => test_value::equal(value, expected, written),
                (Some(_), None) => false,
            }
        };
        if equal { Ok(()) } else { Err(format!("testing value {path} failed: test failed")) }
    }
}

impl Operation {
    fn path_of(&self, operation: &str) -> Result<&str, String> {
        self.path
            .as_deref()
            .ok_or_else(|| format!("{operation} operation failed to decode path: operation missing path field: missing value"))
    }

    fn source_of(&self, operation: &str) -> Result<&str, String> {
        self.from
            .as_deref()
            .ok_or_else(|| format!("{operation} operation failed to decode from: operation, missing from field: missing value"))
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
