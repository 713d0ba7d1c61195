//! The Table of definitions (C-05-45, chapter 18).

use super::{ESTABLISHED, is_condition_true};
use crate::{
    Column, Row,
    table::{self, description},
    value,
};
use serde_json::Value;

/// Its columns.
pub const COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Scope", "string", "", 0, "Cluster/Namespaced"),
    Column::new("Versions", "string", "", 0, "Served versions"),
    Column::new("Created At", "date", "", 0, description::AGE),
    Column::new("Group", "string", "", 1, "API group"),
    Column::new("Kind", "string", "", 1, "CustomResource kind"),
    Column::new("ShortNames", "string", "", 1, "Short names"),
    Column::new("Established", "boolean", "", 1, "Established status"),
];

/// A definition's row.
pub fn row(definition: &Value) -> Row {
    let spec = definition.get("spec").unwrap_or(&Value::Null);
    let names = spec.get("names").unwrap_or(&Value::Null);
    let mut versions: Vec<String> = value::items(spec, "versions")
        .iter()
        .filter(|v| value::flag(v, "served"))
        .map(|v| format!("{}{}", value::text(v, "name"), if value::flag(v, "storage") { "(storage)" } else { "" }))
        .collect();
    versions.sort();
    let short_names: Vec<&str> = value::items(names, "shortNames").iter().filter_map(Value::as_str).collect();
    Row::of(vec![
        table::name(definition),
        value::text(spec, "scope").into(),
        versions.join(",").into(),
        value::at(definition, &["metadata", "creationTimestamp"]).cloned().unwrap_or_default(),
        value::text(spec, "group").into(),
        value::text(names, "kind").into(),
        short_names.join(",").into(),
        is_condition_true(definition, ESTABLISHED).into(),
    ])
}
