//! What a create owns, written at once: the text of the set that [`compare`](super::compare) with nothing would find.
//!
//! Most objects have one manager when they are made, so that nobody needs the set itself.

use super::{
    compare::{UNTRACKED, UNTRACKED_METADATA, both},
    form::{Form, List, Map, Type},
    list_item, zero,
};
use crate::field_set::{self, Element, push_field, push_key};
use minkapi_registry::Struct;
use serde_json::Value;

/// The `fieldsV1` of what `new` has beside what every object of its type has, without the root's members in `reset`.
///
/// None where the set itself is needed to tell: items that have no path element, or the same.
pub(crate) fn created(of: &Struct, new: &Value, reset: &[&str]) -> Option<String> {
    let zero = zero(of);
    let (Form::Map(map), Value::Object(old), Value::Object(new)) = (Type::Root(of).form(new), &zero, new) else { return None };
    let mut writer = Writer { text: String::with_capacity(1024) };
    writer.text.push('{');
    for (name, old, new) in both(old, new) {
        if old == new || UNTRACKED.contains(&name) {
            continue;
        }
        let start = writer.text.len();
        if name == "metadata" {
            writer.metadata(map.type_of(name), old, new)?;
        } else {
            writer.place(map.type_of(name), old, new, |text| push_field(text, name))?;
        }
        if reset.contains(&name) {
            // It was walked even so: what cannot be compared there cannot be tracked at all.
            writer.text.truncate(start);
        }
    }
    writer.text.push('}');
    Some(writer.text)
}

struct Writer {
    text: String,
}

impl Writer {
    fn metadata(&mut self, of: Type<'_>, old: Option<&Value>, new: Option<&Value>) -> Option<()> {
        let Form::Map(map) = of.form(&Value::Null) else { return Some(()) };
        let empty = serde_json::Map::new();
        let (old, new) = (old.and_then(Value::as_object).unwrap_or(&empty), new.and_then(Value::as_object).unwrap_or(&empty));
        self.node(
            |text| push_field(text, "metadata"),
            false,
            |writer| {
                for (name, old, new) in both(old, new) {
                    if old != new && !UNTRACKED_METADATA.contains(&name) {
                        writer.place(map.type_of(name), old, new, |text| push_field(text, name))?;
                    }
                }
                Some(())
            },
        )
    }

    /// A place that is new, or another than the zero value has.
    fn place(&mut self, of: Type<'_>, old: Option<&Value>, new: Option<&Value>, key: impl Fn(&mut String)) -> Option<()> {
        let Some(new) = new else { return Some(()) };
        let form = of.form(new);
        let Some(old) = old else { return self.node(key, true, |writer| writer.below(form, &Value::Null, new)) };
        if !of.form(old).same_as(form) {
            return None;
        }
        let leaf = match form {
            Form::Scalar(_) => true,
            Form::List(list) => list.is_atomic() || is_empty(old) && is_empty(new),
            Form::Map(map) => map.atomic || is_empty(old) && is_empty(new),
        };
        if leaf {
            return self.node(key, !field_set::equal(old, new), |_| Some(()));
        }
        self.node(key, false, |writer| writer.below(form, old, new))
    }

    /// What is below a place, as members of its node.
    fn below(&mut self, form: Form<'_>, old: &Value, new: &Value) -> Option<()> {
        match (form, new) {
            (Form::Map(map), Value::Object(members)) if !map.atomic => self.members(map, old, members),
            (Form::List(list), Value::Array(items)) if !list.is_atomic() => self.items(list, old, items),
            _ => Some(()),
        }
    }

    fn members(&mut self, map: Map<'_>, old: &Value, new: &serde_json::Map<String, Value>) -> Option<()> {
        let Some(old) = old.as_object() else {
            return new.iter().try_for_each(|(name, new)| self.place(map.type_of(name), None, Some(new), |text| push_field(text, name)));
        };
        for (name, old, new) in both(old, new) {
            if old != new {
                self.place(map.type_of(name), old, new, |text| push_field(text, name))?;
            }
        }
        Some(())
    }

