//! Pods outlive an unready or unreachable node by five minutes unless they say otherwise (C-03-43).

use crate::{Attributes, Cluster, Operation, Plugin};
use minkapi_object::Status;
use serde_json::{Value, json};

const SECONDS: i64 = 300;

const TAINTS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

#[derive(Debug)]
pub(crate) struct DefaultTolerationSeconds;

impl Plugin for DefaultTolerationSeconds {
    fn name(&self) -> &'static str {
        "DefaultTolerationSeconds"
    }

    fn admit(&self, attributes: &mut Attributes<'_>, _: &dyn Cluster) -> Result<(), Status> {
        if !attributes.is("", "pods") || !matches!(attributes.operation, Operation::Create | Operation::Update) {
            return Ok(());
        }
        let tolerations = &mut attributes.object["spec"]["tolerations"];
        let mut list = tolerations.as_array().cloned().unwrap_or_default();
        let missing: Vec<&str> = TAINTS.into_iter().filter(|taint| !list.iter().any(|t| tolerates(t, taint))).collect();
        list.extend(
            missing.iter().map(|key| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS})),
        );
        *tolerations = list.into();
        Ok(())
    }
}

fn tolerates(toleration: &Value, taint: &str) -> bool {
    let text = |key: &str| toleration[key].as_str().unwrap_or_default();
    (text("key").is_empty() || text("key") == taint) && matches!(text("effect"), "" | "NoExecute")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};

    fn tolerations(given: Value) -> Value {
        let mut request = Request::create("", "v1", "Pod", json!({"metadata": {"namespace": "x"}, "spec": {"tolerations": given}}));
        request.admit(&DefaultTolerationSeconds, &FakeCluster::default()).unwrap();
        request.object["spec"]["tolerations"].take()
    }

    #[test]
    fn both_tolerations_are_added() {
        assert_eq!(
            tolerations(Value::Null),
            json!([
                {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            ])
        );
    }

    #[test]
    fn a_pod_that_says_something_of_a_taint_keeps_its_own() {
        let everything = json!([{"operator": "Exists"}]);
        assert_eq!(tolerations(everything.clone()), everything);
        let own = json!([{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}]);
        assert_eq!(tolerations(own).as_array().unwrap().len(), 2);
        let other = json!([{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoSchedule"}]);
        assert_eq!(tolerations(other).as_array().unwrap().len(), 3);
    }
}
