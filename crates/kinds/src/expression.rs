//! CEL expressions inside objects: admission policies, match conditions and device selectors.

use minkapi_cel::{Scope, Type};
use minkapi_schema::field::{Error, ErrorList, Path};
use std::sync::Arc;

/// An expression and what it may refer to.
#[derive(Debug, Clone, Copy)]
pub struct Expression<'a> {
    /// The expression as written.
    pub text: &'a str,
    /// What it is for, which settles its result and most of its variables.
    pub role: Role,
    /// Whether there is a `params`.
    pub params: bool,
    /// Names and expressions of the policy's own variables.
    pub variables: &'a [(&'a str, &'a str)],
    /// Whether the stored object has it already: then it need only compile with what there ever was.
    pub stored: bool,
}

/// What an expression is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Whether a webhook or policy applies; bool.
    MatchCondition,
    /// A validation of a policy; bool.
    Validation,
    /// The message of a failed validation; string.
    Message,
    /// The value of an audit annotation; string or null.
    AuditAnnotation,
    /// A variable of a policy; any type.
    Variable,
    /// An apply configuration of a mutating policy; Object.
    ApplyConfiguration,
    /// A JSON patch of a mutating policy; list of JSONPatch.
    JsonPatch,
    /// Whether a device fits; bool.
    DeviceSelector,
}

/// Adds what is wrong with an expression, if anything.
pub fn check(errors: &mut ErrorList, expression: &Expression<'_>, path: &Path<'_>) {
    if let Some(why) = compile(expression) {
        errors.push(Error::invalid(path, expression.text, why));
    }
}

/// Why an expression does not compile, or gives something else than its role needs.
fn compile(expression: &Expression<'_>) -> Option<String> {
    let compiled = match minkapi_cel::Expression::compile(expression.text, &scope(expression)) {
        Ok(compiled) => compiled,
        Err(issues) => return Some(format!("compilation failed: {issues}")),
    };
    let result = compiled.result();
    match (expression.role, result) {
        (Role::ApplyConfiguration, Type::Map(..) | Type::Object(..)) => None,
        // More may be an Object than is known here; what a request holds is none.
        (Role::ApplyConfiguration, Type::Dyn) if !is_given(expression.text) => None,
        (Role::ApplyConfiguration, _) => Some(format!("must evaluate to Object but got {result}")),
        (_, Type::Dyn) | (Role::Variable | Role::JsonPatch, _) => None,
        (Role::MatchCondition | Role::Validation | Role::DeviceSelector, Type::Bool) => None,
        (Role::Message, Type::Text(_)) | (Role::AuditAnnotation, Type::Text(_) | Type::Null) => None,
        (Role::DeviceSelector, _) => Some(format!("must evaluate to bool or the unknown type, not {result}")),
        (Role::Message, _) => Some(format!("must evaluate to string but got {result}")),
        (Role::AuditAnnotation, _) => Some(format!("must evaluate to one of [string null_type] but got {result}")),
        (Role::MatchCondition | Role::Validation, _) => Some(format!("must evaluate to bool but got {result}")),
    }
}

/// Whether an expression is nothing but a part of what a policy is given.
fn is_given(text: &str) -> bool {
    let path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    let variable = text.split('.').next().unwrap_or_default();
    matches!(variable, "object" | "oldObject" | "params" | "namespaceObject") && text.chars().all(path)
}

fn map_of(values: Type) -> Type {
    Type::Map(Arc::new(values), u64::MAX)
}

fn object_of(fields: &[(&str, Type)]) -> Type {
    Type::object(fields.iter().map(|(name, of)| ((*name).to_owned(), of.clone())))
}

/// What an expression may refer to.
fn scope(expression: &Expression<'_>) -> Scope {
    if expression.role == Role::DeviceSelector {
        let device = object_of(&[
            ("driver", Type::TEXT),
            ("attributes", map_of(map_of(Type::Dyn))),
            ("capacity", map_of(map_of(Type::Dyn))),
            ("allowMultipleAllocations", Type::Bool),
        ]);
        return Scope::new().with("device", device);
    }
    let mut scope = Scope::new().with("object", Type::Dyn).with("oldObject", Type::Dyn).with("request", request());
    scope = scope.with("namespaceObject", Type::Dyn).with("authorizer", Type::Dyn);
    if expression.params {
        scope = scope.with("params", Type::Dyn);
    }
    if expression.role != Role::MatchCondition && !expression.variables.is_empty() {
        scope = scope.with("variables", object_of(&expression.variables.iter().map(|(name, _)| (*name, Type::Dyn)).collect::<Vec<_>>()));
    }
    if matches!(expression.role, Role::ApplyConfiguration | Role::JsonPatch) {
        scope = scope.with("JSONPatch", Type::Dyn);
    }
    scope
}

/// `kubernetes.AdmissionRequest`.
fn request() -> Type {
    let kind = object_of(&[("group", Type::TEXT), ("version", Type::TEXT), ("kind", Type::TEXT)]);
    let resource = object_of(&[("group", Type::TEXT), ("version", Type::TEXT), ("resource", Type::TEXT)]);
    let texts = Type::List(Arc::new(Type::TEXT), u64::MAX);
    let user = object_of(&[("username", Type::TEXT), ("uid", Type::TEXT), ("groups", texts.clone()), ("extra", map_of(texts))]);
    object_of(&[
        ("kind", kind.clone()),
        ("resource", resource.clone()),
        ("subResource", Type::TEXT),
        ("requestKind", kind),
        ("requestResource", resource),
        ("requestSubResource", Type::TEXT),
        ("name", Type::TEXT),
        ("namespace", Type::TEXT),
        ("operation", Type::TEXT),
        ("userInfo", user),
        ("dryRun", Type::Bool),
        ("options", Type::Dyn),
    ])
}

/// Whether a text is a CEL identifier that is not reserved.
pub fn is_identifier(text: &str) -> bool {
    const RESERVED: &[&str] = &[
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ];
    let mut bytes = text.bytes();
    let starts = bytes.next().is_some_and(|b| b == b'_' || b.is_ascii_alphabetic());
    starts && bytes.all(|b| b == b'_' || b.is_ascii_alphanumeric()) && !RESERVED.contains(&text)
}
