//! Field paths and field errors, as apimachinery's `field` package words them (C-02-40).

use minkapi_object::{Status, StatusCause};
use serde_json::Value;
use std::fmt;

/// A path to a field that costs nothing until it is printed: a chain of borrowed segments on the stack.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Self>,
    segment: Segment<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Segment<'a> {
    Root,
    Name(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    /// The object itself; prints as `<nil>` as upstream does.
    pub const ROOT: Path<'static> = Path { parent: None, segment: Segment::Root };

    /// A top-level field.
    pub const fn new(name: &'a str) -> Self {
        Self { parent: None, segment: Segment::Name(name) }
    }

    /// `self.name`.
    pub const fn child<'b>(&'b self, name: &'b str) -> Path<'b> {
        Path { parent: Some(self), segment: Segment::Name(name) }
    }

    /// `self[index]`.
    pub const fn index(&self, index: usize) -> Path<'_> {
        Path { parent: Some(self), segment: Segment::Index(index) }
    }

    /// `self[key]`.
    pub const fn key<'b>(&'b self, key: &'b str) -> Path<'b> {
        Path { parent: Some(self), segment: Segment::Key(key) }
    }

    /// Whether it is the path of the object itself.
    pub const fn is_root(&self) -> bool {
        matches!(self.segment, Segment::Root)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parent = self.parent.filter(|p| !p.is_root());
        if let Some(parent) = parent {
            parent.fmt(f)?;
        }
        match self.segment {
            Segment::Root => f.write_str("<nil>"),
            // An empty name prints as an index without a number, as upstream does.
            Segment::Name("") => f.write_str("[]"),
            Segment::Name(name) if parent.is_some() => write!(f, ".{name}"),
            Segment::Name(name) => f.write_str(name),
            Segment::Index(index) => write!(f, "[{index}]"),
            Segment::Key(key) => write!(f, "[{key}]"),
        }
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the API's")]
pub enum ErrorType {
    NotFound,
    Required,
    Duplicate,
    Invalid,
    NotSupported,
    Forbidden,
    TooLong,
    TooMany,
    TooShort,
    TooFew,
    InternalError,
    TypeInvalid,
}

impl ErrorType {
    /// The cause's `reason` (C-02-41).
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "FieldValueNotFound",
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TooShort => "FieldValueTooShort",
            Self::TooFew => "FieldValueTooFew",
            Self::InternalError => "InternalError",
            Self::TypeInvalid => "FieldValueTypeInvalid",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::TooShort => "Too short",
            Self::TooFew => "Too few",
            Self::InternalError => "Internal error",
        }
    }
}

/// One thing wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorType,
    /// The field's path.
    pub field: String,
    /// The value as it is printed; None where it is not.
    pub bad_value: Option<String>,
    /// What would be right.
    pub detail: String,
    /// Whether it was so before and is forgiven: it is no reason to refuse a change, but is warned of.
    pub forgiven: bool,
}

/// Errors in the order in which they were found.
pub type ErrorList = Vec<Error>;

/// Takes the forgiven errors out of a list, as the texts of warnings.
pub fn take_forgiven(errors: &mut ErrorList) -> Vec<String> {
    errors.extract_if(.., |error| error.forgiven).map(|error| error.to_string()).collect()
}

/// Adds an [`Error::invalid`] for each message: how the answer of a rule in [`crate::names`] becomes field errors.
pub fn invalid_each(errors: &mut ErrorList, path: &Path<'_>, value: &str, messages: Vec<String>) {
    errors.extend(messages.into_iter().map(|message| Error::invalid(path, value, message)));
}

/// A value as Go's `%q`/JSON printing in field errors shows it: strings quoted, the rest as JSON.
pub fn printed(value: &Value) -> String {
    match value {
        Value::String(s) => quoted(s),
        other => html_safe(other.to_string()),
    }
}

