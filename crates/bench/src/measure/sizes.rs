//! Growth: what requests cost and how much memory is used at 1,000, 10,000, 100,000 and 1,000,000 pods.

use super::{Plan, answer_of, create_pods, events, fresh, lists, pods, requests::repeat, stalls};
use crate::{
    connection::request,
    load::closed_loop,
    process::Server,
    report::{Report, Row, Series, number},
};
use std::io;

/// Fills a server step by step and looks at its memory, and at lists of all that is there.
///
/// # Errors
/// A server fails.
pub async fn memory_and_lists(plan: &Plan, bare: &Server, report: &mut Report) -> io::Result<()> {
    let server = fresh(plan).await?;
    let idle = server.resident();
    let largest_list = plan.sizes.iter().copied().filter(|size| *size <= 100_000).max();
    let mut there = 0;
    for &size in plan.sizes.iter().filter(|size| **size >= 10_000) {
        create_pods(&server, "pod", there, size).await?;
        there = size;
        let get = request("GET", &format!("{}/pod-{:07}", pods(&server), size / 2), &[], b"");
        let json = answer_of(&server, &get).await?.len() as u64;
        let used = server.resident().saturating_sub(idle) as f64;
        let detail = format!("{:.0} bytes for {json} bytes of JSON a pod", used / size as f64);
        report.row(Row::at_most(&memory_for(size), 1.3, "x their JSON", used / (size * json) as f64, &detail));
        if size == 10_000 {
            lists::whole(plan, &server, bare, size, report).await?;
        }
        if Some(size) == largest_list {
            lists::selected(plan, &server, bare, size, report).await?;
            many_lists(report, &server, size).await?;
        }
    }
    for size in LARGE.into_iter().filter(|size| !plan.sizes.contains(size)) {
        report.row(Row::skipped(&memory_for(size), "<= 1.3x their JSON", "not in this run; `--million` goes on to a million pods"));
    }
    Ok(())
}

/// The sizes for which memory has a target.
const LARGE: [u64; 2] = [100_000, 1_000_000];

fn memory_for(size: u64) -> String {
    format!("memory for {size} pods")
}

/// What single requests cost at each size.
///
/// # Errors
/// A server fails.
pub async fn growth(plan: &Plan, report: &mut Report) -> io::Result<()> {
    let server = fresh(plan).await?;
    let names = ["GET", "create", "merge patch", "event to one watcher"];
    let mut series = names.map(|name| Series { name: name.to_owned(), points: Vec::new() });
    let mut there = 0;
    for &size in &plan.sizes {
        create_pods(&server, "pod", there, size).await?;
        there = size;
        let middle = format!("pod-{:07}", size / 2);
        let get = request("GET", &format!("{}/{middle}", pods(&server)), &[], b"");
        let mut costs = [const { Vec::new() }; 4];
        for round in 0..plan.rounds {
            let measured = [
                repeat(&server, plan.requests / 2, get.clone()).await?,
                create_pods(&server, &format!("{middle}-{round}"), 0, 1000).await?,
                events::cost_of_patch(&server, &middle, 1000).await?,
                events::cost_of_event(&server, &middle).await?,
            ];
            for (costs, cost) in costs.iter_mut().zip(measured) {
                costs.push(cost.micros());
            }
        }
        for (series, costs) in series.iter_mut().zip(&mut costs) {
            costs.sort_by(f64::total_cmp);
            series.points.push((size, costs.get(costs.len() / 2).copied().unwrap_or_default()));
        }
    }
    for series in &series {
        let values = || series.points.iter().map(|(_, value)| *value);
        let (least, most) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
        let shown: Vec<String> = values().map(number).collect();
        let sizes: Vec<String> = plan.sizes.iter().map(u64::to_string).collect();
        let detail = format!("{} µs at {} pods", shown.join(", "), sizes.join(", "));
        report.row(Row::at_most(&format!("{}: flat over sizes", series.name), 1.5, "x the least", most / least, &detail));
    }
    report.by_size = series.into();
    Ok(())
}

/// Peak memory of 16 LISTs of everything at once, against that of one; and how long a GET takes meanwhile.
async fn many_lists(report: &mut Report, server: &Server, size: u64) -> io::Result<()> {
    let list = request("GET", &pods(server), &[], b"");
    let mut peaks = [0.0; 2];
    let mut bytes = 0;
    for (peak, listers) in peaks.iter_mut().zip([1, 16]) {
        server.forget_peak();
        let list = list.clone();
        let lists = closed_loop(server, listers, listers as u64, move |_| list.clone());
        let (cost, taken) = stalls::while_getting(server, &format!("{}/pod-0000000", pods(server)), lists).await?;
        bytes = cost.bytes;
        if listers > 1 {
            let work = format!("p99.9 of GET beside {listers} LISTs of {size} pods");
            report.row(Row::at_most(&work, 10.0, " ms", taken.at(0.999), &taken.detail()));
        }
        *peak = server.peak() as f64 / f64::from(1 << 20);
    }
    let [one, all] = peaks;
    let work = format!("peak memory of 16 LISTs of {size} pods at once");
    let detail = format!("{all:.0} MiB against {one:.0} MiB, {} MB each", bytes / 1_000_000);
    report.row(Row::at_most(&work, 2.0, "x that of one", all / one, &detail));
    Ok(())
}
