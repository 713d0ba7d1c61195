//! managedFields after writes recorded from a kube-apiserver 1.37.2, and what applies were answered (C-07-40 to C-07-53).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use minkapi_patch::{ApplyError, FieldManagerInput, OneVersion, apply, update_managed_fields};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Recording {
    name: String,
    op: String,
    sub: String,
    manager: String,
    force: bool,
    kind: (String, String),
    live: Option<Value>,
    new: Value,
    #[serde(rename = "managedFields")]
    managed_fields: Option<Value>,
    object: Option<Value>,
    error: Option<(u16, String, Option<Value>)>,
}

impl Recording {
    fn run(&self) -> Result<Value, ApplyError> {
        let (api_version, kind) = (&*self.kind.0, &*self.kind.1);
        let custom = kind == "Thing";
        let schema = if custom { common::thing() } else { minkapi_registry::kind(api_version, kind).unwrap().schema.clone() };
        let input = FieldManagerInput {
            schema: &schema,
            api_version,
            kind,
            subresource: &self.sub,
            reset_fields: match self.sub.as_str() {
                "status" => &[&["spec"]],
                "" if !custom => &[&["status"]],
                _ => &[],
            },
            now: "2024-01-01T00:00:00Z",
            versions: &OneVersion,
        };
        if self.op == "apply" {
            return apply(&input, self.live.as_ref(), &self.new, &self.manager, self.force);
        }
        let mut new = self.new.clone();
        update_managed_fields(&input, self.live.as_ref(), &mut new, &self.manager);
        Ok(new)
    }
}

/// Entries with their times blanked, in an order without them.
fn entries(fields: Option<&Value>) -> Vec<Value> {
    let mut entries = fields.and_then(Value::as_array).cloned().unwrap_or_default();
    entries.iter_mut().filter_map(|entry| entry.get_mut("time")).for_each(|time| *time = json!("some time"));
    // What objects in flight have is text.
    for fields in entries.iter_mut().filter_map(|entry| entry.get_mut("fieldsV1")) {
        if let Value::String(text) = fields {
            *fields = serde_json::from_str(text).unwrap();
        }
    }
    entries.sort_by_key(Value::to_string);
    entries
}

/// The parts of an object that the recording speaks of, as decoding leaves them: without nulls and empty maps, with defaults.
fn content(object: &Value, recorded: &Value) -> Value {
    let mut content = object.clone();
    let metadata = |name: &str| ["labels", "annotations", "finalizers"].contains(&name);
    content["metadata"].as_object_mut().into_iter().for_each(|members| members.retain(|name, _| metadata(name)));
    content.as_object_mut().unwrap().retain(|name, _| recorded.get(name).is_some() || name != "metadata" && recorded.get("kind").is_some());
    for port in content.pointer_mut("/spec/ports").and_then(Value::as_array_mut).into_iter().flatten() {
        port.as_object_mut().unwrap().entry("protocol").or_insert("TCP".into());
    }
    drop_blanks(&mut content);
    content
}

fn drop_blanks(value: &mut Value) {
    if let Value::Array(items) = value {
        items.iter_mut().for_each(drop_blanks);
    }
    if let Value::Object(members) = value {
        members.values_mut().for_each(drop_blanks);
        members.retain(|_, value| !value.is_null() && !value.as_object().is_some_and(serde_json::Map::is_empty));
    }
}

#[test]
fn writes_are_tracked_and_applies_merged_as_recorded() {
    let recordings: Vec<Recording> = serde_json::from_str(include_str!("data/managed_fields.json")).unwrap();
    assert!(recordings.len() > 200);
    for recording in recordings {
        let name = &recording.name;
        match (recording.run(), &recording.error) {
            (Ok(object), None) => {
                let got = entries(object["metadata"].get("managedFields"));
                assert_eq!(json!(got), json!(entries(recording.managed_fields.as_ref())), "{name}");
                if let Some(expected) = &recording.object {
                    assert_eq!(content(&object, expected), content(expected, expected), "{name}");
                }
            }
            (Err(err), Some((code, message, details))) => {
                let status = err.status();
                assert_eq!((status.code, &status.message), (*code, message), "{name}");
                // The order of causes with several managers is not fixed, and not recorded.
                if let Some(details) = details.as_ref().filter(|d| d.get("causes").is_some()) {
                    assert_eq!(serde_json::to_value(status.details).unwrap(), *details, "{name}");
                }
            }
            (got, expected) => panic!("{name}: {got:?}, not {expected:?}"),
        }
    }
}
