//! What controllers inside kube-apiserver do for CustomResourceDefinitions: accept names, establish, clean up
//! (C-10-03, C-10-07). Here it is done at once, after the write that calls for it.

use super::{Hooks, api_service};
use crate::{DeleteOptions, View, crd, delete::Step, managed_fields, view::Moment};
use minkapi_kinds::custom_resource_definition as definition;
use minkapi_object::Object;
use minkapi_store::{Change, Expect, Key, Kind};
use serde_json::Value;
use std::sync::Arc;

/// The manager of the conditions in managedFields.
const MANAGER: &str = "kube-apiserver";

/// Hooks of the definitions.
pub(super) struct Definitions;

/// Hooks of custom resources: the last one that goes lets its definition go.
pub(super) struct CustomResources;

impl Hooks for Definitions {
    fn delete_step(&self, old: &Value, _options: &DeleteOptions, moment: &Moment) -> Option<Step> {
        if !old["metadata"]["deletionTimestamp"].is_null() {
            return None;
        }
        let mut new = old.clone();
        definition::mark_terminating(&mut new, &moment.text);
        Some(Step::Mark(new))
    }

    fn after_commit(&self, view: &View, old: Option<&Arc<Object>>, new: Option<&Arc<Object>>) {
        let Some(name) = new.or(old).map(|object| object.head().name.clone()) else { return };
        let Some(new) = new else { return register_group_of(view, &name) };
        if old.is_none() {
            begin_history(view, new);
        }
        // Each step is one write; the order is that of the controllers' events.
        for step in [accept_names, approve, find_non_structural, establish] {
            rewrite(view, &name, step);
        }
        if new.head().deleting {
            rewrite(view, &name, |_, definition, now| {
                let mut next = definition.clone();
                definition::finalizing(&mut next, now);
                Some(next)
            });
            delete_objects(view, new);
            finish_if_empty(view, &name);
        }
        register_group_of(view, &name);
    }
}

/// Brings the APIServices of the group of a definition, by its name, in line.
fn register_group_of(view: &View, name: &str) {
    if let Some((_, group)) = name.split_once('.') {
        api_service::register(view, group);
    }
}

impl Hooks for CustomResources {
    fn after_commit(&self, view: &View, old: Option<&Arc<Object>>, new: Option<&Arc<Object>>) {
        if let (Some(_), None) = (old, new) {
            for (_, object) in view.snapshot().range(Kind::new(crd::STORAGE), None, None).filter(|(_, o)| o.head().deleting) {
                finish_if_empty(view, &object.head().name);
            }
        }
    }
}

/// Custom resources have a history from their definition on: a watch from before it starts too early (C-06-22).
fn begin_history(view: &View, definition: &Object) {
    let definition = definition.to_value();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = Kind::new(&format!("{}.{}", text(&definition["spec"]["names"]["plural"]), text(&definition["spec"]["group"])));
    // What was brought in along with its definition stays. A sandbox may hide objects of its parent, which must not come back.
    if view.is_base() && view.snapshot().is_empty(kind) {
        // A view that is gone has no history either.
        let _ = view.store().reset_kind(kind);
    }
}

/// Stores what `step` makes of a definition, if anything.
fn rewrite(view: &View, name: &str, step: impl Fn(&View, &Value, &str) -> Option<Value>) {
    let kind = Kind::new(crd::STORAGE);
    let key = Key::new("", name);
    let Some(served) = crd::served_by_storage(view, kind) else { return };
    loop {
        let Some(stored) = view.snapshot().get(kind, &key) else { return };
        let Ok(value) = view.object_value(&served, &stored) else { return };
        let moment = view.moment();
        let Some(mut next) = step(view, &value, &moment.text) else { return };
        managed_fields::update_status_as(MANAGER, &served, &moment, &value, &mut next);
        let Ok(draft) = view.draft_at_once(&served, next) else { return };
        if draft.same_as(&stored) {
            return;
        }
        let expect = Expect::Revision(stored.resource_version());
        let result = view.store().commit(kind, key.clone(), expect, |revision, _| Change::Put(draft.stamp(revision)));
        if !matches!(result, Err(minkapi_store::CommitError::Conflict { .. })) {
            return;
        }
    }
}

fn accept_names(view: &View, value: &Value, now: &str) -> Option<Value> {
    let group = value["spec"]["group"].as_str().unwrap_or_default();
    let in_use = definition::names_in_use(&crd::definitions_of(view, group), group);
    definition::update_names(value, &in_use, now)
}

fn approve(_: &View, value: &Value, now: &str) -> Option<Value> {
    definition::approval_condition(value, now)
}

fn find_non_structural(_: &View, value: &Value, now: &str) -> Option<Value> {
    definition::non_structural_condition(value, now)
}

fn establish(_: &View, value: &Value, now: &str) -> Option<Value> {
    definition::established(value, now)
}

/// The name under which a definition's objects are stored.
fn storage_of(definition: &Value) -> Kind {
    let plural = definition["spec"]["names"]["plural"].as_str().unwrap_or_default();
    let group = definition["spec"]["group"].as_str().unwrap_or_default();
    Kind::new(&format!("{plural}.{group}"))
}

/// Deletes the objects of a definition; those with finalizers wait for them.
fn delete_objects(view: &View, definition: &Object) {
    let kind = storage_of(&definition.to_value());
    let Some(served) = crd::served_by_storage(view, kind) else { return };
    let moment = view.moment();
    let snapshot = view.snapshot();
    for (key, object) in snapshot.range(kind, None, None) {
        let expect = Expect::Revision(object.resource_version());
        if !object.head().has_finalizers {
            let _ = view.store().commit(kind, key.clone(), expect, |_, _| Change::Delete);
        } else if !object.head().deleting {
            let mut value = served.stored_value(object);
            crate::delete::mark_deleting(&mut value, &moment);
            let draft = view.draft_stored(&served, value);
            let _ = view.store().commit(kind, key.clone(), expect, |revision, _| Change::Put(draft.stamp(revision)));
        }
    }
}

/// Takes the cleanup finalizer of a definition whose objects are all gone, and removes it if that was the last.
fn finish_if_empty(view: &View, name: &str) {
    let kind = Kind::new(crd::STORAGE);
    let key = Key::new("", name);
    let Some(stored) = view.snapshot().get(kind, &key).filter(|o| o.head().deleting) else { return };
    let value = stored.to_value();
    if !view.snapshot().is_empty(storage_of(&value)) {
        return;
    }
    let without = |value: &Value| -> Vec<String> {
        crate::metadata::finalizers(value).into_iter().filter(|f| f != definition::CLEANUP_FINALIZER).collect()
    };
    if without(&value).is_empty() {
        let _ = view.store().commit(kind, key, Expect::Revision(stored.resource_version()), |_, _| Change::Delete);
        register_group_of(view, name);
        return;
    }
    rewrite(view, name, |_, value, _| {
        let mut next = value.clone();
        crate::metadata::set_finalizers(&mut next, &without(value));
        Some(next)
    });
}
