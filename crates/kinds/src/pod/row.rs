//! A pod's row in its Table (C-05-46).

use super::{metadata, pod_spec_of};
use crate::{
    Column, Row, pod_spec, table,
    value::{at, field, flag, has, int, items, text},
};
use minkapi_object::Outline;
use serde_json::{Value, json};

/// The columns.
pub const COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Ready", "string", "", 0, "The aggregate readiness state of this pod for accepting traffic."),
    Column::new("Status", "string", "", 0, "The aggregate status of the containers in this pod."),
    Column::new(
        "Restarts",
        "string",
        "",
        0,
        "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.",
    ),
    table::AGE,
    Column::new(
        "IP",
        "string",
        "",
        1,
        "podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.",
    ),
    Column::new("Node", "string", "", 1, NODE),
    Column::new("Nominated Node", "string", "", 1, NOMINATED_NODE),
    Column::new("Readiness Gates", "string", "", 1, READINESS_GATES),
];

const NODE: &str = "NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a specific node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename";
const NOMINATED_NODE: &str = "nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods. This field does not guarantee that the pod will be scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become available sooner. Scheduler may also decide to give the resources on this node to a higher priority pod that is created after preemption. As a result, this field may be different than PodSpec.nodeName when the pod is scheduled.";
const READINESS_GATES: &str = "If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are ready AND all conditions specified in the readiness gates have status equal to \"True\" More info: https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates";

/// What the row is made of.
pub const OUTLINE: Outline = Outline::Only(&[
    ("metadata", Outline::Only(&[("name", Outline::WHOLE), ("creationTimestamp", Outline::WHOLE), ("deletionTimestamp", Outline::WHOLE)])),
    (
        "spec",
        Outline::Only(&[
            ("nodeName", Outline::WHOLE),
            ("containers", Outline::NOTHING),
            ("initContainers", Outline::Only(&[("name", Outline::WHOLE), ("restartPolicy", Outline::WHOLE)])),
            ("readinessGates", Outline::WHOLE),
        ]),
    ),
    (
        "status",
        Outline::Only(&[
            ("phase", Outline::WHOLE),
            ("reason", Outline::WHOLE),
            ("nominatedNodeName", Outline::WHOLE),
            ("conditions", Outline::Only(&[("type", Outline::WHOLE), ("status", Outline::WHOLE), ("reason", Outline::WHOLE)])),
            ("podIPs", Outline::WHOLE),
            ("initContainerStatuses", CONTAINER_STATUS),
            ("containerStatuses", CONTAINER_STATUS),
        ]),
    ),
]);

const CONTAINER_STATUS: Outline = Outline::Only(&[
    ("name", Outline::WHOLE),
    ("ready", Outline::WHOLE),
    ("started", Outline::WHOLE),
    ("restartCount", Outline::WHOLE),
    ("state", STATE),
    ("lastState", STATE),
]);

const STATE: Outline = Outline::Only(&[
    ("waiting", Outline::Only(&[("reason", Outline::WHOLE)])),
    ("running", Outline::NOTHING),
    (
        "terminated",
        Outline::Only(&[
            ("reason", Outline::WHOLE),
            ("exitCode", Outline::WHOLE),
            ("signal", Outline::WHOLE),
            ("finishedAt", Outline::WHOLE),
        ]),
    ),
]);

/// What the containers come to.
struct Summary {
    ready: usize,
    reason: String,
    restarts: Restarts,
}

/// Restarts and when the last was; times are text of one form, so that they compare.
#[derive(Clone, Default)]
struct Restarts {
    count: i64,
    last: String,
}

impl Restarts {
    fn add(&mut self, container: &Value) {
        self.count += int(container, "restartCount").unwrap_or_default();
        let ended = at(container, &["lastState", "terminated"]).map(|t| text(t, "finishedAt")).unwrap_or_default();
        if *self.last < *ended {
            ended.clone_into(&mut self.last);
        }
    }

    fn printed(&self, now_millis: i64) -> String {
        if self.count != 0 && !self.last.is_empty() {
            format!("{} ({} ago)", self.count, table::since(&self.last, now_millis))
        } else {
            self.count.to_string()
        }
    }
}

