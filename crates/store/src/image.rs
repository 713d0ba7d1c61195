//! The whole state of a store in parts that can be written down and read back.

use crate::{
    Key, Kind, LayerEntry, Mode, Options, Revision, Store, Versioned,
    layer::{Entry, KindState, Layer, Parent, ViewId},
    wake::Wakes,
    world::{Identity, ViewState, World},
};
use imbl::{OrdMap, OrdSet, ordmap::DiffItem};
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

/// All views of a store at one revision, without their history. Holding it costs what has changed since.
pub struct Image<T> {
    world: Arc<World<T>>,
    next_view: ViewId,
}

/// A piece of an [`Image`]. Layers are numbered from 0 in the order in which they come; what refers to one comes later.
#[derive(Debug)]
pub enum ImagePart<T> {
    /// The first part.
    Start {
        /// The revision of the latest change.
        revision: Revision,
        /// The id of the next view.
        next_view: ViewId,
    },
    /// A layer begins.
    Layer {
        /// Whether anything was ever done in it.
        touched: bool,
    },
    /// The objects of a kind in the current layer.
    Kind {
        /// Which kind.
        kind: Kind,
        /// The layer whose objects of the kind these are, but for the entries that follow.
        like: Option<usize>,
    },
    /// An object of the current kind.
    Entry {
        /// Its key.
        key: Key,
        /// What is there; none takes away what [`ImagePart::Kind::like`] has brought.
        entry: Option<LayerEntry<T>>,
    },
    /// A view, whose own layer is the latest one.
    View(ImageView),
}

/// A view of an [`Image`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageView {
    /// Identifies it for ever.
    pub id: ViewId,
    /// Its name.
    pub name: Arc<str>,
    /// What its maker noted of it.
    pub note: Arc<str>,
    /// The view that it was forked from, and the revision of that view that it shows.
    pub origin: Option<(ViewId, Revision)>,
    /// What its own layer lies upon.
    pub below: Below,
}

/// What a view's own layer lies upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Below {
    /// Nothing.
    Nothing,
    /// Whatever its parent shows.
    Parent,
    /// These layers, topmost first.
    Layers(Vec<usize>),
}

