//! Making and removing sandboxes.

use crate::{
    AtError, Forked, Key, LayerEntry, Record, Revision, Store, Undone, View,
    layer::{Layer, Parent, ViewId},
    store::BASE,
    wake::Wakes,
    world::{Identity, Origin, ViewState, World},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

/// Whether a sandbox sees what happens in its parent after the fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It does, for objects that it has not touched itself.
    #[default]
    Live,
    /// It does not: the parent stays as it was at the fork.
    Frozen,
}

/// What to fork, and how.
#[derive(Debug, Clone)]
pub struct Fork {
    /// Name of the view to fork.
    pub parent: Arc<str>,
    /// Whether its later changes are seen.
    pub mode: Mode,
    /// The revision of the parent to start from, the current one by default. Only for [`Mode::Frozen`].
    pub at: Option<Revision>,
}

impl Default for Fork {
    /// A live fork of the base view.
    fn default() -> Self {
        Self { parent: BASE.into(), mode: Mode::Live, at: None }
    }
}

/// Why a view cannot be forked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForkError {
    /// There is a view of that name.
    #[error("a view of this name already exists")]
    AlreadyExists,
    /// There is no view of the parent's name.
    #[error("the parent view does not exist")]
    UnknownParent,
    /// The state at the revision asked for cannot be read.
    #[error(transparent)]
    Revision(#[from] AtError),
    /// A live sandbox shows its parent as it is, so it cannot start in the past.
    #[error("a live view cannot start at an older revision")]
    LiveInThePast,
}

/// Why a view cannot be removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoveError {
    /// There is no view of that name.
    #[error("the view does not exist")]
    NotFound,
    /// The base view stays.
    #[error("the base view cannot be removed")]
    Base,
    /// Other views were forked from this one.
    #[error("{} views were forked from this one", children.len())]
    HasChildren {
        /// Their names.
        children: Vec<Arc<str>>,
    },
}

impl<T> Store<T> {
    /// Makes the sandbox `name`. Costs the same whatever the parent holds.
    ///
    /// # Errors
    /// [`ForkError`] says why not.
    pub fn fork(&self, name: &str, fork: Fork) -> Result<View<T>, ForkError> {
        self.fork_noting(name, fork, "")
    }

    /// As [`Self::fork`], with a text to be found in [`View::note`] as long as the view is there.
    ///
    /// # Errors
    /// [`ForkError`] says why not.
    pub fn fork_noting(&self, name: &str, fork: Fork, note: &str) -> Result<View<T>, ForkError> {
        let identity = self.shared.update(|world, next_id, log| {
            if world.names.contains_key(name) {
                return Err(ForkError::AlreadyExists);
            }
            let parent = world.names.get(&*fork.parent).and_then(|id| world.views.get(id)).ok_or(ForkError::UnknownParent)?;
            let (layer, revision) = new_layer(world, parent, &fork)?;
            let id = *next_id;
            *next_id += 1;
            let (name, note): (Arc<str>, Arc<str>) = (name.into(), note.into());
            log.note(|| {
                let undo = if fork.at.is_some() { undone(world, parent, revision) } else { Vec::new() };
                Record::Fork(Forked { id, name: name.clone(), note: note.clone(), fork: fork.clone(), revision, undo })
            });
            let mut next = world.clone();
            let identity = next.add_view(id, (name, note), &parent.identity, (fork.mode, revision), layer);
            Ok((Some(next), identity))
        })?;
        Ok(View { shared: self.shared.clone(), identity })
    }

