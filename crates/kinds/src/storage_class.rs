//! StorageClass: how volumes of a class are made.

use crate::{
    Column, Context, DeletedAnswer, Row, Strategy, Traits,
    class_parameters::{validate_driver, validate_parameters},
    declarative, node_label, table,
    value::{field, flag, items, set_default, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The strategy of StorageClass.
#[derive(Debug)]
pub struct StorageClass;

const RECLAIM_POLICIES: &[&str] = &["Delete", "Retain"];
const DEFAULT_ANNOTATIONS: &[&str] = &["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
const BINDING_MODES: &[&str] = &["Immediate", "WaitForFirstConsumer"];

impl Strategy for StorageClass {
    fn traits(&self) -> Traits {
        Traits { deleted: DeletedAnswer::Object, ..Traits::DEFAULT }
    }

    fn default(&self, class: &mut Value) {
        set_default(class, "reclaimPolicy", "Delete");
        set_default(class, "volumeBindingMode", "Immediate");
    }

    fn validate(&self, _: &Context<'_>, class: &Value) -> ErrorList {
        let mut errors = validate(class);
        declarative::required(&mut errors, class, "provisioner", &Path::ROOT);
        errors
    }

    fn warnings_on_create(&self, _: &Context<'_>, class: &Value) -> Vec<String> {
        let path = Path::new("allowedTopologies");
        let mut warnings = Vec::new();
        for (i, term) in items(class, "allowedTopologies").iter().enumerate() {
            for (j, expression) in items(term, "matchLabelExpressions").iter().enumerate() {
                if let Some(why) = node_label::deprecation(text(expression, "key")) {
                    warnings.push(format!("{}: {why}", path.index(i).child("matchLabelExpressions").index(j).child("key")));
                }
            }
        }
        warnings
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut errors = validate(new);
        declarative::required(&mut errors, new, "provisioner", &Path::ROOT);
        for key in ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"] {
            declarative::immutable(&mut errors, new, old, key, &Path::ROOT);
        }
        errors
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        self.warnings_on_create(cx, new)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    /// Only a list tells which class is the default (C-05-46).
    fn row(&self, class: &Value, now_millis: i64, in_list: bool) -> Row {
        let meta = field(class, "metadata").unwrap_or(&Value::Null);
        let is_default =
            in_list && field(meta, "annotations").is_some_and(|a| DEFAULT_ANNOTATIONS.iter().any(|key| text(a, key) == "true"));
        let or = |key, default| if text(class, key).is_empty() { default } else { text(class, key) };
        Row::of(vec![
            json!(format!("{}{}", text(meta, "name"), if is_default { " (default)" } else { "" })),
            json!(text(class, "provisioner")),
            json!(or("reclaimPolicy", "Delete")),
            json!(or("volumeBindingMode", "Immediate")),
            json!(flag(class, "allowVolumeExpansion")),
            table::age(class, now_millis),
        ])
    }
}

fn validate(class: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    validate_driver(&mut errors, class, "provisioner");
    validate_parameters(&mut errors, class, true);
    let policy = text(class, "reclaimPolicy");
    if !policy.is_empty() && !RECLAIM_POLICIES.contains(&policy) {
        errors.push(Error::not_supported(&Path::new("reclaimPolicy"), policy, RECLAIM_POLICIES));
    }
    let mode = text(class, "volumeBindingMode");
    if !BINDING_MODES.contains(&mode) {
        errors.push(Error::not_supported(&Path::new("volumeBindingMode"), mode, BINDING_MODES));
    }
    validate_topologies(&mut errors, class);
    errors
}

/// What a term selects: values by label.
type Selected<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn validate_topologies(errors: &mut ErrorList, class: &Value) {
    let path = Path::new("allowedTopologies");
    let terms = items(class, "allowedTopologies");
    // As in upstream, a list as long as the terms of terms that select nothing stands before the first.
    let mut seen: Vec<Selected<'_>> = vec![Selected::new(); terms.len()];
    for (i, term) in terms.iter().enumerate() {
        let path = path.index(i);
        let selected = validate_topology_term(errors, term, &path);
        for _ in seen.iter().filter(|earlier| **earlier == selected) {
            errors.push(Error::duplicate(&path.child("matchLabelExpressions"), ""));
        }
        seen.push(selected);
    }
}

fn validate_topology_term<'a>(errors: &mut ErrorList, term: &'a Value, path: &Path<'_>) -> Selected<'a> {
    let mut selected = Selected::new();
    let path = path.child("matchLabelExpressions");
    for (i, requirement) in items(term, "matchLabelExpressions").iter().enumerate() {
        let path = path.index(i);
        let (key, values_path) = (text(requirement, "key"), path.child("values"));
        let mut values = BTreeSet::new();
        if items(requirement, "values").is_empty() {
            errors.push(Error::required(&values_path, ""));
        }
        for (j, value) in items(requirement, "values").iter().filter_map(Value::as_str).enumerate() {
            if !values.insert(value) {
                errors.push(Error::duplicate(&values_path.index(j), value));
            }
        }
        invalid_each(errors, &path.child("key"), key, names::is_qualified_name(key));
        if selected.insert(key, values).is_some() {
            errors.push(Error::duplicate(&path.child("key"), key));
        }
    }
    selected
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Provisioner", "string", "", 0, "provisioner indicates the type of the provisioner."),
    Column::new(
        "ReclaimPolicy",
        "string",
        "",
        0,
        "reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes of this storage class. Defaults to Delete.",
    ),
    Column::new(
        "VolumeBindingMode",
        "string",
        "",
        0,
        "volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound.  When unset, VolumeBindingImmediate is used. This field is only honored by servers that enable the VolumeScheduling feature.",
    ),
    Column::new("AllowVolumeExpansion", "string", "", 0, "allowVolumeExpansion shows whether the storage class allow volume expand."),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_terms_may_not_select_the_same() {
        let term = json!({"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]});
        let errors = validate(&json!({"provisioner": "p", "volumeBindingMode": "Immediate", "allowedTopologies": [term, term]}));
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["allowedTopologies[1].matchLabelExpressions: Duplicate value: \"\""]);
    }
}
