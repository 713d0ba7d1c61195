//! PodTemplate: what is special about it.

use crate::{
    Column, Context, Row, Strategy, Traits,
    pod_spec::Options,
    pod_template, table,
    update::{next_generation, same, start_generation},
    value::{at, field_mut},
    workload,
};
use minkapi_schema::field::{ErrorList, Path};
use serde_json::{Value, json};

/// The strategy of PodTemplate.
#[derive(Debug)]
pub struct PodTemplate;

const TEMPLATE: Path<'static> = Path::new("template");

impl Strategy for PodTemplate {
    fn traits(&self) -> Traits {
        Traits { deleted: crate::DeletedAnswer::Object, ..Traits::DEFAULT }
    }

    fn default(&self, object: &mut Value) {
        if let Some(template) = field_mut(object, "template") {
            pod_template::default(template);
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        start_generation(object);
        if let Some(template) = field_mut(object, "template") {
            pod_template::drop_disabled_fields(template, None);
        }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        validate(object, None)
    }

    fn warnings_on_create(&self, _: &Context<'_>, object: &Value) -> Vec<String> {
        pod_template::warnings(template(object), None, &TEMPLATE)
    }

    fn prepare_for_update(&self, _: &Context<'_>, new: &mut Value, old: &Value) {
        if let Some(template) = field_mut(new, "template") {
            pod_template::drop_disabled_fields(template, at(old, &["template"]));
        }
        if !same(new.get("template"), old.get("template")) {
            next_generation(new, old);
        }
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        validate(new, Some(old))
    }

    fn warnings_on_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> Vec<String> {
        let before = |object| at(object, &["metadata", "generation"]).cloned();
        if before(new) == before(old) { Vec::new() } else { pod_template::warnings(template(new), Some(template(old)), &TEMPLATE) }
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, _: i64, _: bool) -> Row {
        let [names, images] = workload::container_cells(Some(template(object)));
        let labels = table::labels(at(object, &["template", "metadata", "labels"]));
        Row::of(vec![table::name(object), names, images, json!(labels)])
    }
}

const COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Containers", "string", "", 0, "Names of each container in the template."),
    Column::new("Images", "string", "", 0, "Images referenced by each container in the template."),
    Column::new("Pod Labels", "string", "", 0, "The labels for the pod template."),
];

fn template(object: &Value) -> &Value {
    at(object, &["template"]).unwrap_or(&Value::Null)
}

fn validate(object: &Value, old: Option<&Value>) -> ErrorList {
    let options = Options::for_template(template(object), old.map(template));
    pod_template::validate(template(object), &TEMPLATE, &options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_template_is_a_new_generation() {
        let old = json!({"metadata": {"generation": 1}, "template": {"spec": {}}});
        let mut new = json!({"metadata": {"generation": 1}, "template": {"spec": {"nodeName": "a"}}});
        PodTemplate.prepare_for_update(&Context::example(), &mut new, &old);
        assert_eq!(new["metadata"]["generation"], 2);
    }
}
