//! The bookkeeping of writes that are not applies.

use super::{
    FieldManagerInput,
    cap::cap_updaters,
    entry::{self, Entry, Managed, Manager},
    record, record_entries, recorded, reset_fields,
    updater::{UpdateError, updater},
};
use crate::typed;
use serde_json::Value;
use std::borrow::Cow;

/// Writes `metadata.managedFields` of an object that a create, update or patch makes out of `live` (None for a create).
///
/// It never fails: entries in `new` count if they can be read, else those of `live`; an empty list (or one empty entry)
/// stops the tracking, and where nothing is tracked nothing begins to be (C-04-20, C-07-49).
pub fn update_managed_fields(input: &FieldManagerInput<'_>, live: Option<&Value>, new: &mut Value, manager: &str) {
    if !new.get("metadata").is_some_and(Value::is_object) {
        return;
    }
    let mut managed = previous(input, live, new);
    record(new, &Managed::default());
    let live_uid = live.and_then(|live| live.get("metadata")?.get("uid")?.as_str()).unwrap_or_default();
    if managed.entries.is_empty() && !live_uid.is_empty() {
        return;
    }
    if live.is_none() && managed.entries.is_empty() && record_created(input, new, manager) {
        return;
    }
    let zero = || Cow::Owned(zero(input));
    match track(input, &live.map_or_else(zero, Cow::Borrowed), new, &mut managed, updater(manager, input)) {
        Ok(()) => record(new, &managed),
        Err(_) => {
            if let (Some(fields), Some(Value::Object(metadata))) = (live.and_then(recorded), new.get_mut("metadata")) {
                metadata.insert("managedFields".into(), fields.clone());
            }
        }
    }
}

/// Records the one manager of a new object; false where that takes more than to write down what it owns.
fn record_created(input: &FieldManagerInput<'_>, new: &mut Value, manager: &str) -> bool {
    let reset = reset_fields::whole_members(input.reset_fields);
    let Some(fields) = reset.and_then(|reset| typed::created(input.schema, new, &reset)) else { return false };
    debug_assert_eq!(fields, compared(input, new), "{new}");
    if fields != "{}" {
        let entry = entry::encode(&updater(manager, input), input.api_version, input.now, fields);
        record_entries(new, Some(Value::Array(vec![entry])));
    }
    true
}

/// The fields that a comparison with nothing finds.
fn compared(input: &FieldManagerInput<'_>, new: &Value) -> String {
    let set = input.update(&zero(input), new, &mut Managed::default(), &updater("", input));
    set.map_or_else(|_| String::new(), |set| set.to_fields_v1_text())
}

/// The object that a create starts from.
pub(super) fn zero(input: &FieldManagerInput<'_>) -> Value {
    typed::zero(input.schema)
}

/// Takes the changes from everyone and gives them to `manager`; its time is renewed if there are any.
pub(super) fn track(
    input: &FieldManagerInput<'_>,
    live: &Value,
    new: &Value,
    managed: &mut Managed,
    manager: Manager,
) -> Result<(), UpdateError> {
    let changed = input.update(live, new, managed, &manager)?;
    if !changed.is_empty() {
        let mut fields = managed.take(&manager).map(|previous| previous.fields).unwrap_or_default();
        fields.add(changed);
        managed.entries.push(Entry { manager, api_version: input.api_version.to_owned(), fields, time: Some(input.now.to_owned()) });
    }
    cap_updaters(managed);
    Ok(())
}

/// The entries to go on from.
fn previous(input: &FieldManagerInput<'_>, live: Option<&Value>, new: &Value) -> Managed {
    let of_live = || Managed::decode(live.and_then(recorded)).unwrap_or_default();
    // Entries cannot be changed through a subresource.
    if !input.subresource.is_empty() {
        return of_live();
    }
    match recorded(new) {
        Some(Value::Array(entries)) if entries.is_empty() => Managed::default(),
        Some(Value::Array(entries)) if entries.len() == 1 && entries.iter().all(is_blank) => Managed::default(),
        recorded => match Managed::decode(recorded) {
            Ok(managed) if !managed.entries.is_empty() => managed,
            _ => of_live(),
        },
    }
}

fn is_blank(entry: &Value) -> bool {
    entry.as_object().is_some_and(|members| members.values().all(|v| v.is_null() || v.as_str() == Some("")))
}
