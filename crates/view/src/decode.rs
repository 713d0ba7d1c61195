//! From a request's body to an object in flight: decoded against the schema of its version, with defaults.

use crate::{Body, Call, FieldValidation, Served, View};
use minkapi_object::Status;
use minkapi_registry::Struct;
use minkapi_schema::decode::{Decoded, decode, decode_value};
use serde_json::Value;

impl View {
    /// Decodes the body of a create or update against the schema of the target.
    ///
    /// # Errors
    /// 400 what is no such object (C-03-03), or has unknown fields in strict mode (C-03-31).
    pub(crate) fn decode(&self, call: &mut Call, body: Body, validation: FieldValidation) -> Result<Value, Status> {
        let served = call.target.served.clone();
        let kind = match call.target.served.resource.subresource(&call.target.subresource) {
            Some(sub) if !sub.kind.is_empty() => sub.kind.to_string(),
            _ => served.resource.kind.to_string(),
        };
        let mut object = self.decode_as(call, body, validation, &served.resource.api_version(), &kind, &served.resource.schema)?;
        served.strategy.default(&mut object);
        Ok(object)
    }

    /// Decodes a body as an object of this version and kind.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub(crate) fn decode_as(
        &self,
        call: &mut Call,
        body: Body,
        validation: FieldValidation,
        api_version: &str,
        kind: &str,
        schema: &Struct,
    ) -> Result<Value, Status> {
        let version = api_version.rsplit('/').next().unwrap_or(api_version);
        let Decoded { mut value, problems } = match body {
            Body::Json(bytes) => decode(&bytes, schema).map_err(|err| err.to_status(kind, version, &bytes))?,
            Body::Decoded(value) => Decoded { value, problems: Vec::new() },
        };
        match validation {
            FieldValidation::Strict if !problems.is_empty() => {
                return Err(undecodable(api_version, kind, &format!("strict decoding error: {}", problems.join(", "))));
            }
            FieldValidation::Warn => call.warnings.extend(problems),
            FieldValidation::Strict | FieldValidation::Ignore => {}
        }
        match_type(&mut value, api_version, kind)?;
        Ok(value)
    }
}

/// Decodes a tree, such as a patched object, against the schema of a served version. The error is the decoder's text.
pub(crate) fn tree(served: &Served, value: Value) -> Result<Decoded, String> {
    decode_value(&value, &served.resource.schema).map_err(|err| err.to_string())
}

/// C-03-03.
fn undecodable(api_version: &str, kind: &str, why: &str) -> Status {
    let version = api_version.rsplit('/').next().unwrap_or(api_version);
    Status::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"))
}

/// C-03-03: an absent apiVersion or kind is the URL's, another is refused.
fn match_type(value: &mut Value, api_version: &str, kind: &str) -> Result<(), Status> {
    if !value.is_object() {
        *value = Value::Object(serde_json::Map::new());
    }
    let given = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (given_version, given_kind) = (given("apiVersion"), given("kind"));
    if !given_version.is_empty() && given_version != api_version {
        return Err(Status::bad_request(format!(
            "the API version in the data ({given_version}) does not match the expected API version ({api_version})"
        )));
    }
    if !given_kind.is_empty() && given_kind != kind {
        let version = api_version.rsplit('/').next().unwrap_or(api_version);
        let package = match api_version.split_once('/') {
            Some((group, _)) => group.split('.').next().unwrap_or(group),
            None => "core",
        };
        return Err(Status::bad_request(format!(
            "{given_kind} in version \"{version}\" cannot be handled as a {kind}: converting ({version}.{given_kind}) to ({package}.{kind}): unknown conversion"
        )));
    }
    value["apiVersion"] = api_version.into();
    value["kind"] = kind.into();
    Ok(())
}
