//! Conflicts of an apply, as a Status (C-07-46).

use super::entry::{Entry, Manager, Operation};
use crate::{
    field_set::{FieldSet, Path},
    go_format::quoted,
};
use minkapi_object::{Status, StatusCause, StatusReason};
use std::fmt;

/// A field that an apply would change, and its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conflict {
    manager: Manager,
    pub(super) path: Path,
}

impl Conflict {
    pub(super) fn all(entry: &Entry, fields: &FieldSet) -> Vec<Self> {
        fields.paths().into_iter().map(|path| Self { manager: entry.manager.clone(), path }).collect()
    }
}

impl fmt::Display for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", quoted(&self.name))?;
        if !self.subresource.is_empty() {
            write!(f, " with subresource {}", quoted(&self.subresource))?;
        }
        if self.operation == Operation::Update {
            write!(f, " using {}", self.api_version)?;
        }
        Ok(())
    }
}

/// The answer to an apply with conflicts (C-07-46).
pub(super) fn status(conflicts: &[Conflict]) -> Status {
    let cause = |conflict: &Conflict| StatusCause {
        reason: "FieldManagerConflict".into(),
        message: format!("conflict with {}", conflict.manager),
        field: conflict.path.to_string(),
    };
    let causes = conflicts.iter().map(cause).collect();
    Status::failure(409, StatusReason::Conflict, message(conflicts)).with_causes(causes)
}

fn message(conflicts: &[Conflict]) -> String {
    if let [one] = conflicts {
        return format!("Apply failed with 1 conflict: conflict with {}: {}", one.manager, one.path);
    }
    let mut managers: Vec<&Manager> = Vec::new();
    for conflict in conflicts {
        if !managers.contains(&&conflict.manager) {
            managers.push(&conflict.manager);
        }
    }
    managers.sort_by_key(|m| (&m.name, m.operation, &m.api_version, &m.subresource));
    let mut lines = Vec::new();
    for manager in managers {
        lines.push(format!("conflicts with {manager}:"));
        lines.extend(conflicts.iter().filter(|conflict| conflict.manager == *manager).map(|conflict| format!("- {}", conflict.path)));
    }
    format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
}
