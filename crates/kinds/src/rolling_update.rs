//! Numbers of pods that are given as such or in percent.

use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

/// Everything wrong with a number of pods, or percentage of them, that must not be negative.
pub fn validate_int_or_percent(value: Option<&Value>, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    match value {
        Some(Value::String(percent)) => invalid_each(&mut errors, path, percent, names::is_valid_percent(percent)),
        other => errors.extend(crate::object_meta::non_negative(other.and_then(Value::as_i64).unwrap_or_default(), path)),
    }
    errors
}

/// Wrong if it is a percentage above 100.
pub fn validate_not_more_than_100_percent(value: Option<&Value>, path: &Path<'_>) -> Option<Error> {
    let text = value?.as_str()?;
    (percent(text)? > 100).then(|| Error::invalid(path, text, "must not be greater than 100%"))
}

/// The number, or how many percent.
pub fn amount(value: Option<&Value>) -> i64 {
    match value {
        Some(Value::String(text)) => percent(text).unwrap_or_else(|| text.parse().unwrap_or_default()),
        other => other.and_then(Value::as_i64).unwrap_or_default(),
    }
}

fn percent(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('%').filter(|_| names::is_valid_percent(text).is_empty())?;
    Some(digits.parse().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn text_must_be_a_percentage() {
        assert!(texts(&validate_int_or_percent(Some(&json!("5")), &Path::new("p")))[0].contains("a valid percent string"));
        assert!(validate_int_or_percent(Some(&json!("5%")), &Path::new("p")).is_empty());
        assert_eq!(
            texts(&validate_int_or_percent(Some(&json!(-1)), &Path::new("p"))),
            ["p: Invalid value: -1: must be greater than or equal to 0"]
        );
    }

    #[test]
    fn amounts_of_both_forms() {
        assert_eq!((amount(Some(&json!("25%"))), amount(Some(&json!(3))), amount(Some(&json!("x"))), amount(None)), (25, 3, 0, 0));
        assert!(validate_not_more_than_100_percent(Some(&json!("101%")), &Path::new("p")).is_some());
        assert!(validate_not_more_than_100_percent(Some(&json!(101)), &Path::new("p")).is_none());
    }
}
