//! Scans over one layer or several.

use crate::{Key, layer::Entry};
use imbl::{OrdMap, ordmap::RangedIter, shared_ptr::DefaultSharedPtr};
use std::{ops::Bound, sync::Arc};

type Entries<'a, T> = RangedIter<'a, Key, Entry<T>, DefaultSharedPtr>;

/// The objects of a scan in order of their keys.
pub struct Range<'a, T>(Form<'a, T>);

enum Form<'a, T> {
    /// The base view: nothing hides anything.
    Single(Entries<'a, T>),
    /// Layers, topmost first: an entry hides those of the same key below it.
    Merged(Vec<Head<'a, T>>),
}

/// The rest of a layer's entries, and the first of them.
struct Head<'a, T> {
    next: Option<(&'a Key, &'a Entry<T>)>,
    rest: Entries<'a, T>,
}

impl<'a, T> Range<'a, T> {
    pub(crate) fn new(layers: impl Iterator<Item = &'a OrdMap<Key, Entry<T>>>, bounds: (Bound<Key>, Bound<Key>)) -> Self {
        let (start, end) = (bounds.0.as_ref(), bounds.1.as_ref());
        let scans = layers.map(|l| l.range::<(Bound<&Key>, Bound<&Key>), Key>((start, end)));
        let mut scans: Vec<Entries<'a, T>> = scans.collect();
        if scans.len() == 1
            && let Some(only) = scans.pop()
        {
            return Self(Form::Single(only));
        }
        let heads = scans.into_iter().map(|mut rest| Head { next: rest.next(), rest });
        Self(Form::Merged(heads.collect()))
    }
}

impl<'a, T> Iterator for Range<'a, T> {
    type Item = (&'a Key, &'a Arc<T>);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            // Also a single overlay ends up here, so tombstones are possible.
            Form::Single(entries) => entries.find_map(|(key, entry)| Some((key, entry.object.as_ref()?))),
            Form::Merged(heads) => loop {
                let (key, entry) = take_first(heads)?;
                if let Some(object) = &entry.object {
                    return Some((key, object));
                }
            },
        }
    }
}

/// Takes the entry with the least key, the topmost of these, and leaves out the ones that it hides.
fn take_first<'a, T>(heads: &mut [Head<'a, T>]) -> Option<(&'a Key, &'a Entry<T>)> {
    let mut first: Option<(&'a Key, &'a Entry<T>)> = None;
    for head in &*heads {
        if let Some((key, entry)) = head.next
            && first.is_none_or(|(least, _)| key < least)
        {
            first = Some((key, entry));
        }
    }
    let (key, _) = first?;
    for head in heads {
        if head.next.is_some_and(|(k, _)| k == key) {
            head.next = head.rest.next();
        }
    }
    first
}
