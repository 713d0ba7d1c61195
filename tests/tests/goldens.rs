//! Every recorded conversation with a real kube-apiserver, replayed: one test a chapter, each against its own server.
//!
//! `tests/goldens/failing.txt` lists the cases that do not pass yet. A case that is not listed and fails is a failure, and so is
//! a listed one that passes: the list only becomes shorter. With `MINKAPI_GOLDENS_BLESS=1` it is written anew. `cargo xtask conformance --only '06-watch/*'` shows the
//! differences.

use libtest_mimic::{Arguments, Failed, Trial};
use minkapi_tests::replay;
use std::{
    collections::BTreeSet,
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Instant,
};

fn main() -> io::Result<()> {
    let mut args = Arguments::from_args();
    let chapters = replay::chapters()?;
    // Replaying is mostly waiting.
    args.test_threads.get_or_insert(chapters.len());
    let ratchet = Arc::new(Ratchet::read());
    let tests = chapters.into_iter().map(|chapter| {
        let ratchet = ratchet.clone();
        Trial::test(chapter.clone(), move || check(&chapter, &ratchet))
    });
    let conclusion = libtest_mimic::run(&args, tests.collect());
    ratchet.write()?;
    conclusion.exit()
}

fn check(chapter: &str, ratchet: &Ratchet) -> Result<(), Failed> {
    let start = Instant::now();
    let server = replay::server_for(chapter);
    let target = server.base();
    let names = replay::cases(chapter)?;
    let mut broken = Vec::new();
    let mut failing = BTreeSet::new();
    for name in &names {
        let report = replay::replay(name, &target)?;
        match (report.differences.first(), ratchet.known.contains(name)) {
            (Some(first), known) => {
                failing.insert(name.clone());
                if !known {
                    broken.push(format!("{name} ({}): {first}", report.about));
                }
            }
            (None, true) => broken.push(format!("{name} passes now: take it off tests/goldens/failing.txt")),
            (None, false) => {}
        }
    }
    eprintln!("{chapter}: {} of {} pass, in {:.0} s", names.len() - failing.len(), names.len(), start.elapsed().as_secs_f64());
    if ratchet.bless {
        ratchet.replace(&names, &failing);
        return Ok(());
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n").into()) }
}

/// The list of cases that fail.
struct Ratchet {
    known: BTreeSet<String>,
    /// The new list, if it is to be written.
    next: Mutex<BTreeSet<String>>,
    bless: bool,
}

impl Ratchet {
    fn path() -> PathBuf {
        replay::goldens().join("failing.txt")
    }

    fn read() -> Self {
        let known: BTreeSet<String> = fs::read_to_string(Self::path()).unwrap_or_default().lines().map(str::to_owned).collect();
        let bless = std::env::var_os("MINKAPI_GOLDENS_BLESS").is_some_and(|v| v == "1");
        Self { next: Mutex::new(known.clone()), known, bless }
    }

    fn replace(&self, names: &BTreeSet<String>, failing: &BTreeSet<String>) {
        if let Ok(mut next) = self.next.lock() {
            next.retain(|name| !names.contains(name));
            next.extend(failing.iter().cloned());
        }
    }

    fn write(&self) -> io::Result<()> {
        match self.next.lock() {
            Ok(next) if self.bless => fs::write(Self::path(), next.iter().map(|name| format!("{name}\n")).collect::<String>()),
            _ => Ok(()),
        }
    }
}
