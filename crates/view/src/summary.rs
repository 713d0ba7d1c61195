//! What a simulation asks of a view: what is bound where, and how much of the nodes is taken.

use crate::View;
use minkapi_object::Object;
use minkapi_schema::quantity::Quantity;
use minkapi_store::{Kind, Snapshot};
use parking_lot::Mutex;
use serde::Deserialize;
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    ops::AddAssign,
    sync::Arc,
};

/// Resources, in the units in which they are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amounts {
    /// CPU in thousandths of a core.
    pub cpu_millis: i64,
    /// Memory in bytes.
    pub memory_bytes: i64,
    /// GPUs: every extended resource whose name ends in `/gpu`.
    pub gpus: i64,
}

// Sums that 64 bits do not hold wrap, and are right again when the objects are gone that ask for so much.
impl Amounts {
    const fn times(self, factor: i64) -> Self {
        Self {
            cpu_millis: self.cpu_millis.wrapping_mul(factor),
            memory_bytes: self.memory_bytes.wrapping_mul(factor),
            gpus: self.gpus.wrapping_mul(factor),
        }
    }

    fn max(self, other: Self) -> Self {
        Self {
            cpu_millis: self.cpu_millis.max(other.cpu_millis),
            memory_bytes: self.memory_bytes.max(other.memory_bytes),
            gpus: self.gpus.max(other.gpus),
        }
    }
}

impl AddAssign for Amounts {
    fn add_assign(&mut self, other: Self) {
        self.cpu_millis = self.cpu_millis.wrapping_add(other.cpu_millis);
        self.memory_bytes = self.memory_bytes.wrapping_add(other.memory_bytes);
        self.gpus = self.gpus.wrapping_add(other.gpus);
    }
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
    /// What the nodes can give to pods.
    pub allocatable: Amounts,
    /// Pods that have not ended and are assigned to a node.
    pub bound: i64,
    /// Pods that have not ended and are not assigned.
    pub pending: i64,
    /// What all bound pods request.
    pub requested: Amounts,
    /// What bound pods request by node; nodes without pods are left out.
    pub by_node: BTreeMap<Arc<str>, NodeUse>,
    /// How many objects the view has changed against its parent.
    pub changes: usize,
}

impl Summary {
    /// Nodes that have pods.
    pub fn nodes_used(&self) -> usize {
        self.by_node.len()
    }

    /// Counts an object in (1) or out (-1).
    fn count(&mut self, kind: Kind, object: Option<&Arc<Object>>, sign: i64) {
        let Some(object) = object else { return };
        let mut json = Vec::with_capacity(4096);
        object.write_typed("v1", "", &mut json);
        if kind.name() == NODES {
            self.nodes += sign;
            let node: Node<'_> = serde_json::from_slice(&json).unwrap_or_default();
            self.allocatable += amounts(&node.status.allocatable).times(sign);
        } else {
            self.count_pod(&serde_json::from_slice(&json).unwrap_or_default(), sign);
        }
    }

    fn count_pod(&mut self, pod: &Pod<'_>, sign: i64) {
        if matches!(&*pod.status.phase, "Succeeded" | "Failed") {
            return;
        }
        let node = &*pod.spec.node_name;
        if node.is_empty() {
            self.pending += sign;
            return;
        }
        self.bound += sign;
        let request = pod.spec.requests().times(sign);
        self.requested += request;
        if let Some(used) = self.by_node.get_mut(node) {
            used.pods += sign;
            used.requested += request;
            if used.pods == 0 {
                self.by_node.remove(node);
            }
        } else {
            self.by_node.insert(node.into(), NodeUse { pods: sign, requested: request });
        }
    }
}

const PODS: &str = "pods";
const NODES: &str = "nodes";
const COUNTED: [&str; 2] = [PODS, NODES];

impl View {
    /// What the view holds, as far as scheduling goes. The first summary on a server looks at every pod; later ones, of
    /// this view or others, cost what was changed between them.
    pub fn summary(&self) -> Summary {
        let state = self.snapshot();
        let mut summary = self.shared.summaries.of(&state);
        summary.changes = state.change_count();
        summary
    }
}

/// The newest summary of the base view, from which others are reckoned.
#[derive(Default)]
pub(crate) struct Summaries(Mutex<Option<(Snapshot<Object>, Summary)>>);

impl Summaries {
    fn of(&self, state: &Snapshot<Object>) -> Summary {
        // Down to the base view, then up again: a sandbox is its parent with its own entries in place of the parent's.
        let mut states = vec![state.clone()];
        while let Some(parent) = states.last().and_then(Snapshot::parent) {
            states.push(parent);
        }
        let mut summary = states.last().map_or_else(Summary::default, |base| self.of_base(base));
        for pair in states.windows(2).rev() {
            let [own, parent] = pair else { continue };
            for kind in COUNTED.map(Kind::new) {
                for key in own.own_keys(kind) {
                    summary.count(kind, parent.find(kind, key), -1);
                    summary.count(kind, own.find(kind, key), 1);
                }
            }
        }
        summary
    }

