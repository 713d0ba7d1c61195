//! DeviceClass: a kind of device and how claims get one.

use crate::{
    Column, Context, DeletedAnswer, NameRule, Row, Strategy, Traits,
    declarative::{self, Findings},
    device_claim, device_configuration, device_name, table, update,
    value::{field, items, set, text_if_set},
};
use minkapi_schema::field::{ErrorList, Path};
use serde_json::Value;

/// The strategy of DeviceClass.
#[derive(Debug)]
pub struct DeviceClass;

const MAX_CONFIGURATIONS: usize = 32;

impl Strategy for DeviceClass {
    fn traits(&self) -> Traits {
        Traits { deleted: DeletedAnswer::Object, name: NameRule::Declared, ..Traits::DEFAULT }
    }

    fn prepare_for_create(&self, _: &Context<'_>, class: &mut Value) {
        set(&mut class["metadata"], "generation", 1);
    }

    fn validate(&self, _: &Context<'_>, class: &Value) -> ErrorList {
        validate(class, None)
    }

    fn prepare_for_update(&self, _: &Context<'_>, new: &mut Value, old: &Value) {
        update::raise_generation_if_changed(new, old, &["spec"]);
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        validate(new, Some(old))
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, class: &Value, now_millis: i64, _: bool) -> Row {
        Row::of(vec![table::name(class), table::age(class, now_millis)])
    }
}

fn spec(class: &Value) -> &Value {
    field(class, "spec").unwrap_or(&Value::Null)
}

fn validate(class: &Value, old: Option<&Value>) -> ErrorList {
    let mut found = Findings::default();
    declarative::name(&mut found.declared, class);
    let (spec, path) = (spec(class), Path::new("spec"));
    let kept = |key| old.is_some_and(|old| !declarative::changed(spec, self::spec(old), key));
    device_claim::validate_selectors(&mut found, spec, kept("selectors"), &path);
    let configurations = items(spec, "config");
    let config_path = path.child("config");
    if !device_claim::too_many(&mut found.declared, configurations, MAX_CONFIGURATIONS, &config_path) {
        for (i, configuration) in configurations.iter().enumerate() {
            device_configuration::validate(&mut found, configuration, kept("config"), &config_path.index(i));
        }
    }
    if let Some(resource) = text_if_set(spec, "extendedResourceName") {
        device_name::declared_extended_resource(&mut found.declared, resource, &path.child("extendedResourceName"));
    }
    found.into_list()
}

static COLUMNS: &[Column] = &[table::NAME, table::AGE];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn parameters_are_an_object() {
        let class = json!({"metadata": {"name": "gpu"}, "spec": {"config": [{"opaque": {"driver": "d", "parameters": [1]}}], "extendedResourceName": "abc"}});
        assert_eq!(
            texts(&validate(&class, None)),
            [
                "spec.config[0].opaque.parameters: Invalid value: \"<value omitted>\": must be a valid JSON object",
                "spec.extendedResourceName: Invalid value: \"abc\": a name must be a domain-prefixed path, such as 'example.com/my-prop'",
            ]
        );
    }
}
