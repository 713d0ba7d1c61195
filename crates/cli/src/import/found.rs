//! Objects as they were found, and the order in which they are brought in.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

/// An object with `apiVersion` and `kind`, as JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Lower ones are brought in first.
    pub rank: usize,
    /// The object.
    pub json: String,
}

/// What others are refused without, in order; then everything else.
const FIRST: [&str; 10] = [
    "CustomResourceDefinition",
    "Namespace",
    "PriorityClass",
    "StorageClass",
    "RuntimeClass",
    "ServiceAccount",
    "LimitRange",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
];

/// What comes after everything else: quotas would count what is brought in, webhooks and policies would be asked.
const LAST: [&str; 8] = [
    "Pod",
    "ResourceQuota",
    "Event",
    "APIService",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
];

/// The place of a kind in the order.
pub fn rank(kind: &str) -> usize {
    let first = FIRST.iter().position(|k| *k == kind);
    let last = LAST.iter().position(|k| *k == kind).map(|at| FIRST.len() + 1 + at);
    first.or(last).unwrap_or(FIRST.len())
}

/// As much of a document as has to be known of it. Items stay text, since dumps are large.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

/// Adds the object that a JSON document is, or those of which it is a list. What is neither is refused with a reason.
///
/// # Errors
/// The text is no JSON object, or has no kind.
pub fn add(json: &str, objects: &mut Vec<Found>) -> Result<(), String> {
    let head: Head<'_> = serde_json::from_str(json).map_err(|err| err.to_string())?;
    let Some(items) = head.items else {
        if head.kind.is_empty() || head.api_version.is_empty() {
            return Err("an object without apiVersion or kind".to_owned());
        }
        objects.push(Found { rank: rank(&head.kind), json: json.to_owned() });
        return Ok(());
    };
    let item_kind = head.kind.strip_suffix("List").unwrap_or_default();
    objects.reserve(items.len());
    for item in items {
        add_item(item.get(), &head.api_version, item_kind, objects)?;
    }
    Ok(())
}

/// Adds an item of a list, which need not say of which kind it is.
fn add_item(json: &str, api_version: &str, kind: &str, objects: &mut Vec<Found>) -> Result<(), String> {
    let head: Head<'_> = serde_json::from_str(json).map_err(|err| err.to_string())?;
    if !head.kind.is_empty() || kind.is_empty() {
        return add(json, objects);
    }
    let mut object: Value = serde_json::from_str(json).map_err(|err| err.to_string())?;
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.into();
    objects.push(Found { rank: rank(kind), json: object.to_string() });
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn definitions_and_namespaces_come_before_what_needs_them_and_pods_late() {
        let mut kinds = ["Pod", "Gadget", "Namespace", "Node", "CustomResourceDefinition", "Event"];
        kinds.sort_by_key(|kind| rank(kind));
        assert_eq!(kinds, ["CustomResourceDefinition", "Namespace", "Node", "Gadget", "Pod", "Event"]);
    }

    #[test]
    fn items_of_a_typed_list_get_its_kind() {
        let mut objects = Vec::new();
        add(r#"{"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"a"}}]}"#, &mut objects).unwrap();
        let object: Value = serde_json::from_str(&objects[0].json).unwrap();
        assert_eq!((object["kind"].as_str(), object["apiVersion"].as_str()), (Some("Pod"), Some("v1")));
    }

    #[test]
    fn items_of_a_dump_say_themselves_what_they_are() {
        let mut objects = Vec::new();
        add(
            r#"{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Node"},{"apiVersion":"v1","kind":"Pod"}]}"#,
            &mut objects,
        )
        .unwrap();
        assert_eq!(objects.len(), 2);
        assert!(add(r#"{"metadata":{}}"#, &mut objects).is_err());
    }
}
