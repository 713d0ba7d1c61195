//! The core of the bookkeeping: what a write changes, whom it takes fields from, what an apply gives up.

use super::{
    FieldManagerInput,
    conflict::Conflict,
    entry::{Entry, Managed, Manager, Operation},
    reset_fields,
};
use crate::{
    field_set::{self, Element, FieldSet},
    typed::{self, Comparison, Type},
};
use minkapi_registry::{Ref, Struct};
use serde_json::Value;
use std::borrow::Cow;

/// Why a write cannot be tracked, or an apply not be made.
pub(super) enum UpdateError {
    Conflicts(Vec<Conflict>),
    /// Objects that do not fit their schema.
    Untyped(String),
}

impl From<String> for UpdateError {
    fn from(why: String) -> Self {
        Self::Untyped(why)
    }
}

/// An object in some version.
#[derive(Clone)]
pub(super) struct Versioned<'a> {
    pub(super) object: Cow<'a, Value>,
    schema: Ref<Struct>,
}

impl Versioned<'_> {
    fn of(&self) -> Type<'_> {
        Type::Root(&self.schema)
    }

    fn field_set(&self) -> FieldSet {
        typed::field_set(self.of(), &self.object)
    }
}

/// Who writes.
#[derive(Clone, Copy)]
enum Writer<'m> {
    /// An applier has said what it owns.
    Applier(&'m Manager),
    /// An updater will own what it changes, too.
    Updater(&'m Manager),
}

impl<'a> FieldManagerInput<'a> {
    /// An object of the request's version in the version of an entry; None if the kind does not have it.
    pub(super) fn in_version<'v>(&self, object: &'v Value, version: &str) -> Option<Versioned<'v>> {
        if version == self.api_version {
            return Some(Versioned { object: Cow::Borrowed(object), schema: self.schema.clone() });
        }
        let (object, schema) = self.versions.convert(object, version)?;
        Some(Versioned { object: Cow::Owned(object), schema })
    }

    /// An object of an entry's version back in the request's version.
    fn in_own_version(&self, object: Value, version: &str) -> Option<Value> {
        if version == self.api_version {
            return Some(object);
        }
        self.versions.convert(&object, self.api_version).map(|(object, _)| object)
    }

    fn schema_of(&self, version: &str, live: &Value) -> Option<Ref<Struct>> {
        if version == self.api_version {
            return Some(self.schema.clone());
        }
        self.versions.convert(live, version).map(|(_, schema)| schema)
    }

    /// Drops entries of versions that are gone, and brings the others up to the schema of today.
    fn reconcile(&self, live: &Value, managed: &mut Managed) {
        managed.entries.retain_mut(|entry| {
            let Some(schema) = self.schema_of(&entry.api_version, live) else { return false };
            entry.fields.reconcile(&schema);
            true
        });
    }

    /// Takes what changed between two objects from all managers but the writer, or says who minds.
    fn take_changes(
        &self,
        old: &Value,
        new: &Value,
        managed: &mut Managed,
        writer: Writer<'_>,
        force: bool,
    ) -> Result<Comparison, UpdateError> {
        let mut comparisons: Vec<(String, Comparison)> =
            vec![(self.api_version.to_owned(), self.filtered(typed::compare(Type::Root(self.schema), old, new)?))];
        let mut conflicts = Vec::new();
        let mut kept = Vec::with_capacity(managed.entries.len());
        for mut entry in std::mem::take(&mut managed.entries) {
            if matches!(writer, Writer::Applier(applier) if *applier == entry.manager) {
                kept.push(entry);
                continue;
            }
            let at = match comparisons.iter().position(|(version, _)| *version == entry.api_version) {
                Some(at) => at,
                None => {
                    let (Some(old), Some(new)) = (self.in_version(old, &entry.api_version), self.in_version(new, &entry.api_version))
                    else {
                        continue;
                    };
                    // What a version does not know it cannot be compared by.
                    for (name, object) in [("old", &old), ("new", &new)] {
                        let typed = typed::validate(object.of(), &object.object, false);
                        typed.map_err(|why| format!("failed to convert {name} object: {why}"))?;
                    }
                    comparisons.push((entry.api_version.clone(), self.filtered(typed::compare(new.of(), &old.object, &new.object)?)));
                    comparisons.len() - 1
                }
            };
            let Some((_, comparison)) = comparisons.get(at) else { continue };
            let changed = entry.fields.intersects(&comparison.modified) || entry.fields.intersects(&comparison.added);
            if changed && !matches!(writer, Writer::Updater(updater) if *updater == entry.manager) {
                let changed = comparison.changed();
                if !force {
                    conflicts.extend(Conflict::all(&entry, &entry.fields.intersection(&changed)));
                }
                entry.fields.remove(&changed);
            }
            entry.fields.remove(&comparison.removed);
            kept.push(entry);
        }
        if !conflicts.is_empty() {
            return Err(UpdateError::Conflicts(conflicts));
        }
        kept.retain(|entry| !entry.fields.is_empty());
        managed.entries = kept;
        Ok(comparisons.swap_remove(0).1)
    }

    fn filtered(&self, comparison: Comparison) -> Comparison {
        let filter = |set| reset_fields::filter(self.reset_fields, set);
        Comparison { added: filter(comparison.added), modified: filter(comparison.modified), removed: filter(comparison.removed) }
    }

    /// A write that is no apply: takes its changes from everyone else, and returns them.
    pub(super) fn update(&self, live: &Value, new: &Value, managed: &mut Managed, manager: &Manager) -> Result<FieldSet, UpdateError> {
        self.reconcile(live, managed);
        let comparison = self.take_changes(live, new, managed, Writer::Updater(manager), true)?;
        Ok(comparison.modified.union(comparison.added))
    }

    /// An apply: the merged object, or None if it is equal to the live one. `managed` is brought up to date.
    pub(super) fn merge_applied(
        &self,
        live: &Value,
        applied: &Value,
        managed: &mut Managed,
        manager: &Manager,
        force: bool,
    ) -> Result<Option<Value>, UpdateError> {
        self.reconcile(live, managed);
        let of = Type::Root(self.schema);
        let merged = typed::merge(of, live, applied).map_err(|why| format!("failed to merge config: {why}"))?;
        let fields = reset_fields::filter(self.reset_fields, typed::field_set(of, applied));
        let last = managed.take(manager);
        managed.entries.push(Entry {
            manager: manager.clone(),
            api_version: self.api_version.to_owned(),
            fields: fields.into(),
            time: last.as_ref().and_then(|last| last.time.clone()),
        });
        let new = match last {
            Some(last) => self.prune(merged, managed, &last),
            None => merged,
        };
        self.take_changes(live, &new, managed, Writer::Applier(manager), force)?;
        managed.entries.iter_mut().filter(|entry| entry.manager == *manager).for_each(|entry| {
            entry.fields.change(tracked);
        });
        managed.entries.retain(|entry| !entry.fields.is_empty());
        Ok((!field_set::equal(live, &new)).then_some(new))
    }

    /// Removes what the manager applied last time and not this time, unless somebody else owns it.
    fn prune(&self, merged: Value, managed: &Managed, last: &Entry) -> Value {
        let still_owned = |entry: &Entry| entry.manager == last.manager && entry.api_version == last.api_version;
        if last.fields.is_empty() || managed.entries.iter().any(|entry| still_owned(entry) && last.fields.is_subset(&entry.fields)) {
            return merged;
        }
        let Some(in_last) = self.in_version(&merged, &last.api_version) else { return merged };
        let last_fields = typed::with_named_fields(Some(in_last.of()), &last.fields);
        let pruned = typed::remove(in_last.of(), &in_last.object, &last_fields);
        let Some(pruned) = self.add_back_owned(&in_last, pruned, &last.api_version, managed) else { return merged };
        // Only what this manager had may go: whatever else went with it comes back.
        let of = in_last.of();
        let before = typed::with_named_fields(Some(of), &in_last.field_set());
        let after = typed::with_named_fields(Some(of), &typed::field_set(of, &pruned));
        let gone = before.difference(&after).intersection(&last_fields);
        let left = typed::remove(of, &in_last.object, &gone);
        self.in_own_version(left, &last.api_version).unwrap_or(merged)
    }

    /// The pruned object with what somebody owns of it, version by version, the pruned version first.
    fn add_back_owned(&self, merged: &Versioned<'_>, pruned: Value, version: &str, managed: &Managed) -> Option<Value> {
        let mut versions: Vec<&str> = vec![version];
        for entry in &managed.entries {
            if !versions.contains(&entry.api_version.as_str()) {
                versions.push(&entry.api_version);
            }
        }
        let mut current = (merged.object.as_ref().clone(), pruned, version.to_owned());
        for version in versions {
            let owners = managed.entries.iter().filter(|entry| entry.api_version == version);
            let owned = owners.fold(FieldSet::default(), |owned, entry| owned.union(FieldSet::clone(&entry.fields)));
            if owned.is_empty() {
                continue;
            }
            let convert = |object: &Value| -> Option<Versioned<'static>> {
                if version == current.2 {
                    let schema = self.schema_of(version, object)?;
                    return Some(Versioned { object: Cow::Owned(object.clone()), schema });
                }
                let own = self.in_own_version(object.clone(), &current.2)?;
                let there = self.in_version(&own, version)?;
                Some(Versioned { object: Cow::Owned(there.object.into_owned()), schema: there.schema })
            };
            let (Some(merged), Some(pruned)) = (convert(&current.0), convert(&current.1)) else { continue };
            let named = |set: &FieldSet| typed::with_named_fields(Some(merged.of()), set);
            let keep = named(&pruned.field_set()).union(named(&owned));
            let gone = named(&merged.field_set()).difference(&keep);
            let left = typed::remove(merged.of(), &merged.object, &gone);
            current = (merged.object.into_owned(), left, version.to_owned());
        }
        if current.2 == version {
            return Some(current.1);
        }
        let own = self.in_own_version(current.1, &current.2)?;
        self.in_version(&own, version).map(|there| there.object.into_owned())
    }
}

/// The set without fields that never belong to anyone (C-07-48).
fn tracked(set: FieldSet) -> FieldSet {
    let field = |name: &'static str| Element::Field(Cow::Borrowed(name));
    let mut never = FieldSet::default();
    for name in ["apiVersion", "kind", "metadata"] {
        never.insert(&[field(name)]);
    }
    for name in typed::UNTRACKED_METADATA {
        never.insert(&[field("metadata"), field(name)]);
    }
    set.difference(&never)
}

/// The entry of a write that is no apply.
pub(super) fn updater(name: &str, input: &FieldManagerInput<'_>) -> Manager {
    Manager::new(name, Operation::Update, input.api_version, input.subresource)
}
