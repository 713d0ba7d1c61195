//! `cargo xtask conformance`: replays recorded conversations and shows every difference and the count for each chapter.

use clap::Parser;
use globset::{Glob, GlobSetBuilder};
use minkapi_tests::{Target, replay};
use std::{error::Error, process::ExitCode, thread};

/// Replays recorded conversations with a real kube-apiserver and shows where answers differ.
#[derive(Parser)]
struct Args {
    /// Only cases whose name (06-watch/bookmarks) matches one of these patterns
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,
    /// Differences shown for each failing case
    #[arg(long, value_name = "N", default_value_t = 3)]
    diffs: usize,
    /// A running server (http://127.0.0.1:8091/base) instead of one for each chapter
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

/// How many cases of a chapter passed, of how many.
#[derive(Default)]
struct Count {
    passed: usize,
    total: usize,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args = Args::parse();
    let mut patterns = GlobSetBuilder::new();
    for pattern in &args.only {
        patterns.add(Glob::new(pattern)?);
    }
    let patterns = patterns.build()?;
    let server = args.server.as_deref().map(Target::parse).transpose()?;

    let mut runs = Vec::new();
    for chapter in replay::chapters()? {
        let mut names = replay::cases(&chapter)?;
        names.retain(|name| args.only.is_empty() || patterns.is_match(name));
        if !names.is_empty() {
            let server = server.clone();
            let run = thread::spawn({
                let chapter = chapter.clone();
                move || {
                    let own = server.is_none().then(|| replay::server_for(&chapter));
                    let target = own.as_ref().map(|own| own.base()).or(server);
                    names.iter().filter_map(|name| Some(replay::replay(name, target.as_ref()?))).collect::<Result<Vec<_>, _>>()
                }
            });
            runs.push((chapter, run));
        }
    }

    let mut counts = Vec::new();
    for (chapter, run) in runs {
        let reports = run.join().map_err(|_| format!("{chapter}: the server does not start"))??;
        let mut count = Count { passed: 0, total: reports.len() };
        for report in reports {
            if report.differences.is_empty() {
                count.passed += 1;
                continue;
            }
            println!("FAIL {}: {}", report.name, report.about);
            report.differences.iter().take(args.diffs).for_each(|difference| println!("     {difference}"));
            if let Some(more) = report.differences.len().checked_sub(args.diffs).filter(|more| *more > 0) {
                println!("     and {more} more differences");
            }
        }
        counts.push((chapter, count));
    }
    counts.iter().for_each(|(chapter, count)| println!("{chapter:28} {:4} of {}", count.passed, count.total));
    let passed: usize = counts.iter().map(|(_, count)| count.passed).sum();
    let total: usize = counts.iter().map(|(_, count)| count.total).sum();
    println!("{passed} passed, {} failed", total - passed);
    Ok(if passed == total { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
