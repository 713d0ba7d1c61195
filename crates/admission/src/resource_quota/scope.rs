//! Which objects a quota is about, beside their kind.

use serde_json::Value;

/// One condition of a quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    pub name: String,
    operator: String,
    values: Vec<String>,
}

impl Scope {
    /// The scopes of a quota.
    pub fn of(quota: &Value) -> Vec<Self> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let spec = &quota["spec"];
        let plain =
            list(&spec["scopes"]).into_iter().map(|name| Self { name: text(&name), operator: "Exists".to_owned(), values: Vec::new() });
        let selected = list(&spec["scopeSelector"]["matchExpressions"]).into_iter().map(|expression| Self {
            name: text(&expression["scopeName"]),
            operator: text(&expression["operator"]),
            values: list(&expression["values"]).iter().map(text).collect(),
        });
        plain.chain(selected).collect()
    }

    /// Whether the condition holds for an object with this value, or without one.
    pub fn matches(&self, value: Option<&str>) -> bool {
        let listed = value.is_some_and(|value| self.values.iter().any(|v| v == value));
        match &*self.operator {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}
