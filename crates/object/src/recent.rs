//! What many objects have in common, allocated once as long as they come one soon after the other.

use crate::OwnerReference;
use std::{
    cell::RefCell,
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash},
    sync::Arc,
};

/// How many values of each sort a thread remembers. What is remembered is bounded, so nothing needs to be forgotten in
/// time.
const PLACES: usize = 1024;

/// Longer texts are seldom the same.
const LONGEST: usize = 64;

thread_local! {
    static TEXTS: RefCell<Vec<Arc<str>>> = RefCell::new(vec![Arc::default(); PLACES]);
    static FIELDS: RefCell<Vec<Arc<[Arc<str>]>>> = RefCell::new(vec![Arc::default(); PLACES]);
    static OWNERS: RefCell<Vec<Arc<[OwnerReference]>>> = RefCell::new(vec![Arc::default(); PLACES]);
}

/// A shared text that equals `text`: that of an earlier object if it was seen lately, such as a namespace, a node's name
/// or the uid of an owner.
pub fn recent(text: &str) -> Arc<str> {
    if text.is_empty() {
        return Arc::default();
    }
    if text.len() > LONGEST {
        return text.into();
    }
    TEXTS.with_borrow_mut(|seen| remembered(seen, text, || text.into()))
}

/// The same for the selectable fields of an object: those of pods of one sort on one node are alike.
pub fn recent_fields(fields: &[Arc<str>]) -> Arc<[Arc<str>]> {
    if fields.is_empty() {
        return Arc::default();
    }
    FIELDS.with_borrow_mut(|seen| remembered(seen, fields, || fields.into()))
}

/// The same for owners: all pods of a ReplicaSet have one.
pub fn recent_owners(owners: &[OwnerReference]) -> Arc<[OwnerReference]> {
    if owners.is_empty() {
        return Arc::default();
    }
    OWNERS.with_borrow_mut(|seen| remembered(seen, owners, || owners.into()))
}

/// What was remembered if it equals `value`, else a new one, which is remembered from now on.
fn remembered<T: Hash + Eq + ?Sized>(seen: &mut [Arc<T>], value: &T, make: impl FnOnce() -> Arc<T>) -> Arc<T> {
    let hash = BuildHasherDefault::<DefaultHasher>::new().hash_one(value);
    match seen.get_mut((hash % PLACES as u64) as usize) {
        Some(known) if **known == *value => known.clone(),
        Some(known) => {
            *known = make();
            known.clone()
        }
        None => make(),
    }
}

#[cfg(test)]
mod tests {
    use super::{recent, recent_fields};
    use std::sync::Arc;

    #[test]
    fn equal_texts_are_one_allocation() {
        let first = recent("node-7");
        assert!(Arc::ptr_eq(&first, &recent("node-7")));
        assert_eq!(&*recent("node-8"), "node-8");
    }

    #[test]
    fn other_texts_at_the_same_place_are_not_mixed_up() {
        for n in 0..5000 {
            let text = format!("t{n}");
            assert_eq!(&*recent(&text), text);
        }
    }

    #[test]
    fn equal_fields_are_one_allocation() {
        let fields = |node: &str| Box::<[Arc<str>]>::from([recent(node), recent("Running")]);
        let first = recent_fields(&fields("n1"));
        assert!(Arc::ptr_eq(&first, &recent_fields(&fields("n1"))));
        assert_eq!(&*recent_fields(&fields("n2"))[0], "n2");
    }

    #[test]
    fn what_is_remembered_does_not_grow() {
        let first = recent("kept");
        (0..50_000).for_each(|n| drop(recent(&format!("t{n}"))));
        assert_eq!(Arc::strong_count(&first), 1);
    }
}
