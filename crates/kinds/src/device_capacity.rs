//! How much of a device's capacity one request may take.

use crate::{
    resource_quantity::read,
    value::{field, flag, has, items},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    quantity::{Format, Quantity},
};
use serde_json::Value;
use std::collections::BTreeSet;

const MAX_OPTIONS: usize = 10;

/// Everything wrong with one capacity of a device.
pub fn validate(errors: &mut ErrorList, device: &Value, capacity: &Value, path: &Path<'_>) {
    let Some(policy) = field(capacity, "requestPolicy") else { return };
    let path = path.child("requestPolicy");
    if !flag(device, "allowMultipleAllocations") {
        errors.push(Error::forbidden(&path, "allowMultipleAllocations must be true"));
        return;
    }
    let (values, range) = (items(policy, "validValues"), field(policy, "validRange"));
    let all = read(field(capacity, "value"));
    let default = field(policy, "default").map(|d| read(Some(d)));
    match (values.is_empty(), range, default) {
        (false, Some(_), _) => {
            let why = "exactly one policy can be specified, cannot specify \"validValues\" and \"validRange\" at the same time";
            errors.push(Error::forbidden(&path, why));
        }
        (false, None, None) => errors.push(Error::required(&path.child("default"), "required when validValues is defined")),
        (true, Some(_), None) => errors.push(Error::required(&path.child("default"), "required when validRange is defined")),
        (false, None, Some(default)) => validate_values(errors, values, &default, &all, &path.child("validValues")),
        (true, Some(range), Some(default)) => validate_range(errors, range, &default, &all, &path.child("validRange")),
        (true, None, _) => {}
    }
}

fn validate_values(errors: &mut ErrorList, values: &[Value], default: &Quantity, all: &Quantity, path: &Path<'_>) {
    let values: Vec<Quantity> = values.iter().map(|v| read(Some(v))).collect();
    for (i, pair) in values.windows(2).enumerate() {
        if let [a, b] = pair
            && a > b
        {
            errors.push(Error::invalid(&path.index(i + 1), b.to_string(), "values must be sorted in ascending order"));
        }
    }
    if values.len() > MAX_OPTIONS {
        errors.push(Error::too_many(path, values.len(), MAX_OPTIONS));
    } else {
        for (i, value) in values.iter().enumerate().filter(|(_, v)| *v > all) {
            errors.push(Error::invalid(&path.index(i), value.to_string(), format!("option is larger than capacity value: {all}")));
        }
        let mut seen = BTreeSet::new();
        for (i, value) in values.iter().enumerate() {
            if !seen.insert(value.milli_value()) {
                errors.push(Error::duplicate(&path.index(i), value.to_string()));
            }
        }
        if values.iter().any(|v| v == default) {
            return;
        }
    }
    errors.push(Error::invalid(path, default.to_string(), "default value is not valid according to the requestPolicy"));
}

fn validate_range(errors: &mut ErrorList, range: &Value, default: &Quantity, all: &Quantity, path: &Path<'_>) {
    let bound = |key: &str| field(range, key).map(|v| read(Some(v)));
    let Some(min) = bound("min") else {
        errors.push(Error::required(&path.child("min"), "required when validRange is defined"));
        return;
    };
    let (max, step) = (bound("max"), bound("step"));
    let mut tell = |key: &str, value: &Quantity, why: String| errors.push(Error::invalid(&path.child(key), value.to_string(), why));
    if min > *all {
        tell("min", &min, format!("min is larger than capacity value: {all}"));
    }
    if *default < min {
        tell("default", default, format!("default is less than min: {min}"));
    }
    if let Some(max) = &max {
        if min > *max {
            tell("max", &min, format!("min is larger than max: {max}"));
        }
        if max > all {
            tell("max", max, format!("max is larger than capacity value: {all}"));
        }
        if default > max {
            tell("default", default, format!("default is more than max: {max}"));
        }
    }
    let named = [("default", Some(default)), ("min", Some(&min)), ("max", max.as_ref()), ("step", step.as_ref())];
    let fractional = named.iter().filter_map(|(_, q)| *q).any(|q| Quantity::new(q.value(), Format::DecimalSi) != *q);
    if fractional {
        let unsafe_values: Vec<_> = named.iter().filter_map(|(key, q)| q.map(|q| (key, q))).filter(|(_, q)| !is_milli(q)).collect();
        for (key, value) in &unsafe_values {
            tell(key, value, "value cannot be represented as a milli value".to_owned());
        }
        if !unsafe_values.is_empty() {
            return;
        }
    }
    let Some(step) = step else { return };
    if step.sign() <= 0 {
        tell("step", &step, "must be greater than zero".to_owned());
        return;
    }
    let mut added = min.clone();
    added.add(&step);
    if added > *all {
        tell("step", &step, format!("one step {added} is larger than capacity value: {all}"));
    }
    let whole = |q: &Quantity| if fractional { q.milli_value() } else { q.value() };
    for value in std::iter::once(default).chain(max.as_ref()) {
        if whole(&step) != 0 && whole(value).wrapping_sub(whole(&min)).wrapping_rem(whole(&step)) != 0 {
            tell("step", value, format!("value is not a multiple of a given step ({step}) from ({min})"));
        }
    }
}

fn is_milli(quantity: &Quantity) -> bool {
    Quantity::from_milli(quantity.milli_value(), Format::DecimalSi) == *quantity
}

/// How a device's capacities and overheads count against the node's own resources.
pub fn validate_node_resources(errors: &mut ErrorList, device: &Value, path: &Path<'_>) {
    for (resource, mapping) in crate::value::entries(device, "nodeAllocatableResources") {
        let path = path.key(resource);
        if !has(mapping, "mapping") && !has(mapping, "overhead") {
            errors.push(Error::required(&path, "at least one of mapping or overhead must be set"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    fn check(policy: Value) -> Vec<String> {
        let mut errors = ErrorList::new();
        let capacity = json!({"value": "10", "requestPolicy": policy});
        validate(&mut errors, &json!({"allowMultipleAllocations": true}), &capacity, &Path::new("c"));
        texts(&errors)
    }

    #[test]
    fn the_default_is_one_of_the_values() {
        assert!(check(json!({"default": "2", "validValues": ["1", "2"]})).is_empty());
        assert_eq!(
            check(json!({"default": "3", "validValues": ["2", "1", "20"]})),
            [
                "c.requestPolicy.validValues[1]: Invalid value: \"1\": values must be sorted in ascending order",
                "c.requestPolicy.validValues[2]: Invalid value: \"20\": option is larger than capacity value: 10",
                "c.requestPolicy.validValues: Invalid value: \"3\": default value is not valid according to the requestPolicy",
            ]
        );
    }

    #[test]
    fn the_default_is_some_steps_from_the_least() {
        assert!(check(json!({"default": "5", "validRange": {"min": "1", "step": "2"}})).is_empty());
        assert_eq!(
            check(json!({"default": "4", "validRange": {"min": "1", "step": "2"}})),
            ["c.requestPolicy.validRange.step: Invalid value: \"4\": value is not a multiple of a given step (2) from (1)"]
        );
    }
}
