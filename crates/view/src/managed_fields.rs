//! Managed fields on every write, and server-side apply (C-03-20, C-07-40 to C-07-53).

use crate::{Call, Conversions, FieldValidation, Served, WriteOptions, decode, form::Form, metadata, update::Edit, view::Moment};
use minkapi_object::{Status, fields_v1};
use minkapi_patch::{FieldManagerInput, Versions};
use minkapi_registry::{Ref, Struct};
use serde_json::Value;
use std::sync::Arc;

pub(crate) use minkapi_patch::keep_times_if_unchanged;

/// The versions of a form's kind in which other managers may have written.
struct FormVersions<'a> {
    form: &'a Form,
    conversions: &'a Conversions,
}

impl Versions for FormVersions<'_> {
    fn convert(&self, object: &Value, to: &str) -> Option<(Value, Ref<Struct>)> {
        self.form.convert(object, to, self.conversions)
    }
}

/// What the bookkeeping of a write to this form needs to know.
fn input<'a>(form: &'a Form, subresource: &'a str, moment: &'a Moment, versions: &'a FormVersions<'a>) -> FieldManagerInput<'a> {
    FieldManagerInput {
        schema: &form.schema,
        api_version: &form.api_version,
        kind: &form.kind,
        subresource,
        reset_fields: form.reset_fields(subresource),
        now: &moment.text,
        versions,
    }
}

/// Writes `metadata.managedFields` of a new or changed object, in the version of the request.
pub(crate) fn update(form: &Form, call: &Call, options: &WriteOptions, moment: &Moment, live: Option<&Value>, new: &mut Value) {
    let versions = FormVersions { form, conversions: &call.conversions };
    let input = input(form, &call.target.subresource, moment, &versions);
    let manager = metadata::manager(call, &options.field_manager);
    let cx = moment.context(&call.target, &call.user, &form.api_version);
    let Some(mut tracked) = form.tracked(&cx, new) else {
        minkapi_patch::update_managed_fields(&input, live, new, manager);
        return settle(form, new);
    };
    minkapi_patch::update_managed_fields(&input, live, &mut tracked, manager);
    match tracked["metadata"].get_mut("managedFields").map(Value::take) {
        Some(fields) => drop(metadata::of(new).insert("managedFields".to_owned(), fields)),
        None => drop(metadata::of(new).remove("managedFields")),
    }
}

/// Objects that webhooks convert keep trees, as they may be shown them at any time.
pub(crate) fn settle(form: &Form, object: &mut Value) {
    if form.custom().is_some_and(|custom| custom.conversion.is_some()) {
        fields_v1::expand(object);
    }
}

/// The same for a write to the status by a part of the server itself.
pub(crate) fn update_status_as(manager: &str, served: &Arc<Served>, moment: &Moment, live: &Value, new: &mut Value) {
    update_subresource_as(manager, "status", served, moment, live, new);
}

/// The same for a write to the object itself.
pub(crate) fn update_as(manager: &str, served: &Arc<Served>, moment: &Moment, live: &Value, new: &mut Value) {
    update_subresource_as(manager, "", served, moment, live, new);
}

fn update_subresource_as(manager: &str, subresource: &str, served: &Arc<Served>, moment: &Moment, live: &Value, new: &mut Value) {
    let form = Form::of_resource(served);
    let versions = FormVersions { form: &form, conversions: &Conversions::default() };
    minkapi_patch::update_managed_fields(&input(&form, subresource, moment, &versions), Some(live), new, manager);
    settle(&form, new);
}

/// A server-side apply.
pub(crate) struct Apply<'a> {
    applied: Value,
    /// Duplicate keys in the body.
    problem: Option<String>,
    form: Form,
    options: &'a WriteOptions,
}

impl<'a> Apply<'a> {
    /// Reads the configuration that is applied.
    ///
    /// # Errors
    /// 400 for what is not a YAML object.
    pub fn parse(body: &[u8], form: Form, options: &'a WriteOptions) -> Result<Self, Status> {
        let document = minkapi_codec::yaml::read(body).map_err(|err| Status::bad_request(format!("error decoding patch: {err}")))?;
        let problem = document.strict_error();
        let applied = document.value;
        let found = match &applied {
            Value::Object(_) | Value::Null => "",
            Value::Array(_) => "array",
            Value::String(_) => "string",
            Value::Number(_) => "number",
            Value::Bool(_) => "bool",
        };
        if !found.is_empty() {
            return Err(Status::bad_request(format!(
                "error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
            )));
        }
        Ok(Self { applied, problem, form, options })
    }
}

impl Edit for Apply<'_> {
    fn edit(&self, call: &mut Call, moment: &Moment, current: Option<&Value>) -> Result<Value, Status> {
        let subresource = call.target.subresource.clone();
        let versions = FormVersions { form: &self.form, conversions: &call.conversions };
        let input = input(&self.form, &subresource, moment, &versions);
        let mut merged = minkapi_patch::apply(&input, current, &self.applied, &self.options.field_manager, self.options.force)
            .map_err(|err| err.status())?;
        settle(&self.form, &mut merged);
        match (&self.problem, self.options.field_validation) {
            (Some(problem), FieldValidation::Strict) => {
                return Err(Status::bad_request(format!("error strict decoding patch: {problem}")));
            }
            (Some(problem), FieldValidation::Warn) => call.warnings.add(problem.clone()),
            _ => {}
        }
        let mut new = match current.map_or(Err(merged.clone()), |current| decode::changed(merged, current, &self.form)) {
            Ok(new) => new,
            Err(merged) => decode::tree(&merged, &self.form).map_err(Status::unclassified)?.value,
        };
        self.form.default(&mut new);
        let uid = metadata::text(&new, "uid");
        if current.is_none() && !uid.is_empty() {
            let why = format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
            return Err(Status::conflict(&call.target.group_resource(), &call.target.name, why));
        }
        metadata::match_namespace(&mut new, &call.target)?;
        metadata::match_name(&new, &call.target)?;
        Ok(new)
    }

    fn creates(&self) -> bool {
        true
    }
}
