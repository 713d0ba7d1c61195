//! Event: one stored object in two representations, of which the newer is strict (C-13-01, C-13-03).

use crate::{
    Column, Context, GarbageCollection, NameRule, Row, SelectableField, Strategy, Traits, event_v1,
    go_struct::{self, GoField, GoType},
    object_meta, table,
    update::{immutable, same},
    value::{at, field, has, int, text},
};
use minkapi_object::Status;
use minkapi_schema::field::{Error, ErrorList, Path, invalid_each};
use minkapi_schema::names;
use serde_json::Value;
use std::borrow::Cow;

const SHORT_MAX: usize = 128;
const NOTE_MAX: usize = 1024;
const CORE_VERSION: &str = "v1";

/// The strategy of Event, of the core group and of `events.k8s.io`.
#[derive(Debug)]
pub struct Event;

impl Strategy for Event {
    fn traits(&self) -> Traits {
        Traits {
            stays_canonical: true,
            create_on_update: true,
            name: NameRule::PathSegment,
            metadata_last: true,
            checks_finalizers: false,
            garbage_collection: GarbageCollection::Unsupported,
            ..Traits::DEFAULT
        }
    }

    fn validate(&self, cx: &Context<'_>, object: &Value) -> ErrorList {
        let event = in_core_form(object);
        let mut errors = validate_references(&event, cx.api_version);
        if cx.api_version != CORE_VERSION {
            errors.extend(validate_new_form(&event));
        }
        errors
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let (new, old) = (in_core_form(new), in_core_form(old));
        let mut errors = validate_references(&new, cx.api_version);
        if cx.api_version != CORE_VERSION {
            errors.extend(validate_only_series_changes(&new, &old));
        }
        errors
    }

    fn selectable_fields(&self) -> &[SelectableField] {
        FIELDS
    }

    fn field_label<'a>(&self, api_version: &str, _: &str, label: &'a str) -> Result<&'a str, String> {
        let known = |label: &str| FIELDS.iter().any(|field| field.label == label);
        let mapped = match label {
            "metadata.name" | "metadata.namespace" => Some(label),
            _ if api_version == CORE_VERSION => Some(label).filter(|label| known(label)),
            _ => event_v1::FIELD_LABELS.iter().find(|(new, _)| *new == label).map(|(_, core)| *core),
        };
        mapped.ok_or_else(|| format!("field label not supported: {label}"))
    }

    fn to_storage(&self, api_version: &str, object: Value) -> Result<Value, Status> {
        Ok(if api_version == CORE_VERSION { object } else { event_v1::to_core(object) })
    }

    fn from_storage(&self, api_version: &str, object: Value) -> Result<Value, Status> {
        Ok(if api_version == CORE_VERSION { object } else { event_v1::from_core(object) })
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let event = in_core_form(object);
        let event = event.as_ref();
        let involved = event.get("involvedObject").unwrap_or(&Value::Null);
        let since = |keys: &[&str]| {
            let time = keys.iter().map(|key| text(event, key)).find(|time| !time.is_empty()).unwrap_or_default();
            table::since(time, now_millis)
        };
        let first = since(&["firstTimestamp", "eventTime"]);
        let (last, count) = match field(event, "series") {
            Some(series) => (table::since(text(series, "lastObservedTime"), now_millis), int(series, "count").unwrap_or_default()),
            None => (since(&["lastTimestamp", "firstTimestamp", "eventTime"]), int(event, "count").filter(|n| *n != 0).unwrap_or(1)),
        };
        Row::of(vec![
            last.into(),
            text(event, "type").into(),
            text(event, "reason").into(),
            object_cell(involved).into(),
            text(involved, "fieldPath").into(),
            source_cell(event).into(),
            text(event, "message").trim().into(),
            first.into(),
            count.into(),
            table::name(event),
        ])
    }
}

/// The event as the core group has it, whichever form it comes in.
fn in_core_form(object: &Value) -> Cow<'_, Value> {
    if text(object, "apiVersion") == event_v1::API_VERSION { Cow::Owned(event_v1::to_core(object.clone())) } else { Cow::Borrowed(object) }
}

