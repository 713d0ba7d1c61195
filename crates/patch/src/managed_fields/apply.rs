//! Server-side apply: merge, ownership, conflicts (C-07-40 to C-07-53).

use super::{
    FieldManagerInput,
    conflict::{self, Conflict},
    entry::{Managed, Manager, Operation},
    last_applied, record, recorded,
    update::{track, zero},
    updater::{UpdateError, updater},
};
use crate::typed::{self, Type};
use minkapi_object::Status;
use serde_json::Value;
use std::borrow::Cow;
use thiserror::Error;

/// The manager to whom the fields of an object without managedFields belong once somebody applies (C-07-49).
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// Why an apply is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApplyError {
    /// 400: not an object of this endpoint, or one with managedFields (C-07-41).
    #[error("{0}")]
    BadRequest(String),
    /// 409: fields of others would change (C-07-46).
    #[error("{0}")]
    Conflict(Box<Status>),
    /// 500 with this text: a configuration that does not fit the schema (C-07-43).
    #[error("{0}")]
    Unclassified(String),
}

impl ApplyError {
    /// The answer that a client gets.
    pub fn status(&self) -> Status {
        match self {
            Self::BadRequest(text) => Status::bad_request(text.clone()),
            Self::Conflict(status) => (**status).clone(),
            Self::Unclassified(text) => Status::unclassified(text.clone()),
        }
    }
}

impl From<UpdateError> for ApplyError {
    fn from(err: UpdateError) -> Self {
        match err {
            UpdateError::Conflicts(conflicts) => Self::Conflict(Box::new(conflict::status(&conflicts))),
            UpdateError::Untyped(why) => Self::Unclassified(why),
        }
    }
}

/// Applies a configuration: the merged object with its managedFields, still to be decoded and defaulted. Fields that `manager`
/// applied before and leaves out now are gone, unless others own them (C-07-44).
///
/// Without `live` the object is made. An apply that changes nothing but ownership returns the live object with new
/// managedFields, the entry's time as it was (C-07-47).
///
/// # Errors
/// What [`ApplyError`] lists.
pub fn apply(
    input: &FieldManagerInput<'_>,
    live: Option<&Value>,
    applied: &Value,
    manager: &str,
    force: bool,
) -> Result<Value, ApplyError> {
    let managed = Managed::decode(live.and_then(recorded))
        .map_err(|err| ApplyError::Unclassified(format!("failed to decode managed fields: {err}")))?;
    check_type(input, applied)?;
    let live = live.map_or_else(|| Cow::Owned(new_object(input)), Cow::Borrowed);
    let outcome = match merge(input, &live, applied, managed.clone(), manager, force) {
        Err(Failure::Conflicts(conflicts)) if manager == last_applied::MANAGER => {
            match last_applied::remaining_conflicts(input, &live, conflicts) {
                conflicts if conflicts.is_empty() => merge(input, &live, applied, managed, manager, true),
                conflicts => Err(Failure::Conflicts(conflicts)),
            }
        }
        outcome => outcome,
    };
    let (mut object, managed) = outcome.map_err(|failure| match failure {
        Failure::Conflicts(conflicts) => UpdateError::Conflicts(conflicts).into(),
        Failure::Other(err) => err,
    })?;
    if manager == last_applied::MANAGER {
        last_applied::renew(&mut object, applied);
    }
    record(&mut object, &managed);
    Ok(object)
}

enum Failure {
    Conflicts(Vec<Conflict>),
    Other(ApplyError),
}

impl From<UpdateError> for Failure {
    fn from(err: UpdateError) -> Self {
        match err {
            UpdateError::Conflicts(conflicts) => Self::Conflicts(conflicts),
            other => Self::Other(other.into()),
        }
    }
}

fn merge(
    input: &FieldManagerInput<'_>,
    live: &Value,
    applied: &Value,
    mut managed: Managed,
    manager: &str,
    force: bool,
) -> Result<(Value, Managed), Failure> {
    if managed.entries.is_empty() {
        let before = updater(BEFORE_FIRST_APPLY, input);
        track(input, &new_object(input), live, &mut managed, before).map_err(|err| match err {
            UpdateError::Untyped(why) => {
                Failure::Other(ApplyError::Unclassified(format!("failed to create manager for existing fields: {why}")))
            }
            conflicts @ UpdateError::Conflicts(_) => conflicts.into(),
        })?;
    }
    if recorded(applied).is_some() {
        return Err(Failure::Other(ApplyError::BadRequest("metadata.managedFields must be nil".into())));
    }
    check_schema(input, "patch", applied, false)?;
    check_schema(input, "live", live, true)?;
    let manager = Manager::new(manager, Operation::Apply, input.api_version, input.subresource);
    let merged = input.merge_applied(live, applied, &mut managed, &manager, force)?;
    let Some(merged) = merged else { return Ok((live.clone(), managed)) };
    let now = Some(input.now.to_owned());
    managed.entries.iter_mut().filter(|entry| entry.manager == manager).for_each(|entry| entry.time = now.clone());
    Ok((merged, managed))
}

/// An object of the endpoint's kind of which nothing has been set.
fn new_object(input: &FieldManagerInput<'_>) -> Value {
    let mut object = zero(input);
    if let Value::Object(members) = &mut object {
        members.insert("apiVersion".into(), input.api_version.into());
        members.insert("kind".into(), input.kind.into());
    }
    object
}

fn check_type(input: &FieldManagerInput<'_>, applied: &Value) -> Result<(), ApplyError> {
    let (group_version, kind) = type_of(applied);
    if group_version == group_version_of(input.api_version) && kind == input.kind {
        return Ok(());
    }
    Err(ApplyError::BadRequest(format!("invalid object type: {}", print_type(group_version, kind))))
}

fn check_schema(input: &FieldManagerInput<'_>, which: &str, object: &Value, allow_duplicates: bool) -> Result<(), Failure> {
    typed::validate(Type::Root(input.schema), object, allow_duplicates).map_err(|errors| {
        let text = |name: &str| object.get("metadata").and_then(|m| m.get(name)?.as_str()).unwrap_or_default();
        let (group_version, kind) = type_of(object);
        let of = print_type(group_version, kind);
        let (namespace, name) = (text("namespace"), text("name"));
        Failure::Other(ApplyError::Unclassified(format!("failed to create typed {which} object ({namespace}/{name}; {of}): {errors}")))
    })
}

/// Group, version and kind; all empty if the apiVersion cannot be read.
fn type_of(object: &Value) -> ((&str, &str), &str) {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let api_version = text("apiVersion");
    if api_version.matches('/').count() > 1 { (("", ""), "") } else { (group_version_of(api_version), text("kind")) }
}

fn group_version_of(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

fn print_type((group, version): (&str, &str), kind: &str) -> String {
    format!("{group}/{version}, Kind={kind}")
}
