//! Parameters of operations, and which of them stand with the path.

use super::{components::META, descriptions::Descriptions, operation::Does};
use serde_json::{Map, Value, json};

/// A query parameter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    name: &'static str,
    of: &'static str,
    /// What it is for, where DeleteOptions has no field of its name.
    text: &'static str,
}

/// Shorthand for tables.
pub(super) const fn p(name: &'static str, of: &'static str, text: &'static str) -> Parameter {
    Parameter { name, of, text }
}

/// What all but connections have.
const PRETTY: Parameter =
    p("pretty", "string", "Whether the answer is indented. By default it is for browsers, curl and wget, which their User-Agent tells.");

/// Parameters of writes.
const WRITE: [Parameter; 3] = [
    p("dryRun", "string", "With \"All\", the request is checked and answered, but nothing is stored."),
    p("fieldManager", "string", "Who makes the change, up to 128 printable characters; the User-Agent's first part by default."),
    p(
        "fieldValidation",
        "string",
        "What happens to unknown and duplicate fields: Ignore drops them, Warn (the default) also answers with warnings, Strict refuses the request.",
    ),
];
/// What patches have beyond that.
const FORCE: [Parameter; 1] = [p("force", "boolean", "Whether an apply takes fields from other managers. Only for apply patches.")];
/// Parameters of lists.
const LIST: [Parameter; 11] = [
    p("allowWatchBookmarks", "boolean", "Whether the watch may send events of type BOOKMARK, which only tell how far it has come."),
    p("continue", "string", "The token of the last page, to get the next one."),
    p("fieldSelector", "string", "Only objects whose fields have these values. Everything by default."),
    p("labelSelector", "string", "Only objects whose labels match. Everything by default."),
    p("limit", "integer", "How many objects an answer has at most; metadata.continue then leads to the others."),
    p("resourceVersion", "string", "The version to read at or to watch from; see resourceVersionMatch."),
    p("resourceVersionMatch", "string", "How resourceVersion is meant by a list: Exact or NotOlderThan."),
    p("sendInitialEvents", "boolean", "Whether the watch begins with an event for each object there is, and a bookmark after them."),
    p("shardSelector", "string", "Only objects of a shard, by a hash of a field."),
    p("timeoutSeconds", "integer", "How long a list or a watch may take."),
    p("watch", "boolean", "Changes as they come, in place of a list. Needs resourceVersion to be without a gap after a list."),
];
/// Parameters of deletions, which are described as fields of DeleteOptions.
const DELETE: [Parameter; 5] = [
    p("dryRun", "string", ""),
    p("gracePeriodSeconds", "integer", ""),
    p("ignoreStoreReadErrorWithClusterBreakingPotential", "boolean", ""),
    p("orphanDependents", "boolean", ""),
    p("propagationPolicy", "string", ""),
];

/// What a read of a custom resource has; those of built-in ones are not told.
const READ: [Parameter; 1] = [p("resourceVersion", "string", "The version that what is read may not be older than.")];

/// The query parameters of an operation.
pub(super) fn of(does: Does, custom: bool, descriptions: &Descriptions) -> Vec<Value> {
    let own: Vec<Parameter> = match does {
        Does::DeleteCollection if custom => LIST.into(),
        Does::Get if custom => READ.into(),
        Does::Post | Does::Put => WRITE.into(),
        Does::Patch => WRITE.iter().chain(&FORCE).copied().collect(),
        Does::List | Does::Watch | Does::WatchList => LIST.into(),
        Does::Delete => DELETE.into(),
        // A deletion of a collection neither watches nor sends bookmarks.
        Does::DeleteCollection => {
            LIST.iter().filter(|p| !matches!(p.name, "allowWatchBookmarks" | "watch")).chain(&DELETE).copied().collect()
        }
        Does::Get => Vec::new(),
        Does::Connect(_) => return Vec::new(),
    };
    own.iter().chain([&PRETTY]).map(|p| query(p, descriptions)).collect()
}

/// A parameter in the query.
pub(super) fn query(parameter: &Parameter, descriptions: &Descriptions) -> Value {
    let &Parameter { name, of, text } = parameter;
    let known = descriptions.of_field(&format!("{META}.DeleteOptions"), name);
    let mut value = json!({"name": name, "in": "query", "schema": {"type": of, "uniqueItems": true}});
    match known.unwrap_or(text) {
        "" => {}
        text => value["description"] = text.into(),
    }
    value
}

/// A parameter in the path.
pub(super) fn path((name, description): (&str, &str)) -> Value {
    json!({"name": name, "in": "path", "description": description, "required": true, "schema": {"type": "string", "uniqueItems": true}})
}

/// Sorts parameters as upstream does.
pub(super) fn sort(parameters: &mut [Value]) {
    parameters.sort_by(|a, b| key(a).cmp(&key(b)));
}

fn key(parameter: &Value) -> (&str, &str) {
    (parameter["name"].as_str().unwrap_or_default(), parameter["in"].as_str().unwrap_or_default())
}

/// Takes what all operations of a path have out of them, to stand with the path.
pub(super) fn lift(operations: &mut Map<String, Value>) -> Vec<Value> {
    let of = |operation: &Value| operation["parameters"].as_array().cloned().unwrap_or_default();
    let all: Vec<Vec<Value>> = operations.values().map(of).collect();
    let Some((first, others)) = all.split_first() else { return Vec::new() };
    let mut common = first.clone();
    common.retain(|p| others.iter().all(|other| other.iter().any(|o| key(o) == key(p))));
    for operation in operations.values_mut() {
        let mut own = of(operation);
        own.retain(|p| !common.iter().any(|c| key(c) == key(p)));
        match operation.as_object_mut() {
            Some(members) if own.is_empty() => drop(members.remove("parameters")),
            _ => operation["parameters"] = own.into(),
        }
    }
    common
}
