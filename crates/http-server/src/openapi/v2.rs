//! Version 2 (Swagger): one document, made from those of version 3 (C-01-30).

mod shared;

use super::components::PREFIX;
use serde_json::{Map, Value, json};

/// Parts of a schema that version 2 has no words for.
const UNKNOWN: [&str; 5] = ["oneOf", "anyOf", "not", "nullable", "allOf"];

/// What upstream leaves out of it.
const LEFT_OUT: &str = "default";

/// The document of all documents.
pub(super) fn document(documents: impl Iterator<Item = Value>) -> Value {
    let (mut paths, mut definitions) = (Map::new(), Map::new());
    let mut info = Value::Null;
    for mut document in documents {
        if info.is_null() {
            info = document["info"].take();
        }
        for (path, item) in members(document["paths"].take()) {
            paths.insert(path, path_item(item));
        }
        for (name, schema) in members(document["components"]["schemas"].take()) {
            let mut new = self::schema(schema);
            // Options and watch events are of every group.
            if let Some(known) = definitions.get(&name) {
                merge_kinds(&mut new, known);
            }
            definitions.insert(name, new);
        }
    }
    let parameters = shared::take(&mut paths);
    json!({
        "swagger": "2.0",
        "info": info,
        "paths": paths,
        "definitions": definitions,
        "parameters": parameters,
        "securityDefinitions": {"BearerToken": {"description": "Bearer Token authentication", "type": "apiKey", "name": "authorization", "in": "header"}},
        "security": [{"BearerToken": []}],
    })
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn merge_kinds(new: &mut Value, known: &Value) {
    const KINDS: &str = "x-kubernetes-group-version-kind";
    let Some(kinds) = new.get_mut(KINDS).and_then(Value::as_array_mut) else { return };
    for kind in known[KINDS].as_array().into_iter().flatten() {
        if !kinds.contains(kind) {
            kinds.push(kind.clone());
        }
    }
    kinds.sort_by_key(|k| (k["group"].to_string(), k["version"].to_string()));
}

fn path_item(item: Value) -> Value {
    let item = members(item).into_iter().map(|(method, of)| {
        let of = if method == "parameters" { parameters(of).into() } else { operation(of) };
        (method, of)
    });
    item.collect::<Map<_, _>>().into()
}

fn operation(operation: Value) -> Value {
    let mut operation = members(operation);
    let mut params = operation.remove("parameters").map(parameters).unwrap_or_default();
    let mut consumes = vec![Value::from("*/*")];
    if let Some(mut body) = operation.remove("requestBody") {
        let content = members(body["content"].take());
        consumes = ranked(&content);
        let schema = content.into_iter().next().map(|(_, mut c)| self::schema(c["schema"].take()));
        let mut parameter = json!({"name": "body", "in": "body", "schema": schema});
        if body["required"] == true {
            parameter["required"] = true.into();
        }
        params.push(parameter);
        super::parameters::sort(&mut params);
    }
    let mut produces = Vec::new();
    let responses = members(operation.remove("responses").unwrap_or_default()).into_iter().map(|(code, mut response)| {
        let content = response.get_mut("content").map(Value::take).map(members).unwrap_or_default();
        if !content.is_empty() {
            produces = ranked(&content);
        }
        let mut new = json!({"description": response["description"]});
        if let Some((_, mut content)) = content.into_iter().next() {
            new["schema"] = self::schema(content["schema"].take());
        }
        (code, new)
    });
    let responses: Map<String, Value> = responses.collect();
    let makes = |media_type: &str| produces.iter().any(|p| p == media_type);
    if !operation.contains_key("x-kubernetes-action") {
        // What is not about objects takes what it makes, unless that is plain text.
        let of_text = responses.get("200").is_some_and(|ok| ok["schema"]["type"] == "string");
        consumes = if of_text { Vec::new() } else { produces.clone() };
    } else if makes("application/json") && !makes("application/vnd.kubernetes.protobuf") && consumes == ["*/*"] {
        // Custom resources name what they take, also where there is no body.
        consumes.clone_from(&produces);
    }
    if !consumes.is_empty() {
        operation.insert("consumes".into(), consumes.into());
    }
    operation.insert("responses".into(), responses.into());
    operation.insert("produces".into(), produces.into());
    operation.insert("schemes".into(), json!(["https"]));
    if !params.is_empty() {
        operation.insert("parameters".into(), params.into());
    }
    operation.into()
}

/// Media types in the order of version 2.
fn ranked(content: &Map<String, Value>) -> Vec<Value> {
    const ORDER: [&str; 10] = [
        "text/plain",
        "application/json",
        "application/yaml",
        "application/vnd.kubernetes.protobuf",
        "application/json;stream=watch",
        "application/vnd.kubernetes.protobuf;stream=watch",
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ];
    let mut types: Vec<&str> = content.keys().map(String::as_str).collect();
    types.sort_by_key(|t| ORDER.iter().position(|known| known == t));
    types.into_iter().map(Value::from).collect()
}

/// A parameter's schema stands in the parameter itself.
fn parameters(parameters: Value) -> Vec<Value> {
    let parameters = parameters.as_array().cloned().unwrap_or_default();
    let flat = parameters.into_iter().map(|parameter| {
        let mut parameter = members(parameter);
        let mut schema = members(parameter.remove("schema").unwrap_or_default());
        parameter.append(&mut schema);
        parameter.into()
    });
    flat.collect()
}

/// A schema: references stand alone or beside others, and what version 2 does not know is dropped.
fn schema(schema: Value) -> Value {
    match schema {
        Value::Object(mut members) => {
            if let Some([Value::Object(only)]) = members.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
                && let Some(reference) = only.get("$ref").cloned()
            {
                members.insert("$ref".into(), reference);
            }
            if members.contains_key("oneOf") && !members.contains_key("type") {
                // A quantity or an int-or-string: text, of this format.
                members.insert("type".into(), "string".into());
            }
            let kept = members.into_iter().filter(|(name, _)| name != LEFT_OUT && !UNKNOWN.contains(&name.as_str()));
            kept.map(|(name, value)| {
                let value = match (name.as_str(), value) {
                    ("$ref", Value::String(target)) => target.replace(PREFIX, "#/definitions/").into(),
                    ("properties", Value::Object(properties)) => {
                        properties.into_iter().map(|(n, s)| (n, self::schema(s))).collect::<Map<_, _>>().into()
                    }
                    ("items" | "additionalProperties", inner) => self::schema(inner),
                    (_, other) => other,
                };
                (name, value)
            })
            .collect::<Map<_, _>>()
            .into()
        }
        other => other,
    }
}