fn involved(object: &Value, key: &str) -> String {
    object.get("involvedObject").map_or("", |involved| text(involved, key)).to_owned()
}

fn source_component(event: &Value) -> &str {
    let component = event.get("source").map_or("", |source| text(source, "component"));
    if component.is_empty() { text(event, "reportingComponent") } else { component }
}

static FIELDS: &[SelectableField] = &[
    SelectableField::new("involvedObject.kind", |o| involved(o, "kind").into()),
    SelectableField::new("involvedObject.namespace", |o| involved(o, "namespace").into()),
    SelectableField::new("involvedObject.name", |o| involved(o, "name").into()),
    SelectableField::new("involvedObject.uid", |o| involved(o, "uid").into()),
    SelectableField::new("involvedObject.apiVersion", |o| involved(o, "apiVersion").into()),
    SelectableField::new("involvedObject.resourceVersion", |o| involved(o, "resourceVersion").into()),
    SelectableField::new("involvedObject.fieldPath", |o| involved(o, "fieldPath").into()),
    SelectableField::new("reason", |o| text(o, "reason").into()),
    SelectableField::new("reportingComponent", |o| text(o, "reportingComponent").into()),
    SelectableField::new("source", |o| source_component(o).into()),
    SelectableField::new("type", |o| text(o, "type").into()),
];

