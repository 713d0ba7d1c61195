//! A real kube-scheduler that binds pods to nodes: the server's share of the work.

use super::{JSON, Plan, fresh};
use crate::{
    connection::{Connection, request},
    load::closed_loop,
    pod::NAMESPACE,
    process::{Server, cpu_of, quiet},
    report::{Report, Row},
};
use serde_json::{Value, json};
use std::{fs, io, process::Command, time::Duration};

const WORK: &str = "kube-scheduler binding pods: server CPU";

/// Starts the scheduler and waits until all pods are bound.
///
/// # Errors
/// A server fails.
pub async fn measure(plan: &Plan, report: &mut Report) -> io::Result<()> {
    let program = plan.clients.join("kube-scheduler");
    if !program.exists() {
        report.row(Row::skipped(WORK, "<= 15 % of the scheduler's", "no kube-scheduler; `cargo xtask clients` builds it"));
        return Ok(());
    }
    let (pods, nodes) = if plan.quick { (1000, 100) } else { (10_000, 1000) };
    let server = fresh(plan).await?;
    create(&server, "/base/api/v1/nodes".to_owned(), nodes, node).await?;
    create(&server, super::pods(&server), pods, pending).await?;
    let config = std::env::temp_dir().join(format!("minkapi-bench-scheduler-{}", std::process::id()));
    fs::create_dir_all(&config)?;
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": format!("http://{}/base", server.address)}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}], "users": [{"name": "u", "user": {}}]
    });
    fs::write(config.join("kubeconfig"), kubeconfig.to_string())?;
    let settings = json!({
        "apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration", "leaderElection": {"leaderElect": false},
        "clientConnection": {"kubeconfig": config.join("kubeconfig"), "qps": 5000, "burst": 10_000}
    });
    fs::write(config.join("config.yaml"), settings.to_string())?;
    let before = server.cpu();
    let mut scheduler = quiet(Command::new(&program).arg("--config").arg(config.join("config.yaml")).args(["--secure-port", "0"]))?;
    let unbound = format!("{}?fieldSelector=spec.nodeName%3D&limit=1", super::pods(&server));
    let mut connection = Connection::open(&server.address).await?;
    let mut left = pods;
    for _ in 0..600 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let (_, list) = connection.fetch(&request("GET", &unbound, &[], b"")).await?;
        let list: Value = serde_json::from_slice(&list)?;
        left = list["items"].as_array().map_or(0, Vec::len) as u64 + list["metadata"]["remainingItemCount"].as_u64().unwrap_or(0);
        if left == 0 || scheduler.try_wait()?.is_some() {
            break;
        }
    }
    let (ours, its) = (server.cpu().saturating_sub(before), cpu_of(scheduler.id()));
    let _ = scheduler.kill();
    let _ = scheduler.wait();
    let _ = fs::remove_dir_all(&config);
    if left > 0 {
        report.row(Row::skipped(WORK, "<= 15 % of the scheduler's", &format!("{left} pods of {pods} were not bound")));
        return Ok(());
    }
    let detail = format!("{pods} pods on {nodes} nodes, {:.2} s against {:.2} s", ours.as_secs_f64(), its.as_secs_f64());
    report.row(Row::at_most(WORK, 15.0, " % of the scheduler's", 100.0 * ours.as_secs_f64() / its.as_secs_f64(), &detail));
    Ok(())
}

async fn create(server: &Server, path: String, count: u64, make: fn(u64) -> Value) -> io::Result<()> {
    closed_loop(server, 8, count, move |n| request("POST", &path, &JSON, make(n).to_string().as_bytes())).await.map(drop)
}

fn node(number: u64) -> Value {
    let capacity = json!({"cpu": "32", "memory": "128Gi", "pods": "110"});
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("node-{number:05}")},
        "status": {"capacity": capacity, "allocatable": capacity, "conditions": [{"type": "Ready", "status": "True"}]}
    })
}

fn pending(number: u64) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("pending-{number:06}"), "namespace": NAMESPACE},
        "spec": {"containers": [{"name": "c", "image": "pause", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}]}
    })
}
