//! DeviceTaintRule: a taint on many devices.

use crate::{
    Column, Context, Row, Strategy, Traits, condition, csi_driver_name,
    declarative::Findings,
    device_name, device_toleration, table, update,
    value::{at, at_mut, field, items, object_mut, set, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};

/// The strategy of DeviceTaintRule.
#[derive(Debug)]
pub struct DeviceTaintRule;

const TAINT: &[&str] = &["spec", "taint"];
const MAX_CONDITIONS: usize = 8;

impl Strategy for DeviceTaintRule {
    fn traits(&self) -> Traits {
        Traits {
            unconditional_update: false,
            reset_fields: &[("", &[&["status"]]), ("status", &[&["metadata"], &["spec"]])],
            ..Traits::DEFAULT
        }
    }

    fn prepare_for_create(&self, cx: &Context<'_>, rule: &mut Value) {
        set(rule, "status", json!({}));
        set(&mut rule["metadata"], "generation", 1);
        stamp(cx, rule);
    }

    fn validate(&self, _: &Context<'_>, rule: &Value) -> ErrorList {
        validate(rule, None)
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        update::keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource == "status" {
            return;
        }
        stamp(cx, new);
        let differs = |key| taint(new).get(key) != taint(old).get(key);
        if differs("effect")
            && !differs("timeAdded")
            && let Some(taint) = at_mut(new, TAINT)
        {
            set(taint, "timeAdded", cx.now);
        }
        update::raise_generation_if_changed(new, old, &["spec"]);
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" { validate_status(new) } else { validate(new, Some(old)) }
    }

    fn tracked(&self, cx: &Context<'_>, rule: &Value) -> Option<Value> {
        let mut tracked = rule.clone();
        stamp(cx, &mut tracked);
        Some(tracked)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, rule: &Value, now_millis: i64, _: bool) -> Row {
        let taint = taint(rule);
        let added = text_if_set(taint, "timeAdded").map(|time| table::since(time, now_millis));
        Row::of(vec![
            table::name(rule),
            json!(text(taint, "key")),
            json!(text(taint, "value")),
            json!(text(taint, "effect")),
            json!(added.unwrap_or_default()),
            table::age(rule, now_millis),
        ])
    }
}

fn taint(rule: &Value) -> &Value {
    at(rule, TAINT).unwrap_or(&Value::Null)
}

fn stamp(cx: &Context<'_>, rule: &mut Value) {
    if let Some(taint) = object_mut(rule, "spec").and_then(|spec| object_mut(spec, "taint")) {
        device_toleration::stamp(taint, cx.now);
    }
}

fn validate(rule: &Value, old: Option<&Value>) -> ErrorList {
    let mut found = Findings::default();
    let spec = Path::new("spec");
    if let Some(selector) = at(rule, &["spec", "deviceSelector"]) {
        let path = spec.child("deviceSelector");
        if let Some(driver) = text_if_set(selector, "driver") {
            found.errors.extend(csi_driver_name::validate(driver, &path.child("driver")));
        }
        if let Some(pool) = text_if_set(selector, "pool") {
            device_name::pool(&mut found.errors, pool, &path.child("pool"));
        }
        if let Some(device) = text_if_set(selector, "device") {
            invalid_each(&mut found.errors, &path.child("device"), device, names::is_dns1123_label(device));
        }
    }
    let effect_changed = old.is_none_or(|old| text(taint(old), "effect") != text(taint(rule), "effect"));
    device_toleration::validate_taint(&mut found, taint(rule), effect_changed, &spec.child("taint"));
    found.into_list()
}

fn validate_status(rule: &Value) -> ErrorList {
    let status = Path::new("status");
    let path = status.child("conditions");
    let conditions = field(rule, "status").map_or(&[][..], |s| items(s, "conditions"));
    let mut errors = condition::validate_all(conditions, &path);
    if conditions.len() > MAX_CONDITIONS {
        errors.push(Error::too_many(&path, conditions.len(), MAX_CONDITIONS));
    }
    errors
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Key", "string", "", 0, "The taint key to be applied to a device. Must be a label name."),
    Column::new("Value", "string", "", 0, "The taint value corresponding to the taint key. Must be a label value."),
    Column::new(
        "Effect",
        "string",
        "",
        0,
        "The effect of the taint on claims that do not tolerate the taint and through such claims on the pods using them.\n\nValid effects are None, NoSchedule and NoExecute. PreferNoSchedule as used for nodes is not valid here. More effects may get added in the future. Consumers must treat unknown effects like None.",
    ),
    Column::new(
        "TimeAdded",
        "string",
        "",
        0,
        "TimeAdded represents the time at which the taint was added or (only in a DeviceTaintRule) the effect was modified. Added automatically during create or update if not set.\n\nIn addition, in a DeviceTaintRule a value provided during an update gets replaced with the current time if the provided value is the same as the old one and the new effect is different. Changing the key and/or value while keeping the effect unchanged is possible and does not update the time stamp because the eviction which uses it is either already started (NoExecute) or not started yet (NoEffect, NoSchedule).",
    ),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_effect_is_a_new_taint() {
        let cx = Context::example();
        let rule = |effect: &str| json!({"metadata": {"generation": 1}, "spec": {"taint": {"key": "a", "effect": effect, "timeAdded": "2020-01-01T00:00:00Z"}}});
        let mut new = rule("NoExecute");
        DeviceTaintRule.prepare_for_update(&cx, &mut new, &rule("None"));
        assert_eq!((&new["spec"]["taint"]["timeAdded"], &new["metadata"]["generation"]), (&json!(cx.now), &json!(2)));
        let mut same = rule("None");
        DeviceTaintRule.prepare_for_update(&cx, &mut same, &rule("None"));
        assert_eq!(same, rule("None"));
    }
}
