//! ValidatingWebhookConfiguration: webhooks that accept or refuse requests.

use crate::{
    Column, Context, Row, Strategy, Traits, table,
    value::items,
    webhook::{self, WebhookKind::Validating},
};
use minkapi_schema::field::ErrorList;
use serde_json::{Value, json};

/// The strategy of ValidatingWebhookConfiguration.
#[derive(Debug)]
pub struct ValidatingWebhookConfiguration;

impl Strategy for ValidatingWebhookConfiguration {
    fn traits(&self) -> Traits {
        Traits { unconditional_update: false, checks_finalizers: false, name_on_update: true, ..Traits::DEFAULT }
    }

    fn default(&self, configuration: &mut Value) {
        webhook::default(configuration, Validating);
    }

    fn prepare_for_create(&self, _: &Context<'_>, configuration: &mut Value) {
        webhook::prepare_for_create(configuration);
    }

    fn validate(&self, _: &Context<'_>, configuration: &Value) -> ErrorList {
        webhook::validate(configuration, Validating)
    }

    fn warnings_on_create(&self, _: &Context<'_>, configuration: &Value) -> Vec<String> {
        webhook::warnings_on_create(configuration)
    }

    fn prepare_for_update(&self, _: &Context<'_>, new: &mut Value, old: &Value) {
        webhook::prepare_for_update(new, old);
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        webhook::validate_update(new, old, Validating)
    }

    fn warnings_on_update(&self, _: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        webhook::warnings_on_update(new)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, configuration: &Value, now_millis: i64, _: bool) -> Row {
        let count = items(configuration, "webhooks").len();
        Row::of(vec![table::name(configuration), json!(count), table::age(configuration, now_millis)])
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Webhooks", "integer", "", 0, "Webhooks indicates the number of webhooks registered in this configuration"),
    table::AGE,
];
