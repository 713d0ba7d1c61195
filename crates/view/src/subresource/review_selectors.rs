//! Selectors in access reviews: what of them cannot be understood is left out, and told of.

use minkapi_object::{FieldSelector, LabelOperator, LabelRequirement, LabelSelector};
use serde_json::Value;

/// What an answer says of the selectors that were asked for; None when all of both is understood.
pub(super) fn evaluation_error(resource_attributes: &Value) -> Option<String> {
    let (field, label) = (&resource_attributes["fieldSelector"], &resource_attributes["labelSelector"]);
    let problems = [
        told("fieldSelector", understood(field, |raw| FieldSelector::parse(raw).is_ok(), is_field_requirement)),
        told("labelSelector", understood(label, |raw| LabelSelector::parse(raw).is_ok(), is_label_requirement)),
    ];
    let problems: Vec<String> = problems.into_iter().flatten().collect();
    (!problems.is_empty()).then(|| problems.join("; "))
}

/// How much of a selector is understood.
#[derive(Debug, PartialEq, Eq)]
enum Understood {
    All,
    Some,
    Nothing,
}

fn understood(selector: &Value, parses: impl Fn(&str) -> bool, is_requirement: impl Fn(&Value) -> bool) -> Understood {
    if let Some(raw) = selector["rawSelector"].as_str().filter(|raw| !raw.is_empty()) {
        return if parses(raw) { Understood::All } else { Understood::Nothing };
    }
    let requirements = selector["requirements"].as_array().map_or(&[][..], Vec::as_slice);
    match requirements.iter().filter(|requirement| is_requirement(requirement)).count() {
        good if good == requirements.len() => Understood::All,
        0 => Understood::Nothing,
        _ => Understood::Some,
    }
}

fn told(name: &str, understood: Understood) -> Option<String> {
    let how = match understood {
        Understood::All => return None,
        Understood::Some => "partially ignored",
        Understood::Nothing => "ignored",
    };
    Some(format!("spec.resourceAttributes.{name} {how} due to parse error"))
}

/// Field selectors know equality alone.
fn is_field_requirement(requirement: &Value) -> bool {
    let values = requirement["values"].as_array().map_or(0, Vec::len);
    matches!(requirement["operator"].as_str(), Some("In" | "NotIn")) && values == 1
}

fn is_label_requirement(requirement: &Value) -> bool {
    let operator = match requirement["operator"].as_str() {
        Some("In") => LabelOperator::In,
        Some("NotIn") => LabelOperator::NotIn,
        Some("Exists") => LabelOperator::Exists,
        Some("DoesNotExist") => LabelOperator::DoesNotExist,
        _ => return false,
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let values = requirement["values"].as_array().into_iter().flatten().map(text).collect();
    LabelRequirement::new(text(&requirement["key"]), operator, values).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_understood_is_told() {
        let requirement = |operator: &str, values: Value| json!({"key": "a", "operator": operator, "values": values});
        let of = |selector: Value| evaluation_error(&json!({"fieldSelector": selector}));
        assert_eq!(of(json!({"rawSelector": "a=b"})), None);
        assert_eq!(
            of(json!({"requirements": [requirement("In", json!(["x"])), requirement("In", json!(["x", "y"]))]})).as_deref(),
            Some("spec.resourceAttributes.fieldSelector partially ignored due to parse error")
        );
        let label = json!({"labelSelector": {"requirements": [requirement("Foo", json!([]))]}});
        assert_eq!(evaluation_error(&label).as_deref(), Some("spec.resourceAttributes.labelSelector ignored due to parse error"));
    }
}
