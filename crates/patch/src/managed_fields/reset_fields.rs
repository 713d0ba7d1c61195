//! Fields that a write cannot own.

use crate::field_set::{FieldSet, Path};

/// Fields that a write through an endpoint cannot own since the endpoint does not take them, with all below them (C-07-50):
/// paths such as `["status"]`.
pub type ResetFields<'a> = &'a [&'a [&'a str]];

/// The members of the root that cannot be owned at all, if that is all there is.
pub(super) fn whole_members<'a>(reset: ResetFields<'a>) -> Option<Vec<&'a str>> {
    reset.iter().map(|path| if let [name] = path { Some(*name) } else { None }).collect()
}

/// What of a set is owned.
pub(super) fn filter(reset: ResetFields<'_>, set: FieldSet) -> FieldSet {
    if reset.is_empty() || set.is_empty() {
        return set;
    }
    let reset: FieldSet = reset.iter().map(|path| Path::of_fields(path.iter().copied())).collect();
    set.recursive_difference(&reset)
}
