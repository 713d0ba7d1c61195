//! What a schema has anywhere in it: what it does not have need not be looked for in every object.

use minkapi_schema::structural::{Additional, ListKind, Structural};

/// The parts of a schema that cost a walk over each object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub defaults: bool,
    /// Lists that are sets or maps.
    pub list_types: bool,
    /// Objects inside of the object.
    pub embedded: bool,
}

impl Extent {
    /// That of a schema with all below it.
    pub fn of(schema: &Structural) -> Self {
        let mut extent =
            Self { defaults: schema.default.is_some(), list_types: schema.list_kind != ListKind::Atomic, embedded: schema.embedded };
        let additional = match &schema.additional {
            Some(Additional::Schema(of)) => Some(&**of),
            _ => None,
        };
        for below in schema.properties.values().chain(schema.items.as_deref()).chain(additional) {
            let of = Self::of(below);
            extent.defaults |= of.defaults;
            extent.list_types |= of.list_types;
            extent.embedded |= of.embedded;
        }
        extent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_anywhere_below_counts() {
        let of = |field: serde_json::Value| {
            let schema =
                json!({"type": "object", "properties": {"l": {"type": "array", "items": {"type": "object", "properties": {"x": field}}}}});
            Extent::of(&Structural::parse(&schema))
        };
        assert_eq!(of(json!({"type": "string"})), Extent::default());
        assert!(of(json!({"type": "string", "default": "a"})).defaults);
        let set = json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}});
        assert!(of(set.clone()).list_types);
        assert!(of(json!({"type": "object", "additionalProperties": set})).list_types);
        assert!(of(json!({"type": "object", "x-kubernetes-embedded-resource": true})).embedded);
    }
}