    fn of_base(&self, state: &Snapshot<Object>) -> Summary {
        let mut known = self.0.lock();
        let reckoned = known.as_ref().and_then(|(then, summary)| reckon(then, summary, state));
        let summary = reckoned.unwrap_or_else(|| look_at_all(state));
        if known.as_ref().is_none_or(|(then, _)| then.revision() <= state.revision()) {
            *known = Some((state.clone(), summary.clone()));
        }
        summary
    }
}

/// The summary of one state of the base view from that of another. None when the changes between them are forgotten.
fn reckon(then: &Snapshot<Object>, summary: &Summary, now: &Snapshot<Object>) -> Option<Summary> {
    let mut summary = summary.clone();
    for kind in COUNTED.map(Kind::new) {
        let (known, wanted) = (then.latest(kind), now.latest(kind));
        let (newer, after, sign) = if known <= wanted { (now, known, 1) } else { (then, wanted, -1) };
        if known == wanted {
            continue;
        }
        for event in newer.events(kind, after, usize::MAX).ok()?.events {
            summary.count(kind, event.old.as_ref(), -sign);
            summary.count(kind, event.new.as_ref(), sign);
        }
    }
    Some(summary)
}

fn look_at_all(state: &Snapshot<Object>) -> Summary {
    let mut summary = Summary::default();
    for kind in COUNTED.map(Kind::new) {
        state.range(kind, None, None).for_each(|(_, object)| summary.count(kind, Some(object), 1));
    }
    summary
}

type Resources<'a> = HashMap<Cow<'a, str>, Cow<'a, str>>;

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Node<'a> {
    status: NodeStatus<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct NodeStatus<'a> {
    allocatable: Resources<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Pod<'a> {
    spec: PodSpec<'a>,
    status: PodStatus<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodStatus<'a> {
    #[serde(borrow)]
    phase: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct PodSpec<'a> {
    #[serde(borrow)]
    node_name: Cow<'a, str>,
    containers: Vec<Container<'a>>,
    init_containers: Option<Vec<Container<'a>>>,
    overhead: Option<Resources<'a>>,
    resources: Option<Requirements<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Container<'a> {
    restart_policy: Option<Cow<'a, str>>,
    resources: Requirements<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Requirements<'a> {
    requests: Option<Resources<'a>>,
}

impl Requirements<'_> {
    fn amounts(&self) -> Amounts {
        self.requests.as_ref().map_or_else(Amounts::default, amounts)
    }
}

impl PodSpec<'_> {
    /// What a pod requests of its node, as the scheduler reckons it: its containers together, or an init container with
    /// the sidecars that were started before it if that is more; what the pod as a whole requests goes before; and its
    /// overhead.
    fn requests(&self) -> Amounts {
        let mut total = Amounts::default();
        self.containers.iter().for_each(|c| total += c.resources.amounts());
        let (mut sidecars, mut greatest) = (Amounts::default(), Amounts::default());
        for init in self.init_containers.iter().flatten() {
            let mut at_once = init.resources.amounts();
            if init.restart_policy.as_deref() == Some("Always") {
                sidecars += at_once;
                at_once = sidecars;
            } else {
                at_once += sidecars;
            }
            greatest = greatest.max(at_once);
        }
        total += sidecars;
        total = total.max(greatest);
        if let Some(of_pod) = self.resources.as_ref().and_then(|r| r.requests.as_ref()) {
            let whole = amounts(of_pod);
            total.cpu_millis = if of_pod.contains_key("cpu") { whole.cpu_millis } else { total.cpu_millis };
            total.memory_bytes = if of_pod.contains_key("memory") { whole.memory_bytes } else { total.memory_bytes };
        }
        if let Some(overhead) = &self.overhead {
            total += amounts(overhead);
        }
        total
    }
}

fn amounts(resources: &Resources<'_>) -> Amounts {
    let mut sum = Amounts::default();
    for (name, text) in resources {
        let quantity = || text.parse::<Quantity>();
        match &**name {
            "cpu" => sum.cpu_millis = quantity().map_or(0, |q| q.milli_value()),
            "memory" => sum.memory_bytes = quantity().map_or(0, |q| q.value()),
            other if other.ends_with("/gpu") => sum.gpus = sum.gpus.wrapping_add(quantity().map_or(0, |q| q.value())),
            _ => {}
        }
    }
    sum
}
