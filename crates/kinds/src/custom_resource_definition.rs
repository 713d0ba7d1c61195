//! CustomResourceDefinition: what is special about it.
//!
//! Validation speaks of the internal form of a definition, in which what all versions have in common stands at the top of
//! the spec: a definition with one version complains about `spec.validation.openAPIV3Schema` (see `internal.rs`).

mod approval;
mod conditions;
mod conversion;
mod default_values;
mod expressions;
mod internal;
mod names;
mod root_schema;
mod schema;
mod selectable_fields;
mod structural;
mod subresources;
mod table;
mod validation;
mod walk;

pub use conditions::{
    CLEANUP_FINALIZER, ESTABLISHED, NAMES_ACCEPTED, Names, TERMINATING, approval_condition, condition, established, finalizing,
    is_condition_true, mark_terminating, names_in_use, non_structural_condition, set_condition, update_names,
};

use crate::{Column, Context, Row, Strategy, Traits, update, value};
use minkapi_schema::field::ErrorList;
use serde_json::Value;

/// The strategy of CustomResourceDefinition.
#[derive(Debug)]
pub struct CustomResourceDefinition;

impl Strategy for CustomResourceDefinition {
    fn traits(&self) -> Traits {
        Traits {
            unconditional_update: false,
            checks_finalizers: false,
            name: crate::NameRule::Own(validation::name_errors),
            ..Traits::WITH_STATUS
        }
    }

    fn default(&self, object: &mut Value) {
        let stored = storage_version(object).map(str::to_owned);
        let Some(spec) = value::object_mut(object, "spec") else { return };
        if let Some(names) = value::object_mut(spec, "names") {
            let kind = value::text(names, "kind").to_owned();
            value::set_default_nonzero(names, "singular", kind.to_lowercase());
            if !kind.is_empty() {
                value::set_default_nonzero(names, "listKind", format!("{kind}List"));
            }
            if value::text(names, "singular").is_empty() {
                value::unset(names, "singular");
            }
        }
        value::set_default(spec, "conversion", serde_json::json!({"strategy": "None"}));
        if let Some(service) = value::at_mut(spec, &["conversion", "webhook", "clientConfig", "service"]) {
            value::set_default(service, "port", 443);
        }
        if let (Some(stored), Some(status)) = (stored, value::object_mut(object, "status"))
            && value::items(status, "storedVersions").is_empty()
        {
            value::set(status, "storedVersions", vec![stored]);
        }
    }

    fn prepare_for_create(&self, _cx: &Context<'_>, object: &mut Value) {
        value::set(
            object,
            "status",
            serde_json::json!({"conditions": null, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": null}),
        );
        update::start_generation(object);
        remember_storage_version(object);
    }

    fn validate(&self, _cx: &Context<'_>, object: &Value) -> ErrorList {
        validation::validate(object)
    }

    fn warnings_on_create(&self, _cx: &Context<'_>, object: &Value) -> Vec<String> {
        let mut warnings: Vec<String> = walk::unrecognized_formats(object).iter().map(|f| unrecognized_format(f)).collect();
        warnings.extend(walk::sets_of_objects(object));
        warnings
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        update::keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource.is_empty() {
            if new.get("spec") != old.get("spec") {
                update::next_generation(new, old);
            }
            remember_storage_version(new);
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        match cx.subresource {
            "status" => validation::validate_status(new),
            _ => validation::validate_update(new, old),
        }
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> Vec<String> {
        if cx.subresource == "status" {
            return Vec::new();
        }
        let before = walk::unrecognized_formats(old);
        let formats = walk::unrecognized_formats(new);
        let mut warnings: Vec<String> = formats.iter().filter(|f| !before.contains(f)).map(|f| unrecognized_format(f)).collect();
        let before = walk::sets_of_objects(old);
        warnings.extend(walk::sets_of_objects(new).into_iter().filter(|w| !before.contains(w)));
        warnings
    }

    fn columns(&self, _api_version: &str) -> Option<&[Column]> {
        Some(table::COLUMNS)
    }

    fn row(&self, object: &Value, _now_millis: i64, _in_list: bool) -> Row {
        table::row(object)
    }
}

fn unrecognized_format(format: &str) -> String {
    format!("unrecognized format {}", minkapi_schema::field::quoted(format))
}

/// The name of the version in which objects are stored.
pub fn storage_version(definition: &Value) -> Option<&str> {
    let versions = definition.get("spec").map_or(&[][..], |spec| value::items(spec, "versions"));
    versions.iter().find(|v| value::flag(v, "storage")).map(|v| value::text(v, "name"))
}

/// C-10-06: a version that was ever stored stays in `status.storedVersions` until somebody takes it out.
fn remember_storage_version(definition: &mut Value) {
    let Some(stored) = storage_version(definition).map(str::to_owned) else { return };
    let Some(status) = value::object_mut(definition, "status") else { return };
    let mut versions = value::items(status, "storedVersions").to_vec();
    if !versions.iter().any(|v| v.as_str() == Some(&stored)) {
        versions.push(stored.into());
        value::set(status, "storedVersions", versions);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
