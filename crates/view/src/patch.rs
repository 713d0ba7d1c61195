//! Patch: PATCH in its four formats (contract chapter 7).

use crate::{
    Call, FieldValidation, Outcome, PatchType, View, Warnings, WriteOptions, decode, form::Form, managed_fields, metadata, update::Edit,
    view::Moment,
};
use bytes::Bytes;
use minkapi_object::{Status, fields_v1};
use minkapi_patch::{JsonPatch, MergePatch, StrategicMergePatch, go_format};
use minkapi_schema::{
    GoOrder,
    field::{self, Error, Path},
};
use serde_json::Value;

/// A parsed patch of one of the formats that change what is there.
pub(crate) enum Format {
    Json(JsonPatch),
    Merge(MergePatch),
    Strategic(StrategicMergePatch),
}

impl Format {
    /// Parses a patch body.
    ///
    /// # Errors
    /// 400 what is no patch of this format, 413 too many operations.
    pub fn parse(kind: PatchType, body: &[u8], options: &WriteOptions) -> Result<Self, Status> {
        let strict = options.field_validation != FieldValidation::Ignore;
        let parsed = match kind {
            PatchType::Json => JsonPatch::parse(body, strict).map(Self::Json),
            PatchType::StrategicMerge => StrategicMergePatch::parse(body, strict).map(Self::Strategic),
            PatchType::Merge | PatchType::Apply => MergePatch::parse(body, strict).map(Self::Merge),
        };
        parsed.map_err(|err| err.status())
    }

    fn problems(&self) -> &[String] {
        match self {
            Self::Json(p) => p.strict_errors(),
            Self::Merge(p) => p.strict_errors(),
            Self::Strategic(p) => p.strict_errors(),
        }
    }

    /// Whether it may look at `metadata.managedFields` or change them.
    fn sees_managed_fields(&self) -> bool {
        match self {
            Self::Json(_) => true,
            Self::Merge(p) => p.touches_managed_fields(),
            Self::Strategic(p) => p.touches_managed_fields(),
        }
    }

    /// The patched object, decoded against the schema of the version, with defaults.
    ///
    /// # Errors
    /// 422 and 500 what the patch cannot do, 422 a result that does not decode or, in strict mode, has unknown fields.
    pub fn apply(&self, form: &Form, current: &Value, options: &WriteOptions, warnings: &mut Warnings) -> Result<Value, Status> {
        let expanded = self.sees_managed_fields().then(|| expanded(current));
        let current = expanded.as_ref().unwrap_or(current);
        // What errors show as the patch: the result, or of a strategic patch the patch itself.
        let mut shown = None;
        let mut patched = match self {
            Self::Json(patch) => patch.apply(current.clone()).map_err(|err| err.status())?,
            Self::Merge(patch) => patch.apply(current.clone()),
            Self::Strategic(patch) => {
                let result = patch.apply(current.clone(), &form.schema).map_err(|err| err.status())?;
                let mut object = result.object;
                // A strategic patch cannot change what an object is (chapter 18 on C-07-16).
                object["apiVersion"] = current["apiVersion"].clone();
                object["kind"] = current["kind"].clone();
                shown = Some(result.patch);
                object
            }
        };
        if expanded.is_some() {
            fields_v1::quote(&mut patched);
        }
        let refuse = |patched: &Value, why: String| {
            let printed = match (&shown, self) {
                (Some(patch), _) => go_format::plain(patch).to_string(),
                (None, Self::Json(patch)) => printed(patched, form, &patch.opened()),
                (None, Self::Merge(patch)) => printed(patched, form, patch.opened()),
                (None, Self::Strategic(_)) => patched.to_string(),
            };
            field::invalid("", "", "", &[Error::invalid(&Path::new("patch"), printed, why)])
        };
        let quick = if self.problems().is_empty() { decode::changed(patched, current, form) } else { Err(patched) };
        let mut object = match quick {
            Ok(object) => object,
            Err(mut patched) => {
                fields_v1::expand(&mut patched);
                if let Some(why) = matches!(self, Self::Strategic(_)).then(|| minkapi_patch::misfit(&patched, &form.schema)).flatten() {
                    return Err(refuse(&patched, why));
                }
                let mut decoded = decode::tree(&patched, form).map_err(|why| refuse(&patched, why))?;
                fields_v1::quote(&mut decoded.value);
                let problems: Vec<String> = self.problems().iter().cloned().chain(decoded.problems).collect();
                match options.field_validation {
                    FieldValidation::Strict if !problems.is_empty() => {
                        return Err(refuse(&patched, format!("strict decoding error: {}", problems.join(", "))));
                    }
                    FieldValidation::Warn => warnings.extend(problems),
                    FieldValidation::Strict | FieldValidation::Ignore => {}
                }
                decoded.value
            }
        };
        form.default(&mut object);
        Ok(object)
    }
}

/// A patched object as upstream prints it.
fn printed(patched: &Value, form: &Form, opened: &Value) -> String {
    // Custom resources have no order of fields.
    if form.custom().is_some() {
        return patched.to_string();
    }
    let mut out = Vec::new();
    GoOrder(&form.schema).write_opened(patched, opened, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn expanded(object: &Value) -> Value {
    let mut object = object.clone();
    fields_v1::expand(&mut object);
    object
}

/// A patch to be applied to whatever is the current object.
struct Patch<'a> {
    format: Format,
    form: Form,
    options: &'a WriteOptions,
}

impl Edit for Patch<'_> {
    fn edit(&self, call: &mut Call, moment: &Moment, current: Option<&Value>) -> Result<Value, Status> {
        let Some(current) = current else {
            return Err(Status::not_found(&call.target.group_resource(), &call.target.name));
        };
        let mut new = self.format.apply(&self.form, current, self.options, &mut call.warnings)?;
        managed_fields::update(&self.form, call, self.options, moment, Some(current), &mut new);
        metadata::match_namespace(&mut new, &call.target)?;
        metadata::match_name(&new, &call.target)?;
        Ok(new)
    }
}

impl View {
    /// Patches an object; an apply creates it when it is not there.
    ///
    /// # Errors
    /// 400 what is no patch, 404, 409 conflicts of an apply or a stale resourceVersion in the patch, 422 what does not fit.
    pub async fn patch(&self, call: &mut Call, kind: PatchType, patch: Bytes, options: &WriteOptions) -> Result<Outcome, Status> {
        let form = Form::of(&call.target);
        if kind == PatchType::Apply {
            return self.change(call, &managed_fields::Apply::parse(&patch, form, options)?, options).await;
        }
        let format = Format::parse(kind, &patch, options)?;
        self.change(call, &Patch { format, form, options }, options).await
    }
}
