//! Custom resources: the rules that a CustomResourceDefinition makes for its objects.

mod embedded;
mod extent;
mod json_path;
mod printer;
mod scale;
mod served;
mod version;

pub use embedded::validate_embedded;
pub use scale::ScalePaths;
pub use served::{ServedCustomResource, served_resources};
pub use version::compare_versions;

use crate::{Column, Context, FieldValue, Row, SelectableField, Strategy, Traits, update, value};
use extent::Extent;
use minkapi_cel::Rules;
use minkapi_object::{Outline, Status};
use minkapi_registry::Struct;
use minkapi_schema::{
    Structural,
    decode::{DecodeError, Decoded, decode_untyped},
    field::{Error, ErrorList, ErrorType, Path},
    names,
};
use printer::Printer;
use serde_json::Value;
use std::sync::Arc;

/// The strategy of one version of a custom resource.
#[derive(Debug)]
pub struct CustomResource {
    api_version: String,
    kind: String,
    schema: Arc<Structural>,
    extent: Extent,
    storage_extent: Extent,
    /// Schema of the version in which objects are stored.
    storage_schema: Arc<Structural>,
    /// The schemas of all versions, served or not, by apiVersion.
    versions: Arc<[(String, Arc<Structural>)]>,
    storage_api_version: String,
    has_status: bool,
    scale: Option<ScalePaths>,
    /// The selectable fields of all versions, whose values are kept with an object whichever version it was written in.
    selectable: Vec<SelectableField>,
    /// Those that this version selects by.
    selects_by: Vec<String>,
    printer: Printer,
    rules: Arc<Rules>,
    metadata: &'static Struct,
}

const WITH_STATUS: &[(&str, &[&[&str]])] = &[("", &[&["status"]]), ("status", &[&["metadata"], &["spec"]])];

impl CustomResource {
    /// Reads a body: defaults are filled in, unknown fields go and are told of (C-10-12, C-10-14).
    ///
    /// # Errors
    /// The body is no JSON object, has no kind, or has metadata of a wrong form.
    pub fn decode(&self, body: &[u8]) -> Result<Decoded, DecodeError> {
        let Decoded { value, mut problems, .. } = decode_untyped(body)?;
        if value::text(&value, "kind").is_empty() {
            return Err(DecodeError::MissingKind(String::from_utf8_lossy(body).into_owned()));
        }
        let decoded = self.decode_value(value)?;
        problems.extend(decoded.problems);
        Ok(Decoded { value: decoded.value, problems, emptied: Vec::new() })
    }

    /// As [`CustomResource::decode`] for a value that was read already (YAML, a patched object).
    ///
    /// # Errors
    /// Its metadata has a wrong form.
    pub fn decode_value(&self, mut value: Value) -> Result<Decoded, DecodeError> {
        let problems = self.schema.coerce(&mut value, self.metadata, self.extent.embedded).map_err(DecodeError::Unfit)?;
        Ok(Decoded { value, problems, emptied: Vec::new() })
    }

    /// Fills in what upstream fills in whenever it reads from storage: defaults where preparation took a status away, and of
    /// fields that the version of the request does not have. Everything else has its defaults when it gets here.
    pub fn default_stored(&self, stored: &mut Value) {
        let lost_status = || self.has_status && self.storage_schema.properties.get("status").is_some_and(|of| of.default.is_some());
        if self.storage_extent.defaults && (self.api_version != self.storage_api_version || lost_status()) {
            self.storage_schema.default_value(stored);
        }
    }

    /// An object as it comes from storage, before it is converted: with the defaults of the version in which it was stored.
    pub fn read_stored(&self, stored: &mut Value) {
        let schema = self.schema_of(value::text(stored, "apiVersion")).clone();
        schema.conform(stored);
    }

    /// An object that was converted to the version that it says, in the form of that version.
    pub fn coerce_converted(&self, object: &mut Value) {
        let schema = self.schema_of(value::text(object, "apiVersion")).clone();
        schema.prune_with_nulls(object);
    }

