//! Namespace: finalizers, the name label, its phase.

use crate::{
    Column, Context, Row, SelectableField, Strategy, Traits, table, update,
    value::{at, has, items, object_mut, set, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};
use std::borrow::Cow;

/// The finalizer of the namespace controller, which every new namespace has.
const KUBERNETES: &str = "kubernetes";

/// The label that always tells a namespace's name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// The strategy of Namespace.
#[derive(Debug)]
pub struct Namespace;

impl Strategy for Namespace {
    fn traits(&self) -> Traits {
        Traits {
            name: crate::NameRule::Label,
            deleted: crate::DeletedAnswer::Object,
            reset_fields: &[("", &[&["status"]]), ("status", &[&["spec"]]), ("finalize", &[&["status"]])],
            ..Traits::DEFAULT
        }
    }

    fn default(&self, object: &mut Value) {
        label_with_name(object);
        if let Some(status) = object_mut(object, "status") {
            crate::value::set_default_nonzero(status, "phase", "Active");
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        label_with_name(object);
        set(object, "status", json!({"phase": "Active"}));
        let Some(spec) = object_mut(object, "spec") else { return };
        if !items(spec, "finalizers").iter().any(|f| f == KUBERNETES)
            && let Some(finalizers) = list_mut(spec, "finalizers")
        {
            finalizers.push(KUBERNETES.into());
        }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        let spec = Path::new("spec");
        let path = spec.child("finalizers");
        finalizers(object).flat_map(|name| finalizer_errors(name, &path)).collect()
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        if cx.subresource.is_empty() {
            update::restore(new, old, &["spec", "finalizers"]);
        }
        update::keep_other_side(self.traits(), cx.subresource, new, old);
        label_with_name(new);
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> ErrorList {
        match cx.subresource {
            "status" => phase_errors(new),
            "finalize" => {
                let spec = Path::new("spec");
                let path = spec.child("finalizers");
                finalizers(new).enumerate().flat_map(|(i, name)| finalizer_errors(name, &path.index(i))).collect()
            }
            _ => self.validate(cx, new),
        }
    }

    fn selectable_fields(&self) -> &[SelectableField] {
        static FIELDS: &[SelectableField] = &[SelectableField::new("status.phase", |object| Cow::Borrowed(phase(object)))];
        FIELDS
    }

    fn field_label<'a>(&self, _: &str, _: &str, label: &'a str) -> Result<&'a str, String> {
        match label {
            "metadata.name" | "status.phase" => Ok(label),
            _ => Err(format!("field label not supported: {label}")),
        }
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        Row::of(vec![table::name(object), phase(object).into(), table::age(object, now_millis)])
    }
}

fn phase(object: &Value) -> &str {
    object.get("status").map_or("", |status| text(status, "phase"))
}

fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    object.get("spec").map_or(&[][..], |spec| items(spec, "finalizers")).iter().filter_map(Value::as_str)
}

fn list_mut<'a>(v: &'a mut Value, key: &str) -> Option<&'a mut Vec<Value>> {
    crate::value::set_default(v, key, Vec::<Value>::new());
    v.get_mut(key).and_then(Value::as_array_mut)
}

/// C-03-46: whatever a client does to it, the label tells the name.
fn label_with_name(object: &mut Value) {
    let Some(meta) = object_mut(object, "metadata") else { return };
    let name = text(meta, "name").to_owned();
    if !name.is_empty()
        && let Some(labels) = object_mut(meta, "labels")
    {
        set(labels, NAME_LABEL, name);
    }
}

fn finalizer_errors(name: &str, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    invalid_each(&mut errors, path, name, names::is_qualified_name(name));
    if !name.contains('/') && !matches!(name, KUBERNETES | "orphan" | "foregroundDeletion") {
        errors.push(Error::invalid(path, name, "name is neither a standard finalizer name nor is it fully qualified"));
    }
    errors
}

fn phase_errors(object: &Value) -> ErrorList {
    let (expected, when) = if at(object, &["metadata"]).is_some_and(|meta| has(meta, "deletionTimestamp")) {
        ("Terminating", "is not empty")
    } else {
        ("Active", "is empty")
    };
    if phase(object) == expected {
        return ErrorList::new();
    }
    let status = Path::new("status");
    let detail = format!("may only be '{expected}' if `deletionTimestamp` {when}");
    vec![Error::invalid(&status.child("Phase"), phase(object), detail)]
}

static COLUMNS: &[Column] = &[table::NAME, Column::new("Status", "string", "", 0, "The status of the namespace"), table::AGE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_namespace_is_active_and_waits_for_its_controller_at_the_end() {
        let mut object = json!({"metadata": {"name": "a"}, "spec": {"finalizers": ["x/y"]}, "status": {"phase": "Terminating"}});
        Namespace.prepare_for_create(&Context::example(), &mut object);
        assert_eq!(
            object,
            json!({
                "metadata": {"name": "a", "labels": {"kubernetes.io/metadata.name": "a"}},
                "spec": {"finalizers": ["x/y", "kubernetes"]},
                "status": {"phase": "Active"},
            })
        );
    }

    #[test]
    fn finalizers_change_only_through_finalize() {
        let old = json!({"metadata": {"name": "a"}, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}});
        let mut new = json!({"metadata": {"name": "a"}, "spec": {}});
        Namespace.prepare_for_update(&Context::example(), &mut new, &old);
        assert_eq!(new["spec"]["finalizers"], json!(["kubernetes"]));
        let mut new = json!({"metadata": {"name": "a"}, "spec": {}});
        Namespace.prepare_for_update(&Context { subresource: "finalize", ..Context::example() }, &mut new, &old);
        assert_eq!(new["spec"], json!({}));
    }

    #[test]
    fn short_finalizers_must_be_known_ones() {
        let errors = Namespace.validate(&Context::example(), &json!({"spec": {"finalizers": ["mine"]}}));
        assert_eq!(
            errors[0].to_string(),
            "spec.finalizers: Invalid value: \"mine\": name is neither a standard finalizer name nor is it fully qualified"
        );
    }
}
