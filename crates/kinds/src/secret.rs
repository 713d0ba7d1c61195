//! Secret: stringData, and what each type of secret must hold.

use crate::{
    Column, Context, Row, SelectableField, Strategy, Traits,
    config_map::{MAX_SIZE, decoded_len, frozen_data_errors},
    table,
    update::immutable,
    value::{at, entries, has, map, object_mut, set, set_default_nonzero, text, unset},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;
use std::borrow::Cow;

const SERVICE_ACCOUNT_NAME: &str = "kubernetes.io/service-account.name";

/// The strategy of Secret.
#[derive(Debug)]
pub struct Secret;

impl Strategy for Secret {
    fn traits(&self) -> Traits {
        Traits { stays_canonical: true, name_on_update: true, ..Traits::DEFAULT }
    }

    fn default(&self, object: &mut Value) {
        set_default_nonzero(object, "type", "Opaque");
        merge_string_data(object);
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        let path = Path::new("data");
        let mut size = 0;
        for (key, base64) in entries(object, "data") {
            invalid_each(&mut errors, &path.key(key), key, names::is_config_map_key(key));
            size += decoded_len(base64.as_str().unwrap_or_default());
        }
        if size > MAX_SIZE {
            errors.push(Error::too_long(&path, MAX_SIZE));
        }
        errors.extend(type_errors(object, &path));
        errors
    }

    fn prepare_for_update(&self, _: &Context<'_>, new: &mut Value, old: &Value) {
        if text(new, "type").is_empty() {
            set(new, "type", text(old, "type"));
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut errors: ErrorList = immutable(new.get("type"), old.get("type"), &Path::new("type")).into_iter().collect();
        errors.extend(frozen_data_errors(new, old, &["data"]));
        errors.extend(self.validate(cx, new));
        errors
    }

    fn warnings_on_create(&self, _: &Context<'_>, object: &Value) -> Vec<String> {
        tls_warning(object).into_iter().collect()
    }

    fn warnings_on_update(&self, _: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        tls_warning(new).into_iter().collect()
    }

    fn selectable_fields(&self) -> &[SelectableField] {
        static FIELDS: &[SelectableField] = &[SelectableField::new("type", |object| Cow::Borrowed(text(object, "type")))];
        FIELDS
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let count = entries(object, "data").count();
        Row::of(vec![table::name(object), text(object, "type").into(), count.into(), table::age(object, now_millis)])
    }
}

/// C-03-50: `stringData` is another way to write `data`.
fn merge_string_data(object: &mut Value) {
    let Some(plain) = map(object, "stringData").cloned() else { return };
    unset(object, "stringData");
    if plain.is_empty() {
        return;
    }
    let Some(data) = object_mut(object, "data") else { return };
    for (key, text) in &plain {
        set(data, key, BASE64_STANDARD.encode(text.as_str().unwrap_or_default()));
    }
}

fn decoded(object: &Value, key: &str) -> Option<Vec<u8>> {
    let base64 = at(object, &["data", key])?.as_str()?;
    Some(BASE64_STANDARD.decode(base64).unwrap_or_default())
}

fn type_errors(object: &Value, path: &Path<'_>) -> ErrorList {
    let has_key = |key: &str| object.get("data").is_some_and(|data| has(data, key));
    let required = |keys: &[&str]| -> ErrorList { keys.iter().map(|key| Error::required(&path.key(key), "")).collect() };
    match text(object, "type") {
        "kubernetes.io/service-account-token" => {
            let name = at(object, &["metadata", "annotations", SERVICE_ACCOUNT_NAME]).and_then(Value::as_str).unwrap_or_default();
            let metadata = Path::new("metadata");
            let annotations = metadata.child("annotations");
            if name.is_empty() { vec![Error::required(&annotations.key(SERVICE_ACCOUNT_NAME), "")] } else { ErrorList::new() }
        }
        "kubernetes.io/dockercfg" => docker_config_errors(object, ".dockercfg", path),
        "kubernetes.io/dockerconfigjson" => docker_config_errors(object, ".dockerconfigjson", path),
        "kubernetes.io/basic-auth" if !has_key("username") && !has_key("password") => required(&["username", "password"]),
        "kubernetes.io/ssh-auth" if decoded(object, "ssh-privatekey").is_none_or(|key| key.is_empty()) => required(&["ssh-privatekey"]),
        "kubernetes.io/tls" => required(&["tls.crt", "tls.key"].into_iter().filter(|key| !has_key(key)).collect::<Vec<_>>()),
        _ => ErrorList::new(),
    }
}

fn docker_config_errors(object: &Value, key: &str, path: &Path<'_>) -> ErrorList {
    let Some(bytes) = decoded(object, key) else { return vec![Error::required(&path.key(key), "")] };
    let wrong = match serde_json::from_slice::<Value>(&bytes) {
        Ok(Value::Object(_) | Value::Null) => return ErrorList::new(),
        Ok(Value::Array(_)) => "json: cannot unmarshal array into Go value of type map[string]interface {}".to_owned(),
        Ok(Value::String(_)) => "json: cannot unmarshal string into Go value of type map[string]interface {}".to_owned(),
        Ok(Value::Number(_)) => "json: cannot unmarshal number into Go value of type map[string]interface {}".to_owned(),
        Ok(Value::Bool(_)) => "json: cannot unmarshal bool into Go value of type map[string]interface {}".to_owned(),
        Err(e) => json_syntax_error(&bytes, &e),
    };
    vec![Error::invalid(&path.key(key), "<secret contents redacted>", wrong)]
}

/// The syntax errors of Go's decoder that badly made secrets run into: no JSON at all, and JSON cut short.
fn json_syntax_error(bytes: &[u8], error: &serde_json::Error) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start();
    match text.chars().next() {
        None => "unexpected end of JSON input".to_owned(),
        _ if error.is_eof() => "unexpected end of JSON input".to_owned(),
        Some('n') => literal_error(text, "null"),
        Some('t') => literal_error(text, "true"),
        Some('f') => literal_error(text, "false"),
        Some(c) if !matches!(c, '{' | '[' | '"' | '-' | '0'..='9') => format!("invalid character '{c}' looking for beginning of value"),
        _ => error.to_string(),
    }
}

fn literal_error(text: &str, literal: &str) -> String {
    let differs = text.chars().zip(literal.chars()).find(|(found, expected)| found != expected);
    differs.map_or_else(
        || "unexpected end of JSON input".to_owned(),
        |(found, expected)| format!("invalid character '{found}' in literal {literal} (expecting '{expected}')"),
    )
}

/// The warning about a TLS secret whose parts hold no PEM block at all.
fn tls_warning(object: &Value) -> Option<String> {
    if text(object, "type") != "kubernetes.io/tls" {
        return None;
    }
    let without_pem = |key| !String::from_utf8_lossy(&decoded(object, key).unwrap_or_default()).contains("-----BEGIN ");
    [("tls.crt", "certificate"), ("tls.key", "key")]
        .into_iter()
        .find(|(key, _)| without_pem(key))
        .map(|(_, part)| format!("tls: failed to find any PEM data in {part} input"))
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Type",
        "string",
        "",
        0,
        "Used to facilitate programmatic handling of secret data. More info: https://kubernetes.io/docs/concepts/configuration/secret/#secret-types",
    ),
    Column::new(
        "Data",
        "string",
        "",
        0,
        "Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or '.'. The serialized form of the secret data is a base64 encoded string, representing the arbitrary (possibly non-string) data value here. Described in https://tools.ietf.org/html/rfc4648#section-4",
    ),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn string_data_becomes_data_and_wins() {
        let mut object = json!({"stringData": {"a": "x"}, "data": {"a": "eQ==", "b": "eg=="}});
        Secret.default(&mut object);
        assert_eq!(object, json!({"type": "Opaque", "data": {"a": "eA==", "b": "eg=="}}));
    }

    #[test]
    fn each_type_has_required_keys() {
        let texts = |kind: &str| -> Vec<String> {
            Secret.validate(&Context::example(), &json!({"type": kind})).iter().map(|e| e.field.clone()).collect()
        };
        assert_eq!(texts("kubernetes.io/tls"), ["data[tls.crt]", "data[tls.key]"]);
        assert_eq!(texts("kubernetes.io/basic-auth"), ["data[username]", "data[password]"]);
        assert_eq!(texts("kubernetes.io/ssh-auth"), ["data[ssh-privatekey]"]);
        assert_eq!(texts("kubernetes.io/dockercfg"), ["data[.dockercfg]"]);
        assert_eq!(texts("kubernetes.io/service-account-token"), ["metadata.annotations[kubernetes.io/service-account.name]"]);
        assert!(texts("example.com/mine").is_empty());
    }

    #[test]
    fn docker_configs_are_json_objects() {
        let errors =
            Secret.validate(&Context::example(), &json!({"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "eHl6"}}));
        assert_eq!(
            errors[0].to_string(),
            "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": invalid character 'x' looking for beginning of value"
        );
    }

    #[test]
    fn the_type_stays() {
        let errors = Secret.validate_update(&Context::example(), &json!({"type": "a"}), &json!({"type": "b"}));
        assert_eq!(errors[0].to_string(), "type: Invalid value: \"a\": field is immutable");
    }
}