    fn schema_of(&self, api_version: &str) -> &Arc<Structural> {
        self.versions.iter().find(|(version, _)| version == api_version).map_or(&self.storage_schema, |(_, schema)| schema)
    }

    /// Where its scale subresource finds replicas, if it has one.
    pub const fn scale(&self) -> Option<&ScalePaths> {
        self.scale.as_ref()
    }

    /// The schema of this version.
    pub fn schema(&self) -> &Structural {
        &self.schema
    }

    fn type_meta(&self, object: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        for (key, expected) in [("kind", &self.kind), ("apiVersion", &self.api_version)] {
            let actual = value::text(object, key);
            if actual != expected {
                errors.push(Error::invalid(&Path::new(key), actual, format!("must be {expected}")));
            }
        }
        errors
    }

    /// What create and update have in common once the values have been checked.
    fn rest(&self, new: &Value, old: Option<&Value>, mut errors: ErrorList) -> ErrorList {
        if self.extent.embedded {
            errors.extend(validate_embedded(new, &self.schema, &Path::ROOT));
        }
        if self.extent.list_types && old.is_none_or(|old| self.schema.validate_list_types(old).is_empty()) {
            errors.extend(self.schema.validate_list_types(new));
        }
        self.expressions(new, old, errors)
    }

    /// Rules are only looked at when the object has the form that they expect (C-10-16).
    fn expressions(&self, new: &Value, old: Option<&Value>, mut errors: ErrorList) -> ErrorList {
        if self.rules.is_empty() {
            return errors;
        }
        // A missing name is told elsewhere.
        let is_nameless = new.get("metadata").is_none_or(|metadata| value::text(metadata, "name").is_empty());
        if is_nameless || errors.iter().any(is_blocking) {
            let detail =
                "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
            errors.push(Error::invalid(&Path::ROOT, Value::Null, detail));
        } else {
            errors.extend(self.rules.check(&self.schema, new, old));
        }
        errors
    }
}

/// Whether an error says that the object has not the form that rules expect.
const fn is_blocking(error: &Error) -> bool {
    matches!(error.kind, ErrorType::NotSupported | ErrorType::Required | ErrorType::TooLong | ErrorType::TooMany | ErrorType::TypeInvalid)
}

impl Strategy for CustomResource {
    fn traits(&self) -> Traits {
        let reset_fields = if self.has_status { WITH_STATUS } else { &[] };
        Traits { unconditional_update: false, checks_finalizers: false, reset_fields, ..Traits::DEFAULT }
    }

    fn default(&self, object: &mut Value) {
        if self.extent.defaults {
            self.schema.default_value(object);
        }
    }

    fn prepare_for_create(&self, _cx: &Context<'_>, object: &mut Value) {
        if self.has_status {
            value::unset(object, "status");
        }
        update::start_generation(object);
    }

    fn validate(&self, _cx: &Context<'_>, object: &Value) -> ErrorList {
        let errors = self.type_meta(object);
        if !errors.is_empty() {
            return errors;
        }
        let mut errors = self.schema.validate(object, None);
        errors.extend(self.scale.iter().flat_map(|s| s.validate_spec(object)));
        errors.extend(self.scale.iter().flat_map(|s| s.validate_status(object)));
        self.rest(object, None, errors)
    }

