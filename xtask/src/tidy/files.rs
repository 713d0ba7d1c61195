//! Rules for single files: a first line that says what the file is, a bearable length, and a README for every crate.

use std::{
    fs,
    path::{Path, PathBuf},
};
use xshell::{Shell, cmd};

/// A file holds one idea; past this it surely holds two.
const MAX_LINES: usize = 600;

/// A README fits a page.
const MAX_README_LINES: usize = 60;

/// Files that break a rule.
pub fn check(root: &Path) -> Result<Vec<String>, String> {
    let shell = Shell::new().map_err(|e| e.to_string())?;
    shell.change_dir(root);
    let listed = cmd!(shell, "git ls-files --cached --others --exclude-standard *.rs").quiet().read().map_err(|e| e.to_string())?;
    let mut found = Vec::new();
    for name in listed.lines().filter(|n| !n.contains("/generated/")) {
        // A file that git still lists may be gone from the disk.
        if let Ok(text) = fs::read_to_string(root.join(name)) {
            found.extend(source(name, &text));
        }
    }
    for crate_dir in subdirectories(&root.join("crates"))? {
        let readme = crate_dir.join("README.md");
        let lines = fs::read_to_string(&readme).map(|t| t.lines().count()).unwrap_or_default();
        if lines == 0 || lines > MAX_README_LINES {
            found.push(format!("{}: a README of 1 to {MAX_README_LINES} lines, not {lines}", readme.display()));
        }
    }
    Ok(found)
}

fn source(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        found.push(format!("{name}: {lines} lines; more than {MAX_LINES} are two ideas"));
    }
    if !text.starts_with("//! ") {
        found.push(format!("{name}: begin with `//! ` and what the file is"));
    }
    found
}

fn subdirectories(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let mut found: Vec<_> = entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn long_files_and_files_without_a_first_line_are_found() {
        assert!(source("a.rs", "//! What it is.\n\nfn a() {}\n").is_empty());
        assert_eq!(source("a.rs", "fn a() {}\n").len(), 1);
        assert_eq!(source("a.rs", &format!("//! What it is.\n{}", "\n".repeat(700))).len(), 1);
    }
}
