//! `cargo xtask bench --instructions`: how many instructions requests take, counted by valgrind. Unlike times, these do not
//! depend on what else the machine does, so they show what a change has made slower.

use crate::{Outcome, workspace};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path, process::Command};
use xshell::{Shell, cmd};

/// Counts that were written down, to compare with.
const RECORDED: &str = "crates/bench/instructions.json";

/// By profile and operation.
type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// Counts and prints; with `record`, writes the counts down. Without valgrind it only says so, and a count that has
/// grown is no failure.
pub fn run(profile: &str, record: bool) -> Outcome {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind is not installed");
        return Ok(());
    }
    let root = workspace();
    let shell = Shell::new().map_err(|e| e.to_string())?;
    shell.change_dir(&root);
    let program = build(&shell, profile)?;
    let folder = std::env::temp_dir().join(format!("minkapi-instructions-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let counted = count(&shell, &program, &folder);
    let _ = fs::remove_dir_all(&folder);
    let counted = counted?;
    let mut recorded: Counts = fs::read(root.join(RECORDED)).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    print(&counted, recorded.get(profile), profile);
    if record {
        recorded.insert(profile.to_owned(), counted);
        let text = serde_json::to_string_pretty(&recorded).map_err(|e| e.to_string())?;
        fs::write(root.join(RECORDED), text + "\n").map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// Builds `crates/minkapi/benches/instructions.rs`; its path.
fn build(shell: &Shell, profile: &str) -> Result<String, String> {
    // All of the workspace with all features, as the tests are built: so a debug build is there already.
    let build =
        cmd!(shell, "cargo bench --no-run --workspace --all-features --bench instructions --profile {profile} --message-format json");
    let messages = build.read().map_err(|e| e.to_string())?;
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = artifacts.filter(|artifact| artifact["target"]["name"] == "instructions");
    let program = programs.find_map(|artifact| artifact["executable"].as_str().map(str::to_owned));
    program.ok_or_else(|| "cargo built no program that counts instructions".to_owned())
}

/// Instructions of one request, by operation.
fn count(shell: &Shell, program: &str, folder: &Path) -> Result<BTreeMap<String, u64>, String> {
    let out = folder.join("out");
    let valgrind = cmd!(shell, "valgrind --quiet --tool=callgrind --dump-before=*operation_* --callgrind-out-file={out} {program}");
    let requests = valgrind.ignore_stderr().read().map_err(|e| e.to_string())?;
    let requests: BTreeMap<&str, u64> =
        requests.lines().filter_map(|line| line.split_once(' ')).filter_map(|(name, n)| Some((name, n.parse().ok()?))).collect();
    // Each part counts what came before the function that it names; parts are numbered, and the last one has no number.
    let mut counts = BTreeMap::new();
    let mut under_way = None;
    for number in 1.. {
        let Ok(text) = fs::read_to_string(folder.join(format!("out.{number}"))) else { break };
        let after = |prefix: &str| text.lines().find_map(|line| line.strip_prefix(prefix));
        let total = after("totals: ").and_then(|n| n.trim().parse::<u64>().ok()).unwrap_or_default();
        if let Some((name, requests)) = under_way {
            let name: &str = name;
            *counts.entry(name.trim_start_matches("operation_").replace('_', " ")).or_default() += total / u64::max(requests, 1);
        }
        let trigger = after("desc: Trigger: ").unwrap_or_default();
        under_way = requests.iter().find(|(name, _)| ends_with_name(trigger, name)).map(|(name, requests)| (*name, *requests));
    }
    Ok(counts)
}

/// Whether a trigger such as `--dump-before=instructions::operation_get` is of this function; names may have a suffix.
fn ends_with_name(trigger: &str, name: &str) -> bool {
    trigger.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name)
}

fn print(counted: &BTreeMap<String, u64>, recorded: Option<&BTreeMap<String, u64>>, profile: &str) {
    println!("instructions of one request, profile {profile} (lists: of 100 pods)");
    for (operation, count) in counted {
        let change = recorded.and_then(|recorded| recorded.get(operation)).map_or_else(String::new, |before| {
            let percent = 100.0 * (*count as f64 / (*before).max(1) as f64 - 1.0);
            format!("{percent:+7.1} % of {before} in {RECORDED}")
        });
        println!("{operation:<24}{count:>12} {change}");
    }
}