/// The row.
pub fn row(pod: &Value, now_millis: i64) -> Row {
    let spec = pod_spec_of(pod);
    let status = field(pod, "status").unwrap_or(&Value::Null);
    let sidecars = items(spec, "initContainers").iter().filter(|c| pod_spec::is_sidecar(c)).count();
    let total = items(spec, "containers").len() + sidecars;
    let mut summary = summary(spec, status);
    let phase = text(status, "phase");
    if has(metadata(pod), "deletionTimestamp") {
        if text(status, "reason") == "NodeLost" {
            summary.reason = "Unknown".to_owned();
        } else if !matches!(phase, "Failed" | "Succeeded") {
            summary.reason = "Terminating".to_owned();
        }
    }
    let ip = items(status, "podIPs").first().map(|a| text(a, "ip")).unwrap_or_default();
    Row {
        cells: vec![
            table::name(pod),
            json!(format!("{}/{total}", summary.ready)),
            json!(summary.reason),
            json!(summary.restarts.printed(now_millis)),
            table::age(pod, now_millis),
            json!(or_none(ip)),
            json!(or_none(text(spec, "nodeName"))),
            json!(or_none(text(status, "nominatedNodeName"))),
            json!(readiness_gates(spec, status)),
        ],
        conditions: match phase {
            "Succeeded" => vec![completed(phase, "The pod has completed successfully.")],
            "Failed" => vec![completed(phase, "The pod failed.")],
            _ => Vec::new(),
        },
    }
}

fn completed(reason: &str, message: &str) -> Value {
    json!({"type": "Completed", "status": "True", "reason": reason, "message": message})
}

fn or_none(value: &str) -> &str {
    if value.is_empty() { table::NONE } else { value }
}

fn has_condition(status: &Value, kind: &str) -> bool {
    items(status, "conditions").iter().any(|c| text(c, "type") == kind && text(c, "status") == "True")
}

fn readiness_gates(spec: &Value, status: &Value) -> String {
    let gates = items(spec, "readinessGates");
    if gates.is_empty() {
        return table::NONE.to_owned();
    }
    let is_true = |gate: &&Value| {
        let kind = text(gate, "conditionType");
        items(status, "conditions").iter().find(|c| text(c, "type") == kind).is_some_and(|c| text(c, "status") == "True")
    };
    format!("{}/{}", gates.iter().filter(is_true).count(), gates.len())
}

fn summary(spec: &Value, status: &Value) -> Summary {
    let mut reason = match text(status, "reason") {
        "" => text(status, "phase"),
        reason => reason,
    }
    .to_owned();
    let gated = |c: &Value| text(c, "type") == "PodScheduled" && text(c, "reason") == "SchedulingGated";
    if items(status, "conditions").iter().any(gated) {
        "SchedulingGated".clone_into(&mut reason);
    }
    let init = initialization(spec, status);
    let mut ready = init.ready;
    if let Some(problem) = &init.problem {
        problem.clone_into(&mut reason);
        if !items(status, "conditions").iter().any(|c| text(c, "type") == "Initialized" && text(c, "status") == "True") {
            return Summary { ready, reason, restarts: init.restarts };
        }
    }
    let mut restarts = init.sidecar_restarts;
    let (mut running, mut failure) = (false, None);
    for container in items(status, "containerStatuses").iter().rev() {
        restarts.add(container);
        let state = field(container, "state").unwrap_or(&Value::Null);
        let waiting = field(state, "waiting").map(|w| text(w, "reason")).unwrap_or_default();
        if !waiting.is_empty() {
            waiting.clone_into(&mut reason);
        } else if let Some(ended) = field(state, "terminated") {
            reason = end_reason(ended);
            if int(ended, "exitCode").unwrap_or_default() != 0 {
                failure = Some(reason.clone());
            }
        } else if flag(container, "ready") && has(state, "running") {
            running = true;
            ready += 1;
        }
    }
    if reason == "Completed" {
        if running && has_condition(status, "Ready") {
            "Running".clone_into(&mut reason);
        } else if let Some(failure) = failure {
            reason = failure;
        } else if running {
            "NotReady".clone_into(&mut reason);
        }
    }
    Summary { ready, reason, restarts }
}

