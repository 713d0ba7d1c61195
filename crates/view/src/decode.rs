//! From a request's body to an object in flight: decoded against the schema of its form, with defaults.

use crate::{Body, Call, CustomServed, FieldValidation, form::Form, type_meta::TypeMeta};
use minkapi_object::{Status, fields_v1};
use minkapi_schema::decode::{DecodeError, Decoded, decode, decode_changed, decode_value};
use serde_json::{Map, Value};

/// Decodes the body of a create or update.
///
/// # Errors
/// 400 for what is no such object (C-03-03), or has unknown fields in strict mode (C-03-31).
pub(crate) fn object(call: &mut Call, body: Body, validation: FieldValidation, form: &Form) -> Result<Value, Status> {
    let version = form.api_version.rsplit('/').next().unwrap_or(&form.api_version);
    // Reading the text of a custom resource gives it its defaults.
    let has_defaults = form.custom().is_some() && !matches!(body, Body::Decoded(_));
    let Decoded { mut value, problems, emptied } = match body {
        Body::Json(bytes) => text(call, &bytes, validation, form)?,
        Body::Yaml { json, duplicates, strict_error } => {
            let mut decoded = text(call, &json, validation, form)?;
            // Strict decoding complains of all duplicates at once, warnings come one by one.
            let first = if validation == FieldValidation::Strict { strict_error.into_iter().collect() } else { duplicates };
            decoded.problems.splice(0..0, first);
            decoded
        }
        Body::Decoded(value) => Decoded { value, problems: Vec::new(), emptied: Vec::new() },
    };
    report(call, problems, validation, &form.kind, version)?;
    call.emptied = emptied;
    fields_v1::quote(&mut value);
    match_type(&mut value, form)?;
    if !has_defaults {
        form.default(&mut value);
    }
    Ok(value)
}

fn text(call: &mut Call, bytes: &[u8], validation: FieldValidation, form: &Form) -> Result<Decoded, Status> {
    let version = form.api_version.rsplit('/').next().unwrap_or(&form.api_version);
    match form.custom() {
        Some(custom) => self::custom(custom, bytes, form).map_err(|err| err.to_status(&form.kind, version, bytes)),
        None => built_in(call, bytes, validation, form),
    }
}

/// Decodes the body of a custom resource. One of the right kind in a version that is not there has no schema, so that
/// nothing in it is known.
fn custom(custom: &CustomServed, bytes: &[u8], form: &Form) -> Result<Decoded, DecodeError> {
    let mut decoded = custom.strategy.decode(bytes)?;
    let told = TypeMeta::of(&decoded.value);
    let group = |api_version: &str| api_version.split_once('/').map(|(group, _)| group.to_owned());
    let is_there = custom.versions.iter().any(|(version, _)| *version == told.api_version);
    if told.kind == form.kind && !is_there && group(&told.api_version) == group(&form.api_version) {
        let sent: Map<String, Value> = serde_json::from_slice(bytes).unwrap_or_default();
        let unknown = sent.keys().filter(|key| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata"));
        decoded.problems = unknown.map(|key| format!("unknown field {key:?}")).collect();
    }
    Ok(decoded)
}

/// Decodes the body of a built-in kind as what it says it is, which decides what is unknown in it.
fn built_in(call: &mut Call, bytes: &[u8], validation: FieldValidation, form: &Form) -> Result<Decoded, Status> {
    let version = form.api_version.rsplit('/').next().unwrap_or(&form.api_version);
    let decoded = decode(bytes, &form.schema);
    let told = match &decoded {
        Ok(decoded) => TypeMeta::of(&decoded.value),
        Err(_) => serde_json::from_slice(bytes).map_or_else(|_| TypeMeta::default(), |value| TypeMeta::of(&value)),
    };
    match told.foreign_to(form) {
        Some(foreign) => Err(foreign.refused(call, bytes, validation, form)),
        None => decoded.map_err(|err| err.to_status(&form.kind, version, bytes)),
    }
}

/// Unknown and duplicate fields, as the client wants them treated (C-03-30).
fn report(call: &mut Call, problems: Vec<String>, validation: FieldValidation, kind: &str, version: &str) -> Result<(), Status> {
    match validation {
        FieldValidation::Strict if !problems.is_empty() => Err(Status::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a {kind}: strict decoding error: {}",
            problems.join(", ")
        ))),
        FieldValidation::Warn => {
            call.warnings.extend(problems);
            Ok(())
        }
        FieldValidation::Strict | FieldValidation::Ignore => Ok(()),
    }
}

/// Decodes a changed copy of `current`, an object of the same form: of what is as it was nothing is done. Where that is not
/// all, the value comes back, for [`tree`].
pub(crate) fn changed(value: Value, current: &Value, form: &Form) -> Result<Value, Value> {
    if form.custom().is_some() || other_type(&value, form).is_some() {
        return Err(value);
    }
    decode_changed(value, current, &form.schema)
}

/// Decodes a tree, such as a patched object. The error is the decoder's text.
pub(crate) fn tree(value: &Value, form: &Form) -> Result<Decoded, String> {
    match form.custom() {
        Some(custom) => custom.strategy.decode_value(value.clone()).map_err(|err| err.to_string()),
        None => match other_type(value, form) {
            Some(why) => Err(why),
            None => decode_value(value, &form.schema).map_err(|err| err.to_string()),
        },
    }
}

/// C-07-16: what a patch has made another kind cannot be decoded into this one.
fn other_type(value: &Value, form: &Form) -> Option<String> {
    let given = |key: &str| value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (api_version, kind) = (given("apiVersion").unwrap_or(&form.api_version), given("kind").unwrap_or(&form.kind));
    if api_version == form.api_version && kind == form.kind {
        return None;
    }
    let (_, version) = api_version.split_once('/').unwrap_or(("", api_version));
    if version.contains('/') {
        return Some(format!("unexpected GroupVersion string: {api_version}"));
    }
    if minkapi_registry::kind(api_version, kind).is_some() {
        let own = form.api_version.split_once('/').map_or("", |(group, _)| group);
        return Some(format!("converting ({version}.{kind}) to ({}.{}): unknown conversion", internal_package(own), form.kind));
    }
    Some(format!("no kind \"{kind}\" is registered for version \"{api_version}\" in scheme \"pkg/runtime/scheme.go:111\""))
}

/// Upstream's package of the internal types of a group.
fn internal_package(group: &str) -> &str {
    match group.split('.').next().unwrap_or_default() {
        "" | "events" => "core",
        "internal" => "apiserverinternal",
        first => first,
    }
}

/// C-03-03: an absent apiVersion or kind is the URL's, another is refused.
fn match_type(value: &mut Value, form: &Form) -> Result<(), Status> {
    let Form { api_version, kind, .. } = form;
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let given = TypeMeta::of(value);
    // Custom resources say what they are, or are refused (C-10-11); others are what the URL says.
    if form.custom().is_some() {
        if given.api_version != *api_version {
            return Err(given.mismatch(form));
        }
    } else if let Some(foreign) = given.foreign_to(form) {
        return Err(foreign.refusal(form));
    }
    value["apiVersion"] = api_version.as_str().into();
    if given.kind.is_empty() {
        value["kind"] = kind.as_str().into();
    }
    Ok(())
}
