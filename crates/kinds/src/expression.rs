//! CEL expressions inside objects: admission policies, match conditions and device selectors.

use minkapi_schema::field::{Error, ErrorList, Path};

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

/// Why an expression does not compile. There is no compiler yet: every expression passes here, and fails where it is used.
fn compile(expression: &Expression<'_>) -> Option<String> {
    let _ = expression;
    None
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
