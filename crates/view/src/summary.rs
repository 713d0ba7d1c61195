//! What a simulation asks of a view: what is bound where, and how much is left.

use crate::View;
use minkapi_object::Object;
use minkapi_schema::quantity::Quantity;
use minkapi_store::Kind;
use serde_json::Value;
use std::collections::BTreeMap;

/// Resources, in the units in which they are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amounts {
    /// CPU in thousandths of a core.
    pub cpu_millis: i64,
    /// Memory in bytes.
    pub memory_bytes: i64,
    /// GPUs: every requested extended resource whose name ends in `/gpu`.
    pub gpus: i64,
}

/// One node's share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeUse {
    /// Pods assigned to it that have not ended.
    pub pods: i64,
    /// What they request.
    pub requested: Amounts,
}

/// What a view holds, as far as scheduling goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Nodes.
    pub nodes: i64,
    /// Pods that have not ended and are assigned to a node.
    pub bound: i64,
    /// Pods that have not ended and are not assigned.
    pub pending: i64,
    /// What bound pods request by node; nodes without pods are left out.
    pub by_node: BTreeMap<String, NodeUse>,
    /// How many objects the view has changed against its parent.
    pub changes: usize,
}

impl Summary {
    /// Nodes that have pods.
    pub fn nodes_used(&self) -> usize {
        self.by_node.len()
    }

    /// What all bound pods request.
    pub fn requested(&self) -> Amounts {
        self.by_node.values().fold(Amounts::default(), |sum, node| Amounts {
            cpu_millis: sum.cpu_millis + node.requested.cpu_millis,
            memory_bytes: sum.memory_bytes + node.requested.memory_bytes,
            gpus: sum.gpus + node.requested.gpus,
        })
    }

    /// Counts a pod in (1) or out (-1).
    fn count_pod(&mut self, pod: &Value, sign: i64) {
        if matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) {
            return;
        }
        let node = pod["spec"]["nodeName"].as_str().unwrap_or_default();
        if node.is_empty() {
            self.pending += sign;
            return;
        }
        self.bound += sign;
        let used = self.by_node.entry(node.to_owned()).or_default();
        let request = requests(&pod["spec"]);
        used.pods += sign;
        used.requested.cpu_millis += sign * request.cpu_millis;
        used.requested.memory_bytes += sign * request.memory_bytes;
        used.requested.gpus += sign * request.gpus;
        if used.pods == 0 {
            self.by_node.remove(node);
        }
    }
}

impl View {
    /// Looks at every pod of the view. For many forks of one view, [`View::summaries`] looks at what they changed only.
    pub fn summary(&self) -> Summary {
        let snapshot = self.snapshot();
        let mut summary = Summary { changes: self.change_count(), ..Summary::default() };
        summary.nodes = i64::try_from(snapshot.len(Kind::new("nodes"))).unwrap_or(i64::MAX);
        for (_, pod) in snapshot.range(Kind::new("pods"), None, None) {
            summary.count_pod(&pod.to_value(), 1);
        }
        summary
    }

    /// Summaries of this view and of forks of it, in the order given. Costs one look at this view and one at each change
    /// of a fork. A fork of another view is looked at as a whole.
    pub fn summaries(&self, forks: &[Self]) -> (Summary, Vec<Summary>) {
        let own = self.summary();
        let all = forks.iter().map(|fork| if fork.is_live_fork_of(self) { fork.summary_from(&own) } else { fork.summary() }).collect();
        (own, all)
    }

    fn is_live_fork_of(&self, parent: &Self) -> bool {
        self.made_with().is_some_and(|made| !made.frozen && made.from == parent.name())
    }

    fn summary_from(&self, parent: &Summary) -> Summary {
        let changes = self.store.changes();
        let mut summary = Summary { changes: changes.len(), ..parent.clone() };
        let Some(theirs) = self.parent().map(|p| p.snapshot()) else { return self.summary() };
        for change in changes {
            let before = theirs.get(change.kind, &change.key);
            match change.kind.name() {
                "pods" => {
                    let value = |object: &Object| object.to_value();
                    if let Some(pod) = before {
                        summary.count_pod(&value(&pod), -1);
                    }
                    if let Some(pod) = change.own {
                        summary.count_pod(&value(&pod), 1);
                    }
                }
                "nodes" => summary.nodes += i64::from(change.own.is_some()) - i64::from(before.is_some()),
                _ => {}
            }
        }
        summary
    }
}

/// What a pod requests of its node: its containers together or its greatest init container, and its overhead.
fn requests(spec: &Value) -> Amounts {
    let of = |resources: &Value| Amounts {
        cpu_millis: amount(&resources["cpu"], Quantity::milli_value),
        memory_bytes: amount(&resources["memory"], Quantity::value),
        gpus: resources.as_object().map_or(0, |all| all.iter().filter(|(k, _)| k.ends_with("/gpu")).map(|(_, v)| amount(v, Quantity::value)).sum()),
    };
    let each = |list: &str| -> Vec<Amounts> {
        spec[list].as_array().into_iter().flatten().map(|c| of(&c["resources"]["requests"])).collect()
    };
    let mut total = each("containers").into_iter().chain([of(&spec["overhead"])]).fold(Amounts::default(), |a, b| Amounts {
        cpu_millis: a.cpu_millis + b.cpu_millis,
        memory_bytes: a.memory_bytes + b.memory_bytes,
        gpus: a.gpus + b.gpus,
    });
    for init in each("initContainers") {
        total.cpu_millis = total.cpu_millis.max(init.cpu_millis);
        total.memory_bytes = total.memory_bytes.max(init.memory_bytes);
        total.gpus = total.gpus.max(init.gpus);
    }
    total
}

fn amount(value: &Value, unit: impl Fn(&Quantity) -> i64) -> i64 {
    value.as_str().and_then(|text| text.parse().ok()).map_or(0, |q| unit(&q))
}
