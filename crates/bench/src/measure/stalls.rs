//! Stalls: how long a GET takes while others watch, write and list; and whether commits get in each other's way.

use super::{JSON, Plan, create_pods, events, fresh, pods, prepare};
use crate::{
    connection::{Connection, request, wait_until_answered},
    pod::{SLICES, Template},
    process::Server,
    report::{Report, Row},
};
use std::{
    future::Future,
    io,
    process::Command,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::{Duration, Instant},
};

/// Writes a second of the mixed load.
const WRITES: usize = 2000;

/// Latency of GET under a mixed load: watchers of one node each, writes, and a LIST of 10,000 pods each second.
///
/// # Errors
/// A server fails.
pub async fn measure(plan: &Plan, report: &mut Report) -> io::Result<()> {
    let server = fresh(plan).await?;
    create_pods(&server, "pod", 0, 10_000).await?;
    let revision = events::revision(&server).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = Vec::new();
    for number in 0..plan.watchers as u64 {
        let mut connection = Connection::open(&server.address).await?;
        // As kubelets do: each watches the pods of a node, of which there are fewer than kubelets here.
        let path = format!(
            "{}?watch=true&timeoutSeconds=3600&resourceVersion={revision}&fieldSelector=spec.nodeName%3Dnode-{}",
            pods(&server),
            number % SLICES
        );
        connection.start_stream(&request("GET", &path, &[], b"")).await?;
        tasks.push(tokio::task::spawn_local(async move { while connection.next_chunk().await.is_ok() {} }));
    }
    tasks.push(tokio::task::spawn_local(write(Connection::open(&server.address).await?, pods(&server), stop.clone())));
    tasks.push(tokio::task::spawn_local(list(Connection::open(&server.address).await?, pods(&server), stop.clone())));
    let time = tokio::time::sleep(Duration::from_secs(if plan.quick { 4 } else { 15 }));
    let ((), taken) = while_getting(&server, &format!("{}/pod-0000000", pods(&server)), async {
        time.await;
        Ok(())
    })
    .await?;
    stop.store(true, Ordering::Relaxed);
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    let detail = format!("{}; {} watchers, {WRITES} writes and a 30 MB LIST a second", taken.detail(), plan.watchers);
    report.row(Row::at_most("p99.9 of GET under a mixed load", 10.0, " ms", taken.at(0.999), &detail));
    Ok(())
}

/// How long requests took, sorted.
pub struct Latencies(Vec<Duration>);

impl Latencies {
    /// The latency in milliseconds that this share of the requests did not exceed.
    pub fn at(&self, share: f64) -> f64 {
        self.0.get((self.0.len() as f64 * share) as usize).copied().unwrap_or_default().as_secs_f64() * 1e3
    }

    /// What a report says beside.
    pub fn detail(&self) -> String {
        format!("p50 {:.2} ms, p99 {:.2} ms, {} GETs", self.at(0.5), self.at(0.99), self.0.len())
    }
}

/// Does something, and asks for an object about every millisecond meanwhile.
///
/// # Errors
/// The server fails, or what is done.
pub async fn while_getting<T>(server: &Server, path: &str, work: impl Future<Output = io::Result<T>>) -> io::Result<(T, Latencies)> {
    let (address, get) = (server.address.clone(), request("GET", path, &[], b""));
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    // A thread of its own: what the other clients do must not count.
    let getting = tokio::task::spawn_blocking(move || latencies(&address, &get, &stopped));
    let done = work.await;
    stop.store(true, Ordering::Relaxed);
    let mut taken = getting.await.map_err(io::Error::other)??;
    taken.sort_unstable();
    Ok((done?, Latencies(taken)))
}

fn latencies(address: &str, get: &[u8], stop: &AtomicBool) -> io::Result<Vec<Duration>> {
    crate::load::run(async {
        let mut connection = Connection::open(address).await?;
        let mut taken = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let start = Instant::now();
            connection.send(get).await?;
            taken.push(start.elapsed());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(taken)
    })
}

async fn write(mut connection: Connection, path: String, stop: Arc<AtomicBool>) {
    let templates: Vec<Template> = (0..SLICES).map(Template::new).collect();
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        tick.tick().await;
        for template in templates.iter().cycle().skip(number % templates.len()).take(WRITES / 100) {
            number += 1;
            if connection.send(&request("POST", &path, &JSON, &template.body(&format!("w-{number:07}")))).await.is_err() {
                return;
            }
        }
    }
}

async fn list(mut connection: Connection, path: String, stop: Arc<AtomicBool>) {
    let list = request("GET", &format!("{path}?limit=10000"), &[], b"");
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    while !stop.load(Ordering::Relaxed) {
        tick.tick().await;
        if connection.send(&list).await.is_err() {
            return;
        }
    }
}

/// Commits from 64 connections on one processor and on two. The load runs on the same machine, so what counts is CPU time
/// per commit: where commits wait for each other, it grows with the second processor.
///
/// # Errors
/// A server fails.
pub async fn convoy(plan: &Plan, report: &mut Report) -> io::Result<()> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let work = "commits from 64 connections: 2 processors against 1";
    if processors < 2 {
        report.row(Row::skipped(work, ">= 1.6x", "the machine has one processor"));
        return Ok(());
    }
    let mut micros = [0.0; 2];
    for (micros, processors) in micros.iter_mut().zip(["0", "0,1"]) {
        let server = Server::minkapi(&plan.minkapi)?;
        let pinned = server.pid().map(|pid| Command::new("taskset").args(["-a", "-c", "-p", processors, &pid.to_string()]).output());
        if !pinned.is_some_and(|output| output.is_ok_and(|o| o.status.success())) {
            report.row(Row::skipped(work, ">= 1.6x", "taskset does not work"));
            return Ok(());
        }
        wait_until_answered(&server.address, "/base/api/v1/namespaces").await?;
        let path = format!("{}/api/v1/namespaces/default/configmaps", server.prefix);
        prepare(&server).await?;
        let mut costs = Vec::new();
        for round in 0..plan.rounds {
            let path = path.clone();
            let make = move |n: u64| {
                let body = format!("{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{{\"name\":\"c-{round}-{n}\"}}}}");
                request("POST", &path, &JSON, body.as_bytes())
            };
            costs.push(crate::load::closed_loop(&server, 64, plan.requests / 2, make).await?);
        }
        *micros = crate::load::median(costs).micros();
    }
    let [one, two] = micros;
    let detail = format!("{one:.1} µs a commit on one, {two:.1} µs on two; twice their ratio");
    report.row(Row::at_least(work, 1.6, "x", 2.0 * one / two, &detail));
    Ok(())
}