/// The parts of an image do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the state does not fit together: {0}")]
pub struct RestoreError(pub &'static str);

impl<T> Store<T> {
    /// The current state of all views.
    pub fn image(&self) -> Image<T> {
        self.image_with(|| ()).0
    }

    /// The state of all views while no change can happen, and what `mark` says at that moment.
    pub fn image_with<R>(&self, mark: impl FnOnce() -> R) -> (Image<T>, R) {
        let (world, next_view, marked) = self.shared.hold(mark);
        (Image { world, next_view }, marked)
    }
}

impl<T> Image<T> {
    /// The revision of the latest change in it.
    pub fn revision(&self) -> Revision {
        self.world.revision
    }

    /// Hands out all parts in order.
    ///
    /// # Errors
    /// The first one of `take`.
    pub fn parts<E>(&self, mut take: impl FnMut(ImagePart<T>) -> Result<(), E>) -> Result<(), E> {
        take(ImagePart::Start { revision: self.world.revision, next_view: self.next_view })?;
        let mut writer = Writer { count: 0, numbers: HashMap::new(), lowest: Vec::new(), take };
        for view in self.world.views.values() {
            let below = match &view.layer.parent {
                Parent::None => Below::Nothing,
                Parent::Live(_) => Below::Parent,
                Parent::Frozen(layers) => {
                    let lowest = layers.len().saturating_sub(1);
                    let numbers = layers.iter().enumerate().map(|(depth, layer)| writer.layer(layer, depth == lowest));
                    Below::Layers(numbers.collect::<Result<_, E>>()?)
                }
            };
            writer.layer(&view.layer, matches!(below, Below::Nothing))?;
            let identity = &view.identity;
            let origin = identity.origin.as_ref().map(|o| (o.parent_id, o.revision));
            let (name, note) = (identity.name.clone(), identity.note.clone());
            (writer.take)(ImagePart::View(ImageView { id: identity.id, name, note, origin, below }))?;
        }
        Ok(())
    }
}

struct Writer<'a, T, F> {
    count: usize,
    /// Numbers of the layers written so far that others may lie upon. Frozen layers are shared.
    numbers: HashMap<*const Layer<T>, usize>,
    /// The lowest layers among them, which resemble each other.
    lowest: Vec<(usize, &'a Arc<Layer<T>>)>,
    take: F,
}

impl<'a, T, F> Writer<'a, T, F> {
    fn layer<E>(&mut self, layer: &'a Arc<Layer<T>>, lowest: bool) -> Result<usize, E>
    where
        F: FnMut(ImagePart<T>) -> Result<(), E>,
    {
        let own = !matches!(layer.parent, Parent::None);
        // A view's own layer must be the latest one. That of the base view is, since it comes first of all.
        if let Some(number) = self.numbers.get(&Arc::as_ptr(layer)).filter(|_| !own) {
            return Ok(*number);
        }
        let number = self.count;
        self.count += 1;
        self.numbers.insert(Arc::as_ptr(layer), number);
        (self.take)(ImagePart::Layer { touched: !layer.is_untouched() })?;
        for (kind, state) in &layer.kinds {
            let like = self.lowest.iter().rev().filter(|_| lowest).find_map(|(n, l)| Some((*n, l.kinds.get(kind)?)));
            (self.take)(ImagePart::Kind { kind: *kind, like: like.map(|(n, _)| n) })?;
            match like {
                None => {
                    for (key, entry) in &state.entries {
                        (self.take)(ImagePart::Entry { key: key.clone(), entry: Some(LayerEntry::of(entry)) })?;
                    }
                }
                Some((_, like)) => {
                    for difference in like.entries.diff(&state.entries) {
                        let (key, entry) = match difference {
                            DiffItem::Add(key, entry) | DiffItem::Update { new: (key, entry), .. } => (key, Some(LayerEntry::of(entry))),
                            DiffItem::Remove(key, _) => (key, None),
                        };
                        (self.take)(ImagePart::Entry { key: key.clone(), entry })?;
                    }
                }
            }
        }
        if lowest {
            self.lowest.push((number, layer));
        }
        Ok(number)
    }
}

/// Whether two entries are the same one.
impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        fn same<V>(a: &Option<Arc<V>>, b: &Option<Arc<V>>) -> bool {
            match (a, b) {
                (None, None) => true,
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                _ => false,
            }
        }
        same(&self.object, &other.object) && same(&self.cover, &other.cover)
    }
}

/// Puts a store together from the parts of an [`Image`].
pub struct Restoring<T> {
    revision: Revision,
    next_view: ViewId,
    layers: Vec<Layer<T>>,
    shared: HashMap<usize, Arc<Layer<T>>>,
    kind: Option<Kind>,
    views: OrdMap<ViewId, ViewState<T>>,
    names: OrdMap<Arc<str>, ViewId>,
    children: OrdSet<(ViewId, ViewId)>,
}

impl<T> Default for Restoring<T> {
    fn default() -> Self {
        Self {
            revision: 0,
            next_view: 0,
            layers: Vec::new(),
            shared: HashMap::new(),
            kind: None,
            views: OrdMap::new(),
            names: OrdMap::new(),
            children: OrdSet::new(),
        }
    }
}

