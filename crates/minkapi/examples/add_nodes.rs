//! How many nodes would it take? For k from 0 to 50, a fork of the cluster gets k more nodes and a simple scheduler runs in
//! it; the table says what each fork came to. The cluster itself never changes, and no fork sees another.
//!
//! `cargo run --release -p minkapi --example add_nodes`

use minkapi::{Object, View, Views};
use serde_json::{Value, json};
use std::{collections::BTreeMap, error::Error, sync::Arc, time::Instant};

const NODES: usize = 20;
const PODS: usize = 400;
const MOST: usize = 50;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let views = Views::new(Default::default());
    let cluster = views.base();
    fill(&cluster).await?;

    println!("{:>5} {:>7} {:>8} {:>6} {:>7} {:>9} {:>10}", "added", "bound", "pending", "nodes", "used", "cpu", "took");
    for added in 0..=MOST {
        let start = Instant::now();
        let fork = cluster.fork()?;
        for n in 0..added {
            fork.create_object(&node(NODES + n)).await?;
        }
        first_fit(&fork).await?;
        let summary = fork.summary();
        let cpu = 100.0 * summary.requested.cpu_millis as f64 / summary.allocatable.cpu_millis as f64;
        let (bound, pending, nodes, used) = (summary.bound, summary.pending, summary.nodes, summary.nodes_used());
        println!("{added:>5} {bound:>7} {pending:>8} {nodes:>6} {used:>7} {cpu:>8.1}% {:>10.1?}", start.elapsed());
        // The fork goes with its last handle: here.
    }
    assert_eq!((cluster.nodes().len(), cluster.summary().bound), (NODES, 0), "the cluster is as it was");
    Ok(())
}

/// A cluster with more pods than it has room for.
async fn fill(cluster: &View) -> Result<(), Box<dyn Error>> {
    for n in 0..NODES {
        cluster.create_object(&node(n)).await?;
    }
    for n in 0..PODS {
        let cpu = format!("{}m", 250 * (1 + n % 8));
        let container = json!({"name": "app", "image": "registry.example/app", "resources": {"requests": {"cpu": cpu}}});
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": format!("pod-{n:03}"), "namespace": "default"},
            "spec": {"containers": [container]},
        });
        cluster.create_object(&pod).await?;
    }
    Ok(())
}

fn node(n: usize) -> Value {
    let room = json!({"cpu": "8", "memory": "32Gi", "pods": "110"});
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": format!("node-{n:02}")},
        "status": {"capacity": room, "allocatable": room},
    })
}

/// Binds every pod to the first node that has the CPU for it, the largest pods first.
async fn first_fit(view: &View) -> Result<(), Box<dyn Error>> {
    let mut free: BTreeMap<Arc<str>, i64> = view.nodes().iter().map(|node| (node.head().name.clone(), 8000)).collect();
    let mut pods: Vec<(i64, Arc<Object>)> = view.pods("").into_iter().map(|pod| (cpu_of(&pod), pod)).collect();
    pods.sort_by_key(|(cpu, _)| -cpu);
    for (cpu, pod) in pods {
        if let Some((node, room)) = free.iter_mut().find(|(_, room)| **room >= cpu) {
            *room -= cpu;
            view.bind(&pod.head().namespace, &pod.head().name, node).await?;
        }
    }
    Ok(())
}

/// What the only container of a pod requests, in thousandths of a core.
fn cpu_of(pod: &Object) -> i64 {
    let text = pod.to_value()["spec"]["containers"][0]["resources"]["requests"]["cpu"].as_str().unwrap_or_default().to_owned();
    match text.strip_suffix('m') {
        Some(millis) => millis.parse().unwrap_or(0),
        None => text.parse::<i64>().unwrap_or(0) * 1000,
    }
}
