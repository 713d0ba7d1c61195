//! Texts that many objects have in common, allocated once as long as they come one soon after the other.

use std::{
    cell::RefCell,
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    sync::Arc,
};

/// How many texts each thread remembers.
const PLACES: usize = 1024;

/// Longer texts are seldom the same.
const LONGEST: usize = 64;

thread_local! {
    static SEEN: RefCell<Vec<Arc<str>>> = RefCell::new(vec![Arc::default(); PLACES]);
}

/// A shared text that equals `text`: that of an earlier object if it was seen lately, such as a namespace, a node's name
/// or the uid of an owner. What is remembered is bounded, so nothing needs to be forgotten in time.
pub fn recent(text: &str) -> Arc<str> {
    if text.is_empty() {
        return Arc::default();
    }
    if text.len() > LONGEST {
        return text.into();
    }
    let hash = BuildHasherDefault::<DefaultHasher>::new().hash_one(text);
    SEEN.with_borrow_mut(|seen| match seen.get_mut((hash % PLACES as u64) as usize) {
        Some(known) if **known == *text => known.clone(),
        Some(known) => {
            *known = text.into();
            known.clone()
        }
        None => text.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::recent;
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
    fn what_is_remembered_does_not_grow() {
        let first = recent("kept");
        (0..50_000).for_each(|n| drop(recent(&format!("t{n}"))));
        assert_eq!(Arc::strong_count(&first), 1);
    }
}
