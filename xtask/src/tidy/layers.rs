//! Which crate may depend on which: each only on those above it in the list (docs/architecture.md).

use serde::Deserialize;
use std::path::Path;
use xshell::{Shell, cmd};

/// The crates, bottom up.
const ORDER: &[&str] = &[
    "minkapi-object",
    "minkapi-registry",
    "minkapi-descriptions",
    "minkapi-store",
    "minkapi-persist",
    "minkapi-watch",
    "minkapi-schema",
    "minkapi-authorization",
    "minkapi-patch",
    "minkapi-codec",
    "minkapi-cel",
    "minkapi-kinds",
    "minkapi-admission",
    "minkapi-view",
    "minkapi-http-server",
    "minkapi",
    "minkapi-cli",
    "minkapi-bench",
    "minkapi-fuzz",
    "minkapi-tests",
    "xtask",
];

/// What a crate must not know although the order would allow it, and why.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("minkapi-patch", "minkapi-store", "patches are pure functions over values"),
    ("minkapi-schema", "minkapi-store", "schemas are pure functions over values"),
    ("minkapi-codec", "minkapi-store", "codecs are pure functions over values"),
    ("minkapi-kinds", "minkapi-store", "a kind knows nothing of requests or stores"),
    ("minkapi-store", "minkapi-registry", "the store holds any value type"),
    ("minkapi-cli", "minkapi-http-server", "the binary speaks to the facade only"),
    ("minkapi-bench", "minkapi", "what is measured is a process of its own"),
    ("xtask", "minkapi", "building the tasks must not compile the product"),
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `dev`, `build`, or nothing.
    kind: Option<String>,
}

/// Dependencies that point the wrong way.
pub fn check(root: &Path) -> Result<Vec<String>, String> {
    let shell = Shell::new().map_err(|e| e.to_string())?;
    shell.change_dir(root);
    let json = cmd!(shell, "cargo metadata --no-deps --offline --format-version 1").quiet().read().map_err(|e| e.to_string())?;
    let metadata: Metadata = serde_json::from_str(&json).map_err(|e| e.to_string())?;
    Ok(metadata.packages.iter().flat_map(wrong).collect())
}

fn wrong(package: &Package) -> Vec<String> {
    let place = |name: &str| ORDER.iter().position(|o| *o == name);
    let Some(own) = place(&package.name) else {
        return vec![format!("{}: give the crate its place in xtask/src/tidy/layers.rs", package.name)];
    };
    let normal = package.dependencies.iter().filter(|d| d.kind.as_deref() != Some("dev"));
    let mut found = Vec::new();
    for dependency in normal {
        if place(&dependency.name).is_some_and(|other| other >= own) {
            found.push(format!("{} must not depend on {}, which is a layer above it", package.name, dependency.name));
        }
        let forbidden = FORBIDDEN.iter().find(|(of, on, _)| *of == package.name && *on == dependency.name);
        found.extend(forbidden.map(|(of, on, why)| format!("{of} must not depend on {on}: {why}")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, on: &str, kind: Option<&str>) -> Package {
        let dependency = Dependency { name: on.to_owned(), kind: kind.map(str::to_owned) };
        Package { name: name.to_owned(), dependencies: vec![dependency] }
    }

    #[test]
    fn a_dependency_on_a_layer_above_is_found_but_not_in_tests() {
        assert_eq!(wrong(&package("minkapi-store", "minkapi-view", None)).len(), 1);
        assert_eq!(wrong(&package("minkapi-store", "minkapi-view", Some("dev"))).len(), 0);
        assert_eq!(wrong(&package("minkapi-view", "minkapi-store", None)).len(), 0);
        assert_eq!(wrong(&package("minkapi-patch", "minkapi-store", None)).len(), 1);
    }
}
