//! Single requests: GET, create and the patches, against bare hyper with the same bytes.

use super::{CONNECTIONS, JSON, Plan, answer_of, create_pods, pods, teach};
use crate::{
    connection::request,
    custom,
    load::{Cost, closed_loop, median},
    pod::{NAMESPACE, Template},
    process::Server,
    report::{CostRow, Report, Row},
};
use std::io;

/// A change of one annotation, in one of the patch formats.
struct Patch {
    work: &'static str,
    content_type: &'static str,
    most: f64,
}

const PATCHES: [Patch; 3] = [
    Patch { work: "merge patch of one annotation", content_type: "application/merge-patch+json", most: 9.0 },
    Patch { work: "strategic merge patch of one annotation", content_type: "application/strategic-merge-patch+json", most: 10.0 },
    Patch { work: "apply of one annotation", content_type: "application/apply-patch+yaml", most: 12.0 },
];

/// Pods that are patched in turns.
const PATCHED: u64 = 100;

/// Measures all of them.
///
/// # Errors
/// A server fails.
pub async fn measure(plan: &Plan, ours: &Server, bare: &Server, report: &mut Report) -> io::Result<()> {
    create_pods(ours, "request", 0, PATCHED).await?;
    // Both servers are warm before anything counts.
    let get = get(ours, 0);
    teach(bare, "GET", &answer_of(ours, &get).await?).await?;
    let (mut our_costs, mut bare_costs) = (Vec::new(), Vec::new());
    for round in 0..=plan.rounds {
        let our_cost = repeat(ours, plan.requests, get.clone()).await?;
        let bare_cost = repeat(bare, plan.requests, get.clone()).await?;
        if round > 0 {
            our_costs.push(our_cost);
            bare_costs.push(bare_cost);
        }
    }
    add(report, "GET a 3 KB pod", 1.2, median(our_costs), median(bare_costs));

    let body = Template::new(0).body("answered");
    let answer = answer_of(ours, &request("POST", &pods(ours), &JSON, &body)).await?;
    teach(bare, "POST", &answer).await?;
    let (mut our_costs, mut bare_costs) = (Vec::new(), Vec::new());
    for round in 0..plan.rounds as u64 {
        our_costs.push(create_pods(ours, &format!("created-{round}"), 0, plan.requests / 4).await?);
        bare_costs.push(create_pods(bare, "created", 0, plan.requests / 4).await?);
    }
    add(report, "create a pod", 9.0, median(our_costs), median(bare_costs));

    for patch in PATCHES {
        let answer = answer_of(ours, &patch.request(ours, 0, "first")).await?;
        teach(bare, "PATCH", &answer).await?;
        let (mut our_costs, mut bare_costs) = (Vec::new(), Vec::new());
        for round in 0..plan.rounds {
            our_costs.push(patch_many(ours, plan.requests / 4, &patch, round).await?);
            bare_costs.push(patch_many(bare, plan.requests / 4, &patch, round).await?);
        }
        add(report, patch.work, patch.most, median(our_costs), median(bare_costs));
    }
    custom_resources(plan, ours, report).await
}

/// Creating a resource of a schema with 100 properties and five rules.
async fn custom_resources(plan: &Plan, server: &Server, report: &mut Report) -> io::Result<()> {
    let path = format!("{}/apis/apiextensions.k8s.io/v1/customresourcedefinitions", server.prefix);
    answer_of(server, &request("POST", &path, &JSON, custom::definition().to_string().as_bytes())).await?;
    let path = format!("{}/apis/bench.example.org/v1/namespaces/{NAMESPACE}/wides", server.prefix);
    let mut costs = Vec::new();
    for round in 0..=plan.rounds {
        let create = |n: u64| request("POST", &path, &JSON, custom::object(&format!("wide-{round}-{n}")).to_string().as_bytes());
        let requests: Vec<Vec<u8>> = (0..plan.requests / 4).map(create).collect();
        let next = move |n: u64| requests.get(n as usize).cloned().unwrap_or_default();
        let cost = closed_loop(server, CONNECTIONS, plan.requests / 4, next).await?;
        if round > 0 {
            costs.push(cost);
        }
    }
    let cost = median(costs);
    let detail = format!("100 properties, five rules; {} bytes", cost.bytes);
    report.row(Row::at_most("create a custom resource", 60.0, " µs", cost.micros(), &detail));
    report.costs.push(CostRow { work: "create a custom resource".to_owned(), ours: cost, bare: None, kube: None });
    Ok(())
}

fn add(report: &mut Report, work: &str, most: f64, ours: Cost, bare: Cost) {
    let detail = format!("{:.1} µs against {:.1} µs, {} bytes", ours.micros(), bare.micros(), ours.bytes);
    report.row(Row::at_most(work, most, "x bare hyper", ours.micros() / bare.micros(), &detail));
    report.costs.push(CostRow { work: work.to_owned(), ours, bare: Some(bare), kube: None });
}

impl Patch {
    fn request(&self, server: &Server, pod: u64, value: &str) -> Vec<u8> {
        let name = format!("request-{:07}", pod % PATCHED);
        let body = format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{{\"name\":\"{name}\",\"annotations\":{{\"bench/value\":\"{value}\"}}}}}}"
        );
        let path = format!("{}/{name}?fieldManager=bench&force=true", pods(server));
        let path = if self.content_type.contains("apply") { path } else { path.replace("&force=true", "") };
        request("PATCH", &path, &[("content-type", self.content_type)], body.as_bytes())
    }
}

async fn patch_many(server: &Server, count: u64, patch: &Patch, round: usize) -> io::Result<Cost> {
    let requests: Vec<Vec<u8>> = (0..count).map(|n| patch.request(server, n, &format!("{round}-{n}"))).collect();
    closed_loop(server, CONNECTIONS, count, move |n| requests.get(n as usize).cloned().unwrap_or_default()).await
}

fn get(server: &Server, number: u64) -> Vec<u8> {
    request("GET", &format!("{}/request-{number:07}", pods(server)), &[], b"")
}

/// The same request many times.
///
/// # Errors
/// The server fails.
pub async fn repeat(server: &Server, count: u64, request: Vec<u8>) -> io::Result<Cost> {
    closed_loop(server, CONNECTIONS, count, move |_| request.clone()).await
}

/// Costs of a server for which there is no bare comparison: GET, create and merge patch.
///
/// # Errors
/// The server fails.
pub async fn alone(server: &Server, count: u64) -> io::Result<Vec<(&'static str, Cost)>> {
    create_pods(server, "request", 0, PATCHED).await?;
    let created = create_pods(server, "alone", 0, count).await?;
    let got = repeat(server, count * 2, get(server, 0)).await?;
    let mut costs = vec![("GET a 3 KB pod", got), ("create a pod", created)];
    for patch in PATCHES {
        costs.push((patch.work, patch_many(server, count / 2, &patch, 0).await?));
    }
    Ok(costs)
}
