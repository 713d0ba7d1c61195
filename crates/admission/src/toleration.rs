//! Tolerations of several sources as one list.

use serde_json::Value;

/// Both lists in order, without those that another one covers.
pub(crate) fn merge(first: &[Value], second: &[Value]) -> Vec<Value> {
    let all: Vec<&Value> = first.iter().chain(second).collect();
    let mut merged: Vec<Value> = Vec::new();
    for (i, toleration) in all.iter().enumerate() {
        let covered = merged.iter().any(|earlier| covers(earlier, toleration));
        let covered_later = all.iter().skip(i + 1).any(|later| later != toleration && covers(later, toleration));
        if !covered && !covered_later {
            merged.push((*toleration).clone());
        }
    }
    merged
}

/// Whether `wide` tolerates everything that `narrow` does.
fn covers(wide: &Value, narrow: &Value) -> bool {
    if wide == narrow {
        return true;
    }
    let text = |t: &Value, key: &str| t[key].as_str().unwrap_or_default().to_owned();
    let wide_text = |key: &str| text(wide, key);
    if text(narrow, "key") != wide_text("key") && (!wide_text("key").is_empty() || wide_text("operator") != "Exists") {
        return false;
    }
    if text(narrow, "effect") != wide_text("effect") && !wide_text("effect").is_empty() {
        return false;
    }
    if wide_text("effect") == "NoExecute"
        && let Some(seconds) = wide["tolerationSeconds"].as_i64()
        && narrow["tolerationSeconds"].as_i64().is_none_or(|own| own > seconds)
    {
        return false;
    }
    match &*wide_text("operator") {
        "" | "Equal" => text(narrow, "operator") == "Equal" && text(narrow, "value") == wide_text("value"),
        "Exists" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_toleration_that_another_covers_is_left_out() {
        let narrow = [json!({"key": "a", "operator": "Equal", "value": "x", "effect": "NoSchedule"})];
        let wide = [json!({"key": "a", "operator": "Exists"})];
        assert_eq!(merge(&narrow, &wide), wide);
        assert_eq!(merge(&wide, &narrow), wide);
        assert_eq!(merge(&wide, &wide), wide);
    }

    #[test]
    fn one_that_lasts_longer_is_kept() {
        let short = [json!({"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 10})];
        let long = [json!({"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 20})];
        assert_eq!(merge(&short, &long), long);
    }
}
