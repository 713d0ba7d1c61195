//! `View` of `views.minkapi.dev/v1`: a sandbox view as a Kubernetes object, so that `kubectl` can list, watch, make and
//! delete them.
//!
//! The kind is described as a custom resource is, by a definition, but the definition is part of the server.

use serde_json::{Value, json};

/// Its API group.
pub const GROUP: &str = "views.minkapi.dev";

/// The CustomResourceDefinition that describes the kind, as if it had been established.
pub fn definition() -> Value {
    let names = json!({"kind": "View", "listKind": "ViewList", "plural": "views", "singular": "view", "categories": ["minkapi"]});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "views.views.minkapi.dev", "generation": 1},
        "spec": {
            "group": GROUP,
            "scope": "Cluster",
            "names": names,
            "versions": [{
                "name": "v1",
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": schema()},
                "subresources": {"status": {}},
                "additionalPrinterColumns": columns(),
            }],
        },
        "status": {
            "acceptedNames": names,
            "conditions": [{"type": "Established", "status": "True"}, {"type": "NamesAccepted", "status": "True"}],
            "storedVersions": ["v1"],
        },
    })
}

fn schema() -> Value {
    let integer = |description: &str| json!({"type": "integer", "format": "int64", "minimum": 0, "description": description});
    let text = |description: &str| json!({"type": "string", "description": description});
    // What was forked cannot be changed afterwards, so these may neither change nor come or go.
    let fixed: Vec<Value> = ["from", "mode", "atRevision"]
        .map(|field| {
            let rule = format!("has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || self.{field} == oldSelf.{field})");
            json!({"rule": rule, "message": format!("{field} is immutable")})
        })
        .into();
    json!({
        "type": "object",
        "description": "View is a fork of the whole state of the server: a complete API server at a URL of its own.",
        "properties": {
            "spec": {
                "type": "object",
                "description": "How the view is forked, and how long it lives.",
                "default": {},
                "properties": {
                    "from": text("The view to fork; the base view by default."),
                    "mode": {
                        "type": "string",
                        "enum": ["live", "frozen"],
                        "default": "live",
                        "description": "Whether later changes of the parent are seen, for objects that the view has not changed itself.",
                    },
                    "atRevision": integer("The revision of the parent to start from; the current one by default."),
                    "ttlSeconds": {
                        "type": "integer", "format": "int64", "minimum": 1,
                        "description": "After so many seconds the view is deleted, unless other views were forked from it.",
                    },
                },
                "x-kubernetes-validations": fixed,
            },
            "status": {
                "type": "object",
                "description": "What the server tells of the view.",
                "properties": {
                    "revision": integer("The revision at which the view was forked."),
                    "changes": integer("How many objects the view has changed against its parent, as counted about every second."),
                    "url": text("Where its API is served."),
                    "kubeconfig": text("The file with its kubeconfig."),
                },
            },
        },
    })
}

fn columns() -> Value {
    json!([
        {"name": "From", "type": "string", "jsonPath": ".spec.from", "description": "The view it was forked from."},
        {"name": "Mode", "type": "string", "jsonPath": ".spec.mode", "description": "live or frozen."},
        {"name": "Revision", "type": "integer", "jsonPath": ".status.revision", "description": "The revision at which it was forked."},
        {"name": "Changes", "type": "integer", "jsonPath": ".status.changes", "description": "Objects that it has changed."},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp", "description": "How long ago it was made."},
        {"name": "TTL", "type": "integer", "jsonPath": ".spec.ttlSeconds", "priority": 1, "description": "Seconds that it lives."},
        {"name": "URL", "type": "string", "jsonPath": ".status.url", "priority": 1, "description": "Where its API is served."},
        {"name": "Kubeconfig", "type": "string", "jsonPath": ".status.kubeconfig", "priority": 1, "description": "Its kubeconfig."},
    ])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use crate::{Context, Strategy as _, served_resources};

    fn problems(new: &Value, old: Option<&Value>) -> Vec<String> {
        let served = served_resources(&definition()).pop().unwrap();
        let cx =
            Context { now: "", now_millis: 0, api_version: "views.minkapi.dev/v1", subresource: "", user: "", groups: &[], user_uid: "" };
        let errors = match old {
            Some(old) => served.strategy.validate_update(&cx, new, old),
            None => served.strategy.validate(&cx, new),
        };
        errors.iter().map(|e| e.to_string()).collect()
    }

    fn view(spec: &Value) -> Value {
        json!({"apiVersion": "views.minkapi.dev/v1", "kind": "View", "metadata": {"name": "a"}, "spec": spec})
    }

    #[test]
    fn the_definition_is_one_that_can_be_served() {
        let all = served_resources(&definition());
        assert_eq!(all.len(), 1);
        assert_eq!((&*all[0].resource.storage, all[0].resource.namespaced), ("views.views.minkapi.dev", false));
        assert!(all[0].served_as_stored);
    }

    #[test]
    fn a_mode_is_live_or_frozen() {
        assert_eq!(problems(&view(&json!({"mode": "frozen"})), None), Vec::<String>::new());
        assert!(problems(&view(&json!({"mode": "solid"})), None)[0].contains("supported values"));
    }

    #[test]
    fn only_the_time_to_live_may_change() {
        let old = view(&json!({"from": "base", "mode": "live"}));
        assert_eq!(problems(&view(&json!({"from": "base", "mode": "live", "ttlSeconds": 5})), Some(&old)), Vec::<String>::new());
        for changed in [
            json!({"from": "b", "mode": "live"}),
            json!({"from": "base", "mode": "frozen"}),
            json!({"from": "base", "mode": "live", "atRevision": 1}),
        ] {
            assert!(problems(&view(&changed), Some(&old))[0].contains("is immutable"));
        }
    }
}
