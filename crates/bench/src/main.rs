//! Measures the server against a bare hyper server (and kube-apiserver), and writes `docs/performance.md`.

mod bare;
mod connection;
mod custom;
mod load;
mod measure;
mod plot;
mod pod;
mod process;
mod report;

use clap::{Parser, Subcommand};
use measure::Plan;
use process::Server;
use report::{Report, Row};
use std::{
    fs, io,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure.
    Run(Run),
    /// Be the bare hyper server.
    Bare {
        /// Where to listen.
        address: String,
    },
}

#[derive(clap::Args)]
struct Run {
    /// The server under test.
    #[arg(long)]
    minkapi: PathBuf,
    /// Where kube-apiserver, etcd, kubectl and kube-scheduler are.
    #[arg(long)]
    clients: PathBuf,
    /// The folder of performance.md and its plots; without it nothing is written.
    #[arg(long)]
    docs: Option<PathBuf>,
    /// Fewer requests and sizes: three minutes.
    #[arg(long)]
    quick: bool,
    /// One million pods, too.
    #[arg(long)]
    million: bool,
    /// Compare with kube-apiserver and etcd.
    #[arg(long)]
    with_kube_apiserver: bool,
    /// Only these: start, requests, events, lists, sizes, stalls, commits, scheduler, kube-apiserver.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Bare { address } => bare::serve(&address),
        Command::Run(run) => load::run(all(&run)).and_then(|report| write(&run, &report)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("bench: {err}");
            ExitCode::FAILURE
        }
    }
}

async fn all(run: &Run) -> io::Result<Report> {
    let mut sizes = if run.quick { vec![1000, 10_000] } else { vec![1000, 10_000, 100_000] };
    sizes.extend(run.million.then_some(1_000_000));
    let plan = Plan {
        minkapi: run.minkapi.clone(),
        clients: run.clients.clone(),
        sizes,
        requests: if run.quick { 8000 } else { 40_000 },
        rounds: if run.quick { 3 } else { 5 },
        watchers: 1000,
        quick: run.quick,
    };
    let bare = Server::bare()?;
    teach_when_up(&bare).await?;
    let mut report = Report::default();
    for (name, limit) in PARTS {
        if !run.only.is_empty() && !run.only.iter().any(|only| only == name) {
            continue;
        }
        let limit = if run.million { limit * 10 } else { limit };
        let (begun, part) = (Instant::now(), measure_part(name, run, &plan, &bare, &mut report));
        let outcome = tokio::time::timeout(Duration::from_secs(limit), part).await;
        println!("       {name}: {:.0} s", begun.elapsed().as_secs_f64());
        // What one part cannot measure must not cost what the others found.
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(err)) => report.row(Row::skipped(name, "all of it", &err.to_string())),
            Err(_) => report.row(Row::skipped(name, "all of it", &format!("it took longer than {limit} s"))),
        }
    }
    Ok(report)
}

/// The parts, and how many seconds each may take: 15 minutes together.
const PARTS: [(&str, u64); 9] = [
    ("start", 30),
    ("requests", 150),
    ("events", 60),
    ("lists", 150),
    ("sizes", 120),
    ("stalls", 90),
    ("commits", 60),
    ("scheduler", 120),
    ("kube-apiserver", 120),
];

async fn measure_part(name: &str, run: &Run, plan: &Plan, bare: &Server, report: &mut Report) -> io::Result<()> {
    match name {
        "start" => measure::start::measure(plan, report).await,
        "requests" => measure::requests::measure(plan, &measure::fresh(plan).await?, bare, report).await,
        "events" => measure::events::fan_out(plan, &measure::fresh(plan).await?, bare, report).await,
        "lists" => measure::sizes::memory_and_lists(plan, bare, report).await,
        "sizes" => measure::sizes::growth(plan, report).await,
        "stalls" => measure::stalls::measure(plan, report).await,
        "commits" => measure::stalls::convoy(plan, report).await,
        "scheduler" => measure::binding::measure(plan, report).await,
        _ => measure::kube_apiserver::measure(plan, run.with_kube_apiserver, report).await,
    }
}

async fn teach_when_up(bare: &Server) -> io::Result<()> {
    connection::wait_until_answered(&bare.address, "/").await?;
    measure::teach(bare, "GET", b"{}").await
}

fn write(run: &Run, report: &Report) -> io::Result<()> {
    let Some(docs) = &run.docs else { return Ok(()) };
    fs::create_dir_all(docs)?;
    let document = docs.join("performance.md");
    let before = fs::read_to_string(&document).unwrap_or_default();
    let command = if run.quick { "cargo xtask bench --quick" } else { "cargo xtask bench" };
    let generated = format!("Written by `{command}` on {}.\n\n{}", machine(), report.markdown());
    fs::write(&document, report::insert(&before, &generated))?;
    fs::write(docs.join("performance-by-size.svg"), plot::lines("CPU time per request by number of pods", "µs", &report.by_size))?;
    let groups: Vec<_> = report
        .costs
        .iter()
        .map(|row| (row.work.clone(), vec![Some(row.ours.micros()), row.bare.map(|c| c.micros()), row.kube.map(|c| c.micros())]))
        .collect();
    let names = ["minkapi", "bare hyper, same bytes", "kube-apiserver + etcd"];
    fs::write(docs.join("performance-requests.svg"), plot::bars("CPU time per request (logarithmic)", "µs", &names, &groups))
}

/// What the numbers were measured on.
fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).and_then(|rest| rest.split_once(':'));
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{processors} processors, {}", model.map_or("unknown", |(_, name)| name.trim()))
}
