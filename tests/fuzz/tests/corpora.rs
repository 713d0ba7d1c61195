//! Every input that is kept, as a normal test: inputs that found a fault once must not do so again.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi_fuzz::TARGETS;
use std::{fs, path::Path, thread};

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn no_input_that_is_kept_finds_a_fault() {
    let mut failed = Vec::new();
    let mut count = 0;
    for (name, target) in TARGETS {
        for entry in fs::read_dir(folder().join("corpus").join(name)).unwrap_or_else(|err| panic!("{name}: {err}")) {
            let path = entry.unwrap().path();
            let data = fs::read(&path).unwrap();
            count += 1;
            // As much stack as the server's threads have.
            let run = thread::Builder::new().stack_size(2 << 20).spawn(move || target(&data));
            if run.unwrap().join().is_err() {
                failed.push(path);
            }
        }
    }
    println!("{count} inputs");
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn libfuzzer_has_every_target() {
    let manifest = fs::read_to_string(folder().join("libfuzzer/Cargo.toml")).unwrap();
    let named: Vec<&str> = manifest.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).skip(1).collect();
    assert_eq!(named, TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}
