//! The limit on entries of updates.

use super::entry::{Entry, Managed, Manager, Operation};

/// Most entries of updates that an object keeps (C-07-49).
const MAX_UPDATERS: usize = 10;
const ANCIENT: &str = "ancient-changes";

/// Merges the oldest entries of updates, by version, until no more than ten are left.
pub(super) fn cap_updaters(managed: &mut Managed) {
    let mut left = managed.entries.iter().filter(|entry| entry.manager.operation == Operation::Update).count();
    if left <= MAX_UPDATERS {
        return;
    }
    managed.entries.sort_by(|a, b| age(a).cmp(&age(b)));
    // The first entry of a version goes into its bucket only once a second one does.
    let mut first_of_version: Vec<Manager> = Vec::new();
    let oldest: Vec<Manager> =
        managed.entries.iter().map(|entry| entry.manager.clone()).filter(|manager| manager.operation == Operation::Update).collect();
    for manager in oldest {
        if left <= MAX_UPDATERS {
            return;
        }
        let Some(first) = first_of_version.iter().find(|first| first.api_version == manager.api_version) else {
            first_of_version.push(manager);
            continue;
        };
        let bucket = Manager::new(ANCIENT, Operation::Update, &manager.api_version, "");
        let Some(mut entry) = managed.take(&manager) else { continue };
        let merged = managed.take(&bucket).or_else(|| managed.take(first));
        entry.fields.add(merged.map(|entry| entry.fields.into_set()).unwrap_or_default());
        managed.entries.push(Entry { manager: bucket, ..entry });
        left -= 1;
    }
}

fn age(entry: &Entry) -> (i64, &str, &str, &str) {
    (entry.seconds(), &entry.manager.name, &entry.manager.api_version, &entry.manager.subresource)
}
