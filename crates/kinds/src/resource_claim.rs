//! ResourceClaim: devices asked for, and those allocated.

use crate::{
    Column, Context, DeletedAnswer, Row, Strategy, Traits, declarative,
    declarative::Findings,
    device_allocation, device_claim, table, update,
    value::{at, at_mut, field, items, items_mut, set},
};
use minkapi_schema::field::{ErrorList, Path};
use serde_json::{Value, json};

/// The strategy of ResourceClaim.
#[derive(Debug)]
pub struct ResourceClaim;

impl Strategy for ResourceClaim {
    fn traits(&self) -> Traits {
        Traits {
            deleted: DeletedAnswer::Object,
            reset_fields: &[("", &[&["status"]]), ("status", &[&["metadata"], &["spec"]])],
            name_on_update: true,
            ..Traits::DEFAULT
        }
    }

    fn default(&self, claim: &mut Value) {
        if let Some(spec) = at_mut(claim, &["spec"]) {
            device_claim::default(spec);
        }
        if let Some(devices) = at_mut(claim, &["status", "allocation", "devices"]) {
            for result in items_mut(devices, "results") {
                device_claim::default_tolerations(result);
            }
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, claim: &mut Value) {
        set(claim, "status", json!({}));
        if let Some(spec) = at_mut(claim, &["spec"]) {
            device_claim::drop_disabled(spec, None);
        }
    }

    fn validate(&self, _: &Context<'_>, claim: &Value) -> ErrorList {
        let mut found = Findings::default();
        device_claim::validate(&mut found, spec(claim), false, &Path::new("spec"));
        found.into_list()
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        update::keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource == "status" {
            device_allocation::prepare_for_update(new, old);
        } else if let Some(new) = at_mut(new, &["spec"]) {
            device_claim::drop_disabled(new, Some(spec(old)));
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" {
            return device_allocation::validate_update(new, old);
        }
        let mut errors = ErrorList::new();
        declarative::immutable(&mut errors, new, old, "spec", &Path::ROOT);
        errors
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, claim: &Value, now_millis: i64, _: bool) -> Row {
        let deleted = at(claim, &["metadata", "deletionTimestamp"]).is_some();
        let allocated = at(claim, &["status", "allocation"]).is_some();
        let reserved = allocated && field(claim, "status").is_some_and(|s| !items(s, "reservedFor").is_empty());
        let states = [(deleted, "deleted"), (!allocated && !deleted, "pending"), (allocated, "allocated"), (reserved, "reserved")];
        let state = states.iter().filter(|(holds, _)| *holds).map(|(_, state)| *state).collect::<Vec<_>>().join(",");
        Row::of(vec![table::name(claim), json!(state), table::age(claim, now_millis)])
    }
}

fn spec(claim: &Value) -> &Value {
    field(claim, "spec").unwrap_or(&Value::Null)
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("State", "string", "", 0, "A summary of the current state (allocated, pending, reserved, etc.)."),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_shows_how_far_a_claim_is() {
        let state = |claim: Value| ResourceClaim.row(&claim, 0, false).cells[1].clone();
        assert_eq!(state(json!({})), "pending");
        assert_eq!(state(json!({"status": {"allocation": {}, "reservedFor": [{}]}})), "allocated,reserved");
        assert_eq!(state(json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})), "deleted");
    }
}
