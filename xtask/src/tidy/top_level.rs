//! What lies in the root of the repository, and nothing else.

use std::{collections::BTreeSet, fs, path::Path};

const NAMES: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "crates",
    "deny.toml",
    "docs",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "tests",
    "xtask",
];

/// Build output, which git ignores.
const IGNORED: &str = "target";

/// What is missing from the root or does not belong there. Dotfiles may be there.
pub fn check(root: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(root).map_err(|e| e.to_string())?;
    let names: BTreeSet<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    let extra = names.iter().filter(|n| !n.starts_with('.') && *n != IGNORED && !NAMES.contains(&n.as_str()));
    let missing = NAMES.iter().filter(|n| !names.contains(**n));
    Ok(extra.map(|n| format!("{n} does not belong in the root")).chain(missing.map(|n| format!("{n} is missing from the root"))).collect())
}
