//! Selectors; what was read reads the same when it is written.

use minkapi_object::{FieldSelector, LabelSelector};
use std::str::from_utf8;

/// A label selector.
pub fn label(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    if let Ok(selector) = LabelSelector::parse(text) {
        assert_eq!(LabelSelector::parse(&selector.to_string()).as_ref(), Ok(&selector), "{selector}");
    }
}

/// A field selector.
pub fn field(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    if let Ok(selector) = FieldSelector::parse(text) {
        // Terms are sorted as they are written, `==` and `=` differ in that: from the second time on it is the same.
        let again = FieldSelector::parse(&selector.to_string()).expect("a selector's own text");
        assert_eq!(FieldSelector::parse(&again.to_string()).as_ref(), Ok(&again), "{selector}");
        selector.matches(|field| if field.len() % 2 == 0 { "a" } else { "" });
    }
}
