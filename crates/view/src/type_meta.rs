//! What a body says it is, where that is not what the URL serves (C-03-03).

use crate::{Call, FieldValidation, form::Form};
use minkapi_object::Status;
use minkapi_schema::decode::decode;
use serde_json::Value;

/// `apiVersion` and `kind` of a body; empty where it says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TypeMeta {
    pub api_version: String,
    pub kind: String,
}

impl TypeMeta {
    /// What `object` says.
    pub fn of(object: &Value) -> Self {
        let text = |key| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { api_version: text("apiVersion"), kind: text("kind") }
    }

    /// This type with what is missing taken from the form, if it is not the form's.
    pub fn foreign_to(&self, form: &Form) -> Option<Self> {
        let or = |given: &str, expected: &str| if given.is_empty() { expected.to_owned() } else { given.to_owned() };
        let whole = Self { api_version: or(&self.api_version, &form.api_version), kind: or(&self.kind, &form.kind) };
        let same = whole.kind == form.kind
            && (whole.api_version == form.api_version
                // A subresource's kind may come in versions that are not served, as an Eviction does (C-09-10).
                || (!form.is_resource() && minkapi_registry::top_level_kind(&whole.api_version, &form.kind).is_some()));
        (!same).then_some(whole)
    }

    /// Why a body of this type is refused: it is decoded as what it says, so its own faults come first.
    pub fn refused(&self, call: &mut Call, bytes: &[u8], validation: FieldValidation, form: &Form) -> Status {
        if self.api_version.matches('/').count() > 1 {
            let why = format!("unexpected GroupVersion string: {}", self.api_version);
            return minkapi_schema::decode::unrecognized(&form.kind, &why, bytes);
        }
        if let Some(known) = minkapi_registry::top_level_kind(&self.api_version, &self.kind) {
            match decode(bytes, &known.schema) {
                Err(err) => return self.unhandled(form, &err.to_string()),
                Ok(decoded) if self.kind == form.kind && validation == FieldValidation::Warn => call.warnings.extend(decoded.problems),
                Ok(decoded) if validation == FieldValidation::Strict && !decoded.problems.is_empty() => {
                    return self.unhandled(form, &format!("strict decoding error: {}", decoded.problems.join(", ")));
                }
                Ok(_) => {}
            }
        }
        self.refusal(form)
    }

    /// Why an object of this type is refused.
    pub fn refusal(&self, form: &Form) -> Status {
        let known = minkapi_registry::top_level_kind(&self.api_version, &self.kind).is_some();
        match (known, self.kind == form.kind) {
            (true, true) => self.mismatch(form),
            (false, true) if self.is_withdrawn() => self.mismatch(form),
            (true, false) => {
                let package = match form.api_version.split_once('/') {
                    Some((group, _)) => group.split('.').next().unwrap_or(group),
                    None => "core",
                };
                let (version, kind) = (self.version(), &self.kind);
                self.unhandled(form, &format!("converting ({version}.{kind}) to ({package}.{}): unknown conversion", form.kind))
            }
            (false, _) => {
                let (kind, api_version) = (&self.kind, &self.api_version);
                let why = format!(r#"no kind "{kind}" is registered for version "{api_version}" in scheme "pkg/runtime/scheme.go:111""#);
                self.unhandled(form, &why)
            }
        }
    }

    /// The kind is right, the version another.
    pub fn mismatch(&self, form: &Form) -> Status {
        Status::bad_request(format!(
            "the API version in the data ({}) does not match the expected API version ({})",
            self.api_version, form.api_version
        ))
    }

    fn unhandled(&self, form: &Form, why: &str) -> Status {
        Status::bad_request(format!("{} in version \"{}\" cannot be handled as a {}: {why}", self.kind, self.version(), form.kind))
    }

    fn version(&self) -> &str {
        self.api_version.rsplit('/').next().unwrap_or_default()
    }

    /// Whether this is a version that upstream still knows but does not serve: pre-release ones of its groups.
    fn is_withdrawn(&self) -> bool {
        let Some((group, version)) = self.api_version.split_once('/') else { return false };
        let of_group = |r: &minkapi_registry::Resource| r.group == group;
        (version.contains("alpha") || version.contains("beta"))
            && (group == "extensions" || minkapi_registry::resources().iter().any(of_group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(api_version: &str, kind: &str) -> TypeMeta {
        TypeMeta { api_version: api_version.to_owned(), kind: kind.to_owned() }
    }

    #[test]
    fn only_prerelease_versions_of_known_groups_were_withdrawn() {
        assert!(given("apps/v1beta1", "Deployment").is_withdrawn());
        assert!(given("extensions/v1beta1", "Deployment").is_withdrawn());
        assert!(!given("foo/v1beta1", "Deployment").is_withdrawn());
        assert!(!given("apps/v2", "Deployment").is_withdrawn());
    }
}
