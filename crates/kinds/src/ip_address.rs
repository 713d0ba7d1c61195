//! IPAddress: an address that a Service or another object has taken.

use crate::{
    Column, Context, NameRule, Row, Strategy, Traits, declarative, table,
    value::{field, text},
};
use minkapi_schema::{
    field::{ErrorList, Path, invalid_each},
    ip, names,
};
use serde_json::{Value, json};

/// The strategy of IPAddress.
#[derive(Debug)]
pub struct IPAddress;

impl Strategy for IPAddress {
    fn traits(&self) -> Traits {
        Traits { name: NameRule::Own(|_, name, _| ip::is_valid_ip(name)), generated_name_is_base: true, ..Traits::DEFAULT }
    }

    fn validate(&self, _: &Context<'_>, address: &Value) -> ErrorList {
        validate(address, None)
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        validate(new, Some(old))
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    /// One cell more than there are columns: the age has none (C-05-45).
    fn row(&self, address: &Value, now_millis: i64, _: bool) -> Row {
        let parent = parent(address).map(|p| {
            let (group, namespace) = (text(p, "group"), text(p, "namespace"));
            let resource = if group.is_empty() { text(p, "resource").to_owned() } else { format!("{}.{group}", text(p, "resource")) };
            let namespace = if namespace.is_empty() { String::new() } else { format!("/{namespace}") };
            format!("{}{namespace}/{}", resource.to_lowercase(), text(p, "name"))
        });
        Row::of(vec![table::name(address), json!(parent.unwrap_or_else(|| table::NONE.to_owned())), table::age(address, now_millis)])
    }
}

fn spec(address: &Value) -> &Value {
    field(address, "spec").unwrap_or(&Value::Null)
}

fn parent(address: &Value) -> Option<&Value> {
    field(spec(address), "parentRef")
}

fn validate(address: &Value, old: Option<&Value>) -> ErrorList {
    let mut errors = ErrorList::new();
    let spec_path = Path::new("spec");
    let path = spec_path.child("parentRef");
    if let Some(parent) = parent(address) {
        let group = text(parent, "group");
        if !group.is_empty() {
            invalid_each(&mut errors, &path.child("group"), group, names::is_dns1123_subdomain(group));
        }
        for key in ["resource", "name", "namespace"] {
            let value = text(parent, key);
            invalid_each(&mut errors, &path.child(key), value, names::is_valid_path_segment_name(value));
        }
    }
    match (parent(address), old) {
        (_, Some(old)) if declarative::changed(spec(address), spec(old), "parentRef") => {
            declarative::required(&mut errors, spec(address), "parentRef", &spec_path);
            declarative::immutable(&mut errors, spec(address), spec(old), "parentRef", &spec_path);
        }
        (None, _) => declarative::required(&mut errors, spec(address), "parentRef", &spec_path),
        (Some(parent), _) => {
            for key in ["resource", "name"] {
                declarative::required(&mut errors, parent, key, &path);
            }
        }
    }
    errors
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "ParentRef",
        "string",
        "",
        0,
        "parentRef references the resource that an IPAddress is attached to. An IPAddress must reference a parent object.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::refused;

    #[test]
    fn its_name_is_the_address_in_canonical_form() {
        let address =
            |name| json!({"metadata": {"name": name}, "spec": {"parentRef": {"resource": "services", "name": "a", "namespace": "b"}}});
        assert!(refused(&IPAddress, &address("2001:db8::1")).is_empty());
        assert_eq!(
            refused(&IPAddress, &address("2001:DB8::1")),
            ["metadata.name: Invalid value: \"2001:DB8::1\": must be in canonical form (\"2001:db8::1\")"]
        );
    }

    #[test]
    fn a_table_shows_the_parent_by_resource_namespace_and_name() {
        let address =
            json!({"metadata": {"name": "10.0.0.1"}, "spec": {"parentRef": {"group": "Apps", "resource": "Deployments", "name": "a"}}});
        assert_eq!(IPAddress.row(&address, 0, false).cells[1], "deployments.apps/a");
    }
}
