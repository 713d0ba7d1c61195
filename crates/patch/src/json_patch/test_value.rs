//! The `test` operation.

use crate::go_format;
use serde_json::{Value, value::RawValue};
use std::collections::BTreeMap;

/// Whether a `test` operation finds what it expects.
///
/// Upstream compares scalars by their JSON text, so `1` is not `1.0`, and text must be spelled as the server's encoder spells it
/// (`"a\u003cb"`). What the same patch wrote keeps the patch's spelling: with `written` equal values pass in any spelling.
pub(super) fn equal(value: &Value, expected: &RawValue, written: bool) -> bool {
    match value {
        Value::Object(members) => {
            let Ok(expected) = serde_json::from_str::<BTreeMap<String, Option<&RawValue>>>(expected.get()) else { return false };
            members.len() == expected.len()
                && members.iter().all(|(name, member)| match (member, expected.get(name)) {
                    (_, None) => false,
                    (Value::Null, Some(other)) => other.is_none(),
                    (member, Some(other)) => other.is_some_and(|other| equal(member, other, written)),
                })
        }
        Value::Array(items) => {
            let Ok(expected) = serde_json::from_str::<Vec<Option<&RawValue>>>(expected.get()) else { return false };
            items.len() == expected.len()
                && items.iter().zip(expected).all(|(item, other)| match other {
                    Some(other) => equal(item, other, written),
                    None => item.is_null(),
                })
        }
        scalar => {
            go_format::json(scalar) == expected.get()
                || (written && serde_json::from_str::<Value>(expected.get()).is_ok_and(|e| e == *scalar))
        }
    }
}
