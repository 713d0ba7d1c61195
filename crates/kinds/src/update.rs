//! What most kinds do on update, and the default for field labels.

use crate::{SelectableField, Traits};
use serde_json::Value;

/// Puts back from `old` what the endpoint does not write, as the kind's reset fields say.
pub fn keep_other_side(traits: Traits, subresource: &str, new: &mut Value, old: &Value) {
    let Some((_, paths)) = traits.reset_fields.iter().find(|(s, _)| *s == subresource) else { return };
    for path in *paths {
        restore(new, old, path);
    }
}

/// Makes the field at `path` in `new` what it is in `old`, absent if it is absent there.
pub fn restore(new: &mut Value, old: &Value, path: &[&str]) {
    let Some((last, parents)) = path.split_last() else { return };
    let before = path.iter().try_fold(old, |v, key| v.get(key));
    let mut at = new;
    for key in parents {
        if before.is_none() && at.get(key).is_none() {
            return;
        }
        if !at.is_object() {
            return;
        }
        at = &mut at[*key];
    }
    match (before, at.as_object_mut()) {
        (Some(value), Some(map)) => {
            map.insert((*last).to_owned(), value.clone());
        }
        (Some(value), None) => at[*last] = value.clone(),
        (None, Some(map)) => {
            map.remove(*last);
        }
        (None, None) => {}
    }
}

/// C-05-31: kinds without selectable fields of their own and those with them refuse unknown labels in different words.
pub fn default_field_label<'a>(fields: &[SelectableField], kind: &str, label: &'a str) -> Result<&'a str, String> {
    let _ = kind;
    if matches!(label, "metadata.name" | "metadata.namespace") || fields.iter().any(|f| f.label == label) {
        Ok(label)
    } else if fields.is_empty() {
        Err(format!("\"{label}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""))
    } else {
        Err(format!("field label not supported: {label}"))
    }
}
