//! ResourceClaimTemplate: claims that are made for each pod.

use crate::{
    Column, Context, DeletedAnswer, Row, Strategy, Traits, declarative,
    declarative::Findings,
    device_claim,
    object_meta::{self, IMMUTABLE},
    table,
    value::{at, at_mut},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

/// The strategy of ResourceClaimTemplate.
#[derive(Debug)]
pub struct ResourceClaimTemplate;

const CLAIM: &[&str] = &["spec", "spec"];

impl Strategy for ResourceClaimTemplate {
    fn traits(&self) -> Traits {
        Traits { deleted: DeletedAnswer::Object, name_on_update: true, ..Traits::DEFAULT }
    }

    fn default(&self, template: &mut Value) {
        if let Some(spec) = at_mut(template, CLAIM) {
            device_claim::default(spec);
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, template: &mut Value) {
        if let Some(spec) = at_mut(template, CLAIM) {
            device_claim::drop_disabled(spec, None);
        }
    }

    fn validate(&self, _: &Context<'_>, template: &Value) -> ErrorList {
        findings(template).into_list()
    }

    fn prepare_for_update(&self, _: &Context<'_>, new: &mut Value, old: &Value) {
        if let Some(spec) = at_mut(new, CLAIM) {
            device_claim::drop_disabled(spec, at(old, CLAIM));
        }
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut found = findings(new);
        if declarative::changed(new, old, "spec") {
            let mut parts = object_meta::printed(at(new, &["spec", "metadata"]).unwrap_or(&Value::Null));
            parts.push(format!("\"Spec\":{}", device_claim::printed(at(new, CLAIM).unwrap_or(&Value::Null))));
            found.errors.push(Error::invalid_printed(&Path::new("spec"), format!("{{{}}}", parts.join(",")), IMMUTABLE));
        }
        found.into_list()
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, template: &Value, now_millis: i64, _: bool) -> Row {
        Row::of(vec![table::name(template), table::age(template, now_millis)])
    }
}

fn findings(template: &Value) -> Findings {
    let mut found = Findings::default();
    let spec_path = Path::new("spec");
    let metadata = at(template, &["spec", "metadata"]).unwrap_or(&Value::Null);
    let path = spec_path.child("metadata");
    found.errors.extend(object_meta::validate_of_template(metadata, &path));
    device_claim::validate(&mut found, at(template, CLAIM).unwrap_or(&Value::Null), false, &spec_path.child("spec"));
    found
}

static COLUMNS: &[Column] = &[table::NAME, table::AGE];
