//! Decides by the stored RBAC objects of a view who may do what.
//!
//! Every decision is made on one snapshot, so that it is consistent, and costs as much as there are bindings. Rules are parsed
//! once for each version of an object.

mod attributes;
mod rbac;
mod rules;

pub use attributes::{Attributes, Subject};
pub use rbac::Rbac;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct ReadmeExamples;