    fn warnings_on_create(&self, _cx: &Context<'_>, object: &Value) -> Vec<String> {
        finalizer_warnings(object, &Value::Null)
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        if cx.subresource == "status" {
            keep_all_but_status(new, old);
            return;
        }
        if self.has_status {
            update::restore(new, old, &["status"]);
        }
        let content = |object: &Value| {
            let mut map = object.as_object().cloned().unwrap_or_default();
            map.remove("metadata");
            Value::Object(map)
        };
        if content(new) != content(old) {
            update::next_generation(new, old);
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let errors = self.type_meta(new);
        if !errors.is_empty() {
            return errors;
        }
        if cx.subresource != "status" {
            let mut errors = self.schema.validate(new, Some(old));
            errors.extend(self.scale.iter().flat_map(|s| s.validate_spec(new)));
            errors.extend(self.scale.iter().flat_map(|s| s.validate_status(new)));
            return self.rest(new, Some(old), errors);
        }
        let mut errors = ErrorList::new();
        if let (Some(status), Some(schema)) = (new.get("status"), self.schema.properties.get("status")) {
            errors.extend(schema.validate_part(status, old.get("status"), "status"));
        }
        errors.extend(self.scale.iter().flat_map(|s| s.validate_status(new)));
        let lists = self.schema.validate_list_types(new);
        if !lists.is_empty() && self.schema.validate_list_types(old).is_empty() {
            errors.extend(lists);
        }
        self.expressions(new, Some(old), errors)
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> Vec<String> {
        if cx.subresource == "status" { Vec::new() } else { finalizer_warnings(new, old) }
    }

    fn selectable_fields(&self) -> &[SelectableField] {
        &self.selectable
    }

    fn field_label<'a>(&self, _api_version: &str, _kind: &str, label: &'a str) -> Result<&'a str, String> {
        let known = matches!(label, "metadata.name" | "metadata.namespace") || self.selects_by.iter().any(|known| known == label);
        if known { Ok(label) } else { Err(format!("field label not supported: {label}")) }
    }

    fn to_storage(&self, _api_version: &str, mut object: Value) -> Result<Value, Status> {
        // A webhook has converted it already.
        if value::text(&object, "apiVersion") != self.storage_api_version {
            value::set(&mut object, "apiVersion", self.storage_api_version.as_str());
            self.storage_schema.prune(&mut object);
        }
        Ok(object)
    }

    fn from_storage(&self, _api_version: &str, mut object: Value) -> Result<Value, Status> {
        self.read_stored(&mut object);
        if value::text(&object, "apiVersion") != self.api_version {
            value::set(&mut object, "apiVersion", self.api_version.as_str());
            self.coerce_converted(&mut object);
        }
        Ok(object)
    }

    fn columns(&self, _api_version: &str) -> Option<&[Column]> {
        Some(self.printer.columns())
    }

    fn row_outline(&self) -> Outline {
        // A column's path may lead anywhere.
        Outline::WHOLE
    }

    fn row(&self, object: &Value, now_millis: i64, _in_list: bool) -> Row {
        self.printer.row(object, now_millis)
    }
}

/// A write to the status takes nothing else (C-04-18); managedFields have been brought up to date already.
fn keep_all_but_status(new: &mut Value, old: &Value) {
    let mut kept = old.clone();
    for path in [&["metadata", "managedFields"][..], &["metadata", "resourceVersion"], &["status"]] {
        update::restore(&mut kept, new, path);
    }
    *new = kept;
}

/// Warnings about finalizers that were added.
fn finalizer_warnings(new: &Value, old: &Value) -> Vec<String> {
    const STANDARD: [&str; 3] = ["orphan", "foregroundDeletion", "kubernetes"];
    let of = |object: &Value| -> Vec<String> {
        let list = object.get("metadata").map_or(&[][..], |meta| value::items(meta, "finalizers"));
        list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let before = of(old);
    let mut added: Vec<String> = of(new).into_iter().filter(|f| !before.contains(f)).collect();
    added.sort();
    added.dedup();
    let mut warnings = Vec::new();
    for finalizer in added {
        let quoted = minkapi_schema::field::quoted(&finalizer);
        let mut warn = |message: &str| warnings.push(format!("metadata.finalizers: {quoted}: {message}"));
        names::is_qualified_name(&finalizer).iter().for_each(|m| warn(m));
        if !finalizer.contains('/') && !STANDARD.contains(&finalizer.as_str()) {
            warn(if finalizer.contains('.') {
                "prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers"
            } else {
                "prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers"
            });
        }
    }
    warnings
}

/// The field that a simple path (`.spec.color`) makes selectable.
fn selectable_field(json_path: &str) -> SelectableField {
    let label = json_path.strip_prefix('.').unwrap_or(json_path);
    SelectableField { label: label.to_owned().into(), value: FieldValue::Path(label.split('.').map(Into::into).collect()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