fn object_cell(involved: &Value) -> String {
    let kind = text(involved, "kind").to_lowercase();
    match text(involved, "name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

fn source_cell(event: &Value) -> String {
    let host = event.get("source").map_or("", |source| text(source, "host"));
    let instance = if host.is_empty() { text(event, "reportingInstance") } else { host };
    let component = source_component(event);
    if instance.is_empty() { component.to_owned() } else { format!("{component}, {instance}") }
}

/// Rules of both forms: the event lies in its object's namespace, and one with an eventTime says who reports what.
fn validate_references(event: &Value, api_version: &str) -> ErrorList {
    let mut errors = ErrorList::new();
    let namespace = at(event, &["metadata"]).map_or("", |meta| text(meta, "namespace"));
    let of = event.get("involvedObject").map_or("", |involved| text(involved, "namespace"));
    let dated = has(event, "eventTime");
    let matches = match (of, dated) {
        ("", false) => matches!(namespace, "" | "default"),
        ("", true) => matches!(namespace, "default" | "kube-system"),
        (of, false) => of == namespace,
        (_, true) => true,
    };
    if !matches {
        errors.push(Error::invalid(&Path::new("involvedObject").child("namespace"), of, "does not match event.namespace"));
    }
    if dated {
        errors.extend(validate_report(event, api_version));
    }
    errors
}

fn validate_report(event: &Value, api_version: &str) -> ErrorList {
    let mut errors = ErrorList::new();
    let controller = text(event, "reportingComponent");
    let path = Path::new(if api_version == CORE_VERSION { "reportingComponent" } else { "reportingController" });
    if controller.is_empty() {
        errors.push(Error::required(&path, ""));
    }
    invalid_each(&mut errors, &path, controller, names::is_qualified_name(controller));
    for (key, needed, max) in
        [("reportingInstance", true, SHORT_MAX), ("action", true, SHORT_MAX), ("reason", true, SHORT_MAX), ("message", false, NOTE_MAX)]
    {
        let value = text(event, key);
        if needed && value.is_empty() {
            errors.push(Error::required(&Path::new(key), ""));
        }
        if value.len() > max {
            errors.push(Error::invalid(&Path::new(key), "", format!("can have at most {max} characters")));
        }
    }
    errors
}

fn validate_new_form(event: &Value) -> ErrorList {
    let mut errors = object_meta::validate(event, true, &Traits::DEFAULT);
    errors.extend(validate_series(event));
    if !has(event, "eventTime") {
        errors.push(Error::required(&Path::new("eventTime"), ""));
    }
    let kind = text(event, "type");
    if !matches!(kind, "Normal" | "Warning") {
        errors.push(Error::invalid(&Path::new("type"), "", format!("has invalid value: {kind}")));
    }
    let source = event.get("source").unwrap_or(&Value::Null);
    let deprecated = [
        ("firstTimestamp", has(event, "firstTimestamp")),
        ("lastTimestamp", has(event, "lastTimestamp")),
        ("count", int(event, "count").unwrap_or_default() != 0),
        ("source", !text(source, "component").is_empty() || !text(source, "host").is_empty()),
    ];
    errors.extend(deprecated.iter().filter(|(_, set)| *set).map(|(key, _)| Error::invalid(&Path::new(key), "", "needs to be unset")));
    errors
}

fn validate_series(event: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    if let Some(series) = field(event, "series") {
        if int(series, "count").unwrap_or_default() < 2 {
            errors.push(Error::invalid(&Path::new("series.count"), "", "should be at least 2"));
        }
        if !has(series, "lastObservedTime") {
            errors.push(Error::required(&Path::new("series.lastObservedTime"), ""));
        }
    }
    errors
}

const REFERENCE: &[GoField] = &[
    go_struct::text("Kind", "kind"),
    go_struct::text("Namespace", "namespace"),
    go_struct::text("Name", "name"),
    go_struct::text("UID", "uid"),
    go_struct::text("APIVersion", "apiVersion"),
    go_struct::text("ResourceVersion", "resourceVersion"),
    go_struct::text("FieldPath", "fieldPath"),
];
const SOURCE: &[GoField] = &[go_struct::text("Component", "component"), go_struct::text("Host", "host")];

/// Fields that only the series may outlive, with how a changed one prints and the name it is told under.
const FIXED: &[(&str, &str, Option<GoType>)] = &[
    ("involvedObject", "involvedObject", Some(GoType::Struct(REFERENCE))),
    ("reason", "reason", None),
    ("message", "message", None),
    ("source", "source", Some(GoType::Struct(SOURCE))),
    ("firstTimestamp", "firstTimestamp", None),
    ("lastTimestamp", "lastTimestamp", None),
    ("count", "count", None),
    ("type", "type", None),
    ("eventTime", "eventTime", None),
    ("action", "action", None),
    ("related", "related", Some(GoType::Pointer(REFERENCE))),
    ("reportingComponent", "reportingController", None),
    ("reportingInstance", "reportingInstance", None),
];

fn validate_only_series_changes(new: &Value, old: &Value) -> ErrorList {
    let mut errors = if same(new.get("series"), old.get("series")) { ErrorList::new() } else { validate_series(new) };
    for (key, name, printed) in FIXED {
        let Some(mut error) = immutable(new.get(*key), old.get(*key), &Path::new(name)) else { continue };
        match (printed, field(new, key)) {
            (Some(GoType::Struct(fields)), value) => error.bad_value = Some(go_struct::compact(value.unwrap_or(&Value::Null), fields)),
            (Some(GoType::Pointer(fields)), Some(value)) => error.bad_value = Some(go_struct::compact(value, fields)),
            (None, None) if *key == "count" => error.bad_value = Some("0".to_owned()),
            (None, None) if !key.ends_with("Timestamp") && *key != "eventTime" => error.bad_value = Some("\"\"".to_owned()),
            _ => {}
        }
        errors.push(error);
    }
    errors
}

static COLUMNS: &[Column] = &[
    Column::new("Last Seen", "string", "", 0, "The time at which the most recent occurrence of this event was recorded."),
    Column::new("Type", "string", "", 0, "Type of this event (Normal, Warning), new types could be added in the future"),
    Column::new(
        "Reason",
        "string",
        "",
        0,
        "This should be a short, machine understandable string that gives the reason for the transition into the object's current status.",
    ),
    Column::new("Object", "string", "", 0, "The object that this event is about."),
    Column::new(
        "Subobject",
        "string",
        "",
        1,
        "If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go field access statement, such as desiredState.manifest.containers[2]. For example, if the object reference is to a container within a pod, this would take on a value like: \"spec.containers{name}\" (where \"name\" refers to the name of the container that triggered the event) or if no container name is specified \"spec.containers[2]\" (container with index 2 in this pod). This syntax is chosen only to have some well-defined way of referencing a part of an object.",
    ),
    Column::new("Source", "string", "", 1, "The component reporting this event. Should be a short machine understandable string."),
    Column::new("Message", "string", "", 0, "A human-readable description of the status of this operation."),
    Column::new("First Seen", "string", "", 1, "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)"),
    Column::new("Count", "string", "", 1, "The number of times this event has occurred."),
    Column::new("Name", "string", "name", 1, table::description::NAME),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    const NEW_FORM: &str = event_v1::API_VERSION;

    fn context(api_version: &str) -> Context<'_> {
        Context { api_version, ..Context::example() }
    }

    #[test]
    fn the_newer_form_is_strict() {
        let event = json!({"apiVersion": NEW_FORM, "metadata": {"name": "a", "namespace": "n"}, "regarding": {"namespace": "n"},
            "deprecatedCount": 1, "type": "Info"});
        assert_eq!(
            texts(&Event.validate(&context(NEW_FORM), &event)),
            [
                "eventTime: Required value",
                "type: Invalid value: \"\": has invalid value: Info",
                "count: Invalid value: \"\": needs to be unset"
            ]
        );
    }

    #[test]
    fn the_older_form_only_looks_at_namespaces() {
        let event = json!({"metadata": {"name": "a", "namespace": "n"}, "involvedObject": {"namespace": "other"}});
        assert_eq!(
            texts(&Event.validate(&context("v1"), &event)),
            ["involvedObject.namespace: Invalid value: \"other\": does not match event.namespace"]
        );
    }

    #[test]
    fn only_the_series_changes_through_the_newer_form() {
        let old = json!({"apiVersion": NEW_FORM, "reason": "A", "regarding": {"kind": "Pod"}});
        let mut new = old.clone();
        new["series"] = json!({"count": 2, "lastObservedTime": "2026-01-01T00:00:00.000000Z"});
        assert!(validate_only_series_changes(&in_core_form(&new), &in_core_form(&old)).is_empty());
        new["regarding"] = json!({"kind": "Node"});
        assert_eq!(
            texts(&validate_only_series_changes(&in_core_form(&new), &in_core_form(&old))),
            [
                r#"involvedObject: Invalid value: {"Kind":"Node","Namespace":"","Name":"","UID":"","APIVersion":"","ResourceVersion":"","FieldPath":""}: field is immutable"#
            ]
        );
    }

    #[test]
    fn selectors_of_the_newer_form_are_those_of_the_older() {
        assert_eq!(Event.field_label(NEW_FORM, "Event", "regarding.name"), Ok("involvedObject.name"));
        assert!(Event.field_label(NEW_FORM, "Event", "source").is_err());
        assert_eq!(Event.field_label("v1", "Event", "source"), Ok("source"));
        assert!(Event.field_label("v1", "Event", "regarding.name").is_err());
    }

    #[test]
    fn a_series_tells_when_and_how_often() {
        let event = json!({
            "metadata": {"name": "a"}, "type": "Normal", "reason": "R", "message": " m\n", "eventTime": "1970-01-01T00:00:00.000000Z",
            "involvedObject": {"kind": "Pod", "name": "p"}, "reportingComponent": "c", "reportingInstance": "i",
            "series": {"count": 3, "lastObservedTime": "1970-01-01T00:00:05.000000Z"},
        });
        assert_eq!(
            Event.row(&event, 10_000, true).cells,
            [
                json!("5s"),
                json!("Normal"),
                json!("R"),
                json!("pod/p"),
                json!(""),
                json!("c, i"),
                json!("m"),
                json!("10s"),
                json!(3),
                json!("a")
            ]
        );
    }
}
