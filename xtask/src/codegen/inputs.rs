//! Which files of the source tree are read, and the hash over them.

use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Go packages whose types are read, beside every GA version of the API groups: `(module, directory)`.
pub const PACKAGES: &[(&str, &str)] = &[
    ("apimachinery", "pkg/apis/meta/v1"),
    ("apiextensions-apiserver", "pkg/apis/apiextensions/v1"),
    ("kube-aggregator", "pkg/apis/apiregistration/v1"),
    // Not served, but read or written all the same: evictions of older clients (C-09-10), aggregated discovery (C-01-21).
    ("api", "policy/v1beta1"),
    ("api", "apidiscovery/v2beta1"),
    // Jobs refer to its types.
    ("api", "scheduling/v1alpha3"),
];

/// Whether a version is served by default: GA only (`v1`, `v2`; alpha and beta versions are behind gates).
pub fn is_ga(version: &str) -> bool {
    version.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// Every package to read below a directory of modules, as `(module, directory)`.
pub fn packages(module_dir: impl Fn(&str) -> PathBuf) -> Result<Vec<(String, String)>, String> {
    let mut found: Vec<_> = PACKAGES.iter().map(|(m, d)| ((*m).to_owned(), (*d).to_owned())).collect();
    let api = module_dir("api");
    for group in names(&api)? {
        for version in names(&api.join(&group)).unwrap_or_default() {
            let dir = format!("{group}/{version}");
            if is_ga(&version) && api.join(&dir).join("generated.proto").is_file() {
                found.push(("api".to_owned(), dir));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The names in a directory, sorted.
pub fn names(dir: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let mut names: Vec<_> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// Reads files of the tree and remembers what it read.
pub struct Inputs {
    root: PathBuf,
    hasher: Sha256,
}

impl Inputs {
    /// Inputs below `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), hasher: Sha256::new() }
    }

    /// A file or directory of the tree.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The text of a file of the tree.
    pub fn read(&mut self, relative: &str) -> Result<String, String> {
        self.outside(&self.path(relative))
    }

    /// The JSON in a file of the tree.
    pub fn read_json(&mut self, relative: &str) -> Result<serde_json::Value, String> {
        serde_json::from_str(&self.read(relative)?).map_err(|e| format!("{relative}: {e}"))
    }

    /// The text of a file that is not in the tree.
    pub fn outside(&mut self, path: &Path) -> Result<String, String> {
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        self.hasher.update(text.len().to_le_bytes());
        self.hasher.update(&text);
        Ok(text)
    }

    /// SHA-256 over everything read so far.
    pub fn hash(&self) -> String {
        hex(&self.hasher.clone().finalize())
    }
}

/// SHA-256 of a text.
pub fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::is_ga;

    #[test]
    fn only_general_availability_is_served() {
        assert!(is_ga("v1") && is_ga("v2"));
        assert!(!is_ga("v1beta1") && !is_ga("v1alpha3") && !is_ga("v"));
    }
}
