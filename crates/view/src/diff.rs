//! What a sandbox has changed against another view.

use crate::{Served, View, crd::served_by_storage};
use minkapi_object::{Object, Status};
use minkapi_patch::merge_diff;
use minkapi_store::{Key, Kind};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt, sync::Arc};

/// What happened to one object.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeKind {
    /// It is only in the sandbox; the whole object.
    Created(Value),
    /// It is in both; the merge patch from the other view's object to the sandbox's.
    Modified(Value),
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

/// All objects that a sandbox has made differ, by kind, namespace and name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ViewDiff(pub Vec<ObjectChange>);

impl View {
    /// What this sandbox and those between it and `against` have made of the objects of `against`; nothing for a view
    /// against itself. Costs as much as was changed, whatever the views hold. Managed fields and resourceVersions are
    /// left out.
    ///
    /// # Errors
    /// A custom resource whose definition is gone.
    pub fn diff(&self, against: &Self) -> Result<ViewDiff, Status> {
        let mut touched: BTreeSet<(Kind, Key)> = BTreeSet::new();
        for view in self.lineage().iter().chain(&against.lineage()) {
            touched.extend(view.store.changes().into_iter().map(|d| (d.kind, d.key)));
        }
        let (ours, theirs) = (self.snapshot(), against.snapshot());
        let mut changes = Vec::new();
        for (kind, key) in touched {
            let (own, other) = (ours.get(kind, &key), theirs.get(kind, &key));
            if own.as_ref().map(|o| o.resource_version()) == other.as_ref().map(|o| o.resource_version()) {
                continue;
            }
            let Some(served) = served_by_storage(self, kind).or_else(|| served_by_storage(against, kind)) else { continue };
            if let Some(change) = between(&served, own.as_ref(), other.as_ref()) {
                changes.push(ObjectChange {
                    api_version: served.resource.storage_version.to_string(),
                    kind: served.resource.kind.to_string(),
                    namespace: key.namespace().to_owned(),
                    name: key.name().to_owned(),
                    change,
                });
            }
        }
        Ok(ViewDiff(changes))
    }

    /// The sandbox and its ancestors, without the base view.
    fn lineage(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut at = Some(self.clone());
        while let Some(view) = at {
            at = view.parent();
            if view.made_with().is_some() {
                all.push(view);
            }
        }
        all
    }

    /// The view that this one was forked from; none for the base view.
    pub fn parent(&self) -> Option<Self> {
        let parent = self.store.parent()?;
        match self.shared.sandboxes.get(&**parent.name()) {
            Some(view) => Some(view.clone()),
            None => Some(Self::of(self.shared.clone(), parent, None)),
        }
    }
}

fn between(served: &Served, own: Option<&Arc<Object>>, other: Option<&Arc<Object>>) -> Option<ChangeKind> {
    let shown = |object: &Arc<Object>| comparable(object.to_typed_value(&served.resource.storage_version, &served.resource.kind));
    match (own, other) {
        (Some(own), Some(other)) => merge_diff(&shown(other), &shown(own)).map(ChangeKind::Modified),
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

impl ViewDiff {
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
                ChangeKind::Modified(patch) => {
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
            let sign = match c.change {
                ChangeKind::Created(_) => '+',
                ChangeKind::Modified(_) => '~',
                ChangeKind::Deleted => '-',
            };
            let slash = if c.namespace.is_empty() { "" } else { "/" };
            writeln!(f, "{sign} {} {}{slash}{}", c.kind, c.namespace, c.name)?;
            if let ChangeKind::Modified(patch) = &c.change {
                write_fields(f, "", patch)?;
            }
        }
        Ok(())
    }
}

fn write_fields(f: &mut fmt::Formatter<'_>, path: &str, patch: &Value) -> fmt::Result {
    match patch {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().try_for_each(|(key, value)| write_fields(f, &if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, value))
        }
        Value::Null => writeln!(f, "    {path} removed"),
        value => writeln!(f, "    {path} = {value}"),
    }
}
