//! CEL expressions as kube-apiserver checks and evaluates them (C-10-16).
//!
//! [`Expression`] is one compiled expression, [`Rules`] all `x-kubernetes-validations` of a schema. What may be said of
//! a value comes from its [`Type`], which is made from a schema.

mod authorizer;
mod check;
mod conversions;
mod convert;
mod cost;
mod expression;
mod format;
mod functions;
mod locate;
mod lower;
mod macros;
mod names;
mod netip;
mod overloads;
mod rewrite;
mod rules;
mod structs;
mod texts;
mod timestamps;
mod types;
mod url;

pub use authorizer::{AUTHORIZER, Authorizer, Decision, Question, authorizer};
pub use convert::{convert, map, to_json};
pub use expression::{Expression, Scope};
pub use names::escape;
pub use rules::{CompiledRule, Rules, compile_rule};
pub use structs::without_types;
pub use types::Type;

/// Values of expressions.
pub use kube_cel::cel::Value;