fn end_reason(ended: &Value) -> String {
    let number = |key| int(ended, key).unwrap_or_default();
    match (text(ended, "reason"), number("signal")) {
        ("", 0) => format!("ExitCode:{}", number("exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

/// How far the init containers are.
#[derive(Default)]
struct Initialization {
    ready: usize,
    restarts: Restarts,
    sidecar_restarts: Restarts,
    problem: Option<String>,
}

fn initialization(spec: &Value, status: &Value) -> Initialization {
    let mut all = Initialization::default();
    let count = items(spec, "initContainers").len();
    for (i, container) in items(status, "initContainerStatuses").iter().enumerate() {
        let name = text(container, "name");
        let is_sidecar = items(spec, "initContainers").iter().rfind(|c| text(c, "name") == name).is_some_and(pod_spec::is_sidecar);
        all.restarts.add(container);
        if is_sidecar {
            all.sidecar_restarts.add(container);
        }
        let ended = at(container, &["state", "terminated"]);
        if ended.is_some_and(|t| int(t, "exitCode").unwrap_or_default() == 0) {
            continue;
        }
        if is_sidecar && flag(container, "started") {
            all.ready += usize::from(flag(container, "ready"));
            continue;
        }
        let waiting = at(container, &["state", "waiting"]).map(|w| text(w, "reason")).unwrap_or_default();
        all.problem = Some(match (ended, waiting) {
            (Some(ended), _) => format!("Init:{}", end_reason(ended)),
            (None, "" | "PodInitializing") => format!("Init:{i}/{count}"),
            (None, waiting) => format!("Init:{waiting}"),
        });
        break;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row_of(pod: &Value, now_millis: i64) -> Row {
        let whole = row(pod, now_millis);
        let part = OUTLINE.read(pod.to_string().as_bytes()).unwrap();
        assert_eq!(row(&part, now_millis), whole, "the outline has all that the row is made of");
        whole
    }

    fn status_cell(pod: Value) -> Value {
        row_of(&pod, 0).cells[2].clone()
    }

    #[test]
    fn sidecars_count_as_containers() {
        let spec = json!({"nodeName": "n", "containers": [{"name": "a"}], "readinessGates": [{"conditionType": "x"}],
            "initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}]});
        let status = json!({"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}], "conditions": [{"type": "x", "status": "True"}],
            "initContainerStatuses": [{"name": "s", "started": true, "ready": true, "state": {"running": {}}}],
            "containerStatuses": [{"name": "a", "ready": true, "state": {"running": {}}}]});
        let row = row_of(&json!({"metadata": {"name": "p"}, "spec": spec, "status": status}), 0);
        assert_eq!(row.cells[1], "2/2");
        assert_eq!(row.cells[8], "1/1");
    }

    #[test]
    fn the_status_is_what_keeps_the_pod() {
        assert_eq!(status_cell(json!({"status": {"phase": "Pending"}})), "Pending");
        assert_eq!(
            status_cell(
                json!({"status": {"phase": "Running", "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}})
            ),
            "CrashLoopBackOff"
        );
        assert_eq!(
            status_cell(json!({"spec": {"initContainers": [{"name": "a"}, {"name": "b"}]}, "status": {"phase": "Pending",
                "initContainerStatuses": [{"name": "a", "state": {"terminated": {"exitCode": 0}}}, {"name": "b", "state": {"running": {}}}]}})),
            "Init:1/2"
        );
        assert_eq!(status_cell(json!({"metadata": {"deletionTimestamp": "x"}, "status": {"phase": "Running"}})), "Terminating");
    }

    #[test]
    fn what_ended_a_container_or_holds_a_pod_is_the_status() {
        let ended = |ended: Value| json!({"status": {"phase": "Running", "containerStatuses": [{"state": {"terminated": ended}}]}});
        assert_eq!(status_cell(ended(json!({"exitCode": 3, "message": "m"}))), "ExitCode:3");
        assert_eq!(status_cell(ended(json!({"exitCode": 3, "signal": 9}))), "Signal:9");
        assert_eq!(status_cell(ended(json!({"reason": "OOMKilled", "exitCode": 137}))), "OOMKilled");
        let gate = json!([{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": "m"}]);
        assert_eq!(status_cell(json!({"status": {"phase": "Pending", "conditions": gate}})), "SchedulingGated");
        assert_eq!(status_cell(json!({"status": {"phase": "Failed", "reason": "Evicted"}})), "Evicted");
        assert_eq!(row_of(&json!({"status": {"nominatedNodeName": "n"}}), 0).cells[7], "n");
    }

    #[test]
    fn restarts_tell_how_long_ago_the_last_was() {
        let pod = json!({"status": {"containerStatuses": [{"restartCount": 2, "state": {}, "lastState": {"terminated": {"finishedAt": "1970-01-01T00:00:10Z"}}}]}});
        assert_eq!(row_of(&pod, 70_000).cells[3], "2 (60s ago)");
    }
}
