//! Classes that an annotation marks as the default.

use crate::Cluster;

/// The class that is marked as default: the newest if there are several, the first by name among those of one second.
pub(crate) fn newest_default(cluster: &dyn Cluster, storage: &str, annotations: &[&str]) -> Option<String> {
    let mut newest: Option<(String, String)> = None;
    // Names ascend, so of those made in one second the first is kept.
    for class in cluster.list(storage, None) {
        let class = class.to_value();
        let meta = &class["metadata"];
        if !annotations.iter().any(|key| meta["annotations"][*key] == "true") {
            continue;
        }
        let text = |key: &str| meta[key].as_str().unwrap_or_default().to_owned();
        let (created, name) = (text("creationTimestamp"), text("name"));
        if newest.as_ref().is_none_or(|(at, _)| created > *at) {
            newest = Some((created, name));
        }
    }
    newest.map(|(_, name)| name)
}
