//! Scans over one layer or several.

use crate::{Key, layer::Entry};
use imbl::{OrdMap, ordmap::RangedIter, shared_ptr::DefaultSharedPtr};
use std::{ops::Bound, sync::Arc};

type Entries<'a, T> = RangedIter<'a, Key, Entry<T>, DefaultSharedPtr>;
type Item<'a, T> = (&'a Key, &'a Entry<T>);

/// The objects of a scan in order of their keys.
pub struct Range<'a, T> {
    /// The lowest layer, which mostly holds nearly everything.
    lowest: Head<'a, T>,
    /// The layers above it, topmost first: an entry hides those of the same key below it.
    above: Vec<Head<'a, T>>,
    /// The least key that a layer above has next.
    next_above: Option<&'a Key>,
}

/// The rest of a layer's entries, and the first of them.
struct Head<'a, T> {
    next: Option<Item<'a, T>>,
    rest: Option<Entries<'a, T>>,
}

impl<'a, T> Head<'a, T> {
    fn take(&mut self) -> Option<Item<'a, T>> {
        std::mem::replace(&mut self.next, self.rest.as_mut().and_then(Iterator::next))
    }
}

impl<'a, T> Range<'a, T> {
    pub(crate) fn new(layers: impl Iterator<Item = &'a OrdMap<Key, Entry<T>>>, bounds: (Bound<Key>, Bound<Key>)) -> Self {
        let (start, end) = (bounds.0.as_ref(), bounds.1.as_ref());
        let scans = layers.map(|l| l.range::<(Bound<&Key>, Bound<&Key>), Key>((start, end)));
        let mut above: Vec<Head<'a, T>> = scans.map(|mut rest| Head { next: rest.next(), rest: Some(rest) }).collect();
        let lowest = above.pop().unwrap_or(Head { next: None, rest: None });
        let mut range = Self { lowest, above, next_above: None };
        range.look_above();
        range
    }

    fn look_above(&mut self) {
        self.next_above = self.above.iter().filter_map(|head| Some(head.next?.0)).min();
    }

    /// The next entry of any layer that no other hides.
    fn take_first(&mut self) -> Option<Item<'a, T>> {
        let Some(first) = self.next_above else { return self.lowest.take() };
        match self.lowest.next {
            Some((key, _)) if key < first => return self.lowest.take(),
            Some((key, _)) if key == first => drop(self.lowest.take()),
            _ => {}
        }
        let mut shown = None;
        for head in &mut self.above {
            if head.next.is_some_and(|(key, _)| key == first) {
                let entry = head.take();
                shown = shown.or(entry);
            }
        }
        self.look_above();
        shown
    }
}

impl<'a, T> Iterator for Range<'a, T> {
    type Item = (&'a Key, &'a Arc<T>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (key, entry) = self.take_first()?;
            // Tombstones are left out. The lowest layer that is scanned may be that of a sandbox.
            if let Some(object) = &entry.object {
                return Some((key, object));
            }
        }
    }
}
