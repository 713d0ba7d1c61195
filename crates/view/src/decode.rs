//! From a request's body to an object in flight: decoded against the schema of its form, with defaults.

use crate::{Body, Call, FieldValidation, form::Form};
use minkapi_object::Status;
use minkapi_schema::decode::{Decoded, decode, decode_value};
use serde_json::{Map, Value};

/// Decodes the body of a create or update.
///
/// # Errors
/// 400 for what is no such object (C-03-03), or has unknown fields in strict mode (C-03-31).
pub(crate) fn object(call: &mut Call, body: Body, validation: FieldValidation, form: &Form) -> Result<Value, Status> {
    let version = form.api_version.rsplit('/').next().unwrap_or(&form.api_version);
    let Decoded { mut value, problems } = match body {
        Body::Json(bytes) => match form.custom() {
            Some(custom) => custom.strategy.decode(&bytes),
            None => decode(&bytes, &form.schema),
        }
        .map_err(|err| err.to_status(&form.kind, version, &bytes))?,
        Body::Decoded(value) => Decoded { value, problems: Vec::new() },
    };
    match validation {
        FieldValidation::Strict if !problems.is_empty() => {
            let kind = &form.kind;
            return Err(Status::bad_request(format!(
                "{kind} in version \"{version}\" cannot be handled as a {kind}: strict decoding error: {}",
                problems.join(", ")
            )));
        }
        FieldValidation::Warn => call.warnings.extend(problems),
        FieldValidation::Strict | FieldValidation::Ignore => {}
    }
    match_type(&mut value, form)?;
    form.default(&mut value);
    Ok(value)
}

/// Decodes a tree, such as a patched object. The error is the decoder's text.
pub(crate) fn tree(value: Value, form: &Form) -> Result<Decoded, String> {
    match form.custom() {
        Some(custom) => custom.strategy.decode_value(value).map_err(|err| err.to_string()),
        None => {
            // C-07-16: what a patch has made another kind cannot be decoded into this one.
            for (key, expected) in [("apiVersion", &form.api_version), ("kind", &form.kind)] {
                let found = value.get(key).and_then(Value::as_str).unwrap_or_default();
                if !found.is_empty() && found != expected {
                    return Err(format!("unable to decode {} {found:?} into {} {}", key, form.api_version, form.kind));
                }
            }
            decode_value(&value, &form.schema).map_err(|err| err.to_string())
        }
    }
}

/// C-03-03: an absent apiVersion or kind is the URL's, another is refused.
fn match_type(value: &mut Value, form: &Form) -> Result<(), Status> {
    let Form { api_version, kind, .. } = form;
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let given = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (given_version, given_kind) = (given("apiVersion"), given("kind"));
    // Custom resources say what they are, or are refused (C-10-11); others are what the URL says.
    // A subresource's kind may come in versions that are not served, as an Eviction does (C-09-10).
    let other_version = !form.is_resource() && minkapi_registry::top_level_kind(&given_version, kind).is_some();
    if given_version != *api_version && !other_version && (!given_version.is_empty() || form.custom().is_some()) {
        return Err(Status::bad_request(format!(
            "the API version in the data ({given_version}) does not match the expected API version ({api_version})"
        )));
    }
    // Of a custom resource, another kind is its validation's business (chapter 18 on C-10-11).
    if !given_kind.is_empty() && given_kind != *kind && form.custom().is_none() {
        let version = api_version.rsplit('/').next().unwrap_or(api_version);
        let package = match api_version.split_once('/') {
            Some((group, _)) => group.split('.').next().unwrap_or(group),
            None => "core",
        };
        return Err(Status::bad_request(format!(
            "{given_kind} in version \"{version}\" cannot be handled as a {kind}: converting ({version}.{given_kind}) to ({package}.{kind}): unknown conversion"
        )));
    }
    value["apiVersion"] = api_version.as_str().into();
    if given_kind.is_empty() {
        value["kind"] = kind.as_str().into();
    }
    Ok(())
}
