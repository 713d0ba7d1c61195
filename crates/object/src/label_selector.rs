//! Label selectors (C-05-30).

mod parse;
mod syntax;

use crate::Labels;
use serde_json::Value;
use std::fmt;

/// How a requirement compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the API's")]
pub enum LabelOperator {
    Equals,
    NotEquals,
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
    /// Values to compare with; sorted, each once.
    pub values: Vec<String>,
}

/// A parsed label selector; all requirements must hold. The empty one matches everything.
///
/// ```
/// use minkapi_object::{LabelSelector, Labels};
///
/// let selector = LabelSelector::parse("app=web, tier in (front, edge), !canary")?;
/// assert!(selector.matches(&Labels::new([("app", "web"), ("tier", "edge")])));
/// assert!(!selector.matches(&Labels::new([("app", "web")])));
/// assert_eq!(selector.to_string(), "app=web,!canary,tier in (edge,front)");
/// # Ok::<(), minkapi_object::ParseLabelSelectorError>(())
/// ```
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
    ///
    /// # Errors
    /// In the words of apimachinery's `labels.Parse`.
    pub fn parse(text: &str) -> Result<Self, ParseLabelSelectorError> {
        parse::parse(text).map(Self::sorted).map_err(ParseLabelSelectorError)
    }

    /// Reads a `meta/v1` LabelSelector (`matchLabels` and `matchExpressions`). An empty one selects everything; that
    /// an absent one usually selects nothing is the caller's business.
    ///
    /// # Errors
    /// In the words of apimachinery's `LabelSelectorAsSelector`.
    pub fn from_value(selector: &Value) -> Result<Self, ParseLabelSelectorError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut requirements = Vec::new();
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            requirements.push(LabelRequirement::new(key.clone(), LabelOperator::Equals, vec![text(value)])?);
        }
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let operator = match expression["operator"].as_str().unwrap_or_default() {
                "In" => LabelOperator::In,
                "NotIn" => LabelOperator::NotIn,
                "Exists" => LabelOperator::Exists,
                "DoesNotExist" => LabelOperator::DoesNotExist,
                other => {
                    let message = format!("{} is not a valid label selector operator", syntax::quote(other));
                    return Err(ParseLabelSelectorError(message));
                }
            };
            let values = expression["values"].as_array().into_iter().flatten().map(text).collect();
            requirements.push(LabelRequirement::new(text(&expression["key"]), operator, values)?);
        }
        Ok(Self::sorted(requirements))
    }

    fn sorted(mut requirements: Vec<LabelRequirement>) -> Self {
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Self { requirements }
    }

    /// Whether every requirement holds for `labels`.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|r| r.matches(labels))
    }

    /// Whether this matches everything.
    pub const fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }
}

impl LabelRequirement {
    /// A requirement whose key and values are valid.
    ///
    /// # Errors
    /// In the words of apimachinery's `labels.NewRequirement`.
    pub fn new(key: String, operator: LabelOperator, mut values: Vec<String>) -> Result<Self, ParseLabelSelectorError> {
        values.sort_unstable();
        values.dedup();
        let requirement = Self { key, operator, values };
        let errors = syntax::requirement_errors(&requirement);
        match errors.as_slice() {
            [] => Ok(requirement),
            [one] => Err(ParseLabelSelectorError(one.clone())),
            several => Err(ParseLabelSelectorError(format!("[{}]", several.join(", ")))),
        }
    }

    /// Whether it holds for `labels`.
    pub fn matches(&self, labels: &Labels) -> bool {
        use LabelOperator as Op;
        let value = labels.get(&self.key);
        let is_one_of = |value: &str| self.values.iter().any(|v| v == value);
        match self.operator {
            Op::Equals | Op::In => value.is_some_and(is_one_of),
            // These hold for objects without the label too.
            Op::NotEquals | Op::NotIn => !value.is_some_and(is_one_of),
            Op::Exists => value.is_some(),
            Op::DoesNotExist => value.is_none(),
            Op::GreaterThan => self.compare(value).is_some_and(|(label, bound)| label > bound),
            Op::LessThan => self.compare(value).is_some_and(|(label, bound)| label < bound),
        }
    }

    fn compare(&self, value: Option<&str>) -> Option<(i64, i64)> {
        Some((value?.parse().ok()?, self.values.first()?.parse().ok()?))
    }
}

impl fmt::Display for LabelSelector {
    /// In the canonical form, as in `status.selector` of a Scale.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, requirement) in self.requirements.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            requirement.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for LabelRequirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use LabelOperator as Op;
        let (key, values) = (&self.key, self.values.join(","));
        match self.operator {
            Op::Equals => write!(f, "{key}={values}"),
            Op::NotEquals => write!(f, "{key}!={values}"),
            Op::In => write!(f, "{key} in ({values})"),
            Op::NotIn => write!(f, "{key} notin ({values})"),
            Op::Exists => write!(f, "{key}"),
            Op::DoesNotExist => write!(f, "!{key}"),
            Op::GreaterThan => write!(f, "{key}>{values}"),
            Op::LessThan => write!(f, "{key}<{values}"),
        }
    }
}

impl std::str::FromStr for LabelSelector {
    type Err = ParseLabelSelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests;
