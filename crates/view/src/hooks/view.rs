//! View objects: creating one forks a view, deleting one removes it.

use super::{Hooks, Reserved};
use crate::{Call, CreateView, DeleteOptions, Propagation, View, sandboxes::resource, view::Shared, view_kind};
use minkapi_object::{Object, Status};
use serde_json::Value;
use std::sync::Arc;

pub(super) struct Views;

/// A sandbox whose View object is not stored yet; it goes if that does not come to pass.
struct Unrecorded {
    shared: Arc<Shared>,
    name: String,
}

impl Drop for Unrecorded {
    fn drop(&mut self) {
        if !view_kind::has_object(&self.shared.sandboxes.objects, &self.name) {
            let _ = self.shared.remove(&self.name, true);
        }
    }
}

impl Hooks for Views {
    fn begin_create(&self, view: &View, call: &Call, object: &mut Value, dry_run: bool) -> Result<Reserved, Status> {
        // What cannot be read is told by validation.
        let Some(options) = CreateView::of_object(object) else { return Ok(None) };
        let (shared, name) = (&view.shared, &call.target.name);
        object["spec"]["from"] = shared.public_name(&options.from).into();
        if dry_run {
            return Ok(None);
        }
        match shared.fork_named(name, &options)? {
            (_, true) => Ok(Some(Box::new(Unrecorded { shared: shared.clone(), name: name.clone() }))),
            (_, false) => Err(Status::already_exists(&resource(), name)),
        }
    }

    fn begin_delete(&self, view: &View, call: &Call, options: &DeleteOptions) -> Result<(), Status> {
        let (shared, name) = (&view.shared, &call.target.name);
        let Some(sandbox) = shared.sandboxes.get(shared, name) else { return Ok(()) };
        let children = sandbox.store.children();
        if children.is_empty() {
            return Ok(());
        }
        if options.propagation != Some(Propagation::Foreground) {
            let names: Vec<&str> = children.iter().map(|c| &**c).collect();
            let why = format!(
                "views were forked from this one: {}; delete with propagationPolicy Foreground to delete them as well",
                names.join(", ")
            );
            return Err(Status::conflict(&resource(), name, why));
        }
        if !options.dry_run {
            for child in children {
                shared.remove(&child, true)?;
            }
        }
        Ok(())
    }

    fn after_commit(&self, view: &View, old: Option<&Arc<Object>>, new: Option<&Arc<Object>>) {
        let shared = &view.shared;
        match (old, new) {
            (Some(old), None) => {
                let _ = shared.remove(&old.head().name, true);
            }
            (_, Some(new)) => {
                let Some(sandbox) = shared.sandboxes.get(shared, &new.head().name) else { return };
                sandbox.own.live_for(new.to_value()["spec"]["ttlSeconds"].as_u64());
                shared.report(&sandbox);
            }
            (None, None) => {}
        }
    }
}
