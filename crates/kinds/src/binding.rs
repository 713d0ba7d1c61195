//! Binding: a scheduler puts a pod on a node.

use crate::{
    Context, NameRule, Strategy, Traits,
    value::{field, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

/// The strategy of Binding.
#[derive(Debug)]
pub struct Binding;

impl Strategy for Binding {
    fn traits(&self) -> Traits {
        Traits { name: NameRule::PathSegment, ..Traits::DEFAULT }
    }

    /// Upstream answers 500 with the first of these (C-09-03).
    fn validate(&self, _: &Context<'_>, binding: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        let (target, path) = (field(binding, "target").unwrap_or(&Value::Null), Path::new("target"));
        let kind = text(target, "kind");
        if !matches!(kind, "" | "Node") {
            errors.push(Error::not_supported(&path.child("kind"), kind, &["Node", "<empty>"]));
        }
        let name = text(target, "name");
        if name.is_empty() {
            errors.push(Error::required(&path.child("name"), ""));
        } else if matches!(kind, "" | "Node") {
            invalid_each(&mut errors, &path.child("name"), name, names::is_dns1123_subdomain(name));
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn a_node_has_a_name_that_nodes_have() {
        let binding = json!({"target": {"name": "Rack 1"}});
        let told = texts(&Binding.validate(&Context::example(), &binding));
        assert!(told[0].starts_with("target.name: Invalid value: \"Rack 1\": a lowercase RFC 1123 subdomain"), "{told:?}");
    }

    #[test]
    fn a_pod_is_bound_to_a_named_node() {
        let binding = json!({"target": {"kind": "Rack", "name": ""}});
        assert_eq!(
            texts(&Binding.validate(&Context::example(), &binding)),
            ["target.kind: Unsupported value: \"Rack\": supported values: \"Node\", \"<empty>\"", "target.name: Required value"]
        );
    }
}
