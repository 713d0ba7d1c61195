//! Values seen through their schema, as structured merge sees them: what is a leaf, what merges by which key (C-07-42).

mod compare;
mod created;
mod field_set;
mod form;
mod list_item;
mod merge;
mod reconcile;
mod remove;
mod validate;
mod zero;

pub(crate) use compare::{Comparison, UNTRACKED_METADATA, compare};
pub(crate) use created::created;
pub(crate) use field_set::field_set;
pub(crate) use form::{Form, Type};
pub(crate) use merge::merge;
pub(crate) use reconcile::reconcile;
pub(crate) use remove::{remove, with_named_fields};
pub(crate) use validate::validate;
pub(crate) use zero::zero;
