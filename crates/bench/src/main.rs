//! Measures the server against a bare hyper server (and kube-apiserver), and writes `docs/performance.md`.

mod bare;
mod connection;
mod load;
mod measure;
mod plot;
mod pod;
mod process;
mod report;

use clap::{Parser, Subcommand};
use measure::Plan;
use process::Server;
use report::Report;
use std::{fs, io, path::PathBuf, process::ExitCode};

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
    /// Only these: start, requests, events, lists, sizes, stalls, commits, scheduler.
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
    let wanted = |name: &str| run.only.is_empty() || run.only.iter().any(|only| only == name);
    let mut report = Report::default();
    if wanted("start") {
        measure::start::measure(&plan, &mut report).await?;
    }
    let bare = Server::bare()?;
    teach_when_up(&bare).await?;
    {
        let ours = Server::minkapi(&plan.minkapi)?;
        connection::wait_until_answered(&ours.address, "/base/api/v1/namespaces").await?;
        measure::prepare(&ours).await?;
        if wanted("requests") {
            measure::requests::measure(&plan, &ours, &bare, &mut report).await?;
        }
        if wanted("events") {
            measure::events::fan_out(&plan, &ours, &bare, &mut report).await?;
        }
    }
    if wanted("lists") {
        measure::sizes::memory_and_lists(&plan, &bare, &mut report).await?;
    }
    if wanted("sizes") {
        measure::sizes::growth(&plan, &mut report).await?;
    }
    if wanted("stalls") {
        measure::stalls::measure(&plan, &mut report).await?;
    }
    if wanted("commits") {
        measure::stalls::convoy(&plan, &mut report).await?;
    }
    if wanted("scheduler") {
        measure::binding::measure(&plan, &mut report).await?;
    }
    if run.with_kube_apiserver {
        measure::kube_apiserver::measure(&plan, &mut report).await?;
    }
    Ok(report)
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
