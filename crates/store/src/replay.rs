//! Making the changes of a log again.

use crate::{
    ForkError, Forked, Key, Kind, LayerCover, LayerEntry, Mode, Record, Revision, Snapshot, Store, TakenOver, Undone, Versioned, View,
    layer::{Cover, Entry, KindState, Layer, Parent, ViewId},
    log::Log,
};
use std::{collections::HashMap, sync::Arc};

/// A record does not fit the state that it is replayed on: the log belongs to another store, or is not complete.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// It is about a view that is not there.
    #[error("there is no view with the id {0}")]
    NoView(ViewId),
    /// Its view is there already.
    #[error("there already is a view \"{0}\"")]
    ViewExists(Arc<str>),
    /// Its fork cannot be made.
    #[error("the view \"{0}\" cannot be forked: {1}")]
    Fork(Arc<str>, ForkError),
    /// It is older than the state.
    #[error("the change at revision {0} is not later than what is there")]
    Old(Revision),
}

impl<T: Versioned> Store<T> {
    /// Makes a noted change again: the same views, objects and revisions come out of it. Only for stores without a log and
    /// before they are used.
    ///
    /// # Errors
    /// [`ReplayError`]; the store must not be used then.
    pub fn replay(&self, record: Record<T>) -> Result<(), ReplayError> {
        match record {
            Record::Commit { view, changes } => {
                let view = self.view_of(view)?;
                let (last, first) = (self.revision(), changes.first().map(|c| c.revision));
                if let Some(first) = first.filter(|first| *first <= last) {
                    return Err(ReplayError::Old(first));
                }
                self.shared.transact(
                    &view.identity,
                    || ReplayError::NoView(view.identity.id),
                    |transaction| {
                        changes.into_iter().for_each(|c| transaction.put(c.kind, c.key, c.revision, c.object));
                        Ok(())
                    },
                )
            }
            Record::Fork(forked) => self.replay_fork(forked),
            Record::Remove { views } => self.shared.update(|world, _, _| {
                if let Some(unknown) = views.iter().find(|id| !world.views.contains_key(*id)) {
                    return Err(ReplayError::NoView(*unknown));
                }
                let (next, _) = crate::fork::remove_all(world, &views);
                Ok((next, ()))
            }),
            Record::Clear { view, kind, revision } => {
                let view = self.view_of(view)?;
                let gone = ReplayError::NoView(view.identity.id);
                self.shared.clear_at(&view.identity, kind, |_| revision).map(|_| ()).map_err(|_| gone)
            }
            Record::Settle { view, taken } => {
                let view = self.view_of(view)?;
                view.settle(taken).map_err(|_| ReplayError::NoView(view.identity.id))
            }
        }
    }

    /// Goes on at `revision`, which must be a later one than all that were ever handed out. What happened before is not
    /// remembered, so that whoever follows a view from an older revision has to list again.
    pub fn forget_history(&self, revision: Revision) {
        let forget = self.shared.update::<_, std::convert::Infallible>(|world, _, _| {
            let mut next = world.clone();
            next.revision = next.revision.max(revision);
            let ids: Vec<ViewId> = next.views.keys().copied().collect();
            for id in ids {
                let Some(view) = next.views.get(&id) else { continue };
                let mut layer = Layer::clone(&view.layer);
                layer.floor = next.revision;
                let forgotten = |state: &KindState<T>| KindState { entries: state.entries.clone(), log: Log::new(next.revision) };
                layer.kinds = layer.kinds.iter().map(|(kind, state)| (*kind, Arc::new(forgotten(state)))).collect();
                next.replace_layer(id, layer);
            }
            Ok((Some(next), ()))
        });
        match forget {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }

    fn view_of(&self, id: ViewId) -> Result<View<T>, ReplayError> {
        let world = self.shared.world.load();
        let state = world.views.get(&id).ok_or(ReplayError::NoView(id))?;
        Ok(View { shared: self.shared.clone(), identity: state.identity.clone() })
    }

    fn replay_fork(&self, forked: Forked<T>) -> Result<(), ReplayError> {
        let Forked { id, name, note, fork, revision, undo } = forked;
        self.shared.update(|world, next_id, _| {
            if world.names.contains_key(&name) || world.views.contains_key(&id) {
                return Err(ReplayError::ViewExists(name));
            }
            let unknown = || ReplayError::Fork(name.clone(), ForkError::UnknownParent);
            let parent = world.names.get(&fork.parent).and_then(|id| world.views.get(id)).ok_or_else(unknown)?;
            let state = world.snapshot(parent.identity.id).ok_or_else(unknown)?;
            let below = match fork.mode {
                Mode::Live => Parent::Live(parent.identity.id),
                Mode::Frozen => Parent::Frozen(undo_all(state, revision, undo).freeze()),
            };
            *next_id = (*next_id).max(id + 1);
            let mut next = world.clone();
            next.add_view(id, (name, note), &parent.identity, (fork.mode, revision), Layer::empty(0, below));
            Ok((Some(next), ()))
        })
    }
}

/// What a layer held for a key; none if nothing.
type OlderEntry<T> = (Key, Option<LayerEntry<T>>);

/// The state with what was undone in its layers.
fn undo_all<T: Versioned>(mut state: Snapshot<T>, revision: Revision, undo: Vec<Undone<T>>) -> Snapshot<T> {
    if undo.is_empty() {
        return state;
    }
    let mut by_layer: HashMap<usize, HashMap<Kind, Vec<OlderEntry<T>>>> = HashMap::new();
    for Undone { depth, kind, key, entry } in undo {
        by_layer.entry(depth).or_default().entry(kind).or_default().push((key, entry));
    }
    for (depth, layer) in std::iter::once(&mut state.top).chain(&mut state.below).enumerate() {
        let Some(kinds) = by_layer.remove(&depth) else { continue };
        let mut changed = Layer::clone(layer);
        for (kind, entries) in kinds {
            let Some(kind_state) = changed.kinds.get_mut(&kind) else { continue };
            let kind_state = Arc::make_mut(kind_state);
            kind_state.log = Log::new(revision);
            for (key, entry) in entries {
                match entry {
                    Some(entry) => kind_state.entries.insert(key, entry.into_entry()),
                    None => kind_state.entries.remove(&key),
                };
            }
        }
        *layer = Arc::new(changed);
    }
    state.revision = revision;
    state
}

impl<T> LayerEntry<T> {
    pub(crate) fn of(entry: &Entry<T>) -> Self {
        let settled = |cover: &Cover<T>| match (&cover.settled, &entry.object) {
            (Some(settled), Some(object)) if Arc::ptr_eq(settled, object) => TakenOver::This,
            (Some(settled), _) => TakenOver::Earlier(settled.clone()),
            (None, _) => TakenOver::Nothing,
        };
        let cover = entry.cover.as_ref().map(|c| LayerCover { since: c.since, origin: c.origin.clone(), settled: settled(c) });
        Self { object: entry.object.clone(), cover }
    }

    pub(crate) fn into_entry(self) -> Entry<T> {
        let cover = self.cover.map(|c| {
            let settled = match c.settled {
                TakenOver::Nothing => None,
                TakenOver::This => self.object.clone(),
                TakenOver::Earlier(object) => Some(object),
            };
            Arc::new(Cover { since: c.since, origin: c.origin, settled })
        });
        Entry { object: self.object, cover }
    }
}
