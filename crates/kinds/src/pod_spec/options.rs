//! What the validation of a pod spec lets pass.

use serde_json::Value;

/// Looser rules for what an older version of the object already says, so that it stays writable.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {}

impl Options {
    /// For a pod template given its older version.
    pub fn for_template(template: &Value, old: Option<&Value>) -> Self {
        let _ = (template, old);
        Self {}
    }
}
