//! The state of the whole server as one immutable value.

use crate::{
    Mode, Revision, Snapshot,
    layer::{Layer, Parent, ViewId},
    wake::Wakes,
};
use imbl::{OrdMap, OrdSet};
use std::sync::{Arc, OnceLock};

/// All views at one revision. Cloning costs a few reference counts.
pub(crate) struct World<T> {
    pub revision: Revision,
    pub views: OrdMap<ViewId, ViewState<T>>,
    pub names: OrdMap<Arc<str>, ViewId>,
    /// Pairs of a view and one that was forked from it.
    pub children: OrdSet<(ViewId, ViewId)>,
}

/// A view in a world.
pub(crate) struct ViewState<T> {
    pub layer: Arc<Layer<T>>,
    pub identity: Arc<Identity<T>>,
}

/// What of a view does not change while it lives.
pub(crate) struct Identity<T> {
    pub id: ViewId,
    pub name: Arc<str>,
    /// What its maker wants to know of it later.
    pub note: Arc<str>,
    pub origin: Option<Origin>,
    /// Where those wait who follow the view: its own and, of a live sandbox, those of its ancestors.
    pub wakes: Box<[Arc<Wakes>]>,
    /// The last state, once the view is removed.
    pub last: OnceLock<Snapshot<T>>,
}

/// Where a sandbox comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Name of the parent.
    pub parent: Arc<str>,
    /// Whether the parent's later changes are seen.
    pub mode: Mode,
    /// The revision of the parent from which the sandbox was forked.
    pub revision: Revision,
    pub(crate) parent_id: ViewId,
}

impl<T> Clone for ViewState<T> {
    fn clone(&self) -> Self {
        Self { layer: self.layer.clone(), identity: self.identity.clone() }
    }
}

impl<T> Clone for World<T> {
    fn clone(&self) -> Self {
        Self { revision: self.revision, views: self.views.clone(), names: self.names.clone(), children: self.children.clone() }
    }
}

impl<T> World<T> {
    /// The state of a view. None when it was removed.
    pub fn snapshot(&self, id: ViewId) -> Option<Snapshot<T>> {
        let top = self.views.get(&id)?.layer.clone();
        let below = self.layers_below(&top);
        Some(Snapshot { revision: self.revision, top, below })
    }

    fn layers_below(&self, top: &Layer<T>) -> Vec<Arc<Layer<T>>> {
        let mut below = Vec::new();
        let mut parent = &top.parent;
        loop {
            match parent {
                Parent::None => return below,
                Parent::Frozen(layers) => {
                    below.extend(layers.iter().cloned());
                    return below;
                }
                Parent::Live(id) => match self.views.get(id) {
                    Some(view) => {
                        parent = &view.layer.parent;
                        // What was never written to hides nothing; the base view's layer is always there.
                        if !view.layer.is_untouched() || matches!(parent, Parent::None) {
                            below.push(view.layer.clone());
                        }
                    }
                    None => return below,
                },
            }
        }
    }

    pub fn replace_layer(&mut self, id: ViewId, layer: Layer<T>) {
        if let Some(view) = self.views.get_mut(&id) {
            view.layer = Arc::new(layer);
        }
    }

    /// The views forked from `id`, in order of creation.
    pub fn children_of(&self, id: ViewId) -> impl Iterator<Item = ViewId> {
        self.children.range((id, 0)..=(id, ViewId::MAX)).map(|(_, child)| *child)
    }
}
