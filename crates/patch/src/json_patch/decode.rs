//! Reading the operations of a JSON patch.

use super::Operation;
use crate::{PatchError, body::not_json, go_format, strict_json, strict_json::StrictErrors};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{collections::HashSet, fmt};

/// Reads the operations of a patch, and what strict decoding has to say if that is asked for.
pub(super) fn operations(body: &[u8], strict: bool) -> Result<(Vec<Operation>, Vec<String>), PatchError> {
    let text = std::str::from_utf8(body).map_err(|_| not_json())?;
    let raw: &RawValue = serde_json::from_str(text).map_err(|_| not_json())?;
    let (list, item, context) = match strict {
        true => ("[]handlers.jsonPatchOp", "handlers.jsonPatchOp", "error decoding patch: "),
        false => ("jsonpatch.Patch", "jsonpatch.Operation", ""),
    };
    let mismatch = |raw: &RawValue, wanted: &str| {
        PatchError::BadRequest(format!("{context}json: cannot unmarshal {} into Go {wanted}", json_type(raw)))
    };
    let items: Vec<&RawValue> = match json_type(raw) {
        "null" => Vec::new(),
        "array" => serde_json::from_str(raw.get()).map_err(|_| not_json())?,
        _ => return Err(mismatch(raw, &format!("value of type {list}"))),
    };
    let mut errors = StrictErrors::default();
    let mut operations = Vec::with_capacity(items.len().min(super::MAX_OPERATIONS + 1));
    for (index, raw) in items.into_iter().enumerate() {
        let members = match json_type(raw) {
            "null" => Members(Vec::new()),
            "object" => serde_json::from_str(raw.get()).map_err(|_| not_json())?,
            _ => return Err(mismatch(raw, &format!("value of type {item}"))),
        };
        if strict {
            report(index, &members, &mut errors, mismatch)?;
        }
        operations.push(members.into_operation());
    }
    let errors = errors.into_vec().into_iter().map(|error| format!("json patch {error}")).collect();
    Ok((operations, errors))
}

/// Checks one operation as strict decoding into a struct does.
fn report(
    index: usize,
    members: &Members<'_>,
    errors: &mut StrictErrors,
    mismatch: impl Fn(&RawValue, &str) -> PatchError,
) -> Result<(), PatchError> {
    let mut seen = HashSet::new();
    for (name, raw) in &members.0 {
        match name.as_str() {
            "op" | "path" | "from" if !matches!(json_type(raw), "string" | "null") => {
                return Err(mismatch(raw, &format!("struct field jsonPatchOp.{name} of type string")));
            }
            "op" | "path" | "from" | "value" => {
                if !seen.insert(name) {
                    errors.add(format!("duplicate field \"[{index}].{name}\""));
                }
                if name == "value" {
                    strict_json::parse(raw.get(), &format!("[{index}].value"), errors).map_err(|_| not_json())?;
                }
            }
            _ => errors.add(format!("unknown field \"[{index}].{name}\"")),
        }
    }
    Ok(())
}

fn json_type(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "bool",
        Some(b'n') => go_format::json_type(&serde_json::Value::Null),
        _ => "number",
    }
}

/// The members of an operation in the order of the document, repeated ones too.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl Members<'_> {
    fn into_operation(self) -> Operation {
        let mut operation = Operation::default();
        for (name, raw) in self.0 {
            match name.as_str() {
                "op" => operation.op = serde_json::from_str(raw.get()).ok(),
                "path" => operation.path = serde_json::from_str(raw.get()).ok(),
                "from" => operation.from = serde_json::from_str(raw.get()).ok(),
                "value" => operation.value = (raw.get() != "null").then(|| raw.to_owned()),
                _ => {}
            }
        }
        operation
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(InOrder).map(Members)
    }
}