impl<T: Versioned> Restoring<T> {
    /// Takes the next part.
    ///
    /// # Errors
    /// [`RestoreError`] when it does not fit.
    pub fn take(&mut self, part: ImagePart<T>) -> Result<(), RestoreError> {
        match part {
            ImagePart::Start { revision, next_view } => (self.revision, self.next_view) = (revision, next_view),
            ImagePart::Layer { touched } => {
                self.kind = None;
                self.layers.push(Layer::empty(if touched { self.revision } else { 0 }, Parent::None));
            }
            ImagePart::Kind { kind, like } => {
                let mut state = KindState::empty(self.revision);
                if let Some(like) = like {
                    let like = self.layers.get(like).and_then(|l| l.kinds.get(&kind)).ok_or(RestoreError("a kind like an unknown one"))?;
                    state.entries = like.entries.clone();
                }
                self.layers.last_mut().ok_or(RestoreError("a kind without a layer"))?.kinds.insert(kind, Arc::new(state));
                self.kind = Some(kind);
            }
            ImagePart::Entry { key, entry } => {
                let kind = self.kind.ok_or(RestoreError("an object without a kind"))?;
                let state = self.layers.last_mut().and_then(|l| l.kinds.get_mut(&kind)).ok_or(RestoreError("an object without a layer"))?;
                let state = Arc::make_mut(state);
                match entry {
                    Some(entry) => state.entries.insert(key, entry.into_entry()),
                    None => state.entries.remove(&key),
                };
            }
            ImagePart::View(view) => self.view(view)?,
        }
        Ok(())
    }

    fn view(&mut self, view: ImageView) -> Result<(), RestoreError> {
        let ImageView { id, name, note, origin, below } = view;
        if self.names.contains_key(&name) || self.views.contains_key(&id) || id >= self.next_view {
            return Err(RestoreError("a view that is there already"));
        }
        let mut layer = Layer::clone(self.layers.last().ok_or(RestoreError("a view without a layer"))?);
        layer.parent = match (&below, origin) {
            (Below::Nothing, None) => Parent::None,
            (Below::Parent, Some((parent, _))) => Parent::Live(parent),
            (Below::Layers(numbers), Some(_)) => {
                let layers = numbers.iter().map(|n| self.frozen(*n)).collect::<Option<Vec<_>>>();
                Parent::Frozen(layers.filter(|l| !l.is_empty()).ok_or(RestoreError("a view over an unknown layer"))?.into())
            }
            _ => return Err(RestoreError("a view without what it lies upon")),
        };
        match origin {
            None => {
                let wakes = Box::new([Arc::new(Wakes::default())]);
                let identity = Arc::new(Identity { id, name: name.clone(), note, origin: None, wakes, last: OnceLock::new() });
                self.names.insert(name, id);
                self.views.insert(id, ViewState { layer: Arc::new(layer), identity });
            }
            Some((parent, revision)) => {
                let parent = self.views.get(&parent).ok_or(RestoreError("a view without its parent"))?.identity.clone();
                let mode = if below == Below::Parent { Mode::Live } else { Mode::Frozen };
                let mut world = World {
                    revision: self.revision,
                    views: std::mem::take(&mut self.views),
                    names: std::mem::take(&mut self.names),
                    children: std::mem::take(&mut self.children),
                };
                world.add_view(id, (name, note), &parent, (mode, revision), layer);
                (self.views, self.names, self.children) = (world.views, world.names, world.children);
            }
        }
        Ok(())
    }

    fn frozen(&mut self, number: usize) -> Option<Arc<Layer<T>>> {
        let layer = self.layers.get(number)?;
        Some(self.shared.entry(number).or_insert_with(|| Arc::new(Layer::clone(layer))).clone())
    }

    /// The store.
    ///
    /// # Errors
    /// [`RestoreError`] when the base view is missing.
    pub fn finish(self, options: Options) -> Result<Store<T>, RestoreError> {
        let base = self.names.get(crate::BASE).and_then(|id| self.views.get(id));
        if base.is_none_or(|b| b.identity.id != 0) {
            return Err(RestoreError("there is no base view"));
        }
        let world = World { revision: self.revision, views: self.views, names: self.names, children: self.children };
        Ok(Store::of(world, self.next_view, options))
    }
}