/// JSON as Go's encoder writes it, which escapes what HTML could misread.
pub fn html_safe(json: String) -> String {
    if !json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return json;
    }
    let escapes = [('&', "\\u0026"), ('<', "\\u003c"), ('>', "\\u003e"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")];
    escapes.iter().fold(json, |json, (c, escape)| json.replace(*c, escape))
}

/// Text as Go's `%q` prints it.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => out.push_str(&format!("\\x{:02x}", c as u32)),
            // What Go does not hold for printable.
            '\u{80}'..='\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Error {
    fn make(kind: ErrorType, path: &Path<'_>, bad_value: Option<String>, detail: impl Into<String>) -> Self {
        Self { kind, field: path.to_string(), bad_value, detail: detail.into(), forgiven: false }
    }

    /// `Required value`.
    pub fn required(path: &Path<'_>, detail: impl Into<String>) -> Self {
        Self::make(ErrorType::Required, path, None, detail)
    }

    /// `Invalid value: <value>: <detail>`.
    pub fn invalid(path: &Path<'_>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self::make(ErrorType::Invalid, path, Some(printed(&value.into())), detail)
    }

    /// `Invalid value` whose value prints as given (Go structs, maps).
    pub fn invalid_printed(path: &Path<'_>, value: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::make(ErrorType::Invalid, path, Some(value.into()), detail)
    }

    /// `Invalid value: <detail>` without the value (lists and maps of custom resources, C-10-16).
    pub fn invalid_unprinted(path: &Path<'_>, detail: impl Into<String>) -> Self {
        Self::make(ErrorType::Invalid, path, None, detail)
    }

    /// `Invalid value` of a wrong type (reason `FieldValueTypeInvalid`).
    pub fn type_invalid(path: &Path<'_>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self::make(ErrorType::TypeInvalid, path, Some(printed(&value.into())), detail)
    }

    /// `Unsupported value: <value>: supported values: "a", "b"` (in the given order; upstream sorts sets).
    pub fn not_supported(path: &Path<'_>, value: impl Into<Value>, supported: &[&str]) -> Self {
        let detail = if supported.is_empty() {
            String::new()
        } else {
            format!("supported values: {}", supported.iter().map(|s| quoted(s)).collect::<Vec<_>>().join(", "))
        };
        Self::make(ErrorType::NotSupported, path, Some(printed(&value.into())), detail)
    }

    /// `Duplicate value: <value>`.
    pub fn duplicate(path: &Path<'_>, value: impl Into<Value>) -> Self {
        Self::make(ErrorType::Duplicate, path, Some(printed(&value.into())), "")
    }

    /// `Duplicate value` whose value prints as given (Go structs).
    pub fn duplicate_printed(path: &Path<'_>, value: impl Into<String>) -> Self {
        Self::make(ErrorType::Duplicate, path, Some(value.into()), "")
    }

    /// `Forbidden: <detail>`.
    pub fn forbidden(path: &Path<'_>, detail: impl Into<String>) -> Self {
        Self::make(ErrorType::Forbidden, path, None, detail)
    }

    /// `Not found: <value>`.
    pub fn not_found(path: &Path<'_>, value: impl Into<Value>) -> Self {
        Self::make(ErrorType::NotFound, path, Some(printed(&value.into())), "")
    }

    /// `Too long: may not be more than <max> bytes`.
    pub fn too_long(path: &Path<'_>, max: usize) -> Self {
        Self::make(ErrorType::TooLong, path, None, format!("may not be more than {max} {}", if max == 1 { "byte" } else { "bytes" }))
    }

    /// `Too long: may not be more than <max> characters`.
    pub fn too_long_characters(path: &Path<'_>, max: usize) -> Self {
        Self::make(
            ErrorType::TooLong,
            path,
            None,
            format!("may not be more than {max} {}", if max == 1 { "character" } else { "characters" }),
        )
    }

    /// `Too short: <value>: must be at least <min> characters`.
    pub fn too_short(path: &Path<'_>, value: &str, min: usize) -> Self {
        let characters = if min == 1 { "character" } else { "characters" };
        Self::make(ErrorType::TooShort, path, Some(quoted(value)), format!("must be at least {min} {characters}"))
    }

    /// `Too few: <actual>: must have at least <min> items`.
    pub fn too_few(path: &Path<'_>, actual: usize, min: usize) -> Self {
        let items = if min == 1 { "item" } else { "items" };
        Self::make(ErrorType::TooFew, path, Some(actual.to_string()), format!("must have at least {min} {items}"))
    }

    /// `Too many: <actual>: must have at most <max> items`.
    pub fn too_many(path: &Path<'_>, actual: usize, max: usize) -> Self {
        let items = if max == 1 { "item" } else { "items" };
        Self::make(ErrorType::TooMany, path, Some(actual.to_string()), format!("must have at most {max} {items}"))
    }

    /// `Internal error: <detail>`.
    pub fn internal(path: &Path<'_>, detail: impl Into<String>) -> Self {
        Self::make(ErrorType::InternalError, path, None, detail)
    }

    /// The cause's message: the error without its field.
    pub fn body(&self) -> String {
        let mut text = self.kind.words().to_owned();
        if let Some(value) = &self.bad_value {
            text.push_str(": ");
            text.push_str(value);
        }
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}

/// The 422 for these errors (C-02-16): equal causes collapse, the message lists each once.
pub fn invalid(group: &str, kind: &str, name: &str, errors: &[Error]) -> Status {
    let mut causes: Vec<StatusCause> = Vec::new();
    let mut texts: Vec<String> = Vec::new();
    for e in errors {
        let cause = StatusCause { reason: e.kind.reason().to_owned(), message: e.body(), field: e.field.clone() };
        if !causes.iter().any(|c| c.field == cause.field && c.message == cause.message) {
            causes.push(cause);
        }
        let text = e.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let joined = if let [one] = texts.as_slice() { one.clone() } else { format!("[{}]", texts.join(", ")) };
    Status::invalid(group, kind, name, causes, &joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_print_as_upstream() {
        let spec = Path::new("spec");
        let containers = spec.child("containers");
        let first = containers.index(0);
        let limits = first.child("limits");
        assert_eq!(limits.key("cpu").to_string(), "spec.containers[0].limits[cpu]");
        assert_eq!(Path::ROOT.to_string(), "<nil>");
        assert_eq!(Path::ROOT.child("spec").to_string(), "spec");
        assert_eq!(Path::new("").to_string(), "[]");
    }

    #[test]
    fn several_errors_are_listed_once_each() {
        let p = Path::new("spec");
        let errors = [Error::required(&p, ""), Error::invalid(&p, "A", "no"), Error::required(&p, "")];
        let s = invalid("apps", "Deployment", "x", &errors);
        assert_eq!(s.message, "Deployment.apps \"x\" is invalid: [spec: Required value, spec: Invalid value: \"A\": no]");
        assert_eq!(s.details.unwrap().causes.len(), 2);
    }
}
