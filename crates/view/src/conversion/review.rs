//! `ConversionReview`: what a conversion webhook is asked, and what it may answer.

use minkapi_kinds::object_meta::{validate_annotations, validate_labels};
use minkapi_schema::field::{ErrorList, Path, quoted};
use serde_json::{Map, Value, json};

const GROUP: &str = "apiextensions.k8s.io";

/// The first version of the review that both sides know.
pub(super) fn version(known_to_webhook: &[String]) -> Option<&str> {
    known_to_webhook.iter().map(String::as_str).find(|version| matches!(*version, "v1" | "v1beta1"))
}

/// The question.
pub(super) fn question(version: &str, uid: &str, object: &Value, to: &str) -> Value {
    let request = json!({"uid": uid, "desiredAPIVersion": to, "objects": [object]});
    json!({"kind": "ConversionReview", "apiVersion": format!("{GROUP}/{version}"), "request": request})
}

/// The objects of a valid answer; the error says what is wrong with it.
pub(super) fn converted_objects(answer: &[u8], version: &str, uid: &str) -> Result<Vec<Value>, String> {
    let review: Value = serde_json::from_slice(answer).map_err(|err| format!("couldn't get version/kind; json parse error: {err}"))?;
    let (api_version, kind) = (text(&review, "apiVersion"), text(&review, "kind"));
    let says_nothing = api_version.is_empty() && kind.is_empty();
    let known = [format!("{GROUP}/v1"), format!("{GROUP}/v1beta1")];
    let is_known = kind == "ConversionReview" && known.iter().any(|version| version == api_version);
    if !is_known && !says_nothing {
        return Err(format!("no kind {kind:?} is registered for version {api_version:?} in scheme \"pkg/runtime/scheme.go:111\""));
    }
    let response = &review["response"];
    if version == "v1" && api_version != format!("{GROUP}/v1") {
        let shown = if api_version.is_empty() { "/" } else { api_version };
        return Err(format!("expected webhook response of {GROUP}/v1, Kind=ConversionReview, got {shown}, Kind={kind}"));
    }
    if !response.is_object() {
        return Err("no response provided".to_owned());
    }
    let given = text(response, "uid");
    if version == "v1" && given != uid {
        return Err(format!("expected response.uid={}, got {}", quoted(uid), quoted(given)));
    }
    match (text(&response["result"], "status"), text(&response["result"], "message")) {
        ("Success", _) => Ok(response["convertedObjects"].as_array().cloned().unwrap_or_default()),
        (status, "") => Err(format!("response.result.status was '{status}', not 'Success'")),
        (_, message) => Err(message.to_owned()),
    }
}

/// The object that came of `original`, with the metadata that no conversion may change.
pub(super) fn check(original: &Value, converted: Vec<Value>, to: &str) -> Result<Value, String> {
    let webhook = format!("conversion webhook for {}", kind_of(original));
    let count = converted.len();
    let (Some(mut object), 1) = (converted.into_iter().next(), count) else {
        return Err(format!("{webhook} returned {count} objects, expected 1"));
    };
    if !object.is_object() {
        let found = go_type(&object);
        return Err(format!("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"));
    }
    if text(&object, "kind").is_empty() {
        return Err(format!("Object 'Kind' is missing in '{object}'"));
    }
    let invalid = |what: &str, why: String| format!("{webhook} returned invalid {what}: {why}");
    let unlike = |what: &str, key: &str, expected: &str| {
        let received = text(&object, key);
        let why = format!("invalid {what} (expected {expected}, received {received})");
        if received == expected { Ok(()) } else { Err(invalid("object at index 0", why)) }
    };
    unlike("groupVersion", "apiVersion", to)?;
    unlike("kind", "kind", text(original, "kind"))?;
    for (what, key) in [("name", "name"), ("namespace", "namespace"), ("UID", "uid")] {
        let (expected, received) = (text(&original["metadata"], key), text(&object["metadata"], key));
        if expected != received {
            return Err(invalid("object", format!("must have the same {what}: {expected} != {received}")));
        }
    }
    let metadata = restored(&original["metadata"], &object["metadata"]).map_err(|why| invalid("metadata", why))?;
    object["metadata"] = metadata;
    Ok(object)
}

