//! The state of a server behind one pointer.

use crate::{
    CommitLog, Counter, Kind, LogFailed, Record, Revision, RevisionSource, Snapshot, Versioned, View, ViewGone,
    commit::Transaction,
    commit_log::Noting,
    layer::{KindState, Layer, Parent, ViewId},
    log::Limits,
    wake::Wakes,
    world::{Identity, ViewState, World},
};
use arc_swap::ArcSwap;
use imbl::{OrdMap, OrdSet};
use parking_lot::Mutex;
use std::sync::{Arc, OnceLock};

/// Name of the view that is always there.
pub const BASE: &str = "base";

const BASE_ID: ViewId = 0;

/// Bounds and seams of a store.
#[derive(Clone)]
pub struct Options {
    /// How many changes are remembered, for each kind in each view.
    pub history_events: u64,
    /// How many bytes of changed objects are remembered, for each kind in each view.
    pub history_bytes: u64,
    /// Where revisions come from.
    pub revisions: Arc<dyn RevisionSource>,
}

impl Default for Options {
    /// 65,536 changes and 64 MiB for each kind, counting revisions by one.
    fn default() -> Self {
        Self { history_events: 65_536, history_bytes: 64 << 20, revisions: Arc::new(Counter) }
    }
}

/// All views of a server: a base view and any number of sandboxes forked from it and from each other.
///
/// The whole state is one immutable value behind one pointer. Readers take the pointer and are done; writers build the
/// next value under one mutex and swap the pointer. Cloning the store gives another handle on the same state.
pub struct Store<T> {
    pub(crate) shared: Arc<Shared<T>>,
}

pub(crate) struct Shared<T> {
    pub(crate) world: ArcSwap<World<T>>,
    /// Held while the next world is made. Holds the id of the next view.
    writer: Mutex<ViewId>,
    limits: Limits,
    revisions: Arc<dyn RevisionSource>,
    noting: Noting<T>,
}

impl<T> Clone for Store<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<T> Store<T> {
    /// A store with an empty base view at revision 0.
    pub fn new(options: Options) -> Self {
        Self::starting_at(0, options)
    }

    /// A store with an empty base view whose next change follows `revision`.
    pub fn starting_at(revision: Revision, options: Options) -> Self {
        let identity = Identity {
            id: BASE_ID,
            name: BASE.into(),
            note: "".into(),
            origin: None,
            wakes: Box::new([Arc::new(Wakes::default())]),
            last: OnceLock::new(),
        };
        let base = ViewState { layer: Arc::new(Layer::empty(revision, Parent::None)), identity: Arc::new(identity) };
        let world = World {
            revision,
            names: OrdMap::unit(base.identity.name.clone(), BASE_ID),
            views: OrdMap::unit(BASE_ID, base),
            children: OrdSet::new(),
        };
        Self::of(world, BASE_ID + 1, options)
    }

    /// A store of this world, in which `next_id` is the next view.
    pub(crate) fn of(world: World<T>, next_id: ViewId, options: Options) -> Self {
        let limits = Limits { events: options.history_events, bytes: options.history_bytes };
        let (world, writer) = (ArcSwap::from_pointee(world), Mutex::new(next_id));
        Self { shared: Arc::new(Shared { world, writer, limits, revisions: options.revisions, noting: Noting::default() }) }
    }

    /// Has all later changes noted in `log`. A store has one log at most: false when it has one already.
    pub fn attach(&self, log: Arc<dyn CommitLog<T>>) -> bool {
        let _writer = self.shared.writer.lock();
        self.shared.noting.attach(log)
    }

    /// Resolves when all changes made so far are kept by the attached log; at once when there is none.
    ///
    /// # Errors
    /// [`LogFailed`] when they are not and will not be.
    pub async fn settled(&self) -> Result<(), LogFailed> {
        match self.shared.noting.get() {
            Some(log) => log.settled().await,
            None => Ok(()),
        }
    }

    /// Why changes are not kept any more although a log is attached.
    pub fn log_failure(&self) -> Option<LogFailed> {
        self.shared.noting.get()?.failure()
    }

    /// The base view.
    pub fn base(&self) -> View<T> {
        let world = self.shared.world.load();
        // The base view is made with the store and is never removed.
        #[expect(clippy::expect_used, reason = "an invariant of this module")]
        let base = world.views.get(&BASE_ID).expect("there is always a base view");
        self.handle(base)
    }

    /// The view of that name.
    pub fn view(&self, name: &str) -> Option<View<T>> {
        let world = self.shared.world.load();
        let id = world.names.get(name)?;
        Some(self.handle(world.views.get(id)?))
    }

    /// All views in order of creation; the base view is the first.
    pub fn views(&self) -> Vec<View<T>> {
        self.shared.world.load().views.values().map(|v| self.handle(v)).collect()
    }

    /// The revision of the latest change in any view.
    pub fn revision(&self) -> Revision {
        self.shared.world.load().revision
    }

