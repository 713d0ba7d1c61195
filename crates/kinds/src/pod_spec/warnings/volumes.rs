//! Warnings for volumes: plugins that are gone, and files that lie over each other.

use crate::{
    persistent_volume_claim_spec,
    value::{at, field, has, items, text, text_if_set},
};
use minkapi_schema::field::{Path, quoted};
use serde_json::Value;

/// A plugin, how its path ends, and what became of it.
const PLUGINS: &[(&str, &str, &str)] = &[
    ("photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

/// Warns of plugins.
pub fn plugins(out: &mut Vec<String>, spec: &Value, path: &Path<'_>) {
    for (i, volume) in items(spec, "volumes").iter().enumerate() {
        let at_index = path.index(i);
        if let Some(claim) = at(volume, &["ephemeral", "volumeClaimTemplate", "spec"]) {
            let ephemeral = at_index.child("ephemeral");
            let template = ephemeral.child("volumeClaimTemplate");
            out.extend(persistent_volume_claim_spec::warnings(claim, &template.child("spec")));
        }
        for (_, shown, what) in PLUGINS.iter().filter(|(key, ..)| has(volume, key)) {
            out.push(format!("{}: {what}", at_index.child(shown)));
        }
    }
}

/// A file in a volume, and which projected source it comes from.
#[derive(Clone, PartialEq, Eq)]
struct File {
    path: String,
    source: String,
}

impl File {
    fn new(path: &str, source: &str) -> Self {
        Self { path: path.trim_end_matches('/').to_owned(), source: source.to_owned() }
    }

    fn printed(&self) -> String {
        let path = quoted(&self.path);
        if self.source.is_empty() { path } else { format!("{path} ({})", self.source) }
    }

    /// Whether one is, or lies in, the other.
    fn collides(&self, other: &Self) -> bool {
        let within = |a: &str, b: &str| format!("{a}/").starts_with(&format!("{b}/"));
        !self.path.is_empty() && !other.path.is_empty() && (within(&self.path, &other.path) || within(&other.path, &self.path))
    }
}

/// Warns of files of one volume that lie over each other.
pub fn overlaps(out: &mut Vec<String>, spec: &Value) {
    for volume in items(spec, "volumes") {
        let name = quoted(text(volume, "name"));
        let named = |kind: &str, source: &Value, key: &str| format!("{kind} {}", quoted(text(source, key)));
        if let Some(source) = field(volume, "configMap") {
            told(out, &name, &named("ConfigMap", source, "name"), files(source, ""));
        }
        if let Some(source) = field(volume, "secret") {
            told(out, &name, &named("Secret", source, "secretName"), files(source, ""));
        }
        if let Some(source) = field(volume, "downwardAPI") {
            told(out, &name, "DownwardAPI", files(source, ""));
        }
        if let Some(projected) = field(volume, "projected") {
            let mut all = Vec::new();
            for source in items(projected, "sources") {
                if source.as_object().is_none_or(|s| s.values().all(Value::is_null)) {
                    out.push(format!("volume {name} (Projected) has no sources provided"));
                } else {
                    all.extend(projected_files(source));
                }
            }
            told(out, &name, "Projected", all);
        }
    }
}

fn told(out: &mut Vec<String>, volume: &str, what: &str, files: Vec<File>) {
    for (i, file) in files.iter().enumerate() {
        for earlier in files.iter().take(i).filter(|earlier| earlier.collides(file)) {
            out.push(format!("volume {volume} ({what}): overlapping paths: {} with {}", file.printed(), earlier.printed()));
        }
    }
}

fn files(source: &Value, name: &str) -> Vec<File> {
    items(source, "items").iter().map(|item| File::new(text(item, "path"), name)).collect()
}

/// The files of the first source that is set, as upstream looks at them.
fn projected_files(source: &Value) -> Vec<File> {
    let with_items = |key| field(source, key).filter(|s| has(s, "items"));
    let named = |kind: &str, source: &Value| format!("{kind} {}", quoted(text(source, "name")));
    if let Some(map) = with_items("configMap") {
        files(map, &named("ConfigMap", map))
    } else if let Some(secret) = with_items("secret") {
        files(secret, &named("Secret", secret))
    } else if let Some(downward) = with_items("downwardAPI") {
        files(downward, "DownwardAPI")
    } else if let Some(token) = field(source, "serviceAccountToken") {
        vec![File::new(text(token, "path"), "ServiceAccountToken")]
    } else if let Some(bundle) = field(source, "clusterTrustBundle") {
        let name = text_if_set(bundle, "name").unwrap_or_else(|| text(bundle, "signerName"));
        vec![File::new(text(bundle, "path"), &format!("ClusterTrustBundle {}", quoted(name)))]
    } else if let Some(certificate) = field(source, "podCertificate") {
        [("certificateChainPath", "chain"), ("keyPath", "key"), ("credentialBundlePath", "credential bundle")]
            .iter()
            .filter(|(key, _)| !text(certificate, key).is_empty())
            .map(|(key, what)| File::new(text(certificate, key), &format!("PodCertificate {what}")))
            .collect()
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_in_the_place_of_a_directory_is_told_of() {
        let mut out = Vec::new();
        let items = json!([{"key": "a", "path": "p"}, {"key": "b", "path": "p/q/"}, {"key": "c", "path": "pq"}]);
        overlaps(&mut out, &json!({"volumes": [{"name": "v", "configMap": {"name": "c", "items": items}}]}));
        assert_eq!(out, ["volume \"v\" (ConfigMap \"c\"): overlapping paths: \"p/q\" with \"p\""]);
    }
}