/// The original metadata with the labels and annotations of the answer.
fn restored(original: &Value, answered: &Value) -> Result<Value, String> {
    if answered.is_null() {
        return Err("missing metadata in converted object".to_owned());
    }
    let mut metadata = original.as_object().cloned().unwrap_or_default();
    for field in ["labels", "annotations"] {
        match answered.get(field) {
            None | Some(Value::Null) => {
                metadata.remove(field);
            }
            Some(Value::Object(texts)) => {
                check_texts(field, metadata.get(field), texts)?;
                metadata.insert(field.to_owned(), Value::Object(texts.clone()));
            }
            Some(other) => return Err(format!("invalid metadata.{field} of type {} in converted object", go_type(other))),
        }
    }
    Ok(Value::Object(metadata))
}

fn check_texts(field: &str, original: Option<&Value>, texts: &Map<String, Value>) -> Result<(), String> {
    if let Some((key, value)) = texts.iter().find(|(_, value)| !value.is_string()) {
        return Err(format!("metadata.{field}[{key}] must be a string, but is {} in converted object", go_type(value)));
    }
    let texts = Value::Object(texts.clone());
    if original == Some(&texts) {
        return Ok(());
    }
    let metadata = Path::new("metadata");
    let errors = match field {
        "labels" => validate_labels(Some(&texts), &metadata.child("labels")),
        // The path is upstream's.
        _ => validate_annotations(Some(&texts), &metadata.child("annotation")),
    };
    if errors.is_empty() { Ok(()) } else { Err(aggregate(&errors)) }
}

/// Several errors as one text.
fn aggregate(errors: &ErrorList) -> String {
    let mut texts: Vec<String> = Vec::new();
    for error in errors.iter().map(ToString::to_string) {
        if !texts.contains(&error) {
            texts.push(error);
        }
    }
    match texts.as_slice() {
        [only] => only.clone(),
        _ => format!("[{}]", texts.join(", ")),
    }
}

/// `group/version, Kind=kind`.
pub(super) fn kind_of(object: &Value) -> String {
    format!("{}, Kind={}", text(object, "apiVersion"), text(object, "kind"))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The Go type that a value has once it is decoded.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(version: &str) -> Value {
        json!({"apiVersion": format!("a.io/{version}"), "kind": "Host", "metadata": {"name": "a", "uid": "1", "generation": 3}, "spec": {}})
    }

    fn refused(change: impl Fn(&mut Value)) -> String {
        let mut object = host("v2");
        change(&mut object);
        check(&host("v1"), vec![object], "a.io/v2").unwrap_err()
    }

    #[test]
    fn labels_and_annotations_may_be_changed_and_other_metadata_is_restored() {
        let mut object = host("v2");
        object["metadata"]["labels"] = json!({"a": "b"});
        object["metadata"]["generation"] = 9.into();
        let converted = check(&host("v1"), vec![object], "a.io/v2").unwrap();
        assert_eq!(converted["metadata"], json!({"name": "a", "uid": "1", "generation": 3, "labels": {"a": "b"}}));
    }

    #[test]
    fn identity_may_not_be_changed() {
        let webhook = "conversion webhook for a.io/v1, Kind=Host returned";
        let renamed = refused(|o| o["metadata"]["name"] = "b".into());
        assert_eq!(renamed, format!("{webhook} invalid object: must have the same name: a != b"));
        let version = refused(|o| o["apiVersion"] = "a.io/v3".into());
        assert_eq!(version, format!("{webhook} invalid object at index 0: invalid groupVersion (expected a.io/v2, received a.io/v3)"));
        let labels = refused(|o| o["metadata"]["labels"] = json!({"a": 1}));
        assert_eq!(labels, format!("{webhook} invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object"));
        assert!(refused(|o| o["metadata"]["labels"] = json!({"a b": "c d"})).contains("invalid metadata: [metadata.labels: Invalid value"));
        assert_eq!(check(&host("v1"), vec![], "a.io/v2").unwrap_err(), format!("{webhook} 0 objects, expected 1"));
    }

    #[test]
    fn an_answer_is_to_the_question_and_a_success() {
        let answer = |response: Value| {
            let review = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview", "response": response});
            converted_objects(review.to_string().as_bytes(), "v1", "u")
        };
        assert_eq!(answer(json!({"uid": "u", "result": {"status": "Success"}, "convertedObjects": [1]})).unwrap(), [json!(1)]);
        assert_eq!(answer(json!({"uid": "x"})).unwrap_err(), r#"expected response.uid="u", got "x""#);
        assert_eq!(answer(json!({"uid": "u", "result": {"message": "no"}})).unwrap_err(), "no");
        assert_eq!(answer(json!({"uid": "u"})).unwrap_err(), "response.result.status was '', not 'Success'");
        assert_eq!(answer(Value::Null).unwrap_err(), "no response provided");
    }
}
