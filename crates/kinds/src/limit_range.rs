//! LimitRange: bounds and defaults for what containers, pods and claims ask for.

use crate::{
    Context, Strategy, Traits,
    pod_spec::{
        ResourceList, is_overcommit_allowed, resource_list, round_resources, validate_container_resource_name, validate_resource_name,
    },
    value::{field_mut, items, items_mut, map, object_mut, set, set_default, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
    quantity::Quantity,
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const LISTS: [&str; 5] = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

/// Amounts above this would overflow when counted in thousandths.
const MAX_MILLI_VALUE: i64 = i64::MAX / 1000;

/// The strategy of LimitRange.
#[derive(Debug)]
pub struct LimitRange;

impl Strategy for LimitRange {
    fn traits(&self) -> Traits {
        Traits { create_on_update: true, name_on_update: true, ..Traits::DEFAULT }
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = field_mut(object, "spec") else { return };
        for item in items_mut(spec, "limits") {
            if text(item, "type") == "Container" {
                fill(item, "default", "max");
                fill(item, "defaultRequest", "default");
                fill(item, "defaultRequest", "min");
            }
            LISTS.iter().for_each(|list| round_resources(item, list));
        }
    }

    /// One without a name is named after its uid.
    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        let Some(metadata) = field_mut(object, "metadata").filter(|metadata| text(metadata, "name").is_empty()) else { return };
        let uid = text(metadata, "uid").to_owned();
        set(metadata, "name", uid);
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        let spec = Path::new("spec");
        let path = spec.child("limits");
        let limits = object.get("spec").map_or(&[][..], |spec| items(spec, "limits"));
        let mut errors = ErrorList::new();
        for (i, item) in limits.iter().enumerate() {
            let path = path.index(i);
            let kind = text(item, "type");
            errors.extend(validate_type(kind, &path.child("type")));
            if limits.iter().take(i).any(|earlier| text(earlier, "type") == kind) {
                errors.push(Error::duplicate(&path.child("type"), kind));
            }
            errors.extend(validate_item(item, kind, &path));
        }
        errors
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> ErrorList {
        self.validate(cx, new)
    }
}

/// Copies the amounts of `from` that `to` does not have.
fn fill(item: &mut Value, to: &str, from: &str) {
    let source = map(item, from).cloned().unwrap_or_else(Map::new);
    if let Some(target) = object_mut(item, to) {
        for (name, amount) in source {
            set_default(target, &name, amount);
        }
    }
}

fn validate_type(kind: &str, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    invalid_each(&mut errors, path, kind, names::is_qualified_name(kind));
    if errors.is_empty() && !kind.contains('/') && !matches!(kind, "Pod" | "Container" | "PersistentVolumeClaim") {
        errors.push(Error::invalid(path, kind, "must be a standard limit type or fully qualified"));
    }
    errors
}

fn validate_name(errors: &mut ErrorList, name: &str, kind: &str, path: &Path<'_>) {
    match kind {
        "Pod" | "Container" => validate_container_resource_name(errors, name, path),
        _ => validate_resource_name(errors, name, path),
    }
}

fn validate_item(item: &Value, kind: &str, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut lists: [ResourceList; 5] = LISTS.map(|key| resource_list(item, key));
    for (key, list) in LISTS.iter().zip(&mut lists) {
        let path = path.child(key);
        if kind == "Pod" && matches!(*key, "default" | "defaultRequest") {
            if !list.is_empty() {
                errors.push(Error::forbidden(&path, "may not be specified when `type` is 'Pod'"));
                list.clear();
            }
            continue;
        }
        if kind == "PersistentVolumeClaim" && *key == "maxLimitRequestRatio" {
            errors.extend(storage_error(item, &path));
        }
        list.keys().for_each(|name| validate_name(&mut errors, name, kind, &path.key(name)));
    }
    let names: BTreeSet<&String> = lists.iter().flat_map(ResourceList::keys).collect();
    for name in names {
        errors.extend(Bounds::of(name, &lists).validate(path));
    }
    errors
}

fn storage_error(item: &Value, list: &Path<'_>) -> Option<Error> {
    let bounded = ["min", "max"].iter().any(|key| map(item, key).is_some_and(|m| m.contains_key("storage")));
    let path = list.to_string();
    let mut error = Error::required(list, "either minimum or maximum storage value is required, but neither was provided");
    error.field = format!("{}.limits", path.trim_end_matches(".maxLimitRequestRatio"));
    (!bounded).then_some(error)
}

/// What a limit range says of one resource.
struct Bounds<'a> {
    name: &'a str,
    max: Option<&'a Quantity>,
    min: Option<&'a Quantity>,
    default: Option<&'a Quantity>,
    request: Option<&'a Quantity>,
    ratio: Option<&'a Quantity>,
}

impl<'a> Bounds<'a> {
    fn of(name: &'a str, lists: &'a [ResourceList; 5]) -> Self {
        let [max, min, default, request, ratio] = lists.each_ref().map(|list| list.get(name));
        Self { name, max, min, default, request, ratio }
    }

    /// Minimum, default request, default and maximum must come in this order.
    fn validate(&self, path: &Path<'_>) -> ErrorList {
        let mut errors = ErrorList::new();
        let mut above =
            |field: &str, shown: Option<&Quantity>, low: (&str, Option<&Quantity>), word: &str, high: (&str, Option<&Quantity>)| {
                if let (Some(shown), (low_name, Some(low)), (high_name, Some(high))) = (shown, low, high)
                    && low > high
                {
                    let detail = format!("{low_name} value {low} {word} than {high_name} value {high}");
                    errors.push(Error::invalid(&path.child(field).key(self.name), shown.to_string(), detail));
                }
            };
        let greater = "is greater";
        above("min", self.min, ("min", self.min), greater, ("max", self.max));
        above("defaultRequest", self.request, ("min", self.min), greater, ("default request", self.request));
        above("defaultRequest", self.request, ("default request", self.request), greater, ("max", self.max));
        above("defaultRequest", self.request, ("default request", self.request), greater, ("default limit", self.default));
        above("default", self.min, ("min", self.min), greater, ("default", self.default));
        above("default", self.max, ("default", self.default), greater, ("max", self.max));
        errors.extend(self.validate_ratio(&path.child("maxLimitRequestRatio").key(self.name)));
        if let (false, Some(default), Some(request)) = (is_overcommit_allowed(self.name), self.default, self.request)
            && default != request
        {
            let detail = format!("default value {default} must equal to defaultRequest value {request} in {}", self.name);
            errors.push(Error::invalid(&path.child("defaultRequest").key(self.name), request.to_string(), detail));
        }
        errors
    }

    #[expect(clippy::cast_precision_loss, reason = "as upstream compares")]
    fn validate_ratio(&self, path: &Path<'_>) -> ErrorList {
        let mut errors = ErrorList::new();
        let Some(ratio) = self.ratio else { return errors };
        if ratio.cmp_i64(1).is_lt() {
            errors.push(Error::invalid(path, ratio.to_string(), format!("ratio {ratio} is less than 1")));
        }
        if let (Some(min), Some(max)) = (self.min, self.max) {
            let fine = [ratio, min, max].iter().all(|q| q.value() < MAX_MILLI_VALUE);
            let (asked, low, high) = if fine {
                (ratio.milli_value() as f64 / 1000.0, min.milli_value() as f64, max.milli_value() as f64)
            } else {
                (ratio.value() as f64, min.value() as f64, max.value() as f64)
            };
            let limit = high / low;
            if asked > limit {
                let detail = format!("ratio {ratio} is greater than max/min = {limit:.6}");
                errors.push(Error::invalid(path, ratio.to_string(), detail));
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    fn errors(item: Value) -> Vec<String> {
        texts(&LimitRange.validate(&Context::example(), &json!({"spec": {"limits": [item]}})))
    }

    #[test]
    fn containers_default_to_the_maximum_and_request_the_default() {
        let mut object = json!({"spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Mi"}}]}});
        LimitRange.default(&mut object);
        assert_eq!(
            object["spec"]["limits"][0],
            json!({
                "type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Mi"}, "default": {"cpu": "2"},
                "defaultRequest": {"cpu": "2", "memory": "1Mi"},
            })
        );
    }

    #[test]
    fn bounds_come_in_order() {
        assert_eq!(
            errors(json!({"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}})),
            ["spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1"]
        );
        assert_eq!(
            errors(json!({"type": "Container", "min": {"cpu": "1"}, "max": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": "4"}})),
            ["spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"4\": ratio 4 is greater than max/min = 2.000000"]
        );
    }

    #[test]
    fn types_are_known_and_claims_are_bounded() {
        assert_eq!(
            errors(json!({"type": "Node"})),
            ["spec.limits[0].type: Invalid value: \"Node\": must be a standard limit type or fully qualified"]
        );
        assert_eq!(
            errors(json!({"type": "PersistentVolumeClaim"})),
            ["spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided"]
        );
        assert_eq!(
            errors(json!({"type": "Pod", "default": {"cpu": "1"}})),
            ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"]
        );
    }
}
