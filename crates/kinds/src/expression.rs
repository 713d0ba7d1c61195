//! CEL expressions inside objects: admission policies, match conditions and device selectors.

use minkapi_cel::{AUTHORIZER, Scope, Type};
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
    let expected = match expression.role {
        Role::Variable => return None,
        Role::ApplyConfiguration => "Object",
        Role::JsonPatch => "list(JSONPatch)",
        Role::DeviceSelector => "bool or the unknown type",
        Role::Message => "string",
        Role::AuditAnnotation => "one of [string null_type]",
        Role::MatchCondition | Role::Validation => "bool",
    };
    let fits = match (expression.role, result) {
        (Role::DeviceSelector, Type::Dyn) => true,
        // Much that is known upstream is not known here.
        (_, Type::Dyn) => !compiled.is_selection(),
        (Role::ApplyConfiguration, Type::Made(name)) => &**name == "Object",
        (Role::JsonPatch, Type::List(items, size)) => match &**items {
            Type::Made(name) => &**name == "JSONPatch",
            items => *items == Type::Dyn && *size > 0,
        },
        (Role::MatchCondition | Role::Validation | Role::DeviceSelector, Type::Bool)
        | (Role::Message, Type::Text(_))
        | (Role::AuditAnnotation, Type::Text(_) | Type::Null) => true,
        _ => false,
    };
    match (fits, expression.role) {
        (true, _) => None,
        (false, Role::DeviceSelector) => Some(format!("must evaluate to {expected}, not {}", result.result_name())),
        (false, _) => Some(format!("must evaluate to {expected} but got {}", result.result_name())),
    }
}

fn map_of(values: Type) -> Type {
    Type::map_of(values)
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
    scope = scope.with("namespaceObject", namespace());
    if expression.role != Role::Message {
        scope = scope.with("authorizer", Type::Library(AUTHORIZER));
    }
    if expression.params {
        scope = scope.with("params", Type::Dyn);
    }
    let has_variables = !expression.variables.is_empty() || expression.role == Role::Variable;
    if expression.role != Role::MatchCondition && has_variables {
        scope = scope.with("variables", variables(expression));
    }
    if matches!(expression.role, Role::ApplyConfiguration | Role::JsonPatch) {
        scope = scope.making_objects();
    }
    scope
}

/// The type of `variables`, of which each knows those before it.
fn variables(expression: &Expression<'_>) -> Type {
    let all = expression.variables;
    let of = |(i, (name, text)): (usize, &(&str, &str))| {
        let own = Expression { text, role: Role::Variable, variables: all.get(..i).unwrap_or_default(), ..*expression };
        let compiled = minkapi_cel::Expression::compile(text, &scope(&own));
        ((*name).to_owned(), compiled.map_or(Type::Dyn, |compiled| compiled.result().clone()))
    };
    Type::object(all.iter().enumerate().map(of))
}

/// The type of `namespaceObject`: not all that a namespace has.
fn namespace() -> Type {
    let texts = || Type::List(Arc::new(Type::TEXT), u64::MAX);
    let condition = object_of(&[
        ("status", Type::TEXT),
        ("type", Type::TEXT),
        ("lastTransitionTime", Type::Timestamp),
        ("message", Type::TEXT),
        ("reason", Type::TEXT),
    ]);
    let metadata = object_of(&[
        ("name", Type::TEXT),
        ("generateName", Type::TEXT),
        ("namespace", Type::TEXT),
        ("labels", map_of(Type::TEXT)),
        ("annotations", map_of(Type::TEXT)),
        ("UID", Type::TEXT),
        ("creationTimestamp", Type::Timestamp),
        ("deletionGracePeriodSeconds", Type::Int),
        ("deletionTimestamp", Type::Timestamp),
        ("generation", Type::Int),
        ("resourceVersion", Type::TEXT),
        ("finalizers", texts()),
    ]);
    let status = object_of(&[("conditions", Type::List(Arc::new(condition), u64::MAX)), ("phase", Type::TEXT)]);
    object_of(&[("metadata", metadata), ("spec", object_of(&[("finalizers", texts())])), ("status", status)])
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
