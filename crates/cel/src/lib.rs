//! CEL expressions as kube-apiserver checks and evaluates them (C-10-16).
//!
//! [`Expression`] is one compiled expression, [`Rules`] all `x-kubernetes-validations` of a schema. What may be said of
//! a value comes from its [`Type`], which is made from a schema.

mod arithmetic;
mod authorizer;
mod check;
mod conversions;
mod convert;
mod cost;
mod eval;
mod expression;
mod format;
mod format_check;
mod functions;
mod lexer;
mod library;
mod lists;
mod locate;
mod macros;
mod named_format;
mod names;
mod netip;
mod overloads;
mod parser;
mod relations;
mod rewrite;
mod rules;
mod runtime_cost;
mod structs;
mod texts;
mod timestamps;
mod types;
mod url;
mod value;

pub use authorizer::{AUTHORIZER, Authorizer, Decision, Question, authorizer};
pub use convert::{convert, map, to_json};
pub use eval::{Failure, Outcome};
pub use expression::{Evaluated, Expression, Scope};
pub use names::escape;
pub use rules::{CompiledRule, Rules, compile_rule};
pub use runtime_cost::{BUDGET, LIMIT};
pub use structs::without_types;
pub use types::{ObjectType, Type};
pub use value::{Kind, Text, Val};

/// Values of expressions.
pub use kube_cel::cel::Value;