    fn items(&mut self, list: List<'_>, old: &Value, new: &[Value]) -> Option<()> {
        if !is_empty(old) {
            return None;
        }
        let with_element = |item| Some((list_item::element(list, item).ok()?, item));
        let mut items: Vec<(Element, &Value)> = new.iter().map(with_element).collect::<Option<_>>()?;
        items.sort_by(|(a, _), (b, _)| a.cmp(b));
        if items.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b)) {
            return None;
        }
        items.iter().try_for_each(|(element, item)| self.place(list.items, None, Some(item), |text| push_key(text, element)))
    }

    /// A node of the set; nothing if neither it nor anything below it is a member.
    fn node(&mut self, key: impl Fn(&mut String), member: bool, below: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        const ITSELF: &str = "\".\":{}";
        let start = self.text.len();
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        key(&mut self.text);
        self.text.push_str(":{");
        let open = self.text.len();
        if member {
            self.text.push_str(ITSELF);
        }
        let itself = self.text.len();
        below(self)?;
        if self.text.len() == itself {
            self.text.truncate(if member { open } else { start });
            if !member {
                return Some(());
            }
        }
        self.text.push('}');
        Some(())
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::created;
    use crate::typed::{Type, compare, zero};
    use minkapi_registry::kind;
    use serde_json::{Value, json};

    fn compared(kind_name: (&str, &str), object: &Value) -> String {
        let schema = &kind(kind_name.0, kind_name.1).unwrap().schema;
        compare(Type::Root(schema), &zero(schema), object).unwrap().changed().to_fields_v1_text()
    }

    #[test]
    fn the_text_is_that_of_the_set_which_a_comparison_with_nothing_finds() {
        let container = json!({"name": "c\"<é", "image": "i", "args": ["a"], "resources": {"limits": {"cpu": "1"}}, "env": [],
            "ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "SCTP"}, {"containerPort": 8}]});
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "a", "uid": "u", "labels": {"b\\": "", "a": "1"}, "finalizers": ["x", "b"], "annotations": {},
                "ownerReferences": [{"uid": "1", "name": "n"}]},
            "spec": {"containers": [container, {"name": "b", "securityContext": {}}], "nodeSelector": {}, "unknown": [{"x": 1}]}, "status": {}
        });
        let bare = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": []}});
        let role = json!({"metadata": {"labels": {"a": "b"}}, "rules": [{"verbs": ["get"]}]});
        let service =
            json!({"metadata": {}, "spec": {"ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}]}, "status": {"loadBalancer": {}}});
        let budget = json!({"spec": {"maxUnavailable": 1}, "status": {"currentHealthy": 0, "desiredHealthy": 3}});
        for (kind_name, object) in [
            (("v1", "Pod"), pod),
            (("v1", "Pod"), bare),
            (("rbac.authorization.k8s.io/v1", "Role"), role),
            (("v1", "Service"), service),
            (("policy/v1", "PodDisruptionBudget"), budget),
        ] {
            let schema = &kind(kind_name.0, kind_name.1).unwrap().schema;
            assert_eq!(created(schema, &object, &[]), Some(compared(kind_name, &object)), "{object}");
            let mut without = object.clone();
            without.as_object_mut().unwrap().remove("status");
            assert_eq!(created(schema, &object, &["status"]), Some(compared(kind_name, &without)), "what is reset does not count");
        }
    }

    #[test]
    fn items_that_cannot_be_told_apart_are_left_to_the_comparison() {
        let schema = &kind("v1", "Pod").unwrap().schema;
        for containers in [json!([{"name": "a"}, {"name": "a"}]), json!([null])] {
            assert_eq!(created(schema, &json!({"metadata": {}, "spec": {"containers": containers}}), &[]), None);
            assert_eq!(created(schema, &json!({"metadata": {}, "spec": {"containers": containers}}), &["spec"]), None);
        }
    }
}
