//! Label selectors (C-05-30).

use crate::Labels;

/// How a requirement compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the API's")]
pub enum LabelOperator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// One comma-separated part of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelRequirement {
    /// Label key.
    pub key: String,
    /// Comparison.
    pub operator: LabelOperator,
    /// Values to compare with; sorted.
    pub values: Vec<String>,
}

/// A parsed label selector; all requirements must hold. The empty one matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelSelector {
    /// The requirements, sorted by key.
    pub requirements: Vec<LabelRequirement>,
}

/// Why a selector is refused, with kube-apiserver's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseLabelSelectorError(pub String);

impl LabelSelector {
    /// Parses `a=b,c in (d,e),!f,g>5`.
    pub fn parse(text: &str) -> Result<Self, ParseLabelSelectorError> {
        let _ = text;
        Ok(Self::default())
    }

    /// Whether every requirement holds for `labels`.
    pub fn matches(&self, labels: &Labels) -> bool {
        let _ = labels;
        true
    }
}
