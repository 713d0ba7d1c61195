//! Items of sets and keyed lists as path elements.

use super::form::{Form, List, Type};
use crate::field_set::Element;
use minkapi_registry::{ListType, Text};
use serde_json::Value;

/// The path element of an item of a set or keyed list.
///
/// # Errors
/// What keeps it from having one, in upstream's words.
pub(super) fn element(list: List<'_>, item: &Value) -> Result<Element, String> {
    match list.kind {
        ListType::Atomic => Err("invalid indexing of non-associative list".into()),
        ListType::Set => match item {
            Value::Object(_) => Err("associative list without keys has an element that's a map type".into()),
            Value::Array(_) => Err("not supported: associative list with lists as elements".into()),
            Value::Null => Err("associative list without keys has an element that's an explicit null".into()),
            scalar => Ok(Element::Value(scalar.clone())),
        },
        ListType::Map(keys) => keyed(list.items, keys, item),
    }
}

/// A key field that the item leaves out has its default, or is left out of the element.
fn keyed(items: Type<'_>, keys: &[Text], item: &Value) -> Result<Element, String> {
    let members = match item {
        Value::Object(members) => members,
        Value::Null => return Err("associative list with keys may not have a null element".into()),
        _ => return Err("associative list with keys may not have non-map elements".into()),
    };
    let default = |key: &str| match items.form(item) {
        Form::Map(map) => serde_json::from_str(map.field(key)?.default.as_deref()?).ok(),
        _ => None,
    };
    let mut fields = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(value) = members.get(&**key).cloned().or_else(|| default(key)) {
            fields.push((key.clone(), value));
        }
    }
    if fields.is_empty() && !keys.is_empty() {
        let keys: Vec<String> = keys.iter().map(|key| format!("{key:?}")).collect();
        let keys = keys.join(" ");
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{keys}] (and doesn't have default values for any key fields)"
        ));
    }
    fields.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(Element::Key(fields))
}
