//! RuntimeClass: how a node runs the containers of a pod.

use crate::{
    Column, Context, Row, Strategy, Traits,
    declarative::{self, Findings},
    go_struct::{self, GoField, nullable},
    node_label, object_meta, pod_spec, table,
    value::{entries, field, items, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The strategy of RuntimeClass.
#[derive(Debug)]
pub struct RuntimeClass;

/// A toleration as Go prints it.
const TOLERATION: &[GoField] = &[
    go_struct::text("Key", "key"),
    go_struct::text("Operator", "operator"),
    go_struct::text("Value", "value"),
    go_struct::text("Effect", "effect"),
    nullable("TolerationSeconds", "tolerationSeconds"),
];

impl Strategy for RuntimeClass {
    fn traits(&self) -> Traits {
        Traits { create_on_update: true, unconditional_update: false, checks_finalizers: false, ..Traits::DEFAULT }
    }

    fn validate(&self, _: &Context<'_>, class: &Value) -> ErrorList {
        let mut found = Findings::default();
        validate(&mut found.errors, class);
        validate_handler(&mut found.declared, class);
        found.into_list()
    }

    fn warnings_on_create(&self, _: &Context<'_>, class: &Value) -> Vec<String> {
        let scheduling = field(class, "scheduling").unwrap_or(&Value::Null);
        let warn = |(key, _)| node_label::deprecation(key).map(|why| format!("scheduling.nodeSelector: {why}"));
        entries(scheduling, "nodeSelector").filter_map(warn).collect()
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut found = Findings::default();
        validate(&mut found.errors, new);
        declarative::immutable(&mut found.declared, new, old, "handler", &Path::ROOT);
        let handler = text(new, "handler");
        if handler.is_empty() {
            declarative::required(&mut found.declared, new, "handler", &Path::ROOT);
        } else if !found.declared.is_empty() {
            invalid_each(&mut found.errors, &Path::new("handler"), handler, names::is_dns1123_label(handler));
        }
        found.into_list()
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        self.warnings_on_create(cx, new)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, class: &Value, now_millis: i64, _: bool) -> Row {
        Row::of(vec![table::name(class), json!(text(class, "handler")), table::age(class, now_millis)])
    }
}

fn validate_handler(errors: &mut ErrorList, class: &Value) {
    let path = Path::new("handler");
    match text(class, "handler") {
        "" => errors.push(Error::required(&path, "")),
        // Declared rules count bytes.
        handler => {
            let problems = names::is_dns1123_label(handler).into_iter().map(|why| why.replace("63 characters", "63 bytes"));
            invalid_each(errors, &path, handler, problems.collect());
        }
    }
}

fn validate(errors: &mut ErrorList, class: &Value) {
    let options = pod_spec::Options::default();
    if let Some(overhead) = field(class, "overhead") {
        let limits = json!({"limits": overhead.get("podFixed").cloned().unwrap_or_default()});
        pod_spec::validate_requirements(errors, &limits, &BTreeSet::new(), &Path::new("overhead"), &options);
    }
    let Some(scheduling) = field(class, "scheduling") else { return };
    let path = Path::new("scheduling");
    errors.extend(object_meta::validate_labels(field(scheduling, "nodeSelector"), &path.child("nodeSelector")));
    let (tolerations, path) = (items(scheduling, "tolerations"), path.child("tolerations"));
    pod_spec::validate_tolerations(errors, tolerations, &path, &options);
    let mut seen = BTreeSet::new();
    for (i, toleration) in tolerations.iter().enumerate() {
        if !seen.insert(["key", "operator", "value", "effect"].map(|key| text(toleration, key))) {
            errors.push(Error::duplicate_printed(&path.index(i), go_struct::compact(toleration, TOLERATION)));
        }
    }
}

static COLUMNS: &[Column] = &[table::NAME, Column::new("Handler", "string", "", 0, ""), table::AGE];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn a_toleration_stands_once() {
        let class = json!({"handler": "runc", "scheduling": {"tolerations": [{"key": "a", "operator": "Exists"}, {"key": "a", "operator": "Exists"}]}});
        assert_eq!(
            texts(&RuntimeClass.validate(&Context::example(), &class)),
            [
                r#"scheduling.tolerations[1]: Duplicate value: {"Key":"a","Operator":"Exists","Value":"","Effect":"","TolerationSeconds":null}"#
            ]
        );
    }

    #[test]
    fn the_handler_stays() {
        let errors = RuntimeClass.validate_update(&Context::example(), &json!({"handler": "b"}), &json!({"handler": "a"}));
        assert_eq!(texts(&errors), ["handler: Invalid value: null: field is immutable"]);
    }
}
