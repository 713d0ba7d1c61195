//! Lists: all pods in every encoding, and lists that select.

use super::{Plan, answer_of, pods, teach};
use crate::{
    connection::request,
    load::{Cost, closed_loop, median},
    pod::SLICES,
    process::Server,
    report::{CostRow, Report, Row},
};
use std::io;

/// Clients that list at the same time.
const LISTERS: usize = 2;

const PROTOBUF: (&str, &str) = ("accept", "application/vnd.kubernetes.protobuf");
const TABLE: (&str, &str) = ("accept", "application/json;as=Table;v=v1;g=meta.k8s.io");

/// All pods, `count` of them.
///
/// # Errors
/// A server fails.
pub async fn whole(plan: &Plan, ours: &Server, bare: &Server, count: u64, report: &mut Report) -> io::Result<()> {
    let list = request("GET", &pods(ours), &[], b"");
    let (our_cost, bare_cost) = against_bare(plan, ours, bare, list).await?;
    // The first list of an encoding is the cold one.
    for (name, header) in [("protobuf", PROTOBUF), ("Table", TABLE)] {
        let list = request("GET", &pods(ours), &[header], b"");
        let cold = closed_loop(ours, 1, 1, {
            let list = list.clone();
            move |_| list.clone()
        })
        .await?;
        let warm = closed_loop(ours, 1, 10, move |_| list.clone()).await?;
        let work = format!("{name} LIST of {count} pods");
        let per_pod = |cost: Cost| cost.micros() / count as f64;
        report.row(Row::at_most(&format!("{work}, cold"), 3.0, " µs a pod", per_pod(cold), &format!("{} bytes", cold.bytes)));
        let detail = format!("{:.2} against {:.2} µs a pod", per_pod(warm), per_pod(our_cost));
        report.row(Row::at_most(&format!("{work}, warm"), 1.0, "x that in JSON", warm.micros() / our_cost.micros(), &detail));
        report.costs.push(CostRow { work: format!("{work}, cold"), ours: cold, bare: None, kube: None });
        report.costs.push(CostRow { work: format!("{work}, warm"), ours: warm, bare: None, kube: None });
    }
    let detail = format!(
        "{} MB; {:.0} against {:.0} lists a second, {:.2} ms against {:.2} ms CPU",
        our_cost.bytes / 1_000_000,
        our_cost.rate,
        bare_cost.rate,
        our_cost.micros() / 1e3,
        bare_cost.micros() / 1e3
    );
    let work = format!("LIST of {count} pods");
    report.row(Row::at_least(&work, 0.8, "x bare hyper's throughput", our_cost.rate / bare_cost.rate, &detail));
    report.costs.push(CostRow { work, ours: our_cost, bare: Some(bare_cost), kube: None });
    Ok(())
}

/// Lists of one slice of `count` pods: by label and by node.
///
/// # Errors
/// A server fails.
pub async fn selected(plan: &Plan, ours: &Server, bare: &Server, count: u64, report: &mut Report) -> io::Result<()> {
    for (name, query) in [("label-selected", "labelSelector=slice%3D7"), ("spec.nodeName=", "fieldSelector=spec.nodeName%3Dnode-7")] {
        let list = request("GET", &format!("{}?{query}", pods(ours)), &[], b"");
        let (our_cost, bare_cost) = against_bare(plan, ours, bare, list).await?;
        // Three times the cost of the bytes, and 30 ns for each pod that is looked at.
        let most = 3.0 * bare_cost.micros() + 0.03 * count as f64;
        let work = format!("{name} LIST of 1/{SLICES} of {count} pods");
        let detail = format!("{} KB; bare hyper {:.0} µs", our_cost.bytes / 1000, bare_cost.micros());
        report.row(Row::at_most(&work, most.round(), " µs", our_cost.micros(), &detail));
        report.costs.push(CostRow { work, ours: our_cost, bare: Some(bare_cost), kube: None });
    }
    Ok(())
}

async fn against_bare(plan: &Plan, ours: &Server, bare: &Server, list: Vec<u8>) -> io::Result<(Cost, Cost)> {
    teach(bare, "GET", &answer_of(ours, &list).await?).await?;
    let count = if plan.quick { 10 } else { 30 };
    let (mut our_costs, mut bare_costs) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        for (server, costs) in [(ours, &mut our_costs), (bare, &mut bare_costs)] {
            let list = list.clone();
            costs.push(closed_loop(server, LISTERS, count, move |_| list.clone()).await?);
        }
    }
    Ok((median(our_costs), median(bare_costs)))
}
