//! Events: one change, delivered to many watchers.

use super::{JSON, Plan, create_pods, pods};
use crate::{
    connection::{Connection, request},
    load::{Cost, closed_loop},
    process::Server,
    report::{CostRow, Report, Row},
};
use std::{io, time::Duration};
use tokio::{sync::mpsc, task::JoinHandle};

/// The header of a merge patch.
const MERGE: [(&str, &str); 1] = [("content-type", "application/merge-patch+json")];

/// Watchers that count what they get.
struct Watchers {
    tasks: Vec<JoinHandle<()>>,
    arrived: mpsc::UnboundedReceiver<Vec<u8>>,
}

impl Watchers {
    async fn start(server: &Server, count: usize, path: &str, accept: &str) -> io::Result<Self> {
        let (sender, arrived) = mpsc::unbounded_channel();
        let mut tasks = Vec::new();
        for number in 0..count {
            let mut connection = Connection::open(&server.address).await?;
            connection.start_stream(&request("GET", path, &[("accept", accept)], b"")).await?;
            let sender = sender.clone();
            tasks.push(tokio::task::spawn_local(async move {
                while let Ok(frame) = connection.next_chunk().await {
                    // One of them shows what they get.
                    let _ = sender.send(if number == 0 { frame } else { Vec::new() });
                }
            }));
        }
        Ok(Self { tasks, arrived })
    }

    /// Waits until each of them got one more chunk; what the first got.
    async fn all_got_one(&mut self) -> io::Result<Vec<u8>> {
        let mut shown = Vec::new();
        for _ in 0..self.tasks.len() {
            match tokio::time::timeout(Duration::from_secs(30), self.arrived.recv()).await {
                Ok(Some(frame)) if frame.is_empty() => {}
                Ok(Some(frame)) => shown = frame,
                _ => return Err(io::Error::new(io::ErrorKind::TimedOut, "an event did not reach all watchers")),
            }
        }
        Ok(shown)
    }

    /// What it costs to deliver the events of these requests, without the requests themselves, per watcher.
    async fn cost(&mut self, server: &Server, requests: &[Vec<u8>]) -> io::Result<(Cost, Vec<u8>)> {
        let mut connection = Connection::open(&server.address).await?;
        let mut frame = Vec::new();
        let before = server.cpu();
        for request in requests {
            connection.send(request).await?;
            frame = self.all_got_one().await?;
        }
        let cpu = server.cpu().saturating_sub(before);
        let deliveries = u32::try_from(requests.len() * self.tasks.len()).unwrap_or(u32::MAX);
        Ok((Cost { cpu: cpu / deliveries.max(1), rate: 0.0, bytes: frame.len() as u64 }, frame))
    }
}

impl Drop for Watchers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Changes of one pod, one after the other.
pub fn patches(server: &Server, name: &str, count: usize, mark: &str) -> Vec<Vec<u8>> {
    let path = format!("{}/{name}", pods(server));
    let body = |n: usize| format!("{{\"metadata\":{{\"annotations\":{{\"bench/value\":\"{mark}-{n}\"}}}}}}");
    (0..count).map(|n| request("PATCH", &path, &MERGE, body(n).as_bytes())).collect()
}

/// One event to many watchers, in JSON and in protobuf, against bare hyper writing the same frame.
///
/// # Errors
/// A server fails.
pub async fn fan_out(plan: &Plan, ours: &Server, bare: &Server, report: &mut Report) -> io::Result<()> {
    create_pods(ours, "watched", 0, 1).await?;
    let events = if plan.quick { 10 } else { 30 };
    let watch = format!("{}?watch=true&timeoutSeconds=3600&resourceVersion=", pods(ours));
    for (encoding, accept) in [("JSON", "application/json"), ("protobuf", "application/vnd.kubernetes.protobuf;stream=watch")] {
        let path = format!("{watch}{}", revision(ours).await?);
        let mut watchers = Watchers::start(ours, plan.watchers, &path, accept).await?;
        watchers.cost(ours, &patches(ours, "watched-0000000", 2, "warm")).await?;
        let (cost, frame) = watchers.cost(ours, &patches(ours, "watched-0000000", events, encoding)).await?;
        drop(watchers);
        let mut watchers = Watchers::start(bare, plan.watchers, "/watch", accept).await?;
        let broadcast = vec![request("POST", "/broadcast", &JSON, &frame); events];
        watchers.cost(bare, &broadcast[..2]).await?;
        let (bare_cost, _) = watchers.cost(bare, &broadcast).await?;
        let work = format!("one event to {} watchers, {encoding}", plan.watchers);
        let detail = format!("{:.2} µs against {:.2} µs per watcher, {} bytes", cost.micros(), bare_cost.micros(), cost.bytes);
        report.row(Row::at_most(&work, 1.5, "x bare hyper", cost.micros() / bare_cost.micros(), &detail));
        report.costs.push(CostRow { work: format!("{work}, per watcher"), ours: cost, bare: Some(bare_cost), kube: None });
    }
    Ok(())
}

/// What an event to one of 20 watchers costs now; the change itself is taken out.
///
/// # Errors
/// The server fails.
pub async fn cost_of_event(server: &Server, name: &str) -> io::Result<Cost> {
    const WATCHERS: usize = 20;
    let path = format!("{}?watch=true&timeoutSeconds=3600&resourceVersion={}", pods(server), revision(server).await?);
    let mut watchers = Watchers::start(server, WATCHERS, &path, "application/json").await?;
    watchers.cost(server, &patches(server, name, 20, "warm")).await?;
    Ok(watchers.cost(server, &patches(server, name, 300, "event")).await?.0)
}

/// What a merge patch costs now.
///
/// # Errors
/// The server fails.
pub async fn cost_of_patch(server: &Server, name: &str, count: usize) -> io::Result<Cost> {
    let requests = patches(server, name, count, "patched");
    closed_loop(server, 1, count as u64, move |n| requests.get(n as usize).cloned().unwrap_or_default()).await
}

/// The revision that a LIST reports now.
///
/// # Errors
/// The server fails.
pub async fn revision(server: &Server) -> io::Result<String> {
    let list = super::answer_of(server, &request("GET", &format!("{}/api/v1/namespaces?limit=1", server.prefix), &[], b"")).await?;
    let value: serde_json::Value = serde_json::from_slice(&list)?;
    Ok(value["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned())
}
