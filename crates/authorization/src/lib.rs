//! Decides by the stored RBAC objects of a view who may do what.
//!
//! Every decision is made on one snapshot, so that it is consistent, and costs as much as there are bindings. Rules are parsed
//! once for each version of an object.

mod attributes;
mod authorization;
mod covers;
mod escalation;
mod rbac;
mod rules;

pub use attributes::{Attributes, Subject};
pub use authorization::{Authorization, Decision, Rules};
pub use covers::uncovered;
pub use escalation::Grant;
pub use rbac::Rbac;
pub use rules::{PolicyRule, RoleRef};

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct ReadmeExamples;