    /// Removes a view, and with `cascade` those forked from it. Handles on it keep showing its last state, refuse
    /// commits, and whoever waits on them is woken. Returns the names of the removed views.
    ///
    /// # Errors
    /// [`RemoveError`] says why not.
    pub fn remove_view(&self, name: &str, cascade: bool) -> Result<Vec<Arc<str>>, RemoveError> {
        let removed = self.shared.update(|world, _, log| {
            let id = *world.names.get(name).ok_or(RemoveError::NotFound)?;
            if name == BASE {
                return Err(RemoveError::Base);
            }
            let mut doomed = vec![id];
            let mut at = 0;
            while let Some(id) = doomed.get(at) {
                doomed.extend(world.children_of(*id).collect::<Vec<_>>());
                at += 1;
            }
            if !cascade && doomed.len() > 1 {
                let children = world.children_of(id).filter_map(|c| world.views.get(&c)).map(|v| v.identity.name.clone());
                return Err(RemoveError::HasChildren { children: children.collect() });
            }
            log.note(|| Record::Remove { views: doomed.clone() });
            Ok(remove_all(world, &doomed))
        })?;
        for identity in &removed {
            identity.wakes.iter().take(1).for_each(|w| w.wake_all());
        }
        Ok(removed.iter().map(|i| i.name.clone()).collect())
    }
}

/// The empty layer of a new sandbox, and the revision of the parent that it shows.
fn new_layer<T>(world: &World<T>, parent: &ViewState<T>, fork: &Fork) -> Result<(Layer<T>, Revision), ForkError> {
    let state = world.snapshot(parent.identity.id).ok_or(ForkError::UnknownParent)?;
    let (below, revision) = match (fork.mode, fork.at) {
        (Mode::Live, None) => (Parent::Live(parent.identity.id), world.revision),
        (Mode::Live, Some(_)) => return Err(ForkError::LiveInThePast),
        (Mode::Frozen, at) => {
            let revision = at.unwrap_or(world.revision);
            (Parent::Frozen(state.at(revision)?.freeze()), revision)
        }
    };
    // The layer itself has a history without gaps: there was nothing in it.
    Ok((Layer::empty(0, below), revision))
}

/// What the layers of a view held at `revision` where they differ from now.
fn undone<T>(world: &World<T>, view: &ViewState<T>, revision: Revision) -> Vec<Undone<T>> {
    let Some(state) = world.snapshot(view.identity.id) else { return Vec::new() };
    let mut undone = Vec::new();
    for (depth, layer) in state.layers().enumerate() {
        let then = layer.at(revision, None);
        for kind in layer.kinds.keys().copied() {
            let touched: BTreeSet<&Key> = layer.events_after(kind, revision).map(|e| &e.key).collect();
            let entry = |key: &Key| Undone { depth, kind, key: key.clone(), entry: then.entry(kind, key).map(LayerEntry::of) };
            undone.extend(touched.into_iter().map(entry));
        }
    }
    undone
}

impl<T> World<T> {
    /// Adds a view that was forked from another one.
    pub(crate) fn add_view(
        &mut self,
        id: ViewId,
        (name, note): (Arc<str>, Arc<str>),
        parent: &Identity<T>,
        (mode, revision): (Mode, Revision),
        layer: Layer<T>,
    ) -> Arc<Identity<T>> {
        let own = Arc::new(Wakes::default());
        let wakes: Box<[_]> = match mode {
            Mode::Live => std::iter::once(own).chain(parent.wakes.iter().cloned()).collect(),
            Mode::Frozen => Box::new([own]),
        };
        let origin = Origin { parent: parent.name.clone(), mode, revision, parent_id: parent.id };
        let identity = Arc::new(Identity { id, name, note, origin: Some(origin), wakes, last: OnceLock::new() });
        self.names.insert(identity.name.clone(), id);
        self.children.insert((parent.id, id));
        self.views.insert(id, ViewState { layer: Arc::new(layer), identity: identity.clone() });
        identity
    }
}

pub(crate) fn remove_all<T>(world: &World<T>, ids: &[ViewId]) -> (Option<World<T>>, Vec<Arc<Identity<T>>>) {
    let mut next = world.clone();
    let mut removed = Vec::new();
    for id in ids {
        let last = world.snapshot(*id);
        let Some(view) = next.views.remove(id) else { continue };
        if let Some(last) = last {
            // Set before the world without the view is published, so that a handle always finds one or the other.
            let _ = view.identity.last.set(last);
        }
        next.names.remove(&view.identity.name);
        if let Some(origin) = &view.identity.origin {
            next.children.remove(&(origin.parent_id, *id));
        }
        removed.push(view.identity);
    }
    (Some(next), removed)
}
