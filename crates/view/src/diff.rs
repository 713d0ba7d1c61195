//! What is different between two views.

use crate::{Served, View, crd::served_by_storage};
use minkapi_object::Object;
use minkapi_patch::merge_diff;
use minkapi_store::{Key, Kind, Mode, Snapshot};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt, sync::Arc};

/// What happened to one object.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeKind {
    /// It is only in this view; the whole object.
    Created(Value),
    /// It is in both.
    Modified {
        /// The merge patch from the other view's object to this one's.
        patch: Value,
        /// The merge patch back: what the fields were.
        reverse: Value,
    },
    /// It is only in the other view.
    Deleted,
}

/// One object that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectChange {
    /// Its apiVersion as stored.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty for cluster-scoped ones.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What happened.
    pub change: ChangeKind,
}

/// All objects that differ, by kind, namespace and name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ViewDiff(pub Vec<ObjectChange>);

impl View {
    /// What makes this view differ from `against`: how to get from there to here. It costs as much as the two views and
    /// those between them have changed since they parted, whatever they hold. Managed fields and resourceVersions are left
    /// out.
    pub fn diff(&self, against: &Self) -> ViewDiff {
        let touched = self.touched(against);
        let (ours, theirs) = (self.snapshot(), against.snapshot());
        let mut changes = Vec::new();
        for (kind, key) in touched {
            let (own, other) = (ours.find(kind, &key), theirs.find(kind, &key));
            if own.map(|o| o.resource_version()) == other.map(|o| o.resource_version()) {
                continue;
            }
            let Some(served) = served_by_storage(self, kind).or_else(|| served_by_storage(against, kind)) else { continue };
            if let Some(change) = between(&served, own, other) {
                changes.push(ObjectChange {
                    api_version: served.resource.storage_version.to_string(),
                    kind: served.resource.kind.to_string(),
                    namespace: key.namespace().to_owned(),
                    name: key.name().to_owned(),
                    change,
                });
            }
        }
        ViewDiff(changes)
    }

    /// The keys of which the two views may show different objects.
    fn touched(&self, against: &Self) -> BTreeSet<(Kind, Key)> {
        let (ours, theirs) = (self.lineage(), against.lineage());
        // What is below the view from which both come is the same for both, unless one is frozen further up.
        let shared = ours.iter().rev().zip(theirs.iter().rev()).take_while(|(a, b)| a.name() == b.name()).count();
        let mut touched = BTreeSet::new();
        for view in ours.iter().rev().skip(shared).chain(theirs.iter().rev().skip(shared)) {
            let state = view.store.snapshot();
            for kind in state.kinds() {
                touched.extend(state.own_keys(kind).map(|key| (kind, key.clone())));
            }
            view.missed(&mut touched);
        }
        touched
    }

    /// Adds the keys that have changed in the parent since this view was frozen from it.
    fn missed(&self, keys: &mut BTreeSet<(Kind, Key)>) {
        let (Some(origin), Some(parent)) = (self.store.origin().filter(|o| o.mode == Mode::Frozen), self.parent()) else { return };
        let (now, own) = (parent.snapshot(), self.snapshot());
        let kinds: BTreeSet<Kind> = now.kinds().into_iter().chain(own.kinds()).collect();
        for kind in kinds {
            match now.events(kind, origin.revision, usize::MAX) {
                Ok(events) => keys.extend(events.events.iter().map(|e| (kind, e.key.clone()))),
                // The history is gone, so every object of the kind has to be looked at.
                Err(_) => {
                    let all =
                        |state: &Snapshot<Object>| state.range(kind, None, None).map(|(key, _)| (kind, key.clone())).collect::<Vec<_>>();
                    keys.extend(all(&now).into_iter().chain(all(&own)));
                }
            }
        }
    }

    /// The view and those that it was forked from, up to the base view.
    fn lineage(&self) -> Vec<Self> {
        let mut all = vec![self.clone()];
        while let Some(parent) = all.last().and_then(Self::parent) {
            all.push(parent);
        }
        all
    }
}

fn between(served: &Served, own: Option<&Arc<Object>>, other: Option<&Arc<Object>>) -> Option<ChangeKind> {
    let shown = |object: &Arc<Object>| comparable(object.to_typed_value(&served.resource.storage_version, &served.resource.kind));
    match (own, other) {
        (Some(own), Some(other)) => {
            let (own, other) = (shown(own), shown(other));
            let patch = merge_diff(&other, &own)?;
            Some(ChangeKind::Modified { patch, reverse: merge_diff(&own, &other).unwrap_or_default() })
        }
        (Some(own), None) => Some(ChangeKind::Created(shown(own))),
        (None, Some(_)) => Some(ChangeKind::Deleted),
        (None, None) => None,
    }
}

/// An object without what differs for no reason of its content.
pub(crate) fn comparable(mut object: Value) -> Value {
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("resourceVersion");
        meta.remove("managedFields");
    }
    object
}

impl ChangeKind {
    const fn sign(&self) -> char {
        match self {
            Self::Created(_) => '+',
            Self::Modified { .. } => '~',
            Self::Deleted => '-',
        }
    }
}

impl ViewDiff {
    /// Whether there is no difference.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn count(&self, sign: char) -> usize {
        self.0.iter().filter(|c| c.change.sign() == sign).count()
    }

    /// As JSON: `{"created": [object], "modified": [{..., "patch": merge patch}], "deleted": [...]}`.
    pub fn to_json(&self) -> Value {
        let (mut created, mut modified, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
        for c in &self.0 {
            let mut head = json!({"apiVersion": c.api_version, "kind": c.kind, "name": c.name});
            if !c.namespace.is_empty() {
                head["namespace"] = c.namespace.as_str().into();
            }
            match &c.change {
                ChangeKind::Created(object) => created.push(object.clone()),
                ChangeKind::Modified { patch, .. } => {
                    head["patch"] = patch.clone();
                    modified.push(head);
                }
                ChangeKind::Deleted => deleted.push(head),
            }
        }
        json!({"created": created, "modified": modified, "deleted": deleted})
    }
}

impl fmt::Display for ViewDiff {
    /// One line an object (`+` created, `~` modified, `-` deleted), and below a modified one a line for each field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in &self.0 {
            let sign = c.change.sign();
            let slash = if c.namespace.is_empty() { "" } else { "/" };
            writeln!(f, "{sign} {} {}{slash}{}", c.kind, c.namespace, c.name)?;
            if let ChangeKind::Modified { patch, reverse } = &c.change {
                write_fields(f, "", Some(reverse), Some(patch))?;
            }
        }
        match self.0.len() {
            0 => writeln!(f, "no differences"),
            _ => writeln!(f, "{} created, {} modified, {} deleted", self.count('+'), self.count('~'), self.count('-')),
        }
    }
}

/// The fields that a patch changes, each with what it was and what it is.
fn write_fields(f: &mut fmt::Formatter<'_>, path: &str, before: Option<&Value>, after: Option<&Value>) -> fmt::Result {
    if let (Some(Value::Object(before)), Some(Value::Object(after))) = (before, after) {
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        return keys.into_iter().try_for_each(|key| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            write_fields(f, &path, before.get(key), after.get(key))
        });
    }
    match (before.filter(|v| !v.is_null()), after.filter(|v| !v.is_null())) {
        (None, Some(after)) => writeln!(f, "    {path}: {after}"),
        (Some(before), None) => writeln!(f, "    {path}: {before} -> removed"),
        (Some(before), Some(after)) => writeln!(f, "    {path}: {before} -> {after}"),
        (None, None) => Ok(()),
    }
}