    fn handle(&self, state: &ViewState<T>) -> View<T> {
        View { shared: self.shared.clone(), identity: state.identity.clone() }
    }
}

impl<T> Shared<T> {
    pub fn snapshot(&self, identity: &Identity<T>) -> Snapshot<T> {
        // Of a removed view its last state is kept for those who still hold it.
        let current = self.world.load().snapshot(identity.id);
        current.or_else(|| identity.last.get().cloned()).unwrap_or_else(|| Snapshot {
            revision: 0,
            top: Arc::new(Layer::empty(0, Parent::None)),
            below: Vec::new(),
        })
    }

    pub fn children(&self, id: ViewId) -> Vec<Arc<str>> {
        let world = self.world.load();
        world.children_of(id).filter_map(|child| world.views.get(&child)).map(|v| v.identity.name.clone()).collect()
    }

    /// Makes the next world: `change` gets the current one and the id of a new view, should it make one. The old world
    /// is freed after the lock is released, and nothing is published if `change` fails; `change` must have noted what it
    /// does in the log when it succeeds.
    pub fn update<R, E>(
        &self,
        change: impl FnOnce(&World<T>, &mut ViewId, &Noting<T>) -> Result<(Option<World<T>>, R), E>,
    ) -> Result<R, E> {
        let mut next_id = self.writer.lock();
        let world = self.world.load_full();
        let (next, result) = change(&world, &mut next_id, &self.noting)?;
        let old = next.map(|next| self.world.swap(Arc::new(next)));
        drop(next_id);
        drop((old, world));
        Ok(result)
    }

    /// The current world and the id of the next view, and what `mark` says while no change can happen.
    pub fn hold<R>(&self, mark: impl FnOnce() -> R) -> (Arc<World<T>>, ViewId, R) {
        let next_id = self.writer.lock();
        let marked = mark();
        (self.world.load_full(), *next_id, marked)
    }
}

impl<T: Versioned> Shared<T> {
    /// Runs `change` as one transaction on a view. None when the view is gone.
    pub fn transact<R, E>(
        &self,
        identity: &Identity<T>,
        gone: impl FnOnce() -> E,
        change: impl FnOnce(&mut Transaction<'_, T>) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut kinds: Vec<Kind> = Vec::new();
        let result = self.update(|world, _, log| {
            let Some(state) = world.snapshot(identity.id) else { return Err(gone()) };
            let mut transaction = Transaction::new(&state, &*self.revisions);
            let result = change(&mut transaction)?;
            if !transaction.is_empty() {
                log.note(|| Record::Commit { view: identity.id, changes: transaction.changes() });
            }
            let next = transaction.finish(self.limits).map(|(layer, revision, changed)| {
                kinds = changed;
                let mut next = world.clone();
                next.revision = revision;
                next.replace_layer(identity.id, layer);
                next
            });
            Ok((next, result))
        });
        if let Some(wakes) = identity.wakes.first() {
            kinds.iter().for_each(|kind| wakes.wake(*kind));
        }
        result
    }

    /// Changes what is noted beside the objects of a view's own layer.
    pub fn edit_layer(
        &self,
        identity: &Identity<T>,
        record: impl FnOnce() -> Record<T>,
        edit: impl FnOnce(&mut Layer<T>),
    ) -> Result<(), ViewGone> {
        self.update(|world, _, log| {
            let mut layer = Layer::clone(&world.views.get(&identity.id).ok_or(ViewGone)?.layer);
            log.note(record);
            edit(&mut layer);
            let mut next = world.clone();
            next.replace_layer(identity.id, layer);
            Ok((Some(next), ()))
        })
    }

    /// Empties a view's own layer, or one kind in it, at a revision of its own, which becomes the floor of the history.
    pub fn clear(&self, identity: &Identity<T>, only: Option<Kind>) -> Result<Revision, ViewGone> {
        self.clear_at(identity, only, |last| self.revisions.next(last))
    }

    /// As [`Self::clear`], at the revision that follows from the last one.
    pub fn clear_at(
        &self,
        identity: &Identity<T>,
        only: Option<Kind>,
        revision: impl FnOnce(Revision) -> Revision,
    ) -> Result<Revision, ViewGone> {
        let result = self.update(|world, _, log| {
            let layer = &world.views.get(&identity.id).ok_or(ViewGone)?.layer;
            let mut next = world.clone();
            let revision = revision(world.revision);
            log.note(|| Record::Clear { view: identity.id, kind: only, revision });
            next.revision = revision;
            let layer = match only {
                None => Layer::empty(revision, layer.parent.clone()),
                Some(kind) => {
                    let mut layer = Layer::clone(layer);
                    layer.kinds.insert(kind, Arc::new(KindState::empty(revision)));
                    layer
                }
            };
            next.replace_layer(identity.id, layer);
            Ok((Some(next), revision))
        });
        if let Some(wakes) = identity.wakes.first() {
            wakes.wake_all();
        }
        result
    }
}
