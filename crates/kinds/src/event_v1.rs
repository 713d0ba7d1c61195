//! Events as `events.k8s.io/v1` has them, in terms of stored core events.

use crate::value::{set, set_default, unset};
use serde_json::{Map, Value};

/// The version with names of its own.
pub const API_VERSION: &str = "events.k8s.io/v1";

/// Names of fields in this form and in the core group's; all others are the same.
const FIELDS: &[(&str, &str)] = &[
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
    ("reportingController", "reportingComponent"),
];

/// Labels of field selectors in this form and in the core group's.
pub const FIELD_LABELS: &[(&str, &str)] = &[
    ("reason", "reason"),
    ("regarding.kind", "involvedObject.kind"),
    ("regarding.namespace", "involvedObject.namespace"),
    ("regarding.name", "involvedObject.name"),
    ("regarding.uid", "involvedObject.uid"),
    ("regarding.apiVersion", "involvedObject.apiVersion"),
    ("regarding.resourceVersion", "involvedObject.resourceVersion"),
    ("regarding.fieldPath", "involvedObject.fieldPath"),
    ("reportingController", "reportingComponent"),
    ("type", "type"),
];

/// The core event that this one is.
pub fn to_core(event: Value) -> Value {
    let mut event = renamed(event, |key| FIELDS.iter().find(|(new, _)| *new == key).map_or(key, |(_, core)| core));
    set(&mut event, "apiVersion", "v1");
    for key in ["involvedObject", "source"] {
        set_default(&mut event, key, Map::new());
    }
    for key in ["reportingComponent", "reportingInstance"] {
        set_default(&mut event, key, "");
    }
    for key in ["firstTimestamp", "lastTimestamp", "eventTime"] {
        set_default(&mut event, key, Value::Null);
    }
    event
}

/// A core event in this form.
pub fn from_core(event: Value) -> Value {
    let mut event = renamed(event, |key| FIELDS.iter().find(|(_, core)| *core == key).map_or(key, |(new, _)| new));
    set(&mut event, "apiVersion", API_VERSION);
    for key in ["reportingController", "reportingInstance", "note"] {
        if event.get(key).is_some_and(|v| v.as_str() == Some("")) {
            unset(&mut event, key);
        }
    }
    event
}

fn renamed(event: Value, name: impl Fn(&str) -> &str) -> Value {
    match event {
        Value::Object(map) => map.into_iter().map(|(key, value)| (name(&key).to_owned(), value)).collect::<Map<_, _>>().into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_forms_are_one_event() {
        let core = json!({
            "apiVersion": "v1", "kind": "Event", "involvedObject": {"kind": "Pod"}, "message": "m", "source": {"component": "c"},
            "count": 1, "firstTimestamp": "t", "lastTimestamp": "t", "eventTime": null, "reportingComponent": "", "reportingInstance": "",
        });
        let new = from_core(core.clone());
        assert_eq!(
            new,
            json!({
                "apiVersion": "events.k8s.io/v1", "kind": "Event", "regarding": {"kind": "Pod"}, "note": "m", "eventTime": null,
                "deprecatedSource": {"component": "c"}, "deprecatedCount": 1, "deprecatedFirstTimestamp": "t", "deprecatedLastTimestamp": "t",
            })
        );
        assert_eq!(to_core(new), core);
    }
}
